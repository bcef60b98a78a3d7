//! What an actor does, as it is written down: the steps of a script, or chatter at a rate.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Steps of one script, counted with those inside others.
const MAX_STEPS: usize = 1_000;
/// How deep choices and repetitions may lie in each other.
const MAX_DEPTH: usize = 8;
/// The longest pause: a day.
const MAX_PAUSE_MS: u64 = 24 * 60 * 60 * 1_000;
/// The most messages a second that one actor says.
const MAX_PER_SECOND: u32 = 10_000;

/// Someone who acts by themselves: by a script, or as a crowd that chatters.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActorSpec {
    /// For lists.
    pub name: String,
    /// Who acts, where a step says nothing else: a username or an id.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Where, where a step says nothing else: a channel's name or id.
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Decides every choice: the same seed and the same clock do the same.
    pub seed: u64,
    /// How often all steps are done; 0 for until it is stopped, once when it is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat: Option<u32>,
    /// The script.
    pub steps: Vec<Step>,
    /// Or else: many people who talk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chatter: Option<ChatterSpec>,
}

/// Ambient chatter: messages of members at a rate.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ChatterSpec {
    /// Name or id; the first guild without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guild: Option<String>,
    /// Names or ids; every text channel without any.
    #[serde(default)]
    pub channels: Vec<String>,
    /// Usernames or ids; members of the guild without any.
    #[serde(default)]
    pub people: Vec<String>,
    /// 1 to 10,000 messages.
    pub per_second: u32,
    /// Ends after as many; without, when it is stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
}

/// One step: exactly one of the fields that do something, and where it is done.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// Writes; of several texts, one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub say: Option<OneOf>,
    /// Answers the message `to`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<OneOf>,
    /// Changes the actor's last message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit: Option<OneOf>,
    /// Deletes the actor's last message.
    #[serde(skip_serializing_if = "is_false")]
    pub delete: bool,
    /// Reacts to the message `to`: a character, or the name of one of the guild's emojis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub react: Option<OneOf>,
    /// Shows as typing.
    #[serde(rename = "type", skip_serializing_if = "is_false")]
    pub types: bool,
    /// Presses the button with this custom id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub click: Option<String>,
    /// Picks `values` in the select with this custom id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pick: Option<String>,
    /// For `pick`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// Runs a command, such as `role add`, with `options`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slash: Option<String>,
    /// For `slash`: values by name.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub options: Map<String, Value>,
    /// Fills in the modal that answered the actor's last click, pick or command: values by custom
    /// id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fill: Option<Map<String, Value>>,
    /// Votes in the poll `to`: numbers of answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vote: Option<Vec<u32>>,
    /// Enters a voice channel; an empty name leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<String>,
    /// Shows as `online`, `idle`, `dnd` or `offline`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence: Option<String>,
    /// For `presence`: a custom status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activity: Option<String>,
    /// Joins a guild by the code of an invite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join: Option<String>,
    /// Leaves the guild of this name or id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave: Option<String>,
    /// Anything else that Discord's API can do: `PUT /channels/general/pins/1`, with names or ids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// For `request`.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub body: Value,
    /// Waits: milliseconds, or the shortest and the longest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause_ms: Option<Span>,
    /// Does one of several lists of steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choose: Option<Vec<Vec<Step>>>,
    /// Does `steps` as often; 0 for without an end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat: Option<u32>,
    /// For `repeat`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// The channel; the one of the step before it, or of the actor, when it is not told.
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// The id of a message; the channel's last one that fits when it is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Another person than the actor's.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
}

/// One text, or several of which one is drawn.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum OneOf {
    /// Always this one.
    Text(String),
    /// Any of these.
    Any(Vec<String>),
}

/// A length of time, or the shortest and the longest.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Span {
    /// Always this long.
    Exactly(u64),
    /// Between the two.
    Between([u64; 2]),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_false(is: &bool) -> bool {
    !is
}

impl ActorSpec {
    /// Reads an actor from TOML.
    pub fn from_toml(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// Reads an actor from JSON.
    pub fn from_json(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// What makes no sense: the field and a sentence.
    pub(crate) fn check(&self) -> Result<(), (String, String)> {
        let whole = |lack: String| (String::new(), lack);
        match &self.chatter {
            None if self.steps.is_empty() => {
                Err(whole("an actor has `steps`, or else `chatter`".into()))
            }
            None => {
                let mut left = MAX_STEPS;
                check_steps(&self.steps, self.person.is_some(), 0, &mut left)
                    .map_err(|(place, lack)| (format!("steps{place}"), lack))
            }
            Some(_) if !self.steps.is_empty() => {
                Err(whole("an actor has either `steps` or `chatter`".into()))
            }
            Some(chatter) if !(1..=MAX_PER_SECOND).contains(&chatter.per_second) => Err((
                "chatter.per_second".into(),
                format!("1 to {MAX_PER_SECOND} messages a second"),
            )),
            Some(_) => Ok(()),
        }
    }

    /// Every step, those inside others included.
    pub(super) fn all_steps(&self) -> Vec<&Step> {
        let mut all = Vec::new();
        let mut lists = vec![&self.steps];
        while let Some(list) = lists.pop() {
            for step in list {
                all.push(step);
                lists.push(&step.steps);
                lists.extend(step.choose.iter().flatten());
            }
        }
        all
    }
}

fn check_steps(
    steps: &[Step],
    has_person: bool,
    depth: usize,
    left: &mut usize,
) -> Result<(), (String, String)> {
    for (at, step) in steps.iter().enumerate() {
        let here = |lack: String| Err((format!("[{at}]"), lack));
        *left = match left.checked_sub(1) {
            Some(left) => left,
            None => return here(format!("a script has at most {MAX_STEPS} steps")),
        };
        if depth == MAX_DEPTH {
            return here(format!("steps lie at most {MAX_DEPTH} deep in each other"));
        }
        let verbs = step.verbs();
        if verbs.len() != 1 {
            let told = match verbs.as_slice() {
                [] => "nothing".to_owned(),
                several => several.join(" and "),
            };
            return here(format!(
                "a step does exactly one thing, this one {told}; there are {}",
                VERBS.join(", ")
            ));
        }
        let alone = matches!(verbs[0], "pause_ms" | "choose" | "repeat");
        if !alone && !has_person && step.person.is_none() {
            return here("say who does it: `as`, here or for the whole actor".into());
        }
        if let Some(OneOf::Any(texts)) = step.texts()
            && texts.is_empty()
        {
            return here(format!("`{}` has at least one text", verbs[0]));
        }
        if let Some(span) = step.pause_ms
            && !span.is_sensible()
        {
            return here(format!(
                "`pause_ms` is at most {MAX_PAUSE_MS}, the shortest first"
            ));
        }
        if step.choose.as_ref().is_some_and(Vec::is_empty) {
            return here("`choose` has at least one list of steps".into());
        }
        let deeper = |place: String, inner: &[Step], left: &mut usize| {
            check_steps(inner, has_person, depth + 1, left)
                .map_err(|(inner, lack)| (format!("[{at}].{place}{inner}"), lack))
        };
        deeper("steps".into(), &step.steps, left)?;
        for (nth, inner) in step.choose.iter().flatten().enumerate() {
            deeper(format!("choose[{nth}]"), inner, left)?;
        }
    }
    Ok(())
}

const VERBS: &[&str] = &[
    "say", "reply", "edit", "delete", "react", "type", "click", "pick", "slash", "fill", "vote",
    "voice", "presence", "join", "leave", "request", "pause_ms", "choose", "repeat",
];

impl Step {
    /// What it does, for lists and errors.
    pub(super) fn verbs(&self) -> Vec<&'static str> {
        let does = [
            self.say.is_some(),
            self.reply.is_some(),
            self.edit.is_some(),
            self.delete,
            self.react.is_some(),
            self.types,
            self.click.is_some(),
            self.pick.is_some(),
            self.slash.is_some(),
            self.fill.is_some(),
            self.vote.is_some(),
            self.voice.is_some(),
            self.presence.is_some(),
            self.join.is_some(),
            self.leave.is_some(),
            self.request.is_some(),
            self.pause_ms.is_some(),
            self.choose.is_some(),
            self.repeat.is_some(),
        ];
        let named = VERBS.iter().zip(does);
        named
            .filter(|(_, does)| *does)
            .map(|(verb, _)| *verb)
            .collect()
    }

    fn texts(&self) -> Option<&OneOf> {
        let texts = [&self.say, &self.reply, &self.edit, &self.react];
        texts.into_iter().flatten().next()
    }
}

impl Span {
    fn is_sensible(self) -> bool {
        let [least, most] = self.ends();
        least <= most && most <= MAX_PAUSE_MS
    }

    pub(super) fn ends(self) -> [u64; 2] {
        match self {
            Self::Exactly(ms) => [ms, ms],
            Self::Between(ends) => ends,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lack(toml: &str) -> String {
        let (place, lack) = ActorSpec::from_toml(toml).unwrap().check().unwrap_err();
        format!("{place}: {lack}")
    }

    #[test]
    fn what_makes_no_sense_is_told_with_its_place() {
        for (toml, expected) in [
            ("", ": an actor has `steps`, or else `chatter`"),
            (
                "chatter = { per_second = 0 }",
                "chatter.per_second: 1 to 10000",
            ),
            (
                "as = \"ada\"\nsteps = [{ say = \"a\" }, {}]",
                "steps[1]: a step does exactly one",
            ),
            (
                "as = \"ada\"\nsteps = [{ say = \"a\", type = true }]",
                "this one say and type",
            ),
            ("steps = [{ say = \"a\" }]", "steps[0]: say who does it"),
            (
                "as = \"ada\"\nsteps = [{ choose = [[{ pause_ms = [2, 1] }]] }]",
                "steps[0].choose[0][0]: `pause_ms` is at most",
            ),
            (
                "as = \"ada\"\nsteps = [{ say = [] }]",
                "`say` has at least one text",
            ),
        ] {
            let told = lack(toml);
            assert!(told.contains(expected), "{expected}\n{told}");
        }
        assert!(
            ActorSpec::from_toml("sai = 1")
                .unwrap_err()
                .contains("unknown field")
        );
    }
}
