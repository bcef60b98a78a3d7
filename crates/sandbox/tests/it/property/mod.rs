//! Stories that nobody thought of: random requests by random people. Whatever they are, the world
//! stays consistent, rights are respected, the audit log is complete, and every answer fits
//! Discord's document. `PROPTEST_CASES` plays more of them.

mod call;
mod facts;
mod mirror;
mod session;
mod stage;
mod verbs;
mod verbs_talk;
mod verbs_venue;

use std::future::Future;

use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use call::{Step, stories};
use session::Session;
use stage::Stage;

/// Stories played, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 12;
const STEPS: usize = 60;

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
        max_shrink_iters: 100,
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

#[test]
fn what_the_gateway_tells_is_all_that_happens() {
    play_all(|steps| async move {
        let mut stage = Stage::set().await;
        let mut session = Session::listen(&mut stage).await;
        for (at, step) in steps.into_iter().enumerate() {
            stage.play(step).await;
            if at % 8 == 7 {
                session.catch_up().await;
            }
        }
        let found = session.differences(&stage).await;
        assert!(found.is_empty(), "{}\n{}", stage.story(), found.join("\n"));
        stage.app.sandbox.stop().await;
    });
}

#[test]
fn a_session_that_is_lost_and_resumed_misses_nothing() {
    play_all(|steps| async move {
        let mut stage = Stage::set().await;
        let mut session = Session::listen(&mut stage).await;
        let mut away = false;
        for step in steps {
            // Who is away for too long has to begin anew.
            if step.c % 8 == 5 || away && verbs::is_wait(step) {
                if away {
                    session.come_back(&stage).await;
                } else {
                    session.drop_out(&stage).await;
                }
                away = !away;
            }
            stage.play(step).await;
        }
        if away {
            session.come_back(&stage).await;
        }
        let found = session.differences(&stage).await;
        assert!(found.is_empty(), "{}\n{}", stage.story(), found.join("\n"));
        stage.app.sandbox.stop().await;
    });
}

#[test]
fn a_world_that_is_restored_has_the_same_future() {
    play_all(|steps| async move {
        let mut stage = Stage::set().await;
        let (past, future) = steps.split_at(steps.len() / 2);
        for step in past {
            stage.play(*step).await;
        }
        let (known, saved) = (stage.known.clone(), stage.save().await);
        for step in future {
            stage.play(*step).await;
        }
        let first = std::mem::replace(&mut stage.known, known);
        stage.restore(&saved).await;
        assert_eq!(
            stage.save().await,
            saved,
            "a restored world is the one that was saved"
        );
        for step in future {
            stage.play(*step).await;
        }
        assert_eq!(first.told, stage.known.told);
        stage.app.sandbox.stop().await;
    });
}
