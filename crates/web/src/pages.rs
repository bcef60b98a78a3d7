//! The landing page, for whoever opens the address in a browser or asks with curl.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};

use crate::problem::Problem;

const TEXT: &str = "\
Guildhall gives AI agents safe hands, ears and a voice in Discord.

  /mcp     the MCP server (Streamable HTTP); point your client here
  /api     the same over REST; /api/openapi.json describes it
  /health  how the process is
  /ready   whether it takes calls
";

const HTML: &str = "\
<!doctype html>
<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Guildhall</title></head><body>
<h1>Guildhall</h1>
<p>Safe hands, ears and a voice in Discord for AI agents.</p>
<ul>
<li><code>/mcp</code>: the MCP server (Streamable HTTP); point your client here</li>
<li><code>/api</code>: the same over REST; <a href=\"/api/openapi.json\">/api/openapi.json</a> describes it</li>
<li><a href=\"/health\">/health</a>: how the process is</li>
<li><a href=\"/ready\">/ready</a>: whether it takes calls</li>
</ul>
</body></html>
";

const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

pub(crate) async fn landing(headers: HeaderMap) -> Response {
    let wants_html = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let (kind, page) = if wants_html {
        ("text/html; charset=utf-8", HTML)
    } else {
        ("text/plain; charset=utf-8", TEXT)
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, page).into_response()
}

pub(crate) async fn nothing_here() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "there is nothing at this path",
    )
}

pub(crate) async fn other_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "this path does not take this method",
    )
}
