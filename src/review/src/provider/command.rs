//! An agent that is a program: one JSON document to its standard input, one from its standard output.
//!
//! For people who have an agent on the command line. It runs in an empty folder, gets the chat and nothing else from us,
//! and is ended when its time is up. What it is allowed to do otherwise is up to who configured it.
//!
//! In: `{"schema": "betwixt.agent/1", "model", "system", "messages", "tools", "is_last", "answer_schema",
//! "max_output_tokens"}`. Out: `{"answer": {…}}`, or `{"text": "…"}`, or `{"calls": [{"id", "name", "arguments"}]}`, each
//! with `"usage": {"input", "cached", "output"}` if it is known; `{"refusal": "…"}` to decline.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;

use super::{Agent, Trouble};
use crate::chat::{Answer, Ask, Chat, Counted, Stop, ToolCall};
use crate::error::ReviewError;
use crate::present::one_line;

/// A program that answers.
pub struct Command {
    name: String,
    model: String,
    program: Vec<String>,
    timeout: Duration,
    runtime: Runtime,
}

/// Largest answer that is read.
const MAX_OUTPUT: u64 = 8 << 20;

impl Command {
    /// `program` is the program with its arguments; `model` is handed on to it.
    ///
    /// # Errors
    /// [`ReviewError::Address`] when there is no program.
    pub fn new(program: &[String], model: &str, timeout: Duration) -> Result<Self, ReviewError> {
        let wrong = |detail: &str| ReviewError::Address {
            url: program.join(" "),
            detail: detail.to_owned(),
        };
        let first = program.first().filter(|first| !first.is_empty());
        let first = first.ok_or_else(|| wrong("`command` names no program"))?;
        let short = first.rsplit('/').next().unwrap_or(first);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(|error| wrong(&error.to_string()))?;
        Ok(Self {
            name: format!("command/{}", if model.is_empty() { short } else { model }),
            model: if model.is_empty() { short } else { model }.to_owned(),
            program: program.to_vec(),
            timeout,
            runtime,
        })
    }

    async fn run(&self, input: &Value) -> Result<Vec<u8>, String> {
        let folder = Folder::new()?;
        let mut child = tokio::process::Command::new(&self.program[0])
            .args(&self.program[1..])
            .current_dir(&folder.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("`{}` cannot be started: {error}", self.program[0]))?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (Some(mut stdin), Some(stdout)) = (stdin, stdout) else {
            return Err("the program has no pipes".to_owned());
        };
        let text = input.to_string();
        let write = async move {
            // A program that does not read to the end may still answer.
            let _ = stdin.write_all(text.as_bytes()).await;
        };
        let mut bytes = Vec::new();
        let mut limited = stdout.take(MAX_OUTPUT);
        let (_, read) = tokio::join!(write, limited.read_to_end(&mut bytes));
        read.map_err(|error| error.to_string())?;
        let status = child.wait().await.map_err(|error| error.to_string())?;
        if status.success() {
            Ok(bytes)
        } else {
            Err(format!("the program ended with {status}"))
        }
    }
}

impl Agent for Command {
    fn name(&self) -> &str {
        &self.name
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn complete(&self, chat: &Chat, ask: Ask) -> Result<Answer, Trouble> {
        let mut request = serde_json::to_value(chat).unwrap_or_default();
        request["schema"] = json!("betwixt.agent/1");
        request["model"] = json!(self.model);
        let timeout = ask.timeout.min(self.timeout);
        let ran = self
            .runtime
            .block_on(async { tokio::time::timeout(timeout, self.run(&request)).await });
        let bytes = ran
            .map_err(|_| "no answer in time".to_owned())
            .flatten()
            .map_err(Trouble::Lost)?;
        let response: Value = serde_json::from_slice(&bytes).map_err(|_| {
            let said = one_line(&String::from_utf8_lossy(&bytes), 120);
            Trouble::Lost(format!("the program's answer is no JSON: `{said}`"))
        })?;
        Ok(read(request, response))
    }

    fn reread(&self, request: Value, response: Value) -> Option<Answer> {
        Some(read(request, response))
    }
}

fn read(request: Value, response: Value) -> Answer {
    let calls = response["calls"].as_array().map(Vec::as_slice);
    let calls = calls.unwrap_or_default().iter().enumerate();
    let calls = calls.map(|(at, call)| ToolCall {
        id: call["id"]
            .as_str()
            .map_or_else(|| format!("call_{at}"), str::to_owned),
        name: call["name"].as_str().unwrap_or_default().to_owned(),
        arguments: call["arguments"].clone(),
    });
    let usage = &response["usage"];
    let counted = usage["input"].as_u64().map(|input| Counted {
        input,
        cached: usage["cached"].as_u64().unwrap_or(0).min(input),
        cache_written: 0,
        output: usage["output"].as_u64().unwrap_or(0),
    });
    let text = match &response["answer"] {
        Value::Null => response["text"].as_str().unwrap_or_default().to_owned(),
        answer => answer.to_string(),
    };
    Answer {
        calls: if response["answer"].is_null() {
            calls.collect()
        } else {
            Vec::new()
        },
        text,
        stop: if response["refusal"].is_null() {
            Stop::Complete
        } else {
            Stop::Refusal
        },
        counted,
        request,
        response,
    }
}

/// An empty folder of its own, gone when it is dropped.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Result<Self, String> {
        let name = crate::fence::marker().map_err(|error| error.to_string())?;
        let path = std::env::temp_dir().join(format!("betwixt-agent-{name}"));
        std::fs::create_dir(&path).map_err(|error| error.to_string())?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
