//! When a rule counts: hours and days of the week, told in one offset from UTC, and moments between
//! which it is in force. Offsets are fixed; nothing here knows about summer time.

use std::{fmt, str::FromStr};

use model::Millis;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::Rule;

const MINUTE_MS: Millis = 60_000;
const DAY_MINUTES: i64 = 24 * 60;
/// The farthest offsets in use are −12:00 and +14:00.
const OFFSET_MAX: i64 = 14 * 60;

/// A time of day, from the first minute until before the second. Goes past midnight where the
/// second is earlier. As text `22:00-06:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// Minutes after midnight, below 1,440.
    from: i64,
    /// Minutes after midnight, at most 1,440.
    until: i64,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// How far local time is ahead of UTC, in minutes. As text `+02:00`, `-05:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct UtcOffset(i64);

/// What a clock on the wall says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local {
    /// Minutes after midnight.
    pub minute: i64,
    pub day: Day,
    pub day_before: Day,
}

impl UtcOffset {
    /// What clocks there say.
    pub fn local(self, at: Millis) -> Local {
        let minutes = at.div_euclid(MINUTE_MS) + self.0;
        let day = minutes.div_euclid(DAY_MINUTES);
        Local {
            minute: minutes.rem_euclid(DAY_MINUTES),
            day: Day::of(day),
            day_before: Day::of(day - 1),
        }
    }
}

/// A moment, as text in RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub Millis);

impl Rule {
    /// Whether it counts at this time.
    pub fn counts_at(&self, at: Millis) -> bool {
        self.from.is_none_or(|from| from.0 <= at)
            && self.until.is_none_or(|until| at < until.0)
            && self.is_its_day_and_hour(at)
    }

    /// Whether it counts at some times and not at others.
    pub fn has_times(&self) -> bool {
        self.hours.is_some() || !self.days.is_empty() || self.from.is_some() || self.until.is_some()
    }

    /// The next moment at which it counts, `at` itself included. `None`: never again.
    pub fn counts_next(&self, at: Millis) -> Option<Millis> {
        let start = self.from.map_or(at, |from| from.0.max(at));
        let offset = self.utc_offset.unwrap_or_default();
        let minutes = start.div_euclid(MINUTE_MS) + offset.0;
        let begins = self.hours.map_or(0, Hours::from);
        // Every day of the week comes within eight, and a window begins once a day.
        let windows = (0..=8).map(|days| {
            let day = minutes.div_euclid(DAY_MINUTES) + days;
            (day * DAY_MINUTES + begins - offset.0) * MINUTE_MS
        });
        std::iter::once(start)
            .chain(windows)
            .find(|moment| *moment >= start && self.counts_at(*moment))
    }

    fn is_its_day_and_hour(&self, at: Millis) -> bool {
        let Local {
            minute,
            day,
            day_before,
        } = self.utc_offset.unwrap_or_default().local(at);
        let begun = match self.hours {
            None => day,
            Some(hours) if hours.from <= minute && minute < hours.end_that_day() => day,
            // The night of Saturday goes on until Sunday morning.
            Some(hours) if hours.goes_past_midnight() && minute < hours.until => day_before,
            Some(_) => return false,
        };
        self.days.is_empty() || self.days.contains(&begun)
    }
}

impl Hours {
    /// Its first minute, counted from midnight.
    pub fn from(self) -> i64 {
        self.from
    }

    /// The minute before which it ends, counted from midnight.
    pub fn until(self) -> i64 {
        self.until
    }

    /// Whether it ends on the next day.
    pub fn goes_past_midnight(self) -> bool {
        self.until < self.from
    }

    fn end_that_day(self) -> i64 {
        if self.goes_past_midnight() {
            DAY_MINUTES
        } else {
            self.until
        }
    }
}

impl Day {
    /// From Monday.
    pub const ALL: [Self; 7] = [
        Self::Mon,
        Self::Tue,
        Self::Wed,
        Self::Thu,
        Self::Fri,
        Self::Sat,
        Self::Sun,
    ];

    /// Its word, as rules write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mon => "mon",
            Self::Tue => "tue",
            Self::Wed => "wed",
            Self::Thu => "thu",
            Self::Fri => "fri",
            Self::Sat => "sat",
            Self::Sun => "sun",
        }
    }

    /// Of a day counted from 1970-01-01, which was a Thursday.
    fn of(day: i64) -> Self {
        let index = usize::try_from((day + 3).rem_euclid(7)).unwrap_or_default();
        Self::ALL[index]
    }
}

impl FromStr for Hours {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "hours are written like \"22:00-06:00\"";
        let (from, until) = text.split_once('-').ok_or(wrong)?;
        let (from, until) = (
            clock(from.trim()).ok_or(wrong)?,
            clock(until.trim()).ok_or(wrong)?,
        );
        if from == DAY_MINUTES {
            return Err(wrong);
        }
        if from == until {
            return Err(
                "hours that begin when they end are never or always; leave them out, or \
                        write \"00:00-24:00\"",
            );
        }
        Ok(Self { from, until })
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, until } = self;
        write!(
            f,
            "{:02}:{:02}-{:02}:{:02}",
            from / 60,
            from % 60,
            until / 60,
            until % 60
        )
    }
}

impl FromStr for UtcOffset {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "an offset from UTC is written like \"+02:00\" and is at most 14 hours";
        if text == "Z" {
            return Ok(Self(0));
        }
        let (sign, rest) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(rest), _) => (1, rest),
            (_, Some(rest)) => (-1, rest),
            _ => return Err(wrong),
        };
        let minutes = clock(rest).filter(|it| *it <= OFFSET_MAX).ok_or(wrong)?;
        Ok(Self(sign * minutes))
    }
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { '-' } else { '+' };
        let minutes = self.0.abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let moment = OffsetDateTime::parse(text, &Rfc3339)
            .map_err(|_| "a moment is written like \"2026-12-01T00:00:00Z\"")?;
        let millis = moment.unix_timestamp_nanos().div_euclid(1_000_000);
        Millis::try_from(millis)
            .map(Self)
            .map_err(|_| "that moment is beyond the calendar")
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000)
            .ok()
            .and_then(|moment| moment.format(&Rfc3339).ok());
        f.write_str(shown.as_deref().unwrap_or("a time beyond the calendar"))
    }
}

/// `HH:MM` as minutes, up to `24:00`.
fn clock(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |part: &str| {
        let plain = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| part.parse::<i64>().ok()).flatten()
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let all = hours * 60 + minutes;
    (minutes < 60 && all <= DAY_MINUTES).then_some(all)
}

macro_rules! as_text {
    ($($name:ident),*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?
                    .parse()
                    .map_err(de::Error::custom)
            }
        }
    )*};
}
as_text!(Hours, UtcOffset, Moment);

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> Rule {
        toml::from_str(&format!("name = \"x\"\n{text}")).unwrap()
    }

    fn counts(text: &str, at: &str) -> bool {
        let at: Moment = at.parse().unwrap();
        rule(text).counts_at(at.0)
    }

    #[test]
    fn hours_begin_with_their_first_minute_and_end_before_their_last() {
        let office = "hours = \"09:00-17:30\"";
        assert!(!counts(office, "2026-11-30T08:59:59.999Z"));
        assert!(counts(office, "2026-11-30T09:00:00Z"));
        assert!(counts(office, "2026-11-30T17:29:59.999Z"));
        assert!(!counts(office, "2026-11-30T17:30:00Z"));
        assert!(counts("hours = \"00:00-24:00\"", "2026-11-30T23:59:59Z"));
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_began() {
        // 2026-11-28 was a Saturday.
        let night = "hours = \"22:00-06:00\"\ndays = [\"sat\"]";
        assert!(!counts(night, "2026-11-28T05:00:00Z"));
        assert!(counts(night, "2026-11-28T23:00:00Z"));
        assert!(counts(night, "2026-11-29T05:59:00Z"));
        assert!(!counts(night, "2026-11-29T06:00:00Z"));
        assert!(!counts(night, "2026-11-29T23:00:00Z"));
        let until_midnight = "hours = \"22:00-00:00\"\ndays = [\"sat\"]";
        assert!(counts(until_midnight, "2026-11-28T23:59:00Z"));
        assert!(!counts(until_midnight, "2026-11-29T00:00:00Z"));
    }

    #[test]
    fn the_offset_moves_hours_and_days_together() {
        let there = "hours = \"00:00-01:00\"\ndays = [\"sun\"]\nutc_offset = \"+05:30\"";
        assert!(counts(there, "2026-11-28T18:30:00Z"));
        assert!(!counts(there, "2026-11-28T19:30:00Z"));
        let west = "days = [\"sat\"]\nutc_offset = \"-08:00\"";
        assert!(counts(west, "2026-11-29T07:59:00Z"));
        assert!(!counts(west, "2026-11-29T08:00:00Z"));
    }

    #[test]
    fn a_rule_begins_and_ends_by_itself() {
        let december = "from = \"2026-12-01T00:00:00+01:00\"\nuntil = \"2027-01-01T00:00:00Z\"";
        assert!(!counts(december, "2026-11-30T22:59:59Z"));
        assert!(counts(december, "2026-11-30T23:00:00Z"));
        assert!(!counts(december, "2027-01-01T00:00:00Z"));
    }

    #[test]
    fn it_is_known_when_a_rule_counts_next() {
        let next = |text: &str, at: &str| {
            let at: Moment = at.parse().unwrap();
            rule(text)
                .counts_next(at.0)
                .map(|at| Moment(at).to_string())
        };
        let night = "hours = \"22:00-06:00\"\ndays = [\"sat\"]\nutc_offset = \"+02:00\"";
        // 2026-11-30 was a Monday.
        let saturday = Some("2026-12-05T20:00:00Z".to_owned());
        assert_eq!(next(night, "2026-11-30T12:00:00Z"), saturday);
        let now = "2026-12-05T21:00:00Z";
        assert_eq!(next(night, now).as_deref(), Some(now));
        let over = "until = \"2026-11-01T00:00:00Z\"";
        assert_eq!(next(over, now), None);
        let december = "from = \"2026-12-24T12:00:00Z\"\ndays = [\"fri\"]";
        assert_eq!(next(december, now).as_deref(), Some("2026-12-25T00:00:00Z"));
    }

    proptest::proptest! {
        #[test]
        fn it_counts_at_the_next_moment_and_not_before(
            from in 0..1_440i64, length in 1..1_440i64, day in 0..7usize, offset in -14..15i64, at in 0..20_000i64,
        ) {
            let until = (from + length) % 1_440;
            let rule = Rule {
                hours: (until != from).then_some(Hours { from, until }),
                days: vec![Day::ALL[day]],
                utc_offset: Some(UtcOffset(offset * 60)),
                ..Rule::default()
            };
            let at = at * MINUTE_MS;
            let next = rule.counts_next(at).unwrap();
            proptest::prop_assert!(rule.counts_at(next));
            let before = (at..next).step_by(60_000).find(|moment| rule.counts_at(*moment));
            proptest::prop_assert_eq!(before, None);
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in [
            "hours = \"22-06\"",
            "hours = \"22:00-22:00\"",
            "hours = \"24:00-06:00\"",
            "hours = \"22:60-23:00\"",
            "hours = \"+2:00-23:00\"",
            "utc_offset = \"2\"",
            "utc_offset = \"+15:00\"",
            "from = \"tomorrow\"",
            "days = [\"Saturday\"]",
        ] {
            let text = format!("name = \"x\"\n{bad}");
            assert!(toml::from_str::<Rule>(&text).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_written_as_they_are_read() {
        let text = "hours = \"22:05-06:00\"\nutc_offset = \"-05:30\"\nfrom = \"2026-12-01T00:00:00Z\"\n\
                    until = \"2026-12-01T00:00:00.25Z\"\ndays = [\"mon\"]";
        let rule = rule(text);
        let again: Rule = toml::from_str(&toml::to_string(&rule).unwrap()).unwrap();
        assert_eq!(again, rule);
        assert_eq!(rule.hours.unwrap().to_string(), "22:05-06:00");
        assert_eq!(rule.utc_offset.unwrap().to_string(), "-05:30");
    }
}
