//! What the limiter has to know of a request besides its route: the channel of a webhook that is
//! executed, and whether a channel gets another name or topic.

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use serde::Deserialize;
use serde_json::Value;

use crate::limits::{Circumstances, Route};
use crate::world::Shared;

/// Bodies above this carry more than a name and a topic, and are not looked at; in bytes.
const MAX_READ: usize = 64 * 1024;

#[derive(Default, Deserialize)]
struct Renamed {
    name: Option<Value>,
    topic: Option<Value>,
}

/// The request as it was, and its circumstances.
pub(super) async fn peek(
    shared: &Shared,
    route: &Route,
    request: Request,
) -> (Request, Circumstances) {
    let mut circumstances = Circumstances::default();
    let id = route.major.split('/').next().and_then(|id| id.parse().ok());
    let Some(id) = id else {
        return (request, circumstances);
    };
    if route.is_webhook_execution() {
        circumstances.webhook_channel =
            shared.read(|world| world.webhooks.get(&id).map(|webhook| webhook.channel_id));
        return (request, circumstances);
    }
    let small = request.body().size_hint().exact();
    if !route.is_channel_edit() || small.is_none_or(|bytes| bytes > MAX_READ as u64) {
        return (request, circumstances);
    }
    let (parts, body) = request.into_parts();
    // It has told its length, so that only a connection that broke can fail here.
    let bytes = to_bytes(body, MAX_READ).await.unwrap_or_default();
    let renamed: Renamed = serde_json::from_slice(&bytes).unwrap_or_default();
    circumstances.renames = shared.read(|world| {
        let Some(channel) = world.channels.get(&id) else {
            return false;
        };
        let topic = channel.settings.get("topic").unwrap_or(&Value::Null);
        renamed
            .name
            .is_some_and(|name| name != channel.name.as_str())
            || renamed.topic.is_some_and(|new| new != *topic)
    });
    (Request::from_parts(parts, Body::from(bytes)), circumstances)
}
