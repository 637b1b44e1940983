//! Rust to facts: one syn tree to definitions and IR.
//!
//! Macros are read where their arguments are expressions; the text of all others is kept as a string. Every
//! recursion is bounded by [`Limits::depth`]; what is cut becomes [`ExprKind::Unknown`] and one problem.
//! Names are not resolved beyond the locals of a function, types not at all.

mod attributes;
mod definitions;
mod expressions;
mod functions;
mod imports;
mod literals;
mod macros;
mod patterns;
mod source;
mod spans;
mod statements;
mod types;

#[cfg(test)]
mod tests;

use betwixt_base::{Language, Problem, ProblemSeverity, Span, Symbol};
use betwixt_syntax::{Limits, RustFile, with_rust_file};

use crate::builder::IrBuilder;
use crate::file::{FileFacts, Function, FunctionFlags};
use crate::ir::{ExprId, ExprKind, FunctionIdx, Ir, TypeRefId};
use crate::start::code_of;
use source::Source;

/// The facts of a Rust file. Linear in its size; never fails, what is missing is a problem.
#[must_use]
pub fn lower(text: &str, limits: &Limits) -> FileFacts {
    with_rust_file(text, limits, |parsed| {
        let empty = RustFile {
            file: syn::File {
                shebang: None,
                frontmatter: None,
                attrs: Vec::new(),
                items: Vec::new(),
            },
            code_start: 0,
            problems: Vec::new(),
        };
        let parsed = parsed.unwrap_or_else(|problem| RustFile {
            problems: vec![problem],
            ..empty
        });
        lower_file(text, limits, parsed)
    })
}

fn lower_file(text: &str, limits: &Limits, parsed: RustFile) -> FileFacts {
    let mut lowering = Lowering::new(text, limits, parsed.code_start);
    lowering.facts.problems = parsed.problems;
    lowering.file(&parsed.file);
    lowering.finish()
}

/// One file under construction, with what surrounds the place that is lowered.
struct Lowering<'t> {
    source: Source<'t>,
    ir: IrBuilder,
    facts: FileFacts,
    /// Path of the `mod` blocks around.
    module: Symbol,
    /// Inside test code.
    is_test: bool,
    /// What `Self` is.
    self_type: Option<SelfType>,
    /// Type parameters that have a bound, innermost last: a value of type `T: Store` is used as a `Store`.
    bounds: Vec<(Symbol, TypeRefId)>,
    /// Locals of functions before this one are not visible: a `fn` inside a function captures nothing.
    floor: FunctionIdx,
    /// Loops and labelled blocks around, innermost last.
    jumps: Vec<statements::Jump>,
    depth: u32,
    most_depth: u32,
    is_cut: bool,
}

/// The type of the `impl` or `trait` around.
#[derive(Clone, Copy)]
struct SelfType {
    name: Symbol,
    type_ref: TypeRefId,
}

impl<'t> Lowering<'t> {
    fn new(text: &'t str, limits: &Limits, code_start: u32) -> Self {
        let facts = FileFacts {
            language: Language::Rust,
            package: None,
            imports: Vec::new(),
            exports: Vec::new(),
            child_modules: Vec::new(),
            types: Vec::new(),
            globals: Vec::new(),
            functions: Vec::new(),
            ir: Ir::default(),
            lines: Default::default(),
            problems: Vec::new(),
        };
        Self {
            source: Source::new(text, code_start),
            ir: IrBuilder::new(),
            facts,
            module: Symbol::empty(),
            is_test: false,
            self_type: None,
            bounds: Vec::new(),
            floor: FunctionIdx(0),
            jumps: Vec::new(),
            depth: 0,
            most_depth: limits.depth,
            is_cut: false,
        }
    }

    fn file(&mut self, file: &syn::File) {
        let whole = code_of(self.source.text);
        self.is_test = file.attrs.iter().any(attributes::is_test);
        let mut module = Function {
            name: Symbol::new("<module>"),
            display: Symbol::new("<module>"),
            receiver_type: None,
            module: Symbol::empty(),
            implements: None,
            receiver: None,
            params: Vec::new(),
            results: Vec::new(),
            body: Default::default(),
            parent: None,
            attributes: Vec::new(),
            flags: FunctionFlags {
                has_body: true,
                is_test: self.is_test,
                ..FunctionFlags::default()
            },
            span: whole,
            name_span: Span::new(whole.start, whole.start),
        };
        self.facts.functions.push(module.clone());
        self.ir.open_block();
        module.attributes = self.attributes(&file.attrs);
        self.items(&file.items);
        module.body = self.ir.close_block();
        self.facts.functions[0] = module;
    }

    fn finish(self) -> FileFacts {
        let mut facts = self.facts;
        facts.ir = self.ir.finish();
        facts.lines = self.source.lines;
        facts
    }

    /// Runs `lower` one level deeper, or says that the code nests too deeply and gives `None`.
    fn deeper<R>(&mut self, lower: impl FnOnce(&mut Self) -> R) -> Option<R> {
        if self.depth >= self.most_depth {
            self.cut();
            return None;
        }
        self.depth += 1;
        let result = lower(self);
        self.depth -= 1;
        Some(result)
    }

    fn cut(&mut self) {
        if !self.is_cut {
            self.is_cut = true;
            let most = self.most_depth;
            self.problem(format!(
                "code nests more than {most} deep; the rest of it was left out"
            ));
        }
    }

    fn problem(&mut self, message: String) {
        self.facts.problems.push(Problem {
            file: String::new(),
            line: None,
            severity: ProblemSeverity::Warning,
            message,
        });
    }

    fn unknown(&mut self, span: Span) -> ExprId {
        self.ir.expr(ExprKind::Unknown, span)
    }

    /// `()`.
    fn unit(&mut self, span: Span) -> ExprId {
        self.ir.expr(ExprKind::List(Default::default()), span)
    }
}
