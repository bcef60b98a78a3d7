//! What became of one step, in a few words that a row can name, read from the real answer.

use serde_json::Value;

/// `done`, `planned`, `confirmation`, `person`, `waiting_for_people`, `check 6 bot_lacks_permission`,
/// `invalid_arguments`, `protocol -32602`.
pub(super) fn of_rpc(answer: &Value) -> String {
    if let Some(code) = answer["error"]["code"].as_i64() {
        // The protocol's errors carry the decline, where there was one.
        let data = &answer["error"]["data"];
        if data["error"]["code"].is_string() {
            return of_decline(&data["error"]);
        }
        // The generations differ in the number, and agree in the rest.
        if data["uri"].is_string() {
            return "protocol resource_not_found".to_owned();
        }
        return format!("protocol {code}");
    }
    let result = &answer["result"];
    if result["resultType"] == "input_required" {
        return "person".to_owned();
    }
    let structured = &result["structuredContent"];
    let error = &structured["error"];
    if result["isError"] == true {
        return of_decline(error);
    }
    if structured["outcome"] == "planned" {
        let confirm = &structured["plan"]["confirm"];
        let word = if confirm.is_null() {
            "planned"
        } else {
            "confirmation"
        };
        return word.to_owned();
    }
    if structured["outcome"] == "waiting_for_people" {
        return "waiting_for_people".to_owned();
    }
    "done".to_owned()
}

fn of_decline(error: &Value) -> String {
    let code = error["code"].as_str().unwrap_or("?");
    match error["stage"].as_str() {
        Some(stage) => format!("check {} {code}", number(stage)),
        None => code.to_owned(),
    }
}

/// `http 403 host_not_allowed`, `http 200`.
pub(super) fn of_http(status: u16, body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    if let Some(code) = body["code"].as_str() {
        // A decline over REST names its check.
        return match body["stage"].as_str() {
            Some(stage) => format!("check {} {code}", number(stage)),
            None => format!("http {status} {code}"),
        };
    }
    match body["error"]["code"].as_i64() {
        Some(code) => format!("http {status} {code}"),
        None => format!("http {status}"),
    }
}

fn number(stage: &str) -> usize {
    const STAGES: [&str; 8] = [
        "client_authentication",
        "workspace_membership",
        "guild_installation",
        "platform_permission",
        "channel_policy",
        "discord_permission",
        "rate_limit",
        "execute_and_audit",
    ];
    STAGES
        .iter()
        .position(|it| *it == stage)
        .map_or_else(|| panic!("no such stage: {stage}"), |index| index + 1)
}
