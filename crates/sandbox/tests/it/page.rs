//! The page over HTTP: who sees what, what forms do, and what a hostile page or message cannot do.

use reqwest::{Client, Method, Response, StatusCode, redirect::Policy};
use sandbox::Config;
use serde_json::{Value, json};

use crate::support::{App, quiet};

/// What a browser would be told to run or load, if escaping failed.
const HOSTILE: &str = "<script>x</script>\"><img src=x onerror=alert(1)> [y](javascript:z)";

/// Somebody with a browser.
struct Browser<'a> {
    app: &'a App,
    http: Client,
    base: String,
}

impl<'a> Browser<'a> {
    fn new(app: &'a App) -> Self {
        let http = Client::builder().redirect(Policy::none()).build();
        Self {
            app,
            http: http.expect("a client"),
            base: app.info.control_url.replace("/control", ""),
        }
    }

    async fn get(&self, path: &str) -> Response {
        let request = self.http.get(format!("{}{path}", self.base));
        request.send().await.expect("the page answers")
    }

    /// The HTML of a page that is there.
    async fn sees(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.text().await.expect("a body")
    }

    fn place(&self, who: &str, channel: &str) -> String {
        format!("/as/{}/channels/{channel}", self.app.user(who))
    }

    /// The token of the forms of a page.
    async fn token(&self) -> String {
        let html = self.sees("/debug").await;
        let (_, rest) = html
            .split_once("name=\"token\" value=\"")
            .expect("a form with a token");
        rest.split('"').next().expect("its value").to_owned()
    }

    /// Sends a form; answers the status and where the browser is sent.
    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
        let mut fields = fields.to_vec();
        let token = self.token().await;
        fields.push(("token", &token));
        let request = self.http.post(format!("{}{path}", self.base)).form(&fields);
        let response = request.send().await.expect("the page answers");
        let to = response.headers().get("location");
        let to = to.map(|it| it.to_str().expect("a path").to_owned());
        let status = response.status();
        let body = response.text().await.expect("a body");
        (status, to.unwrap_or(body))
    }

    async fn acts(&self, who: &str, verb: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
        let path = format!("/as/{}/do/{verb}", self.app.user(who));
        self.post(&path, fields).await
    }
}

fn id(value: &Value) -> String {
    value["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn the_first_screen_says_how_a_bot_connects_and_whom_one_can_be() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let html = browser.sees("/").await;
    for wanted in [
        &app.info.api_url,
        &app.info.gateway_url,
        &app.info.bot_token,
    ] {
        assert!(html.contains(wanted), "{wanted}");
    }
    for name in ["ada", "moderator", "newcomer"] {
        assert!(html.contains(&format!("/as/{}", app.user(name))));
    }
}

#[tokio::test]
async fn each_person_sees_what_their_own_permissions_allow() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let staff = app.channel("moderators").await;
    app.says("moderator", &staff, "between us").await;
    let html = browser.sees(&browser.place("moderator", &staff)).await;
    assert!(html.contains("between us"));
    let hidden = browser.get(&browser.place("newcomer", &staff)).await;
    assert_eq!(hidden.status(), StatusCode::NOT_FOUND);
    assert!(!hidden.text().await.expect("a body").contains("between us"));
    let general = app.channel("general").await;
    let newcomer = browser.sees(&browser.place("newcomer", &general)).await;
    assert!(
        !newcomer.contains(&staff),
        "the hidden channel is not listed"
    );
    let rules = app.channel("rules").await;
    let rules = browser.sees(&browser.place("newcomer", &rules)).await;
    assert!(rules.contains("may not write here"));
    assert!(!rules.contains("do/send"));
    let stream = format!("{}/live", browser.place("newcomer", &staff));
    assert_eq!(browser.get(&stream).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn forms_alone_write_answer_edit_react_pin_and_delete() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let channel = app.channel("general").await;
    let here = browser.place("ada", &channel);
    let (status, to) = browser
        .acts(
            "ada",
            "send",
            &[("channel", &channel), ("content", "**hello** from a form")],
        )
        .await;
    assert_eq!(
        (status, to.as_str()),
        (StatusCode::SEE_OTHER, here.as_str())
    );
    assert!(
        browser
            .sees(&here)
            .await
            .contains("<strong>hello</strong> from a form")
    );
    let newest = format!(
        "/channels/{channel}/messages?limit=1&as={}",
        app.user("ada")
    );
    let newest = app.control(Method::GET, &newest, Value::Null).await;
    let message = id(&newest[0]);
    let about = [("channel", channel.as_str()), ("message", message.as_str())];
    let with = |name, value| [about[0], about[1], (name, value)];
    browser
        .acts("newcomer", "react", &with("emoji", "🎉"))
        .await;
    browser
        .acts("ada", "edit", &with("content", "changed\r\ntwice"))
        .await;
    browser.acts("moderator", "pin", &about).await;
    let html = browser.sees(&here).await;
    assert!(html.contains("changed<br>twice") && html.contains("(edited)") && html.contains("🎉"));
    assert!(
        browser
            .sees(&format!("{here}?pins=1"))
            .await
            .contains("Pinned messages")
    );
    let reply = [
        ("channel", channel.as_str()),
        ("content", "indeed"),
        ("reply", &message),
    ];
    browser.acts("newcomer", "send", &reply).await;
    assert!(browser.sees(&here).await.contains("In reply to"));
    let (status, refused) = browser.acts("newcomer", "delete", &about).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(refused.contains("50013"));
    browser.acts("ada", "delete", &about).await;
    assert!(browser.sees(&here).await.contains("was deleted"));
}

#[tokio::test]
async fn what_was_refused_is_told_and_what_was_typed_is_kept() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let channel = app.channel("general").await;
    let long = "long ".repeat(500);
    let (status, html) = browser
        .acts("ada", "send", &[("channel", &channel), ("content", &long)])
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(html.contains("Invalid Form Body (50035)") && html.contains("content: "));
    assert!(html.contains(&long));
}

#[tokio::test]
async fn polls_threads_posts_and_direct_messages_begin_with_forms() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let channel = app.channel("general").await;
    let place = ("channel", channel.as_str());
    let poll = [
        place,
        ("question", "tea?"),
        ("answer", "yes"),
        ("answer", "no"),
        ("answer", ""),
    ];
    browser.acts("ada", "poll", &poll).await;
    let html = browser.sees(&browser.place("ada", &channel)).await;
    assert!(html.contains("tea?") && html.contains("do/vote"));
    let (_, to) = browser
        .acts("ada", "thread", &[place, ("name", "aside")])
        .await;
    assert!(browser.sees(&to).await.contains("aside"));
    let forum = app.channel("ideas").await;
    let post = [
        ("channel", forum.as_str()),
        ("name", "a bench"),
        ("content", "under the trees"),
    ];
    let (_, to) = browser.acts("helper", "post", &post).await;
    assert!(browser.sees(&to).await.contains("under the trees"));
    assert!(
        browser
            .sees(&browser.place("ada", &forum))
            .await
            .contains("a bench")
    );
    let (_, to) = browser
        .acts("ada", "direct", &[place, ("user", &app.user("artist"))])
        .await;
    assert!(browser.sees(&to).await.contains("Write to artist"));
}

#[tokio::test]
async fn files_are_sent_and_can_never_run_as_the_page() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let channel = app.channel("general").await;
    let file = reqwest::multipart::Part::bytes(HOSTILE.as_bytes())
        .file_name("<b>\".html")
        .mime_str("text/html")
        .expect("a type");
    let form = reqwest::multipart::Form::new()
        .text("token", browser.token().await)
        .text("channel", channel.clone())
        .part("files", file);
    let path = format!("{}/as/{}/do/send", browser.base, app.user("ada"));
    let sent = browser.http.post(path).multipart(form).send().await;
    assert_eq!(sent.expect("an answer").status(), StatusCode::SEE_OTHER);
    let html = browser.sees(&browser.place("ada", &channel)).await;
    let (_, link) = html
        .split_once("href=\"/attachments/")
        .expect("a link to the file");
    let link = link
        .split('"')
        .next()
        .expect("its end")
        .replace("&amp;", "&");
    let served = browser.get(&format!("/attachments/{link}")).await;
    let header = |name: &str| served.headers()[name].to_str().expect("text").to_owned();
    assert!(header("content-disposition").starts_with("attachment"));
    assert!(header("content-security-policy").starts_with("sandbox"));
    assert_eq!(header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn hostile_names_and_texts_stay_text() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let channel = app.channel("general").await;
    let me = json!({ "nick": &HOSTILE[..32] });
    let path = format!("/guilds/{}/members/@me", app.info.guild_id);
    app.bot(Method::PATCH, &path)
        .json(&me)
        .send()
        .await
        .expect("an answer");
    let guild = format!("/guilds/{}", app.info.guild_id);
    let named = json!({ "name": HOSTILE, "as": app.user("ada") });
    app.control(Method::PATCH, &guild, named).await;
    let body = json!({
        "content": HOSTILE,
        "embeds": [{
            "title": HOSTILE, "description": HOSTILE, "author": { "name": HOSTILE },
            "fields": [{ "name": HOSTILE, "value": HOSTILE }], "footer": { "text": HOSTILE },
        }],
        "components": [{ "type": 1, "components": [
            { "type": 2, "style": 1, "label": HOSTILE, "custom_id": HOSTILE },
            { "type": 2, "style": 5, "label": HOSTILE, "url": "https://x.y/\"onclick=\"z" },
        ] }],
    });
    let messages = format!("/channels/{channel}/messages");
    let sent = app
        .bot(Method::POST, &messages)
        .json(&body)
        .send()
        .await
        .expect("an answer");
    let body = if sent.status().is_success() {
        None
    } else {
        Some(json!({ "content": HOSTILE }))
    };
    if let Some(body) = body {
        app.bot(Method::POST, &messages)
            .json(&body)
            .send()
            .await
            .expect("an answer");
    }
    for path in [
        "/",
        "/debug?side=requests",
        "/debug?side=events&find=%3Cscript%3E",
    ] {
        stays_text(&browser.sees(path).await);
    }
    let here = browser.place("ada", &channel);
    for query in [
        "",
        "?side=requests",
        "?pins=1",
        "?side=events",
        "?notice=%3Cscript%3E",
    ] {
        stays_text(&browser.sees(&format!("{here}{query}")).await);
    }
}

/// The only scripts are the page's own, nothing has a handler, and every link goes to the web.
fn stays_text(html: &str) {
    for piece in html.split("<script").skip(1) {
        assert!(
            piece.starts_with(" type=\"module\" src=\"/assets/page.js\"></script>"),
            "{piece:.80}"
        );
    }
    for tag in html.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        assert!(
            !tag.contains(" onerror=") || tag.contains("&quot;"),
            "{tag}"
        );
        assert!(!tag.starts_with("img src=x"), "{tag}");
        assert!(!tag.contains(" style="), "{tag}");
        if let Some((_, link)) = tag.split_once(" href=\"") {
            let known = ["/", "#", "http://", "https://", "?"];
            assert!(known.iter().any(|start| link.starts_with(start)), "{tag}");
        }
    }
}

#[tokio::test]
async fn every_answer_forbids_what_is_foreign() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let channel = app.channel("general").await;
    let here = browser.place("ada", &channel);
    for path in [
        "/",
        "/debug",
        "/assets/page.js",
        here.as_str(),
        "/as/1/channels/2",
    ] {
        let response = browser.get(path).await;
        let policy = response.headers()["content-security-policy"]
            .to_str()
            .expect("text");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"));
        assert!(!policy.contains("unsafe"));
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    }
}

#[tokio::test]
async fn other_origins_other_names_and_forms_without_the_token_are_refused() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let channel = app.channel("general").await;
    let token = browser.token().await;
    let send = format!("{}/as/{}/do/send", browser.base, app.user("ada"));
    let fields = [
        ("channel", channel.as_str()),
        ("content", "forged"),
        ("token", &token),
    ];
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("host", "evil.example"),
    ] {
        let request = browser.http.post(&send).header(name, value).form(&fields);
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{name}: {value}");
    }
    let without = browser.http.post(&send).form(&fields[..2]).send().await;
    assert_eq!(without.expect("an answer").status(), StatusCode::FORBIDDEN);
    let read = browser.http.get(format!("{}/", browser.base));
    let read = read
        .header("host", "evil.example")
        .send()
        .await
        .expect("an answer");
    assert_eq!(read.status(), StatusCode::FORBIDDEN);
    // The control API takes no token, and so no foreign page either.
    let control = format!("{}/channels/{channel}/messages", app.info.control_url);
    let forged = browser
        .http
        .post(control)
        .header("origin", "http://evil.example");
    let forged = forged
        .body("{\"content\":\"forged\"}")
        .send()
        .await
        .expect("an answer");
    assert_eq!(forged.status(), StatusCode::FORBIDDEN);
    // Nor one whose name was pointed at this machine: it would read the bots' tokens.
    let state = format!("{}/state", app.info.control_url);
    let pointed = browser.http.get(state).header("host", "evil.example");
    let pointed = pointed.send().await.expect("an answer");
    assert_eq!(pointed.status(), StatusCode::FORBIDDEN);
    assert!(
        !browser
            .sees(&browser.place("ada", &channel))
            .await
            .contains("forged")
    );
}

#[tokio::test]
async fn live_updates_reach_those_who_may_see_them() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    let channel = app.channel("general").await;
    let mut stream = browser
        .get(&format!("{}/live", browser.place("newcomer", &channel)))
        .await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let staff = app.channel("moderators").await;
    app.says("moderator", &staff, "between us").await;
    app.says("ada", &channel, "<b>for all</b>").await;
    let mut told = String::new();
    while !told.contains("for all") {
        let chunk = stream
            .chunk()
            .await
            .expect("the stream lives")
            .expect("more comes");
        told.push_str(&String::from_utf8_lossy(&chunk));
    }
    assert!(told.contains("event: message") && told.contains("&lt;b&gt;for all"));
    assert!(!told.contains("between us") && !told.contains(&staff));
    app.sandbox.stop().await;
}

#[tokio::test]
async fn the_traffic_shows_requests_events_and_switches_faults() {
    let app = App::start_with(Config { ..quiet() }).await;
    let browser = Browser::new(&app);
    let channel = app.channel("general").await;
    let messages = format!("/channels/{channel}/messages");
    let body = json!({ "content": "from the bot" });
    app.bot(Method::POST, &messages)
        .json(&body)
        .send()
        .await
        .expect("an answer");
    let requests = browser
        .sees("/debug?side=requests&find=post+messages")
        .await;
    assert!(requests.contains("from the bot") && requests.contains(&messages));
    assert!(!browser.sees("/debug?find=patch").await.contains(&messages));
    assert!(
        browser
            .sees("/debug?side=events")
            .await
            .contains("MESSAGE_CREATE")
    );
    let fault = [
        ("kind", "status"),
        ("status", "503"),
        ("count", "1"),
        ("side", "faults"),
    ];
    let (status, to) = browser.post("/debug/fault", &fault).await;
    assert_eq!(
        (status, to.as_str()),
        (StatusCode::SEE_OTHER, "/debug?side=faults")
    );
    let struck = app
        .bot(Method::GET, "/users/@me")
        .send()
        .await
        .expect("an answer");
    assert_eq!(struck.status(), 503);
    let elsewhere = [
        ("here", "https://evil.example/"),
        ("side", "sessions"),
        ("enabled", "yes"),
    ];
    let (_, to) = browser.post("/debug/limits", &elsewhere).await;
    assert_eq!(to, "/debug?side=sessions");
    assert!(browser.sees(&to).await.contains("Switch limits off"));
}
