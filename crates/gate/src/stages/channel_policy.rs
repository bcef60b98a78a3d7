//! Check 5: the channels may be used; threads count with their parent and category.

use policy::{Policy, Ruling, channels};

use crate::facts::Places;

/// Judge by the operator's lists.
pub(crate) fn channel_policy(policy: &Policy, places: &Places) -> Ruling {
    channels(policy, &places.lineages)
}
