//! Op 8: GUILD_MEMBERS_CHUNKs for the session that asks. Each chunk is made when the one before it
//! is on its way, so that a guild of any size takes little memory and holds nobody up for long.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::close::Close;
use super::command::RequestMembers;
use super::hub::Hub;
use crate::snowflake::Snowflake;
use crate::world::intents::{GUILD_MEMBERS, GUILD_PRESENCES};
use crate::world::member::MemberObject;
use crate::world::member::query::{Found, MEMBERS_PER_CHUNK, MemberQuery};
use crate::world::{Shared, World};

/// A longer nonce is ignored (Discord: Request Guild Members).
const MAX_NONCE_BYTES: usize = 32;

/// The members of one guild that a session asked for.
#[derive(Debug)]
pub(super) struct Chunks {
    guild: Snowflake,
    found: Found,
    presences: bool,
    nonce: Option<String>,
}

/// The data of one GUILD_MEMBERS_CHUNK.
#[derive(Serialize)]
struct MembersChunk<'a> {
    guild_id: Snowflake,
    members: Vec<MemberObject<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presences: Option<Vec<Value>>,
    chunk_index: usize,
    chunk_count: usize,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    not_found: &'a [Snowflake],
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
}

/// The chunks that a request is answered with, guild by guild. All members of a guild need the
/// GUILD_MEMBERS intent, and come only so often.
pub(super) fn members(
    shared: &Arc<Shared>,
    hub: &Hub,
    bot: Snowflake,
    session_id: &str,
    request: &RequestMembers,
) -> Result<Vec<Chunks>, Close> {
    let intents = hub.intents_of(session_id);
    let query = match (&request.query, &request.user_ids) {
        (_, Some(ids)) => MemberQuery::Ids(ids.as_slice().to_vec()),
        (Some(text), None) if text.is_empty() && request.limit == 0 => MemberQuery::All,
        (Some(text), None) => MemberQuery::Prefix {
            text: text.clone(),
            limit: usize::try_from(request.limit).unwrap_or(usize::MAX),
        },
        (None, None) => return Err(Close::DECODE_ERROR),
    };
    let all = matches!(query, MemberQuery::All);
    if all && intents & GUILD_MEMBERS == 0 {
        return Err(Close::DISALLOWED_INTENTS);
    }
    let nonce = request.nonce.as_ref().and_then(Value::as_str);
    let nonce = nonce.filter(|nonce| nonce.len() <= MAX_NONCE_BYTES);
    let answered = shared.read(|world| {
        let guilds = request.guild_id.as_slice().iter().copied();
        let mut answered = Vec::new();
        for guild in guilds.filter(|id| world.is_member(*id, bot)) {
            let early_ms = if all {
                hub.ask_for_all(bot, guild, world.now_ms())
            } else {
                None
            };
            if let Some(ms) = early_ms {
                let data = too_early(guild, nonce, ms);
                hub.send_to(session_id, world.now_ms(), "RATE_LIMITED", &data);
                continue;
            }
            answered.push(Chunks {
                guild,
                found: world.find_members(guild, &query),
                presences: request.presences && intents & GUILD_PRESENCES != 0,
                nonce: nonce.map(str::to_owned),
            });
        }
        answered
    });
    Ok(answered)
}

fn too_early(guild: Snowflake, nonce: Option<&str>, early_ms: u64) -> Value {
    let mut meta = json!({ "guild_id": guild });
    if let Some(nonce) = nonce {
        meta["nonce"] = json!(nonce);
    }
    #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
    let seconds = early_ms as f64 / 1_000.0;
    json!({ "opcode": 8, "retry_after": seconds, "meta": meta })
}

impl Chunks {
    /// At least one, which may be empty.
    pub(super) fn count(&self) -> usize {
        self.found.members.len().div_ceil(MEMBERS_PER_CHUNK).max(1)
    }

    /// Gives one of them to the session.
    pub(super) fn send(&self, shared: &Shared, hub: &Hub, session_id: &str, number: usize) {
        shared.read(|world| {
            let (chunk, now_ms) = (self.chunk(world, number), world.now_ms());
            hub.send_to(session_id, now_ms, "GUILD_MEMBERS_CHUNK", &chunk);
        });
    }

    fn chunk<'a>(&'a self, world: &'a World, number: usize) -> MembersChunk<'a> {
        let users = self.found.members.chunks(MEMBERS_PER_CHUNK).nth(number);
        let users = users.unwrap_or_default();
        let presences = || world.online_presences(self.guild, users);
        MembersChunk {
            guild_id: self.guild,
            members: world.member_objects(self.guild, users),
            presences: self.presences.then(presences),
            chunk_index: number,
            chunk_count: self.count(),
            not_found: if number == 0 {
                &self.found.missing
            } else {
                &[]
            },
            nonce: self.nonce.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::WorldConfig;

    fn chunks(members: usize, missing: Vec<Snowflake>) -> Chunks {
        let members = (0..members as u64).map(Snowflake).collect();
        Chunks {
            guild: Snowflake(1),
            found: Found { members, missing },
            presences: false,
            nonce: Some("n".into()),
        }
    }

    #[test]
    fn a_large_list_is_cut_into_chunks_of_a_thousand() {
        let chunks = chunks(2_500, Vec::new());
        assert_eq!(chunks.count(), 3);
        let world = Shared::new(WorldConfig::default());
        let last = world.read(|world| json!(chunks.chunk(world, 2)));
        assert_eq!(
            (&last["chunk_index"], &last["chunk_count"], &last["nonce"]),
            (&json!(2), &json!(3), &json!("n"))
        );
    }

    #[test]
    fn nobody_found_is_one_empty_chunk() {
        let chunks = chunks(0, vec![Snowflake(7)]);
        assert_eq!(chunks.count(), 1);
        let world = Shared::new(WorldConfig::default());
        let only = world.read(|world| json!(chunks.chunk(world, 0)));
        assert_eq!(only["not_found"], json!(["7"]));
        assert_eq!(only["members"], json!([]));
    }
}
