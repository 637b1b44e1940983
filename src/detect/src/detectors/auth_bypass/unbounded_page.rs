//! Page sizes that come from the request and reach the database as they are.
//!
//! A bound counts wherever it stands on the way: a `min`, a comparison with a number, a validating schema. What a proxy or
//! the client library of the caller allows is not known.

use std::collections::BTreeSet;

use betwixt_base::Symbol;
use betwixt_facts::ir::{BinaryOp, ExprKind, Ir};
use betwixt_facts::sql::{Value, Verb};
use betwixt_findings::Role;
use betwixt_program::FunctionId;
use betwixt_program::events::Access;
use betwixt_program::flow::ingredients::{Ingredients, OriginKind};

use crate::body::{Body, chain_names};
use crate::detectors::Context;
use crate::detectors::units::words;
use crate::guards::keys::source;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;
use crate::tenant::plain;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let limited: Vec<&Access> = program
        .events
        .accesses
        .iter()
        .filter(|access| access.statement.verb == Verb::Select)
        .filter(|access| {
            matches!(
                access.statement.limit,
                Some(Value::Param(_) | Value::Hole(_) | Value::Call(..))
            )
        })
        .filter(|access| program.workspace.file(access.site.file).marks.is_reported())
        .filter(|access| program.entries.reached(access.function).by_request())
        .collect();
    if limited.is_empty() {
        return Vec::new();
    }
    let validated = validated_names(context);
    let mut found = Vec::new();
    for access in limited {
        found.extend(of_access(context, access, &validated));
    }
    found
}

fn of_access(
    context: &Context<'_>,
    access: &Access,
    validated: &BTreeSet<String>,
) -> Option<Observation> {
    let program = context.program;
    let limit = access.expr_of(access.statement.limit.as_ref()?)?;
    let source = source(context, limit);
    if !source.from_caller || source.made.is_cut {
        return None;
    }
    let sizes: BTreeSet<String> = source
        .made
        .names
        .iter()
        .filter(|name| is_size(name.as_str()))
        .map(|name| plain(name.as_str()))
        .collect();
    if sizes.is_empty() {
        return None;
    }
    let mut tables = access.statement.tables.iter();
    let table = tables
        .find(|table| !table.is_target && table.cte.is_none())?
        .name;
    let mut observation = Observation {
        holes: vec![
            ("table", table.to_string()),
            ("function", function_name(program, access.function)),
        ],
        missing: vec!["bounded"],
        identity: vec![table.to_string()],
        ..Observation::new(access.place, access.function)
    };
    let path = from_entry(program, access.function, |_| true).unwrap_or_default();
    let mut functions: Vec<FunctionId> = path.iter().map(|hop| hop.function).collect();
    functions.extend(
        source
            .made
            .origins
            .iter()
            .filter_map(|origin| match origin.kind {
                OriginKind::Param(function, _) => Some(function),
                _ => None,
            }),
    );
    functions.push(access.function);
    functions.sort_unstable();
    functions.dedup();
    let compared = functions.iter().any(|&function| {
        is_compared(&Body::new(context, function), &sizes)
            || context.calls_of(function).any(|site| {
                let callees = program.calls.callee(site).functions().iter().take(2);
                let mut callees = callees.filter(|&&callee| pages(context, callee));
                callees.any(|&callee| is_compared(&Body::new(context, callee), &sizes))
            })
    });
    if compared || says_bound(&source.made) || sizes.iter().any(|size| validated.contains(size)) {
        let at = access.place;
        let note = "something on the way bounds it";
        observation.guards.push((
            "bounded",
            step(program, at, Some(access.function), Role::Guard, note),
        ));
    }
    observation.lead_in(context, &path);
    if program.entries.reached(access.function).by_public() {
        observation.facts.insert("open-to-public");
    }
    Some(observation)
}

/// A helper that reads a page: it may bound the size it hands back.
fn pages(context: &Context<'_>, function: FunctionId) -> bool {
    let name = context.program.display(function);
    let path = &context
        .program
        .workspace
        .file(context.program.code.file_of(function))
        .path;
    [name, path.as_str()].iter().any(|text| {
        words(text).iter().any(|word| {
            word.starts_with("pag") || word == "cursor" || word == "limit" || word == "parse"
        })
    })
}

/// Names of page sizes: `limit`, `pageSize`, `first`, `per_page`.
fn is_size(name: &str) -> bool {
    words(name).iter().any(|word| {
        matches!(
            word.as_str(),
            "limit" | "size" | "first" | "last" | "take" | "per" | "count" | "rows" | "top" | "max"
        )
    })
}

/// A function on the way whose name says that it bounds or checks.
fn says_bound(made: &Ingredients) -> bool {
    made.names.iter().any(|name| {
        words(name.as_str()).iter().any(|word| {
            matches!(
                word.as_str(),
                "min"
                    | "clamp"
                    | "cap"
                    | "capped"
                    | "bound"
                    | "bounded"
                    | "normalize"
                    | "normalise"
                    | "sanitize"
                    | "validate"
                    | "paginate"
                    | "pagination"
                    | "safe"
            )
        })
    })
}

/// `if limit > 100 { … }`, `Math.min(limit, 100)`, anywhere in the function.
fn is_compared(body: &Body<'_>, sizes: &BTreeSet<String>) -> bool {
    let ir = body.ir;
    body.statements().into_iter().any(|stmt| {
        let mut found = false;
        body.each_expr(stmt, &mut |expr| match ir.kind(expr) {
            ExprKind::Binary(op, a, b) if is_order(op) => {
                let named = |side| {
                    chain_names(ir, side)
                        .last()
                        .is_some_and(|name| sizes.contains(&plain(name)))
                };
                let zero = |side| matches!(ir.kind(side), ExprKind::Number(text) if text == "0" || text == "1");
                found |= named(a) && !zero(b) || named(b) && !zero(a);
            }
            ExprKind::Call(call) => {
                let bounds = matches!(body.call_name(call), Some("min" | "Min" | "clamp" | "Clamp" | "ClampLimit" | "clampLimit" | "clamp_limit"));
                found |= bounds;
            }
            _ => {}
        });
        found
    })
}

fn is_order(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Gt | BinaryOp::Ge | BinaryOp::Lt | BinaryOp::Le
    )
}

/// Page sizes that a schema bounds somewhere: `z.object({ limit: z.number().max(100) })`.
fn validated_names(context: &Context<'_>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, facts) in context.program.code.code_files() {
        let ir: &Ir = &facts.ir;
        let mut known: Vec<(Symbol, bool)> = Vec::new();
        for entry in &ir.entries {
            let is_named = match known.iter().find(|(name, _)| *name == entry.name) {
                Some((_, is_named)) => *is_named,
                None => {
                    let is_named = is_size(entry.name.as_str());
                    if known.len() < 64 {
                        known.push((entry.name, is_named));
                    }
                    is_named
                }
            };
            if is_named {
                let chain = chain_names(ir, entry.value);
                if chain
                    .iter()
                    .any(|name| matches!(*name, "max" | "lte" | "lt" | "enum" | "literal"))
                {
                    found.insert(plain(entry.name.as_str()));
                }
            }
        }
    }
    found
}
