//! Written types, interfaces and type aliases.

use betwixt_base::Symbol;

use super::kinds::{Field, Kind};
use super::lowering::Lowering;
use super::names::Names;
use super::nodes::NodeId;
use super::repair::TypeArguments;
use crate::file::{self, MethodSignature, TypeDef, TypeKind};
use crate::ir::{TypeRef, TypeRefId};

impl<'a> Lowering<'a> {
    /// The type annotated in that field, unknown when there is none.
    pub(super) fn annotation(&mut self, at: NodeId, field: Field) -> TypeRefId {
        match self.field(at, field) {
            Some(annotation) => self.type_ref(annotation),
            None => self.no_type(),
        }
    }

    /// A written type.
    pub(super) fn type_ref(&mut self, at: NodeId) -> TypeRefId {
        let no_type = self.no_type();
        self.deeper(at, |lowering| lowering.type_here(at))
            .unwrap_or(no_type)
    }

    fn type_here(&mut self, at: NodeId) -> TypeRefId {
        let type_ref = match self.kind(at) {
            Kind::TypeIdentifier | Kind::PredefinedType | Kind::Identifier => {
                let name = self.symbol(at);
                return self.b.named_type(name);
            }
            Kind::TypeAnnotation | Kind::WrappedType => {
                return self
                    .nodes
                    .first(at)
                    .map_or(self.no_type(), |inner| self.type_ref(inner));
            }
            Kind::GenericType => return self.generic_type(at),
            Kind::NestedIdentifier | Kind::MemberExpression => {
                return self.named_type(self.text_of(at), Vec::new());
            }
            Kind::ArrayType => {
                let of = self
                    .nodes
                    .first(at)
                    .map_or(self.no_type(), |of| self.type_ref(of));
                TypeRef::Slice(of)
            }
            Kind::TupleType => TypeRef::Tuple(self.member_types(at)),
            Kind::UnionType => TypeRef::Union(self.union_members(at)),
            Kind::FunctionType => self.function_type(at),
            Kind::ObjectType => self.object_type(at),
            Kind::LiteralType => self.literal_type(at),
            Kind::TypeQuery => self.type_query(at),
            Kind::TypePredicate => return self.b.named_type(Symbol::new("boolean")),
            _ => return self.no_type(),
        };
        self.b.type_ref(type_ref)
    }

    /// `a.b.Name<args>`.
    pub(super) fn named_type(&mut self, text: &str, args: Vec<TypeRefId>) -> TypeRefId {
        let (qualifier, name) = match text.rsplit_once('.') {
            Some((qualifier, name)) => (Some(Symbol::new(qualifier.trim())), name.trim()),
            None => (None, text),
        };
        self.b.type_ref(TypeRef::Named {
            qualifier,
            name: Symbol::new(name),
            args,
        })
    }

    fn generic_type(&mut self, at: NodeId) -> TypeRefId {
        let text = self
            .field(at, Field::Name)
            .map_or("", |name| self.text_of(name));
        let args = self.field(at, Field::TypeArguments);
        let args = args.map_or_else(Vec::new, |args| self.types_of(args));
        self.named_type(text, args)
    }

    /// The types in a list of type arguments.
    pub(super) fn types_of(&mut self, list: NodeId) -> Vec<TypeRefId> {
        self.nodes
            .children(list)
            .map(|member| self.type_ref(member))
            .collect()
    }

    /// The members of the tuple type in a text of its own.
    pub(super) fn types_put_aside(&mut self, written: &'a TypeArguments) -> Vec<TypeRefId> {
        let file = (self.text, self.nodes);
        let names = std::mem::replace(&mut self.names, Names::new(&written.text));
        (self.text, self.nodes) = (&written.text, &written.nodes);
        let mut tuple = None;
        self.nodes.inside(self.nodes.root(), |at, kind| {
            if kind == Kind::TupleType {
                tuple.get_or_insert(at);
            }
            tuple.is_none()
        });
        let types = tuple.map_or_else(Vec::new, |tuple| self.member_types(tuple));
        (self.text, self.nodes) = file;
        self.names = names;
        types
    }

    fn member_types(&mut self, at: NodeId) -> Vec<TypeRefId> {
        let nodes = self.nodes;
        nodes
            .children(at)
            .map(|member| match nodes.kind(member) {
                // Members of tuples may have names: `[from: Date, to?: Date]`.
                Kind::RequiredParameter | Kind::OptionalParameter => {
                    self.annotation(member, Field::Type)
                }
                _ => self.type_ref(member),
            })
            .collect()
    }

    /// The members of a union, which nests to the left: `((A | B) | C)`.
    fn union_members(&mut self, at: NodeId) -> Vec<TypeRefId> {
        let nodes = self.nodes;
        let mut members = Vec::new();
        let mut rest = at;
        loop {
            let children: Vec<NodeId> = nodes.children(rest).collect();
            let mut nested = None;
            for (nth, &child) in children.iter().enumerate().rev() {
                if nth == 0 && nodes.kind(child) == Kind::UnionType {
                    nested = Some(child);
                } else {
                    members.push(self.type_ref(child));
                }
            }
            match nested {
                Some(inner) => rest = inner,
                None => break,
            }
        }
        members.reverse();
        members
    }

    fn function_type(&mut self, at: NodeId) -> TypeRef {
        let (params, _) = self.signature_params(at);
        let result = self
            .field(at, Field::ReturnType)
            .or(self.field(at, Field::Type));
        let results = result
            .filter(|&result| self.text_of(result).trim_start_matches([':', ' ']) != "void")
            .map(|result| self.type_ref(result));
        TypeRef::Function {
            params,
            results: results.into_iter().collect(),
        }
    }

    /// Types and names of the parameters of a signature.
    fn signature_params(&mut self, at: NodeId) -> (Vec<TypeRefId>, Vec<Symbol>) {
        let nodes = self.nodes;
        let list = self.field(at, Field::Parameters);
        let mut types = Vec::new();
        let mut names = Vec::new();
        for parameter in list.into_iter().flat_map(|list| nodes.children(list)) {
            types.push(self.annotation(parameter, Field::Type));
            let mut pattern = self.field(parameter, Field::Pattern);
            if let Some(rest) = pattern.filter(|&rest| nodes.kind(rest) == Kind::RestPattern) {
                pattern = nodes.first(rest);
            }
            let name = pattern.filter(|&name| nodes.kind(name) == Kind::Identifier);
            names.push(name.map_or_else(|| Symbol::new("_"), |name| self.symbol(name)));
        }
        (types, names)
    }

    fn object_type(&mut self, at: NodeId) -> TypeRef {
        let nodes = self.nodes;
        let mut fields = Vec::new();
        for member in nodes.children(at) {
            match self.kind(member) {
                Kind::PropertySignature => {
                    let type_ref = self.annotation(member, Field::Type);
                    if let Some(name) = self.signature_name(member) {
                        fields.push((name, type_ref));
                    }
                }
                Kind::MethodSignature => {
                    let type_ref = self.function_type(member);
                    let type_ref = self.b.type_ref(type_ref);
                    if let Some(name) = self.signature_name(member) {
                        fields.push((name, type_ref));
                    }
                }
                Kind::IndexSignature if nodes.all_children(at).count() == 1 => {
                    return self.index_signature(member);
                }
                _ => {}
            }
        }
        TypeRef::Anonymous(fields)
    }

    /// `{[key: string]: T}` is a map; a mapped type has no form.
    fn index_signature(&mut self, at: NodeId) -> TypeRef {
        if self.nodes.has(at, Kind::MappedTypeClause) {
            return TypeRef::Unknown;
        }
        let key = self.annotation(at, Field::IndexType);
        let value = self.annotation(at, Field::Type);
        TypeRef::Map(key, value)
    }

    fn signature_name(&mut self, member: NodeId) -> Option<Symbol> {
        let name = self.field(member, Field::Name)?;
        self.key_name(name)
    }

    fn literal_type(&mut self, at: NodeId) -> TypeRef {
        let named = |name| TypeRef::Named {
            qualifier: None,
            name,
            args: Vec::new(),
        };
        match self.text_of(at) {
            "true" | "false" | "null" | "undefined" => named(self.symbol(at)),
            text if text.starts_with(['"', '\'']) => TypeRef::Literal(self.string_text(at)),
            _ => TypeRef::Literal(self.symbol(at)),
        }
    }

    /// `typeof a.b`.
    fn type_query(&mut self, at: NodeId) -> TypeRef {
        let text = self.text_of(at);
        let text = text.strip_prefix("typeof").unwrap_or(text).trim();
        let is_import = text.starts_with("import(");
        let end = text
            .find(['<', '(', '['])
            .filter(|_| !is_import)
            .unwrap_or(text.len());
        let name = Symbol::new(text[..end].trim_end());
        TypeRef::Named {
            qualifier: Some(Symbol::new("typeof")),
            name,
            args: Vec::new(),
        }
    }

    /// The names of the type parameters of a definition.
    pub(super) fn type_params(&mut self, at: NodeId) -> Vec<Symbol> {
        let nodes = self.nodes;
        let list = self.field(at, Field::TypeParameters);
        list.into_iter()
            .flat_map(|list| nodes.children(list))
            .filter_map(|parameter| nodes.field(parameter, Field::Name))
            .map(|name| self.symbol(name))
            .collect()
    }

    /// `interface I extends A { … }`.
    pub(super) fn interface(&mut self, at: NodeId) {
        let nodes = self.nodes;
        let Some(name) = self.field(at, Field::Name) else {
            return;
        };
        let mut def = self.type_def(name, TypeKind::Interface, at);
        let clauses = nodes
            .children(at)
            .filter(|&child| nodes.kind(child) == Kind::ExtendsTypeClause);
        for clause in clauses {
            def.bases
                .extend(nodes.children(clause).map(|base| self.type_ref(base)));
        }
        if let Some(body) = self.field(at, Field::Body) {
            self.type_members(&mut def, body);
        }
        self.types.push(def);
    }

    /// `type A = …`; an object type gives the alias its fields.
    pub(super) fn type_alias(&mut self, at: NodeId) {
        let Some((name, value)) = self
            .field(at, Field::Name)
            .zip(self.field(at, Field::Value))
        else {
            return;
        };
        let mut def = self.type_def(name, TypeKind::Alias, at);
        if self.kind(value) == Kind::ObjectType {
            self.type_members(&mut def, value);
        }
        if def.fields.is_empty() && def.methods.is_empty() {
            def.aliased = Some(self.type_ref(value));
        }
        self.types.push(def);
    }

    fn type_members(&mut self, def: &mut TypeDef, body: NodeId) {
        let nodes = self.nodes;
        for member in nodes.children(body) {
            match self.kind(member) {
                Kind::PropertySignature => {
                    let type_ref = self.annotation(member, Field::Type);
                    let Some(name) = self.signature_name(member) else {
                        continue;
                    };
                    def.fields.push(file::Field {
                        name,
                        type_ref,
                        tag: self.names.empty,
                        attributes: Vec::new(),
                        init: None,
                        embedded: false,
                        optional: nodes.has(member, Kind::Question),
                        span: nodes.span(member),
                    });
                }
                Kind::MethodSignature => def.methods.extend(self.method_signature(member)),
                _ => {}
            }
        }
    }

    /// A method without a body.
    pub(super) fn method_signature(&mut self, member: NodeId) -> Option<MethodSignature> {
        let name = self.signature_name(member)?;
        let (params, param_names) = self.signature_params(member);
        let has_result = self.field(member, Field::ReturnType).is_some();
        let result = self.annotation(member, Field::ReturnType);
        let results = if has_result { vec![result] } else { Vec::new() };
        Some(MethodSignature {
            name,
            params,
            param_names,
            results,
        })
    }
}
