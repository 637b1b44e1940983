//! Rust: a scope per module, modules by file path below a crate root and by nested `mod`.

use betwixt_base::workspace::Workspace;
use betwixt_base::{FileId, Language, Symbol};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Def, Names, define};
use crate::ids::ModuleId;
use crate::index::Code;

const MAX_HOPS: u32 = 12;

/// Modules of all crates.
#[derive(Debug, Default)]
pub(super) struct RustModules {
    files: FxHashSet<FileId>,
    /// Nested modules by file and path inside it; the path is empty for the file itself.
    inner: FxHashMap<(FileId, Symbol), ModuleId>,
    /// Crate roots by the name code uses.
    crates: FxHashMap<Symbol, ModuleId>,
    /// The crate root of every module.
    root: FxHashMap<ModuleId, ModuleId>,
    /// `use` of each module: local name to path, globs apart.
    uses: FxHashMap<ModuleId, Uses>,
    /// Modules each module imports whole.
    globs: FxHashMap<ModuleId, Vec<ModuleId>>,
}

#[derive(Debug, Default)]
struct Uses {
    named: FxHashMap<Symbol, String>,
    globs: Vec<String>,
}

impl RustModules {
    pub(super) fn is_rust(&self, file: FileId) -> bool {
        self.files.contains(&file)
    }
}

pub(super) fn build(workspace: &Workspace, code: &Code, names: &mut Names) {
    let mut by_path: FxHashMap<(Symbol, String), ModuleId> = FxHashMap::default();
    for (file, facts) in code.code_files() {
        if facts.language != Language::Rust {
            continue;
        }
        names.rust.files.insert(file);
        let (krate, path) = module_path(workspace, &workspace.file(file).path);
        let inner: Vec<Symbol> = inner_modules(facts);
        let module = module(names, &mut by_path, krate, &path);
        names.file_module[file.0 as usize] = Some(module);
        fill(names, code, file, module, Symbol::empty());
        for nested in inner {
            let path = if path.is_empty() {
                nested.to_string()
            } else {
                format!("{path}::{nested}")
            };
            let id = self::module(names, &mut by_path, krate, &path);
            fill(names, code, file, id, nested);
        }
    }
    resolve_globs(names);
}

/// Finds the modules of `use path::*`. Their paths are taken not to go through other globs.
fn resolve_globs(names: &mut Names) {
    let mut found: Vec<(ModuleId, Vec<ModuleId>)> = Vec::new();
    for index in 0..names.scopes.len() as u32 {
        let module = ModuleId(index);
        let Some(uses) = names.rust.uses.get(&module) else {
            continue;
        };
        let mut targets = Vec::new();
        for glob in &uses.globs {
            if let Some(Def::Module(from)) = in_module(names, module, glob, 0)
                && from != module
                && !targets.contains(&from)
            {
                targets.push(from);
            }
        }
        found.push((module, targets));
    }
    names.rust.globs.extend(found);
}

fn fill(names: &mut Names, code: &Code, file: FileId, module: ModuleId, inner: Symbol) {
    names.rust.inner.insert((file, inner), module);
    let mut scope = std::mem::take(&mut names.scopes[module.index()]);
    define(code, file, Some(inner), &mut scope);
    names.scopes[module.index()] = scope;
    let uses = names.rust.uses.entry(module).or_default();
    for import in code
        .facts(file)
        .imports
        .iter()
        .filter(|import| import.module == inner)
    {
        match import.imported.map(Symbol::as_str) {
            Some("*") => uses.globs.push(import.path.to_string()),
            Some("self") | None => {
                uses.named.insert(import.local, import.path.to_string());
            }
            Some(last) if import.path.is_empty() => {
                uses.named.insert(import.local, last.to_owned());
            }
            Some(last) => {
                uses.named
                    .insert(import.local, format!("{}::{last}", import.path));
            }
        }
    }
}

/// The module of that path, made with all modules around it.
fn module(
    names: &mut Names,
    by_path: &mut FxHashMap<(Symbol, String), ModuleId>,
    krate: Symbol,
    path: &str,
) -> ModuleId {
    if let Some(&known) = by_path.get(&(krate, path.to_owned())) {
        return known;
    }
    let id = names.new_module();
    by_path.insert((krate, path.to_owned()), id);
    if path.is_empty() {
        names.rust.crates.insert(krate, id);
        names.rust.root.insert(id, id);
        return id;
    }
    let (outer, last) = path.rsplit_once("::").unwrap_or(("", path));
    let parent = module(names, by_path, krate, outer);
    names.scopes[id.index()].parent = Some(parent);
    names.scopes[parent.index()]
        .names
        .entry(Symbol::new(last))
        .or_insert(Def::Module(id));
    let root = names.rust.root[&parent];
    names.rust.root.insert(id, root);
    id
}

fn inner_modules(facts: &betwixt_facts::FileFacts) -> Vec<Symbol> {
    let mut found: Vec<Symbol> = facts
        .functions
        .iter()
        .map(|function| function.module)
        .chain(facts.types.iter().map(|def| def.module))
        .chain(facts.globals.iter().map(|global| global.module))
        .chain(facts.imports.iter().map(|import| import.module))
        .filter(|module| !module.is_empty())
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The crate a file belongs to and its module path below the crate's root: `src/a/b.rs` is `a::b`.
fn module_path(workspace: &Workspace, path: &str) -> (Symbol, String) {
    let package = workspace
        .cargo_packages
        .iter()
        .filter(|package| {
            package.dir.is_empty()
                || path
                    .strip_prefix(&package.dir)
                    .is_some_and(|r| r.starts_with('/'))
        })
        .max_by_key(|package| package.dir.len());
    let Some(package) = package else {
        return (Symbol::new(path), String::new());
    };
    let krate = Symbol::new(&package.name);
    if package.roots.iter().any(|root| root == path) {
        return (krate, String::new());
    }
    let inside = path
        .strip_prefix(&package.dir)
        .unwrap_or(path)
        .trim_start_matches('/');
    let inside = inside.strip_prefix("src/").unwrap_or(inside);
    let inside = inside.strip_suffix(".rs").unwrap_or(inside);
    let inside = inside.strip_suffix("/mod").unwrap_or(inside);
    let module = match inside {
        "lib" | "main" | "mod" => String::new(),
        other => other.replace('/', "::").replace('-', "_"),
    };
    (krate, module)
}

/// What a path means inside a module of a file.
pub(super) fn resolve_path(
    names: &Names,
    file: FileId,
    inner: Symbol,
    path: &str,
    depth: u32,
) -> Option<Def> {
    let module = names
        .rust
        .inner
        .get(&(file, inner))
        .or_else(|| names.rust.inner.get(&(file, Symbol::empty())))
        .copied()?;
    in_module(names, module, path, depth)
}

fn in_module(names: &Names, module: ModuleId, path: &str, depth: u32) -> Option<Def> {
    if depth > MAX_HOPS {
        return None;
    }
    let path = path.trim_start_matches("::");
    let (first, rest) = path
        .split_once("::")
        .map_or((path, None), |(first, rest)| (first, Some(rest)));
    let start = match first {
        "crate" => Def::Module(*names.rust.root.get(&module)?),
        "self" => Def::Module(module),
        "super" => Def::Module(names.scopes[module.index()].parent?),
        _ => first_segment(names, module, first, depth)?,
    };
    match rest {
        None => Some(start),
        Some(rest) => descend(names, start, rest, depth),
    }
}

fn first_segment(names: &Names, module: ModuleId, first: &str, depth: u32) -> Option<Def> {
    let symbol = Symbol::new(first);
    if let Some(&def) = names.scopes[module.index()].names.get(&symbol) {
        return Some(def);
    }
    if let Some(uses) = names.rust.uses.get(&module)
        && let Some(path) = uses.named.get(&symbol)
        && path != first
    {
        return absolute(names, module, path, depth + 1);
    }
    for &from in names.rust.globs.get(&module).into_iter().flatten() {
        if let Some(def) = public_name(names, from, symbol, depth + 1) {
            return Some(def);
        }
    }
    if let Some(&root) = names.rust.crates.get(&symbol) {
        return Some(Def::Module(root));
    }
    let is_crate_like = first.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    is_crate_like.then(|| Def::External {
        package: symbol,
        name: Symbol::empty(),
    })
}

/// A path of a `use`: from the module for `self`, `super`, `crate` and modules in scope, else a crate.
fn absolute(names: &Names, module: ModuleId, path: &str, depth: u32) -> Option<Def> {
    in_module(names, module, path, depth)
}

/// A name another module sees here: a definition or something passed on by `use`.
fn public_name(names: &Names, module: ModuleId, name: Symbol, depth: u32) -> Option<Def> {
    if let Some(&def) = names.scopes[module.index()].names.get(&name) {
        return Some(def);
    }
    if depth > MAX_HOPS {
        return None;
    }
    let uses = names.rust.uses.get(&module)?;
    if let Some(path) = uses.named.get(&name) {
        return absolute(names, module, path, depth + 1);
    }
    // One glob after another, but not deeper: `prelude` modules pass on, they do not nest.
    if depth > 2 {
        return None;
    }
    let globs = names.rust.globs.get(&module).into_iter().flatten();
    globs
        .filter_map(|from| names.scopes[from.index()].names.get(&name))
        .next()
        .copied()
}

fn descend(names: &Names, start: Def, rest: &str, depth: u32) -> Option<Def> {
    let mut current = start;
    for segment in rest.split("::") {
        let symbol = Symbol::new(segment);
        current = match current {
            Def::Module(module) => public_name(names, module, symbol, depth + 1)?,
            Def::External { package, name } if name.is_empty() => Def::External {
                package,
                name: symbol,
            },
            Def::External { package, name } => Def::External {
                package,
                name: Symbol::new(&format!("{name}::{segment}")),
            },
            // An associated function or a variant: the caller asks the type.
            other => return Some(other),
        };
    }
    Some(current)
}
