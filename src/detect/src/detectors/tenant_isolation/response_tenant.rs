//! Answers of other services about an id that are used without a look at whose they are, where others who ask the same
//! compare the tenant in the answer.
//!
//! Learned from the callers of one method. An answer that is handed on whole is left alone: who gets it may compare.

use std::collections::BTreeMap;

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{BinaryOp, ExprId, ExprKind, Ir, LocalId, StmtKind};
use betwixt_findings::Role;
use betwixt_program::flow::ingredients::Reach;
use betwixt_program::link::LinkKind;
use betwixt_program::{CallSite, ExprRef, FunctionId};
use rustc_hash::FxHashMap;

use crate::body::{call_name, peel};
use crate::detectors::Context;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;

/// A call of another service and what is done with its answer.
#[derive(Debug, Clone)]
struct Asked {
    site: CallSite,
    by: FunctionId,
    answer: LocalId,
    /// Parts read of the answer.
    read: Vec<Symbol>,
    /// The tenant in the answer is compared with something.
    compares: bool,
    /// The answer goes on as a whole.
    escapes: bool,
}

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut names: FxHashMap<CallSite, (Symbol, FunctionId)> = FxHashMap::default();
    let mut files: BTreeMap<FileId, Vec<CallSite>> = BTreeMap::new();
    for link in program.links().links() {
        let is_asked = matches!(link.kind, LinkKind::Rpc | LinkKind::Http | LinkKind::Trpc);
        if is_asked && !program.workspace.file(link.site.file).marks.test {
            names.insert(link.site, (link.name, link.from));
            files.entry(link.site.file).or_default().push(link.site);
        }
    }
    let mut by_method: BTreeMap<Symbol, Vec<Asked>> = BTreeMap::new();
    for (file, sites) in files {
        for asked in in_file(context, file, &sites, &names) {
            let (name, _) = names[&asked.site];
            by_method.entry(name).or_default().push(asked);
        }
    }
    let mut found = Vec::new();
    for (method, all) in &by_method {
        let comparing: Vec<&Asked> = all.iter().filter(|one| one.compares).collect();
        if comparing.is_empty() {
            continue;
        }
        for one in all {
            let reads_tenant = one.read.iter().any(|&name| context.tenants.matches(name));
            let ignores = !one.compares && !one.escapes && !reads_tenant && !one.read.is_empty();
            let is_reported = program.workspace.file(one.site.file).marks.is_reported();
            if ignores && is_reported {
                found.extend(observation(context, *method, one, &comparing, all.len()));
            }
        }
    }
    found
}

/// What is done with the answers of the calls of one file: one look at its statements, one at its expressions.
fn in_file(
    context: &Context<'_>,
    file: FileId,
    sites: &[CallSite],
    names: &FxHashMap<CallSite, (Symbol, FunctionId)>,
) -> Vec<Asked> {
    let ir = context.program.code.ir(file);
    let mut asked: Vec<Asked> = Vec::new();
    let mut by_local: FxHashMap<LocalId, usize> = FxHashMap::default();
    for stmt in &ir.stmts {
        let StmtKind::Assign {
            target,
            value,
            op: None,
        } = stmt.kind
        else {
            continue;
        };
        let ExprKind::Local(answer) = ir.kind(target) else {
            continue;
        };
        if matches!(ir.kind(value), ExprKind::Project(_, n) if n > 0) {
            continue;
        }
        let Some(site) = asked_in(ir, file, sites, value) else {
            continue;
        };
        if by_local.contains_key(&answer) {
            continue;
        }
        by_local.insert(answer, asked.len());
        asked.push(Asked {
            site,
            by: names[&site].1,
            answer,
            read: Vec::new(),
            compares: false,
            escapes: false,
        });
    }
    if !asked.is_empty() {
        look_at_uses(context, file, ir, &by_local, &mut asked);
    }
    asked
}

/// The call behind a value, what only turns its failure into another left away: `ask().await.map_err(f)?.into_inner()`.
fn asked_in(ir: &Ir, file: FileId, sites: &[CallSite], value: ExprId) -> Option<CallSite> {
    let mut current = value;
    for _ in 0..6 {
        let ExprKind::Call(call) = ir.kind(peel(ir, current)) else {
            return None;
        };
        let site = CallSite { file, call };
        if sites.contains(&site) {
            return Some(site);
        }
        let passes = matches!(
            call_name(ir, call),
            Some("map_err" | "expect" | "ok_or" | "ok_or_else" | "context" | "with_context")
        );
        current = match ir.kind(ir.call(call).callee) {
            ExprKind::Field(receiver, _) if passes => receiver,
            _ => return None,
        };
    }
    None
}

fn look_at_uses(
    context: &Context<'_>,
    file: FileId,
    ir: &Ir,
    by_local: &FxHashMap<LocalId, usize>,
    asked: &mut [Asked],
) {
    let flow = &context.program.flows[file.0 as usize];
    // How often a variable is named, and how often only to read a part, test for nil or store.
    let mut named = vec![0_usize; asked.len()];
    let mut partly: Vec<usize> = asked
        .iter()
        .map(|one| flow.definitions(one.answer).len())
        .collect();
    let local_of = |expr: ExprId| match ir.kind(expr) {
        ExprKind::Local(local) => by_local.get(&local).copied(),
        _ => None,
    };
    for expr in &ir.exprs {
        match expr.kind {
            ExprKind::Local(local) => {
                if let Some(&at) = by_local.get(&local) {
                    named[at] += 1;
                }
            }
            ExprKind::Field(base, name) => {
                if let Some(at) = local_of(base) {
                    partly[at] += 1;
                    asked[at].read.push(name);
                }
            }
            ExprKind::Binary(op, a, b) => {
                if let (Some(at), ExprKind::Nil) = (local_of(a), ir.kind(b)) {
                    partly[at] += 1;
                }
                if matches!(op, BinaryOp::Eq | BinaryOp::Ne) {
                    for (side, other) in [(a, b), (b, a)] {
                        if let Some(at) = tenant_of_answer(context, ir, side, &local_of)
                            && !matches!(ir.kind(other), ExprKind::Nil | ExprKind::Str(_))
                        {
                            asked[at].compares = true;
                        }
                    }
                }
            }
            _ => {}
        }
    }
    for (at, one) in asked.iter_mut().enumerate() {
        one.escapes = named[at] > partly[at];
    }
}

/// `resp.TenantId`, `resp.GetTenantId()`, `resp.data.tenantId`.
fn tenant_of_answer(
    context: &Context<'_>,
    ir: &Ir,
    expr: ExprId,
    local_of: &dyn Fn(ExprId) -> Option<usize>,
) -> Option<usize> {
    let mut current = peel(ir, expr);
    let mut is_tenant = false;
    for _ in 0..6 {
        current = match ir.kind(current) {
            ExprKind::Field(base, name) => {
                is_tenant |= context.tenants.matches(name);
                base
            }
            ExprKind::Call(call) => ir.call(call).callee,
            ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) => inner,
            ExprKind::Local(_) => return local_of(current).filter(|_| is_tenant),
            _ => return None,
        };
    }
    None
}

fn observation(
    context: &Context<'_>,
    method: Symbol,
    one: &Asked,
    comparing: &[&Asked],
    n_all: usize,
) -> Option<Observation> {
    let program = context.program;
    let reached = program.entries.reached(one.by);
    if !reached.by_request() && !reached.by_linked_request() {
        return None;
    }
    let mut observation = Observation {
        holes: vec![
            ("method", method.to_string()),
            ("function", function_name(program, one.by)),
        ],
        missing: vec!["a comparison of the tenant in the answer"],
        identity: vec![method.to_string()],
        ..Observation::new(context.call_place(one.site), one.by)
    };
    if sends_tenant(context, one.site) {
        let note = "the request names the tenant";
        let seen = step(program, observation.place, Some(one.by), Role::Guard, note);
        observation.guards.push(("tenant-sent", seen));
    }
    if comparing.len() >= 2 && comparing.len() * 2 >= n_all {
        observation.facts.insert("siblings-compare");
    }
    if reached.by_public() {
        observation.facts.insert("public");
    }
    if let Some(path) = from_entry(program, one.by, |_| true) {
        observation.lead_in(context, &path);
    }
    for peer in comparing.iter().take(2) {
        let note = "asks the same and compares the tenant in the answer";
        let place = context.call_place(peer.site);
        observation
            .trace
            .push(step(program, place, Some(peer.by), Role::Peer, note));
    }
    Some(observation)
}

/// Whether the message of a call carries the tenant: the other side can look itself.
fn sends_tenant(context: &Context<'_>, site: CallSite) -> bool {
    let ir = context.program.code.ir(site.file);
    let args = ir.expr_list(ir.call(site.call).args).iter();
    args.copied().any(|expr| {
        let at = ExprRef {
            file: site.file,
            expr,
        };
        context.is_tenant(at, Reach::LOCAL)
    })
}
