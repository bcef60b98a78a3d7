//! Standard streams: broken input, many requests in flight, panics, cancellation, the end.

use model::Principal;
use serde_json::{Value, json};
use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, Lines, ReadHalf,
        WriteHalf,
    },
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::hall::{Guild, guild, initialize, modern};

pub(crate) struct Client {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    output: Option<WriteHalf<DuplexStream>>,
    served: JoinHandle<Result<(), mcp::Error>>,
}

impl Client {
    pub(crate) fn start(guild: &Guild) -> Self {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let (input, output) = tokio::io::split(far);
        let service = guild.service.clone();
        let served = tokio::spawn(async move {
            let end = CancellationToken::new();
            service
                .serve_streams(input, output, Principal::local_operator(), end)
                .await
        });
        let (input, output) = tokio::io::split(near);
        Self {
            lines: BufReader::new(input).lines(),
            output: Some(output),
            served,
        }
    }

    pub(crate) async fn legacy(guild: &Guild, capabilities: &Value) -> Self {
        let mut client = Self::start(guild);
        let answer = client.ask(&initialize("2025-11-25", capabilities)).await;
        assert_eq!(answer["result"]["protocolVersion"], "2025-11-25");
        client
            .send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
            .await;
        client
    }

    pub(crate) async fn raw(&mut self, text: &str) {
        let output = self.output.as_mut().unwrap();
        output.write_all(text.as_bytes()).await.unwrap();
        output.write_all(b"\n").await.unwrap();
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        self.raw(&message.to_string()).await;
    }

    pub(crate) async fn next(&mut self) -> Value {
        let line = self.lines.next_line().await.unwrap().expect("an answer");
        serde_json::from_str(&line).unwrap()
    }

    pub(crate) async fn ask(&mut self, message: &Value) -> Value {
        self.send(message).await;
        self.next().await
    }

    /// Close our end and see the server go without a further word.
    async fn end(mut self) {
        self.output.take().unwrap().shutdown().await.unwrap();
        self.served.await.unwrap().unwrap();
        assert_eq!(self.lines.next_line().await.unwrap(), None);
    }
}

pub(crate) fn call(id: i64, tool: &str, arguments: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call",
        "params": {"name": tool, "arguments": arguments}})
}

#[tokio::test]
async fn both_generations_are_served_by_one_process() {
    let guild = guild();
    let mut client = Client::start(&guild);
    let meta = modern(&json!({}));
    let found = client
        .ask(&json!({"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {"_meta": meta}}))
        .await;
    let versions = &found["result"]["supportedVersions"];
    assert_eq!(*versions, json!(["2025-06-18", "2025-11-25", "2026-07-28"]));
    assert_eq!(found["result"]["cacheScope"], "private");
    assert!(
        found["result"]["capabilities"]["resources"]
            .get("subscribe")
            .is_none()
    );
    assert!(
        found["result"]["capabilities"]["tools"]
            .get("listChanged")
            .is_none()
    );
    let answer = client.ask(&initialize("2025-06-18", &json!({}))).await;
    assert_eq!(answer["result"]["protocolVersion"], "2025-06-18");
    let listed = client
        .ask(&json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}))
        .await;
    assert_eq!(listed["result"]["tools"][0]["name"], "discord_find_tools");
    assert_eq!(
        listed["result"]["tools"][0]["annotations"]["readOnlyHint"],
        true
    );
    client.end().await;
}

#[tokio::test]
async fn stateless_results_say_who_answered() {
    let guild = guild();
    let mut client = Client::start(&guild);
    let meta = modern(&json!({}));
    let listed = client
        .ask(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}))
        .await;
    let server = &listed["result"]["_meta"]["io.modelcontextprotocol/serverInfo"];
    assert_eq!(server["name"], "guildhall");
    assert_eq!(listed["result"]["cacheScope"], "private");
    client.end().await;
}

#[tokio::test]
async fn broken_input_is_answered_and_the_process_lives() {
    let guild = guild();
    let mut client = Client::start(&guild);
    client
        .raw(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}"#)
        .await;
    for (line, code) in [
        ("{", -32700),
        ("hello", -32700),
        ("[]", -32600),
        ("5", -32600),
        (r#"{"jsonrpc":"2.0","id":3}"#, 0),
        (r#"{"id":3,"method":"ping"}"#, -32600),
    ] {
        client.raw(line).await;
        if code != 0 {
            let answer = client.next().await;
            assert_eq!(answer["error"]["code"], code, "{line}");
            assert!(answer.get("id").is_some());
        }
    }
    let answer = client.ask(&initialize("2025-11-25", &json!({}))).await;
    assert_eq!(answer["id"], 0);
    for (id, arguments) in [(7, json!([])), (8, json!("text"))] {
        let answer = client
            .ask(&call(id, "discord_find_tools", &arguments))
            .await;
        assert_eq!(answer["id"], id);
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    }
    client.end().await;
}

#[tokio::test]
async fn thirty_two_in_flight_are_all_answered() {
    let guild = guild();
    let mut client = Client::legacy(&guild, &json!({})).await;
    for id in 100..132 {
        client
            .send(&call(id, "discord_find_tools", &json!({"n": id})))
            .await;
    }
    let mut seen = Vec::new();
    for _ in 100..132 {
        let answer = client.next().await;
        let id = answer["id"].as_i64().unwrap();
        assert_eq!(answer["result"]["structuredContent"]["echo"]["n"], id);
        seen.push(id);
    }
    seen.sort_unstable();
    assert_eq!(seen, (100..132).collect::<Vec<_>>());
    client.end().await;
}

#[tokio::test]
async fn answers_under_way_leave_before_the_end() {
    let guild = guild();
    let mut client = Client::legacy(&guild, &json!({})).await;
    for id in 1..=20 {
        client
            .send(&call(id, "discord_find_tools", &json!({})))
            .await;
    }
    client.output.take().unwrap().shutdown().await.unwrap();
    for _ in 1..=20 {
        client.next().await;
    }
    client.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_panic_in_a_tool_is_an_answer() {
    let guild = guild();
    let mut client = Client::legacy(&guild, &json!({})).await;
    let answer = client.ask(&call(1, "discord_break", &json!({}))).await;
    let result = &answer["result"];
    assert_eq!(result["isError"], true);
    assert_eq!(
        result["structuredContent"]["error"]["code"],
        "internal_error"
    );
    let answer = client.ask(&call(2, "discord_find_tools", &json!({}))).await;
    assert_eq!(answer["result"]["structuredContent"]["who"], "local");
    client.end().await;
}

#[tokio::test]
async fn a_cancelled_read_stops_and_is_not_answered() {
    let guild = guild();
    let mut client = Client::legacy(&guild, &json!({})).await;
    client
        .send(&call(1, "discord_wait_for_message", &json!({})))
        .await;
    guild.hall.waiting.notified().await;
    client
        .send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}))
        .await;
    guild.hall.gone.notified().await;
    let answer = client.ask(&call(2, "discord_find_tools", &json!({}))).await;
    assert_eq!(answer["id"], 2);
    client.end().await;
}

#[tokio::test]
async fn errors_of_tools_are_results_and_unknown_tools_are_not() {
    let guild = guild();
    let mut client = Client::legacy(&guild, &json!({})).await;
    let answer = client
        .ask(&call(1, "discord_send_message", &json!({})))
        .await;
    let result = &answer["result"];
    assert_eq!(result["isError"], true);
    assert_eq!(
        result["structuredContent"]["error"],
        json!({"code": "missing_argument", "message": "content is missing",
            "hint": "give content", "retry": "no"})
    );
    let answer = client.ask(&call(2, "discord_get_gild", &json!({}))).await;
    assert_eq!(answer["error"]["code"], -32602);
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("did you mean discord_get_guild?"),
        "{message}"
    );
    for method in ["logging/setLevel", "resources/subscribe", "nonsense"] {
        let params = json!({"level": "info", "uri": "discord://guild/1"});
        let answer = client
            .ask(&json!({"jsonrpc": "2.0", "id": 3, "method": method, "params": params}))
            .await;
        assert_eq!(answer["error"]["code"], -32601, "{method}");
    }
    let answer = client
        .ask(&json!({"jsonrpc": "2.0", "id": 4, "method": "tools/list", "params": {"cursor": "x"}}))
        .await;
    assert_eq!(answer["error"]["code"], -32602);
    client.end().await;
}

#[tokio::test]
async fn resources_are_listed_read_and_marked() {
    let guild = guild();
    let mut client = Client::legacy(&guild, &json!({})).await;
    let listed = client
        .ask(&json!({"jsonrpc": "2.0", "id": 1, "method": "resources/list"}))
        .await;
    let uris: Vec<_> = listed["result"]["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|resource| resource["uri"].as_str().unwrap())
        .collect();
    assert_eq!(uris, ["discord://guild/1", "discord://channel/2"]);
    let read = |id: i64, uri: &str| json!({"jsonrpc": "2.0", "id": id, "method": "resources/read", "params": {"uri": uri}});
    let messages = client.ask(&read(2, "discord://channel/2/messages")).await;
    let contents = &messages["result"]["contents"][0];
    let boundary = contents["_meta"]["untrusted_content"]["boundary"]
        .as_str()
        .unwrap();
    let text = contents["text"].as_str().unwrap();
    assert!(text.contains(&format!("<untrusted-{boundary}>")), "{text}");
    for missing in ["discord://guild/404", "discord://nothing/1"] {
        let answer = client.ask(&read(3, missing)).await;
        assert_eq!(answer["error"]["code"], -32002, "{answer}");
    }
    client.end().await;
}
