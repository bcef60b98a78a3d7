//! The operator's part of the control API: clock, limits, faults of REST and of the Gateway.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Control, Problem, parse};
use crate::faults::{Fault, Faults, GatewayFault};
use crate::gateway;
use crate::limits::{INVALID_WINDOW_MS, Limits};
use crate::snowflake::Snowflake;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    ms: u64,
}

/// `POST /control/clock/advance`
pub(super) async fn advance_clock(
    State(control): State<Control>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let advance: Advance = parse(&body)?;
    control.desk.actors.advance(advance.ms).await;
    gateway::sweep(&control.desk.shared, &control.desk.hub);
    Ok(Json(json!({ "now_ms": control.desk.now_ms() })))
}

/// `GET /control/limits`
pub(super) async fn show_limits(State(control): State<Control>) -> Json<Value> {
    let limits = control.desk.limiter().limits().clone();
    Json(json!({
        "limits": limits,
        "invalid_requests": {
            "count": control.desk.invalid_requests(),
            "window_ms": INVALID_WINDOW_MS,
        },
    }))
}

/// `PUT /control/limits`
pub(super) async fn set_limits(
    State(control): State<Control>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let limits: Limits = parse(&body)?;
    control.desk.set_limits(limits).map_err(Problem::bad)?;
    Ok(show_limits(State(control)).await)
}

/// `GET /control/faults`
pub(super) async fn show_faults(State(control): State<Control>) -> Json<Value> {
    Json(json!({ "faults": control.desk.faults.with(|faults| json!(faults.all())) }))
}

/// `POST /control/faults`
pub(super) async fn add_fault(
    State(control): State<Control>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let fault: Fault = parse(&body)?;
    let added = control.desk.faults.with(|faults| faults.add(fault));
    added.map_err(Problem::bad)?;
    Ok((StatusCode::CREATED, show_faults(State(control)).await))
}

/// `DELETE /control/faults`
pub(super) async fn clear_faults(State(control): State<Control>) -> StatusCode {
    control.desk.faults.with(Faults::clear);
    StatusCode::NO_CONTENT
}

/// `DELETE /control/faults/{id}`
pub(super) async fn remove_fault(
    State(control): State<Control>,
    Path(id): Path<u64>,
) -> Result<StatusCode, Problem> {
    if control.desk.faults.with(|faults| faults.remove(id)) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found(format!("no fault {id} is switched on")))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outage {
    guild_id: Snowflake,
    unavailable: bool,
}

/// `PUT /control/gateway/outage`
pub(super) async fn set_outage(
    State(control): State<Control>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let outage: Outage = parse(&body)?;
    let (guild, unavailable) = (outage.guild_id, outage.unavailable);
    let known = control
        .desk
        .shared
        .write(|world| world.set_outage(guild, unavailable));
    if !known {
        return Err(Problem::not_found(format!("there is no guild {guild}")));
    }
    Ok(Json(
        json!({ "guild_id": guild, "unavailable": unavailable }),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GatewayOptions {
    #[serde(default)]
    code: Option<u16>,
    #[serde(default)]
    resumable: Option<bool>,
}

/// `POST /control/gateway/{disconnect|drop|reconnect|invalidate|silence|heartbeat}`: answers how
/// many sessions it reached.
pub(super) async fn gateway_fault(
    State(control): State<Control>,
    Path(fault): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let options: GatewayOptions = parse(&body)?;
    let code = options.code.unwrap_or(4000);
    if !is_sendable(code) {
        return Err(Problem::bad(
            "code must be 1000, 1001, 1011, 1012, or between 3000 and 4999",
        ));
    }
    let resumable = |unless_told| options.resumable.unwrap_or(unless_told);
    let fault = match fault.as_str() {
        "disconnect" => GatewayFault::Disconnect {
            code,
            resumable: resumable(true),
        },
        "drop" => GatewayFault::Drop {
            resumable: resumable(true),
        },
        "reconnect" => GatewayFault::Reconnect,
        "invalidate" => GatewayFault::Invalidate {
            resumable: resumable(false),
        },
        "silence" => GatewayFault::Silence,
        "heartbeat" => GatewayFault::Heartbeat,
        other => {
            return Err(Problem::not_found(format!(
                "no gateway fault {other:?}; there are disconnect, drop, reconnect, \
                 invalidate, silence and heartbeat"
            )));
        }
    };
    Ok(Json(
        json!({ "sessions": control.desk.break_gateway(fault) }),
    ))
}

/// Codes that a close frame may carry (RFC 6455 § 7.4).
fn is_sendable(code: u16) -> bool {
    matches!(code, 1000 | 1001 | 1011 | 1012 | 3000..=4999)
}
