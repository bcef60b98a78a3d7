//! Arguments made from a tool's own schema, the same ones on every run.

use catalogue::Tool;
use serde_json::{Map, Value, json};

/// When generated calls happen; generated ids are a minute older.
pub(crate) const NOW: i64 = 1_790_000_000_000;

/// How many attempts a tool gets: many are refused, because schemas do not say what goes together,
/// and every operation that a tool declares must come up.
pub(crate) const ATTEMPTS: u64 = 240;

/// A small deterministic source of choices (xorshift).
pub(crate) struct Choices(u64);

impl Choices {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    fn yes(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// Arguments of attempt number `seed`; attempt 0 has only what is required.
pub(crate) fn arguments(tool: &Tool, seed: u64) -> Map<String, Value> {
    let mut choices = Choices::new(seed + 1);
    let schema = tool.full_schema();
    let names: Vec<&str> = tool.argument_names().collect();
    let required = schema.get("required").cloned().unwrap_or_default();
    // Rare and frequent extras alternate, so that both lone and many arguments are tried.
    let percent = if seed == 0 { 0 } else { 10 + (seed % 4) * 20 };
    let mut made = Map::new();
    for name in names {
        let is_required = required
            .as_array()
            .is_some_and(|all| all.contains(&json!(name)));
        if is_required || choices.yes(percent) {
            made.insert(
                name.to_owned(),
                value(name, &schema["properties"][name], &mut choices),
            );
        }
    }
    made
}

fn value(name: &str, schema: &Value, choices: &mut Choices) -> Value {
    if name == "components" {
        return components(choices);
    }
    if let Some(options) = schema.get("enum").and_then(Value::as_array) {
        return pick(options, choices);
    }
    if let Some(examples) = schema.get("examples").and_then(Value::as_array) {
        return pick(examples, choices);
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) if choices.yes(30) => {
            return kinds.last().map(|_| Value::Null).unwrap();
        }
        Value::Array(kinds) => kinds[0].as_str().unwrap().to_owned(),
        kind => kind.as_str().unwrap_or("object").to_owned(),
    };
    let bound =
        |name: &str, default: u64| schema.get(name).and_then(Value::as_u64).unwrap_or(default);
    match kind.as_str() {
        "string" if schema.get("pattern").is_some() => id(choices),
        "string" => text(bound("minLength", 1), bound("maxLength", 40), choices),
        "integer" => {
            let (low, high) = (bound("minimum", 0), bound("maximum", 50));
            json!(low + choices.below(high - low + 1))
        }
        "boolean" => json!(choices.yes(50)),
        "array" => {
            let (low, high) = (bound("minItems", 1).max(1), bound("maxItems", 3));
            let count = low + choices.below((high - low + 1).min(3));
            (0..count)
                .map(|_| value("", &schema["items"], choices))
                .collect()
        }
        _ => object(schema, choices),
    }
}

fn object(schema: &Value, choices: &mut Choices) -> Value {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let properties = schema["properties"]
        .as_object()
        .cloned()
        .unwrap_or_default();
    properties
        .iter()
        .filter_map(|(name, below)| {
            let wanted = required.contains(&json!(name)) || choices.yes(40);
            wanted.then(|| (name.clone(), value(name, below, choices)))
        })
        .collect::<Map<_, _>>()
        .into()
}

fn pick(options: &[Value], choices: &mut Choices) -> Value {
    options[usize::try_from(choices.below(options.len() as u64)).unwrap()].clone()
}

fn id(choices: &mut Choices) -> Value {
    let ms = NOW - 60_000 - model::id::DISCORD_EPOCH_MS;
    let low = i64::try_from(choices.below(1 << 22)).unwrap();
    json!(((ms << 22) | low).to_string())
}

fn text(low: u64, high: u64, choices: &mut Choices) -> Value {
    let length = low + choices.below(high.saturating_sub(low).min(60) + 1);
    let alphabet: Vec<char> = "abc déf 日本 xyz".chars().collect();
    let mut text: String = (0..length.saturating_sub(1))
        .map(|_| alphabet[usize::try_from(choices.below(alphabet.len() as u64)).unwrap()])
        .collect();
    text.push('x');
    json!(text)
}

/// Components nest by rules that a generator of schemas cannot know; these are of both layouts.
fn components(choices: &mut Choices) -> Value {
    let rows = json!([
        {"type": 1, "components": [
            {"type": 2, "style": 1, "label": "Yes", "custom_id": "yes"},
            {"type": 2, "style": 5, "label": "Docs", "url": "https://example.com"}
        ]},
        {"type": 1, "components": [{"type": 3, "custom_id": "size", "placeholder": "Size",
            "options": [{"label": "Small", "value": "s", "description": "fits all"}, {"label": "Large", "value": "l"}]}]},
        {"type": 1, "components": [{"type": 5, "custom_id": "who", "min_values": 0, "max_values": 3}]},
        {"type": 1, "components": [{"type": 8, "custom_id": "where", "channel_types": [0, 5]}]}
    ]);
    let layout = json!([{"type": 17, "accent_color": 255, "spoiler": false, "components": [
        {"type": 10, "content": "# Deploy?"},
        {"type": 14, "divider": true, "spacing": 2},
        {"type": 9, "components": [{"type": 10, "content": "to production"}],
            "accessory": {"type": 11, "media": {"url": "https://example.com/a.png"}, "description": "a"}},
        {"type": 12, "items": [{"media": {"url": "https://example.com/b.png"}, "spoiler": true}]},
        {"type": 1, "components": [{"type": 2, "style": 4, "label": "Go", "custom_id": "go"}]}
    ]}]);
    if choices.yes(50) { rows } else { layout }
}
