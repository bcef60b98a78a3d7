//! A row of the audit as the benchmarks write it.

use model::{
    Risk, Stage,
    ledger::{Decision, Outcome},
};

/// The row with this number.
pub(crate) fn decision(number: usize) -> Decision {
    Decision {
        call_id: format!("0190b0c0-0000-7000-8000-{number:012}"),
        workspace: model::WorkspaceId::default(),
        at: 1_790_000_000_000,
        principal: "key:ada".to_owned(),
        agent: Some("scout".to_owned()),
        origin: "http".to_owned(),
        tool: "discord_send_message".to_owned(),
        risk: Some(Risk::Write),
        guild_id: model::Id::new(175_928_847_299_117_063),
        channel_id: model::Id::new(175_928_847_299_117_064),
        digest: "ab".repeat(32),
        outcome: Outcome::Done,
        stage: Stage::ExecuteAndAudit,
        code: "ok".to_owned(),
        reason: "the message was sent".to_owned(),
        rules: vec!["allow-write".to_owned()],
        policy_version: "0123456789ab".to_owned(),
        duration_us: 150_000,
    }
}
