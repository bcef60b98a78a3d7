//! Events of GitHub, told as embeds through a Discord webhook.

use serde_json::{Value, json};

use super::webhook::WebhookTarget;
use crate::snowflake::Snowflake;
use crate::validate::Form;
use crate::world::{Answer, World};

const MAX_TITLE: usize = 256;
const MAX_TEXT: usize = 2_048;
/// Commits listed of a push.
const MAX_COMMITS: usize = 5;

impl World {
    /// Posts an event (`X-GitHub-Event`); those that Discord does not know are taken in silence.
    pub fn execute_github_webhook(
        &mut self,
        id: Snowflake,
        token: &str,
        target: WebhookTarget,
        event: &str,
        body: &Value,
    ) -> Answer<()> {
        self.webhook_by_token(id, token)?;
        let mut form = Form::new(body);
        if !body["sender"]["login"].is_string() {
            form.error("sender", "BASE_TYPE_REQUIRED", "This field is required");
        }
        form.finish()?;
        let Some(told) = told(event, body) else {
            return Ok(());
        };
        let mut embed = json!({
            "title": cut(&told.title, MAX_TITLE),
            "author": {"name": body["sender"]["login"]},
        });
        let sender = [("url", "html_url"), ("icon_url", "avatar_url")];
        for (key, from) in sender {
            if let Some(url) = body["sender"][from].as_str().filter(|url| !url.is_empty()) {
                embed["author"][key] = json!(url);
            }
        }
        if !told.url.is_empty() {
            embed["url"] = json!(told.url);
        }
        if !told.text.is_empty() {
            embed["description"] = json!(cut(&told.text, MAX_TEXT));
        }
        let message = json!({"embeds": [embed], "allowed_mentions": {"parse": []}});
        self.execute_webhook(id, token, target, &message, Vec::new())
            .map(drop)
    }
}

/// What an embed says.
struct Told {
    title: String,
    url: String,
    text: String,
}

fn told(event: &str, body: &Value) -> Option<Told> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let repository = text(&body["repository"]["full_name"]);
    let action = text(&body["action"]);
    let say = |title: String, url: &Value, body: &Value| Told {
        title: format!("[{repository}] {title}"),
        url: text(url),
        text: text(body),
    };
    let numbered = |thing: &Value| format!("#{}: {}", thing["number"], text(&thing["title"]));
    let (issue, comment) = (&body["issue"], &body["comment"]);
    let request = &body["pull_request"];
    Some(match (event, action.as_str()) {
        ("push", _) => return push(body),
        ("issues", "opened") => say(
            format!("Issue opened: {}", numbered(issue)),
            &issue["html_url"],
            &issue["body"],
        ),
        ("issues", "closed" | "reopened") => {
            let title = format!("Issue {action}: {}", numbered(issue));
            say(title, &issue["html_url"], &Value::Null)
        }
        ("issue_comment", "created") => {
            let pull = issue.get("pull_request").is_some_and(Value::is_object);
            let kind = if pull { "pull request" } else { "issue" };
            let title = format!("New comment on {kind} {}", numbered(issue));
            say(title, &comment["html_url"], &comment["body"])
        }
        ("pull_request", "opened") => {
            let title = format!("Pull request opened: {}", numbered(request));
            say(title, &request["html_url"], &request["body"])
        }
        ("pull_request", "closed" | "reopened") => {
            let title = format!("Pull request {action}: {}", numbered(request));
            say(title, &request["html_url"], &Value::Null)
        }
        ("pull_request_review", "submitted") => {
            let review = &body["review"];
            let title = format!("Pull request review submitted: {}", numbered(request));
            say(title, &review["html_url"], &review["body"])
        }
        ("pull_request_review_comment", "created") => {
            let title = format!("New review comment on pull request {}", numbered(request));
            say(title, &comment["html_url"], &comment["body"])
        }
        ("commit_comment", _) => {
            let commit: String = text(&comment["commit_id"]).chars().take(7).collect();
            let title = format!("New comment on commit `{commit}`");
            say(title, &comment["html_url"], &comment["body"])
        }
        ("create", _) => {
            let title = format!(
                "New {} created: {}",
                text(&body["ref_type"]),
                text(&body["ref"])
            );
            say(title, &body["repository"]["html_url"], &Value::Null)
        }
        ("delete", _) => {
            let title = format!(
                "{} deleted: {}",
                text(&body["ref_type"]),
                text(&body["ref"])
            );
            say(title, &body["repository"]["html_url"], &Value::Null)
        }
        ("fork", _) => {
            let fork = &body["forkee"];
            let title = format!("Fork created: {}", text(&fork["full_name"]));
            say(title, &fork["html_url"], &Value::Null)
        }
        ("member", "added") => {
            let member = &body["member"];
            let title = format!("New collaborator added: {}", text(&member["login"]));
            say(title, &member["html_url"], &Value::Null)
        }
        ("public", _) => say(
            "Now open sourced!".into(),
            &body["repository"]["html_url"],
            &Value::Null,
        ),
        ("watch", "started") => say(
            "New star added".into(),
            &body["repository"]["html_url"],
            &Value::Null,
        ),
        ("release", "published") => {
            let release = &body["release"];
            let title = format!("New release published: {}", text(&release["tag_name"]));
            say(title, &release["html_url"], &Value::Null)
        }
        ("discussion", "created" | "answered") => {
            let discussion = &body["discussion"];
            let title = format!("Discussion {action}: {}", numbered(discussion));
            say(title, &discussion["html_url"], &discussion["body"])
        }
        ("discussion_comment", "created") => {
            let title = format!(
                "New comment on discussion {}",
                numbered(&body["discussion"])
            );
            say(title, &comment["html_url"], &comment["body"])
        }
        ("check_run", "completed") => {
            let run = &body["check_run"];
            let title = format!("{} {}", text(&run["name"]), text(&run["conclusion"]));
            say(title, &run["html_url"], &Value::Null)
        }
        ("check_suite", "completed") => {
            let suite = &body["check_suite"];
            let name = text(&suite["app"]["name"]);
            let title = format!("{name} checks {}", text(&suite["conclusion"]));
            say(title, &body["repository"]["html_url"], &Value::Null)
        }
        _ => return None,
    })
}

fn push(body: &Value) -> Option<Told> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let commits = body["commits"].as_array()?;
    let branch = text(&body["ref"]);
    let branch = branch.strip_prefix("refs/heads/")?;
    if commits.is_empty() {
        return None;
    }
    let line = |commit: &Value| {
        let id: String = text(&commit["id"]).chars().take(7).collect();
        let message = text(&commit["message"]);
        let first = message.lines().next().unwrap_or_default();
        let author = text(&commit["author"]["name"]);
        format!("[`{id}`]({}) {first} - {author}", text(&commit["url"]))
    };
    let lines: Vec<_> = commits.iter().take(MAX_COMMITS).map(line).collect();
    let word = if commits.len() == 1 {
        "commit"
    } else {
        "commits"
    };
    let name = text(&body["repository"]["name"]);
    Some(Told {
        title: format!("[{name}:{branch}] {} new {word}", commits.len()),
        url: text(&body["compare"]),
        text: lines.join("\n"),
    })
}

fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(max - 1).collect();
    format!("{kept}…")
}
