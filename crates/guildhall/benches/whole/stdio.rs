//! A bare MCP client over a process's standard streams, which costs next to nothing itself.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{ChildStdin, ChildStdout, Command},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use crate::process::Process;

const BUFFER: usize = 256 * 1024;

pub(crate) struct Client {
    pub(crate) process: Process,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    line: String,
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
        line: &str,
        in_flight: usize,
        time: Duration,
    ) -> anyhow::Result<f64> {
        let began = Instant::now();
        self.input.write_all(line.repeat(in_flight).as_bytes())?;
        let (mut done, mut waiting) = (0.0, in_flight);
        let mut again = 0;
        while waiting > 0 {
            self.read()?;
            done += 1.0;
            waiting -= 1;
            again += usize::from(began.elapsed() < time);
            // What came in one piece is asked for again in one piece.
            if again > 0 && !self.output.buffer().contains(&b'\n') {
                self.input.write_all(line.repeat(again).as_bytes())?;
                waiting += std::mem::take(&mut again);
            }
        }
        Ok(done / began.elapsed().as_secs_f64())
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

/// A request as a line.
pub(crate) fn request(method: &str, params: &Value) -> String {
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    format!("{message}\n")
}

/// The structured result of a call that must go well.
pub(crate) fn structured(mut answer: Value) -> anyhow::Result<Value> {
    let result = answer.get_mut("result").context("there is no result")?;
    ensure!(result["isError"] != true, "the call was declined: {result}");
    Ok(result["structuredContent"].take())
}
