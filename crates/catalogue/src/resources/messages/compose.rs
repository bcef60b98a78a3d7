//! A message's body from its parts, for everything that posts or edits messages.
//! Source: Discord documentation, *Create Message*.

use model::{FilePart, Permissions, StickerId};
use serde_json::{Value, json};

use super::{
    components::Components,
    embed::{self, Embed},
    parts::{self, AllowedMentions, File, Poll},
};
use crate::{ArgumentError, patch::BodyFields};

/// Message flags. *Message Flags*.
const SUPPRESS_NOTIFICATIONS: u64 = 1 << 12;
const IS_COMPONENTS_V2: u64 = 1 << 15;

/// What a message may be made of, borrowed from a tool's arguments.
#[derive(Default)]
pub(crate) struct Parts<'a> {
    pub(crate) content: Option<&'a str>,
    pub(crate) embeds: &'a [Embed],
    pub(crate) components: Option<&'a Components>,
    pub(crate) files: &'a [File],
    pub(crate) poll: Option<&'a Poll>,
    pub(crate) sticker_ids: &'a [StickerId],
    pub(crate) allowed_mentions: Option<&'a AllowedMentions>,
    pub(crate) silent: bool,
}

/// A new message's body and files.
#[derive(Debug)]
pub(crate) struct Composed {
    pub(crate) body: BodyFields,
    pub(crate) files: Vec<FilePart>,
    /// What these parts need beyond writing at all.
    pub(crate) needs: Permissions,
}

impl Parts<'_> {
    /// Check the parts together and compose a new message.
    pub(crate) fn compose(&self) -> Result<Composed, ArgumentError> {
        self.check()?;
        if self.is_empty() {
            return Err(ArgumentError::together(
                "the message is empty: give `content`, `embeds`, `components`, `files`, `poll` or \
                 `sticker_ids`",
            ));
        }
        let (files, attachments) = parts::files(self.files)?;
        let components = self.components.filter(|components| !components.is_empty());
        let flags = self.flags();
        let stickers: Vec<String> = self.sticker_ids.iter().map(ToString::to_string).collect();
        let body = BodyFields::new()
            .given(
                "content",
                self.content.filter(|content| !content.is_empty()),
            )
            .given(
                "embeds",
                (!self.embeds.is_empty()).then(|| json!(self.embeds)),
            )
            .given("components", components.map(Components::body))
            .given(
                "attachments",
                (!attachments.is_empty()).then_some(attachments),
            )
            .given("poll", self.poll.map(Poll::body))
            .given("sticker_ids", (!stickers.is_empty()).then_some(stickers))
            .given("flags", (flags != 0).then_some(flags))
            .set(
                "allowed_mentions",
                AllowedMentions::body(self.allowed_mentions),
            );
        Ok(Composed {
            body,
            files,
            needs: self.needs(),
        })
    }

    /// What the parts of a new or edited message must keep to.
    pub(crate) fn check(&self) -> Result<(), ArgumentError> {
        embed::check(self.embeds)?;
        if let Some(components) = self.components {
            components.check()?;
            if components.are_the_message() && self.has_other_content() {
                return Err(ArgumentError::at(
                    "components",
                    "of types 9 to 17 are the whole message: put the text into a text display \
                     (type 10), and leave out `content`, `embeds`, `poll` and `sticker_ids`",
                ));
            }
        }
        if let Some(missing) = self.missing_file() {
            return Err(ArgumentError::at(
                "files",
                format_args!(
                    "has no file named \"{missing}\", but attachment://{missing} refers to it"
                ),
            ));
        }
        Ok(())
    }

    pub(crate) fn flags(&self) -> u64 {
        let layout = self.components.is_some_and(Components::are_the_message);
        let silent = if self.silent {
            SUPPRESS_NOTIFICATIONS
        } else {
            0
        };
        silent | if layout { IS_COMPONENTS_V2 } else { 0 }
    }

    /// Permissions that single parts need. *Permissions*.
    pub(crate) fn needs(&self) -> Permissions {
        let mut needs = Permissions::NONE;
        if !self.embeds.is_empty() {
            needs = needs | Permissions::EMBED_LINKS;
        }
        if !self.files.is_empty() {
            needs = needs | Permissions::ATTACH_FILES;
        }
        if self.poll.is_some() {
            needs = needs | Permissions::SEND_POLLS;
        }
        if self
            .allowed_mentions
            .is_some_and(|mentions| mentions.everyone)
        {
            needs = needs | Permissions::MENTION_EVERYONE;
        }
        needs
    }

    fn is_empty(&self) -> bool {
        self.content.is_none_or(|content| content.trim().is_empty())
            && self.embeds.is_empty()
            && self.components.is_none_or(Components::is_empty)
            && self.files.is_empty()
            && self.poll.is_none()
            && self.sticker_ids.is_empty()
    }

    fn has_other_content(&self) -> bool {
        self.content.is_some_and(|content| !content.is_empty())
            || !self.embeds.is_empty()
            || self.poll.is_some()
            || !self.sticker_ids.is_empty()
    }

    /// A file that an embed or component refers to and that is not there.
    fn missing_file(&self) -> Option<String> {
        let names: Vec<String> = self.files.iter().map(File::name).collect();
        let in_components = self
            .components
            .map(Components::attachments)
            .unwrap_or_default();
        embed::attachments(self.embeds)
            .map(str::to_owned)
            .chain(in_components)
            .find(|wanted| !names.contains(wanted))
    }
}

/// A body as a preview shows it: what was written, files as names and sizes.
pub(crate) fn preview(body: &Value, files: &[FilePart]) -> Value {
    let mut shown = body.clone();
    if !files.is_empty() {
        shown["files"] = files
            .iter()
            .map(|file| json!({"filename": file.filename, "bytes": file.bytes.len()}))
            .collect();
    }
    shown
}
