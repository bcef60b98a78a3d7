//! Reads a description from TOML or JSON, with errors that name the line and the field.

use super::check::check;
use super::gap::{Gap, SpecError, line_of};
use super::spec::WorldSpec;

/// The longest description that is read, in bytes.
const MAX_SPEC_BYTES: usize = 16 * 1024 * 1024;

impl WorldSpec {
    /// Reads a world from TOML.
    pub fn from_toml(text: &str) -> Result<Self, SpecError> {
        bounded(text)?;
        let unreadable = |field: String, error: &toml::de::Error| SpecError {
            line: error.span().map(|span| line_of(text, span.start)),
            field,
            message: error.message().to_owned(),
        };
        let document =
            toml::Deserializer::parse(text).map_err(|error| unreadable(String::new(), &error))?;
        let spec: Self = serde_path_to_error::deserialize(document).map_err(|error| {
            let field = field_of(error.path());
            unreadable(field, error.inner())
        })?;
        check(&spec).map_err(|gap| gap.in_toml(text))?;
        Ok(spec)
    }

    /// Reads a world from JSON of the same shape.
    pub fn from_json(text: &str) -> Result<Self, SpecError> {
        bounded(text)?;
        let mut document = serde_json::Deserializer::from_str(text);
        let spec: Self = serde_path_to_error::deserialize(&mut document).map_err(|error| {
            let inner = error.inner();
            let message = inner.to_string();
            // The position is told apart from the message.
            let message = message
                .split(" at line ")
                .next()
                .unwrap_or_default()
                .to_owned();
            SpecError {
                line: (inner.line() > 0).then(|| (inner.line(), inner.column())),
                field: field_of(error.path()),
                message,
            }
        })?;
        check(&spec).map_err(|gap| gap.in_json(text))?;
        Ok(spec)
    }

    /// Says what a description that was put together in Rust lacks.
    pub fn check(&self) -> Result<(), SpecError> {
        check(self).map_err(Gap::without_text)
    }
}

fn bounded(text: &str) -> Result<(), SpecError> {
    if text.len() <= MAX_SPEC_BYTES {
        return Ok(());
    }
    let message = format!("a description has at most {MAX_SPEC_BYTES} bytes");
    Err(Gap::at("", message).without_text())
}

fn field_of(path: &serde_path_to_error::Path) -> String {
    let path = path.to_string();
    if path == "." { String::new() } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORLD: &str = r#"
name = "tiny"

[[guilds]]
name = "The Annex"
owner = "ada"
bots = [{ username = "porter", permissions = ["ALL"] }]

[[guilds.roles]]
name = "helpers"

[[guilds.channels]]
name = "lobby"
only_for = ["helpers"]
messages = [{ author = "ada", content = "hello" }]
"#;

    fn refused(from: &str, to: &str) -> String {
        assert!(WORLD.contains(from), "{from}");
        WorldSpec::from_toml(&WORLD.replace(from, to))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_mistake_in_toml_is_told_with_its_line_and_field() {
        WorldSpec::from_toml(WORLD).unwrap();
        for (from, to, expected) in [
            (
                "only_for = [\"helpers\"]",
                "only_for = [\"mods\"]",
                "line 14, column 13: guilds[0].channels[0].only_for[0]: channel `lobby` names the \
                 role `mods`, which does not exist; roles are: helpers",
            ),
            (
                "author = \"ada\"",
                "author = \"eve\"",
                "line 15, column 24: guilds[0].channels[0].messages[0].author: channel `lobby` \
                 names the member `eve`, which does not exist; members are: ada, porter",
            ),
            (
                "\"ALL\"",
                "\"KICK_MEMBER\"",
                "guilds[0].bots[0].permissions: no permission \"KICK_MEMBER\"; there are \
                 KICK_MEMBERS",
            ),
            (
                "owner = \"ada\"",
                "owner = 7",
                "line 6, column 9: guilds[0].owner: invalid type",
            ),
            ("owner =", "ownr =", "guilds[0].ownr: unknown field `ownr`"),
            ("name = \"tiny\"", "name = ", "line 2"),
            (
                "name = \"lobby\"",
                "name = \"lobby\"\ncategory = \"Up\"",
                "categories before it are: none",
            ),
        ] {
            let error = refused(from, to);
            assert!(error.contains(expected), "{expected}\n{error}");
        }
    }

    #[test]
    fn a_mistake_in_json_is_told_with_its_line_and_field() {
        let json = "{\n  \"guilds\": [{\n    \"name\": \"The Annex\", \"owner\": \"ada\",\n    \
                    \"bots\": [{\"username\": \"porter\"}],\n    \"channels\": [{\"name\": \"lobby\",\n      \
                    \"written_by\": [\"mods\"]}]\n  }]\n}";
        let error = WorldSpec::from_json(json).unwrap_err();
        assert_eq!(error.line, Some((6, 22)));
        assert_eq!(error.field, "guilds[0].channels[0].written_by[0]");
        let error = WorldSpec::from_json(&json.replace("\"ada\"", "7")).unwrap_err();
        assert_eq!(error.line, Some((3, 35)));
        assert_eq!(error.field, "guilds[0].owner");
        WorldSpec::from_json(&json.replace("[\"mods\"]", "[]")).unwrap();
    }
}
