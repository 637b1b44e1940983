//! Function values: which functions an indirect call may reach.
//!
//! A backward walk from the callee: values of the variable, arguments at the callers of a parameter, stores to the field
//! (also to the elements of a handler table), what a decorator returns. Bounded; too many targets count as none.

use std::collections::BTreeSet;

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{CallId, ExprId, ExprKind, FunctionIdx, LocalId, LocalKind, StmtKind};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::calls::Callee;
use crate::ids::{CallSite, ExprRef, FunctionId, TypeId};
use crate::resolve::Resolver;
use crate::types::Type;

const MAX_DEPTH: u32 = 8;
const MAX_CALLERS: usize = 64;
/// Most values looked at of one list of arguments.
const MAX_OPTIONS: usize = 24;

/// A value stored in a field.
#[derive(Debug, Clone, Copy)]
struct Stored {
    owner: Option<TypeId>,
    value: ExprRef,
}

/// Most functions one call may reach; a table of handlers has as many as there are messages.
const MAX_TARGETS: usize = 64;
/// Most functions whose results are looked at for one call through a value.
const MAX_MAKERS: usize = 16;
/// Most values looked at for one call.
const MAX_STEPS: usize = 320;

/// What a walk found and where it has been.
#[derive(Default)]
struct Found {
    functions: BTreeSet<FunctionId>,
    seen: FxHashSet<ExprRef>,
}

impl Found {
    /// Whether a value is looked at for the first time and the walk may go on.
    fn enter(&mut self, at: ExprRef) -> bool {
        self.seen.len() < MAX_STEPS && self.seen.insert(at)
    }
}

/// Where functions may be stored, for the fields that are called somewhere.
pub(crate) struct FunctionValues<'a> {
    resolver: &'a Resolver<'a>,
    /// The calls of every function, as far as they are known.
    pub(crate) callers: FxHashMap<FunctionId, Vec<CallSite>>,
    fields: FxHashMap<Symbol, Vec<Stored>>,
}

impl<'a> FunctionValues<'a> {
    /// Indexes stores to the fields that unresolved calls go through; linear.
    pub(crate) fn new(
        resolver: &'a Resolver<'a>,
        callers: FxHashMap<FunctionId, Vec<CallSite>>,
        callees: &[Vec<Callee>],
    ) -> Self {
        let wanted = called_fields(resolver, callees);
        let mut values = Self {
            resolver,
            callers,
            fields: FxHashMap::default(),
        };
        for (file, _) in resolver.code.code_files() {
            values.index(file, &wanted);
        }
        values
    }

    /// The functions that calls without a known callee may reach, in order of the calls; parallel.
    pub(crate) fn of_unknown(
        &self,
        callees: &[Vec<Callee>],
    ) -> Vec<(CallSite, BTreeSet<FunctionId>)> {
        let files = callees.par_iter().enumerate();
        files
            .flat_map_iter(|(file, found)| {
                let unknown = found
                    .iter()
                    .enumerate()
                    .filter(|(_, callee)| **callee == Callee::Unknown);
                unknown.filter_map(move |(call, _)| {
                    let site = CallSite {
                        file: FileId(file as u32),
                        call: CallId(call as u32),
                    };
                    let targets = self.of_call(site);
                    (!targets.is_empty()).then_some((site, targets))
                })
            })
            .collect()
    }

    /// The functions a call may reach; empty when none or too many are known.
    fn of_call(&self, site: CallSite) -> BTreeSet<FunctionId> {
        let callee = self.resolver.code.ir(site.file).call(site.call).callee;
        let mut found = Found::default();
        self.collect(
            ExprRef {
                file: site.file,
                expr: callee,
            },
            0,
            &mut found,
        );
        if found.functions.len() > MAX_TARGETS {
            found.functions.clear();
        }
        found.functions
    }

    fn index(&mut self, file: FileId, wanted: &FxHashSet<Symbol>) {
        let resolver = self.resolver;
        let ir = resolver.code.ir(file);
        for store in &resolver.flows[file.0 as usize].field_stores {
            if wanted.contains(&store.name) {
                let owner = store.base.and_then(|base| owner_type(resolver, file, base));
                let value = ExprRef {
                    file,
                    expr: store.value,
                };
                self.fields
                    .entry(store.name)
                    .or_default()
                    .push(Stored { owner, value });
            }
        }
        for expr in &ir.exprs {
            let ExprKind::Struct(written, entries) = expr.kind else {
                continue;
            };
            for entry in ir.entry_list(entries) {
                let is_position = entry
                    .name
                    .as_str()
                    .starts_with(|c: char| c.is_ascii_digit());
                if !(is_position || wanted.contains(&entry.name))
                    || !may_be_function(ir.kind(entry.value))
                {
                    continue;
                }
                let owner = match resolver.written(file, written) {
                    Type::Def(id) => Some(id),
                    _ => None,
                };
                let name = if is_position {
                    positional(resolver, owner, entry.name)
                } else {
                    entry.name
                };
                if !wanted.contains(&name) {
                    continue;
                }
                let value = ExprRef {
                    file,
                    expr: entry.value,
                };
                self.fields
                    .entry(name)
                    .or_default()
                    .push(Stored { owner, value });
            }
        }
    }

    fn collect(&self, at: ExprRef, depth: u32, found: &mut Found) {
        if depth > MAX_DEPTH || found.functions.len() > MAX_TARGETS || !found.enter(at) {
            return;
        }
        if let Some(function) = self.resolver.function_value(at) {
            found.functions.insert(function);
            return;
        }
        let ir = self.resolver.code.ir(at.file);
        let to = |expr: ExprId| ExprRef {
            file: at.file,
            expr,
        };
        match ir.kind(at.expr) {
            ExprKind::Local(local) => self.local(at.file, local, depth, found),
            ExprKind::Field(base, name) => self.field(at.file, base, name, depth, found),
            ExprKind::Project(base, n) => match ir.kind(base) {
                ExprKind::Call(call) => {
                    let file = at.file;
                    self.returned(CallSite { file, call }, n as usize, depth, found);
                }
                _ if n == 0 => self.collect(to(base), depth + 1, found),
                _ => {}
            },
            ExprKind::Index(base, _) => self.collect(to(base), depth + 1, found),
            ExprKind::Struct(_, entries) if depth > 0 => {
                for entry in ir.entry_list(entries).iter().take(64) {
                    self.collect(to(entry.value), depth + 1, found);
                }
            }
            ExprKind::List(items) if depth > 0 => {
                for &item in ir.expr_list(items).iter().take(64) {
                    self.collect(to(item), depth + 1, found);
                }
            }
            ExprKind::Conditional(_, a, b) | ExprKind::Binary(_, a, b) => {
                self.collect(to(a), depth + 1, found);
                self.collect(to(b), depth + 1, found);
            }
            ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) => {
                self.collect(to(inner), depth + 1, found)
            }
            ExprKind::Call(call) => {
                let file = at.file;
                self.returned(CallSite { file, call }, 0, depth, found);
                self.appended(at.file, call, depth, found);
            }
            _ => {}
        }
    }

    fn local(&self, file: FileId, local: LocalId, depth: u32, found: &mut Found) {
        for definition in self.resolver.flows[file.0 as usize]
            .definitions(local)
            .iter()
            .take(16)
        {
            self.collect(
                ExprRef {
                    file,
                    expr: definition.value,
                },
                depth + 1,
                found,
            );
        }
        let facts = self.resolver.code.ir(file).local(local);
        let LocalKind::Param(n) = facts.kind else {
            return;
        };
        let function = self.resolver.code.function_id(file, facts.function);
        let known = self.resolver.code.function(function);
        let takes_rest = known.flags.is_variadic && known.params.last() == Some(&local);
        let n_args = if takes_rest { MAX_OPTIONS } else { 1 };
        let sites = self.callers.get(&function).into_iter().flatten();
        for site in sites.take(MAX_CALLERS) {
            let ir = self.resolver.code.ir(site.file);
            let args = ir.expr_list(ir.call(site.call).args).iter();
            for &expr in args.skip(n as usize).take(n_args) {
                let file = site.file;
                self.collect(ExprRef { file, expr }, depth + 1, found);
            }
        }
    }

    fn field(&self, file: FileId, base: ExprId, name: Symbol, depth: u32, found: &mut Found) {
        let Some(stored) = self.fields.get(&name) else {
            return;
        };
        let owner = owner_type(self.resolver, file, base);
        let language = self.resolver.code.facts(file).language.name();
        let known = stored.iter().filter(|stored| {
            self.resolver.code.facts(stored.value.file).language.name() == language
                && match (owner, stored.owner) {
                    (Some(wanted), Some(owner)) => wanted == owner,
                    // Without types only the same file is believed.
                    _ => stored.value.file == file,
                }
        });
        for stored in known.take(MAX_TARGETS * 2) {
            self.collect(stored.value, depth + 1, found);
        }
    }

    /// `wrap(name, handler)`: the closure it returns, or one of several results (`tx, rollback, err := begin()`).
    fn returned(&self, site: CallSite, result: usize, depth: u32, found: &mut Found) {
        for function in self.makers(site, depth, found) {
            let (file, idx) = self.resolver.code.function_place(function);
            let ir = self.resolver.code.ir(file);
            for &stmt in self.resolver.flows[file.0 as usize].returns[idx.index()]
                .iter()
                .take(8)
            {
                let StmtKind::Return(values) = ir.stmt(stmt).kind else {
                    continue;
                };
                match ir.expr_list(values) {
                    [] => self.named_result(file, idx, result, depth, found),
                    &[only] if result > 0 => {
                        if let ExprKind::Call(call) = ir.kind(only)
                            && depth < MAX_DEPTH
                        {
                            self.returned(CallSite { file, call }, result, depth + 1, found);
                        }
                    }
                    values => {
                        if let Some(&expr) = values.get(result) {
                            self.collect(ExprRef { file, expr }, depth + 1, found);
                        }
                    }
                }
            }
        }
    }

    /// The functions whose result a call is; where that needs a walk, what it looks at counts.
    fn makers(&self, site: CallSite, depth: u32, found: &mut Found) -> Vec<FunctionId> {
        let callee = self.resolver.callee_at(site.file, site.call, 6);
        let known = callee.functions();
        if !known.is_empty() || callee != Callee::Unknown {
            return known.iter().copied().take(4).collect();
        }
        // `wrap(options)(request)`, where `wrap` is a value itself.
        let expr = self.resolver.code.ir(site.file).call(site.call).callee;
        let file = site.file;
        let mut makers = Found {
            seen: std::mem::take(&mut found.seen),
            ..Found::default()
        };
        self.collect(ExprRef { file, expr }, depth + 1, &mut makers);
        found.seen = makers.seen;
        makers.functions.into_iter().take(MAX_MAKERS).collect()
    }

    /// A bare `return` of a function with named results.
    fn named_result(
        &self,
        file: FileId,
        function: FunctionIdx,
        result: usize,
        depth: u32,
        found: &mut Found,
    ) {
        let locals = &self.resolver.code.ir(file).locals;
        let named = locals.iter().position(|local| {
            local.function == function
                && matches!(local.kind, LocalKind::Result(n) if usize::from(n) == result)
        });
        if let Some(named) = named
            && depth < MAX_DEPTH
        {
            self.local(file, LocalId(named as u32), depth + 1, found);
        }
    }

    /// `append(list, f, g)`: the list's elements and those added.
    fn appended(&self, file: FileId, call: CallId, depth: u32, found: &mut Found) {
        let ir = self.resolver.code.ir(file);
        let call = ir.call(call);
        if !matches!(ir.kind(call.callee), ExprKind::Name(name) if name == "append") {
            return;
        }
        for &expr in ir.expr_list(call.args).iter().take(MAX_OPTIONS) {
            self.collect(ExprRef { file, expr }, depth + 1, found);
        }
    }
}

/// Fields that are called, or indexed and then called, by calls that are not resolved.
fn called_fields(resolver: &Resolver<'_>, callees: &[Vec<Callee>]) -> FxHashSet<Symbol> {
    let mut wanted = FxHashSet::default();
    for (file, facts) in resolver.code.code_files() {
        let ir = &facts.ir;
        for (call, callee) in callees[file.0 as usize].iter().enumerate() {
            if *callee != Callee::Unknown {
                continue;
            }
            let mut pending = vec![ir.calls[call].callee];
            for _ in 0..12 {
                let Some(expr) = pending.pop() else { break };
                match ir.kind(expr) {
                    ExprKind::Field(_, name) => {
                        wanted.insert(name);
                    }
                    ExprKind::Index(base, _)
                    | ExprKind::Project(base, _)
                    | ExprKind::Unary(_, base) => {
                        pending.push(base);
                    }
                    ExprKind::Local(local) => {
                        let definitions = resolver.flows[file.0 as usize].definitions(local);
                        pending.extend(definitions.iter().take(4).map(|known| known.value));
                    }
                    _ => {}
                }
            }
        }
    }
    wanted
}

/// The field that the n-th value of a positional struct literal fills.
fn positional(resolver: &Resolver<'_>, owner: Option<TypeId>, position: Symbol) -> Symbol {
    let field = owner.and_then(|owner| {
        let n: usize = position.as_str().parse().ok()?;
        resolver.code.type_def(owner).fields.get(n)
    });
    field.map_or(position, |field| field.name)
}

fn owner_type(resolver: &Resolver<'_>, file: FileId, base: ExprId) -> Option<TypeId> {
    match resolver.type_of(ExprRef { file, expr: base }) {
        Type::Def(id) => Some(id),
        _ => None,
    }
}

fn may_be_function(kind: ExprKind) -> bool {
    matches!(
        kind,
        ExprKind::Closure(_)
            | ExprKind::Name(_)
            | ExprKind::Field(..)
            | ExprKind::Local(_)
            | ExprKind::Call(_)
            | ExprKind::List(_)
            | ExprKind::Struct(..)
    )
}
