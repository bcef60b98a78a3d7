//! The faults that are switched on, and the dice that decide where one with a probability strikes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::Serialize;

use super::{Effect, Fault, FaultKind};
use crate::limits::Route;

/// Faults waiting at once.
const MAX_FAULTS: usize = 100;

/// A fault that is switched on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Waiting {
    /// By which it is removed.
    id: u64,
    /// How often it struck.
    hits: u32,
    #[serde(flatten)]
    fault: Fault,
}

/// The faults that are switched on, oldest first.
#[derive(Debug)]
pub(crate) struct Faults {
    waiting: Vec<Waiting>,
    last_id: u64,
    dice: StdRng,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            waiting: Vec::new(),
            last_id: 0,
            dice: StdRng::seed_from_u64(seed),
        }
    }

    /// Switches a fault on; answers its id.
    pub(crate) fn add(&mut self, fault: Fault) -> Result<u64, String> {
        fault.validate()?;
        if self.waiting.len() == MAX_FAULTS {
            return Err(format!("at most {MAX_FAULTS} faults can wait; delete some"));
        }
        self.last_id += 1;
        self.waiting.push(Waiting {
            id: self.last_id,
            hits: 0,
            fault,
        });
        Ok(self.last_id)
    }

    pub(crate) fn all(&self) -> &[Waiting] {
        &self.waiting
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Switches one off; false when there is none with this id.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| waiting.id != id);
        self.waiting.len() < before
    }

    /// The effect of the oldest matching fault that chance lets through, which is used up by one.
    pub(crate) fn strike(&mut self, route: &Route) -> Option<Effect> {
        self.take(|fault| fault.matches(route))?.effect()
    }

    /// The same for something that happens in the Gateway.
    pub(crate) fn strike_gateway(&mut self, kinds: &[FaultKind]) -> Option<Fault> {
        self.take(|fault| kinds.contains(&fault.kind))
    }

    fn take(&mut self, matches: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let Self { waiting, dice, .. } = self;
        let at = waiting.iter().position(|waiting| {
            matches(&waiting.fault)
                && waiting
                    .fault
                    .probability
                    .is_none_or(|chance| dice.random_bool(chance))
        })?;
        let struck = &mut waiting[at];
        struck.hits += 1;
        struck.fault.count -= 1;
        let fault = struck.fault.clone();
        if fault.count == 0 {
            waiting.remove(at);
        }
        Some(fault)
    }

    fn any_of_gateway(&self) -> bool {
        self.waiting
            .iter()
            .any(|waiting| waiting.fault.kind.is_of_gateway())
    }
}

/// The faults behind a lock, with a quick look for connections that send much.
#[derive(Debug)]
pub(crate) struct FaultBook {
    faults: Mutex<Faults>,
    any: AtomicBool,
    of_gateway: AtomicBool,
}

impl FaultBook {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            faults: Mutex::new(Faults::new(seed)),
            any: AtomicBool::new(false),
            of_gateway: AtomicBool::new(false),
        }
    }

    /// Looks at the faults, or changes them.
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut Faults) -> T) -> T {
        let mut faults = self.lock();
        let answer = change(&mut faults);
        self.any
            .store(!faults.waiting.is_empty(), Ordering::Release);
        self.of_gateway
            .store(faults.any_of_gateway(), Ordering::Release);
        answer
    }

    /// What goes wrong with a request.
    pub(crate) fn strike(&self, route: &Route) -> Option<Effect> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        self.with(|faults| faults.strike(route))
    }

    /// What goes wrong at a moment of the Gateway.
    pub(crate) fn strike_gateway(&self, kinds: &[FaultKind]) -> Option<Fault> {
        if !self.of_gateway.load(Ordering::Acquire) {
            return None;
        }
        self.with(|faults| faults.strike_gateway(kinds))
    }

    /// A panic in one request must not end the sandbox, so a poisoned lock is taken over.
    fn lock(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn fault(kind: &str, rest: &str) -> Fault {
        serde_json::from_str(&format!(r#"{{"kind":"{kind}"{rest}}}"#)).unwrap()
    }

    #[test]
    fn a_fault_hits_its_route_and_is_spent() {
        let mut faults = Faults::new(0);
        let only = r#","route":"/channels/{id}/messages","method":"post","count":2"#;
        faults.add(fault("status", only)).unwrap();
        let other = Route::of(&Method::GET, "/api/v10/channels/1/messages");
        let meant = Route::of(&Method::POST, "/api/v10/channels/1/messages");
        assert!(faults.strike(&other).is_none());
        assert!(faults.strike(&meant).is_some());
        assert!(faults.strike(&meant).is_some());
        assert!(faults.strike(&meant).is_none());
    }

    #[test]
    fn faults_that_make_no_sense_are_refused() {
        let mut faults = Faults::new(0);
        assert!(faults.add(fault("status", r#","status":200"#)).is_err());
        assert!(faults.add(fault("drop", r#","count":0"#)).is_err());
        assert!(faults.add(fault("drop", r#","probability":1.5"#)).is_err());
        assert!(faults.add(fault("429", r#","route":"channels""#)).is_err());
        assert!(faults.add(fault("skip", r#","route":"/gateway""#)).is_err());
        assert!(faults.all().is_empty());
    }

    #[test]
    fn the_same_seed_strikes_in_the_same_places() {
        let struck = |seed| -> Vec<bool> {
            let mut faults = Faults::new(seed);
            let often = r#","probability":0.3,"count":1000"#;
            faults.add(fault("drop", often)).unwrap();
            let route = Route::of(&Method::GET, "/api/v10/users/@me");
            (0..100).map(|_| faults.strike(&route).is_some()).collect()
        };
        assert_eq!(struck(1), struck(1));
        assert_ne!(struck(1), struck(2));
        let hits = struck(1).iter().filter(|hit| **hit).count();
        assert!((10..60).contains(&hits), "{hits}");
    }

    #[test]
    fn a_fault_of_the_gateway_spares_rest_and_one_can_be_removed() {
        let book = FaultBook::new(0);
        let id = book.with(|faults| faults.add(fault("skip", ""))).unwrap();
        let route = Route::of(&Method::GET, "/api/v10/users/@me");
        assert!(book.strike(&route).is_none());
        assert!(book.with(|faults| faults.remove(id)));
        assert!(book.strike_gateway(&[FaultKind::Skip]).is_none());
        assert!(!book.with(|faults| faults.remove(id)));
    }
}
