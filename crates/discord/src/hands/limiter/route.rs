//! Names a request as limits see it: the operation, the resource they are counted apart for, and
//! whether the bot's global limit counts it.

use std::sync::Arc;

use model::{Request, RequestAuth};

/// Which of Discord's global counts a request falls under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Sent with the bot's token.
    Bot,
    /// Webhooks and interactions by the token in their path: the bot's global limit spares them.
    /// Source: Discord documentation, *Rate Limits › Global Rate Limit*.
    InPath,
    /// Answers to interactions: spared like those, and first in line, because Discord waits three
    /// seconds for them. Source: Discord documentation, *Receiving and Responding › Followup*.
    Interaction,
}

/// An operation on one resource. `Debug` is left out: a major may hold a webhook's token.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Route {
    /// e.g. `POST /channels/{channel_id}/messages`.
    pub(super) name: Arc<str>,
    /// The id (and token) of the channel, guild, webhook or interaction.
    pub(super) major: Arc<str>,
}

impl Route {
    pub(crate) fn of(request: &Request) -> Self {
        let path = &request.path;
        let name = format!("{} {}", request.method.as_str(), path.template);
        // Each interaction has its own allowance; without this, all would share one bucket.
        let major = match path.parameter("interaction_id") {
            Some(id) if is_interaction(request) => id.to_owned(),
            _ => path.major(),
        };
        Self {
            name: name.into(),
            major: major.into(),
        }
    }

    /// Whether its limits are inside those that headers tell. "The quota returned by our APIs may be
    /// inaccurate, and you may encounter 429s." Source: Discord documentation, *Rate Limits*.
    pub(super) fn is_odd(&self) -> bool {
        self.name.contains("/emojis")
    }

    #[cfg(test)]
    pub(super) fn named(name: &str, major: &str) -> Self {
        Self {
            name: name.into(),
            major: major.into(),
        }
    }
}

impl Class {
    pub(crate) fn of(request: &Request) -> Self {
        match request.auth {
            _ if is_interaction(request) => Self::Interaction,
            RequestAuth::InPath => Self::InPath,
            RequestAuth::Bot => Self::Bot,
        }
    }
}

fn is_interaction(request: &Request) -> bool {
    request.path.template.starts_with("/interactions/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interactions_are_counted_one_by_one_and_outside_the_global_limit() {
        let callback = |id: &str| {
            Request::post(model::path!(
                "/interactions/{interaction_id}/{interaction_token}/callback",
                interaction_id = id,
                interaction_token = "secret"
            ))
        };
        assert!(Route::of(&callback("1")) != Route::of(&callback("2")));
        assert_eq!(Class::of(&callback("1")), Class::Interaction);
    }

    #[test]
    fn messages_of_one_channel_share_a_route() {
        let message = |channel: &str, message: &str| {
            Request::delete(model::path!(
                "/channels/{channel_id}/messages/{message_id}",
                channel_id = channel,
                message_id = message
            ))
        };
        assert!(Route::of(&message("1", "7")) == Route::of(&message("1", "8")));
        assert!(Route::of(&message("1", "7")) != Route::of(&message("2", "7")));
        assert_eq!(Class::of(&message("1", "7")), Class::Bot);
    }
}
