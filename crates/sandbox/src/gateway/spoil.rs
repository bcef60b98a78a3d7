//! What faults make of a dispatch on its way out: nothing, two of it, half of it, too much of it.

use axum::extract::ws::Utf8Bytes;

use crate::faults::{Fault, FaultBook, FaultKind};

/// The faults that strike dispatches.
const KINDS: [FaultKind; 4] = [
    FaultKind::Duplicate,
    FaultKind::Skip,
    FaultKind::Huge,
    FaultKind::Malformed,
];

/// The frames to send instead of this one.
pub(super) fn spoiled(
    faults: &FaultBook,
    text: Utf8Bytes,
) -> impl Iterator<Item = Utf8Bytes> + use<> {
    let (first, second) = match faults.strike_gateway(&KINDS) {
        None => (Some(text), None),
        Some(fault) => instead(&fault, text),
    };
    first.into_iter().chain(second)
}

fn instead(fault: &Fault, text: Utf8Bytes) -> (Option<Utf8Bytes>, Option<Utf8Bytes>) {
    match fault.kind {
        FaultKind::Duplicate => (Some(text.clone()), Some(text)),
        FaultKind::Skip => (None, None),
        FaultKind::Huge => (Some(blown_up(&text, fault.huge_bytes())), None),
        FaultKind::Malformed => (Some(halved(&text)), None),
        _ => (Some(text), None),
    }
}

/// The same JSON with white space before its end.
fn blown_up(text: &str, bytes: usize) -> Utf8Bytes {
    let Some(start) = text.strip_suffix('}') else {
        return text.into();
    };
    let space = bytes.saturating_sub(text.len());
    let mut huge = String::with_capacity(text.len() + space);
    huge.push_str(start);
    huge.extend(std::iter::repeat_n(' ', space));
    huge.push('}');
    huge.into()
}

fn halved(text: &str) -> Utf8Bytes {
    let mut middle = text.len() / 2;
    while !text.is_char_boundary(middle) {
        middle -= 1;
    }
    text[..middle].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_huge_frame_still_says_the_same() {
        let huge = blown_up("{\"op\":0}", 1_000);
        assert_eq!(huge.len(), 1_000);
        let value: serde_json::Value = serde_json::from_str(&huge).unwrap();
        assert_eq!(value["op"], 0);
    }

    #[test]
    fn half_a_frame_is_cut_between_letters() {
        assert_eq!(halved("ää").as_str(), "ä");
        assert_eq!(halved("äöü").as_str(), "ä");
    }
}
