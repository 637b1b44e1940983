//! The editor's side: the Language Server Protocol over standard input and output.
//!
//! Two threads share what is open ([`documents`]) and what is shown ([`board`]): [`server`] answers at once from what
//! is known, [`worker`] analyses and publishes. All facts of a folder stay in memory ([`tree`]); after a save only
//! that file is lowered again. Diagnostics of the whole workspace are pushed; hovers and code actions ask the board.

mod action;
mod board;
mod client;
mod diagnostic;
mod documents;
mod hover;
mod position;
mod server;
mod shift;
mod tree;
mod uri;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc;

use lsp_server::{Connection, Message, ProtocolError};
use lsp_types::request::RegisterCapability;
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability,
    DidChangeWatchedFilesRegistrationOptions, ExecuteCommandOptions, FileSystemWatcher,
    GlobPattern, HoverProviderCapability, InitializeParams, OneOf, Registration,
    RegistrationParams, SaveOptions, ServerCapabilities, TextDocumentSyncCapability,
    TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions,
    WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::{terminal, threads};
use board::Board;
use client::{Abilities, Client};
use documents::Documents;
use server::{Server, WATCHED};
use worker::{Job, Worker};

/// Serves a client on standard input and output until it says goodbye; gives the exit status the protocol asks for.
pub fn run(jobs: u16) -> Result<u8, Failure> {
    // The threads of the connection are not waited for: they end when the process does.
    let (connection, _io) = Connection::stdio();
    serve(&connection, jobs)
}

/// Serves a client on any connection; `jobs` as in [`threads::pool`]. 0 after an orderly shutdown, 1 without one.
pub fn serve(connection: &Connection, jobs: u16) -> Result<u8, Failure> {
    match talk(connection, jobs) {
        Ok(code) => Ok(code),
        Err(Trouble::Failure(failure)) => Err(failure),
        Err(Trouble::Protocol(error)) => {
            let hint = "an editor starts this command and speaks first";
            terminal::complain(&format!("betwixt lsp: {error}; {hint}\n"));
            Ok(1)
        }
    }
}

enum Trouble {
    Failure(Failure),
    Protocol(ProtocolError),
}

impl From<ProtocolError> for Trouble {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

fn talk(connection: &Connection, n_threads: u16) -> Result<u8, Trouble> {
    let pool = threads::pool(n_threads).map_err(Trouble::Failure)?;
    let (id, params) = connection.initialize_start()?;
    let options = params["initializationOptions"].clone();
    let params: InitializeParams = serde_json::from_value(params).unwrap_or_default();
    let can = Abilities::of(&params.capabilities);
    connection.initialize_finish(
        id,
        json!({
            "capabilities": capabilities(can),
            "serverInfo": { "name": "betwixt", "version": env!("CARGO_PKG_VERSION") },
        }),
    )?;
    let sender = connection.sender.clone();
    let client = Client::new(can, move |message| {
        // A client that has gone away hears nothing.
        let _ = sender.send(message);
    });
    watch_files(&client);
    let (jobs, inbox) = mpsc::channel();
    let server = Server {
        client: client.clone(),
        documents: Documents::default(),
        board: Board::default(),
        jobs,
        cancelled: Arc::new(AtomicBool::new(false)),
    };
    let worker = Worker::new(
        client,
        server.documents.clone(),
        server.board.clone(),
        pool,
        Arc::clone(&server.cancelled),
        options["checkOn"] != "save",
    );
    std::thread::Builder::new()
        .name("betwixt-analysis".to_owned())
        .spawn(move || worker.run(&inbox))
        .map_err(|error| {
            Trouble::Failure(Failure::Internal(format!("cannot start a thread: {error}")))
        })?;
    let _ = server.jobs.send(Job::Added(folders(&params)));
    let code = converse(connection, &server);
    server
        .cancelled
        .store(true, std::sync::atomic::Ordering::Relaxed);
    code.map_err(Trouble::from)
}

fn converse(connection: &Connection, server: &Server) -> Result<u8, ProtocolError> {
    for message in &connection.receiver {
        match message {
            Message::Request(request) => {
                if connection.handle_shutdown(&request)? {
                    return Ok(0);
                }
                let id = request.id.clone();
                let response =
                    crate::guard::catch(|| server.answer(request)).unwrap_or_else(|bug| {
                        let code = lsp_server::ErrorCode::InternalError as i32;
                        lsp_server::Response::new_err(id, code, format!("a bug in betwixt: {bug}"))
                    });
                server.client.send(response.into());
            }
            Message::Notification(notification) if notification.method == "exit" => return Ok(1),
            Message::Notification(notification) => server.note(notification),
            Message::Response(_) => {}
        }
    }
    Ok(1)
}

fn capabilities(can: Abilities) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(can.encoding.kind()),
        text_document_sync: Some(TextDocumentSyncCapability::Options(
            TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(TextDocumentSyncKind::FULL),
                save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions {
                    include_text: Some(false),
                })),
                ..TextDocumentSyncOptions::default()
            },
        )),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, CodeActionKind::EMPTY]),
            ..CodeActionOptions::default()
        })),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: [action::OPEN_TRACE, action::WRITE_REASON, action::RESCAN]
                .map(str::to_owned)
                .to_vec(),
            ..ExecuteCommandOptions::default()
        }),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            file_operations: None,
        }),
        ..ServerCapabilities::default()
    }
}

/// The folders of the workspace, or the one folder of clients that know no workspaces.
fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    if let Some(folders) = &params.workspace_folders {
        return server::paths(folders);
    }
    #[expect(deprecated, reason = "older clients send nothing else")]
    let root = params.root_uri.as_ref();
    root.and_then(uri::to_path).into_iter().collect()
}

fn watch_files(client: &Client) {
    if !client.can.watched_files {
        return;
    }
    let watchers = WATCHED.map(|pattern| FileSystemWatcher {
        glob_pattern: GlobPattern::String(pattern.to_owned()),
        kind: None,
    });
    let options = DidChangeWatchedFilesRegistrationOptions {
        watchers: watchers.to_vec(),
    };
    client.request::<RegisterCapability>(RegistrationParams {
        registrations: vec![Registration {
            id: "betwixt-files".to_owned(),
            method: "workspace/didChangeWatchedFiles".to_owned(),
            register_options: serde_json::to_value(options)
                .ok()
                .filter(|value| *value != Value::Null),
        }],
    });
}
