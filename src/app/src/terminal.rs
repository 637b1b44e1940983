//! Where text goes: standard output, standard error or a file; a closed pipe is nobody's fault.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::path::Path;

use betwixt_report::Style;

use crate::cli::ColorChoice;
use crate::failure::Failure;

/// Widest text we write; longer lines are hard to read.
const MAX_WIDTH: usize = 100;

/// Whether colours are used for what goes to standard output, or to a file.
#[must_use]
pub fn style(choice: ColorChoice, is_file: bool) -> Style {
    let wanted = match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
            let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            !is_file && !is_set("NO_COLOR") && !is_dumb && io::stdout().is_terminal()
        }
    };
    if wanted {
        Style::coloured()
    } else {
        Style::plain()
    }
}

/// How many columns paragraphs are wrapped to: `COLUMNS` when it is set and smaller than what reads well.
#[must_use]
pub fn width() -> usize {
    let columns = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse::<usize>().ok());
    columns.map_or(MAX_WIDTH, |columns| columns.clamp(40, MAX_WIDTH))
}

/// Writes to standard output.
pub fn print(text: &str) -> Result<(), Failure> {
    write_to(None, &mut |out| out.write_all(text.as_bytes()))
}

/// Writes to standard error; what cannot be said there cannot be said at all.
pub fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Writes to the file, or to standard output without one. A reader that has gone away is no failure.
pub fn write_to(
    file: Option<&Path>,
    write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let result = match file {
        Some(path) => File::create(path).and_then(|file| {
            let mut out = BufWriter::new(file);
            write(&mut out)?;
            out.flush()
        }),
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            write(&mut out).and_then(|()| out.flush())
        }
    };
    match result {
        Err(error) if error.kind() == ErrorKind::BrokenPipe && file.is_none() => Ok(()),
        Err(error) => Err(Failure::Output(
            file.map_or_else(|| "standard output".into(), Path::to_path_buf),
            error,
        )),
        Ok(()) => Ok(()),
    }
}
