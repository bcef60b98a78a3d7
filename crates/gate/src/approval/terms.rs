//! From the policy's way of asking to the terms of one approval: who, where, until when.

use model::{
    Millis, Origin, Reason,
    approval::{Address, Escalation, Panel, Terms},
};
use policy::{Approval as Way, Policy, PostTo};

use super::people::Asking;

/// Direct messages that one approval may send.
const DIRECT_MESSAGES: usize = 10;
const MINUTE_MS: Millis = 60 * 1_000;

/// The way whose people may decide too, once nobody has for long enough.
pub(crate) fn later<'a>(policy: &'a Policy, way: &Way) -> Option<&'a Way> {
    policy.approvals.get(way.escalate_to.as_ref()?)
}

/// The terms of an approval that is asked for at `now`, and when it expires.
pub(crate) fn terms(asking: &Asking, origin: Origin, now: Millis) -> (Terms, Millis) {
    let way = &asking.way;
    let after = |minutes: u32| now.saturating_add(i64::from(minutes) * MINUTE_MS);
    let escalation = match (&asking.later, way.escalate_after_minutes) {
        (Some(later), Some(minutes)) => Some(Escalation {
            at: after(minutes),
            panel: panel(later),
            // Where it leads nowhere, more people may decide all the same.
            to: addresses(later, origin).unwrap_or_default(),
        }),
        _ => None,
    };
    let terms = Terms {
        name: asking.name.clone(),
        quorum: u32::from(way.quorum),
        panel: panel(way),
        remind_at: way.remind_after_minutes.map(after),
        escalation,
    };
    (terms, after(way.expires_minutes))
}

/// Who may decide.
pub(crate) fn panel(way: &Way) -> Panel {
    Panel {
        roles: way.roles.clone(),
        users: way.users.clone(),
    }
}

/// Whether today's policy asks the same people in the same number.
pub(crate) fn are_the_same(terms: &Terms, name: &str, way: &Way, later: Option<&Way>) -> bool {
    terms.name == name
        && terms.quorum == u32::from(way.quorum)
        && terms.panel == panel(way)
        && match (&terms.escalation, later) {
            (None, _) => true,
            (Some(escalation), Some(later)) => escalation.panel == panel(later),
            (Some(_), None) => false,
        }
}

/// Whether the policy still has this way of asking as it was.
pub(crate) fn still_stand(terms: &Terms, policy: &Policy) -> bool {
    policy
        .approvals
        .get(&terms.name)
        .is_some_and(|way| are_the_same(terms, &terms.name, way, later(policy, way)))
}

/// Where the question goes.
pub(crate) fn addresses(way: &Way, origin: Origin) -> Result<Vec<Address>, Reason> {
    let nowhere = |message: &str| {
        Reason::new("nowhere_to_ask", message.to_owned())
            .with_hint("the operator can set `channel` for this approval in the policy")
    };
    match way.post_to {
        PostTo::Channel => way
            .channel
            .map(|channel| vec![Address::Channel(channel)])
            .ok_or_else(|| nowhere("the policy names no channel in which to ask")),
        PostTo::ThreadOfOrigin => {
            let origin = match origin {
                Origin::Discord { channel, .. } => channel,
                _ => None,
            };
            origin
                .or(way.channel)
                .map(|channel| vec![Address::Channel(channel)])
                .ok_or_else(|| {
                    nowhere("the policy asks where the call came from, and that is not in Discord")
                })
        }
        PostTo::DirectMessage if way.users.is_empty() => {
            Err(nowhere("the policy names nobody to write to"))
        }
        PostTo::DirectMessage => Ok(way
            .users
            .iter()
            .take(DIRECT_MESSAGES)
            .map(|user| Address::User(*user))
            .collect()),
    }
}
