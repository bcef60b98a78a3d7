//! A retry under an idempotency key that has its answer gets it again, even where its target is gone
//! since, or Discord is silent. It never asks Discord, and never gives anybody more than they got.

use catalogue::{Prepared, Tool};
use model::{
    Call, Mode, Origin, Risk,
    ledger::{Begun, Recalled},
};
use policy::{Circumstances, Question, Spot, Whereabouts};

use crate::{
    Gate,
    answer::{Answer, Declined},
    home::Home,
    lockdown::Around,
    outbox,
    reading::Reader,
    record::Record,
    run,
    standing::Standing,
    trouble, write,
};

/// A call that passed the checks 1 and 2.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub call: &'a Call,
    pub tool: &'static Tool,
    pub digest: &'a str,
    pub standing: &'a Standing,
    pub home: &'a Home,
    pub record: &'a Record,
    pub mark: Option<&'a str>,
    pub after_untrusted: Option<bool>,
}

impl Gate {
    /// What this key says, where today's policy would let this principal do the same again in the
    /// place where the first call did it, as far as that can be told without Discord. `None` sends
    /// the call through all the checks, which say what stands in its way.
    pub(crate) async fn recall(
        &self,
        asked: Asked<'_>,
        prepared: &Prepared,
    ) -> Result<Option<Answer>, Declined> {
        let Asked {
            call,
            tool,
            digest,
            standing,
            home,
            record,
            mark,
            after_untrusted,
        } = asked;
        // A Discord user's own rights count today, and only Discord knows them.
        let for_discord_user = matches!(call.origin, Origin::Discord { .. });
        if tool.risk == Risk::Read || for_discord_user {
            return Ok(None);
        }
        let now = self.0.clock.now_ms();
        let claim = match (&call.idempotency_key, mark) {
            (Some(key), _) => outbox::claim_of(&call.principal, key, digest, now),
            (None, Some(mark)) => outbox::resent(
                (&call.principal, call.origin, call.agent.as_deref()),
                (mark, digest),
                now,
            ),
            (None, None) => return Ok(None),
        };
        let Some(recalled) = self
            .0
            .ledger
            .recall(&claim)
            .await
            .map_err(|error| trouble::storing(record, &error))?
        else {
            return Ok(None);
        };
        if call.idempotency_key.is_none() && recalled.known == Begun::InFlight {
            // It waits for the first one where it would begin itself.
            return Ok(None);
        }
        // What the channel was in is not known any more; the channel itself is.
        let spots = [Spot {
            guild: recalled.guild_id,
            channels: recalled.channel_id.into_iter().collect(),
        }];
        let circumstances = Circumstances {
            after_untrusted,
            ..Circumstances::plain(now)
        };
        let question = Question {
            principal: &call.principal,
            tool: tool.name,
            toolset: tool.toolset.as_str(),
            risk: tool.risk,
            spots: &spots,
            circumstances: &circumstances,
        };
        if only_plans(call, prepared, standing, &question)
            || !still_allowed(standing, home, &question, &recalled)
        {
            return Ok(None);
        }
        record.describe(|row| {
            row.guild_id = row.guild_id.or(recalled.guild_id);
            row.channel_id = row.channel_id.or(recalled.channel_id);
        });
        let pace = self
            .0
            .pacer
            .count_repeated(&standing.policy, &question, call, now);
        record.check_pace(pace)?;
        if let Begun::Replay { response } = &recalled.known {
            let reader = Reader::of(call);
            let Prepared::Write(plan) = prepared else {
                self.remember_replay(reader, &standing.policy).await;
                return outbox::replay(record, response, |_| run::ALL_OF_IT).map(Some);
            };
            let around = Around {
                tool: tool.name,
                policy: &standing.policy,
                spots: &spots,
            };
            let answer = outbox::replay(record, response, |value| plan.view(value).untrusted)?;
            return Ok(Some(self.show_again(reader, around, answer).await));
        }
        outbox::may_begin(record, &recalled.known, now)?;
        Ok(None)
    }
}

/// Whether the call would do nothing anyway, so that its key has nothing to say.
fn only_plans(
    call: &Call,
    prepared: &Prepared,
    standing: &Standing,
    question: &Question<'_>,
) -> bool {
    match prepared {
        Prepared::Write(_) => {
            write::plans(&call.mode, &policy::ceremony(&standing.policy, question))
        }
        // Whether their steps need a confirmation is known only to who looks at them; a key that
        // has its answer had it.
        Prepared::Flow(_) if carries(question.tool) => call.mode == Mode::DryRun,
        Prepared::Flow(_) => write::plans(
            &call.mode,
            &policy::flow_ceremony(&standing.policy, question),
        ),
        Prepared::Read(_) => call.mode == Mode::DryRun,
    }
}

fn carries(tool: &str) -> bool {
    catalogue::catalogue().get(tool).is_some_and(Tool::carries)
}

/// What of the checks 3 to 5 the policy alone can tell.
fn still_allowed(
    standing: &Standing,
    home: &Home,
    question: &Question<'_>,
    recalled: &Recalled,
) -> bool {
    let policy = &standing.policy;
    if recalled.channel_id.is_some() && policy.has_rules_about_channels() {
        // A rule may be about what the channel is in, and that is not known here.
        return false;
    }
    let at_home = match recalled.guild_id {
        Some(guild) => home.owns(guild),
        None => home.keeps_the_bot(),
    };
    let place = match recalled.guild_id {
        Some(guild) => Whereabouts::Guild(guild),
        None => Whereabouts::DirectMessage,
    };
    at_home
        && home.closes(question.spots).is_none()
        && policy::guilds(policy, &[place]).verdict.allows()
        && standing.judge.platform(question).verdict.allows()
        && standing.judge.channels(question).verdict.allows()
}
