//! Stories that nobody thought of: random requests by random people. Whatever they are, the world
//! stays consistent, rights are respected, the audit log is complete, and every answer fits
//! Discord's document. `PROPTEST_CASES` plays more of them.

mod call;
mod facts;
mod stage;
mod verbs;
mod verbs_talk;

use std::future::Future;

use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use call::{Step, stories};
use stage::Stage;

/// Stories played, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 24;
const STEPS: usize = 80;

/// Plays stories until one fails, and tells the shortest that still does. The same ones each time.
fn play_all<F: Future<Output = ()>>(tell: impl Fn(Vec<Step>) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let defaults = Config::default();
    let cases = if defaults.cases == 256 {
        CASES
    } else {
        defaults.cases
    };
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 600,
        ..defaults
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let result = runner.run(&stories(STEPS), |steps| {
        runtime.block_on(tell(steps));
        Ok(())
    });
    if let Err(TestError::Fail(reason, steps)) = result {
        panic!("{reason}\nafter the steps {steps:?}");
    }
}

#[test]
fn no_story_leaves_a_world_that_contradicts_itself() {
    play_all(|steps| async move {
        let mut stage = Stage::set().await;
        for step in steps {
            stage.play(step).await;
        }
        stage.app.sandbox.stop().await;
    });
}
