//! Polls: questions with answers, votes, expiry.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Message, NewPoll, Reference, kind};
use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::world::clock::iso8601;
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World, intents};

const MAX_VOTERS_PAGE: usize = 100;

/// A poll of a message.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Poll {
    question: String,
    /// Rendered `poll_media` of each answer; answer ids count from 1.
    answers: Vec<Value>,
    multiselect: bool,
    expires_ms: u64,
    ended: bool,
    votes: BTreeMap<u64, BTreeSet<Snowflake>>,
}

impl Poll {
    pub(crate) fn new(new: NewPoll, now_ms: u64) -> Self {
        Self {
            question: new.question,
            answers: new.answers,
            multiselect: new.multiselect,
            expires_ms: now_ms + new.hours * 60 * 60 * 1_000,
            ended: false,
            votes: BTreeMap::new(),
        }
    }

    /// Its results are final.
    fn is_over(&self) -> bool {
        self.ended
    }

    fn has_answer(&self, answer: u64) -> bool {
        (1..=self.answers.len() as u64).contains(&answer)
    }

    pub(crate) fn payload(&self, viewer: Snowflake) -> Value {
        let answers: Vec<_> = (1..)
            .zip(&self.answers)
            .map(|(id, media)| json!({"answer_id": id, "poll_media": media}))
            .collect();
        let counts: Vec<_> = self
            .votes
            .iter()
            .filter(|(_, voters)| !voters.is_empty())
            .map(|(id, voters)| {
                json!({"id": id, "count": voters.len(), "me_voted": voters.contains(&viewer)})
            })
            .collect();
        json!({
            "question": {"text": self.question},
            "answers": answers,
            "expiry": iso8601(self.expires_ms),
            "allow_multiselect": self.multiselect,
            "layout_type": 1,
            "results": {"answer_counts": counts, "is_finalized": self.is_over()},
        })
    }
}

impl Poll {
    /// When it ends, unless somebody ends it before.
    pub(crate) fn expires_ms(&self) -> u64 {
        self.expires_ms
    }

    /// The embed by which a finished poll is told (Discord: Poll Result Embed Fields). Without a
    /// single winner there is no `victor_answer_id`.
    fn result_embed(&self) -> Value {
        let votes = |id: &u64| self.votes.get(id).map_or(0, BTreeSet::len);
        let ids = 1..=self.answers.len() as u64;
        let most = ids.clone().map(|id| votes(&id)).max().unwrap_or(0);
        let total: usize = ids.clone().map(|id| votes(&id)).sum();
        let mut fields = vec![
            ("poll_question_text", self.question.clone()),
            ("victor_answer_votes", most.to_string()),
            ("total_votes", total.to_string()),
        ];
        let winners: Vec<_> = (1_u64..)
            .zip(&self.answers)
            .filter(|(id, _)| most > 0 && votes(id) == most)
            .collect();
        if let [(id, media)] = winners.as_slice() {
            fields.push(("victor_answer_id", id.to_string()));
            for (name, value) in [
                ("victor_answer_text", &media["text"]),
                ("victor_answer_emoji_id", &media["emoji"]["id"]),
                ("victor_answer_emoji_name", &media["emoji"]["name"]),
            ] {
                if let Some(text) = value.as_str().filter(|text| !text.is_empty()) {
                    fields.push((name, text.to_owned()));
                }
            }
            if let Some(animated) = media["emoji"]["animated"].as_bool() {
                fields.push(("victor_answer_emoji_animated", animated.to_string()));
            }
        }
        let fields: Vec<_> = fields
            .into_iter()
            .map(|(name, value)| json!({"name": name, "value": value, "inline": false}))
            .collect();
        json!({"type": "poll_result", "fields": fields})
    }
}

impl World {
    /// Fills in the custom emojis of a poll, which its author must be allowed to use there.
    pub(super) fn complete_poll(
        &self,
        author: Snowflake,
        channel: Snowflake,
        poll: &mut NewPoll,
    ) -> Answer<()> {
        for media in &mut poll.answers {
            let id = media["emoji"]["id"].as_str().and_then(|id| id.parse().ok());
            let Some(id) = id else {
                if media["emoji"].is_null() {
                    // Looking must not leave a null behind.
                    media.as_object_mut().map(|media| media.remove("emoji"));
                }
                continue;
            };
            let emoji = self.find_emoji(id);
            let Some(emoji) = emoji.filter(|_| self.may_use_emoji(author, channel, id)) else {
                let text = "Cannot use an emoji included with the poll";
                return Err(Refusal::new(400, 520_004, text));
            };
            media["emoji"] = json!({"id": id, "name": emoji.name, "animated": emoji.animated});
        }
        Ok(())
    }

    /// Who chose an answer.
    pub fn poll_voters(
        &self,
        actor: &Actor,
        channel: Snowflake,
        message: Snowflake,
        answer: u64,
        after: Option<Snowflake>,
        limit: usize,
    ) -> Answer {
        let message = self.readable_message(actor.id, channel, message)?;
        let poll = poll_of(message)?;
        if !poll.has_answer(answer) {
            return Err(unknown_answer());
        }
        let voters = poll.votes.get(&answer).into_iter().flatten();
        let users: Vec<_> = voters
            .filter(|user| after.is_none_or(|after| **user > after))
            .take(limit.clamp(1, MAX_VOTERS_PAGE))
            .map(|user| self.user_payload(*user))
            .collect();
        Ok(json!({"users": users}))
    }

    /// Votes, or takes a vote back. Bots cannot vote; people do through the control API.
    pub fn vote(
        &mut self,
        actor: &Actor,
        channel: Snowflake,
        id: Snowflake,
        answer: u64,
        chosen: bool,
    ) -> Answer<()> {
        self.readable_message(actor.id, channel, id)?;
        let message = self.message_mut(channel, id)?;
        let Some(poll) = message.poll.as_mut() else {
            return Err(no_poll());
        };
        if poll.is_over() {
            return Err(Refusal::new(400, 520_001, "Poll expired"));
        }
        if !poll.has_answer(answer) {
            return Err(unknown_answer());
        }
        let mut removed = Vec::new();
        if chosen && !poll.multiselect {
            for (other, voters) in &mut poll.votes {
                if *other != answer && voters.remove(&actor.id) {
                    removed.push(*other);
                }
            }
        }
        let voters = poll.votes.entry(answer).or_default();
        let added = chosen && voters.insert(actor.id);
        if !chosen && voters.remove(&actor.id) {
            removed.push(answer);
        }
        for answer in removed {
            self.tell_vote("MESSAGE_POLL_VOTE_REMOVE", actor.id, channel, id, answer);
        }
        if added {
            self.tell_vote("MESSAGE_POLL_VOTE_ADD", actor.id, channel, id, answer);
        }
        Ok(())
    }

    /// Votes for exactly these answers, as people's clients do.
    pub fn vote_for(
        &mut self,
        actor: &Actor,
        channel: Snowflake,
        id: Snowflake,
        answers: &[Snowflake],
    ) -> Answer<()> {
        if self.applications.contains_key(&actor.id) {
            return Err(Refusal::new(403, 20_001, "Bots cannot use this endpoint"));
        }
        let poll = poll_of(self.readable_message(actor.id, channel, id)?)?;
        if self.is_timed_out(actor.id, channel) {
            return Err(Refusal::new(403, 520_000, "Poll voting blocked"));
        }
        if !answers.iter().all(|answer| poll.has_answer(answer.0)) {
            return Err(unknown_answer());
        }
        if answers.len() > 1 && !poll.multiselect {
            let text = "Only one answer can be chosen in this poll";
            return Err(Refusal::field("answer_ids", "POLL_SINGLE_ANSWER", text));
        }
        for answer in 1..=poll.answers.len() as u64 {
            self.vote(
                actor,
                channel,
                id,
                answer,
                answers.contains(&Snowflake(answer)),
            )?;
        }
        Ok(())
    }

    fn tell_vote(
        &mut self,
        event: &'static str,
        user: Snowflake,
        channel: Snowflake,
        message: Snowflake,
        answer: u64,
    ) {
        let (audience, in_guild) = self.audience_of(channel);
        let mut data = json!({
            "user_id": user, "channel_id": channel, "message_id": message, "answer_id": answer,
        });
        if let Some(guild) = self
            .channels
            .get(&channel)
            .and_then(|channel| channel.guild_id)
        {
            data["guild_id"] = json!(guild);
        }
        let wanted = if in_guild {
            intents::GUILD_MESSAGE_POLLS
        } else {
            intents::DIRECT_MESSAGE_POLLS
        };
        self.dispatch(event, audience, wanted, data);
    }

    /// Ends one's own poll at once.
    pub fn end_poll(&mut self, actor: &Actor, channel: Snowflake, id: Snowflake) -> Answer {
        self.require_in(actor.id, channel, bits::VIEW_CHANNEL)?;
        let now = self.now_ms();
        let message = self.message_mut(channel, id)?;
        if message.author_id != actor.id {
            let text = "Cannot edit a message authored by another user";
            return Err(Refusal::new(403, 50_005, text));
        }
        let Some(poll) = message.poll.as_mut() else {
            return Err(no_poll());
        };
        if poll.is_over() {
            return Err(Refusal::new(400, 520_001, "Poll expired"));
        }
        poll.expires_ms = now;
        self.finish_poll(channel, id);
        let message = self
            .message(channel, id)
            .ok_or_else(|| Refusal::unknown(Unknown::Message))?;
        Ok(self.message_payload(message, actor.id))
    }

    /// The moment at which a poll was to end has come.
    pub(crate) fn poll_runs_out(&mut self, channel: Snowflake, id: Snowflake) {
        let poll = self
            .message(channel, id)
            .and_then(|message| message.poll.as_ref());
        if poll.is_some_and(|poll| !poll.is_over()) {
            self.finish_poll(channel, id);
        }
    }

    /// Closes a poll: its results are final, and a message tells them.
    fn finish_poll(&mut self, channel: Snowflake, id: Snowflake) {
        let Ok(message) = self.message_mut(channel, id) else {
            return;
        };
        let author = message.author_id;
        let Some(poll) = message.poll.as_mut() else {
            return;
        };
        poll.ended = true;
        let embed = poll.result_embed();
        self.tell_message("MESSAGE_UPDATE", channel, id);
        let mut result = Message::bare(self.next_id(), channel, author);
        result.kind = kind::POLL_RESULT;
        result.embeds = vec![embed];
        result.mentions = vec![author];
        result.reference = Some(Reference {
            forward: false,
            message_id: Some(id),
            channel_id: channel,
            guild_id: None,
        });
        self.append(result);
    }
}

fn poll_of(message: &Message) -> Answer<&Poll> {
    message.poll.as_ref().ok_or_else(no_poll)
}

fn unknown_answer() -> Refusal {
    let text = "Invalid answer_id";
    Refusal::field("answer_id", "POLL_ANSWER_INVALID", text)
}

fn no_poll() -> Refusal {
    Refusal::new(400, 520_006, "Cannot expire a non-poll message")
}
