//! Procedures of typed RPC routers (tRPC, oRPC): `router({ users: router({ byId: protectedProcedure.query(…) }) })`.
//!
//! The path of a procedure is the keys it hangs under; what runs before it are the `use` calls of its chain and of the procedures
//! that chain starts from. Routers are known by their shape: a call named like a router with an object.

use std::collections::{BTreeMap, BTreeSet};

use betwixt_base::Symbol;
use betwixt_facts::ir::{CallId, ExprId, ExprKind};

use super::find::Finder;
use super::route::{Layer, LayerScope, Route, RoutePath, Segment};
use crate::events::chain::peel;
use crate::events::matching::last_name;
use crate::flow::defs::DefinitionKind;
use crate::ids::{CallSite, ExprRef, FunctionId};
use crate::names::Def;

/// What a key of a router holds.
enum Member {
    Router(CallSite),
    Procedure(Box<Procedure>),
    Nested(ExprRef),
}

struct Procedure {
    function: FunctionId,
    kind: Symbol,
    layers: Vec<Layer>,
    site: CallSite,
}

const MAX_DEPTH: u32 = 10;
const MAX_ROUTES: usize = 20_000;

impl Finder<'_> {
    /// All procedures with their paths from the routers nobody contains.
    pub(super) fn procedures(&self) -> Vec<Route> {
        let mut routers: BTreeMap<CallSite, Vec<(Symbol, Member)>> = BTreeMap::new();
        for (file, facts) in self.resolver.code.code_files() {
            if facts.language.name() != "typescript" || self.workspace.file(file).marks.test {
                continue;
            }
            for call in (0..facts.ir.calls.len() as u32).map(CallId) {
                let site = CallSite { file, call };
                if let Some(members) = self.members(site) {
                    routers.insert(site, members);
                }
            }
        }
        let inner: BTreeSet<CallSite> = routers
            .values()
            .flatten()
            .filter_map(|(_, member)| match member {
                Member::Router(site) => Some(*site),
                _ => None,
            })
            .collect();
        let mut found = Vec::new();
        for site in routers.keys().filter(|site| !inner.contains(site)) {
            self.walk_router(&routers, *site, &mut Vec::new(), 0, &mut found);
        }
        found
    }

    fn walk_router(
        &self,
        routers: &BTreeMap<CallSite, Vec<(Symbol, Member)>>,
        site: CallSite,
        prefix: &mut Vec<Segment>,
        depth: u32,
        found: &mut Vec<Route>,
    ) {
        let Some(members) = routers.get(&site) else {
            return;
        };
        let group = u32::MAX / 8 + routers.range(..site).count() as u32;
        self.walk_members(routers, members, (prefix, group), depth, found);
    }

    fn walk_members(
        &self,
        routers: &BTreeMap<CallSite, Vec<(Symbol, Member)>>,
        members: &[(Symbol, Member)],
        (prefix, group): (&mut Vec<Segment>, u32),
        depth: u32,
        found: &mut Vec<Route>,
    ) {
        if depth > MAX_DEPTH || found.len() > MAX_ROUTES {
            return;
        }
        for (key, member) in members {
            let has_key = !key.is_empty();
            if has_key {
                prefix.push(Segment::Literal(*key));
            }
            match member {
                Member::Router(site) => self.walk_router(routers, *site, prefix, depth + 1, found),
                Member::Nested(at) => {
                    let inner = self.members_of(*at, depth + 1);
                    self.walk_members(routers, &inner, (prefix, group), depth + 1, found);
                }
                Member::Procedure(procedure) => found.push(Route {
                    function: procedure.function,
                    method: Some(procedure.kind),
                    path: RoutePath {
                        segments: prefix.clone(),
                        is_open: false,
                    },
                    layers: procedure.layers.clone(),
                    registered: Some(procedure.site),
                    library: Symbol::new("tRPC"),
                    group,
                    is_procedure: true,
                }),
            }
            if has_key {
                prefix.pop();
            }
        }
    }

    /// What a router call holds; `None` when it is none.
    fn members(&self, site: CallSite) -> Option<Vec<(Symbol, Member)>> {
        let ir = self.resolver.code.ir(site.file);
        let call = ir.call(site.call);
        let last = last_name(ir, call.callee)?.as_str().to_ascii_lowercase();
        let args = ir.expr_list(call.args);
        let to = |expr: ExprId| ExprRef {
            file: site.file,
            expr,
        };
        if last == "mergerouters" {
            let merged = args.iter().filter_map(|&arg| self.member(to(arg), 0));
            return Some(merged.map(|member| (Symbol::empty(), member)).collect());
        }
        if !last.ends_with("router") || args.len() != 1 {
            return None;
        }
        let members = self.members_of(to(args[0]), 0);
        (!members.is_empty()).then_some(members)
    }

    fn members_of(&self, at: ExprRef, depth: u32) -> Vec<(Symbol, Member)> {
        let ir = self.resolver.code.ir(at.file);
        let ExprKind::Struct(_, entries) = ir.kind(at.expr) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for entry in ir.entry_list(entries) {
            let value = ExprRef {
                file: at.file,
                expr: entry.value,
            };
            if entry.name == "..." {
                if let Some(spread) = self.value_of(value, depth) {
                    found.extend(self.members_of(spread, depth + 1));
                }
            } else if let Some(member) = self.member(value, depth) {
                found.push((entry.name, member));
            }
        }
        found
    }

    fn member(&self, at: ExprRef, depth: u32) -> Option<Member> {
        if depth > MAX_DEPTH {
            return None;
        }
        let at = self.value_of(at, depth)?;
        let ir = self.resolver.code.ir(at.file);
        let call = match ir.kind(at.expr) {
            ExprKind::Struct(..) => return Some(Member::Nested(at)),
            ExprKind::Call(call) => call,
            _ => return None,
        };
        let site = CallSite {
            file: at.file,
            call,
        };
        let last = last_name(ir, ir.call(call).callee)?;
        let kind = match last.as_str() {
            "query" | "mutation" | "subscription" => last.as_str().to_ascii_uppercase(),
            "handler" => "HANDLER".to_owned(),
            name => {
                let name = name.to_ascii_lowercase();
                let is_router = name.ends_with("router") || name == "mergerouters";
                return is_router.then_some(Member::Router(site));
            }
        };
        let ExprKind::Field(base, _) = ir.kind(ir.call(call).callee) else {
            return None;
        };
        let &handler = ir.expr_list(ir.call(call).args).first()?;
        let function = *self
            .handlers(
                ExprRef {
                    file: at.file,
                    expr: handler,
                },
                0,
            )
            .first()?;
        let mut layers = Vec::new();
        self.chain_layers(
            ExprRef {
                file: at.file,
                expr: base,
            },
            LayerScope::Route,
            0,
            &mut layers,
        );
        Some(Member::Procedure(Box::new(Procedure {
            function,
            kind: Symbol::new(&kind),
            layers,
            site,
        })))
    }

    /// The `use` calls of a procedure's chain, first those of what it starts from.
    fn chain_layers(&self, at: ExprRef, scope: LayerScope, depth: u32, layers: &mut Vec<Layer>) {
        if depth > 24 {
            return;
        }
        let Some(at) = self.value_of(at, 0) else {
            return;
        };
        let ir = self.resolver.code.ir(at.file);
        let ExprKind::Call(call) = ir.kind(at.expr) else {
            return;
        };
        let ExprKind::Field(base, name) = ir.kind(peel(ir, ir.call(call).callee)) else {
            return;
        };
        let base = ExprRef {
            file: at.file,
            expr: base,
        };
        let below = match ir.kind(base.expr) {
            ExprKind::Call(_) => scope,
            _ => LayerScope::Router,
        };
        self.chain_layers(base, below, depth + 1, layers);
        for &arg in ir.expr_list(ir.call(call).args) {
            let arg = ExprRef {
                file: at.file,
                expr: arg,
            };
            match name.as_str() {
                "use" => self.layers(arg, scope, 0, layers),
                "concat" | "unstable_concat" => self.chain_layers(arg, scope, depth + 1, layers),
                _ => {}
            }
        }
    }

    /// What a name or variable holds; the expression itself when it is neither.
    fn value_of(&self, at: ExprRef, depth: u32) -> Option<ExprRef> {
        if depth > MAX_DEPTH {
            return None;
        }
        let code = self.resolver.code;
        let ir = code.ir(at.file);
        match ir.kind(at.expr) {
            ExprKind::Name(_) | ExprKind::Field(..) => {
                let next = match self.resolver.resolve_value(at.file, at.expr)? {
                    Def::Global(global) => ExprRef {
                        file: code.global_place(global).0,
                        expr: code.global(global).init?,
                    },
                    Def::Value(value) => value,
                    _ => return None,
                };
                self.value_of(next, depth + 1)
            }
            ExprKind::Local(local) => {
                let flow = &self.resolver.flows[at.file.0 as usize];
                let known = flow
                    .definitions(local)
                    .iter()
                    .find(|known| known.how == DefinitionKind::Assign)?;
                self.value_of(
                    ExprRef {
                        file: at.file,
                        expr: known.value,
                    },
                    depth + 1,
                )
            }
            ExprKind::Cast(_, inner) | ExprKind::Unary(_, inner) => self.value_of(
                ExprRef {
                    file: at.file,
                    expr: inner,
                },
                depth + 1,
            ),
            _ => Some(at),
        }
    }
}
