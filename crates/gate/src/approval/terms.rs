//! From the policy's way of asking to the terms of one approval: who, where, until when.
//!
//! Where several entries ask about one whole, the strictest of each counts: every entry must be
//! satisfied by people of its own in its own number, the whole expires when the first of them would,
//! and more people may decide only once all that escalate would have.

use model::{
    Millis, Origin, Reason,
    approval::{Address, Demand, Escalation, Panel, Terms},
};
use policy::{Approval as Way, Policy, PostTo};

use super::people::{Asking, Askings};

/// Direct messages that one entry may send.
const DIRECT_MESSAGES: usize = 10;
/// Messages that ask about one call.
const MESSAGES: usize = 25;
const MINUTE_MS: Millis = 60 * 1_000;

/// The way whose people may decide too, once nobody has for long enough.
pub(crate) fn later<'a>(policy: &'a Policy, way: &Way) -> Option<&'a Way> {
    policy.approvals.get(way.escalate_to.as_ref()?)
}

/// The terms of an approval that is asked for at `now`, and when it expires.
pub(crate) fn terms(askings: &Askings, origin: Origin, now: Millis) -> (Terms, Millis) {
    let after = |minutes: u32| now.saturating_add(i64::from(minutes) * MINUTE_MS);
    let first = &askings.first;
    let escalating = || askings.iter().filter_map(escalating);
    let escalation = escalating().map(|(_, minutes)| after(minutes)).max();
    let escalation = escalation.map(|at| Escalation {
        at,
        panel: escalating_panel(first).unwrap_or_default(),
        // Where it leads nowhere, more people may decide all the same.
        to: each_once(
            escalating().flat_map(|(later, _)| way_to(later, origin).unwrap_or_default()),
        ),
    });
    let also = askings.also.iter().map(|asking| Demand {
        name: asking.name.clone(),
        quorum: u32::from(asking.way.quorum),
        panel: panel(&asking.way),
        later: escalating_panel(asking),
    });
    let reminders = askings.iter().filter_map(|it| it.way.remind_after_minutes);
    let terms = Terms {
        name: first.name.clone(),
        quorum: u32::from(first.way.quorum),
        panel: panel(&first.way),
        remind_at: reminders.map(after).min(),
        escalation,
        also: also.collect(),
    };
    let expires = askings.iter().map(|it| it.way.expires_minutes).min();
    (terms, after(expires.unwrap_or(first.way.expires_minutes)))
}

/// To whom it goes later, and after how many minutes.
fn escalating(asking: &Asking) -> Option<(&Way, u32)> {
    Some((asking.later.as_ref()?, asking.way.escalate_after_minutes?))
}

fn escalating_panel(asking: &Asking) -> Option<Panel> {
    escalating(asking).map(|(later, _)| panel(later))
}

/// Who may decide.
fn panel(way: &Way) -> Panel {
    Panel {
        roles: way.roles.clone(),
        users: way.users.clone(),
    }
}

/// Whether those whom today's policy asks are among those who were asked, in the same number.
pub(crate) fn cover(terms: &Terms, asking: &Asking) -> bool {
    covers(terms, &asking.name, &asking.way, asking.later.as_ref())
}

fn covers(terms: &Terms, name: &str, way: &Way, later: Option<&Way>) -> bool {
    let escalation = terms.escalation.as_ref().map(|it| &it.panel);
    let first = (&terms.name, terms.quorum, &terms.panel, escalation);
    let also = terms.also.iter();
    let also = also.map(|it| (&it.name, it.quorum, &it.panel, it.later.as_ref()));
    let later = later.map(panel).unwrap_or_default();
    std::iter::once(first)
        .chain(also)
        .any(|(known, quorum, people, later_then)| {
            known == name
                && quorum == u32::from(way.quorum)
                && *people == panel(way)
                && later_then.is_none_or(|then| *then == later)
        })
}

/// Whether the policy still has these ways of asking as they were.
pub(crate) fn still_stand(terms: &Terms, policy: &Policy) -> bool {
    let also = terms.also.iter().map(|it| &it.name);
    std::iter::once(&terms.name).chain(also).all(|name| {
        let way = policy.approvals.get(name);
        way.is_some_and(|way| covers(terms, name, way, later(policy, way)))
    })
}

/// Where the question goes: for each entry at least one place, as long as there is room.
pub(crate) fn addresses(askings: &Askings, origin: Origin) -> Result<Vec<Address>, Reason> {
    let mut firsts = Vec::new();
    let mut others = Vec::new();
    for asking in askings.iter() {
        let mut to = way_to(&asking.way, origin)?.into_iter();
        firsts.extend(to.next());
        others.extend(to);
    }
    Ok(each_once(firsts.into_iter().chain(others)))
}

fn each_once(addresses: impl Iterator<Item = Address>) -> Vec<Address> {
    let mut all = Vec::new();
    for to in addresses {
        if !all.contains(&to) && all.len() < MESSAGES {
            all.push(to);
        }
    }
    all
}

/// Where one way of asking leads.
fn way_to(way: &Way, origin: Origin) -> Result<Vec<Address>, Reason> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
        [approvals.moderators]
        post_to = "channel"
        channel = "10"
        roles = ["1"]
        quorum = 2
        expires_minutes = 60
        remind_after_minutes = 20
        escalate_after_minutes = 30
        escalate_to = "owners"

        [approvals.owners]
        post_to = "direct_message"
        users = ["7", "8"]
        expires_minutes = 15

        [approvals.guards]
        post_to = "channel"
        channel = "10"
        roles = ["3"]
        expires_minutes = 90
        remind_after_minutes = 10
        escalate_after_minutes = 50
        escalate_to = "owners"
    "#;

    fn policy() -> Policy {
        toml::from_str(POLICY).unwrap()
    }

    fn asking(policy: &Policy, name: &str) -> Asking {
        let way = policy.approvals[name].clone();
        Asking {
            name: name.to_owned(),
            later: later(policy, &way).cloned(),
            way,
        }
    }

    fn askings(policy: &Policy, names: &[&str]) -> Askings {
        Askings::of(names.iter().map(|name| asking(policy, name))).unwrap()
    }

    #[test]
    fn the_strictest_of_all_that_ask_counts() {
        let policy = policy();
        let all = askings(&policy, &["moderators", "owners", "guards", "moderators"]);
        let (terms, expires_at) = terms(&all, Origin::Stdio, 0);
        // Each must be satisfied, in its own number; asked twice is asked once.
        let also: Vec<_> = terms.also.iter().map(|it| (&*it.name, it.quorum)).collect();
        assert_eq!((terms.name.as_str(), terms.quorum), ("moderators", 2));
        assert_eq!(also, [("owners", 1), ("guards", 1)]);
        // The earliest end and the earliest reminder; more people only when all would have more.
        assert_eq!(expires_at, 15 * MINUTE_MS);
        assert_eq!(terms.remind_at, Some(10 * MINUTE_MS));
        let escalation = terms.escalation.unwrap();
        assert_eq!(escalation.at, 50 * MINUTE_MS);
        assert_eq!(escalation.panel, panel(&policy.approvals["owners"]));
        assert!(terms.also[0].later.is_none() && terms.also[1].later.is_some());
        // Each place once, and each entry has one before any has two.
        let to = addresses(&all, Origin::Stdio).unwrap();
        let user = |n| Address::User(model::UserId::new(n).unwrap());
        let bench = Address::Channel(model::ChannelId::new(10).unwrap());
        assert_eq!(to, [bench, user(7), user(8)]);
    }

    #[test]
    fn a_yes_covers_whom_it_was_asked_of_and_nobody_else() {
        let policy = policy();
        let (both, _) = terms(
            &askings(&policy, &["moderators", "guards"]),
            Origin::Stdio,
            0,
        );
        assert!(cover(&both, &asking(&policy, "moderators")));
        assert!(cover(&both, &asking(&policy, "guards")));
        assert!(!cover(&both, &asking(&policy, "owners")));
        assert!(still_stand(&both, &policy));
        for change in [
            ("quorum = 2", "quorum = 1"),
            ("roles = [\"1\"]", "roles = [\"1\", \"2\"]"),
            ("roles = [\"3\"]", "roles = [\"4\"]"),
            ("users = [\"7\", \"8\"]", "users = [\"7\"]"),
        ] {
            let other: Policy = toml::from_str(&POLICY.replace(change.0, change.1)).unwrap();
            assert!(!still_stand(&both, &other), "{change:?}");
        }
    }
}
