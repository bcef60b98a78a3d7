//! The one way to act in Discord: eight checks, a plan, a confirmation, the outbox, the record.
//! The only maker of [`Permit`]. It knows no single operation.

mod answer;
mod flow;

pub use answer::{
    Answer, ConfirmToken, Cost, Declined, Done, Failure, FilePreview, Plan, Refusal,
    RequestPreview, Retry,
};
pub use flow::{Flow, FlowContext};
