//! Where the targets of a call are. What cannot be found stays unknown, and unknown means no.

use model::{ChannelId, GuildId, HandsError, Place, Surroundings, place::StickerHome};
use policy::{Lineage, Policy, Spot, Whereabouts};

use super::Aims;
use crate::{home::Home, targets::Target};

/// Where all of that is.
#[derive(Debug, Default)]
pub(crate) struct Places {
    pub whereabouts: Vec<Whereabouts>,
    /// Allowed guilds that the bot is not in.
    pub not_installed: Vec<GuildId>,
    /// Something is asked of Discord that belongs to no guild, nor to everybody.
    pub nowhere: bool,
    /// Every guild, once.
    pub guilds: Vec<GuildId>,
    pub lineages: Vec<Lineage>,
    /// Each place with the guild and everything it is in, as rules ask about it.
    pub spots: Vec<Spot>,
    /// Where the act itself happens.
    pub(super) acts: Vec<Place>,
    pub(super) touches: Vec<Place>,
}

/// Find out where everything is.
pub(crate) async fn places(
    surroundings: &dyn Surroundings,
    policy: &Policy,
    home: &Home,
    aims: &Aims,
) -> Result<Places, HandsError> {
    let mut places = Places {
        nowhere: aims.nowhere,
        ..Places::default()
    };
    for target in &aims.acts {
        let place = locate(surroundings, target).await?;
        places.note(target, place);
        places.acts.extend(place);
    }
    for target in &aims.touches {
        if aims.acts.contains(target) {
            continue;
        }
        if let Target::Sticker(sticker) = target
            && surroundings.sticker(*sticker).await? == Some(StickerHome::Discord)
        {
            continue;
        }
        let place = locate(surroundings, target).await?;
        places.note(target, place);
        places.touches.extend(place);
    }
    if policy.looks_at_channels() {
        places.lineages = lineages(surroundings, &places).await?;
    } else {
        places.lineages = places.channels().map(lineage).collect();
    }
    places.spots = spots(&places);
    for guild in &places.guilds {
        let listed = policy
            .allowed_guilds
            .as_ref()
            .is_none_or(|allowed| allowed.contains(guild));
        if listed && home.owns(*guild) && !surroundings.is_member_of(*guild).await? {
            places.not_installed.push(*guild);
        }
    }
    Ok(places)
}

impl Places {
    fn note(&mut self, target: &Target, place: Option<Place>) {
        let whereabouts = match place {
            Some(Place {
                guild_id: Some(guild),
                ..
            }) => {
                if !self.guilds.contains(&guild) {
                    self.guilds.push(guild);
                }
                Whereabouts::Guild(guild)
            }
            None if *target != Target::DirectMessage => Whereabouts::Unknown {
                what: target.describe(),
            },
            Some(_) | None => Whereabouts::DirectMessage,
        };
        self.whereabouts.push(whereabouts);
    }

    fn channels(&self) -> impl Iterator<Item = &Place> {
        self.acts
            .iter()
            .chain(&self.touches)
            .filter(|place| place.channel_id.is_some())
    }

    /// Where the act itself happens, if that is one place.
    pub(crate) fn act(&self) -> Option<&Place> {
        self.acts.first().filter(|_| self.acts.len() == 1)
    }

    /// The channel in which the act itself happens, where it happens in one.
    pub(crate) fn channel(&self) -> Option<ChannelId> {
        self.acts.iter().find_map(|place| place.channel_id)
    }

    /// For the audit row, where the call itself does not name its guild.
    pub(crate) fn guild(&self) -> Option<GuildId> {
        self.guilds.first().copied()
    }
}

async fn locate(
    surroundings: &dyn Surroundings,
    target: &Target,
) -> Result<Option<Place>, HandsError> {
    let found = match target {
        Target::Guild(guild) => Ok(Some(Place {
            guild_id: Some(*guild),
            channel_id: None,
            parent_id: None,
            is_thread: false,
        })),
        Target::Channel(channel) => surroundings.channel(*channel).await,
        Target::Webhook(webhook) => surroundings.webhook(*webhook).await,
        Target::Invite(code) => surroundings.invite(code).await,
        Target::Sticker(sticker) => {
            let home = surroundings.sticker(*sticker).await;
            home.map(|home| match home {
                Some(StickerHome::Guild(guild)) => Some(Place {
                    guild_id: Some(guild),
                    channel_id: None,
                    parent_id: None,
                    is_thread: false,
                }),
                Some(StickerHome::Discord) | None => None,
            })
        }
        Target::DirectMessage | Target::Unreadable(_) => Ok(None),
    };
    match found {
        // Discord hides what the bot may not see in either way.
        Err(HandsError::Api {
            status: 403 | 404, ..
        }) => Ok(None),
        other => other,
    }
}

/// Threads know their parent channel; its category takes one more step.
async fn lineages(
    surroundings: &dyn Surroundings,
    places: &Places,
) -> Result<Vec<Lineage>, HandsError> {
    let mut lineages = Vec::new();
    for place in places.channels() {
        let mut lineage = lineage(place);
        if place.is_thread
            && let Some(parent) = place.parent_id
            && let Some(above) = locate(surroundings, &Target::Channel(parent)).await?
        {
            lineage.parents.extend(above.parent_id);
        }
        lineages.push(lineage);
    }
    Ok(lineages)
}

/// Every place once. A conversation that is yet to be opened is one too.
fn spots(places: &Places) -> Vec<Spot> {
    let mut lineages = places.lineages.iter();
    let mut spots: Vec<Spot> = Vec::new();
    for place in places.acts.iter().chain(&places.touches) {
        let lineage = place.channel_id.and_then(|_| lineages.next());
        let spot = Spot {
            guild: place.guild_id,
            channels: lineage.map_or_else(Vec::new, |it| it.all().copied().collect()),
        };
        if !spots.contains(&spot) {
            spots.push(spot);
        }
    }
    let outside = |spot: &Spot| spot.guild.is_none();
    if places.whereabouts.contains(&Whereabouts::DirectMessage) && !spots.iter().any(outside) {
        spots.push(Spot::default());
    }
    spots
}

fn lineage(place: &Place) -> Lineage {
    Lineage {
        channel: place
            .channel_id
            .expect("only places in channels have a lineage"),
        parents: place.parent_id.into_iter().collect(),
    }
}
