//! On top of which version something is put: `If-Match` and `If-None-Match`, read strictly. Without
//! either nothing is changed, so nobody overwrites what they have not seen.

use axum::extract::FromRequestParts;
use http::{HeaderName, StatusCode, header, request::Parts};
use model::policies::Expected;

use crate::problem::Problem;

/// What must be in force.
#[derive(Debug)]
pub(super) struct OnTopOf(pub(super) Expected);

impl<S: Sync> FromRequestParts<S> for OnTopOf {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let matches = only(parts, &header::IF_MATCH)?;
        let none_matches = only(parts, &header::IF_NONE_MATCH)?;
        match (matches, none_matches) {
            (None, None) => Err(Problem::new(
                StatusCode::PRECONDITION_REQUIRED,
                "condition_missing",
                "say which version you have seen",
            )
            .hint(Some(
                "send If-Match with the ETag of GET /api/policy, or If-None-Match: * where there is none",
            ))),
            (Some(_), Some(_)) => Err(senseless("send If-Match or If-None-Match, not both")),
            (None, Some("*")) => Ok(Self(Expected::Nothing)),
            (None, Some(_)) => Err(senseless("If-None-Match is `*` here")),
            (Some(tag), None) => version(tag).map(|number| Self(Expected::Version(number))),
        }
    }
}

/// A header that is there once or not at all.
fn only<'a>(parts: &'a Parts, name: &HeaderName) -> Result<Option<&'a str>, Problem> {
    let mut values = parts.headers.get_all(name).iter();
    let (first, second) = (values.next(), values.next());
    if second.is_some() {
        return Err(senseless(format!("{name} is there twice")));
    }
    first
        .map(|value| value.to_str().map(str::trim))
        .transpose()
        .map_err(|_| senseless(format!("{name} cannot be read")))
}

fn version(tag: &str) -> Result<i64, Problem> {
    // A weak tag never matches: RFC 9110, 13.1.1.
    if tag.starts_with("W/") {
        return Err(Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "policy_changed",
            "a weak ETag matches no version",
        ));
    }
    let number = tag
        .strip_prefix('"')
        .and_then(|tag| tag.strip_suffix('"'))
        .filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|number| number.parse().ok());
    number.ok_or_else(|| senseless("If-Match is the ETag of one version, such as \"3\""))
}

fn senseless(what: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_condition", what)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use http::Request;

    use super::*;

    async fn read(headers: &[(&str, &str)]) -> Result<Expected, u16> {
        let mut request = Request::builder();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        match OnTopOf::from_request_parts(&mut parts, &()).await {
            Ok(OnTopOf(expected)) => Ok(expected),
            Err(problem) => Err(problem.into_response().status().as_u16()),
        }
    }

    #[tokio::test]
    async fn one_version_is_named_or_none_at_all() {
        assert_eq!(
            read(&[("if-match", "\"3\"")]).await,
            Ok(Expected::Version(3))
        );
        assert_eq!(read(&[("if-none-match", "*")]).await, Ok(Expected::Nothing));
        assert_eq!(read(&[]).await, Err(428));
        assert_eq!(read(&[("if-match", "W/\"3\"")]).await, Err(412));
        for senseless in [
            &[("if-match", "*")][..],
            &[("if-match", "3")],
            &[("if-match", "\"-1\"")],
            &[("if-match", "\"1\", \"2\"")],
            &[("if-match", "\"99999999999999999999\"")],
            &[("if-none-match", "\"3\"")],
            &[("if-match", "\"3\""), ("if-none-match", "*")],
            &[("if-match", "\"3\""), ("if-match", "\"4\"")],
        ] {
            assert_eq!(read(senseless).await, Err(400), "{senseless:?}");
        }
    }
}
