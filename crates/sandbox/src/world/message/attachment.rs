//! Attachments: files kept in memory within a budget, and their signed links.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{NewAttachment, UploadedFile};
use crate::snowflake::Snowflake;
use crate::world::saved;
use crate::world::{Answer, Refusal, World};

/// The largest file that a bot may upload (Discord: Uploading Files).
const MAX_FILE_BYTES: usize = 10 * 1024 * 1024;

/// All files together; the oldest go first.
const MAX_STORED_BYTES: usize = 256 * 1024 * 1024;

/// How long a link stays valid.
const LINK_MS: u64 = 24 * 60 * 60 * 1_000;

/// The flag of a file that is shown only after a click; its name says so.
const IS_SPOILER: u64 = 1 << 3;

/// A file of a message.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Attachment {
    pub id: Snowflake,
    pub channel_id: Snowflake,
    pub filename: String,
    pub description: Option<String>,
    pub content_type: Option<String>,
    pub size: usize,
    /// Width and height of a PNG.
    pub dimensions: Option<(u32, u32)>,
    #[serde(default)]
    pub title: Option<String>,
    /// Shown only after a click.
    #[serde(default)]
    pub spoiler: bool,
    /// Of a voice message.
    #[serde(default)]
    pub voice: Option<Voice>,
}

/// What a voice message tells of its recording.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Voice {
    pub seconds: f64,
    /// Samples in base64.
    pub waveform: String,
}

/// The bytes behind attachments.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct FileStore {
    files: BTreeMap<Snowflake, StoredFile>,
    bytes: usize,
}

/// A file with what its attachment says of it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct StoredFile {
    pub(crate) attachment: Attachment,
    #[serde(with = "saved::base64_bytes")]
    pub(crate) bytes: Bytes,
}

impl FileStore {
    fn keep(&mut self, attachment: Attachment, bytes: Bytes) {
        self.bytes += bytes.len();
        self.files
            .insert(attachment.id, StoredFile { attachment, bytes });
        while self.bytes > MAX_STORED_BYTES {
            let Some((_, oldest)) = self.files.pop_first() else {
                return;
            };
            self.bytes -= oldest.bytes.len();
        }
    }

    pub(crate) fn get(&self, id: Snowflake) -> Option<&StoredFile> {
        self.files.get(&id)
    }
}

impl World {
    /// Stores an uploaded file as an attachment of a channel.
    pub(crate) fn store_file(
        &mut self,
        channel_id: Snowflake,
        file: UploadedFile,
        about: NewAttachment,
    ) -> Answer<Attachment> {
        if file.bytes.len() > MAX_FILE_BYTES {
            return Err(Refusal::new(413, 40_005, "Request entity too large"));
        }
        let filename = safe_name(&about.filename.unwrap_or(file.filename));
        let attachment = Attachment {
            id: self.next_id(),
            channel_id,
            spoiler: about.spoiler.unwrap_or(filename.starts_with("SPOILER_")),
            description: about.description,
            content_type: content_type(&filename, file.content_type),
            size: file.bytes.len(),
            dimensions: png_dimensions(&file.bytes),
            filename,
            title: about.title,
            voice: about.voice,
        };
        self.files.keep(attachment.clone(), file.bytes);
        Ok(attachment)
    }

    /// Renders an attachment with a fresh signed link.
    pub(crate) fn attachment_payload(&self, attachment: &Attachment) -> Value {
        let url = self.attachment_url(attachment);
        let mut payload = json!({
            "id": attachment.id,
            "filename": attachment.filename,
            "size": attachment.size,
            "url": url,
            "proxy_url": url,
        });
        if attachment.spoiler {
            payload["flags"] = json!(IS_SPOILER);
        }
        if let Some(content_type) = &attachment.content_type {
            payload["content_type"] = json!(content_type);
        }
        if let Some(description) = &attachment.description {
            payload["description"] = json!(description);
        }
        if let Some(title) = &attachment.title {
            payload["title"] = json!(title);
        }
        if let Some(voice) = &attachment.voice {
            payload["duration_secs"] = json!(voice.seconds);
            payload["waveform"] = json!(voice.waveform);
        }
        if let Some((width, height)) = attachment.dimensions {
            payload["width"] = json!(width);
            payload["height"] = json!(height);
        }
        payload
    }

    /// Discord's shape of link: `ex` and `is` are hexadecimal seconds, `hm` is the signature.
    fn attachment_url(&self, attachment: &Attachment) -> String {
        let issued = self.now_ms();
        let expires = (issued + LINK_MS) / 1_000;
        let signature = self.link_signature(attachment.id, expires);
        format!(
            "{}/attachments/{}/{}/{}?ex={expires:x}&is={:x}&hm={signature:016x}&",
            self.addresses().http,
            attachment.channel_id,
            attachment.id,
            attachment.filename,
            issued / 1_000,
        )
    }

    /// The file behind a link whose signature fits and which has not expired.
    pub(crate) fn linked_file(
        &self,
        id: Snowflake,
        expires: Option<&str>,
        signature: Option<&str>,
    ) -> Option<StoredFile> {
        let expires = u64::from_str_radix(expires?, 16).ok()?;
        let signature = u64::from_str_radix(signature?, 16).ok()?;
        if expires.saturating_mul(1_000) < self.now_ms()
            || signature != self.link_signature(id, expires)
        {
            return None;
        }
        self.files.get(id).cloned()
    }

    /// Ties a link to its expiry. A sandbox keeps nothing secret, so mixing is enough.
    fn link_signature(&self, id: Snowflake, expires: u64) -> u64 {
        let mut mixed = id.0 ^ expires.rotate_left(32) ^ self.link_salt;
        for _ in 0..3 {
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed ^= mixed >> 27;
        }
        mixed
    }
}

/// Discord keeps letters, digits and `.-_`, and turns the rest into underscores.
fn safe_name(name: &str) -> String {
    let keep = |c: char| {
        if c.is_ascii_alphanumeric() || ".-_".contains(c) {
            c
        } else {
            '_'
        }
    };
    let name: String = name.chars().take(260).map(keep).collect();
    if name.is_empty() {
        "unknown".to_owned()
    } else {
        name
    }
}

/// Discord goes by the name: libraries upload everything as `application/octet-stream`.
fn content_type(filename: &str, declared: Option<String>) -> Option<String> {
    let extension = filename.rsplit_once('.').map(|(_, it)| it.to_lowercase());
    let known = match extension.as_deref().unwrap_or_default() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "svg" => "image/svg+xml",
        "mp4" => "video/mp4",
        "webm" => "video/webm",
        "mov" => "video/quicktime",
        "mp3" => "audio/mpeg",
        "ogg" => "audio/ogg",
        "wav" => "audio/x-wav",
        "pdf" => "application/pdf",
        "json" => "application/json; charset=utf-8",
        "txt" | "log" | "md" => "text/plain; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        _ => return declared,
    };
    Some(known.to_owned())
}

/// Width and height from the header of a PNG.
fn png_dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
    let number = |at: usize| {
        header
            .get(at..at + 4)?
            .try_into()
            .ok()
            .map(u32::from_be_bytes)
    };
    Some((number(8)?, number(12)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_safe_for_links() {
        assert_eq!(safe_name("my file (1).txt"), "my_file__1_.txt");
        assert_eq!(safe_name(""), "unknown");
    }

    #[test]
    fn a_name_says_what_a_file_is_and_else_the_upload_does() {
        let upload = || Some("application/octet-stream".to_owned());
        assert_eq!(content_type("A.PNG", upload()).unwrap(), "image/png");
        assert_eq!(content_type("a.bin", upload()), upload());
        assert_eq!(content_type("png", None), None);
    }

    #[test]
    fn a_png_tells_its_size() {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        png.extend(640u32.to_be_bytes());
        png.extend(480u32.to_be_bytes());
        assert_eq!(png_dimensions(&png), Some((640, 480)));
    }
}
