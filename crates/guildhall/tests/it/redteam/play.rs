//! Plays one attack: people plant, the model reads and obeys, and everything is looked at after.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    attack::{Attack, Deed, Step},
    client::{Generation, Heard},
    ground::{Ground, text_of},
    outcome,
    watch::{self, Before},
};
use crate::harness::http_client;

/// Tries of a step that waits for something to take effect, 25 ms apart.
const PATIENCE: usize = 200;

type Names = BTreeMap<String, Value>;

/// Play it; the error says what went wrong.
pub(super) async fn play(
    ground: &Ground,
    generation: Generation,
    attack: &Attack,
) -> Result<(), String> {
    let mut names = ground.names.clone();
    let mark = ground.mark();
    names.insert("mark".to_owned(), json!(mark));
    ground.name_sessions(generation, &mut names).await;
    for deed in &attack.plant {
        do_deed(ground, deed, &mut names).await;
    }
    forget_requests(ground).await;
    let before = ground.heard.lock().unwrap().len();
    let pings: Vec<String> = attack.pings.iter().map(|it| text(it, &names)).collect();
    let mut world = Before::now(ground);
    if let Some(reading) = &attack.reads {
        let mut step = Step {
            tool: Some(reading.tool.clone()),
            with: reading.with.clone(),
            ..Step::default()
        };
        step.who.clone_from(&attack.steps[0].who);
        let heard = take(ground, generation, &step, &names).await;
        let became = outcome::of_rpc(&heard.answer);
        if became != "done" {
            return Err(format!("the words did not reach the model: {became}"));
        }
        marked(&heard.answer, &mark)?;
    }
    for (number, step) in attack.steps.iter().enumerate() {
        if let Some(deed) = &step.deed {
            world.compare(ground, &pings)?;
            do_deed(ground, deed, &mut names).await;
            world = Before::now(ground);
            continue;
        }
        play_step(ground, generation, step, &mut names)
            .await
            .map_err(|why| format!("step {}: {why}", number + 1))?;
    }
    world.compare(ground, &pings)?;
    let mut happens: Vec<String> = attack.happens.iter().map(|it| text(it, &names)).collect();
    happens.sort();
    let changes = watch::changes(ground);
    if changes != happens {
        return Err(format!("{changes:?} happened, not {happens:?}"));
    }
    if let Some(read) = watch::reads(ground, attack) {
        return Err(read);
    }
    let heard = ground.heard.lock().unwrap()[before..].to_owned();
    let secrets = ground.secrets_in(&heard);
    if !secrets.is_empty() {
        return Err(format!("an answer holds {secrets:?}"));
    }
    for (at, _) in heard.match_indices("CANARY-") {
        let canary = &heard[at + 7..];
        if !attack
            .may_see
            .iter()
            .any(|it| canary.starts_with(it.as_str()))
        {
            let shown: String = canary.chars().take(24).collect();
            return Err(format!("an answer holds CANARY-{shown}"));
        }
    }
    Ok(())
}

async fn do_deed(ground: &Ground, deed: &Deed, names: &mut Names) {
    let does = text(&deed.does, names);
    let (method, path) = does.split_once(' ').expect("a method and a path");
    let (who, body) = (text(&deed.who, names), fill(&deed.body, names));
    if let Some(file) = &deed.file {
        let file = text(file, names);
        let content = body["content"].as_str().unwrap_or_default();
        let answer = ground.upload(&who, path, content, &file).await;
        save(&deed.save, &answer, names).unwrap();
        return;
    }
    let mut answer = ground.act(&who, method, path, &body).await;
    let holds = |answer: &Value| {
        deed.until.iter().all(|(pointer, words)| {
            let found = answer.pointer(pointer).map(text_of).unwrap_or_default();
            found.contains(&text(words, names))
        })
    };
    for _ in 0..PATIENCE {
        if holds(&answer) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        answer = ground.act(&who, method, path, &body).await;
    }
    assert!(
        holds(&answer),
        "{does}: {:?} is not in {answer}",
        deed.until
    );
    save(&deed.save, &answer, names).unwrap();
}

async fn forget_requests(ground: &Ground) {
    let url = format!("{}/requests", ground.scene.sandbox.info().control_url);
    http_client().delete(url).send().await.unwrap();
}

/// One step, with everything that is expected of it.
async fn play_step(
    ground: &Ground,
    generation: Generation,
    step: &Step,
    names: &mut Names,
) -> Result<(), String> {
    if let Some(command) = &step.command {
        return run(ground, command, step, names);
    }
    let expected = step.stopped.as_deref().or(step.ends.as_deref());
    let expected = expected.unwrap_or("done");
    let expected = expected.split_once(": ").map_or(expected, |(it, _)| it);
    if let Some(times) = step.race {
        return race(ground, generation, step, names, times, expected).await;
    }
    let mut heard = take(ground, generation, step, names).await;
    let mut became = became(step, &heard);
    for _ in 0..PATIENCE {
        if became == expected || !step.patiently {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        heard = take(ground, generation, step, names).await;
        became = self::became(step, &heard);
    }
    if became != expected {
        let body = heard.text.rfind("{\"jsonrpc").map(|at| &heard.text[at..]);
        let shown: String = body.unwrap_or(&heard.text).chars().take(600).collect();
        return Err(format!("ended as `{became}`, not `{expected}`: {shown}"));
    }
    look_at(&heard.text, step, names)?;
    save(&step.save, &heard.answer, names)
}

fn became(step: &Step, heard: &Heard) -> String {
    match &step.http {
        Some(_) => text_of(&heard.answer["outcome"]),
        None => outcome::of_rpc(&heard.answer),
    }
}

/// Whether it shows what it must and lacks what it must not show.
fn look_at(said: &str, step: &Step, names: &Names) -> Result<(), String> {
    for words in &step.shows {
        let words = text(words, names);
        if !said.contains(&words) {
            let said: String = said.chars().take(1_500).collect();
            return Err(format!("`{words}` is not in the answer: {said}"));
        }
    }
    for words in &step.lacks {
        let words = text(words, names);
        if said.contains(&words) {
            return Err(format!("`{words}` is in the answer"));
        }
    }
    Ok(())
}

async fn take(ground: &Ground, generation: Generation, step: &Step, names: &Names) -> Heard {
    let who = step.who.as_deref().map(|who| text(who, names));
    let speaker = ground
        .speaker(generation, who.as_deref(), step.person.as_deref())
        .await;
    let heard = if let Some(http) = &step.http {
        bare(ground, &speaker, http, step, names).await
    } else {
        let mut params = match (&step.tool, &step.with) {
            (Some(tool), Value::Null) => json!({ "name": text(tool, names) }),
            (Some(tool), with) => {
                json!({ "name": text(tool, names), "arguments": fill(with, names) })
            }
            (None, Value::Null) => json!({}),
            (None, with) => fill(with, names),
        };
        if let Value::Object(beside) = fill(&step.beside, names) {
            params.as_object_mut().unwrap().extend(beside);
        }
        let method = step.rpc.as_deref().unwrap_or("tools/call");
        speaker.ask(method, params, &fill(&step.meta, names)).await
    };
    ground.heard.lock().unwrap().push_str(&heard.text);
    let token = &heard.answer["result"]["structuredContent"]["plan"]["confirm"]["token"];
    if let Some(token) = token.as_str() {
        ground.fleeting.lock().unwrap().push(token.to_owned());
    }
    heard
}

/// A bare request; headers that the row names replace the usual ones.
async fn bare(
    ground: &Ground,
    speaker: &super::client::Speaker,
    http: &str,
    step: &Step,
    names: &Names,
) -> Heard {
    let (method, path) = http.split_once(' ').expect("a method and a path");
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = http_client().request(method, ground.hall.page(&text(path, names)));
    request = speaker
        .dress(request)
        .header("content-type", "application/json");
    let mut names = names.clone();
    names.insert("meta".to_owned(), speaker.meta());
    let mut headers = reqwest::header::HeaderMap::new();
    for (name, value) in &step.headers {
        let name: reqwest::header::HeaderName = name.parse().unwrap();
        headers.append(name, text(value, &names).parse().unwrap());
    }
    // Replaces what is there.
    request = request.headers(headers);
    if let Some(body) = &step.body {
        request = request.body(text(body, &names));
    }
    match request.send().await {
        Ok(answer) => {
            let status = answer.status().as_u16();
            let head = format!("{:?}", answer.headers());
            let body = answer.text().await.unwrap_or_default();
            let mut answer = json!({ "outcome": outcome::of_http(status, &body) });
            if let Some(body) = super::client::message(&body) {
                // A result of the protocol counts as what it says.
                if status == 200 && body.get("jsonrpc").is_some() {
                    answer["outcome"] = json!(outcome::of_rpc(&body));
                }
                answer["body"] = body;
            }
            Heard {
                answer,
                text: format!("{head}\n{body}"),
            }
        }
        Err(error) => Heard {
            answer: json!({ "outcome": "cut off" }),
            text: error.to_string(),
        },
    }
}

/// The same call many times at once.
async fn race(
    ground: &Ground,
    generation: Generation,
    step: &Step,
    names: &Names,
    times: usize,
    expected: &str,
) -> Result<(), String> {
    let calls = (0..times).map(|_| take(ground, generation, step, names));
    let all = futures_of(calls).await;
    let ends: Vec<String> = all.iter().map(|heard| became(step, heard)).collect();
    let went_through = |it: &str| ["done", "http 200", "http 201"].contains(&it);
    let passed = ends.iter().filter(|it| went_through(it)).count();
    let other: Vec<_> = ends
        .iter()
        .filter(|it| !went_through(it) && *it != expected)
        .collect();
    let as_many = step.passes.is_none_or(|passes| passed == passes);
    if !as_many || !other.is_empty() {
        return Err(format!("{passed} of {times} passed; others: {other:?}"));
    }
    Ok(())
}

/// All at once, on this task: the hall is another process.
async fn futures_of<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut left = false;
        for (future, done) in running.iter_mut().zip(&mut done) {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(output) => *done = Some(output),
                    std::task::Poll::Pending => left = true,
                }
            }
        }
        if left {
            std::task::Poll::Pending
        } else {
            std::task::Poll::Ready(())
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// A command of the binary: ends as `exit 0`.
fn run(ground: &Ground, command: &[String], step: &Step, names: &mut Names) -> Result<(), String> {
    let words: Vec<String> = command.iter().map(|it| text(it, names)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (code, out, log) = ground.scene.run(&words);
    ground
        .heard
        .lock()
        .unwrap()
        .extend([out.as_str(), log.as_str()]);
    let expected = step.stopped.as_deref().or(step.ends.as_deref());
    let became = format!("exit {code}");
    if became != expected.unwrap_or("exit 0") {
        return Err(format!("ended as `{became}`: {out}{log}"));
    }
    look_at(&format!("{out}{log}"), step, names)?;
    let answer = serde_json::from_str(&out).unwrap_or_default();
    save(&step.save, &answer, names)
}

fn save(
    wanted: &BTreeMap<String, String>,
    answer: &Value,
    names: &mut Names,
) -> Result<(), String> {
    for (name, pointer) in wanted {
        let value = answer
            .pointer(pointer)
            .ok_or_else(|| format!("there is no {pointer} in {answer}"))?;
        names.insert(name.clone(), value.clone());
    }
    Ok(())
}

/// Whether the mark is there, and is told to be data wherever it is.
fn marked(answer: &Value, mark: &str) -> Result<(), String> {
    let result = &answer["result"];
    let structured = &result["structuredContent"];
    let mut found = Vec::new();
    places(structured, mark, "", &mut found);
    if found.is_empty() {
        return Err(format!("the words did not reach the model: {result}"));
    }
    let fields: Vec<String> =
        serde_json::from_value(structured["untrusted_content"]["fields"].clone())
            .unwrap_or_default();
    let covered = |path: &String| {
        fields.iter().any(|field| {
            field == "*"
                || path == field
                || path.starts_with(&format!("{field}."))
                || path.starts_with(&format!("{field}["))
        })
    };
    if let Some(path) = found.iter().find(|path| !covered(path)) {
        return Err(format!("{path} is not marked as data: {fields:?}"));
    }
    let text = text_of(&result["content"][0]["text"]);
    let boundary = text_of(&structured["untrusted_content"]["boundary"]);
    let inside = text
        .split_once(&format!("<untrusted-{boundary}>"))
        .and_then(|(before, rest)| Some((before, rest.rsplit_once("</untrusted-")?)));
    match inside {
        Some((before, (inside, after)))
            if inside.contains(mark) && !before.contains(mark) && !after.contains(mark) =>
        {
            Ok(())
        }
        _ => Err(format!("the text does not mark the words as data: {text}")),
    }
}

fn places(value: &Value, mark: &str, path: &str, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains(mark) => found.push(path.to_owned()),
        Value::Array(items) => {
            for item in items {
                places(item, mark, &format!("{path}[]"), found);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                places(field, mark, &format!("{path}{dot}{name}"), found);
            }
        }
        _ => {}
    }
}

/// Put names in: `"{chan.plaza}"` alone becomes the value itself.
fn fill(value: &Value, names: &Names) -> Value {
    match value {
        Value::String(words) => {
            let alone = words.strip_prefix('{').and_then(|it| it.strip_suffix('}'));
            match alone.and_then(|name| names.get(name)) {
                Some(value) => value.clone(),
                None => Value::String(text(words, names)),
            }
        }
        Value::Array(items) => items.iter().map(|item| fill(item, names)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, field)| (text(name, names), fill(field, names)))
            .collect(),
        other => other.clone(),
    }
}

/// Put names into a text. A name that is not known is a mistake in the row.
fn text(words: &str, names: &Names) -> String {
    let mut filled = String::new();
    let mut rest = words;
    while let Some(open) = rest.find('{') {
        let (before, from) = rest.split_at(open);
        filled.push_str(before);
        let is_name = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let name = from[1..].split_once('}').map(|(name, _)| name);
        match name.filter(|name| !name.is_empty() && name.chars().all(is_name)) {
            Some(name) => {
                let value = names
                    .get(name)
                    .unwrap_or_else(|| panic!("nothing is called {name}, in {words}"));
                filled.push_str(&text_of(value));
                rest = &from[name.len() + 2..];
            }
            None => {
                filled.push('{');
                rest = &from[1..];
            }
        }
    }
    filled + rest
}
