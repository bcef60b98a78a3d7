//! How a write is taken back: which calls would, and what they cannot bring back. Pure; the gate
//! alone carries it out, as calls of their own.

use std::sync::Arc;

use model::Millis;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a tool's row says of undoing it, whatever its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undoing {
    /// By calls of these tools.
    By(&'static [&'static str]),
    /// By calls of these tools, but for what is named here.
    Partly {
        by: &'static [&'static str],
        lost: &'static str,
    },
    /// Not at all, for this reason.
    Never(&'static str),
    /// It passes calls on, and what they do is undone as theirs.
    AsItsCalls,
}

impl Undoing {
    /// Tools that its inverse may call.
    pub fn tools(self) -> &'static [&'static str] {
        match self {
            Self::By(tools) | Self::Partly { by: tools, .. } => tools,
            Self::Never(_) | Self::AsItsCalls => &[],
        }
    }
}

/// How far a plan can be taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "possible", rename_all = "snake_case")]
pub enum Undo {
    /// As if it had not happened.
    Yes,
    /// But for these.
    Partly {
        lost: Vec<String>,
    },
    No {
        reason: String,
    },
}

impl Undo {
    /// Whether it can be taken back wholly.
    pub fn is_whole(&self) -> bool {
        matches!(self, Self::Yes)
    }
}

/// What is kept of a write that went through, so that it can be taken back. Holds what people
/// wrote, so it is for a time only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// When the write was sent, in Unix milliseconds.
    pub at: Millis,
    /// What the write touches, as it was; null where that could not be seen.
    pub before: Value,
    /// The same as the write left it.
    pub after: Value,
    /// What names the thing that the write made; null where it made none.
    pub made: Value,
}

/// One call of an inverse. A value `"$1.id"` stands for the field `id` of the first call's result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub tool: String,
    pub arguments: Map<String, Value>,
}

impl Step {
    pub(crate) fn new(tool: &str, arguments: Value) -> Self {
        let arguments = match arguments {
            Value::Object(arguments) => arguments,
            _ => Map::new(),
        };
        Self {
            tool: tool.to_owned(),
            arguments,
        }
    }
}

/// The calls that take it back, in order, or why there are none. None at all means that the write
/// changed nothing.
pub(crate) type Steps = Result<Vec<Step>, String>;

type MakeSteps = Arc<dyn Fn(&Kept, Millis) -> Steps + Send + Sync>;

/// A plan's own word on taking it back.
#[derive(Clone)]
pub(crate) enum Inverse {
    Steps { lost: Vec<String>, make: MakeSteps },
    None(String),
}

impl Inverse {
    /// These calls. They are given what was kept, and the time.
    pub(crate) fn new(make: impl Fn(&Kept, Millis) -> Steps + Send + Sync + 'static) -> Self {
        Self::Steps {
            lost: Vec::new(),
            make: Arc::new(make),
        }
    }

    /// It does not bring this back.
    pub(crate) fn losing(mut self, what: &str) -> Self {
        if let Self::Steps { lost, .. } = &mut self {
            lost.push(what.to_owned());
        }
        self
    }

    pub(crate) fn tell(&self) -> Undo {
        match self {
            Self::Steps { lost, .. } if lost.is_empty() => Undo::Yes,
            Self::Steps { lost, .. } => Undo::Partly { lost: lost.clone() },
            Self::None(reason) => Undo::No {
                reason: reason.clone(),
            },
        }
    }
}

/// Why an inverse has nothing to go by.
pub(crate) const UNSEEN: &str = "what was there before could not be seen";

/// A setting of something: its name in Discord's object, its argument, and its value as argument.
pub(crate) struct Setting {
    pub(crate) field: &'static str,
    pub(crate) argument: &'static str,
    pub(crate) told: fn(&Value) -> Value,
}

impl Setting {
    /// A value that is the same in both.
    pub(crate) const fn new(field: &'static str, argument: &'static str) -> Self {
        Self {
            field,
            argument,
            told: Value::clone,
        }
    }
}

/// Set back what differs between the two images: one call of `tool`, with `ids` and the settings
/// as they were. What was null and cannot be given as null is left out by `nullable`.
pub(crate) fn set_back(
    tool: &'static str,
    ids: Value,
    settings: &'static [Setting],
    nullable: &'static [&'static str],
) -> Inverse {
    Inverse::new(move |kept, _| {
        if !kept.before.is_object() {
            return Err(UNSEEN.to_owned());
        }
        let mut step = Step::new(tool, ids.clone());
        let own = step.arguments.len();
        for setting in settings {
            let (before, after) = (&kept.before[setting.field], &kept.after[setting.field]);
            if before == after || (before.is_null() && !nullable.contains(&setting.field)) {
                continue;
            }
            let told = (setting.told)(before);
            step.arguments.insert(setting.argument.to_owned(), told);
        }
        let changes = step.arguments.len() > own;
        Ok(changes.then_some(step).into_iter().collect())
    })
}

/// One of two calls, as a mark was or was not there: `image[mark]` is a yes or a no.
pub(crate) fn mark_back(mark: &'static str, set: Step, take: Step) -> Inverse {
    Inverse::new(move |kept, _| {
        let Some(was) = kept.before[mark].as_bool() else {
            return Err(UNSEEN.to_owned());
        };
        if kept.after[mark] == was {
            return Ok(Vec::new());
        }
        Ok(vec![if was { set.clone() } else { take.clone() }])
    })
}
