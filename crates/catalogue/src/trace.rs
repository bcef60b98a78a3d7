//! How a write shows in the world: where to look, what to look at, and how it looks once the write
//! has happened. Serves undo, which must know whether the world is still as it left it, and the
//! read-back after an answer that was lost.

use std::sync::Arc;

use model::{GuildId, Millis, Request, UserId};
use serde_json::{Map, Value, json};

type Look = Arc<dyn Fn(&Value) -> Vec<Request> + Send + Sync>;
type Image = Arc<dyn Fn(&[Value]) -> Value + Send + Sync>;
type Seek = Arc<dyn Fn(&Sought) -> Vec<Request> + Send + Sync>;
type Judge = Arc<dyn Fn(&Sought, &[Value]) -> Found + Send + Sync>;

/// What a read-back is looking for.
#[derive(Debug, Clone)]
pub struct Sought {
    /// Stands in the reason that Discord's audit log keeps.
    pub reference: String,
    /// When the request was sent, in Unix milliseconds by this machine's clock.
    pub since: Millis,
    pub guild: Option<GuildId>,
    pub bot: UserId,
}

/// What a read-back found.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// It happened; this is as good as Discord's answer.
    Happened(Value),
    DidNotHappen,
    CannotTell,
}

/// How a write shows.
#[derive(Clone)]
pub(crate) struct Trace {
    /// Where to look once the write has happened, given what it made. Where the plan looked for
    /// its change, if `None`.
    look: Option<Look>,
    image: Image,
    /// The image once it has happened; `None` where only Discord's answer tells.
    wanted: Option<Value>,
    answer_shows: bool,
    made: &'static [&'static str],
    seek: Option<(Seek, Judge)>,
}

impl Trace {
    /// A state that the request names: `wanted` is the image afterwards.
    pub(crate) fn state(
        image: impl Fn(&[Value]) -> Value + Send + Sync + 'static,
        wanted: Value,
    ) -> Self {
        Self {
            look: None,
            image: Arc::new(image),
            wanted: Some(wanted),
            answer_shows: false,
            made: &[],
            seek: None,
        }
    }

    /// Fields of one object, whose new state Discord answers with.
    pub(crate) fn settings(wanted: &Value) -> Self {
        let names: Vec<String> = wanted
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.clone())
            .collect();
        Self {
            answer_shows: true,
            ..Self::state(move |live| fields(first(live), &names), wanted.clone())
        }
    }

    /// Discord's answer is the object that the image is made of.
    pub(crate) fn answered(mut self) -> Self {
        self.answer_shows = true;
        self
    }

    /// The first object is gone afterwards; `image` is null where there is none.
    pub(crate) fn gone(image: impl Fn(&Value) -> Value + Send + Sync + 'static) -> Self {
        let image = move |live: &[Value]| match first(live) {
            Value::Null => Value::Null,
            there => image(there),
        };
        Self::state(image, Value::Null)
    }

    /// Something new, named by the fields `made` of Discord's answer; `look` finds it by them, and
    /// `names` are the fields that tell whether it is still as it was made.
    pub(crate) fn made(
        made: &'static [&'static str],
        names: Vec<String>,
        look: impl Fn(&Value) -> Option<Request> + Send + Sync + 'static,
    ) -> Self {
        let image = move |live: &[Value]| match first(live) {
            Value::Null => Value::Null,
            there => fields(there, &names),
        };
        Self {
            look: Some(Arc::new(move |made| look(made).into_iter().collect())),
            image: Arc::new(image),
            wanted: None,
            answer_shows: true,
            made,
            seek: None,
        }
    }

    /// How to find it where the answer that would have named it was lost.
    pub(crate) fn sought(
        mut self,
        seek: impl Fn(&Sought) -> Vec<Request> + Send + Sync + 'static,
        judge: impl Fn(&Sought, &[Value]) -> Found + Send + Sync + 'static,
    ) -> Self {
        self.seek = Some((Arc::new(seek), Arc::new(judge)));
        self
    }

    pub(crate) fn look(&self, made: &Value, live: &[Request]) -> Vec<Request> {
        match &self.look {
            Some(look) => look(made),
            None => live.to_vec(),
        }
    }

    /// Whether the image before the write is looked at: what is made was not there.
    pub(crate) fn looks_before(&self) -> bool {
        self.look.is_none()
    }

    pub(crate) fn image(&self, live: &[Value]) -> Value {
        (self.image)(live)
    }

    pub(crate) fn after(&self, answer: &Value) -> Value {
        if self.answer_shows && (answer.is_object() || answer.is_array()) {
            return self.image(std::slice::from_ref(answer));
        }
        self.wanted.clone().unwrap_or(Value::Null)
    }

    pub(crate) fn names(&self, answer: &Value) -> Value {
        if self.made.is_empty() {
            return Value::Null;
        }
        let pick = |name: &&str| ((*name).to_owned(), answer[*name].clone());
        Value::Object(self.made.iter().map(pick).collect())
    }

    pub(crate) fn seek(&self, sought: &Sought, live: &[Request]) -> Vec<Request> {
        match (&self.seek, &self.look) {
            (Some((seek, _)), _) => seek(sought),
            (None, None) => live.to_vec(),
            (None, Some(_)) => Vec::new(),
        }
    }

    /// What the answers of [`seek`](Self::seek) say. Where a state is named by the request, being
    /// in that state is having happened, whoever brought it there.
    pub(crate) fn judge(&self, sought: &Sought, before: &Value, answers: &[Value]) -> Found {
        if let Some((_, judge)) = &self.seek {
            return judge(sought, answers);
        }
        let Some(wanted) = self.wanted.as_ref().filter(|_| !answers.is_empty()) else {
            return Found::CannotTell;
        };
        let now = self.image(answers);
        if shows(&now, wanted) {
            let answer = if self.answer_shows {
                first(answers).clone()
            } else {
                Value::Null
            };
            Found::Happened(answer)
        } else if now == *before {
            Found::DidNotHappen
        } else {
            Found::CannotTell
        }
    }
}

/// Whether an image has all that is wanted.
fn shows(now: &Value, wanted: &Value) -> bool {
    match (now, wanted) {
        (Value::Object(now), Value::Object(wanted)) => wanted
            .iter()
            .all(|(name, value)| now.get(name) == Some(value)),
        _ => now == wanted,
    }
}

pub(crate) fn first(live: &[Value]) -> &Value {
    live.first().unwrap_or(&Value::Null)
}

/// The named fields of an object; null ones too. Null where there is no object.
pub(crate) fn fields<S: AsRef<str>>(object: &Value, names: &[S]) -> Value {
    if !object.is_object() {
        return Value::Null;
    }
    let pick = |name: &S| (name.as_ref().to_owned(), object[name.as_ref()].clone());
    Value::Object(names.iter().map(pick).collect::<Map<_, _>>())
}

/// The names of an object's fields.
pub(crate) fn names_of(object: &Value) -> Vec<String> {
    let fields = object.as_object().into_iter().flatten();
    fields.map(|(name, _)| name.clone()).collect()
}

/// The time in a snowflake may differ from this machine's by this much, in milliseconds.
const SKEW_MS: Millis = 30_000;

/// Entries of the audit log that are looked through.
const ENTRIES: u32 = 50;

/// A `GET` of the audit log's newest entries of one kind. Source: Discord documentation, *Audit Logs*.
pub(crate) fn audit_log(guild: GuildId, action: u32) -> Request {
    let path = model::path!("/guilds/{guild_id}/audit-logs", guild_id = guild);
    Request::get(path)
        .query("action_type", Some(action))
        .query("limit", Some(ENTRIES))
}

/// The entry that carries the reference.
pub(crate) fn entry<'a>(sought: &Sought, log: &'a Value) -> Option<&'a Value> {
    let entries = log["audit_log_entries"].as_array()?;
    entries.iter().find(|entry| {
        let reason = entry["reason"].as_str().unwrap_or_default();
        reason.contains(&sought.reference) && entry["user_id"] == sought.bot.to_string()
    })
}

/// Whether an id was made after the request was sent, clocks that differ allowed for.
pub(crate) fn made_since(sought: &Sought, id: &Value) -> bool {
    let id = id
        .as_str()
        .and_then(|id| id.parse::<model::ChannelId>().ok());
    id.is_none_or(|id| id.created_at_ms() >= sought.since - SKEW_MS)
}

/// A new thing of a list: named by the audit log, or certainly absent, or not to be told apart from
/// what others made meanwhile.
pub(crate) fn among(sought: &Sought, list: &Value, log: &Value) -> Found {
    let Some(things) = list.as_array() else {
        return Found::CannotTell;
    };
    if let Some(entry) = entry(sought, log) {
        let id = &entry["target_id"];
        let found = things.iter().find(|thing| thing["id"] == *id);
        return Found::Happened(found.cloned().unwrap_or_else(|| json!({ "id": id })));
    }
    // What the log tells of without the reference is somebody else's.
    let explained = |id: &Value| {
        let entries = log["audit_log_entries"].as_array().into_iter().flatten();
        entries.into_iter().any(|entry| entry["target_id"] == *id)
    };
    let new = |thing: &Value| made_since(sought, &thing["id"]) && !explained(&thing["id"]);
    if things.iter().any(new) {
        Found::CannotTell
    } else {
        Found::DidNotHappen
    }
}
