//! What nobody in a guild can do: grant it features and boosts, as Discord and its payments would.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{Control, Problem};
use crate::snowflake::Snowflake;

/// Features that one request may grant.
const MAX_FEATURES: usize = 50;

/// `PUT /control/guilds/{id}/features`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grant {
    #[serde(default)]
    features: Option<Vec<String>>,
    /// 0 to 3.
    #[serde(default)]
    premium_tier: Option<usize>,
}

pub(super) fn grant(
    control: &Control,
    guild: Snowflake,
    grant: &Grant,
) -> Result<Response, Problem> {
    let features = grant.features.as_deref();
    if features.is_some_and(|features| features.len() > MAX_FEATURES) {
        return Err(Problem::bad(format!("more than {MAX_FEATURES} features")));
    }
    let shared = &control.desk.shared;
    let granted =
        shared.write(|world| world.grant_features(guild, features, grant.premium_tier))?;
    Ok(Json(granted).into_response())
}
