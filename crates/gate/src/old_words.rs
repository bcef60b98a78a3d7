//! What an undo would write again: it was there before the call, and nobody knows who wrote it then.
//! It is carried out as it was; what of it is shown is another matter.

use serde_json::{Value, json};

use crate::{
    Gate,
    answer::StepPlan,
    case::Case,
    lockdown::{HIDDEN, Outcome},
};

/// How deep requests are followed; they nest less.
const DEPTH: usize = 16;

impl Gate {
    /// Under lockdown only ids, numbers and times are shown of it; elsewhere it counts as reading.
    /// What the plan is known by was taken before.
    pub(crate) async fn show_old_words(&self, case: &Case, steps: &mut [StepPlan]) {
        let policy = &case.standing.policy;
        let mut words = false;
        for step in steps {
            let body = step.request.as_mut().and_then(|it| it.body.as_mut());
            let change = step.change.as_mut().into_iter().flat_map(|change| {
                let fields = change.fields.iter_mut().map(|field| &mut field.after);
                std::iter::once(&mut change.after).chain(fields)
            });
            for part in body.into_iter().chain(change) {
                words |= if policy.lockdown.is_some() {
                    blank(part, DEPTH)
                } else {
                    holds_words(part, DEPTH)
                };
            }
        }
        let outcome = Outcome {
            strangers: words && policy.lockdown.is_none(),
            ..Outcome::default()
        };
        self.remember(case.reader(), policy, outcome).await;
    }
}

/// Put the reason in place of every text that could hold words.
fn blank(value: &mut Value, depth: usize) -> bool {
    if !holds_words(value, depth) {
        return false;
    }
    match value {
        Value::Array(items) if depth > 0 => items
            .iter_mut()
            .fold(false, |any, it| blank(it, depth - 1) | any),
        Value::Object(fields) if depth > 0 => {
            let below = fields.values_mut();
            below.fold(false, |any, it| blank(it, depth - 1) | any)
        }
        words => {
            *words = json!(format!("[hidden: {HIDDEN}]"));
            true
        }
    }
}

fn holds_words(value: &Value, depth: usize) -> bool {
    match value {
        Value::String(text) => !is_plain(text),
        Value::Array(_) | Value::Object(_) if depth == 0 => true,
        Value::Array(items) => items.iter().any(|it| holds_words(it, depth - 1)),
        Value::Object(fields) => fields.values().any(|it| holds_words(it, depth - 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Ids, permissions and points in time, `2026-11-30T12:00:00Z`: nothing can be said with these.
fn is_plain(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || b"TZ:+-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_and_ids_numbers_and_times_stay() {
        let mut body = json!({"nick": "OBEY", "roles": ["17"], "mute": false, "deny": "1024",
            "until": "2026-11-30T12:00:00.5+00:00", "tags": [{"name": "OBEY", "id": "5"}]});
        assert!(blank(&mut body, DEPTH));
        let hidden = format!("[hidden: {HIDDEN}]");
        assert_eq!(
            body,
            json!({"nick": hidden, "roles": ["17"], "mute": false, "deny": "1024",
                "until": "2026-11-30T12:00:00.5+00:00", "tags": [{"name": hidden, "id": "5"}]})
        );
        assert!(!blank(&mut json!({"roles": ["17"], "nick": null}), DEPTH));
    }
}
