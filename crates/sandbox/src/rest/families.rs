//! Discord's operations that the sandbox does not play, so that callers learn why they fail.

use crate::world::Refusal;

/// Beginnings of paths that are Discord's; `*` stands for one segment.
const FAMILIES: &[&str] = &[
    "lobbies/*/channel-linking",
    "lobbies/*/members/*/invites",
    "lobbies/*/messages",
    "partner-sdk",
];

/// 501 for an operation of Discord's, 404 for any other route.
pub(super) fn refusal(method: &str, path: &str) -> Refusal {
    let path = path.trim_start_matches("/api/").trim_matches('/');
    let path = ["v10/", "v9/"]
        .iter()
        .find_map(|it| path.strip_prefix(it))
        .unwrap_or(path);
    let segments: Vec<_> = path.split('/').collect();
    let belongs = |family: &&&str| {
        let mut wanted = family.split('/').enumerate();
        wanted.all(|(at, part)| {
            segments
                .get(at)
                .is_some_and(|it| part == "*" || *it == part)
        })
    };
    match FAMILIES.iter().find(belongs) {
        Some(family) => {
            let text = format!("Not implemented by this sandbox: {method} /{family}");
            Refusal::new(501, 0, text)
        }
        None => Refusal::route(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_of_discords_is_told_from_a_route_of_nobodys() {
        let known = refusal("GET", "/api/v10/partner-sdk/token");
        assert_eq!(known.status, 501);
        assert!(known.message.ends_with("GET /partner-sdk"));
        assert_eq!(refusal("GET", "/api/v10/nothing").status, 404);
    }
}
