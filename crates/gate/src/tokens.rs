//! Tokens that somebody pasted into Discord: whoever knows a webhook's or an interaction's address
//! can act without the gate, so no result shows one, wherever it stands.

use serde_json::Value;

/// What comes before the id in addresses that hold a token.
const ADDRESSES: [&str; 2] = ["webhooks/", "interactions/"];

/// Stands for the token.
const HIDDEN: &str = "[hidden]";

/// Hide every token in the texts of a value.
pub(crate) fn hide(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(hidden) = hidden(text) {
                *text = hidden;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Object(fields) => fields.values_mut().for_each(hide),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text without its tokens; `None` where there are none.
fn hidden(text: &str) -> Option<String> {
    let mut shown = String::new();
    let mut rest = text;
    let mut found = false;
    while let Some(end) = next_address(rest) {
        let (before, after) = rest.split_at(end);
        shown.push_str(before);
        rest = after;
        let id = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if id == 0 || !rest[id..].starts_with('/') {
            continue;
        }
        let token = &rest[id + 1..];
        let length = token.find(|c: char| !is_of_token(c)).unwrap_or(token.len());
        if length == 0 {
            continue;
        }
        found = true;
        shown.push_str(&rest[..=id]);
        shown.push_str(HIDDEN);
        rest = &token[length..];
    }
    shown.push_str(rest);
    found.then_some(shown)
}

/// Where the next address's id begins.
fn next_address(text: &str) -> Option<usize> {
    ADDRESSES
        .iter()
        .filter_map(|word| text.find(word).map(|at| at + word.len()))
        .min()
}

fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~' | '%')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn addresses_keep_their_id_and_lose_their_token() {
        let mut value = json!({
            "content": "post to https://discord.com/api/webhooks/123/aB-c_d9 or \
                        https://canary.discord.com/api/v10/webhooks/4/zzz?wait=true, ok",
            "list": ["/interactions/5/aW50/callback", 7, null],
        });
        hide(&mut value);
        assert_eq!(
            value,
            json!({
                "content": "post to https://discord.com/api/webhooks/123/[hidden] or \
                            https://canary.discord.com/api/v10/webhooks/4/[hidden]?wait=true, ok",
                "list": ["/interactions/5/[hidden]/callback", 7, null],
            })
        );
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        for text in [
            "webhooks/",
            "webhooks/12",
            "webhooks/12/",
            "webhooks/x/token",
            "about webhooks/é and interactions/7/ é",
            "",
        ] {
            assert_eq!(hidden(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic_and_no_token_is_left(
            before in "[a-zé/ 0-9]{0,12}", token in "[A-Za-z0-9_-]{20,30}", after in "[ é/?.]{0,5}[a-z]{0,6}",
        ) {
            let text = format!("{before}webhooks/1/{token} {after}webhooks/");
            let shown = hidden(&text).unwrap_or(text);
            proptest::prop_assert!(!shown.contains(&token));
        }
    }
}
