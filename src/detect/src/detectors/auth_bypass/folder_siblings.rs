//! Entries alone in their files, compared with those of the folders around them.
//!
//! Server actions and handlers are often one in a file; their habit shows in the folder. Knows nothing of what a check does.

use std::collections::BTreeMap;

use betwixt_base::{FileId, Symbol};
use betwixt_findings::Role;
use betwixt_program::{CallSite, FunctionId};

use super::missing_check::{Handler, Seen, observation, touches_tenants};
use crate::body::call_name;
use crate::detectors::Context;
use crate::observation::{Observation, step};

/// Entries of a folder and the folders below it.
#[derive(Default)]
struct Folder {
    n_entries: usize,
    /// By the name of the check they make first: how many, and one of them.
    checks: BTreeMap<&'static str, (usize, Option<CallSite>)>,
}

/// Entries by folder, for trees with one entry in each file.
pub(super) struct Folders<'a> {
    by_path: BTreeMap<(&'a str, Symbol), Folder>,
}

/// How many entries a folder needs to show a habit.
const MIN_ENTRIES: usize = 8;
/// How many folders up siblings are looked for.
const MAX_UP: usize = 2;

impl<'a> Folders<'a> {
    pub(super) fn new(
        context: &'a Context<'_>,
        groups: &BTreeMap<(FileId, bool), Vec<Handler>>,
    ) -> Self {
        let program = context.program;
        let mut by_path: BTreeMap<(&str, Symbol), Folder> = BTreeMap::new();
        for ((file, _), handlers) in groups {
            let is_alone = handlers.len() == 1
                && groups.get(&(*file, false)).map_or(0, Vec::len)
                    + groups.get(&(*file, true)).map_or(0, Vec::len)
                    == 1;
            if !is_alone {
                continue;
            }
            let handler = &handlers[0];
            let first = handler.checked.filter(|_| handler.checks_first);
            let name = first.and_then(|site| call_name(program.code.ir(site.file), site.call));
            for path in around(&program.workspace.file(*file).path) {
                let key = (path, library(context, handler.function));
                let folder = by_path.entry(key).or_default();
                folder.n_entries += 1;
                if let Some(name) = name {
                    let known = folder.checks.entry(name).or_default();
                    known.0 += 1;
                    known.1 = known.1.or(first);
                }
            }
        }
        Self { by_path }
    }

    /// An entry alone in its file that lacks what most around it check.
    pub(super) fn lacking(
        &self,
        context: &Context<'_>,
        seen: &mut Seen,
        file: FileId,
        handler: &Handler,
    ) -> Option<Observation> {
        let program = context.program;
        if handler.checked.is_some()
            || !(handler.has_tenant || touches_tenants(context, seen, handler.function, 0))
        {
            return None;
        }
        let library = library(context, handler.function);
        let folders = around(&program.workspace.file(file).path)
            .filter_map(|path| self.by_path.get(&(path, library)))
            .filter(|folder| folder.n_entries >= MIN_ENTRIES);
        let (folder, name, n_with, peer) = folders.into_iter().find_map(|folder| {
            let (name, (n, peer)) = folder.checks.iter().max_by_key(|(_, (n, _))| *n)?;
            (*n * 5 >= folder.n_entries * 3).then_some((folder, *name, *n, *peer))
        })?;
        let mut observation = observation(context, seen, handler.function, "check", name);
        if n_with * 4 >= folder.n_entries * 3 {
            observation.facts.insert("siblings-guarded");
        }
        observation.reasons.push(format!(
            "{n_with} of {} entries in the folder check with `{name}`",
            folder.n_entries
        ));
        if let Some(peer) = peer {
            let place = context.call_place(peer);
            let function = program.function_at(place.file, place.span);
            let note = "a sibling checks here";
            let step = step(program, place, function, Role::Peer, note);
            observation.trace.push(step);
        }
        Some(observation)
    }
}

/// The folder of a file and some above it, nearest first.
fn around(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = path;
    std::iter::from_fn(move || {
        rest = &rest[..rest.rfind('/')?];
        Some(rest)
    })
    .take(MAX_UP + 1)
}

/// What an entry is known by.
fn library(context: &Context<'_>, function: FunctionId) -> Symbol {
    let mut entries = context.program.entries.of(function);
    entries
        .next()
        .map_or(Symbol::empty(), |entry| entry.library)
}
