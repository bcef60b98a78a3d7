//! Counts panics of the sandbox's own. A request that panics is still answered and a connection
//! that does only ends, so that one mistake spares everybody else; the count shows that it was made.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::StatusCode;
use tower_http::catch_panic::ResponseForPanic;

/// How often something panicked since the start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Panics(Arc<AtomicU64>);

impl Panics {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Runs the task of a connection to its end, even a sudden one.
    pub(crate) async fn survive(self, task: impl Future<Output = ()>) {
        if AssertUnwindSafe(task).catch_unwind().await.is_err() {
            self.note();
        }
    }

    fn note(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        tracing::error!("the sandbox panicked; this is a mistake of its own");
    }
}

impl ResponseForPanic for Panics {
    type ResponseBody = axum::body::Body;

    fn response_for_panic(&mut self, _: Box<dyn Any + Send + 'static>) -> Response {
        self.note();
        let text = "500: the sandbox made a mistake; its log says where";
        (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
    }
}
