//! A tree with its configuration, rules and models: what every command starts from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use betwixt_syntax::Limits;

use crate::baseline::Baseline;
use crate::config::{self, Config};
use crate::failure::Failure;
use crate::invariants::Invariants;
use crate::pipeline::{Caching, Request, Tree};
use crate::rulebook::{self, Rulebook};
use crate::threads;

/// A tree, ready to be scanned.
#[derive(Debug, Clone)]
pub struct Project {
    /// What is scanned: a folder or one file.
    pub path: PathBuf,
    /// The folder that holds the configuration.
    pub root: PathBuf,
    /// What `betwixt.toml` says.
    pub config: Config,
    /// What was accepted, when the tree says so.
    pub baseline: Option<Baseline>,
    /// All rules and models, those of the tree included.
    pub rulebook: Rulebook,
    /// What was found to be safe.
    pub invariants: Invariants,
}

impl Project {
    /// Opens a tree; without `use_config` its `betwixt.toml`, rules, models and invariants are left aside.
    pub fn open(path: &Path, use_config: bool) -> Result<Self, Failure> {
        let metadata = std::fs::metadata(path).map_err(|error| {
            let why = match error.kind() {
                std::io::ErrorKind::NotFound => "does not exist".to_owned(),
                _ => format!("cannot be read: {error}"),
            };
            Failure::NoInput(format!("`{}` {why}", path.display()))
        })?;
        let root = match path.parent() {
            Some(parent) if !metadata.is_dir() => {
                if parent.as_os_str().is_empty() {
                    PathBuf::from(".")
                } else {
                    parent.to_path_buf()
                }
            }
            _ => path.to_path_buf(),
        };
        let config = if use_config {
            read_config(&root)?
        } else {
            Config::default()
        };
        let baseline = if use_config {
            Baseline::read(&root)?
        } else {
            None
        };
        let invariants = if use_config {
            Invariants::of_tree(&root)?
        } else {
            Invariants::default()
        };
        let rulebook = rulebook::for_tree(&root, use_config)?;
        let unknown = config.unknown_rules(&rulebook.catalogue);
        if !unknown.is_empty() {
            return Err(Failure::Config(unknown));
        }
        Ok(Self {
            path: path.to_path_buf(),
            root,
            config,
            baseline,
            rulebook,
            invariants,
        })
    }

    /// What the pipeline needs to build the program, options of the command line not yet applied.
    #[must_use]
    pub fn request(&self) -> Request {
        Request {
            root: self.path.clone(),
            tree: Tree::Disk,
            cache: Caching::On,
            identify: false,
            budget: Arc::default(),
            exclude: self.config.exclude.clone(),
            include_tests: self.config.include_tests.unwrap_or(false),
            models: self.rulebook.models.clone(),
            tenancy: self.config.tenancy.clone(),
            measure_floor: false,
            show_progress: false,
            folders_are_services: false,
            limits: Limits {
                stack: threads::STACK_BYTES / 4,
                ..Limits::default()
            },
        }
    }

    /// Whether the configuration leaves that rule on.
    #[must_use]
    pub fn is_enabled(&self, id: &str) -> bool {
        self.config.rule(id).is_none_or(|rule| rule.enabled)
    }

    /// The rule with that id or bare name, or a failure that names the nearest.
    pub fn rule(&self, id: &str) -> Result<&betwixt_rules::Rule, Failure> {
        self.rulebook
            .catalogue
            .find(id)
            .ok_or_else(|| Failure::UnknownRule {
                id: id.to_owned(),
                nearest: self.rulebook.catalogue.nearest(id).map(str::to_owned),
            })
    }
}

fn read_config(root: &Path) -> Result<Config, Failure> {
    let path = root.join(config::FILE_NAME);
    match std::fs::read_to_string(&path) {
        Ok(text) => Config::parse(&text).map_err(Failure::Config),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Config::default()),
        Err(error) => Err(Failure::Config(vec![format!(
            "{}: cannot be read: {error}",
            path.display()
        )])),
    }
}

/// The folder around `path` that holds a repository; `None` outside one.
#[must_use]
pub fn repository_around(path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    path.ancestors()
        .find(|folder| folder.join(".git").exists())
        .map(Path::to_path_buf)
}

/// The way from the repository's root to `root`, with `/` and ending in one; empty where they are the same or there is no repository.
#[must_use]
pub fn below_repository(root: &Path) -> String {
    let way = root.canonicalize().ok().and_then(|root| {
        let repository = repository_around(&root)?;
        root.strip_prefix(repository).ok().map(Path::to_path_buf)
    });
    let folders = way.iter().flat_map(|way| way.components());
    folders
        .map(|folder| format!("{}/", folder.as_os_str().to_string_lossy()))
        .collect()
}

/// The tree a file is looked at in when none is given: its repository, else the working directory around it, else
/// its folder.
#[must_use]
pub fn tree_around(file: &Path) -> PathBuf {
    let working = PathBuf::from(".");
    let Ok(canonical) = file.canonicalize() else {
        return working;
    };
    if let Some(repository) = repository_around(file) {
        return repository;
    }
    let is_below = working
        .canonicalize()
        .is_ok_and(|folder| canonical.starts_with(folder));
    if is_below {
        working
    } else {
        canonical.parent().map_or(working, Path::to_path_buf)
    }
}

/// Where the repository around `root` comes from, as a URI without credentials.
#[must_use]
pub fn origin(root: &Path) -> Option<String> {
    let text = std::fs::read_to_string(repository_around(root)?.join(".git/config")).ok()?;
    let section = text.split("[remote \"origin\"]").nth(1)?;
    let lines = section
        .lines()
        .map(str::trim)
        .skip(1)
        .take_while(|line| !line.starts_with('['));
    let url = lines
        .filter_map(|line| line.split_once('='))
        .find(|(key, _)| key.trim() == "url")
        .map(|(_, url)| url.trim())?;
    as_uri(url)
}

/// `git@host:a/b` and `https://user:secret@host/a/b` as `https://host/a/b`.
fn as_uri(url: &str) -> Option<String> {
    let (host, path) = match url.split_once("://") {
        Some(("https" | "http" | "ssh" | "git", rest)) => rest.split_once('/')?,
        Some(_) => return None,
        None => url.split_once(':')?,
    };
    let host = host.rsplit('@').next()?;
    let is_plain = |text: &str| {
        text.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'~' | b'/' | b':')
        })
    };
    (!host.is_empty() && is_plain(host) && is_plain(path)).then(|| format!("https://{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_lose_their_credentials() {
        assert_eq!(
            as_uri("git@example.com:a/b.git").as_deref(),
            Some("https://example.com/a/b.git")
        );
        assert_eq!(
            as_uri("https://user:secret@example.com/a/b").as_deref(),
            Some("https://example.com/a/b")
        );
        assert_eq!(as_uri("/srv/git/a.git"), None);
        assert_eq!(as_uri("file:///srv/git/a.git"), None);
    }
}
