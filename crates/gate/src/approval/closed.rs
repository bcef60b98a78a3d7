//! The messages that ask people are the house's. No caller edits or deletes one, though they are the
//! bot's own: people would say yes to something else than stands there.

use std::collections::HashSet;

use model::{
    MessageId, Reason, Request, Stage,
    approval::{Approval, ApprovalFilter, State},
    request::Method,
};

use super::ROOM;
use crate::{Gate, answer::Declined, case::Case, trouble};

const ONE: &str = "/channels/{channel_id}/messages/{message_id}";
const MANY: &str = "/channels/{channel_id}/messages/bulk-delete";

impl Gate {
    /// Refuse what would change or remove a question, one that still waits or one of the latest.
    pub(crate) async fn leave_questions_alone(
        &self,
        case: &Case,
        request: &Request,
    ) -> Result<(), Declined> {
        let aimed_at = messages(request);
        let (Some(port), false) = (self.approvals(), aimed_at.is_empty()) else {
            return Ok(());
        };
        for state in [Some(State::Pending), None] {
            let filter = ApprovalFilter {
                state,
                principal: None,
            };
            let found = port.list_approvals(&filter, ROOM.all).await;
            let found = found.map_err(|error| trouble::storing(&case.record, &error))?;
            let asks = |it: &Approval| {
                let posts = it.posts.iter();
                posts
                    .filter_map(|post| post.message_id)
                    .any(|id| aimed_at.contains(&id))
            };
            if found.iter().any(asks) {
                let reason = Reason::new(
                    "message_of_the_house",
                    "this message asks people for an approval, and only the service itself changes it",
                )
                .with_hint("an operator can take the question back: guildhall approvals cancel");
                return Err(case.record.refuse(Some(Stage::ChannelPolicy), reason));
            }
        }
        Ok(())
    }
}

/// Messages that it would change or remove.
fn messages(request: &Request) -> HashSet<MessageId> {
    let removes = matches!(request.method, Method::Patch | Method::Delete);
    match request.path.template.as_str() {
        ONE if removes => {
            let named = request.path.parameters.iter();
            named
                .filter(|(name, _)| name == "message_id")
                .filter_map(|(_, id)| id.parse().ok())
                .collect()
        }
        MANY => {
            let listed = request.body.json().map(|body| body["messages"].clone());
            let listed = listed.as_ref().and_then(serde_json::Value::as_array);
            let ids = listed.into_iter().flatten();
            ids.filter_map(|id| id.as_str()?.parse().ok()).collect()
        }
        _ => HashSet::new(),
    }
}
