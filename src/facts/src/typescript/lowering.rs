//! What the lowering of one file carries along: the nodes, the facts so far, and the names things are bound to.

use betwixt_base::{Language, LineIndex, Span, Symbol};
use betwixt_syntax::Limits;
use rustc_hash::FxHashSet;

use super::kinds::{Field, Kind};
use super::names::Names;
use super::nodes::{NodeId, Nodes};
use super::repair::{Parsed, TypeArguments};
use crate::builder::IrBuilder;
use crate::file::{Export, FileFacts, Function, FunctionFlags, Global, Import, TypeDef};
use crate::ir::{Block, ExprId, ExprKind, FunctionIdx, Ir, LocalId, StmtKind, TypeRefId, UnaryOp};
use crate::start::code_of;

/// The lowering of one file.
pub(super) struct Lowering<'a> {
    pub(super) text: &'a str,
    pub(super) nodes: &'a Nodes,
    /// The type arguments that are not among the nodes.
    pub(super) type_arguments: &'a [TypeArguments],
    pub(super) b: IrBuilder,
    pub(super) names: Names<'a>,
    pub(super) imports: Vec<Import>,
    pub(super) exports: Vec<Export>,
    pub(super) types: Vec<TypeDef>,
    pub(super) globals: Vec<Global>,
    pub(super) functions: Vec<Function>,
    /// What the value being lowered is bound to, from the outside in, inside the current function.
    pub(super) path: Vec<Symbol>,
    /// The name the next expression is bound to directly; taken by the first expression lowered.
    pub(super) bound: Option<Bound>,
    /// Whether statements are those of the module itself, not of a function or block.
    pub(super) at_module_level: bool,
    /// Inside `declare`: signatures without bodies are definitions.
    pub(super) is_ambient: bool,
    /// The open namespaces that have names.
    pub(super) namespaces: Vec<Namespace>,
    /// How many namespaces and ambient modules are open.
    pub(super) n_open_modules: u32,
    /// What the names of functions start with where it is not the function around: a class, in its fields.
    pub(super) prefix: Option<Symbol>,
    /// Prefix operators found at the start of the chains being lowered, and where they are.
    pub(super) prefixes: Vec<(UnaryOp, u32)>,
    depth: u32,
    max_depth: u32,
    /// Where nesting first was deeper than allowed.
    pub(super) too_deep: Option<u32>,
}

/// A name and where it is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    pub(super) name: Symbol,
    pub(super) span: Span,
    /// The class, for the value of one of its fields.
    pub(super) receiver: Option<Symbol>,
}

impl Bound {
    pub(super) fn new(name: Symbol, span: Span) -> Self {
        Self {
            name,
            span,
            receiver: None,
        }
    }
}

/// An open `namespace`: its full name and the definitions it has.
pub(super) struct Namespace {
    pub(super) name: Symbol,
    pub(super) members: FxHashSet<Symbol>,
}

impl<'a> Lowering<'a> {
    pub(super) fn new(text: &'a str, parsed: &'a Parsed, limits: &Limits) -> Self {
        let module = Symbol::new("<module>");
        let span = code_of(text);
        Self {
            text,
            nodes: &parsed.nodes,
            type_arguments: &parsed.type_arguments,
            b: IrBuilder::new(),
            names: Names::new(text),
            imports: Vec::new(),
            exports: Vec::new(),
            types: Vec::new(),
            globals: Vec::new(),
            functions: vec![Function {
                flags: FunctionFlags {
                    has_body: true,
                    ..FunctionFlags::default()
                },
                span,
                name_span: Span::new(span.start, span.start),
                ..empty_function(module, module)
            }],
            path: Vec::new(),
            bound: None,
            at_module_level: true,
            is_ambient: false,
            namespaces: Vec::new(),
            n_open_modules: 0,
            prefix: None,
            prefixes: Vec::new(),
            depth: 0,
            max_depth: limits.depth,
            too_deep: None,
        }
    }

    /// Lowers everything.
    pub(super) fn program(&mut self) {
        self.b.open_block();
        let nodes = self.nodes;
        for child in nodes.children(nodes.root()) {
            self.statement(child);
        }
        self.functions[0].body = self.b.close_block();
        self.mark_exported();
    }

    /// The facts, without problems.
    pub(super) fn finish(self, language: Language, lines: LineIndex) -> FileFacts {
        FileFacts {
            language,
            package: None,
            imports: self.imports,
            exports: self.exports,
            child_modules: Vec::new(),
            types: self.types,
            globals: self.globals,
            functions: self.functions,
            ir: self.b.finish(),
            lines,
            problems: Vec::new(),
        }
    }

    pub(super) fn kind(&self, id: NodeId) -> Kind {
        self.nodes.kind(id)
    }

    pub(super) fn span(&self, id: NodeId) -> Span {
        self.nodes.span(id)
    }

    pub(super) fn field(&self, id: NodeId, field: Field) -> Option<NodeId> {
        self.nodes.field(id, field)
    }

    pub(super) fn text_of(&self, id: NodeId) -> &'a str {
        self.text_in(self.nodes.span(id))
    }

    pub(super) fn text_in(&self, span: Span) -> &'a str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }

    pub(super) fn symbol(&self, id: NodeId) -> Symbol {
        let span = self.nodes.span(id);
        self.names.symbol(span)
    }

    /// Runs `lower` one level deeper; `None`, noted once, when that is too deep.
    pub(super) fn deeper<T>(
        &mut self,
        at: NodeId,
        lower: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        if self.depth >= self.max_depth {
            let start = self.span(at).start;
            self.too_deep.get_or_insert(start);
            return None;
        }
        self.depth += 1;
        let result = lower(self);
        self.depth -= 1;
        Some(result)
    }

    /// Runs `lower` with `name` as the innermost part of what values are bound to.
    pub(super) fn named<T>(&mut self, name: Symbol, lower: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(name);
        let result = lower(self);
        self.path.pop();
        result
    }

    /// The value of `id`, bound to `bound`.
    pub(super) fn bound_expr(&mut self, id: NodeId, bound: Bound) -> ExprId {
        self.named(bound.name, |lowering| {
            lowering.bound = Some(bound);
            lowering.expr(id)
        })
    }

    /// Lowers statements into a block of their own, with a scope of their own.
    pub(super) fn block(&mut self, lower: impl FnOnce(&mut Self)) -> Block {
        let was_at_module_level = std::mem::replace(&mut self.at_module_level, false);
        self.b.open_block();
        lower(self);
        self.at_module_level = was_at_module_level;
        self.b.close_block()
    }

    /// Whether code runs when the module is loaded, not inside a function.
    pub(super) fn is_in_module(&self) -> bool {
        self.b.current_function().0 == 0
    }

    /// Whether statements are those of the file itself: what is exported there is what others import.
    pub(super) fn is_file_scope(&self) -> bool {
        self.n_open_modules == 0 && self.at_module_level
    }

    pub(super) fn new_expr(&mut self, kind: ExprKind, span: Span) -> ExprId {
        self.b.expr(kind, span)
    }

    pub(super) fn local_expr(&mut self, local: LocalId, span: Span) -> ExprId {
        self.b.expr(ExprKind::Local(local), span)
    }

    /// The local, or else the definition or import, that `name` means here.
    pub(super) fn resolve(&mut self, name: Symbol, span: Span) -> ExprId {
        let kind = match self.b.lookup(name) {
            Some(local) => ExprKind::Local(local),
            None => ExprKind::Name(self.full_name(name)),
        };
        self.b.expr(kind, span)
    }

    /// The name under which a definition that is visible here is known in the file.
    fn full_name(&self, name: Symbol) -> Symbol {
        for namespace in self.namespaces.iter().rev() {
            if namespace.members.contains(&name) {
                return join(namespace.name, name);
            }
        }
        name
    }

    /// The name under which a definition made here is known in the file.
    pub(super) fn defined_name(&self, name: Symbol) -> Symbol {
        self.namespaces
            .last()
            .map_or(name, |namespace| join(namespace.name, name))
    }

    /// Emits the value as a statement, unless computing it does nothing.
    pub(super) fn emit_value(&mut self, value: ExprId) {
        if !is_inert(self.b.ir(), value) {
            let span = self.b.ir().expr(value).span;
            self.b.stmt(StmtKind::Expr(value), span);
        }
    }

    /// The function around, unless it is the module.
    pub(super) fn parent_function(&self) -> Option<FunctionIdx> {
        Some(self.b.current_function()).filter(|function| function.0 != 0)
    }

    pub(super) fn no_type(&self) -> TypeRefId {
        TypeRefId(0)
    }
}

/// Whether evaluating the expression neither calls nor defines anything.
fn is_inert(ir: &Ir, mut value: ExprId) -> bool {
    loop {
        match ir.kind(value) {
            ExprKind::Unary(UnaryOp::Not | UnaryOp::Neg | UnaryOp::Unwrap, inner)
            | ExprKind::Cast(_, inner)
            | ExprKind::Field(inner, _) => value = inner,
            ExprKind::Unknown
            | ExprKind::Nil
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::Str(_)
            | ExprKind::Local(_)
            | ExprKind::Name(_)
            | ExprKind::This => return true,
            _ => return false,
        }
    }
}

/// `outer.inner`.
pub(super) fn join(outer: Symbol, inner: Symbol) -> Symbol {
    Symbol::new(&[outer.as_str(), ".", inner.as_str()].concat())
}

/// A function of which only the name is known.
pub(super) fn empty_function(name: Symbol, display: Symbol) -> Function {
    Function {
        name,
        display,
        receiver_type: None,
        module: Symbol::empty(),
        implements: None,
        receiver: None,
        params: Vec::new(),
        results: Vec::new(),
        body: Block::default(),
        parent: None,
        attributes: Vec::new(),
        flags: FunctionFlags::default(),
        span: Span::default(),
        name_span: Span::default(),
    }
}
