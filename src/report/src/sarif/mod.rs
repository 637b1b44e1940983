//! SARIF 2.1.0: what code hosts and editors read.
//!
//! Rule = `reportingDescriptor`, hit = `result`, trace = `codeFlow`, fingerprint = `partialFingerprints`,
//! suppression = `suppressions`, problem = `toolExecutionNotifications`. Paths are relative to `%SRCROOT%`,
//! the root of the repository; what code hosts limit is in `limits`.

mod convert;
mod limits;
mod line_hash;
mod types;

use std::io::{self, Write};

use crate::{Report, SourceLines};

/// Writes the whole log, indented, with a final newline. Source text is asked for to count columns the way SARIF does.
pub fn write(
    report: &Report<'_>,
    sources: &dyn SourceLines,
    out: &mut dyn Write,
) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &convert::log(report, sources))?;
    out.write_all(b"\n")
}

/// The log as a value, for what is added to it.
pub(crate) fn value(
    report: &Report<'_>,
    sources: &dyn SourceLines,
) -> serde_json::Result<serde_json::Value> {
    serde_json::to_value(convert::log(report, sources))
}
