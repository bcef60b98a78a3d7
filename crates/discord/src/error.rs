//! What can be wrong with the settings this room is built from, and why the Gateway is closed for
//! good. Failures of single requests are `model::HandsError`.

/// Why hands or ears cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The address of the API is unusable.
    #[error("the API address {shown} {problem}")]
    ApiUrl {
        /// The address as given, without user name and password, clipped.
        shown: String,
        /// What is wrong and what to write instead.
        problem: &'static str,
    },
    /// The token is empty or has characters that no token has.
    #[error("the bot token {problem}; copy it from the Discord developer portal, page Bot")]
    Token { problem: &'static str },
    /// The user agent cannot be a header.
    #[error(
        "the user agent must be printable ASCII such as \"DiscordBot (https://example.org, 1.0)\""
    )]
    UserAgent,
    /// The address of the Gateway is unusable.
    #[error("the Gateway address {shown} {problem}")]
    GatewayUrl {
        /// The address as given, clipped.
        shown: String,
        problem: &'static str,
    },
    /// Discord closed the Gateway with a code after which trying again is useless.
    #[error("Discord closed the Gateway for good ({code}, {meaning}): {remedy}")]
    GatewayClosed {
        code: u16,
        meaning: &'static str,
        /// What the operator can do.
        remedy: String,
    },
}
