//! Classes: fields, methods, constructors, decorators.

use betwixt_base::{Span, Symbol};

use super::calls::Values;
use super::definitions::FunctionHead;
use super::kinds::{Field, Kind};
use super::lowering::{Bound, Lowering, join};
use super::nodes::NodeId;
use crate::file::{self, Attribute, Global, TypeKind};
use crate::ir::{ExprId, ExprKind, StmtKind, TypeRefId};

/// A decorator with its arguments lowered.
pub(super) struct Decorator {
    pub(super) name: Symbol,
    pub(super) args: Values,
    pub(super) span: Span,
}

/// A class while its members are read.
struct Class {
    /// The full name.
    name: Symbol,
    /// Position in the types of the file.
    position: usize,
    /// Fields of instances with their values, by position in the type.
    initialized: Vec<(usize, NodeId)>,
    /// Decorators that stand before the next member.
    decorators: Vec<NodeId>,
    has_constructor: bool,
}

impl Lowering<'_> {
    /// A class declaration; `decorators` are those written before `export`.
    pub(super) fn class_declaration(&mut self, at: NodeId, decorators: &[NodeId]) {
        let name = self.field(at, Field::Name);
        let bound = match name {
            Some(name) => Bound::new(self.symbol(name), self.span(name)),
            None => Bound::new(Symbol::new("default"), self.span(at)),
        };
        self.class(at, bound, decorators);
    }

    /// A class as a value: the name it is known by.
    pub(super) fn class_expression(&mut self, at: NodeId) -> ExprId {
        let span = self.span(at);
        let own = self
            .field(at, Field::Name)
            .map(|name| (self.symbol(name), self.span(name)));
        let own = own.map(|(name, span)| Bound::new(name, span));
        let bound = self.bound.take().or(own);
        let bound = bound.unwrap_or_else(|| Bound::new(Symbol::new("<class>"), span));
        let name = self.class(at, bound, &[]);
        self.new_expr(ExprKind::Name(name), span)
    }

    fn class(&mut self, at: NodeId, bound: Bound, decorators: &[NodeId]) -> Symbol {
        let nodes = self.nodes;
        let position = self.types.len();
        let mut def = self.type_def_named(bound.name, bound.span, TypeKind::Class, at);
        let name = def.name;
        def.bases = self.heritage(at);
        self.types.push(def);
        let own = nodes
            .children(at)
            .filter(|&child| nodes.kind(child) == Kind::Decorator);
        let decorators: Vec<NodeId> = decorators.iter().copied().chain(own).collect();
        self.types[position].attributes = self.attributes(&decorators);
        let mut class = Class {
            name,
            position,
            initialized: Vec::new(),
            decorators: Vec::new(),
            has_constructor: false,
        };
        let path = std::mem::take(&mut self.path);
        if let Some(body) = self.field(at, Field::Body) {
            self.class_fields(&mut class, body);
            for member in nodes.children(body) {
                self.deeper(member, |lowering| lowering.member(&mut class, member));
            }
            if !class.has_constructor && !class.initialized.is_empty() {
                self.implied_constructor(&class, body);
            }
        }
        self.path = path;
        name
    }

    /// `extends` and `implements`. A base that is computed (`extends Mixin(Base)`) is evaluated here.
    fn heritage(&mut self, at: NodeId) -> Vec<TypeRefId> {
        let nodes = self.nodes;
        let mut bases = Vec::new();
        let heritage = nodes
            .children(at)
            .find(|&child| nodes.kind(child) == Kind::ClassHeritage);
        for clause in heritage
            .into_iter()
            .flat_map(|heritage| nodes.children(heritage))
        {
            if self.kind(clause) == Kind::ImplementsClause {
                bases.extend(nodes.children(clause).map(|base| self.type_ref(base)));
                continue;
            }
            let values = nodes
                .children(clause)
                .filter(|&child| nodes.field_of(child) == Field::Value);
            for value in values {
                let args = self.field(clause, Field::TypeArguments);
                bases.push(self.base_class(value, args));
            }
        }
        bases
    }

    fn base_class(&mut self, value: NodeId, args: Option<NodeId>) -> TypeRefId {
        if !matches!(self.kind(value), Kind::Identifier | Kind::MemberExpression) {
            let value = self.expr(value);
            self.emit_value(value);
            return self.no_type();
        }
        let args = args.map_or_else(Vec::new, |args| self.types_of(args));
        self.named_type(self.text_of(value), args)
    }

    /// The fields of instances, those that the constructor's parameters declare included.
    fn class_fields(&mut self, class: &mut Class, body: NodeId) {
        let nodes = self.nodes;
        let mut decorators = Vec::new();
        for member in nodes.children(body) {
            match self.kind(member) {
                Kind::Decorator => decorators.push(member),
                Kind::FieldDefinition if !nodes.has(member, Kind::Static) => {
                    self.instance_field(class, member, &std::mem::take(&mut decorators));
                }
                Kind::MethodDefinition if self.is_constructor(member) => {
                    decorators.clear();
                    for parameter in self.parameter_properties(member) {
                        self.parameter_field(class, parameter);
                    }
                }
                _ => decorators.clear(),
            }
        }
    }

    fn instance_field(&mut self, class: &mut Class, member: NodeId, before: &[NodeId]) {
        let nodes = self.nodes;
        let Some((name, name_node)) = self.member_name(member) else {
            return;
        };
        let own = nodes
            .children(member)
            .filter(|&child| nodes.kind(child) == Kind::Decorator);
        let decorators: Vec<NodeId> = before.iter().copied().chain(own).collect();
        let attributes = self.attributes(&decorators);
        let type_ref = self.annotation(member, Field::Type);
        let fields = &mut self.types[class.position].fields;
        if let Some(value) = nodes.field(member, Field::Value) {
            class.initialized.push((fields.len(), value));
        }
        fields.push(file::Field {
            name,
            type_ref,
            tag: self.names.empty,
            attributes,
            init: None,
            embedded: false,
            optional: nodes.has(member, Kind::Question),
            span: nodes.span(name_node),
        });
    }

    fn parameter_field(&mut self, class: &Class, parameter: NodeId) {
        let nodes = self.nodes;
        let Some(name) = self.field(parameter, Field::Pattern) else {
            return;
        };
        let type_ref = self.annotation(parameter, Field::Type);
        let decorators: Vec<NodeId> = nodes
            .children(parameter)
            .filter(|&child| nodes.kind(child) == Kind::Decorator)
            .collect();
        let attributes = self.attributes(&decorators);
        let (name, span) = (self.symbol(name), self.span(name));
        self.types[class.position].fields.push(file::Field {
            name,
            type_ref,
            tag: self.names.empty,
            attributes,
            init: None,
            embedded: false,
            optional: nodes.kind(parameter) == Kind::OptionalParameter,
            span,
        });
    }

    fn member(&mut self, class: &mut Class, member: NodeId) {
        let kind = self.kind(member);
        if kind == Kind::Decorator {
            return class.decorators.push(member);
        }
        let decorators = std::mem::take(&mut class.decorators);
        match kind {
            Kind::MethodDefinition => self.method(class, member, &decorators),
            Kind::MethodSignature if self.is_ambient => self.method(class, member, &decorators),
            Kind::AbstractMethodSignature => {
                if let Some(signature) = self.method_signature(member) {
                    self.types[class.position].methods.push(signature);
                }
            }
            Kind::FieldDefinition if self.nodes.has(member, Kind::Static) => {
                self.static_field(class, member);
            }
            Kind::ClassStaticBlock => {
                if let Some(body) = self.field(member, Field::Body) {
                    let block = self.block_of(body);
                    self.emit(StmtKind::Block(block), member);
                }
            }
            Kind::FieldDefinition | Kind::MethodSignature | Kind::IndexSignature => {}
            _ => self.statement(member),
        }
    }

    fn is_constructor(&self, member: NodeId) -> bool {
        let is_static = self.nodes.has(member, Kind::Static);
        let name = self.field(member, Field::Name);
        !is_static && name.is_some_and(|name| self.text_of(name) == "constructor")
    }

    /// The name of a member; one that is computed is evaluated and has none.
    fn member_name(&mut self, member: NodeId) -> Option<(Symbol, NodeId)> {
        let name = self.field(member, Field::Name)?;
        match self.key_name(name) {
            Some(symbol) => Some((symbol, name)),
            None => {
                let key = self.computed_key(name);
                self.emit_value(key);
                None
            }
        }
    }

    fn method(&mut self, class: &mut Class, member: NodeId, decorators: &[NodeId]) {
        let attributes = self.attributes(decorators);
        let (name, name_span) = match self.member_name(member) {
            Some((name, node)) => (name, self.span(node)),
            None => (Symbol::new("<computed>"), self.span(member)),
        };
        let head = FunctionHead {
            name,
            name_span,
            display: join(class.name, name),
            receiver_type: Some(class.name),
            is_closure: false,
            attributes,
        };
        let is_constructor = self.is_constructor(member);
        class.has_constructor |= is_constructor;
        let class = &*class;
        self.function(member, head, |lowering| {
            if is_constructor {
                lowering.initialize_fields(class);
            }
        });
    }

    /// `this.field = value` for every field with a value, where the constructor does it.
    fn initialize_fields(&mut self, class: &Class) {
        for &(position, value) in &class.initialized {
            let Some(field) = self.types[class.position].fields.get(position) else {
                continue;
            };
            let bound = Bound {
                name: field.name,
                span: field.span,
                receiver: Some(class.name),
            };
            self.prefix = Some(class.name);
            let value = self.bound_expr(value, bound);
            self.prefix = None;
            let this = self.new_expr(ExprKind::This, bound.span);
            let target = self.new_expr(ExprKind::Field(this, bound.name), bound.span);
            self.b.assign(target, value, bound.span);
            self.types[class.position].fields[position].init = Some(value);
        }
    }

    /// The constructor of a class that has fields with values but writes none.
    fn implied_constructor(&mut self, class: &Class, body: NodeId) {
        let name = Symbol::new("constructor");
        let name_span = Span::new(self.span(body).start, self.span(body).start);
        let head = FunctionHead {
            name,
            name_span,
            display: join(class.name, name),
            receiver_type: Some(class.name),
            is_closure: false,
            attributes: Vec::new(),
        };
        let span = self.span(body);
        self.implied_function(head, span, |lowering| lowering.initialize_fields(class));
    }

    /// A static field: a global, set where the class stands.
    fn static_field(&mut self, class: &Class, member: NodeId) {
        let Some((name, node)) = self.member_name(member) else {
            return;
        };
        let type_ref = self.annotation(member, Field::Type);
        let bound = Bound {
            name,
            span: self.span(node),
            receiver: Some(class.name),
        };
        let outer = self.prefix.replace(class.name);
        let value = self
            .field(member, Field::Value)
            .map(|value| self.bound_expr(value, bound));
        self.prefix = outer;
        let name = join(class.name, name);
        self.globals.push(Global {
            name,
            module: self.names.empty,
            type_ref,
            init: value,
            is_const: self.nodes.has(member, Kind::Readonly),
            span: bound.span,
        });
        if let Some(value) = value {
            let target = self.new_expr(ExprKind::Name(name), bound.span);
            self.b.assign(target, value, bound.span);
        }
    }

    fn attributes(&mut self, decorators: &[NodeId]) -> Vec<Attribute> {
        decorators
            .iter()
            .map(|&decorator| {
                let Decorator { name, args, span } = self.decorator_parts(decorator);
                Attribute {
                    name,
                    args: self.b.expr_list(&args),
                    span,
                }
            })
            .collect()
    }

    /// `@name`, `@name(args)`: the arguments are evaluated here.
    pub(super) fn decorator_parts(&mut self, at: NodeId) -> Decorator {
        let nodes = self.nodes;
        let span = self.span(at);
        let Some(mut value) = nodes.first(at) else {
            return Decorator {
                name: self.names.empty,
                args: Values::new(),
                span,
            };
        };
        let mut args = Values::new();
        if self.kind(value) == Kind::CallExpression {
            if let Some(list) = self.field(value, Field::Arguments) {
                args = self.arguments(list);
            }
            value = self.field(value, Field::Function).unwrap_or(value);
        }
        for &arg in &args {
            self.emit_value(arg);
        }
        let name = match self.kind(value) {
            Kind::Identifier | Kind::MemberExpression => self.symbol(value),
            _ => {
                let value = self.expr(value);
                self.emit_value(value);
                self.names.empty
            }
        };
        Decorator { name, args, span }
    }
}
