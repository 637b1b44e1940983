//! `go.mod` and `go.work`.

use betwixt_base::Problem;
use betwixt_base::workspace::GoModule;

use super::malformed;
use crate::path;

/// A `go.work`: which modules it joins, and its replacements, which win over theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GoWork {
    uses: Vec<String>,
    replaces: Vec<(String, String)>,
}

/// Reads a `go.mod`.
///
/// # Errors
///
/// It names no module.
pub(crate) fn read_module(dir: &str, text: &str) -> Result<GoModule, Problem> {
    let mut module = None;
    let mut replaces = Vec::new();
    for (verb, words) in directives(text) {
        match (verb, words.as_slice()) {
            ("module", [name, ..]) => module = Some(name.clone()),
            ("replace", words) => replaces.extend(local_replace(dir, words)),
            _ => {}
        }
    }
    let path = module.ok_or_else(|| malformed(None, "no `module` line"))?;
    Ok(GoModule {
        dir: dir.to_owned(),
        path,
        replaces,
    })
}

/// Reads a `go.work`; what it does not say, it does not change.
pub(crate) fn read_work(dir: &str, text: &str) -> GoWork {
    let mut work = GoWork {
        uses: Vec::new(),
        replaces: Vec::new(),
    };
    for (verb, words) in directives(text) {
        match (verb, words.as_slice()) {
            ("use", [folder, ..]) => work.uses.extend(path::join(dir, folder)),
            ("replace", words) => work.replaces.extend(local_replace(dir, words)),
            _ => {}
        }
    }
    work
}

/// Puts the replacements of a work file into the modules it joins.
pub(crate) fn resolve(mut modules: Vec<GoModule>, works: &[GoWork]) -> Vec<GoModule> {
    modules.sort_by(|a, b| a.dir.cmp(&b.dir));
    for work in works {
        for module in modules
            .iter_mut()
            .filter(|module| work.uses.contains(&module.dir))
        {
            module
                .replaces
                .retain(|(from, _)| !work.replaces.iter().any(|(other, _)| from == other));
            module.replaces.extend(work.replaces.iter().cloned());
        }
    }
    modules
}

/// `old [version] => ./folder`, where the folder lies in the tree.
fn local_replace(dir: &str, words: &[String]) -> Option<(String, String)> {
    let arrow = words.iter().position(|word| word == "=>")?;
    let (from, to) = (words.first().filter(|_| arrow > 0)?, words.get(arrow + 1)?);
    let is_local = to == "." || to == ".." || to.starts_with("./") || to.starts_with("../");
    let to = path::join(dir, to).filter(|_| is_local)?;
    Some((from.clone(), to))
}

/// The directives in order, blocks `verb ( … )` taken apart: verb and words.
fn directives(text: &str) -> Vec<(&str, Vec<String>)> {
    let mut directives = Vec::new();
    let mut block = None;
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or("").trim();
        match (block, line) {
            (_, "") => {}
            (Some(_), ")") => block = None,
            (Some(verb), line) => directives.push((verb, words(line))),
            (None, line) => {
                let (verb, rest) = line.split_once([' ', '\t', '(']).unwrap_or((line, ""));
                if line.ends_with('(') {
                    block = Some(verb);
                } else {
                    directives.push((verb, words(rest)));
                }
            }
        }
    }
    directives
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace()
        .map(|word| word.trim_matches(['"', '`']).to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_with_replacements_in_both_forms() {
        let text = "module \"example.com/platform/api\" // the api\n\ngo 1.26\n\nreplace example.com/platform/pkg => ../pkg\n\nreplace (\n\texample.com/a v1.2.3 => ./local/a // here\n\texample.com/b => example.com/fork v2.0.0\n\texample.com/c => /abs/c\n)\n";
        let module = read_module("api", text).unwrap();
        assert_eq!(module.path, "example.com/platform/api");
        let expected = [
            ("example.com/platform/pkg", "pkg"),
            ("example.com/a", "api/local/a"),
        ];
        assert_eq!(
            module.replaces,
            expected.map(|(from, to)| (from.to_owned(), to.to_owned()))
        );
    }

    #[test]
    fn a_work_file_replaces_for_the_modules_it_joins() {
        let module = |dir: &str| read_module(dir, "module m\nreplace x => ../x\n").unwrap();
        let work = read_work("", "use (\n\t./a\n\tb\n)\nreplace x => ./vendored/x\n");
        let modules = resolve(vec![module("c"), module("a")], &[work]);
        assert_eq!(
            modules[0].replaces,
            [("x".to_owned(), "vendored/x".to_owned())]
        );
        assert_eq!(modules[1].replaces, [("x".to_owned(), "x".to_owned())]);
    }

    #[test]
    fn a_file_without_module_line_is_malformed() {
        assert!(
            read_module("", "go 1.26\n")
                .unwrap_err()
                .message
                .contains("no `module` line")
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(?s)(module|replace|use|=>|\\(|\\)|\"|//|[ \n\t./a-z]){0,60}") {
            let _ = read_module("a", &text);
            let _ = read_work("", &text);
        }
    }
}
