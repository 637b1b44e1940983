//! Text, JSON, SARIF and what CI servers and review tools read; pure functions to a writer.
//!
//! Every format takes a [`Report`] and writes it; the same report gives the same bytes. No disk, no clock, no
//! terminal detection: what a format needs from outside (source lines, colours) is handed in.
//!
//! ```
//! use betwixt_report::{Report, json};
//!
//! let report = Report::default();
//! let mut out = Vec::new();
//! json::write(&report, &mut out).unwrap();
//! assert!(out.starts_with(b"{\n  \"schema\": \"betwixt.scan/1\""));
//! ```

mod report;
mod source;

mod escape;
mod explain;
mod markdown;
mod plain;

pub mod comment;
pub mod confirm;
pub mod github;
pub mod gitlab;
pub mod graph;
pub mod json;
pub mod junit;
pub mod rdjson;
pub mod sarif;
mod stats;
pub mod text;
pub mod uri;

pub use explain::{hit_markdown, hit_page, rule_link, rule_page};
pub use report::{Compared, Cut, Report, Stats};
pub use source::{NoSources, SourceLines};
pub use stats::stats_table;
pub use text::{Style, clean};
