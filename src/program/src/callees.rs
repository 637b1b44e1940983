//! What a call calls, as far as names and types say.
//!
//! By resolved name, by receiver type, through interfaces to their implementers, and as a last resort by a method name that only
//! one type has. Values that are called are looked up elsewhere ([`crate::indirect`]).

use betwixt_base::{FileId, Symbol};
use betwixt_facts::ir::{CallForm, CallId, ExprId, ExprKind, FunctionIdx, LocalId, UnaryOp};
use smallvec::SmallVec;

use crate::calls::Callee;
use crate::extensions::STD_METHODS;
use crate::ids::{ExprRef, FunctionId, TypeId};
use crate::names::Def;
use crate::resolve::Resolver;
use crate::types::Type;

/// Method names too common to be resolved by being unique.
pub(crate) const COMMON_METHODS: &[&str] = &[
    "get", "set", "Get", "Set", "String", "Error", "Close", "close", "len", "Len", "push", "map",
    "filter", "then", "new", "next", "send", "Send", "write", "Write", "read", "Read", "add",
    "Add", "run", "Run", "start", "Start", "stop", "Stop", "clone", "into", "from", "parse",
    "find", "exec", "Exec", "query", "Query", "forEach", "delete", "Delete", "update", "create",
    "insert", "remove", "has", "keys", "values", "init", "handle", "on", "emit", "call",
];

impl Resolver<'_> {
    /// What a call calls, by names and types alone.
    #[must_use]
    pub fn callee_at(&self, file: FileId, call: CallId, depth: u32) -> Callee {
        let ir = self.code.ir(file);
        let call = ir.call(call);
        self.callee_of(file, call.callee, call.form, call.function, depth)
    }

    fn callee_of(
        &self,
        file: FileId,
        callee: ExprId,
        form: CallForm,
        inside: FunctionIdx,
        depth: u32,
    ) -> Callee {
        let ir = self.code.ir(file);
        match ir.kind(callee) {
            ExprKind::Closure(idx) => Callee::One(self.code.function_id(file, idx)),
            ExprKind::Name(name) => self.named_callee(file, name, form, inside),
            ExprKind::Field(base, name) => self.method_callee(file, base, name, depth),
            ExprKind::Unary(UnaryOp::Await | UnaryOp::Unwrap | UnaryOp::Deref, inner)
                if depth < 12 =>
            {
                self.callee_of(file, inner, form, inside, depth + 1)
            }
            ExprKind::Local(local) => self.local_callee(file, local),
            _ => Callee::Unknown,
        }
    }

    /// A variable that is a function literal and nothing else: `run := func(…) {…}`.
    fn local_callee(&self, file: FileId, local: LocalId) -> Callee {
        let known = match self.flows.get(file.0 as usize) {
            Some(flow) => flow.definitions(local),
            None => &[],
        };
        let [only] = known else {
            return Callee::Unknown;
        };
        match self.code.ir(file).kind(only.value) {
            ExprKind::Closure(idx) => Callee::One(self.code.function_id(file, idx)),
            _ => Callee::Unknown,
        }
    }

    fn named_callee(
        &self,
        file: FileId,
        name: Symbol,
        form: CallForm,
        inside: FunctionIdx,
    ) -> Callee {
        let function = &self.code.facts(file).functions[inside.index()];
        let text = name.as_str();
        if form == CallForm::Macro {
            let plain = Symbol::new(text.trim_end_matches('!'));
            return match self.names.resolve_in(file, function.module, plain) {
                Some(Def::External {
                    package,
                    name: inner,
                }) if !inner.is_empty() => Callee::External {
                    package,
                    name: Symbol::new(&format!("{inner}!")),
                },
                _ => Callee::External {
                    package: Symbol::empty(),
                    name,
                },
            };
        }
        if let Some((prefix, last)) = text.rsplit_once("::") {
            return self.path_callee(file, inside, prefix, Symbol::new(last));
        }
        match self.names.resolve_in(file, function.module, name) {
            Some(def) => self.def_callee(def),
            None => Callee::External {
                package: Symbol::empty(),
                name,
            },
        }
    }

    /// Rust: `Type::method`, `module::function`, `Self::method`.
    fn path_callee(&self, file: FileId, inside: FunctionIdx, prefix: &str, last: Symbol) -> Callee {
        let function = &self.code.facts(file).functions[inside.index()];
        let owner = if prefix == "Self" {
            self.self_type(file, inside).map(Def::Type)
        } else {
            self.names
                .resolve_in(file, function.module, Symbol::new(prefix))
        };
        match owner {
            Some(Def::Type(owner)) => match self.type_method(owner, last) {
                Callee::Unknown => self.trait_method(file, last),
                found => found,
            },
            Some(def @ Def::Module(_)) => {
                let full = Symbol::new(&format!("{prefix}::{last}"));
                match self.names.resolve_in(file, function.module, full) {
                    Some(def) => self.def_callee(def),
                    None => self
                        .names
                        .member(def, last)
                        .map_or(Callee::Unknown, |def| self.def_callee(def)),
                }
            }
            Some(Def::External { package, name }) if name.is_empty() => Callee::External {
                package,
                name: last,
            },
            Some(Def::External { package, name }) => Callee::External {
                package,
                name: Symbol::new(&format!("{name}.{last}")),
            },
            _ => self.named_owner_method(file, prefix, last),
        }
    }

    fn self_type(&self, file: FileId, inside: FunctionIdx) -> Option<TypeId> {
        let mut current = self.code.function_id(file, inside);
        loop {
            if let Some(owner) = self.methods.owner(current) {
                return Some(owner);
            }
            current = self.code.parent(current)?;
        }
    }

    fn def_callee(&self, def: Def) -> Callee {
        match def {
            Def::Function(function) => Callee::One(function),
            Def::External { package, name } => Callee::External { package, name },
            Def::Type(owner) => {
                let constructor = self.methods.own(owner, Symbol::new("constructor"));
                constructor.map_or(Callee::Constructs(owner), Callee::One)
            }
            Def::Global(global) => {
                let (file, _) = self.code.global_place(global);
                self.code
                    .global(global)
                    .init
                    .map_or(Callee::Unknown, |init| self.value_callee(file, init, 0))
            }
            Def::Value(at) => self.value_callee(at.file, at.expr, 0),
            Def::Module(_) => Callee::Unknown,
        }
    }

    /// The function a constant expression is: a closure, a name, `wrap(fn)` with one function inside.
    pub(crate) fn value_callee(&self, file: FileId, expr: ExprId, depth: u32) -> Callee {
        if depth > 4 {
            return Callee::Unknown;
        }
        let ir = self.code.ir(file);
        match ir.kind(expr) {
            ExprKind::Closure(idx) => Callee::One(self.code.function_id(file, idx)),
            ExprKind::Name(name) => match self.names.resolve(file, name) {
                Some(Def::Function(function)) => Callee::One(function),
                Some(Def::External { package, name }) => Callee::External { package, name },
                _ => Callee::Unknown,
            },
            ExprKind::Call(call) => {
                let call = ir.call(call);
                let wrapped: SmallVec<[FunctionId; 2]> = ir
                    .expr_list(call.args)
                    .iter()
                    .flat_map(|&arg| self.value_callee(file, arg, depth + 1).functions().to_vec())
                    .collect();
                if wrapped.len() == 1 {
                    Callee::One(wrapped[0])
                } else {
                    Callee::Unknown
                }
            }
            ExprKind::Cast(_, inner) | ExprKind::Unary(_, inner) => {
                self.value_callee(file, inner, depth + 1)
            }
            _ => Callee::Unknown,
        }
    }

    fn method_callee(&self, file: FileId, base: ExprId, name: Symbol, depth: u32) -> Callee {
        if let Some(def) = self.resolve_value(file, base) {
            match def {
                Def::Module(_) => {
                    return self
                        .names
                        .member(def, name)
                        .map_or(Callee::Unknown, |def| self.def_callee(def));
                }
                Def::External {
                    package,
                    name: outer,
                } => {
                    let known = self.type_at(file, base, depth + 1);
                    let (package, outer) = match known {
                        Type::External { package, name } => (package, name),
                        _ => (package, outer),
                    };
                    let full = if outer.is_empty() {
                        name
                    } else {
                        Symbol::new(&format!("{outer}.{name}"))
                    };
                    return Callee::External {
                        package,
                        name: full,
                    };
                }
                Def::Type(owner) => return self.type_method(owner, name),
                Def::Global(global) => {
                    if let Some(found) = self.object_member(
                        self.code.global_place(global).0,
                        self.code.global(global).init,
                        name,
                    ) {
                        return found;
                    }
                }
                Def::Value(at) => {
                    if let Some(found) = self.object_member(at.file, Some(at.expr), name) {
                        return found;
                    }
                }
                Def::Function(_) => {}
            }
        }
        match self.type_at(file, base, depth + 1) {
            Type::Def(owner) => match self.type_method(owner, name) {
                Callee::Unknown => self.trait_method(file, name),
                found => found,
            },
            Type::External {
                package,
                name: outer,
            } if !package.is_empty() => Callee::External {
                package,
                name: Symbol::new(&format!("{outer}.{name}")),
            },
            Type::External { .. } | Type::Written(..) => self.trait_method(file, name),
            Type::Unknown => match self.unique_method(file, name) {
                Callee::Unknown => self.trait_method(file, name),
                found => found,
            },
        }
    }

    /// A function in an object that serves as a namespace: `export const users = { find() {…} }`.
    fn object_member(&self, file: FileId, value: Option<ExprId>, name: Symbol) -> Option<Callee> {
        let ir = self.code.ir(file);
        let mut value = value?;
        for _ in 0..4 {
            match ir.kind(value) {
                ExprKind::Cast(_, inner) | ExprKind::Unary(_, inner) => value = inner,
                _ => break,
            }
        }
        let ExprKind::Struct(_, entries) = ir.kind(value) else {
            return None;
        };
        let entry = ir
            .entry_list(entries)
            .iter()
            .find(|entry| entry.name == name)?;
        let found = self.value_callee(file, entry.value, 0);
        (found != Callee::Unknown).then_some(found)
    }

    fn unique_method(&self, file: FileId, name: Symbol) -> Callee {
        let is_std = self.names.is_rust(file) && STD_METHODS.contains(&name.as_str());
        if is_std || COMMON_METHODS.contains(&name.as_str()) || name.as_str().len() < 6 {
            return Callee::Unknown;
        }
        let language = self.code.facts(file).language.name();
        let mut found = self.methods.named(name).iter().filter(|&&function| {
            self.code.facts(self.code.file_of(function)).language.name() == language
                && self.code.function(function).flags.has_body
        });
        match (found.next(), found.next()) {
            (Some(&only), None) if !self.is_of_library_trait(only) => Callee::One(only),
            _ => Callee::Unknown,
        }
    }

    /// The function a value surely is: a closure, a function's name, a method value.
    #[must_use]
    pub fn function_value(&self, at: ExprRef) -> Option<FunctionId> {
        let ir = self.code.ir(at.file);
        match ir.kind(at.expr) {
            ExprKind::Closure(idx) => Some(self.code.function_id(at.file, idx)),
            ExprKind::Name(name) => {
                if let Some((prefix, last)) = name.as_str().rsplit_once("::")
                    && let Some(Def::Type(owner)) = self.names.resolve(at.file, Symbol::new(prefix))
                {
                    return self.find_method(owner, Symbol::new(last), 0);
                }
                match self.names.resolve(at.file, name)? {
                    Def::Function(function) => Some(function),
                    def @ (Def::Global(_) | Def::Value(_)) => match self.def_callee(def) {
                        Callee::One(function) => Some(function),
                        _ => None,
                    },
                    _ => None,
                }
            }
            ExprKind::Field(base, name) => match self.method_callee(at.file, base, name, 4) {
                Callee::One(function) => Some(function),
                _ => None,
            },
            ExprKind::Unary(_, inner) | ExprKind::Cast(_, inner) => self.function_value(ExprRef {
                file: at.file,
                expr: inner,
            }),
            _ => None,
        }
    }
}
