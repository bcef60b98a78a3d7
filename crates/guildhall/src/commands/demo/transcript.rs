//! The story as it went, step by step, for people or programs.

use std::process::ExitCode;

use serde::Serialize;

use crate::output;

/// Widest line of the transcript.
const WIDTH: usize = 96;

/// Who does something in the story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Who {
    Person,
    Agent,
    Guildhall,
}

/// One step.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Step {
    pub(super) who: Who,
    pub(super) text: String,
}

/// What was told, and what went wrong if it ended early.
#[derive(Debug, Default, Serialize)]
pub(super) struct Told {
    pub(super) steps: Vec<Step>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<String>,
}

impl Told {
    pub(super) fn person(&mut self, text: impl Into<String>) {
        self.push(Who::Person, text);
    }
    pub(super) fn agent(&mut self, text: impl Into<String>) {
        self.push(Who::Agent, text);
    }
    pub(super) fn guildhall(&mut self, text: impl Into<String>) {
        self.push(Who::Guildhall, text);
    }
    fn push(&mut self, who: Who, text: impl Into<String>) {
        self.steps.push(Step {
            who,
            text: text.into(),
        });
    }
}

/// Print it; success only if every step was as told.
pub(super) fn print(told: &Told, as_json: bool) -> anyhow::Result<ExitCode> {
    if as_json {
        output::json(told)?;
    } else {
        for step in &told.steps {
            let who = match step.who {
                Who::Person => "person   ",
                Who::Agent => "agent    ",
                Who::Guildhall => "guildhall",
            };
            for (index, text) in step.text.lines().flat_map(wrapped).enumerate() {
                let margin = if index == 0 { who } else { "         " };
                output::line(&format!("{margin} │ {text}"));
            }
        }
        output::line(match &told.failure {
            None => "\nEvery step went as told.",
            Some(_) => "\nThe story broke off:",
        });
        if let Some(failure) = &told.failure {
            output::line(failure);
        }
    }
    Ok(if told.failure.is_none() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A line broken between words.
fn wrapped(line: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        let last = lines.last_mut().expect("there is always a line");
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(format!("  {word}"));
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}
