//! The one way to act in Discord: eight checks, a plan, a confirmation, the outbox, the record.
//! The only maker of [`Permit`]. It knows no single operation.
//!
//! [`Gate::call`] reads from top to bottom; `stages` holds the eight checks, `write` what happens
//! once they allow a write.

mod answer;
mod attempts;
mod backoff;
mod case;
mod controls;
mod cost;
mod decisions;
mod digest;
mod discover;
mod dispatch;
mod facts;
mod flow;
mod gate;
mod home;
mod live;
mod lockdown;
pub mod manage;
mod meter;
mod outbox;
mod parts;
mod permit;
mod preview;
mod rates;
mod read;
mod reading;
mod recall;
mod record;
mod recover;
mod rejudge;
mod run;
mod seal;
mod shown;
mod stages;
mod standing;
mod targets;
mod tokens;
mod trouble;
mod undone;
mod when;
mod words;
mod write;

pub use catalogue::control::IDEMPOTENCY_KEY_MAX;

pub use answer::{
    Answer, ConfirmToken, Cost, Declined, Done, Failure, FilePreview, LimitHit, Plan, Refusal,
    RequestPreview, Retry, StepPlan, UndoNote,
};
pub use flow::{Flow, FlowContext};
pub use gate::{Gate, Parts, check_policy};
pub use permit::Permit;
pub use recover::Recovery;
