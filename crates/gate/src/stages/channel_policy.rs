//! Check 5: the channels may be used; threads count with their parent and category.

use policy::{Judge, Question, Ruling};

/// Judge by the operator's lists.
pub(crate) fn channel_policy(judge: &dyn Judge, question: &Question<'_>) -> Ruling {
    judge.channels(question)
}
