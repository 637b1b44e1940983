//! What a name means: definitions by scope, imports followed across files, packages and workspaces.
//!
//! One scope per Go package, TypeScript file and Rust module. A name that leaves the tree becomes
//! [`Def::External`] with the package it comes from, which is what models are matched by.

mod go;
mod rust;
mod typescript;

use betwixt_base::workspace::Workspace;
use betwixt_base::{FileId, Language, Symbol};
use rustc_hash::FxHashMap;

use crate::ids::{ExprRef, FunctionId, GlobalId, ModuleId, TypeId};
use crate::index::{Code, Methods};

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Def {
    /// A function.
    Function(FunctionId),
    /// A type.
    Type(TypeId),
    /// A package-level or module-level variable.
    Global(GlobalId),
    /// A package, file or module as a whole.
    Module(ModuleId),
    /// An exported value without a name.
    Value(ExprRef),
    /// Something outside the tree: the package and the name in it (empty for the package itself; dots or `::` inside).
    External {
        /// Import path, npm package or crate.
        package: Symbol,
        /// Name in the package.
        name: Symbol,
    },
}

/// Most modules one name is looked for in through `export *`.
const MAX_BARRELS: usize = 400;

/// One scope of names.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// What is defined here (and, in TypeScript and Rust, imported).
    pub(crate) names: FxHashMap<Symbol, Def>,
    /// What others see under which name (TypeScript).
    pub(crate) exports: FxHashMap<Symbol, Def>,
    /// Modules whose exports are passed on or imported whole.
    pub(crate) stars: Vec<ModuleId>,
    /// The module around (Rust).
    pub(crate) parent: Option<ModuleId>,
}

/// All scopes.
#[derive(Debug, Default)]
pub struct Names {
    scopes: Vec<Scope>,
    file_module: Vec<Option<ModuleId>>,
    /// Go: what each file imports, by local name.
    file_imports: Vec<FxHashMap<Symbol, Def>>,
    /// Rust: modules inside files and crates by name.
    rust: rust::RustModules,
    /// Types by bare name, for last resorts.
    types_by_name: FxHashMap<Symbol, Vec<TypeId>>,
}

impl Names {
    /// Resolves every import and definition; linear in their number.
    #[must_use]
    pub fn new(workspace: &Workspace, code: &Code) -> Self {
        let mut names = Self {
            file_module: vec![None; code.files.len()],
            file_imports: std::iter::repeat_with(FxHashMap::default)
                .take(code.files.len())
                .collect(),
            ..Self::default()
        };
        for index in 0..code.n_types() {
            let id = TypeId(index as u32);
            names
                .types_by_name
                .entry(code.type_def(id).name)
                .or_default()
                .push(id);
        }
        go::build(workspace, code, &mut names);
        typescript::build(workspace, code, &mut names);
        rust::build(workspace, code, &mut names);
        names
    }

    /// Methods by their types. Needs the scopes, because a method may stand in another file than its type.
    #[must_use]
    pub fn methods(&self, code: &Code) -> Methods {
        let mut methods = Methods::default();
        for id in code.function_ids() {
            let function = code.function(id);
            let Some(receiver) = function.receiver_type else {
                continue;
            };
            methods.add_name(function.name, id);
            let file = code.file_of(id);
            let owner = match code.facts(file).language {
                Language::Rust => self.resolve_in(file, function.module, receiver),
                _ => self.resolve(file, receiver),
            };
            match owner {
                Some(Def::Type(owner)) => methods.add(owner, function.name, id),
                _ => {
                    let index = code
                        .facts(file)
                        .types
                        .iter()
                        .position(|known| known.name == receiver);
                    if let Some(index) = index {
                        methods.add(code.type_id(file, index), function.name, id);
                    }
                }
            }
        }
        methods
    }

    /// What an unqualified name (or a Rust path) means at the top of a file.
    #[must_use]
    pub fn resolve(&self, file: FileId, name: Symbol) -> Option<Def> {
        self.resolve_in(file, Symbol::empty(), name)
    }

    /// The same inside a nested Rust module.
    #[must_use]
    pub fn resolve_in(&self, file: FileId, module: Symbol, name: Symbol) -> Option<Def> {
        if let Some(&def) = self.file_imports[file.0 as usize].get(&name) {
            return Some(def);
        }
        if self.rust.is_rust(file) {
            return rust::resolve_path(self, file, module, name.as_str(), 0);
        }
        let module = self.file_module[file.0 as usize]?;
        let scope = &self.scopes[module.index()];
        scope.names.get(&name).copied().or_else(|| {
            scope
                .stars
                .iter()
                .find_map(|&star| self.scopes[star.index()].names.get(&name).copied())
        })
    }

    /// The member of a module or external package.
    #[must_use]
    pub fn member(&self, of: Def, name: Symbol) -> Option<Def> {
        match of {
            Def::Module(module) => self.export(module, name),
            Def::External {
                package,
                name: outer,
            } if outer.is_empty() => Some(Def::External { package, name }),
            Def::External {
                package,
                name: outer,
            } => Some(Def::External {
                package,
                name: Symbol::new(&format!("{outer}.{name}")),
            }),
            _ => None,
        }
    }

    fn export(&self, module: ModuleId, name: Symbol) -> Option<Def> {
        // Barrel files pass each other on in circles: every module is asked once.
        let mut seen = vec![module];
        let mut at = 0;
        while let Some(&current) = seen.get(at) {
            at += 1;
            let scope = &self.scopes[current.index()];
            if let Some(&def) = scope.exports.get(&name) {
                return Some(def);
            }
            if scope.exports.is_empty()
                && let Some(&def) = scope.names.get(&name)
            {
                return Some(def);
            }
            for &star in &scope.stars {
                if seen.len() < MAX_BARRELS && !seen.contains(&star) {
                    seen.push(star);
                }
            }
        }
        None
    }

    /// The scope a file's top-level code is in.
    #[must_use]
    pub fn module_of(&self, file: FileId) -> Option<ModuleId> {
        self.file_module[file.0 as usize]
    }

    /// Whether the file is Rust.
    #[must_use]
    pub fn is_rust(&self, file: FileId) -> bool {
        self.rust.is_rust(file)
    }

    /// Types of that bare name anywhere, in id order.
    #[must_use]
    pub fn types_named(&self, name: Symbol) -> &[TypeId] {
        self.types_by_name.get(&name).map_or(&[], Vec::as_slice)
    }

    fn new_module(&mut self) -> ModuleId {
        self.scopes.push(Scope::default());
        ModuleId(self.scopes.len() as u32 - 1)
    }
}

/// Puts a file's own top-level definitions into a scope.
fn define(code: &Code, file: FileId, module: Option<Symbol>, scope: &mut Scope) {
    let facts = code.facts(file);
    let here = |found: Symbol| module.is_none_or(|wanted| wanted == found);
    for (index, global) in facts.globals.iter().enumerate() {
        if here(global.module) {
            scope
                .names
                .entry(global.name)
                .or_insert(Def::Global(code.global_id(file, index)));
        }
    }
    for (index, def) in facts.types.iter().enumerate() {
        if here(def.module) {
            scope
                .names
                .entry(def.name)
                .or_insert(Def::Type(code.type_id(file, index)));
        }
    }
    for (index, function) in facts.functions.iter().enumerate().skip(1) {
        let is_top = function.parent.is_none_or(|parent| parent.0 == 0);
        let is_named = !function.flags.is_closure || scope.names.contains_key(&function.name);
        if is_top && is_named && function.receiver_type.is_none() && here(function.module) {
            let id = code.function_id(file, betwixt_facts::ir::FunctionIdx(index as u32));
            let replaces = !matches!(
                scope.names.get(&function.name),
                Some(Def::Function(_) | Def::Type(_))
            );
            if replaces && !binds_other(facts, function, &scope.names) {
                scope.names.insert(function.name, Def::Function(id));
            }
        }
    }
}

/// `const api = wrap(() => …)`: the closure is called like the constant but is not its value.
fn binds_other(
    facts: &betwixt_facts::FileFacts,
    function: &betwixt_facts::Function,
    names: &FxHashMap<Symbol, Def>,
) -> bool {
    if !function.flags.is_closure || !names.contains_key(&function.name) {
        return false;
    }
    let global = facts
        .globals
        .iter()
        .find(|global| global.name == function.name);
    global.and_then(|global| global.init).is_some_and(|init| {
        !matches!(facts.ir.kind(init), betwixt_facts::ir::ExprKind::Closure(idx)
            if std::ptr::eq(&raw const facts.functions[idx.index()], function))
    })
}
