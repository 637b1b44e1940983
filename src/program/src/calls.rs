//! The call graph: which function may call which.
//!
//! By resolved name, by receiver type, through interfaces to their implementers, by function values (callbacks, handler
//! tables, method values), and as a last resort by a method name that only one type has, marked as such.

use std::collections::BTreeSet;

use betwixt_base::{FileId, Symbol};
use betwixt_facts::TypeKind;
use betwixt_facts::ir::{CallForm, CallId, ExprId, ExprKind, FunctionIdx, LocalId, UnaryOp};
use petgraph::graph::{DiGraph, NodeIndex};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::ids::{CallSite, ExprRef, FunctionId, TypeId};
use crate::index::Code;
use crate::indirect::FunctionValues;
use crate::link::{LinkId, Links};
use crate::names::Def;
use crate::resolve::Resolver;
use crate::types::Type;

/// What a call calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callee {
    /// Not known.
    Unknown,
    /// One function of the program.
    One(FunctionId),
    /// Any of these: implementers of an interface, values of a variable.
    Many(Box<[FunctionId]>),
    /// The constructor of a type without one of its own.
    Constructs(TypeId),
    /// A function outside the tree.
    External {
        /// Import path, npm package or crate; empty for builtins.
        package: Symbol,
        /// Its name there; methods as `Type.method`.
        name: Symbol,
    },
}

impl Callee {
    /// The functions of the program it may be.
    #[must_use]
    pub fn functions(&self) -> &[FunctionId] {
        match self {
            Self::One(function) => std::slice::from_ref(function),
            Self::Many(functions) => functions,
            _ => &[],
        }
    }
}

/// Method names too common to be resolved by being unique.
const COMMON_METHODS: &[&str] = &[
    "get", "set", "Get", "Set", "String", "Error", "Close", "close", "len", "Len", "push", "map",
    "filter", "then", "new", "next", "send", "Send", "write", "Write", "read", "Read", "add",
    "Add", "run", "Run", "start", "Start", "stop", "Stop", "clone", "into", "from", "parse",
    "find", "exec", "Exec", "query", "Query", "forEach", "delete", "Delete", "update", "create",
    "insert", "remove", "has", "keys", "values", "init", "handle", "on", "emit", "call",
];

/// Most structs looked at that embed one type.
const MAX_EMBEDDERS: usize = 64;

/// How often calls through values are looked at: a callback of a callback needs two.
const ROUNDS: usize = 2;

/// Most implementers an interface call is resolved to.
pub(crate) const MAX_TARGETS: usize = 24;

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
            Some(Def::Type(owner)) => self.type_method(owner, last),
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
            _ => Callee::Unknown,
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
    fn value_callee(&self, file: FileId, expr: ExprId, depth: u32) -> Callee {
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
            Type::Def(owner) => self.type_method(owner, name),
            Type::External {
                package,
                name: outer,
            } if !package.is_empty() => Callee::External {
                package,
                name: Symbol::new(&format!("{outer}.{name}")),
            },
            Type::External { .. } => Callee::Unknown,
            Type::Written(..) => Callee::Unknown,
            Type::Unknown => self.unique_method(file, name),
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
        if COMMON_METHODS.contains(&name.as_str()) || name.as_str().len() < 6 {
            return Callee::Unknown;
        }
        let language = self.code.facts(file).language.name();
        let mut found = self.methods.named(name).iter().filter(|&&function| {
            self.code.facts(self.code.file_of(function)).language.name() == language
                && self.code.function(function).flags.has_body
        });
        match (found.next(), found.next()) {
            (Some(&only), None) => Callee::One(only),
            _ => Callee::Unknown,
        }
    }

    /// A method of a type: its own, promoted, inherited; of an interface: those of its implementers.
    #[must_use]
    pub fn type_method(&self, owner: TypeId, name: Symbol) -> Callee {
        if let Some(found) = self.find_method(owner, name, 0) {
            let is_abstract =
                self.code.is_interface(owner) && !self.code.function(found).flags.has_body;
            if !is_abstract && !self.code.is_interface(owner) {
                return Callee::One(found);
            }
        }
        let implementers = self.implementations(owner, name);
        match implementers.len() {
            0 => self.embedded_external(owner, name, 0),
            1 => Callee::One(implementers[0]),
            _ => Callee::Many(implementers.into_boxed_slice()),
        }
    }

    fn find_method(&self, owner: TypeId, name: Symbol, depth: u32) -> Option<FunctionId> {
        if let Some(found) = self.methods.own(owner, name) {
            return Some(found);
        }
        if depth > 6 {
            return None;
        }
        let def = self.code.type_def(owner);
        let (file, _) = self.code.type_place(owner);
        let embedded = def
            .fields
            .iter()
            .filter(|field| field.embedded)
            .map(|field| field.type_ref);
        embedded
            .chain(def.bases.iter().copied())
            .chain(def.aliased)
            .find_map(|base| match self.written(file, base) {
                Type::Def(base) if base != owner => self.find_method(base, name, depth + 1),
                _ => None,
            })
    }

    /// A method promoted from an embedded library type or interface.
    fn embedded_external(&self, owner: TypeId, name: Symbol, depth: u32) -> Callee {
        let def = self.code.type_def(owner);
        let (file, _) = self.code.type_place(owner);
        let embedded = def
            .fields
            .iter()
            .filter(|field| field.embedded)
            .map(|field| field.type_ref);
        for base in embedded.chain(def.bases.iter().copied()).chain(def.aliased) {
            match self.written(file, base) {
                Type::External {
                    package,
                    name: outer,
                } if !package.is_empty() => {
                    return Callee::External {
                        package,
                        name: Symbol::new(&format!("{outer}.{name}")),
                    };
                }
                Type::Def(base) if base != owner && depth < 4 => {
                    let found = if self.code.is_interface(base) {
                        self.type_method(base, name)
                    } else {
                        self.embedded_external(base, name, depth + 1)
                    };
                    if found != Callee::Unknown {
                        return found;
                    }
                }
                _ => {}
            }
        }
        // A field that holds a function: `s.now()`.
        if let Some(field) = def.fields.iter().find(|field| field.name == name)
            && let Some(init) = field.init
        {
            return self.value_callee(file, init, 0);
        }
        Callee::Unknown
    }

    /// Methods of that name on the types that implement an interface, or extend a class, in id order.
    fn implementations(&self, interface: TypeId, name: Symbol) -> Vec<FunctionId> {
        let def = self.code.type_def(interface);
        if def.kind != TypeKind::Interface && def.kind != TypeKind::Class {
            return Vec::new();
        }
        let language = self
            .code
            .facts(self.code.type_place(interface).0)
            .language
            .name();
        let wanted: Vec<Symbol> = def.methods.iter().map(|method| method.name).collect();
        let mut found: Vec<FunctionId> = self
            .methods
            .named(name)
            .iter()
            .copied()
            .filter(|&function| {
                let Some(owner) = self.methods.owner(function) else {
                    return false;
                };
                owner != interface
                    && self.code.function(function).flags.has_body
                    && self.code.facts(self.code.file_of(function)).language.name() == language
                    && self.implements(owner, interface, def.name, &wanted, function, language)
            })
            .take(MAX_TARGETS + 1)
            .collect();
        if let Some(default) = self.methods.own(interface, name)
            && self.code.function(default).flags.has_body
        {
            found.push(default);
        }
        if found.len() > MAX_TARGETS {
            found.clear();
        }
        found
    }

    fn implements(
        &self,
        owner: TypeId,
        interface: TypeId,
        interface_name: Symbol,
        wanted: &[Symbol],
        method: FunctionId,
        language: &str,
    ) -> bool {
        match language {
            "rust" => self.code.function(method).implements == Some(interface_name),
            "go" => {
                !self.code.is_interface(owner)
                    && self.signature_fits(interface, method)
                    && self.has_methods(owner, wanted, 0)
            }
            _ => {
                let (file, _) = self.code.type_place(owner);
                let bases = &self.code.type_def(owner).bases;
                bases
                    .iter()
                    .any(|&base| self.written(file, base) == Type::Def(interface))
                    || (!wanted.is_empty()
                        && !self.code.is_interface(owner)
                        && wanted.len() > 1
                        && wanted
                            .iter()
                            .all(|&name| self.methods.own(owner, name).is_some()))
            }
        }
    }

    /// Whether a type, or a struct that embeds it and so has its methods, has all of these.
    fn has_methods(&self, owner: TypeId, wanted: &[Symbol], depth: u32) -> bool {
        let has = |&name: &Symbol| self.find_method(owner, name, 0).is_some();
        wanted.iter().all(has)
            || (depth < 3
                && self
                    .methods
                    .embedders(owner)
                    .iter()
                    .take(MAX_EMBEDDERS)
                    .any(|&outer| self.has_methods(outer, wanted, depth + 1)))
    }

    /// Notes which structs embed which types; Go methods are promoted that way.
    pub(crate) fn embeddings(&self) -> Vec<(TypeId, TypeId)> {
        let mut found = Vec::new();
        for (file, facts) in self.code.code_files() {
            if facts.language.name() != "go" {
                continue;
            }
            for (index, def) in facts.types.iter().enumerate() {
                let outer = self.code.type_id(file, index);
                for field in def.fields.iter().filter(|field| field.embedded) {
                    if let Type::Def(inner) = self.written(file, field.type_ref)
                        && inner != outer
                    {
                        found.push((inner, outer));
                    }
                }
            }
        }
        found
    }

    /// Whether a method has as many parameters and results as the interface asks for, with types of the same names.
    fn signature_fits(&self, interface: TypeId, method: FunctionId) -> bool {
        let facts = self.code.function(method);
        let def = self.code.type_def(interface);
        let Some(wanted) = def.methods.iter().find(|wanted| wanted.name == facts.name) else {
            return true;
        };
        if wanted.params.len() != facts.params.len() || wanted.results.len() != facts.results.len()
        {
            return false;
        }
        let (there, here) = (self.code.type_place(interface).0, self.code.file_of(method));
        let params = facts
            .params
            .iter()
            .map(|&param| self.code.ir(here).local(param).type_ref);
        let given: Vec<_> = params.chain(facts.results.iter().copied()).collect();
        let asked = wanted.params.iter().chain(&wanted.results).copied();
        asked.zip(given).all(|(asked, given)| {
            match (self.type_name(there, asked), self.type_name(here, given)) {
                (Some(asked), Some(given)) => asked == given || asked == "any" || given == "any",
                _ => true,
            }
        })
    }

    fn type_name(&self, file: FileId, written: betwixt_facts::ir::TypeRefId) -> Option<Symbol> {
        match self.code.ir(file).type_ref(written) {
            betwixt_facts::ir::TypeRef::Named { name, .. } => Some(*name),
            betwixt_facts::ir::TypeRef::Pointer(inner) => self.type_name(file, *inner),
            _ => None,
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

/// How an edge of the call graph came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// A call.
    Call(CallSite),
    /// A function is written or named here and handed on; it is taken to be called.
    Reference,
    /// A call that another part of the program answers, over a protocol.
    Link(LinkId),
    /// A layer's call of `next`, which runs the next layer or the handler.
    Next(CallSite),
}

/// Callees of every call, and the graph between functions.
#[derive(Debug, Default)]
pub struct CallGraph {
    callees: Vec<Vec<Callee>>,
    /// Functions as nodes (node index = function id), calls and references as edges.
    pub graph: DiGraph<FunctionId, EdgeKind, u32>,
    callers: FxHashMap<FunctionId, Vec<CallSite>>,
    /// What calls of `next` run, by call.
    wrapped: FxHashMap<CallSite, Vec<FunctionId>>,
    /// Calls that other parts of the program answer; empty until they are found.
    pub links: Links,
}

impl CallGraph {
    /// Resolves every call; parallel over files, linear.
    #[must_use]
    pub fn new(resolver: &Resolver<'_>) -> Self {
        let code = resolver.code;
        let mut callees: Vec<Vec<Callee>> = code
            .files
            .par_iter()
            .enumerate()
            .map(|(index, facts)| {
                let Some(facts) = facts else {
                    return Vec::new();
                };
                let file = FileId(index as u32);
                (0..facts.ir.calls.len() as u32)
                    .map(|call| resolver.callee_at(file, CallId(call), 0))
                    .collect()
            })
            .collect();
        let mut values = FunctionValues::new(resolver, callers_of(code, &callees), &callees);
        // What is handed to a function that is itself called through a value is known only after that call is.
        for _ in 0..ROUNDS {
            let found = values.of_unknown(&callees);
            if found.is_empty() {
                break;
            }
            for (site, targets) in found {
                callees[site.file.0 as usize][site.call.index()] = many(targets);
            }
            values.callers = callers_of(code, &callees);
        }
        let callers = values.callers;
        let graph = build_graph(resolver, &callees);
        Self {
            callees,
            graph,
            callers,
            wrapped: FxHashMap::default(),
            links: Links::default(),
        }
    }

    /// Takes the links over and adds an edge for each whose callee runs because of it.
    pub(crate) fn add_links(&mut self, links: Links) {
        for id in links.ids() {
            let link = links.get(id);
            if link.kind.is_control() {
                let node = |function: FunctionId| NodeIndex::<u32>::new(function.index());
                self.graph
                    .add_edge(node(link.from), node(link.to), EdgeKind::Link(id));
            }
        }
        self.links = links;
    }

    /// Adds an edge for each function that a layer's call of `next` runs.
    pub(crate) fn add_wrapped(&mut self, wrapped: Vec<(CallSite, FunctionId, FunctionId)>) {
        for (site, from, to) in wrapped {
            let node = |function: FunctionId| NodeIndex::<u32>::new(function.index());
            self.graph
                .add_edge(node(from), node(to), EdgeKind::Next(site));
            self.wrapped.entry(site).or_default().push(to);
        }
    }

    /// The call an edge stands for; a function that is only handed on has none.
    #[must_use]
    pub fn site_of(&self, edge: EdgeKind) -> Option<CallSite> {
        match edge {
            EdgeKind::Call(site) | EdgeKind::Next(site) => Some(site),
            EdgeKind::Link(id) => Some(self.links.get(id).site),
            EdgeKind::Reference => None,
        }
    }

    /// What a call calls.
    #[must_use]
    pub fn callee(&self, site: CallSite) -> &Callee {
        &self.callees[site.file.0 as usize][site.call.index()]
    }

    /// The functions of the program that a call may run: its callees, and what a layer's call of `next` wraps; in order.
    #[must_use]
    pub fn may_run(&self, site: CallSite) -> Vec<FunctionId> {
        let mut found = self.callee(site).functions().to_vec();
        let wrapped = self.wrapped.get(&site).into_iter().flatten();
        found.extend(wrapped);
        found
    }

    /// The calls of a function, in file order.
    #[must_use]
    pub fn callers(&self, function: FunctionId) -> &[CallSite] {
        self.callers.get(&function).map_or(&[], Vec::as_slice)
    }

    /// How many edges join functions of the program.
    #[must_use]
    pub fn n_edges(&self) -> usize {
        self.graph.edge_count()
    }
}

fn many(targets: BTreeSet<FunctionId>) -> Callee {
    let targets: Vec<FunctionId> = targets.into_iter().collect();
    if targets.len() == 1 {
        Callee::One(targets[0])
    } else {
        Callee::Many(targets.into_boxed_slice())
    }
}

fn callers_of(code: &Code, callees: &[Vec<Callee>]) -> FxHashMap<FunctionId, Vec<CallSite>> {
    let mut callers: FxHashMap<FunctionId, Vec<CallSite>> = FxHashMap::default();
    for (file, _) in code.code_files() {
        for (call, callee) in callees[file.0 as usize].iter().enumerate() {
            for &function in callee.functions() {
                callers.entry(function).or_default().push(CallSite {
                    file,
                    call: CallId(call as u32),
                });
            }
        }
    }
    callers
}

fn build_graph(
    resolver: &Resolver<'_>,
    callees: &[Vec<Callee>],
) -> DiGraph<FunctionId, EdgeKind, u32> {
    let code = resolver.code;
    let mut graph = DiGraph::with_capacity(code.n_functions(), code.n_functions() * 3);
    for id in code.function_ids() {
        graph.add_node(id);
    }
    let node = |function: FunctionId| NodeIndex::<u32>::new(function.index());
    let edges: Vec<Vec<(FunctionId, FunctionId, EdgeKind)>> = code
        .files
        .par_iter()
        .enumerate()
        .map(|(index, facts)| match facts {
            Some(facts) => edges_of(resolver, FileId(index as u32), facts, &callees[index]),
            None => Vec::new(),
        })
        .collect();
    for (from, to, kind) in edges.into_iter().flatten() {
        graph.add_edge(node(from), node(to), kind);
    }
    graph
}

/// The edges that start in one file.
fn edges_of(
    resolver: &Resolver<'_>,
    file: FileId,
    facts: &betwixt_facts::FileFacts,
    callees: &[Callee],
) -> Vec<(FunctionId, FunctionId, EdgeKind)> {
    let code = resolver.code;
    let mut edges = Vec::new();
    for (index, call) in facts.ir.calls.iter().enumerate() {
        let from = code.function_id(file, call.function);
        let site = CallSite {
            file,
            call: CallId(index as u32),
        };
        let called = callees[index].functions().iter();
        edges.extend(called.map(|&to| (from, to, EdgeKind::Call(site))));
        for &arg in facts.ir.expr_list(call.args) {
            if matches!(facts.ir.kind(arg), ExprKind::Name(_) | ExprKind::Field(..))
                && let Some(to) = resolver.function_value(ExprRef { file, expr: arg })
            {
                edges.push((from, to, EdgeKind::Reference));
            }
        }
    }
    for (index, function) in facts.functions.iter().enumerate() {
        if let Some(parent) = function.parent {
            let to = code.function_id(file, FunctionIdx(index as u32));
            edges.push((code.function_id(file, parent), to, EdgeKind::Reference));
        }
    }
    edges
}
