//! The one way to act in Discord: eight checks, a plan, a confirmation, the outbox, the record.
//! The only maker of [`Permit`]. It knows no single operation.
//!
//! [`Gate::call`] reads from top to bottom; `stages` holds the eight checks, `write` what happens
//! once they allow a write.

mod answer;
mod approval;
mod attempts;
mod backoff;
mod batch;
mod carry;
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
mod keep;
mod links;
mod live;
mod lockdown;
mod lookback;
pub mod manage;
mod manner;
pub mod marks;
mod meter;
mod mirror;
mod old_words;
mod outbox;
mod parts;
mod permit;
pub mod policies;
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
mod several;
mod shown;
mod stages;
mod standing;
mod steps;
mod targets;
mod tokens;
mod trouble;
mod undo;
mod when;
mod words;
mod write;

pub use catalogue::control::IDEMPOTENCY_KEY_MAX;

pub use answer::{
    Answer, ChangedSince, ConfirmToken, Cost, Declined, Done, Failure, FilePreview, LimitHit, Plan,
    Refusal, RequestPreview, Retry, StepPlan, TakingBack, UndoNote,
};
pub use approval::{
    ApprovalTrouble, AskPreview, Ballot, Callback, Effect, Event, Ignored, Press, Pressed, Said,
    Voter, VoterKind, Waiting, Words, approval_code, approval_view, approval_view_marked,
    cancel_approval, step,
};
pub use flow::{Flow, FlowContext};
pub use gate::{Gate, Parts, check_policy};
pub use keep::UNDO_DAYS;
pub use mirror::MirrorHealth;
pub use permit::Permit;
pub use recover::Recovery;
