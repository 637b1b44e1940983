//! The scanned files as agents see them, each presented once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::present::present;
use crate::questions::Questions;

/// Presented texts, read when first needed.
pub(crate) struct Sources<'a> {
    questions: &'a dyn Questions,
    read: Mutex<BTreeMap<String, Option<Arc<str>>>>,
}

impl<'a> Sources<'a> {
    pub(crate) fn new(questions: &'a dyn Questions) -> Self {
        Self {
            questions,
            read: Mutex::default(),
        }
    }

    /// The text of an indexed file; `None` for every other path.
    pub(crate) fn text(&self, file: &str) -> Option<Arc<str>> {
        if !is_plain_path(file) {
            return None;
        }
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.get(file) {
            return known.clone();
        }
        let text = self.questions.text(file);
        let text: Option<Arc<str>> = text.map(|text| present(&text).into());
        // Names that are not there are not kept: an agent may make up as many as it likes.
        if text.is_some() {
            read.insert(file.to_owned(), text.clone());
        }
        text
    }

    /// Lines of a file with their numbers, both ends included, as far as they are there; at most `max_lines`.
    pub(crate) fn window(
        &self,
        file: &str,
        first: u32,
        last: u32,
        max_lines: u32,
    ) -> Option<String> {
        let text = self.text(file)?;
        let first = first.max(1);
        let last = last.min(first.saturating_add(max_lines.saturating_sub(1)));
        let lines = text.lines().enumerate();
        let wanted = lines
            .skip(first as usize - 1)
            .take((last + 1).saturating_sub(first) as usize);
        Some(
            wanted
                .map(|(at, line)| format!("{:>5}| {}\n", at + 1, cut(line)))
                .collect(),
        )
    }
}

/// A path from the root that goes nowhere else; whether it is indexed is asked afterwards.
fn is_plain_path(file: &str) -> bool {
    !file.is_empty()
        && !file.starts_with('/')
        && !file.contains(['\\', '\0', ':'])
        && file.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// A line nobody reads to its end.
fn cut(line: &str) -> &str {
    const MAX: usize = 400;
    match line.char_indices().nth(MAX) {
        Some((at, _)) => &line[..at],
        None => line.trim_end(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_out_are_no_paths() {
        for path in [
            "../a",
            "/etc/passwd",
            "a/../../b",
            "a//b",
            "./a",
            "",
            "C:/x",
            "a\\b",
        ] {
            assert!(!is_plain_path(path), "{path}");
        }
        assert!(is_plain_path("services/a.go"));
    }
}
