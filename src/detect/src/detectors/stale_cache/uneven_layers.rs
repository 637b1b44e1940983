//! Types that keep the same thing in two layers and write one of them alone.
//!
//! Learned from the type's own methods: where two or more write both layers, one that writes only the lower leaves the upper
//! as it was.

use std::collections::{BTreeMap, BTreeSet};

use betwixt_base::Symbol;
use betwixt_facts::ir::{ExprId, ExprKind, Ir, LocalKind};
use betwixt_findings::Role;
use betwixt_program::{CallSite, FunctionId, TypeId};

use crate::detectors::Context;
use crate::detectors::units::{call_name, words};
use crate::observation::{Observation, function_name, step};

/// What a method writes: field to the call that does it.
type Written = BTreeMap<Symbol, CallSite>;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let mut found = Vec::new();
    for (_, methods) in writers(context) {
        for (upper, lower) in layers(&methods) {
            let both: Vec<&(FunctionId, Written)> = methods
                .iter()
                .filter(|(_, written)| written.contains_key(&upper) && written.contains_key(&lower))
                .collect();
            for (method, written) in &methods {
                if let Some(&site) = written.get(&lower)
                    && !written.contains_key(&upper)
                    && !says_lower(context, *method, lower)
                {
                    found.push(observation(context, *method, site, upper, lower, &both));
                }
            }
        }
    }
    found
}

/// Methods of types with a layer that is called a cache, with what they write.
fn writers(context: &Context<'_>) -> BTreeMap<TypeId, Vec<(FunctionId, Written)>> {
    let program = context.program;
    let mut found: BTreeMap<TypeId, Vec<(FunctionId, Written)>> = BTreeMap::new();
    for function in program.code.function_ids() {
        let Some(owner) = program.methods.owner(function) else {
            continue;
        };
        let fields = &program.code.type_def(owner).fields;
        let file = program.code.file_of(function);
        if program.workspace.file(file).marks.test
            || fields.len() < 2
            || !fields.iter().any(|field| is_upper(field.name))
        {
            continue;
        }
        let written = written(context, function);
        if !written.is_empty() {
            found.entry(owner).or_default().push((function, written));
        }
    }
    found
}

fn is_upper(name: Symbol) -> bool {
    words(name.as_str()).iter().any(|word| {
        matches!(
            word.as_str(),
            "cache" | "mem" | "memory" | "redis" | "local" | "lru" | "memo" | "l1" | "hot"
        )
    })
}

/// Pairs of fields that at least two methods write together, the upper called a cache more than the lower.
fn layers(methods: &[(FunctionId, Written)]) -> Vec<(Symbol, Symbol)> {
    let mut together: BTreeMap<(Symbol, Symbol), usize> = BTreeMap::new();
    for (_, written) in methods {
        for &upper in written.keys().filter(|name| is_upper(**name)) {
            for &lower in written
                .keys()
                .filter(|name| **name != upper && is_lower(**name))
            {
                *together.entry((upper, lower)).or_default() += 1;
            }
        }
    }
    together
        .into_iter()
        .filter(|(_, n)| *n >= 2)
        .map(|(pair, _)| pair)
        .collect()
}

fn is_lower(name: Symbol) -> bool {
    words(name.as_str()).iter().any(|word| {
        matches!(
            word.as_str(),
            "disk"
                | "db"
                | "database"
                | "store"
                | "storage"
                | "repo"
                | "repository"
                | "pg"
                | "postgres"
                | "backend"
                | "remote"
                | "persistent"
                | "inner"
                | "l2"
                | "queries"
                | "pool"
                | "s3"
        )
    })
}

fn written(context: &Context<'_>, function: FunctionId) -> Written {
    let program = context.program;
    let mut found = Written::new();
    for &site in context.units().calls(function) {
        let first = words(call_name(program, site));
        let writes = first.iter().any(|word| {
            matches!(
                word.as_str(),
                "insert"
                    | "set"
                    | "put"
                    | "write"
                    | "update"
                    | "delete"
                    | "remove"
                    | "save"
                    | "upsert"
                    | "evict"
                    | "invalidate"
                    | "del"
            )
        });
        let ir = program.code.ir(site.file);
        if writes
            && let ExprKind::Field(base, _) = ir.kind(ir.call(site.call).callee)
            && let Some(field) = own_field(context, site.file, base, 0)
        {
            found.entry(field).or_insert(site);
        }
    }
    found
}

/// The field of the receiver that a value is, variables and clones followed.
fn own_field(
    context: &Context<'_>,
    file: betwixt_base::FileId,
    expr: ExprId,
    depth: u32,
) -> Option<Symbol> {
    let ir = context.program.code.ir(file);
    if depth > 8 {
        return None;
    }
    match ir.kind(expr) {
        ExprKind::Field(base, name) if is_self(ir, base) => Some(name),
        ExprKind::Unary(_, inner) => own_field(context, file, inner, depth + 1),
        ExprKind::Call(call) => match ir.kind(ir.call(call).callee) {
            ExprKind::Field(base, name)
                if matches!(name.as_str(), "clone" | "as_ref" | "lock" | "write") =>
            {
                own_field(context, file, base, depth + 1)
            }
            _ => None,
        },
        ExprKind::Local(local) => {
            let definitions = context.program.flows[file.0 as usize].definitions(local);
            definitions
                .iter()
                .find_map(|known| own_field(context, file, known.value, depth + 1))
        }
        _ => None,
    }
}

fn is_self(ir: &Ir, expr: ExprId) -> bool {
    match ir.kind(expr) {
        ExprKind::This => true,
        ExprKind::Local(local) => ir.local(local).kind == LocalKind::Receiver,
        ExprKind::Unary(_, inner) => is_self(ir, inner),
        _ => false,
    }
}

/// The method's own name says that only the lower layer is meant: `insert_to_disk`.
fn says_lower(context: &Context<'_>, method: FunctionId, lower: Symbol) -> bool {
    let name = words(context.program.code.function(method).name.as_str());
    let plain: BTreeSet<String> = words(lower.as_str())
        .into_iter()
        .filter(|word| word != "cache" && word != "store")
        .collect();
    name.iter().any(|word| plain.contains(word))
}

fn observation(
    context: &Context<'_>,
    method: FunctionId,
    site: CallSite,
    upper: Symbol,
    lower: Symbol,
    both: &[&(FunctionId, Written)],
) -> Observation {
    let program = context.program;
    let mut observation = Observation {
        conditions: vec![("evidence", "layers"), ("verb", "update")],
        holes: vec![
            ("table", lower.to_string()),
            ("verb", "write".to_owned()),
            ("function", function_name(program, method)),
            ("cache", format!("`{upper}`")),
        ],
        missing: vec!["a write of the upper layer"],
        identity: vec!["layers".to_owned(), upper.to_string(), lower.to_string()],
        ..Observation::new(context.call_place(site), method)
    };
    observation
        .facts
        .extend(["siblings-invalidate", "sibling-in-file"]);
    if both.len() >= 2 {
        observation.facts.insert("layered");
    }
    for (peer, written) in both.iter().take(3) {
        observation.trace.push(step(
            program,
            context.call_place(written[&upper]),
            Some(*peer),
            Role::Peer,
            format!("writes `{lower}` and `{upper}`"),
        ));
    }
    observation
}
