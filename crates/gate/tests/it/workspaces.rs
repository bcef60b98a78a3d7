//! Workspaces are kept apart: by checks 2 to 4, in lists, under idempotency keys and after a crash.

use gate::{Answer, Declined};
use model::{
    Call, GuildId, Mode, Principal, Role, Stage, WorkspaceId,
    ledger::Outcome,
    principal::Scope,
    workspaces::{Installation, Tenancy, Workspace},
};
use proptest::{option, prelude::*, sample::select};
use serde_json::{Value, json};

use crate::world::{World, asked, declined, done, guild};

fn id(text: &str) -> WorkspaceId {
    text.parse().unwrap()
}

fn tenancy(suspended: &[&str], installed: &[(GuildId, &str)]) -> Tenancy {
    let workspace = |text: &&str| Workspace {
        id: id(text),
        name: (*text).to_owned(),
        created_at: 1,
        suspended_at: suspended.contains(text).then_some(2),
    };
    Tenancy::of(
        ["default", "bakers", "smiths"].iter().map(workspace),
        installed.iter().map(|(guild, workspace)| Installation {
            guild_id: *guild,
            workspace: id(workspace),
            installed_at: 1,
        }),
    )
}

fn world(suspended: &[&str], installed: &[(GuildId, &str)]) -> World {
    let world = World::new();
    *world.towns.0.lock().unwrap() = tenancy(suspended, installed);
    world
}

fn client(workspace: &str, role: Role) -> Principal {
    Principal {
        workspace: id(workspace),
        role,
        ..Principal::api_key("any", Scope::ALL.to_vec())
    }
}

fn by(principal: Principal, tool: &str, arguments: Value) -> Call {
    Call {
        principal,
        ..asked(tool, arguments)
    }
}

fn read() -> Value {
    json!({ "channel_id": "10" })
}

fn refused(result: Result<Answer, Declined>) -> (Option<Stage>, String, String) {
    match declined(result) {
        Declined::Refused(it) => (it.stage, it.reason.code, it.reason.message),
        other @ Declined::Failed(_) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_guild_of_another_workspace_is_refused_without_a_word_on_whose_it_is() {
    let world = world(&[], &[(guild(1), "bakers")]);
    for stranger in ["default", "smiths"] {
        let call = by(
            client(stranger, Role::Owner),
            "discord_get_messages",
            read(),
        );
        let (stage, code, message) = refused(world.call(call).await);
        assert_eq!(stage, Some(Stage::GuildInstallation));
        assert_eq!(code, "guild_of_other_workspace");
        assert!(!message.contains("bakers"), "{message}");
        // The audit of the stranger's workspace has the row.
        let row = world.ledger.book().decisions.last().unwrap().clone();
        assert_eq!(row.workspace, id(stranger));
    }
    let (_, _, message) = refused(world.ask("discord_get_messages", read()).await);
    assert!(!message.contains("bakers"), "{message}");
    assert_eq!(world.hands.reads.lock().unwrap().len(), 0);
    let call = by(
        client("bakers", Role::Viewer),
        "discord_get_messages",
        read(),
    );
    done(world.call(call).await);
}

#[tokio::test]
async fn whether_the_bot_is_in_a_guild_is_not_told_to_other_workspaces() {
    let told = |installed: Vec<(GuildId, &'static str)>, number: &'static str| async move {
        let world = world(&[], &installed);
        let arguments = json!({ "guild_id": number });
        let call = by(
            client("smiths", Role::Owner),
            "discord_get_guild",
            arguments,
        );
        refused(world.call(call).await).2.replace(number, "N")
    };
    // One the bot is in, one it is not in, one that somebody else has.
    let known = told(vec![], "1").await;
    assert_eq!(known, told(vec![], "2").await);
    assert_eq!(known, told(vec![(guild(1), "bakers")], "1").await);
}

#[tokio::test]
async fn what_belongs_to_no_guild_is_the_default_workspaces() {
    let world = world(&[], &[(guild(1), "bakers")]);
    for (tool, arguments) in [
        ("discord_get_messages", json!({ "channel_id": "30" })),
        (
            "discord_send_message",
            json!({ "channel_id": "30", "content": "x", "dry_run": false }),
        ),
    ] {
        let call = by(client("bakers", Role::Owner), tool, arguments.clone());
        let (stage, code, _) = refused(world.call(call).await);
        assert_eq!(stage, Some(Stage::GuildInstallation), "{tool}");
        assert_eq!(code, "not_in_a_guild", "{tool}");
        done(
            world
                .call(by(client("default", Role::Owner), tool, arguments))
                .await,
        );
    }
}

#[tokio::test]
async fn no_tool_lets_another_workspace_touch_what_is_outside_its_guilds() {
    // Whatever a tool asks of Discord names a guild that was judged, or is on the list of what is
    // everybody's: so each call of each tool, with arguments that name no guild, is refused or reads.
    let world = world(&[], &[(guild(1), "bakers")]);
    let principal = client("bakers", Role::Owner);
    for tool in catalogue::catalogue().tools() {
        let call = Call {
            mode: Mode::Execute,
            ..by(principal.clone(), tool.name, json!({}))
        };
        let _ = world.call(call).await;
    }
    assert_eq!(world.sent(), 0);
    for read in world.hands.reads.lock().unwrap().iter() {
        assert!(
            [
                "/users/@me",
                "/users/@me/guilds",
                "/applications/@me",
                "/gateway/bot"
            ]
            .iter()
            .chain(&[
                "/sticker-packs",
                "/voice/regions",
                "/soundboard-default-sounds"
            ])
            .any(|open| read.split('?').next() == Some(*open)),
            "{read}"
        );
    }
}

#[tokio::test]
async fn a_suspended_or_unknown_workspace_does_nothing() {
    let world = world(&["bakers"], &[(guild(1), "bakers")]);
    for (workspace, code) in [
        ("bakers", "workspace_suspended"),
        ("nobody", "workspace_unknown"),
    ] {
        let call = by(
            client(workspace, Role::Owner),
            "discord_get_messages",
            read(),
        );
        let (stage, found, _) = refused(world.call(call).await);
        assert_eq!(stage, Some(Stage::WorkspaceMembership));
        assert_eq!(found, code);
    }
}

#[tokio::test]
async fn a_viewer_reads_and_is_shown_no_more() {
    let world = World::new();
    let viewer = client("default", Role::Viewer);
    done(
        world
            .call(by(viewer.clone(), "discord_get_messages", read()))
            .await,
    );
    let send = json!({ "channel_id": "10", "content": "x" });
    for mode in [Mode::DryRun, Mode::Execute] {
        let call = Call {
            mode,
            ..by(viewer.clone(), "discord_send_message", send.clone())
        };
        let (stage, code, _) = refused(world.call(call).await);
        assert_eq!(stage, Some(Stage::PlatformPermission));
        assert_eq!(code, "role_too_low");
    }
    let shown = world
        .gate
        .tools_for(&viewer, &catalogue::ToolsetSelection::All);
    assert!(!shown.is_empty());
    assert!(shown.iter().all(|tool| tool.risk == model::Risk::Read));
}

#[tokio::test]
async fn a_list_of_guilds_holds_those_of_the_workspace() {
    let world = world(&[], &[(guild(1), "bakers"), (guild(2), "smiths")]);
    let guilds =
        json!([{"id": "1", "name": "a"}, {"id": "2", "name": "b"}, {"id": "3", "name": "c"}]);
    world
        .hands
        .live
        .lock()
        .unwrap()
        .insert("/users/@me/guilds".to_owned(), Ok(guilds));
    for (workspace, expected) in [("bakers", "1"), ("smiths", "2"), ("default", "3")] {
        let call = by(
            client(workspace, Role::Viewer),
            "discord_list_guilds",
            json!({}),
        );
        let view = done(world.call(call).await).view.value;
        let list = view["guilds"].as_array().unwrap();
        assert_eq!(list.len(), 1, "{view}");
        assert_eq!(list[0]["id"], expected);
    }
}

#[tokio::test]
async fn a_guild_that_changes_hands_takes_no_replay_with_it() {
    let world = world(&[], &[(guild(1), "bakers")]);
    let send = || Call {
        idempotency_key: Some("k".to_owned()),
        mode: Mode::Execute,
        ..by(
            client("bakers", Role::Operator),
            "discord_send_message",
            json!({ "channel_id": "10", "content": "x" }),
        )
    };
    done(world.call(send()).await);
    assert!(done(world.call(send()).await).replayed);
    *world.towns.0.lock().unwrap() = tenancy(&[], &[(guild(1), "smiths")]);
    let (_, code, _) = refused(world.call(send()).await);
    assert_eq!(code, "guild_of_other_workspace");
}

#[tokio::test]
async fn what_a_crash_left_is_not_sent_into_a_guild_that_changed_hands() {
    for (owner, sent, code) in [
        ("bakers", 1, "ok"),
        ("smiths", 0, "guild_of_other_workspace"),
    ] {
        let mut call = by(
            client("bakers", Role::Operator),
            "discord_send_message",
            json!({ "channel_id": "10", "content": "x" }),
        );
        call.mode = Mode::Execute;
        let before = world(&[], &[(guild(1), "bakers")]);
        let ledger = crate::recovery::crashed_in(before, call, 1_000).await;
        let after = crate::recovery::restarted(&ledger);
        *after.towns.0.lock().unwrap() = tenancy(&[], &[(guild(1), owner)]);
        after.gate.finish_unfinished().await.unwrap();
        assert_eq!(after.sent(), sent, "{owner}");
        assert_eq!(ledger.book().decisions.last().unwrap().code, code);
    }
}

#[derive(Debug, Clone)]
struct Case {
    home: &'static str,
    role: Role,
    owner: Option<&'static str>,
    suspended: Option<&'static str>,
    tool: &'static str,
    arguments: Value,
    mode: Mode,
    key: Option<&'static str>,
}

fn cases() -> impl Strategy<Value = Case> {
    let workspaces = || select(vec!["default", "bakers", "smiths", "nobody"]);
    let reading = |arguments| ("discord_get_messages", arguments);
    let calls = vec![
        reading(json!({ "channel_id": "10" })),
        reading(json!({ "channel_id": "11" })),
        (
            "discord_send_message",
            json!({ "channel_id": "10", "content": "x" }),
        ),
        (
            "discord_send_message",
            json!({ "channel_id": "11", "content": "x" }),
        ),
        (
            "discord_run_write",
            json!({ "tool": "discord_send_message",
                "arguments": { "channel_id": "10", "content": "x", "dry_run": false } }),
        ),
        (
            "discord_delete_message",
            json!({ "channel_id": "10", "message_id": "5" }),
        ),
        ("discord_get_guild", json!({ "guild_id": "1" })),
        ("discord_list_channels", json!({ "guild_id": "1" })),
        (
            "discord_execute_webhook",
            json!({ "webhook_id": "77", "webhook_token": "t", "content": "x" }),
        ),
    ];
    (
        workspaces(),
        select(Role::ALL.to_vec()),
        option::weighted(0.8, select(vec!["default", "bakers", "smiths"])),
        option::weighted(0.2, workspaces()),
        select(calls),
        select(vec![Mode::Default, Mode::DryRun, Mode::Execute]),
        option::weighted(0.3, Just("k")),
    )
        .prop_map(
            |(home, role, owner, suspended, (tool, arguments), mode, key)| Case {
                home,
                role,
                owner,
                suspended,
                tool,
                arguments,
                mode,
                key,
            },
        )
}

async fn run(case: Case) {
    let suspended: Vec<&str> = case.suspended.into_iter().collect();
    let installed: Vec<_> = case
        .owner
        .map(|owner| (guild(1), owner))
        .into_iter()
        .collect();
    let world = world(&suspended, &installed);
    let mut call = by(
        client(case.home, case.role),
        case.tool,
        case.arguments.clone(),
    );
    call.mode = case.mode.clone();
    call.idempotency_key = case.key.map(str::to_owned);
    // Twice: a key that was used must open nothing either.
    for _ in 0..2 {
        let result = world.call(call.clone()).await;
        let lawful =
            case.owner.unwrap_or("default") == case.home && case.suspended != Some(case.home);
        if !lawful {
            assert!(result.is_err(), "{case:?}: {result:?}");
            assert_eq!(world.hands.reads.lock().unwrap().len(), 0, "{case:?}");
            assert_eq!(world.sent(), 0, "{case:?}");
        }
    }
    if case.role == Role::Viewer {
        assert_eq!(world.sent(), 0, "{case:?}");
    }
    let book = world.ledger.book();
    assert!(
        book.decisions
            .iter()
            .all(|row| row.workspace == id(case.home))
    );
    assert!(
        book.decisions
            .iter()
            .all(|row| row.outcome != Outcome::Unknown)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_principal_of_one_workspace_ever_reaches_a_guild_of_another(case in cases()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(run(case));
    }
}
