//! One line of JSON for each figure.

use std::io::{self, Write as _};

use serde_json::json;

/// What a figure is held against.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    Over(f64),
    Under(f64),
}

/// One measured thing beside what the same costs without the sandbox, in the same unit.
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) value: f64,
    pub(crate) reference: f64,
    pub(crate) reference_is: &'static str,
    pub(crate) goal: Goal,
}

impl Figure {
    pub(crate) fn tell(&self) -> io::Result<()> {
        let (goal, holds) = match self.goal {
            Goal::Over(goal) => (format!("> {goal}"), self.value > goal),
            Goal::Under(goal) => (format!("< {goal}"), self.value < goal),
        };
        let line = json!({
            "name": self.name,
            "value": rounded(self.value),
            "unit": self.unit,
            "reference": rounded(self.reference),
            "reference_is": self.reference_is,
            "ratio": rounded(self.value / self.reference),
            "goal": goal,
            "holds": holds,
        });
        writeln!(io::stdout(), "{line}")
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// A rate has no 53 bits to lose.
#[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}
