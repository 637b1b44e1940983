//! Entries that lack the check their siblings have: a layer of the route, a call in the body, the caller nobody looks at.
//!
//! Siblings are the routes of one router, or the entries of one file that read or that write. Where each entry has a file
//! of its own, they are the entries of the folders around it that are known by the same library.

use std::collections::BTreeMap;
use std::rc::Rc;

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{CallId, ExprKind, LocalId, TypeRef};
use betwixt_findings::Role;
use betwixt_program::control::{each_expr, leaves};
use betwixt_program::entries::{EntryKind, Lacking, Route};
use betwixt_program::{CallSite, FunctionId};
use rustc_hash::{FxHashMap, FxHashSet};

use super::folder_siblings::Folders;
use crate::body::{Body, If, call_name, chain_names};
use crate::detectors::Context;
use crate::guards::names::{is_authorization, is_principal};
use crate::observation::{Observation, function_name, function_place, step};
use crate::tenant::plain;
use crate::tenant_values::is_credential_name;

/// How deep a check is looked for in what an entry calls.
const MAX_DEPTH: u32 = 3;

pub(super) fn observe(context: &Context<'_>) -> Vec<Observation> {
    let mut seen = Seen::default();
    let mut found = by_layer(context, &mut seen);
    found.extend(by_body(context, &mut seen));
    found
}

/// What was asked of functions already.
#[derive(Default)]
pub(super) struct Seen {
    checks: FxHashMap<(FunctionId, u32), Option<CallSite>>,
    calls: FxHashMap<FileId, Vec<Rc<[CallSite]>>>,
    touches: FxHashMap<FunctionId, bool>,
}

fn by_layer(context: &Context<'_>, seen: &mut Seen) -> Vec<Observation> {
    let program = context.program;
    let mut found = Vec::new();
    for route in &program.entries.routes {
        let file = program.code.file_of(route.function);
        if !program.workspace.file(file).marks.is_reported()
            || is_open_by_design(route, &route.title())
        {
            continue;
        }
        let lacking = program.entries.lacking(route);
        let Some(lacking) = lacking
            .iter()
            .find(|lacking| is_auth_layer(lacking.layer.name.as_str()))
        else {
            continue;
        };
        // Another layer of this kind stands in for it.
        if route
            .layers
            .iter()
            .any(|layer| is_auth_layer(layer.name.as_str()))
        {
            continue;
        }
        found.push(lacking_layer(context, seen, route, lacking));
    }
    found
}

fn lacking_layer(
    context: &Context<'_>,
    seen: &mut Seen,
    route: &Route,
    lacking: &Lacking<'_>,
) -> Observation {
    let program = context.program;
    let shown = lacking.layer.name.to_string();
    let mut observation = observation(context, seen, route.function, "layer", &shown);
    observation.facts.insert("siblings-guarded");
    observation.reasons.push(format!(
        "{} of {} other routes on the router go through `{shown}`",
        lacking.n_with, lacking.n_siblings
    ));
    if is_write(route.method.map(Symbol::as_str), "") {
        observation.facts.insert("writes");
    }
    let note = format!("`{}` goes through it", lacking.sibling.title());
    observation
        .trace
        .push(step(program, lacking.layer.at, None, Role::Peer, note));
    observation
}

/// What all observations of an entry share: guards, reach, place.
pub(super) fn observation(
    context: &Context<'_>,
    seen: &mut Seen,
    function: FunctionId,
    lacks: &'static str,
    what: &str,
) -> Observation {
    let program = context.program;
    let place = function_place(program, function);
    let mut observation = Observation {
        conditions: vec![("lacks", lacks)],
        holes: vec![
            ("check", what.to_owned()),
            ("function", function_name(program, function)),
        ],
        identity: vec![lacks.to_owned()],
        ..Observation::new(place, function)
    };
    let exposed = program
        .entries
        .of(function)
        .any(|entry| entry.exposure == betwixt_program::entries::Exposure::Public);
    if exposed {
        observation.facts.insert("public");
    }
    if let Some(site) = checks(context, seen, function, 0) {
        let at = context.call_place(site);
        let caller = program.function_at(at.file, at.span);
        observation.guards.push((
            "checks-itself",
            step(program, at, caller, Role::Guard, "checked here"),
        ));
    }
    if touches_tenants(context, seen, function, 0) {
        observation.facts.insert("tenant-data");
    }
    observation
}

/// Routes that must be open: signing in, health, callbacks.
fn is_open_by_design(route: &Route, title: &str) -> bool {
    const WORDS: &[&str] = &[
        "login",
        "logout",
        "signin",
        "signup",
        "register",
        "health",
        "ready",
        "live",
        "ping",
        "version",
        "metrics",
        "callback",
        "webhook",
        "public",
        "oauth",
        "token",
        "password",
        "verify",
        "invite",
        "wellknown",
        "status",
        "static",
        "docs",
        "openapi",
        "swagger",
        "favicon",
        "robots",
        "session",
        "sso",
        "saml",
    ];
    let plain = plain(title);
    WORDS.iter().any(|word| plain.contains(word))
        || route
            .method
            .is_some_and(|method| matches!(method.as_str(), "OPTIONS" | "HEAD"))
        || matches!(title, "GET /" | "/")
}

pub(super) fn is_auth_layer(name: &str) -> bool {
    let plain = plain(name.rsplit(['.', ':']).next().unwrap_or(name));
    is_authorization(name)
        || [
            "auth",
            "guard",
            "permission",
            "session",
            "admin",
            "jwt",
            "login",
            "protect",
            "signedin",
            "acl",
            "rbac",
            "tenant",
            "member",
        ]
        .iter()
        .any(|word| plain.contains(word))
}

/// What is known of an entry that is compared with its siblings.
pub(super) struct Handler {
    pub(super) function: FunctionId,
    /// A check in the body or in what it calls.
    pub(super) checked: Option<CallSite>,
    /// The check stands in the body itself or one call further: what makes a habit.
    pub(super) checks_first: bool,
    /// The parameter that says who calls, and whether anything reads it.
    principal: Option<(Symbol, bool)>,
    pub(super) has_tenant: bool,
}

fn by_body(context: &Context<'_>, seen: &mut Seen) -> Vec<Observation> {
    let program = context.program;
    let mut groups: BTreeMap<(FileId, bool), Vec<Handler>> = BTreeMap::new();
    let mut used: FxHashMap<FileId, FxHashSet<LocalId>> = FxHashMap::default();
    let mut known: FxHashSet<FunctionId> = FxHashSet::default();
    for entry in &program.entries.entries {
        let is_meant = matches!(
            entry.kind,
            EntryKind::Http | EntryKind::Rpc | EntryKind::GraphQl
        );
        let file = program.code.file_of(entry.function);
        if !is_meant
            || !program.workspace.file(file).marks.is_reported()
            || !known.insert(entry.function)
        {
            continue;
        }
        let routes = program.entries.routes_of(entry.function);
        if routes
            .iter()
            .any(|route| is_open_by_design(route, &route.title()))
        {
            continue;
        }
        let body = Body::new(context, entry.function);
        if asks_capability(&body) {
            continue;
        }
        let used = used.entry(file).or_insert_with(|| used_locals(&body));
        let method = routes
            .first()
            .and_then(|route| route.method)
            .map(Symbol::as_str);
        let writes = is_write(method, program.display(entry.function));
        groups.entry((file, writes)).or_default().push(Handler {
            function: entry.function,
            checked: checks(context, seen, entry.function, 0),
            checks_first: checks(context, seen, entry.function, MAX_DEPTH - 1).is_some(),
            principal: principal(&body, used),
            has_tenant: has_tenant(&body),
        });
    }
    let mut found = Vec::new();
    let folders = Folders::new(context, &groups);
    for ((file, writes), handlers) in &groups {
        for handler in handlers {
            let observation = lacking_call(context, seen, handlers, handler)
                .or_else(|| folders.lacking(context, seen, *file, handler));
            if let Some(mut observation) = observation {
                if *writes {
                    observation.facts.insert("writes");
                }
                found.push(observation);
            }
        }
    }
    found
}

fn lacking_call(
    context: &Context<'_>,
    seen: &mut Seen,
    handlers: &[Handler],
    handler: &Handler,
) -> Option<Observation> {
    let program = context.program;
    if handler.checked.is_some() || !handler.has_tenant {
        return None;
    }
    let unused = handler.principal.filter(|(_, is_used)| !is_used);
    let others = || {
        handlers
            .iter()
            .filter(|other| other.function != handler.function)
    };
    let n_use = others()
        .filter(|other| matches!(other.principal, Some((_, true))))
        .count();
    let of_tenants: Vec<&Handler> = others().filter(|other| other.has_tenant).collect();
    let checked: Vec<&Handler> = of_tenants
        .iter()
        .copied()
        .filter(|other| other.checks_first)
        .collect();
    let by_principal = unused.filter(|_| n_use >= 2);
    if by_principal.is_none() && (checked.len() < 2 || checked.len() * 10 < of_tenants.len() * 3) {
        return None;
    }
    if by_principal.is_none() && !touches_tenants(context, seen, handler.function, 0) {
        return None;
    }
    let (lacks, what) = match by_principal {
        Some((name, _)) => ("caller", name.to_string()),
        None => {
            let site = checked[0].checked?;
            let name = call_name(program.code.ir(site.file), site.call)?;
            ("check", name.to_owned())
        }
    };
    let mut observation = observation(context, seen, handler.function, lacks, &what);
    if checked.len() >= 2 && checked.len() * 2 >= of_tenants.len() {
        observation.facts.insert("siblings-guarded");
    }
    if !checked.is_empty() {
        observation.reasons.push(format!(
            "{} of {} siblings in the file check first",
            checked.len(),
            of_tenants.len()
        ));
    }
    if let Some(peer) = checked.first().and_then(|peer| peer.checked) {
        let place = context.call_place(peer);
        let function = program.function_at(place.file, place.span);
        observation.trace.push(step(
            program,
            place,
            function,
            Role::Peer,
            "a sibling checks here",
        ));
    }
    Some(observation)
}

/// Whether a route or a name changes something.
fn is_write(method: Option<&str>, name: &str) -> bool {
    match method {
        Some(method) => !matches!(method, "GET" | "QUERY" | "SUBSCRIPTION" | "HEAD"),
        None => {
            let last = name.rsplit(['.', ':', ')']).next().unwrap_or(name);
            let plain = plain(last);
            [
                "create", "update", "delete", "remove", "set", "add", "put", "patch", "post",
                "edit", "revoke", "reset", "insert", "approve", "start", "stop",
            ]
            .iter()
            .any(|start| plain.starts_with(start))
        }
    }
}

fn used_locals(body: &Body<'_>) -> FxHashSet<LocalId> {
    let locals = body.ir.exprs.iter().filter_map(|expr| match expr.kind {
        ExprKind::Local(local) => Some(local),
        _ => None,
    });
    locals.collect()
}

/// The parameter that says who calls.
fn principal(body: &Body<'_>, used: &FxHashSet<LocalId>) -> Option<(Symbol, bool)> {
    body.function.params.iter().find_map(|&param| {
        let local = body.ir.local(param);
        let by_type = match body.ir.type_ref(local.type_ref) {
            TypeRef::Named { name, .. } => is_principal_type(name.as_str()),
            _ => false,
        };
        let by_name = is_principal(local.name.as_str()) && local.name.as_str().len() > 3;
        (by_type || by_name && by_extractor(body, param))
            .then(|| (local.name, used.contains(&param)))
    })
}

/// TypeScript: `@CurrentUser() user`; elsewhere parameters by name alone say nothing.
fn by_extractor(body: &Body<'_>, param: LocalId) -> bool {
    body.function.attributes.iter().any(|attribute| {
        let first = body.ir.expr_list(attribute.args).first();
        let is_it = first.is_some_and(
            |&arg| matches!(body.ir.kind(arg), ExprKind::Local(local) if local == param),
        );
        is_it && plain(attribute.name.as_str()).contains("user")
    })
}

fn is_principal_type(name: &str) -> bool {
    let plain = plain(name);
    matches!(
        plain.as_str(),
        "useruuid"
            | "userid"
            | "authorization"
            | "claims"
            | "jwtclaims"
            | "authuser"
            | "currentuser"
            | "authenticateduser"
            | "authenticated"
            | "principal"
            | "identity"
            | "authcontext"
            | "authsession"
            | "loggeduser"
            | "useridentity"
            | "authinfo"
            | "requireauth"
    )
}

/// Whether an entry is about a tenant's data: it names one.
fn has_tenant(body: &Body<'_>) -> bool {
    let span = body.function.span;
    let tenants = &body.context.tenants;
    let file = body.context.program.code.facts(body.file);
    let inside =
        |idx: betwixt_facts::ir::FunctionIdx| span.contains(file.functions[idx.index()].span);
    body.ir
        .locals
        .iter()
        .any(|local| inside(local.function) && tenants.matches(local.name))
        || body.ir.exprs.iter().any(|expr| match expr.kind {
            ExprKind::Field(_, name) => span.contains(expr.span) && tenants.matches(name),
            _ => false,
        })
}

/// `if (!session.user.canCreateOrganizations) throw …`: a right of the signed-in user, which no access to a tenant gives.
fn asks_capability(body: &Body<'_>) -> bool {
    let ir = body.ir;
    body.ifs().any(|If { cond, then, .. }| {
        let mut names_right = false;
        each_expr(ir, cond, &mut |expr| {
            if let ExprKind::Field(base, name) = ir.kind(expr) {
                let name = name.as_str();
                let is_right = name
                    .strip_prefix("can")
                    .or_else(|| name.strip_prefix("Can"));
                names_right |= is_right.is_some_and(|rest| {
                    rest.trim_start_matches('_').starts_with(char::is_uppercase)
                        || rest.starts_with('_')
                }) && chain_names(ir, base)
                    .iter()
                    .any(|name| is_credential_name(name));
            }
        });
        names_right && leaves(ir, then)
    })
}

/// A check of rights in a function, its closures, or what they call; asked once for each depth.
pub(super) fn checks(
    context: &Context<'_>,
    seen: &mut Seen,
    function: FunctionId,
    depth: u32,
) -> Option<CallSite> {
    if let Some(known) = seen.checks.get(&(function, depth)) {
        return *known;
    }
    let program = context.program;
    let calls = calls_within(context, seen, function);
    let by_name = calls.iter().find(|site| {
        let ir = program.code.ir(site.file);
        let takes = !ir.call(site.call).args.is_empty();
        takes && call_name(ir, site.call).is_some_and(is_authorization)
    });
    let mut found = by_name.copied();
    if found.is_none() && depth < MAX_DEPTH {
        // Cycles end here, too.
        seen.checks.insert((function, depth), None);
        found = calls.iter().find_map(|&site| {
            let callees = program.calls.callee(site).functions();
            let only = *callees.first().filter(|_| callees.len() == 1)?;
            (only != function)
                .then(|| checks(context, seen, only, depth + 1))
                .flatten()
        });
    }
    seen.checks.insert((function, depth), found);
    found
}

/// Calls in a function and the closures written in it.
fn calls_within(context: &Context<'_>, seen: &mut Seen, function: FunctionId) -> Rc<[CallSite]> {
    let program = context.program;
    let (file, idx) = program.code.function_place(function);
    let by_function = seen.calls.entry(file).or_insert_with(|| {
        let facts = program.code.facts(file);
        let mut all: Vec<Vec<CallSite>> = vec![Vec::new(); facts.functions.len()];
        for (index, call) in facts.ir.calls.iter().enumerate() {
            let mut of = Some(call.function);
            // Closures belong to the functions around them; the top of the file is nobody's.
            for _ in 0..16 {
                let Some(inner) = of.filter(|inner| inner.0 > 0) else {
                    break;
                };
                all[inner.index()].push(CallSite {
                    file,
                    call: CallId(index as u32),
                });
                of = facts.functions[inner.index()].parent;
            }
        }
        all.into_iter().map(Rc::from).collect()
    });
    Rc::clone(&by_function[idx.index()])
}

/// Whether rows of tenants are read or changed by a function or what it calls.
pub(super) fn touches_tenants(
    context: &Context<'_>,
    seen: &mut Seen,
    function: FunctionId,
    depth: u32,
) -> bool {
    if let Some(&known) = seen.touches.get(&function) {
        return known;
    }
    let program = context.program;
    let calls = calls_within(context, seen, function);
    let mut own: Vec<FunctionId> = calls
        .iter()
        .map(|site| {
            program.code.function_id(
                site.file,
                program.code.ir(site.file).call(site.call).function,
            )
        })
        .collect();
    own.push(function);
    own.sort_unstable();
    own.dedup();
    let touched = own.iter().any(|&id| {
        context.accesses_of(id).any(|(access, scoping)| {
            let is_tenants = scoping
                .uses
                .iter()
                .flatten()
                .any(|scope| *scope != crate::detectors::UseScope::Free);
            let is_tenant = |&table: &betwixt_program::schema::TableId| {
                matches!(
                    program.schema.tenancy(table),
                    betwixt_program::schema::Tenancy::TenantRoot
                )
            };
            is_tenants || access.tables.iter().flatten().any(is_tenant)
        })
    });
    let found = touched
        || depth < MAX_DEPTH
            && calls.iter().any(|&site| {
                let callees = program.calls.callee(site).functions();
                callees.iter().take(2).any(|&callee| {
                    callee != function && touches_tenants(context, seen, callee, depth + 1)
                })
            });
    // What was cut by depth is not the last word.
    if found || depth == 0 {
        seen.touches.insert(function, found);
    }
    found
}
