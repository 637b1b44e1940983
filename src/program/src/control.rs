//! Control flow of one function: what is always passed before a statement, what always follows.
//!
//! The IR is structured, so dominance needs no fixpoint: what dominates a statement are the earlier statements of the
//! blocks around it, and the conditions of the branches it stands in. Built on demand, for functions with a candidate.

use betwixt_facts::ir::{Block, CallId, ExprId, ExprKind, Ir, StmtId, StmtKind, UnaryOp};
use smallvec::{SmallVec, smallvec};

/// What is known when a statement is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dominator {
    /// The condition held (`true`) or did not; when it is otherwise the function leaves or skips the statement.
    Condition {
        /// The condition.
        cond: ExprId,
        /// Whether it held.
        holds: bool,
        /// The other outcome leaves the function (return, throw), so that it is a guard and not only a branch.
        leaves: bool,
    },
    /// The statement has run before.
    Ran(StmtId),
    /// The statement stands in a loop over this.
    InLoop(Option<ExprId>),
    /// A branch of a switch over this.
    Arm {
        /// The subject.
        subject: Option<ExprId>,
        /// The patterns of the branch; empty for the default.
        patterns: betwixt_facts::ir::List<ExprId>,
    },
}

#[derive(Debug, Clone, Copy)]
struct Node {
    parent: Option<StmtId>,
    block: Block,
    position: u32,
    branch: Branch,
}

/// Which block of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Branch {
    /// The body of the function or of a block of its own.
    Body,
    /// Run when the condition holds.
    Then,
    /// Run when it does not.
    Otherwise,
    /// Repeated.
    Loop,
    /// The n-th arm of a switch.
    Arm(u32),
    /// Tried.
    Try,
    /// Run with the error.
    Handler,
    /// Run in any case.
    Finalizer,
}

/// Control flow of one function.
#[derive(Debug)]
pub struct Control<'a> {
    ir: &'a Ir,
    /// By statement.
    nodes: Vec<(StmtId, Node)>,
    order: Vec<StmtId>,
    /// By call.
    of_call: Vec<(CallId, StmtId)>,
}

impl<'a> Control<'a> {
    /// Reads a function's body; linear in it. Closures inside are not entered.
    #[must_use]
    pub fn new(ir: &'a Ir, body: Block) -> Self {
        let mut control = Self {
            ir,
            nodes: Vec::new(),
            order: Vec::new(),
            of_call: Vec::new(),
        };
        control.read(body, None, Branch::Body);
        control.nodes.sort_unstable_by_key(|(stmt, _)| *stmt);
        // A call that stands in several statements runs in the first.
        control.of_call.sort_by_key(|(call, _)| *call);
        control.of_call.dedup_by_key(|(call, _)| *call);
        control
    }

    fn node(&self, stmt: StmtId) -> Option<&Node> {
        let at = self.nodes.binary_search_by_key(&stmt, |(stmt, _)| *stmt);
        at.ok().map(|at| &self.nodes[at].1)
    }

    /// The statements in order of text.
    #[must_use]
    pub fn statements(&self) -> &[StmtId] {
        &self.order
    }

    /// The statement in which a call runs.
    #[must_use]
    pub fn statement_of(&self, call: CallId) -> Option<StmtId> {
        let at = self.of_call.binary_search_by_key(&call, |(call, _)| *call);
        at.ok().map(|at| self.of_call[at].1)
    }

    fn read(&mut self, block: Block, parent: Option<StmtId>, branch: Branch) {
        for (position, &id) in self.ir.block(block).iter().enumerate() {
            let node = Node {
                parent,
                block,
                position: position as u32,
                branch,
            };
            self.nodes.push((id, node));
            self.order.push(id);
            let ir = self.ir;
            each_call(ir, id, &mut |call| self.of_call.push((call, id)));
            match ir.stmt(id).kind {
                StmtKind::If {
                    then, otherwise, ..
                } => {
                    self.read(then, Some(id), Branch::Then);
                    self.read(otherwise, Some(id), Branch::Otherwise);
                }
                StmtKind::Loop { body, .. } => self.read(body, Some(id), Branch::Loop),
                StmtKind::Block(body) => self.read(body, Some(id), Branch::Body),
                StmtKind::Switch { arms, .. } => {
                    for (index, arm) in ir.arm_list(arms).iter().enumerate() {
                        self.read(arm.body, Some(id), Branch::Arm(index as u32));
                    }
                }
                StmtKind::Try {
                    body,
                    handler,
                    finalizer,
                    ..
                } => {
                    self.read(body, Some(id), Branch::Try);
                    self.read(handler, Some(id), Branch::Handler);
                    self.read(finalizer, Some(id), Branch::Finalizer);
                }
                _ => {}
            }
        }
    }

    /// What holds when a statement is reached, nearest first.
    #[must_use]
    pub fn dominators(&self, stmt: StmtId) -> Vec<Dominator> {
        let mut found = Vec::new();
        let mut current = Some(stmt);
        while let Some(id) = current {
            let Some(node) = self.node(id) else {
                break;
            };
            let block = self.ir.block(node.block);
            for &earlier in block[..node.position as usize].iter().rev() {
                self.earlier(earlier, &mut found);
            }
            if let Some(parent) = node.parent {
                self.around(parent, node.branch, &mut found);
            }
            current = node.parent;
        }
        found
    }

    fn earlier(&self, id: StmtId, found: &mut Vec<Dominator>) {
        match self.ir.stmt(id).kind {
            StmtKind::If {
                cond,
                then,
                otherwise,
            } => {
                if self.leaves(then) {
                    found.push(Dominator::Condition {
                        cond,
                        holds: false,
                        leaves: true,
                    });
                    // What stands in the other branch has run.
                    self.ran_inside(otherwise, found);
                } else if !otherwise.is_empty() && self.leaves(otherwise) {
                    found.push(Dominator::Condition {
                        cond,
                        holds: true,
                        leaves: true,
                    });
                    self.ran_inside(then, found);
                } else {
                    found.push(Dominator::Ran(id));
                }
            }
            StmtKind::Block(body) => self.ran_inside(body, found),
            StmtKind::Try {
                body,
                handler,
                finalizer,
                ..
            } => {
                self.ran_inside(finalizer, found);
                if handler.is_empty() || self.leaves(handler) {
                    self.ran_inside(body, found);
                }
                found.push(Dominator::Ran(id));
            }
            StmtKind::Switch { subject, arms } => {
                // `match check { Err(_) => return, Ok(x) => … }`: the branches that stay.
                for arm in self.ir.arm_list(arms) {
                    if !self.leaves(arm.body) {
                        continue;
                    }
                    found.push(Dominator::Arm {
                        subject,
                        patterns: arm.patterns,
                    });
                }
                found.push(Dominator::Ran(id));
            }
            _ => found.push(Dominator::Ran(id)),
        }
    }

    fn ran_inside(&self, block: Block, found: &mut Vec<Dominator>) {
        for &inner in self.ir.block(block).iter().rev() {
            self.earlier(inner, found);
        }
    }

    fn around(&self, parent: StmtId, branch: Branch, found: &mut Vec<Dominator>) {
        match (self.ir.stmt(parent).kind, branch) {
            (
                StmtKind::If {
                    cond, otherwise, ..
                },
                Branch::Then,
            ) => {
                let leaves = self.leaves(otherwise);
                found.push(Dominator::Condition {
                    cond,
                    holds: true,
                    leaves,
                });
            }
            (StmtKind::If { cond, then, .. }, Branch::Otherwise) => {
                let leaves = self.leaves(then);
                found.push(Dominator::Condition {
                    cond,
                    holds: false,
                    leaves,
                });
            }
            (StmtKind::Loop { iterated, cond, .. }, _) => {
                found.push(Dominator::InLoop(iterated));
                if let Some(cond) = cond {
                    found.push(Dominator::Condition {
                        cond,
                        holds: true,
                        leaves: false,
                    });
                }
            }
            (StmtKind::Switch { subject, arms }, Branch::Arm(index)) => {
                if let Some(arm) = self.ir.arm_list(arms).get(index as usize) {
                    found.push(Dominator::Arm {
                        subject,
                        patterns: arm.patterns,
                    });
                    if let Some(guard) = arm.guard {
                        found.push(Dominator::Condition {
                            cond: guard,
                            holds: true,
                            leaves: false,
                        });
                    }
                    if subject.is_none() {
                        for &cond in self.ir.expr_list(arm.patterns) {
                            found.push(Dominator::Condition {
                                cond,
                                holds: true,
                                leaves: false,
                            });
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// Statements that come after one in the blocks around it, nearest first, up to the end of the function.
    #[must_use]
    pub fn followers(&self, stmt: StmtId) -> Vec<StmtId> {
        let mut found = Vec::new();
        let mut current = Some(stmt);
        while let Some(id) = current {
            let Some(node) = self.node(id) else {
                break;
            };
            let block = self.ir.block(node.block);
            found.extend_from_slice(&block[node.position as usize + 1..]);
            current = node.parent;
        }
        found
    }

    /// The statements around one, innermost first.
    #[must_use]
    pub fn ancestors(&self, stmt: StmtId) -> Vec<StmtId> {
        let mut found = Vec::new();
        let mut current = self.node(stmt).and_then(|node| node.parent);
        while let Some(id) = current {
            found.push(id);
            current = self.node(id).and_then(|node| node.parent);
        }
        found
    }

    /// The blocks a statement stands in, innermost first: the statement that holds the block, which of its branches it is,
    /// and the block. The body of the function is not among them.
    #[must_use]
    pub fn branches(&self, stmt: StmtId) -> Vec<(StmtId, Branch, Block)> {
        let mut found = Vec::new();
        let mut current = Some(stmt);
        while let Some(node) = current.and_then(|id| self.node(id)) {
            if let Some(parent) = node.parent {
                found.push((parent, node.branch, node.block));
            }
            current = node.parent;
        }
        found
    }

    /// The statements of the same block that come after one.
    #[must_use]
    pub fn rest_of_block(&self, stmt: StmtId) -> &'a [StmtId] {
        self.node(stmt).map_or(&[], |node| {
            &self.ir.block(node.block)[node.position as usize + 1..]
        })
    }

    /// Whether a block always leaves the function or the loop.
    #[must_use]
    pub fn leaves(&self, block: Block) -> bool {
        leaves(self.ir, block)
    }

    /// All statements in a block and below, in order.
    #[must_use]
    pub fn below(&self, block: Block) -> Vec<StmtId> {
        let mut found = Vec::new();
        collect(self.ir, block, &mut found);
        found
    }
}

fn collect(ir: &Ir, block: Block, found: &mut Vec<StmtId>) {
    for &id in ir.block(block) {
        found.push(id);
        for inner in blocks(ir, id) {
            collect(ir, inner, found);
        }
    }
}

/// The blocks of a statement.
#[must_use]
pub fn blocks(ir: &Ir, stmt: StmtId) -> SmallVec<[Block; 3]> {
    match ir.stmt(stmt).kind {
        StmtKind::If {
            then, otherwise, ..
        } => smallvec![then, otherwise],
        StmtKind::Loop { body, .. } | StmtKind::Block(body) => smallvec![body],
        StmtKind::Switch { arms, .. } => ir.arm_list(arms).iter().map(|arm| arm.body).collect(),
        StmtKind::Try {
            body,
            handler,
            finalizer,
            ..
        } => smallvec![body, handler, finalizer],
        _ => SmallVec::new(),
    }
}

/// Whether a block always leaves the function or the loop.
#[must_use]
pub fn leaves(ir: &Ir, block: Block) -> bool {
    let Some(&last) = ir.block(block).last() else {
        return false;
    };
    match ir.stmt(last).kind {
        StmtKind::Return(_) | StmtKind::Throw(_) | StmtKind::Break | StmtKind::Continue => true,
        StmtKind::If {
            then, otherwise, ..
        } => leaves(ir, then) && leaves(ir, otherwise),
        StmtKind::Block(body) => leaves(ir, body),
        StmtKind::Switch { arms, .. } => {
            let arms = ir.arm_list(arms);
            arms.iter().any(|arm| arm.patterns.is_empty())
                && arms.iter().all(|arm| leaves(ir, arm.body))
        }
        StmtKind::Try { body, handler, .. } => {
            leaves(ir, body) && (handler.is_empty() || leaves(ir, handler))
        }
        StmtKind::Expr(expr) => ends_process(ir, expr),
        _ => false,
    }
}

/// `os.Exit(1)`, `log.Fatal(…)`, `process.exit()`, `notFound()`, `redirect()`.
fn ends_process(ir: &Ir, expr: ExprId) -> bool {
    let ExprKind::Call(call) = ir.kind(expr) else {
        return false;
    };
    let name = match ir.kind(ir.call(call).callee) {
        ExprKind::Field(_, name) | ExprKind::Name(name) => name.as_str(),
        _ => return false,
    };
    matches!(
        name.rsplit("::").next().unwrap_or(name),
        "Exit"
            | "exit"
            | "Fatal"
            | "Fatalf"
            | "panic"
            | "notFound"
            | "redirect"
            | "abort"
            | "Goexit"
            | "FailNow"
    )
}

/// Calls every call that runs as part of a statement itself, in evaluation order; blocks and closures below are left out.
pub fn each_call(ir: &Ir, stmt: StmtId, visit: &mut impl FnMut(CallId)) {
    for expr in exprs_of(ir, stmt) {
        each_expr(ir, expr, &mut |id| {
            if let ExprKind::Call(call) = ir.kind(id) {
                visit(call);
            }
        });
    }
}

/// The expressions of a statement itself.
#[must_use]
pub fn exprs_of(ir: &Ir, stmt: StmtId) -> SmallVec<[ExprId; 4]> {
    match ir.stmt(stmt).kind {
        StmtKind::Expr(expr) | StmtKind::Throw(expr) => smallvec![expr],
        StmtKind::Assign { target, value, .. } => smallvec![value, target],
        StmtKind::Return(values) => SmallVec::from_slice(ir.expr_list(values)),
        StmtKind::If { cond, .. } => smallvec![cond],
        StmtKind::Loop { iterated, cond, .. } => iterated.into_iter().chain(cond).collect(),
        StmtKind::Switch { subject, arms } => {
            let mut found: SmallVec<[ExprId; 4]> = subject.into_iter().collect();
            for arm in ir.arm_list(arms) {
                found.extend_from_slice(ir.expr_list(arm.patterns));
                found.extend(arm.guard);
            }
            found
        }
        StmtKind::Try { .. } | StmtKind::Block(_) | StmtKind::Break | StmtKind::Continue => {
            SmallVec::new()
        }
    }
}

/// Calls `visit` for an expression and everything below it; closures are not entered.
pub fn each_expr(ir: &Ir, expr: ExprId, visit: &mut impl FnMut(ExprId)) {
    let mut pending: SmallVec<[ExprId; 24]> = smallvec![expr];
    let mut steps = 0;
    while let Some(id) = pending.pop() {
        steps += 1;
        if steps > 20_000 {
            return;
        }
        visit(id);
        match ir.kind(id) {
            ExprKind::Concat(list) | ExprKind::List(list) => {
                pending.extend_from_slice(ir.expr_list(list))
            }
            ExprKind::Field(base, _)
            | ExprKind::Project(base, _)
            | ExprKind::Unary(_, base)
            | ExprKind::Cast(_, base) => {
                pending.push(base);
            }
            ExprKind::Index(base, key) => pending.extend([base, key]),
            ExprKind::Binary(_, a, b) => pending.extend([a, b]),
            ExprKind::Conditional(c, a, b) => pending.extend([c, a, b]),
            ExprKind::Struct(_, entries) => {
                pending.extend(ir.entry_list(entries).iter().map(|entry| entry.value))
            }
            ExprKind::Call(call) => {
                let call = ir.call(call);
                pending.push(call.callee);
                pending.extend_from_slice(ir.expr_list(call.args));
            }
            _ => {}
        }
    }
}

/// The parts of a condition that each hold when the whole does (`a && b` when it holds, `a || b` when it does not).
#[must_use]
pub fn conjuncts(ir: &Ir, cond: ExprId, holds: bool) -> Vec<(ExprId, bool)> {
    use betwixt_facts::ir::BinaryOp;
    let mut found = Vec::new();
    let mut pending = vec![(cond, holds)];
    while let Some((expr, holds)) = pending.pop() {
        match ir.kind(expr) {
            ExprKind::Unary(UnaryOp::Not, inner) => pending.push((inner, !holds)),
            ExprKind::Binary(BinaryOp::And, a, b) if holds => {
                pending.extend([(a, true), (b, true)])
            }
            ExprKind::Binary(BinaryOp::Or, a, b) if !holds => {
                pending.extend([(a, false), (b, false)])
            }
            _ => found.push((expr, holds)),
        }
        if found.len() > 64 {
            break;
        }
    }
    found
}
