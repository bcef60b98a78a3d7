//! The ground on which attacks are played: a sandbox, a running hall, its keys, and names for
//! everything that rows speak of.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use sandbox::{Limits, WorldSpec};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    attack,
    client::{Generation, Speaker},
};
use crate::harness::{self, Scene, http_client};

/// How the service is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Hall {
    /// As most operators have it: guests on loopback and keys; one guild, one channel closed, and
    /// a rule.
    #[default]
    Ordinary,
    /// `--read-only`.
    ReadOnly,
    /// Keys needed, members listed, rules for each.
    Strict,
    /// Few calls a minute.
    Slow,
    /// People decide about what is destructive, strangers' words count, and one channel is shown
    /// without them.
    Asking,
    /// Two workspaces with a guild each, one that is suspended, and guests on loopback.
    Shared,
    /// The audit is mirrored into a channel, everything of it.
    Mirrored,
}

/// Everything of one play.
pub(super) struct Ground {
    pub(super) scene: Scene,
    pub(super) hall: harness::Hall,
    pub(super) names: BTreeMap<String, Value>,
    /// Where the audit is mirrored to.
    pub(super) board: Option<String>,
    /// What nobody may ever see: name and text.
    secrets: Vec<(String, String)>,
    /// What is shown to its owner, and must not be kept: confirmation tokens.
    pub(super) fleeting: Mutex<Vec<String>>,
    /// Every byte that the hall answered.
    pub(super) heard: Mutex<String>,
    speakers: tokio::sync::Mutex<HashMap<String, Speaker>>,
    marks: AtomicUsize,
}

const KEYS: [(&str, &str); 9] = [
    ("alice", "read,write,destructive"),
    ("bob", "read,write,destructive"),
    ("reader", "read"),
    ("writer", "read,write"),
    ("talker", "read,write"),
    ("outsider", "read,write,destructive"),
    ("revoked", "read,write,destructive"),
    ("carol", "read,write,destructive"),
    ("dave", "read,write,destructive"),
];

/// Keys of workspaces, where there are some: name, workspace, role, scopes.
const KEYS_OF_WORKSPACES: [(&str, &str, &str, &str); 10] = [
    ("baker", "bakers", "viewer", "read,write,destructive"),
    ("apprentice", "bakers", "operator", "read,write,destructive"),
    ("master", "bakers", "admin", "read,write,destructive"),
    ("clerk", "bakers", "admin", "read,write"),
    ("notary", "bakers", "admin", "read"),
    ("boss", "bakers", "owner", "read,write,destructive"),
    ("smith", "smiths", "owner", "read,write,destructive"),
    ("striker", "smiths", "operator", "read,write,destructive"),
    ("tanner", "tanners", "owner", "read,write,destructive"),
    ("root", "default", "owner", "read,write,destructive"),
];

impl Ground {
    pub(super) async fn prepare(kind: Hall) -> Self {
        let text = fs::read_to_string(attack::folder().join("world.toml")).unwrap();
        let scene = Scene::of(sandbox::Config {
            limits: Limits::off(),
            start: WorldSpec::from_toml(&text).unwrap().into(),
            ..sandbox::Config::default()
        })
        .await;
        let mut names = BTreeMap::new();
        let mut secrets = Vec::new();
        name_the_world(&scene, &mut names, &mut secrets).await;
        fs::write(
            scene.folder.path().join("guildhall.toml"),
            policy(kind, &names),
        )
        .unwrap();
        let towns = ["town", "forbidden-city"].map(|it| text_of(&names[&format!("guild.{it}")]));
        let mut key = |name: &str, scopes: &str, more: &[&str]| {
            let create = ["key", "create", name, "--scopes", scopes, "--json"];
            let made = told(&scene, &[&create[..], more].concat());
            secrets.push((format!("key {name}"), text_of(&made["key"])));
            names.insert(format!("key.{name}"), made["key"].clone());
        };
        for (name, scopes) in KEYS {
            key(name, scopes, &[]);
        }
        if kind == Hall::Shared {
            open_workspaces(&scene, &towns);
            for (name, workspace, role, scopes) in KEYS_OF_WORKSPACES {
                key(name, scopes, &["--workspace", workspace, "--role", role]);
            }
            told(&scene, &["workspace", "suspend", "tanners", "--json"]);
        }
        assert_eq!(scene.run(&["key", "revoke", "revoked"]).0, 0);
        let board = (kind == Hall::Mirrored).then(|| text_of(&names["chan.council"]));
        let hall = scene.serve_with(
            match kind {
                Hall::ReadOnly => &["--read-only"],
                Hall::Strict => &["--require-key"],
                Hall::Asking => &["--gateway"],
                Hall::Ordinary | Hall::Slow | Hall::Shared | Hall::Mirrored => &[],
            },
            &[
                ("GUILDHALL_LOG", "debug"),
                // Nobody in the rows waits for people; they ask again.
                ("GUILDHALL_APPROVAL_WAIT_SECONDS", "0"),
                (
                    "GUILDHALL_AUDIT_CHANNEL",
                    board.as_deref().unwrap_or_default(),
                ),
                ("GUILDHALL_AUDIT_CHANNEL_ROWS", "all"),
            ],
        );
        is_ready(&hall).await;
        add_keys_of_the_house(&scene, &mut secrets);
        let special = [
            ("nul", "\0".to_owned()),
            ("rlo", "\u{202e}".to_owned()),
            ("zwsp", "\u{200b}".to_owned()),
            ("esc", "\u{1b}[2J".to_owned()),
            ("newline", "\n".to_owned()),
            ("long", "x".repeat(5_000)),
            ("huge", "x".repeat(300_000)),
            ("deepest", "[".repeat(100_000)),
            ("dotted", format!("a{}", ".a".repeat(100_000))),
            ("chained", format!("true{}", " && true".repeat(7_000))),
            (
                "parentheses",
                format!("{}true{}", "(".repeat(30_000), ")".repeat(30_000)),
            ),
            ("enormous", format!("\"{}\"", "y".repeat(5 << 20))),
        ];
        names.extend(special.map(|(name, text)| (name.to_owned(), json!(text))));
        names.insert("null".to_owned(), Value::Null);
        names.insert("deep".to_owned(), nested(100));
        let many = (1..=101).map(|number| (1_000_000_000_000_000_000_u64 + number).to_string());
        names.insert("many".to_owned(), many.collect());
        Self {
            scene,
            hall,
            names,
            board,
            secrets,
            fleeting: Mutex::default(),
            heard: Mutex::default(),
            speakers: tokio::sync::Mutex::default(),
            marks: AtomicUsize::new(0),
        }
    }

    /// What rows call `session.alice`: the sessions that are open.
    pub(super) async fn name_sessions(
        &self,
        generation: Generation,
        names: &mut BTreeMap<String, Value>,
    ) {
        for key in ["alice", "bob"] {
            if let Some(session) = self.speaker(generation, Some(key), None).await.session {
                names.insert(format!("session.{key}"), json!(session));
            }
        }
    }

    /// A word that occurs nowhere else, short enough for a nickname and plain enough for an emoji.
    pub(super) fn mark(&self) -> String {
        format!("obey{:04}now", self.marks.fetch_add(1, Ordering::SeqCst))
    }

    /// Whoever holds this key (nobody, without), at a client whose person answers so.
    pub(super) async fn speaker(
        &self,
        generation: Generation,
        key: Option<&str>,
        person: Option<&str>,
    ) -> Speaker {
        let mut speakers = self.speakers.lock().await;
        let id = format!("{key:?} {person:?}");
        if let Some(speaker) = speakers.get(&id) {
            return speaker.clone();
        }
        let secret = key.map(|key| match self.names.get(&format!("key.{key}")) {
            Some(secret) => text_of(secret),
            None => key.to_owned(),
        });
        let speaker = Speaker::open(
            &self.hall.url,
            generation,
            secret,
            person.map(ToOwned::to_owned),
        )
        .await;
        speakers.insert(id, speaker.clone());
        speaker
    }

    /// Let somebody of the world act.
    pub(super) async fn act(&self, who: &str, method: &str, path: &str, body: &Value) -> Value {
        act(&self.scene, who, method, path, body).await
    }

    /// Let a bot of the world write with a file, as bots do over Discord's API.
    pub(super) async fn upload(&self, who: &str, path: &str, content: &str, file: &str) -> Value {
        let name = format!("the token of {who}");
        let token = self.secrets.iter().find(|(known, _)| *known == name);
        let (_, token) = token.unwrap_or_else(|| panic!("{who} is no bot"));
        let payload = json!({ "content": content });
        let body = format!(
            "--part\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\
             Content-Type: application/json\r\n\r\n{payload}\r\n\
             --part\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"{file}\"\r\n\
             Content-Type: text/plain\r\n\r\nx\r\n--part--\r\n"
        );
        let url = format!("{}/{path}", self.scene.sandbox.info().api_url);
        let request = http_client()
            .post(url)
            .header("authorization", format!("Bot {token}"))
            .header("content-type", "multipart/form-data; boundary=part")
            .body(body);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{who}: {path}: {answer:?}");
        answer.json().await.unwrap()
    }

    /// The secrets that are in a text, by name.
    pub(super) fn secrets_in(&self, text: &str) -> Vec<String> {
        let within = |(_, secret): &&(String, String)| text.contains(secret.as_str());
        let found = self.secrets.iter().filter(within);
        found.map(|(name, _)| name.clone()).collect()
    }

    /// The end: the log, the database and the audit hold no secret and nothing of hidden channels,
    /// and the audit's chain is whole.
    pub(super) fn leave(self) -> Result<(), String> {
        let Self {
            scene,
            hall,
            secrets,
            fleeting,
            ..
        } = self;
        hall.terminate();
        let mut places = vec![("the log".to_owned(), scene.log())];
        for entry in fs::read_dir(scene.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with("guildhall.db") {
                let bytes = fs::read(&path).unwrap();
                places.push((name, String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
        for command in [
            &["audit", "list", "--limit", "100000", "--json"][..],
            &["audit", "export", "--reveal"],
        ] {
            let (code, rows, log) = scene.run(command);
            if code != 0 {
                return Err(format!("{command:?}: {log}"));
            }
            places.push((command.join(" "), rows));
        }
        let (code, said, log) = scene.run(&["audit", "verify"]);
        if code != 0 {
            return Err(format!("the audit's chain is broken: {said}{log}"));
        }
        let fleeting = fleeting.into_inner().unwrap();
        let kept = fleeting.into_iter().map(|it| ("a token".to_owned(), it));
        let canaries = [("a canary".to_owned(), "CANARY-".to_owned())];
        for (what, secret) in secrets.into_iter().chain(kept).chain(canaries) {
            for (place, text) in &places {
                if text.contains(&secret) {
                    return Err(format!("{what} is in {place}"));
                }
            }
        }
        Ok(())
    }
}

/// Until it hears what happens in Discord.
async fn is_ready(hall: &harness::Hall) {
    for _ in 0..400 {
        let answer = http_client().get(hall.page("/ready")).send().await.unwrap();
        if answer.status() == 200 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the service never became ready");
}

/// The bakers work in the town, the smiths in the city, and the tanners nowhere.
fn open_workspaces(scene: &Scene, [town, city]: &[String; 2]) {
    for workspace in ["bakers", "smiths", "tanners"] {
        told(scene, &["workspace", "create", workspace, "--json"]);
    }
    for (workspace, guild) in [("bakers", town), ("smiths", city)] {
        told(
            scene,
            &["workspace", "guild", "add", workspace, guild, "--json"],
        );
    }
}

/// What a command says that must go well.
fn told(scene: &Scene, command: &[&str]) -> Value {
    let (code, said, log) = scene.run(command);
    assert_eq!(code, 0, "{command:?}: {log}");
    serde_json::from_str(&said).unwrap_or_default()
}

/// Let somebody of the world act through the control API.
async fn act(scene: &Scene, who: &str, method: &str, path: &str, body: &Value) -> Value {
    let url = format!("{}/{path}", scene.sandbox.info().control_url);
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let request = http_client().request(method.clone(), url);
    let request = if method == reqwest::Method::GET {
        request.query(&[("as", who)])
    } else {
        let mut body = match body {
            Value::Null => json!({}),
            body => body.clone(),
        };
        body["as"] = json!(who);
        request.json(&body)
    };
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(
        status.is_success(),
        "{who}: {method} {path}: {status} {text}"
    );
    serde_json::from_str(&text).unwrap_or_default()
}

/// `chan.plaza`, `role.wardens`, `user.mallory`, `guild.town`, `msg.plaza`, `hook.herald`.
async fn name_the_world(
    scene: &Scene,
    names: &mut BTreeMap<String, Value>,
    secrets: &mut Vec<(String, String)>,
) {
    let url = format!("{}/state", scene.sandbox.info().control_url);
    let state: Value = http_client()
        .get(url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let now = state["now_ms"].as_i64().unwrap() / 1_000;
    let tomorrow = time::OffsetDateTime::from_unix_timestamp(now + 86_400).unwrap();
    let tomorrow = tomorrow
        .format(&time::format_description::well_known::Rfc3339)
        .unwrap();
    names.insert("tomorrow".to_owned(), json!(tomorrow));
    let slug = |value: &Value| text_of(value).to_lowercase().replace(' ', "-");
    for user in state["users"].as_array().unwrap() {
        let name = text_of(&user["username"]);
        if let Some(token) = user["token"].as_str() {
            secrets.push((format!("the token of {name}"), token.to_owned()));
        }
        names.insert(format!("user.{name}"), user["id"].clone());
    }
    for guild in state["guilds"].as_array().unwrap() {
        let (id, owner) = (text_of(&guild["id"]), text_of(&guild["owner_id"]));
        names.insert(format!("guild.{}", slug(&guild["name"])), json!(id));
        for role in guild["roles"].as_array().unwrap() {
            let name = slug(&role["name"]);
            names
                .entry(format!("role.{name}"))
                .or_insert(role["id"].clone());
        }
        for channel in guild["channels"].as_array().unwrap() {
            let (name, channel) = (slug(&channel["name"]), text_of(&channel["id"]));
            names.insert(format!("chan.{name}"), json!(channel));
            let path = format!("channels/{channel}/messages");
            let url = format!("{}/{path}?as={owner}", scene.sandbox.info().control_url);
            let said: Value = http_client()
                .get(url)
                .send()
                .await
                .unwrap()
                .json()
                .await
                .unwrap_or_default();
            if let Some(first) = said.as_array().and_then(|it| it.last()) {
                names.insert(format!("msg.{name}"), first["id"].clone());
            }
        }
        let hooks = act(
            scene,
            &owner,
            "GET",
            &format!("guilds/{id}/webhooks"),
            &Value::Null,
        )
        .await;
        for hook in hooks.as_array().unwrap() {
            let name = slug(&hook["name"]);
            secrets.push((
                format!("the token of webhook {name}"),
                text_of(&hook["token"]),
            ));
            names.insert(format!("hooktoken.{name}"), hook["token"].clone());
            names.insert(format!("hook.{name}"), hook["id"].clone());
        }
    }
}

const ASKING: &str = "\
[policy.approvals.wardens]
post_to = \"channel\"
channel = \"PLAZA\"
roles = [\"WARDENS\"]

[[policy.rules]]
name = \"wardens-decide\"
risks = [\"destructive\"]
effect = \"ask\"
approval = \"wardens\"

[[policy.rules]]
name = \"strangers-count\"
risks = [\"write\"]
after_untrusted = true
effect = \"deny\"

[policy.lockdown]
trust_roles = [\"WARDENS\"]
channels = [\"MARKET\"]
";

fn policy(kind: Hall, names: &BTreeMap<String, Value>) -> String {
    let name = |name: &str| text_of(&names[name]);
    let guilds = match kind {
        Hall::Shared => [name("guild.town"), name("guild.forbidden-city")].join("\", \""),
        _ => name("guild.town"),
    };
    let ground = format!(
        "[policy]\nallowed_guilds = [\"{guilds}\"]\nMEMBERS\n\
         [policy.channels]\ndeny = [\"{}\"]\n[policy.rates]\nRATES\n",
        name("chan.archive"),
    );
    let members = match kind {
        Hall::Strict => "members = [\"key:alice\", \"key:bob\", \"key:reader\", \"key:talker\"]",
        Hall::Ordinary
        | Hall::ReadOnly
        | Hall::Slow
        | Hall::Asking
        | Hall::Shared
        | Hall::Mirrored => "",
    };
    let rates = match kind {
        Hall::Slow => "read = 3\nwrite = 2\ndestructive = 1",
        _ => "read = 100000\nwrite = 100000\ndestructive = 100000",
    };
    let rules = match kind {
        Hall::Ordinary => {
            "[[policy.rules]]\nname = \"nobody-kicks\"\ntools = [\"discord_kick_member\"]\n\
             effect = \"deny\"\n"
        }
        Hall::Strict => {
            "[[policy.rules]]\nname = \"the-talker-talks\"\nprincipals = [\"key:talker\"]\n\
             tools = [\"discord_send_message\"]\neffect = \"allow\"\ndry_run_by_default = false\n\
             [[policy.rules]]\nname = \"the-talker-does-nothing-else\"\n\
             principals = [\"key:talker\"]\nrisks = [\"write\", \"destructive\"]\n\
             effect = \"deny\"\n\
             [[policy.rules]]\nname = \"alice-confirms-writes\"\nprincipals = [\"key:alice\"]\n\
             risks = [\"write\"]\nneeds_confirmation = true\n"
        }
        Hall::Asking => ASKING,
        Hall::ReadOnly | Hall::Slow | Hall::Shared | Hall::Mirrored => "",
    };
    let rules = rules
        .replace("PLAZA", &name("chan.plaza"))
        .replace("MARKET", &name("chan.market"))
        .replace("WARDENS", &name("role.wardens"));
    ground.replace("MEMBERS", members).replace("RATES", rates) + &rules
}

/// Keys that the service made for itself, in each way that they could be written.
fn add_keys_of_the_house(scene: &Scene, secrets: &mut Vec<(String, String)>) {
    let mut folders = vec![scene.folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "key") {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let hex = |bytes: Vec<u8>| {
                    use std::fmt::Write as _;
                    bytes.iter().fold(String::new(), |mut hex, byte| {
                        write!(hex, "{byte:02x}").unwrap();
                        hex
                    })
                };
                secrets.push((name, hex(fs::read(&path).unwrap())));
            }
        }
    }
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(json!("end"), |inner, _| json!({ "arguments": inner }))
}

pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
