//! Literals of Cedar's language.

use std::fmt::Write as _;

/// A string in quotes.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                let _infallible = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A set of entities or strings: `[Guild::"1", Guild::"2"]`.
pub(crate) fn set(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    format!("[{}]", items.join(", "))
}

/// An entity: `Guild::"1"`.
pub(crate) fn entity(kind: &str, id: &str) -> String {
    format!("{kind}::{}", quoted(id))
}
