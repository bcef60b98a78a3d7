//! The page about Discord's operations: which of them the sandbox plays. It is made by asking the
//! sandbox itself, each operation once, so that it cannot promise what does not exist.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use reqwest::Method;
use serde_json::Value;

use crate::rest_document::document;
use crate::support::{App, answer};

/// An id that is well formed and nobody's.
const NOBODY: &str = "1456074443980809999";

/// Operations that no bot can use with its token alone: refused as Discord refuses them, or not
/// implemented.
const NOT_FOR_BOTS: &[(&str, &str)] = &[
    (
        "add_guild_member",
        "needs the access token of a person who signed in on a website",
    ),
    (
        "add_group_dm_user",
        "bots have no group messages without people's access tokens",
    ),
    (
        "delete_group_dm_user",
        "bots have no group messages without people's access tokens",
    ),
    (
        "get_my_oauth2_authorization",
        "tells what an access token is for",
    ),
    (
        "get_openid_connect_userinfo",
        "signs a person in with Discord",
    ),
    ("list_my_connections", "a person's accounts elsewhere"),
    (
        "get_current_user_application_entitlements",
        "a person's own purchases",
    ),
    ("get_application_user_role_connection", "a person's own"),
    ("update_application_user_role_connection", "a person's own"),
    ("delete_application_user_role_connection", "a person's own"),
    (
        "partner_sdk_token",
        "accounts of a game's players who have none at Discord",
    ),
    (
        "bot_partner_sdk_token",
        "accounts of a game's players who have none at Discord",
    ),
    (
        "partner_sdk_unmerge_provisional_account",
        "accounts of a game's players who have none at Discord",
    ),
    (
        "bot_partner_sdk_unmerge_provisional_account",
        "accounts of a game's players who have none at Discord",
    ),
    (
        "update_user_message_external_moderation_metadata",
        "messages that a game's players send each other inside the game",
    ),
];

/// What became of one operation.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Played,
    NotImplemented,
    NotForBots(&'static str),
}

struct Row {
    method: String,
    path: String,
    id: String,
    fate: Fate,
}

#[tokio::test]
#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the test, not configuration"
)]
async fn the_page_about_operations_is_what_the_sandbox_does() {
    let Some(document) = document() else {
        return;
    };
    let page = page(&rows(&document).await);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sandbox-operations.md");
    if std::env::var("UPDATE_DOCS").is_ok() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/sandbox-operations.md is stale; run UPDATE_DOCS=1 cargo test -p sandbox operations"
    );
}

/// Every operation of the document, asked once: with well-formed ids and without a body.
async fn rows(document: &Value) -> Vec<Row> {
    let app = App::start().await;
    let (mut rows, mut unknown) = (Vec::new(), Vec::new());
    let paths = document["paths"].as_object().expect("paths");
    for (path, operations) in paths {
        let operations = operations.as_object().expect("operations");
        for (method, operation) in operations {
            let Some(id) = operation["operationId"].as_str() else {
                continue;
            };
            let method = method.to_uppercase();
            let verb: Method = method.parse().expect("a method");
            let request = app.bot(verb, &filled(path)).send().await;
            let (status, body) = answer(request.expect("an answer")).await;
            let nobodys = body["code"] == 0 && status.as_u16() == 404;
            if nobodys || status.as_u16() == 405 {
                unknown.push(format!("{method} {path}: {status}"));
            }
            let reason = NOT_FOR_BOTS.iter().find(|(known, _)| *known == id);
            let fate = match (status.as_u16(), reason) {
                (400.., Some((_, reason))) => Fate::NotForBots(reason),
                (501, None) => Fate::NotImplemented,
                (500.., _) => panic!("{method} {path}: {status} {body}"),
                _ => Fate::Played,
            };
            rows.push(Row {
                method,
                path: path.clone(),
                id: id.to_owned(),
                fate,
            });
        }
    }
    assert!(
        unknown.is_empty(),
        "Discord's, so to be played or refused with 501:\n{}",
        unknown.join("\n")
    );
    rows
}

/// A path with something well formed for each parameter.
fn filled(template: &str) -> String {
    let part = |part: &str| {
        match part.trim_start_matches('{').trim_end_matches('}') {
            name if name == part => name,
            "code" => "nowhere",
            "webhook_token" | "interaction_token" => "token",
            "emoji_name" => "%F0%9F%91%8D",
            "answer_id" => "1",
            "instance_id" => "i-1",
            _ => NOBODY,
        }
        .to_owned()
    };
    template.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn page(rows: &[Row]) -> String {
    let count = |wanted: fn(&Fate) -> bool| rows.iter().filter(|row| wanted(&row.fate)).count();
    let mut page = String::from(
        "# Discord's operations in the sandbox\n\n\
         Generated by asking the sandbox; `UPDATE_DOCS=1 cargo test -p sandbox operations` writes \
         it anew. What a played operation\ndoes, and how that is checked, is described in \
         [sandbox-fidelity.md](sandbox-fidelity.md).\n\n",
    );
    let _ = writeln!(
        page,
        "Of the {} operations of Discord's OpenAPI document, {} are played with state, {} answer \
         `501` and say so, and\n{} are of no use to a bot: they are refused, as Discord does, or \
         answer `501`.\n",
        rows.len(),
        count(|fate| *fate == Fate::Played),
        count(|fate| *fate == Fate::NotImplemented),
        count(|fate| matches!(fate, Fate::NotForBots(_))),
    );
    let mut families: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let family = row.path.split('/').nth(1).unwrap_or_default();
        families.entry(family).or_default().push(row);
    }
    page.push_str("| family | operations | played |\n|---|---|---|\n");
    for (family, rows) in &families {
        let played = rows.iter().filter(|row| row.fate == Fate::Played).count();
        let _ = writeln!(page, "| {family} | {} | {played} |", rows.len());
    }
    for (family, rows) in &families {
        let _ = writeln!(
            page,
            "\n## {family}\n\n| operation | name | here |\n|---|---|---|"
        );
        for row in rows {
            let here = match row.fate {
                Fate::Played => "played".to_owned(),
                Fate::NotImplemented => "**not implemented**".to_owned(),
                Fate::NotForBots(reason) => format!("not for bots: {reason}"),
            };
            let (method, path, id) = (&row.method, &row.path, &row.id);
            let _ = writeln!(page, "| `{method} {path}` | `{id}` | {here} |");
        }
    }
    page
}
