//! Functions, methods, closures; package-level variables and constants.

use betwixt_base::Symbol;

use super::file::{Lowering, blank_function};
use super::tree::{Kind, NodeIdx};
use crate::file::{Function, Global};
use crate::ir::{ExprId, ExprKind, FunctionIdx, LocalId, LocalKind, StmtKind, TypeRefId};

/// How much of the name of the function around is in that of a closure: hostile code nests long names.
const LONGEST_OUTER: usize = 256;

/// The parts of a function definition, in whatever form it is written.
#[derive(Clone, Copy, Default)]
struct Parts {
    receiver: Option<NodeIdx>,
    params: Option<NodeIdx>,
    result: Option<NodeIdx>,
    body: Option<NodeIdx>,
}

impl<'t> Lowering<'t> {
    /// `func f() {}` and `func (s *T) m() {}`.
    pub(super) fn function_declaration(&mut self, idx: NodeIdx) {
        let tree = self.tree;
        let is_method = tree.kind(idx) == Kind::MethodDeclaration;
        let is_name =
            |&child: &NodeIdx| matches!(tree.kind(child), Kind::Identifier | Kind::FieldIdentifier);
        let Some(name) = tree.children(idx).find(is_name) else {
            return self.unknown_statement(idx);
        };
        let n_outer_params = self.type_params.len();
        if let Some(list) = tree.child(idx, Kind::TypeParameterList) {
            let names = self.type_param_names(list);
            self.type_params.extend(names);
        }
        let parts = self.parts(idx, is_method);
        let mut function = blank_function(self.symbol(name), tree.span(idx), tree.span(name));
        function.flags.is_exported = is_exported(self.str(name));
        self.function(function, parts);
        self.type_params.truncate(n_outer_params);
    }

    /// `func() {}`, named by what it is bound to.
    pub(super) fn closure(&mut self, idx: NodeIdx, binding: Option<Symbol>) -> ExprId {
        let tree = self.tree;
        let name = binding.unwrap_or_else(|| Symbol::new("<closure>"));
        let span = tree.span(idx);
        let name_span = betwixt_base::Span::new(span.start, (span.start + 4).min(span.end));
        let mut function = blank_function(name, span, name_span);
        function.flags.is_closure = true;
        function.display = self.closure_display(name);
        let parts = self.parts(idx, false);
        let function = self.function(function, parts);
        self.builder.expr(ExprKind::Closure(function), span)
    }

    /// `outer.name`; at the top of the file `variable.name`.
    fn closure_display(&self, name: Symbol) -> Symbol {
        let outer = match self.parent_function() {
            Some(parent) => self.functions[parent.index()].display,
            None => match self.global {
                Some(global) if global != name => global,
                _ => return name,
            },
        };
        let outer = outer.as_str();
        let end = (0..=outer.len().min(LONGEST_OUTER))
            .rev()
            .find(|&end| outer.is_char_boundary(end));
        Symbol::new(&format!("{}.{name}", &outer[..end.unwrap_or(0)]))
    }

    fn parts(&self, idx: NodeIdx, has_receiver: bool) -> Parts {
        let tree = self.tree;
        let mut parts = Parts::default();
        for child in tree.children(idx) {
            match tree.kind(child) {
                Kind::Block => parts.body = Some(child),
                Kind::ParameterList if has_receiver && parts.receiver.is_none() => {
                    parts.receiver = Some(child)
                }
                Kind::ParameterList if parts.params.is_none() => parts.params = Some(child),
                Kind::Identifier
                | Kind::FieldIdentifier
                | Kind::TypeParameterList
                | Kind::Error => {}
                _ => parts.result = Some(child),
            }
        }
        parts
    }

    fn function(&mut self, mut function: Function, parts: Parts) -> FunctionIdx {
        let idx = FunctionIdx(self.functions.len() as u32);
        function.parent = self.parent_function();
        self.functions.push(function);
        let outer_global = self.global.take();
        let outer_labels = std::mem::take(&mut self.labels);
        self.builder.enter_function(idx);
        self.builder.open_block();
        if let Some(receiver) = parts.receiver {
            self.receiver(idx, receiver);
        }
        if let Some(params) = parts.params {
            self.params(idx, params);
        }
        let results = parts
            .result
            .map(|result| self.results_of(idx, result))
            .unwrap_or_default();
        self.results.push(results);
        self.functions[idx.index()].flags.has_body = parts.body.is_some();
        if let Some(body) = parts.body {
            self.statements(body);
        }
        self.results.pop();
        self.functions[idx.index()].body = self.builder.close_block();
        self.builder.leave_function();
        self.labels = outer_labels;
        self.global = outer_global;
        idx
    }

    fn receiver(&mut self, function: FunctionIdx, list: NodeIdx) {
        let receiver = self.signature(list);
        let (Some(&name), Some(&type_ref)) = (receiver.names.first(), receiver.types.first())
        else {
            return;
        };
        let is_pointer = self.str(list).contains('*');
        let local = self.declare_param(name, list, type_ref, LocalKind::Receiver);
        let type_name = self.type_name(type_ref);
        let params = self.receiver_type_params(type_ref);
        self.type_params.extend(params);
        let known = &mut self.functions[function.index()];
        known.receiver = Some(local);
        if !type_name.is_empty() {
            known.receiver_type = Some(type_name);
            let name = known.name;
            let display = if is_pointer {
                format!("(*{type_name}).{name}")
            } else {
                format!("{type_name}.{name}")
            };
            known.display = Symbol::new(&display);
        }
    }

    /// `T` in `func (s *Store[T])`.
    fn receiver_type_params(&self, type_ref: TypeRefId) -> Vec<&'t str> {
        use crate::ir::TypeRef;
        let ir = self.builder.ir();
        let named = match ir.type_ref(type_ref) {
            TypeRef::Pointer(to) => ir.type_ref(*to),
            other => other,
        };
        let TypeRef::Named { args, .. } = named else {
            return Vec::new();
        };
        args.iter()
            .map(|&arg| self.type_name(arg).as_str())
            .collect()
    }

    fn params(&mut self, function: FunctionIdx, list: NodeIdx) {
        let signature = self.signature(list);
        let mut params = Vec::with_capacity(signature.names.len());
        for (nth, (name, type_ref)) in signature.names.into_iter().zip(signature.types).enumerate()
        {
            let kind = LocalKind::Param(u16::try_from(nth).unwrap_or(u16::MAX));
            params.push(self.declare_param(name, list, type_ref, kind));
        }
        let known = &mut self.functions[function.index()];
        known.params = params;
        known.flags.is_variadic = signature.is_variadic;
    }

    /// The result types; the locals of those that have names.
    fn results_of(&mut self, function: FunctionIdx, idx: NodeIdx) -> Vec<LocalId> {
        let mut locals = Vec::new();
        if self.tree.kind(idx) == Kind::ParameterList {
            let signature = self.signature(idx);
            if signature.names.iter().any(Option::is_some) {
                for (nth, (name, &type_ref)) in signature
                    .names
                    .into_iter()
                    .zip(&signature.types)
                    .enumerate()
                {
                    let kind = LocalKind::Result(u16::try_from(nth).unwrap_or(u16::MAX));
                    locals.push(self.declare_param(name, idx, type_ref, kind));
                }
            }
            self.functions[function.index()].results = signature.types;
        } else {
            let type_ref = self.type_ref(idx);
            self.functions[function.index()].results = vec![type_ref];
        }
        locals
    }

    fn declare_param(
        &mut self,
        name: Option<NodeIdx>,
        list: NodeIdx,
        type_ref: TypeRefId,
        kind: LocalKind,
    ) -> LocalId {
        let (name, span) = match name {
            Some(name) => (self.symbol(name), self.tree.span(name)),
            None => (self.words.blank, self.tree.span(list)),
        };
        self.builder.declare(name, type_ref, kind, span)
    }

    /// Makes the package-level variables of the file known before any function is lowered.
    pub(super) fn collect_globals(&mut self, idx: NodeIdx) {
        let tree = self.tree;
        for child in tree.children(idx) {
            match tree.kind(child) {
                Kind::VarSpecList => self.collect_globals(child),
                Kind::VarSpec | Kind::ConstSpec => {
                    let spec = self.spec(child);
                    for name in spec.names {
                        self.global_types.insert(self.symbol(name), spec.type_ref);
                    }
                }
                _ => {}
            }
        }
    }

    /// `var` and `const` at the top of the file, in groups or alone.
    pub(super) fn globals_declaration(&mut self, idx: NodeIdx) {
        let tree = self.tree;
        let mut repeated = TypeRefId(0);
        for child in tree.children(idx) {
            match tree.kind(child) {
                Kind::VarSpecList => self.globals_declaration(child),
                Kind::VarSpec => {
                    self.global_spec(child, false, TypeRefId(0));
                }
                Kind::ConstSpec => repeated = self.global_spec(child, true, repeated),
                _ => self.unknown_statement(child),
            }
        }
    }

    /// One line of a group. A constant without value repeats the line before it, whose type is `repeated`.
    fn global_spec(&mut self, idx: NodeIdx, is_const: bool, repeated: TypeRefId) -> TypeRefId {
        let spec = self.spec(idx);
        let type_ref = if is_const && spec.values.is_none() {
            repeated
        } else {
            spec.type_ref
        };
        let first = self.globals.len();
        for &name in &spec.names {
            self.globals.push(Global {
                name: self.symbol(name),
                module: Symbol::empty(),
                type_ref,
                init: None,
                is_const,
                span: self.tree.span(name),
            });
        }
        if let Some(values) = spec
            .values
            .filter(|&values| !(is_const && self.mentions_iota(values)))
        {
            self.global_values(&spec.names, values, first);
        }
        type_ref
    }

    fn global_values(&mut self, names: &[NodeIdx], values: NodeIdx, first: usize) {
        let tree = self.tree;
        let n_values = tree.children(values).count();
        if n_values == 1 && names.len() > 1 {
            let targets: Vec<ExprId> = names.iter().map(|&name| self.global_name(name)).collect();
            let Some(value) = tree.first(values) else {
                return;
            };
            let value = self.expr(value);
            let parts = self.spread_over(&targets, value, tree.span(values));
            for (nth, part) in parts.into_iter().enumerate() {
                self.globals[first + nth].init = Some(part);
            }
            return;
        }
        for (nth, value) in tree.children(values).enumerate() {
            let Some(&name) = names.get(nth) else {
                self.for_effects(value);
                continue;
            };
            self.global = Some(self.symbol(name));
            let init = self.expr_bound(value, self.symbol(name));
            self.global = None;
            self.globals[first + nth].init = Some(init);
            let target = self.global_name(name);
            self.builder.assign(target, init, tree.span(name));
        }
    }

    fn global_name(&mut self, name: NodeIdx) -> ExprId {
        self.builder
            .expr(ExprKind::Name(self.symbol(name)), self.tree.span(name))
    }

    fn mentions_iota(&self, idx: NodeIdx) -> bool {
        self.tree
            .subtree(idx)
            .any(|below| self.tree.kind(below) == Kind::Iota)
    }

    /// `var` and `const` inside a function.
    pub(super) fn local_declaration(&mut self, idx: NodeIdx) {
        let tree = self.tree;
        for child in tree.children(idx) {
            match tree.kind(child) {
                Kind::VarSpecList => self.local_declaration(child),
                Kind::VarSpec | Kind::ConstSpec => self.local_spec(child),
                _ => self.unknown_statement(child),
            }
        }
    }

    fn local_spec(&mut self, idx: NodeIdx) {
        let tree = self.tree;
        let spec = self.spec(idx);
        let values: Vec<NodeIdx> = spec
            .values
            .map(|values| tree.children(values).collect())
            .unwrap_or_default();
        let lowered: Vec<ExprId> = values
            .iter()
            .enumerate()
            .map(|(nth, &value)| match spec.names.get(nth) {
                Some(&name) => self.expr_bound(value, self.symbol(name)),
                None => self.expr(value),
            })
            .collect();
        let targets: Vec<ExprId> = spec
            .names
            .iter()
            .map(|&name| self.declare_variable(name, spec.type_ref))
            .collect();
        if lowered.len() == 1 && targets.len() > 1 {
            self.spread_over(&targets, lowered[0], tree.span(idx));
            return;
        }
        for (nth, &value) in lowered.iter().enumerate() {
            let span = tree.span(values[nth]);
            match targets.get(nth) {
                Some(&target) => self.builder.assign(target, value, span),
                None => {
                    self.builder.stmt(StmtKind::Expr(value), span);
                }
            }
        }
        if let ([target], [value]) = (targets.as_slice(), values.as_slice()) {
            self.note_channel(*target, *value);
        }
    }

    /// A new variable of the innermost scope, as the target of an assignment.
    pub(super) fn declare_variable(&mut self, name: NodeIdx, type_ref: TypeRefId) -> ExprId {
        let span = self.tree.span(name);
        if self.str(name) == "_" {
            return self.builder.expr(ExprKind::Name(self.words.blank), span);
        }
        let local = self
            .builder
            .declare(self.symbol(name), type_ref, LocalKind::Variable, span);
        self.builder.expr(ExprKind::Local(local), span)
    }

    fn spec(&mut self, idx: NodeIdx) -> Spec {
        let tree = self.tree;
        let mut spec = Spec {
            names: Vec::new(),
            type_ref: TypeRefId(0),
            values: None,
        };
        for child in tree.children(idx) {
            match tree.kind(child) {
                Kind::Identifier => spec.names.push(child),
                Kind::ExpressionList => spec.values = Some(child),
                Kind::Error => {}
                _ => spec.type_ref = self.type_ref(child),
            }
        }
        spec
    }
}

/// `names type = values`.
struct Spec {
    names: Vec<NodeIdx>,
    type_ref: TypeRefId,
    values: Option<NodeIdx>,
}

fn is_exported(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_uppercase)
}
