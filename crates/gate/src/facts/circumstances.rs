//! When a call is judged, for whom, and after what: the facts that rules may depend on besides the
//! tool and the place.

use model::{Call, HandsError, Millis, Origin, Surroundings};
use policy::{Asker, Circumstances, Policy};

use super::Places;

/// Whether the conversation of this call has read words of people whom nobody vouches for. Nothing
/// follows that yet.
pub(crate) fn after_untrusted(_call: &Call) -> Option<bool> {
    Some(false)
}

/// Find them out. A Discord user's roles are looked up only where a rule asks for them.
pub(crate) async fn circumstances(
    surroundings: &dyn Surroundings,
    policy: &Policy,
    call: &Call,
    places: &Places,
    at: Millis,
) -> Result<Circumstances, HandsError> {
    let asker = match call.origin {
        Origin::Discord { user, .. } if policy.looks_at_discord_roles() => {
            let mut asker = Asker::default();
            for guild in &places.guilds {
                let roles = surroundings.member_roles(*guild, user).await?;
                asker.roles.extend(roles.map(|roles| (*guild, roles)));
            }
            Some(asker)
        }
        Origin::Discord { .. } => Some(Asker::default()),
        _ => None,
    };
    Ok(Circumstances {
        at,
        asker,
        after_untrusted: after_untrusted(call),
    })
}
