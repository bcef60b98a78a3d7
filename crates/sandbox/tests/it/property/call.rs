//! One step of a story: five small numbers that a generator can shrink, and the request that they
//! stand for on a given stage.

use proptest::prelude::*;
use reqwest::Method;
use serde_json::Value;

use super::facts::Right;

/// A step. Numbers choose among what exists when it is taken, so that a shorter story means the
/// same wherever it is cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) verb: u8,
    pub(super) actor: u8,
    pub(super) a: u8,
    pub(super) b: u8,
    pub(super) c: u8,
}

/// Stories of up to so many steps.
pub(super) fn stories(steps: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = any::<(u8, u8, u8, u8, u8)>();
    let step = step.prop_map(|(verb, actor, a, b, c)| Step {
        verb,
        actor,
        a,
        b,
        c,
    });
    prop::collection::vec(step, 1..steps)
}

/// What a story learns from an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Learns {
    Nothing,
    Channel,
    Role,
    Message,
    Webhook,
    Invite,
    Emoji,
    Event,
    Sound,
    Rule,
}

/// Entries of the audit log that an accepted request leaves.
#[derive(Clone, Copy, Debug)]
pub(super) enum Audit {
    None,
    /// Exactly one, of this type.
    One(u64),
    /// One of each of these types at most, and at least one if the guild looks different.
    IfChanged(&'static [u64]),
    /// At most one, of this type.
    AtMost(u64),
    /// Anything.
    Unjudged,
}

/// A request, and what is expected of it.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    /// Below `/api/v10`, or below `/control` when `by_control`.
    pub(super) path: String,
    pub(super) body: Value,
    pub(super) by_control: bool,
    pub(super) right: Right,
    pub(super) audit: Audit,
    pub(super) learns: Learns,
}

impl Call {
    pub(super) fn new(method: Method, path: String, body: Value) -> Self {
        Self {
            method,
            path,
            body,
            by_control: false,
            right: Right::Unjudged,
            audit: Audit::None,
            learns: Learns::Nothing,
        }
    }

    pub(super) fn needs(mut self, right: Right) -> Self {
        self.right = right;
        self
    }

    pub(super) fn audited(mut self, audit: Audit) -> Self {
        self.audit = audit;
        self
    }

    pub(super) fn learns(mut self, learns: Learns) -> Self {
        self.learns = learns;
        self
    }

    /// Something that REST has no word for, such as entering voice.
    pub(super) fn by_control(mut self) -> Self {
        self.by_control = true;
        self
    }
}
