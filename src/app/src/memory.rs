//! Which ledger a tree has, and whose history of it is meant.
//!
//! `--ledger`, else the URL in `BETWIXT_LEDGER` or in the variable that `betwixt.toml` names, else the file it names, else
//! `.betwixt/ledger.db` in the tree. Only a command that writes history makes it.

use std::path::Path;

use betwixt_ledger::{Ledger, LedgerError, Place};

use crate::failure::Failure;
use crate::project::{self, Project};

/// Where the ledger is when nothing says otherwise, from the root of the tree.
const FILE: &str = ".betwixt/ledger.db";
/// Where the URL is when the configuration names no other variable.
const VARIABLE: &str = "BETWIXT_LEDGER";
/// What of `.betwixt` is not for others; the rest is meant to be committed.
const IGNORED: &str = "/.gitignore\n/ledger.db*\n/cache/\n";

/// Where the ledger of a tree is.
///
/// # Errors
/// When the configuration names a variable that is not set.
pub fn place(project: &Project, option: Option<&str>) -> Result<Place, Failure> {
    if let Some(option) = option {
        return Ok(Place::parse(option));
    }
    let config = &project.config.ledger;
    let named = config.url_env.as_deref();
    let url = std::env::var(named.unwrap_or(VARIABLE)).ok();
    if let Some(url) = url.filter(|url| !url.is_empty()) {
        return Ok(Place::parse(&url));
    }
    if let Some(name) = named {
        return Err(Failure::Usage(format!(
            "the variable `{name}`, which `url_env` in {} names, is not set; set it or pass `--ledger`",
            crate::config::FILE_NAME
        )));
    }
    let path = config.path.as_deref().unwrap_or(FILE);
    Ok(Place::File(project.root.join(path)))
}

/// Opens the ledger of a tree to write to it; makes it on first use.
///
/// # Errors
/// When the configuration does not say where it is, or it cannot be opened or made.
pub fn open(project: &Project, option: Option<&str>) -> Result<Ledger, Failure> {
    let place = place(project, option)?;
    let ledger = Ledger::open(&place, &name(project, &place))?;
    if place == Place::File(project.root.join(FILE)) {
        ignore(&project.root);
    }
    Ok(ledger)
}

/// Opens the ledger of a tree to read in it; `None` where there is none.
///
/// # Errors
/// When the configuration does not say where it is, or it is there and cannot be read.
pub fn open_to_read(project: &Project, option: Option<&str>) -> Result<Option<Ledger>, Failure> {
    let place = place(project, option)?;
    match Ledger::open_to_read(&place, &name(project, &place)) {
        Ok(ledger) => Ok(Some(ledger)),
        Err(LedgerError::Missing(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Opens the ledger of a tree to read in it.
///
/// # Errors
/// As [`open_to_read`], and where there is none.
pub fn open_existing(project: &Project, option: Option<&str>) -> Result<Ledger, Failure> {
    let place = place(project, option)?;
    Ok(Ledger::open_to_read(&place, &name(project, &place))?)
}

/// Whose history it is. A file belongs to the tree around it; on a server every tree needs a name of its own.
fn name(project: &Project, place: &Place) -> String {
    if let Some(name) = &project.config.ledger.project {
        return name.clone();
    }
    if matches!(place, Place::File(_)) {
        return ".".to_owned();
    }
    let root = &project.root;
    let below = project::below_repository(root);
    match project::origin(root) {
        Some(origin) if below.is_empty() => origin,
        Some(origin) => format!("{origin}#{}", below.trim_end_matches('/')),
        None => {
            let folder = root.canonicalize().ok();
            let name = folder.as_ref().and_then(|folder| folder.file_name());
            name.map_or_else(
                || ".".to_owned(),
                |name| name.to_string_lossy().into_owned(),
            )
        }
    }
}

/// Keeps the ledger out of the repository; a tree where people decided on that is left alone.
fn ignore(root: &Path) {
    let path = root.join(".betwixt/.gitignore");
    if !path.exists() {
        // What cannot be written here only leaves an untracked file to be seen.
        let _ = std::fs::write(path, IGNORED);
    }
}
