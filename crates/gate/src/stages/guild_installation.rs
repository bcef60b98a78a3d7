//! Check 3: the guild belongs to the caller's workspace, the operator allows it, and the bot is in
//! it. Unknown means no.

use model::Reason;
use policy::{Policy, Ruling, Whereabouts, guilds};

use super::deny;
use crate::{facts::Places, home::Home};

/// Judge every place the call concerns, the operator's list first. Whether the bot is in a guild
/// of another workspace is not told, nor whose it is.
pub(crate) fn guild_installation(policy: &Policy, places: &Places, home: &Home) -> Ruling {
    let listed = guilds(policy, &places.whereabouts);
    if !listed.verdict.allows() {
        return listed;
    }
    if let Some(reason) = elsewhere(places, home) {
        return deny(reason);
    }
    match places.not_installed.first() {
        None => listed,
        Some(guild) => deny(
            Reason::new("not_installed", format!("the bot is not in guild {guild}"))
                .with_hint("someone with MANAGE_GUILD there must invite the bot, or check the id"),
        ),
    }
}

/// What of it is not this workspace's.
fn elsewhere(places: &Places, home: &Home) -> Option<Reason> {
    let workspace = home.workspace();
    let guilds = places.whereabouts.iter().filter_map(|place| match place {
        Whereabouts::Guild(guild) => Some(*guild),
        Whereabouts::DirectMessage | Whereabouts::Unknown { .. } => None,
    });
    let mut guilds = guilds.chain(places.guilds.iter().copied());
    if let Some(guild) = guilds.find(|guild| !home.owns(*guild)) {
        let reason = Reason::new(
            "guild_of_other_workspace",
            format!("guild {guild} does not belong to the workspace \"{workspace}\""),
        );
        return Some(reason.with_hint("use a guild that is installed in the workspace"));
    }
    if home.keeps_the_bot() {
        return None;
    }
    let in_messages = places.whereabouts.contains(&Whereabouts::DirectMessage);
    (in_messages || places.nowhere).then(|| {
        let what = if in_messages {
            "direct messages belong"
        } else {
            "the bot itself, and what belongs to no guild, belong"
        };
        Reason::new(
            "not_in_a_guild",
            format!("{what} to the default workspace, not to \"{workspace}\""),
        )
        .with_hint("use a guild that is installed in the workspace")
    })
}
