//! Reads on behalf of whoever asks for resources and suggestions: each is a call of a tool, judged
//! and recorded like any other.

use model::{Call, Mode};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    calls::Calls,
    hall::{Answer, Declined, Done, Retry},
    handler::Who,
    resent::Mark,
};

/// Guilds that are looked at; bots in more than this have to be asked by id.
const GUILDS: usize = 1000;

/// Channels of one guild that are looked at; Discord allows 500.
const CHANNELS: usize = 500;

/// Who reads, from where, and until when.
pub(crate) struct Reader<'a> {
    pub(crate) calls: &'a Calls,
    pub(crate) who: Who,
    pub(crate) cancelled: &'a CancellationToken,
}

impl Reader<'_> {
    /// The guilds that the principal may look into.
    pub(crate) async fn guilds(&self) -> Result<Vec<Map<String, Value>>, Declined> {
        let done = self.read("discord_list_guilds", json!({})).await?;
        Ok(items(&done.value, "guilds", GUILDS))
    }

    /// The channels of a guild, as far as the principal may list them.
    pub(crate) async fn channels(&self, guild: &str) -> Result<Vec<Map<String, Value>>, Declined> {
        let done = self
            .read("discord_list_channels", json!({"guild_id": guild}))
            .await?;
        Ok(items(&done.value, "channels", CHANNELS))
    }

    /// Call a reading tool.
    pub(crate) async fn read(&self, tool: &str, arguments: Value) -> Result<Done, Declined> {
        let Value::Object(arguments) = arguments else {
            unreachable!("all callers give objects");
        };
        let call = Call {
            principal: self.who.principal.clone(),
            tool: tool.to_owned(),
            arguments,
            mode: Mode::Default,
            idempotency_key: None,
            agent: None,
            session: self.who.session.clone(),
            origin: self.who.origin,
        };
        match self.calls.run(call, Mark::Read, self.cancelled).await? {
            Answer::Done(done) => Ok(done),
            Answer::Planned(_) | Answer::Waiting(_) => Err(Declined::new(
                "only_planned",
                "the policy turns this read into a dry run, so there is nothing to show",
                Retry::No,
            )),
        }
    }
}

/// The objects of a list view.
fn items(value: &Value, member: &str, most: usize) -> Vec<Map<String, Value>> {
    value
        .get(member)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|item| item.as_object().cloned())
        .take(most)
        .collect()
}
