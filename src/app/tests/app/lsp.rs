//! The language server, spoken to as an editor does.

use std::path::Path;
use std::time::Duration;

use betwixt_app::lsp::serve;
use lsp_server::{Connection, Message, Notification, Request};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::write;

const LIMIT: Duration = Duration::from_secs(60);

const CODE: &str = include_str!("../../../../testdata/cli/report.in/shop/main.go");
const SCHEMA: &str = include_str!("../../../../testdata/cli/report.in/shop/db/schema.sql");
const RULE: &str = "tenant-isolation/missing-tenant-filter";

/// An editor with one folder open.
struct Editor {
    connection: Connection,
    folder: TempDir,
    next_id: i32,
    server: Option<std::thread::JoinHandle<u8>>,
}

impl Editor {
    /// Opens a folder with one hit, in a path that has to be encoded.
    fn start(capabilities: Value) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "a b/é%/main.go", CODE);
        write(folder.path(), "a b/é%/db/schema.sql", SCHEMA);
        let (server, connection) = Connection::memory();
        let server = std::thread::spawn(move || serve(&server, 1).expect("an orderly end"));
        let mut editor = Self {
            connection,
            folder,
            next_id: 0,
            server: Some(server),
        };
        let uri = editor.uri("a b/é%");
        let answer = editor.ask(
            "initialize",
            json!({
                "processId": null,
                "capabilities": capabilities,
                "workspaceFolders": [{ "uri": uri, "name": "shop" }],
            }),
        );
        assert_eq!(answer["serverInfo"]["name"], "betwixt");
        editor.tell("initialized", json!({}));
        editor
    }

    fn uri(&self, path: &str) -> String {
        let path = self.folder.path().join(path);
        betwixt_report::uri::file(path.to_str().expect("test paths are UTF-8"))
    }

    fn code(&self) -> String {
        self.uri("a b/é%/main.go")
    }

    fn tell(&self, method: &str, params: Value) {
        let message = Notification::new(method.to_owned(), params);
        self.connection
            .sender
            .send(message.into())
            .expect("a server");
    }

    fn next(&self) -> Message {
        self.connection
            .receiver
            .recv_timeout(LIMIT)
            .expect("a message in time")
    }

    /// The answer to a request; everything else that comes first is dropped.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next_id += 1;
        let request = Request::new(self.next_id.into(), method.to_owned(), params);
        self.connection
            .sender
            .send(request.into())
            .expect("a server");
        loop {
            if let Message::Response(response) = self.next() {
                assert_eq!(response.id, self.next_id.into());
                return match response.response_result {
                    Ok(result) => result,
                    Err(error) => json!({ "error": error.code }),
                };
            }
        }
    }

    /// The parameters of the next notification or request of that method.
    fn wait_for(&self, wanted: &str) -> Value {
        loop {
            match self.next() {
                Message::Notification(one) if one.method == wanted => return one.params,
                Message::Request(one) if one.method == wanted => return one.params,
                _ => {}
            }
        }
    }

    /// The next diagnostics of the file with code.
    fn diagnostics(&self) -> Vec<Value> {
        loop {
            let params = self.wait_for("textDocument/publishDiagnostics");
            if params["uri"] == self.code() {
                return params["diagnostics"].as_array().expect("a list").clone();
            }
        }
    }

    /// Waits until the file with code has diagnostics of just these codes.
    fn until(&self, wanted: &[&str]) {
        loop {
            let diagnostics = self.diagnostics();
            let mut codes: Vec<&str> = diagnostics
                .iter()
                .map(|one| one["code"].as_str().unwrap_or_default())
                .collect();
            codes.sort_unstable();
            if codes == wanted {
                return;
            }
        }
    }

    fn open(&self) {
        self.tell(
            "textDocument/didOpen",
            json!({ "textDocument": { "uri": self.code(), "languageId": "go", "version": 1, "text": CODE } }),
        );
    }

    fn change(&self, version: i32, text: &str) {
        self.tell(
            "textDocument/didChange",
            json!({
                "textDocument": { "uri": self.code(), "version": version },
                "contentChanges": [{ "text": text }],
            }),
        );
    }

    fn save(&self, text: &str) {
        write(self.folder.path(), "a b/é%/main.go", text);
        self.tell(
            "textDocument/didSave",
            json!({ "textDocument": { "uri": self.code() } }),
        );
    }

    fn actions(&mut self, diagnostic: &Value) -> Vec<Value> {
        let answer = self.ask(
            "textDocument/codeAction",
            json!({
                "textDocument": { "uri": self.code() },
                "range": diagnostic["range"],
                "context": { "diagnostics": [diagnostic] },
            }),
        );
        answer.as_array().expect("a list").clone()
    }

    fn stop(mut self) -> u8 {
        assert_eq!(self.ask("shutdown", Value::Null), Value::Null);
        self.tell("exit", Value::Null);
        let server = self.server.take().expect("stopped once");
        server.join().expect("no panic")
    }
}

/// What a large editor can.
fn everything() -> Value {
    json!({
        "general": { "positionEncodings": ["utf-16"] },
        "window": { "workDoneProgress": true, "showDocument": { "support": true } },
        "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } },
        "textDocument": {
            "publishDiagnostics": { "relatedInformation": true, "codeDescriptionSupport": true, "dataSupport": true },
            "hover": { "contentFormat": ["markdown"] },
            "codeAction": { "codeActionLiteralSupport": { "codeActionKind": { "valueSet": ["quickfix"] } } },
        },
    })
}

/// The text after the first edit of an action.
fn edited(action: &Value, text: &str) -> String {
    let by_uri = action["edit"]["changes"]
        .as_object()
        .expect("edits by file");
    let edit = &by_uri.values().next().expect("one file")[0];
    let line = edit["range"]["start"]["line"].as_u64().expect("a line") as usize;
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    lines.insert(line, edit["newText"].as_str().expect("a text").to_owned());
    lines.concat()
}

#[test]
fn a_hit_is_shown_with_its_path_and_its_rule() {
    let mut editor = Editor::start(everything());
    let watched = editor.wait_for("client/registerCapability");
    assert_eq!(
        watched["registrations"][0]["method"],
        "workspace/didChangeWatchedFiles"
    );
    let begun = editor.wait_for("$/progress");
    assert_eq!(begun["value"]["kind"], "begin");
    let diagnostics = editor.diagnostics();
    assert_eq!(diagnostics.len(), 1, "{diagnostics:#?}");
    let one = &diagnostics[0];
    assert_eq!(one["code"], RULE);
    assert_eq!(one["severity"], 1);
    assert_eq!(one["range"]["start"], json!({ "line": 11, "character": 8 }));
    assert!(
        one["codeDescription"]["href"]
            .as_str()
            .is_some_and(|href| href.starts_with("https://"))
    );
    let related = one["relatedInformation"].as_array().expect("a path");
    assert_eq!(related.len(), 3);
    assert_eq!(
        related[2]["location"]["uri"],
        editor.uri("a b/é%/db/schema.sql")
    );
    let hover = editor.ask(
        "textDocument/hover",
        json!({ "textDocument": { "uri": editor.code() }, "position": { "line": 11, "character": 20 } }),
    );
    let text = hover["contents"]["value"].as_str().expect("a text");
    assert!(
        text.contains("## Why it is a bug") && text.contains("main.go#L10"),
        "{text}"
    );
    let nothing = editor.ask(
        "textDocument/hover",
        json!({ "textDocument": { "uri": editor.code() }, "position": { "line": 0, "character": 0 } }),
    );
    assert_eq!(nothing, Value::Null);
    assert_eq!(editor.stop(), 0);
}

#[test]
fn a_suppression_holds_once_it_has_a_reason() {
    let mut editor = Editor::start(everything());
    let hit = editor.diagnostics().remove(0);
    editor.open();
    let actions = editor.actions(&hit);
    let suppress = actions
        .iter()
        .find(|action| action["kind"] == "quickfix")
        .expect("an action");
    let text = edited(suppress, CODE);
    assert!(
        text.contains(&format!("\n\t// betwixt: ignore[{RULE}] \n\trow :=")),
        "{text}"
    );
    editor.ask("workspace/executeCommand", suppress["command"].clone());
    editor.change(2, &text);
    editor.until(&["suppression", RULE]);
    let text = text.replace("] \n", "] support may see all orders\n");
    editor.change(3, &text);
    editor.save(&text);
    editor.until(&[]);
    assert_eq!(editor.stop(), 0);
}

#[test]
fn a_comment_more_moves_a_hit_and_nothing_is_asked_again() {
    let editor = Editor::start(everything());
    let before = editor.diagnostics().remove(0);
    editor.open();
    let text = format!("// Orders.\n{}", CODE.replace("row :=", "row /* one */ :="));
    editor.change(2, &text);
    editor.save(&text);
    let after = editor.diagnostics().remove(0);
    assert_eq!(after["range"]["start"]["line"], 12);
    assert_eq!(
        after["range"]["start"]["character"].as_u64(),
        before["range"]["start"]["character"]
            .as_u64()
            .map(|at| at + 10)
    );
    let related = &after["relatedInformation"];
    assert_eq!(related.as_array().map(Vec::len), Some(3));
    let log = editor.wait_for("window/logMessage");
    let text = log["message"].as_str().unwrap_or_default();
    assert!(text.contains("linking 0, rules 0"), "{text}");
    assert_eq!(editor.stop(), 0);
}

#[test]
fn a_change_elsewhere_changes_what_is_shown_here() {
    let editor = Editor::start(everything());
    assert_eq!(editor.diagnostics().len(), 1);
    let schema = "a b/é%/db/schema.sql";
    write(
        editor.folder.path(),
        schema,
        SCHEMA.replace("tenant_id", "colour"),
    );
    editor.tell(
        "workspace/didChangeWatchedFiles",
        json!({ "changes": [{ "uri": editor.uri(schema), "type": 2 }] }),
    );
    assert_eq!(editor.diagnostics().len(), 0);
    std::fs::remove_file(editor.folder.path().join("a b/é%/main.go")).expect("a file");
    write(editor.folder.path(), schema, SCHEMA);
    write(editor.folder.path(), "a b/é%/other.go", CODE);
    editor.tell(
        "workspace/didChangeWatchedFiles",
        json!({ "changes": [
            { "uri": editor.uri(schema), "type": 2 },
            { "uri": editor.code(), "type": 3 },
            { "uri": editor.uri("a b/é%/other.go"), "type": 1 },
        ] }),
    );
    let shown = editor.wait_for("textDocument/publishDiagnostics");
    assert_eq!(shown["uri"], editor.uri("a b/é%/other.go"));
    assert_eq!(editor.stop(), 0);
}

#[test]
fn a_step_of_the_path_is_opened() {
    let mut editor = Editor::start(everything());
    let hit = editor.diagnostics().remove(0);
    let actions = editor.actions(&hit);
    let open: Vec<&Value> = actions
        .iter()
        .filter(|action| action["command"]["command"] == "betwixt.openTrace")
        .collect();
    assert_eq!(open.len(), 3, "{actions:#?}");
    editor.ask("workspace/executeCommand", open[2]["command"].clone());
    editor.ask("workspace/executeCommand", open[0]["command"].clone());
    // The first was asked for before the answers were, and has been dropped with what came before them.
    editor.tell("$/setTrace", json!({ "value": "off" }));
    editor.ask(
        "workspace/executeCommand",
        json!({ "command": "betwixt.rescan" }),
    );
    assert_eq!(editor.stop(), 0);
}

#[test]
fn a_client_that_can_little_gets_what_it_can_show() {
    let mut editor = Editor::start(json!({}));
    let one = editor.diagnostics().remove(0);
    for extra in ["relatedInformation", "codeDescription", "data"] {
        assert_eq!(one[extra], Value::Null, "{extra}");
    }
    let text = one["message"].as_str().expect("a text");
    assert!(text.contains("\n1. main.go:10 entry"), "{text}");
    assert!(editor.actions(&one).is_empty());
    assert_eq!(
        editor.ask("textDocument/definition", json!({})),
        json!({ "error": -32601 })
    );
    assert_eq!(
        editor.ask("textDocument/hover", json!([])),
        json!({ "error": -32602 })
    );
    assert_eq!(
        editor.ask(
            "workspace/executeCommand",
            json!({ "command": "betwixt.openTrace", "arguments": [7] })
        ),
        json!({ "error": -32602 })
    );
    assert_eq!(editor.stop(), 0);
}

#[test]
fn a_broken_configuration_is_told_and_mending_it_helps() {
    let editor = Editor::start(json!({}));
    assert_eq!(editor.diagnostics().len(), 1);
    let config = "a b/é%/betwixt.toml";
    let touch = |text: &str| {
        write(editor.folder.path(), config, text);
        editor.tell(
            "workspace/didChangeWatchedFiles",
            json!({ "changes": [{ "uri": editor.uri(config), "type": 2 }] }),
        );
    };
    touch("[scan]\nexclud = []\n");
    let told = editor.wait_for("window/showMessage");
    assert_eq!(told["type"], 1);
    assert!(
        told["message"]
            .as_str()
            .is_some_and(|text| text.contains("exclude")),
        "{told}"
    );
    touch(&format!("[rules.\"{RULE}\"]\nenabled = false\n"));
    assert_eq!(editor.diagnostics().len(), 0);
    assert_eq!(editor.stop(), 0);
}

#[test]
fn a_lost_file_is_said_once() {
    let editor = Editor::start(json!({}));
    assert_eq!(editor.diagnostics().len(), 1);
    let broken = "a b/é%/broken.go";
    write(editor.folder.path(), broken, b"package main // \xff\n");
    editor.tell(
        "workspace/didChangeWatchedFiles",
        json!({ "changes": [{ "uri": editor.uri(broken), "type": 1 }] }),
    );
    let told = loop {
        let message = editor.wait_for("window/logMessage");
        if message["type"] == 2 {
            break message;
        }
    };
    assert!(
        told["message"]
            .as_str()
            .is_some_and(|text| text.contains("broken.go: not UTF-8")),
        "{told}"
    );
    assert_eq!(editor.stop(), 0);
}

#[test]
fn leaving_without_a_word_ends_the_server() {
    let mut editor = Editor::start(json!({}));
    editor.tell("exit", Value::Null);
    let server = editor.server.take().expect("stopped once");
    assert_eq!(server.join().expect("no panic"), 1);
    assert!(Path::new(editor.folder.path()).is_dir());
}
