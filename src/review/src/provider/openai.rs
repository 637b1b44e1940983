//! Chat completions, as OpenAI and very many others serve them: vLLM, llama.cpp, Ollama, LM Studio, OpenRouter, Azure.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use super::http::{Http, Refused, Server, trouble};
use super::ladder::{Format, Ladder, Step, may_be_form};
use super::{Agent, Trouble};
use crate::chat::{Answer, Ask, Chat, Counted, Message, Stop, ToolCall};
use crate::error::ReviewError;
use crate::prompt;

/// A server with chat completions.
pub struct OpenAi {
    name: String,
    model: String,
    http: Http,
    ladder: Ladder,
    /// Newer models refuse `max_tokens`, older servers know nothing else.
    wants_new_limit: AtomicBool,
}

impl OpenAi {
    /// Connects when it is first asked. `base_url` is the one clients are given, usually ending in `/v1`.
    ///
    /// # Errors
    /// [`ReviewError::Address`] when the address or key cannot be used.
    pub fn new(server: &Server) -> Result<Self, ReviewError> {
        let mut headers = Vec::new();
        if let Some(key) = &server.key {
            headers.push(match &server.key_header {
                Some(header) => (header.as_str(), key.clone()),
                None => ("authorization", format!("Bearer {key}")),
            });
        }
        Ok(Self {
            name: format!("openai/{}", server.model),
            model: server.model.clone(),
            http: Http::new(server, "chat/completions", &headers)?,
            ladder: Ladder::default(),
            wants_new_limit: AtomicBool::new(false),
        })
    }

    fn body(&self, chat: &Chat, step: Step) -> Value {
        let mut system = chat.system.clone();
        if step.format != Format::Schema {
            system.push('\n');
            system.push_str(&prompt::shape(&chat.answer_schema));
        }
        let mut messages = vec![json!({"role": "system", "content": system})];
        for message in &chat.messages {
            add_message(&mut messages, message, step.has_tools);
        }
        let limit = match self.wants_new_limit.load(Ordering::Relaxed) {
            true => "max_completion_tokens",
            false => "max_tokens",
        };
        let mut body =
            json!({"model": self.model, "messages": messages, limit: chat.max_output_tokens});
        match step.format {
            Format::Schema => {
                body["response_format"] = json!({"type": "json_schema", "json_schema":
                    {"name": chat.answer_name, "strict": true, "schema": chat.answer_schema}});
            }
            Format::Object => body["response_format"] = json!({"type": "json_object"}),
            Format::Said => {}
        }
        if step.has_tools && !chat.tools.is_empty() {
            let tools = chat.tools.iter().map(|tool| {
                json!({"type": "function", "function": {"name": tool.name, "description": tool.description,
                    "parameters": tool.parameters, "strict": true}})
            });
            body["tools"] = tools.collect();
            body["tool_choice"] = json!(if chat.is_last { "none" } else { "auto" });
        }
        body
    }

    /// Sends one form, with the other name of the limit if that is what the server misses.
    fn send(&self, chat: &Chat, step: Step, ask: Ask) -> Result<(Value, Value), Refused> {
        let body = self.body(chat, step);
        let refused = match self.http.post(&body, ask) {
            Ok(response) => return Ok((body, response)),
            Err(refused) => refused,
        };
        let is_limit = matches!(&refused, Refused::Status(400, said) if said.contains("max_completion_tokens"));
        if !is_limit || self.wants_new_limit.swap(true, Ordering::Relaxed) {
            return Err(refused);
        }
        let body = self.body(chat, step);
        let response = self.http.post(&body, ask)?;
        Ok((body, response))
    }
}

impl Agent for OpenAi {
    fn name(&self) -> &str {
        &self.name
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn complete(&self, chat: &Chat, ask: Ask) -> Result<Answer, Trouble> {
        let mut last = Refused::Unreached("the server understands no form of request".to_owned());
        for (index, step) in self.ladder.steps() {
            match self.send(chat, step, ask) {
                Ok((request, response)) => {
                    let answer = read(request, response).map_err(Trouble::Lost)?;
                    self.ladder.understood(index);
                    return Ok(answer);
                }
                Err(refused) => {
                    let is_form =
                        matches!(refused, Refused::Status(status, _) if may_be_form(status));
                    last = refused;
                    if !is_form {
                        break;
                    }
                }
            }
        }
        Err(trouble(&self.name, last))
    }

    fn reread(&self, request: Value, response: Value) -> Option<Answer> {
        read(request, response).ok()
    }
}

fn add_message(messages: &mut Vec<Value>, message: &Message, has_tools: bool) {
    match message {
        Message::User { text } => messages.push(json!({"role": "user", "content": text})),
        Message::Assistant { text, calls } => {
            let mut said = json!({"role": "assistant", "content": text});
            if has_tools && !calls.is_empty() {
                let calls = calls.iter().map(|call| {
                    json!({"id": call.id, "type": "function",
                        "function": {"name": call.name, "arguments": call.arguments.to_string()}})
                });
                said["tool_calls"] = calls.collect();
            }
            messages.push(said);
        }
        Message::Tools { results } if has_tools => messages.extend(results.iter().map(
            |result| json!({"role": "tool", "tool_call_id": result.id, "content": result.text}),
        )),
        Message::Tools { results } => {
            let text: Vec<&str> = results.iter().map(|result| result.text.as_str()).collect();
            messages.push(json!({"role": "user", "content": text.join("\n")}));
        }
    }
}

fn read(request: Value, response: Value) -> Result<Answer, String> {
    let choice = response
        .pointer("/choices/0")
        .ok_or("the answer has no `choices`")?;
    let message = &choice["message"];
    let calls = message["tool_calls"].as_array().map(Vec::as_slice);
    let calls = calls.unwrap_or_default().iter().enumerate().map(read_call);
    let has_refused = message["refusal"]
        .as_str()
        .is_some_and(|text| !text.is_empty());
    let stop = match choice["finish_reason"].as_str() {
        Some("content_filter") => Stop::Refusal,
        _ if has_refused => Stop::Refusal,
        Some("length") => Stop::Length,
        _ => Stop::Complete,
    };
    let usage = &response["usage"];
    let count = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64);
    let counted = count("/prompt_tokens").map(|input| Counted {
        input,
        cached: count("/prompt_tokens_details/cached_tokens")
            .unwrap_or(0)
            .min(input),
        cache_written: 0,
        output: count("/completion_tokens").unwrap_or(0),
    });
    Ok(Answer {
        text: text_of(&message["content"]),
        calls: calls.collect(),
        stop,
        counted,
        request,
        response,
    })
}

/// Content is a text, or a list of parts.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part["text"].as_str())
            .collect(),
        _ => String::new(),
    }
}

fn read_call((at, call): (usize, &Value)) -> ToolCall {
    let function = &call["function"];
    // Some servers give the arguments as a text of JSON, some as JSON.
    let arguments = match &function["arguments"] {
        Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        other => other.clone(),
    };
    let id = call["id"].as_str().filter(|id| !id.is_empty());
    ToolCall {
        id: id.map_or_else(|| format!("call_{at}"), str::to_owned),
        name: function["name"].as_str().unwrap_or_default().to_owned(),
        arguments,
    }
}
