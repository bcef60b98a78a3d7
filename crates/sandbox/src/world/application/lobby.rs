//! Lobbies of games, which a bot makes and fills.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::snowflake::Snowflake;
use crate::validate::embed::is_url;
use crate::validate::{Form, Patch};
use crate::world::refusal::Unknown;
use crate::world::{Actor, Answer, Refusal, World};

/// Lobbies of one application.
const MAX_LOBBIES: usize = 1_000;
const MAX_MEMBERS: usize = 1_000;
/// Members in one request.
const MAX_LISTED: usize = 25;
const MAX_KEYS: usize = 25;
const MAX_VALUE: usize = 1_024;
const MAX_SECRET: usize = 250;

/// A lobby.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Lobby {
    application_id: Snowflake,
    metadata: Option<Map<String, Value>>,
    members: BTreeMap<Snowflake, Member>,
    flags: u64,
    webhooks_url: Option<String>,
    /// Those who know it join without being added.
    secret: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Member {
    metadata: Option<Map<String, Value>>,
    flags: u64,
    additional_name: Option<String>,
}

impl Member {
    fn payload(&self, id: Snowflake) -> Value {
        let mut payload = json!({"id": id, "metadata": self.metadata, "flags": self.flags});
        if let Some(name) = &self.additional_name {
            payload["additional_name"] = json!(name);
        }
        payload
    }

    fn read(form: &mut Form<'_>) -> Self {
        Self {
            metadata: metadata(form, "metadata").value(),
            flags: form.choice("flags", &[0, 1]).value().unwrap_or_default(),
            additional_name: form.text("additional_name", 1..=80).value(),
        }
    }
}

impl Lobby {
    fn payload(&self, id: Snowflake) -> Value {
        json!({
            "id": id,
            "application_id": self.application_id,
            "metadata": self.metadata,
            "members": self.members.iter().map(|(id, it)| it.payload(*id)).collect::<Vec<_>>(),
            "flags": self.flags,
            "override_event_webhooks_url": self.webhooks_url,
        })
    }
}

impl World {
    fn lobby(&mut self, actor: &Actor, id: Snowflake) -> Answer<&mut Lobby> {
        let lobby = self.lobbies.get_mut(&id);
        let own = lobby.filter(|lobby| lobby.application_id == actor.id);
        own.ok_or_else(|| Refusal::unknown(Unknown::Lobby))
    }

    /// A lobby of one's own application.
    pub fn get_lobby(&self, actor: &Actor, id: Snowflake) -> Answer {
        let lobby = self.lobbies.get(&id);
        let own = lobby.filter(|lobby| lobby.application_id == actor.id);
        Ok(own
            .ok_or_else(|| Refusal::unknown(Unknown::Lobby))?
            .payload(id))
    }

    /// Makes a lobby.
    pub fn create_lobby(&mut self, actor: &Actor, body: &Value) -> Answer {
        let mut lobby = Lobby {
            application_id: actor.id,
            ..Lobby::default()
        };
        self.change_lobby(&mut lobby, body)?;
        self.keep_lobby(lobby)
    }

    fn keep_lobby(&mut self, lobby: Lobby) -> Answer {
        let own = self.lobbies.values();
        let own = own.filter(|it| it.application_id == lobby.application_id);
        if own.count() >= MAX_LOBBIES {
            return Err(Refusal::new(400, 0, "The sandbox keeps no more lobbies"));
        }
        let id = self.next_id();
        let payload = lobby.payload(id);
        self.lobbies.insert(id, lobby);
        Ok(payload)
    }

    /// Changes a lobby; `members` replaces them all.
    pub fn modify_lobby(&mut self, actor: &Actor, id: Snowflake, body: &Value) -> Answer {
        let mut lobby = self.lobby(actor, id)?.clone();
        self.change_lobby(&mut lobby, body)?;
        let payload = lobby.payload(id);
        self.lobbies.insert(id, lobby);
        Ok(payload)
    }

    fn change_lobby(&self, lobby: &mut Lobby, body: &Value) -> Answer<()> {
        let mut form = Form::new(body);
        form.integer("idle_timeout_seconds", 5..=604_800);
        if let Some(metadata) = metadata(&mut form, "metadata").given() {
            lobby.metadata = metadata;
        }
        let members = form.objects("members", 0..=MAX_LISTED, |form| {
            let id = form.id("id");
            (form.required("id", id), Member::read(form))
        });
        if let Some(flags) = form.choice("flags", &[0, 1]).value() {
            lobby.flags = flags;
        }
        let url = form.text("override_event_webhooks_url", 0..=512);
        if let Patch::Value(url) = &url
            && !is_url(url, false)
        {
            let message = "Not a well formed URL.";
            form.error(
                "override_event_webhooks_url",
                "URL_TYPE_INVALID_URL",
                message,
            );
        }
        form.finish()?;
        if let Some(url) = url.given() {
            lobby.webhooks_url = url;
        }
        if let Some(members) = members.value() {
            if members.iter().any(|(id, _)| !self.users.contains_key(id)) {
                return Err(Refusal::unknown(Unknown::User));
            }
            lobby.members = members.into_iter().collect();
        }
        Ok(())
    }

    /// Joins the lobby of a secret, which is made where there is none.
    pub fn enter_lobby(&mut self, actor: &Actor, body: &Value) -> Answer {
        let mut form = Form::new(body);
        let secret = form.text("secret", 1..=MAX_SECRET);
        let secret = form.required("secret", secret);
        let about = metadata(&mut form, "lobby_metadata").given();
        let member = metadata(&mut form, "member_metadata").value();
        form.finish()?;
        let mut lobbies = self.lobbies.iter();
        let same = |(_, it): &(&Snowflake, &Lobby)| {
            it.application_id == actor.id && it.secret.as_ref() == Some(&secret)
        };
        let found = lobbies.find(same).map(|(id, lobby)| (*id, lobby.clone()));
        let mut lobby = found
            .as_ref()
            .map(|(_, lobby)| lobby.clone())
            .unwrap_or_default();
        lobby.application_id = actor.id;
        lobby.secret = Some(secret);
        if let Some(about) = about {
            lobby.metadata = about;
        }
        lobby.members.entry(actor.id).or_default().metadata = member;
        match found {
            Some((id, _)) => {
                let payload = lobby.payload(id);
                self.lobbies.insert(id, lobby);
                Ok(payload)
            }
            None => self.keep_lobby(lobby),
        }
    }

    /// Deletes a lobby.
    pub fn delete_lobby(&mut self, actor: &Actor, id: Snowflake) -> Answer<()> {
        self.lobby(actor, id)?;
        self.lobbies.remove(&id);
        Ok(())
    }

    /// Adds a member, or changes one.
    pub fn put_lobby_member(
        &mut self,
        actor: &Actor,
        id: Snowflake,
        user: Snowflake,
        body: &Value,
    ) -> Answer {
        self.lobby(actor, id)?;
        if !self.users.contains_key(&user) {
            return Err(Refusal::unknown(Unknown::User));
        }
        let mut form = Form::new(body);
        let member = Member::read(&mut form);
        form.finish()?;
        let members = &mut self.lobby(actor, id)?.members;
        if members.len() >= MAX_MEMBERS && !members.contains_key(&user) {
            return Err(Refusal::new(400, 0, "The lobby is full"));
        }
        let payload = member.payload(user);
        members.insert(user, member);
        Ok(payload)
    }

    /// Removes a member.
    pub fn remove_lobby_member(
        &mut self,
        actor: &Actor,
        id: Snowflake,
        user: Snowflake,
    ) -> Answer<()> {
        let removed = self.lobby(actor, id)?.members.remove(&user);
        removed
            .map(drop)
            .ok_or_else(|| Refusal::unknown(Unknown::Member))
    }

    /// Adds, changes and removes up to 25 members.
    pub fn bulk_lobby_members(&mut self, actor: &Actor, id: Snowflake, body: &Value) -> Answer {
        self.lobby(actor, id)?;
        let holder = json!({"": body});
        let mut form = Form::new(&holder);
        let wanted = form.objects("", 1..=MAX_LISTED, |form| {
            let id = form.id("id");
            let gone = form.flag("remove_member").value().unwrap_or_default();
            (form.required("id", id), Member::read(form), gone)
        });
        let wanted = form.required("", wanted);
        form.finish().map_err(Refusal::unwrapped)?;
        if wanted
            .iter()
            .any(|(user, _, _)| !self.users.contains_key(user))
        {
            return Err(Refusal::unknown(Unknown::User));
        }
        let members = &mut self.lobby(actor, id)?.members;
        let mut kept = Vec::with_capacity(wanted.len());
        for (user, member, gone) in wanted {
            if gone {
                members.remove(&user);
            } else {
                kept.push(member.payload(user));
                members.insert(user, member);
            }
        }
        Ok(Value::Array(kept))
    }
}

/// Short texts by name.
fn metadata(form: &mut Form<'_>, key: &str) -> Patch<Map<String, Value>> {
    match form.raw(key) {
        Patch::Absent => Patch::Absent,
        Patch::Null => Patch::Null,
        Patch::Value(value) => {
            let fits = |value: &Value| {
                value
                    .as_str()
                    .is_some_and(|text| text.chars().count() <= MAX_VALUE)
            };
            match value.as_object() {
                Some(map) if map.len() <= MAX_KEYS && map.values().all(fits) => {
                    Patch::Value(map.clone())
                }
                _ => {
                    let message = "At most 25 texts of at most 1024 characters";
                    form.error(key, "DICT_TYPE_CONVERT", message);
                    Patch::Absent
                }
            }
        }
    }
}
