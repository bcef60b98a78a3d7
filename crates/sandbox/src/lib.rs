//! A simulated Discord: REST v10 and Gateway v10, for people without a token and for tests.
//!
//! [`Sandbox::start`] serves a seeded world on one port: REST under `/api/v10`, the Gateway at
//! `/gateway`, under `/control` the API by which people act, faults are switched on and the world
//! is looked at (see [`mod@control`]), and at `/` a page where people do all this by hand. It
//! depends on no other room, and never reaches out.
//!
//! ```
//! use sandbox::{Config, Sandbox};
//!
//! # async fn story() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::start(Config::default()).await?;
//! let info = sandbox.info(); // where a bot connects, and with which token
//! let ada = sandbox.person("ada").ok_or("the default world has an ada")?;
//! ada.says(info.channel_id, "hello, hall").await?;
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(story()).unwrap();
//! ```

mod actor;
mod actors;
pub mod control;
mod desk;
mod faults;
mod front;
mod gateway;
mod limits;
mod page;
pub mod permissions;
pub mod rest;
mod seed;
mod server;
mod snapshot;
pub mod snowflake;
pub mod validate;
pub mod world;

pub use actors::{ActorError, ActorSpec, ActorView, ChatterSpec, OneOf, Span, Step};
pub use control::Person;
pub use control::events::SeenEvent;
pub use desk::SeenRequest;
pub use faults::{Fault, FaultKind, GatewayFault};
pub use limits::{Allowance, Limits, RouteLimit, Scope};
pub use seed::{
    BanSpec, BotSpec, ChannelSpec, CrowdSpec, EmojiSpec, EventSpec, GuildSpec, InviteSpec,
    MemberSpec, MessageSpec, OverwriteSpec, PostSpec, ReactionSpec, ReadyWorld, RoleSpec,
    SpecError, TagSpec, ThreadSpec, When, WorldSpec, worlds,
};
pub use server::{Config, Error, Info, Sandbox, Start};
pub use snapshot::{Snapshot, SnapshotError};
pub use snowflake::Snowflake;
