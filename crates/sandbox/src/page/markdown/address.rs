//! Addresses in texts: which ones may become links, and where they end.

use super::{Names, escape};

/// Characters of an address that becomes a link.
const MAX_ADDRESS: usize = 2_048;

/// What a link to somewhere else carries: the other side learns nothing and gets no handle.
const AWAY: &str = "rel=\"noopener noreferrer nofollow\" target=\"_blank\"";

/// The address itself, when it is one of the web and safe inside an attribute.
pub(crate) fn web(address: &str) -> Option<&str> {
    let rest = address
        .strip_prefix("https://")
        .or_else(|| address.strip_prefix("http://"))?;
    let starts_well = rest
        .chars()
        .next()
        .is_some_and(|c| c.is_alphanumeric() || c == '[');
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>\"'`\\".contains(c);
    let fits = starts_well && address.len() <= MAX_ADDRESS && address.chars().all(plain);
    fits.then_some(address)
}

/// The bare address that a text starts with.
pub(super) fn at_start(text: &str) -> Option<&str> {
    if !text.starts_with("http") {
        return None;
    }
    let ends = |c: char| c.is_whitespace() || c.is_control() || "<>\"'`\\|".contains(c);
    let end = text.find(ends).unwrap_or(text.len());
    let mut address = &text[..end];
    // Punctuation after an address belongs to the sentence; a bracket does unless it was opened.
    while let Some(last) = address.chars().last() {
        let loose = match last {
            '.' | ',' | ':' | ';' | '!' | '?' | '*' | '_' | '~' => true,
            ')' => address.matches('(').count() < address.matches(')').count(),
            _ => false,
        };
        if !loose {
            break;
        }
        address = &address[..address.len() - last.len_utf8()];
    }
    web(address)
}

/// `(address)` or `(<address> "title")` at the start of a text, and how long it is.
pub(super) fn in_brackets(text: &str) -> Option<(&str, usize)> {
    let inside = text.strip_prefix('(')?;
    let mut depth = 1_usize;
    let end = inside
        .char_indices()
        .take(MAX_ADDRESS)
        .find_map(|(at, c)| {
            match c {
                '(' => depth += 1,
                ')' => depth -= 1,
                '\n' => return Some(None),
                _ => {}
            }
            (depth == 0).then_some(Some(at))
        })??;
    let target = inside[..end].trim();
    let target = target.split_whitespace().next().unwrap_or_default();
    let target = target
        .strip_prefix('<')
        .and_then(|it| it.strip_suffix('>'))
        .unwrap_or(target);
    Some((web(target)?, end + 2))
}

/// Opens a link to an address that [`web`] has passed.
pub(super) fn open(out: &mut String, address: &str) {
    out.push_str("<a href=\"");
    escape(out, address);
    out.push_str("\" ");
    out.push_str(AWAY);
    out.push('>');
}

/// A link that shows its own address; only the address where links are not allowed.
pub(super) fn bare(out: &mut String, address: &str, names: &Names) {
    if !names.link {
        escape(out, address);
        return;
    }
    open(out, address);
    escape(out, address);
    out.push_str("</a>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_ends_where_the_sentence_goes_on() {
        assert_eq!(at_start("https://a.b/c)."), Some("https://a.b/c"));
        assert_eq!(at_start("https://a.b/c_(d), e"), Some("https://a.b/c_(d)"));
        assert_eq!(at_start("https://"), None);
        assert_eq!(at_start("httpx://a.b"), None);
    }

    #[test]
    fn a_target_in_brackets_may_have_a_title() {
        assert_eq!(
            in_brackets("(https://a.b \"t\") c"),
            Some(("https://a.b", 17))
        );
        assert_eq!(in_brackets("(<https://a.b>)"), Some(("https://a.b", 15)));
        assert_eq!(in_brackets("(data:text/html,x)"), None);
        assert_eq!(in_brackets("(https://a.b"), None);
    }
}
