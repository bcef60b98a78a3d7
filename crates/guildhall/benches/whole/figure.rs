//! Figures: one line of JSON each, and all of them as a table at the end.

use std::{
    io::{self, Write as _},
    time::{Duration, Instant},
};

use serde_json::{Map, Value, json};

/// What a figure is held against.
#[derive(Clone, Copy)]
pub(crate) enum Limit {
    /// The value stays under it.
    Under(f64),
    /// The value reaches it.
    Reach(f64),
    /// The ratio to the reference reaches it.
    RatioReach(f64),
}

/// One measured thing.
pub(crate) struct Figure {
    name: &'static str,
    unit: &'static str,
    value: f64,
    reference: Option<(&'static str, f64)>,
    limit: Option<Limit>,
}

impl Figure {
    pub(crate) fn new(name: &'static str, unit: &'static str, value: f64) -> Self {
        Self {
            name,
            unit,
            value,
            reference: None,
            limit: None,
        }
    }

    /// What the same costs without us, in the same unit.
    pub(crate) fn beside(mut self, name: &'static str, value: f64) -> Self {
        self.reference = Some((name, value));
        self
    }

    pub(crate) fn limit(mut self, limit: Limit) -> Self {
        self.limit = Some(limit);
        self
    }

    fn ratio(&self) -> Option<f64> {
        self.reference.map(|(_, reference)| self.value / reference)
    }

    fn holds(&self) -> Option<bool> {
        Some(match (self.limit?, self.ratio().unwrap_or(f64::NAN)) {
            (Limit::Under(limit), _) => self.value <= limit,
            (Limit::Reach(limit), _) => self.value >= limit,
            (Limit::RatioReach(limit), ratio) => ratio >= limit,
        })
    }

    fn limit_in_words(&self) -> String {
        match self.limit {
            None => String::new(),
            Some(Limit::Under(limit)) => format!("≤ {limit}"),
            Some(Limit::Reach(limit)) => format!("≥ {limit}"),
            Some(Limit::RatioReach(limit)) => format!("ratio ≥ {limit}"),
        }
    }

    fn json(&self, seed: u64, runtime: Duration) -> Value {
        let mut line = Map::new();
        let mut put = |key: &str, value: Value| line.insert(key.to_owned(), value);
        put("name", json!(self.name));
        put("value", json!(rounded(self.value)));
        put("unit", json!(self.unit));
        if let Some((name, value)) = self.reference {
            put("reference", json!(rounded(value)));
            put("reference_is", json!(name));
        }
        if let Some(ratio) = self.ratio() {
            put("ratio", json!(rounded(ratio)));
        }
        if let Some(holds) = self.holds() {
            put("limit", json!(self.limit_in_words()));
            put("holds", json!(holds));
        }
        put("seed", json!(seed));
        put("runtime_s", json!(rounded(runtime.as_secs_f64())));
        Value::Object(line)
    }
}

/// All figures of a run.
pub(crate) struct Report {
    seed: u64,
    figures: Vec<Figure>,
    /// When the figure before was told.
    since: Instant,
}

impl Report {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            figures: Vec::new(),
            since: Instant::now(),
        }
    }

    /// Print a figure and keep it for the table.
    pub(crate) fn tell(&mut self, figure: Figure) -> io::Result<()> {
        let line = figure.json(self.seed, self.since.elapsed());
        self.since = Instant::now();
        self.figures.push(figure);
        writeln!(io::stdout(), "{line}")
    }

    pub(crate) fn table(&self, runtime: Duration) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(
            out,
            "\n{:<34} {:>10} {:>9} {:>7}  limit",
            "figure", "value", "bare", "ratio"
        )?;
        for figure in &self.figures {
            let reference = figure
                .reference
                .map_or_else(String::new, |(_, it)| shown(it));
            let ratio = figure
                .ratio()
                .map_or_else(String::new, |it| format!("{it:.2}"));
            let missed = if figure.holds() == Some(false) {
                "  MISSED"
            } else {
                ""
            };
            writeln!(
                out,
                "{:<34} {:>10} {:>9} {:>7}  {}{missed}  [{}]",
                figure.name,
                shown(figure.value),
                reference,
                ratio,
                figure.limit_in_words(),
                figure.unit,
            )?;
        }
        writeln!(out, "seed {}, {:.0} s", self.seed, runtime.as_secs_f64())?;
        Ok(())
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

fn shown(value: f64) -> String {
    if value >= 1000.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The value that a share of all, such as 0.99, does not exceed.
pub(crate) fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a place in a list that fits into memory"
    )]
    let place = (values.len() as f64 * share) as usize;
    values
        .get(place.min(values.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f64::NAN)
}
