//! `<t:1767225600:R>`: a moment in words, in UTC; the page's script puts it into local time.

use std::fmt::Write as _;

use time::OffsetDateTime;

use super::escape;

/// Seconds of the longest span that is still told in smaller units, and its name.
const UNITS: &[(i64, &str)] = &[
    (365 * 24 * 60 * 60, "year"),
    (30 * 24 * 60 * 60, "month"),
    (24 * 60 * 60, "day"),
    (60 * 60, "hour"),
    (60, "minute"),
    (1, "second"),
];

/// `None` for a style or a moment that there is not.
pub(super) fn render(out: &mut String, seconds: i64, style: &str, now_ms: u64) -> Option<()> {
    let moment = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    let now = i64::try_from(now_ms / 1_000).unwrap_or(i64::MAX);
    let shown = match style {
        "t" => clock(moment),
        "T" => format!("{}:{:02}", clock(moment), moment.second()),
        "d" => short_day(moment),
        "D" => day(moment),
        "f" => format!("{} {}", day(moment), clock(moment)),
        "F" => full(moment),
        "s" => format!("{} {}", short_day(moment), clock(moment)),
        "S" => format!(
            "{} {}:{:02}",
            short_day(moment),
            clock(moment),
            moment.second()
        ),
        "R" => relative(seconds - now),
        _ => return None,
    };
    let (year, month) = (moment.year(), u8::from(moment.month()));
    // Writing into a string cannot fail.
    let _ = write!(
        out,
        "<time datetime=\"{year:04}-{month:02}-{:02}T{}:{:02}Z\" data-style=\"{style}\" title=\"",
        moment.day(),
        clock(moment),
        moment.second(),
    );
    escape(out, &format!("{} UTC", full(moment)));
    out.push_str("\">");
    escape(out, &shown);
    out.push_str("</time>");
    Some(())
}

/// "in 5 minutes", "2 days ago".
fn relative(seconds: i64) -> String {
    let length = seconds.saturating_abs();
    let (unit, name) = UNITS
        .iter()
        .find(|(unit, _)| length >= *unit)
        .copied()
        .unwrap_or((1, "second"));
    let count = length / unit;
    let plural = if count == 1 { "" } else { "s" };
    match seconds {
        0 => "now".to_owned(),
        1.. => format!("in {count} {name}{plural}"),
        _ => format!("{count} {name}{plural} ago"),
    }
}

/// `Thursday, 1 January 2026 00:00`
pub(crate) fn full(moment: OffsetDateTime) -> String {
    format!("{}, {} {}", moment.weekday(), day(moment), clock(moment))
}

/// `1 January 2026`
fn day(moment: OffsetDateTime) -> String {
    format!("{} {} {}", moment.day(), moment.month(), moment.year())
}

fn short_day(moment: OffsetDateTime) -> String {
    let month = u8::from(moment.month());
    format!("{:02}/{month:02}/{}", moment.day(), moment.year())
}

/// `14:05`
pub(crate) fn clock(moment: OffsetDateTime) -> String {
    format!("{:02}:{:02}", moment.hour(), moment.minute())
}
