//! A client of every route that has its answers judged by Discord's OpenAPI document.

use reqwest::Method;
use serde_json::Value;

use crate::rest_referee::Referee;
use crate::support::{App, answer};

/// A sandbox whose answers are expected with a status.
pub(crate) struct Tour {
    pub(crate) app: App,
}

impl Tour {
    pub(crate) async fn start() -> Self {
        Self {
            app: App::start().await,
        }
    }

    #[expect(
        clippy::unused_self,
        reason = "an answer is judged where it was asked for"
    )]
    pub(crate) fn judged(&mut self, method: &Method, path: &str, status: u16, body: &Value) {
        if let Some(referee) = Referee::get() {
            referee.judge(method.as_str(), path, status, body);
        }
    }

    /// The bot makes a request that must be answered with this status.
    pub(crate) async fn bot(
        &mut self,
        method: Method,
        path: &str,
        body: Value,
        expected: u16,
    ) -> Value {
        let mut request = self.app.bot(method.clone(), path);
        if !body.is_null() {
            request = request.json(&body);
        }
        let (status, body) = answer(request.send().await.expect("an answer")).await;
        assert_eq!(status.as_u16(), expected, "{method} {path}: {body}");
        self.judged(&method, path, status.as_u16(), &body);
        body
    }

    pub(crate) async fn get(&mut self, path: &str) -> Value {
        self.bot(Method::GET, path, Value::Null, 200).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Value {
        self.bot(Method::POST, path, body, 200).await
    }

    pub(crate) async fn create(&mut self, path: &str, body: Value) -> Value {
        self.bot(Method::POST, path, body, 201).await
    }

    pub(crate) async fn patch(&mut self, path: &str, body: Value) -> Value {
        self.bot(Method::PATCH, path, body, 200).await
    }

    pub(crate) async fn done(&mut self, method: Method, path: &str, body: Value) {
        self.bot(method, path, body, 204).await;
    }

    /// Without a token.
    pub(crate) async fn open(
        &mut self,
        method: Method,
        path: &str,
        body: Value,
        expected: u16,
    ) -> Value {
        let request = self.app.nobody(method.clone(), path).json(&body);
        let (status, body) = answer(request.send().await.expect("an answer")).await;
        assert_eq!(status.as_u16(), expected, "{method} {path}: {body}");
        self.judged(&method, path, status.as_u16(), &body);
        body
    }

    pub(crate) fn guild(&self) -> String {
        self.app.info.guild_id.to_string()
    }

    pub(crate) fn channel(&self) -> String {
        self.app.info.channel_id.to_string()
    }
}

/// The id of an object.
pub(crate) fn id(value: &Value) -> String {
    value["id"]
        .as_str()
        .unwrap_or_else(|| panic!("no id in {value}"))
        .to_owned()
}
