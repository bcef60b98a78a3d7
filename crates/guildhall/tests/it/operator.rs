//! What an operator types: doctor, configuration, tools, set-up, the demo's story.

use serde_json::{Value, json};

use crate::harness::Scene;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_tells_its_story_as_written() {
    let scene = Scene::new().await;
    let (code, told, log) = scene.run(&["demo", "--once"]);
    assert_eq!(code, 0, "{told}\n{log}");
    assert!(told.contains("Every step went as told."), "{told}");
    insta::assert_snapshot!("story", without_ids(&told));
}

/// Ids carry the time at which they were made.
fn without_ids(text: &str) -> String {
    text.split_inclusive(|c: char| !c.is_ascii_digit())
        .map(|part| {
            let digits = part.trim_end_matches(|c: char| !c.is_ascii_digit());
            if digits.len() < 17 {
                part.to_owned()
            } else {
                part.replace(digits, "ID")
            }
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_finds_a_healthy_bot_healthy_and_a_missing_token_missing() {
    let scene = Scene::new().await;
    let (code, said, log) = scene.run(&["doctor", "--json"]);
    assert_eq!(code, 0, "{said}\n{log}");
    let said: Value = serde_json::from_str(&said).unwrap();
    let findings = said["findings"].as_array().unwrap();
    assert!(
        findings.iter().all(|finding| finding["state"] == "ok"),
        "{said:#}"
    );
    let token = said["configuration"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["key"] == "discord.token")
        .unwrap();
    assert_eq!(token["value"], "(set)");
    assert_eq!(token["source"], "environment DISCORD_TOKEN");

    let output = scene
        .command(&["doctor"])
        .env_remove("DISCORD_TOKEN")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("guildhall demo"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tool_is_listed_with_its_operations_and_needs() {
    let scene = Scene::new().await;
    let (code, listed, log) = scene.run(&["tools", "list", "--all", "--json"]);
    assert_eq!(code, 0, "{log}");
    let rows: Vec<Value> = serde_json::from_str(&listed).unwrap();
    assert!(rows.len() >= 55, "{}", rows.len());
    for row in &rows {
        let mut keys: Vec<&str> = row
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        keys.sort_unstable();
        assert_eq!(
            keys,
            [
                "description",
                "name",
                "needs",
                "operations",
                "risk",
                "toolset"
            ],
            "{row}"
        );
    }
    let (_, read_only, _) = scene.run(&["tools", "list", "--all", "--json", "--read-only"]);
    let rows: Vec<Value> = serde_json::from_str(&read_only).unwrap();
    assert!(rows.iter().all(|row| row["risk"] == "read"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_can_be_called_from_the_shell_and_the_record_shows_it() {
    let scene = Scene::new().await;
    let channel = scene.sandbox.info().channel_id;
    let arguments = json!({ "channel_id": channel, "content": "from the shell" }).to_string();
    let (code, planned, log) = scene.run(&[
        "tools",
        "call",
        "discord_send_message",
        &arguments,
        "--json",
    ]);
    assert_eq!(code, 0, "{log}");
    let planned: Value = serde_json::from_str(&planned).unwrap();
    assert_eq!(planned["outcome"], "planned");
    assert_eq!(planned["plan"]["checks"].as_array().unwrap().len(), 8);

    let arguments =
        json!({ "channel_id": channel, "content": "from the shell", "dry_run": false }).to_string();
    let (code, done, log) = scene.run(&[
        "tools",
        "call",
        "discord_send_message",
        &arguments,
        "--json",
    ]);
    assert_eq!(code, 0, "{done}{log}");

    let (_, rows, _) = scene.run(&["audit", "list", "--json"]);
    let rows: Vec<Value> = serde_json::from_str(&rows).unwrap();
    let outcomes: Vec<&str> = rows
        .iter()
        .map(|row| row["decision"]["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["planned", "started", "done"]);
    assert!(
        !serde_json::to_string(&rows)
            .unwrap()
            .contains("from the shell")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn set_up_writes_every_clients_file_and_never_the_token() {
    let scene = Scene::new().await;
    let token = scene.sandbox.info().bot_token;
    for client in [
        "claude-code",
        "claude-desktop",
        "cursor",
        "codex",
        "vscode",
        "generic",
    ] {
        let (code, printed, log) = scene.run(&["setup", "--client", client]);
        assert_eq!(code, 0, "{client}: {log}");
        assert!(printed.contains("guildhall"), "{client}: {printed}");
        let file = scene.folder.path().join(format!("{client}.conf"));
        let path = file.to_str().unwrap();
        for _ in 0..2 {
            let (code, said, log) =
                scene.run(&["setup", "--client", client, "--write", "--file", path]);
            assert_eq!(code, 0, "{client}: {said}{log}");
        }
        let written = std::fs::read_to_string(&file).unwrap();
        assert_eq!(
            written.matches("guildhall\"").count().min(1),
            1,
            "{client}: {written}"
        );
        assert!(
            !written.contains(&token) && !printed.contains(&token),
            "{client}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_only_takes_the_tools_away() {
    let scene = Scene::new().await;
    let hall = scene.serve(&["--read-only", "--toolsets", "all"]);
    let client = hall.client();
    let listed = client.request("tools/list", json!({})).await.unwrap();
    let tools = listed["result"]["tools"].as_array().unwrap();
    assert!(
        tools
            .iter()
            .all(|tool| tool["annotations"]["readOnlyHint"] == true),
        "{listed}"
    );
    let channel = scene.sandbox.info().channel_id;
    let write = json!({ "channel_id": channel, "content": "hi", "dry_run": false });
    let answer = client.call("discord_send_message", write).await.unwrap();
    assert!(
        answer["result"]["isError"] == true || answer["error"].is_object(),
        "{answer}"
    );
    assert!(answer.to_string().contains("read-only"), "{answer}");
    hall.terminate();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_made_in_one_process_is_confirmed_in_the_next() {
    let scene = Scene::new().await;
    let channel = scene.sandbox.info().channel_id;
    let newcomer = scene.sandbox.person("newcomer").unwrap();
    let spam = newcomer.says(channel, "spam").await.unwrap();
    let delete = |confirm: Option<&Value>| {
        let mut arguments = json!({ "channel_id": channel, "message_id": spam["id"] });
        if let Some(token) = confirm {
            arguments["confirm"] = token.clone();
        }
        scene.run(&[
            "tools",
            "call",
            "discord_delete_message",
            &arguments.to_string(),
            "--json",
        ])
    };
    let (code, planned, log) = delete(None);
    assert_eq!(code, 0, "{log}");
    let planned: Value = serde_json::from_str(&planned).unwrap();
    let token = &planned["plan"]["confirm"]["token"];
    assert!(token.is_string(), "{planned}");
    let (code, done, log) = delete(Some(token));
    assert_eq!(code, 0, "{done}{log}");
    let (code, again, _) = delete(Some(token));
    assert_eq!(code, 2, "a token works once: {again}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guilds_that_are_not_named_are_out_of_reach() {
    let scene = Scene::new().await;
    let channel = scene.sandbox.info().channel_id;
    let arguments = json!({ "channel_id": channel }).to_string();
    let call = |allowed: &str| {
        let mut command = scene.command(&["tools", "call", "discord_get_messages", &arguments]);
        let output = command.env("ALLOWED_GUILD_IDS", allowed).output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            output.stderr,
        )
    };
    let guild = scene.sandbox.info().guild_id.to_string();
    assert_eq!(call(&guild).0, Some(0));
    let (code, said, _) = call("175928847299117063");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("guild_installation"), "{said}");
    for nothing in [" ", ","] {
        let (code, _, log) = call(nothing);
        assert_eq!(code, Some(1));
        assert!(String::from_utf8_lossy(&log).contains("names no guild"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_runs_with_a_sandbox_of_its_own_and_its_exit_code_is_passed_on() {
    let scene = Scene::new().await;
    let script = "test -n \"$DISCORD_GUILD_ID\" -a -n \"$DISCORD_CHANNEL_ID\" -a -n \"$DISCORD_CONTROL_URL\" \
                  && \"$0\" doctor --json && exit 7";
    let binary = env!("CARGO_BIN_EXE_guildhall");
    let (code, said, log) = scene.run(&["sandbox", "--", "sh", "-c", script, binary]);
    assert_eq!(code, 7, "{said}\n{log}");
    let said: Value = serde_json::from_str(&said).unwrap();
    let findings = said["findings"].as_array().unwrap();
    assert!(
        findings.iter().all(|finding| finding["state"] == "ok"),
        "{said:#}"
    );

    let (code, _, log) = scene.run(&["sandbox", "--", "no-such-program"]);
    assert_eq!(code, 1);
    assert!(log.contains("`no-such-program` cannot be started"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_is_verified_exported_erased_and_a_change_is_found() {
    let scene = Scene::new().await;
    for _ in 0..2 {
        let (code, _, log) = scene.run(&["tools", "call", "discord_list_guilds"]);
        assert_eq!(code, 0, "{log}");
    }
    let (code, said, log) = scene.run(&["audit", "checkpoint"]);
    assert_eq!(code, 0, "{said}\n{log}");
    let (code, said, log) = scene.run(&["audit", "verify", "--json"]);
    assert_eq!(code, 0, "{said}\n{log}");
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(report["problem"], Value::Null);
    assert_eq!(report["sealed"], true);
    assert_eq!(report["witnessed"], 1);
    let rows = report["rows"].as_u64().unwrap();
    assert!(rows >= 2, "{report}");

    let (_, listed, _) = scene.run(&["audit", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let call = listed[0]["decision"]["call_id"].as_str().unwrap();
    let (code, shown, _) = scene.run(&["audit", "show", call]);
    assert_eq!(code, 0);
    assert!(shown.contains("discord_list_guilds"), "{shown}");
    let (code, _, log) = scene.run(&["audit", "show", "nothing"]);
    assert_eq!(code, 1);
    assert!(log.contains("knows no call nothing"), "{log}");

    let (_, exported, _) = scene.run(&["audit", "export"]);
    let principal = listed[0]["decision"]["principal"].as_str().unwrap();
    assert!(!exported.contains(principal), "{exported}");
    assert_eq!(exported.lines().count() as u64, rows + 1);

    let (_, said, _) = scene.run(&["audit", "erase", principal]);
    assert!(said.contains("--yes"), "{said}");
    let (code, said, log) = scene.run(&["audit", "erase", principal, "--yes"]);
    assert_eq!(code, 0, "{said}\n{log}");
    let (code, said, _) = scene.run(&["audit", "verify"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("The audit is whole"), "{said}");

    // Without its key the seal says nothing, and with another one it is broken until the operator
    // has looked and seals it anew.
    std::fs::remove_file(
        scene
            .folder
            .path()
            .join("home/.local/share/guildhall/audit.key"),
    )
    .unwrap();
    let (code, said, _) = scene.run(&["audit", "verify"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("seal"), "{said}");
    let (code, said, log) = scene.run(&["audit", "reseal"]);
    assert_eq!(code, 0, "{said}\n{log}");
    let signer = exported
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|line| line["checkpoint"]["signer"].as_str().map(str::to_owned))
        .unwrap();
    let (code, said, _) = scene.run(&["audit", "verify", "--signer", &signer]);
    assert_eq!(code, 0, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_is_checked_asked_tested_and_tried_out_on_what_happened() {
    let scene = Scene::new().await;
    let write =
        |name: &str, text: &str| std::fs::write(scene.folder.path().join(name), text).unwrap();
    write(
        "wrong.toml",
        "read_only = false\n\n[[rules]]\nname = \"typo\"\neffect = \"deny\"\ntools = [\"discord_ban_membr\"]\n",
    );
    let (code, said, _) = scene.run(&["policy", "check", "wrong.toml"]);
    assert_eq!(code, 1);
    assert!(said.starts_with("wrong.toml:6:10: "), "{said}");
    assert!(
        said.contains("did you mean \"discord_ban_member\"?"),
        "{said}"
    );

    write(
        "strict.toml",
        "[[rules]]\nname = \"nobody lists guilds\"\neffect = \"deny\"\ntools = [\"discord_list_guilds\"]\n",
    );
    let (code, said, _) = scene.run(&["policy", "check", "strict.toml"]);
    assert_eq!(code, 0, "{said}");

    let (code, said, log) = scene.run(&["policy", "explain", "discord_ban_member", "--guild", "5"]);
    assert_eq!(code, 0, "{log}");
    assert!(said.contains("the confirmation of its plan"), "{said}");
    let asked = [
        "policy",
        "explain",
        "discord_list_guilds",
        "--policy",
        "strict.toml",
        "--json",
    ];
    let (_, said, _) = scene.run(&asked);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["fate"], "deny");
    assert_eq!(said["rules"], json!(["nobody lists guilds"]));
    let (code, _, log) = scene.run(&["policy", "explain", "discord_ban_membr"]);
    assert_eq!(code, 1);
    assert!(log.contains("did you mean discord_ban_member?"), "{log}");

    write(
        "cases.toml",
        "[[cases]]\nname = \"guilds\"\ntool = \"discord_list_guilds\"\nexpect = \"run\"\n\n\
         [[cases]]\nname = \"bans\"\ntool = \"discord_ban_member\"\nguild = \"5\"\nexpect = \"confirm\"\n",
    );
    let (code, said, log) = scene.run(&["policy", "test", "cases.toml"]);
    assert_eq!(code, 0, "{said}{log}");
    let (code, said, _) = scene.run(&["policy", "test", "cases.toml", "--policy", "strict.toml"]);
    assert_eq!(code, 1);
    assert!(
        said.contains("FAIL  guilds: expected run, but it is deny"),
        "{said}"
    );

    for _ in 0..3 {
        scene.run(&["tools", "call", "discord_list_guilds"]);
    }
    let tried = ["policy", "backtest", "--policy", "strict.toml", "--json"];
    let (code, said, log) = scene.run(&tried);
    assert_eq!(code, 0, "{log}");
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["changes"][0]["calls"], 3, "{said}");
    assert_eq!(said["changes"][0]["after"], "deny");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_explains_times_people_and_cedar_text() {
    let scene = Scene::new().await;
    let write =
        |name: &str, text: &str| std::fs::write(scene.folder.path().join(name), text).unwrap();
    write(
        "wrong.toml",
        "read_only = false\ncedar = \"\"\"\nforbid (principal, action, resource)\nwhen { context.tol == 1 };\n\"\"\"\n",
    );
    let (code, said, _) = scene.run(&["policy", "check", "wrong.toml"]);
    assert_eq!(code, 1);
    assert!(said.starts_with("wrong.toml:4:8: "), "{said}");

    write(
        "timed.toml",
        "cedar_file = \"own.cedar\"\n[approvals.owners]\npost_to = \"direct_message\"\nusers = [\"7\"]\n\
         [[rules]]\nname = \"night\"\nhours = \"22:00-06:00\"\nrisks = [\"write\"]\neffect = \"deny\"\n\
         [[rules]]\nname = \"owners decide\"\nrisks = [\"destructive\"]\neffect = \"ask\"\n",
    );
    write(
        "own.cedar",
        "@id(\"shut\") forbid (principal, action, resource in Channel::\"9\");",
    );
    let explain = |more: &[&str]| {
        let all = [&["policy", "explain", "--policy", "timed.toml"], more].concat();
        let (code, said, log) = scene.run(&all);
        assert_eq!(code, 0, "{log}");
        said
    };
    let noon = explain(&["discord_send_message", "--at", "2026-12-01T12:00:00Z"]);
    assert!(noon.contains("it would at 2026-12-01T22:00:00Z"), "{noon}");
    let night = explain(&["discord_send_message", "--at", "2026-12-01T23:00:00Z"]);
    assert!(night.contains("counts at that time"), "{night}");
    assert!(night.contains("It is refused."), "{night}");
    let ban = explain(&["discord_ban_member", "--guild", "5"]);
    assert!(ban.contains("It waits for 1 of \"owners\""), "{ban}");
    let shut = explain(&["discord_get_messages", "--guild", "5", "--channel", "9"]);
    assert!(shut.contains("cedar:shut"), "{shut}");

    write(
        "cases.toml",
        "[[cases]]\nname = \"night\"\ntool = \"discord_send_message\"\nat = \"2026-12-01T23:00:00Z\"\n\
         expect = \"deny\"\nrule = \"night\"\n[[cases]]\nname = \"shut\"\ntool = \"discord_get_messages\"\n\
         channel = \"8\"\ninside = [\"9\"]\nexpect = \"deny\"\nrule = \"cedar:shut\"\n\
         [[cases]]\nname = \"viewer\"\ntool = \"discord_ban_member\"\nrole = \"viewer\"\nexpect = \"deny\"\n",
    );
    let (code, said, log) = scene.run(&["policy", "test", "cases.toml", "--policy", "timed.toml"]);
    assert_eq!(code, 0, "{said}{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_has_a_policy_of_its_own_with_a_history() {
    let scene = Scene::new().await;
    let write =
        |name: &str, text: &str| std::fs::write(scene.folder.path().join(name), text).unwrap();
    let list = ["tools", "call", "discord_list_guilds"];
    let works = || scene.run(&list).0 == 0;
    assert!(works());

    write(
        "own.toml",
        "[[rules]]\nname = \"shut\"\neffect = \"deny\"\n",
    );
    let (code, said, log) = scene.run(&["policy", "put", "own.toml", "--expected", "0"]);
    assert_eq!(code, 0, "{log}");
    assert!(said.contains("policy 1 of default is in force"), "{said}");
    assert!(!works());
    let (code, _, log) = scene.run(&["policy", "put", "own.toml", "--expected", "0"]);
    assert_eq!(code, 1);
    assert!(log.contains("version 1 is in force"), "{log}");
    write("broken.toml", "[[rules]]\nname = \"x\"\n");
    let (code, _, log) = scene.run(&["policy", "put", "broken.toml"]);
    assert_eq!(code, 1);
    assert!(log.contains("broken.toml:2:8: "), "{log}");

    assert_eq!(scene.run(&["policy", "remove"]).0, 0);
    assert!(works());
    assert_eq!(scene.run(&["policy", "rollback", "1"]).0, 0);
    assert!(!works());
    let (_, said, _) = scene.run(&["policy", "list", "--json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    let told: Vec<_> = said
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (it["number"].clone(), it["restored"].clone()))
        .collect();
    assert_eq!(
        told,
        [
            (json!(3), json!(1)),
            (json!(2), json!(null)),
            (json!(1), json!(null))
        ]
    );
    let (_, said, _) = scene.run(&["policy", "show", "1"]);
    assert!(said.contains("name = \"shut\""), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sandbox_begins_with_a_ready_world_a_described_one_or_a_saved_one() {
    let scene = Scene::new().await;
    let (code, listed, _) = scene.run(&["sandbox", "--worlds"]);
    assert_eq!(code, 0);
    for name in ["square", "small-team", "support-community", "large"] {
        assert!(listed.contains(name), "{listed}");
    }
    let (code, _, log) = scene.run(&["sandbox", "--world", "atlantis"]);
    assert_eq!(code, 1);
    assert!(log.contains("ready ones are"), "{log}");

    let describe = ["tools", "call", "discord_list_guilds", "--json"];
    let inside = |options: &[&str]| {
        let binary = env!("CARGO_BIN_EXE_guildhall");
        let mut all = vec!["sandbox"];
        all.extend(options);
        all.extend(["--", binary]);
        all.extend(describe);
        let (code, said, log) = scene.run(&all);
        assert_eq!(code, 0, "{said}\n{log}");
        said
    };
    let kept = scene.folder.path().join("kept.json");
    let kept = kept.to_str().unwrap();
    let first = inside(&["--world", "support-community", "--save", kept]);
    assert!(first.contains("\"name\""), "{first}");
    assert_eq!(inside(&["--snapshot", kept]), first);
    assert_ne!(inside(&[]), first);

    let own = scene.folder.path().join("own.toml");
    std::fs::write(&own, "[[guilds]]\nname = \"Workshop\"\nwrong = 1\n").unwrap();
    let (code, _, log) = scene.run(&["sandbox", "--world", own.to_str().unwrap()]);
    assert_eq!(code, 1);
    assert!(log.contains("wrong"), "{log}");
}
