//! Which folders hold a Go program.

use std::collections::BTreeMap;

use betwixt_base::Language;
use betwixt_base::workspace::SourceFile;

use crate::path;
use crate::source::Source;

/// The folders of `package main`, sorted; reads one file in each folder where there may be one.
///
/// By convention that is a folder with a `main.go`, or one below a `cmd` folder.
pub(crate) fn find<'a>(source: &Source, files: &'a [SourceFile]) -> Vec<&'a str> {
    let mut likely: BTreeMap<&str, &SourceFile> = BTreeMap::new();
    for file in files
        .iter()
        .filter(|file| file.language == Language::Go && !file.marks.test)
    {
        let dir = path::parent(&file.path);
        if path::file_name(&file.path) == "main.go" {
            likely.insert(dir, file);
        } else if path::file_name(path::parent(dir)) == "cmd" {
            likely.entry(dir).or_insert(file);
        }
    }
    likely.retain(|_, file| source.read(file).is_ok_and(|text| is_program(&text)));
    likely.into_keys().collect()
}

/// Whether a file is part of a program that `go build` builds.
fn is_program(text: &str) -> bool {
    let clause = text.lines().find(|line| line.starts_with("package "));
    let is_main = clause.is_some_and(|clause| clause.split_whitespace().nth(1) == Some("main"));
    is_main
        && !text
            .lines()
            .any(|line| line.trim_end() == "//go:build ignore")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_go_builds_is_a_program() {
        assert!(is_program("// Command x.\npackage main // here\n"));
        assert!(!is_program("package mainline\n"));
        assert!(!is_program("//go:build ignore\n\npackage main\n"));
        assert!(!is_program(""));
    }
}
