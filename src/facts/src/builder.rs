//! Filling the arenas of a file; shared by every lowering.

use std::cell::Cell;

use betwixt_base::{Span, Symbol};
use rustc_hash::FxHashMap;

use crate::ir::{
    Arm, Block, Call, CallForm, CallId, CallMode, Expr, ExprId, ExprKind, FunctionIdx, Ir, List,
    Local, LocalId, LocalKind, Stmt, StmtId, StmtKind, StructEntry, TypeRef, TypeRefId,
};

/// Builds an [`Ir`] with scopes and a stack of open blocks.
///
/// Statements go to the innermost open block: hoisting an expression is emitting statements while lowering it.
pub struct IrBuilder {
    ir: Ir,
    types: FxHashMap<TypeRef, TypeRefId>,
    /// The statements of all open blocks, outer ones first.
    pending: Vec<StmtId>,
    /// Where in `pending` each open block starts.
    blocks: Vec<usize>,
    scopes: Vec<Visible>,
    /// Where in `scopes` the innermost local of a name stands.
    visible: FxHashMap<Symbol, u32>,
    marks: Vec<usize>,
    functions: Vec<FunctionIdx>,
}

/// Arenas larger than this are not kept for the next file.
const MOST_KEPT: usize = 1 << 18;

thread_local! {
    /// Empty arenas that a finished file has grown, so that the next one need not grow its own.
    static GROWN: Cell<Option<Box<Ir>>> = const { Cell::new(None) };
}

/// A local whose scope is open.
struct Visible {
    name: Symbol,
    local: LocalId,
    /// Where the local it shadows stands.
    shadowed: Option<u32>,
}

impl Default for IrBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl IrBuilder {
    /// An empty file.
    #[must_use]
    pub fn new() -> Self {
        let mut builder = Self {
            ir: GROWN.take().map_or_else(Ir::default, |grown| *grown),
            types: FxHashMap::default(),
            pending: Vec::new(),
            blocks: Vec::new(),
            scopes: Vec::new(),
            visible: FxHashMap::default(),
            marks: Vec::new(),
            functions: vec![FunctionIdx(0)],
        };
        builder.type_ref(TypeRef::Unknown);
        builder
    }

    /// The finished arenas.
    #[must_use]
    pub fn finish(self) -> Ir {
        fn taken<T: Clone>(grown: &mut Vec<T>) -> Vec<T> {
            let exact = grown.as_slice().to_vec();
            grown.clear();
            exact
        }
        let mut grown = self.ir;
        let ir = Ir {
            exprs: taken(&mut grown.exprs),
            stmts: taken(&mut grown.stmts),
            calls: taken(&mut grown.calls),
            locals: taken(&mut grown.locals),
            type_refs: std::mem::take(&mut grown.type_refs),
            expr_lists: taken(&mut grown.expr_lists),
            stmt_lists: taken(&mut grown.stmt_lists),
            entries: taken(&mut grown.entries),
            arms: taken(&mut grown.arms),
            type_lists: taken(&mut grown.type_lists),
        };
        if grown.exprs.capacity() <= MOST_KEPT {
            GROWN.set(Some(Box::new(grown)));
        }
        ir
    }

    /// What was built so far.
    #[must_use]
    pub fn ir(&self) -> &Ir {
        &self.ir
    }

    /// Adds an expression.
    pub fn expr(&mut self, kind: ExprKind, span: Span) -> ExprId {
        let id = ExprId(self.ir.exprs.len() as u32);
        self.ir.exprs.push(Expr { kind, span });
        id
    }

    /// Adds a list of expressions.
    pub fn expr_list(&mut self, exprs: &[ExprId]) -> List<ExprId> {
        let start = self.ir.expr_lists.len() as u32;
        self.ir.expr_lists.extend_from_slice(exprs);
        List::new(start, exprs.len() as u32)
    }

    /// Adds the parts of a composite literal.
    pub fn entry_list(&mut self, entries: &[StructEntry]) -> List<StructEntry> {
        let start = self.ir.entries.len() as u32;
        self.ir.entries.extend_from_slice(entries);
        List::new(start, entries.len() as u32)
    }

    /// Adds the arms of a switch.
    pub fn arm_list(&mut self, arms: &[Arm]) -> List<Arm> {
        let start = self.ir.arms.len() as u32;
        self.ir.arms.extend_from_slice(arms);
        List::new(start, arms.len() as u32)
    }

    /// Adds a list of types.
    pub fn type_list(&mut self, types: &[TypeRefId]) -> List<TypeRefId> {
        let start = self.ir.type_lists.len() as u32;
        self.ir.type_lists.extend_from_slice(types);
        List::new(start, types.len() as u32)
    }

    /// The id of a written type; equal types of a file share one.
    pub fn type_ref(&mut self, type_ref: TypeRef) -> TypeRefId {
        if let Some(&id) = self.types.get(&type_ref) {
            return id;
        }
        let id = TypeRefId(self.ir.type_refs.len() as u32);
        self.ir.type_refs.push(type_ref.clone());
        self.types.insert(type_ref, id);
        id
    }

    /// A type without qualifier and arguments.
    pub fn named_type(&mut self, name: Symbol) -> TypeRefId {
        self.type_ref(TypeRef::Named {
            qualifier: None,
            name,
            args: Vec::new(),
        })
    }

    /// Adds a call in the current function and the expression for its result.
    pub fn call(
        &mut self,
        callee: ExprId,
        args: &[ExprId],
        mode: CallMode,
        form: CallForm,
        span: Span,
    ) -> ExprId {
        self.call_with_types(callee, args, &[], mode, form, span)
    }

    /// Adds a call with written type arguments.
    pub fn call_with_types(
        &mut self,
        callee: ExprId,
        args: &[ExprId],
        type_args: &[TypeRefId],
        mode: CallMode,
        form: CallForm,
        span: Span,
    ) -> ExprId {
        let id = CallId(self.ir.calls.len() as u32);
        let expr = self.expr(ExprKind::Call(id), span);
        let args = self.expr_list(args);
        let type_args = self.type_list(type_args);
        let function = self.current_function();
        self.ir.calls.push(Call {
            callee,
            args,
            type_args,
            mode,
            form,
            expr,
            function,
        });
        expr
    }

    /// Changes how a call runs, when that is learned after its operands (`await f()`, `go f()`).
    pub fn set_call_mode(&mut self, expr: ExprId, mode: CallMode) {
        if let ExprKind::Call(call) = self.ir.kind(expr) {
            self.ir.calls[call.index()].mode = mode;
        }
    }

    /// Adds a statement to the innermost open block.
    ///
    /// # Panics
    ///
    /// When no block is open, which is a defect of the lowering.
    pub fn stmt(&mut self, kind: StmtKind, span: Span) -> StmtId {
        let id = StmtId(self.ir.stmts.len() as u32);
        self.ir.stmts.push(Stmt { kind, span });
        assert!(
            !self.blocks.is_empty(),
            "a lowering emits statements inside an open block"
        );
        self.pending.push(id);
        id
    }

    /// Adds `target = value`.
    pub fn assign(&mut self, target: ExprId, value: ExprId, span: Span) {
        self.stmt(
            StmtKind::Assign {
                target,
                value,
                op: None,
            },
            span,
        );
    }

    /// Opens a block and a scope of names.
    pub fn open_block(&mut self) {
        self.blocks.push(self.pending.len());
        self.open_scope();
    }

    /// Closes the innermost block and its scope.
    ///
    /// # Panics
    ///
    /// When no block is open, which is a defect of the lowering.
    pub fn close_block(&mut self) -> Block {
        self.close_scope();
        let first = self.blocks.pop().expect("every close follows an open");
        let start = self.ir.stmt_lists.len() as u32;
        self.ir.stmt_lists.extend(self.pending.drain(first..));
        List::new(start, self.ir.stmt_lists.len() as u32 - start)
    }

    /// Whether nothing was emitted to the innermost open block: what was lowered since needed no hoisting.
    #[must_use]
    pub fn is_block_empty(&self) -> bool {
        self.blocks
            .last()
            .is_none_or(|&first| first == self.pending.len())
    }

    /// How many statements the innermost open block has; a later larger number means that something was hoisted.
    #[must_use]
    pub fn block_len(&self) -> usize {
        self.blocks
            .last()
            .map_or(0, |&first| self.pending.len() - first)
    }

    /// Inserts `value` as a statement into the innermost open block, before its statement number `position`:
    /// for an operand that is computed before what a later operand hoisted.
    pub fn insert_expr_stmt(&mut self, position: usize, value: ExprId) {
        let id = StmtId(self.ir.stmts.len() as u32);
        let span = self.ir.expr(value).span;
        self.ir.stmts.push(Stmt {
            kind: StmtKind::Expr(value),
            span,
        });
        if let Some(&first) = self.blocks.last() {
            let at = first.saturating_add(position).min(self.pending.len());
            self.pending.insert(at, id);
        }
    }

    /// Opens a scope of names only.
    pub fn open_scope(&mut self) {
        self.marks.push(self.scopes.len());
    }

    /// Closes the innermost scope of names.
    pub fn close_scope(&mut self) {
        let mark = self.marks.pop().unwrap_or(0);
        while self.scopes.len() > mark
            && let Some(Visible { name, shadowed, .. }) = self.scopes.pop()
        {
            match shadowed {
                Some(position) => self.visible.insert(name, position),
                None => self.visible.remove(&name),
            };
        }
    }

    /// Adds a local of the current function and makes its name known in the innermost scope.
    pub fn declare(
        &mut self,
        name: Symbol,
        type_ref: TypeRefId,
        kind: LocalKind,
        span: Span,
    ) -> LocalId {
        let id = LocalId(self.ir.locals.len() as u32);
        let function = self.current_function();
        self.ir.locals.push(Local {
            name,
            type_ref,
            function,
            kind,
            span,
        });
        let position = self.scopes.len() as u32;
        let shadowed = self.visible.insert(name, position);
        self.scopes.push(Visible {
            name,
            local: id,
            shadowed,
        });
        id
    }

    /// Adds a nameless local that holds the value of a hoisted expression.
    pub fn temporary(&mut self, span: Span) -> LocalId {
        self.nameless(TypeRefId(0), LocalKind::Temporary, span)
    }

    /// Adds a local that no name refers to, such as a destructured parameter.
    pub fn nameless(&mut self, type_ref: TypeRefId, kind: LocalKind, span: Span) -> LocalId {
        let id = LocalId(self.ir.locals.len() as u32);
        let function = self.current_function();
        self.ir.locals.push(Local {
            name: Symbol::new("_"),
            type_ref,
            function,
            kind,
            span,
        });
        id
    }

    /// The innermost local of that name in scope; constant time, however many names are known.
    #[must_use]
    pub fn lookup(&self, name: Symbol) -> Option<LocalId> {
        let &position = self.visible.get(&name)?;
        self.scopes
            .get(position as usize)
            .map(|visible| visible.local)
    }

    /// The local of that name declared in the innermost scope itself.
    #[must_use]
    pub fn lookup_innermost(&self, name: Symbol) -> Option<LocalId> {
        let &position = self.visible.get(&name)?;
        let mark = self.marks.last().copied().unwrap_or(0);
        let here = self.scopes.get(position as usize)?;
        (position as usize >= mark).then_some(here.local)
    }

    /// The function calls and locals are counted to.
    #[must_use]
    pub fn current_function(&self) -> FunctionIdx {
        self.functions.last().copied().unwrap_or(FunctionIdx(0))
    }

    /// Starts counting calls and locals to `function`.
    pub fn enter_function(&mut self, function: FunctionIdx) {
        self.functions.push(function);
    }

    /// Goes back to the function around.
    pub fn leave_function(&mut self) {
        self.functions.pop();
    }
}
