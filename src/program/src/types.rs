//! Types of expressions: written ones resolved, others inferred from what is assigned and called.
//!
//! On demand and bounded in depth. A type that cannot be told is [`Type::Unknown`], never a guess.

use betwixt_base::{FileId, Language, Symbol};
use betwixt_facts::ir::{
    CallForm, ExprId, ExprKind, FunctionIdx, LocalId, LocalKind, StmtKind, TypeRef, TypeRefId,
    UnaryOp,
};

use crate::calls::Callee;
use crate::flow::defs::DefinitionKind;
use crate::ids::{ExprRef, FunctionId, TypeId};
use crate::names::Def;
use crate::resolve::Resolver;

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// Not known.
    Unknown,
    /// A type of the program.
    Def(TypeId),
    /// A type of a library: its package and its name there. Builtins have an empty package.
    External {
        /// Import path, npm package or crate.
        package: Symbol,
        /// The name in it.
        name: Symbol,
    },
    /// A composite type as written: slice, map, function, anonymous struct.
    Written(FileId, TypeRefId),
}

const MAX_DEPTH: u32 = 14;

/// Wrappers that behave like what they hold.
const TRANSPARENT: &[&str] = &[
    "Arc",
    "Rc",
    "Box",
    "Pin",
    "Cow",
    "Option",
    "Result",
    "Promise",
    "Awaited",
    "Readonly",
    "Partial",
    "Required",
    "NonNullable",
    "Data",
    "State",
    "Extension",
    "Json",
    "Path",
    "Query",
    "Ref",
    "RefMut",
    "PromiseLike",
];

/// Collections of their only type argument.
const COLLECTIONS: &[&str] = &[
    "Vec",
    "Array",
    "ReadonlyArray",
    "Set",
    "VecDeque",
    "HashSet",
    "BTreeSet",
];

/// Methods that give back what they are called on, or a part or wrapper of it that is treated alike.
const PASSES_ON: &[&str] = &[
    // Rust: borrows, copies, locks, `Option` and `Result`.
    "clone",
    "cloned",
    "copied",
    "to_owned",
    "as_ref",
    "as_mut",
    "as_deref",
    "borrow",
    "borrow_mut",
    "lock",
    "unwrap",
    "expect",
    "unwrap_or_default",
    "unwrap_or",
    "unwrap_or_else",
    "ok",
    "ok_or",
    "ok_or_else",
    "map_err",
    "or_else",
    "context",
    "with_context",
    "take",
    // Collections in both languages.
    "iter",
    "iter_mut",
    "into_iter",
    "rev",
    "skip",
    "filter",
    "collect",
    "drain",
    "peekable",
    "to_vec",
    "slice",
    "sort",
    "toSorted",
    "reverse",
    "concat",
];

/// Methods that give back an element of the collection they are called on.
const GIVES_BACK_ELEMENT: &[&str] = &[
    "next",
    "first",
    "last",
    "pop",
    "pop_front",
    "pop_back",
    "first_mut",
    "last_mut",
    "get",
    "get_mut",
    "find",
    "at",
    "shift",
    "findLast",
    "nth",
];

impl Resolver<'_> {
    /// The type of an expression.
    #[must_use]
    pub fn type_of(&self, at: ExprRef) -> Type {
        self.type_at(at.file, at.expr, 0)
    }

    pub(crate) fn type_at(&self, file: FileId, expr: ExprId, depth: u32) -> Type {
        if depth > MAX_DEPTH {
            return Type::Unknown;
        }
        let ir = self.code.ir(file);
        match ir.kind(expr) {
            ExprKind::Local(local) => self.local_type(file, local, depth + 1),
            ExprKind::This => self.this_type(file, expr),
            ExprKind::Name(name) => match self.names.resolve(file, name) {
                Some(def) => self.def_type(def, depth + 1),
                None => Type::Unknown,
            },
            ExprKind::Field(base, name) => self.field_of(file, base, name, depth + 1),
            ExprKind::Index(base, _) => self.element(self.type_at(file, base, depth + 1)),
            ExprKind::Call(_) => self.result_type(file, expr, 0, depth + 1),
            ExprKind::Project(base, n) => match ir.kind(base) {
                ExprKind::Call(_) => self.result_type(file, base, n, depth + 1),
                ExprKind::Unary(_, inner) => self.result_type(file, inner, n, depth + 1),
                ExprKind::Index(..) if n == 0 => self.type_at(file, base, depth + 1),
                ExprKind::Cast(written, _) if n == 0 => self.written(file, written),
                _ => Type::Unknown,
            },
            ExprKind::Unary(UnaryOp::Not | UnaryOp::Neg | UnaryOp::Other, _) => Type::Unknown,
            ExprKind::Unary(UnaryOp::Unwrap, inner) => self.unwrapped(file, inner, depth + 1),
            ExprKind::Unary(_, inner) => self.type_at(file, inner, depth + 1),
            ExprKind::Struct(written, _) | ExprKind::Cast(written, _) => {
                self.written(file, written)
            }
            ExprKind::Conditional(_, a, b) | ExprKind::Binary(_, a, b) => {
                match self.type_at(file, a, depth + 1) {
                    Type::Unknown => self.type_at(file, b, depth + 1),
                    found => found,
                }
            }
            _ => Type::Unknown,
        }
    }

    /// What a tuple struct around one value holds: `Valid(input): Valid<NewUser>` binds a `NewUser`.
    fn unwrapped(&self, file: FileId, inner: ExprId, depth: u32) -> Type {
        self.wrapped_in_param(file, inner)
            .unwrap_or_else(|| self.type_at(file, inner, depth))
    }

    fn wrapped_in_param(&self, file: FileId, inner: ExprId) -> Option<Type> {
        let ir = self.code.ir(file);
        let ExprKind::Local(local) = ir.kind(inner) else {
            return None;
        };
        let local = ir.local(local);
        let TypeRef::Named { name, args, .. } = ir.type_ref(local.type_ref) else {
            return None;
        };
        if !matches!(local.kind, LocalKind::Param(_)) || TRANSPARENT.contains(&name.as_str()) {
            return None;
        }
        match (self.written(file, local.type_ref), &args[..]) {
            (Type::Def(id), args) => {
                let def = self.code.type_def(id);
                let [field] = &def.fields[..] else {
                    return None;
                };
                match args {
                    _ if field.name != "0" || def.name != *name => None,
                    &[only] if def.type_params.len() == 1 => Some(self.written(file, only)),
                    _ => Some(self.written(self.code.type_place(id).0, field.type_ref)),
                }
            }
            (Type::External { .. }, &[only]) => Some(self.written(file, only)),
            _ => None,
        }
    }

    fn local_type(&self, file: FileId, local: LocalId, depth: u32) -> Type {
        if depth > MAX_DEPTH {
            return Type::Unknown;
        }
        if let Some(&known) = self
            .local_types
            .get(file.0 as usize)
            .and_then(|types| types.get(local.index()))
        {
            return known;
        }
        self.infer_local(file, local, depth)
    }

    /// The type of a local from its declaration or its first value.
    pub(crate) fn infer_local(&self, file: FileId, local: LocalId, depth: u32) -> Type {
        let ir = self.code.ir(file);
        let facts = ir.local(local);
        if facts.type_ref.0 != 0 {
            return self.written(file, facts.type_ref);
        }
        if facts.kind == LocalKind::Receiver {
            return self.receiver_type(file, facts.function);
        }
        for definition in self.flows[file.0 as usize].definitions(local) {
            let found = match definition.how {
                DefinitionKind::Assign => self.type_at(file, definition.value, depth + 1),
                DefinitionKind::Element => self.element_of(file, definition.value, depth + 1),
                _ => Type::Unknown,
            };
            if found != Type::Unknown {
                return found;
            }
        }
        Type::Unknown
    }

    /// An element of what a value is; what an `Option` holds is written as the value itself.
    fn element_of(&self, file: FileId, list: ExprId, depth: u32) -> Type {
        let of = self.type_at(file, list, depth);
        match self.element(of) {
            Type::Unknown if self.names.is_rust(file) => of,
            element => element,
        }
    }

    fn receiver_type(&self, file: FileId, function: FunctionIdx) -> Type {
        let id = self.code.function_id(file, function);
        self.methods.owner(id).map_or(Type::Unknown, Type::Def)
    }

    fn this_type(&self, file: FileId, expr: ExprId) -> Type {
        let span = self.code.ir(file).expr(expr).span;
        let facts = self.code.facts(file);
        let owner = facts
            .functions
            .iter()
            .enumerate()
            .filter(|(_, function)| {
                function.receiver_type.is_some() && function.span.contains(span)
            })
            .min_by_key(|(_, function)| function.span.end - function.span.start);
        if let Some((index, _)) = owner {
            return self.receiver_type(file, FunctionIdx(index as u32));
        }
        let class = facts.types.iter().position(|def| def.span.contains(span));
        class.map_or(Type::Unknown, |index| {
            Type::Def(self.code.type_id(file, index))
        })
    }

    pub(crate) fn def_type(&self, def: Def, depth: u32) -> Type {
        match def {
            Def::Type(id) => Type::Def(id),
            Def::Global(id) => {
                let (file, _) = self.code.global_place(id);
                let global = self.code.global(id);
                if global.type_ref.0 != 0 {
                    return self.written(file, global.type_ref);
                }
                match global.init {
                    Some(init) => self.type_at(file, init, depth + 1),
                    None => self.stored_type(file, global.name, depth + 1),
                }
            }
            Def::Value(at) => self.type_at(at.file, at.expr, depth + 1),
            Def::External { package, name } => Type::External { package, name },
            Def::Function(_) | Def::Module(_) => Type::Unknown,
        }
    }

    /// A module-level variable that is only assigned later.
    fn stored_type(&self, file: FileId, name: Symbol, depth: u32) -> Type {
        let stores = &self.flows[file.0 as usize].global_stores;
        let values = stores.iter().filter(|(stored, _)| *stored == name).take(4);
        values
            .map(|&(_, value)| self.type_at(file, value, depth + 1))
            .find(|found| *found != Type::Unknown)
            .unwrap_or(Type::Unknown)
    }

    fn field_of(&self, file: FileId, base: ExprId, name: Symbol, depth: u32) -> Type {
        if let ExprKind::Name(qualifier) = self.code.ir(file).kind(base)
            && let Some(def @ (Def::Module(_) | Def::External { .. })) =
                self.names.resolve(file, qualifier)
        {
            return self
                .names
                .member(def, name)
                .map_or(Type::Unknown, |def| self.def_type(def, depth + 1));
        }
        self.member_type(self.type_at(file, base, depth), name, depth + 1)
    }

    /// The type of a field.
    pub(crate) fn member_type(&self, base: Type, name: Symbol, depth: u32) -> Type {
        if depth > MAX_DEPTH {
            return Type::Unknown;
        }
        match base {
            Type::Def(id) => self.def_member(id, name, depth),
            Type::Written(file, written) => match self.code.ir(file).type_ref(written) {
                TypeRef::Anonymous(fields) => fields
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map_or(Type::Unknown, |&(_, field)| self.written(file, field)),
                TypeRef::Union(members) => members
                    .iter()
                    .map(|&member| self.member_type(self.written(file, member), name, depth + 1))
                    .find(|found| *found != Type::Unknown)
                    .unwrap_or(Type::Unknown),
                _ => Type::Unknown,
            },
            Type::External {
                package,
                name: outer,
            } if !package.is_empty() => Type::External {
                package,
                name: Symbol::new(&format!("{outer}.{name}")),
            },
            _ => Type::Unknown,
        }
    }

    fn def_member(&self, id: TypeId, name: Symbol, depth: u32) -> Type {
        let def = self.code.type_def(id);
        let (file, _) = self.code.type_place(id);
        if let Some(field) = def.fields.iter().find(|field| field.name == name) {
            if field.type_ref.0 != 0 {
                return self.written(file, field.type_ref);
            }
            return field
                .init
                .map_or(Type::Unknown, |init| self.type_at(file, init, depth + 1));
        }
        if let Some(aliased) = def.aliased {
            let found = self.member_type(self.written(file, aliased), name, depth + 1);
            if found != Type::Unknown {
                return found;
            }
        }
        let embedded = def
            .fields
            .iter()
            .filter(|field| field.embedded)
            .map(|field| field.type_ref);
        embedded
            .chain(def.bases.iter().copied())
            .map(|base| self.member_type(self.written(file, base), name, depth + 1))
            .find(|found| *found != Type::Unknown)
            .unwrap_or(Type::Unknown)
    }

    /// What indexing or ranging over a value gives.
    #[must_use]
    pub fn element(&self, of: Type) -> Type {
        match of {
            Type::Written(file, written) => match self.code.ir(file).type_ref(written) {
                TypeRef::Slice(inner) | TypeRef::Chan(inner) | TypeRef::Map(_, inner) => {
                    self.written(file, *inner)
                }
                TypeRef::Named { name, args, .. } if COLLECTIONS.contains(&name.as_str()) => args
                    .first()
                    .map_or(Type::Unknown, |&inner| self.written(file, inner)),
                _ => Type::Unknown,
            },
            Type::Def(id) => match self.code.type_def(id).aliased {
                Some(aliased) => self.element(self.written(self.code.type_place(id).0, aliased)),
                None => Type::Unknown,
            },
            _ => Type::Unknown,
        }
    }

    /// A written type resolved in its file.
    #[must_use]
    pub fn written(&self, file: FileId, written: TypeRefId) -> Type {
        self.written_at(file, written, 0)
    }

    fn written_at(&self, file: FileId, written: TypeRefId, depth: u32) -> Type {
        if depth > MAX_DEPTH {
            return Type::Unknown;
        }
        match self.code.ir(file).type_ref(written) {
            TypeRef::Unknown => Type::Unknown,
            TypeRef::Pointer(inner) => self.written_at(file, *inner, depth + 1),
            TypeRef::Named {
                qualifier,
                name,
                args,
            } => {
                if let Some(&inner) = args.first()
                    && TRANSPARENT.contains(&name.as_str())
                {
                    return self.written_at(file, inner, depth + 1);
                }
                if COLLECTIONS.contains(&name.as_str()) && args.len() == 1 {
                    return Type::Written(file, written);
                }
                self.named(file, *qualifier, *name, depth)
            }
            TypeRef::Union(members) => {
                let known: Vec<Type> = members
                    .iter()
                    .map(|&member| self.written_at(file, member, depth + 1))
                    .filter(|member| !matches!(member, Type::Unknown) && !is_nullish(*member))
                    .collect();
                match known.as_slice() {
                    [only] => *only,
                    several => self
                        .library_member(file, several)
                        .unwrap_or(Type::Written(file, written)),
                }
            }
            _ => Type::Written(file, written),
        }
    }

    /// `Knex | Knex.Transaction`, `Database & { close(): void }`: what a union or intersection is to a library that has a model:
    /// its first type of the one such library among its members.
    fn library_member(&self, file: FileId, members: &[Type]) -> Option<Type> {
        let language = self.code.facts(file).language;
        let mut found: Option<(Symbol, Type)> = None;
        for &member in members {
            let Type::External { package, .. } = member else {
                continue;
            };
            if package.is_empty() || self.models.models_of(language, package).is_empty() {
                continue;
            }
            match found {
                None => found = Some((package, member)),
                Some((known, _)) if known == package => {}
                Some(_) => return None,
            }
        }
        found.map(|(_, member)| member)
    }

    fn named(&self, file: FileId, qualifier: Option<Symbol>, name: Symbol, depth: u32) -> Type {
        let def = match qualifier {
            None => self.names.resolve(file, name),
            Some(qualifier) if qualifier == "typeof" => {
                return self
                    .names
                    .resolve(file, name)
                    .map_or(Type::Unknown, |def| self.def_type(def, depth + 1));
            }
            Some(qualifier) if qualifier.as_str().contains("::") || self.names.is_rust(file) => {
                self.names
                    .resolve(file, Symbol::new(&format!("{qualifier}::{name}")))
            }
            Some(qualifier) => self
                .names
                .resolve(file, qualifier)
                .and_then(|module| self.names.member(module, name)),
        };
        match def {
            Some(Def::Type(id)) => self.follow_alias(id, depth),
            Some(Def::External { package, name }) => Type::External { package, name },
            Some(Def::Value(at)) => self.type_at(at.file, at.expr, depth + 1),
            Some(_) => Type::Unknown,
            None => match qualifier {
                Some(qualifier) => Type::External {
                    package: qualifier,
                    name,
                },
                None => Type::External {
                    package: Symbol::empty(),
                    name,
                },
            },
        }
    }

    fn follow_alias(&self, id: TypeId, depth: u32) -> Type {
        let def = self.code.type_def(id);
        let Some(aliased) = def.aliased else {
            return Type::Def(id);
        };
        let (file, _) = self.code.type_place(id);
        match self.written_at(file, aliased, depth + 1) {
            // `type Record<…> = { … }` and Go's `type IDs []string` keep their name: they may have methods.
            Type::Written(..) | Type::Unknown => Type::Def(id),
            Type::External { package, .. } if package.is_empty() => Type::Def(id),
            found if self.code.facts(file).language.name() != "go" => found,
            Type::External { package, name } => Type::External { package, name },
            Type::Def(_) => Type::Def(id),
        }
    }

    /// The n-th result of a call.
    fn result_type(&self, file: FileId, expr: ExprId, n: u32, depth: u32) -> Type {
        if depth > MAX_DEPTH {
            return Type::Unknown;
        }
        let ir = self.code.ir(file);
        let ExprKind::Call(call_id) = ir.kind(expr) else {
            return Type::Unknown;
        };
        let call = ir.call(call_id);
        // `make([]T, n)`.
        if let ExprKind::Name(name) = ir.kind(call.callee)
            && name == "make"
            && let Some(&written) = ir.type_list(call.type_args).first()
        {
            return self.written(file, written);
        }
        if let ExprKind::Name(name) = ir.kind(call.callee)
            && let ("new" | "make", Some(&first)) = (name.as_str(), ir.expr_list(call.args).first())
            && let ExprKind::Name(type_name) = ir.kind(first)
        {
            return self.named(file, None, type_name, depth);
        }
        if call.form == CallForm::New {
            return match self.resolve_value(file, call.callee) {
                Some(Def::Type(id)) => Type::Def(id),
                Some(Def::External { package, name }) => Type::External { package, name },
                _ => Type::Unknown,
            };
        }
        let found = match self.callee_at(file, call_id, depth + 1) {
            Callee::One(function) => self.function_result(function, n, depth + 1),
            Callee::Many(functions) => functions.first().map_or(Type::Unknown, |&function| {
                self.function_result(function, n, depth + 1)
            }),
            Callee::Constructs(id) => Type::Def(id),
            Callee::External { package, name } if n == 0 => {
                self.models
                    .result(self.code.facts(file).language, package, name)
            }
            _ => Type::Unknown,
        };
        match ir.kind(call.callee) {
            ExprKind::Field(base, method) if found == Type::Unknown && n == 0 => {
                self.passed_on(file, base, method.as_str(), depth + 1)
            }
            _ => found,
        }
    }

    /// `rows.iter()`, `user.clone()`, `rows.first()`: what such methods give back of what they are called on.
    fn passed_on(&self, file: FileId, base: ExprId, method: &str, depth: u32) -> Type {
        if self.code.facts(file).language == Language::Go {
            return Type::Unknown;
        }
        if PASSES_ON.contains(&method) {
            return self.type_at(file, base, depth);
        }
        if GIVES_BACK_ELEMENT.contains(&method) {
            return self.element(self.type_at(file, base, depth));
        }
        Type::Unknown
    }

    /// The n-th result type of a function, inferred from its returns where none is written.
    pub(crate) fn function_result(&self, function: FunctionId, n: u32, depth: u32) -> Type {
        if depth > MAX_DEPTH {
            return Type::Unknown;
        }
        let facts = self.code.function(function);
        let (file, idx) = self.code.function_place(function);
        if let Some(&written) = facts.results.get(n as usize) {
            let found = self.written(file, written);
            if let Type::External { package, name } = found
                && package.is_empty()
                && name == "Self"
            {
                return self
                    .methods
                    .owner(function)
                    .map_or(Type::Unknown, Type::Def);
            }
            return found;
        }
        if !facts.results.is_empty() || self.code.facts(file).language.name() != "typescript" {
            return Type::Unknown;
        }
        let ir = self.code.ir(file);
        let returns = &self.flows[file.0 as usize].returns[idx.index()];
        for &stmt in returns.iter().take(4) {
            if let StmtKind::Return(values) = ir.stmt(stmt).kind
                && let Some(&value) = ir.expr_list(values).first()
            {
                let found = self.type_at(file, value, depth + 2);
                if found != Type::Unknown {
                    return found;
                }
            }
        }
        Type::Unknown
    }
}

fn is_nullish(of: Type) -> bool {
    matches!(of, Type::External { package, name }
        if package.is_empty() && matches!(name.as_str(), "null" | "undefined" | "void"))
}
