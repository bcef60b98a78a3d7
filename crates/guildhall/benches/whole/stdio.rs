//! A bare MCP client over a process's standard streams, which costs next to nothing itself.

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader, Write as _},
    process::{ChildStdin, ChildStdout, Command},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::process::Process;

const BUFFER: usize = 256 * 1024;
/// Stands in answers that would make a figure worthless.
pub(crate) const DECLINED: &str = r#""isError":true"#;

pub(crate) struct Client {
    pub(crate) process: Process,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    line: String,
    /// Of the last request in a flood.
    id: u64,
}

impl Client {
    pub(crate) fn start(command: Command) -> anyhow::Result<Self> {
        let mut process = Process::start(command)?;
        let (input, output) = process.streams()?;
        let output = BufReader::with_capacity(BUFFER, output);
        Ok(Self {
            process,
            input,
            output,
            line: String::new(),
            id: 0,
        })
    }

    /// Open the conversation.
    pub(crate) fn open(command: Command) -> anyhow::Result<Self> {
        let mut client = Self::start(command)?;
        client.exchange(&initialize())?;
        client
            .input
            .write_all(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n")?;
        Ok(client)
    }

    /// Send a line and read one.
    pub(crate) fn exchange(&mut self, line: &str) -> anyhow::Result<&str> {
        self.input.write_all(line.as_bytes())?;
        self.read()
    }

    pub(crate) fn ask(&mut self, method: &str, params: &Value) -> anyhow::Result<Value> {
        let answer: Value = serde_json::from_str(self.exchange(&request(method, params))?)?;
        ensure!(answer["error"].is_null(), "{method}: {answer}");
        Ok(answer)
    }

    /// Keep so many calls in flight for so long; gives calls a second.
    pub(crate) fn flood(
        &mut self,
        params: &Value,
        in_flight: usize,
        time: Duration,
    ) -> anyhow::Result<f64> {
        let params = params.to_string();
        let mut batch = String::new();
        let began = Instant::now();
        let (mut done, mut waiting, mut again) = (0.0, 0, in_flight);
        loop {
            // What came in one piece is asked for again in one piece.
            if again > 0 && !self.output.buffer().contains(&b'\n') {
                batch.clear();
                for _ in 0..again {
                    // Requests under way must differ in their ids.
                    self.id += 1;
                    write_request(&mut batch, self.id, "tools/call", &params);
                }
                self.input.write_all(batch.as_bytes())?;
                waiting += std::mem::take(&mut again);
            }
            if waiting == 0 {
                return Ok(done / began.elapsed().as_secs_f64());
            }
            let answer = self.read()?;
            ensure!(!answer.contains(DECLINED), "a call was declined: {answer}");
            done += 1.0;
            waiting -= 1;
            again += usize::from(began.elapsed() < time);
        }
    }

    fn read(&mut self) -> anyhow::Result<&str> {
        self.line.clear();
        let read = self.output.read_line(&mut self.line)?;
        ensure!(read > 0, "the process ended");
        Ok(&self.line)
    }
}

/// What opens a session.
pub(crate) fn initialize() -> String {
    let params = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": { "name": "bench", "version": "1" },
    });
    request("initialize", &params)
}

fn request(method: &str, params: &Value) -> String {
    let mut line = String::new();
    write_request(&mut line, 0, method, &params.to_string());
    line
}

fn write_request(into: &mut String, id: u64, method: &str, params: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(
        into,
        r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#
    );
}

/// The structured result of a call that must go well.
pub(crate) fn structured(mut answer: Value) -> anyhow::Result<Value> {
    let result = answer.get_mut("result").context("there is no result")?;
    ensure!(result["isError"] != true, "the call was declined: {result}");
    Ok(result["structuredContent"].take())
}
