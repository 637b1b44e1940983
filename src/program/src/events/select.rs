//! Selectors of a model evaluated at a call.

use betwixt_base::Symbol;
use betwixt_facts::ir::{ExprId, ExprKind, UnaryOp};
use betwixt_rules::model::{Selector, SelectorBase};

use super::chain::{Chains, peel};
use super::made::made;
use crate::flow::defs::DefinitionKind;
use crate::ids::{CallSite, ExprRef};
use crate::names::Def;
use crate::resolve::Resolver;

/// The values a selector picks at a call; empty when the call has none.
pub(crate) fn select(
    resolver: &Resolver<'_>,
    chains: &Chains,
    site: CallSite,
    text: &str,
) -> Vec<ExprRef> {
    let Some(selector) = Selector::parse(text) else {
        return Vec::new();
    };
    for one in selector.alternatives() {
        let found = select_one(resolver, chains, site, one);
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

fn select_one(
    resolver: &Resolver<'_>,
    chains: &Chains,
    site: CallSite,
    selector: &Selector,
) -> Vec<ExprRef> {
    let ir = resolver.code.ir(site.file);
    let call = ir.call(site.call);
    let args = ir.expr_list(call.args);
    let bases: Vec<ExprId> = match selector.base {
        SelectorBase::Argument(n) => args.get(n).copied().into_iter().collect(),
        SelectorBase::From(n) => args.get(n..).map(<[ExprId]>::to_vec).unwrap_or_default(),
        SelectorBase::Last => args.last().copied().into_iter().collect(),
        SelectorBase::Result => vec![call.expr],
        SelectorBase::Receiver => match ir.kind(call.callee) {
            ExprKind::Field(base, _) => vec![base],
            _ => Vec::new(),
        },
        SelectorBase::Chained(name, n) => chained(resolver, chains, site, name, n)
            .into_iter()
            .collect(),
    };
    let mut values: Vec<ExprRef> = bases
        .into_iter()
        .map(|expr| ExprRef {
            file: site.file,
            expr,
        })
        .collect();
    for part in &selector.path {
        let name = Symbol::new(part);
        values = values
            .into_iter()
            .flat_map(|value| field(resolver, value, name, 0))
            .collect();
    }
    values
}

fn chained(
    resolver: &Resolver<'_>,
    chains: &Chains,
    site: CallSite,
    name: Symbol,
    n: usize,
) -> Option<ExprId> {
    let ir = resolver.code.ir(site.file);
    let mut current = chains.next(site.call);
    let mut seen = 0;
    while let Some(call) = current {
        let facts = ir.call(call);
        if matches!(ir.kind(facts.callee), ExprKind::Field(_, found) if found == name) {
            if seen == n {
                return ir.expr_list(facts.args).first().copied();
            }
            seen += 1;
        }
        current = chains.next(call);
    }
    None
}

/// The values of a field of a value: in literals, in what a local is assigned, through lists.
pub(crate) fn field(
    resolver: &Resolver<'_>,
    value: ExprRef,
    name: Symbol,
    depth: u32,
) -> Vec<ExprRef> {
    if depth > 5 {
        return Vec::new();
    }
    let ir = resolver.code.ir(value.file);
    let to = |expr: ExprId| ExprRef {
        file: value.file,
        expr,
    };
    match ir.kind(peel(ir, value.expr)) {
        ExprKind::Struct(_, entries) => {
            let entries = ir.entry_list(entries);
            let same =
                |known: Symbol| known == name || known.as_str().eq_ignore_ascii_case(name.as_str());
            let direct: Vec<ExprRef> = entries
                .iter()
                .filter(|entry| same(entry.name))
                .map(|entry| to(entry.value))
                .collect();
            if !direct.is_empty() {
                return direct;
            }
            let spreads = entries.iter().filter(|entry| entry.name == "...");
            spreads
                .flat_map(|entry| field(resolver, to(entry.value), name, depth + 1))
                .collect()
        }
        ExprKind::List(items) => ir
            .expr_list(items)
            .iter()
            .flat_map(|&item| field(resolver, to(item), name, depth + 1))
            .collect(),
        ExprKind::Local(local) => {
            let mut found = Vec::new();
            for definition in resolver.flows[value.file.0 as usize].definitions(local) {
                if definition.how == DefinitionKind::Assign {
                    found.extend(field(resolver, to(definition.value), name, depth + 1));
                }
            }
            for store in &resolver.flows[value.file.0 as usize].field_stores {
                let on_local = store.base.is_some_and(|base| {
                    matches!(ir.kind(peel(ir, base)), ExprKind::Local(found) if found == local)
                });
                if on_local && store.name == name {
                    found.push(to(store.value));
                }
            }
            found
        }
        ExprKind::Conditional(_, a, b) => {
            let mut found = field(resolver, to(a), name, depth + 1);
            found.extend(field(resolver, to(b), name, depth + 1));
            found
        }
        ExprKind::Unary(UnaryOp::Spread, inner)
        | ExprKind::Cast(_, inner)
        | ExprKind::Project(inner, 0) => field(resolver, to(inner), name, depth + 1),
        ExprKind::Name(global) => match resolver.names.resolve(value.file, global) {
            Some(Def::Global(global)) => {
                let (file, _) = resolver.code.global_place(global);
                let init = resolver.code.global(global).init;
                init.map(|expr| field(resolver, ExprRef { file, expr }, name, depth + 1))
                    .unwrap_or_default()
            }
            _ => Vec::new(),
        },
        // `items.map((x) => ({ … }))`: the field of each.
        ExprKind::Call(call) => {
            let id = call;
            let call = ir.call(id);
            if matches!(ir.kind(call.callee), ExprKind::Name(name) if name == "append") {
                let added = ir.expr_list(call.args).iter().skip(1);
                return added
                    .flat_map(|&item| field(resolver, to(item), name, depth + 1))
                    .collect();
            }
            if !matches!(ir.kind(call.callee), ExprKind::Field(_, method) if method == "map") {
                return made(resolver, value.file, id, name);
            }
            let Some(&arg) = ir.expr_list(call.args).first() else {
                return Vec::new();
            };
            let ExprKind::Closure(idx) = ir.kind(arg) else {
                return Vec::new();
            };
            returned(resolver, value, idx)
                .into_iter()
                .flat_map(|made| field(resolver, made, name, depth + 1))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn returned(
    resolver: &Resolver<'_>,
    near: ExprRef,
    idx: betwixt_facts::ir::FunctionIdx,
) -> Vec<ExprRef> {
    let ir = resolver.code.ir(near.file);
    let returns = &resolver.flows[near.file.0 as usize].returns[idx.index()];
    returns
        .iter()
        .filter_map(|&stmt| match ir.stmt(stmt).kind {
            betwixt_facts::ir::StmtKind::Return(values) => ir.expr_list(values).first().copied(),
            _ => None,
        })
        .map(|expr| ExprRef {
            file: near.file,
            expr,
        })
        .collect()
}
