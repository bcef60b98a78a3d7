//! Members that a session asks for with op 8: all of a guild, by the start of a name, or by id.

use serde_json::Value;

use crate::snowflake::Snowflake;
use crate::world::World;
use crate::world::member::MemberObject;

/// Members in one GUILD_MEMBERS_CHUNK (Discord: Request Guild Members).
pub(crate) const MEMBERS_PER_CHUNK: usize = 1_000;

/// Members listed by a query or by ids in one request.
const MEMBERS_PER_QUERY: usize = 100;

/// What op 8 asks for.
#[derive(Clone, Debug)]
pub(crate) enum MemberQuery {
    /// Every member.
    All,
    /// Names that start so, case-insensitively; at most so many.
    Prefix { text: String, limit: usize },
    /// Exactly these, at most 100.
    Ids(Vec<Snowflake>),
}

/// Who was found, in order of ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) members: Vec<Snowflake>,
    /// Ids asked for that are no members.
    pub(crate) missing: Vec<Snowflake>,
}

impl World {
    /// The members that op 8 asks for; the Gateway cuts them into chunks.
    pub(crate) fn find_members(&self, guild_id: Snowflake, query: &MemberQuery) -> Found {
        let mut found = Found::default();
        let Some(guild) = self.guilds.get(&guild_id) else {
            return found;
        };
        match query {
            MemberQuery::All => found.members.extend(guild.members.keys()),
            MemberQuery::Ids(ids) => {
                let ids = ids.iter().take(MEMBERS_PER_QUERY).copied();
                (found.members, found.missing) = ids.partition(|id| guild.members.contains_key(id));
            }
            MemberQuery::Prefix { text, limit } => {
                let start = text.to_lowercase();
                let named = guild.members.values().filter(|member| {
                    let nick = member.nick.as_deref();
                    self.is_named(member.user_id, nick, &start)
                });
                let limit = (*limit).clamp(1, MEMBERS_PER_QUERY);
                found
                    .members
                    .extend(named.take(limit).map(|member| member.user_id));
            }
        }
        found
    }

    /// The members of a chunk; who left meanwhile is left out.
    pub(crate) fn member_objects(
        &self,
        guild_id: Snowflake,
        users: &[Snowflake],
    ) -> Vec<MemberObject<'_>> {
        let Some(guild) = self.guilds.get(&guild_id) else {
            return Vec::new();
        };
        let members = users.iter().filter_map(|id| {
            let (member, user) = (guild.members.get(id)?, self.users.get(id)?);
            Some(member.object(Some(user.object())))
        });
        members.collect()
    }

    /// The presences of those who are online.
    pub(crate) fn online_presences(&self, guild_id: Snowflake, users: &[Snowflake]) -> Vec<Value> {
        let online = users.iter().filter(|user| self.is_online(**user));
        online
            .map(|user| self.presence_payload(guild_id, *user))
            .collect()
    }

    /// Whether username, display name or nickname starts so, case-insensitively.
    pub(crate) fn name_starts_with(&self, guild: Snowflake, user: Snowflake, start: &str) -> bool {
        let guild = self.guilds.get(&guild);
        let nick = guild.and_then(|guild| guild.members.get(&user)?.nick.as_deref());
        self.is_named(user, nick, &start.to_lowercase())
    }

    fn is_named(&self, user: Snowflake, nick: Option<&str>, start: &str) -> bool {
        let account = self.users.get(&user);
        let username = account.map(|user| user.username.as_str());
        let global = account.and_then(|user| user.global_name.as_deref());
        let mut names = [username, global, nick].into_iter().flatten();
        names.any(|name| starts_with(name, start))
    }
}

/// Whether a name starts so; `start` is in small letters already.
fn starts_with(name: &str, start: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    start.chars().all(|letter| letters.next() == Some(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case() {
        assert!(starts_with("Ärmel", "är"));
        assert!(starts_with("ada", ""));
        assert!(!starts_with("ad", "ada"));
    }
}
