//! What functions do to rows, locks and queues, their callees included: the ground that race and data-loss rules stand on.
//!
//! Built once, on first use, by a few linear passes over calls and accesses. Over-approximates what a function does (any
//! path, closures written in it too) and says nothing about order; [`order`] does.

pub(crate) mod derive;
pub(crate) mod effects;
pub(crate) mod fate;
pub(crate) mod order;
pub(crate) mod transaction;

use std::collections::BTreeMap;

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{CallId, ExprId, ExprKind, FunctionIdx, Ir, LocalId, UnaryOp};
use betwixt_facts::sql::{Statement, Verb};
use betwixt_program::events::{Access, AccessKind};
use betwixt_program::schema::TableId;
use betwixt_program::{CallSite, ExprRef, FunctionId, Program};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use effects::Effects;

/// A table: as the schema knows it, or by the name it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum TableKey {
    /// A table of the schema.
    Known(TableId),
    /// A name without a table of the schema.
    Named(Symbol),
}

/// A value of a row that is put into a variable by a call: `rows.Scan(&a, &b)`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scan {
    /// The rows, or the call that gives them.
    pub(crate) rows: ExprRef,
    /// Which column of the row.
    pub(crate) column: usize,
}

/// Indexes over a program that several detectors use.
#[derive(Debug, Default)]
pub(crate) struct Behaviour {
    scans: FxHashMap<(FileId, LocalId), SmallVec<[Scan; 1]>>,
    at: FxHashMap<CallSite, SmallVec<[usize; 1]>>,
    by_root: BTreeMap<FunctionId, Vec<usize>>,
    written: FxHashMap<FunctionId, Written>,
    effects: FxHashMap<FunctionId, Effects>,
}

/// What is written in a function that stands for itself.
#[derive(Debug, Default)]
struct Written {
    closures: Vec<FunctionIdx>,
    calls: Vec<CallId>,
}

impl Behaviour {
    /// Indexes a program; linear.
    pub(crate) fn new(program: &Program) -> Self {
        let mut behaviour = Self::default();
        for (index, access) in program.events.accesses.iter().enumerate() {
            behaviour.at.entry(access.site).or_default().push(index);
            if access.last != access.site {
                behaviour.at.entry(access.last).or_default().push(index);
            }
            let root = root_of(program, access.function);
            behaviour.by_root.entry(root).or_default().push(index);
        }
        behaviour.read_scans(program);
        behaviour.read_written(program);
        behaviour.effects = effects::all(program);
        behaviour
    }

    fn read_scans(&mut self, program: &Program) {
        for event in &program.events.events {
            if event.kind != "sql.scan" {
                continue;
            }
            let Some(&rows) = event.slot("rows").first() else {
                continue;
            };
            let ir = program.code.ir(event.site.file);
            for (column, into) in event.slot("into").iter().enumerate() {
                let target = match ir.kind(into.expr) {
                    ExprKind::Unary(UnaryOp::Ref, inner) => inner,
                    _ => into.expr,
                };
                if let Some(local) = betwixt_program::flow::defs::root_local(ir, target) {
                    let scans = self.scans.entry((into.file, local)).or_default();
                    scans.push(Scan { rows, column });
                }
            }
        }
    }

    /// Closures and calls by the function they are written in: one pass, as [`order`] asks for them once per function.
    fn read_written(&mut self, program: &Program) {
        let mut roots: Vec<FunctionId> = Vec::with_capacity(program.code.n_functions());
        for function in program.code.function_ids() {
            // Closures come after the function they are written in.
            let around = program.code.parent(function);
            let root = match around.and_then(|around| roots.get(around.index())) {
                Some(&root) if !is_root(program, function) => root,
                _ => function,
            };
            roots.push(root);
            if root != function {
                let closure = program.code.function_place(function).1;
                self.written.entry(root).or_default().closures.push(closure);
            }
        }
        for (file, facts) in program.code.code_files() {
            for (idx, call) in facts.ir.calls.iter().enumerate() {
                let function = program.code.function_id(file, call.function);
                let calls = &mut self
                    .written
                    .entry(roots[function.index()])
                    .or_default()
                    .calls;
                calls.push(CallId(idx as u32));
            }
        }
        // Each list is sorted by itself, so the order of the map is not seen.
        #[expect(clippy::iter_over_hash_type, reason = "every value is changed alone")]
        for (root, written) in &mut self.written {
            let ir = program.code.ir(program.code.function_place(*root).0);
            written
                .calls
                .sort_by_key(|&call| (ir.expr(ir.call(call).expr).span.end, call));
        }
    }

    /// The closures in a function that stands for itself, outer ones first.
    fn closures_in(&self, root: FunctionId) -> &[FunctionIdx] {
        self.written
            .get(&root)
            .map_or(&[], |written| &written.closures)
    }

    /// The calls in a function that stands for itself, those in its closures included, in order of evaluation as far as
    /// the text tells.
    fn calls_in(&self, root: FunctionId) -> &[CallId] {
        self.written
            .get(&root)
            .map_or(&[], |written| &written.calls)
    }

    /// What is scanned into a variable.
    pub(crate) fn scans(&self, file: FileId, local: LocalId) -> &[Scan] {
        self.scans
            .get(&(file, local))
            .map_or(&[], SmallVec::as_slice)
    }

    /// The accesses that run at a call, by index.
    pub(crate) fn accesses_at(&self, site: CallSite) -> &[usize] {
        self.at.get(&site).map_or(&[], SmallVec::as_slice)
    }

    /// The accesses in a named function and its closures.
    pub(crate) fn accesses_in(&self, root: FunctionId) -> &[usize] {
        self.by_root.get(&root).map_or(&[], Vec::as_slice)
    }

    /// What a function does, its callees included.
    pub(crate) fn effects(&self, function: FunctionId) -> Option<&Effects> {
        self.effects.get(&function)
    }

    /// What a call does: the effects of the functions it may call.
    pub(crate) fn effects_of_call<'a>(
        &'a self,
        program: &'a Program,
        site: CallSite,
    ) -> impl Iterator<Item = &'a Effects> {
        let callees = program.calls.callee(site).functions();
        callees
            .iter()
            .take(4)
            .filter_map(|&callee| self.effects(callee))
    }
}

/// The function that a closure is part of: the one it is written in, as long as it is no handler of its own.
pub(crate) fn root_of(program: &Program, function: FunctionId) -> FunctionId {
    let mut current = function;
    while !is_root(program, current) {
        match program.code.parent(current) {
            Some(parent) => current = parent,
            None => break,
        }
    }
    current
}

/// Whether a function stands for itself: a named one, a handler, a closure at the top of a module.
pub(crate) fn is_root(program: &Program, function: FunctionId) -> bool {
    let is_top = program
        .code
        .parent(function)
        .is_none_or(|parent| program.code.function_place(parent).1.0 == 0);
    is_top || program.entries.of(function).next().is_some()
}

/// All functions that stand for themselves, in id order.
pub(crate) fn roots(program: &Program) -> impl Iterator<Item = FunctionId> {
    program
        .code
        .function_ids()
        .filter(|&function| is_root(program, function))
}

/// The table a statement changes, or the first it reads.
pub(crate) fn main_table(access: &Access) -> Option<(TableKey, Symbol)> {
    let tables = &access.statement.tables;
    let index = tables
        .iter()
        .position(|table| table.is_target)
        .or_else(|| {
            let reads = access.statement.verb == Verb::Select;
            tables.iter().position(|table| reads && table.cte.is_none())
        })?;
    Some((key(access, index), tables[index].name))
}

/// Every table whose rows a statement gives.
pub(crate) fn read_tables(access: &Access) -> impl Iterator<Item = TableKey> {
    let reads = access.statement.verb == Verb::Select;
    let returns = gives_rows(access);
    (0..access.statement.tables.len())
        .filter(move |&index| {
            let table = &access.statement.tables[index];
            table.cte.is_none() && (reads || (returns && table.is_target))
        })
        .map(|index| key(access, index))
}

/// Whether a statement gives rows that were there before: a select, an upsert or update that returns the row.
pub(crate) fn gives_rows(access: &Access) -> bool {
    let statement = &access.statement;
    let returns = !statement.projection.is_empty() || matches!(access.kind, AccessKind::Mapper(_));
    match statement.verb {
        Verb::Select => true,
        Verb::Insert => statement.conflict.is_some() && returns,
        Verb::Update => returns,
        _ => false,
    }
}

fn key(access: &Access, index: usize) -> TableKey {
    match access.tables.get(index).copied().flatten() {
        Some(id) => TableKey::Known(id),
        None => TableKey::Named(access.statement.tables[index].name),
    }
}

/// Whether a statement changes rows.
pub(crate) fn writes(statement: &Statement) -> bool {
    matches!(statement.verb, Verb::Insert | Verb::Update | Verb::Delete)
}

/// A name the way columns and fields are compared: `balanceCents` is `balance_cents`.
pub(crate) fn same_name(a: Symbol, b: Symbol) -> bool {
    a == b || crate::tenant::plain(a.as_str()) == crate::tenant::plain(b.as_str())
}

/// Whether two expressions are written the same: `s.db` and `s.db`.
pub(crate) fn same_path(ir: &Ir, a: ExprId, b: ExprId) -> bool {
    match (ir.kind(a), ir.kind(b)) {
        (ExprKind::Local(a), ExprKind::Local(b)) => a == b,
        (ExprKind::Name(a), ExprKind::Name(b)) => a == b,
        (ExprKind::This, ExprKind::This) => true,
        (ExprKind::Field(a, x), ExprKind::Field(b, y)) => x == y && same_path(ir, a, b),
        (ExprKind::Unary(_, a), _) => same_path(ir, a, b),
        (_, ExprKind::Unary(_, b)) => same_path(ir, a, b),
        _ => false,
    }
}
