//! What comes before what in a named function, with the closures written in it where they stand.

use std::sync::OnceLock;

use betwixt_facts::ir::{Block, CallId, ExprId, ExprKind, FunctionIdx, Ir, StmtId, StmtKind};
use betwixt_program::control::{Branch, Control, Dominator, each_expr, exprs_of};
use betwixt_program::{CallSite, FunctionId};
use rustc_hash::FxHashMap;

use crate::detectors::Context;

/// A step of the way from a function's body to a statement: which block of which statement, in which function.
type Step = (FunctionIdx, StmtId, Branch, Block);

/// The order of calls in one named function and its closures.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    ir: &'a Ir,
    file: betwixt_base::FileId,
    root: FunctionIdx,
    parents: FxHashMap<FunctionIdx, FunctionIdx>,
    controls: FxHashMap<FunctionIdx, Control<'a>>,
    calls: Vec<CallId>,
    /// The statement in which each closure is written; made on first use.
    written: OnceLock<FxHashMap<FunctionIdx, StmtId>>,
}

impl<'a> Order<'a> {
    /// Reads a named function, or a closure by itself, with the closures in it; linear in them.
    pub(crate) fn new(context: &Context<'a>, root: FunctionId) -> Self {
        let program = context.program;
        let behaviour = context.behaviour();
        let (file, root_idx) = program.code.function_place(root);
        let facts = program.code.facts(file);
        let around = super::root_of(program, root);
        let mut order = Self {
            ir: &facts.ir,
            file,
            root: root_idx,
            parents: FxHashMap::default(),
            controls: FxHashMap::default(),
            calls: Vec::new(),
            written: OnceLock::new(),
        };
        let control = |idx: FunctionIdx| Control::new(&facts.ir, facts.functions[idx.index()].body);
        order.controls.insert(root_idx, control(root_idx));
        for &idx in behaviour.closures_in(around) {
            if let Some(parent) = facts.functions[idx.index()].parent
                && idx != root_idx
                && order.controls.contains_key(&parent)
            {
                order.parents.insert(idx, parent);
                order.controls.insert(idx, control(idx));
            }
        }
        let is_here = |call: &CallId| order.controls.contains_key(&facts.ir.call(*call).function);
        let calls = behaviour.calls_in(around).iter().copied();
        order.calls = calls.filter(is_here).collect();
        order
    }

    /// The calls in the function and its closures, in order of evaluation as far as the text tells.
    pub(crate) fn calls(&self) -> Vec<CallSite> {
        let file = self.file;
        let sites = self.calls.iter().map(|&call| CallSite { file, call });
        sites.collect()
    }

    /// The statements of the function and its closures, in order of text.
    pub(crate) fn statements(&self) -> Vec<StmtId> {
        let mut found: Vec<StmtId> = self
            .controls
            .values()
            .flat_map(|control| control.statements().iter().copied())
            .collect();
        found.sort_by_key(|&stmt| (self.ir.stmt(stmt).span.start, stmt));
        found
    }

    /// The control flow of the function and of its closures, in order of text.
    pub(crate) fn controls(&self) -> Vec<&Control<'a>> {
        let mut found: Vec<(&FunctionIdx, &Control<'a>)> = self.controls.iter().collect();
        found.sort_by_key(|(idx, _)| **idx);
        found.into_iter().map(|(_, control)| control).collect()
    }

    fn end(&self, call: CallId) -> u32 {
        self.ir.expr(self.ir.call(call).expr).span.end
    }

    /// The control flow of the function or of one of its closures.
    pub(crate) fn control(&self, function: FunctionIdx) -> Option<&Control<'a>> {
        self.controls.get(&function)
    }

    /// The statement in which a call runs, with the function it is a statement of.
    pub(crate) fn statement(&self, call: CallId) -> Option<(FunctionIdx, StmtId)> {
        let function = self.ir.call(call).function;
        let control = self.controls.get(&function)?;
        Some((function, control.statement_of(call)?))
    }

    /// The statements a call stands in, from its own outwards through the closures around it.
    pub(crate) fn levels(&self, call: CallId) -> Vec<(FunctionIdx, StmtId)> {
        let mut found = Vec::new();
        let mut current = self.statement(call);
        while let Some((function, stmt)) = current {
            found.push((function, stmt));
            current = self
                .parents
                .get(&function)
                .and_then(|&parent| Some((parent, self.statement_with(function)?)));
            if found.len() > 16 {
                break;
            }
        }
        found
    }

    /// The statement of a function in which a closure is written.
    fn statement_with(&self, closure: FunctionIdx) -> Option<StmtId> {
        let written = self.written.get_or_init(|| self.closures());
        written.get(&closure).copied()
    }

    /// The statement in which each closure is written, of the function it belongs to; linear in all of them.
    fn closures(&self) -> FxHashMap<FunctionIdx, StmtId> {
        let mut found = FxHashMap::default();
        let mut controls: Vec<(&FunctionIdx, &Control<'a>)> = self.controls.iter().collect();
        controls.sort_by_key(|(function, _)| **function);
        for (function, control) in controls {
            for &stmt in control.statements() {
                for expr in exprs_of(self.ir, stmt) {
                    each_expr(self.ir, expr, &mut |id| {
                        if let ExprKind::Closure(closure) = self.ir.kind(id)
                            && self.parents.get(&closure) == Some(function)
                        {
                            found.entry(closure).or_insert(stmt);
                        }
                    });
                }
            }
        }
        found
    }

    /// The blocks around a call, outermost first.
    fn steps(&self, call: CallId) -> Vec<Step> {
        let mut found = Vec::new();
        for (function, stmt) in self.levels(call) {
            if let Some(control) = self.controls.get(&function) {
                let branches = control.branches(stmt);
                found.extend(
                    branches
                        .into_iter()
                        .map(|(parent, branch, block)| (function, parent, branch, block)),
                );
            }
        }
        found.reverse();
        found
    }

    /// Whether `a` has run when `b` runs, on at least one path: earlier in the text, not in another branch of the same
    /// decision, and not in a block that leaves before `b`.
    pub(crate) fn precedes(&self, a: CallSite, b: CallSite) -> bool {
        if a == b || self.end(a.call) > self.end(b.call) {
            return false;
        }
        let (before, after) = (self.steps(a.call), self.steps(b.call));
        let common = before
            .iter()
            .zip(&after)
            .take_while(|(a, b)| a.1 == b.1 && a.2 == b.2)
            .count();
        if let (Some(a), Some(b)) = (before.get(common), after.get(common))
            && a.1 == b.1
            && is_either_or(self.ir, a.1, a.2, b.2)
        {
            return false;
        }
        let level = self.ir.call(b.call).function;
        !before[common..].iter().any(|&(function, _, _, block)| {
            function == level && betwixt_program::control::leaves(self.ir, block)
        })
    }

    /// What holds whenever a call runs: dominators of its statement and of the closures around it, nearest first.
    pub(crate) fn dominators(&self, call: CallId) -> Vec<Dominator> {
        let mut found = Vec::new();
        for (function, stmt) in self.levels(call) {
            if let Some(control) = self.controls.get(&function) {
                found.extend(control.dominators(stmt));
            }
        }
        found
    }

    /// The function and its closures, itself first.
    pub(crate) fn functions(&self, program: &betwixt_program::Program) -> Vec<FunctionId> {
        let mut found: Vec<FunctionIdx> = self.controls.keys().copied().collect();
        found.sort_by_key(|&idx| (idx != self.root, idx));
        let ids = found.into_iter();
        ids.map(|idx| program.code.function_id(self.file, idx))
            .collect()
    }

    /// The code it is an order of.
    pub(crate) fn ir(&self) -> &'a Ir {
        self.ir
    }

    /// The function this is the order of.
    pub(crate) fn root(&self) -> FunctionIdx {
        self.root
    }
}

/// Two branches of one statement of which only one is run.
fn is_either_or(ir: &Ir, stmt: StmtId, a: Branch, b: Branch) -> bool {
    a != b
        && matches!(
            ir.stmt(stmt).kind,
            StmtKind::If { .. } | StmtKind::Switch { .. }
        )
}

/// The conditions that decide whether a call runs, those inside an earlier statement that may leave included:
/// `if plan == free { if n >= 1 { return } }`.
pub(crate) fn conditions(order: &Order<'_>, call: CallId) -> Vec<ExprId> {
    let mut found = Vec::new();
    for dominator in order.dominators(call) {
        match dominator {
            Dominator::Condition { cond, .. } => found.push(cond),
            Dominator::Arm {
                subject: Some(subject),
                ..
            } => found.push(subject),
            Dominator::Ran(stmt) => {
                leaving_conditions(order.ir, stmt, 0, &mut found);
            }
            _ => {}
        }
    }
    found
}

/// The conditions in a statement under which it leaves the function.
fn leaving_conditions(ir: &Ir, stmt: StmtId, depth: u32, found: &mut Vec<ExprId>) -> bool {
    let leaves = match ir.stmt(stmt).kind {
        StmtKind::Return(_) | StmtKind::Throw(_) => return true,
        StmtKind::If { .. } | StmtKind::Switch { .. } | StmtKind::Block(_) if depth < 6 => {
            let inner = betwixt_program::control::blocks(ir, stmt);
            let statements = inner.into_iter().flat_map(|block| ir.block(block));
            let mut leaves = false;
            for &inner in statements {
                leaves |= leaving_conditions(ir, inner, depth + 1, found);
            }
            leaves
        }
        _ => false,
    };
    if leaves {
        match ir.stmt(stmt).kind {
            StmtKind::If { cond, .. } => found.push(cond),
            StmtKind::Switch { subject, .. } => found.extend(subject),
            _ => {}
        }
    }
    leaves
}
