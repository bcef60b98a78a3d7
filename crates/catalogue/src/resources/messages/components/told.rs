//! Components of a message that was read, told in lines of text.

use serde_json::{Value, json};

use crate::{resources::messages::show::emoji, view::items};

/// How deep components are followed; Discord nests three levels.
const DEPTH: usize = 6;

/// Components as lines of text: `button "Yes" (confirm)`.
pub(in crate::resources::messages) fn told(value: &Value) -> Value {
    let mut lines = Vec::new();
    describe(value, DEPTH, &mut lines);
    Value::from(lines)
}

fn describe(value: &Value, depth: usize, lines: &mut Vec<String>) {
    if depth == 0 {
        return;
    }
    for component in items(value) {
        let text = |name: &str| component[name].as_str().unwrap_or_default();
        let target = [text("custom_id"), text("url")]
            .into_iter()
            .find(|text| !text.is_empty());
        let target = target
            .map(|target| format!(" ({target})"))
            .unwrap_or_default();
        match component["type"].as_u64() {
            Some(2) => {
                let label = if text("label").is_empty() {
                    emoji(&component["emoji"]).unwrap_or_default()
                } else {
                    text("label").to_owned()
                };
                let off = if component["disabled"] == true {
                    ", disabled"
                } else {
                    ""
                };
                lines.push(format!("button \"{label}\"{target}{off}"));
            }
            Some(3) => {
                let options: Vec<&str> = items(&component["options"])
                    .iter()
                    .filter_map(|option| option["label"].as_str())
                    .collect();
                lines.push(format!(
                    "select \"{}\"{target}: {}",
                    text("placeholder"),
                    options.join(", ")
                ));
            }
            Some(5..=8) => lines.push(format!("select \"{}\"{target}", text("placeholder"))),
            Some(10) => lines.push(text("content").to_owned()),
            Some(11) => lines.push(format!(
                "image {}",
                component["media"]["url"].as_str().unwrap_or_default()
            )),
            Some(12) => lines.extend(items(&component["items"]).iter().map(|item| {
                format!(
                    "image {}",
                    item["media"]["url"].as_str().unwrap_or_default()
                )
            })),
            Some(13) => lines.push(format!(
                "file {}",
                component["file"]["url"].as_str().unwrap_or_default()
            )),
            _ => {}
        }
        describe(&component["components"], depth - 1, lines);
        if component["accessory"].is_object() {
            describe(&json!([component["accessory"]]), depth - 1, lines);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_told_in_lines() {
        let rows = json!([{"type": 17, "components": [
            {"type": 10, "content": "Deploy?"},
            {"type": 1, "components": [{"type": 2, "style": 1, "label": "Yes", "custom_id": "y"}]}
        ]}]);
        assert_eq!(told(&rows), json!(["Deploy?", "button \"Yes\" (y)"]));
    }
}
