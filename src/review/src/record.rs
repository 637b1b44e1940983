//! Answers written to files and read from them again, so that a run needs no network.
//!
//! A request is found by what is asked: the chat without its random markers, and for whom. One file for each; it holds
//! the answer, and the request as it was sent for people to read. Keys are in headers and never here.

use std::fs;
use std::path::{Path, PathBuf};

use betwixt_findings::ActorRole;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::case::HISTORY;
use crate::chat::{Answer, Ask, Chat, Message};
use crate::error::ReviewError;
use crate::fence::{marker, without_markers, without_section};
use crate::provider::{Agent, Trouble};

/// What is in a file.
#[derive(Debug, Serialize, Deserialize)]
struct Recorded {
    schema: String,
    agent: String,
    answer: Answer,
}

const SCHEMA: &str = "betwixt.exchange/1";

/// What is asked, whatever its random markers and the commits around it.
pub(crate) fn key(role: ActorRole, chat: &Chat) -> String {
    let mut chat = chat.clone();
    // Commits come and go; a case file is the same one without them.
    if let Some(Message::User { text }) = chat.messages.first_mut() {
        *text = without_section(text, HISTORY);
    }
    let text = serde_json::to_string(&chat).unwrap_or_default();
    let mut hasher = blake3::Hasher::new();
    hasher.update(role.name().as_bytes());
    hasher.update(without_markers(&text).as_bytes());
    hasher.finalize().to_hex()[..24].to_owned()
}

fn file(folder: &Path, role: ActorRole, key: &str) -> PathBuf {
    folder.join(format!("{role}-{key}.json"))
}

/// Writes answers to a folder.
#[derive(Debug, Clone)]
pub struct Recorder {
    folder: PathBuf,
}

impl Recorder {
    /// Makes the folder where it is missing.
    ///
    /// # Errors
    /// [`ReviewError::Recording`] when it cannot be made.
    pub fn new(folder: &Path) -> Result<Self, ReviewError> {
        fs::create_dir_all(folder).map_err(|error| trouble(folder, &error.to_string()))?;
        Ok(Self {
            folder: folder.to_path_buf(),
        })
    }

    /// Writes one answer; whole or not at all.
    pub(crate) fn write(
        &self,
        role: ActorRole,
        key: &str,
        agent: &str,
        answer: &Answer,
    ) -> Result<(), ReviewError> {
        let recorded = Recorded {
            schema: SCHEMA.to_owned(),
            agent: agent.to_owned(),
            answer: answer.clone(),
        };
        let path = file(&self.folder, role, key);
        let text = serde_json::to_string_pretty(&recorded)
            .map_err(|error| trouble(&path, &error.to_string()))?;
        let part = self.folder.join(format!(".{}.part", marker()?));
        fs::write(&part, text + "\n")
            .and_then(|()| fs::rename(&part, &path))
            .map_err(|error| trouble(&path, &error.to_string()))
    }
}

fn trouble(path: &Path, detail: &str) -> ReviewError {
    ReviewError::Recording {
        path: path.to_path_buf(),
        detail: detail.to_owned(),
    }
}

/// An agent that says what another said before.
#[derive(Debug, Clone)]
pub struct Replay {
    folder: PathBuf,
    role: ActorRole,
    name: String,
    model: String,
}

impl Replay {
    /// Answers of a role from a folder; named like the agent that gave them, `like`.
    ///
    /// # Errors
    /// [`ReviewError::Recording`] when the folder is not there.
    pub fn new(folder: &Path, role: ActorRole) -> Result<Self, ReviewError> {
        let entries = fs::read_dir(folder).map_err(|error| trouble(folder, &error.to_string()))?;
        let mut names: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        names.sort();
        let prefix = format!("{role}-");
        let is_ours = |path: &&PathBuf| {
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            name.is_some_and(|name| name.starts_with(&prefix))
        };
        let first = names
            .iter()
            .find(is_ours)
            .map(|path| read(path))
            .transpose()?;
        let name = first.map_or_else(|| "replay/none".to_owned(), |first| first.agent);
        let model = name
            .split_once('/')
            .map_or("", |(_, model)| model)
            .to_owned();
        Ok(Self {
            folder: folder.to_path_buf(),
            role,
            name,
            model,
        })
    }
}

fn read(path: &Path) -> Result<Recorded, ReviewError> {
    let text = fs::read_to_string(path).map_err(|error| trouble(path, &error.to_string()))?;
    let recorded: Recorded =
        serde_json::from_str(&text).map_err(|error| trouble(path, &error.to_string()))?;
    if recorded.schema != SCHEMA {
        return Err(trouble(path, &format!("it is no `{SCHEMA}`")));
    }
    Ok(recorded)
}

impl Agent for Replay {
    fn name(&self) -> &str {
        &self.name
    }

    fn model(&self) -> &str {
        &self.model
    }

    fn complete(&self, chat: &Chat, _ask: Ask) -> Result<Answer, Trouble> {
        let path = file(&self.folder, self.role, &key(self.role, chat));
        if !path.exists() {
            return Err(Trouble::Failed(
                "no answer was recorded to this; code, rules or prompts have changed since"
                    .to_owned(),
            ));
        }
        read(&path)
            .map(|recorded| recorded.answer)
            .map_err(|error| Trouble::Failed(error.to_string()))
    }

    fn reread(&self, _request: Value, _response: Value) -> Option<Answer> {
        // Its folder has all there is.
        None
    }
}
