//! `discord_draft_automation`: writes down what somebody would like to happen by itself. A draft
//! does nothing; a person has to read it.

use std::sync::Arc;

use async_trait::async_trait;
use catalogue::View;
use gate::{Declined, Flow, FlowContext, Gate, Retry};
use model::{
    Clock, GuildId,
    ledger::{Draft, Drafts, StoreError},
};
use serde_json::{Value, json};

/// Wait this long before trying again, in milliseconds.
const SHORTLY: u64 = 1_000;

/// The flow.
pub(crate) struct DraftAutomation {
    pub(crate) drafts: Arc<dyn Drafts>,
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Flow for DraftAutomation {
    async fn run(&self, _: &Gate, call: &FlowContext) -> Result<View, Declined> {
        let text = |name: &str| call.arguments.get(name).and_then(Value::as_str);
        let needed = |name: &str| {
            text(name).map(str::to_owned).ok_or_else(|| {
                let message = format!("the tool's row does not give `{name}`");
                call.fail("internal_error", message, Retry::No)
            })
        };
        let guild_id: GuildId = needed("guild_id")?.parse().map_err(|_| {
            call.fail(
                "internal_error",
                "the guild's id was not checked",
                Retry::No,
            )
        })?;
        let draft = Draft {
            id: uuid::Uuid::now_v7().to_string(),
            guild_id,
            name: needed("name")?,
            trigger: needed("trigger")?,
            action: needed("action")?,
            channel_id: text("channel_id").and_then(|id| id.parse().ok()),
            drafted_by: author(call),
            created_at: self.clock.now_ms(),
        };
        let view = View {
            value: json!({
                "draft_id": draft.id,
                "guild_id": draft.guild_id,
                "channel_id": draft.channel_id,
                "name": draft.name,
                "enabled": false,
                "note": "saved as a draft; it does nothing until a person has reviewed and \
                         enabled it",
            }),
            untrusted: &[],
        };
        let saved = self.drafts.save(draft).await;
        saved.map_err(|error| not_saved(call, &error))?;
        Ok(view)
    }
}

fn author(call: &FlowContext) -> String {
    match &call.agent {
        Some(agent) => format!("{}/{agent}", call.principal.id),
        None => call.principal.id.clone(),
    }
}

fn not_saved(call: &FlowContext, error: &StoreError) -> Declined {
    tracing::error!(call_id = %call.call_id, %error, "a draft could not be saved");
    let message = "the draft could not be saved; nothing was kept";
    call.fail("not_saved", message, Retry::After(SHORTLY))
}
