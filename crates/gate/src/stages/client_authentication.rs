//! Check 1: the caller proved who it is. Doors make principals; here a principal that no door
//! makes is refused.

use model::{Principal, PrincipalKind, Reason};
use policy::Ruling;

use super::{allow, deny};

/// Judge by the principal alone.
pub(crate) fn client_authentication(principal: &Principal) -> Ruling {
    let (genuine, how) = match principal.kind {
        PrincipalKind::LocalOperator => (
            principal.id == Principal::local_operator().id,
            "whoever runs the process",
        ),
        PrincipalKind::ApiKey => (
            principal
                .id
                .strip_prefix("key:")
                .is_some_and(|name| !name.is_empty()),
            "an API key",
        ),
        PrincipalKind::LoopbackGuest => (
            principal.id == Principal::loopback_guest().id,
            "a connection from this machine",
        ),
    };
    if genuine {
        return allow(
            "authenticated",
            format!("{} is known by {how}", principal.id),
        );
    }
    deny(
        Reason::new("not_authenticated", "the caller did not prove who it is")
            .with_hint("send an API key as a bearer token"),
    )
}
