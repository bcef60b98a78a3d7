//! The policy of a workspace over REST: who may change it, on top of what, and where it counts.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{key, told};
use crate::{
    crash_points::schema,
    harness::{Hall, Reply, Rest, Scene, send},
    postgres,
};

/// Within this time a change must have reached another instance. It is there within a second; the
/// rest is for a busy machine.
const REACHES: Duration = Duration::from_secs(20);

const SHUT: &str =
    "[[rules]]\nname = \"shut\"\ntools = [\"discord_list_guilds\"]\neffect = \"deny\"\n";
const SLOW: &str = "[[rules]]\nname = \"slow\"\nrisks = [\"read\"]\ncalls_per_minute = 7\n";
const OPEN: &str = "[[rules]]\nname = \"open\"\neffect = \"allow\"\ndry_run_by_default = false\nneeds_confirmation = false\n\
                    tools = [\"discord_send_message\", \"discord_ban_member\"]\ncalls_per_minute = 100000\n";

/// The sandbox's guild belongs to the bakers; the smiths have none. The operator lets nobody ban.
async fn town() -> (Scene, Hall) {
    let scene = Scene::new().await;
    let guild = scene.sandbox.info().guild_id.to_string();
    let file = "[[policy.rules]]\nname = \"no bans\"\ntools = [\"discord_ban_member\"]\neffect = \"deny\"\n";
    std::fs::write(scene.folder.path().join("guildhall.toml"), file).unwrap();
    told(&scene, &["workspace", "create", "bakers"]);
    told(&scene, &["workspace", "create", "smiths"]);
    told(&scene, &["workspace", "guild", "add", "bakers", &guild]);
    let hall = scene.serve(&["--require-key"]);
    (scene, hall)
}

fn client(scene: &Scene, hall: &Hall, name: &str, workspace: &str, role: &str) -> Rest {
    hall.rest().with_key(&key(scene, name, workspace, role))
}

async fn put(rest: &Rest, condition: (&str, &str), text: &str) -> Reply {
    let request = rest
        .request("PUT", "/policy")
        .header(condition.0, condition.1);
    send(request.json(&json!({ "text": text }))).await
}

const FIRST: (&str, &str) = ("If-None-Match", "*");

async fn lists_guilds(rest: &Rest) -> Reply {
    rest.post("/tools/discord_list_guilds", &json!({})).await
}

#[track_caller]
fn is(reply: &Reply, status: u16, code: &str) {
    assert_eq!(reply.status, status, "{}", reply.text);
    assert_eq!(reply.json()["code"], code, "{}", reply.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_is_put_on_top_of_what_was_seen_and_counts_on_the_next_call() {
    let (scene, hall) = town().await;
    let admin = client(&scene, &hall, "admin", "bakers", "admin");
    let viewer = client(&scene, &hall, "bread", "bakers", "viewer");
    is(&viewer.get("/policy").await, 404, "not_found");
    let bare = admin
        .request("PUT", "/policy")
        .json(&json!({ "text": SHUT }));
    is(&send(bare).await, 428, "condition_missing");

    let made = put(&admin, FIRST, SHUT).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.header("etag"), Some("\"1\""));
    assert_eq!(made.json()["put_by"], "key:admin");
    is(&lists_guilds(&viewer).await, 403, "denied_by_rule");
    is(&put(&admin, FIRST, SLOW).await, 412, "policy_changed");
    is(
        &put(&admin, ("If-Match", "\"7\""), SLOW).await,
        412,
        "policy_changed",
    );
    is(
        &put(&admin, ("If-Match", "*"), SLOW).await,
        400,
        "invalid_condition",
    );

    let seen = viewer.get("/policy").await;
    assert_eq!(seen.json()["text"], SHUT);
    let tag = seen.header("etag").unwrap().to_owned();
    let next = put(&admin, ("If-Match", &tag), SLOW).await;
    assert_eq!((next.status, next.header("etag")), (200, Some("\"2\"")));
    assert_eq!(lists_guilds(&viewer).await.status, 200);

    let versions = viewer.get("/policy/versions").await.json();
    let numbers: Vec<&Value> = versions["policies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["number"])
        .collect();
    assert_eq!(numbers, [2, 1]);
    let first = viewer.get("/policy/versions/1").await.json();
    assert_eq!(
        (&first["text"], &first["newest"]),
        (&json!(SHUT), &json!(false))
    );
    is(&viewer.get("/policy/versions/9").await, 404, "not_found");

    let back = admin
        .request("POST", "/policy/rollback")
        .header("If-Match", "\"2\"")
        .json(&json!({ "number": 1 }));
    let back = send(back).await;
    assert_eq!(
        (back.status, back.header("etag")),
        (200, Some("\"3\"")),
        "{}",
        back.text
    );
    assert_eq!(back.json()["restored"], 1);
    is(&lists_guilds(&viewer).await, 403, "denied_by_rule");

    let gone = admin
        .request("DELETE", "/policy")
        .header("If-Match", "\"3\"");
    assert_eq!(send(gone).await.status, 204);
    assert_eq!(lists_guilds(&viewer).await.status, 200);
    is(&viewer.get("/policy").await, 404, "not_found");
    // What was taken away can be made anew, and the history goes on.
    assert_eq!(put(&admin, FIRST, SLOW).await.header("etag"), Some("\"5\""));

    // The command line sees the same, and everything is in the chain of the workspace.
    let listed = told(&scene, &["policy", "list", "--workspace", "bakers"]);
    assert_eq!(listed.as_array().unwrap().len(), 5);
    hall.terminate();
    let (_, audit, _) = scene.run(&["audit", "list", "--limit", "500", "--json"]);
    let audit: Vec<Value> = serde_json::from_str(&audit).unwrap();
    let of = |tool: &str, outcome: &str| {
        let fits = audit.iter().filter(|row| {
            let row = &row["decision"];
            row["tool"] == tool && row["outcome"] == outcome && row["workspace"] == "bakers"
        });
        fits.count()
    };
    assert_eq!(of("workspace.put_policy", "done"), 3);
    assert_eq!(of("workspace.put_policy", "refused"), 2);
    assert_eq!(
        of("workspace.put_policy", "started"),
        0,
        "one commit has the change and its row"
    );
    assert_eq!(of("workspace.roll_back_policy", "done"), 1);
    assert_eq!(of("workspace.remove_policy", "done"), 1);
    let (code, out, err) = scene.run(&["audit", "verify"]);
    assert_eq!(code, 0, "{out}{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_those_who_manage_the_workspace_change_its_policy_and_only_downwards() {
    let (scene, hall) = town().await;
    let admin = client(&scene, &hall, "admin", "bakers", "admin");
    for role in ["viewer", "operator"] {
        let low = client(&scene, &hall, &format!("low-{role}"), "bakers", role);
        is(&put(&low, FIRST, SHUT).await, 403, "role_too_low");
        let trial = low
            .post("/policy/backtest", &json!({ "policy": SHUT }))
            .await;
        is(&trial, 403, "role_too_low");
    }
    let smith = client(&scene, &hall, "smith", "smiths", "owner");
    for path in [
        "/policy?workspace=bakers",
        "/policy/versions?workspace=bakers",
    ] {
        is(&smith.get(path).await, 404, "workspace_unknown");
    }
    let theirs = smith
        .request("PUT", "/policy?workspace=bakers")
        .header("If-None-Match", "*")
        .json(&json!({ "text": SHUT }));
    is(&send(theirs).await, 404, "workspace_unknown");

    // It asks for more than the operator allows, and gets nothing that was not there without it.
    let channel = scene.sandbox.info().channel_id;
    let guild = scene.sandbox.info().guild_id;
    assert_eq!(put(&admin, FIRST, OPEN).await.status, 201);
    let say = json!({ "channel_id": channel, "content": "x" });
    let said = admin.post("/tools/discord_send_message", &say).await;
    assert_eq!(said.json()["outcome"], "planned", "{}", said.text);
    let ban = json!({ "guild_id": guild, "user_id": "80351110224678912" });
    let ban = admin.post("/tools/discord_ban_member", &ban).await;
    is(&ban, 403, "denied_by_rule");
    let limits = admin
        .post(
            "/policy/explain",
            &json!({ "tool": "discord_send_message" }),
        )
        .await
        .json();
    assert_eq!(limits["calls_per_minute"], 300, "{limits}");

    // What cannot be used is not stored.
    let broken = put(&admin, ("If-Match", "\"1\""), "[[rules]]\nname = \"x\"\n").await;
    is(&broken, 400, "invalid_policy");
    assert!(broken.text.contains("line 2, column 8"), "{}", broken.text);
    let files = put(
        &admin,
        ("If-Match", "\"1\""),
        "cedar_file = \"/etc/passwd\"",
    )
    .await;
    is(&files, 400, "invalid_policy");
    let long = format!("# {}", "x".repeat(256 * 1024));
    is(
        &put(&admin, ("If-Match", "\"1\""), &long).await,
        400,
        "invalid_arguments",
    );
    is(
        &put(&admin, ("If-Match", "\"1\""), " \n").await,
        400,
        "invalid_arguments",
    );
    assert_eq!(admin.get("/policy").await.header("etag"), Some("\"1\""));
    hall.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_is_checked_explained_tested_and_tried_out_before_it_counts() {
    let (scene, hall) = town().await;
    let admin = client(&scene, &hall, "admin", "bakers", "admin");
    let wrong = json!({ "text": "read_only = false\n\n[[rules]]\nname = \"typo\"\neffect = \"deny\"\ntools = [\"discord_ban_membr\"]\n" });
    let checked = admin.post("/policy/check", &wrong).await.json();
    assert_eq!(checked["usable"], false);
    assert_eq!(
        (&checked["fault"]["line"], &checked["fault"]["column"]),
        (&json!(6), &json!(10))
    );
    let good = admin.post("/policy/check", &json!({ "text": SHUT })).await;
    assert_eq!(
        (&good.json()["usable"], &good.json()["rules"]),
        (&json!(true), &json!(1))
    );

    let (guild, channel) = (
        scene.sandbox.info().guild_id,
        scene.sandbox.info().channel_id,
    );
    let call = json!({
        "tool": "discord_send_message", "principal": "key:chat", "guild": guild, "channel": channel,
        "asker_roles": [], "policy": "[[rules]]\nname = \"few\"\nrisks = [\"write\"]\ncalls_per_minute = 7\n",
    });
    let explained = admin.post("/policy/explain", &call).await;
    assert_eq!(explained.status, 200, "{}", explained.text);
    let explained = explained.json();
    assert_eq!(explained["fate"], "plan");
    let limits: Vec<String> = explained["limits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{} {}", it["of"].as_str().unwrap(), it["per_minute"]))
        .collect();
    assert_eq!(limits[0], "principal 7");
    for of in ["user ", "channel ", "guild ", "tool "] {
        assert!(
            limits.iter().any(|limit| limit.starts_with(of)),
            "{limits:?}"
        );
    }
    // The operator's rules are above, whatever is asked.
    let ban = json!({ "tool": "discord_ban_member", "policy": OPEN });
    let ban = admin.post("/policy/explain", &ban).await.json();
    assert_eq!(
        (&ban["fate"], &ban["rules"][0]),
        (&json!("deny"), &json!("no bans"))
    );
    let slip = admin
        .post("/policy/explain", &json!({ "tool": "discord_ban_membr" }))
        .await;
    is(&slip, 400, "invalid_arguments");
    assert!(slip.text.contains("did you mean discord_ban_member?"));
    let slip = json!({ "tool": "discord_ban_member", "chanel": "1" });
    let slip = admin.post("/policy/explain", &slip).await;
    assert!(
        slip.text.contains("did you mean `channel`?"),
        "{}",
        slip.text
    );

    let cases = json!({ "policy": SHUT, "cases": [
        { "name": "guilds", "tool": "discord_list_guilds", "expect": "deny", "rule": "shut" },
        { "name": "talk", "tool": "discord_send_message", "expect": "run" },
    ] });
    let tested = admin.post("/policy/test", &cases).await.json();
    assert_eq!(
        (&tested["passed"], &tested["failed"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(tested["cases"][1]["fault"], "expected run, but it is plan");

    for _ in 0..3 {
        lists_guilds(&admin).await;
    }
    let smith = client(&scene, &hall, "smith", "smiths", "viewer");
    lists_guilds(&smith).await;
    let tried = admin
        .post("/policy/backtest", &json!({ "policy": SHUT }))
        .await;
    assert_eq!(tried.status, 200, "{}", tried.text);
    let tried = tried.json();
    assert_eq!(
        (&tried["calls"], &tried["same"]),
        (&json!(3), &json!(0)),
        "{tried}"
    );
    assert_eq!(tried["with_scopes_of_today"], 3);
    let change = &tried["changes"][0];
    assert_eq!(
        (&change["before"], &change["after"]),
        (&json!("run"), &json!("deny"))
    );
    assert_eq!(admin.get("/policy").await.status, 404, "nothing was put");
    hall.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_service_puts_another_on_the_same_file_follows() {
    followed(&Scene::new().await, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_service_puts_another_on_the_same_postgresql_follows() {
    let server = match postgres::shared() {
        Ok(server) => server,
        Err(reason) => {
            eprintln!("SKIPPED: no PostgreSQL can be had: {reason}");
            return;
        }
    };
    let url = schema(&server.url());
    followed(&Scene::new().await, &[("DATABASE_URL", &url)]).await;
}

/// Put on one, and look at the other.
async fn followed(scene: &Scene, more: &[(&str, &str)]) {
    let create = ["key", "create", "root", "--role", "owner", "--json"];
    let made = scene
        .command(&create)
        .envs(more.iter().copied())
        .output()
        .unwrap();
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let key = made["key"].as_str().unwrap();
    let (here, there) = (
        scene.serve_with(&["--require-key"], more),
        scene.serve_with(&["--require-key"], more),
    );
    let (here_client, there_client) = (here.rest().with_key(key), there.rest().with_key(key));
    assert_eq!(lists_guilds(&there_client).await.status, 200);
    assert_eq!(put(&here_client, FIRST, SHUT).await.status, 201);
    // Where it was put, at once.
    is(&lists_guilds(&here_client).await, 403, "denied_by_rule");
    becomes(&there_client, 403).await;
    let gone = there_client
        .request("DELETE", "/policy")
        .header("If-Match", "\"1\"");
    assert_eq!(send(gone).await.status, 204);
    assert_eq!(lists_guilds(&there_client).await.status, 200);
    becomes(&here_client, 200).await;
    here.terminate();
    there.terminate();
}

async fn becomes(rest: &Rest, status: u16) {
    let began = Instant::now();
    loop {
        let reply = lists_guilds(rest).await;
        if reply.status == status {
            return;
        }
        assert!(began.elapsed() < REACHES, "still {}", reply.text);
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
