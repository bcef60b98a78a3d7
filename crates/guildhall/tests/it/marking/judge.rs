//! Whether words of strangers stand where the marks say, at every exit of the service.

use serde_json::Value;

use super::words::{Seen, TOKEN};

/// Shortest boundary that nobody guesses: 72 bits.
const BOUNDARY: usize = 12;

type Verdict = Result<Looked, String>;

/// What was found where it may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    /// Marked words.
    Words,
    Nothing,
}

fn looked(found: bool) -> Looked {
    if found {
        Looked::Words
    } else {
        Looked::Nothing
    }
}

/// Anything that a server says over MCP: an answer, a question to a person, a notification.
pub(super) fn message(message: &Value, seen: &Seen) -> Verdict {
    if message["method"] == "elicitation/create" {
        return question(&message["params"], seen);
    }
    if message.get("method").is_some() {
        return nothing(message);
    }
    if message.get("error").is_some() {
        return error(&message["error"], seen);
    }
    let result = &message["result"];
    if result.get("structuredContent").is_some() {
        return tool(result, seen);
    }
    if let Some(inputs) = result["inputRequests"].as_object() {
        let mut found = false;
        for input in inputs.values() {
            found |= question(&input["params"], seen)? == Looked::Words;
        }
        return Ok(looked(found));
    }
    if let Some(contents) = result["contents"].as_array() {
        let mut found = false;
        for content in contents {
            found |= resource(content, seen)? == Looked::Words;
        }
        return Ok(looked(found));
    }
    if result.get("resources").is_some() {
        return structure(result, &result["_meta"]["untrusted_content"]);
    }
    nothing(message)
}

/// A result of a tool: the same words in text and structure, each marked with the same boundary.
fn tool(result: &Value, seen: &Seen) -> Verdict {
    let structured = &result["structuredContent"];
    let mark = &structured["untrusted_content"];
    let found = structure(structured, mark)?;
    nothing(&result["_meta"])?;
    if !mark.is_null() {
        let first = structured.as_object().and_then(|it| it.keys().next());
        if first.is_none_or(|first| first != "untrusted_content") {
            return Err(format!("the mark comes after {first:?}"));
        }
    }
    let mut in_text = false;
    for content in result["content"].as_array().into_iter().flatten() {
        let said = content["text"].as_str().unwrap_or_default();
        in_text |= text(said, mark["boundary"].as_str())? == Looked::Words;
    }
    fresh(mark, seen)?;
    match found {
        Looked::Words => Ok(Looked::Words),
        Looked::Nothing if in_text => Err("the text says what the structure does not".to_owned()),
        Looked::Nothing => Ok(Looked::Nothing),
    }
}

fn resource(content: &Value, seen: &Seen) -> Verdict {
    let mark = &content["_meta"]["untrusted_content"];
    fresh(mark, seen)?;
    text(
        content["text"].as_str().unwrap_or_default(),
        mark["boundary"].as_str(),
    )
}

/// An error of the protocol: its message is a text, its data a structure.
fn error(error: &Value, seen: &Seen) -> Verdict {
    let mark = &error["data"]["untrusted_content"];
    fresh(mark, seen)?;
    let found = structure(&error["data"], mark)?;
    let said = text(
        error["message"].as_str().unwrap_or_default(),
        mark["boundary"].as_str(),
    )?;
    Ok(looked(found == Looked::Words || said == Looked::Words))
}

/// A body of REST, a problem document included.
pub(super) fn body(body: &Value) -> Verdict {
    structure(body, &body["untrusted_content"])
}

/// What a person at a client is asked: words stand between two lines, and each line of them is
/// quoted and shows what it holds.
fn question(params: &Value, seen: &Seen) -> Verdict {
    let message = params["message"].as_str().unwrap_or_default();
    nothing(&params["requestedSchema"])?;
    if !message.contains(TOKEN) {
        return Ok(Looked::Nothing);
    }
    let lines: Vec<&str> = message.split('\n').collect();
    let at = |word: &str| {
        let found = lines.iter().enumerate().filter_map(|(number, line)| {
            let mark = line.strip_prefix(word)?.strip_suffix(']')?;
            Some((number, mark))
        });
        found.collect::<Vec<_>>()
    };
    let (begins, ends) = (at("[begin "), at("[end "));
    let ([(begin, mark)], [(end, closing)]) = (&begins[..], &ends[..]) else {
        return Err(format!("not one pair of marks: {message}"));
    };
    if mark != closing || mark.len() < BOUNDARY || !seen.note(mark) {
        return Err(format!("a mark that can be guessed: {message}"));
    }
    for (number, line) in lines.iter().enumerate() {
        let is_inside = *begin < number && number < *end;
        if !is_inside && line.contains(TOKEN) {
            return Err(format!("outside the marks: {line}"));
        }
        let hidden = |c: char| c.is_control() || "\u{202e}\u{200b}\u{2028}<>`".contains(c);
        if is_inside && line.strip_prefix("> ").is_none_or(|it| it.contains(hidden)) {
            return Err(format!("no harmless line: {line:?}"));
        }
    }
    Ok(Looked::Words)
}

/// A message that the service writes for people: words of others only inside blocks of code, which
/// they do not end.
pub(super) fn post(body: &Value) -> Verdict {
    let mut places = Vec::new();
    find(body, "", &mut places);
    for (path, said) in &places {
        if path != "embeds[].fields[].value" {
            return Err(format!("{path}: {said}"));
        }
        let inside = said
            .strip_prefix("```")
            .and_then(|said| said.strip_suffix("```"));
        let inside = inside.ok_or_else(|| format!("{path} is no block: {said}"))?;
        let hidden =
            |c: char| c != '\n' && (c.is_control() || "\u{202e}\u{200b}\u{2028}".contains(c));
        if inside.contains('`') || inside.contains(hidden) {
            return Err(format!("{path} does not stay a block: {inside:?}"));
        }
    }
    Ok(looked(!places.is_empty()))
}

/// Every hostile word of a structure is under a path that its mark names.
fn structure(value: &Value, mark: &Value) -> Verdict {
    let fields: Vec<&str> = mark["fields"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut places = Vec::new();
    find(value, "", &mut places);
    for (path, said) in &places {
        let covered = fields.iter().any(|field| {
            let rest = path.strip_prefix(field);
            *field == "*" || rest.is_some_and(|it| it.is_empty() || it.starts_with(['.', '[']))
        });
        if !covered {
            let said: String = said.chars().take(80).collect();
            return Err(format!("{path} is not among {fields:?}: {said:?}"));
        }
    }
    Ok(looked(!places.is_empty()))
}

/// Every hostile word of a text is between the two marks, which occur nowhere else.
fn text(said: &str, boundary: Option<&str>) -> Verdict {
    let Some(boundary) = boundary else {
        return match said.find(TOKEN) {
            Some(at) => Err(format!("no mark around: {:?}", around(said, at))),
            None => Ok(Looked::Nothing),
        };
    };
    let open = format!("<untrusted-{boundary}>\n");
    let close = format!("\n</untrusted-{boundary}>");
    if said.matches(&open).count() != 1 || said.matches(&close).count() != 1 {
        return Err(format!("the mark {boundary} does not stand once"));
    }
    let (before, rest) = said.split_once(&open).unwrap_or_default();
    let (inside, after) = rest.split_once(&close).unwrap_or_default();
    for outside in [before, after] {
        if let Some(at) = outside.find(TOKEN) {
            return Err(format!("outside the mark: {:?}", around(outside, at)));
        }
    }
    Ok(looked(inside.contains(TOKEN)))
}

/// A boundary is long, and no result has that of another.
fn fresh(mark: &Value, seen: &Seen) -> Result<(), String> {
    match mark["boundary"].as_str() {
        None if mark.is_null() => Ok(()),
        Some(boundary) if boundary.len() >= BOUNDARY && seen.note(boundary) => Ok(()),
        other => Err(format!("a boundary that can be guessed: {other:?}")),
    }
}

fn nothing(value: &Value) -> Verdict {
    let mut places = Vec::new();
    find(value, "", &mut places);
    match places.first() {
        Some((path, said)) => Err(format!("{path} is no place for words: {said}")),
        None => Ok(Looked::Nothing),
    }
}

/// Paths of texts and names of fields that hold hostile words, as marks write paths.
fn find(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) if text.to_lowercase().contains(TOKEN) => {
            found.push((path.to_owned(), text.clone()));
        }
        Value::Array(items) => {
            for item in items {
                find(item, &format!("{path}[]"), found);
            }
        }
        Value::Object(fields) => {
            for (name, below) in fields {
                if name.contains(TOKEN) {
                    found.push((path.to_owned(), name.clone()));
                }
                let dot = if path.is_empty() { "" } else { "." };
                find(below, &format!("{path}{dot}{name}"), found);
            }
        }
        _ => {}
    }
}

fn around(text: &str, at: usize) -> String {
    let before: String = text[..at].chars().rev().take(60).collect();
    let before: String = before.chars().rev().collect();
    before + &text[at..].chars().take(60).collect::<String>()
}
