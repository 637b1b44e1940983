//! Statements and expressions as text.

use super::Printer;
use crate::ir::{
    Arm, BinaryOp, Block, Call, CallForm, CallMode, ExprId, ExprKind, FunctionIdx, Ir, List,
    LocalId, StmtId, StmtKind, StructEntry, UnaryOp,
};

/// Code nested deeper than this is cut; lowering stops earlier unless told otherwise.
const MAX_DEPTH: u32 = 2000;

/// How often each expression is an operand of a statement, call or expression.
pub(super) fn count_uses(ir: &Ir) -> Vec<u32> {
    let mut uses = vec![0u32; ir.exprs.len()];
    let mut add = |id: ExprId| {
        if let Some(count) = uses.get_mut(id.index()) {
            *count += 1;
        }
    };
    ir.expr_lists.iter().copied().for_each(&mut add);
    ir.entries
        .iter()
        .map(|entry| entry.value)
        .for_each(&mut add);
    ir.calls.iter().map(|call| call.callee).for_each(&mut add);
    ir.arms
        .iter()
        .filter_map(|arm| arm.guard)
        .for_each(&mut add);
    for expr in &ir.exprs {
        match expr.kind {
            ExprKind::Field(a, _)
            | ExprKind::Project(a, _)
            | ExprKind::Unary(_, a)
            | ExprKind::Cast(_, a) => add(a),
            ExprKind::Index(a, b) | ExprKind::Binary(_, a, b) => {
                [a, b].into_iter().for_each(&mut add)
            }
            ExprKind::Conditional(a, b, c) => [a, b, c].into_iter().for_each(&mut add),
            _ => {}
        }
    }
    for stmt in &ir.stmts {
        match stmt.kind {
            StmtKind::Expr(a) | StmtKind::Throw(a) | StmtKind::If { cond: a, .. } => add(a),
            StmtKind::Assign { target, value, .. } => {
                [target, value].into_iter().for_each(&mut add)
            }
            StmtKind::Loop { iterated, cond, .. } => {
                iterated.into_iter().chain(cond).for_each(&mut add)
            }
            StmtKind::Switch { subject, .. } => subject.into_iter().for_each(&mut add),
            _ => {}
        }
    }
    uses
}

impl Printer<'_> {
    /// `{`, the statements on lines of their own, `}`; with no newline at the end.
    pub(super) fn block(&mut self, block: Block) {
        let facts = self.facts;
        self.out.push('{');
        if !block.is_empty() {
            self.out.push('\n');
            self.indent += 1;
            for &stmt in facts.ir.block(block) {
                self.start_line();
                self.guarded(|printer| printer.stmt(stmt));
                self.out.push('\n');
            }
            self.indent -= 1;
            self.start_line();
        }
        self.out.push('}');
    }

    fn guarded(&mut self, print: impl FnOnce(&mut Self)) {
        if self.depth > MAX_DEPTH {
            self.out.push('…');
            return;
        }
        self.depth += 1;
        print(self);
        self.depth -= 1;
    }

    fn stmt(&mut self, id: StmtId) {
        match self.facts.ir.stmt(id).kind {
            StmtKind::Expr(expr) => self.expr(expr),
            StmtKind::Assign { target, value, op } => {
                self.expr(target);
                let op = op.map_or("", binary);
                self.put(format_args!(" {op}= "));
                self.expr(value);
            }
            StmtKind::Return(values) => {
                self.out.push_str("return");
                if !values.is_empty() {
                    self.out.push(' ');
                    self.expr_list(values);
                }
            }
            StmtKind::Throw(value) => {
                self.out.push_str("throw ");
                self.expr(value);
            }
            StmtKind::If {
                cond,
                then,
                otherwise,
            } => {
                self.headed("if ", Some(cond), then);
                if !otherwise.is_empty() {
                    self.out.push_str(" else ");
                    self.block(otherwise);
                }
            }
            StmtKind::Loop {
                iterated,
                cond,
                body,
            } => self.loop_stmt(iterated, cond, body),
            StmtKind::Switch { subject, arms } => self.switch(subject, arms),
            StmtKind::Try {
                body,
                caught,
                handler,
                finalizer,
            } => self.try_stmt(body, caught, handler, finalizer),
            StmtKind::Block(block) => self.block(block),
            StmtKind::Break => self.out.push_str("break"),
            StmtKind::Continue => self.out.push_str("continue"),
        }
    }

    fn headed(&mut self, word: &str, head: Option<ExprId>, block: Block) {
        self.out.push_str(word);
        if let Some(head) = head {
            self.expr(head);
            self.out.push(' ');
        }
        self.block(block);
    }

    fn loop_stmt(&mut self, iterated: Option<ExprId>, cond: Option<ExprId>, body: Block) {
        if let Some(iterated) = iterated {
            self.out.push_str("for ");
            self.expr(iterated);
            self.out.push(' ');
        }
        if let Some(cond) = cond {
            self.out.push_str("while ");
            self.expr(cond);
            self.out.push(' ');
        }
        if iterated.is_none() && cond.is_none() {
            self.out.push_str("loop ");
        }
        self.block(body);
    }

    fn switch(&mut self, subject: Option<ExprId>, arms: List<Arm>) {
        self.out.push_str("switch ");
        if let Some(subject) = subject {
            self.expr(subject);
            self.out.push(' ');
        }
        self.out.push_str("{\n");
        for arm in self.facts.ir.arm_list(arms) {
            self.start_line();
            if arm.patterns.is_empty() {
                self.out.push_str("default");
            } else {
                self.out.push_str("case ");
                self.expr_list(arm.patterns);
            }
            if let Some(guard) = arm.guard {
                self.out.push_str(" if ");
                self.expr(guard);
            }
            self.out.push(' ');
            self.block(arm.body);
            self.out.push('\n');
        }
        self.start_line();
        self.out.push('}');
    }

    fn try_stmt(&mut self, body: Block, caught: Option<LocalId>, handler: Block, finalizer: Block) {
        self.out.push_str("try ");
        self.block(body);
        if caught.is_some() || !handler.is_empty() {
            self.out.push_str(" catch ");
            if let Some(caught) = caught {
                self.local(caught);
                self.out.push(' ');
            }
            self.block(handler);
        }
        if !finalizer.is_empty() {
            self.out.push_str(" finally ");
            self.block(finalizer);
        }
    }

    pub(super) fn local(&mut self, id: LocalId) {
        let name = self.facts.ir.local(id).name;
        self.put(format_args!("{name}#{}", id.0));
    }

    pub(super) fn expr_list(&mut self, list: List<ExprId>) {
        for (nth, &expr) in self.facts.ir.expr_list(list).iter().enumerate() {
            if nth > 0 {
                self.out.push_str(", ");
            }
            self.expr(expr);
        }
    }

    /// The expression where nothing binds it to what stands around.
    pub(super) fn expr(&mut self, id: ExprId) {
        if self.numbers[id.index()] > 0 {
            let number = self.numbers[id.index()];
            return self.put(format_args!("${number}"));
        }
        let kind = self.facts.ir.kind(id);
        if self.uses[id.index()] > 1 && !is_leaf(kind) {
            self.n_numbers += 1;
            self.numbers[id.index()] = self.n_numbers;
            let number = self.n_numbers;
            self.put(format_args!("${number} = "));
        }
        self.guarded(|printer| printer.kind(kind));
    }

    /// The expression as an operand: in parentheses unless it is one word or ends in brackets.
    fn operand(&mut self, id: ExprId) {
        let kind = self.facts.ir.kind(id);
        let is_new = self.numbers[id.index()] == 0;
        let is_numbered = self.uses[id.index()] > 1 && !is_leaf(kind);
        if is_new && (is_numbered || !is_tight(&self.facts.ir, kind)) {
            self.out.push('(');
            self.expr(id);
            self.out.push(')');
        } else {
            self.expr(id);
        }
    }

    fn kind(&mut self, kind: ExprKind) {
        match kind {
            ExprKind::Unknown => self.out.push('?'),
            ExprKind::Nil => self.out.push_str("nil"),
            ExprKind::Bool(value) => self.put(format_args!("{value}")),
            ExprKind::Number(text) | ExprKind::Name(text) => self.put(format_args!("{text}")),
            ExprKind::Str(text) => self.put(format_args!("{:?}", text.as_str())),
            ExprKind::Concat(pieces) => self.concat(pieces),
            ExprKind::Local(local) => self.local(local),
            ExprKind::This => self.out.push_str("this"),
            ExprKind::Field(base, name) => {
                self.operand(base);
                self.put(format_args!(".{name}"));
            }
            ExprKind::Index(base, index) => {
                self.operand(base);
                self.out.push('[');
                self.expr(index);
                self.out.push(']');
            }
            ExprKind::Project(base, nth) => {
                self.operand(base);
                self.put(format_args!(".{nth}"));
            }
            ExprKind::Call(call) => self.call(self.facts.ir.call(call)),
            ExprKind::Closure(function) => self.closure(function),
            ExprKind::Struct(type_ref, entries) => {
                if type_ref.0 != 0 {
                    self.type_ref(type_ref);
                }
                self.entries(entries);
            }
            ExprKind::List(items) => {
                self.out.push('[');
                self.expr_list(items);
                self.out.push(']');
            }
            ExprKind::Binary(op, left, right) => {
                self.operand(left);
                self.put(format_args!(" {} ", binary(op)));
                self.operand(right);
            }
            ExprKind::Unary(op, operand) => self.unary(op, operand),
            ExprKind::Cast(type_ref, value) => {
                self.operand(value);
                self.out.push_str(" as ");
                self.type_ref(type_ref);
            }
            ExprKind::Conditional(cond, then, otherwise) => {
                self.operand(cond);
                self.out.push_str(" ? ");
                self.operand(then);
                self.out.push_str(" : ");
                self.operand(otherwise);
            }
        }
    }

    fn concat(&mut self, pieces: List<ExprId>) {
        if pieces.len < 2 {
            self.out.push_str("text ");
        }
        for (nth, &piece) in self.facts.ir.expr_list(pieces).iter().enumerate() {
            if nth > 0 {
                self.out.push_str(" ++ ");
            }
            self.operand(piece);
        }
    }

    fn call(&mut self, call: &Call) {
        self.out.push_str(match call.mode {
            CallMode::Plain => "",
            CallMode::Deferred => "defer ",
            CallMode::Spawned => "go ",
            CallMode::Awaited => "await ",
        });
        self.out.push_str(match call.form {
            CallForm::Function | CallForm::Macro => "",
            CallForm::New => "new ",
            CallForm::Tagged => "tagged ",
            CallForm::Jsx => "jsx ",
        });
        self.operand(call.callee);
        if !call.type_args.is_empty() {
            self.out.push('<');
            self.type_refs(self.facts.ir.type_list(call.type_args));
            self.out.push('>');
        }
        self.out.push('(');
        self.expr_list(call.args);
        self.out.push(')');
    }

    fn closure(&mut self, function: FunctionIdx) {
        let known = self.facts.functions.get(function.index());
        if known.is_some_and(|known| known.flags.is_closure) && !self.printed[function.index()] {
            self.function(function);
        } else {
            let display = known.map_or("?", |known| known.display.as_str());
            self.put(format_args!("fn {display}"));
        }
    }

    fn entries(&mut self, entries: List<StructEntry>) {
        self.out.push('{');
        for (nth, entry) in self.facts.ir.entry_list(entries).iter().enumerate() {
            if nth > 0 {
                self.out.push_str(", ");
            }
            match entry.name.as_str() {
                "..." => self.out.push_str("..."),
                "" => self.out.push_str("\"\": "),
                name => self.put(format_args!("{name}: ")),
            }
            self.expr(entry.value);
        }
        self.out.push('}');
    }

    fn unary(&mut self, op: UnaryOp, operand: ExprId) {
        let (before, after) = match op {
            UnaryOp::Not => ("!", ""),
            UnaryOp::Neg => ("-", ""),
            UnaryOp::Ref => ("&", ""),
            UnaryOp::Deref => ("*", ""),
            UnaryOp::Await => ("await ", ""),
            UnaryOp::Try => ("", "?"),
            UnaryOp::Spread => ("...", ""),
            UnaryOp::Receive => ("<-", ""),
            UnaryOp::Unwrap => ("", "!"),
            UnaryOp::Yield => ("yield ", ""),
            UnaryOp::Other => ("~", ""),
        };
        self.out.push_str(before);
        self.operand(operand);
        self.out.push_str(after);
    }
}

fn binary(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Rem => "%",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::Lt => "<",
        BinaryOp::Le => "<=",
        BinaryOp::Gt => ">",
        BinaryOp::Ge => ">=",
        BinaryOp::And => "&&",
        BinaryOp::Or => "||",
        BinaryOp::Coalesce => "??",
        BinaryOp::Matches => "matches",
        BinaryOp::Other => "<op>",
    }
}

/// Values that need no number when they are used again.
fn is_leaf(kind: ExprKind) -> bool {
    matches!(
        kind,
        ExprKind::Unknown
            | ExprKind::Nil
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::Str(_)
            | ExprKind::Local(_)
            | ExprKind::Name(_)
            | ExprKind::This
    )
}

fn is_tight(ir: &Ir, kind: ExprKind) -> bool {
    match kind {
        ExprKind::Call(call) => {
            let call = ir.call(call);
            call.mode == CallMode::Plain && call.form == CallForm::Function
        }
        ExprKind::Concat(_)
        | ExprKind::Binary(..)
        | ExprKind::Unary(..)
        | ExprKind::Cast(..)
        | ExprKind::Conditional(..)
        | ExprKind::Closure(_) => false,
        _ => true,
    }
}
