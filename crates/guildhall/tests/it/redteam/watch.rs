//! What the sandbox was before an attack and is after it, whatever the answers said.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    attack::Attack,
    ground::{Ground, text_of},
};

/// Channels that no attack may read, with their threads.
const HIDDEN: [&str; 7] = [
    "archive", "oldcase", "vault", "throne", "heirs", "beach", "council",
];

const WORLD: &[u8] = b"\"world\":";

/// The world at one moment.
pub(super) struct Before {
    world: Vec<u8>,
    event: u64,
}

impl Before {
    pub(super) fn now(ground: &Ground) -> Self {
        // What stands before the world is the moment at which it was saved.
        let document = ground.scene.sandbox.snapshot().write();
        let begins = document.windows(WORLD.len()).position(|it| it == WORLD);
        let world = document[begins.unwrap() + WORLD.len()..document.len() - 1].to_vec();
        let event = ground
            .scene
            .sandbox
            .events(0)
            .last()
            .map_or(0, |it| it.number);
        Self { world, event }
    }

    /// Nothing may be different but for what the requests explain, and nobody may have been
    /// mentioned but these.
    pub(super) fn compare(&self, ground: &Ground, pings: &[String]) -> Result<(), String> {
        let now = Self::now(ground);
        if all_changes(ground).is_empty() && self.world != now.world {
            let parsed = |world: &[u8]| serde_json::from_slice(world).unwrap();
            let path = difference(&parsed(&self.world), &parsed(&now.world), "");
            return Err(format!("the sandbox is not as it was, at {path}"));
        }
        let pinged = pinged(ground, self.event);
        let allowed: BTreeSet<&String> = pings.iter().collect();
        match pinged.iter().find(|it| !allowed.contains(it)) {
            Some(who) => Err(format!("{who} was mentioned")),
            None => Ok(()),
        }
    }
}

/// Requests of the bot and of webhooks that could change something, refused by Discord or not; but
/// what a mirror of the audit says, whenever it does.
pub(super) fn changes(ground: &Ground) -> Vec<String> {
    let told = |board| format!("POST /channels/{board}/messages");
    let told = ground.board.as_ref().map(told);
    let mut all = all_changes(ground);
    all.retain(|it| Some(it) != told.as_ref());
    all
}

fn all_changes(ground: &Ground) -> Vec<String> {
    let requests = ground.scene.sandbox.requests();
    let changing = requests.iter().filter(|it| it.method != "GET");
    let mut all: Vec<String> = changing
        .map(|it| {
            let path = it.path.trim_start_matches("/api/v10");
            format!("{} {}", it.method, without_token(path))
        })
        .collect();
    all.sort();
    all
}

/// `/webhooks/1/TOKEN` without what is secret, and answers to interactions without what is new
/// each time.
fn without_token(path: &str) -> String {
    if path.starts_with("/interactions/") {
        return "/interactions/…".to_owned();
    }
    match path.strip_prefix("/webhooks/") {
        Some(rest) => match rest.split_once('/') {
            Some((id, _)) => format!("/webhooks/{id}/…"),
            None => path.to_owned(),
        },
        None => path.to_owned(),
    }
}

/// Hidden channels whose contents were read.
pub(super) fn reads(ground: &Ground, attack: &Attack) -> Option<String> {
    let requests = ground.scene.sandbox.requests();
    HIDDEN
        .into_iter()
        .filter(|name| !attack.may_see.iter().any(|it| it == name))
        .find_map(|name| {
            let id = text_of(ground.names.get(&format!("chan.{name}"))?);
            let below = format!("/api/v10/channels/{id}/");
            let read = |path: &str| path.starts_with(&below);
            let seen = requests
                .iter()
                .find(|it| it.method == "GET" && it.status == 200 && read(&it.path))?;
            Some(format!("{} was read from {name}", seen.path))
        })
}

/// Everybody whom messages of the bot and of webhooks mention.
fn pinged(ground: &Ground, after: u64) -> BTreeSet<String> {
    let bot = text_of(&ground.names["user.guildhall"]);
    let mut all = BTreeSet::new();
    for event in ground.scene.sandbox.events(after) {
        let message = &event.data;
        let ours = message["author"]["id"] == bot.as_str() || message.get("webhook_id").is_some();
        if !event.kind.starts_with("MESSAGE_") || !ours {
            continue;
        }
        if message["mention_everyone"] == true {
            all.insert("@everyone".to_owned());
        }
        let users = message["mentions"].as_array().into_iter().flatten();
        all.extend(users.map(|user| text_of(&user["id"])));
        let roles = message["mention_roles"].as_array().into_iter().flatten();
        all.extend(roles.map(text_of));
    }
    all
}

fn difference(before: &Value, now: &Value, path: &str) -> String {
    match (before, now) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<_> = one.keys().chain(other.keys()).collect();
            names
                .into_iter()
                .find(|name| one.get(*name) != other.get(*name))
                .map_or_else(
                    || path.to_owned(),
                    |name| difference(&before[name], &now[name], &format!("{path}/{name}")),
                )
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let at = one.iter().zip(other).position(|(one, other)| one != other);
            at.map_or_else(
                || path.to_owned(),
                |at| difference(&one[at], &other[at], &format!("{path}/{at}")),
            )
        }
        _ => path.to_owned(),
    }
}
