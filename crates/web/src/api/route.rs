//! One endpoint: where it is, who answers, and what its documentation says.

use axum::{
    handler::Handler,
    routing::{self, MethodRouter},
};
use http::{Method, StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::Api;

/// Makes a schema in the document that asks for it.
pub(super) type Shape = fn(&mut SchemaGenerator) -> Schema;

/// One endpoint.
pub(super) struct Route {
    pub(super) method: Method,
    /// Below `/api`, e.g. `/tools/{tool}`.
    pub(super) path: &'static str,
    pub(super) handler: MethodRouter<Api>,
    /// The operation's name in the document, e.g. `call_tool`.
    pub(super) name: &'static str,
    /// One sentence, then paragraphs.
    pub(super) about: &'static str,
    pub(super) takes: Option<Shape>,
    pub(super) answers: Vec<(StatusCode, Option<Shape>)>,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) query: Vec<(&'static str, &'static str)>,
}

impl Route {
    fn new(
        method: Method,
        path: &'static str,
        name: &'static str,
        handler: MethodRouter<Api>,
    ) -> Self {
        Self {
            method,
            path,
            handler,
            name,
            about: "",
            takes: None,
            answers: Vec::new(),
            headers: Vec::new(),
            query: Vec::new(),
        }
    }

    pub(super) fn get<H: Handler<T, Api>, T: 'static>(
        path: &'static str,
        name: &'static str,
        handler: H,
    ) -> Self {
        Self::new(Method::GET, path, name, routing::get(handler))
    }

    pub(super) fn post<H: Handler<T, Api>, T: 'static>(
        path: &'static str,
        name: &'static str,
        handler: H,
    ) -> Self {
        Self::new(Method::POST, path, name, routing::post(handler))
    }

    pub(super) fn put<H: Handler<T, Api>, T: 'static>(
        path: &'static str,
        name: &'static str,
        handler: H,
    ) -> Self {
        Self::new(Method::PUT, path, name, routing::put(handler))
    }

    pub(super) fn patch<H: Handler<T, Api>, T: 'static>(
        path: &'static str,
        name: &'static str,
        handler: H,
    ) -> Self {
        Self::new(Method::PATCH, path, name, routing::patch(handler))
    }

    pub(super) fn delete<H: Handler<T, Api>, T: 'static>(
        path: &'static str,
        name: &'static str,
        handler: H,
    ) -> Self {
        Self::new(Method::DELETE, path, name, routing::delete(handler))
    }

    /// What it does: one sentence, then paragraphs.
    pub(super) fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    /// The request's body.
    pub(super) fn takes<T: JsonSchema>(mut self) -> Self {
        self.takes = Some(SchemaGenerator::subschema_for::<T>);
        self
    }

    /// An answer's body. Problems are documented with every endpoint.
    pub(super) fn answers<T: JsonSchema>(mut self, status: StatusCode) -> Self {
        self.answers
            .push((status, Some(SchemaGenerator::subschema_for::<T>)));
        self
    }

    /// An answer without a body.
    pub(super) fn answers_nothing(mut self) -> Self {
        self.answers.push((StatusCode::NO_CONTENT, None));
        self
    }

    /// Something in the query that it listens to, and what it means.
    pub(super) fn query(mut self, name: &'static str, meaning: &'static str) -> Self {
        self.query.push((name, meaning));
        self
    }

    /// A header that it listens to, and what it means.
    pub(super) fn header(mut self, name: &'static str, meaning: &'static str) -> Self {
        self.headers.push((name, meaning));
        self
    }
}
