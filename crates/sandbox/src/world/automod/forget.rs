//! Rules and the rights to commands do not outlive the roles and channels that they name.

use super::Effect;
use crate::snowflake::Snowflake;
use crate::world::World;

impl World {
    /// Takes a role or channel that is gone out of a guild's rules and command permissions.
    pub(crate) fn unname_in_rules(&mut self, guild: Snowflake, gone: Snowflake) {
        let Some(guild) = self.guilds.get_mut(&guild) else {
            return;
        };
        for rule in guild.automod.values_mut() {
            rule.exempt_roles.remove(&gone);
            rule.exempt_channels.remove(&gone);
            let alerts = Effect::Alert { channel: gone };
            rule.effects.retain(|effect| *effect != alerts);
        }
        guild.command_permissions.retain(|_, kept| {
            kept.forget(gone);
            !kept.is_empty()
        });
    }
}
