//! `Cargo.toml`: packages, their crates, and which of their dependencies lie in the tree.

use betwixt_base::Problem;
use betwixt_base::workspace::CargoPackage;
use toml::{Table, Value};

use super::{Tree, malformed};
use crate::path;

/// A `Cargo.toml` as it is written.
pub(crate) struct RawManifest {
    dir: String,
    table: Table,
}

/// Reads a manifest.
///
/// # Errors
///
/// It is no TOML.
pub(crate) fn read(dir: &str, text: &str) -> Result<RawManifest, Problem> {
    let table = text.parse::<Table>().map_err(|error| {
        let line = error.span().and_then(|span| text.get(..span.start));
        let line =
            line.map(|before| before.bytes().filter(|&byte| byte == b'\n').count() as u32 + 1);
        malformed(line, error.message())
    })?;
    Ok(RawManifest {
        dir: dir.to_owned(),
        table,
    })
}

/// All packages, sorted by folder.
pub(crate) fn resolve(manifests: &[RawManifest], tree: &Tree<'_>) -> Vec<CargoPackage> {
    let mut packages: Vec<CargoPackage> = manifests
        .iter()
        .filter_map(|manifest| manifest.package(manifests, tree))
        .collect();
    packages.sort_by(|a, b| a.dir.cmp(&b.dir));
    packages
}

/// A dependency as code says it.
struct Dependency {
    name: String,
    dir: Option<String>,
}

impl RawManifest {
    fn package(&self, all: &[RawManifest], tree: &Tree<'_>) -> Option<CargoPackage> {
        let name = self.table.get("package")?.get("name")?.as_str()?;
        let dependencies = self.dependencies(all);
        let mut names: Vec<String> = dependencies
            .iter()
            .map(|dependency| dependency.name.clone())
            .collect();
        names.sort_unstable();
        names.dedup();
        let mut path_dependencies: Vec<(String, String)> = dependencies
            .into_iter()
            .filter_map(|dependency| Some((dependency.name, dependency.dir?)))
            .collect();
        path_dependencies.sort_unstable();
        path_dependencies.dedup();
        Some(CargoPackage {
            dir: self.dir.clone(),
            name: self.library_name().unwrap_or_else(|| in_code(name)),
            roots: self.roots(name, tree),
            path_dependencies,
            dependencies: names,
        })
    }

    /// The name code uses for the library.
    fn library_name(&self) -> Option<String> {
        let named = self
            .table
            .get("lib")
            .and_then(|library| library.get("name"))
            .and_then(Value::as_str);
        let package = || self.table.get("package")?.get("name")?.as_str();
        named.or_else(package).map(in_code)
    }

    /// The files in which crates begin: the library's, then the binaries', as far as they exist.
    fn roots(&self, package: &str, tree: &Tree<'_>) -> Vec<String> {
        let mut roots = Vec::new();
        let mut add = |relative: &str| {
            if let Some(file) = path::join(&self.dir, relative).filter(|file| tree.has_file(file))
                && !roots.contains(&file)
            {
                roots.push(file);
            }
        };
        add(self
            .table
            .get("lib")
            .and_then(|lib| lib.get("path"))
            .and_then(Value::as_str)
            .unwrap_or("src/lib.rs"));
        for binary in self
            .table
            .get("bin")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let name = binary
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or(package);
            match binary.get("path").and_then(Value::as_str) {
                Some(path) => add(path),
                None if name == package => add("src/main.rs"),
                None => {
                    add(&format!("src/bin/{name}.rs"));
                    add(&format!("src/bin/{name}/main.rs"));
                }
            }
        }
        let options = self.table.get("package");
        if options
            .and_then(|package| package.get("autobins"))
            .and_then(Value::as_bool)
            .unwrap_or(true)
        {
            add("src/main.rs");
            let folder = path::child(&self.dir, "src/bin");
            for file in tree.below(&folder) {
                let below = &file[folder.len() + 1..];
                if !below.contains('/') && below.ends_with(".rs")
                    || below.ends_with("/main.rs") && below.matches('/').count() == 1
                {
                    add(&format!("src/bin/{below}"));
                }
            }
        }
        roots
    }

    fn dependencies(&self, all: &[RawManifest]) -> Vec<Dependency> {
        let workspace = self.workspace(all);
        let targets = self.table.get("target").and_then(Value::as_table);
        let tables = targets
            .into_iter()
            .flat_map(Table::values)
            .filter_map(Value::as_table);
        std::iter::once(&self.table)
            .chain(tables)
            .flat_map(|table| {
                ["dependencies", "dev-dependencies", "build-dependencies"]
                    .map(|kind| table.get(kind))
            })
            .filter_map(|dependencies| dependencies?.as_table())
            .flat_map(Table::iter)
            .map(|(name, value)| self.dependency(name, value, workspace, all))
            .collect()
    }

    fn dependency(
        &self,
        name: &str,
        value: &Value,
        workspace: Option<&RawManifest>,
        all: &[RawManifest],
    ) -> Dependency {
        let is_inherited = value
            .get("workspace")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        let (value, from) = match workspace.filter(|_| is_inherited) {
            Some(workspace) => {
                let shared = workspace
                    .table
                    .get("workspace")
                    .and_then(|table| table.get("dependencies")?.get(name));
                (shared.unwrap_or(value), workspace.dir.as_str())
            }
            None => (value, self.dir.as_str()),
        };
        let dir = value
            .get("path")
            .and_then(Value::as_str)
            .and_then(|path| path::join(from, path));
        let is_renamed = value.get("package").is_some();
        // A crate that is not renamed is called what its own manifest says.
        let target = dir
            .as_ref()
            .filter(|_| !is_renamed)
            .and_then(|dir| all.iter().find(|other| other.dir == *dir));
        let name = target
            .and_then(RawManifest::library_name)
            .unwrap_or_else(|| in_code(name));
        Dependency { name, dir }
    }

    /// The workspace this package is in: its own, the one it names, or the nearest around it.
    fn workspace<'a>(&'a self, all: &'a [RawManifest]) -> Option<&'a RawManifest> {
        let is_workspace = |manifest: &&RawManifest| manifest.table.contains_key("workspace");
        if is_workspace(&self) {
            return Some(self);
        }
        let named = self
            .table
            .get("package")
            .and_then(|package| package.get("workspace"))
            .and_then(Value::as_str);
        if let Some(dir) = named.and_then(|named| path::join(&self.dir, named)) {
            return all.iter().find(|manifest| manifest.dir == dir);
        }
        all.iter()
            .filter(is_workspace)
            .filter(|manifest| path::is_within(&self.dir, &manifest.dir))
            .max_by_key(|manifest| manifest.dir.len())
    }
}

/// A package name as code says it.
fn in_code(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(manifests: &[(&str, &str)], files: &[&str]) -> Vec<CargoPackage> {
        let manifests: Vec<_> = manifests
            .iter()
            .map(|(dir, text)| read(dir, text).unwrap())
            .collect();
        let mut files = files.to_vec();
        files.sort_unstable();
        resolve(&manifests, &Tree::of_paths(files))
    }

    #[test]
    fn inherited_renamed_and_plain_path_dependencies() {
        let root = "[workspace]\nmembers = [\"crates/*\"]\n[workspace.dependencies]\nacme-db = { path = \"crates/db\" }\nserde = \"1\"\n";
        let api = "[package]\nname = \"acme-api\"\n[dependencies]\nacme-db.workspace = true\nserde = { workspace = true }\nmodel = { package = \"acme-model\", path = \"../model\" }\n[target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n";
        let db = "[package]\nname = \"acme-db\"\n[lib]\nname = \"store\"\n";
        let model = "[package]\nname = \"acme-model\"\n";
        let found = packages(
            &[
                ("", root),
                ("crates/api", api),
                ("crates/db", db),
                ("crates/model", model),
            ],
            &[],
        );
        let names: Vec<_> = found.iter().map(|package| package.name.as_str()).collect();
        assert_eq!(names, ["acme_api", "store", "acme_model"]);
        let expected = [("model", "crates/model"), ("store", "crates/db")];
        assert_eq!(
            found[0].path_dependencies,
            expected.map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
        assert_eq!(found[0].dependencies, ["libc", "model", "serde", "store"]);
    }

    #[test]
    fn crates_begin_where_cargo_looks() {
        let files = [
            "a/src/lib.rs",
            "a/src/main.rs",
            "a/src/bin/x.rs",
            "a/src/bin/y/main.rs",
            "a/src/bin/y/z.rs",
            "a/src/other.rs",
        ];
        let found = packages(&[("a", "[package]\nname = \"a\"\n")], &files);
        assert_eq!(
            found[0].roots,
            [
                "a/src/lib.rs",
                "a/src/main.rs",
                "a/src/bin/x.rs",
                "a/src/bin/y/main.rs"
            ]
        );
        let explicit = "[package]\nname = \"a\"\nautobins = false\n[[bin]]\nname = \"o\"\npath = \"src/other.rs\"\n[[bin]]\nname = \"x\"\n";
        let found = packages(&[("a", explicit)], &files);
        assert_eq!(
            found[0].roots,
            ["a/src/lib.rs", "a/src/other.rs", "a/src/bin/x.rs"]
        );
    }

    #[test]
    fn broken_toml_is_a_problem_with_its_line() {
        assert_eq!(
            read("", "[package]\nname = \n").err().unwrap().line,
            Some(2)
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s)(\\[package\\]|\\[workspace\\]|\\[dependencies\\]|\\[\\[bin\\]\\]|name|path|workspace|[ \n=\".a/\\[\\]{}]){0,60}") {
            if let Ok(manifest) = read("a", &text) {
                resolve(&[manifest], &Tree::default());
            }
        }
    }
}
