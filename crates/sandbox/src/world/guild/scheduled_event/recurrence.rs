//! How often an event comes again: the part of iCalendar's rules that Discord takes.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Date, Duration, OffsetDateTime, Weekday};

use crate::validate::Form;
use crate::world::clock::iso8601;

/// Days that are looked through for the next occurrence: a leap day is at most eight years away.
const MAX_DAYS_AHEAD: i64 = 8 * 366;

/// The sets of weekdays that a daily rule may name.
const DAILY_SETS: &[&[u64]] = &[
    &[0, 1, 2, 3, 4],
    &[1, 2, 3, 4, 5],
    &[0, 1, 2, 3, 6],
    &[4, 5],
    &[5, 6],
    &[0, 6],
];

/// Discord's numbers for frequencies.
const YEARLY: u64 = 0;
const MONTHLY: u64 = 1;
const WEEKLY: u64 = 2;
const DAILY: u64 = 3;

/// A rule. Weekdays count from Monday, 0.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Recurrence {
    pub start_ms: u64,
    /// 0 for yearly to 3 for daily.
    pub frequency: u64,
    pub interval: i64,
    pub by_weekday: Option<Vec<u64>>,
    /// Which one of a month, 1 to 5, and the weekday.
    pub by_n_weekday: Option<Vec<(u64, u64)>>,
    pub by_month: Option<Vec<u64>>,
    pub by_month_day: Option<Vec<i64>>,
}

impl Recurrence {
    /// The rule as Discord renders it.
    pub(crate) fn payload(&self) -> Value {
        let nth = |days: &Vec<(u64, u64)>| -> Value {
            days.iter()
                .map(|(n, day)| json!({"n": n, "day": day}))
                .collect()
        };
        json!({
            "start": iso8601(self.start_ms),
            "end": null,
            "frequency": self.frequency,
            "interval": self.interval,
            "by_weekday": self.by_weekday,
            "by_n_weekday": self.by_n_weekday.as_ref().map(nth),
            "by_month": self.by_month,
            "by_month_day": self.by_month_day,
            "by_year_day": null,
            "count": null,
        })
    }

    /// The first occurrence after a moment.
    pub(crate) fn next_after(&self, after_ms: u64) -> Option<u64> {
        let start = moment(self.start_ms)?;
        let days_gone = moment(after_ms)?.date() - start.date();
        let first = days_gone.whole_days().max(0);
        (first..first + MAX_DAYS_AHEAD)
            .filter_map(|day| start.checked_add(Duration::days(day)))
            .find(|day| milliseconds(*day) > after_ms && self.falls_on(start.date(), day.date()))
            .map(milliseconds)
    }

    /// Whether an occurrence begins at exactly this moment.
    pub(crate) fn occurs_at(&self, ms: u64) -> bool {
        ms.checked_sub(1)
            .and_then(|before| self.next_after(before))
            .is_some_and(|next| next == ms)
    }

    fn falls_on(&self, start: Date, day: Date) -> bool {
        let weekday = u64::from(day.weekday().number_days_from_monday());
        match self.frequency {
            DAILY => self
                .by_weekday
                .as_ref()
                .is_none_or(|days| days.contains(&weekday)),
            WEEKLY => {
                let own = u64::from(start.weekday().number_days_from_monday());
                let fits = match &self.by_weekday {
                    Some(days) => days.contains(&weekday),
                    None => weekday == own,
                };
                let weeks = (monday_of(day) - monday_of(start)).whole_weeks();
                fits && weeks % self.interval.max(1) == 0
            }
            MONTHLY => match &self.by_n_weekday {
                Some(days) => days.contains(&(u64::from((day.day() - 1) / 7 + 1), weekday)),
                None => day.day() == start.day(),
            },
            _ => {
                let month = u64::from(u8::from(day.month()));
                let fits_month = match &self.by_month {
                    Some(months) => months.contains(&month),
                    None => day.month() == start.month(),
                };
                let fits_day = match &self.by_month_day {
                    Some(days) => days.contains(&i64::from(day.day())),
                    None => day.day() == start.day(),
                };
                fits_month && fits_day
            }
        }
    }
}

fn moment(ms: u64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).ok()
}

fn milliseconds(moment: OffsetDateTime) -> u64 {
    u64::try_from(moment.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}

fn monday_of(day: Date) -> Date {
    day.prev_occurrence(Weekday::Monday)
        .checked_add(if day.weekday() == Weekday::Monday {
            Duration::weeks(1)
        } else {
            Duration::ZERO
        })
        .unwrap_or(day)
}

/// Reads a rule with the limits that Discord documents ("System limitations").
pub(super) fn read(form: &mut Form<'_>) -> Recurrence {
    let start_ms = form.moment("start");
    let start_ms = form.required("start", start_ms);
    let frequency = form.choice("frequency", &[YEARLY, MONTHLY, WEEKLY, DAILY]);
    let frequency = form.required("frequency", frequency);
    let interval = form.integer("interval", 1..=2).value().unwrap_or(1);
    let by_weekday = numbers(form, "by_weekday", 0..=6, 7);
    let by_n_weekday = form.objects("by_n_weekday", 0..=7, |day| {
        let n = day.integer("n", 1..=5);
        let n = day.required("n", n);
        let weekday = day.integer("day", 0..=6);
        (
            n.unsigned_abs(),
            day.required("day", weekday).unsigned_abs(),
        )
    });
    let by_n_weekday = by_n_weekday.value().filter(|days| !days.is_empty());
    let by_month = numbers(form, "by_month", 1..=12, 12);
    let by_month_day = numbers(form, "by_month_day", 1..=31, 33);
    for key in ["count", "end", "by_year_day"] {
        if form.raw(key).value().is_some() {
            let message = "This field cannot be set";
            form.error(key, "GUILD_SCHEDULED_EVENT_RECURRENCE_INVALID", message);
        }
    }
    let unsigned = |all: Vec<i64>| all.into_iter().map(i64::unsigned_abs).collect::<Vec<_>>();
    let rule = Recurrence {
        start_ms,
        frequency,
        interval,
        by_weekday: by_weekday.map(unsigned),
        by_n_weekday,
        by_month: by_month.map(unsigned),
        by_month_day,
    };
    if form.is_clean()
        && let Some((key, message)) = misfit(&rule)
    {
        form.error(key, "GUILD_SCHEDULED_EVENT_RECURRENCE_INVALID", message);
    }
    rule
}

/// A list of numbers without repetitions, in order; an empty one counts as none.
fn numbers(
    form: &mut Form<'_>,
    key: &str,
    range: std::ops::RangeInclusive<i64>,
    most: usize,
) -> Option<Vec<i64>> {
    let items = form.raw(key).value()?;
    let read = items.as_array().and_then(|items| {
        let numbers: Option<Vec<i64>> = items.iter().map(Value::as_i64).collect();
        numbers.filter(|all| all.len() <= most && all.iter().all(|one| range.contains(one)))
    });
    let Some(mut numbers) = read else {
        let (min, max) = (range.start(), range.end());
        let message = format!("Must be a list of at most {most} numbers from {min} to {max}.");
        form.error(key, "BASE_TYPE_CHOICES", &message);
        return None;
    };
    numbers.sort_unstable();
    numbers.dedup();
    Some(numbers).filter(|numbers| !numbers.is_empty())
}

/// What is wrong with a rule whose fields are right each by itself.
fn misfit(rule: &Recurrence) -> Option<(&'static str, &'static str)> {
    let yearly_day = rule.by_month.is_some() || rule.by_month_day.is_some();
    let ways = [
        rule.by_weekday.is_some(),
        rule.by_n_weekday.is_some(),
        yearly_day,
    ];
    if ways.iter().filter(|given| **given).count() > 1 {
        let message = "by_weekday, by_n_weekday and by_month with by_month_day exclude each other";
        return Some(("frequency", message));
    }
    if rule.interval != 1 && rule.frequency != WEEKLY {
        return Some(("interval", "Only weekly events can have an interval of 2"));
    }
    if let Some(days) = &rule.by_weekday {
        let fits = match rule.frequency {
            DAILY => DAILY_SETS.contains(&days.as_slice()),
            WEEKLY => days.len() == 1,
            _ => false,
        };
        if !fits {
            return Some(("by_weekday", "Not a set of weekdays for this frequency"));
        }
    }
    if let Some(days) = &rule.by_n_weekday
        && (rule.frequency != MONTHLY || days.len() != 1)
    {
        return Some(("by_n_weekday", "Takes one day, for monthly events"));
    }
    let one = |list: Option<usize>| list == Some(1);
    let whole =
        one(rule.by_month.as_ref().map(Vec::len)) && one(rule.by_month_day.as_ref().map(Vec::len));
    if yearly_day && (rule.frequency != YEARLY || !whole) {
        return Some(("by_month", "Takes one date, for yearly events"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::parse_iso8601;

    /// A Thursday, at noon.
    fn noon() -> u64 {
        parse_iso8601("2026-01-01T12:00:00Z").unwrap()
    }

    fn dates(rule: &Recurrence, count: usize) -> Vec<String> {
        let mut at = noon();
        let mut next = || {
            at = rule.next_after(at).unwrap();
            iso8601(at)[..10].to_owned()
        };
        (0..count).map(|_| next()).collect()
    }

    fn read_rule(mut rule: Value) -> Result<Recurrence, Value> {
        rule["start"] = json!("2026-01-01T12:00:00Z");
        let mut form = Form::new(&rule);
        let read = read(&mut form);
        match form.finish() {
            Ok(()) => Ok(read),
            Err(refusal) => Err(refusal.errors.unwrap()),
        }
    }

    #[test]
    fn the_documented_examples_fall_on_their_days() {
        let check = |rule: Value, expected: [&str; 3]| {
            assert_eq!(dates(&read_rule(rule).unwrap(), 3), expected);
        };
        check(
            json!({"frequency": 3, "by_weekday": [0, 1, 2, 3, 4]}),
            ["2026-01-02", "2026-01-05", "2026-01-06"],
        );
        check(
            json!({"frequency": 2, "interval": 1, "by_weekday": [2]}),
            ["2026-01-07", "2026-01-14", "2026-01-21"],
        );
        check(
            json!({"frequency": 2, "interval": 2, "by_weekday": [3]}),
            ["2026-01-15", "2026-01-29", "2026-02-12"],
        );
        check(
            json!({"frequency": 1, "by_n_weekday": [{"n": 4, "day": 2}]}),
            ["2026-01-28", "2026-02-25", "2026-03-25"],
        );
        check(
            json!({"frequency": 0, "by_month": [2], "by_month_day": [29]}),
            ["2028-02-29", "2032-02-29", "2036-02-29"],
        );
    }

    #[test]
    fn rules_beyond_the_documented_limits_name_the_field() {
        let refused = |rule: Value, key: &str| {
            let errors = read_rule(rule.clone()).expect_err(&rule.to_string());
            assert!(errors[key]["_errors"][0]["code"].is_string(), "{errors}");
        };
        refused(json!({}), "frequency");
        refused(json!({"frequency": 3, "interval": 2}), "interval");
        refused(json!({"frequency": 3, "by_weekday": [0, 3]}), "by_weekday");
        refused(json!({"frequency": 2, "by_weekday": [0, 1]}), "by_weekday");
        refused(json!({"frequency": 1, "by_weekday": [0]}), "by_weekday");
        refused(json!({"frequency": 2, "by_weekday": [9]}), "by_weekday");
        refused(json!({"frequency": 0, "by_month": [7]}), "by_month");
        refused(json!({"frequency": 2, "count": 3}), "count");
        let two = json!({
            "frequency": 2, "by_weekday": [1], "by_n_weekday": [{"n": 1, "day": 1}],
        });
        refused(two, "frequency");
    }

    #[test]
    fn an_occurrence_is_told_from_any_other_moment() {
        let rule = read_rule(json!({"frequency": 2})).unwrap();
        let week = 7 * 24 * 60 * 60 * 1_000;
        assert!(rule.occurs_at(noon()));
        assert!(rule.occurs_at(noon() + week));
        assert!(!rule.occurs_at(noon() + week + 1));
        assert!(!rule.occurs_at(0));
    }
}
