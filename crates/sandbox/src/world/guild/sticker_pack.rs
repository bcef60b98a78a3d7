//! Discord's own stickers, which everyone may send: a small pack of them.

use serde_json::{Value, json};

use crate::snowflake::Snowflake;
use crate::world::refusal::Unknown;
use crate::world::{Answer, Refusal, World};

const PACK: Snowflake = Snowflake(847_199_849_233_514_549);
const PACK_SKU: Snowflake = Snowflake(847_199_849_233_514_547);
/// Discord's own are Lottie animations.
const LOTTIE: u64 = 3;

/// Ids, names and what they are found by.
const STICKERS: &[(u64, &str, &str)] = &[
    (
        749_054_660_769_218_631,
        "Wave",
        "hello, hi, hey, wave, greet",
    ),
    (751_606_379_340_365_864, "Yay", "yay, cheer, party, happy"),
    (
        754_108_890_559_283_200,
        "Thanks",
        "thanks, thank you, grateful",
    ),
    (816_087_792_291_282_944, "Bye", "bye, goodbye, see you"),
];

/// Whether it is one of Discord's own.
pub(crate) fn is_standard(id: Snowflake) -> bool {
    STICKERS.iter().any(|(known, ..)| *known == id.0)
}

/// One of Discord's own.
pub(super) fn standard_sticker(id: Snowflake) -> Option<Value> {
    let at = STICKERS.iter().position(|(known, ..)| *known == id.0)?;
    let (id, name, tags) = STICKERS[at];
    Some(json!({
        "id": Snowflake(id),
        "name": name,
        "tags": tags,
        "type": 1,
        "format_type": LOTTIE,
        "description": name,
        "pack_id": PACK,
        "sort_value": at + 1,
    }))
}

impl World {
    /// All packs of Discord's own stickers.
    pub fn sticker_packs(&self) -> Value {
        json!({"sticker_packs": [pack()]})
    }

    /// One of them.
    pub fn sticker_pack(&self, id: Snowflake) -> Answer {
        if id == PACK {
            return Ok(pack());
        }
        Err(Refusal::unknown(Unknown::StickerPack))
    }
}

fn pack() -> Value {
    let ids = STICKERS.iter().map(|(id, ..)| Snowflake(*id));
    json!({
        "id": PACK,
        "sku_id": PACK_SKU,
        "name": "Everyday",
        "description": "For every day",
        "stickers": ids.filter_map(standard_sticker).collect::<Vec<_>>(),
        "cover_sticker_id": Snowflake(STICKERS[0].0),
    })
}
