//! `/health` and `/ready`, for people, load balancers and supervisors.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Map, Value, json};

/// How long a report may take. A supervisor would not wait longer either.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asked for each report. Answers come from memory, not from Discord.
#[async_trait]
pub trait Health: Send + Sync + 'static {
    /// How the process is.
    async fn health(&self) -> HealthReport;

    /// What has to happen before calls can be taken; empty when nothing.
    async fn not_ready(&self) -> Vec<String>;
}

/// How the process is.
#[derive(Debug, Clone, Default)]
pub struct HealthReport {
    /// Whether the bot hears Discord.
    pub discord_connected: bool,
    /// Open sessions of clients.
    pub active_sessions: usize,
    /// Further members of the document, such as `version`.
    pub more: Map<String, Value>,
}

pub(crate) async fn health(State(health): State<Arc<dyn Health>>) -> Response {
    match tokio::time::timeout(PATIENCE, health.health()).await {
        Ok(report) => {
            let mut document = report.more;
            document.insert("status".to_owned(), json!("healthy"));
            document.insert(
                "discord_connected".to_owned(),
                json!(report.discord_connected),
            );
            document.insert("active_sessions".to_owned(), json!(report.active_sessions));
            Json(Value::Object(document)).into_response()
        }
        Err(_elapsed) => {
            let document = json!({"status": "unhealthy", "reason": "the report took too long"});
            (StatusCode::SERVICE_UNAVAILABLE, Json(document)).into_response()
        }
    }
}

pub(crate) async fn ready(State(health): State<Arc<dyn Health>>) -> Response {
    let reasons = tokio::time::timeout(PATIENCE, health.not_ready())
        .await
        .unwrap_or_else(|_elapsed| vec!["the report took too long".to_owned()]);
    if reasons.is_empty() {
        Json(json!({"ready": true})).into_response()
    } else {
        let document = json!({"ready": false, "reasons": reasons});
        (StatusCode::SERVICE_UNAVAILABLE, Json(document)).into_response()
    }
}
