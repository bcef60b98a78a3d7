//! How far the questions of a workspace reach. Its own policy may ask in its own guilds; elsewhere,
//! and by direct message, only whom the operator's policy asks. Else whoever writes a policy for one
//! workspace could let the bot speak in the guilds of others.

use model::approval::{Address, Approval};

use super::house::{Unsent, lasting, passing, unsent};
use crate::Gate;

impl Gate {
    /// Whether a question may go there.
    pub(super) async fn reaches(&self, approval: &Approval, to: Address) -> Result<(), Unsent> {
        let workspace = &approval.call.principal.workspace;
        let policy = self.standing(workspace).policy;
        let operators = policy.ceiling.as_ref().unwrap_or(&policy);
        let mut ways = operators.approvals.values();
        let (named, channel) = match to {
            Address::Channel(channel) => {
                (ways.any(|way| way.channel == Some(channel)), Some(channel))
            }
            Address::User(user) => (ways.any(|way| way.users.contains(&user)), None),
        };
        if named {
            return Ok(());
        }
        let Some(channel) = channel else {
            // Direct messages are the default workspace's, as everywhere.
            return if workspace.is_default() {
                Ok(())
            } else {
                Err(lasting(&format!(
                    "the policy of \"{workspace}\" asks somebody by direct message whom the \
                     operator's policy does not name"
                )))
            };
        };
        let place = self.0.surroundings.channel(channel).await;
        let guild = place
            .map_err(|error| unsent(&error))?
            .and_then(|place| place.guild_id);
        let tenancy = self.0.tenants.tenancy().await;
        let tenancy = tenancy.map_err(|error| passing(error.to_string()))?;
        // What is not there, or is in no guild, is refused by the checks of the house.
        if guild.is_none_or(|guild| tenancy.owns(workspace, guild)) {
            return Ok(());
        }
        Err(lasting(&format!(
            "channel {channel} is in no guild of \"{workspace}\", and the operator's policy does \
             not ask there"
        )))
    }
}
