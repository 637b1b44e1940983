//! What kind of code a file holds: by its path, and by its text.

use betwixt_base::Language;
use betwixt_base::workspace::Marks;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::language::{GeneratedData, HeadLine, LanguageData, Languages, PathData};
use crate::path;
use crate::pattern::NamePattern;

/// No more than this of a file is looked at for a generated-file mark.
const HEAD_BYTES: usize = 8 << 10;
/// Nor more lines.
const HEAD_LINES: usize = 64;

/// A file whose lines are longer than this on average was not typed.
const MINIFIED_AVERAGE_LINE: usize = 250;
/// A line up to this length could have been typed.
const TYPED_LINE: usize = 250;

/// What the text of a file says it is: generated, or minified. Add it to the marks of the path with
/// [`Marks::union`]; it never takes one away.
#[must_use]
pub fn content_marks(language: Language, text: &str) -> Marks {
    let head = &Languages::get().rules(language).head;
    Marks {
        generated: head.says_generated(text),
        minified: language.is_code() && is_minified(text),
        ..Marks::default()
    }
}

/// Marks by path.
#[derive(Debug, Default)]
pub(crate) struct PathRules {
    folders: FxHashMap<String, Marks>,
    folder_patterns: Vec<(NamePattern, Marks)>,
    /// Folders in a row, with `/` between them.
    folder_rows: Vec<(String, Marks)>,
    names: Vec<(NamePattern, Marks)>,
    beside: Vec<(String, Vec<String>)>,
}

impl PathRules {
    pub(crate) fn add(&mut self, data: &LanguageData) {
        let none = Marks::default();
        self.add_paths(
            &data.generated.paths,
            Marks {
                generated: true,
                ..none
            },
        );
        self.add_paths(
            &data.vendored.paths,
            Marks {
                vendored: true,
                ..none
            },
        );
        self.add_paths(&data.tests.paths, Marks { test: true, ..none });
        self.add_paths(
            &data.minified.paths,
            Marks {
                minified: true,
                ..none
            },
        );
        let PathData { beside, .. } = &data.vendored;
        self.beside.extend(
            beside
                .iter()
                .map(|(manifest, folders)| (manifest.clone(), folders.clone())),
        );
    }

    /// The marks of a file's name alone.
    pub(crate) fn name_marks(&self, name: &str) -> Marks {
        let mut marks = Marks::default();
        for (pattern, mark) in &self.names {
            if pattern.matches(name) {
                marks = marks.union(*mark);
            }
        }
        marks
    }

    /// The folders of vendored code that a manifest at `path` explains.
    pub(crate) fn vendored_beside<'a>(
        &'a self,
        path: &'a str,
    ) -> impl Iterator<Item = String> + 'a {
        let name = path::file_name(path);
        self.beside
            .iter()
            .filter(move |(manifest, _)| manifest == name)
            .flat_map(|(_, folders)| folders)
            .map(move |folder| path::child(path::parent(path), folder))
    }

    /// The marks of everything below a folder.
    pub(crate) fn folder_marks(&self, dir: &str) -> Marks {
        let mut marks = Marks::default();
        if dir.is_empty() {
            return marks;
        }
        for part in dir.split('/') {
            if let Some(&mark) = self.folders.get(part) {
                marks = marks.union(mark);
            }
            for (pattern, mark) in &self.folder_patterns {
                if pattern.matches(part) {
                    marks = marks.union(*mark);
                }
            }
        }
        for (row, mark) in &self.folder_rows {
            if holds_row(dir, row) {
                marks = marks.union(*mark);
            }
        }
        marks
    }

    fn add_paths(&mut self, patterns: &[String], mark: Marks) {
        for pattern in patterns {
            match pattern.strip_suffix('/') {
                Some(row) if row.contains('/') => self.folder_rows.push((row.to_owned(), mark)),
                Some(name) if name.contains('*') => {
                    self.folder_patterns.push((NamePattern::new(name), mark))
                }
                Some(name) => {
                    let marks = self.folders.entry(name.to_owned()).or_default();
                    *marks = marks.union(mark);
                }
                None => self.names.push((NamePattern::new(pattern), mark)),
            }
        }
    }
}

/// Folders that hold vendored code because of the manifest beside them.
#[derive(Debug, Default)]
pub(crate) struct VendoredFolders {
    folders: FxHashSet<String>,
}

impl VendoredFolders {
    /// The folders explained by the manifests among `paths`.
    pub(crate) fn new<'a>(paths: impl Iterator<Item = &'a str>) -> Self {
        let languages = Languages::get();
        let code = [Language::Go, Language::TypeScript, Language::Rust];
        let folders = paths
            .flat_map(|path| {
                code.iter().flat_map(move |&language| {
                    languages.rules(language).paths.vendored_beside(path)
                })
            })
            .collect();
        Self { folders }
    }

    pub(crate) fn hold(&self, path: &str) -> bool {
        !self.folders.is_empty() && path::ancestors(path).any(|dir| self.folders.contains(dir))
    }
}

/// Marks by the comment at the head of a file.
#[derive(Debug, Default)]
pub(crate) struct HeadRules {
    words: Vec<Vec<String>>,
    lines: Vec<HeadLine>,
}

impl HeadRules {
    pub(crate) fn add(&mut self, data: &GeneratedData) {
        self.words.extend(data.head.iter().cloned());
        self.lines.extend(data.head_lines.iter().cloned());
    }

    fn says_generated(&self, text: &str) -> bool {
        let mut comment = String::new();
        for line in head_comment(text) {
            if self
                .lines
                .iter()
                .any(|form| line.starts_with(&form.starts) && line.ends_with(&form.ends))
            {
                return true;
            }
            comment.push_str(line);
            comment.push('\n');
        }
        comment.make_ascii_lowercase();
        self.words
            .iter()
            .any(|all| all.iter().all(|word| comment.contains(word.as_str())))
    }
}

/// The lines of comments, attributes and pragmas before the first line of code.
fn head_comment(text: &str) -> impl Iterator<Item = &str> {
    let mut inside_block = false;
    let mut read = 0;
    text.lines().take(HEAD_LINES).take_while(move |line| {
        read += line.len() + 1;
        let line = line.trim();
        let is_head = inside_block || line.is_empty() || starts_as_comment(line);
        if line.contains("/*") || line.contains("<!--") {
            inside_block = true;
        }
        if line.contains("*/") || line.contains("-->") {
            inside_block = false;
        }
        is_head && read <= HEAD_BYTES
    })
}

fn starts_as_comment(line: &str) -> bool {
    ["//", "/*", "*", "#", "--", "<!--", "\"use ", "'use "]
        .iter()
        .any(|start| line.starts_with(start))
}

/// Whether hardly any of the text could have been typed: long lines, and not only one long constant.
fn is_minified(text: &str) -> bool {
    let n_lines = memchr::memchr_iter(b'\n', text.as_bytes()).count() + 1;
    if text.len() < 2 * TYPED_LINE || text.len() / n_lines <= MINIFIED_AVERAGE_LINE {
        return false;
    }
    let n_typed = text
        .lines()
        .filter(|line| !line.trim().is_empty() && line.len() <= TYPED_LINE)
        .count();
    let n_long = text.lines().filter(|line| line.len() > TYPED_LINE).count();
    n_typed < 20 || n_typed < 4 * n_long
}

fn holds_row(dir: &str, row: &str) -> bool {
    dir.match_indices(row).any(|(at, _)| {
        let before = dir[..at].chars().next_back();
        let after = dir[at + row.len()..].chars().next();
        matches!(before, None | Some('/')) && matches!(after, None | Some('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_marks(path: &str) -> Marks {
        let languages = Languages::get();
        let rules = &languages.rules(languages.of(path).unwrap()).paths;
        rules
            .folder_marks(path::parent(path))
            .union(rules.name_marks(path::file_name(path)))
    }

    #[test]
    fn paths_say_generated() {
        for path in [
            "a/user.pb.go",
            "a/user.pb.gw.go",
            "a/user_pb.ts",
            "a/b.gen.go",
            "a/types.d.ts",
            "generated/x.rs",
            "q.sql.go",
        ] {
            assert!(path_marks(path).generated, "{path}");
        }
        for path in ["a/pb.go", "a/generate.go", "a/d.ts", "regenerated/x.rs"] {
            assert!(!path_marks(path).generated, "{path}");
        }
    }

    #[test]
    fn paths_say_test() {
        for path in [
            "a/b_test.go",
            "a/b.test.ts",
            "a/b.spec.tsx",
            "a/__tests__/b.ts",
            "crate/tests/it.rs",
            "a/testdata/x.go",
            "e2e/x.ts",
            "mocks/x.go",
            "examples/x/main.go",
            "fixtures/a.sql",
            "a/Button.stories.tsx",
            "cypress/a.ts",
            "benches/b.rs",
        ] {
            assert!(path_marks(path).test, "{path}");
        }
        for path in [
            "a/latest.go",
            "a/contest.ts",
            "a/attest/x.rs",
            "a/testing.go",
            "spec.go",
        ] {
            assert!(!path_marks(path).test, "{path}");
        }
    }

    #[test]
    fn paths_say_vendored_and_minified() {
        assert!(path_marks("a/node_modules/b/c.js").vendored);
        assert!(path_marks("web/public/vendor/c.js").vendored);
        assert!(!path_marks("src/vendor/vendor.service.ts").vendored);
        assert!(path_marks("web/x.min.js").minified);
    }

    #[test]
    fn a_vendor_folder_counts_beside_its_manifest() {
        let vendored = VendoredFolders::new(["svc/go.mod"].into_iter());
        assert!(vendored.hold("svc/vendor/a/b.go"));
        assert!(!vendored.hold("svc/internal/vendor/b.go"));
        assert!(!vendored.hold("vendor/b.go"));
    }

    #[test]
    fn the_go_header_counts_before_the_package_clause_only() {
        let yes = "// Copyright\n//\n// More.\n\n// Code generated by sqlc. DO NOT EDIT.\n// versions:\n\npackage db\n";
        let no = "// Package db is fine.\npackage db\n\n// Code generated by sqlc. DO NOT EDIT.\n";
        assert!(content_marks(Language::Go, yes).generated);
        assert!(!content_marks(Language::Go, no).generated);
    }

    #[test]
    fn generated_markers_of_other_languages() {
        let yes = [
            (
                Language::TypeScript,
                "/* eslint-disable */\n/**\n * This file was automatically generated by x.\n */\nexport {}\n",
            ),
            (Language::Rust, "// @generated by a tool\nmod x;\n"),
            (
                Language::Rust,
                "#![allow(dead_code)]\n// This file is @generated.\nfn f() {}\n",
            ),
            (
                Language::GraphQl,
                "# Generated. Do not edit!\ntype A { id: ID }\n",
            ),
        ];
        for (language, text) in yes {
            assert!(content_marks(language, text).generated, "{text}");
        }
        let no = [
            (
                Language::TypeScript,
                "// Ids are generated by the database.\nexport const x = 1;\n",
            ),
            (
                Language::TypeScript,
                "import x from 'y';\nconst marker = '@generated';\n",
            ),
        ];
        for (language, text) in no {
            assert!(!content_marks(language, text).generated, "{text}");
        }
    }

    #[test]
    fn one_long_constant_is_not_minified_code() {
        let bundle = format!("!function(){{{}}}();\n", "var a=1;".repeat(500));
        assert!(content_marks(Language::JavaScript, &bundle).minified);
        let typed = format!(
            "{}const logo = \"{}\";\n",
            "const a = 1;\n".repeat(60),
            "x".repeat(100_000)
        );
        assert!(!content_marks(Language::TypeScript, &typed).minified);
        assert!(!content_marks(Language::Sql, &bundle).minified);
    }
}
