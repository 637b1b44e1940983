//! The other side: what it can, and how it is spoken to.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use lsp_server::{Message, Notification, Request};
use lsp_types::notification::{LogMessage, Progress, ShowMessage};
use lsp_types::request::WorkDoneProgressCreate;
use lsp_types::{
    ClientCapabilities, LogMessageParams, MessageType, ProgressParams, ProgressParamsValue,
    ProgressToken, ShowMessageParams, WorkDoneProgress, WorkDoneProgressBegin,
    WorkDoneProgressCreateParams, WorkDoneProgressEnd, WorkDoneProgressReport,
};
use serde::Serialize;

use super::position::Encoding;

/// What the client said it can, as far as it changes what we do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Abilities {
    /// What columns count.
    pub(super) encoding: Encoding,
    /// Shows places that belong to a diagnostic.
    pub(super) related_information: bool,
    /// Links the code of a diagnostic.
    pub(super) code_description: bool,
    /// Gives back what a diagnostic carries.
    pub(super) diagnostic_data: bool,
    /// Takes edits of documents with their versions, not only texts by URI.
    pub(super) document_changes: bool,
    /// Takes code actions, not only commands.
    pub(super) code_actions: bool,
    /// Renders Markdown in hovers.
    pub(super) markdown: bool,
    /// Can be asked to show a document.
    pub(super) show_document: bool,
    /// Shows progress.
    pub(super) progress: bool,
    /// Can be asked to watch files.
    pub(super) watched_files: bool,
}

impl Abilities {
    pub(super) fn of(capabilities: &ClientCapabilities) -> Self {
        let document = capabilities.text_document.as_ref();
        let diagnostics = document.and_then(|document| document.publish_diagnostics.as_ref());
        let actions = document.and_then(|document| document.code_action.as_ref());
        let hover = document.and_then(|document| document.hover.as_ref());
        let window = capabilities.window.as_ref();
        let general = capabilities.general.as_ref();
        let workspace = capabilities.workspace.as_ref();
        Self {
            encoding: Encoding::choose(
                general.and_then(|general| general.position_encodings.as_deref()),
            ),
            related_information: diagnostics
                .is_some_and(|can| can.related_information == Some(true)),
            code_description: diagnostics
                .is_some_and(|can| can.code_description_support == Some(true)),
            diagnostic_data: diagnostics.is_some_and(|can| can.data_support == Some(true)),
            document_changes: workspace
                .and_then(|workspace| workspace.workspace_edit.as_ref())
                .is_some_and(|can| can.document_changes == Some(true)),
            code_actions: actions.is_some_and(|can| can.code_action_literal_support.is_some()),
            markdown: hover
                .and_then(|can| can.content_format.as_ref())
                .is_some_and(|formats| formats.contains(&lsp_types::MarkupKind::Markdown)),
            show_document: window
                .and_then(|window| window.show_document.as_ref())
                .is_some_and(|can| can.support),
            progress: window.is_some_and(|window| window.work_done_progress == Some(true)),
            watched_files: workspace
                .and_then(|workspace| workspace.did_change_watched_files)
                .is_some_and(|can| can.dynamic_registration == Some(true)),
        }
    }
}

/// Sends to the client; cheap to clone, usable from any thread. A client that has gone away hears nothing.
#[derive(Clone)]
pub(super) struct Client {
    send: Arc<dyn Fn(Message) + Send + Sync>,
    next_id: Arc<AtomicI32>,
    /// What it can.
    pub(super) can: Abilities,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("can", &self.can)
            .finish_non_exhaustive()
    }
}

impl Client {
    pub(super) fn new(can: Abilities, send: impl Fn(Message) + Send + Sync + 'static) -> Self {
        Self {
            send: Arc::new(send),
            next_id: Arc::default(),
            can,
        }
    }

    pub(super) fn send(&self, message: Message) {
        (self.send)(message);
    }

    pub(super) fn notify<N: lsp_types::notification::Notification>(&self, params: N::Params)
    where
        N::Params: Serialize,
    {
        self.send(Notification::new(N::METHOD.to_owned(), params).into());
    }

    /// Asks for something whose answer changes nothing for us.
    pub(super) fn request<R: lsp_types::request::Request>(&self, params: R::Params)
    where
        R::Params: Serialize,
    {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let id = format!("betwixt-{id}").into();
        self.send(Request::new(id, R::METHOD.to_owned(), params).into());
    }

    /// A line in the client's log.
    pub(super) fn log(&self, message: impl Into<String>) {
        self.notify::<LogMessage>(LogMessageParams {
            typ: MessageType::LOG,
            message: message.into(),
        });
    }

    /// A line in the client's log that somebody should read.
    pub(super) fn warn(&self, message: impl Into<String>) {
        self.notify::<LogMessage>(LogMessageParams {
            typ: MessageType::WARNING,
            message: message.into(),
        });
    }

    /// A message the user sees.
    pub(super) fn show(&self, typ: MessageType, message: impl Into<String>) {
        self.notify::<ShowMessage>(ShowMessageParams {
            typ,
            message: message.into(),
        });
    }

    /// Starts to tell how far something is; ends when the value is dropped.
    pub(super) fn working(&self, title: &str) -> Working {
        let n = self.next_id.fetch_add(1, Ordering::Relaxed);
        let token = ProgressToken::String(format!("betwixt-progress-{n}"));
        let working = Working {
            client: self.clone(),
            token: token.clone(),
        };
        if self.can.progress {
            self.request::<WorkDoneProgressCreate>(WorkDoneProgressCreateParams { token });
            working.tell(WorkDoneProgress::Begin(WorkDoneProgressBegin {
                title: title.to_owned(),
                cancellable: Some(true),
                message: None,
                percentage: Some(0),
            }));
        }
        working
    }
}

/// One thing that takes time.
#[derive(Debug)]
pub(super) struct Working {
    client: Client,
    token: ProgressToken,
}

impl Working {
    pub(super) fn report(&self, percentage: u32, message: &str) {
        self.tell(WorkDoneProgress::Report(WorkDoneProgressReport {
            cancellable: Some(true),
            message: Some(message.to_owned()),
            percentage: Some(percentage.min(100)),
        }));
    }

    fn tell(&self, value: WorkDoneProgress) {
        if self.client.can.progress {
            let value = ProgressParamsValue::WorkDone(value);
            let token = self.token.clone();
            self.client
                .notify::<Progress>(ProgressParams { token, value });
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.tell(WorkDoneProgress::End(WorkDoneProgressEnd { message: None }));
    }
}
