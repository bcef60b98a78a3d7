//! The control arguments that the catalogue adds to schemas and the gate takes out before `prepare`.

use model::Risk;
use serde_json::{Map, Value, json};

/// Plan only; any write or destructive tool.
pub const DRY_RUN: &str = "dry_run";
/// The token of the plan that is to be carried out; destructive tools.
pub const CONFIRM: &str = "confirm";
/// The same key and arguments have their effect once; write and destructive tools.
pub const IDEMPOTENCY_KEY: &str = "idempotency_key";
/// Which agent speaks; tools that write into channels. Where a tool declares it as an argument of
/// its own (the lock tools), it is not a control argument.
pub const AGENT_NAME: &str = "agent_name";
/// Every control argument. No tool declares `dry_run`, `confirm` or `idempotency_key` itself.
pub const CONTROL_NAMES: [&str; 4] = [DRY_RUN, CONFIRM, IDEMPOTENCY_KEY, AGENT_NAME];

/// Longest idempotency key, in characters.
pub const IDEMPOTENCY_KEY_MAX: usize = 128;
/// Longest agent name, in characters.
pub const AGENT_NAME_MAX: usize = 64;

/// Whether this can be an agent's name: 1 to [`AGENT_NAME_MAX`] characters that can be seen, and
/// single spaces between them. Names stand in sentences of ours and tell agents apart, so what
/// breaks lines, turns the order of words or shows nothing has no place in them.
pub fn is_agent_name(name: &str) -> bool {
    let seen = |c: char| c == ' ' || !(c.is_control() || c.is_whitespace() || is_unseen(c));
    (1..=AGENT_NAME_MAX).contains(&name.chars().count())
        && name.chars().all(seen)
        && name.trim() == name
        && !name.contains("  ")
}

/// What is said of a name that is none.
pub const AGENT_NAME_RULE: &str = "must be 1 to 64 visible characters: no line breaks, no control \
     characters, nothing invisible, and no spaces but single ones inside";

/// Characters without a shape of their own that are neither control characters nor spaces: fillers,
/// joiners, directions, variation selectors, tags.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The control arguments of a tool, as schema properties.
pub(crate) fn properties(risk: Risk, speaks: bool) -> Map<String, Value> {
    let mut properties = Map::new();
    if risk == Risk::Read {
        return properties;
    }
    properties.insert(DRY_RUN.to_owned(), json!({"type": "boolean"}));
    if risk == Risk::Destructive {
        properties.insert(CONFIRM.to_owned(), json!({"type": "string"}));
    }
    properties.insert(
        IDEMPOTENCY_KEY.to_owned(),
        json!({"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_MAX}),
    );
    if speaks {
        properties.insert(
            AGENT_NAME.to_owned(),
            json!({"type": "string", "minLength": 1, "maxLength": AGENT_NAME_MAX}),
        );
    }
    properties
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agents_name_can_be_seen_as_it_is() {
        for good in [
            "a",
            "scribe",
            "Night Watch 2",
            "agente-ñ",
            "記録係",
            "key:chat/7",
            "🦉",
        ] {
            assert!(is_agent_name(good), "{good}");
        }
        let long = "x".repeat(AGENT_NAME_MAX + 1);
        for bad in [
            "",
            " ",
            " a",
            "a ",
            "a  b",
            "a\nb",
            "a\tb",
            "a\u{85}b",
            "a\u{1b}b",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{200b}",
            "a\u{200d}b",
            "a\u{ad}b",
            "\u{feff}a",
            "a\u{2028}b",
            "a\u{a0}b",
            "\u{3164}",
            "\u{2800}",
            "a\u{fe0f}",
            "a\u{e0041}",
            &long,
        ] {
            assert!(!is_agent_name(bad), "{bad:?}");
        }
        assert!(AGENT_NAME_RULE.contains(&format!("1 to {AGENT_NAME_MAX} ")));
    }
}
