//! The first law is the compiler's: little crates that try to write to Discord without a permit do
//! not compile, each for the reason that is meant. One that keeps to the law does, so that the
//! test can fail.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// What the little crates may name.
const EXTERNS: [&str; 4] = ["gate", "discord", "model", "serde_json"];

/// What every attempt begins with: the hands that the wiring builds, and a request.
const OPENING: &str = "\
#![allow(unused)]
#![forbid(unsafe_code)]
use model::{Hands, Permitted, Request, hands::Errand};
type Wired = std::sync::Arc<dyn Hands<gate::Permit>>;
fn request() -> Request { Request::delete(model::path!(\"/users/@me\")) }
";

/// A permit that somebody made at home.
const FORGED: &str = "\
struct Forged(Request);
impl Permitted for Forged { fn request(&self) -> &Request { &self.0 } }
";

/// Keeps to the law: reads, and asks the gate for everything else.
const LAWFUL: &str = "\
async fn lawful(hands: Wired, gate: gate::Gate, call: model::Call, errand: Errand) {
    let _ = hands.read(&Request::get(model::path!(\"/users/@me\")), &errand).await;
    let _ = gate.call(call).await;
    let _: serde_json::Value = serde_json::json!({});
}
fn written(permit: &gate::Permit) -> &Request { permit.request() }
fn hands(config: discord::RestConfig) -> discord::Rest<gate::Permit> {
    discord::Rest::new(config).unwrap()
}
";

/// What is tried, the code of the error that must come of it, and a word of that error.
const ATTEMPTS: &[(&str, &str, &str, &str)] = &[
    (
        "a permit is put together",
        "fn f() -> gate::Permit { gate::Permit { request: request() } }",
        "E0451",
        "private",
    ),
    (
        "a permit is granted outside the gate",
        "fn f() { let _ = gate::Permit::grant; }",
        "E0624",
        "private",
    ),
    (
        "a permit is renewed outside the gate",
        "fn f() { let _ = gate::Permit::renew; }",
        "E0624",
        "private",
    ),
    (
        "the proof that checks passed is named",
        "fn f(_: gate::permit::Passed) {}",
        "E0603",
        "private",
    ),
    (
        "a permit comes from nothing",
        "fn f() -> gate::Permit { Default::default() }",
        "E0277",
        "Default",
    ),
    (
        "a permit comes from a request",
        "fn f() -> gate::Permit { request().into() }",
        "E0277",
        "From",
    ),
    (
        "a permit is copied",
        "fn f(permit: gate::Permit) -> (gate::Permit, gate::Permit) { (permit.clone(), permit) }",
        "E0599",
        "clone",
    ),
    (
        "a permit is read from JSON",
        "fn f() -> gate::Permit { serde_json::from_str(\"{}\").unwrap() }",
        "E0277",
        "Deserialize",
    ),
    (
        "a permit is written as JSON",
        "fn f(permit: gate::Permit) -> String { serde_json::to_string(&permit).unwrap() }",
        "E0277",
        "Serialize",
    ),
    (
        "the request inside a permit is exchanged",
        "fn f(mut permit: gate::Permit) { permit.request = request(); }",
        "E0616",
        "private",
    ),
    (
        "a forged permit is handed to the wired hands",
        "async fn f(hands: Wired, errand: Errand) { let _ = hands.write(&Forged(request()), &errand).await; }",
        "E0308",
        "Permit",
    ),
    (
        "a bare request is handed to the wired hands",
        "async fn f(hands: Wired, errand: Errand) { let _ = hands.write(&request(), &errand).await; }",
        "E0308",
        "Permit",
    ),
    (
        "a forged permit is handed to Discord's hands",
        "async fn f(hands: discord::Rest<gate::Permit>, errand: Errand) { let _ = hands.write(&Forged(request()), &errand).await; }",
        "E0308",
        "Permit",
    ),
    (
        "hands for forged permits are put in the gate's place",
        "fn f(hands: std::sync::Arc<dyn Hands<Forged>>) -> Wired { hands }",
        "E0308",
        "Forged",
    ),
    (
        "the reading half is made to write",
        "async fn f(reader: discord::Reader, errand: Errand) { let _ = reader.write(&request(), &errand).await; }",
        "E0599",
        "write",
    ),
    (
        "what sends is taken out of the reading half",
        "fn f(reader: discord::Reader) { let _ = reader.0; }",
        "E0616",
        "private",
    ),
    (
        "what sends is taken out of the hands",
        "fn f(hands: discord::Rest<gate::Permit>) { let _ = hands.reader; }",
        "E0616",
        "private",
    ),
    (
        "a flow takes the gate's hands",
        "fn f(gate: &gate::Gate) { let _ = &gate.0.hands; }",
        "E0616",
        "private",
    ),
    (
        "a flow finds a permit in its context",
        "fn f(context: &gate::FlowContext) { let _ = &context.permit; }",
        "E0609",
        "permit",
    ),
    (
        "the token is shown",
        "fn f(config: discord::RestConfig) -> String { format!(\"{}\", config.token) }",
        "E0277",
        "Display",
    ),
    (
        "the token is taken as a text",
        "fn f(config: discord::RestConfig) -> String { config.token }",
        "E0308",
        "String",
    ),
    (
        "the token is exposed by a room that has nothing to do with secrets",
        "fn f(config: discord::RestConfig) -> String { config.token.expose_secret().to_owned() }",
        "E0599",
        "expose_secret",
    ),
    // Which trait is missed depends on whether another crate turned on secrecy's serde.
    (
        "the token is written as JSON",
        "fn f(config: discord::RestConfig) -> String { serde_json::to_string(&config.token).unwrap() }",
        "E0277",
        "Serializ",
    ),
    (
        "a permit is conjured up",
        "fn f() -> gate::Permit { unsafe { std::mem::zeroed() } }",
        "unsafe_code",
        "unsafe",
    ),
];

/// Rooms that may look at a secret's text.
const MAY_EXPOSE: [&str; 2] = ["discord", "guildhall"];

#[test]
fn nothing_is_written_to_discord_without_a_permit() {
    let folder = tempfile::tempdir().unwrap();
    let libraries = libraries(folder.path());
    for (number, (tried, source, code, word)) in ATTEMPTS.iter().enumerate() {
        let source = format!("{OPENING}{FORGED}{source}\n");
        let said = compile(
            folder.path(),
            &format!("attempt{number}"),
            &source,
            &libraries,
        )
        .expect_err(&format!("it compiles that {tried}"));
        let codes = codes(&said);
        assert_eq!(codes, [*code], "{tried}: {said}");
        assert!(said.contains(word), "{tried}: {said}");
    }
}

#[test]
fn every_room_forbids_unsafe_code_and_few_look_at_secrets() {
    let rooms = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for room in fs::read_dir(rooms).unwrap() {
        let path = room.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(path.join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        assert_eq!(
            manifest["lints"]["workspace"].as_bool(),
            Some(true),
            "{name} does not take the workspace's lints"
        );
        let secrecy = manifest["dependencies"]
            .as_table()
            .unwrap()
            .contains_key("secrecy");
        assert!(
            !secrecy || MAY_EXPOSE.contains(&name.as_str()),
            "{name} has nothing to do with secrets"
        );
    }
}

/// The libraries that this test was built with, found by trying which of those beside it fit
/// together: the lawful crate must compile with them.
fn libraries(folder: &Path) -> Vec<PathBuf> {
    let deps = std::env::current_exe()
        .unwrap()
        .parent()
        .unwrap()
        .to_owned();
    let mut sets: Vec<Vec<PathBuf>> = vec![Vec::new()];
    for name in EXTERNS {
        let found = candidates(&deps, name);
        assert!(
            !found.is_empty(),
            "there is no {name} in {}",
            deps.display()
        );
        sets = sets
            .into_iter()
            .flat_map(|set| {
                found.iter().map(move |it| {
                    let mut set = set.clone();
                    set.push(it.clone());
                    set
                })
            })
            .collect();
    }
    // The newest of each first: others are left from builds before.
    sets.sort_by_key(|set| std::cmp::Reverse(set.iter().map(|it| age(it)).min()));
    let source = format!("{OPENING}{FORGED}{LAWFUL}");
    let mut said = String::new();
    for set in sets {
        match compile(folder, "lawful", &source, &set) {
            Ok(()) => return set,
            Err(why) => said = why,
        }
    }
    panic!("what keeps to the law does not compile: {said}");
}

fn candidates(deps: &Path, name: &str) -> Vec<PathBuf> {
    let prefix = format!("lib{name}-");
    fs::read_dir(deps)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "rlib"))
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with(&prefix)
        })
        .collect()
}

fn age(path: &Path) -> std::time::SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

/// Compile one crate; the error is what the compiler says.
fn compile(folder: &Path, name: &str, source: &str, libraries: &[PathBuf]) -> Result<(), String> {
    let path = folder.join(format!("{name}.rs"));
    fs::write(&path, source).unwrap();
    let mut command = Command::new("rustc");
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "--edition",
            "2024",
            "--crate-type",
            "lib",
            "--emit",
            "metadata",
        ])
        .args([
            "--error-format",
            "short",
            "--cap-lints",
            "forbid",
            "--out-dir",
        ])
        .arg(folder)
        .arg("-L")
        .arg(format!(
            "dependency={}",
            libraries[0].parent().unwrap().display()
        ));
    for (name, library) in EXTERNS.iter().zip(libraries) {
        command
            .arg("--extern")
            .arg(format!("{name}={}", library.display()));
    }
    let output = command.arg(&path).output().unwrap();
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The codes of the errors, in order and without repetitions.
fn codes(said: &str) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    for line in said.lines() {
        let Some((_, rest)) = line.split_once(": error") else {
            continue;
        };
        let code = match rest.strip_prefix('[').and_then(|it| it.split_once(']')) {
            Some((code, _)) => code,
            None if rest.contains("unsafe") => "unsafe_code",
            None => continue,
        };
        if !codes.iter().any(|it| it == code) {
            codes.push(code.to_owned());
        }
    }
    codes
}
