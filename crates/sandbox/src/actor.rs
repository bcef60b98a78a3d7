//! Who makes a request when a person is played: the control API puts [`ActAs`] into the request's
//! extensions, which no header of a client can do, and REST then takes that user as the actor.

use crate::snowflake::Snowflake;

/// The user on whose behalf a request is made, instead of a bot by its token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ActAs(pub(crate) Snowflake);
