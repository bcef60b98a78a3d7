//! Discord's "no": an HTTP status, a JSON error code, a message and, for forms, nested errors.

use std::time::Duration;

use serde_json::{Value, json};

/// An error body of Discord (Reference › Opcodes and Status Codes › JSON).
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{status}: {message} (code {code})")]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// Discord's error code; 0 for a general one.
    pub code: u32,
    /// What Discord says.
    pub message: String,
    /// Nested `errors` of an invalid form.
    pub errors: Option<Value>,
    /// Of a 429 by slow mode: how long to wait.
    pub retry_after_ms: Option<u64>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            errors: None,
            retry_after_ms: None,
        }
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, 0, "401: Unauthorized")
    }

    pub(crate) fn route() -> Self {
        Self::new(404, 0, "404: Not Found")
    }

    pub(crate) fn method() -> Self {
        Self::new(405, 0, "405: Method Not Allowed")
    }

    pub(crate) fn unknown(what: Unknown) -> Self {
        let (code, name) = what.code_and_name();
        Self::new(404, code, format!("Unknown {name}"))
    }

    pub(crate) fn missing_access() -> Self {
        Self::new(403, 50_001, "Missing Access")
    }

    pub(crate) fn missing_permissions() -> Self {
        Self::new(403, 50_013, "Missing Permissions")
    }

    /// A channel's slow mode, which is no rate limit of the API.
    pub(crate) fn slow_mode(retry_after_ms: u64) -> Self {
        let message = "This action cannot be performed due to slowmode rate limit";
        Self {
            retry_after_ms: Some(retry_after_ms),
            ..Self::new(429, 20_016, message)
        }
    }

    pub(crate) fn wrong_channel_type() -> Self {
        Self::new(400, 50_024, "Cannot execute action on this channel type")
    }

    /// An invalid form whose `errors` name each field.
    pub(crate) fn form(errors: Value) -> Self {
        Self {
            status: 400,
            code: 50_035,
            message: "Invalid Form Body".into(),
            errors: Some(errors),
            retry_after_ms: None,
        }
    }

    /// An invalid form with one bad field; `path` is dotted (`embeds.0.title`).
    pub(crate) fn field(path: &str, code: &str, message: &str) -> Self {
        let leaf = json!({"_errors": [{"code": code, "message": message}]});
        Self::form(
            path.rsplit('.')
                .fold(leaf, |inner, key| json!({key: inner})),
        )
    }

    /// The same errors, one level deeper.
    pub(crate) fn under(mut self, key: &str) -> Self {
        self.errors = self.errors.map(|errors| json!({key: errors}));
        self
    }

    /// The errors of a form's one field that has no name.
    pub(crate) fn unwrapped(mut self) -> Self {
        self.errors = self.errors.map(|mut errors| errors[""].take());
        self
    }

    /// The JSON body.
    pub fn body(&self) -> Value {
        let mut body = json!({"message": self.message, "code": self.code});
        if let Some(errors) = &self.errors {
            body["errors"] = errors.clone();
        }
        if let Some(ms) = self.retry_after_ms {
            let wait = Duration::from_millis(ms);
            body["retry_after"] = json!(wait.as_secs_f64());
            body["global"] = json!(false);
        }
        body
    }
}

/// What was not found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unknown {
    Application,
    Ban,
    Channel,
    Command,
    CommandPermissions,
    Emoji,
    Entitlement,
    Integration,
    Lobby,
    Sku,
    StickerPack,
    Guild,
    Interaction,
    Invite,
    InviteTargetUsers,
    InviteTargetUsersJob,
    Member,
    Message,
    Overwrite,
    Role,
    ScheduledEvent,
    ScheduledEventException,
    Sound,
    StageInstance,
    Template,
    Sticker,
    Tag,
    User,
    VoiceState,
    WelcomeScreen,
    Webhook,
}

impl Unknown {
    const fn code_and_name(self) -> (u32, &'static str) {
        match self {
            Self::Application => (10_002, "Application"),
            Self::Interaction => (10_062, "interaction"),
            Self::Command => (10_063, "application command"),
            Self::CommandPermissions => (10_066, "application command permissions"),
            Self::Channel => (10_003, "Channel"),
            Self::Guild => (10_004, "Guild"),
            Self::Invite => (10_006, "Invite"),
            Self::InviteTargetUsersJob => (10_124, "Invite Target Users Job"),
            Self::InviteTargetUsers => (10_129, "Invite Target Users"),
            Self::Member => (10_007, "Member"),
            Self::Message => (10_008, "Message"),
            Self::Overwrite => (10_009, "Permission Overwrite"),
            Self::Role => (10_011, "Role"),
            Self::User => (10_013, "User"),
            Self::Integration => (10_005, "Integration"),
            Self::Sku => (10_027, "SKU"),
            Self::Entitlement => (10_029, "Entitlement"),
            Self::Lobby => (10_031, "Lobby"),
            Self::StickerPack => (10_061, "Sticker Pack"),
            Self::Emoji => (10_014, "Emoji"),
            Self::Webhook => (10_015, "Webhook"),
            Self::Ban => (10_026, "Ban"),
            Self::Sticker => (10_060, "Sticker"),
            Self::Tag => (10_087, "Tag"),
            Self::VoiceState => (10_065, "Voice State"),
            Self::StageInstance => (10_067, "Stage Instance"),
            Self::Sound => (10_097, "sound"),
            Self::WelcomeScreen => (10_069, "Guild Welcome Screen"),
            Self::Template => (10_057, "guild template"),
            Self::ScheduledEvent => (10_070, "Guild Scheduled Event"),
            Self::ScheduledEventException => (10_070, "Guild Scheduled Event Exception"),
        }
    }
}
