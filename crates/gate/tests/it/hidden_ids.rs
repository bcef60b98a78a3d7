//! Every id that a tool takes is either led back to its guild before anything is judged, or cannot
//! reach into another guild. Each argument of each tool is in one of two tables here.

use std::collections::BTreeSet;

use catalogue::{Tool, catalogue};
use model::{Risk, Stage};
use serde_json::{Map, Value, json};

use crate::{
    generator,
    world::{World, asked},
};

/// Arguments that name something of a guild, with an id of guild 1 and one that must be refused:
/// of guild 2, where the bot is not, or unknown.
const RESOLVED: &[(&str, &str, &str)] = &[
    ("guild_id", "1", "2"),
    ("channel_id", "10", "20"),
    ("thread_id", "11", "20"),
    ("parent_id", "12", "20"),
    ("system_channel_id", "10", "20"),
    ("rules_channel_id", "10", "20"),
    ("afk_channel_id", "10", "20"),
    ("webhook_id", "77", "78"),
    ("code", "home", "elsewhere"),
    ("sticker_ids[]", "55", "56"),
];

/// Arguments that cannot reach another guild, and why.
const CONFINED: &[(&str, &str)] = &[
    ("message_id", "Discord looks for it in the path's channel"),
    (
        "message_ids[]",
        "Discord looks for them in the path's channel",
    ),
    (
        "reply_to",
        "Discord looks for it in the channel that is posted to",
    ),
    ("before", "a point in the order of a list"),
    ("after", "a point in the order of a list"),
    ("around", "a point in the order of a list"),
    ("call_id", "a call of ours, of no guild"),
    (
        "approval_id",
        "an approval of ours, of no guild; only its asker sees it",
    ),
    ("author_id", "picks among messages that may be read anyway"),
    (
        "user_id",
        "a user is of no guild; a member is of the path's",
    ),
    ("role_id", "Discord looks for it in the path's guild"),
    (
        "positions[].role_id",
        "Discord looks for them in the path's guild",
    ),
    (
        "overwrite_id",
        "Discord looks for it in the path's channel and guild",
    ),
    ("keep_attachments[]", "only those of the path's message"),
    ("applied_tags[]", "only those of the path's forum"),
    (
        "allowed_mentions.users[]",
        "narrows whom the message's own words notify",
    ),
    (
        "allowed_mentions.roles[]",
        "narrows whom the message's own words notify",
    ),
    (
        "emoji",
        "a picture by name and id; using it reads and changes nothing of its guild",
    ),
    (
        "poll.answers[].emoji",
        "a picture by name and id; using it reads and changes nothing of its guild",
    ),
];

/// What `components` may hold of ids. Its schema does not spell them out, so a test of its own does.
const WITH_IDS_INSIDE: &str = "components";

/// Paths of all arguments that hold ids, or what hides them.
fn ids_of(tool: &Tool) -> BTreeSet<String> {
    let schema = tool.full_schema();
    let mut found = BTreeSet::new();
    for name in tool
        .argument_names()
        .filter(|name| *name != WITH_IDS_INSIDE)
    {
        walk(name, &schema["properties"][name], &mut found);
    }
    found
}

fn walk(path: &str, schema: &Value, found: &mut BTreeSet<String>) {
    let name = path.rsplit('.').next().unwrap_or(path);
    let hides = |word: &str| name.trim_end_matches("[]").ends_with(word);
    let is_id = schema["pattern"].is_string();
    let carries = schema["type"] == "string"
        && ["id", "ids", "code", "emoji", "link", "url_id", "token"]
            .iter()
            .any(|word| hides(word));
    if is_id || carries {
        found.insert(path.to_owned());
    }
    for (name, below) in schema["properties"].as_object().into_iter().flatten() {
        walk(&format!("{path}.{name}"), below, found);
    }
    if schema["items"].is_object() {
        walk(&format!("{path}[]"), &schema["items"], found);
    }
    for either in ["anyOf", "oneOf"] {
        for below in schema[either].as_array().into_iter().flatten() {
            walk(path, below, found);
        }
    }
}

#[test]
fn every_id_of_every_tool_is_in_one_of_the_tables() {
    let resolved = RESOLVED.iter().map(|(name, ..)| *name);
    let known: BTreeSet<&str> = resolved.chain(CONFINED.iter().map(|row| row.0)).collect();
    let mut seen = BTreeSet::new();
    for tool in catalogue().tools() {
        for path in ids_of(tool) {
            assert!(
                known.contains(path.as_str()),
                "{} takes `{path}`: is it led back to a guild, or why need it not be?",
                tool.name
            );
            seen.insert(path);
        }
    }
    for name in known {
        assert!(seen.contains(name), "no tool takes `{name}` any more");
    }
}

/// Arguments that a tool understands, everything in guild 1, `name` among them.
fn at_home(tool: &Tool, name: &str) -> Map<String, Value> {
    let top = name.trim_end_matches("[]");
    (0..generator::ATTEMPTS * 4)
        .map(|seed| {
            let mut made = generator::arguments(tool, seed);
            made.insert(top.to_owned(), json!("1"));
            made.remove(WITH_IDS_INSIDE);
            for (known, home, _) in RESOLVED {
                put(&mut made, known, home);
            }
            made
        })
        .find(|made| tool.prepare(made.clone(), generator::NOW).is_ok())
        .unwrap_or_else(|| panic!("no arguments for {} with {name}", tool.name))
}

/// Put an id where the argument is given.
fn put(arguments: &mut Map<String, Value>, name: &str, id: &str) {
    if let Some(given) = arguments.get_mut(name.trim_end_matches("[]")) {
        *given = if name.ends_with("[]") {
            json!([id])
        } else {
            json!(id)
        };
    }
}

/// The same id in a link that says it is in guild 1, where such a link is understood.
fn as_link(name: &str, id: &str) -> Option<String> {
    match name {
        "webhook_id" => Some(format!("https://discord.com/api/webhooks/{id}/t0ken")),
        "parent_id" | "thread_id" => Some(format!("https://discord.com/channels/1/{id}")),
        name if name.ends_with("channel_id") => {
            Some(format!("https://discord.com/channels/1/{id}"))
        }
        _ => None,
    }
}

#[tokio::test]
async fn a_link_is_never_believed_about_its_guild() {
    let link = |guild: u64, channel: u64| json!({"message_id": format!("https://discord.com/channels/{guild}/{channel}/5")});
    let world = World::new();
    let at_home = asked("discord_get_message", link(1, 10));
    assert!(world.call(at_home).await.is_ok());
    assert_eq!(
        *world.hands.reads.lock().unwrap(),
        ["/channels/10/messages/5"]
    );
    for (guild, channel, code) in [
        // The channel is at home, and the link says otherwise.
        (2, 10, "link_disagrees"),
        // The link says that it is at home.
        (1, 20, "not_installed"),
        (1, 999, "guild_unknown"),
        (1, 30, "link_disagrees"),
    ] {
        let world = World::new();
        let result = world
            .call(asked("discord_get_message", link(guild, channel)))
            .await;
        let Err(gate::Declined::Refused(refusal)) = result else {
            panic!("{guild}/{channel}: {result:?}");
        };
        assert_eq!(refusal.reason.code, code, "{guild}/{channel}");
        assert_eq!(refusal.stage, Some(Stage::GuildInstallation));
        assert!(world.hands.reads.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_link_and_its_ids_are_the_same_call() {
    let world = World::new();
    let planned = |result| match result {
        Ok(gate::Answer::Planned(plan)) => plan,
        other => panic!("{other:?}"),
    };
    let link = json!({"message_id": "https://discord.com/channels/1/10/5"});
    let plan = planned(world.call(asked("discord_delete_message", link)).await);
    let confirm = plan.confirm.unwrap().token;
    let ids = json!({"channel_id": "10", "message_id": "5", "confirm": confirm});
    let done = world.call(asked("discord_delete_message", ids)).await;
    assert!(matches!(done, Ok(gate::Answer::Done(_))), "{done:?}");
}

async fn stage_that_refuses(world: &World, tool: &Tool, mut arguments: Map<String, Value>) -> bool {
    if tool.risk != Risk::Read {
        arguments.insert("dry_run".to_owned(), json!(true));
    }
    world.clock.advance(generator::NOW - world.now());
    let result = world.call(asked(tool.name, Value::Object(arguments))).await;
    match result {
        Err(gate::Declined::Refused(refusal)) => {
            assert_ne!(refusal.reason.code, "invalid_arguments", "{refusal:?}");
            refusal.stage == Some(Stage::GuildInstallation)
        }
        _ => false,
    }
}

#[tokio::test]
async fn an_id_of_another_guild_is_refused_before_anything_is_read() {
    for tool in catalogue().tools() {
        for path in ids_of(tool) {
            let Some((name, _, elsewhere)) = RESOLVED.iter().find(|row| row.0 == path) else {
                continue;
            };
            let mut arguments = at_home(tool, name);
            let world = World::new();
            assert!(
                !stage_that_refuses(&world, tool, arguments.clone()).await,
                "{} with {arguments:?} is all in guild 1",
                tool.name
            );
            for written in [Some((*elsewhere).to_owned()), as_link(name, elsewhere)] {
                let Some(written) = written else { continue };
                put(&mut arguments, name, &written);
                let world = World::new();
                assert!(
                    stage_that_refuses(&world, tool, arguments.clone()).await,
                    "{} with {arguments:?} reaches another guild through {name}",
                    tool.name
                );
                assert!(world.hands.reads.lock().unwrap().is_empty());
                assert_eq!(world.sent(), 0);
            }
        }
    }
}

fn send(extra: &Value) -> Map<String, Value> {
    let mut arguments = crate::world::object(json!({"channel_id": "10", "content": "x"}));
    arguments.extend(crate::world::object(extra.clone()));
    arguments
}

#[tokio::test]
async fn a_menu_that_starts_with_a_channel_names_it() {
    let tool = catalogue().get("discord_send_message").unwrap();
    let menu = |channel: &str| {
        send(
            &json!({"components": [{"type": 1, "components": [{"type": 8, "custom_id": "where",
            "default_values": [{"id": channel, "type": "channel"}]}]}]}),
        )
    };
    assert!(!stage_that_refuses(&World::new(), tool, menu("11")).await);
    assert!(stage_that_refuses(&World::new(), tool, menu("20")).await);
}

#[tokio::test]
async fn a_sticker_of_discords_own_is_of_no_guild_and_an_unknown_one_is_refused() {
    let tool = catalogue().get("discord_send_message").unwrap();
    let sticker = |id: &str| send(&json!({"sticker_ids": [id]}));
    assert!(!stage_that_refuses(&World::new(), tool, sticker("57")).await);
    assert!(stage_that_refuses(&World::new(), tool, sticker("58")).await);
}
