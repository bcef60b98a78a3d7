//! How deep Cedar text may be. Cedar follows it by recursion, so a text that is deep enough would end
//! the process; and a workspace's admin may write one.

/// Most brackets within brackets.
pub(crate) const DEPTH_MAX: usize = 12;
/// Most operators and dots in one policy: each may be one level of the tree.
pub(crate) const STEPS_MAX: usize = 400;
/// An `if` counts as so many: Cedar goes through all its grammar for what is in it.
const IF_STEPS: usize = 40;

/// Where a text becomes deeper than may be, in bytes.
pub(crate) fn too_deep(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut steps) = (0_usize, 0_usize);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'/') => at = end_of_line(bytes, at),
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b';' => steps = 0,
            b'.' | b'!' | b'+' | b'-' | b'*' | b'&' | b'|' => steps += 1,
            b'i' if is_if(bytes, at) => steps += IF_STEPS,
            _ => {}
        }
        if depth > DEPTH_MAX || steps > STEPS_MAX {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// At the quote that ends it.
fn end_of_string(bytes: &[u8], begin: usize) -> usize {
    let mut at = begin + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

fn end_of_line(bytes: &[u8], begin: usize) -> usize {
    let rest = bytes.get(begin..).unwrap_or_default();
    begin
        + rest
            .iter()
            .position(|it| *it == b'\n')
            .unwrap_or(rest.len())
}

fn is_if(bytes: &[u8], at: usize) -> bool {
    let is_word =
        |byte: Option<&u8>| byte.is_some_and(|it| it.is_ascii_alphanumeric() || *it == b'_');
    let before = at.checked_sub(1).and_then(|at| bytes.get(at));
    bytes.get(at + 1) == Some(&b'f') && !is_word(before) && !is_word(bytes.get(at + 2))
}

#[cfg(test)]
mod tests {
    use policy::Policy;

    use super::*;

    /// What is wrong with a `forbid` under this condition.
    fn fault(condition: &str) -> Option<String> {
        let policy = Policy {
            cedar: Some(format!(
                "forbid (principal, action, resource) when {{ {condition} }};"
            )),
            ..Policy::default()
        };
        crate::check(&policy, &[]).err().map(|fault| fault.what)
    }

    fn within(open: &str, times: usize, close: &str) -> String {
        format!("{}true{}", open.repeat(times), close.repeat(times))
    }

    #[test]
    fn a_text_as_deep_as_may_be_is_read_and_a_deeper_one_is_a_fault() {
        // Half of what a thread of the service has.
        let small = std::thread::Builder::new().stack_size(1 << 20);
        small.spawn(try_all).unwrap().join().unwrap();
    }

    fn try_all() {
        let chain = |times: usize| format!("true{}", " && true".repeat(times));
        let alternatives = |times: usize| format!("true{}", " || true".repeat(times));
        let choices = |times: usize| format!("{}true", "if true then true else ".repeat(times));
        assert_eq!(fault(&within("(", DEPTH_MAX - 1, ")")), None);
        assert_eq!(fault(&chain(STEPS_MAX / 2)), None);
        assert_eq!(fault(&alternatives(STEPS_MAX / 2)), None);
        assert_eq!(fault(&choices(STEPS_MAX / IF_STEPS)), None);
        let mixed = within("(if true then ", STEPS_MAX / IF_STEPS, " else false)");
        assert_eq!(fault(&mixed), None);
        for deep in [
            within("(", 30_000, ")"),
            within("(", DEPTH_MAX, ")"),
            within("[", 30_000, "]"),
            within("!", 60_000, ""),
            within("if true then ", 4_000, " else false"),
            chain(7_000),
            alternatives(7_000),
            choices(2_500),
            format!("principal{}", ".name".repeat(10_000)),
            format!("1{} == 1", " + 1".repeat(10_000)),
        ] {
            let fault = fault(&deep).unwrap();
            assert!(fault.contains("too deep"), "{fault}");
        }
    }

    #[test]
    fn what_stands_in_texts_and_comments_is_not_counted() {
        let text = format!("// {}\n\"{}\\\"((\" ; ", "(".repeat(99), "(".repeat(99));
        assert_eq!(too_deep(&text), None);
        let many = "forbid (principal, action, resource) when { true && true };".repeat(300);
        assert_eq!(too_deep(&many), None);
        for broken in ["\"", "\"\\", "//", "i", "("] {
            assert_eq!(too_deep(broken), None);
        }
    }
}
