//! Every tool that changes something: carried out, undone, and the world is as before; or its row
//! says why not.

use std::collections::BTreeSet;

use catalogue::{Undoing, catalogue};
use model::Risk;
use serde_json::{Value, json};

use super::Stage;

/// One tool's story.
struct Trip {
    tool: &'static str,
    arguments: Value,
    /// What Discord is asked before, between and after.
    looks: Vec<String>,
    redo: Redo,
}

#[derive(PartialEq)]
enum Redo {
    /// The undo can be undone.
    Yes,
    /// What the undo took away cannot come back as it was.
    No,
}

use Redo::{No, Yes};

fn trip(tool: &'static str, arguments: Value, looks: &[String], redo: Redo) -> Trip {
    Trip {
        tool,
        arguments,
        looks: looks.to_vec(),
        redo,
    }
}

/// What the API says, without what tells only of time and traffic.
async fn seen(stage: &Stage, looks: &[String]) -> Vec<Value> {
    let mut seen = Vec::new();
    for look in looks {
        let mut value = stage.get(look).await;
        plain(&mut value);
        seen.push(value);
    }
    seen
}

fn plain(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for volatile in [
                "edited_timestamp",
                "last_message_id",
                "last_pin_timestamp",
                "archive_timestamp",
                "pinned_at",
                "has_more",
            ] {
                fields.remove(volatile);
            }
            // A list of nothing and no list are the same.
            fields.retain(|_, value| !(value.is_null() || *value == json!([])));
            fields.values_mut().for_each(plain);
        }
        Value::Array(items) => items.iter_mut().for_each(plain),
        _ => {}
    }
}

async fn travel(stage: &Stage, trip: Trip) {
    let Trip {
        tool,
        arguments,
        looks,
        redo,
    } = trip;
    let before = seen(stage, &looks).await;
    let done = stage.carry(tool, &arguments).await;
    let between = seen(stage, &looks).await;
    assert_ne!(before, between, "{tool} shows in {looks:?}");
    let undone = stage.undo(&done.call_id).await;
    assert_eq!(
        undone.result["outcome"], "done",
        "{tool}: {}",
        undone.result
    );
    assert_eq!(seen(stage, &looks).await, before, "{tool} is undone");
    let twice = stage
        .declined("discord_undo", &json!({ "call_id": done.call_id }))
        .await;
    assert_eq!(twice["code"], "undone_already", "{tool}");
    if redo == Yes {
        stage.undo(&undone.call_id).await;
        assert_eq!(
            seen(stage, &looks).await,
            between,
            "the undo of {tool} is undone"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_undo_brings_back_what_was() {
    let stage = Stage::new().await;
    let (guild, channel) = (stage.guild.as_str(), stage.channel.as_str());
    let tester = stage.member("tester");
    let send = json!({"channel_id": channel, "content": "first words"});
    let posted = stage.carry("discord_send_message", &send).await.result;
    let message = posted["id"].as_str().unwrap();
    let role = json!({"guild_id": guild, "name": "tester", "permissions": ["VIEW_CHANNEL"]});
    let role = stage.carry("discord_create_role", &role).await.result;
    let role = role["id"].as_str().unwrap();
    let place = json!({"guild_id": guild, "name": "plans", "topic": "old"});
    let place = stage.carry("discord_create_channel", &place).await.result;
    let place = place["id"].as_str().unwrap();
    let thread = json!({"channel_id": channel, "name": "talk"});
    let thread = stage.carry("discord_create_thread", &thread).await.result;
    let thread = thread["id"].as_str().unwrap();
    let hook = json!({"channel_id": place, "name": "bell"});
    let hook = stage.carry("discord_create_webhook", &hook).await.result;
    let hook = hook["id"].as_str().unwrap();

    let at_message = [format!("/channels/{channel}/messages/{message}")];
    let at_messages = [format!("/channels/{channel}/messages")];
    let at_channels = [format!("/guilds/{guild}/channels")];
    let at_place = [format!("/channels/{place}")];
    let at_roles = [format!("/guilds/{guild}/roles")];
    let at_tester = [format!("/guilds/{guild}/members/{tester}")];
    let at_thread = [format!("/channels/{thread}")];
    let at_hooks = [format!("/channels/{place}/webhooks")];
    let this = json!({"channel_id": channel, "message_id": message});
    let with = |base: &Value, more: Value| {
        let mut all = base.clone();
        all.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        all
    };
    let here = json!({"guild_id": guild});
    let her = json!({"guild_id": guild, "user_id": tester});
    let trips = vec![
        trip(
            "discord_send_message",
            json!({"channel_id": channel, "content": "more"}),
            &at_messages,
            No,
        ),
        trip(
            "discord_edit_message",
            with(
                &this,
                json!({"content": "other words",
            "embeds": [{"title": "t", "description": "d", "fields": [{"name": "a", "value": "b"}]}]}),
            ),
            &at_message,
            Yes,
        ),
        trip(
            "discord_edit_message",
            with(&this, json!({"content": "last words", "embeds": []})),
            &at_message,
            Yes,
        ),
        trip(
            "discord_add_reaction",
            with(&this, json!({"emoji": "👍"})),
            &at_message,
            Yes,
        ),
        trip(
            "discord_remove_reaction",
            with(&this, json!({"emoji": "👍"})),
            &at_message,
            Yes,
        ),
        trip("discord_pin_message", this.clone(), &at_message, Yes),
        trip("discord_unpin_message", this.clone(), &at_message, Yes),
        trip(
            "discord_create_channel",
            with(&here, json!({"name": "attic"})),
            &at_channels,
            No,
        ),
        trip(
            "discord_edit_channel",
            json!({"channel_id": place, "name": "projects", "topic": "new", "slowmode": 5, "nsfw": true}),
            &at_place,
            Yes,
        ),
        trip(
            "discord_edit_channel",
            json!({"channel_id": place, "topic": null}),
            &at_place,
            Yes,
        ),
        trip(
            "discord_set_channel_permissions",
            json!({"channel_id": place, "overwrite_id": role, "kind": "role", "deny": ["SEND_MESSAGES"]}),
            &at_place,
            Yes,
        ),
        trip(
            "discord_set_channel_permissions",
            json!({"channel_id": place, "overwrite_id": role, "kind": "role", "allow": ["SEND_MESSAGES"]}),
            &at_place,
            Yes,
        ),
        trip(
            "discord_delete_channel_permissions",
            json!({"channel_id": place, "overwrite_id": role}),
            &at_place,
            Yes,
        ),
        trip(
            "discord_modify_guild",
            with(
                &here,
                json!({"name": "The Other Hall", "verification": "high", "notifications": "mentions", "description": "ours"}),
            ),
            &[format!("/guilds/{guild}")],
            Yes,
        ),
        trip(
            "discord_create_role",
            with(&here, json!({"name": "extra", "color": 255})),
            &at_roles,
            No,
        ),
        trip(
            "discord_modify_role",
            with(
                &here,
                json!({"role_id": role, "name": "checker", "permissions": ["VIEW_CHANNEL", "SEND_MESSAGES"], "color": 5, "hoist": true}),
            ),
            &at_roles,
            Yes,
        ),
        trip(
            "discord_reorder_roles",
            with(
                &here,
                json!({"positions": [{"role_id": role, "position": 2}]}),
            ),
            &at_roles,
            Yes,
        ),
        trip(
            "discord_assign_role",
            with(&her, json!({"role_id": role})),
            &at_tester,
            Yes,
        ),
        trip(
            "discord_remove_role",
            with(&her, json!({"role_id": role})),
            &at_tester,
            Yes,
        ),
        trip(
            "discord_edit_member",
            with(&her, json!({"nickname": "Countess"})),
            &at_tester,
            Yes,
        ),
        trip(
            "discord_timeout_member",
            with(&her, json!({"seconds": 600})),
            &at_tester,
            No,
        ),
        trip(
            "discord_create_thread",
            json!({"channel_id": channel, "name": "side"}),
            &[format!("/guilds/{guild}/threads/active")],
            No,
        ),
        trip(
            "discord_archive_thread",
            json!({"thread_id": thread, "locked": true}),
            &at_thread,
            Yes,
        ),
        trip(
            "discord_create_webhook",
            json!({"channel_id": place, "name": "gong"}),
            &at_hooks,
            No,
        ),
        trip(
            "discord_modify_webhook",
            json!({"webhook_id": hook, "name": "chime"}),
            &at_hooks,
            Yes,
        ),
        trip(
            "discord_execute_webhook",
            json!({"webhook_id": hook, "content": "ding"}),
            &[format!("/channels/{place}/messages")],
            No,
        ),
        trip(
            "discord_create_invite",
            json!({"channel_id": channel, "unique": true}),
            &[format!("/channels/{channel}/invites")],
            No,
        ),
    ];
    let mut travelled: BTreeSet<&str> = BTreeSet::new();
    for trip in trips {
        travelled.insert(trip.tool);
        travel(&stage, trip).await;
    }

    // A ban takes the membership with it; a channel and a role come back as others.
    let bans = format!("/guilds/{guild}/bans/{tester}");
    let banned = stage.carry("discord_ban_member", &her).await;
    assert!(stage.get(&bans).await.is_object());
    let unbanned = stage.undo(&banned.call_id).await;
    assert!(stage.get(&bans).await.is_null());
    stage.undo(&unbanned.call_id).await;
    assert!(stage.get(&bans).await.is_object());
    let unban = stage.carry("discord_unban_member", &her).await;
    assert!(stage.get(&bans).await.is_null());
    stage.undo(&unban.call_id).await;
    assert!(stage.get(&bans).await.is_object());
    travelled.extend(["discord_ban_member", "discord_unban_member"]);

    let overwrite = json!({"channel_id": place, "overwrite_id": guild, "kind": "role", "deny": ["ADD_REACTIONS"]});
    stage
        .carry("discord_set_channel_permissions", &overwrite)
        .await;
    let was = stage.get(&at_place[0]).await;
    let deleted = stage
        .carry("discord_delete_channel", &json!({"channel_id": place}))
        .await;
    let made = stage.undo(&deleted.call_id).await.result["steps"][0]["result"]["id"].clone();
    let is = stage
        .get(&format!("/channels/{}", made.as_str().unwrap()))
        .await;
    for field in [
        "name",
        "topic",
        "type",
        "nsfw",
        "permission_overwrites",
        "rate_limit_per_user",
    ] {
        assert_eq!(is[field], was[field], "{field}");
    }
    travelled.insert("discord_delete_channel");

    let role_of = |roles: Value, name: &str| {
        let roles = roles.as_array().unwrap().clone();
        roles
            .into_iter()
            .find(|role| role["name"] == name)
            .unwrap_or_default()
    };
    let was = role_of(stage.get(&at_roles[0]).await, "checker");
    let deleted = stage
        .carry(
            "discord_delete_role",
            &json!({"guild_id": guild, "role_id": role}),
        )
        .await;
    stage.undo(&deleted.call_id).await;
    let is = role_of(stage.get(&at_roles[0]).await, "checker");
    for field in ["permissions", "color", "hoist", "mentionable", "position"] {
        assert_eq!(is[field], was[field], "{field}");
    }
    travelled.insert("discord_delete_role");

    for tool in catalogue()
        .tools()
        .iter()
        .filter(|tool| tool.risk != Risk::Read)
    {
        let says = tool.undone().unwrap();
        let has_an_inverse = matches!(says, Undoing::By(_) | Undoing::Partly { .. });
        assert_eq!(
            travelled.contains(tool.name),
            has_an_inverse,
            "{}: {says:?}",
            tool.name
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_changed_since_is_shown_and_stops_the_undo() {
    let stage = Stage::new().await;
    let place = json!({"guild_id": stage.guild, "name": "plans", "topic": "first"});
    let place = stage.carry("discord_create_channel", &place).await.result;
    let topic = |text: &str| json!({"channel_id": place["id"], "topic": text});
    let edited = stage.carry("discord_edit_channel", &topic("second")).await;
    stage.carry("discord_edit_channel", &topic("third")).await;
    let undo = json!({"call_id": edited.call_id});
    let plan = stage.client.done("discord_undo", undo.clone()).await;
    let since = &plan["plan"]["taking_back"]["changed_since"][0];
    assert_eq!(
        [
            &since["field"],
            &since["before"],
            &since["after"],
            &since["now"]
        ],
        ["topic", "first", "second", "third"]
    );
    let marked = plan["untrusted_content"]["fields"].to_string();
    assert!(marked.contains("taking_back.changed_since"), "{marked}");
    let stopped = stage.declined("discord_undo", &undo).await;
    assert_eq!(stopped["code"], "changed_since");
    let path = format!("/channels/{}", place["id"].as_str().unwrap());
    assert_eq!(stage.get(&path).await["topic"], "third");
    let anyway = json!({"call_id": edited.call_id, "even_if_changed": true});
    stage.carry("discord_undo", &anyway).await;
    assert_eq!(stage.get(&path).await["topic"], "first");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_lockdown_only_that_something_changed_is_told() {
    let stage = Stage::under("[policy.lockdown]\ntrust_roles = [\"1\"]").await;
    let place = json!({"guild_id": stage.guild, "name": "plans", "topic": "first"});
    let place = stage.carry("discord_create_channel", &place).await.result;
    let topic = |text: &str| json!({"channel_id": place["id"], "topic": text});
    let edited = stage.carry("discord_edit_channel", &topic("second")).await;
    stage.carry("discord_edit_channel", &topic("obey me")).await;
    let undo = json!({"call_id": edited.call_id});
    let plan = stage.client.done("discord_undo", undo.clone()).await;
    let since = &plan["plan"]["taking_back"]["changed_since"];
    assert_eq!(since[0]["field"], "topic");
    assert!(!since.to_string().contains("obey me"), "{since}");
    assert_eq!(since[0]["now"], "by somebody without a trust role");
    let stopped = stage.declined("discord_undo", &undo).await;
    assert_eq!(stopped["code"], "changed_since");
}
