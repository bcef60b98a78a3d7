//! Making, changing and deleting the sounds of a guild.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Sound, file};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::{Form, Inline};
use crate::world::audit::{action, changes};
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Audience, Refusal, World, intents};

/// The largest sound (Discord: Create Guild Soundboard Sound).
const MAX_SOUND_BYTES: usize = 512 * 1024;

/// The longest sound, in milliseconds.
const MAX_SOUND_MS: u64 = 5_200;

/// What a request says of a sound; the inner `None`s are nulls.
#[expect(
    clippy::option_option,
    reason = "absent, null and value are three things"
)]
struct Given {
    name: Option<String>,
    volume: Option<f64>,
    emoji_id: Option<Option<Snowflake>>,
    emoji_name: Option<Option<String>>,
}

fn read(form: &mut Form<'_>) -> Given {
    let volume = form.fraction("volume", 0.0..=1.0).given();
    Given {
        name: form.text("name", 2..=32).value(),
        volume: volume.map(|volume| volume.unwrap_or(1.0)),
        emoji_id: form.id("emoji_id").given(),
        emoji_name: form.text("emoji_name", 1..=32).given(),
    }
}

/// A sound as its audit entries see it.
fn audited(payload: &Value) -> Value {
    let told = ["name", "volume", "emoji_id", "emoji_name"];
    let kept = told
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), payload.get(*key)?.clone())));
    Value::Object(kept.collect())
}

impl World {
    /// Makes a sound from a data URI.
    pub fn create_sound(&mut self, actor: &Actor, guild: Snowflake, body: &Value) -> Answer {
        self.require(actor.id, guild, bits::CREATE_EXPRESSIONS)?;
        let mut form = Form::new(body);
        if form.raw("name").value().is_none() {
            form.error("name", "BASE_TYPE_REQUIRED", "This field is required");
        }
        let given = read(&mut form);
        let upload = form.raw("sound").value();
        let upload = upload.map(|it| it.as_str().and_then(Inline::parse));
        match &upload {
            None => form.error("sound", "BASE_TYPE_REQUIRED", "This field is required"),
            Some(None) => form.error("sound", "BASE64_TYPE_INVALID", "Invalid sound data"),
            Some(Some(upload)) if upload.bytes.len() > MAX_SOUND_BYTES => {
                let message = format!("File cannot be larger than {MAX_SOUND_BYTES} bytes.");
                form.error("sound", "BINARY_TYPE_MAX_SIZE", &message);
            }
            Some(Some(_)) => {}
        }
        form.finish()?;
        let bytes = upload.flatten().map(|it| it.bytes).unwrap_or_default();
        let Some(content_type) = file::content_type(&bytes) else {
            let text = "The provided file type is invalid.";
            return Err(Refusal::new(400, 50_123, text));
        };
        if file::duration_ms(&bytes).is_some_and(|length| length > MAX_SOUND_MS) {
            let text = "The provided file duration exceeds maximum of 5.2 seconds.";
            return Err(Refusal::new(400, 50_124, text));
        }
        let limit = self.sound_limit(guild);
        if self.guild(guild)?.sounds.len() >= limit {
            let text = format!("Maximum number of soundboard sounds reached ({limit})");
            return Err(Refusal::new(400, 30_045, text));
        }
        let mut sound = Sound {
            id: Snowflake(0),
            guild_id: guild,
            name: String::new(),
            volume: 1.0,
            emoji_id: None,
            emoji_name: None,
            creator: actor.id,
            content_type: content_type.to_owned(),
            bytes: Bytes::from(bytes),
        };
        self.apply_to_sound(&given, &mut sound)?;
        sound.id = self.next_id();
        let id = sound.id;
        self.guild_mut(guild)?.sounds.insert(id, sound.clone());
        let rendered = self.sound_payload(&sound, true);
        self.tell_sound("GUILD_SOUNDBOARD_SOUND_CREATE", guild, rendered.clone());
        let changes = changes(&Value::Null, &audited(&rendered));
        let action = action::SOUNDBOARD_SOUND_CREATE;
        self.audit(guild, actor, action, Some(id), changes, Value::Null);
        Ok(rendered)
    }

    /// Changes a sound; makers need less than others.
    pub fn modify_sound(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        id: Snowflake,
        body: &Value,
    ) -> Answer {
        let mut sound = self.reachable_sound(actor, guild, id)?.clone();
        let before = self.sound_payload(&sound, true);
        let mut form = Form::new(body);
        let given = read(&mut form);
        form.finish()?;
        self.apply_to_sound(&given, &mut sound)?;
        self.guild_mut(guild)?.sounds.insert(id, sound.clone());
        let rendered = self.sound_payload(&sound, true);
        let changes = changes(&audited(&before), &audited(&rendered));
        if !changes.is_empty() {
            self.tell_sound("GUILD_SOUNDBOARD_SOUND_UPDATE", guild, rendered.clone());
            let action = action::SOUNDBOARD_SOUND_UPDATE;
            self.audit(guild, actor, action, Some(id), changes, Value::Null);
        }
        Ok(rendered)
    }

    /// Deletes a sound.
    pub fn delete_sound(&mut self, actor: &Actor, guild: Snowflake, id: Snowflake) -> Answer<()> {
        let sound = self.reachable_sound(actor, guild, id)?;
        let before = self.sound_payload(sound, true);
        let full = self.guild(guild)?.sounds.len() > self.sound_limit(guild);
        self.guild_mut(guild)?.sounds.remove(&id);
        let data = json!({ "sound_id": id, "guild_id": guild });
        self.tell_sound("GUILD_SOUNDBOARD_SOUND_DELETE", guild, data);
        if full {
            // One that was beyond the limit can be used now.
            self.tell_all_sounds(guild);
        }
        let changes = changes(&audited(&before), &Value::Null);
        let action = action::SOUNDBOARD_SOUND_DELETE;
        self.audit(guild, actor, action, Some(id), changes, Value::Null);
        Ok(())
    }

    fn apply_to_sound(&self, given: &Given, sound: &mut Sound) -> Answer<()> {
        if let Some(name) = &given.name {
            sound.name.clone_from(name);
        }
        sound.volume = given.volume.unwrap_or(sound.volume);
        if let Some(emoji) = given.emoji_id {
            let known = &self.guild(sound.guild_id)?.emojis;
            if emoji.is_some_and(|emoji| !known.contains_key(&emoji)) {
                return Err(Refusal::unknown(Unknown::Emoji));
            }
            sound.emoji_id = emoji;
            if emoji.is_some() {
                sound.emoji_name = None;
            }
        }
        if let Some(emoji) = &given.emoji_name {
            sound.emoji_name.clone_from(emoji);
            if emoji.is_some() {
                sound.emoji_id = None;
            }
        }
        Ok(())
    }

    fn reachable_sound(&self, actor: &Actor, guild: Snowflake, id: Snowflake) -> Answer<&Sound> {
        self.require_member(actor.id, guild)?;
        let sound = self.sound(guild, id)?;
        let mut enough = bits::MANAGE_EXPRESSIONS;
        if sound.creator == actor.id {
            enough |= bits::CREATE_EXPRESSIONS;
        }
        if self.permissions_in_guild(guild, actor.id) & enough == 0 {
            return Err(Refusal::missing_permissions());
        }
        Ok(sound)
    }

    fn tell_sound(&mut self, kind: &'static str, guild: Snowflake, data: Value) {
        let wanted = intents::GUILD_EXPRESSIONS;
        self.dispatch(kind, Audience::Guild(guild), wanted, data);
    }
}
