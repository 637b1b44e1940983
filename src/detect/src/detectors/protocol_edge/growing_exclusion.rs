//! Sets that decide what may be tried and from which nothing is ever taken away: in the end nothing is left to try.
//!
//! A field or module variable whose name says that what is in it is left out. A set that lives as long as one call is no
//! such thing. Uses are looked for in the file, in Go in the folder.

use std::collections::BTreeMap;

use betwixt_base::{FileId, Language, Place, Span, Symbol};
use betwixt_facts::ir::{CallId, ExprId, ExprKind, Ir, LocalKind, StmtKind};
use betwixt_facts::{FileFacts, TypeKind};
use betwixt_findings::Role;
use betwixt_program::FunctionId;
use betwixt_program::control::each_expr;

use crate::body::{call_name, chain_names};
use crate::detectors::Context;
use crate::detectors::units::words;
use crate::observation::{Observation, function_name, step};

/// What is done with one such set.
#[derive(Debug, Default)]
struct Uses {
    added: Vec<Place>,
    asked: Option<Place>,
    /// Something is taken away, or the whole is begun anew.
    shrinks: bool,
    /// An entry says when it was made.
    is_timed: bool,
}

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut sets: BTreeMap<(String, Symbol), Uses> = BTreeMap::new();
    let files: Vec<(FileId, &FileFacts)> = program
        .code
        .code_files()
        .filter(|(file, _)| program.workspace.file(*file).marks.is_reported())
        .collect();
    for &(file, facts) in &files {
        for (name, is_timed) in declared(facts) {
            let uses = sets.entry((home(context, file, facts), name)).or_default();
            uses.is_timed |= is_timed;
        }
    }
    if sets.is_empty() {
        return Vec::new();
    }
    for &(file, facts) in &files {
        let home = home(context, file, facts);
        let names: Vec<Symbol> = sets
            .range((home.clone(), Symbol::empty())..)
            .take_while(|((folder, _), _)| *folder == home)
            .map(|((_, name), _)| *name)
            .collect();
        for name in names {
            if let Some(uses) = sets.get_mut(&(home.clone(), name)) {
                look(&facts.ir, file, facts, name, uses);
            }
        }
    }
    let grown = sets.into_iter().filter(|(_, uses)| {
        !uses.shrinks && !uses.is_timed && uses.asked.is_some() && !uses.added.is_empty()
    });
    grown
        .filter_map(|((_, name), uses)| observation(context, name, &uses))
        .collect()
}

/// Where a set's uses are looked for.
fn home(context: &Context<'_>, file: FileId, facts: &FileFacts) -> String {
    let path = &context.program.workspace.file(file).path;
    match facts.language {
        Language::Go => path
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder)
            .to_owned(),
        _ => path.to_string(),
    }
}

/// The fields and variables of a file whose name says that they leave something out, each with whether its entries have a time.
fn declared(facts: &FileFacts) -> Vec<(Symbol, bool)> {
    let ir = &facts.ir;
    let fields = facts
        .types
        .iter()
        .filter(|known| matches!(known.kind, TypeKind::Struct | TypeKind::Class))
        .flat_map(|known| {
            known
                .fields
                .iter()
                .map(|field| (field.name, field.type_ref))
        });
    let globals = facts
        .globals
        .iter()
        .map(|global| (global.name, global.type_ref));
    let mut found: Vec<(Symbol, bool)> = fields
        .chain(globals)
        .filter(|(name, written)| leaves_out(name.as_str()) && may_hold_many(ir, *written))
        .map(|(name, written)| (name, is_timed(ir, written)))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// `failedHosts`, `blacklist`, `excluded`; `failedCount` is a number and `excludedBy` no set.
fn leaves_out(name: &str) -> bool {
    let words = words(name);
    let says = words.iter().any(|word| {
        matches!(
            word.as_str(),
            "excluded"
                | "exclude"
                | "exclusions"
                | "blacklist"
                | "blacklisted"
                | "failed"
                | "tried"
                | "attempted"
                | "unhealthy"
                | "dead"
                | "banned"
                | "rejected"
                | "broken"
                | "unavailable"
        )
    });
    let last = words.last().map(String::as_str).unwrap_or_default();
    says && !matches!(
        last,
        "count"
            | "total"
            | "at"
            | "by"
            | "reason"
            | "error"
            | "metric"
            | "counter"
            | "status"
            | "letter"
            | "letters"
            | "queue"
            | "jobs"
            | "message"
            | "events"
            | "queries"
    )
}

/// A written type that is no flag, number or text.
fn may_hold_many(ir: &Ir, written: betwixt_facts::ir::TypeRefId) -> bool {
    use betwixt_facts::ir::TypeRef;
    match ir.type_ref(written) {
        TypeRef::Named { name, args, .. } => {
            let plain = crate::tenant::plain(name.as_str());
            let holds = ["set", "map", "list", "vec", "array", "record", "deque"];
            holds.iter().any(|word| plain.contains(word))
                || args.iter().any(|&arg| may_hold_many(ir, arg))
        }
        TypeRef::Pointer(inner) => may_hold_many(ir, *inner),
        TypeRef::Map(..) | TypeRef::Slice(_) | TypeRef::Unknown => true,
        _ => false,
    }
}

/// A map to times: what is in it can end.
fn is_timed(ir: &Ir, written: betwixt_facts::ir::TypeRefId) -> bool {
    use betwixt_facts::ir::TypeRef;
    let says_time = |name: &str| {
        matches!(
            name,
            "Time" | "Instant" | "Duration" | "Date" | "SystemTime" | "DateTime" | "OffsetDateTime"
        )
    };
    match ir.type_ref(written) {
        TypeRef::Named { name, args, .. } => {
            says_time(name.as_str())
                || matches!(
                    name.as_str(),
                    "Cache" | "LruCache" | "LRUCache" | "TtlCache"
                )
                || args.iter().any(|&arg| is_timed(ir, arg))
        }
        TypeRef::Map(_, value) => is_timed(ir, *value),
        TypeRef::Pointer(inner) | TypeRef::Slice(inner) => is_timed(ir, *inner),
        _ => false,
    }
}

/// Whether an expression is the set: `this.failed`, `s.failed`, `failed`.
fn is_set(ir: &Ir, expr: ExprId, name: Symbol) -> bool {
    let mut current = expr;
    for _ in 0..6 {
        current = match ir.kind(current) {
            ExprKind::Field(_, field) if field == name => return true,
            ExprKind::Name(known) => return known == name,
            // `self.failed.lock().unwrap()`, `self.failed.write().await`.
            ExprKind::Call(call)
                if matches!(
                    call_name(ir, call),
                    Some("lock" | "write" | "read" | "unwrap" | "borrow" | "borrow_mut" | "expect")
                ) =>
            {
                match ir.kind(ir.call(call).callee) {
                    ExprKind::Field(receiver, _) => receiver,
                    _ => return false,
                }
            }
            ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) => inner,
            _ => return false,
        };
    }
    false
}

fn look(ir: &Ir, file: FileId, facts: &FileFacts, name: Symbol, uses: &mut Uses) {
    let place = |span: Span| Place { file, span };
    for (index, call) in ir.calls.iter().enumerate() {
        let Some(called) = call_name(ir, CallId(index as u32)) else {
            continue;
        };
        let receiver = match ir.kind(call.callee) {
            ExprKind::Field(receiver, _) => Some(receiver),
            _ => None,
        };
        let on_set = receiver.is_some_and(|receiver| is_set(ir, receiver, name));
        let mut args = ir.expr_list(call.args).iter();
        let given = args.any(|&arg| is_set(ir, arg, name));
        let at = place(ir.expr(call.expr).span);
        match called {
            "add" | "push" | "insert" | "set" | "Add" | "Store" | "Put" | "put" if on_set => {
                uses.shrinks |= receiver.is_some_and(|receiver| is_of_call(ir, receiver));
                uses.added.push(at);
            }
            "has" | "includes" | "contains" | "contains_key" | "get" | "Has" | "Contains"
            | "Load" | "indexOf"
                if on_set =>
            {
                uses.asked.get_or_insert(at);
            }
            "includes" | "Contains" | "contains" if given => {
                uses.asked.get_or_insert(at);
            }
            "iter" | "values" | "keys" | "forEach" | "len" | "size" | "is_empty" | "append"
            | "make" | "lock" | "read" | "write" => {}
            // Whatever else is done with it may take something away.
            _ if on_set || given => uses.shrinks = true,
            _ => {}
        }
    }
    for stmt in &ir.stmts {
        let asks = match stmt.kind {
            StmtKind::Assign { target, value, .. } => {
                stored(ir, facts, name, (target, value), place(stmt.span), uses);
                value
            }
            StmtKind::If { cond, .. } => cond,
            _ => continue,
        };
        // `if s.failed[host]`, `_, bad := s.failed[host]`.
        each_expr(ir, asks, &mut |id| {
            if let ExprKind::Index(base, _) = ir.kind(id)
                && is_set(ir, base, name)
            {
                uses.asked.get_or_insert(place(ir.expr(id).span));
            }
        });
    }
}

/// What an assignment does to the set: `s.failed[host] = true`, `s.failed = append(s.failed, host)`, `s.failed = nil`.
fn stored(
    ir: &Ir,
    facts: &FileFacts,
    name: Symbol,
    (target, value): (ExprId, ExprId),
    at: Place,
    uses: &mut Uses,
) {
    match ir.kind(target) {
        ExprKind::Index(base, _) if is_set(ir, base, name) => {
            uses.shrinks |= is_of_call(ir, base);
            uses.added.push(at);
        }
        ExprKind::Field(_, field) if field == name => {
            if is_appended(ir, value, name) {
                uses.added.push(at);
            } else if !is_made_with_owner(ir, facts, at.span, target) {
                uses.shrinks = true;
            }
        }
        _ => {}
    }
}

/// The owner is a variable of the function: `result.failed[id] = true`. It ends with the call.
fn is_of_call(ir: &Ir, set: ExprId) -> bool {
    betwixt_program::flow::defs::root_local(ir, set)
        .is_some_and(|local| ir.local(local).kind == LocalKind::Variable)
}

/// `s.failed = append(s.failed, host)`.
fn is_appended(ir: &Ir, value: ExprId, name: Symbol) -> bool {
    matches!(ir.kind(value), ExprKind::Call(call)
        if call_name(ir, call) == Some("append")
            && ir.expr_list(ir.call(call).args).first().is_some_and(|&arg| is_set(ir, arg, name)))
}

/// Made where the owner is made: `this.failed = new Set()` in a constructor.
fn is_made_with_owner(ir: &Ir, facts: &FileFacts, span: Span, target: ExprId) -> bool {
    let named = facts.functions.iter().skip(1);
    let around: Vec<_> = named
        .filter(|function| function.span.contains(span))
        .collect();
    // A field's first value stands in no function.
    let by_name = around.is_empty()
        || around.iter().any(|function| {
            let plain = crate::tenant::plain(function.name.as_str());
            plain == "constructor" || plain.starts_with("new")
        });
    // A local that is being made: `pool := &Pool{}; pool.failed = …`.
    let of_variable = matches!(ir.kind(target), ExprKind::Field(base, _)
        if matches!(ir.kind(base), ExprKind::Local(local)
            if ir.local(local).kind == LocalKind::Variable));
    by_name || of_variable
}

fn observation(context: &Context<'_>, name: Symbol, uses: &Uses) -> Option<Observation> {
    let program = context.program;
    let &place = uses.added.first()?;
    let asked = uses.asked?;
    let function = program.function_at(place.file, place.span)?;
    let asking = program.function_at(asked.file, asked.span)?;
    let mut observation = Observation {
        holes: vec![
            ("set", name.to_string()),
            ("function", function_name(program, function)),
        ],
        missing: vec!["a removal, an end or a fresh start of the set"],
        identity: vec![name.to_string()],
        ..Observation::new(place, function)
    };
    let note = "what is in the set is left out here";
    let seen = step(program, asked, Some(asking), Role::Step, note);
    observation.trace.push(seen);
    if chooses(context, asking) {
        observation.facts.insert("chooses");
    }
    Some(observation)
}

/// Whether a function chooses among candidates: it filters or goes over a list.
fn chooses(context: &Context<'_>, function: FunctionId) -> bool {
    let program = context.program;
    let unit = context.units().of(function);
    let mut names = words(program.code.function(unit).name.as_str());
    for &site in context.units().calls(unit) {
        let ir = program.code.ir(site.file);
        if let Some(name) = chain_names(ir, ir.call(site.call).callee).last() {
            names.push((*name).to_owned());
        }
    }
    names.iter().any(|name| {
        matches!(
            name.as_str(),
            "filter" | "find" | "pick" | "select" | "choose" | "next" | "candidates" | "retain"
        )
    })
}
