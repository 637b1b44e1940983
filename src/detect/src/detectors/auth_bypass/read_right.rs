//! Handlers that change something after asking for the right to read.
//!
//! The right is a text or constant that ends in a word for reading; handlers beside it that write ask for another one.

use std::collections::BTreeMap;

use betwixt_base::FileId;
use betwixt_facts::ir::{ExprId, ExprKind, Ir};
use betwixt_findings::Role;
use betwixt_program::control::each_expr;
use betwixt_program::{CallSite, FunctionId};

use crate::behaviour::{main_table, root_of, writes};
use crate::detectors::Context;
use crate::detectors::units::words;
use crate::detectors::work::is_telemetry;
use crate::guards::names::is_authorization;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;

/// A right that is asked for.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) site: CallSite,
    pub(super) right: String,
    is_read: bool,
}

/// The rights that each function asks for, its closures included.
pub(super) fn rights_by_root(context: &Context<'_>) -> BTreeMap<FunctionId, Vec<Asked>> {
    let program = context.program;
    let mut by_root: BTreeMap<FunctionId, Vec<Asked>> = BTreeMap::new();
    for site in context.named_calls().of(is_authorization) {
        let ir = program.code.ir(site.file);
        if let Some((right, is_read)) = right(ir, site) {
            let function = program
                .code
                .function_id(site.file, ir.call(site.call).function);
            let asked = Asked {
                site,
                right,
                is_read,
            };
            by_root
                .entry(root_of(program, function))
                .or_default()
                .push(asked);
        }
    }
    by_root
}

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let by_root = rights_by_root(context);
    let mut writers: BTreeMap<FileId, Vec<&Asked>> = BTreeMap::new();
    let mut suspects: Vec<(FunctionId, &Asked, String)> = Vec::new();
    for (root, asked) in &by_root {
        let Some(table) = written_tables(context, *root).into_iter().next() else {
            continue;
        };
        match asked.iter().find(|one| !one.is_read) {
            Some(one) => writers.entry(one.site.file).or_default().push(one),
            None => suspects.push((*root, &asked[0], table)),
        }
    }
    suspects
        .into_iter()
        .map(|(root, asked, table)| {
            let peers = writers.get(&asked.site.file).map_or(&[][..], Vec::as_slice);
            observation(context, root, asked, &table, peers)
        })
        .collect()
}

/// The right a check is about, and whether it is one to read: `"prompts:read"`, `Permission::ViewProject`.
fn right(ir: &Ir, site: CallSite) -> Option<(String, bool)> {
    let mut found = None;
    for &arg in ir.expr_list(ir.call(site.call).args) {
        each_expr(ir, arg, &mut |id| {
            if let (None, Some(text)) = (&found, constant(ir, id)) {
                let words = words(&text);
                let last = words.last().map(String::as_str).unwrap_or_default();
                let first = words.first().map(String::as_str).unwrap_or_default();
                if words.len() > 1 && (is_action(last) || is_action(first)) {
                    let is_read = reads(last) || reads(first) && !is_action(last);
                    found = Some((text, is_read));
                }
            }
        });
    }
    found
}

/// A literal, or a constant by its path.
fn constant(ir: &Ir, expr: ExprId) -> Option<String> {
    match ir.kind(expr) {
        ExprKind::Str(text) => Some(text.to_string()),
        ExprKind::Name(name) => {
            let last = name.as_str().rsplit("::").next().unwrap_or_default();
            last.starts_with(|c: char| c.is_ascii_uppercase())
                .then(|| last.to_owned())
        }
        ExprKind::Field(_, name) => {
            let text = name.as_str();
            text.starts_with(|c: char| c.is_ascii_uppercase())
                .then(|| text.to_owned())
        }
        _ => None,
    }
}

fn reads(word: &str) -> bool {
    matches!(word, "read" | "view" | "list" | "get" | "viewer")
}

/// Words for what a right allows.
fn is_action(word: &str) -> bool {
    reads(word)
        || matches!(
            word,
            "write"
                | "create"
                | "update"
                | "delete"
                | "edit"
                | "manage"
                | "cud"
                | "crud"
                | "admin"
                | "remove"
                | "add"
                | "execute"
                | "editor"
                | "owner"
        )
}

/// The tables of the tenant's data that a handler changes itself.
pub(super) fn written_tables(context: &Context<'_>, root: FunctionId) -> Vec<String> {
    let program = context.program;
    let accesses = context.behaviour().accesses_in(root).iter();
    let mut found: Vec<String> = Vec::new();
    let tables = accesses
        .map(|&index| &program.events.accesses[index])
        .filter(|access| writes(&access.statement))
        .filter_map(main_table)
        .map(|(_, name)| name.to_string())
        .filter(|name| {
            let plain = crate::tenant::plain(name);
            let is_note = [
                "audit", "log", "view", "visit", "seen", "history", "event", "recent", "star",
                "favorite",
            ]
            .iter()
            .any(|word| plain.contains(word));
            !is_telemetry(name) && !is_note
        });
    for table in tables {
        if !found.contains(&table) {
            found.push(table);
        }
    }
    found
}

fn observation(
    context: &Context<'_>,
    root: FunctionId,
    asked: &Asked,
    table: &str,
    peers: &[&Asked],
) -> Observation {
    let program = context.program;
    let mut observation = Observation {
        holes: vec![
            ("right", asked.right.clone()),
            ("table", table.to_owned()),
            ("function", function_name(program, root)),
        ],
        missing: vec!["a check of the right to write"],
        identity: vec![asked.right.clone(), table.to_owned()],
        ..Observation::new(context.call_place(asked.site), root)
    };
    if !peers.is_empty() {
        observation.facts.insert("siblings-ask-more");
    }
    if program.entries.reached(root).by_request() {
        observation.facts.insert("public");
    }
    if let Some(path) = from_entry(program, root, |_| true) {
        observation.lead_in(context, &path);
    }
    for peer in peers.iter().take(2) {
        observation.trace.push(step(
            program,
            context.call_place(peer.site),
            None,
            Role::Peer,
            format!("writes too, and asks for `{}`", peer.right),
        ));
    }
    observation
}
