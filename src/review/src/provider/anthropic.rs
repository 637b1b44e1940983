//! Messages, as Anthropic serves them: tools, the answer as one of them, prompts cached.
//!
//! The answer is asked for as a call of the tool `answer`, whose arguments have its shape; a server that gives it as text
//! instead is understood, too.

use serde_json::{Value, json};

use super::http::{Http, Server, trouble};
use super::{Agent, Trouble};
use crate::chat::{Answer, Ask, Chat, Counted, Message, Stop, ToolCall};
use crate::error::ReviewError;
use crate::prompt;

/// A server with messages.
pub struct Anthropic {
    name: String,
    model: String,
    http: Http,
}

/// The tool whose call is the answer.
const ANSWER: &str = "answer";

impl Anthropic {
    /// Connects when it is first asked. `base_url` is the one clients are given, without `/v1`.
    ///
    /// # Errors
    /// [`ReviewError::Address`] when the address or key cannot be used.
    pub fn new(server: &Server) -> Result<Self, ReviewError> {
        let mut headers = vec![("anthropic-version", "2023-06-01".to_owned())];
        if let Some(key) = &server.key {
            let header = server.key_header.as_deref().unwrap_or("x-api-key");
            headers.push((header, key.clone()));
        }
        let path = match server.base_url.trim_end_matches('/').ends_with("/v1") {
            true => "messages",
            false => "v1/messages",
        };
        Ok(Self {
            name: format!("anthropic/{}", server.model),
            model: server.model.clone(),
            http: Http::new(server, path, &headers)?,
        })
    }

    fn body(&self, chat: &Chat) -> Value {
        let cached = json!({"type": "ephemeral"});
        let mut messages: Vec<Value> = chat.messages.iter().map(message).collect();
        // The case file is the same in every turn; up to here the server may keep it.
        if let Some(first) = messages.first_mut() {
            first["content"][0]["cache_control"] = cached.clone();
        }
        let mut tools: Vec<Value> = chat
            .tools
            .iter()
            .map(|tool| {
                json!({"name": tool.name, "description": tool.description, "input_schema": tool.parameters})
            })
            .collect();
        tools.push(
            json!({"name": ANSWER, "description": "Gives the answer; ends the conversation.",
            "input_schema": chat.answer_schema}),
        );
        let choice = match chat.is_last || chat.tools.is_empty() {
            true => json!({"type": "tool", "name": ANSWER}),
            false => json!({"type": "any"}),
        };
        let shape = prompt::shape(&chat.answer_schema);
        let system = format!(
            "{}\nGive the answer by calling the tool `{ANSWER}`. Where you cannot: {shape}",
            chat.system
        );
        json!({
            "model": self.model,
            "max_tokens": chat.max_output_tokens,
            "system": [{"type": "text", "text": system, "cache_control": cached}],
            "messages": messages,
            "tools": tools,
            "tool_choice": choice,
        })
    }
}

impl Agent for Anthropic {
    fn name(&self) -> &str {
        &self.name
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn complete(&self, chat: &Chat, ask: Ask) -> Result<Answer, Trouble> {
        let request = self.body(chat);
        let response = self
            .http
            .post(&request, ask)
            .map_err(|refused| trouble(&self.name, refused))?;
        read(request, response).map_err(Trouble::Lost)
    }

    fn reread(&self, request: Value, response: Value) -> Option<Answer> {
        read(request, response).ok()
    }
}

fn message(message: &Message) -> Value {
    match message {
        Message::User { text } => {
            json!({"role": "user", "content": [{"type": "text", "text": text}]})
        }
        Message::Assistant { text, calls } => {
            let mut content = Vec::new();
            if !text.trim().is_empty() {
                content.push(json!({"type": "text", "text": text}));
            }
            content.extend(calls.iter().map(|call| {
                let input = match &call.arguments {
                    Value::Null => json!({}),
                    arguments => arguments.clone(),
                };
                json!({"type": "tool_use", "id": call.id, "name": call.name, "input": input})
            }));
            if content.is_empty() {
                content.push(json!({"type": "text", "text": "(nothing)"}));
            }
            json!({"role": "assistant", "content": content})
        }
        Message::Tools { results } => {
            let content = results.iter().map(|result| {
                json!({"type": "tool_result", "tool_use_id": result.id, "content": result.text})
            });
            json!({"role": "user", "content": content.collect::<Vec<Value>>()})
        }
    }
}

fn read(request: Value, response: Value) -> Result<Answer, String> {
    let blocks = response["content"]
        .as_array()
        .ok_or("the answer has no `content`")?;
    let (mut text, mut calls) = (String::new(), Vec::new());
    let mut given: Option<String> = None;
    for (at, block) in blocks.iter().enumerate() {
        match block["type"].as_str() {
            Some("text") => text.push_str(block["text"].as_str().unwrap_or_default()),
            Some("tool_use") if block["name"] == ANSWER => given = Some(block["input"].to_string()),
            Some("tool_use") => calls.push(ToolCall {
                id: block["id"]
                    .as_str()
                    .map_or_else(|| format!("call_{at}"), str::to_owned),
                name: block["name"].as_str().unwrap_or_default().to_owned(),
                arguments: block["input"].clone(),
            }),
            _ => {}
        }
    }
    // Whoever answers has no more questions.
    if let Some(given) = given {
        text = given;
        calls.clear();
    }
    let stop = match response["stop_reason"].as_str() {
        Some("refusal") => Stop::Refusal,
        Some("max_tokens" | "model_context_window_exceeded") => Stop::Length,
        _ => Stop::Complete,
    };
    let usage = &response["usage"];
    let count = |key: &str| usage[key].as_u64();
    let counted = count("input_tokens").map(|plain| {
        let cached = count("cache_read_input_tokens").unwrap_or(0);
        let cache_written = count("cache_creation_input_tokens").unwrap_or(0);
        Counted {
            input: plain + cached + cache_written,
            cached,
            cache_written,
            output: count("output_tokens").unwrap_or(0),
        }
    });
    Ok(Answer {
        text,
        calls,
        stop,
        counted,
        request,
        response,
    })
}
