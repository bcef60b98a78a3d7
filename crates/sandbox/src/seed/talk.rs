//! What was said in a described world: messages, answers, threads and posts are written by their
//! authors with their own rights, in the order of time over all guilds, so that ids tell the truth.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::Names;
use super::gap::Gap;
use super::guild::{Added, refused};
use super::spec::{GuildSpec, MessageSpec, PostSpec, ReactionSpec};
use super::value::When;
use crate::snowflake::Snowflake;
use crate::world::{Actor, NewMessage, World};

/// Between two messages of which the second does not say when.
const PAUSE_MS: u64 = 30_000;

/// Everything that is to be said in one guild.
#[derive(Debug, Default)]
pub(super) struct Plan<'a> {
    acts: Vec<Act<'a>>,
    lists: usize,
}

#[derive(Debug)]
struct Act<'a> {
    at_ms: u64,
    /// For errors.
    place: String,
    to: To<'a>,
    said: Said<'a>,
}

/// Where something is said.
#[derive(Clone, Copy, Debug)]
enum To<'a> {
    Channel(&'a str),
    /// The thread that an act of this number began.
    ThreadOf(usize),
}

#[derive(Clone, Copy, Debug)]
enum Said<'a> {
    /// The number tells lists apart, within which labels are known.
    Message(&'a MessageSpec, usize),
    Post(&'a PostSpec),
}

/// Looks through a guild for what is to be said, and when.
pub(super) fn plan(guild: &GuildSpec, now_ms: u64) -> Result<Plan<'_>, Gap> {
    let mut plan = Plan::default();
    for (at, channel) in guild.channels.iter().enumerate() {
        let to = To::Channel(&channel.name);
        let place = format!("channels[{at}]");
        plan.list(
            to,
            &channel.messages,
            [None, Some(now_ms)],
            &format!("{place}.messages"),
        )?;
        let times = moments(
            channel.posts.iter().map(|post| post.at),
            [None, Some(now_ms)],
        )
        .map_err(|nth| late(&format!("{place}.posts[{nth}].at")))?;
        for (nth, (post, at_ms)) in channel.posts.iter().zip(times).enumerate() {
            let place = format!("{place}.posts[{nth}]");
            let begun = plan.acts.len();
            plan.acts.push(Act {
                at_ms,
                place: place.clone(),
                to,
                said: Said::Post(post),
            });
            let span = [Some(at_ms), Some(now_ms)];
            plan.list(
                To::ThreadOf(begun),
                &post.replies,
                span,
                &format!("{place}.replies"),
            )?;
        }
    }
    Ok(plan)
}

impl<'a> Plan<'a> {
    /// When the first of it was said.
    pub(super) fn oldest_ms(&self) -> Option<u64> {
        self.acts.iter().map(|act| act.at_ms).min()
    }

    fn list(
        &mut self,
        to: To<'a>,
        messages: &'a [MessageSpec],
        [after, now]: [Option<u64>; 2],
        place: &str,
    ) -> Result<(), Gap> {
        self.lists += 1;
        let list = self.lists;
        let times = moments(messages.iter().map(|message| message.at), [after, now])
            .map_err(|nth| late(&format!("{place}[{nth}].at")))?;
        for (nth, (message, at_ms)) in messages.iter().zip(times).enumerate() {
            let place = format!("{place}[{nth}]");
            let number = self.acts.len();
            self.acts.push(Act {
                at_ms,
                place: place.clone(),
                to,
                said: Said::Message(message, list),
            });
            if let Some(thread) = &message.thread {
                let place = format!("{place}.thread.messages");
                self.list(
                    To::ThreadOf(number),
                    &thread.messages,
                    [Some(at_ms), now],
                    &place,
                )?;
            }
        }
        Ok(())
    }
}

/// When each of a list was said: what does not say so follows what came before it. The error is
/// the number of one that is older than the one before it.
fn moments(
    stated: impl Iterator<Item = Option<When>> + Clone,
    [after, now]: [Option<u64>; 2],
) -> Result<Vec<u64>, usize> {
    let now_ms = now.unwrap_or(u64::MAX);
    let first = stated.clone().flatten().next().map(|when| when.ms(now_ms));
    let mut last: Option<u64> = None;
    let mut times = Vec::new();
    for (nth, when) in stated.enumerate() {
        let before = last.or(after);
        let at_ms = match (when, before) {
            (Some(when), _) => when.ms(now_ms),
            (None, Some(before)) => (before + PAUSE_MS).min(now_ms),
            (None, None) => first.unwrap_or(now_ms),
        };
        if before.is_some_and(|before| at_ms < before) {
            return Err(nth);
        }
        last = Some(at_ms);
        times.push(at_ms);
    }
    Ok(times)
}

fn late(place: &str) -> Gap {
    Gap::at(
        place,
        "this is older than what comes before it; lists begin with the oldest",
    )
}

/// Says everything, over all guilds in the order of time. The error tells the guild.
pub(super) fn perform(
    world: &mut World,
    names: &Names,
    built: &[Added],
    plans: &[Plan<'_>],
    now_ms: u64,
) -> Result<(), (usize, Gap)> {
    let mut order: Vec<(u64, usize, usize)> = Vec::new();
    for (guild, plan) in plans.iter().enumerate() {
        let acts = plan.acts.iter().enumerate();
        order.extend(acts.map(|(number, act)| (act.at_ms, guild, number)));
    }
    order.sort_unstable();
    let mut scenes: Vec<_> = built.iter().map(|added| Scene::new(names, added)).collect();
    for (at_ms, guild, number) in order {
        world.pretend((at_ms < now_ms).then_some(at_ms));
        let act = &plans[guild].acts[number];
        let done = scenes[guild].perform(world, number, act);
        done.map_err(|gap| (guild, gap.inside(&act.place)))?;
    }
    world.pretend(None);
    for (scene, plan) in scenes.iter().zip(plans) {
        scene.close(world, plan);
    }
    Ok(())
}

/// One guild while it is talked in.
struct Scene<'a> {
    names: &'a Names,
    added: &'a Added,
    /// Threads by the act that began them.
    threads: HashMap<usize, Snowflake>,
    labels: HashMap<(usize, String), Snowflake>,
}

impl<'a> Scene<'a> {
    fn new(names: &'a Names, added: &'a Added) -> Self {
        Self {
            names,
            added,
            threads: HashMap::new(),
            labels: HashMap::new(),
        }
    }

    fn perform(&mut self, world: &mut World, number: usize, act: &Act<'_>) -> Result<(), Gap> {
        let channel = match act.to {
            To::Channel(name) => self.added.channels[name],
            To::ThreadOf(begun) => self.threads.get(&begun).copied().unwrap_or_default(),
        };
        match act.said {
            Said::Message(message, list) => self.message(world, number, channel, message, list),
            Said::Post(post) => self.post(world, number, channel, post),
        }
    }

    fn message(
        &mut self,
        world: &mut World,
        number: usize,
        channel: Snowflake,
        spec: &MessageSpec,
        list: usize,
    ) -> Result<(), Gap> {
        let author = Actor::from(self.names.get(&spec.author));
        let mut body = json!({ "content": self.mentioned(&spec.content) });
        if !spec.embeds.is_empty() {
            body["embeds"] = json!(spec.embeds);
        }
        if !spec.components.is_empty() {
            body["components"] = json!(spec.components);
        }
        if let Some(poll) = &spec.poll {
            body["poll"] = json!(poll);
        }
        let answered = spec.reply_to.as_ref();
        let answered = answered.and_then(|label| self.labels.get(&(list, label.clone())));
        if let Some(id) = answered {
            body["message_reference"] = json!({ "message_id": id });
        }
        let new = NewMessage::parse(&body, Vec::new()).map_err(refused(""))?;
        let made = world
            .create_message(&author, channel, new)
            .map_err(refused(""))?;
        let id = id_of(&made);
        if let Some(label) = &spec.label {
            self.labels.insert((list, label.clone()), id);
        }
        if spec.pinned {
            pin(world, channel, id);
        }
        self.react(world, channel, id, &spec.reactions)?;
        if let Some(thread) = &spec.thread {
            let body = json!({ "name": thread.name });
            let begun = world.start_thread_from_message(&author, channel, id, &body);
            self.threads
                .insert(number, id_of(&begun.map_err(refused("thread"))?));
        }
        Ok(())
    }

    fn post(
        &mut self,
        world: &mut World,
        number: usize,
        forum: Snowflake,
        spec: &PostSpec,
    ) -> Result<(), Gap> {
        let author = Actor::from(self.names.get(&spec.author));
        let body = json!({
            "name": spec.title,
            "message": { "content": self.mentioned(&spec.content) },
            "applied_tags": tag_ids(world, forum, &spec.tags),
        });
        let begun = world.start_thread(&author, forum, &body, Vec::new());
        let thread = id_of(&begun.map_err(refused(""))?);
        self.threads.insert(number, thread);
        // A post's first message has the id of the post.
        self.react(world, thread, thread, &spec.reactions)
    }

    fn react(
        &self,
        world: &mut World,
        channel: Snowflake,
        message: Snowflake,
        reactions: &[ReactionSpec],
    ) -> Result<(), Gap> {
        for (at, reaction) in reactions.iter().enumerate() {
            let name = reaction.emoji.trim_matches(':');
            let emoji = self.added.emojis.get(name).unwrap_or(&reaction.emoji);
            for who in &reaction.by {
                world
                    .add_reaction(&Actor::from(self.names.get(who)), channel, message, emoji)
                    .map_err(refused(&format!("reactions[{at}]")))?;
            }
        }
        Ok(())
    }

    /// Threads that nobody is to write in any more.
    fn close(&self, world: &mut World, plan: &Plan<'_>) {
        let now_ms = world.now_ms();
        for (number, thread) in &self.threads {
            let (archived, locked) = match plan.acts[*number].said {
                Said::Post(post) => (post.archived, post.locked),
                Said::Message(message, _) => (
                    message
                        .thread
                        .as_ref()
                        .is_some_and(|thread| thread.archived),
                    false,
                ),
            };
            let channel = world.channels.get_mut(thread);
            if let Some(thread) = channel.and_then(|channel| channel.thread.as_mut()) {
                thread.locked = locked;
                if archived {
                    (thread.archived, thread.archive_ms) = (true, now_ms);
                }
            }
        }
    }

    /// `<@ada>`, `<@&helpers>`, `<#rules>` and `:name:` with ids instead of names.
    fn mentioned(&self, text: &str) -> String {
        let mut told = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find('<') {
            told.push_str(&rest[..start]);
            rest = &rest[start..];
            let whole = rest.find('>').map(|end| &rest[..=end]);
            let mention = whole.and_then(|whole| Some((whole, self.mention(whole)?)));
            let (read, written) = mention.unwrap_or(("<", "<".to_owned()));
            told.push_str(&written);
            rest = &rest[read.len()..];
        }
        told.push_str(rest);
        for (name, reaction) in &self.added.emojis {
            told = told.replace(&format!(":{name}:"), &format!("<:{reaction}>"));
        }
        told
    }

    fn mention(&self, whole: &str) -> Option<String> {
        let inner = whole.strip_prefix('<')?.strip_suffix('>')?;
        let known = |ids: &BTreeMap<String, Snowflake>, name: &str| ids.get(name).copied();
        if let Some(role) = inner.strip_prefix("@&") {
            return Some(format!("<@&{}>", known(&self.added.roles, role)?));
        }
        if let Some(channel) = inner.strip_prefix('#') {
            return Some(format!("<#{}>", known(&self.added.channels, channel)?));
        }
        let user = self.names.0.get(inner.strip_prefix('@')?)?;
        Some(format!("<@{user}>"))
    }
}

fn pin(world: &mut World, channel: Snowflake, id: Snowflake) {
    let now_ms = world.now_ms();
    if let Ok(message) = world.message_mut(channel, id) {
        message.pinned_ms = Some(now_ms);
    }
    if let Some(channel) = world.channels.get_mut(&channel) {
        channel.last_pin_ms = Some(now_ms);
    }
}

fn tag_ids(world: &World, forum: Snowflake, names: &[String]) -> Vec<Value> {
    let tags = world
        .channels
        .get(&forum)
        .and_then(|forum| forum.settings.get("available_tags"));
    let tags = tags
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let named = |name: &String| tags.iter().find(|tag| tag["name"] == *name);
    names
        .iter()
        .filter_map(named)
        .map(|tag| tag["id"].clone())
        .collect()
}

fn id_of(made: &Value) -> Snowflake {
    made["id"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .unwrap_or_default()
}
