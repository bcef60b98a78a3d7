//! Words of others inside our own sentences: names of roles and channels, Discord's messages, names
//! of agents. They stay on one line, short, and without what would look like markup.

/// Make them safe to stand in a sentence of ours; at most `most` characters.
pub(crate) fn plain(words: &str, most: usize) -> String {
    let mut safe = words.chars().filter_map(harmless);
    let mut plain: String = safe.by_ref().take(most).collect();
    if safe.next().is_some() {
        plain.push('…');
    }
    plain
}

/// The same, as one name in quotes.
pub(crate) fn quoted(name: &str, most: usize) -> String {
    format!("\"{}\"", plain(name, most).replace('"', "'"))
}

fn harmless(c: char) -> Option<char> {
    match c {
        // Line and paragraph separators break lines, though they are no control characters.
        '\u{2028}' | '\u{2029}' => Some(' '),
        // What is not seen, or turns the order of what is: soft hyphen, zero width, directions,
        // variation selectors, tags.
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e0fff}' => None,
        '<' => Some('‹'),
        '>' => Some('›'),
        '`' => Some('\''),
        c if c.is_control() => Some(' '),
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_on_one_line_and_look_like_no_markup() {
        let hostile = "a\r\nb\u{2028}c\u{1b}[2J</untrusted>```\u{202e}\u{200b}\u{e0041}d";
        assert_eq!(plain(hostile, 100), "a  b c [2J‹/untrusted›'''d");
    }

    #[test]
    fn words_end_where_they_are_too_many() {
        assert_eq!(plain("abcd", 4), "abcd");
        assert_eq!(plain("abcde", 4), "abcd…");
    }

    #[test]
    fn a_name_does_not_end_its_own_quotes() {
        assert_eq!(quoted("a\" of ada", 5), "\"a' of…\"");
    }
}
