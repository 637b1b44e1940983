//! TypeScript and JavaScript: a scope per file, imports by relative path, `tsconfig` paths and package exports.

use betwixt_base::workspace::{NodePackage, TsConfig, Workspace};
use betwixt_base::{FileId, Symbol};
use betwixt_facts::Export;
use betwixt_facts::ir::ExprKind;
use rustc_hash::FxHashMap;

use super::go::folder;
use super::{Def, Names, define};
use crate::ids::{ExprRef, ModuleId};
use crate::index::Code;

const EXTENSIONS: &[&str] = &[
    "",
    ".ts",
    ".tsx",
    ".mts",
    ".cts",
    ".js",
    ".jsx",
    ".mjs",
    ".cjs",
    ".svelte",
    ".vue",
    ".d.ts",
    "/index.ts",
    "/index.tsx",
    "/index.js",
    "/index.jsx",
    "/index.mjs",
    "/index.d.ts",
];

pub(super) fn build(workspace: &Workspace, code: &Code, names: &mut Names) {
    let files: Vec<FileId> = code
        .code_files()
        .filter(|(_, facts)| facts.language.name() == "typescript")
        .map(|(file, _)| file)
        .collect();
    for &file in &files {
        let module = names.new_module();
        names.file_module[file.0 as usize] = Some(module);
        let mut scope = std::mem::take(&mut names.scopes[module.index()]);
        define(code, file, None, &mut scope);
        names.scopes[module.index()] = scope;
    }
    let resolver = Resolver::new(workspace, names);
    let targets: Vec<FileTargets> = files
        .iter()
        .map(|&file| resolver.targets(workspace, code, file))
        .collect();
    for (&file, target) in files.iter().zip(&targets) {
        export(code, file, target, names);
    }
    for (&file, target) in files.iter().zip(&targets) {
        re_export(code, file, target, names);
    }
    // What a file imports and exports again must be known before others import it from there.
    for _ in 0..MAX_PASSED_ON {
        let mut is_news = false;
        for (&file, target) in files.iter().zip(&targets) {
            is_news |= pass_on(code, file, target, names);
        }
        if !is_news {
            break;
        }
    }
    for (&file, target) in files.iter().zip(&targets) {
        import(code, file, target, names);
    }
}

/// Most files in a row that only pass a name on.
const MAX_PASSED_ON: usize = 4;

/// Modules by the specifier a file names them with.
type FileTargets = FxHashMap<Symbol, ModuleId>;

fn export(code: &Code, file: FileId, _: &FileTargets, names: &mut Names) {
    let Some(module) = names.file_module[file.0 as usize] else {
        return;
    };
    let facts = code.facts(file);
    let mut scope = std::mem::take(&mut names.scopes[module.index()]);
    for export in facts.exports.iter().filter(|export| export.from.is_none()) {
        let def = scope
            .names
            .get(&export.local)
            .copied()
            .or_else(|| exported_value(code, file, export));
        if let Some(def) = def {
            scope.exports.insert(export.exported, def);
        }
    }
    names.scopes[module.index()] = scope;
}

fn exported_value(code: &Code, file: FileId, export: &Export) -> Option<Def> {
    let expr = export.value?;
    Some(match code.ir(file).kind(expr) {
        ExprKind::Closure(idx) => Def::Function(code.function_id(file, idx)),
        _ => Def::Value(ExprRef { file, expr }),
    })
}

fn re_export(code: &Code, file: FileId, targets: &FileTargets, names: &mut Names) {
    let Some(module) = names.file_module[file.0 as usize] else {
        return;
    };
    for export in &code.facts(file).exports {
        let Some(&from) = export.from.and_then(|from| targets.get(&from)) else {
            continue;
        };
        match (export.exported.as_str(), export.local.as_str()) {
            ("*", _) => names.scopes[module.index()].stars.push(from),
            (_, "*") => {
                names.scopes[module.index()]
                    .exports
                    .insert(export.exported, Def::Module(from));
            }
            _ => {
                if let Some(def) = names.export(from, export.local) {
                    names.scopes[module.index()]
                        .exports
                        .insert(export.exported, def);
                } else {
                    // The other file may pass it on itself and come later: follow it as a star.
                    names.scopes[module.index()].stars.push(from);
                }
            }
        }
    }
}

fn import(code: &Code, file: FileId, targets: &FileTargets, names: &mut Names) {
    for (local, def) in imported(code, file, targets, names, |_| true) {
        names.file_imports[file.0 as usize].insert(local, def);
    }
}

/// `import { A } from "./a"; export { A };`: says whether something became known by it.
fn pass_on(code: &Code, file: FileId, targets: &FileTargets, names: &mut Names) -> bool {
    let Some(module) = names.file_module[file.0 as usize] else {
        return false;
    };
    let exports = &code.facts(file).exports;
    let open: Vec<&Export> = exports
        .iter()
        .filter(|export| export.from.is_none())
        .filter(|export| {
            let known = &names.scopes[module.index()].exports;
            !known.contains_key(&export.exported)
        })
        .collect();
    if open.is_empty() {
        return false;
    }
    let is_passed_on = |local| open.iter().any(|export| export.local == local);
    let mut is_news = false;
    for (local, def) in imported(code, file, targets, names, is_passed_on) {
        for export in open.iter().filter(|export| export.local == local) {
            let known = &mut names.scopes[module.index()].exports;
            is_news |= known.insert(export.exported, def).is_none();
        }
    }
    is_news
}

/// What the wanted imports of a file mean, as far as it is known.
fn imported(
    code: &Code,
    file: FileId,
    targets: &FileTargets,
    names: &Names,
    is_wanted: impl Fn(Symbol) -> bool,
) -> Vec<(Symbol, Def)> {
    let mut found: Vec<(Symbol, Def)> = Vec::new();
    for import in &code.facts(file).imports {
        if !is_wanted(import.local) {
            continue;
        }
        let imported = import.imported.unwrap_or_default();
        let def = match targets.get(&import.path) {
            Some(&module) if imported == "*" || imported.is_empty() => Some(Def::Module(module)),
            Some(&module) => names.export(module, imported),
            None if import.path.as_str().starts_with('.') => None,
            None if imported == "*" => Some(Def::External {
                package: import.path,
                name: Symbol::empty(),
            }),
            None => Some(Def::External {
                package: import.path,
                name: imported,
            }),
        };
        found.extend(def.map(|def| (import.local, def)));
    }
    found
}

struct Resolver<'a> {
    by_path: FxHashMap<&'a str, ModuleId>,
    packages: FxHashMap<&'a str, &'a NodePackage>,
    configs: Vec<&'a TsConfig>,
}

impl<'a> Resolver<'a> {
    fn new(workspace: &'a Workspace, names: &Names) -> Self {
        let by_path = workspace
            .files
            .iter()
            .enumerate()
            .filter_map(|(index, file)| {
                Some((file.path.as_str(), names.file_module.get(index).copied()??))
            })
            .collect();
        let packages = workspace
            .node_packages
            .iter()
            .map(|package| (package.name.as_str(), package))
            .collect();
        let mut configs: Vec<&TsConfig> = workspace.ts_configs.iter().collect();
        configs.sort_by_key(|config| std::cmp::Reverse(config.dir.len()));
        Self {
            by_path,
            packages,
            configs,
        }
    }

    fn targets(&self, workspace: &Workspace, code: &Code, file: FileId) -> FileTargets {
        let path = workspace.file(file).path.as_str();
        let facts = code.facts(file);
        let specifiers = facts
            .imports
            .iter()
            .map(|import| import.path)
            .chain(facts.exports.iter().filter_map(|export| export.from));
        let mut targets = FileTargets::default();
        for specifier in specifiers {
            if !targets.contains_key(&specifier)
                && let Some(module) = self.resolve(path, specifier.as_str())
            {
                targets.insert(specifier, module);
            }
        }
        targets
    }

    fn resolve(&self, from: &str, specifier: &str) -> Option<ModuleId> {
        if specifier.starts_with('.') {
            return self.file(&join(folder(from), specifier)?);
        }
        self.by_config(from, specifier)
            .or_else(|| self.by_package(specifier))
    }

    fn by_config(&self, from: &str, specifier: &str) -> Option<ModuleId> {
        let configs = self.configs.iter().filter(|config| {
            config.dir.is_empty()
                || from
                    .strip_prefix(&config.dir)
                    .is_some_and(|rest| rest.starts_with('/'))
        });
        for config in configs {
            for (pattern, targets) in &config.paths {
                let Some(rest) = match_star(pattern, specifier) else {
                    continue;
                };
                let found = targets
                    .iter()
                    .find_map(|target| self.file(&normal(&target.replacen('*', rest, 1))?));
                if found.is_some() {
                    return found;
                }
            }
            if let Some(base) = &config.base_url
                && let Some(found) = join(base, specifier).and_then(|path| self.file(&path))
            {
                return Some(found);
            }
        }
        None
    }

    fn by_package(&self, specifier: &str) -> Option<ModuleId> {
        let (name, subpath) = split_package(specifier);
        let package = self.packages.get(name)?;
        let wanted = if subpath.is_empty() {
            ".".to_owned()
        } else {
            format!("./{subpath}")
        };
        let exported = package.exports.iter().filter_map(|(pattern, target)| {
            let rest = match_star(pattern, &wanted)?;
            join(&package.dir, &target.replacen('*', rest, 1))
        });
        let direct = join(&package.dir, subpath).into_iter();
        let in_src = join(&package.dir, &format!("src/{subpath}")).into_iter();
        exported
            .chain(direct)
            .chain(in_src)
            .find_map(|path| self.file(&path))
    }

    fn file(&self, path: &str) -> Option<ModuleId> {
        let direct = |base: &str| {
            let mut candidate = String::with_capacity(base.len() + 12);
            EXTENSIONS.iter().find_map(|extension| {
                candidate.clear();
                candidate.push_str(base.trim_end_matches('/'));
                candidate.push_str(extension);
                self.by_path.get(candidate.trim_start_matches('/')).copied()
            })
        };
        direct(path).or_else(|| {
            // `./db.js` is written for the built file; its source is `./db.ts`.
            let stem = [".js", ".jsx", ".mjs", ".cjs"]
                .iter()
                .find_map(|end| path.strip_suffix(end))?;
            direct(stem)
        })
    }
}

/// What `*` stands for when `text` has the form of `pattern`.
fn match_star<'t>(pattern: &str, text: &'t str) -> Option<&'t str> {
    match pattern.split_once('*') {
        None => (pattern == text).then_some(""),
        Some((before, after)) => text
            .strip_prefix(before)?
            .strip_suffix(after)
            .filter(|_| text.len() >= before.len() + after.len()),
    }
}

fn split_package(specifier: &str) -> (&str, &str) {
    let skip = if specifier.starts_with('@') {
        specifier.find('/').map_or(0, |at| at + 1)
    } else {
        0
    };
    match specifier[skip..].find('/') {
        Some(at) => (&specifier[..skip + at], &specifier[skip + at + 1..]),
        None => (specifier, ""),
    }
}

fn join(base: &str, relative: &str) -> Option<String> {
    normal(&format!("{base}/{relative}"))
}

/// Removes `.` and `..`; `None` when the path leaves the root.
fn normal(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_joined_and_stay_inside() {
        assert_eq!(join("a/b", "../c/./d"), Some("a/c/d".to_owned()));
        assert_eq!(join("a", "../../x"), None);
    }

    #[test]
    fn a_star_stands_for_the_rest() {
        assert_eq!(match_star("@/*", "@/lib/db"), Some("lib/db"));
        assert_eq!(match_star("@/*", "react"), None);
        assert_eq!(match_star("./server", "./server"), Some(""));
    }

    #[test]
    fn scoped_packages_keep_their_scope() {
        assert_eq!(split_package("@acme/db/client"), ("@acme/db", "client"));
        assert_eq!(split_package("lodash/fp"), ("lodash", "fp"));
    }
}
