//! A sandbox on which a story is played: who acts, what exists so far, and the judges that look at
//! every answer.

use reqwest::{Method, StatusCode};
use sandbox::Snowflake;
use sandbox::world::audit::AuditQuery;
use sandbox::world::clock::iso8601;
use sandbox::world::{Actor, World};
use serde_json::{Value, json};

use super::call::{Audit, Call, Learns, Step};
use super::facts::{Facts, Right};
use super::verbs;
use crate::rest_referee::Referee;
use crate::support::{App, answer};

/// Between two steps.
const PACE_MS: u64 = 700;
/// What porter, a bot of few rights, holds in the guild: to manage messages and roles.
const PORTER: u64 = 1 << 10 | 1 << 11 | 1 << 13 | 1 << 16 | 1 << 28;

pub(super) struct Stage {
    pub(super) app: App,
    pub(super) guild: String,
    owner: Snowflake,
    /// Everybody who acts; bots with their token.
    cast: Vec<(String, Option<String>)>,
    pub(super) known: Known,
}

/// What a story has learnt so far.
#[derive(Clone, Default)]
pub(super) struct Known {
    pub(super) channels: Vec<String>,
    pub(super) roles: Vec<String>,
    /// With their channels.
    pub(super) messages: Vec<(String, String)>,
    /// With their tokens.
    pub(super) webhooks: Vec<(String, String)>,
    pub(super) invites: Vec<String>,
    pub(super) emojis: Vec<String>,
    pub(super) events: Vec<String>,
    pub(super) sounds: Vec<String>,
    pub(super) rules: Vec<String>,
    audited: Option<Snowflake>,
    /// What was asked and answered, for whoever reads a failure.
    pub(super) told: Vec<String>,
}

impl Stage {
    pub(super) async fn set() -> Self {
        let app = App::start().await;
        let guild = app.info.guild_id.to_string();
        let members = format!("/guilds/{guild}/members");
        let porter = json!({ "username": "porter", "bot": true });
        let porter = app.control(Method::POST, "/users", porter).await;
        let joins = json!({ "user_id": porter["id"], "permissions": PORTER });
        app.control(Method::POST, &members, joins).await;
        let visitor = json!({ "username": "visitor" });
        app.control(Method::POST, "/users", visitor).await;
        let people = [
            "ada",
            "moderator",
            "helper",
            "newcomer",
            "artist",
            "visitor",
        ];
        let mut cast: Vec<_> = people.iter().map(|name| (app.user(name), None)).collect();
        cast.insert(1, (app.user("guildhall"), Some(app.info.bot_token.clone())));
        let token = porter["token"].as_str().map(str::to_owned);
        cast.push((id_of(&porter), token));
        let owner = cast[0].0.parse().expect("an id");
        let mut stage = Self {
            app,
            guild,
            owner,
            cast,
            known: Known::default(),
        };
        let (all, _) = stage.look();
        stage.known.channels = ids(&all["channels"]);
        stage.known.roles = ids(&all["roles"]);
        for channel in stage.known.channels.clone() {
            let path = format!("/channels/{channel}/messages");
            let listed = stage.owner_gets(&path).await;
            let known = ids(&listed).into_iter().map(|id| (channel.clone(), id));
            stage.known.messages.extend(known);
        }
        stage.new_entries();
        stage
    }

    /// The id of an actor or target.
    pub(super) fn user(&self, index: u8) -> String {
        self.cast[usize::from(index) % self.cast.len()].0.clone()
    }

    pub(super) fn is_bot(&self, index: u8) -> bool {
        self.cast[usize::from(index) % self.cast.len()].1.is_some()
    }

    /// Plays a step and has everything judged.
    pub(super) async fn play(&mut self, step: Step) {
        self.pass(PACE_MS);
        let actor = usize::from(step.actor) % self.cast.len();
        let Some(call) = verbs::call(self, step) else {
            return;
        };
        self.act(actor, call, step).await;
    }

    /// Lets time pass.
    pub(super) fn pass(&self, ms: u64) {
        let world = self.app.sandbox.world();
        world.clock().advance(ms);
        world.run_due();
    }

    async fn act(&mut self, actor: usize, call: Call, step: Step) {
        let (user, token) = self.cast[actor].clone();
        self.new_entries();
        let (before, facts) = self.look();
        let reason = (step.c.is_multiple_of(3)).then(|| format!("reason {}", step.c));
        let sent = self.send(&user, token.as_deref(), &call, reason.as_deref());
        let Some((status, body)) = sent.await else {
            return;
        };
        let told = if status.is_success() {
            &body["id"]
        } else {
            &body["code"]
        };
        let line = format!(
            "{} by {user}: {} {} {} -> {status} {told}",
            self.known.told.len(),
            call.method,
            call.path,
            call.body
        );
        self.known.told.push(line);
        let fine = status.is_success();
        self.judge_right(&facts, &user, &call.right, status, &body);
        let (after, _) = self.look();
        let entries = self.new_entries();
        let expected = if fine { call.audit } else { Audit::None };
        self.judge_audit(
            expected,
            &entries,
            &user,
            reason.as_deref(),
            before != after,
        );
        let wrong = self.app.sandbox.world().read(World::inconsistencies);
        assert!(wrong.is_empty(), "{}\n{}", self.story(), wrong.join("\n"));
        if fine {
            self.learn(call.learns, &body);
        }
    }

    async fn send(
        &self,
        user: &str,
        token: Option<&str>,
        call: &Call,
        reason: Option<&str>,
    ) -> Option<(StatusCode, Value)> {
        let (method, path) = (call.method.clone(), &call.path);
        let mut request = if call.by_control {
            self.app.told(method, path)
        } else if path.starts_with("/webhooks/") && path.split('/').count() > 3 {
            self.app.nobody(method, path)
        } else if let Some(token) = token {
            let request = self.app.nobody(method, path);
            request.header("authorization", format!("Bot {token}"))
        } else if ["/channels/", "/guilds/", "/users/@me/"]
            .iter()
            .any(|start| path.starts_with(start))
        {
            let mark = if path.contains('?') { '&' } else { '?' };
            self.app.told(method, &format!("{path}{mark}as={user}"))
        } else {
            return None;
        };
        if let Some(reason) = reason {
            request = request.header("x-audit-log-reason", reason);
        }
        if !call.body.is_null() {
            request = request.json(&call.body);
        }
        let response = request.send().await.expect("an answer");
        let (status, body) = answer(response).await;
        assert!(status.as_u16() < 500, "{}\n{path}: {body}", self.story());
        let forwarded = token.is_none() && !call.by_control && !path.starts_with("/webhooks/");
        if let Some(referee) = Referee::get().filter(|_| forwarded)
            && (status.is_success() || body["code"].is_u64())
        {
            let path = path.split('?').next().unwrap_or_default();
            referee.judge(call.method.as_str(), path, status.as_u16(), &body);
        }
        Some((status, body))
    }

    fn judge_right(
        &self,
        facts: &Facts,
        user: &str,
        right: &Right,
        status: StatusCode,
        body: &Value,
    ) {
        let granted = facts.grants(user, right);
        let refused = body["code"] == 50_013 || body["code"] == 50_001;
        let wrong = match granted {
            Some(false) => status.is_success(),
            Some(true) => refused && !status.is_success(),
            None => false,
        };
        assert!(
            !wrong,
            "{}\n{user} has {right:?}: {granted:?}, yet {status} {body}",
            self.story()
        );
    }

    fn judge_audit(
        &self,
        expected: Audit,
        entries: &[Value],
        user: &str,
        reason: Option<&str>,
        changed: bool,
    ) {
        let kinds: Vec<_> = entries
            .iter()
            .filter_map(|it| it["action_type"].as_u64())
            .collect();
        let fits = match expected {
            Audit::None => kinds.is_empty(),
            Audit::One(kind) => kinds == [kind],
            Audit::AtMost(kind) => kinds.is_empty() || kinds == [kind],
            Audit::IfChanged(known) => {
                kinds.iter().all(|kind| known.contains(kind)) && kinds.is_empty() != changed
            }
            Audit::Unjudged => return,
        };
        assert!(
            fits,
            "{}\naudited {kinds:?}, expected {expected:?} (changed: {changed})",
            self.story()
        );
        for entry in entries {
            let same = entry["user_id"] == user && entry["reason"].as_str() == reason;
            assert!(
                same,
                "{}\n{entry} is not by {user} with {reason:?}",
                self.story()
            );
        }
    }

    /// The guild as its owner sees it.
    pub(super) fn look(&self) -> (Value, Facts) {
        let guild = self.app.info.guild_id;
        let world = self.app.sandbox.world();
        let whole = world.read(|world| world.guild_create_payload(guild, self.owner, u64::MAX));
        let mut whole = whole.expect("the guild exists");
        let now = iso8601(world.clock().now_ms());
        let facts = Facts::read(&whole, &now);
        // What messages leave behind is not what a moderator changed.
        for list in ["channels", "threads"] {
            for channel in whole[list].as_array_mut().into_iter().flatten() {
                let fields = channel.as_object_mut().expect("an object");
                for field in ["last_message_id", "message_count", "total_message_sent"] {
                    fields.remove(field);
                }
            }
        }
        (whole, facts)
    }

    /// The audit log's entries since it was last asked.
    fn new_entries(&mut self) -> Vec<Value> {
        let query = AuditQuery {
            after: self.known.audited.or(Some(Snowflake(0))),
            limit: 100,
            ..AuditQuery::default()
        };
        let mut all = Vec::new();
        loop {
            let query = AuditQuery {
                after: self.known.audited.or(query.after),
                ..query.clone()
            };
            let owner = Actor::from(self.owner);
            let guild = self.app.info.guild_id;
            let world = self.app.sandbox.world();
            let log = world.read(|world| world.audit_log(&owner, guild, &query));
            let log = log.expect("the owner may read it");
            let entries = log["audit_log_entries"]
                .as_array()
                .expect("entries")
                .clone();
            let Some(last) = entries.last() else {
                return all;
            };
            self.known.audited = Some(id_of(last).parse().expect("an id"));
            all.extend(entries);
        }
    }

    fn learn(&mut self, what: Learns, body: &Value) {
        match what {
            Learns::Nothing => {}
            Learns::Channel => self.known.channels.push(id_of(body)),
            Learns::Role => self.known.roles.push(id_of(body)),
            Learns::Emoji => self.known.emojis.push(id_of(body)),
            Learns::Event => self.known.events.push(id_of(body)),
            Learns::Rule => self.known.rules.push(id_of(body)),
            Learns::Sound => self
                .known
                .sounds
                .extend(body["sound_id"].as_str().map(str::to_owned)),
            Learns::Invite => self
                .known
                .invites
                .extend(body["code"].as_str().map(str::to_owned)),
            Learns::Message => {
                let channel = body["channel_id"].as_str().expect("a channel").to_owned();
                self.known.messages.push((channel, id_of(body)));
            }
            Learns::Webhook => {
                let token = body["token"].as_str().unwrap_or("token").to_owned();
                self.known.webhooks.push((id_of(body), token));
            }
        }
    }

    /// The whole world, as a document.
    pub(super) async fn save(&self) -> Value {
        self.app
            .control(Method::GET, "/snapshot", Value::Null)
            .await
    }

    /// Goes back to a saved world.
    pub(super) async fn restore(&self, saved: &Value) {
        self.app
            .control(Method::PUT, "/snapshot", saved.clone())
            .await;
    }

    /// What the owner reads.
    pub(super) async fn owner_gets(&self, path: &str) -> Value {
        let mark = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{mark}as={}", self.owner);
        let request = self.app.told(Method::GET, &path);
        let (status, body) = answer(request.send().await.expect("an answer")).await;
        if status.is_success() {
            body
        } else {
            Value::Null
        }
    }

    /// The last lines of what happened.
    pub(super) fn story(&self) -> String {
        let start = self.known.told.len().saturating_sub(40);
        self.known.told[start..].join("\n")
    }
}

pub(super) fn id_of(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

fn ids(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().map(id_of).collect()
}
