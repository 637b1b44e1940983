//! Switches that leave out a variant which others of the same kind handle, without a default.
//!
//! Kinds are known by their variants alone: a switch is of the kind of another when all its variants are among the other's.
//! Compilers that ask for every variant leave nothing to find here.

use std::collections::BTreeSet;

use betwixt_base::{FileId, Language, Symbol};
use betwixt_facts::ir::{ExprKind, Ir, StmtId, StmtKind};
use betwixt_findings::Role;
use betwixt_program::FunctionId;
use betwixt_program::control::{Control, leaves};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::detectors::Context;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;

/// A switch over named or literal variants.
#[derive(Debug)]
struct Cases {
    file: FileId,
    stmt: StmtId,
    function: FunctionId,
    variants: BTreeSet<Symbol>,
    has_default: bool,
}

/// Fewest variants by which a kind is recognised.
const KIND: usize = 3;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let files: Vec<FileId> = program
        .code
        .code_files()
        .filter(|(file, facts)| {
            let is_open = !matches!(facts.language, Language::Rust);
            is_open && program.workspace.file(*file).marks.is_reported()
        })
        .map(|(file, _)| file)
        .collect();
    let all: Vec<Cases> = files
        .par_iter()
        .flat_map_iter(|&file| cases(context, file))
        .collect();
    let mut by_variant: FxHashMap<Symbol, Vec<usize>> = FxHashMap::default();
    for (index, cases) in all.iter().enumerate() {
        for &variant in &cases.variants {
            by_variant.entry(variant).or_default().push(index);
        }
    }
    let open = all.iter().filter(|cases| !cases.has_default);
    open.filter_map(|cases| of_cases(context, &all, &by_variant, cases))
        .collect()
}

/// The switches of a file; statements lie in one arena, so no function is entered.
fn cases(context: &Context<'_>, file: FileId) -> Vec<Cases> {
    let code = &context.program.code;
    let ir = code.ir(file);
    let mut found = Vec::new();
    for index in 0..ir.stmts.len() as u32 {
        let StmtKind::Switch {
            subject: Some(_),
            arms,
        } = ir.stmt(StmtId(index)).kind
        else {
            continue;
        };
        let arms = ir.arm_list(arms);
        let mut variants = BTreeSet::new();
        let mut is_plain = true;
        for arm in arms {
            for &pattern in ir.expr_list(arm.patterns) {
                match variant(ir, pattern) {
                    Some(name) => {
                        variants.insert(name);
                    }
                    None => is_plain = false,
                }
            }
        }
        // One branch for several is a question of membership, not a dispatch.
        if !is_plain || variants.len() < KIND || arms.len() < KIND {
            continue;
        }
        let inside = context.program.flows[file.0 as usize].stmt_function[index as usize];
        found.push(Cases {
            file,
            stmt: StmtId(index),
            function: code.function_id(file, inside),
            variants,
            has_default: arms.iter().any(|arm| arm.patterns.is_empty()),
        });
    }
    found
}

fn variant(ir: &Ir, pattern: betwixt_facts::ir::ExprId) -> Option<Symbol> {
    match ir.kind(pattern) {
        ExprKind::Str(text) if text.as_str().len() > 1 => Some(text),
        ExprKind::Field(_, name) | ExprKind::Name(name) if name.as_str().len() > 2 => Some(name),
        _ => None,
    }
}

fn of_cases(
    context: &Context<'_>,
    all: &[Cases],
    by_variant: &FxHashMap<Symbol, Vec<usize>>,
    cases: &Cases,
) -> Option<Observation> {
    let first = cases.variants.first()?;
    let peers: Vec<&Cases> = by_variant
        .get(first)?
        .iter()
        .map(|&index| &all[index])
        .filter(|other| other.function != cases.function)
        .filter(|other| cases.variants.is_subset(&other.variants))
        .collect();
    // A variant that two others handle, of those that handle little more than this one.
    let close = |other: &&&Cases| {
        let more = other.variants.len() - cases.variants.len();
        (1..=2).contains(&more) && more * 3 <= other.variants.len()
    };
    let near: Vec<&&Cases> = peers.iter().filter(close).collect();
    let missing = near
        .iter()
        .flat_map(|other| other.variants.difference(&cases.variants))
        .find(|&variant| {
            let handled = near.iter().filter(|other| other.variants.contains(variant));
            handled.count() >= 2
        })?;
    if goes_on_to_default(context, cases) {
        return None;
    }
    Some(observation(context, cases, *missing, &near, peers.len()))
}

/// Every branch leaves: what stands after the switch is its default.
fn goes_on_to_default(context: &Context<'_>, cases: &Cases) -> bool {
    let code = &context.program.code;
    let ir = code.ir(cases.file);
    let StmtKind::Switch { arms, .. } = ir.stmt(cases.stmt).kind else {
        return false;
    };
    let all_leave = ir.arm_list(arms).iter().all(|arm| leaves(ir, arm.body));
    let control = Control::new(ir, code.function(cases.function).body);
    all_leave && !control.followers(cases.stmt).is_empty()
}

fn observation(
    context: &Context<'_>,
    cases: &Cases,
    missing: Symbol,
    near: &[&&Cases],
    n_peers: usize,
) -> Observation {
    let program = context.program;
    let ir = program.code.ir(cases.file);
    let place = betwixt_base::Place {
        file: cases.file,
        span: ir.stmt(cases.stmt).span,
    };
    let mut observation = Observation {
        holes: vec![
            ("variant", missing.to_string()),
            ("function", function_name(program, cases.function)),
        ],
        missing: vec!["a branch or a default"],
        identity: vec![missing.to_string()],
        ..Observation::new(place, cases.function)
    };
    if near.len() == n_peers && n_peers >= 3 {
        observation.facts.insert("all-others-handle");
    }
    let reached = program.entries.reached(cases.function);
    if reached.by_message() {
        observation.facts.insert("by-message");
    }
    if let Some(path) = from_entry(program, cases.function, |_| true) {
        observation.lead_in(context, &path);
    }
    for peer in near
        .iter()
        .filter(|peer| peer.variants.contains(&missing))
        .take(3)
    {
        let ir = program.code.ir(peer.file);
        let place = betwixt_base::Place {
            file: peer.file,
            span: ir.stmt(peer.stmt).span,
        };
        observation.trace.push(step(
            program,
            place,
            Some(peer.function),
            Role::Peer,
            format!("handles `{missing}`"),
        ));
    }
    observation
}
