//! Ids that name something: everything that a world keeps is walked, and each id in it must lead
//! somewhere. Whoever adds state with ids names their kind here, or says why they may dangle.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Found;
use crate::snowflake::Snowflake;
use crate::world::World;

/// The kind of thing that an id under a key names.
#[derive(Clone, Copy)]
enum Kind {
    Guild,
    Channel,
    User,
    Role,
    /// A user or a webhook that has written a message; webhooks may be gone since.
    Author,
    /// Its own id, or something that may be gone; nothing to look up.
    Free,
}

/// Keys under which ids stand, wherever they are.
const KEYS: &[(&str, Kind)] = &[
    ("actioned_by", Kind::User),
    ("afk_channel_id", Kind::Channel),
    // Options of onboarding that someone chose; those that are gone are forgotten.
    ("answers", Kind::Free),
    ("application", Kind::User),
    ("application_id", Kind::User),
    ("author_id", Kind::Author),
    ("author_ids", Kind::User),
    ("bot_id", Kind::User),
    ("channel", Kind::Channel),
    ("channel_id", Kind::Channel),
    ("channel_ids", Kind::Channel),
    ("creator", Kind::User),
    ("creator_id", Kind::User),
    ("default_channel_ids", Kind::Channel),
    // Of a sound, which loses it with the emoji.
    ("emoji_id", Kind::Free),
    // The stage of an event, which may be over.
    ("entity_id", Kind::Free),
    // The event of a stage.
    ("event_id", Kind::Free),
    ("exempt_channels", Kind::Channel),
    ("exempt_roles", Kind::Role),
    ("group", Kind::Free),
    ("guild_id", Kind::Guild),
    ("id", Kind::Free),
    ("inviter", Kind::User),
    // The last message may have been deleted (Discord: Channel › Channel Object).
    ("last_message_id", Kind::Free),
    ("opened_by", Kind::User),
    ("owner", Kind::User),
    ("owner_id", Kind::User),
    ("parent_id", Kind::Channel),
    ("public_updates_channel_id", Kind::Channel),
    ("recipients", Kind::User),
    ("role_ids", Kind::Role),
    ("rules_channel_id", Kind::Channel),
    ("safety_alerts_channel_id", Kind::Channel),
    ("source", Kind::Channel),
    ("subscribers", Kind::User),
    ("system_channel_id", Kind::Channel),
    ("user", Kind::User),
    ("user_id", Kind::User),
    ("users", Kind::User),
    ("version", Kind::Free),
    ("widget_channel_id", Kind::Channel),
];

/// Places whose ids may lead nowhere; `*` is any one step.
const HISTORY: &[(&str, &str)] = &[
    ("guilds.*.audit", "tells of what is gone"),
    ("guilds.*.template.snapshot", "a copy of what was"),
    (
        "messages.*.*.reference",
        "the message it points at may be deleted",
    ),
    ("messages.*.*.snapshot", "a copy of what was"),
    ("messages.*.*.interaction", "interactions are forgotten"),
    ("messages.*.*.mentions", "as it was written"),
    ("messages.*.*.mention_roles", "as it was written"),
    ("messages.*.*.components", "as it was written"),
    ("messages.*.*.embeds", "as it was written"),
    ("messages.*.*.nonce", "the client's own number"),
    ("messages.*.*.reactions.*.emoji", "outlives its emoji"),
    ("messages.*.*.sticker_items", "outlives its sticker"),
    ("messages.*.*.poll.answers", "outlives its emoji"),
    (
        "channels.*.settings.default_reaction_emoji",
        "outlives its emoji",
    ),
    (
        "channels.*.settings.available_tags",
        "ids of their own, and of emojis",
    ),
    (
        "channels.*.thread.applied_tags",
        "looked at with the thread",
    ),
    ("channels.*.overwrites", "looked at with the channel"),
    ("activities", "outlast their channels"),
    ("applications.*.state.settings", "as its bot wrote it"),
    (
        "applications.*.state.role_connections",
        "as its bot wrote it",
    ),
    ("applications.*.state.command_creates", "counts"),
    ("commands.*.settings", "as its bot wrote it"),
    ("commerce", "what was bought stays bought"),
    ("guilds.*.automod.*.trigger", "words"),
    ("invite_targets", "as the file named them"),
    ("lobbies.*.metadata", "as the bot wrote it"),
    ("lobbies.*.members.*.metadata", "as the bot wrote it"),
    ("files", "links outlive their messages"),
    ("home", "where newcomers were led first"),
    ("ids", "the generator's"),
    ("interactions", "what people did"),
    ("link_salt", "a number"),
    ("nonces", "of messages that may be deleted"),
    ("rng", "numbers"),
    ("session_starts", "counts"),
    ("slow_mode", "of channels that may be gone"),
    ("timers", "reminders of things that may be gone"),
];

/// Maps whose keys are ids of what they hold, or of what it belongs to.
const MAPS: &[(&str, Kind)] = &[
    ("applications", Kind::User),
    ("channels", Kind::Free),
    ("guilds", Kind::Free),
    ("users", Kind::Free),
    ("commands", Kind::Free),
    ("webhooks", Kind::Free),
    ("messages", Kind::Channel),
    ("messages.*", Kind::Free),
    ("presences", Kind::User),
    ("tokens", Kind::User),
    ("guilds.*.roles", Kind::Free),
    ("guilds.*.members", Kind::User),
    ("guilds.*.bans", Kind::User),
    ("guilds.*.emojis", Kind::Free),
    ("guilds.*.stickers", Kind::Free),
    ("guilds.*.automod", Kind::Free),
    ("guilds.*.command_permissions", Kind::Free),
    ("lobbies", Kind::Free),
    ("lobbies.*.members", Kind::User),
    ("applications.*.state.emojis", Kind::Free),
    ("applications.*.state.skus", Kind::Free),
    ("guilds.*.voice_states", Kind::User),
    ("guilds.*.stages", Kind::Channel),
    ("guilds.*.community.onboarding.answers", Kind::User),
    ("guilds.*.members.*.roles", Kind::Role),
    ("guilds.*.emojis.*.roles", Kind::Role),
    ("channels.*.thread.members", Kind::User),
    ("messages.*.*.poll.votes.*", Kind::User),
];

pub(super) fn check(world: &World, found: &mut Found) {
    let Ok(whole) = serde_json::to_value(world) else {
        return found.expect(false, || "the world cannot be written down".to_owned());
    };
    let mut walk = Walk {
        world,
        roles: world
            .guilds
            .values()
            .flat_map(|guild| guild.roles.keys().copied())
            .collect(),
        path: Vec::new(),
        found,
    };
    walk.look(&whole);
}

struct Walk<'a> {
    world: &'a World,
    roles: BTreeSet<Snowflake>,
    path: Vec<String>,
    found: &'a mut Found,
}

impl Walk<'_> {
    fn look(&mut self, value: &Value) {
        if HISTORY.iter().any(|(place, _)| self.is_at(place)) {
            return;
        }
        match value {
            Value::Object(fields) => {
                let keyed = self.map();
                for (key, value) in fields {
                    if let Some(kind) = keyed
                        && let Ok(id) = key.parse()
                    {
                        self.check(kind, id);
                    }
                    self.step(key, value);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.step(&index.to_string(), item);
                }
            }
            Value::String(text) => {
                if let Some(id) = as_id(text) {
                    self.named(id);
                }
            }
            _ => {}
        }
    }

    fn step(&mut self, key: &str, value: &Value) {
        self.path.push(key.to_owned());
        self.look(value);
        self.path.pop();
    }

    /// An id stands here: its kind is known by the map or list around it, or by the nearest name.
    fn named(&mut self, id: Snowflake) {
        if let Some(last) = self.path.pop() {
            let keyed = self.map();
            self.path.push(last);
            if let Some(kind) = keyed {
                return self.check(kind, id);
            }
        }
        let is_name = |step: &&String| step.parse::<usize>().is_err();
        let name = self.path.iter().rev().find(is_name).cloned();
        let name = name.unwrap_or_default();
        if let Some((_, kind)) = KEYS.iter().find(|(key, _)| *key == name) {
            return self.check(*kind, id);
        }
        let place = self.path.join(".");
        let text = format!("{place}: nobody says what the id {id} under {name} names");
        self.found.expect(false, || text);
    }

    fn check(&mut self, kind: Kind, id: Snowflake) {
        let world = self.world;
        let (exists, what) = match kind {
            Kind::Guild => (world.guilds.contains_key(&id), "guild"),
            Kind::Channel => (world.channels.contains_key(&id), "channel"),
            Kind::User => (world.users.contains_key(&id), "user"),
            Kind::Role => (self.roles.contains(&id), "role"),
            Kind::Author | Kind::Free => (true, ""),
        };
        let place = &self.path;
        self.found
            .expect(exists, || format!("{}: no {what} {id}", place.join(".")));
    }

    fn map(&self) -> Option<Kind> {
        let known = MAPS.iter().find(|(place, _)| self.is_at(place));
        known.map(|(_, kind)| *kind)
    }

    fn is_at(&self, place: &str) -> bool {
        let steps: Vec<_> = place.split('.').collect();
        let same = |(step, own): (&&str, &String)| *step == "*" || step == own;
        steps.len() == self.path.len() && steps.iter().zip(&self.path).all(same)
    }
}

/// Ids have at least 15 digits since 2015's first hours; shorter numbers are numbers.
fn as_id(text: &str) -> Option<Snowflake> {
    (text.len() >= 15 && text.len() <= 20)
        .then(|| text.parse().ok())
        .flatten()
}
