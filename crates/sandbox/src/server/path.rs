//! Makes paths plain before they are routed: discord.js writes `members/%40me`, and Discord takes
//! it for `members/@me`.

use axum::extract::Request;
use http::Uri;
use http::uri::PathAndQuery;

/// Decodes `%40`; ids and emojis are decoded by the handlers that read them.
pub(super) fn plain(mut request: Request) -> Request {
    if let Some(uri) = decoded(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

fn decoded(uri: &Uri) -> Option<Uri> {
    if !uri.path().contains("%40") {
        return None;
    }
    let mut path = uri.path().replace("%40", "@");
    if let Some(query) = uri.query() {
        path.push('?');
        path.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::from_maybe_shared(path).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_path_is_decoded() {
        let uri: Uri = "/api/v10/guilds/1/members/%40me?q=%40a".parse().unwrap();
        assert_eq!(
            decoded(&uri).unwrap().to_string(),
            "/api/v10/guilds/1/members/@me?q=%40a"
        );
        let uri: Uri = "/a/%3A%2F?q=%40".parse().unwrap();
        assert_eq!(decoded(&uri), None);
    }
}
