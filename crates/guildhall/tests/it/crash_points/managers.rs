//! Somebody manages until the plug is pulled: makes workspaces, members and clients, and puts
//! policies. Afterwards everything that was acknowledged is there, and every change has its row in
//! the audit, no more and no fewer.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use serde_json::{Value, json};

use super::load::Book;
use crate::harness::{Hall, Rest, Scene};

/// Where policies are put and members are added.
const WORKSPACE: &str = "town";
/// Rounds of one load: fewer requests than one principal may make in a minute, and fewer policies
/// than are kept.
const ROUNDS: u64 = 40;

/// What a manager was told.
#[derive(Default)]
pub(super) struct Acknowledged {
    workspaces: BTreeSet<String>,
    members: BTreeSet<String>,
    /// By number, with the text.
    policies: BTreeMap<i64, String>,
    /// Whether it was revoked.
    clients: BTreeMap<String, bool>,
}

/// A key with which everything may be managed.
pub(super) fn key(scene: &Scene, more: &[(&str, &str)]) -> String {
    let create = ["key", "create", "root", "--role", "owner", "--json"];
    let made = scene
        .command(&create)
        .envs(more.iter().copied())
        .output()
        .unwrap();
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    made["key"].as_str().unwrap().to_owned()
}

/// Manage until the connection breaks.
pub(super) async fn manage(rest: &Rest, book: &Mutex<Book>) -> Option<()> {
    let note = |what: &dyn Fn(&mut Acknowledged)| what(&mut book.lock().unwrap().managed);
    let town = json!({ "id": WORKSPACE });
    if ask(rest, "POST", "/workspaces", &[], town).await?.0 == 201 {
        note(&|it| {
            it.workspaces.insert(WORKSPACE.to_owned());
        });
    }
    let mut version = 0;
    for number in 0..ROUNDS {
        let name = format!("w{number}");
        let made = ask(rest, "POST", "/workspaces", &[], json!({ "id": name })).await?;
        if made.0 == 201 {
            note(&|it| {
                it.workspaces.insert(name.clone());
            });
        }
        let text = format!("# {number}\nread_only = false");
        let tag = format!("\"{version}\"");
        let path = format!("/policy?workspace={WORKSPACE}");
        let on_top = [("If-Match", tag.as_str())];
        let put = ask(rest, "PUT", &path, &on_top, json!({ "text": text })).await?;
        if let Some(now) = put.1["number"].as_i64() {
            version = now;
            note(&|it| {
                it.policies.insert(now, text.clone());
            });
        }
        let member = json!({ "name": name, "role": "viewer" });
        let path = format!("/workspaces/{WORKSPACE}/members");
        if ask(rest, "POST", &path, &[], member).await?.0 == 201 {
            note(&|it| {
                it.members.insert(name.clone());
            });
        }
        let client = format!("c{number}");
        let made = ask(rest, "POST", "/clients", &[], json!({ "name": client })).await?;
        if made.0 == 201 {
            note(&|it| {
                it.clients.insert(client.clone(), false);
            });
        }
        let path = format!("/clients/{client}");
        if ask(rest, "DELETE", &path, &[], Value::Null).await?.0 == 204 {
            note(&|it| {
                it.clients.insert(client.clone(), true);
            });
        }
    }
    None
}

/// Status and body; `None` where the connection broke.
async fn ask(
    rest: &Rest,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Value,
) -> Option<(u16, Value)> {
    let mut request = rest.request(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if !body.is_null() {
        request = request.json(&body);
    }
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    let text = answer.text().await.ok()?;
    Some((status, serde_json::from_str(&text).unwrap_or_default()))
}

/// What there is after the restart.
pub(super) async fn look(
    hall: &Hall,
    key: &str,
    book: &Mutex<Book>,
    wrong: &mut Vec<String>,
) -> Found {
    let rest = hall.rest().with_key(key);
    let managed = std::mem::take(&mut book.lock().unwrap().managed);
    let there = list(&rest, "/workspaces", "workspaces", "id").await;
    missing("workspace", &managed.workspaces, &there, wrong);
    let of_town = |path: &str| format!("/{path}?workspace={WORKSPACE}");
    let members = format!("/workspaces/{WORKSPACE}/members");
    let members = list(&rest, &members, "members", "name").await;
    missing("member", &managed.members, &members, wrong);

    let versions = rest.get(&of_town("policy/versions")).await.json();
    let count = versions["policies"].as_array().map_or(0, Vec::len);
    for (number, text) in &managed.policies {
        let path = of_town(&format!("policy/versions/{number}"));
        let kept = rest.get(&path).await.json();
        if kept["text"] != *text {
            wrong.push(format!("policy {number} was acknowledged, and now: {kept}"));
        }
    }
    let clients = rest.get("/clients").await.json();
    let clients: BTreeMap<String, bool> = rows(&clients, "clients")
        .map(|it| (text(it, "name"), !it["revoked_at"].is_null()))
        .collect();
    for (name, revoked) in &managed.clients {
        let now = clients.get(name);
        if now.is_none() || (*revoked && now == Some(&false)) {
            wrong.push(format!("client {name} was acknowledged, and now: {now:?}"));
        }
    }
    Found {
        workspaces: there.len() - 1,
        members: members.len(),
        policies: count,
        // One was made by the command line.
        clients: clients.len(),
        revoked: clients.values().filter(|revoked| **revoked).count(),
    }
}

/// How much there is of what has rows in the audit.
pub(super) struct Found {
    workspaces: usize,
    members: usize,
    policies: usize,
    clients: usize,
    revoked: usize,
}

impl Found {
    /// A change and its row are one commit: there are as many rows as changes.
    pub(super) fn fits(&self, rows: &[Value], wrong: &mut Vec<String>) {
        for (tool, changes) in [
            ("workspace.create", self.workspaces),
            ("workspace.add_member", self.members),
            ("workspace.put_policy", self.policies),
            ("workspace.create_client", self.clients),
            ("workspace.revoke_client", self.revoked),
        ] {
            let is_it = |row: &&Value| {
                let decision = &row["decision"];
                decision["tool"] == tool && decision["outcome"] == "done"
            };
            let written = rows.iter().filter(is_it).count();
            if written != changes {
                wrong.push(format!("{changes} changes by {tool} have {written} rows"));
            }
        }
    }
}

async fn list(rest: &Rest, path: &str, member: &str, name: &str) -> BTreeSet<String> {
    let answer = rest.get(path).await.json();
    rows(&answer, member).map(|it| text(it, name)).collect()
}

fn rows<'a>(answer: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    answer[member].as_array().into_iter().flatten()
}

fn text(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_default().to_owned()
}

fn missing(
    what: &str,
    acknowledged: &BTreeSet<String>,
    there: &BTreeSet<String>,
    wrong: &mut Vec<String>,
) {
    for name in acknowledged.difference(there) {
        wrong.push(format!("{what} {name} was acknowledged and is not there"));
    }
}
