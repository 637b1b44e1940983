//! Root types that are told apart by a value: Nexus' `extendType({ type: 'Query', definition(t) {…} })`, graphql-go's
//! `graphql.NewObject(graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{…}})`.

use betwixt_base::Symbol;
use betwixt_facts::graphql::OperationKind;
use betwixt_facts::ir::{CallId, ExprId, ExprKind, FunctionIdx, Ir, StructEntry};

use crate::entries::{Entry, handlers};
use crate::events::chain::peel;
use crate::ids::{CallSite, ExprRef, FunctionId};
use crate::link::{LinkContext, last_of};
use crate::names::Def;

/// Which root type a name or a variable speaks of: `Query`, `RootQuery`, `rootMutationType`.
fn root(name: &str) -> Option<OperationKind> {
    let lower = name.to_ascii_lowercase();
    let lower = lower.strip_prefix("root").unwrap_or(&lower);
    let lower = lower.strip_suffix("type").unwrap_or(lower);
    OperationKind::ALL
        .into_iter()
        .find(|kind| lower == kind.word() || lower.strip_suffix("root") == Some(kind.word()))
}

/// `t.field('user', { resolve })` in the definition of a root type, `queryField('user', { resolve })`.
pub(super) fn defined(context: &LinkContext<'_>, entry: &Entry) -> Option<(OperationKind, String)> {
    let (file, idx) = context.resolver.code.function_place(entry.function);
    let facts = context.resolver.code.facts(file);
    let ir = &facts.ir;
    // Known by where it stands alone, a resolver still stands in a call.
    let site = match entry.registered {
        Some(site) if site.file == file => site,
        Some(_) => return None,
        None => CallSite {
            file,
            call: holding(ir, idx)?,
        },
    };
    let call = ir.call(site.call);
    let ExprKind::Str(name) = ir.kind(*ir.expr_list(call.args).first()?) else {
        return None;
    };
    if let Some(kind) = by_call(last_of(ir, call.callee)) {
        return Some((kind, name.to_string()));
    }
    let mut function = call.function;
    for _ in 0..4 {
        if let Some(kind) = around(ir, function) {
            return Some((kind, name.to_string()));
        }
        function = facts.functions[function.index()].parent?;
    }
    None
}

/// The call that is given `{ resolve: … }` with that closure.
fn holding(ir: &Ir, function: FunctionIdx) -> Option<CallId> {
    let is_it = |one: &StructEntry| {
        matches!(one.name.as_str(), "resolve" | "subscribe")
            && matches!(ir.kind(one.value), ExprKind::Closure(idx) if idx == function)
    };
    let holds = |&arg: &ExprId| entries_of(ir, arg).iter().any(is_it);
    let at = (ir.calls.iter()).position(|call| ir.expr_list(call.args).iter().any(holds))?;
    Some(CallId(at as u32))
}

/// `queryField`, `queryType`, `mutationType`.
fn by_call(name: &str) -> Option<OperationKind> {
    OperationKind::ALL
        .into_iter()
        .find(|kind| matches!(name.strip_prefix(kind.word()), Some("Field" | "Type")))
}

/// The root type whose definition a closure is.
fn around(ir: &Ir, function: FunctionIdx) -> Option<OperationKind> {
    let is_it =
        |expr: ExprId| matches!(ir.kind(peel(ir, expr)), ExprKind::Closure(idx) if idx == function);
    for call in &ir.calls {
        let args = ir.expr_list(call.args);
        let told = by_call(last_of(ir, call.callee));
        for &arg in args {
            if told.is_some() && is_it(arg) {
                return told;
            }
            let ExprKind::Struct(_, entries) = ir.kind(arg) else {
                continue;
            };
            let entries = ir.entry_list(entries);
            if entries
                .iter()
                .any(|one| one.name == "definition" && is_it(one.value))
            {
                let named = || text(ir, entries, "type").or_else(|| text(ir, entries, "name"));
                return told.or_else(|| root(named()?.as_str()));
            }
        }
    }
    None
}

fn text(ir: &Ir, entries: &[StructEntry], name: &str) -> Option<Symbol> {
    let entry = entries.iter().find(|one| one.name == name)?;
    match ir.kind(entry.value) {
        ExprKind::Str(text) => Some(text),
        _ => None,
    }
}

/// The fields of graphql-go's root objects with their resolvers.
pub(super) fn field_maps(context: &LinkContext<'_>) -> Vec<(OperationKind, Symbol, FunctionId)> {
    let mut found = Vec::new();
    for (file, facts) in context.resolver.code.code_files() {
        let is_left_out = context.workspace.file(file).marks.test;
        if facts.language.name() != "go" || is_left_out {
            continue;
        }
        let ir = &facts.ir;
        for (index, call) in ir.calls.iter().enumerate() {
            let args = ir.expr_list(call.args);
            match (last_of(ir, call.callee), args) {
                ("NewObject", &[config]) => {
                    let config = written_out(context, ExprRef { file, expr: config });
                    found.extend(
                        config
                            .into_iter()
                            .flat_map(|config| object(context, config)),
                    );
                }
                ("AddFieldConfig", &[name, field]) => {
                    let site = CallSite {
                        file,
                        call: CallId(index as u32),
                    };
                    found.extend(added(context, site, name, field));
                }
                _ => {}
            }
        }
    }
    found
}

/// `graphql.ObjectConfig{Name: "Query", Fields: graphql.Fields{"user": &graphql.Field{Resolve: …}}}`.
fn object(context: &LinkContext<'_>, config: ExprRef) -> Vec<(OperationKind, Symbol, FunctionId)> {
    let ir = context.resolver.code.ir(config.file);
    let entries = entries_of(ir, config.expr);
    let Some(kind) = text(ir, entries, "Name").and_then(|name| root(name.as_str())) else {
        return Vec::new();
    };
    let fields = entries.iter().find(|one| one.name == "Fields");
    let fields = fields.and_then(|fields| {
        let at = ExprRef {
            file: config.file,
            expr: fields.value,
        };
        written_out(context, at)
    });
    let Some(fields) = fields else {
        return Vec::new();
    };
    let ir = context.resolver.code.ir(fields.file);
    let each = entries_of(ir, fields.expr).iter().flat_map(|field| {
        let at = ExprRef {
            file: fields.file,
            expr: field.value,
        };
        let resolvers = resolvers(context, at).into_iter();
        resolvers.map(|function| (kind, field.name, function))
    });
    each.collect()
}

/// `queryType.AddFieldConfig("user", &graphql.Field{Resolve: …})`.
fn added(
    context: &LinkContext<'_>,
    site: CallSite,
    name: ExprId,
    field: ExprId,
) -> Vec<(OperationKind, Symbol, FunctionId)> {
    let ir = context.resolver.code.ir(site.file);
    let ExprKind::Field(receiver, _) = ir.kind(ir.call(site.call).callee) else {
        return Vec::new();
    };
    let of = match ir.kind(receiver) {
        ExprKind::Local(local) => ir.local(local).name,
        ExprKind::Name(name) | ExprKind::Field(_, name) => name,
        _ => return Vec::new(),
    };
    let (Some(kind), ExprKind::Str(name)) = (root(of.as_str()), ir.kind(name)) else {
        return Vec::new();
    };
    let at = ExprRef {
        file: site.file,
        expr: field,
    };
    let resolvers = resolvers(context, at).into_iter();
    resolvers.map(|function| (kind, name, function)).collect()
}

/// The functions of `Resolve` and `Subscribe` of a field.
fn resolvers(context: &LinkContext<'_>, field: ExprRef) -> Vec<FunctionId> {
    let Some(field) = written_out(context, field) else {
        return Vec::new();
    };
    let ir = context.resolver.code.ir(field.file);
    let entries = entries_of(ir, field.expr).iter();
    let given = entries.filter(|one| one.name == "Resolve" || one.name == "Subscribe");
    given
        .flat_map(|one| {
            let at = ExprRef {
                file: field.file,
                expr: one.value,
            };
            handlers(context.resolver, at, 0)
        })
        .collect()
}

fn entries_of(ir: &Ir, expr: ExprId) -> &[StructEntry] {
    match ir.kind(expr) {
        ExprKind::Struct(_, entries) => ir.entry_list(entries),
        _ => &[],
    }
}

/// The literal behind a pointer, a variable or a name.
fn written_out(context: &LinkContext<'_>, at: ExprRef) -> Option<ExprRef> {
    let resolver = context.resolver;
    let mut at = at;
    for _ in 0..6 {
        let ir = resolver.code.ir(at.file);
        let to = |expr| ExprRef {
            file: at.file,
            expr,
        };
        at = match ir.kind(at.expr) {
            ExprKind::Struct(..) => return Some(at),
            ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) => to(inner),
            ExprKind::Local(local) => {
                let known = resolver.flows[at.file.0 as usize].definitions(local);
                to(known.first()?.value)
            }
            _ => match resolver.resolve_value(at.file, at.expr)? {
                Def::Global(global) => {
                    let (file, _) = resolver.code.global_place(global);
                    let expr = resolver.code.global(global).init?;
                    ExprRef { file, expr }
                }
                Def::Value(value) => value,
                _ => return None,
            },
        };
    }
    None
}
