//! How an approval goes from state to state: every reachable state of a small world, with every event
//! in each, and the laws that hold in all of them.

use std::collections::{BTreeSet, HashSet, VecDeque};

use gate::{Ballot, Effect, Event, Ignored, Voter, VoterKind, step};
use model::{
    Id, Millis, Origin, Principal, Risk,
    approval::{
        Address, Approval, Choice, Demand, Escalation, HeldCall, Panel, Post, State, Terms, Via,
    },
};

const START: Millis = 1_000_000;
const MINUTE: Millis = 60_000;
const EXPIRES: Millis = START + 30 * MINUTE;

const ROLE: u64 = 90;
const LATER_ROLE: u64 = 95;
const ASKER: u64 = 7;
/// Two of the panel, one by role and one by name; one of the later panel; and strangers.
const BY_ROLE: u64 = 1;
const BY_NAME: u64 = 2;
const LATER: u64 = 3;
const STRANGER: u64 = 4;
const BOT: u64 = 5;
/// Of those who must agree as well where the policy asks twice about one whole, as must `BY_NAME`.
const OWNER: u64 = 6;
const OWNER_ROLE: u64 = 97;

fn id<K>(n: u64) -> Id<K> {
    Id::new(n).unwrap()
}

fn post(channel: u64) -> Post {
    Post {
        to: Address::Channel(id(channel)),
        channel_id: None,
        message_id: None,
        created_at: START,
        shown: None,
        shown_votes: 0,
        failures: 0,
    }
}

fn approval(quorum: u32) -> Approval {
    Approval {
        id: "a".to_owned(),
        revision: 0,
        state: State::Posting,
        call: HeldCall {
            call_id: "c".to_owned(),
            principal: Principal::local_operator(),
            confirmer: "local".to_owned(),
            agent: None,
            session: None,
            origin: Origin::Discord {
                user: id(ASKER),
                channel: None,
            },
            tool: "discord_delete_channel".to_owned(),
            risk: Risk::Destructive,
            arguments: Some(serde_json::Map::new()),
            digest: "d".to_owned(),
            idempotency_key: None,
            fingerprint: "f".to_owned(),
            planned_at: START,
            policy_version: "p".to_owned(),
            guild_id: None,
            channel_id: None,
            requesters: vec![id(ASKER)],
            request: "DELETE /channels/1".to_owned(),
            change: vec!["words".to_owned()],
            reason: None,
            reversible: false,
            steps: vec!["a step".to_owned()],
        },
        terms: Terms {
            name: "moderators".to_owned(),
            quorum,
            panel: Panel {
                roles: BTreeSet::from([id(ROLE)]),
                users: BTreeSet::from([id(BY_NAME), id(ASKER)]),
            },
            remind_at: Some(START + 10 * MINUTE),
            escalation: Some(Escalation {
                at: START + 20 * MINUTE,
                panel: Panel {
                    roles: BTreeSet::from([id(LATER_ROLE)]),
                    users: BTreeSet::new(),
                },
                to: vec![Address::Channel(id(11))],
            }),
            also: Vec::new(),
        },
        posts: vec![post(10)],
        votes: Vec::new(),
        button: "secret".to_owned(),
        created_at: START,
        expires_at: EXPIRES,
        reminded_at: None,
        escalated_at: None,
        granted_at: None,
        ended_at: None,
        reason: None,
        outbox_id: None,
        collected_at: None,
        look_at: Some(START),
        response: None,
    }
}

/// Of a whole about which the policy asks twice.
fn asked_twice() -> Approval {
    let mut whole = approval(1);
    whole.terms.also = vec![Demand {
        name: "owners".to_owned(),
        quorum: 1,
        panel: Panel {
            roles: BTreeSet::from([id(OWNER_ROLE)]),
            users: BTreeSet::from([id(BY_NAME)]),
        },
        later: None,
    }];
    whole
}

/// Of a call that only reads.
fn of_a_read() -> Approval {
    let mut read = approval(1);
    read.call.risk = Risk::Read;
    read
}

fn said(user: u64, role: Option<u64>, kind: VoterKind, choice: Choice) -> Event {
    Event::Said(Ballot {
        voter: Voter {
            user: id(user),
            kind,
            roles: role.map(id).into_iter().collect(),
        },
        choice,
        via: Via::Button,
    })
}

fn events() -> Vec<Event> {
    let mut events = vec![
        Event::Posted {
            post: 0,
            channel: id(10),
            message: id(100),
        },
        Event::Posted {
            post: 1,
            channel: id(11),
            message: id(101),
        },
        Event::NotPosted {
            post: 0,
            why: "forbidden".to_owned(),
        },
        Event::NotPosted {
            post: 1,
            why: "forbidden".to_owned(),
        },
        Event::NotShown { post: 0 },
        Event::Tick,
        Event::Attend,
        Event::Cancel {
            why: "an operator".to_owned(),
        },
        Event::NotDone {
            why: "the plan changed".to_owned(),
        },
        Event::Later,
        Event::Collected,
        Event::Fetched,
    ];
    for choice in [Choice::Approve, Choice::Deny] {
        use VoterKind::{Machine, Person};
        events.extend([
            said(BY_ROLE, Some(ROLE), Person, choice),
            // The role was taken away.
            said(BY_ROLE, None, Person, choice),
            said(BY_NAME, None, Person, choice),
            said(LATER, Some(LATER_ROLE), Person, choice),
            said(STRANGER, Some(12), Person, choice),
            said(ASKER, Some(ROLE), Person, choice),
            said(BOT, Some(ROLE), Machine, choice),
            said(OWNER, Some(OWNER_ROLE), Person, choice),
        ]);
    }
    events
}

/// What the store does in the transaction of the outbox row.
fn begun(approval: &Approval) -> Option<Approval> {
    let begins = approval.state == State::Granted && !approval.call.is_fetched();
    begins.then(|| Approval {
        state: State::Executing,
        outbox_id: Some("row".to_owned()),
        look_at: None,
        ..approval.clone()
    })
}

fn finished(approval: &Approval, now: Millis) -> Vec<Approval> {
    let ends = [State::Done, State::Failed, State::Unknown];
    let end = |state| Approval {
        state,
        ended_at: Some(now),
        look_at: Some(now),
        ..approval.clone()
    };
    match approval.state {
        State::Executing => ends.map(end).to_vec(),
        _ => Vec::new(),
    }
}

/// Moments at which something may be due.
const MOMENTS: [Millis; 7] = [
    START,
    START + 4 * MINUTE,
    START + 10 * MINUTE,
    START + 20 * MINUTE,
    EXPIRES - 1,
    EXPIRES,
    EXPIRES + 60 * MINUTE,
];

/// What tells two states apart: not when something happened, only whether.
fn key(approval: &Approval, moment: usize) -> String {
    let votes: Vec<_> = approval
        .votes
        .iter()
        .map(|vote| (vote.user, vote.choice, &vote.counts_for))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let posts: Vec<_> = approval
        .posts
        .iter()
        .map(|post| {
            (
                post.message_id.is_some(),
                post.shown,
                post.shown_votes,
                post.failures.min(2),
            )
        })
        .collect();
    format!(
        "{moment} {:?} {votes:?} {posts:?} {} {} {} {}",
        approval.state,
        approval.reminded_at.is_some(),
        approval.escalated_at.is_some(),
        approval.collected_at.is_some(),
        approval.call.arguments.is_some(),
    )
}

#[test]
fn the_laws_hold_in_every_reachable_state() {
    let mut states = 0;
    let mut steps = 0;
    for first in [approval(1), approval(2), asked_twice(), of_a_read()] {
        let mut seen = HashSet::from([key(&first, 0)]);
        let mut queue = VecDeque::from([(first, 0)]);
        while let Some((before, moment)) = queue.pop_front() {
            states += 1;
            let now = MOMENTS[moment];
            let mut next = Vec::new();
            for event in events() {
                steps += 1;
                if let Ok((after, effect)) = step(&before, &event, now) {
                    law(&before, &event, &after, effect, now);
                    next.push((after, moment));
                }
            }
            next.extend(begun(&before).map(|after| (after, moment)));
            next.extend(
                finished(&before, now)
                    .into_iter()
                    .map(|after| (after, moment)),
            );
            if moment + 1 < MOMENTS.len() {
                next.push((before, moment + 1));
            }
            for (after, moment) in next {
                if seen.insert(key(&after, moment)) {
                    queue.push_back((after, moment));
                }
            }
        }
    }
    assert!(
        states > 3_000,
        "{states} states and {steps} steps are too few to mean anything"
    );
}

fn law(before: &Approval, event: &Event, after: &Approval, effect: Effect, now: Millis) {
    let said = format!("{event:?} at {now}: {before:?} -> {after:?}");
    // One end, and it stays.
    if !before.state.is_open() {
        assert_eq!(after.state, before.state, "{said}");
        assert_eq!(after.votes, before.votes, "{said}");
        assert_eq!(after.ended_at, before.ended_at, "{said}");
    }
    assert_eq!(after.ended_at.is_some(), !after.state.is_open(), "{said}");
    // The machine never begins or ends what the outbox begins and ends.
    if after.state == State::Done && before.state != State::Done {
        assert_eq!(event, &Event::Fetched, "{said}");
        // What only reads is read once, by whoever asked, after people agreed.
        assert!(
            before.call.is_fetched() && before.state == State::Granted,
            "{said}"
        );
        assert!(after.collected_at.is_some(), "{said}");
    } else if after.state != before.state {
        assert!(
            !matches!(
                after.state,
                State::Posting | State::Executing | State::Done | State::Unknown
            ),
            "{said}"
        );
        assert_ne!(before.state, State::Executing, "{said}");
    }
    // A yes: enough different people of the panel, none of whom asked, before it expired.
    if after.state == State::Granted && before.state != State::Granted {
        let yes: BTreeSet<u64> = after
            .votes
            .iter()
            .filter(|vote| vote.choice == Choice::Approve)
            .map(|vote| vote.user.get())
            .collect();
        let of = |people: &[u64]| yes.iter().filter(|user| people.contains(user)).count();
        let panel = [BY_ROLE, BY_NAME, LATER];
        assert!(of(&panel) >= after.terms.quorum as usize, "{said}");
        let twice = !after.terms.also.is_empty();
        assert!(!twice || of(&[OWNER, BY_NAME]) >= 1, "{said}");
        assert!(twice || of(&[OWNER]) == 0, "{said}");
        assert!(now < after.expires_at, "{said}");
        assert!(
            !yes.contains(&ASKER) && !yes.contains(&STRANGER) && !yes.contains(&BOT),
            "{said}"
        );
        assert!(
            !yes.contains(&LATER) || after.escalated_at.is_some(),
            "{said}"
        );
        assert!(
            after
                .votes
                .iter()
                .all(|vote| vote.choice == Choice::Approve),
            "{said}"
        );
    }
    // One no ends it.
    if after.votes.iter().any(|vote| vote.choice == Choice::Deny) {
        assert_eq!(after.state, State::Refused, "{said}");
    }
    // Time means no.
    if before.state == State::Pending && now >= before.expires_at {
        assert_eq!(after.state, State::Expired, "{said}");
        assert_eq!(after.votes, before.votes, "{said}");
    }
    // Somebody looks again at whatever is not at its end, unless the outbox does.
    if after.state.is_open() && after.state != State::Executing {
        assert!(after.look_at.is_some(), "{said}");
    }
    // Reminded once.
    if effect == Effect::Remind {
        assert!(
            before.reminded_at.is_none() && after.reminded_at.is_some(),
            "{said}"
        );
    }
    // Arguments stay for as long as they are needed, and no longer.
    if after.state.is_open() {
        assert!(after.call.arguments.is_some(), "{said}");
    } else if after.look_at.is_none() {
        assert!(
            after.call.arguments.is_none()
                && after.call.change.is_empty()
                && after.call.steps.is_empty(),
            "{said}"
        );
    }
}

fn pending() -> Approval {
    let posted = Event::Posted {
        post: 0,
        channel: id(10),
        message: id(100),
    };
    step(&approval(1), &posted, START).unwrap().0
}

fn why(approval: &Approval, event: &Event) -> Ignored {
    step(approval, event, START).unwrap_err()
}

#[test]
fn who_may_not_decide_is_told_why() {
    use VoterKind::{Machine, Person};
    let yes = Choice::Approve;
    let pending = pending();
    let cases = [
        (said(STRANGER, Some(12), Person, yes), Ignored::NotEntitled),
        (said(BY_ROLE, None, Person, yes), Ignored::NotEntitled),
        (
            said(LATER, Some(LATER_ROLE), Person, yes),
            Ignored::NotEntitled,
        ),
        (said(ASKER, Some(ROLE), Person, yes), Ignored::Requester),
        (said(BY_ROLE, Some(ROLE), Machine, yes), Ignored::NotAPerson),
    ];
    for (event, expected) in cases {
        assert_eq!(why(&pending, &event), expected, "{event:?}");
    }
    let good = said(BY_ROLE, Some(ROLE), Person, yes);
    assert_eq!(why(&approval(1), &good), Ignored::NotYet);
    let granted = step(&pending, &good, START).unwrap().0;
    assert_eq!(granted.state, State::Granted);
    assert_eq!(why(&granted, &good), Ignored::Over(State::Granted));
}

#[test]
fn a_quorum_counts_different_people() {
    use VoterKind::Person;
    let mut waiting = Approval {
        terms: Terms {
            quorum: 2,
            ..pending().terms
        },
        ..pending()
    };
    let first = said(BY_ROLE, Some(ROLE), Person, Choice::Approve);
    waiting = step(&waiting, &first, START).unwrap().0;
    assert_eq!(waiting.state, State::Pending);
    assert_eq!(why(&waiting, &first), Ignored::Counted);
    let second = said(BY_NAME, None, Person, Choice::Approve);
    let granted = step(&waiting, &second, START).unwrap().0;
    assert_eq!(granted.state, State::Granted);
    // Whoever agreed may think again.
    let no = said(BY_ROLE, Some(ROLE), Person, Choice::Deny);
    assert_eq!(step(&waiting, &no, START).unwrap().0.state, State::Refused);
}

#[test]
fn a_whole_that_is_asked_about_twice_needs_a_yes_of_both() {
    use VoterKind::Person;
    let posted = Event::Posted {
        post: 0,
        channel: id(10),
        message: id(100),
    };
    let waiting = step(&asked_twice(), &posted, START).unwrap().0;
    let yes = |user, role| said(user, role, Person, Choice::Approve);
    let state = |approval: &Approval| approval.state;
    // Neither alone, however many of the same kind.
    let moderator = step(&waiting, &yes(BY_ROLE, Some(ROLE)), START).unwrap().0;
    assert_eq!(state(&moderator), State::Pending);
    let third = yes(9, Some(ROLE));
    assert_eq!(
        state(&step(&moderator, &third, START).unwrap().0),
        State::Pending
    );
    let owner = yes(OWNER, Some(OWNER_ROLE));
    let both = step(&moderator, &owner, START).unwrap().0;
    assert_eq!(state(&both), State::Granted);
    // Whoever is one of both says it once.
    let one = step(&waiting, &yes(BY_NAME, None), START).unwrap().0;
    assert_eq!(state(&one), State::Granted);
    // Whoever becomes one of the others says it again, and that counts.
    assert_eq!(why(&moderator, &yes(BY_ROLE, Some(ROLE))), Ignored::Counted);
    let promoted = step(&moderator, &yes(BY_ROLE, Some(OWNER_ROLE)), START)
        .unwrap()
        .0;
    assert_eq!(state(&promoted), State::Granted);
    assert_eq!(promoted.votes.len(), 1);
    // A no of either ends it.
    let no = said(OWNER, Some(OWNER_ROLE), Person, Choice::Deny);
    assert_eq!(
        state(&step(&moderator, &no, START).unwrap().0),
        State::Refused
    );
}

#[test]
fn what_was_posted_nowhere_waits_for_nobody() {
    let event = Event::NotPosted {
        post: 0,
        why: "the bot lacks SEND_MESSAGES".to_owned(),
    };
    let after = step(&approval(1), &event, START).unwrap().0;
    assert_eq!(after.state, State::Cancelled);
    assert_eq!(after.reason.as_deref(), Some("the bot lacks SEND_MESSAGES"));
    assert_eq!(after.look_at, None);
}
