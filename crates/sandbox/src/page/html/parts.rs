//! Small things that stand everywhere: avatars, names, moments, numbers, hidden fields.

use maud::{Markup, PreEscaped, html};
use time::OffsetDateTime;

use super::super::markdown::{clock, full};
use super::super::view::Face;
use crate::snowflake::Snowflake;

/// Classes of avatars in `frame.css`.
const HUES: u64 = 8;

/// Initials on a colour that stays the same for a user.
pub(super) fn avatar(face: &Face) -> Markup {
    let hue = (face.id.0 >> 22 ^ face.id.0) % HUES;
    html! { span class={ "avatar hue" (hue) @if face.bot { " square" } } aria-hidden="true" { (initials(&face.name)) } }
}

/// An avatar with a dot that tells the status.
pub(super) fn avatar_with_status(face: &Face) -> Markup {
    html! {
        span class="with-status" {
            (avatar(face))
            span class={ "status " (status_class(&face.status)) } {
                span class="hidden" { (status_word(&face.status)) }
            }
        }
    }
}

/// A name in the colour of its highest role.
pub(super) fn name(face: &Face) -> Markup {
    html! {
        bdi class={ "name" @if let Some(role) = face.colour { " r" (role) } } { (face.name) }
        @if face.bot { " " span class="badge" { "APP" } }
    }
}

/// Two letters at most.
pub(super) fn initials(name: &str) -> String {
    let words = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let letters: String = words
        .filter_map(|word| word.chars().next())
        .take(2)
        .collect();
    if letters.is_empty() {
        name.chars().next().unwrap_or('?').to_string()
    } else {
        letters.to_uppercase()
    }
}

pub(super) fn status_word(status: &str) -> &'static str {
    match status {
        "online" => "online",
        "idle" => "idle",
        "dnd" => "do not disturb",
        _ => "offline",
    }
}

fn status_class(status: &str) -> &'static str {
    match status {
        "online" => "online",
        "idle" => "idle",
        "dnd" => "dnd",
        _ => "offline",
    }
}

/// A moment: the time of day in UTC, which the script puts into local time.
pub(super) fn moment(ms: u64) -> Markup {
    let at = moment_of(ms);
    html! { time datetime=(iso(at)) data-style="t" title={ (full(at)) " UTC" } { (clock(at)) } }
}

/// A moment with seconds, for lists of requests.
pub(super) fn precise(ms: u64) -> Markup {
    let at = moment_of(ms);
    html! { time datetime=(iso(at)) data-style="T" title={ (full(at)) " UTC" } {
        (clock(at)) (format!(":{:02}", at.second()))
    } }
}

/// A day.
pub(super) fn day(ms: u64) -> Markup {
    let at = moment_of(ms);
    let shown = format!(
        "{}, {} {} {}",
        at.weekday(),
        at.day(),
        at.month(),
        at.year()
    );
    html! { time datetime=(iso(at)) data-style="day" { (shown) } }
}

pub(super) fn moment_of(ms: u64) -> OffsetDateTime {
    let seconds = i64::try_from(ms / 1_000).unwrap_or_default();
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn iso(at: OffsetDateTime) -> String {
    format!(
        "{:04}-{:02}-{:02}T{}:{:02}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        clock(at),
        at.second()
    )
}

/// `12.3 kB`
pub(super) fn size(bytes: u64) -> String {
    const UNITS: &[(u64, &str)] = &[(1_000_000, "MB"), (1_000, "kB")];
    let unit = UNITS.iter().find(|(unit, _)| bytes >= *unit);
    match unit {
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} bytes"),
    }
}

/// "1 answer", "2 answers".
pub(super) fn count(number: u64, one: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {one}s")
    }
}

/// What every form carries.
pub(super) fn hidden(token: &str, channel: Snowflake) -> Markup {
    html! {
        input type="hidden" name="token" value=(token);
        input type="hidden" name="channel" value=(channel);
    }
}

/// A colour that stands by itself, such as the edge of an embed: an attribute, since the page
/// allows no inline styles.
pub(super) fn edge(colour: Option<u64>) -> Markup {
    let Some(colour) = colour else {
        return PreEscaped(String::new());
    };
    html! {
        svg class="edge" aria-hidden="true" width="4" height="100%" preserveAspectRatio="none" {
            rect width="4" height="100%" fill=(format!("#{:06x}", colour & 0x00ff_ffff)) {}
        }
    }
}

/// The pictures of the page: paths in a box of 20 by 20.
pub(super) fn icon(name: &str) -> Markup {
    let path = match name {
        "text" => "M4 7h12M4 13h12M8 3 6 17M14 3l-2 14",
        "voice" => "M3 8v4h3l4 4V4L6 8Zm10-1a4 4 0 0 1 0 6m2-9a8 8 0 0 1 0 12",
        "news" => "M3 8v4l9 4V4Zm9 0h3a2 2 0 0 1 0 4h-3M5 12v4h3",
        "forum" => "M3 4h14v9H9l-4 3v-3H3Zm4 3h6M7 10h4",
        "stage" => "M10 3v8m-3-5v3a3 3 0 0 0 6 0V6M5 9a5 5 0 0 0 10 0m-5 5v3m-3 0h6",
        "thread" => "M5 3v7a3 3 0 0 0 3 3h8m-3-3 3 3-3 3",
        "person" => "M10 10a3.2 3.2 0 1 0 0-6.400 3.200 3.200 0 0 0 0 6.400Zm-6 7a6 6 0 0 1 12 0",
        "people" => {
            "M7.500 9.500a2.800 2.800 0 1 0 0-5.600 2.800 2.800 0 0 0 0 5.600Zm-5 6.500a5 5 0 0 1 10 0M13 4.500a2.600 2.600 0 0 1 0 5m1.500 2.200a5 5 0 0 1 3 4.300"
        }
        "menu" => "M3 5h14M3 10h14M3 15h14",
        "pin" => "M8 3h5l-1 5 3 3H5l3-3Zm2 8v6",
        "more" => "M4 10h.01M10 10h.01M16 10h.01",
        "reply" => "M8 4 3 9l5 5M3 9h9a5 5 0 0 1 5 5v2",
        "pulse" => "M2 10h4l2-6 4 12 2-6h4",
        "file" => "M5 2h7l4 4v12H5Zm7 0v4h4",
        "link" => "M8 12l4-4M7 9 5 11a3 3 0 0 0 4 4l2-2m2-2 2-2a3 3 0 0 0-4-4L9 7",
        "attach" => {
            "m8 11 5-5a2.500 2.500 0 0 1 3.500 3.500l-7 7a4.200 4.200 0 0 1-6-6l6.500-6.500"
        }
        "close" => "M5 5l10 10M15 5 5 15",
        _ => "M10 10h.01",
    };
    html! {
        svg class="icon" viewBox="0 0 20 20" width="18" height="18" aria-hidden="true" fill="none" {
            path d=(path) stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" {}
        }
    }
}

/// The picture of a kind of channel.
pub(super) fn channel_icon(kind: u64) -> Markup {
    icon(match kind {
        1 | 3 => "person",
        2 => "voice",
        5 => "news",
        10..=12 => "thread",
        13 => "stage",
        15 | 16 => "forum",
        _ => "text",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_letters_of_words() {
        assert_eq!(initials("ada"), "A");
        assert_eq!(initials("Grace the 2nd"), "GT");
        assert_eq!(initials("🦀"), "🦀");
    }

    #[test]
    fn sizes_are_told_in_the_unit_that_fits() {
        assert_eq!(size(999), "999 bytes");
        assert_eq!(size(12_345), "12.3 kB");
        assert_eq!(size(10_485_760), "10.4 MB");
    }
}
