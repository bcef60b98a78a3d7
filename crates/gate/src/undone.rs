//! What plans say of undoing, and how long what is needed for it is kept.

use catalogue::Undo;

use crate::answer::UndoNote;

/// For how many days a write can be undone, unless the operator says otherwise.
pub const UNDO_DAYS: u32 = 7;

/// A plan's note.
pub(crate) fn note(undo: Undo) -> UndoNote {
    let within_days = match undo {
        Undo::Yes | Undo::Partly { .. } => Some(UNDO_DAYS),
        Undo::No { .. } => None,
    };
    UndoNote { undo, within_days }
}
