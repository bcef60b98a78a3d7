//! The suite's resources.

use rmcp::model::{ReadResourceResult, Resource, ResourceTemplate};
use serde_json::json;

use crate::tools::PIXEL;

pub(crate) fn all() -> Vec<Resource> {
    crate::read(json!([
        {"uri": "test://static-text", "name": "static text", "description": "A text.",
            "mimeType": "text/plain"},
        {"uri": "test://static-binary", "name": "static binary", "description": "A picture.",
            "mimeType": "image/png"},
        {"uri": "test://watched-resource", "name": "watched", "description": "May be watched.",
            "mimeType": "text/plain"},
    ]))
}

pub(crate) fn template() -> ResourceTemplate {
    crate::read(
        json!({"uriTemplate": "test://template/{id}/data", "name": "template",
        "description": "Data of an id.", "mimeType": "application/json"}),
    )
}

pub(crate) fn read(uri: &str) -> Option<ReadResourceResult> {
    let contents = match uri {
        "test://static-text" => json!({"uri": uri, "mimeType": "text/plain",
            "text": "This is the content of the static text resource."}),
        "test://static-binary" => json!({"uri": uri, "mimeType": "image/png", "blob": PIXEL}),
        "test://watched-resource" => {
            json!({"uri": uri, "mimeType": "text/plain", "text": "watched"})
        }
        _ => {
            let id = uri
                .strip_prefix("test://template/")?
                .strip_suffix("/data")?;
            let data =
                json!({"id": id, "templateTest": true, "data": format!("Data for ID: {id}")});
            json!({"uri": uri, "mimeType": "application/json", "text": data.to_string()})
        }
    };
    Some(crate::read(
        json!({"resultType": "complete", "contents": [contents]}),
    ))
}
