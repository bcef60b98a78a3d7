//! Names the route of a request: the template, the major resource, and whether the global limit
//! counts it. Pure text work, so that the limiter knows nothing of the router.

use http::Method;

use crate::snowflake::Snowflake;

/// Routes longer than this cannot exist; the rest of the path is cut off.
const MAX_SEGMENTS: usize = 12;
/// A literal longer than this is nobody's route.
const MAX_LITERAL: usize = 40;
/// Characters of the major resource that tell buckets apart.
const MAX_MAJOR: usize = 120;

/// What a request is, as far as limits are concerned.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Route {
    /// The method in capitals.
    pub(crate) method: String,
    /// Such as `/channels/{id}/messages`, without `/api/v10`.
    pub(crate) template: String,
    /// The id (and token) that the bucket is bound to: a channel, guild or webhook.
    pub(crate) major: String,
    /// The id at the end of the path.
    pub(crate) last_id: Option<Snowflake>,
    /// Authorised by a token in its path, not by a bot: outside the global limit.
    pub(crate) by_path_token: bool,
}

impl Route {
    /// Reads a request's method and path.
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        let segments: Vec<&str> = strip_version(path)
            .split('/')
            .filter(|segment| !segment.is_empty())
            .take(MAX_SEGMENTS)
            .collect();
        let mut template = String::with_capacity(path.len());
        for (position, segment) in segments.iter().enumerate() {
            template.push('/');
            template.push_str(placeholder(&segments, position).unwrap_or(segment));
        }
        Self {
            method: method.as_str().to_owned(),
            template,
            major: major(&segments),
            last_id: segments.last().and_then(|last| last.parse().ok()),
            by_path_token: by_path_token(&segments),
        }
    }

    /// The name under which requests share a bucket. All reaction writes share one.
    pub(crate) fn family(&self) -> String {
        if self.is_reaction_write() {
            return "REACTIONS".into();
        }
        format!("{} {}", self.method, self.template)
    }

    /// Adding or removing a reaction.
    pub(crate) fn is_reaction_write(&self) -> bool {
        self.method != "GET" && self.template.contains("/reactions")
    }

    /// The message that is deleted, if that is what the request does.
    pub(crate) fn deleted_message(&self) -> Option<Snowflake> {
        self.last_id
            .filter(|_| self.method == "DELETE" && self.template == "/channels/{id}/messages/{id}")
    }

    /// Any route of a guild's emojis.
    pub(crate) fn is_emoji(&self) -> bool {
        self.template.starts_with("/guilds/{id}/emojis")
    }

    /// Changing a channel or thread.
    pub(crate) fn is_channel_edit(&self) -> bool {
        self.method == "PATCH" && self.template == "/channels/{id}"
    }

    /// Making invites, or reading them by channel or guild.
    pub(crate) fn is_invite(&self) -> bool {
        self.template.ends_with("/{id}/invites")
    }

    /// Writing through a webhook.
    pub(crate) fn is_webhook_execution(&self) -> bool {
        let written = self.template.strip_prefix("/webhooks/{id}/{token}");
        self.method == "POST" && matches!(written, Some("" | "/slack" | "/github"))
    }

    /// Creating a message.
    pub(crate) fn is_message_create(&self) -> bool {
        self.method == "POST" && self.template == "/channels/{id}/messages"
    }
}

fn strip_version(path: &str) -> &str {
    let path = path.strip_prefix("/api").unwrap_or(path);
    for version in ["/v10", "/v9"] {
        if let Some(rest) = path.strip_prefix(version)
            && (rest.is_empty() || rest.starts_with('/'))
        {
            return rest;
        }
    }
    path
}

fn placeholder(segments: &[&str], position: usize) -> Option<&'static str> {
    let segment = segments[position];
    let before = |back: usize| position.checked_sub(back).map(|at| segments[at]);
    match (before(1), before(2)) {
        (Some("reactions"), _) => Some("{emoji}"),
        (Some("invites" | "templates"), _) => Some("{code}"),
        (_, Some("webhooks" | "interactions")) if position == 2 => Some("{token}"),
        _ if is_id(segment) => Some("{id}"),
        _ if segment.len() > MAX_LITERAL => Some("{other}"),
        _ => None,
    }
}

fn major(segments: &[&str]) -> String {
    let whole = match segments {
        ["webhooks" | "interactions", id, token, ..] => format!("{id}/{token}"),
        ["channels" | "guilds" | "webhooks", id, ..] => (*id).to_owned(),
        _ => String::new(),
    };
    whole.chars().take(MAX_MAJOR).collect()
}

fn by_path_token(segments: &[&str]) -> bool {
    matches!(segments, ["webhooks" | "interactions", id, _, ..] if is_id(id))
}

fn is_id(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &Method, path: &str, family: &str, major: &str) {
        let route = Route::of(method, path);
        assert_eq!(
            (route.family().as_str(), route.major.as_str()),
            (family, major),
            "{path}"
        );
    }

    #[test]
    fn ids_become_placeholders_and_the_first_one_is_the_major() {
        check(&Method::GET, "/api/v10/users/@me", "GET /users/@me", "");
        check(
            &Method::GET,
            "/api/v9/channels/12/messages/34",
            "GET /channels/{id}/messages/{id}",
            "12",
        );
        check(
            &Method::GET,
            "/api/guilds/12/members",
            "GET /guilds/{id}/members",
            "12",
        );
        check(
            &Method::GET,
            "/api/v10/invites/abc",
            "GET /invites/{code}",
            "",
        );
    }

    #[test]
    fn reaction_writes_of_a_channel_share_a_bucket() {
        let path = "/api/v10/channels/12/messages/34/reactions/%F0%9F%91%8D/@me";
        check(&Method::PUT, path, "REACTIONS", "12");
        check(&Method::DELETE, path, "REACTIONS", "12");
        let read = "/channels/12/messages/34/reactions/x";
        check(
            &Method::GET,
            read,
            "GET /channels/{id}/messages/{id}/reactions/{emoji}",
            "12",
        );
    }

    #[test]
    fn a_webhook_with_its_token_is_outside_the_global_limit() {
        let route = Route::of(&Method::POST, "/api/v10/webhooks/12/secret");
        assert!(route.by_path_token);
        assert_eq!(route.template, "/webhooks/{id}/{token}");
        assert!(!Route::of(&Method::GET, "/api/v10/webhooks/12").by_path_token);
    }

    #[test]
    fn a_hostile_path_stays_short() {
        let path = "/x".repeat(5_000) + &"y".repeat(5_000);
        assert!(Route::of(&Method::GET, &path).template.len() < 100);
        let path = format!("/webhooks/1/{}", "y".repeat(5_000));
        assert!(Route::of(&Method::GET, &path).major.len() <= MAX_MAJOR);
    }
}
