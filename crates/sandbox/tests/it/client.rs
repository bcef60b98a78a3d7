//! A REST client whose every answer is judged: a test that uses it cannot forget the referee.

use futures_util::stream;
use reqwest::header::CONTENT_TYPE;
use reqwest::multipart::Form;
use reqwest::{Body, Method, RequestBuilder, Response, ResponseBuilderExt};
use serde::Serialize;
use serde_json::Value;

use crate::rest_referee::{Answer, Referee};

/// A request that is judged together with its answer.
pub(crate) struct Request(RequestBuilder);

impl Request {
    pub(crate) fn new(http: &reqwest::Client, method: Method, url: String) -> Self {
        Self(http.request(method, url))
    }

    pub(crate) fn header(self, name: &str, value: impl Into<String>) -> Self {
        Self(self.0.header(name, value.into()))
    }

    pub(crate) fn json<T: Serialize + ?Sized>(self, body: &T) -> Self {
        Self(self.0.json(body))
    }

    pub(crate) fn body(self, body: impl Into<Body>) -> Self {
        Self(self.0.body(body))
    }

    pub(crate) fn multipart(self, form: Form) -> Self {
        Self(self.0.multipart(form))
    }

    /// Sends, has the answer judged, and hands it on as it came.
    pub(crate) async fn send(self) -> Result<Response, reqwest::Error> {
        let (client, request) = self.0.build_split();
        let request = request?;
        let (method, url) = (request.method().clone(), request.url().clone());
        let is_json = request
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind == "application/json");
        let sent = request.body().and_then(Body::as_bytes);
        let sent = sent
            .filter(|_| is_json)
            .and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
        let response = client.execute(request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await;
        if let (Some(referee), Ok(body)) = (Referee::get(), &body) {
            let kind = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
            let answer = Answer {
                status: status.as_u16(),
                kind: kind.unwrap_or_default(),
                body,
            };
            referee.judge_exchange(method.as_str(), url.path(), sent.as_ref(), &answer);
        }
        // A cut answer is handed on as one.
        let body = Body::wrap_stream(stream::iter([body.map_err(|it| it.to_string())]));
        let mut again = http::Response::builder().status(status).url(url);
        again
            .headers_mut()
            .expect("the status is valid")
            .extend(headers);
        Ok(again
            .body(body)
            .expect("parts of an answer make one")
            .into())
    }
}
