//! Strange bodies: whatever JSON comes, a route answers or refuses, and never breaks.

use proptest::prelude::*;
use sandbox::world::message::MessageEdit;
use sandbox::world::{Actor, NewMessage, SandboxClock, Shared, WorldConfig};
use serde_json::{Map, Value};

use crate::support::NEW_YEAR_MS;

/// Names that bodies are made of, so that strange values land where they hurt.
const NAMES: &[&str] = &[
    "content",
    "embeds",
    "components",
    "type",
    "name",
    "permissions",
    "position",
    "flags",
    "poll",
    "answers",
    "question",
    "fields",
    "attachments",
    "id",
    "nonce",
    "message_reference",
    "parent_id",
    "message_id",
    "allowed_mentions",
    "parse",
    "users",
    "permission_overwrites",
    "allow",
    "deny",
    "available_tags",
    "topic",
    "roles",
    "nick",
    "communication_disabled_until",
    "title",
    "data",
    "custom_id",
    "channel_id",
    "options",
    "style",
    "label",
    "max_age",
    "days",
    "color",
    "colors",
    "trigger_type",
    "trigger_metadata",
    "keyword_filter",
    "regex_patterns",
    "event_type",
    "actions",
    "metadata",
    "description",
    "choices",
    "value",
    "component",
    "members",
    "text",
    "sender",
];

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(|number| Value::from(number.to_string())),
        (0_u64..20).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        let named = (proptest::sample::select(NAMES), inner.clone());
        prop_oneof![
            proptest::collection::vec(inner, 0..5).prop_map(Value::from),
            proptest::collection::vec(named, 0..8).prop_map(|fields| {
                let fields = fields
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value));
                Value::Object(fields.collect::<Map<_, _>>())
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_body_breaks_the_world(bodies in proptest::collection::vec(json(), 1..4)) {
        let clock = SandboxClock::manual(NEW_YEAR_MS);
        let shared = Shared::new(WorldConfig { seed: 1, clock });
        shared.write(|world| {
            let owner: Actor = world.create_user("ada").into();
            let guild = world.create_guild(owner.id, "Square");
            let place = serde_json::json!({"name": "general"});
            let channel = world.create_channel(&owner, guild, &place).expect("a channel");
            let channel = channel["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
            let message = NewMessage::text("hello");
            let message = world.create_message(&owner, channel, message).expect("a message");
            let message = message["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
            let robot = world.create_bot("steward", None);
            world.join_guild(robot, guild, u64::MAX).expect("it comes in");
            let ask = serde_json::json!({"name": "ask", "description": "d", "options": [
                {"type": 3, "name": "type", "description": "d"},
                {"type": 6, "name": "name", "description": "d"},
                {"type": 10, "name": "position", "description": "d"},
            ]});
            world.put_command(&robot.into(), robot, None, &ask).expect("a command");
            for body in &bodies {
                if let Ok(new) = NewMessage::parse(body, Vec::new()) {
                    let _ = world.create_message(&owner, channel, new);
                }
                if let Ok(edit) = MessageEdit::parse(body, Vec::new()) {
                    let _ = world.edit_message(&owner, channel, message, edit);
                }
                let _ = world.create_channel(&owner, guild, body);
                let _ = world.modify_channel(&owner, channel, body);
                let _ = world.reorder_channels(&owner, guild, body);
                let _ = world.set_overwrite(&owner, channel, guild, body);
                let _ = world.create_role(&owner, guild, body);
                let _ = world.reorder_roles(&owner, guild, body);
                let _ = world.modify_guild(&owner, guild, body);
                let _ = world.modify_member(&owner, guild, owner.id, body);
                let _ = world.start_thread(&owner, channel, body, Vec::new());
                let _ = world.create_invite(&owner, channel, body);
                let _ = world.create_webhook(&owner, channel, body);
                let _ = world.create_emoji(&owner, guild, body);
                let _ = world.bulk_ban(&owner, guild, body);
                let _ = world.prune(&owner, guild, body);
                let _ = world.interact(&owner, body, Vec::new());
                let _ = world.create_automod_rule(&owner, guild, body);
                let bot: Actor = robot.into();
                let _ = world.put_command(&bot, robot, None, body);
                let _ = world.replace_commands(&bot, robot, Some(guild), body);
                let _ = world.set_command_permissions(&owner, robot, guild, robot, body);
                let _ = world.modify_application(&bot, robot, body);
                let _ = world.modify_own_user(&owner, body);
                let _ = world.set_role_connections(&bot, robot, body);
                let _ = world.create_entitlement(&bot, robot, body);
                let _ = world.create_application_emoji(&bot, robot, body);
                let _ = world.create_lobby(&bot, body);
                let answered = serde_json::json!({"type": 9, "data": body});
                let run = serde_json::json!({
                    "type": 2, "channel_id": channel, "data": {"name": "ask", "options": body},
                });
                if let Ok(begun) = world.interact(&owner, &run, Vec::new()) {
                    let id = begun["id"].as_str().and_then(|id| id.parse().ok());
                    let (id, token) = (id.expect("an id"), begun["token"].clone());
                    let token = token.as_str().expect("a token");
                    let _ = world.respond(id, token, body, Vec::new());
                    let _ = world.respond(id, token, &answered, Vec::new());
                    let filled = serde_json::json!({
                        "type": 5, "channel_id": channel, "interaction_id": id, "data": body,
                    });
                    let _ = world.interact(&owner, &filled, Vec::new());
                }
            }
        });
    }
}
