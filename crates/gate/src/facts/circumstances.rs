//! When a call is judged, for whom, and after what: the facts that rules may depend on besides the
//! tool and the place.

use model::{Call, HandsError, Millis, Origin, Surroundings};
use policy::{Asker, Circumstances, Policy};

use super::Places;

/// Find them out. A Discord user's roles are looked up only where a rule asks for them;
/// `after_untrusted` is what the gate remembers.
pub(crate) async fn circumstances(
    surroundings: &dyn Surroundings,
    policy: &Policy,
    call: &Call,
    places: &Places,
    after_untrusted: Option<bool>,
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
        after_untrusted,
    })
}
