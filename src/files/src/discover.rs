//! The whole stage: paths, what each is, the packages they form, the services that own them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use betwixt_base::workspace::{Marks, SourceFile, Workspace};
use betwixt_base::{Language, Problem};
use rayon::prelude::*;

use crate::language::Languages;
use crate::listing::{self, Excludes, Listing};
use crate::marks::VendoredFolders;
use crate::options::{Discovered, FilesError, Options, Skipped};
use crate::read::lost;
use crate::snapshot::Snapshot;
use crate::source::{Look, Source};
use crate::stamp::Stamp;
use crate::{manifest, path, services};

/// Lists the tree at `root`, or the single file there, with its packages and services.
///
/// Linear in the number of paths; reads manifests and the heads of a few possible entry points, no other source.
///
/// # Errors
///
/// The root is missing, unreadable, or holds nothing that is read, or an option cannot be understood.
pub fn discover(root: &Path, options: &Options) -> Result<Discovered, FilesError> {
    let (root, listing) = list(root, options)?;
    look_through(Source::Disk(root), listing, options)
}

/// Lists a tree as git stored it. What is excluded is what the configuration on disk says, so that two states of a
/// tree are judged alike.
///
/// # Errors
///
/// It holds nothing that is read, or an option cannot be understood.
pub fn discover_stored(
    snapshot: Arc<Snapshot>,
    options: &Options,
) -> Result<Discovered, FilesError> {
    let excludes = Excludes::new(snapshot.root(), &options.exclude)?;
    let listing = snapshot.list(&excludes);
    look_through(Source::Stored(snapshot), listing, options)
}

/// From paths to files, packages and services.
fn look_through(
    source: Source,
    listing: Listing,
    options: &Options,
) -> Result<Discovered, FilesError> {
    let mut skipped = Skipped {
        unknown_language: listing.n_unknown,
        excluded: listing.n_excluded,
        links: listing.n_links,
        ..Skipped::default()
    };
    let mut problems = listing.problems;
    let vendored = VendoredFolders::new(listing.paths.iter().map(String::as_str));
    let looked_at: Vec<_> = listing
        .paths
        .par_chunk_by(|a, b| path::parent(a) == path::parent(b))
        .flat_map_iter(|paths| look_at_folder(&source, paths, &vendored, options))
        .collect();
    let mut files = Vec::with_capacity(looked_at.len());
    let mut stamps = Vec::with_capacity(looked_at.len());
    for file in looked_at {
        match file {
            Looked::File(file, stamp) => {
                files.push(file);
                stamps.push(stamp);
            }
            Looked::Problem(problem) => problems.push(problem),
            Looked::Test => skipped.tests += 1,
            Looked::Vendored => skipped.vendored += 1,
            Looked::Link => skipped.links += 1,
            Looked::Gone => {}
        }
    }
    if files.iter().all(|file| file.language == Language::Config) {
        return Err(FilesError::NothingToScan {
            path: source.root().to_owned(),
        });
    }
    let manifests = manifest::read_all(&source, &files, &mut problems);
    let services = services::find(&source, &mut files, &manifests);
    problems.sort_by(|a, b| (&a.file, a.line, &a.message).cmp(&(&b.file, b.line, &b.message)));
    problems.dedup();
    let workspace = Workspace {
        files,
        services,
        go_modules: manifests.go_modules,
        node_packages: manifests.node_packages,
        ts_configs: manifests.ts_configs,
        cargo_packages: manifests.cargo_packages,
    };
    Ok(Discovered {
        root: source.root().to_owned(),
        workspace,
        problems,
        source,
        stamps,
        commit: listing.commit,
        tracks_cache: listing.tracks_cache,
        n_skipped: skipped,
    })
}

/// The paths at `root`, and the folder they are relative to.
fn list(given: &Path, options: &Options) -> Result<(PathBuf, Listing), FilesError> {
    let unreadable = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
            FilesError::RootMissing {
                path: given.to_owned(),
            }
        }
        _ => FilesError::RootUnreadable {
            path: given.to_owned(),
            source,
        },
    };
    let root = given.canonicalize().map_err(unreadable)?;
    let metadata = root.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        root.read_dir().map_err(unreadable)?;
        let listing = listing::list(&root, options)?;
        return Ok((root, listing));
    }
    if !metadata.is_file() {
        return Err(FilesError::RootNotAFolder {
            path: given.to_owned(),
        });
    }
    // A pattern that cannot be understood is refused here too.
    Excludes::new(&root, &options.exclude)?;
    let (Some(dir), Some(name)) = (
        root.parent(),
        root.file_name().and_then(|name| name.to_str()),
    ) else {
        return Err(FilesError::NothingToScan {
            path: given.to_owned(),
        });
    };
    let mut listing = Listing {
        commit: listing::commit_around(dir),
        ..Listing::default()
    };
    if Languages::get().of(name).is_some() {
        listing.paths.push(name.to_owned());
    }
    Ok((dir.to_owned(), listing))
}

/// What a listed path turned out to be.
enum Looked {
    File(SourceFile, Stamp),
    Problem(Problem),
    Test,
    Vendored,
    Link,
    /// Tracked, but not on disk.
    Gone,
}

/// Looks at paths that lie in one folder.
fn look_at_folder<'a>(
    source: &'a Source,
    paths: &'a [String],
    vendored: &VendoredFolders,
    options: &'a Options,
) -> impl Iterator<Item = Looked> + 'a {
    let is_vendored = paths.first().is_some_and(|path| vendored.hold(path));
    // Files of a folder are mostly of one language, and its rules say the same of all of them.
    let mut known: Option<(&'static str, Marks)> = None;
    paths.iter().map(move |path| {
        let languages = Languages::get();
        let Some(language) = languages.of(path) else {
            return Looked::Gone;
        };
        let rules = &languages.rules(language).paths;
        let folder = match known {
            Some((name, marks)) if name == language.name() => marks,
            _ => rules.folder_marks(path::parent(path)),
        };
        known = Some((language.name(), folder));
        let mut marks = folder.union(rules.name_marks(path::file_name(path)));
        marks.vendored |= is_vendored;
        look_at(source, path, language, marks, options)
    })
}

fn look_at(
    source: &Source,
    path: &str,
    language: Language,
    marks: Marks,
    options: &Options,
) -> Looked {
    if marks.vendored && !options.include_vendored {
        return Looked::Vendored;
    }
    if marks.test && !options.include_tests {
        return Looked::Test;
    }
    let (size, stamp) = match source.look(path) {
        Ok(Look::File { size, stamp }) => (size, stamp),
        Ok(Look::Link) => return Looked::Link,
        Ok(Look::Gone) => return Looked::Gone,
        Err(problem) => return Looked::Problem(problem),
    };
    // Offsets into a text are 32 bits wide.
    let max_bytes = options.max_file_bytes.min(u64::from(u32::MAX) - 1);
    if size > max_bytes {
        let message = format!("has {size} bytes, more than the limit of {max_bytes}");
        return Looked::Problem(lost(path, &message));
    }
    let file = SourceFile {
        path: path.to_owned(),
        language,
        marks,
        service: None,
        size,
    };
    Looked::File(file, stamp)
}
