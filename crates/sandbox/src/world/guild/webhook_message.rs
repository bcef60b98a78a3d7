//! Messages sent through webhooks.

use serde_json::Value;

use super::webhook::{Webhook, WebhookTarget, check_name};
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::message::{MessageEdit, NewMessage, UploadedFile, WebhookAuthor};
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World};

impl World {
    /// Posts through a webhook, and answers the message.
    pub fn execute_webhook(
        &mut self,
        id: Snowflake,
        token: &str,
        target: WebhookTarget,
        body: &Value,
        files: Vec<UploadedFile>,
    ) -> Answer {
        let webhook = self.webhook_by_token(id, token)?.clone();
        let mut form = Form::new(body);
        let name = form.text("username", 1..=80).value();
        if let Some(name) = &name {
            check_name(&mut form, "username", name);
        }
        let thread_name = form
            .text("thread_name", 0..=100)
            .value()
            .filter(|n| !n.is_empty());
        let tags = form.ids("applied_tags", 0..=5).value().unwrap_or_default();
        form.finish()?;
        let message = NewMessage::parse(body, files)?;
        let channel = self.webhook_channel(&webhook, target)?;
        let in_forum = self
            .channels
            .get(&channel)
            .is_some_and(|channel| channel.kind.is_forum());
        let author = WebhookAuthor {
            name: name.unwrap_or_else(|| webhook.name.clone()),
            avatar: webhook.avatar.clone(),
            application_id: webhook.application_id,
        };
        if in_forum {
            let Some(thread_name) = thread_name else {
                let text = "Webhooks posted to forum channels must have a thread_name or thread_id";
                return Err(Refusal::new(400, 220_001, text));
            };
            if message.is_empty() {
                return Err(Refusal::new(400, 50_006, "Cannot send an empty message"));
            }
            let creator = Actor::from(webhook.creator);
            let post = self.add_bare_post(&creator, channel, &thread_name, tags)?;
            self.post_as(post, webhook.id, Some(author), post, message)?;
            return self.webhook_message(webhook.id, post, post);
        }
        if thread_name.is_some() {
            let text = "Webhooks can only create threads in forum channels";
            return Err(Refusal::new(400, 220_003, text));
        }
        let id = self.post(webhook.id, Some(author), channel, message)?;
        self.webhook_message(webhook.id, channel, id)
    }

    fn webhook_channel(&self, webhook: &Webhook, target: WebhookTarget) -> Answer<Snowflake> {
        let Some(thread) = target.thread else {
            return Ok(webhook.channel_id);
        };
        let channel = self.channels.get(&thread);
        let inside = channel
            .is_some_and(|it| it.thread.is_some() && it.parent_id == Some(webhook.channel_id));
        if inside || thread == webhook.channel_id {
            return Ok(thread);
        }
        Err(Refusal::unknown(Unknown::Channel))
    }

    fn webhook_message(&self, webhook: Snowflake, channel: Snowflake, id: Snowflake) -> Answer {
        let message = self
            .message(channel, id)
            .filter(|message| message.author_id == webhook);
        let message = message.ok_or_else(|| Refusal::unknown(Unknown::Message))?;
        Ok(self.message_payload(message, webhook))
    }

    /// A message that this webhook sent.
    pub fn get_webhook_message(
        &self,
        id: Snowflake,
        token: &str,
        target: WebhookTarget,
        message: Snowflake,
    ) -> Answer {
        let channel = self.webhook_channel(self.webhook_by_token(id, token)?, target)?;
        self.webhook_message(id, channel, message)
    }

    /// Changes a message that this webhook sent.
    pub fn edit_webhook_message(
        &mut self,
        id: Snowflake,
        token: &str,
        target: WebhookTarget,
        message: Snowflake,
        edit: MessageEdit,
    ) -> Answer {
        let channel = self.webhook_channel(self.webhook_by_token(id, token)?, target)?;
        self.webhook_message(id, channel, message)?;
        self.apply_edit(channel, message, edit)?;
        self.webhook_message(id, channel, message)
    }

    /// Deletes a message that this webhook sent.
    pub fn delete_webhook_message(
        &mut self,
        id: Snowflake,
        token: &str,
        target: WebhookTarget,
        message: Snowflake,
    ) -> Answer<()> {
        let channel = self.webhook_channel(self.webhook_by_token(id, token)?, target)?;
        self.webhook_message(id, channel, message)?;
        self.remove_message(channel, message);
        Ok(())
    }
}
