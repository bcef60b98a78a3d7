//! One random story about one call, and the laws that it has to keep.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
    time::Duration,
};

use gate::{Answer, Declined, Press, Pressed, Voter, VoterKind, Words, approval_code};
use model::{
    Call, Clock as _, Id, Millis, Mode, Origin, Principal, RoleId,
    approval::{Approval, Choice, State},
    principal::Scope,
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::json;

use super::{
    discord::SQUARE,
    world::{ASKER, BOT_WITH_ROLE, BY_NAME, LATER, PEOPLE, ROLE, World, policy, user},
};
use crate::fixtures::MINUTE;

/// One random story about one call.
pub(super) struct Run {
    random: StdRng,
    pub(super) principal: Principal,
    origin: Origin,
    content: String,
    /// Who has the role now.
    role: BTreeSet<u64>,
    /// Who said something, when, with which roles.
    said: Vec<(u64, Millis, Choice, bool)>,
    /// Done without people, while the policy asked nobody.
    direct: usize,
    ended: BTreeMap<String, State>,
    pub(super) story: Vec<String>,
}

impl Run {
    pub(super) fn new(number: u64, seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let origin = if random.random() {
            Origin::Discord {
                user: user(ASKER),
                channel: Id::new(SQUARE),
            }
        } else {
            Origin::Stdio
        };
        Self {
            random,
            principal: Principal::api_key(&format!("run{number}"), Scope::ALL.to_vec()),
            origin,
            content: format!("run {number}"),
            role: BTreeSet::from([1, 2, ASKER, BOT_WITH_ROLE]),
            said: Vec::new(),
            direct: 0,
            ended: BTreeMap::new(),
            story: Vec::new(),
        }
    }

    pub(super) async fn play(&mut self, world: &mut World) {
        self.ask(world, 0).await;
        for _ in 0..self.random.random_range(6..20) {
            let which = self.random.random_range(0..2);
            match self.random.random_range(0..25) {
                0..3 => self.ask(world, which).await,
                3..9 => self.click(world, which).await,
                9..12 => self.reply(world, which).await,
                12 => self.click_twice(world).await,
                13..16 => {
                    let minutes = [1, 4, 6, 11, 16][self.random.random_range(0..5)];
                    self.story.push(format!("{minutes} minutes pass"));
                    world.clock.advance(minutes * MINUTE);
                }
                16 => self.restart(world, which).await,
                17 => self.cancel(world, which).await,
                18 => self.change_policy(world),
                19 => self.move_role(),
                20 => {
                    let closed = self.random.random();
                    self.story.push(format!("the bench is closed: {closed}"));
                    world.discord.closed.store(closed, Ordering::SeqCst);
                }
                21 => {
                    self.story.push("an answer will be lost".to_owned());
                    world.discord.loses_answer.store(true, Ordering::SeqCst);
                }
                22 => {
                    let silenced = self.random.random();
                    self.story.push(format!("the bot is silenced: {silenced}"));
                    world.discord.silenced.store(silenced, Ordering::SeqCst);
                }
                _ => self.round(world, which).await,
            }
            self.look(world).await;
        }
        self.end(world).await;
    }

    async fn ask(&mut self, world: &World, which: usize) {
        let call = Call {
            principal: self.principal.clone(),
            tool: "discord_send_message".to_owned(),
            arguments: json!({ "channel_id": SQUARE.to_string(), "content": self.content })
                .as_object()
                .cloned()
                .unwrap(),
            mode: Mode::Execute,
            idempotency_key: None,
            agent: None,
            session: None,
            origin: self.origin,
        };
        let told_before = self.told_ends(world).await;
        let answer = world.instances[which].gate.call(call).await;
        // The end of what people agreed to before the policy stopped asking is told, not repeated.
        let done_now = !world.asks && self.told_ends(world).await == told_before;
        let word = match &answer {
            Ok(Answer::Done(_)) => {
                self.direct += usize::from(done_now);
                "done"
            }
            Ok(Answer::Waiting(_)) => "waiting",
            Ok(Answer::Planned(_)) => "planned",
            Err(Declined::Failed(failure)) if failure.code == "outcome_unknown" => {
                // Sent without people, and the answer was lost.
                self.direct += usize::from(done_now);
                "unknown"
            }
            Err(declined) => declined.code(),
        };
        self.story.push(format!("{which}: ask -> {word}"));
    }

    /// How many approvals' ends their asker has heard of.
    async fn told_ends(&self, world: &World) -> usize {
        let all = world.approvals(self).await;
        all.iter().filter(|it| it.collected_at.is_some()).count()
    }

    fn voter(&mut self) -> Voter {
        let who = PEOPLE[self.random.random_range(0..PEOPLE.len())];
        let role: Option<RoleId> = Id::new(ROLE).filter(|_| self.role.contains(&who));
        Voter {
            user: user(who),
            kind: if who == BOT_WITH_ROLE {
                VoterKind::Machine
            } else {
                VoterKind::Person
            },
            roles: role.into_iter().collect(),
        }
    }

    fn choice(&mut self) -> Choice {
        if self.random.random_bool(0.85) {
            Choice::Approve
        } else {
            Choice::Deny
        }
    }

    /// A press of the latest question's button, whichever of its messages.
    async fn press(&mut self, world: &World) -> Option<Press> {
        let latest = world.approvals(self).await.into_iter().next()?;
        let messages = world.discord.questions(&latest.id);
        if messages.is_empty() {
            return None;
        }
        let (message, channel, body) = &messages[self.random.random_range(0..messages.len())];
        let (voter, choice) = (self.voter(), self.choice());
        let has_role = !voter.roles.is_empty();
        let button = usize::from(choice == Choice::Deny);
        self.said
            .push((voter.user.get(), world.clock.now_ms(), choice, has_role));
        Some(Press {
            pressed: Pressed::read(body["buttons"][button]["custom_id"].as_str()?)?,
            voter,
            channel: Id::new(*channel),
            message: Id::new(*message),
        })
    }

    async fn click(&mut self, world: &World, which: usize) {
        let Some(press) = self.press(world).await else {
            return;
        };
        let said = world.instances[which].gate.pressed(&press).await.unwrap();
        self.story.push(format!(
            "{which}: user {} presses {}: {:?}",
            press.voter.user,
            press.pressed.choice.as_str(),
            said.map(|said| said.text)
        ));
    }

    /// The same press on both instances at once, as two journals would bring it.
    async fn click_twice(&mut self, world: &World) {
        let Some(press) = self.press(world).await else {
            return;
        };
        let [one, other] = [0, 1].map(|which| world.instances[which].gate.pressed(&press));
        let (one, other) = tokio::join!(one, other);
        self.story.push(format!(
            "both: user {} presses {}: {:?} {:?}",
            press.voter.user,
            press.pressed.choice.as_str(),
            one.unwrap().map(|said| said.text),
            other.unwrap().map(|said| said.text)
        ));
    }

    async fn reply(&mut self, world: &World, which: usize) {
        let Some(latest) = world.approvals(self).await.into_iter().next() else {
            return;
        };
        let Some((message, channel, _)) = world.discord.questions(&latest.id).into_iter().next()
        else {
            return;
        };
        let (voter, choice) = (self.voter(), self.choice());
        let has_role = !voter.roles.is_empty();
        self.said
            .push((voter.user.get(), world.clock.now_ms(), choice, has_role));
        let words = Words {
            text: format!("{} {}", choice.as_str(), approval_code(&latest)),
            voter,
            channel: Id::new(channel).unwrap(),
            replies_to: Id::new(message),
            mentions_bot: false,
        };
        let said = world.instances[which].gate.heard(&words).await.unwrap();
        self.story.push(format!(
            "{which}: user {} writes {}: {:?}",
            words.voter.user,
            words.text,
            said.map(|said| said.text)
        ));
    }

    async fn restart(&mut self, world: &mut World, which: usize) {
        let fresh = world.instance().await;
        let old = std::mem::replace(&mut world.instances[which], fresh);
        let gently = self.random.random();
        self.story
            .push(format!("{which}: restart, gently: {gently}"));
        if gently {
            old.gate.drain(Duration::from_secs(5)).await;
        }
        old.store.close().await;
        // What was at work finds nothing to write to any more, as after a crash.
        old.gate.drain(Duration::ZERO).await;
        let gate = &world.instances[which].gate;
        gate.finish_unfinished().await.unwrap();
    }

    async fn cancel(&mut self, world: &World, which: usize) {
        let Some(latest) = world.approvals(self).await.into_iter().next() else {
            return;
        };
        let gate = &world.instances[which].gate;
        let cancelled = gate.cancel_approval(&latest.id, "an operator").await;
        self.story
            .push(format!("{which}: cancel: {}", cancelled.is_ok()));
    }

    fn change_policy(&mut self, world: &mut World) {
        let (quorum, effect) =
            [(1, "ask"), (2, "ask"), (1, "deny"), (1, "allow")][self.random.random_range(0..4)];
        self.story
            .push(format!("the policy says {effect}, {quorum}"));
        world.set_policy(policy(quorum, effect), effect == "ask");
    }

    fn move_role(&mut self) {
        let who = PEOPLE[self.random.random_range(0..2)];
        if !self.role.remove(&who) {
            self.role.insert(who);
        }
        self.story.push(format!(
            "user {who} has the role: {}",
            self.role.contains(&who)
        ));
    }

    async fn round(&mut self, world: &World, which: usize) {
        self.story.push(format!("{which}: round"));
        world.instances[which]
            .gate
            .round_of_approvals()
            .await
            .unwrap();
    }

    /// An end stays.
    async fn look(&mut self, world: &World) {
        for approval in world.approvals(self).await {
            if let Some(before) = self.ended.get(&approval.id) {
                assert_eq!(*before, approval.state, "{}", self.told());
            } else if !approval.state.is_open() {
                self.ended.insert(approval.id, approval.state);
            }
        }
    }

    /// Time enough for everything, and then the laws.
    async fn end(&mut self, world: &mut World) {
        world.discord.closed.store(false, Ordering::SeqCst);
        world.discord.silenced.store(false, Ordering::SeqCst);
        world.clock.advance(61 * MINUTE);
        for _ in 0..200 {
            for which in 0..2 {
                self.round(world, which).await;
            }
            if world.rests(self).await {
                break;
            }
            world.clock.advance(MINUTE);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        self.look(world).await;
        assert!(
            world.rests(self).await,
            "{:?}\n{}",
            world.approvals(self).await,
            self.told()
        );
        self.judge(world).await;
    }

    async fn judge(&self, world: &World) {
        let approvals = world.approvals(self).await;
        let in_state = |state| approvals.iter().filter(|it| it.state == state).count();
        let happened = world.discord.said(&self.content);
        let least = in_state(State::Done) + self.direct;
        let most = least + in_state(State::Unknown);
        assert!(
            (least..=most).contains(&happened),
            "{happened} happened, {least} to {most} may\n{}",
            self.told()
        );
        for approval in &approvals {
            self.judge_one(world, approval);
        }
    }

    fn judge_one(&self, world: &World, approval: &Approval) {
        let told = || format!("{approval:?} {:?}\n{}", approval.votes, self.told());
        let mut yes = BTreeSet::new();
        for vote in &approval.votes {
            let who = vote.user.get();
            assert!(vote.at < approval.expires_at, "{}", told());
            assert!(who != BOT_WITH_ROLE, "{}", told());
            assert!(who != ASKER || self.origin == Origin::Stdio, "{}", told());
            let entitled = self.said.iter().any(|(user, at, choice, has_role)| {
                let later = approval
                    .escalated_at
                    .is_some_and(|escalated| escalated <= *at);
                *user == who
                    && *at == vote.at
                    && *choice == vote.choice
                    && (*has_role || who == BY_NAME || (who == LATER && later))
            });
            assert!(entitled, "{}", told());
            if vote.choice == Choice::Approve {
                yes.insert(who);
            }
        }
        let granted = yes.len() >= approval.terms.quorum as usize;
        let refused = approval
            .votes
            .iter()
            .any(|vote| vote.choice == Choice::Deny);
        match approval.state {
            State::Done | State::Unknown | State::Failed => {
                assert!(granted && !refused, "{}", told());
            }
            State::Refused => assert!(refused, "{}", told()),
            State::Expired => assert!(!granted && !refused, "{}", told()),
            State::Cancelled => assert!(!refused, "{}", told()),
            open => panic!("{open:?} is no end: {}", told()),
        }
        assert!(approval.call.arguments.is_none() && approval.call.change.is_empty());
        // Each place was asked once, and shows no button any more.
        let questions = world.discord.questions(&approval.id);
        let mut places = BTreeSet::new();
        for (_, channel, body) in &questions {
            assert!(
                places.insert(*channel),
                "asked twice in {channel}: {}",
                told()
            );
            assert_eq!(body["components"], json!([]), "{}", told());
        }
    }

    fn told(&self) -> String {
        self.story.join("\n")
    }
}
