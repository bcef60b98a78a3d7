//! Buttons: what they carry, and how a press is answered. A custom id names its approval and proves,
//! with 128 random bits, that this service made it; the message it hangs on must fit as well.

use model::{
    Request,
    approval::{Approval, Choice},
    interaction::Interaction,
    path,
};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::{Gate, digest, permit::Permit};

/// What every custom id of an approval begins with.
const PREFIX: &str = "approval.";
/// Letters of a proof.
const PROOF: usize = 32;
/// Message flag: only whoever pressed sees it.
/// Source: Discord documentation, *Message › Message Flags*.
const EPHEMERAL: u32 = 1 << 6;

/// How to answer a press. The token stays in memory.
#[derive(Debug)]
pub struct Callback {
    pub interaction: Interaction,
    /// Held only while Discord is talked to, never while the store is.
    pub(super) stage: Mutex<Spoken>,
}

/// What was said to a press already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoken {
    Nothing,
    /// That an answer follows.
    Deferred,
    Answered,
}

impl Callback {
    pub fn new(interaction: Interaction) -> Self {
        Self {
            interaction,
            stage: Mutex::new(Spoken::Nothing),
        }
    }
}

/// What a pressed button of ours says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pressed {
    pub approval_id: String,
    pub choice: Choice,
    secret: String,
}

impl Pressed {
    /// Read a custom id. `None` for buttons of others.
    pub fn read(custom_id: &str) -> Option<Self> {
        let mut parts = custom_id.strip_prefix(PREFIX)?.split('.');
        let (id, secret, word) = (parts.next()?, parts.next()?, parts.next()?);
        let choice = [Choice::Approve, Choice::Deny]
            .into_iter()
            .find(|choice| choice.as_str() == word)?;
        parts.next().is_none().then(|| Self {
            approval_id: id.to_owned(),
            choice,
            secret: secret.to_owned(),
        })
    }

    /// Which message of this approval the button was made for. Takes the same time for any answer.
    ///
    /// Each message has buttons of its own, so that one that is copied into another message, by
    /// whoever made the bot send it, proves nothing.
    pub(crate) fn is_of(&self, approval: &Approval) -> Option<usize> {
        let given = self.secret.as_bytes();
        let mut found = None;
        for number in 0..approval.posts.len() {
            let ours = proof(approval, number);
            let ours = ours.as_bytes();
            let differ = ours.iter().zip(given).fold(0, |sum, (a, b)| sum | (a ^ b));
            if ours.len() == given.len() && differ == 0 {
                found = Some(number);
            }
        }
        found.filter(|_| self.approval_id == approval.id)
    }
}

/// What a button of one message carries; at most 100 characters.
/// Source: Discord documentation, *Component Reference › Custom ID*.
pub(crate) fn custom_id(approval: &Approval, post: usize, choice: Choice) -> String {
    format!(
        "{PREFIX}{}.{}.{}",
        approval.id,
        proof(approval, post),
        choice.as_str()
    )
}

/// What proves that a button was made for this message: 128 bits that follow from the approval's.
fn proof(approval: &Approval, post: usize) -> String {
    let post = post.to_string();
    let mut proof = hex::encode(digest::of_texts(&["button", &approval.button, &post]));
    proof.truncate(PROOF);
    proof
}

/// 128 random bits.
pub(crate) fn secret() -> String {
    hex::encode(rand::random::<[u8; 16]>())
}

impl Gate {
    /// Tell Discord within its three seconds that an answer follows, unless it was answered. This
    /// says nothing and changes nothing, so it is the one write without an outbox row: the database
    /// may be what is slow.
    pub async fn acknowledge(&self, press: &Callback) {
        let mut stage = press.stage.lock().await;
        if *stage != Spoken::Nothing {
            return;
        }
        let body = json!({ "type": 5, "data": { "flags": EPHEMERAL } });
        let permit = Permit::acknowledge(callback(&press.interaction, body));
        match self.0.hands.write(&permit, &super::house::errand()).await {
            Ok(_) => *stage = Spoken::Deferred,
            Err(error) => tracing::warn!(%error, "a press could not be acknowledged"),
        }
    }
}

/// The whole answer, for the eyes of whoever pressed.
pub(super) fn answer(interaction: &Interaction, spoken: Spoken, text: &str) -> Request {
    let mut message = json!({ "content": text, "allowed_mentions": { "parse": [] } });
    if spoken == Spoken::Deferred {
        return Request::patch(path!(
            "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
            webhook_id = interaction.application_id,
            webhook_token = interaction.token,
        ))
        .json(message)
        .without_bot_token();
    }
    message["flags"] = json!(EPHEMERAL);
    callback(interaction, json!({ "type": 4, "data": message }))
}

fn callback(interaction: &Interaction, body: Value) -> Request {
    Request::post(path!(
        "/interactions/{interaction_id}/{interaction_token}/callback",
        interaction_id = interaction.id,
        interaction_token = interaction.token,
    ))
    .json(body)
    .without_bot_token()
}
