//! Which files there are, what each is, and which service owns it; the only reader of sources.
//!
//! [`discover`] lists the tree: in a git repository what is tracked plus what is untracked and not ignored, elsewhere
//! what is not ignored; never through links, never twice. [`read`] gives the text of one listed file, and
//! [`content_marks`] says what that text adds to what the path already told. What cannot be read is a problem of
//! that file, not an error. The result does not depend on the order in which anything was met.
//!
//! ```no_run
//! let found = betwixt_files::discover(std::path::Path::new("."), &betwixt_files::Options::default())?;
//! for file in &found.workspace.files {
//!     match betwixt_files::read(&found.root, file) {
//!         Ok(text) => { let _marks = file.marks.union(betwixt_files::content_marks(file.language, &text)); }
//!         Err(problem) => eprintln!("{}: {}", problem.file, problem.message),
//!     }
//! }
//! # Ok::<(), betwixt_files::FilesError>(())
//! ```
//!
//! What a language needs is data in `grammars/<language>/language.yml`; what holds for all is in `grammars/shared.yml`.
//! Knows nothing of what the code says.

mod changed;
mod discover;
mod history;
mod language;
mod listing;
mod manifest;
mod marks;
mod options;
mod path;
mod pattern;
mod read;
mod repository;
mod services;
mod snapshot;
mod source;
mod stamp;

pub use changed::{changed_lines, lines_before, similarity};
pub use discover::{discover, discover_stored};
pub use history::{FileHistory, history};
pub use marks::content_marks;
pub use options::{Discovered, FilesError, Options, Skipped};
pub use read::read;
pub use repository::{Authorship, GitError, Repository};
pub use snapshot::Snapshot;
pub use source::{Content, Source};
pub use stamp::{ContentId, Stamp};
