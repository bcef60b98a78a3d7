//! Discord's OpenAPI document: where it is found, and its known faults, each with the reason why
//! the sandbox does not follow it there. The document is not part of the repository.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

/// What Discord's documentation names and its OpenAPI document does not: forwards, media channels,
/// entitlements of one-time purchases and of tests.
const UNWRITTEN: &[(&str, u64)] = &[
    ("/components/schemas/MessageReferenceType/oneOf", 1),
    ("/components/schemas/ChannelTypes/oneOf", 16),
    ("/components/schemas/EntitlementTypes/oneOf", 1),
    ("/components/schemas/EntitlementTypes/oneOf", 4),
    (
        "/components/schemas/GuildChannelResponse/properties/type/enum",
        16,
    ),
    (
        "/components/schemas/CreateGuildChannelRequest/properties/type/oneOf/1/enum",
        16,
    ),
    (
        "/components/schemas/UpdateGuildChannelRequestPartial/properties/type/oneOf/1/enum",
        16,
    ),
];

/// A field's error has a word for a code (Reference › Error Messages); the document wants a number
/// there, as in the body around it.
const ERROR_CODE: &str = "/components/schemas/Error/properties/code";

/// Sets of permissions in requests: the document has numbers, Discord's documentation text, since
/// some are too large for a number of JavaScript's (Topics › Permissions).
const PERMISSIONS: &[&str] = &["allow", "default_member_permissions", "deny", "permissions"];

/// Fields that the document requires and the documentation does not.
const OPTIONAL: &[(&str, &str, &str)] = &[(
    "/components/schemas/RatelimitedResponse",
    "code",
    "some limits have a code (Topics › Rate Limits), most have none",
)];

/// Enumerations that are written down empty, beside the reference that has their values.
const EMPTY_ENUM: &str = "/paths/~1guilds~1{guild_id}~1requests~1{request_id}/patch/requestBody\
                          /content/application~1json/schema/properties/action";

/// The document with its known faults mended; `None`, and a notice, where there is none.
#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests must see what is not judged"
)]
pub(crate) fn document() -> Option<Value> {
    let Some(path) = places().into_iter().find(|path| path.is_file()) else {
        eprintln!("NOTICE: no OpenAPI document of Discord's: answers go unjudged");
        eprintln!(
            "NOTICE: name it in DISCORD_OPENAPI, or lay it at ../shared/discord-openapi.json"
        );
        return None;
    };
    let text = std::fs::read_to_string(&path).expect("the OpenAPI document can be read");
    let mut document = serde_json::from_str(&text).expect("the OpenAPI document is JSON");
    mend(&mut document);
    Some(document)
}

/// `DISCORD_OPENAPI` alone, else beside the workspace or beside the repository it was cloned from.
fn places() -> Vec<PathBuf> {
    if let Some(path) = std::env::var_os("DISCORD_OPENAPI") {
        return vec![path.into()];
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let origin = Command::new("git")
        .args(["config", "--get", "remote.origin.url"])
        .current_dir(&workspace)
        .output();
    let origin = origin
        .ok()
        .map(|told| PathBuf::from(String::from_utf8_lossy(&told.stdout).trim()))
        .filter(|path| path.is_dir());
    let beside = |root: PathBuf| root.join("../shared/discord-openapi.json");
    [Some(workspace), origin]
        .into_iter()
        .flatten()
        .map(beside)
        .collect()
}

/// The document has translations there, Discord's documentation a text (Edit Current Application).
const DESCRIPTION: &str = "/components/schemas/ApplicationFormPartial/properties/description";

fn mend(document: &mut Value) {
    let description = document.pointer_mut(DESCRIPTION);
    description.expect("applications are described")["type"] = json!(["object", "string", "null"]);
    for (place, value) in UNWRITTEN {
        let known = document.pointer_mut(place).and_then(Value::as_array_mut);
        let added = if place.ends_with("/oneOf") {
            json!({ "const": value })
        } else {
            json!(value)
        };
        known.expect("the document has the place").push(added);
    }
    let code = document.pointer_mut(ERROR_CODE);
    code.expect("errors have codes")["type"] = json!(["integer", "string"]);
    let action = document.pointer_mut(EMPTY_ENUM);
    let action = action.and_then(Value::as_object_mut);
    action.expect("the document has the place").remove("enum");
    permissions_as_text(document);
    for (place, field, _reason) in OPTIONAL {
        make_optional(document, place, field);
    }
}

fn permissions_as_text(place: &mut Value) {
    match place {
        Value::Object(fields) => {
            for (name, field) in fields {
                let types = field.pointer_mut("/type").and_then(Value::as_array_mut);
                match types.filter(|_| PERMISSIONS.contains(&name.as_str())) {
                    Some(types) if types.contains(&json!("integer")) => types.push(json!("string")),
                    _ => permissions_as_text(field),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(permissions_as_text),
        _ => {}
    }
}

/// Takes a field from what a schema, or a schema that it is made of, requires.
fn make_optional(document: &mut Value, place: &str, field: &str) {
    let parts = document.pointer(&format!("{place}/allOf"));
    let parts = parts.and_then(Value::as_array).cloned().unwrap_or_default();
    let mut own = Vec::new();
    for part in parts {
        own.push(match part["$ref"].as_str() {
            Some(other) => document
                .pointer(other.trim_start_matches('#'))
                .expect("a reference leads somewhere")
                .clone(),
            None => part,
        });
    }
    let schema = document.pointer_mut(place).expect("the schema exists");
    if !own.is_empty() {
        schema["allOf"] = json!(own);
    }
    let parts = schema["allOf"].as_array().map_or(0, Vec::len);
    for required in std::iter::once("/required".to_owned())
        .chain((0..parts).map(|part| format!("/allOf/{part}/required")))
    {
        if let Some(fields) = schema.pointer_mut(&required).and_then(Value::as_array_mut) {
            fields.retain(|it| it != field);
        }
    }
}
