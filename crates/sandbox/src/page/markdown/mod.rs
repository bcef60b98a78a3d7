//! Discord's Markdown as HTML that is safe to show: whatever the text, the result is well-formed,
//! escaped, bounded, and holds no address but `http` and `https`.

mod address;
mod angle;
mod block;
mod inline;
mod moment;
#[cfg(test)]
mod properties;

use std::collections::HashMap;

use maud::{Markup, PreEscaped};

pub(crate) use address::web;
pub(crate) use moment::{clock, full};

use crate::snowflake::Snowflake;

/// Characters of one text that are rendered; the longest of Discord's are far shorter.
const MAX_TEXT: usize = 20_000;

/// What mentions are called, as one person sees it.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// Display names.
    pub(crate) users: HashMap<Snowflake, String>,
    pub(crate) roles: HashMap<Snowflake, String>,
    /// Only of channels that the person sees.
    pub(crate) channels: HashMap<Snowflake, String>,
    /// Before `/channels/{id}` in links.
    pub(crate) base: String,
    /// For moments told as "in five minutes".
    pub(crate) now_ms: u64,
    /// Whose mentions are lit.
    pub(crate) viewer: Snowflake,
    /// Whether there may be links: not inside of one.
    pub(crate) link: bool,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            users: HashMap::new(),
            roles: HashMap::new(),
            channels: HashMap::new(),
            base: String::new(),
            now_ms: 0,
            viewer: Snowflake(0),
            link: true,
        }
    }
}

/// A whole text with its blocks: quotes, lists, headings, code.
pub(crate) fn text(text: &str, names: &Names) -> Markup {
    let text = clipped(text);
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    block::render(&mut out, text, names);
    PreEscaped(out)
}

/// One line, such as a title: no blocks.
pub(crate) fn line(text: &str, names: &Names) -> Markup {
    let text = clipped(text);
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    inline::render(&mut out, text, names, 0);
    PreEscaped(out)
}

/// Whether a text is nothing but a few emojis, which are shown large.
pub(crate) fn is_only_emojis(text: &str) -> bool {
    const MOST: usize = 60;
    let is_emoji = |c: char| {
        matches!(u32::from(c), 0x1F000..=0x1FAFF | 0x2600..=0x27BF | 0x2B00..=0x2BFF
            | 0xFE0F | 0x200D | 0x20E3 | 0xE0020..=0xE007F)
    };
    let mut seen = 0;
    for c in text.chars() {
        if !is_emoji(c) && !c.is_whitespace() {
            return false;
        }
        seen += 1;
    }
    (1..=MOST).contains(&seen)
}

/// Writes text with everything escaped that means something in HTML.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\r' | '\0' => {}
            c => out.push(c),
        }
    }
}

fn clipped(text: &str) -> &str {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names {
            users: HashMap::from([(Snowflake(7), "ada <b>".to_owned())]),
            roles: HashMap::from([(Snowflake(8), "helpers".to_owned())]),
            channels: HashMap::from([(Snowflake(9), "general".to_owned())]),
            base: "/as/7".to_owned(),
            now_ms: 1_767_225_600_000,
            viewer: Snowflake(7),
            link: true,
        }
    }

    fn check(source: &str, html: &str) {
        assert_eq!(text(source, &names()).into_string(), html, "{source}");
    }

    #[test]
    fn emphasis_nests_as_in_discord() {
        check(
            "**b** *i* _i_ __u__ ~~s~~",
            "<strong>b</strong> <em>i</em> <em>i</em> <u>u</u> <s>s</s>",
        );
        check("***both***", "<strong><em>both</em></strong>");
        check("snake_case_name 2 * 3 * 4", "snake_case_name 2 * 3 * 4");
        check("**open", "**open");
        check(r"\*plain\*", "*plain*");
    }

    #[test]
    fn code_keeps_everything_as_it_is() {
        check("`**<b>**`", "<code>**&lt;b&gt;**</code>");
        check(
            "a\n```rust\nlet a = \"<\";\n```\nb",
            "a<pre><code data-language=\"rust\">let a = &quot;&lt;&quot;;</code></pre>b",
        );
        check("``a`b``", "<code>a`b</code>");
    }

    #[test]
    fn mentions_are_names() {
        check(
            "<@7>",
            "<a class=\"mention me\" href=\"#u7\">@ada &lt;b&gt;</a>",
        );
        check(
            "<@&8> <#9>",
            "<span class=\"mention\">@helpers</span> \
            <a class=\"mention\" href=\"/as/7/channels/9\">#general</a>",
        );
        check(
            "<@1> <#1>",
            "<span class=\"mention\">@unknown-user</span> \
            <span class=\"mention\">#no-access</span>",
        );
        check("@everyone", "<span class=\"mention me\">@everyone</span>");
        check(
            "<:wave:5>",
            "<span class=\"emoji\" title=\":wave:\">:wave:</span>",
        );
    }

    #[test]
    fn only_web_addresses_become_links() {
        check("[x](javascript:alert(1))", "[x](javascript:alert(1))");
        check("<javascript:alert(1)>", "&lt;javascript:alert(1)&gt;");
        let rel = "rel=\"noopener noreferrer nofollow\" target=\"_blank\"";
        check(
            "see https://a.b/c_d_e?x=\"1.",
            &format!("see <a href=\"https://a.b/c_d_e?x=\" {rel}>https://a.b/c_d_e?x=</a>&quot;1."),
        );
        check(
            "[a **b**](https://c.d 'title')",
            &format!("<a href=\"https://c.d\" {rel}>a <strong>b</strong></a>"),
        );
    }

    #[test]
    fn blocks_are_quotes_lists_headings_and_small_print() {
        check("> a\n> b\nc", "<blockquote>a<br>b</blockquote>c");
        check(">>> a\n# b", "<blockquote>a<h3>b</h3></blockquote>");
        check(
            "- a\n  - b\n- c\nd",
            "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>d",
        );
        check("2. a\n3. b", "<ol start=\"2\"><li>a</li><li>b</li></ol>");
        check("## t\n-# s", "<h4>t</h4><p class=\"small\">s</p>");
    }

    #[test]
    fn moments_say_when() {
        check(
            "<t:1767225600:F>",
            "<time datetime=\"2026-01-01T00:00:00Z\" data-style=\"F\" \
            title=\"Thursday, 1 January 2026 00:00 UTC\">Thursday, 1 January 2026 00:00</time>",
        );
        assert!(
            text("<t:1767225900:R>", &names())
                .into_string()
                .contains(">in 5 minutes<")
        );
        check("<t:99999999999999999:R>", "&lt;t:99999999999999999:R&gt;");
    }

    #[test]
    fn emojis_alone_are_told_from_text() {
        assert!(is_only_emojis("👋 🎉"));
        assert!(!is_only_emojis("hi 👋"));
        assert!(!is_only_emojis(""));
    }
}
