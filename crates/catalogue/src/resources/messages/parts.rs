//! The smaller parts of a message as arguments: files, polls and whom it may notify.

use base64::Engine as _;
use model::{FilePart, Id, RoleId, UserId};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{ArgumentError, limits, patch::BodyFields, text::Emoji};

/// One of `text` and `base64` holds the file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// With its extension.
    #[schemars(length(min = 1, max = limits::FILENAME), example = "notes.txt")]
    pub(crate) filename: String,
    /// The file, if it is text.
    pub(crate) text: Option<String>,
    /// The file's bytes in Base64.
    #[schemars(example = "aGVsbG8=")]
    pub(crate) base64: Option<String>,
    /// Like image/png; guessed from the filename otherwise.
    #[schemars(length(min = 3, max = 127), example = "image/png")]
    pub(crate) content_type: Option<String>,
    /// For those who cannot see it.
    #[schemars(length(max = limits::FILE_DESCRIPTION))]
    pub(crate) description: Option<String>,
    /// Hidden until clicked.
    #[serde(default)]
    pub(crate) spoiler: bool,
}

impl File {
    /// The name under which it is sent; Discord marks spoilers by a prefix.
    pub(crate) fn name(&self) -> String {
        if self.spoiler {
            format!("SPOILER_{}", self.filename)
        } else {
            self.filename.clone()
        }
    }

    fn part(&self, at: &str) -> Result<FilePart, ArgumentError> {
        let bytes = match (&self.text, &self.base64) {
            (Some(text), None) => text.clone().into_bytes(),
            (None, Some(encoded)) => {
                let compact: String = encoded.split_whitespace().collect();
                base64::engine::general_purpose::STANDARD
                    .decode(compact)
                    .map_err(|error| {
                        ArgumentError::at(
                            format!("{at}.base64"),
                            format_args!("is not Base64: {error}"),
                        )
                    })?
            }
            _ => {
                return Err(ArgumentError::at(
                    at,
                    "needs exactly one of `text` and `base64`",
                ));
            }
        };
        if bytes.len() > limits::FILE_BYTES {
            return Err(ArgumentError::at(
                at,
                format_args!(
                    "has {} bytes; the limit is {}",
                    bytes.len(),
                    limits::FILE_BYTES
                ),
            ));
        }
        if self.filename.contains(['/', '\\', '"']) || self.filename.chars().any(char::is_control) {
            return Err(ArgumentError::at(
                format!("{at}.filename"),
                "may not hold slashes, quotes or control characters",
            ));
        }
        let content_type = match &self.content_type {
            Some(given) if is_content_type(given) => given.clone(),
            Some(_) => {
                return Err(ArgumentError::at(
                    format!("{at}.content_type"),
                    "is not a content type like image/png",
                ));
            }
            None => guess(&self.filename, self.text.is_some()).to_owned(),
        };
        Ok(FilePart {
            filename: self.name(),
            content_type,
            bytes: bytes.into(),
        })
    }
}

fn is_content_type(text: &str) -> bool {
    text.split_once('/').is_some_and(|(kind, subtype)| {
        !kind.is_empty() && !subtype.is_empty() && text.bytes().all(|b| (0x20..0x7f).contains(&b))
    })
}

fn guess(filename: &str, is_text: bool) -> &'static str {
    let extension = filename
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref() {
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("svg") => "image/svg+xml",
        Some("pdf") => "application/pdf",
        Some("json") => "application/json",
        Some("csv") => "text/csv",
        Some("md") => "text/markdown",
        Some("html") => "text/html",
        Some("zip") => "application/zip",
        Some("mp3") => "audio/mpeg",
        Some("mp4") => "video/mp4",
        _ if is_text => "text/plain",
        _ => "application/octet-stream",
    }
}

/// The files of a message, decoded, and their `attachments` entries.
pub(crate) fn files(files: &[File]) -> Result<(Vec<FilePart>, Vec<Value>), ArgumentError> {
    let mut parts = Vec::with_capacity(files.len());
    let mut attachments = Vec::with_capacity(files.len());
    let mut total = 0;
    for (index, file) in files.iter().enumerate() {
        let part = file.part(&format!("files[{index}]"))?;
        total += part.bytes.len();
        let entry = BodyFields::new()
            .set("id", index.to_string())
            .set("filename", part.filename.clone())
            .given("description", file.description.clone());
        attachments.push(entry.into());
        parts.push(part);
    }
    if total > limits::FILES_BYTES {
        return Err(ArgumentError::at(
            "files",
            format_args!(
                "have {total} bytes together; the limit is {}",
                limits::FILES_BYTES
            ),
        ));
    }
    Ok((parts, attachments))
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Poll {
    #[schemars(length(min = 1, max = limits::POLL_QUESTION))]
    pub(crate) question: String,
    #[schemars(length(min = 1, max = limits::POLL_ANSWERS))]
    pub(crate) answers: Vec<PollAnswer>,
    /// How long it is open.
    #[serde(default = "one_day")]
    #[schemars(range(min = 1, max = limits::POLL_HOURS))]
    pub(crate) hours: u32,
    /// Several answers may be chosen.
    #[serde(default)]
    pub(crate) multiselect: bool,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PollAnswer {
    #[schemars(length(min = 1, max = limits::POLL_ANSWER))]
    pub(crate) text: String,
    pub(crate) emoji: Option<Emoji>,
}

fn one_day() -> u32 {
    24
}

impl Poll {
    /// As Discord takes it.
    pub(crate) fn body(&self) -> Value {
        let answers: Vec<Value> = self
            .answers
            .iter()
            .map(|answer| {
                let media = BodyFields::new()
                    .set("text", answer.text.clone())
                    .given("emoji", answer.emoji.as_ref().map(Emoji::object));
                json!({"poll_media": Value::from(media)})
            })
            .collect();
        json!({
            "question": {"text": self.question},
            "answers": answers,
            "duration": self.hours,
            "allow_multiselect": self.multiselect,
            "layout_type": 1,
        })
    }
}

/// Whom a message notifies. Nobody, unless named here; text alone never does.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AllowedMentions {
    /// Users whose mentions in the text notify them.
    #[serde(default)]
    #[schemars(length(max = limits::MENTION_IDS))]
    pub(crate) users: Vec<UserId>,
    /// Roles whose mentions in the text notify their members.
    #[serde(default)]
    #[schemars(length(max = limits::MENTION_IDS))]
    pub(crate) roles: Vec<RoleId>,
    /// @everyone and @here notify.
    #[serde(default)]
    pub(crate) everyone: bool,
    /// The author of the message replied to is notified.
    #[serde(default)]
    pub(crate) replied_user: bool,
}

impl AllowedMentions {
    /// As Discord takes it; `None` is nobody.
    pub(crate) fn body(given: Option<&Self>) -> Value {
        let Some(given) = given else {
            return json!({"parse": [], "replied_user": false});
        };
        let parse: &[&str] = if given.everyone { &["everyone"] } else { &[] };
        BodyFields::new()
            .set("parse", parse.to_vec())
            .given("users", ids(&given.users))
            .given("roles", ids(&given.roles))
            .set("replied_user", given.replied_user)
            .into()
    }
}

/// A list of ids as a body writes it; an empty one is left out.
fn ids<K>(ids: &[Id<K>]) -> Option<Value> {
    (!ids.is_empty()).then(|| ids.iter().map(ToString::to_string).collect())
}
