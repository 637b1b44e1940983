//! Which router a value is: the same router has the same origin wherever it is named.
//!
//! Chained calls that return what they are called on are looked through, and so are functions that return a router, constants
//! and variables. A parameter is an origin of its own; `routers.rs` connects it with the callers' arguments.

use betwixt_base::Symbol;
use betwixt_facts::ir::{CallForm, ExprId, ExprKind, LocalKind, StmtKind};

use crate::calls::{CallGraph, Callee};
use crate::events::chain::peel;
use crate::events::matching::{
    Target, dotted_name, imported_models, last_name, matches_call, path_owner,
};
use crate::flow::defs::DefinitionKind;
use crate::ids::{CallSite, ExprRef, FunctionId, GlobalId, LocalRef, TypeId};
use crate::names::Def;
use crate::resolve::Resolver;
use crate::types::Type;

/// Where a router comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Origin {
    /// The call that makes it, or opens the group.
    Made(CallSite),
    /// A parameter.
    Param(FunctionId, u16),
    /// A module-level variable whose value is not known.
    Global(GlobalId),
    /// A field.
    Field(TypeId, Symbol),
    /// A variable whose value is not known.
    Local(LocalRef),
}

const MAX_DEPTH: u32 = 40;
const MAX_CHAIN: u32 = 1_000;

/// One step along a chain of calls.
enum Step {
    /// Goes on at the call this one is made on.
    On(CallSite),
    /// What the chain starts from.
    End(Option<Origin>),
}

/// The router a value is; `None` for what is no router for sure (text, functions) or leads nowhere.
pub(super) fn origin(
    resolver: &Resolver<'_>,
    graph: &CallGraph,
    at: ExprRef,
    depth: u32,
) -> Option<Origin> {
    if depth > MAX_DEPTH {
        return None;
    }
    let ir = resolver.code.ir(at.file);
    let to = |expr: ExprId| ExprRef {
        file: at.file,
        expr,
    };
    let expr = peel(ir, at.expr);
    if let Some(found) = named(resolver, graph, to(expr), depth) {
        return found;
    }
    match ir.kind(expr) {
        ExprKind::Local(local) => {
            let facts = ir.local(local);
            if let LocalKind::Param(n) = facts.kind {
                let function = resolver.code.function_id(at.file, facts.function);
                return Some(Origin::Param(function, n));
            }
            let definitions = resolver.flows[at.file.0 as usize].definitions(local);
            definitions
                .iter()
                .filter(|known| known.how == DefinitionKind::Assign)
                .take(3)
                .find_map(|known| origin(resolver, graph, to(known.value), depth + 8))
                .or(Some(Origin::Local(LocalRef {
                    file: at.file,
                    local,
                })))
        }
        ExprKind::Field(base, name) => match resolver.type_of(to(base)) {
            Type::Def(owner) => Some(Origin::Field(owner, name)),
            _ => None,
        },
        ExprKind::Cast(_, inner) | ExprKind::Project(inner, 0) => {
            origin(resolver, graph, to(inner), depth + 1)
        }
        ExprKind::Call(call) => {
            let mut site = CallSite {
                file: at.file,
                call,
            };
            // Builders of a whole service are one chain of a hundred calls.
            for _ in 0..MAX_CHAIN {
                match called(resolver, graph, site, depth) {
                    Step::On(inner) => site = inner,
                    Step::End(found) => return found,
                }
            }
            None
        }
        _ => None,
    }
}

/// What a name that is no local stands for; `None` when it is no such name.
fn named(
    resolver: &Resolver<'_>,
    graph: &CallGraph,
    at: ExprRef,
    depth: u32,
) -> Option<Option<Origin>> {
    match resolver.resolve_value(at.file, at.expr)? {
        Def::Global(global) => {
            let (file, _) = resolver.code.global_place(global);
            let init = resolver.code.global(global).init;
            let made =
                init.and_then(|expr| origin(resolver, graph, ExprRef { file, expr }, depth + 4));
            Some(made.or(Some(Origin::Global(global))))
        }
        Def::Value(value) => Some(origin(resolver, graph, value, depth + 1)),
        _ => Some(None),
    }
}

fn called(resolver: &Resolver<'_>, graph: &CallGraph, site: CallSite, depth: u32) -> Step {
    let ir = resolver.code.ir(site.file);
    let call = ir.call(site.call);
    if call.form == CallForm::New || opens_group(resolver, graph, site) {
        return Step::End(Some(Origin::Made(site)));
    }
    if let Callee::One(function) = graph.callee(site) {
        return Step::End(returned(resolver, graph, *function, depth));
    }
    let ExprKind::Field(base, _) = ir.kind(peel(ir, call.callee)) else {
        return Step::End(Some(Origin::Made(site)));
    };
    let at = ExprRef {
        file: site.file,
        expr: base,
    };
    let is_package = matches!(
        resolver.resolve_value(at.file, at.expr),
        Some(Def::External { .. } | Def::Module(_) | Def::Type(_))
    );
    if is_package {
        return Step::End(Some(Origin::Made(site)));
    }
    match ir.kind(peel(ir, base)) {
        ExprKind::Call(call) => Step::On(CallSite {
            file: site.file,
            call,
        }),
        _ => Step::End(origin(resolver, graph, at, depth + 1)),
    }
}

/// The router a function of the program returns.
fn returned(
    resolver: &Resolver<'_>,
    graph: &CallGraph,
    function: FunctionId,
    depth: u32,
) -> Option<Origin> {
    let (file, idx) = resolver.code.function_place(function);
    let ir = resolver.code.ir(file);
    let returns = &resolver.flows[file.0 as usize].returns[idx.index()];
    returns.iter().take(3).find_map(|&stmt| {
        let StmtKind::Return(values) = ir.stmt(stmt).kind else {
            return None;
        };
        let &expr = ir.expr_list(values).first()?;
        if let ExprKind::Closure(_) = ir.kind(expr) {
            return None;
        }
        origin(resolver, graph, ExprRef { file, expr }, depth + 4)
    })
}

/// Whether a call gives a router of its own: `Group`, `With`, `Subrouter`, `basePath`, `web::scope`.
pub(super) fn opens_group(resolver: &Resolver<'_>, graph: &CallGraph, site: CallSite) -> bool {
    let facts = resolver.code.facts(site.file);
    let callee = facts.ir.call(site.call).callee;
    let Some(last) = last_name(&facts.ir, callee) else {
        return false;
    };
    let language = facts.language.name();
    let mut imported: Option<Vec<usize>> = None;
    for (index, model) in resolver.models.models().iter().enumerate() {
        if model.language != language {
            continue;
        }
        let mounts = model.mounts.iter().filter(|mount| {
            mount.router == "result"
                && mount
                    .calls
                    .iter()
                    .any(|call| call.rsplit(['.', ':']).next().unwrap_or(call) == last.as_str())
        });
        for mount in mounts {
            let imported = imported.get_or_insert_with(|| imported_models(resolver, site.file));
            let target = Target {
                callee: graph.callee(site),
                dotted: &dotted_name(&facts.ir, callee),
                path_owner: path_owner(&facts.ir, callee),
                is_imported: imported.binary_search(&index).is_ok(),
            };
            if matches_call(resolver, model, &mount.types, false, &mount.calls, &target) {
                return true;
            }
        }
    }
    false
}
