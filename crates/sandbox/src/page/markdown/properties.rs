//! Properties of the renderer: any text at all gives well-formed, escaped HTML, and quickly.

use proptest::prelude::*;

use super::{Names, line, text};
use crate::snowflake::Snowflake;

/// All that the renderer may ever open.
const ELEMENTS: &[&str] = &[
    "a",
    "blockquote",
    "br",
    "code",
    "em",
    "h3",
    "h4",
    "h5",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "span",
    "strong",
    "time",
    "u",
    "ul",
];
const ATTRIBUTES: &[&str] = &[
    "class",
    "data-language",
    "data-style",
    "datetime",
    "href",
    "rel",
    "start",
    "tabindex",
    "target",
    "title",
];

/// Fails where the HTML is not what the renderer may write.
fn check(html: &str) {
    let mut open = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        check_text(&rest[..at]);
        let end = rest[at..].find('>').expect("a tag ends") + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{html}");
            continue;
        }
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(ELEMENTS.contains(&name), "{name} in {html}");
        check_attributes(attributes, html);
        if name != "br" {
            assert!(
                name != "a" || !open.contains(&"a"),
                "a link in a link: {html}"
            );
            open.push(name);
        }
    }
    check_text(rest);
    assert!(open.is_empty(), "{open:?} stay open in {html}");
}

fn check_attributes(mut text: &str, html: &str) {
    while !text.is_empty() {
        let (name, rest) = text.split_once("=\"").expect("a value");
        assert!(ATTRIBUTES.contains(&name.trim()), "{name} in {html}");
        let (value, rest) = rest.split_once('"').expect("the value ends");
        check_text(value);
        if name.trim() == "href" {
            let safe = ["http://", "https://", "/as/", "#u"];
            assert!(safe.iter().any(|start| value.starts_with(start)), "{html}");
        }
        text = rest.trim_start();
    }
}

/// No sign of HTML, and every `&` begins an entity.
fn check_text(text: &str) {
    assert!(!text.contains(['<', '>', '"', '\'', '\0']), "{text}");
    for piece in text.split('&').skip(1) {
        let known = ["amp;", "lt;", "gt;", "quot;", "#39;"];
        assert!(
            known.iter().any(|entity| piece.starts_with(entity)),
            "{text}"
        );
    }
}

fn names() -> Names {
    let hostile = "\"><script>alert(1)</script>".to_owned();
    Names {
        users: [(Snowflake(1), hostile.clone())].into(),
        roles: [(Snowflake(2), hostile.clone())].into(),
        channels: [(Snowflake(3), hostile)].into(),
        base: "/as/1".into(),
        ..Names::default()
    }
}

/// Pieces that mean something, in any order, among anything.
fn texts() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "*",
        "**",
        "_",
        "__",
        "~~",
        "||",
        "`",
        "``",
        "```",
        "```js\n",
        "\\",
        "\n",
        "> ",
        ">>> ",
        "- ",
        "  - ",
        "1. ",
        "# ",
        "-# ",
        "<",
        ">",
        "<@1>",
        "<@&2>",
        "<#3>",
        "<:a:4>",
        "<t:5:R>",
        "</c:6>",
        "<id:guide>",
        "[",
        "](",
        ")",
        "(",
        "https://a.b",
        "http://a.b/?q=<'\"",
        "javascript:alert(1)",
        "@everyone",
        "&amp;",
        "<script>",
        "\"",
        "'",
        " ",
        "a",
        "ä",
        "👋",
        "\u{202e}",
        "\0",
        "\r",
    ]);
    let piece = prop_oneof![4 => pieces.prop_map(str::to_owned), 1 => any::<String>()];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_text_becomes_safe_and_well_formed(source in texts()) {
        check(&text(&source, &names()).into_string());
        check(&line(&source, &names()).into_string());
    }

    #[test]
    fn any_string_becomes_safe_and_well_formed(source in any::<String>()) {
        check(&text(&source, &names()).into_string());
    }
}

#[test]
fn the_worst_texts_stay_small_and_well_formed() {
    let pieces = [
        "*a",
        "**a",
        "_a _",
        "||",
        "`",
        "``a`",
        "[",
        "[a](",
        "<@",
        "> ",
        ">>> ",
        "- ",
        "```",
        "~~a",
        "https://",
        "***",
        "(",
        "[a](https://b ",
        "\\",
        "*a **b ",
    ];
    for piece in pieces {
        let source = piece.repeat(20_000 / piece.len());
        let html = text(&source, &names()).into_string();
        check(&html);
        assert!(html.len() < source.len() * 60, "{piece}: {}", html.len());
    }
}
