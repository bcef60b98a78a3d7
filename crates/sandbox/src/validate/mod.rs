//! Reads JSON bodies field by field as Discord does, and answers with nested errors.

mod attachment;
pub(crate) mod automod;
pub(crate) mod command;
pub(crate) mod command_option;
pub(crate) mod component;
mod component_input;
pub(crate) mod embed;
pub(crate) mod form;
mod list;
pub(crate) mod message;
pub(crate) mod modal;
mod moment;
mod poll;

pub(crate) use form::{Form, Patch};
pub(crate) use moment::Inline;
