//! Messages sent to every connected client although each client belongs to a tenant.
//!
//! Only loops over clients whose type has a field for the tenant; a collection that holds one tenant's clients is asked for
//! by a key and so is no whole collection.

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{CallId, ExprId, ExprKind, LocalId, StmtId, StmtKind, TypeRef, TypeRefId};
use betwixt_program::control::{Control, Dominator, each_expr};
use betwixt_program::{CallSite, FunctionId, Type, TypeId};

use crate::body::{Body, chain_names, peel};
use crate::detectors::Context;
use crate::detectors::units::words;
use crate::observation::{Observation, function_name};
use crate::path::from_entry;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let sends = context.named_calls().of(|name| {
        matches!(
            name,
            "<send>"
                | "Send"
                | "send"
                | "WriteMessage"
                | "WriteJSON"
                | "emit"
                | "Emit"
                | "try_send"
                | "enqueue"
                | "Enqueue"
                | "write"
                | "Write"
                | "postMessage"
                | "unbounded_send"
                | "SendMessage"
        )
    });
    let mut found: Vec<Observation> = Vec::new();
    let mut seen: Vec<StmtId> = Vec::new();
    let mut last: Option<FunctionId> = None;
    for site in sends {
        let ir = program.code.ir(site.file);
        let id = program
            .code
            .function_id(site.file, ir.call(site.call).function);
        if last != Some(id) {
            seen.clear();
            last = Some(id);
        }
        let body = Body::new(context, id);
        if let Some((walk, observation)) = of_send(&body, site)
            && !seen.contains(&walk)
        {
            seen.push(walk);
            found.push(observation);
        }
    }
    found
}

fn of_send(body: &Body<'_>, site: CallSite) -> Option<(StmtId, Observation)> {
    let ir = body.ir;
    let control = Control::new(ir, body.function.body);
    let stmt = control.statement_of(site.call)?;
    let walk = control.ancestors(stmt).into_iter().find(|&around| {
        matches!(ir.stmt(around).kind, StmtKind::Loop { iterated: Some(clients), .. }
            if is_collection(body, clients))
    })?;
    let StmtKind::Loop {
        iterated: Some(clients),
        body: block,
        ..
    } = ir.stmt(walk).kind
    else {
        return None;
    };
    let (client, tenant) = client(body, block, clients)?;
    if !is_sent_to(body, site.call, client) || is_filtered(body, &control, stmt, walk, client) {
        return None;
    }
    let program = body.context.program;
    let mut observation = Observation {
        holes: vec![
            ("clients", body.text(clients)),
            ("tenant", tenant.to_string()),
            ("function", function_name(program, body.id)),
        ],
        missing: vec!["a comparison of the client's tenant with the event's"],
        // Not the receiver: it may be called otherwise.
        identity: vec![collection_name(body, clients)],
        ..body.observation(ir.call(site.call).expr)
    };
    let tenants = &body.context.tenants;
    let names_tenant = body
        .function
        .params
        .iter()
        .any(|&param| tenants.matches(ir.local(param).name));
    if names_tenant {
        observation.facts.insert("tenant-at-hand");
    }
    if let Some(path) = from_entry(program, body.id, |_| true) {
        observation.lead_in(body.context, &path);
    }
    Some((walk, observation))
}

/// All clients there are: a field or variable named after them, not one that was asked for by a key.
fn is_collection(body: &Body<'_>, clients: ExprId) -> bool {
    let ir = body.ir;
    let mut clients = peel(ir, clients);
    // `clients.values()`, `self.clients.iter()`.
    if let ExprKind::Call(call) = ir.kind(clients)
        && ir.call(call).args.is_empty()
        && let ExprKind::Field(base, name) = ir.kind(ir.call(call).callee)
        && matches!(name.as_str(), "values" | "iter" | "values_mut" | "iter_mut")
    {
        clients = peel(ir, base);
    }
    let is_plain = matches!(ir.kind(clients), ExprKind::Field(..) | ExprKind::Name(_));
    let names = chain_names(ir, clients);
    is_plain
        && names.last().is_some_and(|name| {
            words(name).iter().any(|word| {
                matches!(
                    word.as_str(),
                    "clients"
                        | "connections"
                        | "conns"
                        | "subscribers"
                        | "sockets"
                        | "sessions"
                        | "listeners"
                        | "watchers"
                )
            })
        })
}

/// The collection's own name: `clients` of `h.clients`, `self.clients.values()`.
fn collection_name(body: &Body<'_>, clients: ExprId) -> String {
    let names = chain_names(body.ir, clients);
    let own = names
        .iter()
        .rev()
        .find(|name| !matches!(**name, "values" | "iter" | "values_mut" | "iter_mut"));
    own.map_or_else(String::new, |name| (*name).to_owned())
}

/// The variable for one client, and its field for the tenant.
fn client(
    body: &Body<'_>,
    block: betwixt_facts::ir::Block,
    clients: ExprId,
) -> Option<(LocalId, Symbol)> {
    let ir = body.ir;
    let program = body.context.program;
    let resolver = program.resolver();
    ir.block(block).iter().take(3).find_map(|&stmt| {
        let StmtKind::Assign { target, .. } = ir.stmt(stmt).kind else {
            return None;
        };
        let ExprKind::Local(local) = ir.kind(target) else {
            return None;
        };
        let owner = match resolver.type_of(body.at(target)) {
            Type::Def(owner) => Some(owner),
            _ => element_type(body, clients),
        }?;
        let fields = &program.code.type_def(owner).fields;
        let tenants = &body.context.tenants;
        let tenant = fields.iter().find(|field| tenants.matches(field.name))?;
        Some((local, tenant.name))
    })
}

/// The type of a map's keys or values or of a list's elements, where it is one of the program.
fn element_type(body: &Body<'_>, clients: ExprId) -> Option<TypeId> {
    let program = body.context.program;
    let resolver = program.resolver();
    if let Type::Written(file, written) = resolver.type_of(body.at(clients)) {
        return part_type(body, file, written);
    }
    // `Vec<Subscriber>`, `Map<string, Client>`: what the field is written with.
    let mut current = peel(body.ir, clients);
    if let ExprKind::Call(call) = body.ir.kind(current)
        && let ExprKind::Field(base, _) = body.ir.kind(body.ir.call(call).callee)
    {
        current = peel(body.ir, base);
    }
    let ExprKind::Field(base, name) = body.ir.kind(current) else {
        return None;
    };
    let Type::Def(owner) = resolver.type_of(body.at(base)) else {
        return None;
    };
    let (file, _) = program.code.type_place(owner);
    let fields = &program.code.type_def(owner).fields;
    let field = fields.iter().find(|field| field.name == name)?;
    part_type(body, file, field.type_ref)
}

/// The first type of the program among the parts of a written type.
fn part_type(body: &Body<'_>, file: FileId, written: TypeRefId) -> Option<TypeId> {
    let program = body.context.program;
    let ir = program.code.ir(file);
    let mut pending = vec![written];
    for _ in 0..12 {
        let next = pending.pop()?;
        if let Type::Def(owner) = program.resolver().written(file, next) {
            return Some(owner);
        }
        match ir.type_ref(next) {
            TypeRef::Map(key, value) => pending.extend([*value, *key]),
            TypeRef::Slice(inner) | TypeRef::Pointer(inner) => pending.push(*inner),
            TypeRef::Named { args, .. } => pending.extend(args.iter().rev()),
            _ => {}
        }
    }
    None
}

/// `client.send <- event`, `client.WriteJSON(event)`, `send(client, event)`.
fn is_sent_to(body: &Body<'_>, call: CallId, client: LocalId) -> bool {
    let ir = body.ir;
    let facts = ir.call(call);
    let names = |expr: ExprId| betwixt_program::failure::mentions(ir, expr, client);
    names(facts.callee)
        || ir
            .expr_list(facts.args)
            .first()
            .is_some_and(|&to| names(to))
}

/// A condition inside the loop that asks something of the client.
fn is_filtered(
    body: &Body<'_>,
    control: &Control<'_>,
    stmt: StmtId,
    walk: StmtId,
    client: LocalId,
) -> bool {
    let ir = body.ir;
    let inside = ir.stmt(walk).span;
    control.dominators(stmt).into_iter().any(|dominator| {
        let cond = match dominator {
            Dominator::Condition { cond, .. } => cond,
            Dominator::Arm {
                subject: Some(subject),
                ..
            } => subject,
            _ => return false,
        };
        let mut asks = false;
        each_expr(ir, cond, &mut |id| {
            asks |= matches!(ir.kind(id), ExprKind::Local(local) if local == client || is_made_of(body, local, client));
        });
        asks && inside.contains(ir.expr(cond).span)
    })
}

fn is_made_of(body: &Body<'_>, local: LocalId, client: LocalId) -> bool {
    let mut known = body.definitions(local).iter();
    known.any(|definition| betwixt_program::failure::mentions(body.ir, definition.value, client))
}
