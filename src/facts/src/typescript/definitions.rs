//! Functions with their parameters, variables, enums and namespaces.

use betwixt_base::{Span, Symbol};
use rustc_hash::FxHashSet;

use super::classes::Decorator;
use super::kinds::{Field, Kind};
use super::lowering::{Bound, Lowering, Namespace, empty_function, join};
use super::nodes::NodeId;
use crate::file::{Attribute, EnumVariant, Function, FunctionFlags, TypeDef, TypeKind};
use crate::ir::{ExprId, ExprKind, FunctionIdx, LocalId, LocalKind, StmtKind};

/// What is known of a function before its parameters and body are read.
pub(super) struct FunctionHead {
    pub(super) name: Symbol,
    pub(super) name_span: Span,
    pub(super) display: Symbol,
    pub(super) receiver_type: Option<Symbol>,
    pub(super) is_closure: bool,
    pub(super) attributes: Vec<Attribute>,
}

/// A parameter that was declared.
struct Parameter {
    local: LocalId,
    node: NodeId,
    /// What its parts are bound to, when it is no plain name.
    pattern: Option<NodeId>,
    default: Option<NodeId>,
    name: Option<Bound>,
}

impl Lowering<'_> {
    /// A function that others find by name.
    pub(super) fn function_definition(&mut self, at: NodeId) -> Symbol {
        let name = self.field(at, Field::Name);
        let short = name.map_or_else(|| Symbol::new("default"), |name| self.symbol(name));
        let display = self.defined_name(short);
        let head = FunctionHead {
            name: display,
            name_span: self.span(name.unwrap_or(at)),
            display,
            receiver_type: None,
            is_closure: false,
            attributes: Vec::new(),
        };
        self.function(at, head, |_| {});
        short
    }

    /// A function declared inside another or inside a block: a local that holds a closure.
    pub(super) fn local_function(&mut self, at: NodeId) {
        let Some(name) = self.field(at, Field::Name) else {
            return;
        };
        let (symbol, span) = (self.symbol(name), self.span(name));
        let no_type = self.no_type();
        let local = self
            .declared_here(symbol)
            .unwrap_or_else(|| self.b.declare(symbol, no_type, LocalKind::Variable, span));
        let value = self.named(symbol, |lowering| {
            lowering.bound = Some(Bound::new(symbol, span));
            lowering.closure(at)
        });
        let target = self.local_expr(local, span);
        let whole = self.span(at);
        self.b.assign(target, value, whole);
    }

    /// A function literal, a method of an object literal, or a local function; named as it is bound.
    pub(super) fn closure(&mut self, at: NodeId) -> ExprId {
        let bound = self.bound.take();
        let own = self
            .field(at, Field::Name)
            .filter(|_| self.kind(at) == Kind::FunctionExpression);
        let own = own.map(|name| Bound::new(self.symbol(name), self.span(name)));
        let named = bound.or(own);
        let display = match (bound, own) {
            (None, Some(own)) if !self.is_in_module() || self.path.is_empty() => {
                self.named(own.name, |lowering| lowering.display())
            }
            _ => self.display(),
        };
        let head = FunctionHead {
            name: named.map_or_else(|| Symbol::new("<closure>"), |named| named.name),
            name_span: named.map_or_else(|| self.first_bytes(at), |named| named.span),
            display,
            receiver_type: bound.and_then(|bound| bound.receiver),
            is_closure: true,
            attributes: Vec::new(),
        };
        let idx = FunctionIdx(self.functions.len() as u32);
        let span = self.span(at);
        self.function(at, head, |lowering| {
            // A function literal knows itself by its own name.
            if let Some(own) = own {
                let no_type = lowering.no_type();
                let local = lowering
                    .b
                    .declare(own.name, no_type, LocalKind::Variable, own.span);
                let target = lowering.local_expr(local, own.span);
                let value = lowering.new_expr(ExprKind::Closure(idx), own.span);
                lowering.b.assign(target, value, own.span);
            }
        });
        self.new_expr(ExprKind::Closure(idx), span)
    }

    /// The name a programmer would use for a function written here.
    pub(super) fn display(&self) -> Symbol {
        let outer = match self.prefix {
            Some(prefix) => Some(prefix),
            None => self
                .parent_function()
                .and_then(|parent| self.functions.get(parent.index()))
                .map(|parent| parent.display),
        };
        let mut parts: Vec<&str> = outer.iter().map(|outer| outer.as_str()).collect();
        parts.extend(self.path.iter().map(|name| name.as_str()));
        if self.path.is_empty() {
            parts.push("<closure>");
        }
        match parts[..] {
            [only] => Symbol::new(only),
            _ => Symbol::new(&parts.join(".")),
        }
    }

    fn first_bytes(&self, at: NodeId) -> Span {
        let span = self.span(at);
        let end = self
            .nodes
            .first(at)
            .map_or(span.end, |first| self.span(first).end);
        Span::new(span.start, end)
    }

    /// Any function: parameters, what comes before the body (`before_body`), body.
    pub(super) fn function(
        &mut self,
        at: NodeId,
        head: FunctionHead,
        before_body: impl FnOnce(&mut Self),
    ) -> FunctionIdx {
        let idx = FunctionIdx(self.functions.len() as u32);
        let parent = self.parent_function();
        let whole = self.span(at);
        let mut function = Function {
            receiver_type: head.receiver_type,
            parent,
            attributes: head.attributes,
            span: whole,
            name_span: head.name_span,
            ..empty_function(head.name, head.display)
        };
        self.functions.push(empty_function(head.name, head.display));
        let decorated = self.parameter_decorators(at);
        let body = self.field(at, Field::Body);
        function.flags = FunctionFlags {
            is_async: self.nodes.has(at, Kind::Async),
            is_closure: head.is_closure,
            is_static: self.nodes.has(at, Kind::Static),
            has_body: body.is_some(),
            is_variadic: self.has_rest_parameter(at),
            ..FunctionFlags::default()
        };
        let type_ref = self.annotation(at, Field::ReturnType);
        if self.field(at, Field::ReturnType).is_some() {
            function.results.push(type_ref);
        }
        let outer = self.enter(idx);
        self.b.open_block();
        let parameters = self.parameters(at);
        function.params = parameters.iter().map(|parameter| parameter.local).collect();
        for (nth, decorator) in decorated {
            let parameter = parameters.get(nth).map(|parameter| parameter.local);
            let attribute = self.parameter_attribute(parameter, decorator);
            function.attributes.push(attribute);
        }
        for parameter in &parameters {
            self.bind_parameter(parameter);
        }
        before_body(self);
        if let Some(body) = body {
            self.function_body(body);
        }
        function.body = self.b.close_block();
        self.leave(outer);
        self.functions[idx.index()] = function;
        idx
    }

    /// A function that is not written, such as the constructor a class has without saying so.
    pub(super) fn implied_function(
        &mut self,
        head: FunctionHead,
        span: Span,
        body: impl FnOnce(&mut Self),
    ) {
        let idx = FunctionIdx(self.functions.len() as u32);
        let mut function = Function {
            receiver_type: head.receiver_type,
            parent: self.parent_function(),
            flags: FunctionFlags {
                has_body: true,
                ..FunctionFlags::default()
            },
            span,
            name_span: head.name_span,
            ..empty_function(head.name, head.display)
        };
        self.functions.push(empty_function(head.name, head.display));
        let outer = self.enter(idx);
        self.b.open_block();
        body(self);
        function.body = self.b.close_block();
        self.leave(outer);
        self.functions[idx.index()] = function;
    }

    fn function_body(&mut self, body: NodeId) {
        if self.kind(body) == Kind::StatementBlock {
            self.hoist_vars(body);
            return self.statements_of(body);
        }
        let value = self.expr(body);
        let values = self.b.expr_list(&[value]);
        self.emit(StmtKind::Return(values), body);
    }

    fn parameter_nodes(&self, at: NodeId) -> impl Iterator<Item = NodeId> + use<'_> {
        let nodes = self.nodes;
        let list = self.field(at, Field::Parameters);
        let single = self.field(at, Field::Parameter);
        list.into_iter()
            .flat_map(|list| nodes.children(list))
            .chain(single)
            .filter(move |&node| {
                let pattern = nodes.field(node, Field::Pattern);
                // `this: T` names the receiver's type and is no parameter.
                !pattern.is_some_and(|pattern| nodes.kind(pattern) == Kind::This)
                    && matches!(
                        nodes.kind(node),
                        Kind::RequiredParameter | Kind::OptionalParameter | Kind::Identifier
                    )
            })
    }

    fn has_rest_parameter(&self, at: NodeId) -> bool {
        self.parameter_nodes(at)
            .last()
            .and_then(|last| self.field(last, Field::Pattern))
            .is_some_and(|pattern| self.kind(pattern) == Kind::RestPattern)
    }

    fn parameters(&mut self, at: NodeId) -> Vec<Parameter> {
        let nodes: Vec<NodeId> = self.parameter_nodes(at).collect();
        nodes
            .into_iter()
            .enumerate()
            .map(|(nth, node)| self.parameter(nth, node))
            .collect()
    }

    fn parameter(&mut self, nth: usize, node: NodeId) -> Parameter {
        let kind = LocalKind::Param(u16::try_from(nth).unwrap_or(u16::MAX));
        let type_ref = self.annotation(node, Field::Type);
        let mut pattern = self.field(node, Field::Pattern).unwrap_or(node);
        if self.kind(pattern) == Kind::RestPattern {
            pattern = self.nodes.first(pattern).unwrap_or(pattern);
        }
        let span = self.span(pattern);
        let default = self.field(node, Field::Value);
        if self.kind(pattern) == Kind::Identifier {
            let name = self.symbol(pattern);
            let local = self.b.declare(name, type_ref, kind, span);
            let name = Some(Bound::new(name, span));
            return Parameter {
                local,
                node,
                pattern: None,
                default,
                name,
            };
        }
        let local = self.b.nameless(type_ref, kind, span);
        self.declare_pattern(pattern);
        Parameter {
            local,
            node,
            pattern: Some(pattern),
            default,
            name: None,
        }
    }

    /// Defaults, destructuring and, in constructors, the fields that parameters declare.
    fn bind_parameter(&mut self, parameter: &Parameter) {
        let span = self.span(parameter.node);
        if let Some(default) = parameter.default {
            let given = self.local_expr(parameter.local, span);
            let value = self.coalesce(given, default, parameter.name);
            let target = self.local_expr(parameter.local, span);
            self.b.assign(target, value, span);
        }
        if let Some(pattern) = parameter.pattern {
            let value = self.local_expr(parameter.local, self.span(pattern));
            self.destructure(pattern, value);
        }
        if let Some(name) = parameter
            .name
            .filter(|_| self.is_parameter_property(parameter.node))
        {
            let this = self.new_expr(ExprKind::This, name.span);
            let target = self.new_expr(ExprKind::Field(this, name.name), name.span);
            let value = self.local_expr(parameter.local, name.span);
            self.b.assign(target, value, span);
        }
    }

    /// `constructor(private db: Db)`: the parameter is a field, too.
    pub(super) fn is_parameter_property(&self, parameter: NodeId) -> bool {
        let nodes = self.nodes;
        nodes.has(parameter, Kind::AccessibilityModifier) || nodes.has(parameter, Kind::Readonly)
    }

    /// The parameter nodes of the constructor that are fields.
    pub(super) fn parameter_properties(&self, constructor: NodeId) -> Vec<NodeId> {
        self.parameter_nodes(constructor)
            .filter(|&node| self.is_parameter_property(node))
            .collect()
    }

    /// Decorators of parameters with the position of theirs; evaluated where the class is defined.
    fn parameter_decorators(&mut self, at: NodeId) -> Vec<(usize, Decorator)> {
        let nodes = self.nodes;
        let mut found = Vec::new();
        for (nth, parameter) in self.parameter_nodes(at).enumerate() {
            for child in nodes.children(parameter) {
                // Those of a parameter that is a field are the field's.
                if nodes.kind(child) == Kind::Decorator && !self.is_parameter_property(parameter) {
                    found.push((nth, child));
                }
            }
        }
        found
            .into_iter()
            .map(|(nth, child)| (nth, self.decorator_parts(child)))
            .collect()
    }

    /// A decorator of a parameter is one of the function, with the parameter as its first argument.
    fn parameter_attribute(&mut self, local: Option<LocalId>, decorator: Decorator) -> Attribute {
        let local = local.map(|local| self.local_expr(local, decorator.span));
        let args: Vec<ExprId> = local.into_iter().chain(decorator.args).collect();
        let args = self.b.expr_list(&args);
        Attribute {
            name: decorator.name,
            args,
            span: decorator.span,
        }
    }

    fn enter(&mut self, idx: FunctionIdx) -> Outer {
        self.b.enter_function(idx);
        Outer {
            path: std::mem::take(&mut self.path),
            bound: self.bound.take(),
            prefix: self.prefix.take(),
            was_at_module_level: std::mem::replace(&mut self.at_module_level, false),
        }
    }

    fn leave(&mut self, outer: Outer) {
        self.b.leave_function();
        self.path = outer.path;
        self.bound = outer.bound;
        self.prefix = outer.prefix;
        self.at_module_level = outer.was_at_module_level;
    }

    /// `const a = …, {b} = …`, also `let` and `var`.
    pub(super) fn variables(&mut self, at: NodeId) {
        let nodes = self.nodes;
        let is_const = nodes.has(at, Kind::Const);
        for declarator in nodes.children(at) {
            match self.field(declarator, Field::Name) {
                Some(name) => self.variable(declarator, name, is_const),
                None => self.statement(declarator),
            }
        }
    }

    fn variable(&mut self, declarator: NodeId, name: NodeId, is_const: bool) {
        let value = self.field(declarator, Field::Value);
        if let Some(value) = value.filter(|_| self.at_module_level)
            && self.required(name, value)
        {
            let value = self.expr(value);
            return self.emit_value(value);
        }
        if self.kind(name) != Kind::Identifier {
            return self.variable_pattern(declarator, name, is_const);
        }
        let (symbol, span) = (self.symbol(name), self.span(name));
        let local = self.b.lookup(symbol).filter(|_| !self.at_module_level);
        let value = value.map(|value| self.bound_expr(value, Bound::new(symbol, span)));
        let Some(local) = local else {
            let type_ref = self.annotation(declarator, Field::Type);
            return self.global(symbol, type_ref, value, is_const, span);
        };
        if let Some(value) = value {
            let target = self.local_expr(local, span);
            let whole = self.span(declarator);
            self.b.assign(target, value, whole);
        }
    }

    fn variable_pattern(&mut self, declarator: NodeId, pattern: NodeId, is_const: bool) {
        let span = self.span(pattern);
        let mut value = match self.field(declarator, Field::Value) {
            Some(value) => self.expr(value),
            None => self.new_expr(ExprKind::Unknown, span),
        };
        // The parts have no types of their own.
        let type_ref = self.annotation(declarator, Field::Type);
        if type_ref != self.no_type() {
            value = self.new_expr(ExprKind::Cast(type_ref, value), span);
        }
        if self.at_module_level {
            self.destructure_globals(pattern, value, is_const);
        } else {
            self.destructure(pattern, value);
        }
    }

    /// An enum with the values of its members.
    pub(super) fn enumeration(&mut self, at: NodeId) {
        let nodes = self.nodes;
        let Some(name) = self.field(at, Field::Name) else {
            return;
        };
        let mut variants = Vec::new();
        for member in self
            .field(at, Field::Body)
            .into_iter()
            .flat_map(|body| nodes.children(body))
        {
            let key = self.field(member, Field::Name).unwrap_or(member);
            let Some(name) = self.key_name(key) else {
                continue;
            };
            let value = self
                .field(member, Field::Value)
                .map(|value| self.expr(value));
            if let Some(value) = value {
                self.emit_value(value);
            }
            variants.push(EnumVariant {
                name,
                value,
                payload: Vec::new(),
                attributes: Vec::new(),
            });
        }
        let mut def = self.type_def(name, TypeKind::Enum, at);
        def.variants = variants;
        self.types.push(def);
    }

    /// A type of which only the name and kind are known.
    pub(super) fn type_def(&mut self, name: NodeId, kind: TypeKind, at: NodeId) -> TypeDef {
        let symbol = self.symbol(name);
        let name_span = self.span(name);
        self.type_def_named(symbol, name_span, kind, at)
    }

    /// As [`Self::type_def`], for a type whose name is not written on it.
    pub(super) fn type_def_named(
        &mut self,
        name: Symbol,
        name_span: Span,
        kind: TypeKind,
        at: NodeId,
    ) -> TypeDef {
        TypeDef {
            name: self.defined_name(name),
            module: self.names.empty,
            kind,
            fields: Vec::new(),
            methods: Vec::new(),
            bases: Vec::new(),
            aliased: None,
            variants: Vec::new(),
            attributes: Vec::new(),
            type_params: self.type_params(at),
            span: self.span(at),
            name_span,
        }
    }

    /// `declare …`: what follows has no bodies.
    pub(super) fn ambient(&mut self, at: NodeId) {
        let was_ambient = std::mem::replace(&mut self.is_ambient, true);
        let nodes = self.nodes;
        for child in nodes.children(at) {
            if self.kind(child) == Kind::StatementBlock {
                // `declare global { … }`
                for statement in nodes.children(child) {
                    self.statement(statement);
                }
            } else {
                self.statement(child);
            }
        }
        self.is_ambient = was_ambient;
    }

    /// A namespace: its definitions are those of the file, with its name before theirs.
    pub(super) fn namespace(&mut self, at: NodeId) {
        let nodes = self.nodes;
        let Some((name, body)) = self.field(at, Field::Name).zip(self.field(at, Field::Body))
        else {
            return;
        };
        // `declare module "x" { … }` describes another module's names as they are.
        let is_named = self.kind(name) != Kind::String;
        if is_named {
            let mut members = FxHashSet::default();
            for statement in nodes.children(body) {
                self.collect_members(statement, &mut members);
            }
            let name = self.symbol(name);
            let name = self
                .namespaces
                .last()
                .map_or(name, |outer| join(outer.name, name));
            self.namespaces.push(Namespace { name, members });
        }
        self.n_open_modules += 1;
        for statement in nodes.children(body) {
            self.statement(statement);
        }
        self.n_open_modules -= 1;
        if is_named {
            self.namespaces.pop();
        }
    }

    /// What is declared behind `export` and `declare`.
    pub(super) fn declaration_in(&self, statement: NodeId) -> NodeId {
        let mut declaration = statement;
        while matches!(
            self.kind(declaration),
            Kind::ExportStatement | Kind::AmbientDeclaration
        ) && let Some(inner) = self.nodes.first(declaration)
        {
            declaration = inner;
        }
        declaration
    }

    fn collect_members(&self, statement: NodeId, members: &mut FxHashSet<Symbol>) {
        let nodes = self.nodes;
        let statement = self.declaration_in(statement);
        match self.kind(statement) {
            Kind::LexicalDeclaration | Kind::VariableDeclaration => {
                for declarator in nodes.children(statement) {
                    if let Some(pattern) = self.field(declarator, Field::Name) {
                        members.extend(
                            self.pattern_names(pattern)
                                .into_iter()
                                .map(|name| self.symbol(name)),
                        );
                    }
                }
            }
            _ => members.extend(
                self.field(statement, Field::Name)
                    .map(|name| self.symbol(name)),
            ),
        }
    }
}

/// What [`Lowering::enter`] put aside.
struct Outer {
    path: Vec<Symbol>,
    bound: Option<Bound>,
    prefix: Option<Symbol>,
    was_at_module_level: bool,
}
