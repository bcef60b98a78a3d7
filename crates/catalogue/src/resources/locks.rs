//! Locks on threads, which keep two agents from talking at once. Flows behind the gate hold them as leases.

use model::{ChannelId, Permissions, Risk};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::channels;
use crate::{
    control, limits,
    tool::{Needs, Tool, flow},
    undo::Undoing,
};

const LOCK: Needs =
    Needs::channel(Permissions::SEND_MESSAGES).in_threads(Permissions::SEND_MESSAGES_IN_THREADS);

pub(super) fn tools() -> Vec<Tool> {
    vec![
        flow(
            "discord_acquire_thread",
            "Lock a thread",
            Risk::Write,
            &[],
            LOCK,
            |args: &AcquireThread| vec![channels::get_request(args.thread_id)],
        )
        .undoing(Undoing::Never(
            "a lock ends by itself, and discord_release_thread gives it back sooner",
        ))
        .repeatable(),
        flow(
            "discord_release_thread",
            "Unlock a thread",
            Risk::Write,
            &[],
            LOCK,
            |args: &ReleaseThread| vec![channels::get_request(args.thread_id)],
        )
        .undoing(Undoing::Never(
            "somebody else may have taken the lock; discord_acquire_thread takes it again",
        ))
        .repeatable(),
    ]
}

/// Lock a thread for an agent: until the lock ends, no other agent's writes get in.
///
/// Acquiring it again extends it. A conflict says who holds it and until when.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the flow reads the validated map")]
struct AcquireThread {
    thread_id: ChannelId,
    #[schemars(length(min = 1, max = control::AGENT_NAME_MAX))]
    #[serde(deserialize_with = "agent_name")]
    agent_name: String,
    /// Seconds until the lock ends by itself.
    #[serde(default = "lock_default")]
    #[schemars(range(min = 1, max = limits::LOCK_SECONDS))]
    timeout: u32,
}

fn lock_default() -> u32 {
    limits::LOCK_DEFAULT
}

/// Give back an agent's lock on a thread.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the flow reads the validated map")]
struct ReleaseThread {
    thread_id: ChannelId,
    #[schemars(length(min = 1, max = control::AGENT_NAME_MAX))]
    #[serde(deserialize_with = "agent_name")]
    agent_name: String,
}

fn agent_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    if control::is_agent_name(&name) {
        Ok(name)
    } else {
        Err(D::Error::custom(control::AGENT_NAME_RULE))
    }
}
