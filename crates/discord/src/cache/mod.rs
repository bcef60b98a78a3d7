//! What the Gateway tells about guilds, kept small: roles, channels, active threads, overwrites and
//! the bot's own membership. It answers only while the ears are connected; it never asks REST.

mod apply;
pub(crate) mod payload;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use model::{ChannelId, GuildId, UserId};

use crate::permissions::{Channel, Guild, Member};

pub use apply::{NotUnderstood, feeds_on};

/// Guilds of one shard. Source: Discord documentation, *Gateway › Sharding*: 2,500 at most.
const GUILDS_MAX: usize = 2_500;
/// Channels and active threads of one guild: Discord allows 500 and 1,000.
const CHANNELS_MAX: usize = 2_000;

/// The guilds that the bot is in, as the Gateway last described them. What does not fit is left
/// out, and who asks for it goes to REST.
#[derive(Debug)]
pub struct Cache {
    state: RwLock<State>,
    members_max: usize,
}

#[derive(Debug, Default)]
struct State {
    live: bool,
    bot: Option<UserId>,
    guilds: HashMap<GuildId, Entry>,
    /// Where each known channel is.
    channels: HashMap<ChannelId, GuildId>,
    /// Members in all guilds, without the bot's own memberships.
    members: usize,
}

#[derive(Debug)]
struct Entry {
    guild: Arc<Guild>,
    channels: HashMap<ChannelId, Arc<Channel>>,
    members: HashMap<UserId, Arc<Member>>,
}

impl Cache {
    /// A cache that knows no member but the bot: right without the intent GUILD_MEMBERS, because
    /// others' roles would go stale.
    pub fn of_the_bot() -> Self {
        Self::with_members(0)
    }

    /// A cache that keeps up to `members_max` other members; needs the intent GUILD_MEMBERS.
    pub fn with_members(members_max: usize) -> Self {
        Self {
            state: RwLock::default(),
            members_max,
        }
    }

    /// Say whether events arrive. While they do not, the cache answers nothing.
    pub fn set_live(&self, live: bool) {
        self.write().live = live;
    }

    /// The bot's own id, once Discord has said it.
    pub fn bot(&self) -> Option<UserId> {
        self.read().bot
    }

    /// How many guilds are known.
    pub fn guild_count(&self) -> usize {
        self.read().guilds.len()
    }

    pub fn guild(&self, guild: GuildId) -> Option<Arc<Guild>> {
        self.answer(|state| {
            state
                .guilds
                .get(&guild)
                .map(|entry| Arc::clone(&entry.guild))
        })
    }

    pub fn channel(&self, channel: ChannelId) -> Option<Arc<Channel>> {
        self.answer(|state| {
            let guild = state.channels.get(&channel)?;
            state.guilds.get(guild)?.channels.get(&channel).cloned()
        })
    }

    pub fn member(&self, guild: GuildId, user: UserId) -> Option<Arc<Member>> {
        self.answer(|state| state.guilds.get(&guild)?.members.get(&user).cloned())
    }

    fn answer<T>(&self, ask: impl FnOnce(&State) -> Option<T>) -> Option<T> {
        let state = self.read();
        if state.live { ask(&state) } else { None }
    }

    /// Nothing panics while it holds the lock, and whole entries are replaced; a poisoned lock
    /// therefore still guards sound data.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Id, Permissions};
    use serde_json::json;

    fn id<K>(value: u64) -> Id<K> {
        Id::new(value).unwrap()
    }

    fn feed(cache: &Cache, kind: &str, data: &serde_json::Value) {
        cache.apply(kind, &data.to_string()).unwrap();
    }

    fn filled() -> Cache {
        let cache = Cache::of_the_bot();
        cache.set_live(true);
        feed(&cache, "READY", &json!({"user": {"id": "2"}, "guilds": []}));
        feed(
            &cache,
            "GUILD_CREATE",
            &json!({
                "id": "100", "owner_id": "1",
                "roles": [{"id": "100", "name": "@everyone", "position": 0, "permissions": "1024"}],
                "channels": [{"id": "500", "type": 0, "name": "general"}],
                "threads": [{"id": "600", "type": 11, "name": "plans", "parent_id": "500"}],
                "members": [{"user": {"id": "2"}, "roles": []}, {"user": {"id": "9"}, "roles": []}],
            }),
        );
        cache
    }

    #[test]
    fn a_guild_is_known_with_channels_threads_and_the_bot() {
        let cache = filled();
        assert_eq!(cache.bot(), Some(id(2)));
        assert_eq!(cache.guild(id(100)).unwrap().owner, id(1));
        assert_eq!(cache.channel(id(500)).unwrap().guild, Some(id(100)));
        assert_eq!(cache.channel(id(600)).unwrap().parent, Some(id(500)));
        assert!(cache.member(id(100), id(2)).is_some());
        assert!(cache.member(id(100), id(9)).is_none(), "would go stale");
    }

    #[test]
    fn a_cache_without_ears_answers_nothing() {
        let cache = filled();
        cache.set_live(false);
        assert!(cache.guild(id(100)).is_none());
        assert!(cache.channel(id(500)).is_none());
    }

    #[test]
    fn changes_arrive() {
        let cache = filled();
        feed(
            &cache,
            "GUILD_ROLE_CREATE",
            &json!({"guild_id": "100", "role": {"id": "7", "name": "r", "position": 1, "permissions": "8"}}),
        );
        feed(
            &cache,
            "GUILD_MEMBER_UPDATE",
            &json!({"guild_id": "100", "user": {"id": "2"}, "roles": ["7"]}),
        );
        let guild = cache.guild(id(100)).unwrap();
        assert_eq!(
            guild.role(id(7)).unwrap().permissions,
            Permissions::ADMINISTRATOR
        );
        assert_eq!(*cache.member(id(100), id(2)).unwrap().roles, [id(7)]);
        feed(
            &cache,
            "GUILD_ROLE_DELETE",
            &json!({"guild_id": "100", "role_id": "7"}),
        );
        assert!(cache.guild(id(100)).unwrap().role(id(7)).is_none());
        feed(
            &cache,
            "CHANNEL_UPDATE",
            &json!({"id": "500", "guild_id": "100", "type": 0, "name": "hall", "permission_overwrites":
                [{"id": "7", "type": 0, "allow": "0", "deny": "1024"}]}),
        );
        assert_eq!(cache.channel(id(500)).unwrap().overwrites.len(), 1);
        feed(
            &cache,
            "CHANNEL_DELETE",
            &json!({"id": "500", "guild_id": "100", "type": 0}),
        );
        assert!(cache.channel(id(500)).is_none());
        assert!(cache.channel(id(600)).is_none(), "its threads go with it");
        feed(&cache, "GUILD_DELETE", &json!({"id": "100"}));
        assert!(cache.guild(id(100)).is_none());
    }

    #[test]
    fn a_new_session_starts_from_nothing() {
        let cache = filled();
        feed(&cache, "READY", &json!({"user": {"id": "2"}}));
        assert_eq!(cache.guild_count(), 0);
        assert!(cache.channel(id(500)).is_none());
    }

    #[test]
    fn an_archived_thread_is_let_go_and_a_list_replaces_threads() {
        let cache = filled();
        feed(
            &cache,
            "THREAD_LIST_SYNC",
            &json!({"guild_id": "100", "channel_ids": ["500"],
                "threads": [{"id": "601", "type": 11, "name": "b", "parent_id": "500", "guild_id": "100"}]}),
        );
        assert!(cache.channel(id(600)).is_none());
        assert!(cache.channel(id(601)).is_some());
        feed(
            &cache,
            "THREAD_UPDATE",
            &json!({"id": "601", "guild_id": "100", "type": 11, "parent_id": "500",
                "thread_metadata": {"archived": true}}),
        );
        assert!(cache.channel(id(601)).is_none());
    }

    #[test]
    fn an_event_that_cannot_be_read_makes_its_guild_unknown() {
        let cache = filled();
        let broken = json!({"id": "500", "guild_id": "100", "type": "text"}).to_string();
        assert!(cache.apply("CHANNEL_UPDATE", &broken).is_err());
        assert!(cache.guild(id(100)).is_none());
        assert!(cache.channel(id(500)).is_none());
    }

    #[test]
    fn members_are_kept_up_to_the_limit() {
        let cache = Cache::with_members(2);
        cache.set_live(true);
        feed(&cache, "READY", &json!({"user": {"id": "2"}}));
        let member =
            |user: u64| json!({"guild_id": "100", "user": {"id": user.to_string()}, "roles": []});
        feed(
            &cache,
            "GUILD_CREATE",
            &json!({"id": "100", "owner_id": "1", "roles": [], "members": [member(2), member(3)]}),
        );
        feed(&cache, "GUILD_MEMBER_ADD", &member(4));
        feed(&cache, "GUILD_MEMBER_ADD", &member(5));
        assert!(cache.member(id(100), id(4)).is_some());
        assert!(cache.member(id(100), id(5)).is_none());
        feed(&cache, "GUILD_MEMBER_REMOVE", &member(4));
        feed(&cache, "GUILD_MEMBER_ADD", &member(5));
        assert!(cache.member(id(100), id(5)).is_some());
        assert!(cache.member(id(100), id(2)).is_some());
    }
}
