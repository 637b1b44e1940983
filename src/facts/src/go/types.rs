//! Written types and type definitions.

use betwixt_base::Symbol;

use super::file::Lowering;
use super::literals;
use super::tree::{Kind, NodeIdx, Token};
use crate::file::{Field, MethodSignature, TypeDef, TypeKind};
use crate::ir::{TypeRef, TypeRefId};

/// Longer types are rarely written twice.
const LONGEST_KNOWN: usize = 64;

/// What a parameter list says.
pub(super) struct Signature {
    pub(super) names: Vec<Option<NodeIdx>>,
    pub(super) types: Vec<TypeRefId>,
    pub(super) is_variadic: bool,
}

impl<'t> Lowering<'t> {
    /// The type a node writes; `Unknown` where it writes none.
    pub(super) fn type_ref(&mut self, idx: NodeIdx) -> TypeRefId {
        let text = self.str(idx);
        let is_short = text.len() <= LONGEST_KNOWN;
        if is_short && let Some(&known) = self.known_types.get(text) {
            return known;
        }
        if text.is_empty() || !self.descend(idx) {
            return TypeRefId(0);
        }
        let made = self.new_type_ref(idx);
        self.ascend();
        if is_short {
            self.known_types.insert(text, made);
        }
        made
    }

    fn new_type_ref(&mut self, idx: NodeIdx) -> TypeRefId {
        let tree = self.tree;
        let first = tree.first(idx);
        let made = match tree.kind(idx) {
            Kind::TypeIdentifier | Kind::Identifier | Kind::Nil | Kind::PackageIdentifier => {
                return self.builder.named_type(self.symbol(idx));
            }
            Kind::QualifiedType | Kind::SelectorExpression => self.qualified(idx),
            Kind::PointerType => TypeRef::Pointer(self.type_or_unknown(first)),
            Kind::UnaryExpression if tree.node(idx).token == Token::Star => {
                TypeRef::Pointer(self.type_or_unknown(first))
            }
            Kind::SliceType | Kind::ArrayType | Kind::ImplicitLengthArrayType => {
                TypeRef::Slice(self.type_or_unknown(tree.children(idx).last()))
            }
            Kind::MapType => {
                let key = self.type_or_unknown(first);
                TypeRef::Map(key, self.type_or_unknown(tree.children(idx).nth(1)))
            }
            Kind::ChannelType => TypeRef::Chan(self.type_or_unknown(first)),
            Kind::GenericType | Kind::IndexExpression | Kind::TypeInstantiationExpression => {
                self.generic(idx)
            }
            Kind::FunctionType => self.function_type(idx),
            Kind::StructType => self.anonymous_struct(idx),
            Kind::InterfaceType => self.anonymous_interface(idx),
            Kind::ParenthesizedType | Kind::ParenthesizedExpression | Kind::NegatedType => {
                return self.type_or_unknown(first);
            }
            Kind::TypeElem | Kind::TypeConstraint => {
                let members: Vec<TypeRefId> = tree
                    .children(idx)
                    .map(|member| self.type_ref(member))
                    .collect();
                match members.as_slice() {
                    [one] => return *one,
                    _ => TypeRef::Union(members),
                }
            }
            _ => return TypeRefId(0),
        };
        self.builder.type_ref(made)
    }

    fn type_or_unknown(&mut self, idx: Option<NodeIdx>) -> TypeRefId {
        idx.map_or(TypeRefId(0), |idx| self.type_ref(idx))
    }

    fn qualified(&self, idx: NodeIdx) -> TypeRef {
        let (qualifier, name) = match (self.tree.first(idx), self.tree.children(idx).last()) {
            (Some(package), Some(name)) => (self.str(package), self.str(name)),
            _ => self
                .str(idx)
                .rsplit_once('.')
                .unwrap_or(("", self.str(idx))),
        };
        let qualifier = Some(self.intern(qualifier)).filter(|_| !qualifier.is_empty());
        TypeRef::Named {
            qualifier,
            name: self.intern(name),
            args: Vec::new(),
        }
    }

    fn generic(&mut self, idx: NodeIdx) -> TypeRef {
        let mut children = self.tree.children(idx);
        let base = self.type_or_unknown(children.next());
        let mut args = Vec::new();
        for child in children {
            if self.tree.kind(child) == Kind::TypeArguments {
                args.extend(self.type_arguments(child));
            } else {
                args.push(self.type_ref(child));
            }
        }
        match self.builder.ir().type_ref(base) {
            &TypeRef::Named {
                qualifier, name, ..
            } => TypeRef::Named {
                qualifier,
                name,
                args,
            },
            other => other.clone(),
        }
    }

    pub(super) fn type_arguments(&mut self, idx: NodeIdx) -> Vec<TypeRefId> {
        self.tree
            .children(idx)
            .map(|arg| self.type_ref(arg))
            .collect()
    }

    fn function_type(&mut self, idx: NodeIdx) -> TypeRef {
        let (params, results) = self.signature_types(idx);
        TypeRef::Function {
            params: params.types,
            results,
        }
    }

    /// Parameters and results of anything that has them; the first parameter list is the parameters.
    fn signature_types(&mut self, idx: NodeIdx) -> (Signature, Vec<TypeRefId>) {
        let tree = self.tree;
        let mut lists = tree
            .children(idx)
            .filter(|&child| !matches!(tree.kind(child), Kind::FieldIdentifier));
        let params = match lists.next() {
            Some(list) => self.signature(list),
            None => Signature {
                names: Vec::new(),
                types: Vec::new(),
                is_variadic: false,
            },
        };
        let results = lists
            .next()
            .map(|result| self.result_types(result))
            .unwrap_or_default();
        (params, results)
    }

    /// `T`, `(T, error)` or `(n int, err error)`.
    pub(super) fn result_types(&mut self, idx: NodeIdx) -> Vec<TypeRefId> {
        if self.tree.kind(idx) == Kind::ParameterList {
            self.signature(idx).types
        } else {
            vec![self.type_ref(idx)]
        }
    }

    /// One element per parameter, those that share a written type included.
    pub(super) fn signature(&mut self, list: NodeIdx) -> Signature {
        let tree = self.tree;
        let mut signature = Signature {
            names: Vec::new(),
            types: Vec::new(),
            is_variadic: false,
        };
        for declaration in tree.children(list) {
            let kind = tree.kind(declaration);
            if !matches!(
                kind,
                Kind::ParameterDeclaration | Kind::VariadicParameterDeclaration
            ) {
                continue;
            }
            let mut type_ref = tree
                .children(declaration)
                .last()
                .map_or(TypeRefId(0), |last| self.type_ref(last));
            if kind == Kind::VariadicParameterDeclaration {
                signature.is_variadic = true;
                type_ref = self.builder.type_ref(TypeRef::Slice(type_ref));
            }
            let before = signature.names.len();
            let names = tree
                .children(declaration)
                .filter(|&child| tree.kind(child) == Kind::Identifier);
            signature.names.extend(names.map(Some));
            if signature.names.len() == before {
                signature.names.push(None);
            }
            signature.types.resize(signature.names.len(), type_ref);
        }
        signature
    }

    fn anonymous_struct(&mut self, idx: NodeIdx) -> TypeRef {
        let fields = self
            .fields(idx)
            .into_iter()
            .map(|field| (field.name, field.type_ref))
            .collect();
        TypeRef::Anonymous(fields)
    }

    /// `interface{}` is `any`; others have their methods as fields.
    fn anonymous_interface(&mut self, idx: NodeIdx) -> TypeRef {
        let tree = self.tree;
        let mut members = Vec::new();
        let mut bases = Vec::new();
        for child in tree.children(idx) {
            match tree.kind(child) {
                Kind::MethodElem => {
                    if let Some(name) = tree.first(child) {
                        let function = self.function_type(child);
                        members.push((self.symbol(name), self.builder.type_ref(function)));
                    }
                }
                Kind::TypeElem => bases.push(self.type_ref(child)),
                _ => {}
            }
        }
        match (members.is_empty(), bases.as_slice()) {
            (true, []) => TypeRef::Named {
                qualifier: None,
                name: Symbol::new("any"),
                args: Vec::new(),
            },
            (true, _) => TypeRef::Union(bases),
            _ => TypeRef::Anonymous(members),
        }
    }

    /// All types of one `type` declaration, at the top of the file or inside a function.
    pub(super) fn type_declaration(&mut self, idx: NodeIdx) {
        for spec in self.tree.children(idx) {
            if matches!(self.tree.kind(spec), Kind::TypeSpec | Kind::TypeAlias) {
                self.type_def(spec);
            }
        }
    }

    fn type_def(&mut self, idx: NodeIdx) {
        let tree = self.tree;
        let mut children = tree.children(idx);
        let Some(name) = children.next() else { return };
        let type_params = tree.child(idx, Kind::TypeParameterList);
        let type_params = type_params
            .map(|list| self.type_param_names(list))
            .unwrap_or_default();
        let Some(written) = children
            .filter(|&child| tree.kind(child) != Kind::TypeParameterList)
            .last()
        else {
            return;
        };
        let mut def = TypeDef {
            name: self.symbol(name),
            module: Symbol::empty(),
            kind: TypeKind::Alias,
            fields: Vec::new(),
            methods: Vec::new(),
            bases: Vec::new(),
            aliased: None,
            variants: Vec::new(),
            attributes: Vec::new(),
            type_params: type_params.iter().map(|name| self.intern(name)).collect(),
            span: tree.span(idx),
            name_span: tree.span(name),
        };
        match tree.kind(written) {
            Kind::StructType => {
                def.kind = TypeKind::Struct;
                def.fields = self.fields(written);
                self.field_types.extend(
                    def.fields
                        .iter()
                        .map(|field| ((def.name, field.name), field.type_ref)),
                );
                def.bases = def
                    .fields
                    .iter()
                    .filter(|field| field.embedded)
                    .map(|field| field.type_ref)
                    .collect();
            }
            Kind::InterfaceType => {
                def.kind = TypeKind::Interface;
                self.interface_members(written, &mut def);
            }
            _ => {
                let aliased = self.type_ref(written);
                def.aliased = Some(aliased);
                if self.parent_function().is_none() {
                    self.defined.insert(def.name, aliased);
                }
            }
        }
        self.types.push(def);
    }

    pub(super) fn type_param_names(&self, list: NodeIdx) -> Vec<&'t str> {
        let tree = self.tree;
        let declared = tree
            .children(list)
            .flat_map(|declaration| tree.children(declaration));
        declared
            .filter(|&child| tree.kind(child) == Kind::Identifier)
            .map(|name| self.str(name))
            .collect()
    }

    fn interface_members(&mut self, idx: NodeIdx, def: &mut TypeDef) {
        let tree = self.tree;
        for child in tree.children(idx) {
            match tree.kind(child) {
                Kind::MethodElem => {
                    let Some(name) = tree.first(child) else {
                        continue;
                    };
                    let (params, results) = self.signature_types(child);
                    let param_names = params.names.iter().map(|name| match name {
                        Some(name) => self.symbol(*name),
                        None => Symbol::new("_"),
                    });
                    def.methods.push(MethodSignature {
                        name: self.symbol(name),
                        param_names: param_names.collect(),
                        params: params.types,
                        results,
                    });
                }
                Kind::TypeElem => def.bases.push(self.type_ref(child)),
                _ => {}
            }
        }
    }

    fn fields(&mut self, struct_type: NodeIdx) -> Vec<Field> {
        let tree = self.tree;
        let mut fields = Vec::new();
        let Some(list) = tree.child(struct_type, Kind::FieldDeclarationList) else {
            return fields;
        };
        for declaration in tree.children(list) {
            if tree.kind(declaration) == Kind::FieldDeclaration {
                self.field_declaration(declaration, &mut fields);
            }
        }
        fields
    }

    fn field_declaration(&mut self, idx: NodeIdx, fields: &mut Vec<Field>) {
        let tree = self.tree;
        let (mut type_ref, mut tag) = (TypeRefId(0), Symbol::empty());
        for child in tree.children(idx) {
            match tree.kind(child) {
                Kind::FieldIdentifier | Kind::Error => {}
                Kind::InterpretedStringLiteral | Kind::RawStringLiteral => {
                    tag = Symbol::new(&literals::decode_string(self.str(child)));
                }
                _ => type_ref = self.type_ref(child),
            }
        }
        let field = |name, type_ref, embedded, span| Field {
            name,
            type_ref,
            tag,
            attributes: Vec::new(),
            init: None,
            embedded,
            optional: false,
            span,
        };
        let before = fields.len();
        for name in tree
            .children(idx)
            .filter(|&child| tree.kind(child) == Kind::FieldIdentifier)
        {
            fields.push(field(self.symbol(name), type_ref, false, tree.span(name)));
        }
        if fields.len() == before {
            let name = self.type_name(type_ref);
            if tree.node(idx).token == Token::Star {
                type_ref = self.builder.type_ref(TypeRef::Pointer(type_ref));
            }
            fields.push(field(name, type_ref, true, tree.span(idx)));
        }
    }

    /// The last name of a type, pointers looked through; empty for types without one.
    pub(super) fn type_name(&self, id: TypeRefId) -> Symbol {
        match self.builder.ir().type_ref(id) {
            TypeRef::Named { name, .. } => *name,
            TypeRef::Pointer(to) => match self.builder.ir().type_ref(*to) {
                TypeRef::Named { name, .. } => *name,
                _ => Symbol::empty(),
            },
            _ => Symbol::empty(),
        }
    }
}
