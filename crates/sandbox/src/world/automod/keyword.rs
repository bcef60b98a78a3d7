//! Words, wildcards and regular expressions, searched in a text.

use std::ops::Range;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

/// A compiled pattern may take so much memory; larger ones count as invalid.
pub(crate) const MAX_REGEX_BYTES: usize = 1 << 20;

/// The words of a rule, as they were written.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Keywords {
    pub filter: Vec<String>,
    pub patterns: Vec<String>,
    pub allowed: Vec<String>,
    #[serde(skip)]
    compiled: OnceLock<Vec<Regex>>,
}

/// What tripped a rule.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Match {
    /// As it stands in the rule.
    pub(crate) keyword: Option<String>,
    /// As it stands in the text.
    pub(crate) content: String,
}

/// Compiles a pattern in the dialect that Discord takes: Rust's, whose search time is linear.
pub(crate) fn compile(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern)
        .size_limit(MAX_REGEX_BYTES)
        .build()
}

impl Keywords {
    pub(crate) fn new(filter: Vec<String>, patterns: Vec<String>, allowed: Vec<String>) -> Self {
        Self {
            filter,
            patterns,
            allowed,
            compiled: OnceLock::new(),
        }
    }

    /// The first word or pattern that is found in the text and not allowed there.
    pub(crate) fn find(&self, text: &str) -> Option<Match> {
        let allowed = allowed_spans(&self.allowed, text);
        if let Some(found) = find_word(self.filter.iter().map(String::as_str), text, &allowed) {
            return Some(found);
        }
        let compiled = self.compiled.get_or_init(|| {
            self.patterns
                .iter()
                .filter_map(|it| compile(it).ok())
                .collect()
        });
        compiled.iter().find_map(|pattern| {
            let mut hits = pattern.find_iter(text).filter(|hit| !hit.is_empty());
            let hit = hits.find(|hit| !is_allowed(&hit.range(), &allowed))?;
            Some(Match {
                keyword: Some(pattern.as_str().to_owned()),
                content: hit.as_str().to_owned(),
            })
        })
    }
}

/// The first of some words that is found outside the allowed spans.
pub(super) fn find_word<'a>(
    words: impl Iterator<Item = &'a str>,
    text: &str,
    allowed: &[Range<usize>],
) -> Option<Match> {
    let mut words = words;
    words.find_map(|word| {
        let span = spans(word, text)
            .into_iter()
            .find(|span| !is_allowed(span, allowed))?;
        Some(Match {
            keyword: Some(word.to_owned()),
            content: text.get(span)?.to_owned(),
        })
    })
}

/// Where the allowed words stand.
pub(super) fn allowed_spans(allowed: &[String], text: &str) -> Vec<Range<usize>> {
    allowed.iter().flat_map(|word| spans(word, text)).collect()
}

fn is_allowed(span: &Range<usize>, allowed: &[Range<usize>]) -> bool {
    allowed
        .iter()
        .any(|it| it.start <= span.start && span.end <= it.end)
}

/// Where a keyword stands in a text: `cat` as a word, `cat*` at the beginning of one, `*cat` at
/// its end, `*cat*` anywhere; capitals do not matter. The span is that of the bare keyword.
fn spans(keyword: &str, text: &str) -> Vec<Range<usize>> {
    let (open_start, open_end) = (keyword.starts_with('*'), keyword.ends_with('*'));
    let bare: Vec<char> = folded(keyword.trim_matches('*')).map(|(_, c)| c).collect();
    if bare.is_empty() {
        return Vec::new();
    }
    let places: Vec<(Range<usize>, char)> = folded(text).collect();
    let is_word = |at: usize| places.get(at).is_some_and(|(_, c)| c.is_alphanumeric());
    let starts = 0..(places.len() + 1).saturating_sub(bare.len());
    let fits = |start: &usize| {
        let end = start + bare.len();
        places[*start..end].iter().map(|(_, c)| c).eq(&bare)
            && (open_start || *start == 0 || !is_word(start - 1))
            && (open_end || !is_word(end))
    };
    let span = |start: usize| places[start].0.start..places[start + bare.len() - 1].0.end;
    starts.filter(fits).map(span).collect()
}

/// Lower-case characters, each with its place in the original.
fn folded(text: &str) -> impl Iterator<Item = (Range<usize>, char)> {
    text.char_indices().flat_map(|(at, c)| {
        let place = at..at + c.len_utf8();
        c.to_lowercase().map(move |low| (place.clone(), low))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(filter: &[&str], patterns: &[&str], allowed: &[&str]) -> Keywords {
        let own = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect();
        Keywords::new(own(filter), own(patterns), own(allowed))
    }

    #[test]
    fn wildcards_say_which_end_of_a_word_is_open() {
        for (keyword, hits, misses) in [
            ("cat", &["Cat!", "a cat"][..], &["catch", "copycat"][..]),
            ("cat*", &["Catapult"], &["copycat"]),
            ("*cat", &["copyCat"], &["catch"]),
            ("*cat*", &["location"], &["dog"]),
            ("the mat*", &["see the matrix"], &["them at"]),
        ] {
            let words = words(&[keyword], &[], &[]);
            assert!(
                hits.iter().all(|text| words.find(text).is_some()),
                "{keyword}"
            );
            assert!(
                misses.iter().all(|text| words.find(text).is_none()),
                "{keyword}"
            );
        }
    }

    #[test]
    fn an_allowed_word_spares_only_its_own_place() {
        let words = words(&["*cat*"], &["d.g"], &["catalog", "dug"]);
        assert_eq!(words.find("the catalog I dug out"), None);
        let found = words.find("the catalog of CATS").unwrap();
        assert_eq!(found.content, "CAT");
        assert_eq!(words.find("a dog").unwrap().keyword.unwrap(), "d.g");
    }

    #[test]
    fn letters_that_grow_in_lower_case_do_not_break_the_search() {
        let words = words(&["*x*"], &[], &[]);
        assert_eq!(words.find("İİx").unwrap().content, "x");
    }

    #[test]
    fn a_pattern_that_explodes_is_invalid() {
        assert!(compile("(").is_err());
        assert!(compile(r"(\w{1000}){1000}").is_err());
        assert!(compile(r"^free (gift|nitro)s?$").is_ok());
    }
}
