//! How a request that is sent again is told from a new one like it. In a session of 2025-11-25 the
//! protocol says so: "The request ID MUST NOT have been previously used by the requestor within the
//! same session". So the same id with the same words in the same session is the same request, sent
//! again by somebody who lost the connection.
//!
//! Nothing tells that in 2026-07-28, where each request stands alone and two clients with one key may
//! count from 1 both; nor over standard streams, which are not sent on again.

use model::Risk;
use rmcp::{RoleServer, model::CallToolRequestParams, service::RequestContext};
use serde_json::Value;

use crate::{contained::is_modern, handler::Who};

/// What a call would be known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mark {
    /// It reads, which can be done again.
    Read,
    /// By nothing.
    Unknown,
    /// By this.
    Known(String),
}

/// The mark of a call.
pub(crate) fn mark(
    risk: Risk,
    request: &CallToolRequestParams,
    who: &Who,
    context: &RequestContext<RoleServer>,
) -> Mark {
    let over_http = context.extensions.get::<http::request::Parts>().is_some();
    match &who.session {
        _ if risk == Risk::Read => Mark::Read,
        Some(session) if over_http && !is_modern(context) => {
            let arguments = Value::from(request.arguments.clone().unwrap_or_default());
            Mark::Known(format!(
                "{session}\n{:?}\n{}\n{arguments}",
                context.id, request.name
            ))
        }
        Some(_) | None => Mark::Unknown,
    }
}
