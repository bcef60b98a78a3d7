//! A canary in every place where Discord keeps a token: no result, refusal, row or plan repeats it.

use catalogue::catalogue;
use model::Risk;
use serde_json::{Map, Value, json};

use crate::{
    generator,
    world::{World, asked},
};

const CANARY: &str = "cAnArY-t0ken_9f3b";

/// An object of Discord's, of no kind in particular, with a token wherever one may be.
fn answer() -> Value {
    let address = format!("https://discord.com/api/webhooks/77/{CANARY}");
    let user = json!({"id": "3", "username": "ada", "token": CANARY});
    let mut object = json!({
        "id": "5", "type": 1, "guild_id": "1", "channel_id": "10", "parent_id": "12", "name": "x",
        "token": CANARY, "interaction_token": CANARY, "webhook_token": CANARY, "url": address,
        "code": "home", "user": user, "author": user, "inviter": user, "roles": [],
        "thread_metadata": {"archived": false, "token": CANARY},
        "interaction_metadata": {"id": "8", "name": "go", "token": CANARY},
        "interaction": {"id": "8", "token": CANARY},
        "content": format!("use {address} please"), "topic": address, "reason": address,
        "description": address, "nick": address,
        "embeds": [{"title": address, "url": address, "fields": [{"name": "n", "value": address}]}],
        "components": [{"type": 1, "components": [{"type": 2, "style": 5, "label": "x", "url": address}]}],
        "options": {"token": CANARY, "webhook": address},
        "changes": [{"key": "topic", "old_value": address, "new_value": address}],
    });
    let list = json!([object]);
    for name in [
        "items",
        "threads",
        "users",
        "audit_log_entries",
        "webhooks",
        "integrations",
    ] {
        object[name] = list.clone();
    }
    object["message"] = list[0].clone();
    object["referenced_message"] = list[0].clone();
    object["message_snapshots"] = json!([{"message": list[0]}]);
    object
}

/// Arguments that a tool understands, everything in guild 1.
pub(crate) fn at_home(arguments: &mut Map<String, Value>) {
    for (name, value) in [
        ("guild_id", json!("1")),
        ("channel_id", json!("10")),
        ("thread_id", json!("11")),
        ("parent_id", json!("12")),
        ("system_channel_id", json!("10")),
        ("rules_channel_id", json!("10")),
        ("afk_channel_id", json!("10")),
        ("webhook_id", json!("77")),
        ("code", json!("home")),
        ("sticker_ids", json!(["55"])),
    ] {
        if let Some(given) = arguments.get_mut(name) {
            *given = value;
        }
    }
}

#[tokio::test]
async fn no_token_of_discords_comes_out_of_any_tool() {
    for tool in catalogue().tools() {
        let world = World::with(
            "[[rules]]\nname = \"at once\"\nrisks = [\"write\", \"destructive\"]\n\
             needs_confirmation = false\ndry_run_by_default = false",
        );
        world.clock.advance(generator::NOW - world.now());
        world.hands.says_always(&answer());
        let mut carried_out = 0;
        for seed in 0..12 {
            let mut arguments = generator::arguments(tool, seed);
            at_home(&mut arguments);
            if tool.prepare(arguments.clone(), generator::NOW).is_err() {
                continue;
            }
            for dry_run in [true, false] {
                let mut arguments = arguments.clone();
                if tool.risk != Risk::Read {
                    arguments.insert("dry_run".to_owned(), json!(dry_run));
                    arguments.insert("idempotency_key".to_owned(), json!(format!("k{seed}")));
                }
                let again = arguments.clone();
                for arguments in [arguments, again] {
                    let result = world.call(asked(tool.name, Value::Object(arguments))).await;
                    carried_out += usize::from(matches!(result, Ok(gate::Answer::Done(_))));
                    let shown = format!("{result:?}");
                    assert!(!shown.contains(CANARY), "{} showed {shown}", tool.name);
                }
            }
        }
        assert!(carried_out > 0 || tool.is_flow(), "{} never ran", tool.name);
        let book = world.ledger.book();
        let written = format!("{:?} {:?} {:?}", book.open, book.closed, book.decisions);
        assert!(!written.contains(CANARY), "{} wrote {written}", tool.name);
    }
}
