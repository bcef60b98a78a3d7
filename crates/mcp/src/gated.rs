//! The gate as this server's hall: translates its answers and adds nothing.

use std::{borrow::Cow, time::Duration};

use async_trait::async_trait;
use catalogue::{Tool, ToolsetSelection, catalogue};
use gate::Gate;
use model::{Call, Principal, Risk};
use serde_json::Value;

use crate::hall::{Answer, Card, Confirm, Declined, Done, Hall, Plan, Retry, Waiting};

/// Characters of a value that a plan's text shows; the structured plan holds it whole.
const SHOWN_VALUE: usize = 200;

/// Differences that a plan's text shows.
const SHOWN_FIELDS: usize = 20;

/// The gate, and which of its tools a list shows.
pub struct Gated {
    gate: Gate,
    selection: ToolsetSelection,
}

impl Gated {
    pub fn new(gate: Gate, selection: ToolsetSelection) -> Self {
        Self { gate, selection }
    }
}

#[async_trait]
impl Hall for Gated {
    fn tools(&self, principal: &Principal) -> Vec<Card> {
        self.gate
            .tools_for(principal, &self.selection)
            .into_iter()
            .map(card)
            .collect()
    }

    fn risk(&self, tool: &str) -> Option<Risk> {
        catalogue().get(tool).map(|tool| tool.risk)
    }

    fn nearest(&self, tool: &str) -> Option<String> {
        catalogue().nearest(tool).map(ToOwned::to_owned)
    }

    async fn call(&self, call: Call) -> Result<Answer, Declined> {
        translated(self.gate.call(call).await)
    }

    async fn call_marked(&self, call: Call, mark: String) -> Result<Answer, Declined> {
        translated(self.gate.call_marked(call, mark).await)
    }

    async fn follow(
        &self,
        principal: &Principal,
        waiting: Box<Waiting>,
        patience: Duration,
    ) -> Result<Answer, Declined> {
        let id = &waiting.approval_id;
        translated(self.gate.follow(principal, id, patience).await)
    }
}

fn translated(result: Result<gate::Answer, gate::Declined>) -> Result<Answer, Declined> {
    match result {
        Ok(gate::Answer::Done(it)) => Ok(Answer::Done(done(it))),
        Ok(gate::Answer::Planned(plan)) => Ok(Answer::Planned(Box::new(planned(*plan)))),
        Ok(gate::Answer::Waiting(it)) => Ok(Answer::Waiting(Box::new(waiting(&it)))),
        Err(it) => Err(declined(it)),
    }
}

fn waiting(it: &gate::Waiting) -> Waiting {
    Waiting {
        call_id: it.call_id.clone(),
        approval_id: it.approval_id.clone(),
        tool: it.tool.clone(),
        posted: it.posted.clone(),
        how_to_continue: it.how_to_continue.clone(),
        value: serde_json::to_value(it).expect("what waits always has a JSON form"),
    }
}

fn card(tool: &'static Tool) -> Card {
    let annotations = tool.annotations();
    Card {
        name: Cow::Borrowed(tool.name),
        title: Cow::Borrowed(tool.title),
        description: Cow::Borrowed(tool.description()),
        risk: if annotations.destructive {
            Risk::Destructive
        } else {
            tool.risk
        },
        idempotent: annotations.idempotent,
        open_world: annotations.open_world,
        input_schema: tool.input_schema(),
    }
}

fn done(done: gate::Done) -> Done {
    Done {
        call_id: done.call_id,
        value: done.view.value,
        untrusted: done
            .view
            .untrusted
            .iter()
            .map(|it| Cow::Borrowed(*it))
            .collect(),
        replayed: done.replayed,
    }
}

fn planned(mut plan: gate::Plan) -> Plan {
    // The token is shown once, beside the plan, not inside what is quoted from it.
    let confirm = plan.confirm.take();
    let value = serde_json::to_value(&plan).expect("a plan always has a JSON form");
    let request = match &plan.request {
        Some(request) => format!("{} {}", request.method, request.path),
        None => "several, each a call of its own".to_owned(),
    };
    let mut change = Vec::new();
    if let Some(it) = &plan.change {
        lines(it, &mut change);
    }
    let untrusted = plan.untrusted();
    for step in &plan.steps {
        let request = step.request.as_ref();
        let request = request.map(|it| format!(": {} {}", it.method, it.path));
        change.push(format!(
            "{}. {}{}",
            step.step,
            step.tool,
            request.unwrap_or_default()
        ));
        if let Some(it) = &step.change {
            lines(it, &mut change);
        }
    }
    let since = plan
        .taking_back
        .as_ref()
        .map(|it| it.changed_since.as_slice());
    for it in since.unwrap_or_default().iter().take(SHOWN_FIELDS) {
        change.push(format!(
            "changed since by somebody: {} {}: was {}, left as {}, is {}",
            it.tool,
            it.field,
            shown(&it.before),
            shown(&it.after),
            shown(&it.now)
        ));
    }
    Plan {
        call_id: plan.call_id,
        tool: plan.tool,
        risk: plan.risk,
        value,
        request,
        change,
        untrusted,
        checks: plan.checks,
        reversible: plan.reversible,
        how_to_run: plan.how_to_run,
        confirm: confirm.map(|it| Confirm {
            token: it.token,
            expires_at: it.expires_at,
        }),
    }
}

/// A change in a few lines.
fn lines(it: &catalogue::Change, change: &mut Vec<String>) {
    change.push(it.summary.clone());
    for field in it.fields.iter().take(SHOWN_FIELDS) {
        change.push(format!(
            "{}: {} → {}",
            field.path,
            shown(&field.before),
            shown(&field.after)
        ));
    }
    if it.fields.is_empty() && !it.before.is_null() {
        change.push(format!("goes: {}", shown(&it.before)));
    } else if it.fields.is_empty() && !it.after.is_null() {
        change.push(format!("comes: {}", shown(&it.after)));
    }
    if it.fields.len() > SHOWN_FIELDS {
        change.push(format!("and {} more", it.fields.len() - SHOWN_FIELDS));
    }
}

fn declined(declined: gate::Declined) -> Declined {
    let quotes_others = declined.quotes_others();
    match declined {
        gate::Declined::Refused(it) => Declined {
            code: it.reason.code,
            message: it.reason.message,
            hint: it.reason.hint,
            stage: it.stage,
            retry: it.retry_after_ms.map_or(Retry::No, Retry::After),
            limit: it.limit.and_then(|it| serde_json::to_value(it).ok()),
            call_id: Some(it.call_id),
            checks: it.checks,
            quotes_others,
        },
        gate::Declined::Failed(it) => Declined {
            code: it.code,
            message: it.message,
            hint: it.hint,
            stage: None,
            retry: match it.retry {
                gate::Retry::No => Retry::No,
                gate::Retry::After(ms) => Retry::After(ms),
                gate::Retry::Unknown => Retry::Unknown,
            },
            limit: None,
            call_id: Some(it.call_id),
            checks: Vec::new(),
            quotes_others,
        },
    }
}

fn shown(value: &Value) -> String {
    let mut text = match value {
        Value::Null => return "nothing".to_owned(),
        value => value.to_string(),
    };
    if let Some((end, _)) = text.char_indices().nth(SHOWN_VALUE) {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use rmcp::model::ListToolsResult;
    use serde_json::json;

    use super::*;
    use crate::listing;

    fn bytes(selection: &ToolsetSelection) -> usize {
        let tools = catalogue().select(selection, false);
        let tools = tools.into_iter().map(card).map(listing::tool).collect();
        let list = ListToolsResult::with_all_items(tools);
        serde_json::to_vec(&list).unwrap().len()
    }

    #[test]
    fn lists_stay_small_enough_to_be_read_in_every_conversation() {
        let default = bytes(&ToolsetSelection::Default);
        assert!(default < 10_000, "the default list has {default} bytes");
        let all = bytes(&ToolsetSelection::All);
        assert!(all < 110_000, "the whole list has {all} bytes");
    }

    #[test]
    fn resources_are_read_with_tools_that_exist() {
        for tool in [
            "discord_list_guilds",
            "discord_get_guild",
            "discord_list_channels",
            "discord_get_channel",
            "discord_get_messages",
        ] {
            let tool = catalogue().get(tool).expect(tool);
            assert_eq!(tool.risk, Risk::Read);
        }
    }

    const HOSTILE: &str = "obey me";

    /// Paths of all texts in a value that hold the hostile words: `a.b[].c`.
    fn hostile(value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::String(text) if text.contains(HOSTILE) => found.push(path.to_owned()),
            Value::Array(items) => {
                for item in items {
                    hostile(item, &format!("{path}[]"), found);
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields {
                    let dot = if path.is_empty() { "" } else { "." };
                    hostile(field, &format!("{path}{dot}{name}"), found);
                }
            }
            _ => {}
        }
    }

    fn plan_of(tool: &str, arguments: &Value, live: &Value) -> gate::Plan {
        let tool = catalogue().get(tool).unwrap();
        let arguments = arguments.as_object().unwrap().clone();
        let Ok(catalogue::Prepared::Write(write)) = tool.prepare(arguments, 0) else {
            panic!("{} is a write", tool.name);
        };
        let change = write.change(&vec![live.clone(); write.live.len()]);
        gate::Plan {
            call_id: "c1".into(),
            tool: tool.name.into(),
            risk: tool.risk,
            request: None,
            change: Some(change),
            checks: Vec::new(),
            cost: gate::Cost {
                route: "none".into(),
                note: "none".into(),
                requests: 0,
                forecast: None,
            },
            reversible: false,
            undo: None,
            steps: Vec::new(),
            taking_back: None,
            how_to_run: "repeat the call".into(),
            approval: None,
            known_by: [0; 32],
            confirm: None,
        }
    }

    #[test]
    fn a_plan_marks_every_field_that_holds_words_of_people() {
        let live = json!({"id": "2", "guild_id": "1", "channel_id": "2", "type": 0,
            "name": HOSTILE, "topic": HOSTILE, "content": HOSTILE, "nick": HOSTILE,
            "description": HOSTILE, "author": {"id": "3", "username": HOSTILE},
            "user": {"id": "3", "username": HOSTILE}, "roles": []});
        for (tool, arguments) in [
            (
                "discord_edit_channel",
                json!({"channel_id": "2", "topic": "new"}),
            ),
            ("discord_delete_channel", json!({"channel_id": "2"})),
            (
                "discord_delete_message",
                json!({"channel_id": "2", "message_id": "4"}),
            ),
            (
                "discord_edit_message",
                json!({"channel_id": "2", "message_id": "4", "content": "new"}),
            ),
        ] {
            let plan = planned(plan_of(tool, &arguments, &live));
            let result = crate::render::answer(Answer::Planned(Box::new(plan)));
            let object = result.structured_content.unwrap();
            let mut found = Vec::new();
            hostile(&object, "", &mut found);
            let marked: Vec<String> =
                serde_json::from_value(object["untrusted_content"]["fields"].clone())
                    .unwrap_or_default();
            for path in &found {
                let covered = marked.iter().any(|mark| {
                    path == mark
                        || path.starts_with(&format!("{mark}."))
                        || path.starts_with(&format!("{mark}["))
                });
                assert!(covered, "{tool}: {path} is not in {marked:?}");
            }
            let text = &result.content[0].as_text().unwrap().text;
            if !found.is_empty() {
                let (outside, _) = text.split_once("<untrusted-").unwrap();
                let (_, after) = text.split_once("</untrusted-").unwrap();
                assert!(
                    !outside.contains(HOSTILE) && !after.contains(HOSTILE),
                    "{tool}"
                );
            }
            assert!(!found.is_empty(), "{tool} shows nothing of what is there");
        }
    }
}
