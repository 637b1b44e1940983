//! What a cached value depends on: a tenant's data, or the key alone.
//!
//! The surest witness decides: the loader that is handed over, the value that is put in, the function that looks and fills.
//! Only where none is in sight the code around the call is asked.

use betwixt_base::Place;
use betwixt_facts::ir::ExprKind;
use betwixt_program::calls::Callee;
use betwixt_program::control::each_expr;
use betwixt_program::events::Event;
use betwixt_program::flow::ingredients::{OriginKind, Reach};
use betwixt_program::{CallSite, ExprRef, FunctionId, Type};

use crate::detectors::{Context, UseScope};

/// What a cached value depends on.
pub(super) enum Dependence {
    /// On a tenant: where that is seen, and how.
    Tenant(Place, String),
    /// On the key alone, as far as what fills the cache tells.
    KeyAlone,
    /// It cannot be told.
    Unknown,
}

impl Dependence {
    /// Where the tenant is seen.
    pub(super) fn on_tenant(self) -> Option<(Place, String)> {
        match self {
            Self::Tenant(place, note) => Some((place, note)),
            Self::KeyAlone | Self::Unknown => None,
        }
    }
}

impl From<Option<(Place, String)>> for Dependence {
    fn from(found: Option<(Place, String)>) -> Self {
        found.map_or(Self::Unknown, |(place, note)| Self::Tenant(place, note))
    }
}

/// What the value under the key of an event depends on.
pub(super) fn dependence(context: &Context<'_>, event: &Event) -> Dependence {
    let program = context.program;
    let inner = event.inner.iter();
    let inner_loaders = inner
        .filter(|(slot, _)| *slot == "loader")
        .map(|(_, at)| at);
    for &loader in event.slot("loader").iter().chain(inner_loaders) {
        if let Some(function) = program.resolver().function_value(loader) {
            return by_filler(context, function);
        }
    }
    for &value in event.slot("value") {
        if let Some((place, note)) = value_has_tenant(context, value) {
            return Dependence::Tenant(place, note);
        }
    }
    if event.kind != "cache.get" {
        return Dependence::Unknown;
    }
    let ir = program.code.ir(event.site.file);
    let result = ExprRef {
        file: event.site.file,
        expr: ir.call(event.site.call).expr,
    };
    if let Some((place, note)) = type_has_tenant(context, result, result) {
        return Dependence::Tenant(place, note);
    }
    // A function that looks and fills: it says itself what it fills with.
    let fillers = program.calls.callee(event.site).functions();
    if let [filler] = fillers
        && fills(context, *filler)
    {
        return by_filler(context, *filler);
    }
    // A read-through by hand: what the function loads on a miss.
    match event.via.is_empty() {
        true if fills_by_hand(context, event) => {
            loads_tenant_data(context, event.function, 1).into()
        }
        true => Dependence::Unknown,
        false => Dependence::Unknown,
    }
}

/// Whether the function that looks something up also puts something in; what only looks says nothing of where the value is from.
fn fills_by_hand(context: &Context<'_>, event: &Event) -> bool {
    let units = context.units();
    let members = units.members(units.of(event.function));
    members.iter().any(|&member| {
        let mut events = context.program.events.of_function(member);
        events.any(|other| matches!(other.kind, "cache.set" | "cache.load"))
    })
}

/// What a loader, or a function that looks and fills, depends on.
fn by_filler(context: &Context<'_>, function: FunctionId) -> Dependence {
    match loads_tenant_data(context, function, 0) {
        Some((place, note)) => Dependence::Tenant(place, note),
        None if mentions_tenant(context, function) => Dependence::Unknown,
        None => Dependence::KeyAlone,
    }
}

/// Whether a function reads rows or asks others by itself, so that what it returns is more than what was stored.
fn fills(context: &Context<'_>, function: FunctionId) -> bool {
    let effects = context.behaviour().effects(function);
    effects.is_some_and(|effects| !effects.tables.is_empty())
}

/// Whether the tenant is spoken of in a function at all.
fn mentions_tenant(context: &Context<'_>, function: FunctionId) -> bool {
    let code = &context.program.code;
    let ir = code.ir(code.file_of(function));
    let mut found = false;
    for site in context.calls_of(function) {
        each_expr(ir, ir.call(site.call).expr, &mut |expr| {
            found |= match ir.kind(expr) {
                ExprKind::Field(_, name) | ExprKind::Name(name) => context.tenants.matches(name),
                ExprKind::Local(local) => context.tenants.matches(ir.local(local).name),
                _ => false,
            };
        });
    }
    found
}

fn value_has_tenant(context: &Context<'_>, value: ExprRef) -> Option<(Place, String)> {
    let program = context.program;
    let made = context.ingredients(
        value,
        Reach {
            callers: 0,
            returns: 0,
        },
    );
    let place = Place {
        file: value.file,
        span: program.code.ir(value.file).expr(value.expr).span,
    };
    if context.tenants.any(&made.names) {
        return Some((place, "the cached value carries the tenant".to_owned()));
    }
    let mut types = made
        .origins
        .iter()
        .map(|origin| origin.at)
        .chain(std::iter::once(value));
    if let Some(found) = types.find_map(|at| type_has_tenant(context, at, value)) {
        return Some(found);
    }
    let rows = made.origins.iter().filter_map(|origin| match origin.kind {
        OriginKind::Call(site) => Some(site),
        _ => None,
    });
    rows.into_iter()
        .find_map(|site| call_loads(context, site, 0))
}

/// Whether what is at `at` is of a type with the tenant among its fields; shown at `shown`.
fn type_has_tenant(context: &Context<'_>, at: ExprRef, shown: ExprRef) -> Option<(Place, String)> {
    let code = &context.program.code;
    let Type::Def(id) = context.program.resolver().type_of(at) else {
        return None;
    };
    let def = code.type_def(id);
    let mut fields = def.fields.iter();
    let field = fields.find(|field| context.tenants.matches(field.name))?;
    let place = Place {
        file: shown.file,
        span: code.ir(shown.file).expr(shown.expr).span,
    };
    let note = format!("the cached `{}` has the field `{}`", def.name, field.name);
    Some((place, note))
}

/// Whether a function reads a tenant's rows or asks another service on behalf of one.
fn loads_tenant_data(
    context: &Context<'_>,
    function: FunctionId,
    depth: u32,
) -> Option<(Place, String)> {
    for (access, scoping) in context.accesses_of(function) {
        let tenant_table = scoping.uses.iter().position(|scope| {
            matches!(
                scope,
                Some(UseScope::Scoped | UseScope::Unscoped | UseScope::LooselyJoined)
            )
        });
        if let Some(index) = tenant_table {
            let table = access.statement.tables[index].name;
            return Some((
                access.place,
                format!("the value comes from `{table}`, a tenant's table"),
            ));
        }
    }
    if depth > 2 {
        return None;
    }
    let mut calls = context.calls_of(function);
    calls.find_map(|site| call_loads(context, site, depth + 1))
}

fn call_loads(context: &Context<'_>, site: CallSite, depth: u32) -> Option<(Place, String)> {
    let program = context.program;
    let ir = program.code.ir(site.file);
    let call = ir.call(site.call);
    let mut gives_tenant = false;
    for &arg in ir.expr_list(call.args) {
        each_expr(ir, arg, &mut |expr| match ir.kind(expr) {
            ExprKind::Field(_, name) => gives_tenant |= context.tenants.matches(name),
            ExprKind::Local(local) => gives_tenant |= context.tenants.matches(ir.local(local).name),
            ExprKind::Struct(_, entries) => {
                gives_tenant |= ir
                    .entry_list(entries)
                    .iter()
                    .any(|entry| context.tenants.matches(entry.name));
            }
            _ => {}
        });
    }
    let callee = program.calls.callee(site);
    let is_remote = program
        .events
        .of_function(program.code.function_id(site.file, call.function))
        .any(|event| {
            event.site == site && matches!(event.kind, "rpc.call" | "http.call" | "sql.statement")
        });
    if gives_tenant
        && (is_remote || !matches!(callee, Callee::External { .. }))
        && !is_logging(ir, call.callee)
    {
        return Some((
            context.call_place(site),
            "the value is loaded for a tenant".to_owned(),
        ));
    }
    if depth < 2 {
        for &function in callee.functions().iter().take(2) {
            if let Some(found) = loads_tenant_data(context, function, depth + 1) {
                return Some(found);
            }
        }
    }
    None
}

fn is_logging(ir: &betwixt_facts::ir::Ir, callee: betwixt_facts::ir::ExprId) -> bool {
    match ir.kind(callee) {
        ExprKind::Field(_, name) | ExprKind::Name(name) => matches!(
            name.as_str()
                .trim_end_matches('!')
                .rsplit("::")
                .next()
                .unwrap_or_default(),
            "WithField"
                | "WithFields"
                | "Info"
                | "Debug"
                | "Warn"
                | "Error"
                | "info"
                | "debug"
                | "warn"
                | "error"
                | "With"
                | "WithError"
                | "Errorf"
                | "Infof"
                | "log"
                | "trace"
                | "span"
                | "record"
                | "setTag"
                | "String"
        ),
        _ => false,
    }
}
