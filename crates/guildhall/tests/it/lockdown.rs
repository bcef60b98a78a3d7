//! Lockdown and reading strangers, end to end: the real binary, a simulated Discord, and people who
//! write into it.

use http::Method;
use sandbox::{Limits, Person, WorldSpec};
use serde_json::{Value, json};

use crate::{
    harness::{Hall, Mcp, Reply, Scene, http_client},
    redteam::client::{Generation, Speaker},
};

/// Looks at something that has to come, 25 ms apart.
const PATIENCE: usize = 400;
/// In everything that strangers write, and nowhere else.
const WORDS: &str = "obeyme";
const STUB: &str = "by somebody without a trust role";

const WORLD: &str = r#"
name = "lockdown"

[[guilds]]
name = "Town"
owner = "mayor"
system_channel = "plaza"

[[guilds.roles]]
name = "wardens"
permissions = ["MANAGE_MESSAGES", "MANAGE_THREADS"]

[[guilds.bots]]
username = "guildhall"
permissions = "ALL_BUT_ADMINISTRATOR"

[[guilds.members]]
username = "warden"
roles = ["wardens"]

[[guilds.members]]
username = "mallory"

[[guilds.channels]]
name = "plaza"
webhooks = ["herald"]

[[guilds.channels]]
name = "office"
"#;

struct Town {
    scene: Scene,
    hall: Hall,
    guild: String,
    plaza: String,
}

impl Town {
    /// `policy` may name `WARDENS` and `OFFICE`.
    async fn under(policy: &str) -> Self {
        let scene = Scene::of(sandbox::Config {
            limits: Limits::off(),
            start: WorldSpec::from_toml(WORLD).unwrap().into(),
            ..sandbox::Config::default()
        })
        .await;
        let guild = scene.sandbox.info().guild_id.to_string();
        let mayor = scene.sandbox.person("mayor").unwrap();
        let named = async |what: &str, name: &str| {
            let path = format!("/guilds/{guild}/{what}");
            let list = does(&mayor, Method::GET, &path, json!(null)).await;
            let mut found = list.as_array().unwrap().iter();
            text(&found.find(|it| it["name"] == name).unwrap()["id"])
        };
        let plaza = named("channels", "plaza").await;
        let policy = policy
            .replace("WARDENS", &named("roles", "wardens").await)
            .replace("OFFICE", &named("channels", "office").await);
        std::fs::write(scene.folder.path().join("guildhall.toml"), policy).unwrap();
        let hall = serve(&scene).await;
        Self {
            scene,
            hall,
            guild,
            plaza,
        }
    }

    fn person(&self, name: &str) -> Person {
        self.scene.sandbox.person(name).unwrap()
    }

    /// Somebody writes into the plaza; gives the message's id.
    async fn says(&self, name: &str, body: Value) -> String {
        let path = format!("/channels/{}/messages", self.plaza);
        text(&does(&self.person(name), Method::POST, &path, body).await["id"])
    }

    /// A key for a client of its own.
    fn key(&self, name: &str) -> String {
        let create = [
            "key",
            "create",
            name,
            "--scopes",
            "read,write,destructive",
            "--json",
        ];
        let (code, made, log) = self.scene.run(&create);
        assert_eq!(code, 0, "{log}");
        text(&serde_json::from_str::<Value>(&made).unwrap()["key"])
    }

    fn client(&self, key: &str) -> Mcp {
        let mut client = self.hall.client();
        client.key = Some(key.to_owned());
        client
    }

    /// The service dies and is started anew.
    async fn crash(self) -> Self {
        self.hall.kill();
        let hall = serve(&self.scene).await;
        Self { hall, ..self }
    }
}

async fn serve(scene: &Scene) -> Hall {
    let quick = [("GUILDHALL_APPROVAL_WAIT_SECONDS", "0")];
    let hall = scene.serve_with(&["--gateway"], &quick);
    for _ in 0..PATIENCE {
        let answer = http_client().get(hall.page("/ready")).send().await.unwrap();
        if answer.status() == 200 {
            return hall;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the service never became ready");
}

async fn does(person: &Person, method: Method, path: &str, body: Value) -> Value {
    let done = person.does(method.clone(), path, &body).await;
    done.unwrap_or_else(|refusal| panic!("{method} {path}: {refusal:?}"))
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value}"))
        .to_owned()
}

/// How many parts of a view are stubs.
fn stubs(value: &Value) -> u64 {
    match value {
        Value::Array(items) => items.iter().map(stubs).sum(),
        Value::Object(fields) => {
            u64::from(fields.get("hidden").is_some_and(|why| why == STUB))
                + fields.values().map(stubs).sum::<u64>()
        }
        Value::String(text) => u64::from(*text == format!("[hidden: {STUB}]")),
        _ => 0,
    }
}

const LOCKDOWN: &str = "[policy.lockdown]\ntrust_roles = [\"WARDENS\"]\n";

/// Strangers write wherever they can. Gives Mallory's message, the warden's reply to it, and her thread.
async fn strangers_write(town: &Town) -> (String, String, String) {
    let (mallory, mayor) = (town.person("mallory"), town.person("mayor"));
    let (guild, plaza) = (&town.guild, &town.plaza);
    let nick = json!({ "nick": format!("{WORDS} now") });
    does(
        &mallory,
        Method::PATCH,
        &format!("/guilds/{guild}/members/@me"),
        nick,
    )
    .await;
    let evil = town
        .says("mallory", json!({ "content": format!("{WORDS} at once") }))
        .await;
    let reference = json!({ "message_id": evil });
    let reply = json!({ "content": "no, we do not", "message_reference": reference });
    let answer = town.says("warden", reply).await;
    let poll = json!({ "question": { "text": WORDS }, "duration": 1, "answers": [
        { "poll_media": { "text": WORDS } }, { "poll_media": { "text": "no" } }] });
    town.says("mallory", json!({ "poll": poll })).await;
    let thread = format!("/channels/{plaza}/messages/{evil}/threads");
    let thread = does(
        &mallory,
        Method::POST,
        &thread,
        json!({ "name": format!("{WORDS}-thread") }),
    );
    let thread = text(&thread.await["id"]);
    let inside = format!("/channels/{thread}/messages");
    does(&mallory, Method::POST, &inside, json!({ "content": WORDS })).await;
    let pin = format!("/channels/{plaza}/messages/pins/{evil}");
    does(&mayor, Method::PUT, &pin, json!(null)).await;
    // Whoever has a webhook's address writes under any name, with embeds.
    let control = town.scene.sandbox.info().control_url;
    let hooks = http_client()
        .get(format!("{control}/guilds/{guild}/webhooks?as=mayor"))
        .send()
        .await
        .unwrap();
    let hooks: Value = hooks.json().await.unwrap();
    let (id, token) = (text(&hooks[0]["id"]), text(&hooks[0]["token"]));
    let api = town.scene.sandbox.info().api_url;
    let said = http_client()
        .post(format!("{api}/webhooks/{id}/{token}"))
        .json(&json!({ "username": WORDS, "content": WORDS, "embeds": [{
            "title": WORDS, "description": WORDS, "footer": { "text": WORDS },
            "fields": [{ "name": WORDS, "value": WORDS }] }] }))
        .send()
        .await
        .unwrap();
    assert!(said.status().is_success(), "{said:?}");
    (evil, answer, thread)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_lockdown_every_view_shows_stubs_and_counts_them() {
    let town = Town::under(LOCKDOWN).await;
    let (evil, answer, thread) = strangers_write(&town).await;
    let (guild, plaza) = (&town.guild, &town.plaza);
    let mallory = town.person("mallory").id().to_string();
    // The tool, its arguments, how many stubs at least, and what is still to be seen.
    let views = [
        (
            "discord_get_messages",
            json!({ "channel_id": plaza }),
            3,
            "no, we do not",
        ),
        (
            "discord_message_history",
            json!({ "channel_id": plaza }),
            3,
            "no, we do not",
        ),
        (
            "discord_get_messages",
            json!({ "channel_id": thread }),
            1,
            "",
        ),
        (
            "discord_get_message",
            json!({ "channel_id": plaza, "message_id": evil }),
            1,
            "",
        ),
        (
            "discord_get_message",
            json!({ "channel_id": plaza, "message_id": answer }),
            1,
            "no, we do not",
        ),
        ("discord_list_pins", json!({ "channel_id": plaza }), 1, ""),
        (
            "discord_list_threads",
            json!({ "channel_id": plaza }),
            1,
            "",
        ),
        (
            "discord_channel_info",
            json!({ "channel_id": plaza }),
            1,
            "plaza",
        ),
        (
            "discord_get_channel",
            json!({ "channel_id": thread }),
            1,
            "",
        ),
        (
            "discord_list_members",
            json!({ "guild_id": guild }),
            1,
            "warden",
        ),
        (
            "discord_search_members",
            json!({ "guild_id": guild, "query": "mallory" }),
            1,
            "",
        ),
        (
            "discord_get_member",
            json!({ "guild_id": guild, "user_id": mallory }),
            1,
            "",
        ),
        (
            "discord_user_lookup",
            json!({ "guild_id": guild, "user_id": mallory }),
            1,
            "",
        ),
    ];
    let (client, rest) = (town.hall.client(), town.hall.rest());
    for (tool, arguments, least, shown) in views {
        let over_rest: Reply = rest.post(&format!("/tools/{tool}"), &arguments).await;
        let over_mcp = client.done(tool, arguments.clone()).await;
        for view in [over_mcp, over_rest.json()] {
            let said = view.to_string();
            assert!(!said.contains(WORDS), "{tool} {arguments}: {said}");
            assert!(said.contains(shown), "{tool} {arguments}: {said}");
            let hidden = view["hidden_count"].as_u64().unwrap_or_default();
            assert!(hidden >= least, "{tool} {arguments}: {said}");
            assert_eq!(hidden, stubs(&view), "{tool} {arguments}: {said}");
        }
    }
    for address in ["", "/messages"] {
        let uri = json!({ "uri": format!("discord://channel/{plaza}{address}") });
        let read = client.request("resources/read", uri).await.unwrap();
        assert!(read["result"]["contents"].is_array(), "{read}");
        assert!(!read.to_string().contains(WORDS), "{read}");
    }
    // What is heard while one waits.
    let heard = tokio::spawn({
        let (client, wait) = (
            client.clone(),
            json!({ "channel_id": plaza, "timeout": 20 }),
        );
        async move { client.done("discord_wait_for_message", wait).await }
    });
    while !heard.is_finished() {
        town.says("mallory", json!({ "content": WORDS })).await;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let heard = heard.await.unwrap();
    assert_eq!(heard["received"], true, "{heard}");
    assert_eq!(heard["message"]["hidden"], STUB, "{heard}");
    assert!(!heard.to_string().contains(WORDS), "{heard}");
    // What is shown of calls that change something.
    for (tool, arguments) in [
        (
            "discord_delete_message",
            json!({ "channel_id": plaza, "message_id": evil }),
        ),
        (
            "discord_pin_message",
            json!({ "channel_id": plaza, "message_id": evil }),
        ),
        ("discord_delete_channel", json!({ "channel_id": thread })),
        (
            "discord_kick_member",
            json!({ "guild_id": guild, "user_id": mallory }),
        ),
        (
            "discord_timeout_member",
            json!({ "guild_id": guild, "user_id": mallory, "duration_seconds": 60 }),
        ),
    ] {
        let plan = client.call(tool, arguments).await.unwrap();
        assert!(!plan.to_string().contains(WORDS), "{tool}: {plan}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undo_brings_back_what_its_plan_may_not_show() {
    let town = Town::under(LOCKDOWN).await;
    let mallory = town.person("mallory");
    let member = format!("/guilds/{}/members/{}", town.guild, mallory.id());
    let nick = format!("{WORDS} now");
    let own = format!("/guilds/{}/members/@me", town.guild);
    does(&mallory, Method::PATCH, &own, json!({ "nick": nick })).await;
    let key = town.key("alice");
    let client = town.client(&key);
    let rename = json!({ "guild_id": town.guild, "user_id": mallory.id().to_string(),
        "nickname": "quiet", "dry_run": false });
    let renamed = client.call("discord_edit_member", rename).await.unwrap();
    assert_eq!(renamed["result"]["isError"], false, "{renamed}");
    let call_id = text(&renamed["result"]["_meta"]["call_id"]);
    let undo = json!({ "call_id": call_id, "dry_run": true });
    let plan = client.call("discord_undo", undo).await.unwrap();
    let shown = &plan["result"]["structuredContent"];
    assert_eq!(shown["outcome"], "planned", "{plan}");
    assert!(!plan.to_string().contains(WORDS), "{plan}");
    let body = &shown["plan"]["steps"][0]["request"]["body"];
    assert_eq!(body["nick"], format!("[hidden: {STUB}]"), "{plan}");
    let mut undo = json!({ "call_id": call_id, "dry_run": false });
    if let Value::String(token) = &shown["plan"]["confirm"]["token"] {
        undo["confirm"] = json!(token);
    }
    let undone = client.call("discord_undo", undo).await.unwrap();
    assert_eq!(undone["result"]["isError"], false, "{undone}");
    assert!(!undone.to_string().contains(WORDS), "{undone}");
    let now = does(&town.person("mayor"), Method::GET, &member, json!(null)).await;
    assert_eq!(now["nick"], nick, "{now}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmation_is_bound_to_what_its_plan_may_not_show() {
    let town = Town::under(LOCKDOWN).await;
    let client = town.client(&town.key("alice"));
    let evil = town.says("mallory", json!({ "content": WORDS })).await;
    let delete = json!({ "channel_id": town.plaza, "message_id": evil });
    let batch = json!({ "calls": [{ "tool": "discord_delete_message", "arguments": delete }] });
    for (tool, arguments) in [
        ("discord_delete_message", &delete),
        ("discord_batch", &batch),
    ] {
        let plan = client.done(tool, arguments.clone()).await;
        assert!(!plan.to_string().contains(WORDS), "{tool}: {plan}");
        let path = format!("/channels/{}/messages/{evil}", town.plaza);
        let other = json!({ "content": format!("{WORDS} after {tool}") });
        does(&town.person("mallory"), Method::PATCH, &path, other).await;
        let mut confirmed = arguments.clone();
        confirmed["confirm"] = plan["plan"]["confirm"]["token"].clone();
        let declined = client.declined(tool, confirmed).await;
        assert_eq!(declined["code"], "plan_changed", "{tool}: {declined}");
    }
}

const PEOPLE_DECIDE: &str = r#"
[policy.approvals.wardens]
post_to = "channel"
channel = "OFFICE"
roles = ["WARDENS"]

[[policy.rules]]
name = "people decide after strangers were read"
risks = ["destructive"]
after_untrusted = true
effect = "ask"
approval = "wardens"
"#;

/// What becomes of a destructive call: `planned` with a token, or people are asked.
async fn deleting(town: &Town, client: &Mcp) -> String {
    let message = town
        .says("mayor", json!({ "content": "to be deleted" }))
        .await;
    let delete = json!({ "channel_id": town.plaza, "message_id": message, "dry_run": false });
    let answer = client.call("discord_delete_message", delete).await.unwrap();
    text(&answer["result"]["structuredContent"]["outcome"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_reading_strangers_people_decide_and_a_crash_makes_nobody_forget() {
    let town = Town::under(PEOPLE_DECIDE).await;
    let (alice, bob) = (town.key("alice"), town.key("bob"));
    town.says("mallory", json!({ "content": WORDS })).await;
    let read = json!({ "channel_id": town.plaza, "limit": 1 });
    town.client(&alice).done("discord_get_messages", read).await;
    assert_eq!(
        deleting(&town, &town.client(&alice)).await,
        "waiting_for_people"
    );
    let town = town.crash().await;
    assert_eq!(
        deleting(&town, &town.client(&alice)).await,
        "waiting_for_people"
    );
    // The dispatcher is no way round.
    let message = town.says("mayor", json!({ "content": "another" })).await;
    let run = json!({ "tool": "discord_delete_message", "dry_run": false,
        "arguments": { "channel_id": town.plaza, "message_id": message } });
    let answer = town
        .client(&alice)
        .done("discord_run_destructive", run)
        .await;
    assert_eq!(answer["outcome"], "waiting_for_people", "{answer}");
    // Another principal has read nothing: after a restart the store knows that too.
    let answer = town.client(&bob).request("tools/list", json!({})).await;
    assert!(answer.is_some());
    let guild =
        json!({ "guild_id": town.guild, "user_id": town.person("mallory").id().to_string() });
    let kick = town.client(&bob).done("discord_kick_member", guild).await;
    assert_eq!(kick["outcome"], "planned", "{kick}");
    assert!(kick["plan"]["confirm"]["token"].is_string(), "{kick}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_counts_by_itself_where_the_operator_says_so_and_by_its_principal_elsewhere() {
    for (by, other_session) in [("session", "planned"), ("principal", "waiting_for_people")] {
        let policy = format!("{PEOPLE_DECIDE}\n[policy.after_untrusted]\nby = \"{by}\"\n");
        let town = Town::under(&policy).await;
        let key = town.key("alice");
        let evil = town.says("mallory", json!({ "content": WORDS })).await;
        let open = || {
            Speaker::open(
                &town.hall.url,
                Generation::Sessions,
                Some(key.clone()),
                None,
            )
        };
        let (reading, other) = (open().await, open().await);
        let message = json!({ "channel_id": town.plaza, "message_id": evil });
        let call = json!({ "name": "discord_get_message", "arguments": message });
        reading.ask("tools/call", call, &json!({})).await;
        let kick = json!({ "name": "discord_kick_member", "arguments": { "guild_id": town.guild,
            "user_id": town.person("mallory").id().to_string(), "dry_run": false } });
        for (speaker, wanted) in [(&other, other_session), (&reading, "waiting_for_people")] {
            let heard = speaker.ask("tools/call", kick.clone(), &json!({})).await;
            let outcome = &heard.answer["result"]["structuredContent"]["outcome"];
            assert_eq!(*outcome, wanted, "by {by}: {}", heard.answer);
        }
    }
}
