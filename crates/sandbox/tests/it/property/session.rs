//! A bot that hears everything: its session, cut and resumed now and then, and what it believes
//! compared with what Discord would tell a newcomer.

use reqwest::Method;
use sandbox::GatewayFault;
use sandbox::world::clock::iso8601;
use serde_json::{Value, json};

use super::mirror::{LISTS, Mirror};
use super::stage::{Stage, id_of};
use crate::support::Socket;

/// Every intent there is.
const INTENTS: u64 = ((1 << 17) - 1) | (3 << 20) | (3 << 24);
const ADMINISTRATOR: u64 = 8;

/// Fields that are not told by events, and why.
const UNTOLD: &[(&str, &[&str])] = &[
    // Clients count by themselves, each in its way.
    (
        "threads",
        &["message_count", "total_message_sent", "member"],
    ),
    ("voice_states", &["member", "guild_id"]),
    ("members", &["guild_id"]),
    ("presences", &["guild_id"]),
    ("soundboard_sounds", &["user"]),
    ("guild_scheduled_events", &["user_count", "creator"]),
];

/// Of messages: links run out, a reply's message and a thread are told of by themselves.
const UNTOLD_OF_MESSAGES: &[&str] = &[
    "attachments",
    "member",
    "nonce",
    "referenced_message",
    "thread",
    "channel_type",
    "guild_id",
];

pub(super) struct Session {
    token: String,
    socket: Socket,
    id: Value,
    seq: u64,
    mirror: Mirror,
}

impl Session {
    /// Lets a bot that may everything join, and listens from there on.
    pub(super) async fn listen(stage: &mut Stage) -> Self {
        let watcher = json!({ "username": "watcher", "bot": true });
        let watcher = stage.app.control(Method::POST, "/users", watcher).await;
        let joins = json!({ "user_id": watcher["id"], "permissions": ADMINISTRATOR });
        let members = format!("/guilds/{}/members", stage.guild);
        stage.app.control(Method::POST, &members, joins).await;
        let token = watcher["token"].as_str().expect("a token").to_owned();
        let mut mirror = Mirror::of(&id_of(&watcher));
        let mut socket = stage.app.gateway("?v=10&encoding=json").await;
        socket.identify(&token, INTENTS).await;
        let ready = socket.until("READY").await;
        let guild = socket.frame("GUILD_CREATE").await;
        let seq = guild["s"].as_u64().expect("a sequence");
        mirror.hear("GUILD_CREATE", &guild["d"]);
        for channel in stage.known.channels.clone() {
            for message in messages(stage, &channel).await {
                mirror
                    .messages
                    .insert((channel.clone(), id_of(&message)), message);
            }
        }
        Self {
            token,
            socket,
            id: ready["session_id"].clone(),
            seq,
            mirror,
        }
    }

    /// Takes in what has been told so far.
    pub(super) async fn catch_up(&mut self) {
        self.socket.send(json!({ "op": 1, "d": self.seq })).await;
        loop {
            let frame = self.socket.next().await;
            if frame["op"] == 11 {
                return;
            }
            self.take(&frame);
        }
    }

    fn take(&mut self, frame: &Value) {
        if let Some(seq) = frame["s"].as_u64() {
            assert_eq!(seq, self.seq + 1, "nothing is skipped, nothing comes twice");
            self.seq = seq;
        }
        if let Some(kind) = frame["t"].as_str() {
            self.mirror.hear(kind, &frame["d"]);
        }
    }

    /// The socket is lost.
    pub(super) async fn drop_out(&mut self, stage: &Stage) {
        let fault = GatewayFault::Drop { resumable: true };
        stage.app.sandbox.break_gateway(fault);
        self.socket.cut().await;
    }

    /// Another socket takes the session up where it was heard last.
    pub(super) async fn come_back(&mut self, stage: &Stage) {
        self.socket = stage.app.gateway("?v=10&encoding=json").await;
        self.socket.resume(&self.token, &self.id, self.seq).await;
        loop {
            let frame = self.socket.next().await;
            self.take(&frame);
            if frame["t"] == "RESUMED" {
                return;
            }
        }
    }

    /// What it believes and what is so, where the two differ.
    pub(super) async fn differences(&mut self, stage: &Stage) -> Vec<String> {
        self.catch_up().await;
        let mut found = Vec::new();
        let mut socket = stage.app.gateway("?v=10&encoding=json").await;
        socket.identify(&self.token, INTENTS).await;
        let truth = socket.until("GUILD_CREATE").await;
        let mut fresh = Mirror::of("");
        fresh.hear("GUILD_CREATE", &truth);
        differ(
            "guild",
            &fresh.guild,
            &self.mirror.guild,
            &["joined_at"],
            &mut found,
        );
        for (list, _) in LISTS {
            let untold = UNTOLD.iter().find(|(name, _)| name == list);
            let untold = untold.map_or(&[][..], |(_, untold)| untold);
            let (truth, belief) = (fresh.list(list).clone(), self.mirror.list(list));
            for (id, thing) in &truth {
                let believed = belief.get(id).unwrap_or(&Value::Null);
                differ(&format!("{list} {id}"), thing, believed, untold, &mut found);
            }
            for id in belief.keys().filter(|id| !truth.contains_key(*id)) {
                found.push(format!("{list} {id}: gone, but nobody said so"));
            }
        }
        self.differ_in_messages(stage, &mut found).await;
        self.differ_in_lists_of_rest(stage, &mut found).await;
        found
    }

    async fn differ_in_messages(&mut self, stage: &Stage, found: &mut Vec<String>) {
        let mut places: Vec<_> = self.mirror.list("channels").keys().cloned().collect();
        places.extend(self.mirror.list("threads").keys().cloned());
        for channel in places {
            let truth = messages(stage, &channel).await;
            for message in &truth {
                let at = (channel.clone(), id_of(message));
                let believed = self.mirror.messages.get(&at).unwrap_or(&Value::Null);
                let name = format!("message {at:?}");
                differ(
                    &name,
                    &plain(message),
                    &plain(believed),
                    UNTOLD_OF_MESSAGES,
                    found,
                );
            }
            let known = self
                .mirror
                .messages
                .keys()
                .filter(|(place, _)| *place == channel);
            for (_, id) in known {
                if !truth.iter().any(|message| message["id"] == **id) {
                    found.push(format!("message {id}: gone, but nobody said so"));
                }
            }
        }
    }

    async fn differ_in_lists_of_rest(&mut self, stage: &Stage, found: &mut Vec<String>) {
        let guild = format!("/guilds/{}", stage.guild);
        let listed = |path: &'static str, key: &'static str| {
            let path = format!("{guild}/{path}");
            async move {
                let list = stage.owner_gets(&path).await;
                let items = list.as_array().cloned().unwrap_or_default();
                let ids = items.iter().filter_map(|it| it.pointer(key)?.as_str());
                ids.map(str::to_owned).collect::<Vec<_>>()
            }
        };
        let mut compare = |what: &str, truth: Vec<String>, mut belief: Vec<String>| {
            let mut truth = truth;
            truth.sort();
            belief.sort();
            if truth != belief {
                found.push(format!("{what}: {truth:?}, but told {belief:?}"));
            }
        };
        let keys = |things: &super::mirror::Things| things.keys().cloned().collect::<Vec<_>>();
        let bans = self.mirror.bans.iter().cloned().collect();
        compare("bans", listed("bans", "/user/id").await, bans);
        // Clients see by themselves when an invite runs out.
        let now = iso8601(stage.app.sandbox.world().clock().now_ms());
        let runs_out = |it: &Value| {
            it["expires_at"]
                .as_str()
                .is_some_and(|at| at <= now.as_str())
        };
        self.mirror.invites.retain(|_, invite| !runs_out(invite));
        compare(
            "invites",
            listed("invites", "/code").await,
            keys(&self.mirror.invites),
        );
        let rules = listed("auto-moderation/rules", "/id").await;
        compare("rules", rules, keys(&self.mirror.automod));
        let log = stage
            .owner_gets(&format!("{guild}/audit-logs?limit=100"))
            .await;
        for entry in log["audit_log_entries"].as_array().into_iter().flatten() {
            let id = id_of(entry);
            if let Some(told) = self.mirror.audit.get(&id) {
                differ(&format!("entry {id}"), entry, told, &[], found);
            }
        }
    }
}

/// The last messages of a channel as the owner reads them.
async fn messages(stage: &Stage, channel: &str) -> Vec<Value> {
    let path = format!("/channels/{channel}/messages?limit=100");
    let list = stage.owner_gets(&path).await;
    list.as_array().cloned().unwrap_or_default()
}

/// What every reader sees alike: reactions without whose they are, votes by answer.
fn plain(message: &Value) -> Value {
    let mut plain = message.clone();
    if !plain.is_object() {
        return plain;
    }
    // A dispatch carries the members who are mentioned.
    for user in plain["mentions"].as_array_mut().into_iter().flatten() {
        if let Some(user) = user.as_object_mut() {
            user.remove("member");
        }
    }
    let reactions = message["reactions"].as_array().into_iter().flatten();
    let reactions: Vec<_> = reactions
        .map(|it| json!([it["emoji"]["id"], it["emoji"]["name"], it["count"]]))
        .collect();
    plain["reactions"] = json!(reactions);
    if message["poll"].is_object() {
        let counts = message["poll"]["results"]["answer_counts"].as_array();
        let counted = counts.into_iter().flatten().filter(|it| it["count"] != 0);
        let mut counts: Vec<_> = counted
            .map(|it| (it["id"].as_u64(), it["count"].as_u64()))
            .collect();
        counts.sort_unstable();
        plain["poll"]["results"]["answer_counts"] = json!(counts);
    }
    plain
}

fn differ(name: &str, truth: &Value, belief: &Value, untold: &[&str], found: &mut Vec<String>) {
    if !belief.is_object() {
        found.push(format!("{name}: nobody told of it"));
        return;
    }
    for (field, value) in truth.as_object().into_iter().flatten() {
        let told = belief.get(field).unwrap_or(&Value::Null);
        if !untold.contains(&field.as_str()) && told != value {
            found.push(format!("{name}.{field}: {value}, but told {told}"));
        }
    }
}
