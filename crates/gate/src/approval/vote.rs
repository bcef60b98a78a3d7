//! Hearing people: a pressed button, or words that name the short hash. What they say is journalled
//! before it comes here, and counts once for each person, however often it is read.

use model::{
    ChannelId, MessageId,
    approval::{Address, Approval, ApprovalFilter, Choice, Post, State, Via},
    ledger::StoreError,
};

use super::{
    ROOM,
    demands::demands,
    happen::Trouble,
    interact::Pressed,
    machine::{Ballot, Event, Ignored, Voter, VoterKind, yes},
    message, terms,
};
use crate::Gate;

/// Longest message that is looked at for words of approval, in characters.
const WORDS_MAX: usize = 200;
/// Characters of a name of the policy's.
const NAME: usize = 64;

/// A pressed button.
#[derive(Debug, Clone)]
pub struct Press {
    pub pressed: Pressed,
    pub voter: Voter,
    pub channel: Option<ChannelId>,
    /// The message that the button hangs on.
    pub message: Option<MessageId>,
}

/// A message that may decide.
#[derive(Debug, Clone)]
pub struct Words {
    pub text: String,
    pub voter: Voter,
    pub channel: ChannelId,
    pub replies_to: Option<MessageId>,
    pub mentions_bot: bool,
}

/// What to tell whoever spoke.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    pub text: String,
    pub approval: Approval,
}

impl Gate {
    /// Count a press. The answer is for the eyes of whoever pressed. An error is worth another try.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn pressed(&self, press: &Press) -> Result<Option<Said>, StoreError> {
        let Some(port) = self.approvals() else {
            return Ok(None);
        };
        let id = &press.pressed.approval_id;
        let Some(mut approval) = port.approval(id).await? else {
            return Ok(None);
        };
        let Some(number) = press.pressed.is_of(&approval) else {
            return Ok(None);
        };
        let (Some(channel), Some(message)) = (press.channel, press.message) else {
            return Ok(None);
        };
        if approval.posts[number].message_id.is_none() {
            // Posted, and we did not get to know of it: its own button proves it.
            if !may_be_in(&approval.posts[number], channel) {
                return Ok(None);
            }
            let event = Event::Posted {
                post: number,
                channel,
                message,
            };
            match self.happens(id, &event).await {
                Ok((after, _)) => approval = after,
                Err(Trouble::Ignored { approval: now, .. }) => approval = *now,
                Err(Trouble::None { .. }) => return Ok(None),
                Err(Trouble::Store(error)) => return Err(error),
            }
        }
        // Wherever else the button hangs, somebody copied it.
        if approval.posts[number].message_id != Some(message) {
            return Ok(None);
        }
        let ballot = Ballot {
            voter: press.voter.clone(),
            choice: press.pressed.choice,
            via: Via::Button,
        };
        self.count(approval, ballot).await
    }

    /// Count a reply or a mention with the short hash. `None` where it is about something else.
    ///
    /// # Errors
    /// The store cannot be used.
    pub async fn heard(&self, words: &Words) -> Result<Option<Said>, StoreError> {
        if words.voter.kind != VoterKind::Person {
            return Ok(None);
        }
        let Some((choice, code)) = read(&words.text) else {
            return Ok(None);
        };
        let Some(port) = self.approvals() else {
            return Ok(None);
        };
        let filter = ApprovalFilter {
            state: Some(State::Pending),
            principal: None,
        };
        let pending = port.list_approvals(&filter, ROOM.all).await?;
        let meant = pending.into_iter().find(|approval| {
            message::code(approval) == code
                && approval.posts.iter().any(|post| {
                    let replied = words.replies_to.is_some() && post.message_id == words.replies_to;
                    let here = post.channel_id == Some(words.channel);
                    here && (replied || words.mentions_bot)
                })
        });
        let Some(approval) = meant else {
            return Ok(None);
        };
        let ballot = Ballot {
            voter: words.voter.clone(),
            choice,
            via: Via::Text,
        };
        self.count(approval, ballot).await
    }

    async fn count(&self, approval: Approval, ballot: Ballot) -> Result<Option<Said>, StoreError> {
        let id = approval.id.clone();
        let policy = self.standing(&approval.call.principal.workspace).policy;
        if approval.state == State::Pending && !terms::still_stand(&approval.terms, &policy) {
            let why = "the policy asks other people now".to_owned();
            match self.happens(&id, &Event::Cancel { why }).await {
                Ok((after, _)) => {
                    return Ok(Some(Said {
                        text: "The policy was changed after this was asked, so it was taken back."
                            .to_owned(),
                        approval: after,
                    }));
                }
                Err(Trouble::Ignored { .. } | Trouble::None { .. }) => {}
                Err(Trouble::Store(error)) => return Err(error),
            }
        }
        let choice = ballot.choice;
        match self.happens(&id, &Event::Said(ballot)).await {
            Ok((after, _)) => {
                let said = Said {
                    text: counted(&after, choice),
                    approval: after,
                };
                if said.approval.state == State::Granted && !said.approval.call.is_fetched() {
                    let (gate, granted) = (self.clone(), said.approval.clone());
                    // Ends when it is carried out, or put off for the next round.
                    self.0
                        .tracker
                        .spawn(async move { gate.carry_out_granted(granted).await });
                }
                Ok(Some(said))
            }
            Err(Trouble::Ignored { why, approval }) => Ok(Some(Said {
                text: not_counted(why, &approval),
                approval: *approval,
            })),
            Err(Trouble::None { .. }) => Ok(None),
            Err(Trouble::Store(error)) => Err(error),
        }
    }
}

fn may_be_in(post: &Post, channel: ChannelId) -> bool {
    match post.to {
        Address::Channel(to) => to == channel,
        Address::User(_) => true,
    }
}

/// `approve 1a2b3c4d` somewhere in a short message.
fn read(text: &str) -> Option<(Choice, String)> {
    if text.chars().count() > WORDS_MAX {
        return None;
    }
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let mut found = None;
    for pair in words.windows(2) {
        let choice = match pair[0].as_str() {
            "approve" => Choice::Approve,
            "deny" => Choice::Deny,
            _ => continue,
        };
        // Who says both has said neither.
        if found.is_some() {
            return None;
        }
        found = Some((choice, pair[1].clone()));
    }
    found
}

fn counted(after: &Approval, choice: Choice) -> String {
    match (after.state, choice) {
        (State::Expired, _) => "Too late: this has expired, so the answer is no.".to_owned(),
        (State::Refused, _) => "Refused. Nothing is done.".to_owned(),
        (State::Pending, _) => so_far(after),
        _ if after.call.is_fetched() => {
            "Approved. Whoever asked may read it now, once; nobody else is shown it.".to_owned()
        }
        _ => "Approved. It is being carried out; the message shows how it ends.".to_owned(),
    }
}

fn so_far(approval: &Approval) -> String {
    let (agreed, quorum) = (yes(approval), approval.terms.quorum);
    if approval.terms.also.is_empty() {
        return format!("Counted: {agreed} of {quorum} agree so far.");
    }
    let missing: Vec<String> = demands(approval)
        .filter(|demand| demand.missing(approval) > 0)
        .map(|demand| {
            let name = crate::words::quoted(demand.name, NAME);
            format!("{} of {name}", message::people(demand.missing(approval)))
        })
        .collect();
    format!("Counted. Still to agree: {}.", missing.join(", "))
}

fn not_counted(why: Ignored, approval: &Approval) -> String {
    match why {
        Ignored::NotEntitled => format!(
            "This is not yours to decide; it is asked of {}.",
            message::deciders(approval)
        ),
        Ignored::Requester => "You asked for this yourself, so somebody else decides.".to_owned(),
        Ignored::Counted => "Your answer is counted already.".to_owned(),
        Ignored::NotYet => "This is just being posted; press once more in a moment.".to_owned(),
        Ignored::Over(state) => format!("This is over: {}.", state.as_str()),
        Ignored::NotAPerson => "Only people can approve.".to_owned(),
        Ignored::NothingDue => "Nothing changed.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_with_mentions_and_punctuation_around_them() {
        let approve = |code: &str| Some((Choice::Approve, code.to_owned()));
        assert_eq!(read("approve 1a2b3c4d"), approve("1a2b3c4d"));
        assert_eq!(
            read("<@99> Approve `1A2B3C4D`, please!"),
            approve("1a2b3c4d")
        );
        assert_eq!(
            read("deny: 00ff00ff"),
            Some((Choice::Deny, "00ff00ff".to_owned()))
        );
        assert_eq!(read("I approve"), None);
        assert_eq!(read("approve 1a2b3c4d or deny 1a2b3c4d"), None);
        assert_eq!(read(&format!("approve 1a2b3c4d {}", "a".repeat(300))), None);
    }
}
