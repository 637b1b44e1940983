//! Keys: which expressions are the same value, and who decides it.

use std::collections::BTreeSet;

use betwixt_base::Symbol;
use betwixt_facts::ir::ExprKind;
use betwixt_program::events::{EntryKind, Events};
use betwixt_program::flow::ingredients::{Ingredients, OriginKind, Reach, is_context_name};
use betwixt_program::{CallSite, ExprRef, FunctionId, Program};

use crate::detectors::Context;
use crate::tenant_values::is_credential_name;

/// Where a key comes from.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeySource {
    /// A request parameter, body or path from outside.
    pub(crate) from_caller: bool,
    /// The result of a data access: the row was read before.
    pub(crate) from_access: Option<CallSite>,
    /// A part of what the server put beside the request: its context, the session, the signed-in user.
    pub(crate) from_server: bool,
    /// Names it passed through.
    pub(crate) made: Ingredients,
}

/// Who decides the value of an expression; follows parameters up to entry points.
pub(crate) fn source(context: &Context<'_>, at: ExprRef) -> KeySource {
    let made = context.ingredients(at, Reach::WIDE);
    let program = context.program;
    // What a layer before the handler put into the request's store, `ctx.Get("member")`, the caller does not choose.
    let is_stored = made.origins.iter().any(|origin| {
        matches!(origin.kind, OriginKind::Call(site) if origin.is_direct && reads_store(program, site))
    });
    let mut found = KeySource::default();
    for origin in &made.origins {
        match origin.kind {
            // The store is asked for through the handler's context, which is a parameter.
            OriginKind::Param(..) if is_stored && origin.path.is_empty() => {}
            // `({ ctx, input }) => … ctx.user.id`: what was put beside the input.
            OriginKind::Param(..) if origin.path.first().is_some_and(|part| is_beside(*part)) => {
                found.from_server = true;
            }
            OriginKind::Param(function, index) if origin.is_direct => {
                found.from_caller |=
                    is_input(program, function, index, origin.path.first().copied());
            }
            OriginKind::Call(site) => {
                if is_request_read(&program.events, program, site) && origin.is_direct {
                    found.from_caller = true;
                } else if origin.is_direct && found.from_access.is_none() && is_row(context, site) {
                    found.from_access = Some(site);
                }
            }
            _ => {}
        }
    }
    found.made = made;
    found
}

/// Whether a part of a handler's parameter is the server's own: the context, the session, the signed-in user.
fn is_beside(part: Symbol) -> bool {
    is_context_name(part.as_str()) || is_credential_name(part.as_str())
}

/// Whether a parameter is one the caller of an entry point controls.
fn is_input(
    program: &Program,
    function: FunctionId,
    index: u16,
    field: Option<betwixt_base::Symbol>,
) -> bool {
    program.entries.of(function).any(|entry| {
        is_outside(entry.kind)
            && entry.inputs.iter().any(|(input, path)| {
                *input == index && (path.is_empty() || field.is_none() || field == Some(*path))
            })
    })
}

/// Entries whose callers are not trusted.
pub(crate) fn is_outside(kind: EntryKind) -> bool {
    matches!(
        kind,
        EntryKind::Http
            | EntryKind::Rpc
            | EntryKind::GraphQl
            | EntryKind::Page
            | EntryKind::Webhook
    )
}

/// Whether a call reads what was stored beside the request.
pub(crate) fn reads_store(program: &Program, site: CallSite) -> bool {
    let events = program.events.at(site);
    events.iter().any(|event| event.kind == "tenant.source")
}

fn is_request_read(events: &Events, program: &Program, site: CallSite) -> bool {
    let ir = program.code.ir(site.file);
    let function = program
        .code
        .function_id(site.file, ir.call(site.call).function);
    events
        .of_function(function)
        .any(|event| event.site == site && event.kind == "request.read")
}

/// Whether a call gives rows: a data access, or a function that does one.
pub(crate) fn is_row(context: &Context<'_>, site: CallSite) -> bool {
    let program = context.program;
    let ir = program.code.ir(site.file);
    let function = program
        .code
        .function_id(site.file, ir.call(site.call).function);
    if program
        .events
        .accesses_of(function)
        .any(|access| access.last == site || access.site == site)
    {
        return true;
    }
    program
        .calls
        .callee(site)
        .functions()
        .iter()
        .any(|&callee| reads_rows(context, callee, 0))
}

fn reads_rows(context: &Context<'_>, function: FunctionId, depth: u32) -> bool {
    let program = context.program;
    if program.events.accesses_of(function).next().is_some() {
        return true;
    }
    depth < 2
        && context.calls_of(function).any(|site| {
            let mut callees = program.calls.callee(site).functions().iter();
            callees.any(|&callee| reads_rows(context, callee, depth + 1))
        })
}

/// The keys of a statement with what they are made of, to be compared with many values.
#[derive(Debug)]
pub(crate) struct Keys {
    exprs: Vec<ExprRef>,
    made: Vec<Ingredients>,
}

impl Keys {
    /// Asks once what each key is made of.
    pub(crate) fn new(context: &Context<'_>, keys: &[ExprRef]) -> Self {
        let made = keys
            .iter()
            .map(|&key| context.ingredients(key, Reach::LOCAL));
        Self {
            exprs: keys.to_vec(),
            made: made.collect(),
        }
    }

    /// The keys.
    pub(crate) fn exprs(&self) -> &[ExprRef] {
        &self.exprs
    }

    /// What the keys are made of.
    pub(crate) fn made(&self) -> &[Ingredients] {
        &self.made
    }

    /// Whether a value is the same as one of the keys ([`same_value`]).
    pub(crate) fn hold(&self, context: &Context<'_>, at: ExprRef) -> bool {
        if self
            .exprs
            .iter()
            .any(|&key| is_same_place(context, at, key))
        {
            return true;
        }
        let made = context.ingredients(at, Reach::LOCAL);
        self.made.iter().any(|key| shares_origin(&made, key))
    }
}

/// Whether two expressions are one, or name one variable.
fn is_same_place(context: &Context<'_>, a: ExprRef, b: ExprRef) -> bool {
    if a == b {
        return true;
    }
    let ir = context.program.code.ir(a.file);
    a.file == b.file
        && matches!((ir.kind(a.expr), ir.kind(b.expr)),
            (ExprKind::Local(x), ExprKind::Local(y)) if x == y)
}

/// The same value, as far as its direct origins tell: one parameter field, one local, one call result.
pub(crate) fn same_value(context: &Context<'_>, a: ExprRef, b: ExprRef) -> bool {
    if is_same_place(context, a, b) {
        return true;
    }
    let (left, right) = (
        context.ingredients(a, Reach::LOCAL),
        context.ingredients(b, Reach::LOCAL),
    );
    shares_origin(&left, &right)
}

/// Whether two values have a direct origin in common that is no literal.
pub(crate) fn shares_origin(a: &Ingredients, b: &Ingredients) -> bool {
    let is_value = |kind: &OriginKind| {
        !matches!(
            kind,
            OriginKind::Literal(_) | OriginKind::Unknown | OriginKind::Receiver(_)
        )
    };
    // `r.PathValue("id")` and `r.FormValue("other")` have the request in common and still differ.
    let reads_other_part = differ_by_name(a, b);
    a.origins
        .iter()
        .filter(|origin| is_value(&origin.kind))
        .filter(|origin| {
            !(reads_other_part
                && origin.path.is_empty()
                && matches!(origin.kind, OriginKind::Param(..)))
        })
        .any(|origin| {
            b.origins
                .iter()
                .any(|other| other.kind == origin.kind && other.path == origin.path)
        })
}

/// Whether both are read under names, and under different ones.
fn differ_by_name(a: &Ingredients, b: &Ingredients) -> bool {
    let names = |of: &Ingredients| -> BTreeSet<Symbol> {
        of.origins
            .iter()
            .filter_map(|origin| match origin.kind {
                OriginKind::Literal(name) if origin.is_direct => Some(name),
                _ => None,
            })
            .collect()
    };
    let (left, right) = (names(a), names(b));
    !left.is_empty() && !right.is_empty() && left.is_disjoint(&right)
}
