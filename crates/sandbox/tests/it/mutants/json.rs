//! Makes a JSON value almost what it was.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::{IndexedMutRandom, IndexedRandom};
use serde_json::{Map, Value, json};

use super::pool::Pool;

/// Values that have hurt somebody before.
const HURTFUL: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1",
    "2",
    "7",
    "100",
    "18446744073709551615",
    "-9223372036854775808",
    "1e300",
    "0.5",
    "\"\"",
    "\" \"",
    "\"0\"",
    "\"-1\"",
    "\"null\"",
    "\"@everyone\"",
    "\"<@1>\"",
    "\"attachment://x.png\"",
    "\"https://example.com/\"",
    "\"2026-01-01T00:00:00Z\"",
    "\"9999-12-31T23:59:59Z\"",
    "\"\\u0000\"",
    "\"\\ud83d\\ude00\"",
    "\"data:image/png;base64,iVBORw0KGgo=\"",
    "\"data:image/png;base64,%%%\"",
    "[]",
    "{}",
    "[null]",
    "[[]]",
    "{\"\":null}",
];

/// Changes one to three places of a value.
pub(super) fn mutated(value: &Value, dice: &mut StdRng, pool: &Pool) -> Value {
    let mut value = value.clone();
    for _ in 0..dice.random_range(1..=3) {
        let depth = dice.random_range(0..4);
        change(&mut value, depth, dice, pool);
    }
    value
}

fn change(value: &mut Value, depth: u32, dice: &mut StdRng, pool: &Pool) {
    if depth > 0 {
        let inner = match value {
            Value::Array(items) => items.choose_mut(dice),
            Value::Object(fields) => {
                let names: Vec<String> = fields.keys().cloned().collect();
                names.choose(dice).and_then(|name| fields.get_mut(name))
            }
            _ => None,
        };
        if let Some(inner) = inner {
            return change(inner, depth - 1, dice, pool);
        }
    }
    match (dice.random_range(0..6), &mut *value) {
        (0, Value::Object(fields)) => {
            let names: Vec<String> = fields.keys().cloned().collect();
            if let Some(name) = names.choose(dice) {
                fields.remove(name);
            }
        }
        (1 | 2, Value::Object(fields)) => {
            fields.insert(pool.name(dice), leaf(dice, pool));
        }
        (0, Value::Array(items)) => {
            items.pop();
        }
        (1, Value::Array(items)) if items.len() < 200 => {
            let copies: Vec<Value> = items
                .iter()
                .cycle()
                .take(items.len() * 3)
                .cloned()
                .collect();
            items.extend(copies);
        }
        (2, Value::String(text)) if text.len() < 20_000 => {
            *text = text.repeat(dice.random_range(2..60));
        }
        (3, other) => *other = json!([other.take()]),
        (4, other) => *other = object(dice, pool, 3),
        (_, other) => *other = leaf(dice, pool),
    }
}

/// A single value, often one that means something here.
pub(super) fn leaf(dice: &mut StdRng, pool: &Pool) -> Value {
    match dice.random_range(0..5) {
        0 | 1 => json!(pool.any_id(dice)),
        2 => json!(dice.random_range(0..40)),
        3 => json!(pool.name(dice)),
        _ => {
            let text = HURTFUL.choose(dice).expect("there are some");
            serde_json::from_str(text).expect("it is JSON")
        }
    }
}

/// An object of names that mean something here.
pub(super) fn object(dice: &mut StdRng, pool: &Pool, depth: u32) -> Value {
    let mut fields = Map::new();
    for _ in 0..dice.random_range(0..6) {
        let value = match dice.random_range(0..6) {
            0 if depth > 0 => object(dice, pool, depth - 1),
            1 if depth > 0 => json!([object(dice, pool, depth - 1)]),
            2 => json!([leaf(dice, pool), leaf(dice, pool)]),
            _ => leaf(dice, pool),
        };
        fields.insert(pool.name(dice), value);
    }
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn hurtful_values_are_json() {
        for text in HURTFUL {
            assert!(serde_json::from_str::<Value>(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_mutants() {
        let pool = Pool::new();
        let made = || {
            let mut dice = StdRng::seed_from_u64(3);
            mutated(&json!({ "content": "hi" }), &mut dice, &pool)
        };
        assert_eq!(made(), made());
    }
}
