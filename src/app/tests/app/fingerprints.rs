//! Fingerprints of every rule, on the code of its page: they survive moved lines, other formatting, renamed locals and
//! moved files, and no two hits of a tree share one.
//!
//! Each scenario is changed in ways that change no meaning and scanned again. A hit is known again by its rule and by the
//! place its line comes from, never by its text.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use betwixt_app::config::{self, Config};
use betwixt_app::measure::Stopwatch;
use betwixt_app::pipeline::{self, Built, Caching, Request, Tree};
use betwixt_app::rulebook::{RuleTexts, Rulebook};
use betwixt_app::scenario::Page;
use betwixt_app::threads;
use betwixt_facts::ir::ExprKind;
use betwixt_program::TenancyConfig;
use betwixt_rules::Catalogue;
use betwixt_syntax::Limits;
use rayon::prelude::*;

use crate::support::write;

/// One file: where it is, what it says, and which line of the unchanged file each of its lines comes from.
#[derive(Clone)]
struct File {
    path: String,
    text: String,
    origin: String,
    lines: Vec<u32>,
}

/// Rule, unchanged file and line.
type Key = (String, String, u32);
/// What is raised at a line.
type Hits = BTreeMap<Key, BTreeSet<String>>;

/// A change that changes no meaning; gives no tree, one, or several that are tried one after the other.
type Change = fn(&[File], &Hits, &Built) -> Vec<Vec<File>>;

const CHANGES: [(&str, Change); 3] = [
    ("other formatting", |files, _, _| {
        vec![broken(&moved_lines(&indented(files)))]
    }),
    ("renamed locals", |files, _, built| {
        vec![renamed(files, built)]
    }),
    ("moved files", |files, hits, _| moved(files, hits)),
];

/// How often each change left a hit of each rule where it can be found again.
type Counts = BTreeMap<(String, &'static str), usize>;

#[test]
fn fingerprints_of_all_rules_survive_what_changes_no_meaning() {
    let book = RuleTexts::builtin().load().expect("the rules load");
    let scenarios: Vec<(String, Vec<File>)> = RuleTexts::builtin()
        .pages
        .iter()
        .flat_map(|page| Page::parse(page).expect("a page").scenarios)
        .map(|scenario| {
            let files = scenario.files.iter();
            let of = |file: &betwixt_app::scenario::ScenarioFile| File {
                path: file.path.clone(),
                text: file.text.clone(),
                origin: file.path.clone(),
                lines: (1..=file.text.lines().count() as u32).collect(),
            };
            (scenario.heading.clone(), files.map(of).collect())
        })
        .collect();
    let pool = threads::pool(2).expect("two threads");
    let results: Vec<(Counts, Vec<String>)> = pool.install(|| {
        scenarios
            .par_iter()
            .map(|(heading, files)| tried(&book, heading, files))
            .collect()
    });
    let mut counts = Counts::new();
    let mut broken = Vec::new();
    for (some, told) in results {
        for (key, n) in some {
            *counts.entry(key).or_default() += n;
        }
        broken.extend(told);
    }
    assert!(broken.is_empty(), "{}\n{}", broken.len(), broken.join("\n"));
    let rules: BTreeSet<&String> = counts.keys().map(|(rule, _)| rule).collect();
    let untried: Vec<String> = rules
        .iter()
        .flat_map(|rule| CHANGES.iter().map(move |(change, _)| (rule, *change)))
        .filter(|(rule, change)| !counts.contains_key(&((**rule).clone(), *change)))
        .map(|(rule, change)| format!("{rule}: {change}"))
        .collect();
    assert!(untried.is_empty(), "{}", untried.join("\n"));
    assert_eq!(rules.len(), book.catalogue.rules().len());
}

/// What became of the hits of a scenario under each change.
fn tried(book: &Rulebook, heading: &str, files: &[File]) -> (Counts, Vec<String>) {
    let mut counts = Counts::new();
    let mut told = Vec::new();
    let (before, built) = scanned(book, files, &book.catalogue);
    let n_hits: usize = before.values().map(BTreeSet::len).sum();
    let all: BTreeSet<&String> = before.values().flatten().collect();
    if all.len() != n_hits {
        told.push(format!("{heading}: two hits share a fingerprint"));
    }
    if before.is_empty() {
        return (counts, told);
    }
    let fired: BTreeSet<&str> = before.keys().map(|(rule, ..)| rule.as_str()).collect();
    let catalogue = book.catalogue.clone();
    let catalogue = catalogue.filtered(|rule| fired.contains(rule.id.as_str()));
    for (name, change) in CHANGES {
        for changed in change(files, &before, &built) {
            let (after, _) = scanned(book, &changed, &catalogue);
            for (key, prints) in &before {
                let found = after.get(key).filter(|found| found.len() == prints.len());
                if found.is_some_and(|found| found != prints) {
                    let (rule, file, line) = key;
                    told.push(format!("{heading}: {name}: {rule} at {file}:{line}"));
                }
                let n = found.map_or(0, |_| prints.len());
                *counts.entry((key.0.clone(), name)).or_default() += n;
            }
        }
    }
    counts.retain(|_, n| *n > 0);
    (counts, told)
}

fn scanned(book: &Rulebook, files: &[File], catalogue: &Catalogue) -> (Hits, Built) {
    let tree = tempfile::tempdir().expect("a temporary folder");
    for file in files {
        write(tree.path(), &file.path, &file.text);
    }
    let config = files.iter().find(|file| file.path == config::FILE_NAME);
    let config = config.map_or_else(Config::default, |file| {
        Config::parse(&file.text).expect("a configuration")
    });
    let request = Request {
        root: tree.path().to_path_buf(),
        tree: Tree::Disk,
        cache: Caching::Off,
        identify: false,
        budget: Arc::default(),
        exclude: config.exclude.clone(),
        include_tests: config.include_tests.unwrap_or(false),
        models: book.models.clone(),
        tenancy: TenancyConfig::clone(&config.tenancy),
        measure_floor: false,
        show_progress: false,
        folders_are_services: true,
        limits: Limits::default(),
    };
    let built = pipeline::build(&request, &mut Stopwatch::default()).expect("a program");
    let mut hits = Hits::new();
    for hit in pipeline::detect(&built.program, catalogue).candidates {
        let file = files.iter().find(|file| file.path == hit.location.file);
        let file = file.expect("hits are in files of the tree");
        let line = file.lines.get(hit.location.line as usize - 1);
        let key = (
            hit.rule,
            file.origin.clone(),
            line.copied().unwrap_or_default(),
        );
        let is_first = hits
            .entry(key)
            .or_default()
            .insert(hit.fingerprint.as_str().to_owned());
        assert!(is_first, "two hits at one line share a fingerprint");
    }
    (hits, built)
}

fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn is_code(path: &str) -> bool {
    matches!(extension(path), "go" | "ts" | "tsx" | "js" | "rs")
}

/// A comment and an empty line before everything else.
fn moved_lines(files: &[File]) -> Vec<File> {
    let moved = |file: &File| {
        let comment = match extension(&file.path) {
            "sql" => "-- Moved.\n\n",
            "proto" | "prisma" => "// Moved.\n\n",
            _ if is_code(&file.path) => "// Moved.\n\n",
            _ => return file.clone(),
        };
        File {
            text: format!("{comment}{}", file.text),
            lines: [0, 0].into_iter().chain(file.lines.clone()).collect(),
            ..file.clone()
        }
    };
    files.iter().map(moved).collect()
}

/// Every line of code and SQL stands further right, tabs are spaces.
fn indented(files: &[File]) -> Vec<File> {
    let indented = |file: &File| {
        if !is_code(&file.path) && extension(&file.path) != "sql" {
            return file.clone();
        }
        let line = |line: &str| match line.trim() {
            "" => "\n".to_owned(),
            _ => format!("   {}  \n", line.replace('\t', "  ")),
        };
        File {
            text: file.text.lines().map(line).collect(),
            ..file.clone()
        }
    };
    files.iter().map(indented).collect()
}

/// A line ends after each parenthesis that opens in code.
fn broken(files: &[File]) -> Vec<File> {
    let broken = |file: &File| match is_code(&file.path) {
        true => broken_file(file),
        false => file.clone(),
    };
    files.iter().map(broken).collect()
}

fn broken_file(file: &File) -> File {
    let mut text = String::new();
    // The lines of the given text that those of the broken one come from.
    let mut lines = vec![1];
    let mut line = 1;
    // The quote of a string that is open, `/` in a comment.
    let mut open: Option<char> = None;
    let mut previous = ' ';
    let mut characters = file.text.chars().peekable();
    while let Some(c) = characters.next() {
        text.push(c);
        let next = characters.peek().copied().unwrap_or('\n');
        match open {
            Some('/') if c == '\n' => open = None,
            Some(quote) if c == quote && quote != '/' && previous != '\\' => open = None,
            Some(_) => {}
            None if c == '/' && next == '/' => open = Some('/'),
            None if c == '"' || c == '`' => open = Some(c),
            // Rust has lifetimes; characters of one letter hold nothing that matters.
            None if c == '\'' && extension(&file.path) != "rs" => open = Some(c),
            None if c == '(' && next != ')' && next != '\n' => {
                text.push_str("\n\t\t");
                lines.push(line);
            }
            None => {}
        }
        if c == '\n' {
            line += 1;
            lines.push(line);
        }
        previous = if previous == '\\' { ' ' } else { c };
    }
    let origin = |line: u32| file.lines.get(line as usize - 1).copied();
    File {
        text,
        lines: lines
            .into_iter()
            .map(|line| origin(line).unwrap_or_default())
            .collect(),
        ..file.clone()
    }
}

/// Locals have other names wherever they are written.
fn renamed(files: &[File], built: &Built) -> Vec<File> {
    let workspace = &built.program.workspace;
    let renamed = |file: &File| {
        let known = workspace.files.iter().position(|one| one.path == file.path);
        let facts = known.and_then(|idx| built.program.code.files[idx].as_ref());
        let Some(facts) = facts.filter(|_| is_code(&file.path)) else {
            return file.clone();
        };
        let ir = &facts.ir;
        let written = ir.exprs.iter().filter_map(|expr| match expr.kind {
            ExprKind::Local(local) => Some((expr.span, ir.local(local).name)),
            _ => None,
        });
        let declared = ir.locals.iter().map(|local| (local.span, local.name));
        let mut places: BTreeMap<usize, &str> = BTreeMap::new();
        let mut kept = BTreeSet::from(["_", "self", "this"]);
        for (span, name) in written.chain(declared) {
            let (start, end) = (span.start as usize, span.end as usize);
            let name = name.as_str();
            if file.text.get(start..end) != Some(name) {
                continue;
            }
            if is_shorthand(file, start, end) || name.starts_with('_') {
                kept.insert(name);
            }
            places.insert(start, name);
        }
        let mut text = file.text.clone();
        for (&start, name) in places.iter().rev() {
            if !kept.contains(name) && !file.text.contains(&format!("{{{name}")) {
                text.insert(start + name.len(), '_');
            }
        }
        File {
            text,
            ..file.clone()
        }
    };
    files.iter().map(renamed).collect()
}

/// Whether a name may stand for a field, too: `{ id }`, `{ id, name }`.
fn is_shorthand(file: &File, start: usize, end: usize) -> bool {
    let before = file.text[..start].trim_end().chars().next_back();
    let after = file.text[end..].trim_start().chars().next();
    extension(&file.path) != "go"
        && matches!(before, Some('{' | ','))
        && matches!(after, Some('}' | ','))
}

/// One tree for each file of code with a hit, which is somewhere else; in Go it stays in its package.
fn moved(files: &[File], hits: &Hits) -> Vec<Vec<File>> {
    let with = |at: usize| {
        let mut all = files.to_vec();
        let old = all[at].path.clone();
        let (folder, name) = old
            .rfind('/')
            .map_or(("", old.as_str()), |slash| old.split_at(slash + 1));
        all[at].path = match extension(name) {
            "go" => format!("{folder}moved_{name}"),
            _ => format!("{folder}moved/{name}"),
        };
        all
    };
    let is_hit = |file: &File| hits.keys().any(|(_, path, _)| *path == file.path);
    let meant = files.iter().enumerate();
    let meant = meant.filter(|(_, file)| is_code(&file.path) && is_hit(file));
    meant.map(|(at, _)| with(at)).collect()
}
