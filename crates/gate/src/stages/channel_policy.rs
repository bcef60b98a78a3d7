//! Check 5: the channels may be used; threads count with their parent and category. Where the audit
//! is mirrored to is closed, whatever the lists say.

use policy::{Judge, Question, Ruling};

use super::deny;
use crate::{home::Home, mirror};

/// Judge by the operator's lists.
pub(crate) fn channel_policy(judge: &dyn Judge, question: &Question<'_>, home: &Home) -> Ruling {
    match home.closes(question.spots) {
        Some(channel) => deny(mirror::closed_reason(channel)),
        None => judge.channels(question),
    }
}
