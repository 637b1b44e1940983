//! Manifests: what packages there are, what they are called, where their entry points are.
//!
//! Each kind of manifest has one file here that turns its text into a small form of its own; what needs several of
//! them (workspaces, `extends`) is resolved here once all are read. A malformed manifest is a problem and costs
//! itself. Manifests among tests and examples are read too, since code resolves through them, but in silence.

mod cargo;
mod compose;
mod exports;
mod go;
mod images;
mod jsonc;
mod node;
mod tree;
mod tsconfig;

use betwixt_base::workspace::{CargoPackage, GoModule, NodePackage, SourceFile, TsConfig};
use betwixt_base::{Language, Problem};
use rayon::prelude::*;

use crate::options::DEFAULT_MAX_FILE_BYTES;
use crate::path;
use crate::source::Source;

pub(crate) use compose::Build;
pub(crate) use tree::Tree;

/// What all manifests of the tree say.
#[derive(Debug, Default)]
pub(crate) struct Manifests {
    pub(crate) go_modules: Vec<GoModule>,
    pub(crate) node_packages: Vec<NodePackage>,
    pub(crate) ts_configs: Vec<TsConfig>,
    pub(crate) cargo_packages: Vec<CargoPackage>,
    /// Traits of npm packages, in the order of `node_packages`.
    pub(crate) node_traits: Vec<NodeTraits>,
    /// Images that are built from the tree.
    pub(crate) builds: Vec<Build>,
    /// Names of images that a Kubernetes or Helm file runs, the last part of each, sorted.
    pub(crate) images: Vec<String>,
}

/// What says whether an npm package runs by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NodeTraits {
    /// Has a script that starts it.
    pub(crate) starts: bool,
    /// Depends, to run, on something that serves.
    pub(crate) serves: bool,
    /// Others can import it.
    pub(crate) is_importable: bool,
}

/// One manifest, in its own form.
enum Manifest {
    GoMod(GoModule),
    GoWork(go::GoWork),
    Node(node::RawPackage),
    NodeWorkspace(node::RawWorkspace),
    TsConfig(tsconfig::RawConfig),
    Cargo(Box<cargo::RawManifest>),
    Compose(Vec<Build>),
    Dockerfile(Build),
    Images(Vec<String>),
}

/// Reads every manifest among `files`.
pub(crate) fn read_all(
    source: &Source,
    files: &[SourceFile],
    problems: &mut Vec<Problem>,
) -> Manifests {
    let tree = Tree::new(files);
    let read: Vec<_> = files
        .par_iter()
        .filter(|file| file.language == Language::Config && !file.marks.vendored)
        .map(|file| (file, read_one(source, file)))
        .collect();
    let mut sorted = Sorted::default();
    for (file, manifest) in read {
        match manifest {
            Ok(Some(manifest)) => sorted.add(file, manifest),
            Err(problem) if !file.marks.test => problems.push(problem),
            Ok(None) | Err(_) => {}
        }
    }
    sorted.resolve(source, &tree, problems)
}

fn read_one(source: &Source, file: &SourceFile) -> Result<Option<Manifest>, Problem> {
    let name = path::file_name(&file.path);
    let dir = path::parent(&file.path);
    let text = || source.read_text(&file.path, DEFAULT_MAX_FILE_BYTES);
    let in_file = |problem: Problem| Problem {
        file: file.path.clone(),
        ..problem
    };
    let manifest = match name {
        "go.mod" => Manifest::GoMod(go::read_module(dir, &text()?).map_err(in_file)?),
        "go.work" => Manifest::GoWork(go::read_work(dir, &text()?)),
        "package.json" => Manifest::Node(node::read(dir, &text()?).map_err(in_file)?),
        "pnpm-workspace.yaml" => {
            Manifest::NodeWorkspace(node::read_pnpm(dir, &text()?).map_err(in_file)?)
        }
        "Cargo.toml" => Manifest::Cargo(Box::new(cargo::read(dir, &text()?).map_err(in_file)?)),
        _ if is_ts_config(name) => Manifest::TsConfig(tsconfig::read(&text()?).map_err(in_file)?),
        _ if compose::is_compose(name) => {
            Manifest::Compose(compose::read(&file.path, &text()?).map_err(in_file)?)
        }
        _ if compose::is_dockerfile(name) => Manifest::Dockerfile(compose::dockerfile(&file.path)),
        _ if name.ends_with(".yaml") || name.ends_with(".yml") => {
            Manifest::Images(images::read(&text()?))
        }
        _ => return Ok(None),
    };
    Ok(Some(manifest))
}

fn is_ts_config(name: &str) -> bool {
    name == "jsconfig.json" || name.starts_with("tsconfig") && name.ends_with(".json")
}

/// Manifests by kind.
#[derive(Default)]
struct Sorted {
    go_modules: Vec<GoModule>,
    go_works: Vec<go::GoWork>,
    node: Vec<node::RawPackage>,
    node_workspaces: Vec<node::RawWorkspace>,
    ts_configs: Vec<(String, tsconfig::RawConfig)>,
    cargo: Vec<cargo::RawManifest>,
    builds: Vec<Build>,
    images: Vec<String>,
}

impl Sorted {
    fn add(&mut self, file: &SourceFile, manifest: Manifest) {
        let is_deployed =
            !file.marks.test && !file.path.split('/').any(|part| part.starts_with('.'));
        match manifest {
            Manifest::GoMod(module) => self.go_modules.push(module),
            Manifest::GoWork(work) => self.go_works.push(work),
            Manifest::Node(package) => self.node.push(package),
            Manifest::NodeWorkspace(workspace) => self.node_workspaces.push(workspace),
            Manifest::TsConfig(config) => self.ts_configs.push((file.path.clone(), config)),
            Manifest::Cargo(manifest) => self.cargo.push(*manifest),
            Manifest::Compose(builds) if is_deployed => self.builds.extend(builds),
            Manifest::Dockerfile(build) if is_deployed => self.builds.push(build),
            Manifest::Images(images) if is_deployed => self.images.extend(images),
            Manifest::Compose(_) | Manifest::Dockerfile(_) | Manifest::Images(_) => {}
        }
    }

    fn resolve(self, source: &Source, tree: &Tree<'_>, problems: &mut Vec<Problem>) -> Manifests {
        let mut manifests = Manifests {
            builds: self.builds,
            images: self.images,
            ..Manifests::default()
        };
        manifests.images.sort_unstable();
        manifests.images.dedup();
        manifests.go_modules = go::resolve(self.go_modules, &self.go_works);
        for (package, traits) in node::resolve(self.node, self.node_workspaces, tree) {
            manifests.node_packages.push(package);
            manifests.node_traits.push(traits);
        }
        manifests.ts_configs =
            tsconfig::resolve(source, self.ts_configs, &manifests.node_packages, problems);
        manifests.cargo_packages = cargo::resolve(&self.cargo, tree);
        manifests
    }
}

/// A problem of the manifest that is being read; its file is filled in by the caller.
fn malformed(line: Option<u32>, reason: &str) -> Problem {
    Problem {
        line,
        ..Problem::warning("", format!("malformed manifest: {reason}"))
    }
}
