//! Reads: requests, follow-ups judged like the first ones, one view.

use catalogue::ReadPlan;
use futures_util::future;
use model::{HandsError, Mode, Request, Stage, Verdict, hands::Errand};
use policy::{Question, Ruling};
use serde_json::{Value, json};

use crate::{
    Gate,
    answer::{Answer, Declined, Done, Plan},
    approval::{Askings, People, What, Wish},
    case::Case,
    cost, digest,
    facts::{self, Aims},
    preview, stages, trouble,
};

impl Gate {
    /// Carry out a read, or show what it would ask.
    pub(crate) async fn read(&self, case: &Case, plan: &ReadPlan) -> Result<Answer, Declined> {
        if case.mode == Mode::DryRun {
            return Ok(planned(self, case, plan));
        }
        if let People::ToAsk(asking) = &case.people {
            let wish = Wish {
                what: What::Read {
                    request: plan.requests.first(),
                },
                risk: case.risk(),
                fingerprint: digest::of(&json!({ "read": plan.requests })),
                reversible: true,
                planned_at: case.at,
            };
            let askings = Askings::one((**asking).clone());
            return self.ask_people(case, &askings, wish).await;
        }
        let errand = case.errand();
        let mut answers = Vec::new();
        let mut next = plan.requests.clone();
        while !next.is_empty() {
            answers.extend(
                self.ask(&errand, &next)
                    .await
                    .map_err(|error| trouble::reading(&case.record, &error))?,
            );
            next = plan.more(&answers);
            self.judge_follow_up(case, &next).await?;
        }
        let mut view = plan.view(&answers, case.places.act());
        self.keep_allowed(case, &mut view.value).await;
        let view = self.show(case.reader(), case.around(), view).await;
        Ok(Answer::Done(Done {
            call_id: case.record.call_id.clone(),
            view: self.tell_own_words(view),
            replayed: false,
        }))
    }

    /// Send `GET`s at once; plans bound their number.
    pub(crate) async fn ask(
        &self,
        errand: &Errand,
        requests: &[Request],
    ) -> Result<Vec<Value>, HandsError> {
        let answers = requests
            .iter()
            .map(|request| self.0.hands.read(request, errand));
        let answers = future::try_join_all(answers).await?;
        Ok(answers.into_iter().map(|response| response.body).collect())
    }

    /// An answer may have named another place, so places are judged again: checks 3 to 6.
    async fn judge_follow_up(&self, case: &Case, next: &[Request]) -> Result<(), Declined> {
        if next.is_empty() {
            return Ok(());
        }
        let policy = &case.standing.policy;
        let needs = &case.tool.needs;
        let surroundings = &*self.0.surroundings;
        let aims = Aims::of_requests(next, needs);
        let places = facts::places(surroundings, policy, &case.home, &aims)
            .await
            .map_err(|error| trouble::reading(&case.record, &error))?;
        let refuse = |stage, ruling: Ruling| match ruling.verdict {
            Verdict::Allow(_) => Ok(()),
            Verdict::Deny(reason) | Verdict::Ask(reason) => {
                Err(case.record.refuse(Some(stage), reason))
            }
        };
        let installed = stages::guild_installation(policy, &places, &case.home);
        refuse(Stage::GuildInstallation, installed)?;
        if !places.spots.is_empty() {
            refuse(Stage::PlatformPermission, case.elsewhere(&places.spots))?;
        }
        refuse(
            Stage::ChannelPolicy,
            stages::channel_policy(
                &*case.standing.judge,
                &Question {
                    spots: &places.spots,
                    ..case.question()
                },
                &case.home,
            ),
        )?;
        let rights = facts::rights(surroundings, case.origin, needs, &aims, &places)
            .await
            .map_err(|error| trouble::reading(&case.record, &error))?;
        refuse(
            Stage::DiscordPermission,
            stages::discord_permission(&rights),
        )
    }
}

fn planned(gate: &Gate, case: &Case, plan: &ReadPlan) -> Answer {
    let mut checks = case.record.checks();
    checks.push(stages::not_run());
    let first = plan.requests.first();
    Answer::Planned(Box::new(Plan {
        call_id: case.record.call_id.clone(),
        tool: case.tool.name.to_owned(),
        risk: case.risk(),
        request: first.map(preview::of),
        change: None,
        checks,
        cost: first.map_or_else(cost::free, |request| {
            let others: Vec<&Request> = plan.requests.iter().skip(1).collect();
            gate.cost(case, request, &others)
        }),
        reversible: true,
        undo: None,
        steps: Vec::new(),
        taking_back: None,
        how_to_run: preview::how_to_run(case.tool.name, case.risk(), None),
        approval: case.ask_preview(),
        known_by: [0; 32],
        confirm: None,
    }))
}
