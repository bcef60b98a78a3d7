//! The audit, mirrored into Discord channels: of the operator, and of workspaces that set one.
//!
//! What is told holds no names of people and no words of anybody, only numbers, codes and names of
//! tools. It is sent by a principal that no door knows, whose one right is to send messages there,
//! through checks and outbox like any other write. The channel is closed to every caller
//! (`closed`), so that nobody who acts through the gate can read, imitate or change what is told.
//!
//! `round` says what is told when, `pace` how fast, `message` in what words; `errand` sends.

mod closed;
mod errand;
mod message;
mod pace;
mod round;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use model::{
    Millis,
    mirror::{MirrorScope, MirrorWish, Mirrors},
};

use crate::Gate;

use closed::Known;
pub(crate) use closed::{Closed, reason as closed_reason};
use pace::Pace;

/// What the gate needs for mirrors.
#[derive(Default)]
pub(crate) struct Mirroring {
    port: OnceLock<Port>,
    known: Known,
    paces: Mutex<HashMap<MirrorScope, Pace>>,
}

struct Port {
    mirrors: Arc<dyn Mirrors>,
    /// The operator's own wish.
    own: Option<MirrorWish>,
}

/// How the mirrors are, for whoever looks after the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MirrorHealth {
    /// How many there are.
    pub mirrors: usize,
    /// How many of them could not tell anything lately, and are tried again later.
    pub in_trouble: usize,
}

impl Gate {
    /// Mirror into the channels that workspaces set, and into the operator's own. Said once, before
    /// the first call; later words change nothing. [`Gate::attend_mirrors`] starts it.
    pub fn know_mirrors(&self, mirrors: Arc<dyn Mirrors>, own: Option<MirrorWish>) {
        let _the_first_counts = self.0.mirroring.port.set(Port { mirrors, own });
    }

    /// How the mirrors of this process are.
    pub fn mirror_health(&self) -> MirrorHealth {
        let paces = self.0.mirroring.paces();
        MirrorHealth {
            mirrors: paces.len(),
            in_trouble: paces.values().filter(|pace| pace.is_in_trouble()).count(),
        }
    }
}

impl Mirroring {
    fn paces(&self) -> std::sync::MutexGuard<'_, HashMap<MirrorScope, Pace>> {
        self.paces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pace<T>(&self, scope: &MirrorScope, with: impl FnOnce(&mut Pace) -> T) -> T {
        with(self.paces().entry(scope.clone()).or_default())
    }

    fn may(&self, scope: &MirrorScope, now: Millis) -> bool {
        self.pace(scope, |pace| pace.may(now))
    }
}
