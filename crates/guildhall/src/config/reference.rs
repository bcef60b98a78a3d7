//! The page about configuration keys, made from the table so that it cannot fall behind.

use std::fmt::Write as _;

use super::settings::{Kind, SETTINGS};

/// Markdown for `docs/configuration.md`.
fn reference() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         Flag > environment > `guildhall.toml` > default. `guildhall config show` prints each key \
         with its value and where the value comes from; secrets only as set or unset. A secret can \
         also stand in a file that `<VARIABLE>_FILE` names. An unknown key is an error.\n\n\
         | key | environment | default | meaning |\n|---|---|---|---|\n",
    );
    for setting in SETTINGS {
        let variables: Vec<String> = setting
            .variables
            .iter()
            .map(|name| format!("`{name}`"))
            .collect();
        let default = match (setting.default, setting.kind) {
            ("", _) => "unset".to_owned(),
            (text, _) => format!("`{text}`"),
        };
        let secret = if setting.kind == Kind::Secret {
            " *(secret)*"
        } else {
            ""
        };
        let _ = writeln!(
            page,
            "| `{}` | {} | {default} | {}{secret} |",
            setting.key,
            variables.join(", "),
            setting.meaning,
        );
    }
    page.push_str(
        "\nRules, lists and rates under `[policy]` are described in [policy.md](policy.md).\n",
    );
    page
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch of the test, not configuration"
    )]
    fn the_page_is_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
        if std::env::var("UPDATE_DOCS").is_ok() {
            fs::write(&path, reference()).unwrap();
        }
        let page = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            page == reference(),
            "run UPDATE_DOCS=1 cargo test -p guildhall configuration"
        );
    }
}
