//! A conversation in the words all servers share; each provider turns it into its own.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A question an agent may ask.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tool {
    /// Its name.
    pub name: &'static str,
    /// What it answers.
    pub description: &'static str,
    /// JSON schema of its arguments.
    pub parameters: Value,
}

/// A question an agent asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Ties the answer to it.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// Arguments; null when they were no JSON.
    pub arguments: Value,
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The call it answers.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// The answer, fenced.
    pub text: String,
}

/// One turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
pub enum Message {
    /// From us.
    User {
        /// What is said; scanned text in it is fenced.
        text: String,
    },
    /// From the agent.
    Assistant {
        /// What it said.
        text: String,
        /// What it asked.
        calls: Vec<ToolCall>,
    },
    /// Answers to its questions.
    Tools {
        /// In the order of the questions.
        results: Vec<ToolResult>,
    },
}

/// A whole request. The system part holds no scanned text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Chat {
    /// Instructions.
    pub system: String,
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// What may be asked; empty where nothing may.
    pub tools: Vec<Tool>,
    /// Whether questions are over and the answer is due.
    pub is_last: bool,
    /// Name of the shape of the answer.
    pub answer_name: &'static str,
    /// JSON schema of the answer.
    pub answer_schema: Value,
    /// Longest answer.
    pub max_output_tokens: u32,
}

/// What a provider is given with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// When to give up, retries included.
    pub timeout: Duration,
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// As it should.
    Complete,
    /// Cut off by its length.
    Length,
    /// The agent or its server declined.
    Refusal,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What it said.
    pub text: String,
    /// What it asked.
    pub calls: Vec<ToolCall>,
    /// How it ended.
    pub stop: Stop,
    /// Tokens as the server counted them; `None` when it did not say.
    pub counted: Option<Counted>,
    /// The body that was sent.
    pub request: Value,
    /// The body that came back.
    pub response: Value,
}

/// Tokens as a server counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counted {
    /// Of the request, everything included.
    pub input: u64,
    /// Of those, read from the server's cache.
    pub cached: u64,
    /// Of those, written to it.
    pub cache_written: u64,
    /// Of the answer.
    pub output: u64,
}
