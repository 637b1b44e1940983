//! The facts of a file as readable pseudo code; for `betwixt inspect` and the tests of every lowering.
//!
//! Deterministic, compact, one line per statement. Not meant to be parsed: what it promises is that two
//! different facts rarely look the same. How to read it:
//!
//! - `name#3` is local 3 of the file; a bare name is no local.
//! - `$1 = f()` names a value that is used again further down, `$1.0` is its first part.
//! - `"a" ++ x#1 ++ "b"` is text made of pieces; `?` is what has no form in the IR.
//! - `defer f()`, `go f()`, `await f()` say how a call runs; closures stand where they are written.

mod body;
mod types;

use std::fmt::Write;

use betwixt_base::Symbol;

use crate::file::{
    Attribute, Field, FileFacts, Function, Global, MethodSignature, TypeDef, TypeKind,
};
use crate::ir::{ExprId, ExprKind, FunctionIdx, LocalId, LocalKind};

/// The facts as text, ending in a newline unless there are none.
#[must_use]
pub fn print_facts(facts: &FileFacts) -> String {
    let mut printer = Printer::new(facts);
    printer.file();
    printer.out
}

/// Text under construction, with what was already said.
struct Printer<'f> {
    facts: &'f FileFacts,
    out: String,
    indent: usize,
    /// How deep in expressions and blocks the printer is.
    depth: u32,
    /// How often each expression is used.
    uses: Vec<u32>,
    /// The number of each expression that was printed and is used again; 0 for none.
    numbers: Vec<u32>,
    n_numbers: u32,
    printed: Vec<bool>,
    /// Named results by function.
    results: Vec<Vec<LocalId>>,
}

impl<'f> Printer<'f> {
    fn new(facts: &'f FileFacts) -> Self {
        let mut results = vec![Vec::new(); facts.functions.len()];
        for (idx, local) in facts.ir.locals.iter().enumerate() {
            if let (LocalKind::Result(_), Some(of)) =
                (local.kind, results.get_mut(local.function.index()))
            {
                of.push(LocalId(idx as u32));
            }
        }
        Self {
            facts,
            out: String::new(),
            indent: 0,
            depth: 0,
            uses: body::count_uses(&facts.ir),
            numbers: vec![0; facts.ir.exprs.len()],
            n_numbers: 0,
            printed: vec![false; facts.functions.len()],
            results,
        }
    }

    fn file(&mut self) {
        let facts = self.facts;
        if let Some(package) = facts.package {
            self.line(format_args!("package {package}"));
        }
        for import in &facts.imports {
            let imported = import
                .imported
                .map(|name| format!(" {name}"))
                .unwrap_or_default();
            let only = if import.type_only { " type" } else { "" };
            let module = within(import.module);
            self.line(format_args!(
                "import{only} {:?}{imported} as {}{module}",
                import.path.as_str(),
                import.local
            ));
        }
        for export in &facts.exports {
            let from = export
                .from
                .map(|path| format!(" from {:?}", path.as_str()))
                .unwrap_or_default();
            let value = if export.value.is_some() { " = …" } else { "" };
            self.line(format_args!(
                "export {} as {}{from}{value}",
                export.local, export.exported
            ));
        }
        for child in &facts.child_modules {
            let test = if child.is_test { "test " } else { "" };
            let path = child
                .path_attribute
                .map(|path| format!(" at {:?}", path.as_str()))
                .unwrap_or_default();
            let module = within(child.module);
            self.line(format_args!("{test}mod {}{path}{module}", child.name));
        }
        for def in &facts.types {
            self.type_def(def);
        }
        for global in &facts.globals {
            self.global(global);
        }
        for (idx, function) in facts.functions.iter().enumerate() {
            let silent = idx == 0 && function.body.is_empty();
            if !silent && !function.flags.is_closure {
                self.top_function(idx);
            }
        }
        for idx in 1..facts.functions.len() {
            self.top_function(idx);
        }
        for problem in &facts.problems {
            self.line(format_args!("problem: {}", problem.message));
        }
    }

    fn top_function(&mut self, idx: usize) {
        if self.printed[idx] {
            return;
        }
        self.n_numbers = 0;
        self.start_line();
        self.function(FunctionIdx(idx as u32));
        self.out.push('\n');
    }

    /// The function from its attributes to its closing brace, with no newline at the end.
    fn function(&mut self, idx: FunctionIdx) {
        let function = &self.facts.functions[idx.index()];
        self.printed[idx.index()] = true;
        self.attributes(&function.attributes);
        self.function_head(idx, function);
        if function.flags.has_body || !function.body.is_empty() {
            self.out.push(' ');
            self.block(function.body);
        }
    }

    fn function_head(&mut self, idx: FunctionIdx, function: &Function) {
        let flags = function.flags;
        for (is_set, word) in [
            (flags.is_exported && !flags.is_closure, "pub "),
            (flags.is_test, "test "),
            (flags.is_static, "static "),
            (flags.is_async, "async "),
        ] {
            if is_set {
                self.out.push_str(word);
            }
        }
        self.put(format_args!("fn {}(", function.display));
        if let Some(receiver) = function.receiver {
            self.out.push_str("recv ");
            self.local_with_type(receiver);
            if !function.params.is_empty() {
                self.out.push_str("; ");
            }
        }
        for (nth, &param) in function.params.iter().enumerate() {
            if nth > 0 {
                self.out.push_str(", ");
            }
            if flags.is_variadic && nth + 1 == function.params.len() {
                self.out.push_str("...");
            }
            self.local_with_type(param);
        }
        self.out.push(')');
        self.function_results(idx, function);
        if let Some(implements) = function.implements {
            self.put(format_args!(" of {implements}"));
        }
        self.put(format_args!("{}", within(function.module)));
    }

    fn function_results(&mut self, idx: FunctionIdx, function: &Function) {
        let named = std::mem::take(&mut self.results[idx.index()]);
        if !named.is_empty() {
            self.out.push_str(" -> (");
            for (nth, &local) in named.iter().enumerate() {
                if nth > 0 {
                    self.out.push_str(", ");
                }
                self.local_with_type(local);
            }
            self.out.push(')');
            return;
        }
        match function.results.as_slice() {
            [] => {}
            [one] => {
                self.out.push_str(" -> ");
                self.type_ref(*one);
            }
            many => {
                self.out.push_str(" -> (");
                self.type_refs(many);
                self.out.push(')');
            }
        }
    }

    fn local_with_type(&mut self, local: LocalId) {
        self.local(local);
        let type_ref = self.facts.ir.local(local).type_ref;
        if type_ref.0 != 0 {
            self.out.push_str(": ");
            self.type_ref(type_ref);
        }
    }

    fn type_def(&mut self, def: &TypeDef) {
        self.start_line();
        self.attributes(&def.attributes);
        let kind = match def.kind {
            TypeKind::Struct => "struct",
            TypeKind::Class => "class",
            TypeKind::Interface => "interface",
            TypeKind::Enum => "enum",
            TypeKind::Alias => "type",
        };
        self.put(format_args!("{kind} {}", def.name));
        if !def.type_params.is_empty() {
            let names: Vec<&str> = def.type_params.iter().map(|name| name.as_str()).collect();
            self.put(format_args!("<{}>", names.join(", ")));
        }
        if !def.bases.is_empty() {
            self.out.push_str(": ");
            self.type_refs(&def.bases);
        }
        if let Some(aliased) = def.aliased {
            self.out.push_str(" = ");
            self.type_ref(aliased);
        }
        self.put(format_args!("{}", within(def.module)));
        self.out.push('\n');
        self.indent += 1;
        for field in &def.fields {
            self.field(field);
        }
        for method in &def.methods {
            self.method(method);
        }
        for variant in &def.variants {
            self.start_line();
            self.put(format_args!("{}", variant.name));
            if !variant.payload.is_empty() {
                self.out.push('(');
                self.type_refs(&variant.payload);
                self.out.push(')');
            }
            self.initial(variant.value);
            self.out.push('\n');
        }
        self.indent -= 1;
    }

    fn field(&mut self, field: &Field) {
        self.start_line();
        self.attributes(&field.attributes);
        let embedded = if field.embedded { "embed " } else { "" };
        let optional = if field.optional { "?" } else { "" };
        self.put(format_args!("{embedded}{}{optional}: ", field.name));
        self.type_ref(field.type_ref);
        if !field.tag.is_empty() {
            self.put(format_args!(" `{}`", field.tag.as_str().escape_debug()));
        }
        self.initial(field.init);
        self.out.push('\n');
    }

    fn method(&mut self, method: &MethodSignature) {
        self.start_line();
        self.put(format_args!("fn {}(", method.name));
        for (nth, &param) in method.params.iter().enumerate() {
            let name = method
                .param_names
                .get(nth)
                .map_or("_", |name| name.as_str());
            self.put(format_args!("{}{name}: ", if nth > 0 { ", " } else { "" }));
            self.type_ref(param);
        }
        self.out.push(')');
        if !method.results.is_empty() {
            self.out.push_str(" -> ");
            self.type_refs(&method.results);
        }
        self.out.push('\n');
    }

    fn global(&mut self, global: &Global) {
        self.start_line();
        let kind = if global.is_const { "const" } else { "var" };
        self.put(format_args!("{kind} {}", global.name));
        if global.type_ref.0 != 0 {
            self.out.push_str(": ");
            self.type_ref(global.type_ref);
        }
        self.initial(global.init);
        self.put(format_args!("{}", within(global.module)));
        self.out.push('\n');
    }

    /// A literal in full; anything longer is shown by the code that assigns it.
    fn initial(&mut self, init: Option<ExprId>) {
        let Some(init) = init else { return };
        self.out.push_str(" = ");
        match self.facts.ir.kind(init) {
            ExprKind::Str(_)
            | ExprKind::Number(_)
            | ExprKind::Bool(_)
            | ExprKind::Nil
            | ExprKind::Name(_) => {
                self.expr(init);
            }
            _ => self.out.push('…'),
        }
    }

    fn attributes(&mut self, attributes: &[Attribute]) {
        for attribute in attributes {
            self.put(format_args!("#[{}", attribute.name));
            if !attribute.args.is_empty() {
                self.out.push('(');
                self.expr_list(attribute.args);
                self.out.push(')');
            }
            self.out.push_str("] ");
        }
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        self.start_line();
        self.put(text);
        self.out.push('\n');
    }

    fn start_line(&mut self) {
        for _ in 0..self.indent {
            self.out.push_str("  ");
        }
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.out.write_fmt(text);
    }
}

fn within(module: Symbol) -> String {
    if module.is_empty() {
        String::new()
    } else {
        format!(" in {module}")
    }
}

#[cfg(test)]
mod tests {
    use betwixt_base::{Language, LineIndex, Span, Symbol};

    use super::print_facts;
    use crate::ir::{CallForm, CallMode, ExprKind, FunctionIdx, LocalKind, StmtKind, TypeRefId};
    use crate::{FileFacts, Function, FunctionFlags, IrBuilder};

    fn function(name: &str, is_closure: bool) -> Function {
        Function {
            name: Symbol::new(name),
            display: Symbol::new(name),
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
                is_closure,
                has_body: true,
                ..FunctionFlags::default()
            },
            span: Span::default(),
            name_span: Span::default(),
        }
    }

    /// `func f(id int) { a, err := g("k" + id); go func() { use(a) }() }`
    #[test]
    fn shared_values_are_numbered_and_closures_stand_in_place() {
        let at = Span::default();
        let mut b = IrBuilder::new();
        let mut f = function("f", false);
        let mut closure = function("f.<closure>", true);
        b.enter_function(FunctionIdx(1));
        b.open_block();
        let int = b.named_type(Symbol::new("int"));
        let id = b.declare(Symbol::new("id"), int, LocalKind::Param(0), at);
        let (a, err) = (
            b.declare(Symbol::new("a"), TypeRefId(0), LocalKind::Variable, at),
            b.declare(Symbol::new("err"), TypeRefId(0), LocalKind::Variable, at),
        );
        let pieces = [
            b.expr(ExprKind::Str(Symbol::new("k")), at),
            b.expr(ExprKind::Local(id), at),
        ];
        let pieces = b.expr_list(&pieces);
        let text = b.expr(ExprKind::Concat(pieces), at);
        let g = b.expr(ExprKind::Name(Symbol::new("g")), at);
        let call = b.call(g, &[text], CallMode::Plain, CallForm::Function, at);
        b.stmt(StmtKind::Expr(call), at);
        for (nth, local) in [a, err].into_iter().enumerate() {
            let target = b.expr(ExprKind::Local(local), at);
            let value = b.expr(ExprKind::Project(call, nth as u32), at);
            b.assign(target, value, at);
        }
        b.enter_function(FunctionIdx(2));
        b.open_block();
        let callee = b.expr(ExprKind::Name(Symbol::new("use")), at);
        let arg = b.expr(ExprKind::Local(a), at);
        let call = b.call(callee, &[arg], CallMode::Plain, CallForm::Function, at);
        b.stmt(StmtKind::Expr(call), at);
        closure.body = b.close_block();
        b.leave_function();
        let callee = b.expr(ExprKind::Closure(FunctionIdx(2)), at);
        let call = b.call(callee, &[], CallMode::Spawned, CallForm::Function, at);
        b.stmt(StmtKind::Expr(call), at);
        f.body = b.close_block();
        f.params.push(id);
        let facts = FileFacts {
            language: Language::Go,
            package: Some(Symbol::new("p")),
            imports: Vec::new(),
            exports: Vec::new(),
            child_modules: Vec::new(),
            types: Vec::new(),
            globals: Vec::new(),
            functions: vec![function("<module>", false), f, closure],
            ir: b.finish(),
            lines: LineIndex::default(),
            problems: Vec::new(),
        };
        let expected = r#"package p
fn f(id#0: int) {
  $1 = g("k" ++ id#0)
  a#1 = $1.0
  err#2 = $1.1
  go (fn f.<closure>() {
    use(a#1)
  })()
}
"#;
        assert_eq!(print_facts(&facts), expected);
    }
}
