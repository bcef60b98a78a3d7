//! Whether people can be asked as the policy wants it: the Gateway hears them, and the bot may post
//! where it says. Said at the start and by `doctor`, because a question that nobody sees is a no.

use model::{ChannelId, Permissions, Surroundings, place::Subject};
use policy::{Policy, PostTo};

use crate::config::Config;

/// What posting a question takes.
const NEEDS: Permissions = Permissions::VIEW_CHANNEL
    .union(Permissions::SEND_MESSAGES)
    .union(Permissions::EMBED_LINKS);

/// What stands in the way of asking people, one sentence each, with what to do.
pub(crate) async fn obstacles(
    config: &Config,
    policy: &Policy,
    surroundings: &dyn Surroundings,
) -> Vec<(String, String)> {
    if policy.approvals.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    if !config.gateway {
        found.push((
            "the policy asks people, and without the Gateway nobody hears their answers".to_owned(),
            "switch discord.gateway on".to_owned(),
        ));
    }
    if policy.read_only {
        found.push((
            "the policy asks people, and a read-only service asks nobody".to_owned(),
            "leave --read-only out, or take the approvals out of the policy".to_owned(),
        ));
    }
    for (name, way) in &policy.approvals {
        match (way.post_to, way.channel) {
            (PostTo::Channel | PostTo::ThreadOfOrigin, Some(channel)) => {
                if let Some((what, advice)) = cannot_post(surroundings, channel).await {
                    found.push((format!("approvals.{name}: {what}"), advice));
                }
            }
            (PostTo::ThreadOfOrigin, None) => found.push((
                format!(
                    "approvals.{name}: calls that do not come from Discord have nowhere to ask, \
                     and are refused"
                ),
                "set `channel` as well".to_owned(),
            )),
            (PostTo::DirectMessage, _) | (PostTo::Channel, None) => {}
        }
    }
    found
}

async fn cannot_post(
    surroundings: &dyn Surroundings,
    channel: ChannelId,
) -> Option<(String, String)> {
    let guild = match surroundings.channel(channel).await {
        Ok(Some(place)) => place.guild_id?,
        Ok(None) => {
            return Some((
                format!("channel {channel} is unknown to the bot"),
                "check the id, and VIEW_CHANNEL".to_owned(),
            ));
        }
        Err(error) => return Some((error.to_string(), "try again".to_owned())),
    };
    let lacks = surroundings.lacks(Subject::Bot, guild, Some(channel), NEEDS);
    match lacks.await {
        Ok(lacks) => lacks.first().map(|lack| {
            (
                format!(
                    "the bot lacks {} in channel {channel}: {}",
                    lack.permission, lack.because
                ),
                lack.remedy.clone(),
            )
        }),
        Err(error) => Some((error.to_string(), "try again".to_owned())),
    }
}
