//! Calls of other services over RPC, and statements, that wait for ever: given a context without an end in Go, without the
//! deadline that their siblings have in TypeScript.
//!
//! A request's own context is taken to have an end. Interceptors that set a limit for all calls are known by their name.

use std::collections::BTreeMap;

use betwixt_base::{FileId, Language};
use betwixt_facts::ir::{ExprKind, Ir};
use betwixt_findings::Role;
use betwixt_program::control::each_expr;
use betwixt_program::link::LinkKind;
use betwixt_program::{CallSite, FunctionId};

use super::unbounded_wait::is_endless_context;
use crate::body::Body;
use crate::detectors::Context;
use crate::detectors::units::{call_name, is_tooling};
use crate::observation::{Observation, function_name, service, step};
use crate::path::from_entry;
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let links = program.links();
    let linked = links.links().iter().map(|link| (link.kind, link.site));
    let unlinked = links.unlinked.iter().map(|one| (one.kind, one.site));
    let mut asked: Vec<CallSite> = linked
        .chain(unlinked)
        .filter(|(kind, site)| {
            *kind == LinkKind::Rpc && program.workspace.file(site.file).marks.is_reported()
        })
        .map(|(_, site)| site)
        .collect();
    asked.sort_unstable();
    asked.dedup();
    let mut found = Vec::new();
    if !context.named_calls().of(limits_all).is_empty() {
        asked.retain(|site| program.code.facts(site.file).language != Language::Go);
    }
    found.extend(one_for_each_file(context, "rpc", &endless(context, &asked)));
    found.extend(without_siblings_deadline(context, &asked));
    let statements: Vec<CallSite> = program
        .events
        .accesses
        .iter()
        .filter(|access| program.workspace.file(access.last.file).marks.is_reported())
        .map(|access| access.last)
        .collect();
    found.extend(one_for_each_file(
        context,
        "database",
        &endless(context, &statements),
    ));
    found
}

/// An interceptor that gives every call a limit.
fn limits_all(name: &str) -> bool {
    let plain = plain(name);
    (plain.contains("timeout") || plain.contains("deadline")) && plain.contains("interceptor")
}

/// The calls of Go that are given a context without an end where a request or a message gets.
fn endless(context: &Context<'_>, sites: &[CallSite]) -> Vec<CallSite> {
    let program = context.program;
    let is_endless = |site: &&CallSite| {
        let facts = program.code.facts(site.file);
        if facts.language != Language::Go {
            return false;
        }
        let call = facts.ir.call(site.call);
        let function = program.code.function_id(site.file, call.function);
        let Some(&first) = facts.ir.expr_list(call.args).first() else {
            return false;
        };
        let reached = program.entries.reached(function);
        (reached.by_request() || reached.by_message())
            && is_endless_context(&Body::new(context, function), first)
    };
    sites.iter().filter(is_endless).copied().collect()
}

/// One hit for a file: what is missing in it is missing for the same reason.
fn one_for_each_file(
    context: &Context<'_>,
    what: &'static str,
    sites: &[CallSite],
) -> Vec<Observation> {
    let mut by_file: BTreeMap<FileId, Vec<CallSite>> = BTreeMap::new();
    for &site in sites {
        by_file.entry(site.file).or_default().push(site);
    }
    by_file
        .into_values()
        .map(|sites| observation(context, what, sites[0], sites.len(), None))
        .collect()
}

/// Calls of TypeScript without options for a deadline, in a service whose other calls have them.
fn without_siblings_deadline(context: &Context<'_>, asked: &[CallSite]) -> Vec<Observation> {
    let program = context.program;
    let mut by_service: BTreeMap<Option<String>, Vec<(CallSite, bool)>> = BTreeMap::new();
    for &site in asked {
        let facts = program.code.facts(site.file);
        if !matches!(facts.language, Language::Go | Language::Rust) {
            let home = service(program, site.file);
            let has = says_deadline(&facts.ir, site);
            by_service.entry(home).or_default().push((site, has));
        }
    }
    let mut found = Vec::new();
    for sites in by_service.into_values() {
        let bounded: Vec<CallSite> = sites.iter().filter(|one| one.1).map(|one| one.0).collect();
        // Where most have none, a deadline is set elsewhere or nowhere.
        if bounded.len() * 2 < sites.len() {
            continue;
        }
        for (site, _) in sites.iter().filter(|one| !one.1) {
            found.push(observation(
                context,
                "rpc",
                *site,
                1,
                bounded.first().copied(),
            ));
        }
    }
    found
}

fn says_deadline(ir: &Ir, site: CallSite) -> bool {
    ir.expr_list(ir.call(site.call).args).iter().any(|&arg| {
        let mut found = false;
        each_expr(ir, arg, &mut |id| {
            if let ExprKind::Struct(_, entries) = ir.kind(id) {
                found |= ir.entry_list(entries).iter().any(|entry| {
                    matches!(
                        plain(entry.name.as_str()).as_str(),
                        "deadline" | "timeoutms" | "timeout" | "signal"
                    )
                });
            }
        });
        found
    })
}

fn observation(
    context: &Context<'_>,
    what: &'static str,
    site: CallSite,
    n: usize,
    peer: Option<CallSite>,
) -> Observation {
    let program = context.program;
    let function: FunctionId = {
        let ir = program.code.ir(site.file);
        program
            .code
            .function_id(site.file, ir.call(site.call).function)
    };
    let place = context.call_place(site);
    let mut observation = Observation {
        conditions: vec![("waits-for", what)],
        holes: vec![
            ("call", call_name(program, site).to_owned()),
            ("function", function_name(program, function)),
        ],
        missing: vec!["a context or options that end the call"],
        identity: vec![what.to_owned()],
        ..Observation::new(place, function)
    };
    let reached = program.entries.reached(function);
    if reached.by_message() {
        observation.facts.insert("by-message");
    }
    if reached.by_request() {
        observation.facts.insert("public");
    }
    if is_tooling(&program.workspace.file(site.file).path) {
        let note = "runs where somebody waits for it and can stop it";
        observation.guards.push((
            "attended",
            step(program, place, Some(function), Role::Guard, note),
        ));
    }
    if program.code.facts(site.file).language == Language::Go {
        observation.facts.insert("no-default-limit");
    }
    if let Some(peer) = peer {
        observation.facts.insert("siblings-bounded");
        let note = "calls of this service elsewhere have a time limit";
        let at = context.call_place(peer);
        observation
            .trace
            .push(step(program, at, None, Role::Peer, note));
    }
    if n > 1 {
        let more = n - 1;
        observation
            .reasons
            .push(format!("{more} more such calls in this file"));
    }
    if let Some(path) = from_entry(program, function, |_| true) {
        observation.lead_in(context, &path);
    }
    observation
}
