//! Inside a line: emphasis, code, spoilers, links and mentions. Every delimiter is looked for once
//! where it is missing, and nesting has a limit, so the time stays proportional to the text.

use super::{Names, address, angle, escape};

/// Emphasis within emphasis; deeper signs are shown as they are.
const MAX_DEPTH: usize = 10;

/// Characters of a link's label.
const MAX_LABEL: usize = 1_000;

/// Delimiters in the order in which they are tried, with their element. Longer ones come first.
const DELIMITERS: &[(&str, &str, &str)] = &[
    ("**", "<strong>", "</strong>"),
    ("__", "<u>", "</u>"),
    ("~~", "<s>", "</s>"),
    ("||", "<span class=\"spoiler\" tabindex=\"0\">", "</span>"),
    ("*", "<em>", "</em>"),
    ("_", "<em>", "</em>"),
];

/// Renders a text without blocks.
pub(super) fn render(out: &mut String, text: &str, names: &Names, depth: usize) {
    if depth > MAX_DEPTH {
        escape(out, text);
        return;
    }
    let mut missing = Missing::default();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let before = text[..at].chars().next_back();
        let taken = match c {
            '\\' => escaped(out, &text[at..]),
            '\n' => Some(line_break(out)),
            '`' => code(out, &text[at..], &mut missing),
            '<' => angle::render(out, &text[at..], names),
            '[' => link(out, &text[at..], names, depth),
            '@' => everyone(out, &text[at..]),
            'h' if !before.is_some_and(char::is_alphanumeric) => web(out, &text[at..], names),
            '*' | '_' | '~' | '|' => emphasis(out, text, at, names, depth, &mut missing),
            _ => None,
        };
        at += taken.unwrap_or_else(|| {
            let end = at + c.len_utf8();
            escape(out, &text[at..end]);
            c.len_utf8()
        });
    }
}

/// Closing signs that do not come any more.
#[derive(Default)]
struct Missing {
    delimiters: [bool; DELIMITERS.len()],
    ticks: [bool; 2],
}

fn escaped(out: &mut String, text: &str) -> Option<usize> {
    let next = text[1..]
        .chars()
        .next()
        .filter(char::is_ascii_punctuation)?;
    escape(out, next.encode_utf8(&mut [0; 4]));
    Some(2)
}

fn line_break(out: &mut String) -> usize {
    out.push_str("<br>");
    1
}

fn everyone(out: &mut String, text: &str) -> Option<usize> {
    let word = ["@everyone", "@here"]
        .into_iter()
        .find(|it| text.starts_with(it))?;
    out.push_str("<span class=\"mention me\">");
    out.push_str(word);
    out.push_str("</span>");
    Some(word.len())
}

fn web(out: &mut String, text: &str, names: &Names) -> Option<usize> {
    let found = address::at_start(text)?;
    address::bare(out, found, names);
    Some(found.len())
}

/// One or two backticks, closed by exactly as many.
fn code(out: &mut String, text: &str, missing: &mut Missing) -> Option<usize> {
    let ticks = text.bytes().take_while(|b| *b == b'`').count();
    if ticks > 2 || missing.ticks[ticks - 1] {
        return None;
    }
    let inside = &text[ticks..];
    let mut from = 0;
    let end = loop {
        let Some(found) = inside[from..].find('`') else {
            missing.ticks[ticks - 1] = true;
            return None;
        };
        let start = from + found;
        let run = inside[start..].bytes().take_while(|b| *b == b'`').count();
        if run == ticks {
            break start;
        }
        from = start + run;
    };
    if end == 0 {
        return None;
    }
    out.push_str("<code>");
    escape(out, &inside[..end]);
    out.push_str("</code>");
    Some(end + 2 * ticks)
}

/// `[text](address)`; a link holds no link.
fn link(out: &mut String, text: &str, names: &Names, depth: usize) -> Option<usize> {
    let window = text
        .char_indices()
        .nth(MAX_LABEL)
        .map_or(text, |(at, _)| &text[..at]);
    let end = window.find("](")?;
    let label = &text[1..end];
    let nested = label.contains('[') || label.contains("http") || label.contains('<');
    if nested || label.trim().is_empty() || label.contains('\n') {
        return None;
    }
    let (target, length) = address::in_brackets(&text[end + 1..])?;
    if names.link {
        address::open(out, target);
    }
    render(out, label, names, depth + 1);
    if names.link {
        out.push_str("</a>");
    }
    Some(end + 1 + length)
}

fn emphasis(
    out: &mut String,
    text: &str,
    at: usize,
    names: &Names,
    depth: usize,
    missing: &mut Missing,
) -> Option<usize> {
    for (index, (sign, open, close)) in DELIMITERS.iter().enumerate() {
        if missing.delimiters[index] || !text[at..].starts_with(sign) {
            continue;
        }
        let after = at + sign.len();
        if !may_open(sign, text, at, after) {
            continue;
        }
        let Some(end) = closing(sign, text, after) else {
            missing.delimiters[index] = true;
            continue;
        };
        out.push_str(open);
        render(out, &text[after..end], names, depth + 1);
        out.push_str(close);
        return Some(end + sign.len() - at);
    }
    None
}

/// A single sign opens only before a word; an underscore never inside one.
fn may_open(sign: &str, text: &str, at: usize, after: usize) -> bool {
    if sign.len() > 1 {
        return true;
    }
    let next = text[after..].chars().next();
    let inside_word = sign == "_"
        && text[..at]
            .chars()
            .next_back()
            .is_some_and(char::is_alphanumeric);
    !inside_word && next.is_some_and(|c| !c.is_whitespace() && !sign.contains(c))
}

/// Where the closing sign is: not escaped, not empty, and no part of a longer run.
fn closing(sign: &str, text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mark = sign.as_bytes()[0];
    let mut at = from;
    while at < bytes.len() {
        if bytes[at] == b'\\' {
            at += 2;
            continue;
        }
        if bytes[at] != mark {
            at += 1;
            continue;
        }
        let run = bytes[at..].iter().take_while(|b| **b == mark).count();
        let end = at + run;
        let place = match sign.len() {
            1 if run % 2 == 1 => Some(end - 1),
            2 if run >= 2 => Some(end - 2),
            _ => None,
        };
        if let Some(place) = place.filter(|place| *place > from && may_close(sign, text, *place)) {
            return Some(place);
        }
        at = end;
    }
    None
}

fn may_close(sign: &str, text: &str, place: usize) -> bool {
    match sign {
        "*" => !text[..place].ends_with(char::is_whitespace),
        "_" => !text[place + 1..].starts_with(char::is_alphanumeric),
        _ => true,
    }
}
