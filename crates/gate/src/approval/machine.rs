//! How an approval goes from state to state: one pure function. Time, people and chance come in as
//! events; what is stored and sent follows from what comes out.

use std::collections::BTreeSet;

use model::{
    Millis, RoleId, UserId,
    approval::{Address, Approval, Choice, Post, State, Via, Vote},
    id::{ChannelId, MessageId},
};

use super::demands::{demands, entitled};

/// How long a message may take to be posted: as long as Discord recognises a repetition of it, so
/// that a second try cannot make a second message.
pub(crate) const POSTING_LIFE_MS: Millis = 3 * 60 * 1_000;
/// After this long somebody else may try to post what its maker did not finish. Longer than one
/// request may take.
pub(crate) const POST_AGAIN_MS: Millis = 40 * 1_000;
/// How long a yes is good for. It is carried out at once; this is for what stands in the way.
pub(crate) const GRANT_LIFE_MS: Millis = 15 * 60 * 1_000;
/// How long whoever asked may come for what it may read.
pub(crate) const FETCH_LIFE_MS: Millis = 60 * 60 * 1_000;
/// How long others leave alone what somebody attends to. Longer than one request may take.
pub(crate) const ATTENDED_MS: Millis = 40 * 1_000;
/// Pause before what is granted is tried again, or a message edited again.
pub(crate) const AGAIN_MS: Millis = 5 * 1_000;
/// A message that could not be edited so often stays as it is.
pub(crate) const FAILURES_MAX: u32 = 8;

/// Something that happens to an approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A message that asks is in Discord.
    Posted {
        post: usize,
        channel: ChannelId,
        message: MessageId,
    },
    /// A message that asks could not be sent, and will not be.
    NotPosted { post: usize, why: String },
    /// A message shows this state now, or never will.
    Shown {
        post: usize,
        state: State,
        votes: usize,
    },
    /// Editing a message went wrong.
    NotShown { post: usize },
    /// Somebody said something.
    Said(Ballot),
    /// Somebody attends to it now; others leave it alone for a while.
    Attend,
    /// Time passed.
    Tick,
    /// The asker, an operator or the policy takes it back.
    Cancel { why: String },
    /// It is granted, and still it will not be carried out.
    NotDone { why: String },
    /// It is granted, and something that passes stands in the way.
    Later,
    /// It is granted and only reads, and whoever asked has its answer.
    Fetched,
    /// The asker got its end.
    Collected,
}

/// What somebody said, as Discord told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ballot {
    pub voter: Voter,
    pub choice: Choice,
    pub via: Via,
}

/// Who said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voter {
    pub user: UserId,
    pub kind: VoterKind,
    /// Their roles at that moment, as the event itself says; none in direct messages.
    pub roles: Vec<RoleId>,
}

/// People decide; nobody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VoterKind {
    Person,
    /// A bot, this one included, or a webhook.
    Machine,
}

/// Why an event changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    #[error("only people can approve")]
    NotAPerson,
    #[error("whoever asks for something cannot approve it")]
    Requester,
    #[error("this approval is for others to decide")]
    NotEntitled,
    #[error("your answer is counted already")]
    Counted,
    #[error("this is no longer open: it is {}", .0.as_str())]
    Over(State),
    #[error("its message is still on the way")]
    NotYet,
    #[error("nothing is due")]
    NothingDue,
}

/// What follows in Discord, beside showing the new state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    Nothing,
    /// Reply to the message once.
    Remind,
}

/// The approval after an event, or why it stays as it is.
///
/// # Errors
/// The event changes nothing, for this reason.
pub fn step(before: &Approval, event: &Event, now: Millis) -> Result<(Approval, Effect), Ignored> {
    let mut after = before.clone();
    // Time first: what comes too late is too late, whoever looks at the clock.
    if before.state == State::Pending && now >= before.expires_at {
        end(&mut after, State::Expired, "nobody decided in time", now);
        return Ok((settled(after, now), Effect::Nothing));
    }
    let effect = match event {
        Event::Posted {
            post,
            channel,
            message,
        } => posted(&mut after, *post, *channel, *message)?,
        Event::NotPosted { post, why } => not_posted(&mut after, *post, why, now)?,
        Event::Shown { post, state, votes } => shown(&mut after, *post, *state, *votes)?,
        Event::NotShown { post } => not_shown(&mut after, *post)?,
        Event::Said(ballot) => said(&mut after, ballot, now)?,
        Event::Tick => tick(&mut after, now)?,
        Event::Cancel { why } => match before.state {
            State::Posting | State::Pending | State::Granted => {
                end(&mut after, State::Cancelled, why, now);
                Effect::Nothing
            }
            over => return Err(Ignored::Over(over)),
        },
        Event::NotDone { why } => match before.state {
            State::Granted => {
                end(&mut after, State::Failed, why, now);
                Effect::Nothing
            }
            over => return Err(Ignored::Over(over)),
        },
        Event::Attend => {
            after.look_at = Some(now.saturating_add(ATTENDED_MS));
            return Ok((after, Effect::Nothing));
        }
        Event::Later if before.state == State::Granted => {
            after.look_at = Some(now.saturating_add(AGAIN_MS));
            return Ok((after, Effect::Nothing));
        }
        Event::Fetched if before.state == State::Granted && before.call.is_fetched() => {
            end(&mut after, State::Done, "read by whoever asked", now);
            after.collected_at = Some(now);
            Effect::Nothing
        }
        Event::Later | Event::Fetched => return Err(Ignored::Over(before.state)),
        Event::Collected => match (before.state.is_open(), before.collected_at) {
            (false, None) => {
                after.collected_at = Some(now);
                Effect::Nothing
            }
            _ => return Err(Ignored::NothingDue),
        },
    };
    Ok((settled(after, now), effect))
}

fn posted(
    after: &mut Approval,
    post: usize,
    channel: ChannelId,
    message: MessageId,
) -> Result<Effect, Ignored> {
    let Some(entry) = after.posts.get_mut(post) else {
        return Err(Ignored::NothingDue);
    };
    if entry.message_id.is_some() {
        return Err(Ignored::NothingDue);
    }
    entry.channel_id = Some(channel);
    entry.message_id = Some(message);
    entry.shown = Some(State::Pending);
    entry.failures = 0;
    if after.state == State::Posting {
        after.state = State::Pending;
    }
    Ok(Effect::Nothing)
}

/// One message that reaches people is enough; where none does, nothing waits.
fn not_posted(
    after: &mut Approval,
    post: usize,
    why: &str,
    now: Millis,
) -> Result<Effect, Ignored> {
    let Some(entry) = after.posts.get_mut(post) else {
        return Err(Ignored::NothingDue);
    };
    if entry.message_id.is_some() || given_up(entry) {
        return Err(Ignored::NothingDue);
    }
    entry.failures = FAILURES_MAX;
    if after.state == State::Posting && after.posts.iter().all(given_up) {
        end(after, State::Cancelled, why, now);
    }
    Ok(Effect::Nothing)
}

/// Whether a message will never be sent.
pub(crate) fn given_up(post: &Post) -> bool {
    post.message_id.is_none() && post.failures >= FAILURES_MAX
}

fn shown(after: &mut Approval, post: usize, state: State, votes: usize) -> Result<Effect, Ignored> {
    match after.posts.get_mut(post) {
        Some(entry) if entry.shown != Some(state) || entry.shown_votes != votes => {
            entry.shown = Some(state);
            entry.shown_votes = votes;
            entry.failures = 0;
            Ok(Effect::Nothing)
        }
        _ => Err(Ignored::NothingDue),
    }
}

fn not_shown(after: &mut Approval, post: usize) -> Result<Effect, Ignored> {
    let (state, votes) = (after.state, after.votes.len());
    let Some(entry) = after.posts.get_mut(post) else {
        return Err(Ignored::NothingDue);
    };
    entry.failures += 1;
    if entry.failures >= FAILURES_MAX {
        entry.shown = Some(state);
        entry.shown_votes = votes;
        entry.failures = 0;
    }
    Ok(Effect::Nothing)
}

fn said(after: &mut Approval, ballot: &Ballot, now: Millis) -> Result<Effect, Ignored> {
    match after.state {
        State::Posting => return Err(Ignored::NotYet),
        State::Pending => {}
        over => return Err(Ignored::Over(over)),
    }
    let voter = &ballot.voter;
    if voter.kind != VoterKind::Person {
        return Err(Ignored::NotAPerson);
    }
    if after.call.requesters.contains(&voter.user) {
        return Err(Ignored::Requester);
    }
    let counts_for: BTreeSet<String> = demands(after)
        .filter(|demand| demand.panels().any(|panel| entitled(panel, voter)))
        .map(|demand| demand.name.to_owned())
        .collect();
    if counts_for.is_empty() {
        return Err(Ignored::NotEntitled);
    }
    let mut vote = Vote {
        user: voter.user,
        choice: ballot.choice,
        via: ballot.via,
        at: now,
        counts_for,
    };
    match after.votes.iter_mut().find(|vote| vote.user == voter.user) {
        Some(known) if known.choice == ballot.choice => {
            if vote.counts_for.is_subset(&known.counts_for) {
                return Err(Ignored::Counted);
            }
            // Said again by somebody who has become one of the others who are asked too.
            vote.counts_for.extend(known.counts_for.iter().cloned());
            *known = vote;
        }
        Some(known) => *known = vote,
        None => after.votes.push(vote),
    }
    if ballot.choice == Choice::Deny {
        end(after, State::Refused, "a person said no", now);
    } else if demands(after).all(|demand| demand.missing(after) == 0) {
        after.state = State::Granted;
        after.granted_at = Some(now);
    }
    Ok(Effect::Nothing)
}

/// How many said yes.
pub(crate) fn yes(approval: &Approval) -> u32 {
    let votes = approval.votes.iter();
    let yes = votes.filter(|vote| vote.choice == Choice::Approve).count();
    u32::try_from(yes).unwrap_or(u32::MAX)
}

fn tick(after: &mut Approval, now: Millis) -> Result<Effect, Ignored> {
    match after.state {
        State::Posting if now >= after.created_at.saturating_add(POSTING_LIFE_MS) => {
            end(
                after,
                State::Cancelled,
                "its message could not be posted",
                now,
            );
            Ok(Effect::Nothing)
        }
        State::Granted if now >= good_until(after, now) => {
            let why = if after.call.is_fetched() {
                "whoever asked did not come for it in time"
            } else {
                "it could not be carried out in time"
            };
            end(after, State::Failed, why, now);
            Ok(Effect::Nothing)
        }
        State::Pending => {
            if let Some(escalation) = &after.terms.escalation
                && after.escalated_at.is_none()
                && now >= escalation.at
            {
                after.escalated_at = Some(now);
                after
                    .posts
                    .extend(escalation.to.iter().map(|to| post(*to, now)));
                return Ok(Effect::Nothing);
            }
            if after.reminded_at.is_none() && after.terms.remind_at.is_some_and(|at| now >= at) {
                after.reminded_at = Some(now);
                return Ok(Effect::Remind);
            }
            Err(Ignored::NothingDue)
        }
        _ => Err(Ignored::NothingDue),
    }
}

/// How long a yes is good.
fn good_until(approval: &Approval, now: Millis) -> Millis {
    let life = if approval.call.is_fetched() {
        FETCH_LIFE_MS
    } else {
        GRANT_LIFE_MS
    };
    approval.granted_at.unwrap_or(now).saturating_add(life)
}

/// A message that is still to be sent.
pub(crate) fn post(to: Address, now: Millis) -> Post {
    Post {
        to,
        channel_id: None,
        message_id: None,
        created_at: now,
        shown: None,
        shown_votes: 0,
        failures: 0,
    }
}

fn end(after: &mut Approval, state: State, why: &str, now: Millis) {
    after.state = state;
    after.ended_at = Some(now);
    after.reason = Some(why.to_owned());
}

/// When somebody should look again, and what nobody needs any more.
fn settled(mut after: Approval, now: Millis) -> Approval {
    after.look_at = look_at(&after, now);
    if !after.state.is_open() && after.look_at.is_none() {
        after.call.arguments = None;
        after.call.change.clear();
        after.call.steps.clear();
    }
    after
}

/// Whether the message of a post shows something else than the state.
pub(crate) fn is_stale(approval: &Approval, post: &Post) -> bool {
    let (shown, votes) = (post.shown, post.shown_votes);
    post.message_id.is_some() && (shown != Some(approval.state) || votes != approval.votes.len())
}

fn look_at(approval: &Approval, now: Millis) -> Option<Millis> {
    let stale = approval
        .posts
        .iter()
        .filter(|post| is_stale(approval, post))
        .map(|post| match post.failures {
            0 => now,
            failures => now.saturating_add(AGAIN_MS << failures.min(FAILURES_MAX)),
        })
        .min();
    let unsent = approval
        .posts
        .iter()
        .filter(|post| post.message_id.is_none() && !given_up(post))
        .map(|post| post.created_at.saturating_add(POST_AGAIN_MS))
        .min();
    match approval.state {
        State::Posting => Some(approval.created_at.saturating_add(POST_AGAIN_MS)),
        State::Pending => {
            let escalation = approval.terms.escalation.as_ref();
            let escalate = escalation
                .filter(|_| approval.escalated_at.is_none())
                .map(|escalation| escalation.at);
            let remind = approval
                .terms
                .remind_at
                .filter(|_| approval.reminded_at.is_none());
            [Some(approval.expires_at), escalate, remind, unsent, stale]
                .into_iter()
                .flatten()
                .min()
        }
        State::Granted if approval.call.is_fetched() => {
            let until = good_until(approval, now);
            Some(stale.map_or(until, |stale| stale.min(until)))
        }
        State::Granted => Some(now),
        // The message says that people agreed; its end is shown when it comes.
        State::Executing => None,
        _ => stale,
    }
}
