//! What can be wrong with the settings this room is built from. Failures of single requests are
//! `model::HandsError`.

/// Why hands cannot be built.
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
}
