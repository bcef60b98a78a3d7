//! What links claimed of guilds, held against where their channels really are. A link is never
//! believed: the channel's own guild is what every check looks at.

use catalogue::links::Claim;
use model::{HandsError, Reason, Stage, Surroundings};

use crate::{answer::Declined, record::Record, trouble};

/// Refuse a call whose links lead elsewhere than they say. Asked after check 3, so that nobody
/// learns anything of guilds that they may not use.
pub(crate) async fn hold(
    surroundings: &dyn Surroundings,
    record: &Record,
    claims: &[Claim],
) -> Result<(), Declined> {
    for claim in claims {
        let place = match surroundings.channel(claim.channel).await {
            Ok(place) => place,
            // Discord hides what the bot may not see in either way.
            Err(HandsError::Api {
                status: 403 | 404, ..
            }) => None,
            Err(error) => return Err(trouble::reading(record, &error)),
        };
        if place.and_then(|place| place.guild_id) != Some(claim.guild) {
            let reason = Reason::new(
                "link_disagrees",
                format!(
                    "the link says that channel {} is in guild {}, and it is not",
                    claim.channel, claim.guild
                ),
            )
            .with_hint("copy the link anew in Discord, or give the ids themselves");
            return Err(record.refuse(Some(Stage::GuildInstallation), reason));
        }
    }
    Ok(())
}
