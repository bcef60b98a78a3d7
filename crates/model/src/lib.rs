//! What things are, and the ports that rooms ask for. No I/O, no clock of its own, no Discord client.
//!
//! Every room speaks in these words, so this crate stays small and stable: ids, principals, calls,
//! requests, decisions, events, records and the traits behind which other rooms work.

pub mod approval;
pub mod call;
pub mod clock;
pub mod crash;
pub mod decision;
pub mod event;
pub mod forecast;
pub mod hands;
pub mod id;
pub mod interaction;
pub mod kept;
pub mod ledger;
pub mod mirror;
pub mod permissions;
pub mod place;
pub mod policies;
pub mod principal;
pub mod request;
pub mod risk;
pub mod workspace;
pub mod workspaces;

pub use call::{Call, Mode, Origin};
pub use clock::{Clock, ManualClock, Millis};
pub use decision::{Check, Reason, Stage, Verdict};
pub use event::Event;
pub use hands::{Hands, HandsError, Permitted, Response};
pub use id::{
    ApplicationId, AttachmentId, ChannelId, EmojiId, GuildId, Id, MessageId, OverwriteId, RoleId,
    StickerId, UserId, WebhookId,
};
pub use permissions::Permissions;
pub use place::{Place, Surroundings};
pub use principal::{Principal, PrincipalKind};
pub use request::{Body, FilePart, Method, Path, Request, RequestAuth};
pub use risk::Risk;
pub use workspace::{Role, WorkspaceId};
