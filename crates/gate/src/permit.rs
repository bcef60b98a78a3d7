//! The permit that hands ask for. It is made in one place, after seven checks allowed the call and
//! its outbox row was written, and it is used up by one request.

use model::{Check, Permitted, Request, Stage};

/// Proof that one request was judged and written down. Nobody outside the gate can make one:
///
/// ```compile_fail
/// let request = model::Request::get(model::path!("/users/@me"));
/// let permit = gate::Permit { request };
/// ```
///
/// and nobody can use one twice:
///
/// ```compile_fail
/// fn twice(permit: gate::Permit) -> (gate::Permit, gate::Permit) {
///     (permit.clone(), permit)
/// }
/// ```
#[derive(Debug)]
pub struct Permit {
    request: Request,
}

impl Permitted for Permit {
    fn request(&self) -> &Request {
        &self.request
    }
}

/// Proof that the checks 1 to 7 allowed the call.
#[derive(Debug)]
pub(crate) struct Passed(());

impl Passed {
    /// `None` unless exactly the first seven checks ran, in order, and all of them allow.
    pub(crate) fn of(checks: &[Check]) -> Option<Self> {
        all_allow(checks, &Stage::ALL[..7]).then_some(Self(()))
    }
}

/// Proof that today's policy allows what a crash interrupted.
#[derive(Debug)]
pub(crate) struct StillAllowed(());

impl StillAllowed {
    /// `None` unless exactly the first five checks ran again, in order, and all of them allow.
    pub(crate) fn of(checks: &[Check]) -> Option<Self> {
        all_allow(checks, &Stage::ALL[..5]).then_some(Self(()))
    }
}

/// Whether exactly these checks ran, in this order, and all of them allow.
fn all_allow(checks: &[Check], stages: &[Stage]) -> bool {
    checks.len() == stages.len()
        && checks
            .iter()
            .zip(stages)
            .all(|(check, stage)| check.stage == *stage && check.verdict.allows())
}

/// Proof that the outbox row is on disk.
#[derive(Debug)]
pub(crate) struct Written(());

impl Written {
    /// Called where the ledger said `Inserted`, and where it handed out a row that a crash left.
    pub(crate) fn down() -> Self {
        Self(())
    }
}

impl Permit {
    /// Check 8 begins here.
    pub(crate) fn grant(_passed: &Passed, _written: Written, request: Request) -> Self {
        Self { request }
    }

    /// For a word to Discord that an answer follows. It says nothing and changes nothing, so it
    /// needs no row; the answer itself does.
    pub(crate) fn acknowledge(request: Request) -> Self {
        Self { request }
    }

    /// For a row that was judged, written down and then left by a crash, and that has been judged
    /// again.
    pub(crate) fn renew(_still: &StillAllowed, _written: Written, request: Request) -> Self {
        Self { request }
    }
}
