//! What rights mean in voice: room, speaking, losing access, and the channel of the absent.

use super::VoiceState;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::channel::ChannelKind;
use crate::world::timers::Due;
use crate::world::{Answer, Refusal, World};

/// Seconds after which the absent are moved, where a guild has not said so.
const DEFAULT_AFK_SECONDS: u64 = 300;

impl World {
    /// A full channel lets in only those who could move others there.
    pub(super) fn require_room(
        &self,
        user: Snowflake,
        guild: Snowflake,
        channel: Snowflake,
    ) -> Answer<()> {
        let settings = self.channels.get(&channel).map(|channel| &channel.settings);
        let limit = settings
            .and_then(|settings| settings.get("user_limit")?.as_u64())
            .filter(|limit| *limit > 0);
        let inside = self.listeners(guild, channel) as u64;
        let full = limit.is_some_and(|limit| inside >= limit);
        if full && self.permissions_in(user, channel) & bits::MOVE_MEMBERS == 0 {
            return Err(Refusal::missing_permissions());
        }
        Ok(())
    }

    /// Whether one who comes into a channel may not speak yet.
    pub(super) fn starts_suppressed(
        &self,
        guild: Snowflake,
        user: Snowflake,
        channel: Snowflake,
    ) -> bool {
        let kind = self.channels.get(&channel).map(|channel| channel.kind);
        kind == Some(ChannelKind::Stage)
            || self.afk_channel(guild) == Some(channel)
            || self.permissions_in(user, channel) & bits::SPEAK == 0
    }

    /// Rights have changed: those who lost their access leave, and who may speak is settled anew.
    pub(crate) fn reconsider_voice(&mut self, guild: Snowflake) {
        let states = self.guilds.get(&guild).map(|guild| &guild.voice_states);
        let connected: Vec<(Snowflake, VoiceState)> = states
            .into_iter()
            .flatten()
            .map(|(user, state)| (*user, state.clone()))
            .collect();
        for (user, state) in connected {
            let channel = state.channel_id;
            if state.by_right && self.permissions_in(user, channel) & bits::CONNECT == 0 {
                self.leave_voice(guild, user);
                continue;
            }
            let kind = self.channels.get(&channel).map(|channel| channel.kind);
            let suppress = self.starts_suppressed(guild, user, channel);
            if kind == Some(ChannelKind::Voice) && suppress != state.suppress {
                let states = self.guilds.get_mut(&guild).map(|it| &mut it.voice_states);
                if let Some(state) = states.and_then(|states| states.get_mut(&user)) {
                    state.suppress = suppress;
                }
                self.tell_voice_state(guild, user);
            }
        }
    }

    fn afk_channel(&self, guild: Snowflake) -> Option<Snowflake> {
        let settings = &self.guilds.get(&guild)?.settings;
        settings.get("afk_channel_id")?.as_str()?.parse().ok()
    }

    fn afk_timeout_ms(&self, guild: Snowflake) -> u64 {
        let settings = self.guilds.get(&guild).map(|guild| &guild.settings);
        let seconds = settings.and_then(|settings| settings.get("afk_timeout")?.as_u64());
        seconds.unwrap_or(DEFAULT_AFK_SECONDS) * 1_000
    }

    /// Someone is away: after the guild's time they are moved.
    pub(super) fn remind_of_idle(&mut self, guild: Snowflake, user: Snowflake) {
        let since = self
            .guilds
            .get(&guild)
            .and_then(|guild| guild.voice_states.get(&user)?.idle_since_ms);
        if let Some(since) = since {
            let at_ms = since + self.afk_timeout_ms(guild);
            self.remind(at_ms, Due::MoveIdle { guild, user });
        }
    }

    /// Moves someone who is still away to the channel for that, if there is one.
    pub(crate) fn move_if_idle(&mut self, guild: Snowflake, user: Snowflake) {
        let states = self.guilds.get(&guild).map(|guild| &guild.voice_states);
        let Some(state) = states.and_then(|states| states.get(&user)) else {
            return;
        };
        let Some(since) = state.idle_since_ms else {
            return;
        };
        if since + self.afk_timeout_ms(guild) > self.now_ms() {
            self.remind_of_idle(guild, user);
            return;
        }
        let kind = self.channels.get(&state.channel_id).map(|it| it.kind);
        let target = self
            .afk_channel(guild)
            .filter(|_| kind == Some(ChannelKind::Voice))
            .filter(|id| self.check_voice_channel(guild, Some(*id)).is_ok());
        if let Some(target) = target {
            self.put_in_voice(guild, user, target);
        }
    }
}
