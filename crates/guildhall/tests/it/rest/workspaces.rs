//! Workspaces from both sides: an operator at the command line, clients over REST.

use serde_json::json;

use super::{key, told};
use crate::harness::{Hall, Rest, Scene, send};

/// The sandbox's guild belongs to the bakers; the smiths have none.
async fn town() -> (Scene, Hall) {
    let scene = Scene::new().await;
    let guild = scene.sandbox.info().guild_id.to_string();
    told(
        &scene,
        &["workspace", "create", "bakers", "--name", "The bakers"],
    );
    told(&scene, &["workspace", "create", "smiths"]);
    told(&scene, &["workspace", "guild", "add", "bakers", &guild]);
    let hall = scene.serve(&["--require-key"]);
    (scene, hall)
}

async fn delete(rest: &Rest, path: &str) -> u16 {
    send(rest.request("DELETE", path)).await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_works_in_the_guilds_of_its_workspace_and_in_no_other() {
    let (scene, hall) = town().await;
    let channel = scene.sandbox.info().channel_id;
    let read = json!({ "channel_id": channel });
    let tool = "/tools/discord_get_messages";
    let bakers = hall
        .rest()
        .with_key(&key(&scene, "bread", "bakers", "viewer"));
    let smiths = hall
        .rest()
        .with_key(&key(&scene, "iron", "smiths", "owner"));
    let default = hall
        .rest()
        .with_key(&key(&scene, "plain", "default", "operator"));
    assert_eq!(bakers.post(tool, &read).await.status, 200);
    for stranger in [&smiths, &default] {
        let refused = stranger.post(tool, &read).await;
        assert_eq!(refused.status, 403);
        assert_eq!(refused.json()["code"], "guild_of_other_workspace");
        assert!(!refused.text.contains("bakers"));
    }
    let guilds = bakers.post("/tools/discord_list_guilds", &json!({})).await;
    assert_eq!(guilds.json()["guilds"].as_array().unwrap().len(), 1);
    for stranger in [&smiths, &default] {
        let guilds = stranger
            .post("/tools/discord_list_guilds", &json!({}))
            .await;
        assert!(guilds.json()["guilds"].as_array().is_none_or(Vec::is_empty));
    }
    let say = json!({ "channel_id": channel, "content": "x", "dry_run": false });
    let viewer = bakers.post("/tools/discord_send_message", &say).await;
    assert_eq!(viewer.json()["code"], "role_too_low");

    // MCP asks the same gate with the same keys.
    let mut mcp = hall.client();
    mcp.key = smiths.key.clone();
    let refused = mcp.declined("discord_get_messages", read.clone()).await;
    assert_eq!(refused["code"], "guild_of_other_workspace");

    // A change by another process counts within a second, and the audit is whole.
    told(&scene, &["workspace", "suspend", "bakers"]);
    let mut last = 0;
    for _ in 0..40 {
        last = bakers.post(tool, &read).await.status;
        if last == 403 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    assert_eq!(last, 403);
    told(&scene, &["workspace", "resume", "bakers"]);
    hall.terminate();
    let (code, out, err) = scene.run(&["audit", "verify"]);
    assert_eq!(code, 0, "{out}{err}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_makes_clients_and_gives_no_more_than_there_is() {
    let (scene, hall) = town().await;
    let admin = hall
        .rest()
        .with_key(&key(&scene, "admin", "bakers", "admin"));
    let made = admin
        .post(
            "/clients",
            &json!({ "name": "helper", "scopes": ["read"], "role": "viewer" }),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let made = made.json();
    assert_eq!(made["client"]["workspace"], "bakers");
    let helper = hall.rest().with_key(made["key"].as_str().unwrap());
    assert_eq!(helper.get("/whoami").await.json()["role"], "viewer");
    let list = admin.get("/clients").await;
    assert!(list.text.contains("helper") && !list.text.contains("gh_"));

    let taken = admin.post("/clients", &json!({ "name": "helper" })).await;
    assert_eq!(
        (taken.status, taken.json()["code"].clone()),
        (409, json!("taken"))
    );
    let owner = admin
        .post("/clients", &json!({ "name": "king", "role": "owner" }))
        .await;
    assert_eq!(
        (owner.status, owner.json()["code"].clone()),
        (403, json!("grants_too_much"))
    );
    let elsewhere = json!({ "name": "spy", "workspace": "smiths" });
    assert_eq!(admin.post("/clients", &elsewhere).await.status, 404);
    assert_eq!(helper.get("/clients").await.json()["code"], "role_too_low");
    let slip = admin.post("/clients", &json!({ "nmae": "x" })).await;
    assert_eq!(slip.json()["hint"], "did you mean `name`?");

    // A client of another workspace is as if it were not there; an owner's is out of reach.
    key(&scene, "iron", "smiths", "viewer");
    key(&scene, "boss", "bakers", "owner");
    assert_eq!(delete(&admin, "/clients/iron").await, 404);
    assert_eq!(delete(&admin, "/clients/nobody").await, 404);
    assert_eq!(delete(&admin, "/clients/boss").await, 403);
    assert_eq!(delete(&admin, "/clients/helper").await, 204);
    assert_eq!(helper.get("/whoami").await.status, 401);
    hall.terminate();

    // What was refused is written down beside what was done, in each one's own chain.
    let (_, audit, _) = scene.run(&["audit", "list", "--limit", "200", "--json"]);
    for code in ["grants_too_much", "role_too_low", "taken"] {
        assert!(audit.contains(code), "{code}: {audit}");
    }
    assert!(audit.contains("workspace.create_client"));
    assert!(!audit.contains("gh_"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owners_manage_people_and_the_last_one_stays() {
    let (scene, hall) = town().await;
    let owner = hall
        .rest()
        .with_key(&key(&scene, "boss", "bakers", "owner"));
    let members = "/workspaces/bakers/members";
    let add = json!({ "name": "ada", "user_id": "80351110224678912", "role": "owner" });
    let added = owner.post(members, &add).await;
    assert_eq!(added.status, 201, "{}", added.text);
    assert_eq!(owner.post(members, &add).await.status, 409);
    assert_eq!(
        owner
            .post(members, &json!({ "role": "viewer" }))
            .await
            .status,
        400
    );
    let ada = "/workspaces/bakers/members/ada";
    assert_eq!(delete(&owner, ada).await, 409);
    let lower = send(
        owner
            .request("PATCH", ada)
            .json(&json!({ "role": "viewer" })),
    )
    .await;
    assert_eq!(lower.json()["code"], "last_owner");
    assert_eq!(delete(&owner, "/workspaces/bakers/members/eve").await, 404);
    let shown = told(&scene, &["workspace", "show", "bakers"]);
    assert_eq!(shown["members"][0]["name"], "ada");
    assert_eq!(shown["name"], "The bakers");

    let setting = "/workspaces/bakers/config/display_name";
    let set = send(
        owner
            .request("PUT", setting)
            .json(&json!({ "value": "Bread" })),
    )
    .await;
    assert_eq!(
        set.json()["settings"]["display_name"],
        "Bread",
        "{}",
        set.text
    );
    let (_, out, _) = scene.run(&["workspace", "config", "get", "bakers", "display_name"]);
    assert_eq!(out.trim(), "Bread");
    let wrong = "/workspaces/bakers/config/approval_channel";
    let wrong = send(
        owner
            .request("PUT", wrong)
            .json(&json!({ "value": "general" })),
    )
    .await;
    assert_eq!(wrong.status, 400);

    // Its own guild may go; no other may come, unclaimed ones included.
    let guild = scene.sandbox.info().guild_id;
    assert_eq!(
        delete(&owner, &format!("/installations/{guild}")).await,
        204
    );
    let back = owner
        .post("/installations", &json!({ "guild_id": guild }))
        .await;
    assert_eq!(back.json()["code"], "guild_of_other_workspace");
    assert_eq!(
        owner
            .post("/workspaces", &json!({ "id": "mine" }))
            .await
            .status,
        403
    );
    let only = owner.get("/workspaces").await.json();
    assert_eq!(only["workspaces"].as_array().unwrap().len(), 1);

    // Whoever runs the service may all of it, and a guest may nothing.
    let root = hall
        .rest()
        .with_key(&key(&scene, "root", "default", "owner"));
    let install = json!({ "guild_id": guild, "workspace": "smiths" });
    assert_eq!(root.post("/installations", &install).await.status, 201);
    assert_eq!(root.post("/installations", &install).await.status, 409);
    assert_eq!(
        root.get("/workspaces").await.json()["workspaces"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    hall.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_needs_no_workspace_notices_none() {
    let scene = Scene::new().await;
    let (code, out, _) = scene.run(&["key", "create", "monitor", "--scopes", "read"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("gh_"));
    let (_, list, _) = scene.run(&["key", "list"]);
    assert!(!list.contains("default"), "{list}");
    let hall = scene.serve(&[]);
    let guest = hall.rest();
    let forbidden = guest.post("/clients", &json!({ "name": "x" })).await;
    assert_eq!(forbidden.json()["code"], "role_too_low");
    let guilds = guest.post("/tools/discord_list_guilds", &json!({})).await;
    assert_eq!(guilds.json()["guilds"].as_array().unwrap().len(), 1);
    hall.terminate();
    let (code, _, err) = scene.run(&["workspace", "show", "nowhere"]);
    assert_eq!(code, 1);
    assert!(err.contains("there is no workspace \"nowhere\""), "{err}");
    let (code, _, err) = scene.run(&[
        "workspace",
        "member",
        "add",
        "default",
        "x",
        "--role",
        "king",
    ]);
    assert_eq!(code, 2);
    assert!(err.contains("viewer, operator, admin or owner"), "{err}");
}
