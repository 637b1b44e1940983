//! Go: a scope per package folder, imports by module path.

use betwixt_base::workspace::Workspace;
use betwixt_base::{FileId, Language, Symbol};
use rustc_hash::FxHashMap;

use super::{Def, Names, define};
use crate::ids::ModuleId;
use crate::index::Code;

pub(super) fn build(workspace: &Workspace, code: &Code, names: &mut Names) {
    let mut packages: FxHashMap<(String, Symbol), ModuleId> = FxHashMap::default();
    let mut by_dir: FxHashMap<String, ModuleId> = FxHashMap::default();
    for (file, facts) in code.code_files() {
        if facts.language != Language::Go {
            continue;
        }
        let dir = folder(&workspace.file(file).path).to_owned();
        let package = facts.package.unwrap_or_default();
        let module = *packages
            .entry((dir.clone(), package))
            .or_insert_with(|| names.new_module());
        if !package.as_str().ends_with("_test") {
            by_dir.entry(dir).or_insert(module);
        }
        names.file_module[file.0 as usize] = Some(module);
        let mut scope = std::mem::take(&mut names.scopes[module.index()]);
        define(code, file, None, &mut scope);
        names.scopes[module.index()] = scope;
    }
    let resolver = Imports::new(workspace, &by_dir);
    for (file, facts) in code.code_files() {
        if facts.language == Language::Go {
            import(&resolver, file, facts, names);
        }
    }
}

fn import(
    resolver: &Imports<'_>,
    file: FileId,
    facts: &betwixt_facts::FileFacts,
    names: &mut Names,
) {
    for import in &facts.imports {
        let def = match resolver.package(import.path.as_str()) {
            Some(module) => Def::Module(module),
            None => Def::External {
                package: import.path,
                name: Symbol::empty(),
            },
        };
        match (import.local.as_str(), def) {
            (".", Def::Module(module)) => {
                if let Some(own) = names.file_module[file.0 as usize] {
                    names.scopes[own.index()].stars.push(module);
                }
            }
            ("." | "_", _) => {}
            _ => {
                names.file_imports[file.0 as usize].insert(import.local, def);
            }
        }
    }
}

struct Imports<'a> {
    /// Module paths with their folders, longest path first.
    modules: Vec<(&'a str, &'a str)>,
    by_dir: &'a FxHashMap<String, ModuleId>,
}

impl<'a> Imports<'a> {
    fn new(workspace: &'a Workspace, by_dir: &'a FxHashMap<String, ModuleId>) -> Self {
        let mut modules: Vec<(&str, &str)> = workspace
            .go_modules
            .iter()
            .map(|module| (module.path.as_str(), module.dir.as_str()))
            .collect();
        for module in &workspace.go_modules {
            modules.extend(
                module
                    .replaces
                    .iter()
                    .map(|(path, dir)| (path.as_str(), dir.as_str())),
            );
        }
        modules.sort_by_key(|(path, dir)| (std::cmp::Reverse(path.len()), *path, *dir));
        Self { modules, by_dir }
    }

    fn package(&self, path: &str) -> Option<ModuleId> {
        self.modules.iter().find_map(|(module, dir)| {
            let rest = path.strip_prefix(module)?;
            if !rest.is_empty() && !rest.starts_with('/') {
                return None;
            }
            let rest = rest.trim_start_matches('/');
            let folder = match (dir.is_empty(), rest.is_empty()) {
                (true, _) => rest.to_owned(),
                (false, true) => (*dir).to_owned(),
                (false, false) => format!("{dir}/{rest}"),
            };
            self.by_dir.get(&folder).copied()
        })
    }
}

/// The folder of a path, empty at the root.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}
