//! Digests that name a thing without holding it. The same JSON gives the same digest, however its
//! keys were ordered.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// SHA-256 over a JSON value with sorted keys and no spaces.
pub(crate) fn of(value: &Value) -> [u8; 32] {
    let mut text = String::new();
    canonical(value, &mut text);
    Sha256::digest(text).into()
}

/// SHA-256 over a tool's name and its canonical arguments, in hexadecimal.
pub(crate) fn of_call(tool: &str, arguments: &Value) -> String {
    let mut text = format!("{tool}\n");
    canonical(arguments, &mut text);
    hex::encode(Sha256::digest(text))
}

/// SHA-256 over several texts; where one ends is part of it.
pub(crate) fn of_texts(texts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}

fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_unstable();
            out.push('{');
            for (index, name) in names.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                canonical(&fields[name], out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                canonical(item, out);
            }
            out.push(']');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_of_keys_does_not_matter_and_content_does() {
        let one: Value = serde_json::from_str(r#"{"b":[1,{"y":2,"x":1}],"a":"é"}"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"a":"é","b":[1,{"x":1,"y":2}]}"#).unwrap();
        assert_eq!(of_call("t", &one), of_call("t", &other));
        assert_ne!(of_call("t", &one), of_call("u", &one));
        assert_ne!(of(&one), of(&json!({"a": "é", "b": [1, {"x": 1, "y": 3}]})));
        assert_ne!(of_texts(&["ab", "c"]), of_texts(&["a", "bc"]));
    }
}
