//! Requests to join: a person applies, and someone who may kick lets them in or not.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::permissions as bits;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::clock::iso8601;
use crate::world::{Actor, Answer, Refusal, World};

/// Requests kept for each guild.
const MAX_REQUESTS: usize = 1_000;

/// Fields of a form that is filled in to apply.
const MAX_FIELDS: usize = 10;

/// How far a request has come.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum JoinStatus {
    Started,
    Submitted,
    Rejected,
    Approved,
}

/// A person's request.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct JoinRequest {
    pub id: Snowflake,
    pub user_id: Snowflake,
    pub created_ms: u64,
    pub reviewed_ms: Option<u64>,
    pub status: JoinStatus,
    pub rejection_reason: Option<String>,
    /// What was written, as text fields: question and answer.
    pub form_responses: Vec<(String, String)>,
    pub actioned_by: Option<Snowflake>,
}

/// Which requests are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct JoinRequestPage {
    pub status: Option<JoinStatus>,
    pub before: Option<Snowflake>,
    pub after: Option<Snowflake>,
    pub limit: usize,
}

impl JoinStatus {
    /// From Discord's word.
    pub fn parse(word: &str) -> Option<Self> {
        serde_json::from_value(json!(word)).ok()
    }
}

impl World {
    fn join_request_payload(&self, guild: Snowflake, request: &JoinRequest) -> Value {
        let field = |(label, response): &(String, String)| {
            json!({
                "field_type": "TEXT_INPUT", "label": label, "required": true,
                "response": response,
            })
        };
        json!({
            "id": request.id,
            "created_at": iso8601(request.created_ms),
            "reviewed_at": request.reviewed_ms.map(iso8601),
            "application_status": request.status,
            "rejection_reason": request.rejection_reason,
            "guild_id": guild,
            "user_id": request.user_id,
            "user": self.user_payload(request.user_id),
            "form_responses": request.form_responses.iter().map(field).collect::<Vec<_>>(),
            "actioned_by_user": request.actioned_by.map(|user| self.user_payload(user)),
        })
    }

    /// A person asks to be let in; bots cannot.
    pub fn request_to_join(&mut self, actor: &Actor, guild: Snowflake, body: &Value) -> Answer {
        let kept = self.guild(guild)?;
        if self.applications.contains_key(&actor.id) {
            return Err(Refusal::new(403, 20_001, "Bots cannot use this endpoint"));
        }
        let banned = kept.bans.contains_key(&actor.id);
        if banned || kept.members.contains_key(&actor.id) {
            return Err(Refusal::missing_access());
        }
        let mut form = Form::new(body);
        let fields = form.objects("form_responses", 0..=MAX_FIELDS, |item| {
            let (label, response) = (
                item.text("label", 1..=300),
                item.text("response", 1..=1_000),
            );
            (
                item.required("label", label),
                item.required("response", response),
            )
        });
        form.finish()?;
        let requests = &self.guild(guild)?.community.join_requests;
        let open = |it: &&JoinRequest| it.user_id == actor.id && it.status == JoinStatus::Submitted;
        if let Some(request) = requests.values().find(open) {
            return Ok(self.join_request_payload(guild, request));
        }
        let request = JoinRequest {
            id: self.next_id(),
            user_id: actor.id,
            created_ms: self.now_ms(),
            reviewed_ms: None,
            status: JoinStatus::Submitted,
            rejection_reason: None,
            form_responses: fields.value().unwrap_or_default(),
            actioned_by: None,
        };
        let payload = self.join_request_payload(guild, &request);
        let requests = &mut self.guild_mut(guild)?.community.join_requests;
        requests.insert(request.id, request);
        if requests.len() > MAX_REQUESTS {
            requests.pop_first();
        }
        Ok(payload)
    }

    /// The requests to a guild, youngest first unless a page begins after one.
    pub fn list_join_requests(
        &self,
        actor: &Actor,
        guild: Snowflake,
        page: JoinRequestPage,
    ) -> Answer {
        self.require(actor.id, guild, bits::KICK_MEMBERS)?;
        let requests = self.guild(guild)?.community.join_requests.values();
        let wanted: Vec<_> = requests
            .filter(|request| page.status.is_none_or(|status| request.status == status))
            .collect();
        let total = wanted.len();
        let mut shown: Vec<_> = wanted
            .into_iter()
            .filter(|request| page.before.is_none_or(|before| request.id < before))
            .filter(|request| page.after.is_none_or(|after| request.id > after))
            .collect();
        if page.after.is_none() {
            shown.reverse();
        }
        shown.truncate(page.limit);
        let shown: Vec<_> = shown
            .into_iter()
            .map(|request| self.join_request_payload(guild, request))
            .collect();
        Ok(json!({ "total": total, "guild_join_requests": shown }))
    }

    /// Lets someone in, or not.
    pub fn action_join_request(
        &mut self,
        actor: &Actor,
        guild: Snowflake,
        id: Snowflake,
        body: &Value,
    ) -> Answer {
        self.require(actor.id, guild, bits::KICK_MEMBERS)?;
        let request = self.guild(guild)?.community.join_requests.get(&id);
        let mut request = request.ok_or_else(Refusal::route)?.clone();
        let mut form = Form::new(body);
        let action = form.text("action", 1..=20);
        let action = form.required("action", action);
        let reason = form.text("rejection_reason", 0..=160).value();
        let action = JoinStatus::parse(&action)
            .filter(|it| matches!(it, JoinStatus::Approved | JoinStatus::Rejected));
        if form.is_clean() && (action.is_none() || request.status != JoinStatus::Submitted) {
            let message = "Value must be one of {APPROVED, REJECTED}, for an open request.";
            form.error("action", "BASE_TYPE_CHOICES", message);
        }
        form.finish()?;
        let status = action.unwrap_or(request.status);
        if status == JoinStatus::Approved {
            self.join_guild(request.user_id, guild, 0)?;
        }
        request.status = status;
        request.reviewed_ms = Some(self.now_ms());
        request.rejection_reason = reason.filter(|_| status == JoinStatus::Rejected);
        request.actioned_by = Some(actor.id);
        let payload = self.join_request_payload(guild, &request);
        let requests = &mut self.guild_mut(guild)?.community.join_requests;
        requests.insert(id, request);
        Ok(payload)
    }
}
