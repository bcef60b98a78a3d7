//! After an answer that was lost: look whether the write happened. What cannot be told stays
//! unknown, and is not tried again.

use std::time::Duration;

use catalogue::{Found, Sought, WritePlan};
use model::{GuildId, HandsError, Millis, Request, hands::Errand};
use serde_json::Value;

use crate::Gate;

/// When is looked, each time after a pause: what Discord is still doing shows a little later.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_millis(2_500),
];
/// Letters of a reference; 48 bits of the call's id that are random.
const LETTERS: usize = 12;
/// Longest reason of Discord's audit log, in characters. Source: Discord documentation, *Audit Logs*.
const REASON_MAX: usize = 512;

/// What stands in the audit log's reason, so that people and the read-back find the call.
pub(crate) fn reference(call_id: &str) -> String {
    let random = call_id.len().saturating_sub(LETTERS);
    format!("[call {}]", call_id.get(random..).unwrap_or(call_id))
}

/// The reason with the call's reference behind it.
pub(crate) fn referred(reason: Option<&str>, call_id: &str) -> String {
    let reference = reference(call_id);
    let Some(reason) = reason else {
        return reference;
    };
    let room = REASON_MAX - reference.len() - 1;
    let reason: String = reason.chars().take(room).collect();
    format!("{reason} {reference}")
}

/// A write whose answer was lost.
pub(crate) struct Lost<'a> {
    pub plan: &'a WritePlan,
    pub call_id: &'a str,
    pub guild: Option<GuildId>,
    /// When it was sent.
    pub at: Millis,
    /// What it touches, as it was.
    pub before: &'a Value,
}

impl Gate {
    /// Whether it happened. That it did not is said only where every look says so.
    pub(crate) async fn look_back(&self, lost: &Lost<'_>, errand: &Errand) -> Found {
        let Ok(bot) = self.0.surroundings.bot().await else {
            return Found::CannotTell;
        };
        let sought = Sought {
            reference: reference(lost.call_id),
            since: lost.at,
            guild: lost.guild,
            bot,
        };
        let requests = lost.plan.look_back(&sought);
        if requests.is_empty() {
            return Found::CannotTell;
        }
        let mut said = Found::CannotTell;
        for (index, pause) in PAUSES.into_iter().enumerate() {
            tokio::time::sleep(pause).await;
            let found = match self.looked(errand, &requests).await {
                Ok(answers) => lost.plan.read_back(&sought, lost.before, &answers),
                Err(_) => Found::CannotTell,
            };
            match found {
                Found::Happened(answer) => return Found::Happened(answer),
                Found::DidNotHappen if index == 0 || said == Found::DidNotHappen => {
                    said = Found::DidNotHappen;
                }
                _ => said = Found::CannotTell,
            }
        }
        said
    }

    /// Null for what is not there. The first answer decides, so there being hidden is no answer;
    /// of the others it is.
    async fn looked(
        &self,
        errand: &Errand,
        requests: &[Request],
    ) -> Result<Vec<Value>, HandsError> {
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
            match self.ask(errand, std::slice::from_ref(request)).await {
                Ok(found) => answers.extend(found),
                Err(HandsError::Api { status: 404, .. }) => answers.push(Value::Null),
                Err(HandsError::Api { status: 403, .. }) if !answers.is_empty() => {
                    answers.push(Value::Null);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(answers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_keeps_its_reference_however_long_it_is() {
        let call = "0198f1d2-7c3b-7aaa-8bbb-1234567890ab";
        assert_eq!(referred(None, call), "[call 1234567890ab]");
        assert_eq!(referred(Some("spam"), call), "spam [call 1234567890ab]");
        let long = referred(Some(&"ä".repeat(512)), call);
        assert_eq!(long.chars().count(), 512);
        assert!(long.ends_with(" [call 1234567890ab]"));
    }
}
