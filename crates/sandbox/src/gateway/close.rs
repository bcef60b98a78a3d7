//! Close codes of the Gateway and the words that go with them (Discord: Topics › Opcodes and
//! Status Codes).

/// Why the server closes a connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Close {
    pub(crate) code: u16,
    pub(crate) reason: &'static str,
}

impl Close {
    pub(crate) const GOING_AWAY: Self = Self::new(1001, "The sandbox is shutting down.");
    pub(crate) const UNKNOWN_ERROR: Self = Self::new(4000, "Unknown error.");
    pub(crate) const UNKNOWN_OPCODE: Self = Self::new(4001, "Unknown opcode.");
    pub(crate) const DECODE_ERROR: Self = Self::new(4002, "Error while decoding payload.");
    pub(crate) const NOT_AUTHENTICATED: Self = Self::new(4003, "Not authenticated.");
    pub(crate) const AUTHENTICATION_FAILED: Self = Self::new(4004, "Authentication failed.");
    pub(crate) const ALREADY_AUTHENTICATED: Self = Self::new(4005, "Already authenticated.");
    pub(crate) const INVALID_SEQUENCE: Self = Self::new(4007, "Invalid seq.");
    pub(crate) const RATE_LIMITED: Self = Self::new(4008, "Rate limited.");
    pub(crate) const SESSION_TIMED_OUT: Self = Self::new(4009, "Session timed out.");
    pub(crate) const INVALID_SHARD: Self = Self::new(4010, "Invalid shard.");
    pub(crate) const SHARDING_REQUIRED: Self = Self::new(4011, "Sharding required.");
    pub(crate) const INVALID_VERSION: Self = Self::new(4012, "Invalid API version.");
    pub(crate) const INVALID_INTENTS: Self = Self::new(4013, "Invalid intent(s).");
    pub(crate) const DISALLOWED_INTENTS: Self = Self::new(4014, "Disallowed intent(s).");

    const fn new(code: u16, reason: &'static str) -> Self {
        Self { code, reason }
    }

    /// A close that the control API asked for.
    pub(crate) const fn asked(code: u16) -> Self {
        Self::new(code, "Closed by the control API.")
    }
}
