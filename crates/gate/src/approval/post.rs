//! Messages of an approval: sent once, with a nonce that Discord knows again, and edited to what is
//! true.

use model::{
    ChannelId, MessageId, Request,
    approval::{Address, Approval, Post, State},
    path,
};
use serde_json::json;

use super::{
    happen::Trouble,
    house::{Act, Spot, Unsent},
    machine::{Event, given_up, is_stale},
    message,
};
use crate::{Gate, digest};

/// Discord's longest nonce. Source: Discord documentation, *Create Message*.
const NONCE_LENGTH: usize = 25;

impl Gate {
    /// Send what was not sent yet. What cannot be sent is given up, unless it is worth trying again.
    pub(crate) async fn post_all(&self, mut approval: Approval) -> Result<Approval, Trouble> {
        for number in 0..approval.posts.len() {
            let post = &approval.posts[number];
            let open = matches!(approval.state, State::Posting | State::Pending);
            if !open || post.message_id.is_some() || given_up(post) {
                continue;
            }
            let event = match self.post(&approval, number, post).await {
                Ok((channel, message)) => Event::Posted {
                    post: number,
                    channel,
                    message,
                },
                Err(unsent) => {
                    tracing::warn!(approval = %approval.id, why = %unsent.why, "a question to people could not be posted");
                    Event::NotPosted {
                        post: number,
                        why: unsent.why,
                    }
                }
            };
            match self.happens(&approval.id, &event).await {
                Ok((after, _)) => approval = after,
                // Somebody pressed its button before we knew that it is there.
                Err(Trouble::Ignored { approval: now, .. }) => approval = *now,
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(approval)
    }

    async fn post(
        &self,
        approval: &Approval,
        number: usize,
        post: &Post,
    ) -> Result<(ChannelId, MessageId), Unsent> {
        self.reaches(approval, post.to).await?;
        let (channel, spot) = match (post.to, post.channel_id) {
            (Address::Channel(channel), _) => (channel, Spot::Channel(channel)),
            (Address::User(_), Some(channel)) => (channel, Spot::Direct),
            (Address::User(user), None) => {
                let open = Request::post(path!("/users/@me/channels"))
                    .json(json!({ "recipient_id": user }));
                let made = self
                    .house(Act::OpenDirectMessage, Spot::Direct, open, approval)
                    .await?;
                let channel = made["id"].as_str().and_then(|id| id.parse().ok());
                let channel = channel.ok_or_else(|| nameless("a channel"))?;
                (channel, Spot::Direct)
            }
        };
        let nonce = nonce(approval, number, "ask");
        let request = Request::post(path!(
            "/channels/{channel_id}/messages",
            channel_id = channel
        ))
        .json(message::question(approval, number, &nonce));
        let sent = self.house(Act::Ask, spot, request, approval).await?;
        let message = sent["id"].as_str().and_then(|id| id.parse().ok());
        Ok((channel, message.ok_or_else(|| nameless("a message"))?))
    }

    /// Edit the messages that show something else than what is true.
    pub(crate) async fn show_all(&self, mut approval: Approval) -> Result<Approval, Trouble> {
        for number in 0..approval.posts.len() {
            let post = &approval.posts[number];
            let (Some(channel), Some(id)) = (post.channel_id, post.message_id) else {
                continue;
            };
            if !is_stale(&approval, post) {
                continue;
            }
            let request = Request::patch(path!(
                "/channels/{channel_id}/messages/{message_id}",
                channel_id = channel,
                message_id = id
            ))
            .json(message::shown(&approval, number));
            let spot = match post.to {
                Address::Channel(channel) => Spot::Channel(channel),
                Address::User(_) => Spot::Direct,
            };
            let event = match self.house(Act::Show, spot, request, &approval).await {
                Err(unsent) if unsent.passing => Event::NotShown { post: number },
                // Gone, or not ours to edit any more: nobody is misled by what cannot be pressed.
                Ok(_) | Err(_) => Event::Shown {
                    post: number,
                    state: approval.state,
                    votes: approval.votes.len(),
                },
            };
            match self.happens(&approval.id, &event).await {
                Ok((after, _)) => approval = after,
                Err(Trouble::Ignored { approval: now, .. }) => approval = *now,
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(approval)
    }

    /// Reply to each message once. A reminder that fails is not worth a second try.
    pub(crate) async fn remind(&self, approval: &Approval) {
        for (number, post) in approval.posts.iter().enumerate() {
            let (Some(channel), Some(id)) = (post.channel_id, post.message_id) else {
                continue;
            };
            let nonce = nonce(approval, number, "remind");
            let request = Request::post(path!(
                "/channels/{channel_id}/messages",
                channel_id = channel
            ))
            .json(message::reminder(approval, &id.to_string(), &nonce));
            let spot = match post.to {
                Address::Channel(channel) => Spot::Channel(channel),
                Address::User(_) => Spot::Direct,
            };
            if let Err(unsent) = self.house(Act::Remind, spot, request, approval).await {
                tracing::warn!(approval = %approval.id, why = %unsent.why, "a reminder was not sent");
            }
        }
    }
}

fn nonce(approval: &Approval, number: usize, purpose: &str) -> String {
    let number = number.to_string();
    let mut nonce = hex::encode(digest::of_texts(&[
        "approval",
        purpose,
        &approval.id,
        &number,
    ]));
    nonce.truncate(NONCE_LENGTH);
    nonce
}

fn nameless(what: &str) -> Unsent {
    Unsent {
        why: format!("Discord made {what} without an id"),
        passing: false,
    }
}
