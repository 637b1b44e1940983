//! Which folders are services, what they are called, and which files are theirs.
//!
//! A service is a folder with a manifest of its own (`go.mod`, a named `package.json`, a `Cargo.toml` with a package),
//! or one that an image is built from and that no such folder around it explains. A file belongs to the innermost
//! service around it. Services without code, among tests and examples, or in hidden folders are none.
//!
//! A service is deployable when it runs by itself:
//!
//! - Go: its module has a `package main`. A module with several of them that is not itself built into one image is
//!   split: each `cmd/x` becomes a service `x`, and the module stays as the library they share.
//! - npm: it depends on a server or rendering framework, or has a start script and is not made to be imported.
//! - Cargo: it has a binary.
//! - Any: a Dockerfile lies in its folder, or a compose file builds it.
//!
//! Programs in tool folders (`tools/`, `scripts/`, `xtask/`) are not deployed. Compose services, Dockerfiles elsewhere
//! and Kubernetes images add their evidence to a deployable service of their name.
//!
//! [`names`] says what a service is called.

mod go_mains;
mod names;

use std::collections::BTreeMap;

use betwixt_base::Language;
use betwixt_base::workspace::{Service, ServiceId, SourceFile};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::language::Languages;
use crate::manifest::{Manifests, NodeTraits};
use crate::path;
use crate::source::Source;

/// A folder that may become a service.
#[derive(Debug, Default)]
struct Candidate {
    /// What its manifests call it, as written by their own conventions.
    own_names: Vec<String>,
    evidence: Vec<&'static str>,
    is_deployable: bool,
    /// A tool's program is never deployed, whatever else speaks for it.
    is_tool: bool,
}

type Candidates = BTreeMap<String, Candidate>;

/// Finds the services, sorted by folder, and gives each file its own.
pub(crate) fn find(
    source: &Source,
    files: &mut [SourceFile],
    manifests: &Manifests,
) -> Vec<Service> {
    let mut candidates = Candidates::new();
    add_go(source, files, manifests, &mut candidates);
    add_node(manifests, &mut candidates);
    add_cargo(manifests, &mut candidates);
    candidates.retain(|dir, _| is_product(dir));
    add_builds(files, manifests, &mut candidates);
    keep_owners(files, &mut candidates);
    if candidates.is_empty() {
        candidates.insert(
            String::new(),
            Candidate {
                evidence: vec!["folder"],
                ..Candidate::default()
            },
        );
    }
    let names = names::of(source.root(), &candidates);
    let mut services: Vec<Service> = candidates
        .into_iter()
        .zip(names)
        .map(|((dir, candidate), name)| Service {
            name,
            dir,
            evidence: candidate.evidence.into_iter().map(str::to_owned).collect(),
            is_deployable: candidate.is_deployable && !candidate.is_tool,
        })
        .collect();
    add_named_evidence(manifests, &mut services);
    assign(files, &services);
    services
}

/// Whether a folder is part of the product, rather than a test, an example or somebody's tool configuration.
fn is_product(dir: &str) -> bool {
    let languages = Languages::get();
    let is_code = [Language::Go, Language::TypeScript, Language::Rust]
        .into_iter()
        .all(|language| {
            let marks = languages.rules(language).paths.folder_marks(dir);
            !marks.test && !marks.vendored
        });
    is_code && !dir.split('/').any(|part| part.starts_with('.'))
}

fn is_tool(dir: &str) -> bool {
    let tools = &Languages::get().services.tool_folders;
    dir.split('/')
        .any(|part| tools.iter().any(|tool| tool == part))
}

fn add<'a>(candidates: &'a mut Candidates, dir: &str, evidence: &'static str) -> &'a mut Candidate {
    let candidate = candidates.entry(dir.to_owned()).or_default();
    if !candidate.evidence.contains(&evidence) {
        candidate.evidence.push(evidence);
    }
    candidate.is_tool = is_tool(dir);
    candidate
}

fn add_go(
    source: &Source,
    files: &[SourceFile],
    manifests: &Manifests,
    candidates: &mut Candidates,
) {
    let mains = go_mains::find(source, files);
    let modules: FxHashSet<&str> = manifests
        .go_modules
        .iter()
        .map(|module| module.dir.as_str())
        .collect();
    let mut mains_of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for dir in mains {
        let module = std::iter::once(dir)
            .chain(path::ancestors(dir))
            .find(|dir| modules.contains(dir));
        mains_of
            .entry(module.unwrap_or_default())
            .or_default()
            .push(dir);
    }
    for module in &manifests.go_modules {
        let mains = mains_of.remove(module.dir.as_str()).unwrap_or_default();
        let inside = |dir: &str| dir[module.dir.len()..].trim_start_matches('/').to_owned();
        let mut programs: Vec<&str> = mains
            .into_iter()
            .filter(|dir| !is_tool(&inside(dir)))
            .collect();
        let is_one = programs.len() == 1
            || programs.contains(&module.dir.as_str())
            || !module.dir.is_empty()
                && manifests.builds.iter().any(|build| build.dir == module.dir);
        let candidate = add(candidates, &module.dir, "go.mod");
        candidate
            .own_names
            .extend(module_name(&module.path).map(str::to_owned));
        if programs.is_empty() {
            continue;
        }
        if is_one {
            candidate.is_deployable = true;
            add(candidates, &module.dir, "main package");
            continue;
        }
        keep_programs(&mut programs);
        for dir in programs {
            add(candidates, dir, "main package").is_deployable = true;
        }
    }
    // Programs outside any module, when a part of one is scanned.
    for dir in mains_of.into_values().flatten() {
        add(candidates, dir, "main package").is_deployable = true;
    }
}

/// Drops what lies inside another program, and what is not where the module keeps its programs, if it says where.
fn keep_programs(programs: &mut Vec<&str>) {
    let folders = &Languages::get().services.program_folders;
    let is_kept = |dir: &str| {
        dir.split('/')
            .any(|part| folders.iter().any(|folder| folder == part))
    };
    if programs.iter().any(|dir| is_kept(dir)) {
        programs.retain(|dir| is_kept(dir));
    }
    let all = programs.clone();
    programs.retain(|dir| !path::ancestors(dir).any(|around| all.contains(&around)));
}

/// The last part of an import path that is no version.
fn module_name(module: &str) -> Option<&str> {
    let is_version = |part: &str| {
        part.strip_prefix('v')
            .is_some_and(|n| n.parse::<u32>().is_ok())
    };
    module.rsplit('/').find(|part| !is_version(part))
}

fn add_node(manifests: &Manifests, candidates: &mut Candidates) {
    for (package, traits) in manifests.node_packages.iter().zip(&manifests.node_traits) {
        let &NodeTraits {
            starts,
            serves,
            is_importable,
        } = traits;
        if package.name.is_empty() && !starts && !serves {
            continue;
        }
        let candidate = add(candidates, &package.dir, "package.json");
        candidate.is_deployable |= serves && (starts || !is_importable) || starts && !is_importable;
        candidate.own_names.extend(
            package
                .name
                .rsplit('/')
                .next()
                .filter(|name| !name.is_empty())
                .map(str::to_owned),
        );
    }
}

fn add_cargo(manifests: &Manifests, candidates: &mut Candidates) {
    for package in &manifests.cargo_packages {
        let candidate = add(candidates, &package.dir, "Cargo.toml");
        candidate.own_names.push(package.name.clone());
        candidate.is_deployable |= package.roots.iter().any(|root| {
            let below = root[package.dir.len()..].trim_start_matches('/');
            below == "src/main.rs" || below.starts_with("src/bin/")
        });
    }
}

/// Folders that images are built from.
fn add_builds(files: &[SourceFile], manifests: &Manifests, candidates: &mut Candidates) {
    let mut folders_with_code: FxHashSet<&str> = FxHashSet::default();
    for file in files
        .iter()
        .filter(|file| file.language.is_code() && !file.marks.test)
    {
        folders_with_code.insert(path::parent(&file.path));
    }
    for build in &manifests.builds {
        let known = candidates.contains_key(&build.dir);
        // One image of the whole tree says nothing about its parts.
        if build.dir.is_empty()
            && !candidates
                .get("")
                .is_some_and(|candidate| candidate.is_deployable)
        {
            continue;
        }
        let is_explained =
            path::ancestors(&build.dir).any(|dir| !dir.is_empty() && candidates.contains_key(dir));
        let has_code = folders_with_code.iter().any(|dir| {
            path::is_within(dir, &build.dir)
                && !candidates
                    .keys()
                    .any(|inner| path::is_within(inner, &build.dir) && path::is_within(dir, inner))
        });
        let mut inside = candidates
            .iter()
            .filter(|(dir, candidate)| candidate.is_deployable && path::is_within(dir, &build.dir));
        if known || !is_explained && has_code && is_product(&build.dir) {
            add(candidates, &build.dir, build.evidence).is_deployable = true;
        } else if let (Some((dir, _)), None) = (inside.next(), inside.next()) {
            let dir = dir.clone();
            add(candidates, &dir, build.evidence);
        }
    }
}

/// Drops the candidates that no code belongs to.
fn keep_owners(files: &[SourceFile], candidates: &mut Candidates) {
    let mut owners: FxHashSet<String> = FxHashSet::default();
    for file in files.iter().filter(|file| file.language.is_code()) {
        let owner = path::ancestors(&file.path).find(|dir| candidates.contains_key(*dir));
        if let Some(owner) = owner.filter(|owner| !owners.contains(*owner)) {
            owners.insert(owner.to_owned());
        }
    }
    candidates.retain(|dir, _| owners.contains(dir));
}

/// Evidence that names a service instead of its folder.
fn add_named_evidence(manifests: &Manifests, services: &mut [Service]) {
    let builds = manifests
        .builds
        .iter()
        .filter_map(|build| Some((build.name.as_deref()?, build.evidence)));
    let images = manifests
        .images
        .iter()
        .map(|image| (image.as_str(), "kubernetes"));
    for (name, evidence) in builds.chain(images) {
        for service in services.iter_mut().filter(|service| service.is_deployable) {
            if names::are_alike(name, &service.name)
                && !service.evidence.iter().any(|known| known == evidence)
            {
                service.evidence.push(evidence.to_owned());
            }
        }
    }
}

fn assign(files: &mut [SourceFile], services: &[Service]) {
    let by_folder: FxHashMap<&str, ServiceId> = services
        .iter()
        .enumerate()
        .map(|(at, service)| (service.dir.as_str(), ServiceId(at as u32)))
        .collect();
    for file in files {
        file.service = path::ancestors(&file.path).find_map(|dir| by_folder.get(dir).copied());
    }
}
