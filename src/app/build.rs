//! Puts the rules, their pages and the library models into the binary, sorted by path; and a name for all the code
//! and data that results depend on, so that nothing a former binary kept is taken for what this one would say.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = manifest.join("../..").canonicalize()?;
    let mut out = String::new();
    let rules = files(&root, "rules")?;
    table(
        &mut out,
        "RULES",
        rules.iter().filter(|path| has_extension(path, "yml")),
        &root,
    );
    table(
        &mut out,
        "PAGES",
        rules.iter().filter(|path| is_page(path)),
        &root,
    );
    let grammars = files(&root, "grammars")?;
    let is_model = |path: &&PathBuf| {
        has_extension(path, "yml") && path.parent().is_some_and(|dir| dir.ends_with("models"))
    };
    table(&mut out, "MODELS", grammars.iter().filter(is_model), &root);
    println!("cargo::rustc-env=BETWIXT_ANALYSIS={}", analysis(&root)?);
    let target = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("builtin.rs");
    fs::write(target, out)
}

/// Everything between a text and its hits. Reports, agents and the ledger come after that.
const ANALYSIS: [&str; 12] = [
    "Cargo.lock",
    "grammars",
    "rules",
    "src/base",
    "src/findings",
    "src/files",
    "src/syntax",
    "src/facts",
    "src/rules",
    "src/program",
    "src/detect",
    "src/app/src",
];

/// A hash over the files that results depend on.
fn analysis(root: &Path) -> io::Result<String> {
    let mut hasher = DefaultHasher::new();
    for folder in ANALYSIS {
        let mut paths = files(root, folder)?;
        if paths.is_empty() {
            paths.push(root.join(folder));
        }
        for path in paths {
            path.strip_prefix(root).unwrap_or(&path).hash(&mut hasher);
            fs::read(&path)?.hash(&mut hasher);
        }
    }
    Ok(format!(
        "{}-{:016x}",
        env::var("CARGO_PKG_VERSION").unwrap_or_default(),
        hasher.finish()
    ))
}

/// A page of scenarios stands beside a rule, two levels down; `rules/README.md` is none.
fn is_page(path: &Path) -> bool {
    has_extension(path, "md") && path.with_extension("yml").is_file()
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// All files under a folder of the workspace, sorted; cargo is told to look there for changes.
fn files(root: &Path, folder: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![root.join(folder)];
    println!("cargo::rerun-if-changed={}", root.join(folder).display());
    while let Some(dir) = open.pop() {
        let Ok(entries) = fs::read_dir(&dir) else {
            continue;
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn table<'a>(out: &mut String, name: &str, files: impl Iterator<Item = &'a PathBuf>, root: &Path) {
    let _ = writeln!(out, "pub(super) static {name}: &[(&str, &str)] = &[");
    for path in files {
        let relative = path
            .strip_prefix(root)
            .unwrap_or(path)
            .to_string_lossy()
            .replace('\\', "/");
        let _ = writeln!(
            out,
            "    ({relative:?}, include_str!({:?})),",
            path.to_string_lossy()
        );
    }
    out.push_str("];\n");
}
