//! What the tree is made of: files with their marks, packages, services.
//!
//! Words only; `files` finds them, `program` resolves names with them. All paths are relative to the scanned
//! root, with `/`, and `""` is the root itself.

use serde::{Deserialize, Serialize};

use crate::{FileId, Language};

/// A file of the scanned tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Path from the root.
    pub path: String,
    /// What it is written in.
    pub language: Language,
    /// What kind of code it holds.
    pub marks: Marks,
    /// Index into [`Workspace::services`] of the service that owns it.
    pub service: Option<ServiceId>,
    /// Bytes on disk.
    pub size: u64,
}

/// What kind of code a file holds. Hits are reported only in files without any mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Marks {
    /// Written by a tool (`// Code generated … DO NOT EDIT.`, `*.pb.go`, `@generated`).
    pub generated: bool,
    /// Somebody else's (`vendor/`, `node_modules/`, `third_party/`).
    pub vendored: bool,
    /// Minified or bundled.
    pub minified: bool,
    /// Tests, mocks, fixtures, examples, benchmarks.
    pub test: bool,
}

impl Marks {
    /// Whether hits in the file are reported by default.
    #[must_use]
    pub fn is_reported(self) -> bool {
        !(self.generated || self.vendored || self.minified || self.test)
    }

    /// The marks of both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self {
            generated: self.generated || other.generated,
            vendored: self.vendored || other.vendored,
            minified: self.minified || other.minified,
            test: self.test || other.test,
        }
    }
}

/// A service of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServiceId(pub u32);

/// A deployable unit or shared library package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its name: the folder's, or the package's where folders say nothing.
    pub name: String,
    /// Its folder.
    pub dir: String,
    /// How it is known (`go.mod`, `package.json`, `Cargo.toml`, `main package`, `compose`, `kubernetes`).
    pub evidence: Vec<String>,
    /// Has an entry point of its own; otherwise it is a library that others use.
    pub is_deployable: bool,
}

/// A Go module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoModule {
    /// Its folder.
    pub dir: String,
    /// Its import path.
    pub path: String,
    /// `replace a => ./b`: import path to folder, for local targets.
    pub replaces: Vec<(String, String)>,
}

/// An npm package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodePackage {
    /// Its folder.
    pub dir: String,
    /// Its name.
    pub name: String,
    /// Entry points: (`"."`, `"./server"`, `"./*"` → target relative to the folder), from `exports`, `main`, `module`, `types`;
    /// several targets for one subpath are several pairs, sources before built files.
    pub exports: Vec<(String, String)>,
    /// `imports` (`#name`) likewise.
    pub imports: Vec<(String, String)>,
    /// Names of its dependencies of every kind.
    pub dependencies: Vec<String>,
}

/// A `tsconfig.json` or `jsconfig.json` with its `extends` applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TsConfig {
    /// Its folder.
    pub dir: String,
    /// `baseUrl`, from the root.
    pub base_url: Option<String>,
    /// `paths`: pattern to targets, from the root.
    pub paths: Vec<(String, Vec<String>)>,
}

/// A Cargo package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CargoPackage {
    /// Its folder.
    pub dir: String,
    /// Its name as code says it (`-` is `_`).
    pub name: String,
    /// Root files of its library and binaries (`src/lib.rs`, `src/main.rs`, `src/bin/x.rs`), from the root.
    pub roots: Vec<String>,
    /// Names (as code says them, renames included) of path dependencies and their folders.
    pub path_dependencies: Vec<(String, String)>,
    /// Names of all dependencies as code says them.
    pub dependencies: Vec<String>,
}

/// Everything that is known of the tree before its code is read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Workspace {
    /// All files, sorted by path; a [`FileId`] is an index into it.
    pub files: Vec<SourceFile>,
    /// Services, sorted by folder.
    pub services: Vec<Service>,
    /// Go modules, sorted by folder.
    pub go_modules: Vec<GoModule>,
    /// npm packages, sorted by folder.
    pub node_packages: Vec<NodePackage>,
    /// TypeScript configurations, sorted by folder.
    pub ts_configs: Vec<TsConfig>,
    /// Cargo packages, sorted by folder.
    pub cargo_packages: Vec<CargoPackage>,
}

impl Workspace {
    /// The file.
    #[must_use]
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// The service that owns the file.
    #[must_use]
    pub fn service_of(&self, id: FileId) -> Option<&Service> {
        self.file(id)
            .service
            .map(|service| &self.services[service.0 as usize])
    }
}
