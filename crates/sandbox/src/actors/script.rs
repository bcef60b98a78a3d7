//! Where a script stands: the next step, what it remembers, and how much time goes by.

use std::sync::Arc;

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::spec::{OneOf, Span, Step};
use crate::snowflake::Snowflake;

/// A running script.
#[derive(Debug)]
pub(super) struct Script {
    frames: Vec<Frame>,
    pub(super) memory: Memory,
}

/// What later steps refer to.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    /// Who acts unless a step says so.
    pub(super) person: Option<String>,
    /// Where, unless a step says so.
    pub(super) channel: Option<String>,
    /// Channel and id of the last message written.
    pub(super) own: Option<(Snowflake, Snowflake)>,
    pub(super) interaction: Option<Snowflake>,
}

/// A list of steps that is being done.
#[derive(Debug)]
struct Frame {
    steps: Arc<[Step]>,
    next: usize,
    /// Passes left, this one included; `None` for without an end.
    left: Option<u32>,
    began_ms: u64,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Next {
    Do(Box<Step>),
    /// Nothing before the new moment.
    Wait,
    Over,
}

impl Script {
    pub(super) fn new(steps: &[Step], repeat: Option<u32>, memory: Memory, now_ms: u64) -> Self {
        let frame = Frame::new(steps, repeat.unwrap_or(1), now_ms);
        Self {
            frames: vec![frame],
            memory,
        }
    }

    /// The next step, with its choice made; pauses move `at_ms`.
    pub(super) fn next(&mut self, at_ms: &mut u64, dice: &mut ChaCha8Rng) -> Next {
        loop {
            let Some(frame) = self.frames.last_mut() else {
                return Next::Over;
            };
            let Some(step) = frame.steps.get(frame.next) else {
                if frame.left == Some(1) {
                    self.frames.pop();
                    continue;
                }
                frame.left = frame.left.map(|left| left.saturating_sub(1));
                frame.next = 0;
                // Repeating takes time, or else a loop without a pause would never let go.
                *at_ms = (*at_ms).max(frame.began_ms + 1);
                frame.began_ms = *at_ms;
                return Next::Wait;
            };
            frame.next += 1;
            let step = step.clone();
            if let Some(span) = step.pause_ms {
                *at_ms += drawn(span, dice);
                return Next::Wait;
            }
            let inner = match (&step.choose, step.repeat) {
                (Some(lists), _) if !lists.is_empty() => {
                    let list = &lists[dice.random_range(0..lists.len())];
                    Frame::new(list, 1, *at_ms)
                }
                (_, Some(times)) => Frame::new(&step.steps, times, *at_ms),
                _ => return Next::Do(Box::new(with_one_text(step, dice))),
            };
            self.frames.push(inner);
        }
    }
}

impl Frame {
    fn new(steps: &[Step], times: u32, began_ms: u64) -> Self {
        Self {
            steps: steps.into(),
            next: 0,
            left: (times > 0).then_some(times),
            began_ms,
        }
    }
}

fn drawn(span: Span, dice: &mut ChaCha8Rng) -> u64 {
    let [least, most] = span.ends();
    dice.random_range(least..=most.max(least))
}

fn with_one_text(mut step: Step, dice: &mut ChaCha8Rng) -> Step {
    for texts in [
        &mut step.say,
        &mut step.reply,
        &mut step.edit,
        &mut step.react,
    ] {
        if let Some(OneOf::Any(all)) = texts {
            let drawn = all.swap_remove(dice.random_range(0..all.len().max(1)));
            *texts = Some(OneOf::Text(drawn));
        }
    }
    step
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::super::spec::ActorSpec;
    use super::*;

    fn told(toml: &str, seed: u64) -> Vec<(u64, String)> {
        let spec = ActorSpec::from_toml(toml).unwrap();
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let mut script = Script::new(&spec.steps, spec.repeat, Memory::default(), 0);
        let (mut at_ms, mut told) = (0, Vec::new());
        for _ in 0..100 {
            match script.next(&mut at_ms, &mut dice) {
                Next::Over => break,
                Next::Wait => {}
                Next::Do(step) => match step.say {
                    Some(OneOf::Text(text)) => told.push((at_ms, text)),
                    other => panic!("{other:?}"),
                },
            }
        }
        told
    }

    #[test]
    fn pauses_repetitions_and_choices_are_the_same_for_the_same_seed() {
        let toml = "
            steps = [
                { say = 'a' },
                { pause_ms = 10 },
                { repeat = 2, steps = [{ say = 'b' }] },
                { choose = [[{ say = 'c' }], [{ say = 'd' }]] },
                { pause_ms = [5, 9] },
                { say = ['e', 'f'] },
            ]";
        let one = told(toml, 3);
        assert_eq!(one, told(toml, 3));
        assert!((1..9).any(|seed| told(toml, seed) != one));
        let said: Vec<_> = one.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(said[..3], ["a", "b", "b"]);
        assert_eq!(one[2].0, 11);
        assert_eq!(said.len(), 5);
    }

    #[test]
    fn a_script_without_pauses_and_end_does_not_hold_the_moment() {
        let all = told("repeat = 0\nsteps = [{ say = 'a' }]", 0);
        assert_eq!(all.len(), 50);
        assert_eq!(all[49].0, 49);
    }
}
