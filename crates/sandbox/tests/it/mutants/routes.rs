//! Every route that the sandbox serves, read from its source, so that none is forgotten.

use std::path::Path;

/// Where the routes of exceptions to a scheduled event hang.
const EVENT: &str = "/guilds/{guild}/scheduled-events/{event}";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// A method and a path with placeholders.
#[derive(Clone, Debug)]
pub(super) struct Route {
    pub(super) method: String,
    pub(super) path: String,
}

/// All of them, in the order of their files.
pub(super) fn all() -> Vec<Route> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rest");
    let entries = std::fs::read_dir(folder).expect("the source is there");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let mut routes = Vec::new();
    for file in files.iter().filter(|file| file.is_file()) {
        let text = std::fs::read_to_string(file).expect("it is text");
        for call in text.split(".route(").skip(1) {
            read(call, &mut routes);
        }
    }
    assert!(routes.len() > 120, "only {} routes", routes.len());
    routes
}

fn read(call: &str, routes: &mut Vec<Route>) {
    let Some(path) = call.split('"').nth(1) else {
        return;
    };
    let path = match path {
        path if path.starts_with("/exceptions") => format!("{EVENT}{path}"),
        "/users" | "/users/counts" => format!("{EVENT}{path}"),
        path if path.starts_with("/{exception}") => format!("{EVENT}{path}"),
        path if path.starts_with("/api") => return,
        path => path.to_owned(),
    };
    let call = balanced(call);
    for method in METHODS {
        if call.contains(&format!("{method}(")) {
            routes.push(Route {
                method: method.to_uppercase(),
                path: path.clone(),
            });
        }
    }
}

/// The text up to the parenthesis that ends the call.
fn balanced(call: &str) -> &str {
    let mut open = 1;
    for (at, letter) in call.char_indices() {
        match letter {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return &call[..at];
        }
    }
    call
}

#[test]
fn the_routes_that_everybody_uses_are_among_them() {
    let routes = all();
    let has = |method: &str, path: &str| {
        routes
            .iter()
            .any(|route| route.method == method && route.path == path)
    };
    assert!(has("POST", "/channels/{channel}/messages"));
    assert!(has("PATCH", "/guilds/{guild}"));
    assert!(has("DELETE", "/webhooks/{webhook}/{token}"));
}
