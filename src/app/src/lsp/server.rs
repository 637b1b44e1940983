//! The loop that answers: notes what the client says, answers what it asks from what is known, never waits.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

use lsp_server::{ErrorCode, Notification, Request, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidChangeWatchedFiles, DidChangeWorkspaceFolders, DidCloseTextDocument,
    DidOpenTextDocument, DidSaveTextDocument, Notification as _, WorkDoneProgressCancel,
};
use lsp_types::request::{
    CodeActionRequest, ExecuteCommand, HoverRequest, Request as _, ShowDocument,
};
use lsp_types::{
    DidChangeTextDocumentParams, DidChangeWatchedFilesParams, DidChangeWorkspaceFoldersParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams,
    ExecuteCommandParams, FileChangeType, Uri, WorkspaceFolder,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::board::Board;
use super::client::Client;
use super::documents::{Document, Documents};
use super::worker::Job;
use super::{action, hover, uri};

/// What answering needs.
pub(super) struct Server {
    pub(super) client: Client,
    pub(super) documents: Documents,
    pub(super) board: Board,
    pub(super) jobs: Sender<Job>,
    pub(super) cancelled: Arc<AtomicBool>,
}

impl Server {
    /// The answer to a request. Everything is answered at once, so there is never one to be cancelled.
    pub(super) fn answer(&self, request: Request) -> Response {
        match request.method.as_str() {
            HoverRequest::METHOD => self.reply(request, |params| {
                hover::hover(&params, &self.board, &self.documents, self.client.can)
            }),
            CodeActionRequest::METHOD => self.reply(request, |params| {
                action::actions(&params, &self.board, &self.documents, &self.client)
            }),
            ExecuteCommand::METHOD => self.execute(request),
            method => Response::new_err(
                request.id,
                ErrorCode::MethodNotFound as i32,
                format!("`{method}` is not supported"),
            ),
        }
    }

    fn reply<P: DeserializeOwned, R: Serialize>(
        &self,
        request: Request,
        answer: impl FnOnce(P) -> R,
    ) -> Response {
        match serde_json::from_value(request.params) {
            Ok(params) => Response::new_ok(request.id, answer(params)),
            Err(error) => Response::new_err(
                request.id,
                ErrorCode::InvalidParams as i32,
                format!("`{}`: {error}", request.method),
            ),
        }
    }

    fn execute(&self, request: Request) -> Response {
        let id = request.id.clone();
        let mut is_known = true;
        let response = self.reply(request, |params: ExecuteCommandParams| {
            if params.command == action::RESCAN {
                self.tell(Job::Rescan);
            } else if let Some(target) = action::target(&params.command, &params.arguments) {
                if self.client.can.show_document {
                    self.client.request::<ShowDocument>(target);
                }
            } else {
                is_known = false;
            }
            serde_json::Value::Null
        });
        if is_known {
            return response;
        }
        let message = "unknown command or arguments".to_owned();
        Response::new_err(id, ErrorCode::InvalidParams as i32, message)
    }

    /// Notes what the client says; what cannot be understood is left alone, as the protocol asks.
    pub(super) fn note(&self, notification: Notification) {
        let method = notification.method.clone();
        let noted = match method.as_str() {
            DidOpenTextDocument::METHOD => self.with(notification, Self::opened),
            DidChangeTextDocument::METHOD => self.with(notification, Self::changed),
            DidSaveTextDocument::METHOD => self.with(notification, Self::saved),
            DidCloseTextDocument::METHOD => self.with(notification, Self::closed),
            DidChangeWatchedFiles::METHOD => self.with(notification, Self::watched),
            DidChangeWorkspaceFolders::METHOD => self.with(notification, Self::folders_changed),
            WorkDoneProgressCancel::METHOD => {
                self.cancelled.store(true, Ordering::Relaxed);
                Ok(())
            }
            _ => Ok(()),
        };
        if let Err(error) = noted {
            self.client.log(format!("betwixt: `{method}`: {error}"));
        }
    }

    fn with<P: DeserializeOwned>(
        &self,
        notification: Notification,
        note: impl FnOnce(&Self, P),
    ) -> Result<(), serde_json::Error> {
        serde_json::from_value(notification.params).map(|params| note(self, params))
    }

    fn tell(&self, job: Job) {
        // Without the thread there is nothing to be told; answering goes on.
        let _ = self.jobs.send(job);
    }

    fn opened(&self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        let Some(path) = uri::to_path(&document.uri) else {
            return;
        };
        let text: Arc<str> = document.text.into();
        self.documents.open(
            path.clone(),
            Document {
                uri: document.uri,
                version: document.version,
                text: Arc::clone(&text),
            },
        );
        self.tell(Job::Opened(path, text));
    }

    fn changed(&self, params: DidChangeTextDocumentParams) {
        let Some(path) = uri::to_path(&params.text_document.uri) else {
            return;
        };
        // Whole texts are what we asked for; the last one holds.
        if let Some(change) = params.content_changes.last() {
            self.documents
                .change(&path, params.text_document.version, &change.text);
            self.tell(Job::Edited(path));
        }
    }

    fn saved(&self, params: DidSaveTextDocumentParams) {
        if let Some(path) = uri::to_path(&params.text_document.uri) {
            if is_configuration(&path) {
                self.tell(Job::Configured);
            }
            self.tell(Job::Saved(path));
        }
    }

    fn closed(&self, params: DidCloseTextDocumentParams) {
        if let Some(path) = uri::to_path(&params.text_document.uri) {
            self.documents.close(&path);
            self.tell(Job::Edited(path));
        }
    }

    fn watched(&self, params: DidChangeWatchedFilesParams) {
        let mut touched = Vec::new();
        let (mut is_listed, mut is_configured) = (false, false);
        for change in params.changes {
            let Some(path) = uri::to_path(&change.uri) else {
                continue;
            };
            is_configured |= is_configuration(&path);
            is_listed |= change.typ != FileChangeType::CHANGED || is_manifest(&path);
            touched.push(path);
        }
        if is_configured {
            self.tell(Job::Configured);
        }
        if is_listed {
            self.tell(Job::Listed);
        }
        self.tell(Job::Touched(touched));
    }

    fn folders_changed(&self, params: DidChangeWorkspaceFoldersParams) {
        self.tell(Job::Removed(paths(&params.event.removed)));
        self.tell(Job::Added(paths(&params.event.added)));
    }
}

/// The folders that are on disk.
pub(super) fn paths(folders: &[WorkspaceFolder]) -> Vec<PathBuf> {
    let uris = folders.iter().map(|folder| &folder.uri);
    uris.filter_map(|uri: &Uri| uri::to_path(uri)).collect()
}

/// What says which rules run and how.
fn is_configuration(path: &Path) -> bool {
    let is_ours = path.components().any(|part| part.as_os_str() == ".betwixt");
    let is_cached = path.components().any(|part| part.as_os_str() == "cache");
    path.file_name()
        .is_some_and(|name| name == crate::config::FILE_NAME)
        || (is_ours && !is_cached)
}

/// What says where services, packages and modules are.
fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("json" | "mod" | "toml" | "yml" | "yaml")) || extension.is_none()
}

/// Which files are worth watching, as patterns of the protocol.
pub(super) const WATCHED: [&str; 3] = [
    "**/*.{go,ts,tsx,mts,cts,js,jsx,mjs,cjs,rs,sql,prisma,proto}",
    "**/{betwixt.toml,go.mod,package.json,tsconfig.json,Cargo.toml,Dockerfile,compose.yml,compose.yaml,docker-compose.yml,docker-compose.yaml}",
    "**/.betwixt/{rules,models}/**",
];
