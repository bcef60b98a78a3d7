//! Rules about channels, roles and times: nobody gets around them by another way to the same place.

use model::{Call, Origin, RoleId};
use serde_json::{Value, json};

use crate::world::{World, asked, channel, declined, object, user};

const SEND: &str = "discord_send_message";

fn say(n: &str) -> Value {
    json!({"channel_id": n, "content": "x", "dry_run": false})
}

/// Nobody writes in the category 12, which holds channel 10 and its thread 11.
const QUIET: &str = r#"
    [[rules]]
    name = "quiet"
    risks = ["write", "destructive"]
    channels = ["12"]
    effect = "deny"
"#;

#[tokio::test]
async fn a_rule_about_a_category_holds_in_its_channels_and_threads_by_every_way() {
    let world = World::with(QUIET);
    let webhook = json!({"id": "77", "type": 1, "channel_id": "10", "token": "t"});
    let path = "/webhooks/77".to_owned();
    world.hands.live.lock().unwrap().insert(path, Ok(webhook));
    let ways = [
        (SEND, say("12")),
        (SEND, say("10")),
        (SEND, say("11")),
        (
            "discord_run_write",
            json!({"tool": SEND, "arguments": say("11")}),
        ),
        (
            "discord_execute_webhook",
            json!({"webhook_id": "77", "content": "x", "dry_run": false}),
        ),
        (
            "discord_create_channel",
            json!({"guild_id": "1", "name": "x", "parent_id": "12", "dry_run": false}),
        ),
    ];
    for (tool, arguments) in ways {
        let said = declined(world.ask(tool, arguments.clone()).await);
        assert_eq!(said.code(), "denied_by_rule", "{tool} {arguments}");
    }
    assert_eq!(world.sent(), 0);
    assert!(
        world.ask(SEND, say("30")).await.is_ok(),
        "a DM is not in it"
    );
}

#[tokio::test]
async fn a_rule_that_asks_stops_the_call_until_people_agreed() {
    let world = World::with(
        r#"
        [approvals.moderators]
        post_to = "channel"
        channel = "10"
        roles = ["5"]
        [[rules]]
        name = "people decide"
        tools = ["discord_send_message"]
        effect = "ask"
        "#,
    );
    let said = declined(world.ask(SEND, say("10")).await);
    assert_eq!(said.code(), "approval_required");
    assert_eq!(world.sent(), 0);
}

fn from_discord(arguments: Value) -> Call {
    Call {
        origin: Origin::Discord {
            user: user(5),
            channel: Some(channel(10)),
        },
        arguments: object(arguments),
        ..asked(SEND, json!({}))
    }
}

#[tokio::test]
async fn whoever_cannot_be_placed_has_no_role_that_helps_and_each_that_hinders() {
    let rule = |effect: &str| {
        format!(
            "[[rules]]\nname = \"a\"\ndiscord_roles = [\"90\"]\neffect = \"{effect}\"\n\
             [[rules]]\nname = \"b\"\nguilds = [\"1\"]\neffect = \"{}\"",
            if effect == "deny" { "allow" } else { "deny" }
        )
    };
    let role = RoleId::new(90).unwrap();
    for (effect, roles, allowed) in [
        ("deny", Some(vec![role]), false),
        ("deny", Some(Vec::new()), true),
        ("deny", None, false),
        ("allow", Some(vec![role]), true),
        ("allow", Some(Vec::new()), false),
        ("allow", None, false),
    ] {
        let world = World::with(&rule(effect));
        (*world.facts.roles.lock().unwrap()).clone_from(&roles);
        let said = world.call(from_discord(say("10"))).await;
        assert_eq!(said.is_ok(), allowed, "{effect} {roles:?}: {said:?}");
    }
    // The rule says nothing about a call that came from nobody in Discord.
    let world = World::with(&rule("deny"));
    assert!(world.ask(SEND, say("10")).await.is_ok());
}

#[tokio::test]
async fn hours_follow_the_clock_of_the_gate() {
    // 2027-01-15, 08:00 in UTC, a Friday.
    let world = World::with(
        "[[rules]]\nname = \"night\"\nhours = \"22:00-09:00\"\nutc_offset = \"+01:00\"\neffect = \"deny\"",
    );
    assert_eq!(world.now(), crate::world::NOW);
    let hour = 3_600_000;
    assert!(world.ask(SEND, say("10")).await.is_ok());
    world.clock.advance(-hour);
    assert_eq!(
        declined(world.ask(SEND, say("10")).await).code(),
        "denied_by_rule"
    );
}

#[tokio::test]
async fn a_list_leaves_out_channels_that_a_rule_closes() {
    let world = World::with(
        "[[rules]]\nname = \"shut\"\nrisks = [\"read\"]\nchannels = [\"12\"]\neffect = \"deny\"",
    );
    let channels = json!([
        {"id": "10", "type": 0, "name": "inside", "parent_id": "12", "guild_id": "1"},
        {"id": "12", "type": 4, "name": "shut", "guild_id": "1"},
        {"id": "13", "type": 0, "name": "outside", "guild_id": "1"},
    ]);
    let path = "/guilds/1/channels".to_owned();
    world.hands.live.lock().unwrap().insert(path, Ok(channels));
    let answer = world
        .ask("discord_list_channels", json!({"guild_id": "1"}))
        .await;
    let shown = crate::world::done(answer).view.value.to_string();
    assert!(shown.contains("outside"), "{shown}");
    assert!(
        !shown.contains("inside") && !shown.contains("shut"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_tool_is_listed_where_it_may_be_used_somewhere_or_sometime() {
    use catalogue::ToolsetSelection;
    let listed = |rules: &str| {
        let world = World::with(rules);
        let principal = model::Principal::local_operator();
        let all = ToolsetSelection::All;
        let tools = world.gate.tools_for(&principal, &all);
        tools.iter().any(|tool| tool.name == SEND)
    };
    let nothing = "[[rules]]\nname = \"nothing\"\neffect = \"deny\"\n";
    let one = |more: &str| format!("[[rules]]\nname = \"one\"\n{more}\n{nothing}");
    assert!(!listed(nothing));
    assert!(listed(&one("channels = [\"10\"]\neffect = \"allow\"")));
    assert!(listed(&one("hours = \"22:00-06:00\"\neffect = \"allow\"")));
    assert!(!listed(&one("channels = [\"10\"]\neffect = \"deny\"")));
    assert!(listed(
        "[[rules]]\nname = \"a\"\nguilds = [\"1\"]\neffect = \"deny\""
    ));
}
