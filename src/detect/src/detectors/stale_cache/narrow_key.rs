//! Cache keys that say less than the value depends on, or the same for different things.
//!
//! A loader written in place shows what it takes from the function around it; what the key does not hold of that is shared
//! by all its values. Tenants are left to the rule that knows them.

use std::collections::BTreeSet;

use betwixt_base::{Place, Symbol};
use betwixt_facts::ir::{
    BinaryOp, ExprId, ExprKind, FunctionIdx, Ir, LocalId, LocalKind, StmtKind, TypeRef,
};
use betwixt_findings::Role;
use betwixt_program::control::{Control, exprs_of};
use betwixt_program::events::Event;
use betwixt_program::flow::ingredients::{Ingredients, OriginKind, Reach};
use betwixt_program::{ExprRef, FunctionId, Type};

use crate::detectors::Context;
use crate::detectors::units::words;
use crate::observation::{Observation, function_name, step};

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    let mut slots: BTreeSet<Place> = BTreeSet::new();
    for event in &program.events.events {
        let is_key = matches!(event.kind, "cache.get" | "cache.set" | "cache.load")
            && !event.has("per-request")
            && !event.slot("key").is_empty();
        if !is_key || program.workspace.file(event.site.file).marks.test {
            continue;
        }
        found.extend(omissions(context, event));
        for observation in collisions(context, event) {
            if slots.insert(observation.place) {
                found.push(observation);
            }
        }
    }
    found
}

/// The inputs of the loader that the key lacks.
fn omissions(context: &Context<'_>, event: &Event) -> Vec<Observation> {
    let program = context.program;
    let Some(&loader) = event.slot("loader").first() else {
        return Vec::new();
    };
    let ExprKind::Closure(idx) = program.code.ir(loader.file).kind(loader.expr) else {
        return Vec::new();
    };
    let made = key_ingredients(context, event);
    if made.is_cut {
        return Vec::new();
    }
    let missing: Vec<LocalId> = inputs(context, loader.file, idx)
        .into_iter()
        .filter(|&local| !holds(context, loader.file, &made, local))
        .collect();
    let found = (!missing.is_empty()).then(|| omission(context, event, loader, &missing));
    found.into_iter().collect()
}

fn omission(
    context: &Context<'_>,
    event: &Event,
    loader: ExprRef,
    missing: &[LocalId],
) -> Observation {
    let program = context.program;
    let ir = program.code.ir(loader.file);
    let names: Vec<&str> = missing
        .iter()
        .map(|&local| ir.local(local).name.as_str())
        .collect();
    let place = context.call_place(event.site);
    let mut observation = Observation {
        conditions: vec![("lack", "input")],
        holes: vec![
            ("input", names.join("`, `")),
            ("function", function_name(program, event.function)),
        ],
        missing: vec!["the input in the key"],
        identity: vec!["input".to_owned()],
        ..Observation::new(place, event.function)
    };
    if !event
        .slot("key")
        .iter()
        .any(|&key| is_list(program.code.ir(key.file), key.expr))
    {
        observation.facts.insert("key-elsewhere");
    }
    for &local in missing {
        let note = format!("`{}` decides what is loaded", ir.local(local).name);
        let at = Place {
            file: loader.file,
            span: ir.local(local).span,
        };
        observation
            .trace
            .push(step(program, at, Some(event.function), Role::Step, note));
    }
    observation
}

fn is_list(ir: &Ir, expr: ExprId) -> bool {
    matches!(ir.kind(expr), ExprKind::List(_) | ExprKind::Concat(_))
}

fn key_ingredients(context: &Context<'_>, event: &Event) -> Ingredients {
    let mut made = Ingredients::default();
    for &key in event.slot("key") {
        made.merge(context.ingredients(key, Reach::LOCAL));
    }
    for &(slot, value) in &event.inner {
        if slot == "key" {
            made.merge(context.ingredients(value, Reach::LOCAL));
        }
    }
    made
}

/// Variables of the functions around that a loader passes on, plain values only.
fn inputs(context: &Context<'_>, file: betwixt_base::FileId, idx: FunctionIdx) -> Vec<LocalId> {
    let program = context.program;
    let facts = program.code.facts(file);
    let ir = &facts.ir;
    let around = ancestors(facts, idx);
    let mut found: BTreeSet<LocalId> = BTreeSet::new();
    let inside: Vec<usize> = (0..facts.functions.len())
        .filter(|&at| at == idx.index() || ancestors(facts, FunctionIdx(at as u32)).contains(&idx))
        .collect();
    for at in inside {
        let control = Control::new(ir, facts.functions[at].body);
        for &stmt in control.statements() {
            if matches!(ir.stmt(stmt).kind, StmtKind::Throw(_)) {
                continue;
            }
            for expr in exprs_of(ir, stmt) {
                uses(ir, expr, &mut |local| {
                    let is_outer = around.contains(&ir.local(local).function);
                    if is_outer && is_input(context, file, local) {
                        found.insert(local);
                    }
                });
            }
        }
    }
    found.into_iter().collect()
}

fn ancestors(facts: &betwixt_facts::FileFacts, idx: FunctionIdx) -> Vec<FunctionIdx> {
    let mut found = Vec::new();
    let mut current = facts.functions[idx.index()].parent;
    while let Some(parent) = current {
        if parent.index() == 0 || found.len() > 16 {
            break;
        }
        found.push(parent);
        current = facts.functions[parent.index()].parent;
    }
    found
}

/// Locals in an expression, those in messages of logs and errors left out.
fn uses(ir: &Ir, expr: ExprId, visit: &mut impl FnMut(LocalId)) {
    let mut pending = vec![expr];
    let mut steps = 0;
    while let Some(id) = pending.pop() {
        steps += 1;
        if steps > 5_000 {
            return;
        }
        match ir.kind(id) {
            ExprKind::Local(local) => visit(local),
            ExprKind::Concat(list) | ExprKind::List(list) => pending.extend(ir.expr_list(list)),
            ExprKind::Field(base, _)
            | ExprKind::Project(base, _)
            | ExprKind::Unary(_, base)
            | ExprKind::Cast(_, base) => pending.push(base),
            ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) => pending.extend([a, b]),
            ExprKind::Conditional(a, b, c) => pending.extend([a, b, c]),
            ExprKind::Struct(_, entries) => {
                pending.extend(ir.entry_list(entries).iter().map(|entry| entry.value));
            }
            ExprKind::Call(call) => {
                let call = ir.call(call);
                let name = match ir.kind(call.callee) {
                    ExprKind::Field(base, name) => {
                        pending.push(base);
                        name.as_str()
                    }
                    ExprKind::Name(name) => name.as_str(),
                    _ => "",
                };
                if !is_message(name) {
                    pending.extend(ir.expr_list(call.args));
                }
            }
            _ => {}
        }
    }
}

/// Calls whose arguments are read by people.
fn is_message(name: &str) -> bool {
    let last = name.rsplit("::").next().unwrap_or(name);
    last.ends_with("Error")
        || matches!(
            last.trim_end_matches('!'),
            "log"
                | "error"
                | "warn"
                | "info"
                | "debug"
                | "trace"
                | "Errorf"
                | "Infof"
                | "Warnf"
                | "Debugf"
                | "WithField"
                | "WithFields"
                | "captureException"
        )
}

/// A parameter, or part of one, that is a plain value: text, number, list of them.
fn is_input(context: &Context<'_>, file: betwixt_base::FileId, local: LocalId) -> bool {
    let program = context.program;
    let ir = program.code.ir(file);
    let known = ir.local(local);
    let words = words(known.name.as_str());
    let is_means = words.iter().any(|word| {
        matches!(
            word.as_str(),
            "ctx"
                | "context"
                | "db"
                | "tx"
                | "prisma"
                | "client"
                | "logger"
                | "log"
                | "logs"
                | "logging"
                | "verbose"
                | "debug"
                | "redis"
                | "cache"
                | "signal"
                | "ttl"
                | "pool"
                | "conn"
                | "service"
                | "headers"
                | "span"
                | "tracer"
                | "timeout"
                | "fetcher"
                | "loader"
                | "options"
                | "opts"
                | "config"
                | "store"
                | "repo"
        )
    });
    if is_means || context.tenants.matches(known.name) {
        return false;
    }
    match known.kind {
        LocalKind::Param(_) => is_plain(ir, known.type_ref, 0),
        LocalKind::Variable => {
            let flow = &program.flows[file.0 as usize];
            let definitions = flow.definitions(local);
            definitions.len() == 1
                && is_part_of_param(ir, definitions[0].value)
                && !matches!(
                    program.resolver().type_of(ExprRef {
                        file,
                        expr: definitions[0].value
                    }),
                    Type::Def(_)
                )
        }
        _ => false,
    }
}

/// `const { id } = input` of a destructured parameter.
fn is_part_of_param(ir: &Ir, expr: ExprId) -> bool {
    matches!(ir.kind(expr), ExprKind::Field(base, _)
        if matches!(ir.kind(base), ExprKind::Local(local)
            if matches!(ir.local(local).kind, LocalKind::Param(_)) && ir.local(local).name == "_"))
}

fn is_plain(ir: &Ir, written: betwixt_facts::ir::TypeRefId, depth: u32) -> bool {
    if depth > 4 {
        return false;
    }
    match ir.type_ref(written) {
        TypeRef::Named { name, args, .. } => {
            matches!(
                name.as_str(),
                "string"
                    | "number"
                    | "boolean"
                    | "bigint"
                    | "Date"
                    | "String"
                    | "str"
                    | "Uuid"
                    | "UUID"
                    | "bool"
                    | "int"
                    | "int32"
                    | "int64"
                    | "uint"
                    | "uint32"
                    | "uint64"
                    | "float64"
                    | "i16"
                    | "i32"
                    | "i64"
                    | "u16"
                    | "u32"
                    | "u64"
                    | "usize"
                    | "f64"
            ) || name.as_str().ends_with("Id")
                || name.as_str().ends_with("ID")
                || (matches!(name.as_str(), "Option" | "Array" | "Vec")
                    && args.iter().all(|&arg| is_plain(ir, arg, depth + 1)))
        }
        TypeRef::Pointer(inner) | TypeRef::Slice(inner) => is_plain(ir, *inner, depth + 1),
        TypeRef::Union(all) => {
            !all.is_empty() && all.iter().any(|&one| is_plain(ir, one, depth + 1))
        }
        TypeRef::Literal(_) => true,
        _ => false,
    }
}

/// Whether a key is made of a variable, by its name or by where it comes from.
fn holds(
    context: &Context<'_>,
    file: betwixt_base::FileId,
    made: &Ingredients,
    local: LocalId,
) -> bool {
    let ir = context.program.code.ir(file);
    let known = ir.local(local);
    if made.names.contains(&known.name) {
        return true;
    }
    let LocalKind::Param(n) = known.kind else {
        return false;
    };
    let function = context.program.code.function_id(file, known.function);
    made.origins
        .iter()
        .any(|origin| origin.kind == OriginKind::Param(function, n))
}

/// Places of a key where one of two different things stands: `version ?? label`.
fn collisions(context: &Context<'_>, event: &Event) -> Vec<Observation> {
    let program = context.program;
    let inner = event
        .inner
        .iter()
        .filter(|(slot, _)| *slot == "key")
        .map(|(_, value)| *value);
    let mut pieces = BTreeSet::new();
    for key in event.slot("key").iter().copied().chain(inner) {
        collect_pieces(context, key, 0, &mut pieces);
    }
    pieces
        .into_iter()
        .filter_map(|piece| {
            let (a, b) = alternatives(program.code.ir(piece.file), piece.expr)?;
            Some(collision(context, event, piece, a, b))
        })
        .collect()
}

/// The pieces of the texts a key is put together from, variables and functions that only make keys followed.
fn collect_pieces(context: &Context<'_>, at: ExprRef, depth: u32, found: &mut BTreeSet<ExprRef>) {
    let program = context.program;
    let ir = program.code.ir(at.file);
    if depth > 8 {
        return;
    }
    let to = |expr: ExprId| ExprRef {
        file: at.file,
        expr,
    };
    match ir.kind(at.expr) {
        ExprKind::Concat(list) => found.extend(ir.expr_list(list).iter().map(|&part| to(part))),
        ExprKind::List(list) => {
            for &part in ir.expr_list(list) {
                collect_pieces(context, to(part), depth + 1, found);
            }
        }
        ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) => {
            collect_pieces(context, to(inner), depth + 1, found);
        }
        ExprKind::Local(local) => {
            let definitions = program.flows[at.file.0 as usize].definitions(local);
            for known in definitions.iter().take(4) {
                collect_pieces(context, to(known.value), depth + 1, found);
            }
        }
        ExprKind::Call(call) => {
            let site = betwixt_program::CallSite {
                file: at.file,
                call,
            };
            for &callee in program.calls.callee(site).functions().iter().take(2) {
                let (file, idx) = program.code.function_place(callee);
                let ir = program.code.ir(file);
                for &stmt in program.flows[file.0 as usize].returns[idx.index()]
                    .iter()
                    .take(4)
                {
                    if let StmtKind::Return(values) = ir.stmt(stmt).kind
                        && let Some(&expr) = ir.expr_list(values).first()
                    {
                        collect_pieces(context, ExprRef { file, expr }, depth + 2, found);
                    }
                }
            }
        }
        _ => {}
    }
}

/// Two names of which one stands in the hole.
fn alternatives(ir: &Ir, expr: ExprId) -> Option<(Symbol, Symbol)> {
    let (a, b) = match ir.kind(expr) {
        ExprKind::Binary(BinaryOp::Coalesce | BinaryOp::Or, a, b)
        | ExprKind::Conditional(_, a, b) => (a, b),
        _ => return None,
    };
    let (a, b) = (name_of(ir, a)?, name_of(ir, b)?);
    let is_same = words(a.as_str()).last() == words(b.as_str()).last();
    let is_filler = |name: Symbol| {
        words(name.as_str()).iter().any(|word| {
            matches!(
                word.as_str(),
                "default" | "fallback" | "empty" | "anonymous" | "none" | "all" | "undefined"
            )
        })
    };
    (!is_same && !is_filler(b) && !is_filler(a)).then_some((a, b))
}

fn name_of(ir: &Ir, expr: ExprId) -> Option<Symbol> {
    match ir.kind(expr) {
        ExprKind::Field(_, name) => Some(name),
        ExprKind::Local(local) => Some(ir.local(local).name),
        ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) => name_of(ir, inner),
        _ => None,
    }
}

fn collision(
    context: &Context<'_>,
    event: &Event,
    hole: ExprRef,
    a: Symbol,
    b: Symbol,
) -> Observation {
    let program = context.program;
    let span = program.code.ir(hole.file).expr(hole.expr).span;
    let place = Place {
        file: hole.file,
        span,
    };
    let function: FunctionId = program
        .function_at(hole.file, span)
        .unwrap_or(event.function);
    let mut observation = Observation {
        conditions: vec![("lack", "discriminator")],
        holes: vec![
            ("input", format!("{a}` or `{b}")),
            ("function", function_name(program, function)),
        ],
        missing: vec!["a word in the key that says which of the two it is"],
        identity: vec!["discriminator".to_owned(), a.to_string(), b.to_string()],
        ..Observation::new(place, function)
    };
    observation.trace.push(step(
        program,
        context.call_place(event.site),
        Some(event.function),
        Role::Step,
        "the key is used here",
    ));
    observation
}
