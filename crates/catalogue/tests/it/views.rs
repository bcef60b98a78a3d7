//! Views and changes bear with whatever stands where Discord's answers should be.

use catalogue::{Change, Prepared, View, catalogue};
use model::{ChannelId, GuildId, Place};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::generator::{self, NOW};

/// Arbitrary JSON whose objects like the field names that views look for.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        "\\PC{0,12}".prop_map(Value::from),
        "[0-9]{1,20}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("id".to_owned()),
        Just("author".to_owned()),
        Just("user".to_owned()),
        Just("roles".to_owned()),
        Just("type".to_owned()),
        Just("components".to_owned()),
        Just("embeds".to_owned()),
        Just("poll".to_owned()),
        Just("permissions".to_owned()),
        Just("guild_id".to_owned()),
        Just("threads".to_owned()),
        Just("items".to_owned()),
        Just("message".to_owned()),
        Just("message_reference".to_owned()),
        Just("permission_overwrites".to_owned()),
        Just("audit_log_entries".to_owned()),
        "[a-z_]{1,8}",
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn place() -> Place {
    Place {
        guild_id: GuildId::new(9),
        channel_id: ChannelId::new(5),
        parent_id: None,
        is_thread: false,
    }
}

fn sound(view: &View) {
    assert!(view.value.is_object(), "{}", view.value);
}

fn shown(answers: &[Value]) {
    for tool in catalogue().tools() {
        for seed in 0..3 {
            match tool.prepare(generator::arguments(tool, seed), NOW) {
                Ok(Prepared::Read(plan)) => {
                    let _ = plan.more(answers);
                    sound(&plan.view(answers, None));
                    sound(&plan.view(&[], Some(&place())));
                }
                Ok(Prepared::Write(plan)) => {
                    let change: Change = plan.change(answers);
                    assert!(!change.summary.is_empty());
                    let _ = plan.change(&[]);
                    let _ = plan.with_fetched(answers);
                    sound(&plan.view(answers.first().unwrap_or(&Value::Null)));
                }
                Ok(Prepared::Flow(_)) | Err(_) => {}
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_makes_a_view_panic(answers in prop::collection::vec(anything(), 0..5)) {
        shown(&answers);
    }
}

#[test]
fn a_whole_message_is_shown_compactly() {
    let message = json!({
        "id": "900", "channel_id": "5", "type": 0, "content": "Look @here", "timestamp": "2026-01-31T12:00:00Z",
        "edited_timestamp": "2026-01-31T12:01:00Z", "pinned": true, "tts": false, "flags": 0, "nonce": "n",
        "mention_everyone": false, "mention_roles": [],
        "mentions": [{"id": "3", "username": "newcomer"}],
        "author": {"id": "2", "username": "ada", "global_name": "Ada", "avatar": "a", "discriminator": "0"},
        "attachments": [{"id": "1", "filename": "a.png", "size": 3, "url": "https://cdn/a.png", "proxy_url": "https://p", "content_type": "image/png"}],
        "embeds": [{"type": "rich", "title": "T", "fields": [{"name": "n", "value": "v", "inline": false}]}],
        "reactions": [{"emoji": {"id": "44", "name": "ok"}, "count": 2, "me": true, "burst_colors": []}],
        "sticker_items": [{"id": "6", "name": "wave", "format_type": 1}],
        "poll": {"question": {"text": "Tea?"}, "answers": [{"answer_id": 1, "poll_media": {"text": "Yes"}}],
                 "results": {"is_finalized": false, "answer_counts": [{"id": 1, "count": 4, "me_voted": false}]}},
        "message_reference": {"type": 0, "message_id": "800", "channel_id": "5", "guild_id": "9"},
        "referenced_message": {"id": "800", "content": "Question", "author": {"id": "3", "username": "newcomer"}},
        "thread": {"id": "900", "name": "Talk", "message_count": 3, "thread_metadata": {"archived": false}},
        "components": [{"type": 1, "components": [{"type": 2, "label": "Go", "style": 1, "custom_id": "go"}]}]
    });
    let forwarded = json!({
        "id": "901", "channel_id": "5", "type": 0, "content": "", "timestamp": "2026-01-31T12:02:00Z",
        "author": {"id": "7", "username": "hook", "bot": true}, "webhook_id": "7",
        "message_reference": {"type": 1, "message_id": "700", "channel_id": "6"},
        "message_snapshots": [{"message": {"type": 0, "content": "original", "attachments": [], "embeds": [], "timestamp": "2026-01-30T12:00:00Z"}}]
    });
    let tool = catalogue().get("discord_get_messages").unwrap();
    let arguments = json!({"channel_id": "5"}).as_object().unwrap().clone();
    let Prepared::Read(plan) = tool.prepare(arguments, NOW).unwrap() else {
        panic!("a read");
    };
    let view = plan.view(&[json!([forwarded, message])], Some(&place()));
    insta::assert_json_snapshot!("messages_view", view);
}

/// Every place where a view holds words must be named; this looks for planted words.
#[test]
fn planted_words_are_named_as_untrusted() {
    let planted = json!({
        "id": "1", "name": "WORDS", "topic": "WORDS", "content": "WORDS", "nick": "WORDS", "description": "WORDS",
        "username": "WORDS", "global_name": "WORDS", "reason": "WORDS", "filename": "WORDS", "title": "WORDS",
        "type": 0
    });
    let mut rich = planted.clone();
    for (name, value) in [
        ("author", planted.clone()),
        ("user", planted.clone()),
        ("guild", planted.clone()),
        ("channel", planted.clone()),
        ("inviter", planted.clone()),
        ("thread", planted.clone()),
        ("message", planted.clone()),
        ("mentions", json!([planted])),
        ("attachments", json!([planted])),
        ("embeds", json!([planted])),
        ("sticker_items", json!([planted])),
        ("recipients", json!([planted])),
        ("available_tags", json!([planted])),
        ("message_snapshots", json!([{"message": planted}])),
        (
            "message_reference",
            json!({"message_id": "1", "channel_id": "2"}),
        ),
        (
            "referenced_message",
            json!({"content": "WORDS", "author": planted}),
        ),
        (
            "reactions",
            json!([{"emoji": {"name": "WORDS"}, "count": 1}]),
        ),
        (
            "poll",
            json!({"question": {"text": "WORDS"}, "answers": []}),
        ),
        ("interaction_metadata", json!({"name": "WORDS"})),
    ] {
        rich[name] = value;
    }
    let list = json!([rich]);
    let mut wrapped = rich.clone();
    for name in ["items", "threads", "users", "audit_log_entries", "roles"] {
        wrapped[name] = list.clone();
    }
    for tool in catalogue().tools() {
        for seed in 0..6 {
            let views: Vec<View> = match tool.prepare(generator::arguments(tool, seed), NOW) {
                Ok(Prepared::Read(plan)) => {
                    let of = |answer: &Value| plan.view(&vec![answer.clone(); 5], Some(&place()));
                    vec![of(&list), of(&wrapped)]
                }
                Ok(Prepared::Write(plan)) => vec![plan.view(&list), plan.view(&wrapped)],
                _ => continue,
            };
            for view in views {
                let mut found = Vec::new();
                words(&view.value, String::new(), &mut found);
                for path in found {
                    assert!(
                        view.untrusted.iter().any(|named| covers(named, &path)),
                        "{}: {path} holds words but is not in {:?}",
                        tool.name,
                        view.untrusted
                    );
                }
            }
        }
    }
}

fn covers(named: &str, path: &str) -> bool {
    path.strip_prefix(named)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn words(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains("WORDS") => found.push(path),
        Value::Array(items) => items
            .iter()
            .for_each(|item| words(item, format!("{path}[]"), found)),
        Value::Object(fields) => fields.iter().for_each(|(name, below)| {
            let dot = if path.is_empty() { "" } else { "." };
            words(below, format!("{path}{dot}{name}"), found);
        }),
        _ => {}
    }
}
