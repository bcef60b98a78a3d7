//! Stickers of a guild.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) use super::sticker_pack::is_standard;
use super::sticker_pack::standard_sticker;
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::{Form, Patch};
use crate::world::audit::{action, changes};
use crate::world::message::UploadedFile;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

/// Stickers of a guild, by its tier of boosts.
const MAX_STICKERS: [usize; 4] = [5, 15, 30, 60];
const MAX_FILE: usize = 512 * 1024;
const MAX_SIDE: u32 = 320;
const MAX_DESCRIPTION: usize = 100;
const MAX_TAGS: usize = 200;

/// Discord: Sticker Object › Sticker Format Types.
const PNG: u64 = 1;
const APNG: u64 = 2;
const LOTTIE: u64 = 3;
const GIF: u64 = 4;

/// A sticker of a guild.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Sticker {
    pub id: Snowflake,
    pub name: String,
    pub description: Option<String>,
    pub tags: String,
    pub guild_id: Snowflake,
    pub creator: Snowflake,
    /// PNG, APNG, Lottie or GIF.
    #[serde(default = "png")]
    pub format: u64,
}

const fn png() -> u64 {
    PNG
}

impl World {
    /// A sticker, made by whoever sets the world up.
    pub fn add_sticker(
        &mut self,
        guild: Snowflake,
        creator: Snowflake,
        name: &str,
    ) -> Answer<Snowflake> {
        let id = self.next_id();
        let sticker = Sticker {
            id,
            name: name.to_owned(),
            description: None,
            tags: name.to_owned(),
            guild_id: guild,
            creator,
            format: PNG,
        };
        self.guild_mut(guild)?.stickers.insert(id, sticker);
        Ok(id)
    }

    pub(crate) fn sticker_payload(&self, sticker: &Sticker) -> Value {
        json!({
            "id": sticker.id,
            "name": sticker.name,
            "description": sticker.description,
            "tags": sticker.tags,
            "type": 2,
            "format_type": sticker.format,
            "available": true,
            "guild_id": sticker.guild_id,
            "user": self.user_payload(sticker.creator),
        })
    }

    /// All stickers of a guild.
    pub fn list_stickers(&self, actor: &Actor, guild: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        let stickers = self.guild(guild)?.stickers.values();
        Ok(stickers.map(|one| self.sticker_payload(one)).collect())
    }

    /// A sticker of a guild.
    pub fn get_guild_sticker(&self, actor: &Actor, guild: Snowflake, id: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        self.sticker_answer(guild, id)
    }

    fn sticker_answer(&self, guild: Snowflake, id: Snowflake) -> Answer {
        let sticker = self.guild(guild)?.stickers.get(&id);
        let sticker = sticker.ok_or_else(|| Refusal::unknown(Unknown::Sticker))?;
        Ok(self.sticker_payload(sticker))
    }

    /// A sticker of any guild, or one of Discord's own.
    pub fn get_sticker(&self, id: Snowflake) -> Answer {
        if let Some(standard) = standard_sticker(id) {
            return Ok(standard);
        }
        let sticker = self.find_sticker(id);
        let sticker = sticker.ok_or_else(|| Refusal::unknown(Unknown::Sticker))?;
        Ok(self.sticker_payload(sticker))
    }

    fn find_sticker(&self, id: Snowflake) -> Option<&Sticker> {
        self.guilds
            .values()
            .find_map(|guild| guild.stickers.get(&id))
    }

    /// The stickers of a message.
    pub(crate) fn sticker_items(&self, ids: &[Snowflake]) -> Answer<Vec<Value>> {
        let item = |id: &Snowflake| {
            let sticker = self.get_sticker(*id)?;
            Ok(json!({
                "id": id, "name": sticker["name"], "format_type": sticker["format_type"],
            }))
        };
        ids.iter().map(item).collect()
    }

    /// Adds a sticker from an uploaded file.
    pub fn create_sticker(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        body: &Value,
        files: &[UploadedFile],
    ) -> Answer {
        self.require(actor.id, guild, bits::CREATE_EXPRESSIONS)?;
        let mut form = Form::new(body);
        let name = form.text("name", 2..=30);
        let name = form.required("name", name);
        let description = description(&mut form);
        let description = form.required("description", description);
        let tags = form.text("tags", 1..=MAX_TAGS);
        let tags = form.required("tags", tags);
        if files.is_empty() {
            form.error("file", "BASE_TYPE_REQUIRED", "This field is required");
        }
        form.finish()?;
        let tier = self.premium_tier(guild);
        let kept = self.guild(guild)?;
        if kept.stickers.len() >= MAX_STICKERS[tier] {
            let text = format!(
                "Maximum number of stickers reached ({})",
                MAX_STICKERS[tier]
            );
            return Err(Refusal::new(400, 30_039, text));
        }
        let partner = ["VERIFIED", "PARTNERED"];
        let features = kept.settings.get("features").and_then(Value::as_array);
        let lottie = features.is_some_and(|all| partner.iter().any(|it| all.contains(&json!(it))));
        let format = files
            .first()
            .map_or(Ok(PNG), |file| format_of(&file.bytes, lottie))?;
        let id = self.next_id();
        let sticker = Sticker {
            id,
            name,
            description,
            tags,
            guild_id: guild,
            creator: actor.id,
            format,
        };
        self.guild_mut(guild)?.stickers.insert(id, sticker);
        let rendered = self.sticker_answer(guild, id)?;
        self.stickers_changed(
            actor,
            guild,
            id,
            action::STICKER_CREATE,
            &Value::Null,
            &rendered,
        );
        Ok(rendered)
    }

    /// Changes a sticker; creators need less than others.
    pub fn modify_sticker(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        id: Snowflake,
        body: &Value,
    ) -> Answer {
        let before = self.reachable_sticker(actor, guild, id)?;
        let mut form = Form::new(body);
        let name = form.text("name", 2..=30).value();
        let description = description(&mut form).given();
        let tags = form.text("tags", 1..=MAX_TAGS).value();
        form.finish()?;
        if let Some(sticker) = self.guild_mut(guild)?.stickers.get_mut(&id) {
            sticker.name = name.unwrap_or_else(|| sticker.name.clone());
            sticker.tags = tags.unwrap_or_else(|| sticker.tags.clone());
            if let Some(description) = description {
                sticker.description = description.flatten();
            }
        }
        let after = self.sticker_answer(guild, id)?;
        self.stickers_changed(actor, guild, id, action::STICKER_UPDATE, &before, &after);
        Ok(after)
    }

    /// Deletes a sticker.
    pub fn delete_sticker(&mut self, actor: &Actor, guild: Snowflake, id: Snowflake) -> Answer<()> {
        let before = self.reachable_sticker(actor, guild, id)?;
        self.guild_mut(guild)?.stickers.remove(&id);
        self.stickers_changed(
            actor,
            guild,
            id,
            action::STICKER_DELETE,
            &before,
            &Value::Null,
        );
        Ok(())
    }

    fn reachable_sticker(&self, actor: &Actor, guild: Snowflake, id: Snowflake) -> Answer {
        self.require_member(actor.id, guild)?;
        let rendered = self.sticker_answer(guild, id)?;
        let creator = self.find_sticker(id).map(|sticker| sticker.creator);
        self.check_expression(actor, guild, creator)?;
        Ok(rendered)
    }

    fn stickers_changed(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        id: Snowflake,
        kind: u64,
        before: &Value,
        after: &Value,
    ) {
        let all = self.guilds.get(&guild).map(|guild| &guild.stickers);
        let all = all.into_iter().flat_map(|all| all.values());
        let stickers: Vec<_> = all.map(|one| self.sticker_payload(one)).collect();
        let data = json!({"guild_id": guild, "stickers": stickers});
        let wanted = intents::GUILD_EXPRESSIONS;
        self.dispatch(
            "GUILD_STICKERS_UPDATE",
            Audience::Guild(guild),
            wanted,
            data,
        );
        self.audit(
            guild,
            actor,
            kind,
            Some(id),
            changes(before, after),
            Value::Null,
        );
    }
}

/// Empty, or 2 to 100 characters.
fn description(form: &mut Form<'_>) -> Patch<Option<String>> {
    match form.text("description", 0..=MAX_DESCRIPTION) {
        Patch::Value(text) if text.is_empty() => Patch::Value(None),
        Patch::Value(text) if text.chars().count() == 1 => {
            let message = format!("Must be between 2 and {MAX_DESCRIPTION} in length.");
            form.error("description", "BASE_TYPE_BAD_LENGTH", &message);
            Patch::Absent
        }
        Patch::Value(text) => Patch::Value(Some(text)),
        Patch::Null => Patch::Null,
        Patch::Absent => Patch::Absent,
    }
}

/// What a file is, if Discord takes it.
fn format_of(bytes: &[u8], lottie: bool) -> Answer<u64> {
    if bytes.len() > MAX_FILE {
        let text = "File uploaded exceeds the maximum size";
        return Err(Refusal::new(400, 50_045, text));
    }
    if let Some(png) = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n") {
        let side = |at: usize| {
            let four = png.get(at..at + 4).and_then(|four| four.try_into().ok());
            four.map_or(0, u32::from_be_bytes)
        };
        if side(8) > MAX_SIDE || side(12) > MAX_SIDE {
            let message = format!("Must be at most {MAX_SIDE} by {MAX_SIDE} pixels.");
            return Err(Refusal::field(
                "file",
                "STICKER_INVALID_DIMENSIONS",
                &message,
            ));
        }
        let moves = png.windows(4).any(|chunk| chunk == b"acTL");
        return Ok(if moves { APNG } else { PNG });
    }
    if bytes.starts_with(b"GIF8") {
        return Ok(GIF);
    }
    let animation: Option<Value> = serde_json::from_slice(bytes).ok();
    if lottie && animation.is_some_and(|it| it["layers"].is_array()) {
        return Ok(LOTTIE);
    }
    Err(Refusal::new(400, 50_046, "Invalid file uploaded"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_by_its_bytes() {
        let png = |side: u32, chunk: &[u8]| {
            let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
            bytes.extend(side.to_be_bytes());
            bytes.extend(side.to_be_bytes());
            bytes.extend(chunk);
            bytes
        };
        assert_eq!(format_of(&png(320, b""), false), Ok(PNG));
        assert_eq!(format_of(&png(320, b"acTL"), false), Ok(APNG));
        assert!(format_of(&png(321, b""), false).is_err());
        assert_eq!(format_of(b"GIF89a", false), Ok(GIF));
        assert_eq!(format_of(br#"{"layers": []}"#, true), Ok(LOTTIE));
        assert_eq!(
            format_of(br#"{"layers": []}"#, false).unwrap_err().code,
            50_046
        );
        assert_eq!(
            format_of(&vec![0; MAX_FILE + 1], false).unwrap_err().code,
            50_045
        );
    }
}
