//! Where values come from: flag > environment > file > default, each remembered with its source.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use super::settings::{Kind, SETTINGS, Setting, find};

/// Largest configuration or secret file that is read.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Flag(&'static str),
    Variable(String),
    /// The file that a `*_FILE` variable names.
    SecretFile(String),
    File(PathBuf),
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Variable(name) => write!(f, "environment {name}"),
            Self::SecretFile(name) => write!(f, "file named by {name}"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value as text, with its source.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) text: String,
    pub(crate) source: Source,
}

/// Values for all settings, and the policy table of the file.
pub(crate) struct Sources {
    found: BTreeMap<&'static str, Found>,
    pub(crate) policy: Option<toml::Table>,
    pub(crate) file: Option<PathBuf>,
}

/// What the command line says, as `(key, flag, text)`.
pub(crate) type Flag = (&'static str, &'static str, String);

impl Sources {
    /// Read flags, environment (through `variable`) and file. `named` is `--config`; without it
    /// `./guildhall.toml` is read if it is there.
    pub(crate) fn read(
        flags: &[Flag],
        variable: &dyn Fn(&str) -> Option<String>,
        named: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let file = match named {
            Some(path) => Some(path.to_owned()),
            None => Some(PathBuf::from("guildhall.toml")).filter(|path| path.is_file()),
        };
        let mut table = match &file {
            Some(path) => read_table(path)?,
            None => toml::Table::new(),
        };
        let policy = take_policy(&mut table)?;
        let mut in_file = BTreeMap::new();
        flatten("", &table, &mut in_file)?;

        let mut found = BTreeMap::new();
        for setting in SETTINGS {
            let value = match flags.iter().find(|(key, ..)| *key == setting.key) {
                Some((_, flag, text)) => Found {
                    text: text.clone(),
                    source: Source::Flag(flag),
                },
                None => match from_environment(setting, variable)? {
                    Some(value) => value,
                    None => match in_file.remove(setting.key) {
                        Some(text) => Found {
                            text,
                            source: Source::File(file.clone().expect("it was read from there")),
                        },
                        None => Found {
                            text: setting.default.to_owned(),
                            source: Source::Default,
                        },
                    },
                },
            };
            found.insert(setting.key, value);
        }
        Ok(Self {
            found,
            policy,
            file,
        })
    }

    /// The value of a key of the table.
    pub(crate) fn get(&self, key: &str) -> &Found {
        self.found
            .get(key)
            .expect("every key of the table was filled")
    }

    /// The text, or `None` where it is unset.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        Some(self.get(key).text.trim()).filter(|text| !text.is_empty())
    }

    pub(crate) fn switch(&self, key: &str) -> anyhow::Result<bool> {
        let found = self.get(key);
        match found.text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" | "" => Ok(false),
            other => bail!(
                "{key} is \"{other}\" ({}); write true or false",
                found.source
            ),
        }
    }

    pub(crate) fn parse<T: std::str::FromStr>(&self, key: &str, like: &str) -> anyhow::Result<T> {
        let found = self.get(key);
        found.text.trim().parse().map_err(|_| {
            anyhow::anyhow!(
                "{key} is \"{}\" ({}); write something like {like}",
                found.text,
                found.source
            )
        })
    }

    pub(crate) fn list(&self, key: &str) -> Vec<String> {
        let parts = self.get(key).text.split(',').map(str::trim);
        parts
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

/// A variable that looks like ours and is none: a misspelt `GUILDHALL_READ_ONLY` must not be a
/// silence. Variables of the project's own tests are left alone.
pub(crate) fn misspelt(names: impl Iterator<Item = String>) -> Option<String> {
    let known = |name: &str| {
        SETTINGS
            .iter()
            .flat_map(|setting| setting.variables)
            .any(|known| {
                name == *known
                    || name
                        .strip_suffix("_FILE")
                        .is_some_and(|stem| stem == *known)
            })
    };
    let ours =
        |name: &String| name.starts_with("GUILDHALL_") && !name.starts_with("GUILDHALL_TEST_");
    let unknown = names.into_iter().find(|name| ours(name) && !known(name))?;
    let near = SETTINGS
        .iter()
        .flat_map(|setting| setting.variables)
        .max_by_key(|known| common_letters(known, &unknown))?;
    Some(format!(
        "unknown environment variable {unknown}; the nearest known one is {near}"
    ))
}

/// `[policy]` belongs to the policy room, but for the two keys that the table above also reads.
fn take_policy(table: &mut toml::Table) -> anyhow::Result<Option<toml::Table>> {
    let Some(value) = table.remove("policy") else {
        return Ok(None);
    };
    let toml::Value::Table(mut policy) = value else {
        bail!("`policy` in the configuration file must be a table: [policy]");
    };
    let mut ours = toml::Table::new();
    for name in ["read_only", "allowed_guilds"] {
        if let Some(value) = policy.remove(name) {
            ours.insert(name.to_owned(), value);
        }
    }
    if !ours.is_empty() {
        table.insert("policy".to_owned(), toml::Value::Table(ours));
    }
    Ok(Some(policy))
}

fn from_environment(
    setting: &Setting,
    variable: &dyn Fn(&str) -> Option<String>,
) -> anyhow::Result<Option<Found>> {
    for name in setting.variables {
        if let Some(text) = variable(name).filter(|text| !text.is_empty()) {
            return Ok(Some(Found {
                text,
                source: Source::Variable((*name).to_owned()),
            }));
        }
        if setting.kind != Kind::Secret {
            continue;
        }
        let file_variable = format!("{name}_FILE");
        if let Some(path) = variable(&file_variable).filter(|path| !path.is_empty()) {
            let text = read_bounded(Path::new(&path))
                .with_context(|| format!("{file_variable} names a file that cannot be read"))?;
            let text = text.trim_end().to_owned();
            return Ok(Some(Found {
                text,
                source: Source::SecretFile(file_variable),
            }));
        }
    }
    Ok(None)
}

fn read_table(path: &Path) -> anyhow::Result<toml::Table> {
    let text = read_bounded(path)
        .with_context(|| format!("configuration file {} cannot be read", path.display()))?;
    text.parse()
        .with_context(|| format!("configuration file {}", path.display()))
}

fn read_bounded(path: &Path) -> anyhow::Result<String> {
    let size = fs::metadata(path)?.len();
    if size > MAX_FILE_BYTES {
        bail!("{} is larger than {MAX_FILE_BYTES} bytes", path.display());
    }
    Ok(fs::read_to_string(path)?)
}

/// `[http] listen = "…"` becomes `http.listen`. A key nobody knows is an error, not a silence.
fn flatten(
    prefix: &str,
    table: &toml::Table,
    into: &mut BTreeMap<String, String>,
) -> anyhow::Result<()> {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        if find(&key).is_some() {
            into.insert(key.clone(), text_of(&key, value)?);
        } else if let toml::Value::Table(inner) = value {
            flatten(&key, inner, into)?;
        } else {
            let near = SETTINGS
                .iter()
                .max_by_key(|setting| common_letters(setting.key, &key))
                .map_or("", |setting| setting.key);
            bail!("unknown configuration key `{key}`; the nearest known one is `{near}`");
        }
    }
    Ok(())
}

fn text_of(key: &str, value: &toml::Value) -> anyhow::Result<String> {
    match value {
        toml::Value::String(text) => Ok(text.clone()),
        toml::Value::Integer(number) => Ok(number.to_string()),
        toml::Value::Boolean(switch) => Ok(switch.to_string()),
        toml::Value::Array(items) => {
            let texts: anyhow::Result<Vec<String>> =
                items.iter().map(|item| text_of(key, item)).collect();
            Ok(texts?.join(","))
        }
        _ => bail!("`{key}` must be a text, a number, true/false or a list of texts"),
    }
}

/// How alike two keys are: pairs of neighbouring letters that they share.
fn common_letters(a: &str, b: &str) -> usize {
    a.as_bytes()
        .windows(2)
        .filter(|pair| b.as_bytes().windows(2).any(|other| other == *pair))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(flags: &[Flag], env: &[(&str, &str)], toml: &str) -> anyhow::Result<Sources> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("guildhall.toml");
        fs::write(&path, toml)?;
        let env: BTreeMap<String, String> = env
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Sources::read(flags, &|name| env.get(name).cloned(), Some(&path))
    }

    #[test]
    fn a_flag_wins_over_the_environment_which_wins_over_the_file() {
        let file = "[http]\nlisten = \"127.0.0.1:1\"\nrequire_key = true\n[log]\nfilter = \"info\"";
        let flags = vec![("http.listen", "--listen", "127.0.0.1:3".to_owned())];
        let sources = read(
            &flags,
            &[("GUILDHALL_LISTEN", "127.0.0.1:2"), ("RUST_LOG", "debug")],
            file,
        )
        .unwrap();
        assert_eq!(sources.text("http.listen"), Some("127.0.0.1:3"));
        assert_eq!(sources.get("http.listen").source, Source::Flag("--listen"));
        assert_eq!(
            sources.get("log.filter").source,
            Source::Variable("RUST_LOG".into())
        );
        assert!(sources.switch("http.require_key").unwrap());
        assert_eq!(sources.get("mcp.toolsets").source, Source::Default);
    }

    #[test]
    fn an_unknown_key_names_the_nearest_known_one() {
        let error = read(&[], &[], "[http]\nlissen = \"x\"").err().unwrap();
        assert!(error.to_string().contains("`http.listen`"), "{error}");
    }

    #[test]
    fn a_misspelt_variable_names_the_nearest_known_one() {
        let names = |name: &str| [name.to_owned(), "PATH".to_owned()].into_iter();
        let problem = misspelt(names("GUILDHALL_READONLY")).unwrap();
        assert!(problem.ends_with("GUILDHALL_READ_ONLY"), "{problem}");
        assert_eq!(misspelt(names("GUILDHALL_API_KEY_FILE")), None);
        assert_eq!(misspelt(names("GUILDHALL_TEST_TOOLS")), None);
    }

    #[test]
    fn a_secret_can_come_from_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "abc\n").unwrap();
        let env = [("DISCORD_BOT_TOKEN_FILE", path.to_str().unwrap())];
        let sources = read(&[], &env, "").unwrap();
        assert_eq!(sources.text("discord.token"), Some("abc"));
    }

    #[test]
    fn lists_may_be_toml_arrays() {
        let sources = read(&[], &[], "[policy]\nallowed_guilds = [\"1\", \"2\"]").unwrap();
        assert_eq!(sources.list("policy.allowed_guilds"), ["1", "2"]);
        assert!(sources.policy.is_some());
    }

    #[test]
    fn a_switch_that_is_neither_says_where_it_stands() {
        let sources = read(&[], &[("ENABLE_GATEWAY", "maybe")], "").unwrap();
        let error = sources.switch("discord.gateway").unwrap_err().to_string();
        assert!(error.contains("environment ENABLE_GATEWAY"), "{error}");
    }
}
