//! A client's model of a guild, kept by what the Gateway tells and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// Things by id.
pub(super) type Things = BTreeMap<String, Value>;

/// Lists of GUILD_CREATE, and what identifies their items.
pub(super) const LISTS: &[(&str, &str)] = &[
    ("channels", "/id"),
    ("emojis", "/id"),
    ("guild_scheduled_events", "/id"),
    ("members", "/user/id"),
    ("presences", "/user/id"),
    ("roles", "/id"),
    ("soundboard_sounds", "/sound_id"),
    ("stage_instances", "/id"),
    ("stickers", "/id"),
    ("threads", "/id"),
    ("voice_states", "/user_id"),
];

#[derive(Default)]
pub(super) struct Mirror {
    /// Whose session it is.
    me: String,
    pub(super) guild: Value,
    lists: BTreeMap<String, Things>,
    /// By channel and id.
    pub(super) messages: BTreeMap<(String, String), Value>,
    pub(super) bans: BTreeSet<String>,
    pub(super) invites: Things,
    pub(super) automod: Things,
    pub(super) audit: Things,
}

impl Mirror {
    pub(super) fn of(me: &str) -> Self {
        Self {
            me: me.to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn list(&mut self, name: &str) -> &mut Things {
        self.lists.entry(name.to_owned()).or_default()
    }

    /// Takes in one dispatch.
    pub(super) fn hear(&mut self, kind: &str, data: &Value) {
        match kind.split_once('_').map_or(kind, |(family, _)| family) {
            "GUILD" => self.hear_guild(kind, data),
            "CHANNEL" | "THREAD" => self.hear_place(kind, data),
            "MESSAGE" => self.hear_message(kind, data),
            _ => self.hear_rest(kind, data),
        }
    }

    fn hear_guild(&mut self, kind: &str, data: &Value) {
        match kind {
            "GUILD_CREATE" => {
                for (name, key) in LISTS {
                    let items = data[*name].as_array().into_iter().flatten();
                    *self.list(name) = items.map(|it| (text(it, key), it.clone())).collect();
                }
                self.take_guild(data);
            }
            "GUILD_UPDATE" => {
                self.take_guild(data);
                for name in ["roles", "emojis", "stickers"] {
                    self.replace(name, &data[name]);
                }
            }
            "GUILD_ROLE_CREATE" => {
                let role = &data["role"];
                // Those from there on make room.
                for other in self.list("roles").values_mut() {
                    if number(other, "position") >= number(role, "position") {
                        other["position"] = json!(number(other, "position") + 1);
                    }
                }
                self.put("roles", role);
            }
            "GUILD_ROLE_UPDATE" => self.put("roles", &data["role"]),
            "GUILD_ROLE_DELETE" => self.lose_role(&text(data, "/role_id")),
            "GUILD_MEMBER_ADD" => {
                self.list("members")
                    .insert(text(data, "/user/id"), data.clone());
                self.count_members(1);
            }
            "GUILD_MEMBER_UPDATE" => {
                merge(
                    self.list("members")
                        .entry(text(data, "/user/id"))
                        .or_default(),
                    data,
                );
            }
            "GUILD_MEMBER_REMOVE" => {
                let gone = text(data, "/user/id");
                self.list("members").remove(&gone);
                self.list("presences").remove(&gone);
                self.count_members(-1);
            }
            "GUILD_BAN_ADD" => drop(self.bans.insert(text(data, "/user/id"))),
            "GUILD_BAN_REMOVE" => drop(self.bans.remove(&text(data, "/user/id"))),
            "GUILD_EMOJIS_UPDATE" => self.replace("emojis", &data["emojis"]),
            "GUILD_STICKERS_UPDATE" => self.replace("stickers", &data["stickers"]),
            "GUILD_AUDIT_LOG_ENTRY_CREATE" => {
                self.audit.insert(text(data, "/id"), data.clone());
            }
            "GUILD_SCHEDULED_EVENT_CREATE" | "GUILD_SCHEDULED_EVENT_UPDATE" => {
                self.put("guild_scheduled_events", data);
            }
            "GUILD_SCHEDULED_EVENT_DELETE" => {
                self.list("guild_scheduled_events")
                    .remove(&text(data, "/id"));
            }
            "GUILD_SOUNDBOARD_SOUND_CREATE" | "GUILD_SOUNDBOARD_SOUND_UPDATE" => {
                let id = text(data, "/sound_id");
                self.list("soundboard_sounds").insert(id, data.clone());
            }
            "GUILD_SOUNDBOARD_SOUND_DELETE" => {
                self.list("soundboard_sounds")
                    .remove(&text(data, "/sound_id"));
            }
            _ => {}
        }
    }

    fn take_guild(&mut self, data: &Value) {
        merge(&mut self.guild, data);
        if let Some(guild) = self.guild.as_object_mut() {
            guild.retain(|name, _| LISTS.iter().all(|(list, _)| list != name));
        }
    }

    fn count_members(&mut self, by: i64) {
        self.guild["member_count"] = json!(number(&self.guild, "member_count") + by);
    }

    fn lose_role(&mut self, id: &str) {
        let Some(gone) = self.list("roles").remove(id) else {
            return;
        };
        for other in self.list("roles").values_mut() {
            if number(other, "position") > number(&gone, "position") {
                other["position"] = json!(number(other, "position") - 1);
            }
        }
        for member in self.list("members").values_mut() {
            without(&mut member["roles"], |role| role == id);
        }
        for channel in self.list("channels").values_mut() {
            without(&mut channel["permission_overwrites"], |it| it["id"] == id);
        }
    }

    fn hear_place(&mut self, kind: &str, data: &Value) {
        match kind {
            "CHANNEL_CREATE" | "CHANNEL_UPDATE" => self.put("channels", data),
            "CHANNEL_DELETE" => self.lose_channel(&text(data, "/id")),
            "CHANNEL_PINS_UPDATE" => {
                if let Some(place) = self.place(&text(data, "/channel_id")) {
                    place["last_pin_timestamp"] = data["last_pin_timestamp"].clone();
                }
            }
            "THREAD_CREATE" | "THREAD_UPDATE" => {
                if data["thread_metadata"]["archived"] == true {
                    self.list("threads").remove(&text(data, "/id"));
                } else {
                    let known = self.list("threads").entry(text(data, "/id"));
                    merge(known.or_default(), data);
                }
            }
            "THREAD_DELETE" => self.lose_thread(&text(data, "/id")),
            "THREAD_LIST_SYNC" => {
                for thread in data["threads"].as_array().into_iter().flatten() {
                    self.put("threads", thread);
                }
            }
            "THREAD_MEMBERS_UPDATE" => {
                if let Some(thread) = self.list("threads").get_mut(&text(data, "/id")) {
                    thread["member_count"] = data["member_count"].clone();
                }
            }
            _ => {}
        }
    }

    fn lose_channel(&mut self, id: &str) {
        self.list("channels").remove(id);
        self.messages.retain(|(channel, _), _| channel != id);
        self.invites.retain(|_, invite| invite["channel_id"] != id);
        let inside = self.list("threads").iter();
        let inside = inside.filter(|(_, thread)| thread["parent_id"] == id);
        let inside: Vec<_> = inside.map(|(id, _)| id.clone()).collect();
        for thread in inside {
            self.lose_thread(&thread);
        }
    }

    fn lose_thread(&mut self, id: &str) {
        self.list("threads").remove(id);
        self.messages.retain(|(channel, _), _| channel != id);
    }

    fn place(&mut self, id: &str) -> Option<&mut Value> {
        if self.list("channels").contains_key(id) {
            return self.list("channels").get_mut(id);
        }
        self.list("threads").get_mut(id)
    }

    fn hear_message(&mut self, kind: &str, data: &Value) {
        let channel = text(data, "/channel_id");
        match kind {
            "MESSAGE_CREATE" => {
                if let Some(place) = self.place(&channel) {
                    place["last_message_id"] = data["id"].clone();
                }
                self.messages
                    .insert((channel, text(data, "/id")), data.clone());
            }
            "MESSAGE_DELETE" => drop(self.messages.remove(&(channel, text(data, "/id")))),
            "MESSAGE_DELETE_BULK" => {
                for id in data["ids"].as_array().into_iter().flatten() {
                    self.messages.remove(&(channel.clone(), text(id, "")));
                }
            }
            "MESSAGE_UPDATE" => {
                if let Some(known) = self.messages.get_mut(&(channel, text(data, "/id"))) {
                    merge(known, data);
                }
            }
            _ => {
                let at = (channel, text(data, "/message_id"));
                let mine = data["user_id"] == *self.me;
                if let Some(message) = self.messages.get_mut(&at) {
                    hear_opinion(message, kind, data, mine);
                }
            }
        }
    }

    fn hear_rest(&mut self, kind: &str, data: &Value) {
        match kind {
            "VOICE_STATE_UPDATE" if data["channel_id"].is_null() => {
                self.list("voice_states").remove(&text(data, "/user_id"));
            }
            "VOICE_STATE_UPDATE" => {
                let user = text(data, "/user_id");
                self.list("voice_states").insert(user, data.clone());
            }
            "PRESENCE_UPDATE" if data["status"] == "offline" => {
                self.list("presences").remove(&text(data, "/user/id"));
            }
            "PRESENCE_UPDATE" => {
                let user = text(data, "/user/id");
                self.list("presences").insert(user, data.clone());
            }
            "STAGE_INSTANCE_CREATE" | "STAGE_INSTANCE_UPDATE" => self.put("stage_instances", data),
            "STAGE_INSTANCE_DELETE" => {
                self.list("stage_instances").remove(&text(data, "/id"));
            }
            "INVITE_CREATE" => drop(self.invites.insert(text(data, "/code"), data.clone())),
            "INVITE_DELETE" => drop(self.invites.remove(&text(data, "/code"))),
            "AUTO_MODERATION_RULE_CREATE" | "AUTO_MODERATION_RULE_UPDATE" => {
                self.automod.insert(text(data, "/id"), data.clone());
            }
            "AUTO_MODERATION_RULE_DELETE" => drop(self.automod.remove(&text(data, "/id"))),
            _ => {}
        }
    }

    fn put(&mut self, list: &str, thing: &Value) {
        self.list(list).insert(text(thing, "/id"), thing.clone());
    }

    fn replace(&mut self, list: &str, items: &Value) {
        if let Some(items) = items.as_array() {
            *self.list(list) = items
                .iter()
                .map(|it| (text(it, "/id"), it.clone()))
                .collect();
        }
    }
}

/// Reactions and votes.
fn hear_opinion(message: &mut Value, kind: &str, data: &Value, mine: bool) {
    let same = |reaction: &Value| {
        let (one, other) = (&reaction["emoji"], &data["emoji"]);
        one["id"] == other["id"] && (!one["id"].is_null() || one["name"] == other["name"])
    };
    if !message["reactions"].is_array() {
        message["reactions"] = json!([]);
    }
    match kind {
        "MESSAGE_REACTION_ADD" | "MESSAGE_REACTION_REMOVE" => {
            let added = kind == "MESSAGE_REACTION_ADD";
            let known = message["reactions"].as_array_mut().expect("a list");
            let at = known.iter().position(same).unwrap_or_else(|| {
                known.push(json!({ "emoji": data["emoji"], "count": 0, "me": false }));
                known.len() - 1
            });
            let count = number(&known[at], "count") + if added { 1 } else { -1 };
            known[at]["count"] = json!(count);
            if mine {
                known[at]["me"] = json!(added);
            }
            if count == 0 {
                known.remove(at);
            }
        }
        "MESSAGE_REACTION_REMOVE_ALL" => message["reactions"] = json!([]),
        "MESSAGE_REACTION_REMOVE_EMOJI" => without(&mut message["reactions"], same),
        "MESSAGE_POLL_VOTE_ADD" => vote(message, &data["answer_id"], 1, mine),
        "MESSAGE_POLL_VOTE_REMOVE" => vote(message, &data["answer_id"], -1, mine),
        _ => {}
    }
}

fn vote(message: &mut Value, answer: &Value, by: i64, mine: bool) {
    let counts = &mut message["poll"]["results"]["answer_counts"];
    if !counts.is_array() {
        *counts = json!([]);
    }
    let counts = counts.as_array_mut().expect("a list");
    let known = counts.iter().position(|it| it["id"] == *answer);
    let at = known.unwrap_or_else(|| {
        counts.push(json!({ "id": answer, "count": 0, "me_voted": false }));
        counts.len() - 1
    });
    counts[at]["count"] = json!(number(&counts[at], "count") + by);
    if mine {
        counts[at]["me_voted"] = json!(by > 0);
    }
}

fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found
        .unwrap_or_else(|| panic!("no {pointer} in {value}"))
        .to_owned()
}

fn number(value: &Value, key: &str) -> i64 {
    value[key].as_i64().unwrap_or_default()
}

fn without(list: &mut Value, gone: impl Fn(&Value) -> bool) {
    if let Some(list) = list.as_array_mut() {
        list.retain(|it| !gone(it));
    }
}

fn merge(known: &mut Value, news: &Value) {
    if !known.is_object() {
        *known = json!({});
    }
    for (key, value) in news.as_object().into_iter().flatten() {
        known[key] = value.clone();
    }
}
