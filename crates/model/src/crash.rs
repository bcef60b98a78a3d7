//! Named moments at which a debug build can be told to die, as if somebody had pulled the plug. In
//! a release the function is empty, and the variable is never read.

/// `CRASH_AT="what moment times"`: die when this is reached for the `times`-th time.
#[cfg(debug_assertions)]
pub fn point(what: &str, moment: &str) {
    use std::sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    };

    struct Plan {
        what: String,
        moment: String,
        left: AtomicU32,
    }

    static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
    let plan = PLAN.get_or_init(|| {
        #[expect(
            clippy::disallowed_methods,
            reason = "tests alone say it, to debug builds alone; it is no configuration"
        )]
        let said = std::env::var("CRASH_AT").ok()?;
        let mut words = said.split(' ');
        Some(Plan {
            what: words.next()?.to_owned(),
            moment: words.next()?.to_owned(),
            left: AtomicU32::new(words.next()?.parse().ok()?),
        })
    });
    let Some(plan) = plan else { return };
    if plan.what == what && plan.moment == moment && plan.left.fetch_sub(1, Ordering::SeqCst) == 1 {
        std::process::abort();
    }
}

/// Nothing, in a release.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub const fn point(_what: &str, _moment: &str) {}
