//! What agents may ask about the code, and what the gate asks to hold them to it.
//!
//! Read-only, over the indexed files only: there is no shell, no write, no network and no path outside. Implemented by
//! whoever has the program; the answers are plain text, presented and fenced here before an agent sees them.

use betwixt_findings::Category;
use serde_json::{Value, json};

use crate::chat::{Tool, ToolCall};
use crate::present::one_line;
use crate::sources::Sources;

/// A place the gate asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Path from the root.
    pub file: String,
    /// First line, from 1.
    pub line: u32,
    /// Last line.
    pub end_line: u32,
}

/// What the engine sees where a guard is said to be, judged against a sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuardSight {
    /// It is code that always runs before the sink (or compares and leaves right after it) and can refuse it, or a
    /// constraint of a table the path touches.
    Guards,
    /// No code: a comment, a text, an import, a declaration.
    NotCode,
    /// Code that has nothing to do with the path.
    NotOnPath,
    /// On the path, but not on every way to the sink, or without consequence; says which.
    NotAlwaysRun(String),
}

/// Questions about a program. All paths are from the root, all lines from 1; texts are raw, presenting is done here.
pub trait Questions: Sync {
    /// The text of an indexed file; `None` for every other path, whatever is on the disk.
    fn text(&self, file: &str) -> Option<String>;
    /// Lines that contain a text, as `file:line: text`, at most `limit`; within one folder or file if asked.
    fn search(&self, text: &str, within: Option<&str>, limit: usize) -> Vec<String>;
    /// Where a function, type, table or topic of that name is defined; one line each.
    fn definition(&self, name: &str) -> Vec<String>;
    /// Who calls a function, over calls and links; one line each.
    fn callers(&self, name: &str) -> Vec<String>;
    /// What it calls.
    fn callees(&self, name: &str) -> Vec<String>;
    /// A table: definition, indexes, tenancy, who reads and writes it.
    fn table(&self, name: &str) -> Vec<String>;
    /// A topic: who publishes, who consumes.
    fn topic(&self, name: &str) -> Vec<String>;
    /// Recent commits that touched a file, newest first; empty outside a repository.
    fn history(&self, file: &str, limit: usize) -> Vec<String>;

    /// Names of the functions around a line, innermost first; of the one that begins on it, too.
    fn functions_at(&self, file: &str, line: u32) -> Vec<String>;
    /// Whether a function around the place calls one of that name, over calls or links.
    fn has_call(&self, place: &Place, callee: &str) -> bool;
    /// Whether any function, type, table or constant has that name.
    fn is_known(&self, name: &str) -> bool;
    /// What stands where a guard is said to be; `path` is the trace of the candidate, its sink last.
    /// For a candidate of that category.
    fn guard(&self, place: &Place, path: &[Place], category: Category) -> GuardSight;
}

/// Longest answer to a question, in bytes.
const MAX_ANSWER: usize = 8_000;
/// Most lines of one read.
const MAX_LINES: u32 = 160;
/// Most hits of one search.
const MAX_HITS: usize = 40;
/// Most commits.
const MAX_COMMITS: usize = 8;

/// The tools agents are offered.
pub(crate) fn tools() -> Vec<Tool> {
    let name = |what: &str| {
        json!({"type": "object", "properties": {"name": {"type": "string", "description": what}},
        "required": ["name"], "additionalProperties": false})
    };
    let tool = |name: &'static str, description: &'static str, parameters: Value| Tool {
        name,
        description,
        parameters,
    };
    vec![
        tool(
            "read",
            "Lines of an indexed file with their numbers; at most 160 at once.",
            json!({"type": "object", "properties": {"file": {"type": "string"}, "first": {"type": "integer"}, "last": {"type": "integer"}},
                "required": ["file", "first", "last"], "additionalProperties": false}),
        ),
        tool(
            "search",
            "Lines of indexed files that contain a text, exactly and in this case; `within` is a folder or file, or empty.",
            json!({"type": "object", "properties": {"text": {"type": "string"}, "within": {"type": "string"}},
                "required": ["text", "within"], "additionalProperties": false}),
        ),
        tool(
            "definition",
            "Where something of that name is defined.",
            name("a function, type, table or topic"),
        ),
        tool(
            "callers",
            "Who calls a function, also from other services.",
            name("a function, or FILE:LINE"),
        ),
        tool(
            "callees",
            "What a function calls, also in other services.",
            name("a function, or FILE:LINE"),
        ),
        tool(
            "table",
            "A table's columns, keys and indexes, and who reads and writes it.",
            name("a table"),
        ),
        tool(
            "topic",
            "Who publishes to a topic and who consumes it.",
            name("a topic"),
        ),
        tool(
            "history",
            "The last commits that touched a file.",
            json!({"type": "object", "properties": {"file": {"type": "string"}}, "required": ["file"], "additionalProperties": false}),
        ),
    ]
}

/// Answers one call; what is wrong with it is said to the agent, so that it can ask better. Not yet fenced.
pub(crate) fn answer(questions: &dyn Questions, sources: &Sources<'_>, call: &ToolCall) -> String {
    let text = match ask(questions, sources, call) {
        Ok(text) if text.trim().is_empty() => "nothing found".to_owned(),
        Ok(text) => text,
        Err(mistake) => mistake,
    };
    shorten(text)
}

fn ask(
    questions: &dyn Questions,
    sources: &Sources<'_>,
    call: &ToolCall,
) -> Result<String, String> {
    let word = |key: &str| {
        let value = call.arguments.get(key).and_then(Value::as_str);
        value.ok_or_else(|| format!("`{}` needs `{key}`, a text", call.name))
    };
    let number = |key: &str| {
        let value = call.arguments.get(key).and_then(Value::as_u64);
        value.map(|value| u32::try_from(value).unwrap_or(u32::MAX))
    };
    let lines = |found: Vec<String>| Ok(found.join("\n"));
    match call.name.as_str() {
        "read" => {
            let first = number("first").unwrap_or(1);
            let last = number("last").unwrap_or(first.saturating_add(MAX_LINES));
            let file = word("file")?;
            sources
                .window(file, first, last, MAX_LINES)
                .ok_or_else(|| format!("`{}` is not among the indexed files", one_line(file, 200)))
        }
        "search" => {
            let text = word("text")?;
            if text.trim().len() < 2 {
                return Err("`text` is too short to search for".to_owned());
            }
            let within = word("within").ok().filter(|within| !within.is_empty());
            lines(questions.search(text, within, MAX_HITS))
        }
        "definition" => lines(questions.definition(word("name")?)),
        "callers" => lines(questions.callers(word("name")?)),
        "callees" => lines(questions.callees(word("name")?)),
        "table" => lines(questions.table(word("name")?)),
        "topic" => lines(questions.topic(word("name")?)),
        "history" => lines(questions.history(word("file")?, MAX_COMMITS)),
        other => Err(format!("there is no tool `{}`", one_line(other, 60))),
    }
}

fn shorten(mut text: String) -> String {
    if text.len() > MAX_ANSWER {
        let at = (0..=MAX_ANSWER).rev().find(|&at| text.is_char_boundary(at));
        text.truncate(at.unwrap_or(0));
        text.push_str("\n… cut; ask for less");
    }
    text
}
