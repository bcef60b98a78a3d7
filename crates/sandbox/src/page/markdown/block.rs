//! The blocks of a text: code, quotes, lists, headings, small print, and the lines between them.

use std::fmt::Write as _;

use super::{Names, escape, inline};

const FENCE: &str = "```";
/// Quotes within quotes, and lists within lists.
const MAX_DEPTH: usize = 4;
/// Characters of a code block's language.
const MAX_LANGUAGE: usize = 24;

/// Renders a whole text.
pub(super) fn render(out: &mut String, text: &str, names: &Names) {
    blocks(out, text, names, 0);
}

fn blocks(out: &mut String, text: &str, names: &Names, depth: usize) {
    let last_fence = text.rfind(FENCE);
    let mut lines = Lines::default();
    let mut at = 0;
    let mut fresh = true;
    while at < text.len() {
        let rest = &text[at..];
        let line = rest.split('\n').next().unwrap_or_default();
        let fence = line
            .find(FENCE)
            .filter(|found| last_fence.is_some_and(|last| last >= at + found + FENCE.len()));
        if fresh
            && depth < MAX_DEPTH
            && let Some(quoted) = rest.strip_prefix(">>> ")
        {
            lines.flush(out, names);
            wrapped(out, "blockquote", |out| {
                blocks(out, quoted, names, depth + 1);
            });
            return;
        }
        if let Some(found) = fence {
            lines.add(&line[..found], fresh);
            lines.flush(out, names);
            at += found + FENCE.len();
            at += code(out, &text[at..]);
            fresh = text[..at].ends_with('\n');
            continue;
        }
        let taken = if fresh {
            block_at(out, rest, names, depth, &mut lines)
        } else {
            None
        };
        at += taken.unwrap_or_else(|| {
            lines.add(line, fresh);
            line.len() + 1
        });
        fresh = true;
    }
    lines.flush(out, names);
}

/// A block that begins at the start of a line; answers how many bytes it took.
fn block_at(
    out: &mut String,
    rest: &str,
    names: &Names,
    depth: usize,
    lines: &mut Lines<'_>,
) -> Option<usize> {
    let line = rest.split('\n').next().unwrap_or_default();
    let whole = line.len() + 1;
    if let Some((element, title)) = heading(line) {
        lines.flush(out, names);
        wrapped(out, element, |out| inline::render(out, title, names, 0));
        return Some(whole);
    }
    if let Some(small) = line.strip_prefix("-# ").filter(|it| !it.trim().is_empty()) {
        lines.flush(out, names);
        out.push_str("<p class=\"small\">");
        inline::render(out, small, names, 0);
        out.push_str("</p>");
        return Some(whole);
    }
    if line.starts_with("> ") || line == ">" {
        lines.flush(out, names);
        let mut taken = 0;
        let mut quoted = Vec::new();
        for line in rest.split('\n') {
            let Some(inside) = line
                .strip_prefix('>')
                .filter(|it| it.is_empty() || it.starts_with(' '))
            else {
                break;
            };
            quoted.push(inside.strip_prefix(' ').unwrap_or(inside));
            taken += line.len() + 1;
        }
        wrapped(out, "blockquote", |out| {
            inline::render(out, &quoted.join("\n"), names, 0);
        });
        return Some(taken);
    }
    if depth <= MAX_DEPTH && Item::read(line).is_some() {
        lines.flush(out, names);
        let items: Vec<Item<'_>> = rest.split('\n').map_while(Item::read).collect();
        list(out, &items, names, 0);
        let taken = rest
            .split('\n')
            .take(items.len())
            .map(|line| line.len() + 1);
        return Some(taken.sum());
    }
    None
}

fn heading(line: &str) -> Option<(&'static str, &str)> {
    let marks = [("# ", "h3"), ("## ", "h4"), ("### ", "h5")];
    let (title, element) = marks
        .iter()
        .find_map(|(mark, element)| Some((line.strip_prefix(mark)?.trim(), *element)))?;
    (!title.is_empty()).then_some((element, title))
}

/// A code block after its opening fence, which is known to be closed.
fn code(out: &mut String, text: &str) -> usize {
    let end = text.find(FENCE).unwrap_or(text.len());
    let inside = &text[..end];
    let (language, body) = match inside.split_once('\n') {
        Some((first, body)) if is_language(first) => (first, body),
        _ => ("", inside),
    };
    out.push_str("<pre><code");
    if !language.is_empty() {
        // The name of a language holds nothing that needs escaping.
        let _ = write!(out, " data-language=\"{language}\"");
    }
    out.push('>');
    escape(out, body.trim_start_matches('\n').trim_end());
    out.push_str("</code></pre>");
    let after = end + FENCE.len();
    let line_ends = text.get(after..).is_some_and(|it| it.starts_with('\n'));
    (after + usize::from(line_ends)).min(text.len())
}

fn is_language(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "+-#._".contains(c);
    (1..=MAX_LANGUAGE).contains(&text.len()) && text.chars().all(plain)
}

/// One line of a list.
struct Item<'a> {
    indent: usize,
    number: Option<u32>,
    text: &'a str,
}

impl<'a> Item<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let text = line.trim_start_matches(' ');
        let indent = line.len() - text.len();
        if let Some(text) = text.strip_prefix("- ").or_else(|| text.strip_prefix("* ")) {
            let text = text.trim();
            return (!text.is_empty()).then_some(Self {
                indent,
                number: None,
                text,
            });
        }
        let (number, text) = text.split_once(". ")?;
        let number = (number.len() <= 9).then(|| number.parse().ok())??;
        let text = text.trim();
        (!text.is_empty()).then_some(Self {
            indent,
            number: Some(number),
            text,
        })
    }
}

fn list(out: &mut String, items: &[Item<'_>], names: &Names, depth: usize) {
    let Some(first) = items.first() else { return };
    let element = if first.number.is_some() { "ol" } else { "ul" };
    match first.number {
        Some(number) if number != 1 => {
            let _ = write!(out, "<ol start=\"{number}\">");
        }
        _ => {
            let _ = write!(out, "<{element}>");
        }
    }
    let mut at = 0;
    while at < items.len() {
        out.push_str("<li>");
        inline::render(out, items[at].text, names, 0);
        at += 1;
        let deeper = items[at..]
            .iter()
            .take_while(|item| item.indent > first.indent);
        let inside = deeper.count();
        if inside > 0 && depth < MAX_DEPTH {
            list(out, &items[at..at + inside], names, depth + 1);
            at += inside;
        }
        out.push_str("</li>");
    }
    let _ = write!(out, "</{element}>");
}

fn wrapped(out: &mut String, element: &str, inside: impl FnOnce(&mut String)) {
    let _ = write!(out, "<{element}>");
    inside(out);
    let _ = write!(out, "</{element}>");
}

/// Plain lines that wait to be written as one.
#[derive(Default)]
struct Lines<'a>(Vec<&'a str>);

impl<'a> Lines<'a> {
    fn add(&mut self, line: &'a str, fresh: bool) {
        if fresh || !line.is_empty() {
            self.0.push(line);
        }
    }

    fn flush(&mut self, out: &mut String, names: &Names) {
        let text = std::mem::take(&mut self.0).join("\n");
        let text = text.trim_end_matches('\n');
        if !text.is_empty() {
            inline::render(out, text, names, 0);
        }
    }
}
