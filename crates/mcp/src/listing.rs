//! Lists in pages: tools as the protocol shows them, and cursors that only we can make sense of.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use model::Risk;
use rmcp::{
    ErrorData,
    model::{PaginatedRequestParams, Tool, ToolAnnotations},
};

use crate::hall::Card;

/// Tools on one page. Clients that do not turn pages still see the default list whole.
pub(crate) const TOOLS_PER_PAGE: usize = 250;

/// How long a client may keep a list, in milliseconds. The policy may change at any time, and
/// this server does not announce it.
pub(crate) const TTL_MS: u64 = 60_000;

/// Where a page starts. A cursor names its list, so one of another list is refused.
pub(crate) fn start(
    list: &str,
    request: Option<&PaginatedRequestParams>,
) -> Result<usize, ErrorData> {
    let Some(cursor) = request.and_then(|request| request.cursor.as_deref()) else {
        return Ok(0);
    };
    URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| {
            let (name, start) = text.split_once(':')?;
            (name == list).then(|| start.parse().ok())?
        })
        .ok_or_else(|| ErrorData::invalid_params("the cursor is not one of this list", None))
}

/// The cursor of the page that starts there.
pub(crate) fn cursor(list: &str, start: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("{list}:{start}"))
}

/// For lists that are never longer than a page.
pub(crate) fn only_page(request: Option<&PaginatedRequestParams>) -> Result<(), ErrorData> {
    match request.and_then(|request| request.cursor.as_ref()) {
        Some(_) => Err(ErrorData::invalid_params(
            "the list has only one page",
            None,
        )),
        None => Ok(()),
    }
}

/// Cut one page out of a list.
pub(crate) fn page<T>(
    list: &str,
    all: Vec<T>,
    start: usize,
    size: usize,
) -> Result<(Vec<T>, Option<String>), ErrorData> {
    if start > all.len() {
        return Err(ErrorData::invalid_params(
            "the cursor is past the end of the list",
            None,
        ));
    }
    let next = (start + size < all.len()).then(|| cursor(list, start + size));
    Ok((all.into_iter().skip(start).take(size).collect(), next))
}

/// A card as a tool. Hints that say what clients assume anyway are left out.
pub(crate) fn tool(card: Card) -> Tool {
    let hints = ToolAnnotations::new();
    let mut hints = match card.risk {
        Risk::Read => hints.read_only(true),
        Risk::Write => hints.destructive(false),
        Risk::Destructive => hints.destructive(true),
    };
    if card.idempotent && card.risk != Risk::Read {
        hints = hints.idempotent(true);
    }
    if !card.open_world {
        hints = hints.open_world(false);
    }
    Tool::new(card.name, card.description, card.input_schema)
        .with_title(card.title)
        .with_annotations(hints)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(cursor: &str) -> PaginatedRequestParams {
        PaginatedRequestParams::default().with_cursor(Some(cursor.to_owned()))
    }

    #[test]
    fn pages_follow_one_another_to_the_end() {
        let all: Vec<u32> = (0..5).collect();
        let (first, next) = page("tools", all.clone(), 0, 2).unwrap();
        assert_eq!(first, [0, 1]);
        let start = start("tools", Some(&at(&next.unwrap()))).unwrap();
        let (second, _) = page("tools", all.clone(), start, 2).unwrap();
        assert_eq!(second, [2, 3]);
        let (last, next) = page("tools", all, 4, 2).unwrap();
        assert_eq!((last, next), (vec![4], None));
    }

    #[test]
    fn a_cursor_of_nobody_or_of_another_list_is_refused() {
        for bad in ["x", "", "!!", &cursor("resources", 2)] {
            assert!(start("tools", Some(&at(bad))).is_err(), "{bad}");
        }
        assert!(page("tools", vec![1], 9, 2).is_err());
    }
}
