//! Acts that write: messages with files, posts, polls.

use std::fmt::Write as _;

use http::Method;
use serde_json::{Value, json};

use super::form::{File, Form};
use super::{Payload, Step, Then};

/// Between the parts; its random half keeps it from being in a file.
const BOUNDARY: &str = "sandbox-page-7f1c2b9e4d6a8035";

/// The request of a verb; `None` for another verb, or without what it needs.
pub(super) fn step(verb: &str, form: &Form) -> Option<Step> {
    let channel = form.id("channel")?;
    let messages = format!("/channels/{channel}/messages");
    let files = |path: String, body: Value, then: Then| Step {
        method: Method::POST,
        path,
        body: Payload::Files(body, Vec::new()),
        then,
    };
    match verb {
        "send" => {
            let mut body = json!({ "content": form.text("content") });
            if let Some(message) = form.id("reply") {
                body["message_reference"] = json!({ "message_id": message });
                let parse = ["users", "roles", "everyone"];
                body["allowed_mentions"] =
                    json!({ "parse": parse, "replied_user": form.has("ping") });
            }
            let stickers = form.all("sticker");
            if !stickers.is_empty() {
                body["sticker_ids"] = json!(stickers);
            }
            Some(files(messages, body, Then::Back))
        }
        "post" => {
            let mut body = json!({
                "name": form.text("name"), "message": { "content": form.text("content") },
            });
            let tags = form.all("tags");
            if !tags.is_empty() {
                body["applied_tags"] = json!(tags);
            }
            Some(files(
                format!("/channels/{channel}/threads"),
                body,
                Then::Answered,
            ))
        }
        "poll" => {
            let answers = form.all("answer").into_iter();
            let answers: Vec<Value> = answers
                .map(|text| json!({ "poll_media": { "text": text } }))
                .collect();
            let poll = json!({
                "question": { "text": form.text("question") },
                "answers": answers,
                "duration": form.text("hours").parse::<u64>().unwrap_or(24),
                "allow_multiselect": form.has("several"),
            });
            Some(Step::new(Method::POST, messages, json!({ "poll": poll })))
        }
        _ => None,
    }
}

/// A body with files as Discord takes it; its type, and the bytes.
pub(super) fn multipart(body: &Value, files: &[File]) -> (String, Vec<u8>) {
    if files.is_empty() {
        return ("application/json".to_owned(), body.to_string().into_bytes());
    }
    let mut bytes = Vec::new();
    let mut head = String::new();
    // Writing into a string cannot fail.
    let _ = write!(
        head,
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"payload_json\"\r\n\
         content-type: application/json\r\n\r\n{body}\r\n"
    );
    bytes.extend_from_slice(head.as_bytes());
    for (index, file) in files.iter().enumerate() {
        let kind = file.kind.as_deref().filter(|kind| is_plain(kind));
        let mut head = String::new();
        let _ = write!(
            head,
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"files[{index}]\"; \
             filename=\"{}\"\r\ncontent-type: {}\r\n\r\n",
            plain_name(&file.name),
            kind.unwrap_or("application/octet-stream"),
        );
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(&file.bytes);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={BOUNDARY}"), bytes)
}

/// Discord keeps only plain names anyway; nothing else gets into the header.
fn plain_name(name: &str) -> String {
    let keep = |c: char| {
        if c.is_alphanumeric() || "._- ".contains(c) {
            c
        } else {
            '_'
        }
    };
    name.chars().map(keep).collect()
}

fn is_plain(kind: &str) -> bool {
    kind.chars()
        .all(|c| c.is_ascii_alphanumeric() || "/+-.=; ".contains(c))
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;

    use super::*;

    #[test]
    fn the_name_of_a_file_cannot_leave_its_header() {
        let file = File {
            field: "files".into(),
            name: "a\"\r\nx: y".into(),
            kind: Some("text/html\r\nx: y".into()),
            bytes: Bytes::from_static(b"hi"),
        };
        let (kind, bytes) = multipart(&json!({}), &[file]);
        let text = String::from_utf8(bytes).unwrap();
        assert!(kind.ends_with(BOUNDARY));
        assert!(text.contains("filename=\"a___x_ y\"\r\ncontent-type: application/octet-stream"));
    }
}
