//! The files of a message: what is said of them, joined with the parts that were uploaded.

use super::form::Form;
use crate::snowflake::Snowflake;
use crate::world::message::{NewAttachment, UploadedFile, Voice};

const MAX_ATTACHMENTS: usize = 10;

/// Longest recording, in seconds, and longest waveform in base64.
const MAX_SECONDS: f64 = 1_200.0;
const MAX_WAVEFORM: usize = 400;

/// Joins `attachments` with the uploaded files; `None` when neither was given.
pub(super) fn attachments(
    form: &mut Form<'_>,
    files: Vec<UploadedFile>,
) -> Option<Vec<NewAttachment>> {
    let described = form.objects("attachments", 0..=MAX_ATTACHMENTS, |attachment| {
        let id = attachment.id("id");
        NewAttachment {
            id: attachment.required("id", id),
            filename: attachment.text("filename", 0..=1_024).value(),
            title: attachment.text("title", 0..=1_024).value(),
            description: attachment.text("description", 0..=1_024).value(),
            spoiler: attachment.flag("is_spoiler").value(),
            voice: voice(attachment),
            file: None,
        }
    });
    if files.len() > MAX_ATTACHMENTS {
        let message = format!("Must be {MAX_ATTACHMENTS} or fewer in length.");
        form.error("attachments", "BASE_TYPE_MAX_LENGTH", &message);
    }
    let given = described.given().map(Option::unwrap_or_default);
    if given.is_none() && files.is_empty() {
        return None;
    }
    let mut all = given.unwrap_or_default();
    for file in files {
        if let Some(known) = all.iter_mut().find(|known| known.id.0 == file.index) {
            known.file = Some(file);
        } else {
            all.push(NewAttachment {
                id: Snowflake(file.index),
                file: Some(file),
                ..NewAttachment::default()
            });
        }
    }
    Some(all)
}

/// What a voice message tells of its recording; both parts or neither.
fn voice(form: &mut Form<'_>) -> Option<Voice> {
    let seconds = form.fraction("duration_secs", 0.0..=MAX_SECONDS).value();
    let waveform = form.text("waveform", 0..=MAX_WAVEFORM).value();
    Some(Voice {
        seconds: seconds?,
        waveform: waveform?,
    })
}
