//! The parts of a view that hold people's words: where each of them is in this very view, who wrote
//! it, and how it looks where it may not be shown.

use std::collections::HashSet;

use catalogue::authors::{Authored, By};
use model::{RoleId, UserId};
use serde_json::{Map, Value, json};

/// Marks what is hidden.
const MARK: &str = "hidden";

/// One part.
#[derive(Debug)]
pub(crate) struct Part {
    at: Vec<Step>,
    pub author: Author,
    keeps: &'static [&'static str],
    /// Whether it holds any of the view's untrusted words itself, not only in parts inside it.
    pub has_words: bool,
}

/// Who wrote a part, as far as the view tells.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Author {
    User {
        user: UserId,
        /// A bot or a webhook.
        is_bot: bool,
        roles: Option<Vec<RoleId>>,
    },
    OnlyBot(UserId),
    Managers,
    Caller,
    Steps,
    Nobody,
}

impl Author {
    pub(crate) fn user(&self) -> Option<UserId> {
        match self {
            Self::User { user, .. } | Self::OnlyBot(user) => Some(*user),
            _ => None,
        }
    }
}

/// One step from the root towards a part.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    Field(&'static str),
    Element(usize),
}

impl Part {
    /// Whether it is, or is inside, one of these.
    pub(crate) fn is_inside(&self, outer: &HashSet<&[Step]>) -> bool {
        (0..=self.at.len()).any(|end| outer.contains(&self.at[..end]))
    }

    pub(crate) fn at(&self) -> &[Step] {
        &self.at
    }
}

/// Every part of a view, outer ones before those inside them. A path of words that no part of the
/// table covers is a part by nobody knows whom.
pub(crate) fn of(
    value: &Value,
    untrusted: &[&'static str],
    table: &[&'static Authored],
) -> Vec<Part> {
    let mut parts = Vec::new();
    for authored in table {
        for at in places(value, authored.at) {
            let author = author(value, &authored.by, &at);
            parts.push(Part {
                at,
                author,
                keeps: authored.keeps,
                has_words: false,
            });
        }
    }
    let uncovered = untrusted
        .iter()
        .filter(|path| !table.iter().any(|authored| covers(authored.at, path)));
    for path in uncovered {
        for at in places(value, path) {
            parts.push(Part {
                at,
                author: Author::Nobody,
                keeps: &[],
                has_words: false,
            });
        }
    }
    parts.sort_by_key(|part| part.at.len());
    let mut with_words = HashSet::new();
    {
        let known: HashSet<&[Step]> = parts.iter().map(|part| part.at.as_slice()).collect();
        for path in untrusted {
            for at in places(value, path) {
                let words = find(value, &at).is_some_and(holds_text);
                let innermost = (0..=at.len()).rev().find(|end| known.contains(&at[..*end]));
                if let (true, Some(end)) = (words, innermost) {
                    with_words.insert(at[..end].to_vec());
                }
            }
        }
    }
    for part in &mut parts {
        part.has_words = with_words.contains(&part.at);
    }
    parts
}

/// Hide a part; `false` where it holds no words.
pub(crate) fn hide(value: &mut Value, part: &Part, why: &str) -> bool {
    let Some(found) = find_mut(value, &part.at) else {
        return false;
    };
    if is_stub(found) {
        return true;
    }
    match found {
        Value::Object(fields) if !part.keeps.is_empty() => {
            let mut stub: Map<String, Value> = std::mem::take(fields)
                .into_iter()
                .filter(|(name, _)| part.keeps.contains(&name.as_str()))
                .collect();
            stub.insert(MARK.to_owned(), Value::from(why));
            *fields = stub;
            true
        }
        other => blank(other, why),
    }
}

fn holds_text(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(holds_text),
        Value::Object(fields) => fields.values().any(holds_text),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Put the reason in place of every text; numbers and yes or no are nobody's words.
fn blank(value: &mut Value, why: &str) -> bool {
    match value {
        Value::String(text) if text.is_empty() => false,
        Value::String(text) => {
            *text = format!("[{MARK}: {why}]");
            true
        }
        Value::Array(items) => items
            .iter_mut()
            .fold(false, |any, item| blank(item, why) | any),
        Value::Object(_) if is_stub(value) => true,
        Value::Object(fields) => fields
            .values_mut()
            .fold(false, |any, below| blank(below, why) | any),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Hidden before, by a step of a flow.
fn is_stub(value: &Value) -> bool {
    value
        .get(MARK)
        .is_some_and(|why| *why == json!(crate::lockdown::HIDDEN))
}

/// Whether what is at `path` is inside the part at `at`.
fn covers(at: &str, path: &str) -> bool {
    at.is_empty()
        || path
            .strip_prefix(at)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The places in this view that a path means.
fn places(value: &Value, path: &'static str) -> Vec<Vec<Step>> {
    let mut found = vec![(Vec::new(), value)];
    for name in path.split('.').filter(|name| !name.is_empty()) {
        let field = name.trim_end_matches("[]");
        let each = name.len() > field.len();
        found = found
            .into_iter()
            .filter_map(|(at, value)| Some((at, value.get(field)?)))
            .flat_map(|(mut at, value): (Vec<Step>, &Value)| {
                at.push(Step::Field(field));
                if !each {
                    return vec![(at, value)];
                }
                let items = value.as_array().map_or(&[][..], Vec::as_slice);
                items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| {
                        let mut at = at.clone();
                        at.push(Step::Element(index));
                        (at, item)
                    })
                    .collect()
            })
            .collect();
    }
    found.into_iter().map(|(at, _)| at).collect()
}

fn find<'a>(value: &'a Value, at: &[Step]) -> Option<&'a Value> {
    at.iter().try_fold(value, |value, step| match step {
        Step::Field(name) => value.get(name),
        Step::Element(index) => value.get(index),
    })
}

fn find_mut<'a>(value: &'a mut Value, at: &[Step]) -> Option<&'a mut Value> {
    at.iter().try_fold(value, |value, step| match step {
        Step::Field(name) => value.get_mut(name),
        Step::Element(index) => value.get_mut(index),
    })
}

fn author(value: &Value, by: &By, at: &[Step]) -> Author {
    match by {
        By::User(id) => user(value, id, at, None),
        By::Member { id, roles } => {
            // Without roles there is nothing, because empty fields are left out.
            let roles = beside(value, roles, at).map_or_else(Vec::new, role_ids);
            user(value, id, at, Some(roles))
        }
        By::Owner(id) => match user(value, id, at, None) {
            Author::Nobody if beside(value, id, at).is_none() => Author::Managers,
            owner => owner,
        },
        By::OnlyBot(id) => match user(value, id, at, None) {
            Author::User { user, .. } => Author::OnlyBot(user),
            _ => Author::Nobody,
        },
        By::Managers => Author::Managers,
        By::Caller => Author::Caller,
        By::Steps => Author::Steps,
        By::Nobody => Author::Nobody,
    }
}

fn user(value: &Value, path: &'static str, at: &[Step], roles: Option<Vec<RoleId>>) -> Author {
    let id = beside(value, path, at).and_then(Value::as_str);
    let Some(user) = id.and_then(|id| id.parse().ok()) else {
        return Author::Nobody;
    };
    let holder = path.rsplit_once('.').map_or("", |(holder, _)| holder);
    let kind = beside(value, holder, at)
        .and_then(|holder| holder.get("kind"))
        .and_then(Value::as_str);
    let id_is_named_so = path.rsplit('.').next() == Some("id");
    Author::User {
        user,
        is_bot: id_is_named_so && matches!(kind, Some("bot" | "webhook")),
        roles,
    }
}

/// Roles by id, or as objects with one.
fn role_ids(roles: &Value) -> Vec<RoleId> {
    let id = |role: &Value| {
        let id = role.as_str().or_else(|| role.get("id")?.as_str());
        id.and_then(|id| id.parse().ok())
    };
    roles
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(id)
        .collect()
}

/// What is at a path, each `[]` of it standing for the same element as in `at`.
fn beside<'a>(value: &'a Value, path: &str, at: &[Step]) -> Option<&'a Value> {
    let mut elements = at.iter().filter_map(|step| match step {
        Step::Element(index) => Some(*index),
        Step::Field(_) => None,
    });
    let mut found = value;
    for name in path.split('.').filter(|name| !name.is_empty()) {
        let field = name.trim_end_matches("[]");
        found = found.get(field)?;
        if name.len() > field.len() {
            found = found.get(elements.next()?)?;
        }
    }
    Some(found)
}
