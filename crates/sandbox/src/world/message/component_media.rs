//! Pictures and files inside components v2: links to the uploaded files they name.

use serde_json::{Value, json};

use super::Attachment;
use crate::world::World;

/// Replaces every `{"url": …}` below a component by a full media item.
pub(crate) fn resolve_media(world: &mut World, component: &mut Value, files: &[Attachment]) {
    for key in ["media", "file"] {
        if component[key]["url"].is_string() {
            component[key] = media_item(world, &component[key]["url"], files);
            if key == "file" && component["size"].is_null() {
                component["size"] = size_of(component["name"].as_str(), files);
            }
        } else if component.get(key).is_some_and(Value::is_null) {
            // Indexing for a look must not leave a null behind.
            if let Some(object) = component.as_object_mut() {
                object.remove(key);
            }
        }
    }
    for key in ["components", "items"] {
        let children = component.get_mut(key).and_then(Value::as_array_mut);
        for child in children.into_iter().flatten() {
            resolve_media(world, child, files);
        }
    }
    if let Some(accessory) = component.get_mut("accessory") {
        resolve_media(world, accessory, files);
    }
}

fn size_of(name: Option<&str>, files: &[Attachment]) -> Value {
    let file = files
        .iter()
        .find(|file| Some(file.filename.as_str()) == name);
    json!(file.map(|file| file.size))
}

fn media_item(world: &mut World, url: &Value, files: &[Attachment]) -> Value {
    let text = url.as_str().unwrap_or_default();
    let file = text
        .strip_prefix("attachment://")
        .and_then(|name| files.iter().find(|file| file.filename == name));
    let Some(file) = file else {
        let id = world.next_id();
        return json!({
            "id": id, "url": text, "proxy_url": text, "width": null, "height": null,
            "content_type": null, "attachment_id": id,
        });
    };
    let rendered = world.attachment_payload(file);
    json!({
        "id": file.id,
        "url": rendered["url"],
        "proxy_url": rendered["url"],
        "width": file.dimensions.map(|(width, _)| width),
        "height": file.dimensions.map(|(_, height)| height),
        "content_type": file.content_type,
        "attachment_id": file.id,
    })
}
