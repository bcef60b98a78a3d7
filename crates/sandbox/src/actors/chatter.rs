//! Ambient chatter: members say plausible things at a rate, for load and for liveliness.

use std::sync::Arc;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::ActorError;
use super::spec::ChatterSpec;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::{Actor, ChannelKind, NewMessage, World};

/// Members among whom the speakers are drawn.
const MAX_PEOPLE: usize = 1_000;

const OPENINGS: &[&str] = &[
    "Good morning!",
    "Quick question:",
    "Follow-up on yesterday:",
    "For the record,",
    "Small update:",
    "Nice,",
    "Agreed,",
    "Hm,",
    "One more thing:",
    "Thanks,",
    "By the way,",
    "Side note:",
];
const SUBJECTS: &[&str] = &[
    "the new build",
    "the onboarding page",
    "the nightly backup",
    "the export",
    "the search",
    "the draft of the guide",
    "the test on the slow machine",
    "the dark theme",
    "the meeting on Thursday",
    "the release notes",
    "the map editor",
    "the invite link",
    "the sound in the workshop",
    "the list of open questions",
];
const ENDINGS: &[&str] = &[
    "works for me now.",
    "is faster than last week.",
    "still needs a second pair of eyes.",
    "looks good.",
    "could use a better name.",
    "fails when the name has an umlaut.",
    "is ready for a review.",
    "moved to next week.",
    "was fixed this morning.",
    "is documented in the pinned message.",
    "is where I would start.",
    "made my day.",
    "takes about ten minutes.",
    "surprised me a little.",
    "is what newcomers ask about most.",
    "can wait until tomorrow.",
];

/// Chatter that goes on.
#[derive(Debug)]
pub(super) struct Chatter {
    /// Who may write where.
    places: Arc<[Place]>,
    per_second: u64,
    left: Option<u64>,
    said: u64,
    /// The moment from which `said` counts; messages are due at even distances.
    from_ms: u64,
}

#[derive(Debug)]
struct Place {
    channel: Snowflake,
    people: Vec<Snowflake>,
}

/// One message that is due.
#[derive(Debug)]
pub(super) struct Line {
    channel: Snowflake,
    person: Snowflake,
    text: String,
}

impl Chatter {
    /// Finds out who may speak where.
    pub(super) fn new(world: &World, spec: &ChatterSpec) -> Result<Self, ActorError> {
        let guild = match &spec.guild {
            Some(name) => world.guild_named(name)?,
            None => world.home.guild,
        };
        let mut people = Vec::with_capacity(spec.people.len());
        for name in &spec.people {
            people.push(world.user_named(name)?);
        }
        if people.is_empty() {
            let members = world.guilds.get(&guild).map(|guild| &guild.members);
            let is_person = |id: &&Snowflake| world.users.get(id).is_some_and(|user| !user.bot);
            let members = members.into_iter().flat_map(|members| members.keys());
            people.extend(members.filter(is_person).take(MAX_PEOPLE));
        }
        let mut channels = Vec::with_capacity(spec.channels.len());
        for name in &spec.channels {
            channels.push(world.channel_named(name, Some(guild))?);
        }
        if channels.is_empty() {
            let text = |id: &&Snowflake| {
                let channel = world.channels.get(id);
                channel.is_some_and(|it| it.guild_id == Some(guild) && it.kind == ChannelKind::Text)
            };
            channels.extend(world.channels.keys().filter(text));
        }
        let places: Vec<_> = channels
            .into_iter()
            .map(|channel| Place {
                channel,
                people: speakers(world, channel, &people),
            })
            .filter(|place| !place.people.is_empty())
            .collect();
        if places.is_empty() {
            return Err(ActorError::Mute);
        }
        Ok(Self {
            places: places.into(),
            per_second: spec.per_second.into(),
            left: spec.count,
            said: 0,
            from_ms: world.now_ms(),
        })
    }

    /// The next message; `at_ms` becomes the moment of the one after it.
    pub(super) fn next(&mut self, at_ms: &mut u64, dice: &mut ChaCha8Rng) -> Option<Line> {
        self.left = match self.left {
            Some(0) => return None,
            left => left.map(|left| left - 1),
        };
        self.said += 1;
        *at_ms = self.from_ms + self.said * 1_000 / self.per_second;
        let place = &self.places[dice.random_range(0..self.places.len())];
        let person = place.people[dice.random_range(0..place.people.len())];
        let mut one = |of: &[&'static str]| of[dice.random_range(0..of.len())];
        let text = format!("{} {} {}", one(OPENINGS), one(SUBJECTS), one(ENDINGS));
        Some(Line {
            channel: place.channel,
            person,
            text,
        })
    }

    /// Gives up what should have been said before `now_ms`; answers how many messages.
    pub(super) fn skip(&mut self, now_ms: u64) -> u64 {
        let due = now_ms.saturating_sub(self.from_ms) * self.per_second / 1_000;
        let missed = due.saturating_sub(self.said);
        let missed = self.left.map_or(missed, |left| left.min(missed));
        self.left = self.left.map(|left| left - missed);
        self.from_ms = now_ms;
        self.said = 0;
        missed
    }
}

impl Line {
    /// Says it, by the rules that hold for everyone.
    pub(super) fn say(self, world: &mut World) -> Result<(), String> {
        let refused = |refusal: crate::world::Refusal| format!("say: {}", refusal.message);
        let body = json!({ "content": self.text });
        let new = NewMessage::parse(&body, Vec::new()).map_err(refused)?;
        let person = Actor::from(self.person);
        let said = world.create_message(&person, self.channel, new);
        said.map(drop).map_err(refused)
    }
}

fn speakers(world: &World, channel: Snowflake, people: &[Snowflake]) -> Vec<Snowflake> {
    let may = |user: &Snowflake| {
        let allowed = world.permissions_in(*user, channel);
        let needed = bits::VIEW_CHANNEL | bits::SEND_MESSAGES;
        allowed & needed == needed
    };
    people.iter().copied().filter(may).collect()
}
