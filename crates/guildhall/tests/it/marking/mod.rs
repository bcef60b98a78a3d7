//! Words of strangers are marked at every exit. The real binary looks at a Discord in which every
//! word is hostile ([`mirror`]); every tool of the catalogue is called over both generations of MCP
//! and over REST, with every end that a call may come to, and whatever comes out is judged
//! ([`judge`]): hostile words stand only where the marks say, and nobody can guess or close a mark.
//! A new tool is covered without a word here; one that shows no words must be named.

mod asides;
#[path = "../../../../catalogue/tests/it/generator.rs"]
mod generator;
mod ground;
mod judge;
mod mirror;
mod results;
mod words;

use ground::Caller;
use serde_json::{Map, Value};

/// Rounds; each puts other words into each place.
const ROUNDS: usize = 3;

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(object) = value else {
        panic!("{value} is no object");
    };
    object
}

fn with(arguments: &Map<String, Value>, name: &str, value: Value) -> Map<String, Value> {
    let mut arguments = arguments.clone();
    arguments.insert(name.to_owned(), value);
    arguments
}

/// One after the other, so that the first leak does not hide the others.
struct Ledger(Vec<String>);

impl Ledger {
    fn note<T>(&mut self, what: &str, result: Result<T, String>) -> Option<T> {
        match result {
            Ok(it) => Some(it),
            Err(why) => {
                self.0.push(format!("{what}: {why}"));
                None
            }
        }
    }

    fn close(self) {
        let mut leaks = self.0;
        leaks.dedup();
        assert!(leaks.is_empty(), "\n{}\n", leaks.join("\n"));
    }
}

fn way(caller: &Caller) -> &'static str {
    match caller {
        Caller::Mcp(speaker) => speaker.generation.version(),
        Caller::Rest(_) => "REST",
    }
}
