//! A whole that asks: people see every step, and say yes or no to all of them at once.

use std::collections::BTreeMap;

use catalogue::Prepared;
use model::{GuildId, Millis, RequestAuth, Risk, Stage};
use policy::{Question, Spot};

use super::{
    ask::{What, Wish, keeps_no_secrets},
    carry::Agreed,
    lines,
    people::{self, Asking, Askings, People},
    terms,
};
use crate::{
    Gate,
    answer::{Answer, Declined, StepPlan},
    case::Case,
    several::{OnFailure, Whole},
    steps::{self, Part},
};

/// Names of tools in the line about all of them.
const TOOLS: usize = 8;

/// A whole as people would be asked about it.
pub(crate) struct Asked<'a> {
    pub whole: &'a Whole,
    pub steps: &'a [StepPlan],
    pub risk: Risk,
    pub fingerprint: [u8; 32],
    pub reversible: bool,
    /// The moment of its plan.
    pub at: Millis,
}

impl Gate {
    /// Ask about all the steps at once, or say how far an earlier asking has come.
    pub(crate) async fn ask_about_whole(
        &self,
        case: &Case,
        askings: &Askings,
        asked: Asked<'_>,
    ) -> Result<Answer, Declined> {
        let parts = &asked.whole.parts;
        for (index, part) in parts.iter().enumerate() {
            if carries_secret(part, asked.at) {
                let step = format!("step {} ({})", index + 1, part.tool.name);
                return Err(case.record.refuse(None, keeps_no_secrets(&step)));
            }
        }
        let shown = asked.steps.iter().zip(parts);
        let wish = Wish {
            what: What::Whole {
                line: line(asked.whole),
                steps: shown
                    .map(|(step, part)| lines::of_step(step, &part.arguments))
                    .collect(),
            },
            risk: asked.risk,
            fingerprint: asked.fingerprint,
            reversible: asked.reversible,
            planned_at: asked.at,
        };
        self.ask_people(case, askings, wish).await
    }
}

/// All who are to be asked: about the whole as such, and about its steps. `None` where nobody is,
/// or people have agreed.
pub(crate) fn to_ask(case: &Case, of_steps: Vec<Asking>) -> Result<Option<Askings>, Declined> {
    if let Some(agreed) = case.agreed() {
        return still_covered(case, agreed, &of_steps).map(|()| None);
    }
    let of_whole = match &case.people {
        People::ToAsk(asking) => Some((**asking).clone()),
        People::NotAsked | People::Agreed(_) | People::AgreedToWhole => None,
    };
    Ok(Askings::of(of_whole.into_iter().chain(of_steps)))
}

/// Today's policy may ask others about a step than those who agreed.
fn still_covered(case: &Case, agreed: &Agreed, of_steps: &[Asking]) -> Result<(), Declined> {
    if of_steps.iter().all(|it| terms::cover(&agreed.terms, it)) {
        return Ok(());
    }
    let stage = Some(Stage::PlatformPermission);
    Err(case.record.refuse(stage, people::others_are_asked()))
}

/// Whom a step would ask that takes an id from an earlier one, as far as that can be told before:
/// where the policy asks wherever it acts, or in the guild of the others. What is found out only
/// when its turn comes stops the whole there.
pub(crate) fn of_later_step(case: &Case, part: &Part, guild: Option<GuildId>) -> Vec<Asking> {
    let nowhere = Spot {
        guild: None,
        channels: Vec::new(),
    };
    let there = guild.map(|guild| Spot {
        guild: Some(guild),
        channels: Vec::new(),
    });
    let spots = [Some(nowhere), there];
    let ask = |spot: &Spot| {
        let question = Question {
            tool: part.tool.name,
            toolset: part.tool.toolset.as_str(),
            risk: part.tool.risk,
            spots: std::slice::from_ref(spot),
            ..case.question()
        };
        people::asked(&case.standing, &question)
    };
    spots.iter().flatten().filter_map(ask).collect()
}

fn carries_secret(part: &Part, at: Millis) -> bool {
    match steps::understood(part, at) {
        Ok(Prepared::Write(plan)) => plan.request.auth == RequestAuth::InPath,
        Ok(Prepared::Read(plan)) => {
            let mut requests = plan.requests.iter();
            requests.any(|it| it.auth == RequestAuth::InPath)
        }
        Ok(Prepared::Flow(_)) | Err(_) => false,
    }
}

/// `3 calls as one: discord_ban_member × 2, discord_send_message`
fn line(whole: &Whole) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for part in &whole.parts {
        *counts.entry(part.tool.name).or_default() += 1;
    }
    let mut tools: Vec<String> = counts
        .iter()
        .take(TOOLS)
        .map(|(tool, count)| match count {
            1 => (*tool).to_owned(),
            count => format!("{tool} × {count}"),
        })
        .collect();
    if counts.len() > TOOLS {
        tools.push(format!("{} more tools", counts.len() - TOOLS));
    }
    let calls = match whole.parts.len() {
        1 => "1 call".to_owned(),
        count => format!("{count} calls as one"),
    };
    let fails = match whole.on_failure {
        OnFailure::Stop => "stops where one does not go through",
        OnFailure::RollBack => "takes all back where one does not go through",
    };
    let back = match &whole.takes_back {
        Some((it, _)) => format!("takes back {} (call {}); ", it.tool, it.call_id),
        None => String::new(),
    };
    format!("{back}{calls}: {}; {fails}", tools.join(", "))
}
