//! The language-neutral form of code: expressions, statements, types.
//!
//! One [`Ir`] per file holds flat arenas; ids are indices into them and mean nothing in another file.
//! Statements are structured (`If`, `Loop`, `Switch`, `Try` hold blocks), because all three languages are,
//! and a structured form answers dominance ("is the check always passed before the sink?") without a fixpoint.
//!
//! Invariants that every lowering keeps:
//!
//! - An [`ExprId`] is a value computed **once**, where it first appears in statement order. Later uses of the
//!   same id refer to that value. So `a, err := f()` is `Expr(call)`, `a = Project(call, 0)`,
//!   `err = Project(call, 1)`, and `const {x, y: [z]} = e` is `Expr(e)`, `x = e.x`, `z = e.y[0]`.
//! - A [`LocalId`] is a parameter, receiver or local variable. Closures name the locals of the functions around
//!   them by the same ids: a capture needs no node of its own. Scopes are resolved here: shadowing makes a
//!   new local, and an identifier that is no local is a [`ExprKind::Name`].
//! - Every call in the source is one [`Call`], also inside closures, defer, spawned tasks, decorators' arguments.
//! - Statement-like expressions (`if`, `match`, blocks in Rust; assignments inside expressions) are hoisted to
//!   statements before the one that uses them; their value is a fresh local assigned at the end of each branch.
//! - Nothing is dropped in silence: what has no form here becomes [`ExprKind::Unknown`] whose operands were
//!   still lowered (as `Expr` statements), so their calls are seen.

use betwixt_base::{Span, Symbol};
use serde::{Deserialize, Serialize};

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(pub u32);
        impl $name {
            /// The id as an index into its arena.
            #[must_use]
            pub fn index(self) -> usize { self.0 as usize }
        }
    )*};
}

id! {
    /// An expression of this file.
    ExprId;
    /// A statement of this file.
    StmtId;
    /// A parameter, receiver or local variable of this file.
    LocalId;
    /// A call site of this file.
    CallId;
    /// A written type of this file. `TypeRefId(0)` is always [`TypeRef::Unknown`].
    TypeRefId;
    /// A function of this file, closures and the module's own top-level code included.
    FunctionIdx;
}

/// A run of ids in one of the pools of [`Ir`].
#[derive(Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct List<T> {
    /// Index of the first element in its pool.
    pub start: u32,
    /// How many elements.
    pub len: u32,
    #[serde(skip)]
    marker: std::marker::PhantomData<fn() -> T>,
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for List<T> {}
impl<T> Default for List<T> {
    fn default() -> Self {
        Self::new(0, 0)
    }
}

impl<T> List<T> {
    /// The run of `len` elements from `start`.
    #[must_use]
    pub fn new(start: u32, len: u32) -> Self {
        Self {
            start,
            len,
            marker: std::marker::PhantomData,
        }
    }
    /// Whether there are no elements.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
    /// The indices of the elements in their pool.
    #[must_use]
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }
}

/// A sequence of statements, run in order.
pub type Block = List<StmtId>;

/// A value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExprKind {
    /// Something with no form here.
    Unknown,
    /// `nil`, `null`, `undefined`, `None`.
    Nil,
    /// `true`, `false`.
    Bool(bool),
    /// A number as written.
    Number(Symbol),
    /// A string literal, decoded (quotes gone, escapes read). Byte strings and runes too.
    Str(Symbol),
    /// Text made of pieces in order: template literals, `a + "b"` with at least one string literal (flattened),
    /// `fmt.Sprintf("..%s..", a)` and `format!` with a literal format. Pieces of text are [`ExprKind::Str`].
    Concat(List<ExprId>),
    /// A local, parameter, receiver or captured variable.
    Local(LocalId),
    /// A name that is no local: package-level or module-level definition, import, builtin, type, enum variant.
    /// Rust paths are one name with `::` (`crate::db::find`, `Self::new`, `Status::Active`); generics are left out.
    Name(Symbol),
    /// `this`, `self` where it is no parameter (TypeScript). Go receivers and Rust `self` are locals.
    This,
    /// `base.name` (also `base?.name`, `pkg.Name` in Go, private `#name` with the `#`).
    Field(ExprId, Symbol),
    /// `base[index]`. Slicing `base[a:b]` is `Index(base, Unknown)`.
    Index(ExprId, ExprId),
    /// The n-th value of a call with several results, or of a tuple.
    Project(ExprId, u32),
    /// The result of a call.
    Call(CallId),
    /// A function literal.
    Closure(FunctionIdx),
    /// A composite literal with named parts: Go struct and map literals, object literals, Rust structs.
    /// Positional Go structs use `"0"`, `"1"`, … as names. Keys that are not plain names are `""` with the key
    /// lowered for its calls; a spread `...x` / `..x` is an entry with the name `"..."`.
    Struct(TypeRefId, List<StructEntry>),
    /// Slice, array, vector, tuple, set of values. Spread elements are `Unary(Spread, e)`.
    List(List<ExprId>),
    /// Two operands. Logical `&&`, `||`, `??` are here too.
    Binary(BinaryOp, ExprId, ExprId),
    /// One operand.
    Unary(UnaryOp, ExprId),
    /// A conversion, `as`, type assertion, type argument application: `T(x)` where T is surely a type.
    Cast(TypeRefId, ExprId),
    /// `cond ? a : b`; only where both branches are plain expressions.
    Conditional(ExprId, ExprId, ExprId),
}

/// One named part of a composite literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StructEntry {
    /// Field or key name.
    pub name: Symbol,
    /// Its value.
    pub value: ExprId,
    /// The name's place.
    pub span: Span,
}

/// Operators of two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the operators")]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    And,
    Or,
    /// `??` and `unwrap_or`-like syntax.
    Coalesce,
    /// `x instanceof T`, `x in y`, Rust pattern tests (`if let P = x` is `Matches(x, P)`).
    Matches,
    /// Bit operations, shifts, ranges, exponent.
    Other,
}

/// Operators of one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the operators")]
pub enum UnaryOp {
    Not,
    Neg,
    /// `&x`, `&mut x`.
    Ref,
    /// `*x`.
    Deref,
    /// `await x`, `x.await`.
    Await,
    /// Rust `x?`: the value, or leave the function with the error.
    Try,
    /// `...x`.
    Spread,
    /// `<-ch`.
    Receive,
    /// The payload of a matched variant (`Some(x)` binds `Unwrap(subject)`); TypeScript's `x!`.
    Unwrap,
    /// `yield x`.
    Yield,
    /// `typeof x`, `void x`, `delete x`, `~x`.
    Other,
}

/// How a call runs with respect to its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CallMode {
    /// In place; the caller goes on when it returns.
    Plain,
    /// `defer f()`; also a call inside `finally`.
    Deferred,
    /// `go f()`.
    Spawned,
    /// `await f()` / `f().await`.
    Awaited,
}

/// A call site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// What is called: `Name`, `Field(receiver, method)`, `Closure`, a value.
    pub callee: ExprId,
    /// The arguments in order; a spread one is `Unary(Spread, e)`.
    pub args: List<ExprId>,
    /// Written type arguments.
    pub type_args: List<TypeRefId>,
    /// How it runs.
    pub mode: CallMode,
    /// What it is written as.
    pub form: CallForm,
    /// The expression that is this call.
    pub expr: ExprId,
    /// The function whose body holds it (the innermost, closures included).
    pub function: FunctionIdx,
}

/// What a call is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CallForm {
    /// `f(x)`.
    Function,
    /// `new T(x)`.
    New,
    /// A Rust macro `name!(…)`; the callee is `Name("path::name!")`, args are the comma-separated expressions.
    Macro,
    /// ``tag`text ${x}` ``: the only argument is the template as a [`ExprKind::Concat`] or [`ExprKind::Str`].
    Tagged,
    /// `<Component prop={x}/>`: the only argument is the props as a [`ExprKind::Struct`].
    Jsx,
}

/// A statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StmtKind {
    /// An expression for its effects.
    Expr(ExprId),
    /// `target = value`. The target is `Local`, `Name`, `Field`, `Index` or `Unary(Deref, …)`. `op` is set for `+=` and the like,
    /// and `x++` is `Assign(x, 1, Some(Add))`.
    Assign {
        /// What is written.
        target: ExprId,
        /// What it gets.
        value: ExprId,
        /// The operator of a compound assignment.
        op: Option<BinaryOp>,
    },
    /// `return a, b`.
    Return(List<ExprId>),
    /// `throw e`, `panic!(…)` as a statement.
    Throw(ExprId),
    /// `if cond { then } else { else }`; initialisers stand before it.
    If {
        /// The condition.
        cond: ExprId,
        /// Run when it holds.
        then: Block,
        /// Run when it does not; empty when there is none.
        otherwise: Block,
    },
    /// Any loop. For `for x := range xs` and its kin `iterated` is `xs` and the body starts with the assignments of
    /// the loop variables: to `Index(xs, Unknown)` for elements, `Unknown` for indices and keys.
    /// Three-clause loops: the initialiser stands before, the step at the end of the body.
    Loop {
        /// The collection walked over.
        iterated: Option<ExprId>,
        /// The condition of a `while`.
        cond: Option<ExprId>,
        /// What is repeated.
        body: Block,
    },
    /// `switch`, `match`, `select`, type switch. The subject is `None` for `switch { case cond: }` and `select`.
    Switch {
        /// What is compared.
        subject: Option<ExprId>,
        /// The branches; a default arm has no patterns.
        arms: List<Arm>,
    },
    /// `try { body } catch (e) { handler } finally { finalizer }`.
    Try {
        /// What is tried.
        body: Block,
        /// The variable that holds the caught error.
        caught: Option<LocalId>,
        /// Run with the error.
        handler: Block,
        /// Run in any case.
        finalizer: Block,
    },
    /// A block of its own: `{ … }`, `unsafe`, a labelled block, Svelte/Vue sections.
    Block(Block),
    /// `break`, with or without a label.
    Break,
    /// `continue`.
    Continue,
}

/// One branch of a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arm {
    /// Alternatives compared with the subject (literals, names, `Call`s for receive operations; in `switch {}` conditions).
    /// Rust patterns are the path or literal that selects: `Some(x)` is `Name("Some")`. Empty for `default` and `_`.
    pub patterns: List<ExprId>,
    /// An extra condition (`match` guard).
    pub guard: Option<ExprId>,
    /// What is run. Go `fallthrough` is not modelled.
    pub body: Block,
}

/// A written type.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TypeRef {
    /// None written, or one with no form here.
    Unknown,
    /// A named type: `Server`, `pgx.Tx` (Go: qualifier `pgx`), `sea_orm::DatabaseConnection`
    /// (Rust: the path before the last segment is the qualifier), `Prisma.UserWhereInput`.
    Named {
        /// What stands before the last name, `.` or `::` kept inside it.
        qualifier: Option<Symbol>,
        /// The last name.
        name: Symbol,
        /// Type arguments.
        args: Vec<TypeRefId>,
    },
    /// `*T`, `&T`, `Box<T>` is **not** here: it stays `Named` with arguments.
    Pointer(TypeRefId),
    /// `[]T`, `[N]T`, `T[]`, `&[T]`.
    Slice(TypeRefId),
    /// `map[K]V`. `Map<K, V>`, `Record`, `HashMap` stay `Named`.
    Map(TypeRefId, TypeRefId),
    /// `chan T`.
    Chan(TypeRefId),
    /// Function type.
    Function {
        /// Parameter types.
        params: Vec<TypeRefId>,
        /// Result types; a TypeScript or Rust result is one element, absent for `void`.
        results: Vec<TypeRefId>,
    },
    /// `(A, B)`, `A | B`, `A & B`: the member types.
    Tuple(Vec<TypeRefId>),
    /// Union or intersection of the member types.
    Union(Vec<TypeRefId>),
    /// An anonymous struct, object type or interface with these fields.
    Anonymous(Vec<(Symbol, TypeRefId)>),
    /// A string literal type (TypeScript).
    Literal(Symbol),
}

/// A parameter, receiver or local variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Local {
    /// Its name; `_` when there is none.
    pub name: Symbol,
    /// Its written type.
    pub type_ref: TypeRefId,
    /// The function it belongs to.
    pub function: FunctionIdx,
    /// What it is.
    pub kind: LocalKind,
    /// Where it is introduced.
    pub span: Span,
}

/// What kind of variable a local is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LocalKind {
    /// The n-th parameter. A destructured parameter is a parameter named `_` whose parts are assigned at the start of the body.
    Param(u16),
    /// The receiver of a Go method, `self` in Rust.
    Receiver,
    /// A named result (Go).
    Result(u16),
    /// A variable.
    Variable,
    /// Made by the lowering to hold the value of a hoisted expression.
    Temporary,
}

/// An expression with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it is written.
    pub span: Span,
}

/// A statement with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stmt {
    /// What it is.
    pub kind: StmtKind,
    /// Where it is written.
    pub span: Span,
}

/// The arenas of one file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ir {
    /// Expressions.
    pub exprs: Vec<Expr>,
    /// Statements.
    pub stmts: Vec<Stmt>,
    /// Calls.
    pub calls: Vec<Call>,
    /// Locals.
    pub locals: Vec<Local>,
    /// Written types; the first is [`TypeRef::Unknown`].
    pub type_refs: Vec<TypeRef>,
    /// Pool behind `List<ExprId>`.
    pub expr_lists: Vec<ExprId>,
    /// Pool behind [`Block`].
    pub stmt_lists: Vec<StmtId>,
    /// Pool behind `List<StructEntry>`.
    pub entries: Vec<StructEntry>,
    /// Pool behind `List<Arm>`.
    pub arms: Vec<Arm>,
    /// Pool behind `List<TypeRefId>`.
    pub type_lists: Vec<TypeRefId>,
}

impl Ir {
    /// The expression.
    #[must_use]
    pub fn expr(&self, id: ExprId) -> Expr {
        self.exprs[id.index()]
    }
    /// The kind of the expression.
    #[must_use]
    pub fn kind(&self, id: ExprId) -> ExprKind {
        self.exprs[id.index()].kind
    }
    /// The statement.
    #[must_use]
    pub fn stmt(&self, id: StmtId) -> Stmt {
        self.stmts[id.index()]
    }
    /// The call.
    #[must_use]
    pub fn call(&self, id: CallId) -> &Call {
        &self.calls[id.index()]
    }
    /// The local.
    #[must_use]
    pub fn local(&self, id: LocalId) -> &Local {
        &self.locals[id.index()]
    }
    /// The written type.
    #[must_use]
    pub fn type_ref(&self, id: TypeRefId) -> &TypeRef {
        &self.type_refs[id.index()]
    }
    /// The expressions of a list.
    #[must_use]
    pub fn expr_list(&self, list: List<ExprId>) -> &[ExprId] {
        &self.expr_lists[list.range()]
    }
    /// The statements of a block.
    #[must_use]
    pub fn block(&self, block: Block) -> &[StmtId] {
        &self.stmt_lists[block.range()]
    }
    /// The parts of a composite literal.
    #[must_use]
    pub fn entry_list(&self, list: List<StructEntry>) -> &[StructEntry] {
        &self.entries[list.range()]
    }
    /// The arms of a switch.
    #[must_use]
    pub fn arm_list(&self, list: List<Arm>) -> &[Arm] {
        &self.arms[list.range()]
    }
    /// The types of a list.
    #[must_use]
    pub fn type_list(&self, list: List<TypeRefId>) -> &[TypeRefId] {
        &self.type_lists[list.range()]
    }
}
