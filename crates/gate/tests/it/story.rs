//! Reads, plans and sends, from the call to the audit.

use model::{Mode, Permitted, Risk, Stage};
use serde_json::{Value, json};

use crate::world::{World, asked, declined, done, guild, planned};

#[tokio::test]
async fn a_read_runs_at_once_and_is_recorded() {
    let world = World::new();
    let messages = json!([{"id": "500", "channel_id": "10", "content": "hi"}]);
    world
        .hands
        .live
        .lock()
        .unwrap()
        .insert("/channels/10/messages".to_owned(), Ok(messages));
    let done = done(
        world
            .ask("discord_get_messages", json!({"channel_id": "10"}))
            .await,
    );
    assert_eq!(done.view.value["messages"][0]["content"], "hi");
    assert!(done.view.untrusted.contains(&"messages[].content"));
    assert_eq!(world.ledger.outcomes(), ["done:ok"]);
    let row = world.ledger.book().decisions[0].clone();
    assert_eq!(row.call_id, done.call_id);
    assert_eq!((row.guild_id, row.risk), (Some(guild(1)), Some(Risk::Read)));
    assert_eq!(row.digest.len(), 64);
}

#[tokio::test]
async fn a_write_is_only_planned_unless_it_says_otherwise() {
    let world = World::new();
    let arguments = json!({"channel_id": "10", "content": "hello"});
    let plan = planned(world.ask("discord_send_message", arguments.clone()).await);
    assert_eq!(plan.checks.len(), 8);
    assert!(plan.checks.iter().all(|check| check.verdict.allows()));
    assert_eq!(plan.checks[7].verdict.reason().code, "not_run");
    assert!(plan.confirm.is_none());
    assert_eq!(world.sent(), 0);
    assert_eq!(world.ledger.outcomes(), ["planned:planned"]);

    let mut arguments = arguments;
    arguments["dry_run"] = json!(false);
    let done = done(world.ask("discord_send_message", arguments).await);
    assert_eq!(done.view.value["id"], "500");
    assert!(!done.replayed);
    let sent = world.hands.writes.lock().unwrap()[0].clone();
    assert_eq!(sent.nonce().unwrap().len(), 25);
    assert_eq!(*world.hands.open_rows.lock().unwrap(), [1]);
    assert_eq!(
        world.ledger.outcomes(),
        ["planned:planned", "started:started", "done:ok"]
    );
    assert_eq!(
        world.ledger.book().decisions[2].stage,
        Stage::ExecuteAndAudit
    );
}

#[tokio::test]
async fn a_plan_reads_as_people_need_it() {
    let world = World::new();
    let message = json!({"id": "500", "channel_id": "10", "content": "old words"});
    let path = "/channels/10/messages/500".to_owned();
    world.hands.live.lock().unwrap().insert(path, Ok(message));
    let arguments = json!({"channel_id": "10", "message_id": "500"});
    let plan = planned(world.ask("discord_delete_message", arguments).await);
    let token = plan.confirm.clone().unwrap();
    assert_eq!(token.expires_at, world.now() + 600_000);
    let shown = serde_json::to_string_pretty(&plan)
        .unwrap()
        .replace(&token.token, "[token]")
        .replace(&plan.call_id, "[call]");
    insta::assert_snapshot!("plan_of_a_deletion", shown);
}

#[tokio::test]
async fn an_agent_that_talks_all_day_need_not_say_dry_run() {
    let world = World::with(
        "[[rules]]\nname = \"chat\"\nrisks = [\"write\"]\nprincipals = [\"local\"]\ndry_run_by_default = false",
    );
    let arguments = json!({"channel_id": "10", "content": "hello"});
    done(world.ask("discord_send_message", arguments.clone()).await);
    assert_eq!(world.ledger.book().decisions[1].rules, ["chat"]);
    // A dry run always wins.
    let mut call = asked("discord_send_message", arguments);
    call.mode = Mode::Execute;
    call.arguments.insert("dry_run".to_owned(), json!(true));
    planned(world.call(call).await);
}

#[tokio::test]
async fn dispatchers_are_judged_as_the_tool_they_run() {
    let world = World::new();
    let arguments = json!({
        "tool": "discord_send_message",
        "arguments": {"channel_id": "10", "content": "hello"},
        "dry_run": false,
    });
    done(world.ask("discord_run_write", arguments.clone()).await);
    assert_eq!(
        world.ledger.book().decisions[0].tool,
        "discord_send_message"
    );
    let wrong = declined(
        world
            .ask(
                "discord_run_read",
                json!({
                    "tool": "discord_send_message", "arguments": {},
                }),
            )
            .await,
    );
    assert_eq!(wrong.code(), "wrong_dispatcher");
}

#[tokio::test]
async fn tools_can_be_found() {
    let world = World::new();
    let all = done(world.ask("discord_find_tools", json!({})).await);
    assert!(all.view.value["toolsets"].as_array().unwrap().len() > 1);
    let found = done(
        world
            .ask(
                "discord_find_tools",
                json!({"query": "delete message", "detail": true}),
            )
            .await,
    );
    assert_eq!(
        found.view.value["tools"][0]["name"],
        "discord_delete_message"
    );
    assert!(found.view.value["tools"][0]["input_schema"]["properties"]["confirm"].is_object());
}

#[tokio::test]
async fn a_discord_user_may_look_for_tools() {
    let world = World::new();
    let mut call = asked("discord_find_tools", json!({}));
    call.origin = model::Origin::Discord {
        user: crate::world::user(5),
        channel: None,
    };
    done(world.call(call).await);
}

#[tokio::test]
async fn a_change_of_places_makes_facts_stale_and_a_message_does_not() {
    let world = World::new();
    let send = json!({"channel_id": "10", "content": "x", "dry_run": false});
    done(world.ask("discord_send_message", send).await);
    assert!(world.facts.forgotten.lock().unwrap().is_empty());
    let thread = json!({"channel_id": "10", "name": "x", "dry_run": false});
    done(world.ask("discord_create_thread", thread).await);
    assert!(world.facts.forgotten.lock().unwrap().contains(&guild(1)));
}

#[tokio::test]
async fn a_dropped_caller_does_not_stop_a_write() {
    let world = World::new();
    world
        .hands
        .slots
        .forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let arguments = json!({"channel_id": "10", "content": "hello", "dry_run": false});
    let call = world.ask("discord_send_message", arguments);
    let mut call = Box::pin(call);
    // Polled until the outbox row is there, then dropped.
    while world.ledger.book().open.is_empty() {
        let turn = std::future::poll_fn(|context| {
            let _ = call.as_mut().poll(context);
            std::task::Poll::Ready(())
        });
        turn.await;
        tokio::task::yield_now().await;
    }
    drop(call);
    world.hands.slots.add_permits(1);
    assert!(world.gate.drain(std::time::Duration::from_secs(10)).await);
    assert_eq!(world.sent(), 1);
    assert_eq!(world.ledger.outcomes(), ["started:started", "done:ok"]);
    let late = world
        .ask("discord_get_messages", json!({"channel_id": "10"}))
        .await;
    assert_eq!(declined(late).code(), "shutting_down");
}

#[tokio::test]
async fn what_is_sent_is_what_was_written_down() {
    let world = World::new();
    world
        .hands
        .slots
        .forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let arguments = json!({"channel_id": "10", "content": "hello", "dry_run": false});
    let written = async {
        loop {
            let row = world.ledger.book().open.values().next().cloned();
            if let Some(row) = row {
                world.hands.slots.add_permits(1);
                return row;
            }
            tokio::task::yield_now().await;
        }
    };
    let (_, row) = tokio::join!(world.ask("discord_send_message", arguments), written);
    let kept: model::Request = serde_json::from_value(row.request).unwrap();
    assert!(row.repeatable);
    assert_eq!(kept, world.hands.writes.lock().unwrap()[0]);
}

#[tokio::test]
async fn a_webhooks_token_is_sent_and_stays_nowhere() {
    let world = World::new();
    let webhook = json!({"id": "77", "token": "very-secret"});
    let path = "/webhooks/77".to_owned();
    world.hands.live.lock().unwrap().insert(path, Ok(webhook));
    let arguments = json!({"webhook_id": "77", "content": "hello"});
    let plan = planned(
        world
            .ask("discord_execute_webhook", arguments.clone())
            .await,
    );
    assert!(
        !serde_json::to_string(&plan)
            .unwrap()
            .contains("very-secret")
    );

    world
        .hands
        .slots
        .forget_permits(tokio::sync::Semaphore::MAX_PERMITS);
    let mut arguments = arguments;
    arguments["dry_run"] = json!(false);
    let row = async {
        loop {
            let row = world.ledger.book().open.values().next().cloned();
            if let Some(row) = row {
                world.hands.slots.add_permits(1);
                return row;
            }
            tokio::task::yield_now().await;
        }
    };
    let (result, row) = tokio::join!(world.ask("discord_execute_webhook", arguments), row);
    done(result);
    assert!(!row.repeatable);
    assert!(!row.request.to_string().contains("very-secret"));
    let sent = world.hands.writes.lock().unwrap()[0].clone();
    assert_eq!(sent.path.text, "/webhooks/77/very-secret");
}

#[tokio::test]
async fn a_caller_that_goes_away_from_a_read_is_written_down() {
    let world = World::new();
    let call = world.ask("discord_get_messages", json!({"channel_id": "10"}));
    let mut call = Box::pin(call);
    world
        .hands
        .stuck
        .store(true, std::sync::atomic::Ordering::SeqCst);
    let turn = std::future::poll_fn(|context| {
        assert!(call.as_mut().poll(context).is_pending());
        std::task::Poll::Ready(())
    });
    turn.await;
    drop(call);
    assert!(world.gate.drain(std::time::Duration::from_secs(10)).await);
    assert_eq!(world.ledger.outcomes(), ["failed:caller_went_away"]);
}

/// The type exists, and outside the gate nothing makes one.
#[test]
fn the_permit_is_what_hands_take() {
    fn takes<P: Permitted>() {}
    takes::<gate::Permit>();
}

#[tokio::test]
async fn a_list_of_guilds_shows_those_that_the_policy_allows() {
    let everywhere = json!([
        {"id": "1", "name": "square"}, {"id": "2", "name": "harbour"}, {"id": "3", "name": "mill"},
    ]);
    let lists = async |policy: &str| {
        let world = World::with(policy);
        let path = "/users/@me/guilds".to_owned();
        world
            .hands
            .live
            .lock()
            .unwrap()
            .insert(path, Ok(everywhere.clone()));
        let view = done(world.ask("discord_list_guilds", json!({})).await)
            .view
            .value;
        let guilds = view["guilds"].as_array().unwrap();
        let ids = guilds
            .iter()
            .map(|guild| guild["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(lists("").await, ["1", "2", "3"]);
    assert_eq!(lists("allowed_guilds = [\"3\", \"1\"]").await, ["1", "3"]);
    assert_eq!(lists("allowed_guilds = []").await, [""; 0]);
    let denied = "[[rules]]\nname = \"not the mill\"\nguilds = [\"3\"]\neffect = \"deny\"";
    assert_eq!(lists(denied).await, ["1", "2"]);
}

#[tokio::test]
async fn a_list_of_channels_shows_those_that_the_policy_allows() {
    let channel = |id: &str, parent: &str| json!({"id": id, "guild_id": "1", "parent_id": parent, "name": "x", "type": 0});
    let channels = json!([
        {"id": "12", "name": "open", "type": 4},
        channel("10", "12"),
        channel("13", "12"),
        {"id": "14", "name": "board", "type": 4, "topic": "secret"},
        channel("15", "14"),
        channel("16", "10"),
    ]);
    let threads = json!({"threads": [channel("11", "10"), channel("17", "10")]});
    let lists = async |policy: &str, tool: &str, asked: Value, field: &str| {
        let world = World::with(policy);
        let live = [
            ("/guilds/1/channels", channels.clone()),
            ("/guilds/1/threads/active", threads.clone()),
            ("/channels/10", channel("10", "12")),
        ];
        let answers = live.map(|(path, body)| (path.to_owned(), Ok(body)));
        world.hands.live.lock().unwrap().extend(answers);
        let value = done(world.ask(tool, asked).await).view.value;
        let ids = value[field].as_array().unwrap().iter();
        ids.map(|item| item["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let list = async |policy| {
        let guild = json!({"guild_id": "1"});
        lists(policy, "discord_list_channels", guild, "channels").await
    };
    assert_eq!(list("").await.len(), 6);
    let deny = "[channels]\ndeny = [\"14\", \"13\"]";
    assert_eq!(list(deny).await, ["12", "10", "16"]);
    assert_eq!(list("[channels]\nallow = [\"14\"]").await, ["14", "15"]);

    for (tool, field) in [
        ("discord_channel_info", "active_threads"),
        ("discord_list_threads", "threads"),
    ] {
        let one = json!({"channel_id": "10"});
        let deny = "[channels]\ndeny = [\"17\"]";
        assert_eq!(lists(deny, tool, one.clone(), field).await, ["11"]);
        let allow = "[channels]\nallow = [\"12\"]";
        assert_eq!(lists(allow, tool, one, field).await, ["11", "17"]);
    }
    let one = json!({"channel_id": "10"});
    let deny = "[channels]\ndeny = [\"16\"]";
    assert!(
        lists(deny, "discord_channel_info", one, "channels")
            .await
            .is_empty()
    );
}

/// Channel 10 is in category 12, thread 11 in channel 10; nobody knows channel 99 any more.
#[tokio::test]
async fn what_is_in_channels_is_listed_where_the_policy_allows_the_channel() {
    let webhooks = ["10", "12", "99"].map(|channel| {
        json!({"id": format!("7{channel}"), "channel_id": channel, "guild_id": "1", "name": "hook", "type": 1})
    });
    let invites = ["10", "11", "99"].map(|channel| {
        json!({"code": format!("c{channel}"), "channel": {"id": channel, "name": "x", "type": 0}})
    });
    let entry = |id: &str, action: u64, target: &str, channel: Value| json!({"id": id, "action_type": action, "target_id": target, "user_id": "5", "options": {"channel_id": channel}});
    let log = json!({"users": [], "audit_log_entries": [
        entry("801", 11, "10", Value::Null),
        entry("802", 72, "5", json!("11")),
        entry("803", 22, "5", Value::Null),
        entry("804", 12, "99", Value::Null),
    ]});
    let lists = async |policy: &str, tool: &str, field: &str, id: &str| {
        let world = World::with(policy);
        let live = [
            ("/guilds/1/webhooks", json!(webhooks)),
            ("/guilds/1/invites", json!(invites)),
            ("/guilds/1/audit-logs", log.clone()),
        ];
        let answers = live.map(|(path, body)| (path.to_owned(), Ok(body)));
        world.hands.live.lock().unwrap().extend(answers);
        let value = done(world.ask(tool, json!({"guild_id": "1"})).await)
            .view
            .value;
        let ids = value[field].as_array().unwrap().iter();
        ids.map(|item| item[id].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let webhooks = async |policy| lists(policy, "discord_list_webhooks", "webhooks", "id").await;
    assert_eq!(webhooks("").await, ["710", "712", "799"]);
    assert_eq!(webhooks("[channels]\ndeny = [\"10\"]").await, ["712"]);
    let invites = async |policy| lists(policy, "discord_list_invites", "invites", "code").await;
    assert_eq!(invites("").await, ["c10", "c11", "c99"]);
    assert_eq!(
        invites("[channels]\nallow = [\"12\"]").await,
        ["c10", "c11"]
    );
    assert_eq!(invites("[channels]\ndeny = [\"11\"]").await, ["c10"]);
    let log = async |policy| lists(policy, "discord_list_audit_log", "entries", "id").await;
    assert_eq!(log("").await, ["801", "802", "803", "804"]);
    // What concerns no channel is not hidden.
    assert_eq!(log("[channels]\ndeny = [\"12\"]").await, ["803"]);
}
