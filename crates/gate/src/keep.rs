//! What is kept of a write: its arguments, what it touches as it was, and as it left it. From that
//! comes the inverse, and what decides after a lost answer.

use std::sync::OnceLock;

use catalogue::{Kept, Undo, WritePlan};
use model::{Millis, Origin, kept::Keep};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    Gate,
    answer::{Declined, UndoNote},
    case::Case,
    tokens,
};

/// For how many days a write can be undone, unless the operator says otherwise.
pub const UNDO_DAYS: u32 = 7;
const DAY_MS: Millis = 24 * 60 * 60 * 1_000;
/// Longest image that is kept, in bytes of JSON. Discord's objects are smaller; what is larger
/// cannot be undone.
const IMAGE_MAX: usize = 64 * 1024;

/// How long what is needed for undoing is kept.
#[derive(Debug, Default)]
pub(crate) struct KeepingTime(OnceLock<u32>);

impl KeepingTime {
    fn days(&self) -> u32 {
        *self.0.get().unwrap_or(&UNDO_DAYS)
    }
}

/// What a row keeps.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Image {
    pub arguments: Map<String, Value>,
    pub kept: Kept,
}

impl Image {
    /// As it is stored. Null where it is too large, or cannot be brought back without a secret that
    /// must not be kept.
    fn stored(&self) -> Value {
        let mut stored = json!(self);
        tokens::hide(&mut stored);
        if stored["kept"]["before"] != self.kept.before
            || stored["arguments"] != json!(self.arguments)
        {
            return Value::Null;
        }
        if stored.to_string().len() > IMAGE_MAX {
            return Value::Null;
        }
        stored
    }

    pub(crate) fn read(stored: &Value) -> Option<Self> {
        serde_json::from_value(stored.clone()).ok()
    }
}

impl Gate {
    /// Keep what undoing needs for this many days; 0 keeps it just until the call has ended. Said
    /// once, before the first call.
    pub fn keep_undo_days(&self, days: u32) {
        let _the_first_counts = self.0.keeping.0.set(days);
    }

    /// A plan's note.
    pub(crate) fn undo_note(&self, undo: Undo) -> UndoNote {
        let within_days = match undo {
            Undo::Yes | Undo::Partly { .. } => Some(self.0.keeping.days()),
            Undo::No { .. } => None,
        };
        UndoNote { undo, within_days }
    }

    /// What the write touches, as it is now. What was looked at already is not asked for again.
    pub(crate) async fn before(
        &self,
        case: &mut Case,
        plan: &WritePlan,
    ) -> Result<Value, Declined> {
        let look = plan.look_before();
        if look.is_empty() {
            return Ok(Value::Null);
        }
        if case.live.of(look).is_none() {
            case.live = self.live(&case.record, &case.errand(), look).await?;
        }
        Ok(plan.before(case.live.answers()))
    }

    /// What is committed before the write is sent.
    pub(crate) fn keep(&self, case: &Case, image: &Image) -> Keep {
        Keep {
            image: image.stored(),
            ..self.keep_whole(case, case.manner.undoes())
        }
    }

    /// The same for a call of several steps, which has no image of its own.
    pub(crate) fn keep_whole(&self, case: &Case, undoes: Option<String>) -> Keep {
        let days = Millis::from(self.0.keeping.days());
        Keep {
            parent: case.manner.whole(),
            workspace: case.principal.workspace.clone(),
            asker: match case.origin {
                Origin::Discord { user, .. } => Some(user),
                _ => None,
            },
            expires_at: self.0.clock.now_ms().saturating_add(days * DAY_MS),
            image: Value::Null,
            undoes,
        }
    }
}

/// The image before the write, and after it once Discord has answered.
pub(crate) fn image(arguments: &Map<String, Value>, kept: Kept) -> Image {
    Image {
        arguments: without_files(arguments),
        kept,
    }
}

/// The image as it is kept once the write has happened.
pub(crate) fn finished(image: &Image, plan: &WritePlan, answer: &Value) -> Value {
    let kept = plan.keep(image.kept.at, image.kept.before.clone(), answer);
    Image {
        arguments: image.arguments.clone(),
        kept,
    }
    .stored()
}

/// Files are not needed to take a message back, and they are large.
fn without_files(arguments: &Map<String, Value>) -> Map<String, Value> {
    let mut arguments = arguments.clone();
    if let Some(Value::Array(files)) = arguments.get_mut("files") {
        for file in files {
            *file = json!({ "filename": file["filename"], "text": "-" });
        }
    }
    arguments
}
