//! Names of members against the rules for profiles: who trips one may only look on.

use super::effect::Scene;
use super::screen::{Hit, has_exempt_role};
use super::{Effect, Trigger};
use crate::snowflake::Snowflake;
use crate::world::World;

/// Discord: Guild Member Flags, `AUTOMOD_QUARANTINED_USERNAME`.
pub(crate) const QUARANTINED: u64 = 1 << 7;

impl World {
    /// Judges a member's names anew, after they came in or a name changed.
    pub(crate) fn screen_profile(&mut self, guild_id: Snowflake, user: Snowflake) {
        let Some((content, hit)) = self.tripped_profile(guild_id, user) else {
            self.set_quarantine(guild_id, user, 0);
            return;
        };
        let scene = Scene {
            guild: guild_id,
            user,
            channel: None,
            message: None,
        };
        let quarantined = hit.rule.effects.contains(&Effect::Quarantine);
        if !quarantined || self.set_quarantine(guild_id, user, QUARANTINED) {
            self.carry_out(scene, &content, &hit);
        }
    }

    fn tripped_profile(&self, guild_id: Snowflake, user: Snowflake) -> Option<(String, Hit)> {
        let guild = self.guilds.get(&guild_id)?;
        if guild.automod.is_empty() || self.is_above_rules(guild, user) {
            return None;
        }
        let account = self.users.get(&user)?;
        let member = guild.members.get(&user)?;
        let names = [
            member.nick.as_ref(),
            account.global_name.as_ref(),
            Some(&account.username),
        ];
        let rules = guild.automod.values();
        let rules = rules.filter(|rule| rule.enabled && !has_exempt_role(guild, user, rule));
        for rule in rules {
            let Trigger::Profile(words) = &rule.trigger else {
                continue;
            };
            for name in names.into_iter().flatten() {
                if let Some(found) = words.find(name) {
                    let rule = rule.clone();
                    return Some((name.clone(), Hit { rule, found }));
                }
            }
        }
        None
    }

    /// Whether that changed anything.
    fn set_quarantine(&mut self, guild: Snowflake, user: Snowflake, flag: u64) -> bool {
        let Ok(member) = self.member_mut(guild, user) else {
            return false;
        };
        let flags = member.flags & !QUARANTINED | flag;
        let changed = member.flags != flags;
        member.flags = flags;
        if changed {
            self.tell_member(guild, user);
        }
        changed
    }
}
