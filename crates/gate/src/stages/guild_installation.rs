//! Check 3: the bot is installed in the guild, and the guild is allowed. Unknown means no.

use model::Reason;
use policy::{Policy, Ruling, guilds};

use super::deny;
use crate::facts::Places;

/// Judge every place the call concerns, the operator's list first.
pub(crate) fn guild_installation(policy: &Policy, places: &Places) -> Ruling {
    let listed = guilds(policy, &places.whereabouts);
    if !listed.verdict.allows() {
        return listed;
    }
    match places.not_installed.first() {
        None => listed,
        Some(guild) => deny(
            Reason::new("not_installed", format!("the bot is not in guild {guild}"))
                .with_hint("someone with MANAGE_GUILD there must invite the bot, or check the id"),
        ),
    }
}
