//! Functions that are given the tenant, work on tenants' rows and never look at it.

use betwixt_base::FileId;
use betwixt_facts::ir::{ExprKind, LocalId};
use betwixt_findings::Role;
use betwixt_program::flow::ingredients::is_context_name;
use betwixt_program::{FunctionId, Program};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::body::{Body, reported};
use crate::detectors::{Context, UseScope};
use crate::guards::keys::is_outside;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let mut used: FxHashMap<FileId, FxHashSet<LocalId>> = FxHashMap::default();
    let mut found = Vec::new();
    for &id in reported(context) {
        let body = Body::new(context, id);
        let tenants: Vec<LocalId> = body
            .function
            .params
            .iter()
            .copied()
            .filter(|&param| {
                let name = body.ir.local(param).name;
                !is_context_name(name.as_str()) && name != "_" && context.tenants.matches(name)
            })
            .collect();
        if tenants.is_empty() {
            continue;
        }
        let used = used
            .entry(body.file)
            .or_insert_with(|| used_locals(program, body.file));
        // One that is used is enough: the others say the same.
        if tenants.iter().any(|param| used.contains(param)) {
            continue;
        }
        found.extend(observation(&body, tenants[0]));
    }
    found
}

fn used_locals(program: &Program, file: FileId) -> FxHashSet<LocalId> {
    let exprs = &program.code.ir(file).exprs;
    let locals = exprs.iter().filter_map(|expr| match expr.kind {
        ExprKind::Local(local) => Some(local),
        _ => None,
    });
    locals.collect()
}

/// The queries a function runs by name: what is called and is one statement, without being given a tenant itself.
fn queries_of(body: &Body<'_>) -> Vec<FunctionId> {
    let context = body.context;
    let program = context.program;
    let is_query = |id: &FunctionId| {
        let takes_tenant = program.code.function(*id).params.iter().any(|&param| {
            let local = program.code.ir(program.code.file_of(*id)).local(param);
            context.tenants.matches(local.name)
        });
        *id != body.id && !takes_tenant && context.accesses_of(*id).count() == 1
    };
    let callees = body.calls().into_iter().filter_map(|call| {
        match program.calls.callee(body.site(call)).functions() {
            [only] => Some(*only),
            _ => None,
        }
    });
    callees.filter(is_query).collect()
}

fn observation(body: &Body<'_>, param: LocalId) -> Option<Observation> {
    let context = body.context;
    let program = context.program;
    let queries = queries_of(body);
    let own = std::iter::once(body.id).chain(queries);
    let mut accesses = own.flat_map(|id| context.accesses_of(id));
    let (access, table) = accesses.find_map(|(access, scoping)| {
        let at = scoping.uses.iter().position(|scope| {
            matches!(scope, Some(UseScope::Unscoped | UseScope::LooselyJoined))
        })?;
        let is_own_insert = access.statement.tables[at].is_target
            && access.statement.verb == betwixt_facts::sql::Verb::Insert;
        (!is_own_insert && !scoping.is_opaque).then(|| (access, access.statement.tables[at].name))
    })?;
    let name = body.ir.local(param).name;
    let place = betwixt_base::Place {
        file: body.file,
        span: body.ir.local(param).span,
    };
    let mut observation = Observation {
        conditions: vec![("given", "parameter")],
        holes: vec![
            ("value", name.to_string()),
            ("table", table.to_string()),
            ("function", function_name(program, body.id)),
        ],
        identity: vec![table.to_string()],
        ..Observation::new(place, body.id)
    };
    observation.note_reach(program);
    if name.as_str().starts_with('_') {
        observation.facts.insert("marked-unused");
    }
    if body.function.implements.is_some() {
        observation.facts.insert("implements");
    }
    if access.function != body.id {
        observation.facts.insert("named-query");
    }
    let path = from_entry(program, body.id, is_outside).unwrap_or_default();
    observation.lead_in(context, &path);
    let note = format!("works on `{table}` without the tenant");
    observation
        .trace
        .push(step(program, access.place, Some(body.id), Role::Step, note));
    Some(observation)
}
