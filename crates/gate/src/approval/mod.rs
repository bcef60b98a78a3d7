//! Approvals: a call that the policy wants people asked about waits, written down, for what they say
//! in Discord, and is then carried out once, or not at all. No model and no bot decides here.
//!
//! `machine` says how one state follows another; `ask` writes a call down and posts its question;
//! `vote` hears people; `carry` carries out; `rounds` looks after what is due.

mod ask;
mod blocks;
mod carry;
mod closed;
mod demands;
mod follow;
mod happen;
mod house;
mod interact;
mod lines;
mod machine;
mod message;
mod people;
mod post;
mod reach;
mod rounds;
mod terms;
mod tool;
mod view;
mod vote;
mod whole;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, OnceLock},
};

use model::approval::{Approvals, Room};
use tokio::sync::Notify;

pub(crate) use ask::{What, Wish};
pub(crate) use carry::Agreed;
pub(crate) use people::{Asking, Askings, People, people};
pub(crate) use tool::{GetApproval, NAME as GET_APPROVAL};
pub(crate) use whole::{Asked, of_later_step, to_ask};

pub use happen::{Trouble as ApprovalTrouble, cancel as cancel_approval};
pub use interact::{Callback, Pressed};
pub use machine::{Ballot, Effect, Event, Ignored, Voter, VoterKind, step};
pub use message::code as approval_code;
pub use view::{AskPreview, Waiting, marked as approval_view_marked, view as approval_view};
pub use vote::{Press, Said, Words};

/// Approvals that may be open at once. A flood of questions is a way to wear people down.
pub(crate) const ROOM: Room = Room { each: 20, all: 200 };

/// What the gate needs for approvals.
#[derive(Default)]
pub(crate) struct Office {
    pub(crate) port: OnceLock<Arc<dyn Approvals>>,
    /// Something about an approval has changed in this process.
    pub(crate) changed: Notify,
    /// Granted ones that are being carried out here.
    pub(crate) at_hand: Mutex<HashSet<String>>,
    /// The policies that pending approvals were last weighed by.
    pub(crate) weighed: Mutex<Vec<Arc<str>>>,
}
