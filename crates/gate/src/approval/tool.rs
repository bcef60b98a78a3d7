//! `discord_get_approval`: how it stands with what one asked for. Looking is all that it can do.

use async_trait::async_trait;
use catalogue::View;
use model::{Reason, approval::ApprovalFilter};
use serde_json::{Value, json};

use super::view;
use crate::{
    Gate,
    answer::{Declined, Retry},
    case,
    flow::{Flow, FlowContext},
};

/// The tool's name.
pub(crate) const NAME: &str = "discord_get_approval";
/// How many one look shows.
const MOST: u32 = 20;
/// The reason it ended may quote Discord, and an agent calls itself as it likes.
const UNTRUSTED: &[&str] = &["approvals[].reason", "approvals[].agent"];

/// The flow. It shows a caller only its own.
pub(crate) struct GetApproval;

#[async_trait]
impl Flow for GetApproval {
    async fn run(&self, gate: &Gate, call: &FlowContext) -> Result<View, Declined> {
        let Some(port) = gate.approvals() else {
            let message = "this mode of the service keeps no approvals";
            return Err(call.fail("approvals_not_available", message, Retry::No));
        };
        let unreadable = |_| {
            let message = "approvals cannot be read at the moment";
            call.fail("store_unavailable", message, Retry::After(1_000))
        };
        // What one Discord user asked for, another does not see through the same principal.
        let confirmer = case::confirmer(&call.principal, call.origin);
        let found = match call.arguments.get("approval_id").and_then(Value::as_str) {
            Some(id) => {
                let found = port.approval(id).await.map_err(unreadable)?;
                let own = found.filter(|it| it.call.confirmer == confirmer);
                let Some(own) = own else {
                    let reason = Reason::new(
                        "unknown_approval",
                        "there is no approval of this id that you asked for",
                    )
                    .with_hint("leave `approval_id` out to see the latest of yours");
                    return Err(call.refuse(reason, None));
                };
                vec![own]
            }
            None => {
                let filter = ApprovalFilter {
                    state: None,
                    principal: Some(call.principal.id.clone()),
                };
                let mut found = port
                    .list_approvals(&filter, MOST)
                    .await
                    .map_err(unreadable)?;
                found.retain(|it| it.call.confirmer == confirmer);
                found
            }
        };
        let approvals: Vec<Value> = found.iter().map(view::view).collect();
        Ok(View {
            value: json!({ "approvals": approvals }),
            untrusted: UNTRUSTED,
        })
    }
}
