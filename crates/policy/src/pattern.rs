//! Names with `*` for any characters: `discord_delete_*`, `key:*`.

/// Whether `text` is matched as a whole. Takes time in proportion to the product of the lengths at
/// most, whatever an operator writes.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

/// Whether a pattern stands for exactly one name.
pub(crate) fn is_exact(pattern: &str) -> bool {
    !pattern.contains('*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text, expected) in [
            ("discord_ban_user", "discord_ban_user", true),
            ("discord_ban_user", "discord_ban_users", false),
            ("discord_*", "discord_ban_user", true),
            ("*_user", "discord_ban_user", true),
            ("*ban*", "discord_ban_user", true),
            ("d*b*r", "discord_ban_user", true),
            ("a*a", "a", false),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
