//! What a list may show: neither guilds nor channels that the caller may not use, nor what is in
//! them. A list of a whole guild is allowed as such; only its items say where they are.

use std::collections::{HashMap, hash_map::Entry};

use model::{ChannelId, GuildId, Origin, Permissions, Surroundings, UserId, place::Subject};
use policy::{Lineage, Spot, Whereabouts};
use serde_json::Value;

use crate::{Gate, case::Case};

impl Gate {
    /// Leave out of a view what the caller may not see.
    pub(crate) async fn keep_allowed(&self, case: &Case, view: &mut Value) {
        if let Some(field) = case.tool.guild_list() {
            keep_allowed_guilds(case, &mut view[field]);
        }
        for field in case.tool.channel_lists() {
            if let Some(list) = view.get_mut(field) {
                keep_allowed_channels(case, list);
            }
        }
        if let Some((field, pointer)) = case.tool.channel_names()
            && let Some(list) = view.get_mut(field)
        {
            keep_in_allowed_channels(&*self.0.surroundings, case, list, pointer).await;
        }
        if let Origin::Discord { user, .. } = case.origin {
            for field in case.tool.channel_lists() {
                if let Some(list) = view.get_mut(field) {
                    self.keep_visible(case, user, list, "/id").await;
                }
            }
            if let Some((field, pointer)) = case.tool.channel_names()
                && let Some(list) = view.get_mut(field)
            {
                self.keep_visible(case, user, list, pointer).await;
            }
        }
    }

    /// Whoever asked in Discord does not learn of channels that they cannot see there. What nobody
    /// can say of a channel counts as no.
    async fn keep_visible(&self, case: &Case, user: UserId, list: &mut Value, pointer: &str) {
        let (Some(items), Some(guild)) = (list.as_array_mut(), case.places.guild()) else {
            return;
        };
        let mut kept = Vec::with_capacity(items.len());
        for item in items.drain(..) {
            let channel = match item.pointer(pointer).and_then(Value::as_str) {
                Some(id) => id.parse().ok(),
                // It is in no channel.
                None if pointer != "/id" => {
                    kept.push(item);
                    continue;
                }
                None => None,
            };
            let Some(channel) = channel else { continue };
            let view = Permissions::VIEW_CHANNEL;
            let asked = Subject::Member(user);
            let surroundings = &self.0.surroundings;
            let lacks = surroundings.lacks(asked, guild, Some(channel), view).await;
            if lacks.is_ok_and(|lacks| lacks.is_empty()) {
                kept.push(item);
            }
        }
        *items = kept;
    }
}

/// Whoever may not look into a guild does not learn from a list that the bot is in it.
fn keep_allowed_guilds(case: &Case, list: &mut Value) {
    if let Some(guilds) = list.as_array_mut() {
        guilds.retain(|guild| {
            let id = guild["id"].as_str().and_then(|id| id.parse().ok());
            id.is_some_and(|id| may_look_into(case, id))
        });
    }
}

/// Names and topics of channels that may not be used are not shown beside the others.
fn keep_allowed_channels(case: &Case, list: &mut Value) {
    let id = |value: &Value| value.as_str().and_then(|id| id.parse().ok());
    let around = &case.places.lineages;
    if let Some(channels) = list.as_array_mut() {
        channels.retain(|item| {
            let Some(channel) = id(&item["id"]) else {
                return false;
            };
            let mut parents: Vec<ChannelId> = id(&item["parent_id"]).into_iter().collect();
            for asked in around {
                if parents.is_empty() || parents.contains(&asked.channel) {
                    parents.push(asked.channel);
                    parents.extend(&asked.parents);
                }
            }
            let lineage = Lineage { channel, parents };
            may_show(case, &lineage, case.places.guild())
        });
    }
}

/// Things in channels are shown where their channel may be used; where nobody knows the channel,
/// as after it was deleted, they are not.
async fn keep_in_allowed_channels(
    surroundings: &dyn Surroundings,
    case: &Case,
    list: &mut Value,
    pointer: &str,
) {
    if !case.standing.policy.looks_at_channels() {
        return;
    }
    let Some(items) = list.as_array_mut() else {
        return;
    };
    let channel = |item: &Value| {
        item.pointer(pointer)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let mut known: HashMap<String, bool> = HashMap::new();
    for named in items.iter().filter_map(channel) {
        if let Entry::Vacant(place) = known.entry(named) {
            let lineage = lineage_of(surroundings, place.key()).await;
            let allowed = |(it, guild): (Lineage, _)| may_show(case, &it, guild);
            place.insert(lineage.is_some_and(allowed));
        }
    }
    items.retain(|item| channel(item).is_none_or(|named| known.get(&named) == Some(&true)));
}

/// A channel with everything it is in: the channel of a thread, the category of that.
pub(crate) async fn lineage_of(
    surroundings: &dyn Surroundings,
    channel: &str,
) -> Option<(Lineage, Option<GuildId>)> {
    let channel: ChannelId = channel.parse().ok()?;
    let place = surroundings.channel(channel).await.ok()??;
    let mut parents: Vec<ChannelId> = place.parent_id.into_iter().collect();
    if let (true, Some(parent)) = (place.is_thread, place.parent_id) {
        parents.extend(surroundings.channel(parent).await.ok()??.parent_id);
    }
    Some((Lineage { channel, parents }, place.guild_id))
}

/// Whether lists and rules leave the tool to the caller in this channel too.
fn may_show(case: &Case, lineage: &Lineage, guild: Option<GuildId>) -> bool {
    let spot = Spot {
        guild,
        channels: lineage.all().copied().collect(),
    };
    case.enters(&spot) && case.reaches(spot)
}

fn may_look_into(case: &Case, guild: GuildId) -> bool {
    let policy = &case.standing.policy;
    let listed = policy::guilds(policy, &[Whereabouts::Guild(guild)]);
    case.home.owns(guild) && listed.verdict.allows() && case.reaches(Spot::guild(guild))
}
