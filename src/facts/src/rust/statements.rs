//! Blocks, `let`, `if`, `match`, loops and jumps, and where their values go.
//!
//! In Rust all of these are expressions. Each is lowered towards a [`Dest`], so that the value of a branch is
//! assigned, returned or dropped where the branch ends.

use betwixt_base::{Span, Symbol};
use syn::{
    Arm as MatchArm, BinOp, Block as Syntax, Expr, ExprBreak, ExprForLoop, ExprIf, ExprLet,
    ExprLoop, ExprMatch, ExprReturn, ExprWhile, Label, Local as Let, Pat, Stmt,
};

use super::{Lowering, patterns};
use crate::ir::{
    Arm, BinaryOp, Block, CallMode, ExprId, ExprKind, List, LocalId, LocalKind, StmtKind, UnaryOp,
};

/// Where the value of an expression goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dest {
    /// Nowhere: a statement.
    Discard,
    /// Out of the function.
    Return,
    /// Into a temporary.
    Local(LocalId),
}

/// A loop or labelled block that `break` can leave.
#[derive(Clone, Copy)]
pub(super) struct Jump {
    label: Option<Symbol>,
    /// Where the value of `break value` goes.
    dest: Dest,
    is_loop: bool,
}

/// Names that a `let` inside a condition binds once the condition holds.
type Bindings<'e> = Vec<(&'e Pat, ExprId)>;

impl Lowering<'_> {
    /// Lowers the statements into the innermost open block, the value of the last one to `dest`.
    pub(super) fn statements(&mut self, stmts: &[Stmt], dest: Dest) {
        let Some((last, init)) = stmts.split_last() else {
            return;
        };
        for stmt in init {
            self.statement(stmt, Dest::Discard);
        }
        self.statement(last, dest);
    }

    fn statement(&mut self, stmt: &Stmt, dest: Dest) {
        match stmt {
            Stmt::Local(local) => self.let_statement(local),
            Stmt::Item(item) => {
                self.deeper(|lowering| lowering.item(item));
            }
            Stmt::Expr(expr, None) => self.expr_to(expr, dest),
            Stmt::Expr(Expr::Verbatim(tokens), Some(_)) if tokens.is_empty() => {}
            Stmt::Expr(expr, Some(_)) => self.expr_to(expr, Dest::Discard),
            Stmt::Macro(stmt) => {
                let dest = if stmt.semi_token.is_some() {
                    Dest::Discard
                } else {
                    dest
                };
                self.macro_to(&stmt.mac, dest);
            }
        }
    }

    /// A block of its own whose value goes to `dest`.
    pub(super) fn block(&mut self, block: &Syntax, dest: Dest) -> Block {
        self.ir.open_block();
        self.statements(&block.stmts, dest);
        self.ir.close_block()
    }

    /// Lowers an expression to where its value goes.
    pub(super) fn expr_to(&mut self, expr: &Expr, dest: Dest) {
        if self
            .deeper(|lowering| lowering.expr_to_inner(expr, dest))
            .is_none()
        {
            let span = self.expr_span(expr);
            let value = self.unknown(span);
            self.send(value, dest, span);
        }
    }

    fn expr_to_inner(&mut self, expr: &Expr, dest: Dest) {
        match expr {
            Expr::If(expr) => self.if_expr(expr, dest),
            Expr::Match(expr) => self.match_expr(expr, dest),
            Expr::Block(expr) => self.block_expr(&expr.block, expr.label.as_ref(), dest),
            Expr::Unsafe(expr) => self.block_expr(&expr.block, None, dest),
            Expr::Const(expr) => self.block_expr(&expr.block, None, dest),
            Expr::TryBlock(expr) => self.block_expr(&expr.block, None, dest),
            Expr::Loop(expr) => self.loop_expr(expr, dest),
            Expr::While(expr) => self.while_expr(expr),
            Expr::ForLoop(expr) => self.for_expr(expr),
            Expr::Return(expr) => self.return_expr(expr),
            Expr::Break(expr) => self.break_expr(expr),
            Expr::Continue(expr) => {
                let span = self.source.span(expr.continue_token.span);
                self.ir.stmt(StmtKind::Continue, span);
            }
            Expr::Paren(expr) => self.expr_to(&expr.expr, dest),
            Expr::Group(expr) => self.expr_to(&expr.expr, dest),
            Expr::Macro(expr) => self.macro_to(&expr.mac, dest),
            Expr::Assign(expr) => self.assign_expr(expr),
            _ => {
                let value = self.expr(expr);
                let span = self.ir.ir().expr(value).span;
                self.send(value, dest, span);
            }
        }
    }

    /// Emits what happens to a value.
    pub(super) fn send(&mut self, value: ExprId, dest: Dest, span: Span) {
        let kind = match dest {
            Dest::Discard if self.is_plain(value) => return,
            Dest::Discard => StmtKind::Expr(value),
            Dest::Return => StmtKind::Return(self.ir.expr_list(&[value])),
            Dest::Local(local) => {
                let target = self.ir.expr(ExprKind::Local(local), span);
                return self.ir.assign(target, value, span);
            }
        };
        self.ir.stmt(kind, span);
    }

    /// Whether computing the value has no effect worth a statement of its own.
    pub(super) fn is_plain(&self, value: ExprId) -> bool {
        let ir = self.ir.ir();
        match ir.kind(value) {
            ExprKind::Unknown
            | ExprKind::Nil
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::Str(_)
            | ExprKind::Local(_)
            | ExprKind::Name(_)
            | ExprKind::Closure(_) => true,
            ExprKind::Field(base, _) | ExprKind::Project(base, _) => self.is_plain(base),
            ExprKind::Unary(
                UnaryOp::Ref | UnaryOp::Deref | UnaryOp::Neg | UnaryOp::Unwrap,
                base,
            ) => self.is_plain(base),
            ExprKind::List(items) => {
                items.len <= 8 && ir.expr_list(items).iter().all(|&item| self.is_plain(item))
            }
            _ => false,
        }
    }

    /// The value of an expression that is made of statements: a temporary they assign.
    pub(super) fn hoisted(&mut self, expr: &Expr) -> ExprId {
        let span = self.expr_span(expr);
        let local = self.ir.temporary(span);
        self.expr_to_inner(expr, Dest::Local(local));
        self.ir.expr(ExprKind::Local(local), span)
    }

    fn block_expr(&mut self, block: &Syntax, label: Option<&Label>, dest: Dest) {
        if let ([Stmt::Expr(only, None)], None) = (block.stmts.as_slice(), label) {
            return self.expr_to(only, dest);
        }
        let span = self.source.span(block.brace_token.span.join());
        if let Some(label) = label {
            self.enter(Some(label), dest, false);
        }
        let body = self.block(block, dest);
        if label.is_some() {
            self.jumps.pop();
        }
        self.ir.stmt(StmtKind::Block(body), span);
    }

    /// The value of a block; `label` as in `'a: { … break 'a x; … }`.
    pub(super) fn block_value(&mut self, block: &Syntax, label: Option<&Label>) -> ExprId {
        if let ([Stmt::Expr(only, None)], None) = (block.stmts.as_slice(), label) {
            return self.expr(only);
        }
        let span = self.source.span(block.brace_token.span.join());
        let local = self.ir.temporary(span);
        self.block_expr(block, label, Dest::Local(local));
        self.ir.expr(ExprKind::Local(local), span)
    }

    fn let_statement(&mut self, local: &Let) {
        let (pat, type_ref) = match &local.pat {
            Pat::Type(typed) => (&*typed.pat, self.type_ref(&typed.ty)),
            pat => (pat, crate::ir::TypeRefId(0)),
        };
        let name = self.plain_name(pat);
        let Some(init) = &local.init else {
            if let Some((name, span)) = name {
                self.ir.declare(name, type_ref, LocalKind::Variable, span);
            }
            return;
        };
        if let (Pat::Wild(_), None) = (pat, &init.diverge) {
            return self.expr_to(&init.expr, Dest::Discard);
        }
        let value = match name {
            Some((name, _)) => self.named_expr(&init.expr, name),
            None => self.expr(&init.expr),
        };
        if let Some((_, diverge)) = &init.diverge {
            self.diverge(pat, value, diverge);
        } else if name.is_none() && !self.is_plain(value) {
            let span = self.ir.ir().expr(value).span;
            self.ir.stmt(StmtKind::Expr(value), span);
        }
        match name {
            Some(name) => self.bind_plain(name, value, type_ref),
            None => self.bind_typed(pat, value, type_ref),
        }
    }

    /// `let P = x else { … }`: unless it matches, the branch runs and leaves.
    fn diverge(&mut self, pat: &Pat, value: ExprId, diverge: &Expr) {
        let span = self.expr_span(diverge);
        let cond = match self.pattern_test(pat, value) {
            Some(test) => self.ir.expr(ExprKind::Unary(UnaryOp::Not, test), span),
            None => self.ir.expr(ExprKind::Bool(false), span),
        };
        self.ir.open_block();
        self.branch(diverge, Dest::Discard);
        let then = self.ir.close_block();
        self.ir.stmt(
            StmtKind::If {
                cond,
                then,
                otherwise: List::default(),
            },
            span,
        );
    }

    fn if_expr(&mut self, expr: &ExprIf, dest: Dest) {
        let start = self.source.start(expr.if_token.span);
        // Without `else` there is no value.
        let dest = if expr.else_branch.is_some() {
            dest
        } else {
            Dest::Discard
        };
        self.ir.open_scope();
        let mut bindings = Bindings::new();
        let cond = self.condition(&expr.cond, &mut bindings);
        self.ir.open_block();
        self.bind_all(&bindings);
        self.statements(&expr.then_branch.stmts, dest);
        let then = self.ir.close_block();
        self.ir.close_scope();
        let mut end = self.source.end(expr.then_branch.brace_token.span.close());
        let mut otherwise = List::default();
        if let Some((_, branch)) = &expr.else_branch {
            self.ir.open_block();
            self.branch(branch, dest);
            otherwise = self.ir.close_block();
            end = self.expr_span(branch).end;
        }
        self.ir.stmt(
            StmtKind::If {
                cond,
                then,
                otherwise,
            },
            Span::new(start, end),
        );
    }

    /// Lowers what a branch runs into its open block: the statements of `{ … }`, or an expression.
    pub(super) fn branch(&mut self, branch: &Expr, dest: Dest) {
        match branch {
            Expr::Block(branch) if branch.label.is_none() => {
                self.statements(&branch.block.stmts, dest);
            }
            branch => self.expr_to(branch, dest),
        }
    }

    /// A condition; what its `let`s bind is left in `bindings` for the block it guards.
    fn condition<'e>(&mut self, cond: &'e Expr, bindings: &mut Bindings<'e>) -> ExprId {
        match cond {
            Expr::Let(cond) => self.let_test(cond, bindings),
            Expr::Paren(cond) if has_let(&cond.expr) => {
                let lowered = self.deeper(|lowering| lowering.condition(&cond.expr, bindings));
                lowered.unwrap_or_else(|| self.unknown(Span::default()))
            }
            Expr::Binary(chain) if matches!(chain.op, BinOp::And(_)) && has_let(cond) => {
                let lowered = self.deeper(|lowering| {
                    let left = lowering.condition(&chain.left, bindings);
                    // `let Some(x) = a && x > 1`: the second test needs what the first one bound.
                    lowering.bind_all(&std::mem::take(bindings));
                    let right = lowering.condition(&chain.right, bindings);
                    lowering.fold(BinaryOp::And, &[left, right])
                });
                lowered
                    .flatten()
                    .unwrap_or_else(|| self.unknown(Span::default()))
            }
            _ => self.expr(cond),
        }
    }

    fn let_test<'e>(&mut self, test: &'e ExprLet, bindings: &mut Bindings<'e>) -> ExprId {
        let subject = self.expr(&test.expr);
        bindings.push((&test.pat, subject));
        self.matches(&test.pat, subject)
    }

    /// Whether `subject` matches, as a value.
    pub(super) fn matches(&mut self, pat: &Pat, subject: ExprId) -> ExprId {
        let span = self.ir.ir().expr(subject).span;
        let test = self.pattern_test(pat, subject);
        test.unwrap_or_else(|| self.ir.expr(ExprKind::Bool(true), span))
    }

    fn bind_all(&mut self, bindings: &Bindings<'_>) {
        for &(pat, subject) in bindings {
            self.bind(pat, subject);
        }
    }

    fn match_expr(&mut self, expr: &ExprMatch, dest: Dest) {
        let start = self.source.start(expr.match_token.span);
        let end = self.source.end(expr.brace_token.span.close());
        let subject = self.expr(&expr.expr);
        let arms: Vec<_> = expr
            .arms
            .iter()
            .map(|arm| self.match_arm(arm, subject, dest))
            .collect();
        let arms = self.ir.arm_list(&arms);
        self.ir.stmt(
            StmtKind::Switch {
                subject: Some(subject),
                arms,
            },
            Span::new(start, end),
        );
    }

    fn match_arm(&mut self, arm: &MatchArm, subject: ExprId, dest: Dest) -> Arm {
        let (patterns, inner) = self.arm_patterns(&arm.pat, subject);
        self.ir.open_block();
        self.bind(&arm.pat, subject);
        let guards: Vec<_> = match &arm.pat {
            Pat::Guard(guarded) => {
                let mut bindings = Bindings::new();
                let guard = self.condition(&guarded.guard, &mut bindings);
                self.bind_all(&bindings);
                inner.into_iter().chain([guard]).collect()
            }
            _ => inner.into_iter().collect(),
        };
        let guard = self.fold(BinaryOp::And, &guards);
        self.branch(&arm.body, dest);
        let body = self.ir.close_block();
        Arm {
            patterns,
            guard,
            body,
        }
    }

    /// What selects an arm, and what the parts of its pattern ask for besides.
    fn arm_patterns(&mut self, pat: &Pat, subject: ExprId) -> (List<ExprId>, Option<ExprId>) {
        let cases = patterns::alternatives(pat);
        if let &[only] = cases.as_slice() {
            let selector = self.selector(only);
            let mut tests = Vec::new();
            self.inner_tests(only, subject, &mut tests);
            let guard = self.fold(BinaryOp::And, &tests);
            return (self.ir.expr_list(selector.as_slice()), guard);
        }
        let mut selectors = Vec::with_capacity(cases.len());
        let mut has_inner = false;
        for &case in &cases {
            selectors.extend(self.selector(case));
            let mut tests = Vec::new();
            self.inner_tests(case, subject, &mut tests);
            has_inner |= !tests.is_empty();
        }
        // One alternative that always matches makes the arm match always.
        let is_complete = selectors.len() == cases.len();
        let guard = if has_inner {
            self.pattern_test(pat, subject)
        } else {
            None
        };
        let selectors = if is_complete {
            selectors.as_slice()
        } else {
            &[]
        };
        (self.ir.expr_list(selectors), guard)
    }

    fn enter(&mut self, label: Option<&Label>, dest: Dest, is_loop: bool) {
        let label = label.map(|label| self.source.name(&label.name.ident));
        self.jumps.push(Jump {
            label,
            dest,
            is_loop,
        });
    }

    fn loop_expr(&mut self, expr: &ExprLoop, dest: Dest) {
        let span = self.keyword_to(expr.loop_token.span, &expr.body);
        self.enter(expr.label.as_ref(), dest, true);
        let body = self.block(&expr.body, Dest::Discard);
        self.jumps.pop();
        self.ir.stmt(
            StmtKind::Loop {
                iterated: None,
                cond: None,
                body,
            },
            span,
        );
    }

    fn while_expr(&mut self, expr: &ExprWhile) {
        let span = self.keyword_to(expr.while_token.span, &expr.body);
        self.enter(expr.label.as_ref(), Dest::Discard, true);
        self.ir.open_block();
        let mut bindings = Bindings::new();
        let mut cond = Some(self.condition(&expr.cond, &mut bindings));
        // What the condition hoisted runs in every round, so the test moves into the body.
        if self.ir.block_len() > 0
            && let Some(cond) = cond.take()
        {
            self.ir.open_block();
            self.ir.stmt(StmtKind::Break, span);
            let otherwise = self.ir.close_block();
            self.ir.stmt(
                StmtKind::If {
                    cond,
                    then: List::default(),
                    otherwise,
                },
                span,
            );
        }
        self.bind_all(&bindings);
        self.statements(&expr.body.stmts, Dest::Discard);
        let body = self.ir.close_block();
        self.jumps.pop();
        self.ir.stmt(
            StmtKind::Loop {
                iterated: None,
                cond,
                body,
            },
            span,
        );
    }

    fn for_expr(&mut self, expr: &ExprForLoop) {
        let span = self.keyword_to(expr.for_token.span, &expr.body);
        let iterated = self.expr(&expr.expr);
        self.enter(expr.label.as_ref(), Dest::Discard, true);
        self.ir.open_block();
        let element_span = self.ir.ir().expr(iterated).span;
        let any = self.unknown(element_span);
        let element = self.ir.expr(ExprKind::Index(iterated, any), element_span);
        self.bind(&expr.pat, element);
        self.statements(&expr.body.stmts, Dest::Discard);
        let body = self.ir.close_block();
        self.jumps.pop();
        self.ir.stmt(
            StmtKind::Loop {
                iterated: Some(iterated),
                cond: None,
                body,
            },
            span,
        );
    }

    fn keyword_to(&self, keyword: proc_macro2::Span, body: &Syntax) -> Span {
        Span::new(
            self.source.start(keyword),
            self.source.end(body.brace_token.span.close()),
        )
    }

    fn return_expr(&mut self, expr: &ExprReturn) {
        let keyword = self.source.span(expr.return_token.span);
        match &expr.expr {
            Some(value) => self.expr_to(value, Dest::Return),
            None => {
                self.ir.stmt(StmtKind::Return(List::default()), keyword);
            }
        }
    }

    fn break_expr(&mut self, expr: &ExprBreak) {
        let span = self.source.span(expr.break_token.span);
        let label = expr
            .label
            .as_ref()
            .map(|label| self.source.name(&label.ident));
        let is_target = |jump: &&Jump| match label {
            Some(label) => jump.label == Some(label),
            None => jump.is_loop,
        };
        let dest = self
            .jumps
            .iter()
            .rev()
            .find(is_target)
            .map(|jump| jump.dest);
        if let Some(value) = &expr.expr {
            self.expr_to(value, dest.unwrap_or(Dest::Discard));
            if dest == Some(Dest::Return) {
                return;
            }
        }
        self.ir.stmt(StmtKind::Break, span);
    }

    /// The value of an awaited expression.
    pub(super) fn awaited(&mut self, future: ExprId, span: Span) -> ExprId {
        self.ir.set_call_mode(future, CallMode::Awaited);
        self.ir.expr(ExprKind::Unary(UnaryOp::Await, future), span)
    }
}

/// Whether a condition is a chain with a `let` in it.
fn has_let(cond: &Expr) -> bool {
    let mut cond = cond;
    loop {
        match cond {
            Expr::Let(_) => return true,
            Expr::Paren(inner) => cond = &inner.expr,
            Expr::Binary(chain) if matches!(chain.op, BinOp::And(_)) => {
                if matches!(&*chain.right, Expr::Let(_)) {
                    return true;
                }
                cond = &chain.left;
            }
            _ => return false,
        }
    }
}
