//! Bad arguments: every error names the argument, the limit, what was given and what may be meant.

use catalogue::{ArgumentError, Prepared, Tool, catalogue, limits};
use serde_json::{Map, Value, json};

use crate::generator::{self, ATTEMPTS, NOW};

fn tool(name: &str) -> &'static Tool {
    catalogue().get(name).unwrap()
}

fn prepare(name: &str, arguments: Value) -> Result<Prepared, ArgumentError> {
    let Value::Object(arguments) = arguments else {
        panic!("arguments are an object");
    };
    tool(name).prepare(arguments, NOW)
}

fn refused(name: &str, arguments: Value) -> ArgumentError {
    prepare(name, arguments).expect_err("must be refused")
}

/// The first generated arguments that a tool takes.
fn good(tool: &Tool) -> Map<String, Value> {
    (0..ATTEMPTS)
        .map(|seed| generator::arguments(tool, seed))
        .find(|arguments| tool.prepare(arguments.clone(), NOW).is_ok())
        .expect("some are good")
}

#[test]
fn an_unknown_argument_is_named_with_the_nearest_in_every_tool() {
    for tool in catalogue().tools() {
        for known in tool.argument_names().map(str::to_owned).collect::<Vec<_>>() {
            let misspelt = format!("{known}x");
            if tool.argument_names().any(|name| name == misspelt) {
                continue;
            }
            let mut arguments = good(tool);
            arguments.remove(&known);
            arguments.insert(misspelt.clone(), json!("x"));
            // The misspelt one is found before the missing one is missed.
            let error = tool.prepare(arguments, NOW).unwrap_err();
            assert_eq!(
                error.field.as_deref(),
                Some(misspelt.as_str()),
                "{}",
                tool.name
            );
            assert_eq!(
                error.nearest.as_deref(),
                Some(known.as_str()),
                "{}: {error}",
                tool.name
            );
            assert!(
                error.message.contains(&format!("did you mean `{known}`?")),
                "{error}"
            );
        }
    }
}

#[test]
fn a_misspelt_control_argument_is_recognised() {
    let error = refused(
        "discord_delete_message",
        json!({"channel_id": "1", "message_id": "2", "dryrun": true}),
    );
    assert_eq!(error.nearest.as_deref(), Some("dry_run"));
}

#[test]
fn a_missing_argument_is_named_in_every_tool() {
    for tool in catalogue().tools() {
        let schema = tool.full_schema();
        let required = schema
            .get("required")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        for name in required.iter().filter_map(Value::as_str) {
            let mut arguments = good(tool);
            arguments.remove(name);
            let error = tool.prepare(arguments, NOW).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(name), "{}", tool.name);
            assert!(error.message.contains("is missing"), "{error}");
        }
    }
}

#[test]
fn a_wrong_type_is_named_in_every_tool() {
    for tool in catalogue().tools() {
        let schema = tool.full_schema();
        for name in tool.argument_names() {
            let property = &schema["properties"][name];
            let kind = property["type"].as_str().or(property["type"][0].as_str());
            let wrong = match kind {
                Some("string") => json!({"not": "text"}),
                Some("integer") => json!("12"),
                Some("boolean") => json!("true"),
                Some("array") => json!("not a list"),
                _ => json!([1]),
            };
            let mut arguments = good(tool);
            arguments.insert(name.to_owned(), wrong);
            let error = tool.prepare(arguments, NOW).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(name), "{}: {error}", tool.name);
        }
    }
}

#[test]
fn ids_are_strings_in_range_in_every_tool() {
    for tool in catalogue().tools() {
        let schema = tool.full_schema();
        for name in tool.argument_names() {
            if schema["properties"][name].get("pattern").is_none() {
                continue;
            }
            let with = |value: Value| {
                let mut arguments = good(tool);
                arguments.insert(name.to_owned(), value);
                tool.prepare(arguments, NOW).unwrap_err()
            };
            let number = with(json!(175_928_847_299_117_063_u64));
            assert_eq!(number.field.as_deref(), Some(name), "{}", tool.name);
            assert!(
                number
                    .message
                    .contains("write \"175928847299117063\" in quotes"),
                "{number}"
            );
            for bad in [
                "0",
                "99999999999999999999",
                "9223372036854775808",
                "general",
                "",
                "../1",
            ] {
                let error = with(json!(bad));
                assert_eq!(error.field.as_deref(), Some(name), "{}: {bad}", tool.name);
                assert!(
                    error.message.contains("string of 1 to 19 digits"),
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn what_is_too_long_or_too_many_names_the_limit_in_every_tool() {
    for tool in catalogue().tools() {
        let schema = tool.full_schema();
        for name in tool.argument_names().filter(|name| *name != "components") {
            let property = &schema["properties"][name];
            let limit = |word: &str| property.get(word).and_then(Value::as_u64);
            let (given, most) = if let Some(most) = limit("maxLength") {
                (json!("é".repeat(usize::try_from(most).unwrap() + 1)), most)
            } else if let Some(most) = limit("maxItems") {
                let item = generator::arguments(tool, 1)
                    .get(name)
                    .cloned()
                    .unwrap_or_default();
                let item = item.get(0).cloned().unwrap_or(json!("175928847299117063"));
                (
                    Value::from(vec![item; usize::try_from(most).unwrap() + 1]),
                    most,
                )
            } else if let Some(most) = limit("maximum") {
                (json!(most + 1), most)
            } else {
                continue;
            };
            let mut arguments = good(tool);
            arguments.insert(name.to_owned(), given);
            let error = tool.prepare(arguments, NOW).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(name), "{}: {error}", tool.name);
            assert!(
                error.message.contains(&most.to_string()),
                "{}: {error}",
                tool.name
            );
        }
    }
}

#[test]
fn limits_are_the_same_in_schema_and_check() {
    let limit = |tool_name: &str, argument: &str, word: &str| {
        tool(tool_name).full_schema()["properties"][argument][word]
            .as_u64()
            .unwrap()
    };
    assert_eq!(
        limit("discord_send_message", "content", "maxLength"),
        limits::CONTENT as u64
    );
    assert_eq!(
        limit("discord_get_messages", "limit", "maximum"),
        u64::from(limits::MESSAGES)
    );
    let embed =
        tool("discord_send_message").full_schema()["properties"]["embeds"]["items"]["properties"]
            .clone();
    assert_eq!(embed["description"]["maxLength"], limits::EMBED_DESCRIPTION);
    let at = json!({"channel_id": "1", "content": "x".repeat(limits::CONTENT)});
    assert!(prepare("discord_send_message", at).is_ok());
    let over = refused(
        "discord_send_message",
        json!({"channel_id": "1", "content": "x".repeat(limits::CONTENT + 1)}),
    );
    assert_eq!(
        over.message,
        "`content` is 2001 characters long; the limit is 2000; split the text into several messages"
    );
}

#[test]
fn deep_errors_have_paths() {
    let send = |part: Value| {
        let mut arguments = json!({"channel_id": "1"});
        arguments
            .as_object_mut()
            .unwrap()
            .extend(part.as_object().unwrap().clone());
        refused("discord_send_message", arguments)
    };
    let field = |part: Value| send(part).field.unwrap_or_default();
    assert_eq!(
        field(json!({"embeds": [{"titel": "x"}]})),
        "embeds[0].titel"
    );
    assert_eq!(
        field(json!({"embeds": [{"title": "x".repeat(257)}]})),
        "embeds[0].title"
    );
    assert_eq!(
        field(json!({"embeds": [{"title": "x", "fields": [{"name": "a"}]}]})),
        "embeds[0].fields[0].value"
    );
    assert_eq!(field(json!({"embeds": [{}]})), "embeds[0]");
    assert_eq!(field(json!({"files": [{"filename": "a.txt"}]})), "files[0]");
    assert_eq!(
        field(json!({"files": [{"filename": "a.txt", "base64": "%"}]})),
        "files[0].base64"
    );
    assert_eq!(
        field(
            json!({"components": [{"type": 1, "components": [{"type": 2, "style": 5, "label": "x"}]}]})
        ),
        "components[0].components[0].url"
    );
    assert_eq!(
        field(json!({"components": [{"type": 2}]})),
        "components[0].type"
    );
    assert_eq!(
        field(json!({"content": "x", "components": [{"type": 10, "content": "y"}]})),
        "components"
    );
    assert_eq!(
        field(json!({"allowed_mentions": {"user": []}})),
        "allowed_mentions.user"
    );
    assert_eq!(
        field(json!({"poll": {"question": "?", "answers": []}})),
        "poll.answers"
    );
    assert_eq!(
        field(json!({"content": "x", "embeds": [{"image": {"url": "attachment://a.png"}}]})),
        "files"
    );
    assert!(send(json!({})).message.contains("the message is empty"));
    let total = send(
        json!({"embeds": [{"description": "x".repeat(4000)}, {"description": "x".repeat(2001)}]}),
    );
    assert!(
        total.message.contains("6001") && total.message.contains("6000"),
        "{total}"
    );
}

#[test]
fn nobody_is_notified_unless_named() {
    let body = |arguments: Value| match prepare("discord_send_message", arguments).unwrap() {
        Prepared::Write(plan) => plan.request.body.json().unwrap()["allowed_mentions"].clone(),
        other => panic!("{other:?}"),
    };
    let quiet = body(json!({"channel_id": "1", "content": "@everyone <@2>"}));
    assert_eq!(quiet, json!({"parse": [], "replied_user": false}));
    let named =
        body(json!({"channel_id": "1", "content": "<@2>", "allowed_mentions": {"users": ["2"]}}));
    assert_eq!(
        named,
        json!({"parse": [], "users": ["2"], "replied_user": false})
    );
}

#[test]
fn absent_null_and_value_are_three_things_in_an_edit() {
    let body = |arguments: Value| match prepare("discord_edit_channel", arguments).unwrap() {
        Prepared::Write(plan) => plan.request.body.json().unwrap().clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        body(json!({"channel_id": "1", "topic": null})),
        json!({"topic": null})
    );
    assert_eq!(
        body(json!({"channel_id": "1", "nsfw": true})),
        json!({"nsfw": true})
    );
    assert_eq!(
        body(json!({"channel_id": "1", "topic": "t"})),
        json!({"topic": "t"})
    );
    assert!(
        refused("discord_edit_channel", json!({"channel_id": "1"}))
            .message
            .contains("nothing to edit")
    );
}

#[test]
fn old_messages_are_not_deleted_in_bulk() {
    let old = "175928847299117063";
    let error = refused(
        "discord_bulk_delete_messages",
        json!({"channel_id": "1", "message_ids": [old, "2"]}),
    );
    assert!(error.message.contains("14 days"), "{error}");
}

#[test]
fn a_timeout_counts_from_now_and_null_ends_it() {
    let body = |seconds: Value| {
        let arguments = json!({"guild_id": "1", "user_id": "2", "seconds": seconds});
        match prepare("discord_timeout_member", arguments).unwrap() {
            Prepared::Write(plan) => plan.request.body.json().unwrap().clone(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        body(json!(60)),
        json!({"communication_disabled_until": "2026-09-21T14:14:20Z"})
    );
    assert_eq!(
        body(json!(null)),
        json!({"communication_disabled_until": null})
    );
}

#[test]
fn a_flow_gets_its_defaults() {
    let arguments = json!({"thread_id": "5", "agent_name": "ada"});
    match prepare("discord_acquire_thread", arguments).unwrap() {
        Prepared::Flow(call) => {
            assert_eq!(call.arguments["timeout"], limits::LOCK_DEFAULT);
            assert_eq!(call.target[0].path.text, "/channels/5");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_dispatcher_passes_any_arguments_on() {
    let arguments = json!({"tool": "discord_get_channel", "arguments": {"channel_id": "5"}});
    match prepare("discord_run_read", arguments).unwrap() {
        Prepared::Flow(call) => assert_eq!(call.arguments["arguments"]["channel_id"], "5"),
        other => panic!("{other:?}"),
    }
    let error = refused(
        "discord_run_read",
        json!({"tool": "x", "arguments": "channel_id=5"}),
    );
    assert_eq!(error.field.as_deref(), Some("arguments"));
}

#[test]
fn the_owner_needs_less() {
    let arguments = json!({"channel_id": "1", "message_id": "2"});
    let Prepared::Write(plan) = prepare("discord_delete_message", arguments).unwrap() else {
        panic!("a write");
    };
    let live = [json!({"author": {"id": "7"}})];
    let waived = |who: u64| plan.waived(&live, model::UserId::new(who).unwrap());
    assert_eq!(waived(7), model::Permissions::MANAGE_MESSAGES);
    assert_eq!(waived(8), model::Permissions::NONE);
    assert_eq!(plan.waivable(), model::Permissions::MANAGE_MESSAGES);
}

#[test]
fn a_locked_thread_is_no_longer_its_creators() {
    let who = model::UserId::new(7).unwrap();
    let plan = |arguments| match prepare("discord_archive_thread", arguments).unwrap() {
        Prepared::Write(plan) => plan,
        other => panic!("{other:?}"),
    };
    let archive = plan(json!({"thread_id": "1"}));
    let waived = |metadata: Value| {
        archive.waived(
            &[json!({"owner_id": "7", "thread_metadata": metadata})],
            who,
        )
    };
    assert_eq!(
        waived(json!({"locked": false})),
        model::Permissions::MANAGE_THREADS
    );
    assert!(waived(json!({"locked": true})).is_empty());
    assert!(waived(json!({})).is_empty());
    let lock = plan(json!({"thread_id": "1", "locked": true}));
    assert!(lock.waivable().is_empty());
}

#[test]
fn segments_of_paths_cannot_lead_elsewhere() {
    for emoji in ["", ".", "..", "a/b", "%2e%2e", "👍/../.."] {
        let error = refused(
            "discord_add_reaction",
            json!({"channel_id": "1", "message_id": "2", "emoji": emoji}),
        );
        assert_eq!(error.field.as_deref(), Some("emoji"), "{emoji}");
    }
    for code in ["..", "", "a/b", "https://evil.example/x"] {
        let error = refused("discord_get_invite", json!({"code": code}));
        assert_eq!(error.field.as_deref(), Some("code"), "{code}");
    }
}

#[test]
fn the_token_of_an_address_given_for_an_id_is_not_repeated() {
    let address = "https://discord.com/api/webhooks/77/vErY-secret";
    for name in ["webhook_id", "channel_id"] {
        let tool = if name == "webhook_id" {
            "discord_get_webhook"
        } else {
            "discord_get_channel"
        };
        let arguments = serde_json::json!({ name: address });
        let error = catalogue()
            .get(tool)
            .unwrap()
            .prepare(arguments.as_object().unwrap().clone(), 0)
            .unwrap_err();
        assert!(!error.message.contains("vErY"), "{}", error.message);
        assert!(error.message.contains("webhooks/77/"), "{}", error.message);
    }
}
