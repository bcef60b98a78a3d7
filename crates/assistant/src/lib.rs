//! Automations, drafted for people to review. Nothing here enables or runs one.

use std::sync::Arc;

use gate::Flow;
use model::{Clock, ledger::Drafts};

mod draft;

/// The flows of this room, by the name of their tool.
pub fn flows(drafts: Arc<dyn Drafts>, clock: Arc<dyn Clock>) -> Vec<(&'static str, Arc<dyn Flow>)> {
    vec![(
        "discord_draft_automation",
        Arc::new(draft::DraftAutomation { drafts, clock }),
    )]
}
