//! Shared caches read or written under a key without the tenant while the value depends on one.

use betwixt_base::{FileId, Language, Symbol};
use betwixt_facts::ir::{ExprId, ExprKind, LocalId, LocalKind};
use betwixt_findings::Role;
use betwixt_program::events::Event;
use betwixt_program::flow::ingredients::{Ingredients, Origin, OriginKind, Reach};
use betwixt_program::flow::text::{Piece, texts};
use betwixt_program::{ExprRef, Type};
use rayon::prelude::*;

use super::cached_value::{Dependence, dependence};
use super::unscoped_statement::tenant_at_hand;
use crate::detectors::Context;
use crate::guards::keys::is_outside;
use crate::observation::{Observation, function_name, step};
use crate::path::from_entry;
use crate::tenant::plain;

/// A cache operation with what its key is made of.
struct Operation<'a> {
    event: &'a Event,
    made: Ingredients,
    has_tenant: bool,
    /// The tenant is in the key as it is written here, not only in what the callers hand in.
    names_tenant: bool,
    /// The cache itself, as far as it can be told: the field or variable it is held in.
    cache: Option<String>,
}

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let program = context.program;
    let operations: Vec<Operation<'_>> = program
        .events
        .events
        .par_iter()
        .filter(|event| matches!(event.kind, "cache.get" | "cache.set" | "cache.load"))
        .filter(|event| !event.has("per-request") && !event.has("by-tag"))
        .filter(|event| !program.workspace.file(event.site.file).marks.test)
        .filter(|event| !event.slot("key").is_empty())
        .filter(|event| !program.is_forwarded(event))
        .map(|event| operation(context, event))
        .collect();
    operations
        .par_iter()
        .filter(|operation| !operation.has_tenant && !is_list_of_all(context, operation.event))
        .filter_map(|operation| observation(context, operation, &operations))
        .collect()
}

/// A set or list of the program's own under one name, `SADD deleted_tenants id`: its members say whose they are.
fn is_list_of_all(context: &Context<'_>, event: &Event) -> bool {
    const OPERATIONS: &[&str] = &[
        "sadd",
        "srem",
        "smembers",
        "sismember",
        "scard",
        "spop",
        "zadd",
        "zrem",
        "zrange",
        "zrangebyscore",
        "zrevrange",
        "zscore",
        "zcard",
        "zcount",
        "lpush",
        "rpush",
        "lpop",
        "rpop",
        "lrange",
        "llen",
        "pfadd",
        "pfcount",
    ];
    let ir = context.program.code.ir(event.site.file);
    let is_list = crate::body::call_name(ir, event.site.call)
        .is_some_and(|name| OPERATIONS.contains(&plain(name).as_str()));
    let is_one = |&key: &ExprRef| {
        matches!(
            context.program.code.ir(key.file).kind(key.expr),
            ExprKind::Str(_)
        )
    };
    is_list && event.slot("key").iter().all(is_one)
}

fn operation<'a>(context: &Context<'_>, event: &'a Event) -> Operation<'a> {
    let mut made = Ingredients::default();
    for &value in event.slot("key") {
        made.merge(context.ingredients(value, Reach::WIDE));
    }
    let mut has_tenant = context.tenants.any(&made.names) || holds_whole(context, &made);
    for &(slot, value) in &event.inner {
        if slot == "key" {
            let inner = context.ingredients(value, Reach::LOCAL);
            has_tenant |= context.tenants.any(&inner.names);
            made.merge(inner);
        }
    }
    let names_tenant = event.slot("key").iter().any(|&value| {
        let own = context.ingredients(value, Reach::LOCAL);
        context.tenants.any(&own.names) || has_tenant_field(context, value)
    });
    Operation {
        event,
        made,
        has_tenant: has_tenant || names_tenant,
        names_tenant,
        cache: cache_name(context, event),
    }
}

/// A whole object in the key that has the tenant among its fields (`JSON.stringify(input)`).
fn holds_whole(context: &Context<'_>, made: &Ingredients) -> bool {
    let mut whole = (made.origins.iter())
        .filter(|origin| origin.path.is_empty() && !is_request(context, origin));
    whole.any(|origin| has_tenant_field(context, origin.at))
}

/// Go: the request itself, from which the rest of the key was read; no key holds it whole.
fn is_request(context: &Context<'_>, origin: &Origin) -> bool {
    let program = context.program;
    let OriginKind::Param(function, _) = origin.kind else {
        return false;
    };
    let file = program.code.file_of(function);
    let is_handler = |entry: &betwixt_program::entries::Entry| {
        entry.kind == betwixt_program::entries::EntryKind::Http
    };
    program.code.facts(file).language == Language::Go
        && program.entries.of(function).any(is_handler)
}

/// Whether a value's type has the tenant among its fields: `actionKey{tenantID: …}`.
fn has_tenant_field(context: &Context<'_>, at: ExprRef) -> bool {
    let program = context.program;
    let Type::Def(id) = program.resolver().type_of(at) else {
        return false;
    };
    let mut fields = program.code.type_def(id).fields.iter();
    fields.any(|field| context.tenants.matches(field.name))
}

/// The field or variable a cache is held in: `resolver.cache`, `redis`.
fn cache_name(context: &Context<'_>, event: &Event) -> Option<String> {
    let site = event.via.first().copied().unwrap_or(event.site);
    let ir = context.program.code.ir(site.file);
    let ExprKind::Field(base, _) = ir.kind(ir.call(site.call).callee) else {
        return None;
    };
    holder(
        context,
        ExprRef {
            file: site.file,
            expr: base,
        },
        0,
    )
}

/// Where a cache is held; a parameter is what all its callers hand in.
fn holder(context: &Context<'_>, at: ExprRef, depth: u32) -> Option<String> {
    let program = context.program;
    let ir = program.code.ir(at.file);
    match ir.kind(at.expr) {
        ExprKind::Field(owner, name) => {
            let owner = match program.resolver().type_of(ExprRef {
                file: at.file,
                expr: owner,
            }) {
                Type::Def(id) => program.code.type_def(id).name.to_string(),
                _ => String::new(),
            };
            Some(format!("{owner}.{name}"))
        }
        ExprKind::Name(name) => Some(name.to_string()),
        ExprKind::Unary(_, inner) if depth < 4 => {
            let inner = ExprRef {
                file: at.file,
                expr: inner,
            };
            holder(context, inner, depth + 1)
        }
        // A variable's name says nothing outside its function; what it was given may.
        ExprKind::Local(local) if depth < 2 => {
            let flow = &program.flows[at.file.0 as usize];
            let definitions = flow.definitions(local);
            let mut given: Vec<ExprRef> = definitions
                .iter()
                .map(|known| ExprRef {
                    file: at.file,
                    expr: known.value,
                })
                .collect();
            given.extend(given_by_callers(context, at.file, local));
            let mut names = given
                .into_iter()
                .map(|given| holder(context, given, depth + 1));
            let first = names.next()??;
            names
                .all(|name| name.as_ref() == Some(&first))
                .then_some(first)
        }
        _ => None,
    }
}

/// What callers hand in for a parameter.
fn given_by_callers(context: &Context<'_>, file: FileId, local: LocalId) -> Vec<ExprRef> {
    let code = &context.program.code;
    let facts = code.ir(file).local(local);
    let LocalKind::Param(n) = facts.kind else {
        return Vec::new();
    };
    let function = code.function_id(file, facts.function);
    let callers = context.program.calls.callers(function).iter();
    let args = callers.filter_map(|site| {
        let ir = code.ir(site.file);
        let args = ir.expr_list(ir.call(site.call).args);
        let &expr = args.get(n as usize)?;
        Some(ExprRef {
            file: site.file,
            expr,
        })
    });
    args.collect()
}

fn observation(
    context: &Context<'_>,
    operation: &Operation<'_>,
    all: &[Operation<'_>],
) -> Option<Observation> {
    let program = context.program;
    let event = operation.event;
    let place = context.call_place(event.site);
    let word = match event.kind {
        "cache.get" => "get",
        "cache.set" => "set",
        _ => "load",
    };
    let cache = operation
        .cache
        .clone()
        .unwrap_or_else(|| event.library.to_string());
    let key = key_text(context, event, &|name| name.to_string());
    let mut observation = Observation {
        conditions: vec![("operation", word)],
        holes: vec![
            ("key", key.clone()),
            ("operation", word.to_owned()),
            ("function", function_name(program, event.function)),
            ("cache", cache.clone()),
        ],
        missing: vec!["tenant-in-key"],
        identity: vec![
            cache.clone(),
            key_text(context, event, &|_| "_".to_owned()),
            word.to_owned(),
        ],
        ..Observation::new(place, event.function)
    };
    let judged = dependence(context, event);
    let is_key_alone = matches!(judged, Dependence::KeyAlone);
    let dependence = judged.on_tenant();
    if is_unclear(&key) {
        observation.facts.insert("unclear-key");
    }
    if is_local_cache(context, event) {
        let note = "the cache lives as long as the call".to_owned();
        observation.guards.push((
            "tenant-cache",
            step(program, place, Some(event.function), Role::Guard, note),
        ));
    }
    if operation
        .cache
        .as_deref()
        .is_some_and(|name| context.tenants.matches(Symbol::new(name)))
        || is_picked_by_tenant(context, event)
    {
        let note = "the cache is the tenant's own".to_owned();
        observation.guards.push((
            "tenant-cache",
            step(program, place, Some(event.function), Role::Guard, note),
        ));
    }
    let siblings = siblings(operation, all);
    let at_hand = tenant_at_hand(context, event.function);
    if dependence.is_none() && (is_key_alone || (!at_hand && siblings.0 == 0)) {
        let note = if is_key_alone {
            "what fills the cache uses the key alone and reads no tenant's data"
        } else {
            "nothing says that the value depends on a tenant"
        };
        observation.guards.push((
            "shared-value",
            step(program, place, Some(event.function), Role::Guard, note),
        ));
    }
    facts(
        context,
        operation,
        dependence.as_ref(),
        at_hand,
        siblings,
        &mut observation,
    );
    let path = from_entry(program, event.function, is_outside).unwrap_or_default();
    observation.lead_in(context, &path);
    for &site in event.via.iter().rev() {
        let function = program.function_at(site.file, context.call_place(site).span);
        let note = "the key is handed on to here".to_owned();
        observation.trace.push(step(
            program,
            context.call_place(site),
            function,
            Role::Step,
            note,
        ));
    }
    observation.trace.push(step(
        program,
        place,
        Some(event.function),
        Role::Sink,
        format!("{word} under {key}"),
    ));
    if let Some((at, note)) = dependence {
        let function = program.function_at(at.file, at.span);
        observation
            .trace
            .push(step(program, at, function, Role::Step, note));
    }
    if let Some(peer) = all
        .iter()
        .find(|other| other.names_tenant && other.cache.is_some() && other.cache == operation.cache)
    {
        let peer_place = context.call_place(peer.event.site);
        let note = format!("puts the tenant into the key of {cache}");
        observation.trace.push(step(
            program,
            peer_place,
            Some(peer.event.function),
            Role::Peer,
            note,
        ));
    }
    Some(observation)
}

/// A key of which only the call that makes it is known.
fn is_unclear(key: &str) -> bool {
    let made = key
        .strip_prefix("`{")
        .and_then(|rest| rest.strip_suffix("()}`"));
    matches!(key, "``" | "`{…}`") || made.is_some_and(|call| !call.contains(['{', '}']))
}

/// Other uses of the same cache with the tenant in the key, and in all.
fn siblings(operation: &Operation<'_>, all: &[Operation<'_>]) -> (usize, usize) {
    if operation.cache.is_none() {
        return (0, 0);
    }
    let same = all
        .iter()
        .filter(|other| other.cache == operation.cache && other.event.site != operation.event.site);
    let total = same.clone().count();
    (same.filter(|other| other.names_tenant).count(), total)
}

fn facts(
    context: &Context<'_>,
    operation: &Operation<'_>,
    dependence: Option<&(betwixt_base::Place, String)>,
    at_hand: bool,
    siblings: (usize, usize),
    observation: &mut Observation,
) {
    let program = context.program;
    observation.note_reach(program);
    if at_hand {
        observation.facts.insert("tenant-at-hand");
    }
    if dependence.is_some() {
        observation.facts.insert("value-has-tenant");
    }
    if operation.made.is_constant() {
        observation.facts.insert("constant-key");
    }
    if unique_name(context, &operation.made) {
        observation.facts.insert("globally-unique-key");
    }
    if siblings.0 > 0 && siblings.0 * 2 >= siblings.1 {
        observation.facts.insert("siblings-scoped");
        observation.reasons.push(format!(
            "{} of {} other uses of this cache have the tenant in the key",
            siblings.0, siblings.1
        ));
    }
}

/// What the key looks like: `"stream:" + internalName`.
/// The key as text; `local` says what stands for a local's name.
fn key_text(context: &Context<'_>, event: &Event, local: &dyn Fn(Symbol) -> String) -> String {
    let resolver = context.program.resolver();
    let Some(&key) = event.slot("key").first() else {
        return "a key".to_owned();
    };
    let mut out = String::new();
    for piece in &texts(&resolver, Some(&context.program.calls), key)[0].pieces {
        match piece {
            Piece::Literal(literal) => out.push_str(literal.as_str()),
            Piece::Hole(hole) => {
                out.push('{');
                out.push_str(&hole_name(context, *hole, local));
                out.push('}');
            }
        }
        if out.len() > 120 {
            break;
        }
    }
    format!("`{}`", out.replace(['\n', '`'], " "))
}

fn hole_name(context: &Context<'_>, at: ExprRef, name: &dyn Fn(Symbol) -> String) -> String {
    let ir = context.program.code.ir(at.file);
    match ir.kind(at.expr) {
        ExprKind::Local(local) => name(ir.local(local).name),
        ExprKind::Field(_, name) | ExprKind::Name(name) => name.to_string(),
        ExprKind::Call(call) => match ir.kind(ir.call(call).callee) {
            ExprKind::Field(_, name) | ExprKind::Name(name) => format!("{name}()"),
            _ => "…".to_owned(),
        },
        ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) => hole_name(
            context,
            ExprRef {
                file: at.file,
                expr: inner,
            },
            name,
        ),
        _ => "…".to_owned(),
    }
}

/// A cache made inside the function: a local variable that is assigned a fresh one.
fn is_local_cache(context: &Context<'_>, event: &Event) -> bool {
    let program = context.program;
    let site = event.via.first().copied().unwrap_or(event.site);
    let ir = program.code.ir(site.file);
    let ExprKind::Field(base, _) = ir.kind(ir.call(site.call).callee) else {
        return false;
    };
    let ExprKind::Local(local) = ir.kind(base) else {
        return false;
    };
    let definitions = program.flows[site.file.0 as usize].definitions(local);
    let is_made = definitions.iter().any(|known| match ir.kind(known.value) {
        ExprKind::Struct(..) | ExprKind::List(_) => true,
        ExprKind::Call(call) => ir.call(call).form == betwixt_facts::ir::CallForm::New,
        _ => false,
    });
    is_made && ir.local(local).function.0 != 0
}

/// A cache that a call with the tenant gave: `caches.of(tenant).get(key)`.
fn is_picked_by_tenant(context: &Context<'_>, event: &Event) -> bool {
    let site = event.via.first().copied().unwrap_or(event.site);
    let ir = context.program.code.ir(site.file);
    let ExprKind::Field(base, _) = ir.kind(ir.call(site.call).callee) else {
        return false;
    };
    let flow = &context.program.flows[site.file.0 as usize];
    let makers: Vec<ExprId> = match ir.kind(base) {
        ExprKind::Local(local) => {
            let definitions = flow.definitions(local).iter();
            definitions.map(|known| known.value).collect()
        }
        _ => vec![base],
    };
    makers.into_iter().any(|maker| {
        let mut maker = maker;
        while let ExprKind::Unary(_, inner) | ExprKind::Project(inner, _) = ir.kind(maker) {
            maker = inner;
        }
        let ExprKind::Call(call) = ir.kind(maker) else {
            return false;
        };
        ir.expr_list(ir.call(call).args).iter().any(|&arg| {
            let at = ExprRef {
                file: site.file,
                expr: arg,
            };
            context.is_tenant(at, Reach::LOCAL)
        })
    })
}

/// Whether the key is the name of a column that is unique across tenants.
fn unique_name(context: &Context<'_>, made: &Ingredients) -> bool {
    let schema = &context.program.schema;
    made.origins
        .iter()
        .filter(|origin| !matches!(origin.kind, OriginKind::Literal(_)))
        .filter_map(|origin| {
            let last = origin.path.last().copied();
            last.or_else(|| param_name(context, &origin.kind))
                .or_else(|| written_name(context, origin.at))
        })
        .any(|name| {
            let wanted = plain(name.as_str());
            is_identity_name(&wanted)
                || (wanted.len() > 2
                    && schema
                        .unique_columns()
                        .any(|column| plain(column.as_str()) == wanted))
        })
}

/// Names of keys that one person, session or secret has across all tenants.
fn is_identity_name(plain: &str) -> bool {
    [
        "uuid",
        "guid",
        "userid",
        "useruuid",
        "sessionid",
        "token",
        "jti",
        "secret",
        "apikey",
        "hash",
        "fingerprint",
    ]
    .iter()
    .any(|end| plain.ends_with(end))
        || plain == "uid"
}

/// The name of a variable, or of the function that made the value.
fn written_name(context: &Context<'_>, at: ExprRef) -> Option<Symbol> {
    let ir = context.program.code.ir(at.file);
    match ir.kind(at.expr) {
        ExprKind::Local(local) => Some(ir.local(local).name),
        ExprKind::Call(call) => match ir.kind(ir.call(call).callee) {
            ExprKind::Field(_, name) | ExprKind::Name(name) => Some(name),
            _ => None,
        },
        _ => None,
    }
}

fn param_name(context: &Context<'_>, kind: &OriginKind) -> Option<Symbol> {
    let OriginKind::Param(function, n) = *kind else {
        return None;
    };
    let facts = context.program.code.function(function);
    let local = facts.params.get(n as usize)?;
    let file = context.program.code.file_of(function);
    Some(context.program.code.ir(file).local(*local).name)
}
