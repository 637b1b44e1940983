//! A Markdown page to its scenarios.

use betwixt_rules::SourceText;

/// A page with its scenarios.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Path as people know it.
    pub path: String,
    /// In the order they are written.
    pub scenarios: Vec<Scenario>,
}

/// One `## heading` with its files, those of the whole page included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// The heading.
    pub heading: String,
    /// Line of the heading, from 1.
    pub line: u32,
    /// Files, in the order they are written.
    pub files: Vec<ScenarioFile>,
}

/// One file of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioFile {
    /// Path from the root of the scenario's tree.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Line of the page that holds its first line.
    pub first_line: u32,
}

/// Why a page cannot be run; its author can fix every case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}: {message}")]
pub struct PageError {
    /// The page.
    pub path: String,
    /// Line from 1.
    pub line: u32,
    /// What is wrong.
    pub message: String,
}

impl Page {
    /// Reads a page; it must have at least one scenario with a file.
    pub fn parse(source: &SourceText) -> Result<Self, PageError> {
        let mut parser = Parser {
            source,
            lines: source.text.lines().collect(),
            at: 0,
        };
        let page = parser.page()?;
        if page.scenarios.is_empty() {
            return Err(parser.error(
                1,
                "no scenario; write a `## heading` with files under it".into(),
            ));
        }
        Ok(page)
    }
}

impl ScenarioFile {
    /// The line of the page that holds a line of the file.
    #[must_use]
    pub fn page_line(&self, line: u32) -> u32 {
        self.first_line + line.saturating_sub(1)
    }
}

struct Parser<'a> {
    source: &'a SourceText,
    lines: Vec<&'a str>,
    /// Index of the next line.
    at: usize,
}

impl<'a> Parser<'a> {
    fn page(&mut self) -> Result<Page, PageError> {
        let mut shared: Vec<ScenarioFile> = Vec::new();
        let mut scenarios: Vec<Scenario> = Vec::new();
        while let Some(line) = self.next() {
            let number = self.at as u32;
            if let Some(heading) = line.strip_prefix("## ") {
                let heading = heading.trim().to_owned();
                scenarios.push(Scenario {
                    heading,
                    line: number,
                    files: shared.clone(),
                });
            } else if let Some(fence) = fence_of(line) {
                // A block without a path is an illustration.
                self.block(fence)?;
            } else if let Some(path) = path_of(line) {
                let file = self.file(path)?;
                let files = scenarios
                    .last_mut()
                    .map_or(&mut shared, |scenario| &mut scenario.files);
                if files.iter().any(|known| known.path == file.path) {
                    return Err(
                        self.error(number, format!("`{path}` is given twice in one scenario"))
                    );
                }
                files.push(file);
            }
        }
        scenarios.retain(|scenario| !scenario.files.is_empty());
        Ok(Page {
            path: self.source.path.clone(),
            scenarios,
        })
    }

    fn next(&mut self) -> Option<&'a str> {
        let line = self.lines.get(self.at).copied()?;
        self.at += 1;
        Some(line)
    }

    /// The file whose path was just read.
    fn file(&mut self, path: &str) -> Result<ScenarioFile, PageError> {
        let number = self.at as u32;
        let is_inside =
            !path.starts_with('/') && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !is_inside {
            return Err(self.error(
                number,
                format!("`{path}` is no path inside the scenario's tree"),
            ));
        }
        while self
            .lines
            .get(self.at)
            .is_some_and(|line| line.trim().is_empty())
        {
            self.at += 1;
        }
        let fence = self.next().and_then(fence_of);
        let Some(fence) = fence else {
            return Err(self.error(number, format!("no fenced block follows `{path}`")));
        };
        let first_line = self.at as u32 + 1;
        let text = self.block(fence)?;
        Ok(ScenarioFile {
            path: path.to_owned(),
            text,
            first_line,
        })
    }

    /// The lines up to the closing fence.
    fn block(&mut self, fence: &str) -> Result<String, PageError> {
        let start = self.at;
        let mut text = String::new();
        while let Some(line) = self.next() {
            let closing = line.trim();
            if closing.starts_with(fence) && closing.chars().all(|c| fence.starts_with(c)) {
                return Ok(text);
            }
            text.push_str(line);
            text.push('\n');
        }
        Err(self.error(start as u32, "this block is never closed".into()))
    }

    fn error(&self, line: u32, message: String) -> PageError {
        PageError {
            path: self.source.path.clone(),
            line,
            message,
        }
    }
}

/// The run of backquotes or tildes that opens a block.
fn fence_of(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.chars().take_while(|c| *c == mark).count();
    (length >= 3).then(|| &line[..length])
}

/// The path of a line that ends in `` `path`: ``.
fn path_of(line: &str) -> Option<&str> {
    let before = line.trim().strip_suffix("`:")?;
    let (_, path) = before.rsplit_once('`')?;
    (!path.is_empty() && !path.contains(char::is_whitespace)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Page, String> {
        let source = SourceText {
            path: "rules/race/x.md".into(),
            text: text.into(),
        };
        Page::parse(&source).map_err(|error| error.to_string())
    }

    const PAGE: &str = "# X\n\n`schema.sql`:\n```sql\nCREATE TABLE t ();\n```\n\n## One\n\nProse.\n\n`a/b.go`:\n\n````go\n\
        x := \"```\"\n````\n\n```sh\nnot a file\n```\n\n## Two\n`c.ts`:\n~~~ts\nf()\n~~~\n";

    #[test]
    fn headings_are_scenarios_and_named_blocks_are_files() {
        let page = parse(PAGE).unwrap();
        let shape: Vec<String> = page
            .scenarios
            .iter()
            .map(|scenario| {
                let file = |file: &ScenarioFile| format!(" {}@{}", file.path, file.first_line);
                let files: String = scenario.files.iter().map(file).collect();
                format!("{}@{}:{files}", scenario.heading, scenario.line)
            })
            .collect();
        assert_eq!(
            shape,
            [
                "One@8: schema.sql@5 a/b.go@15",
                "Two@22: schema.sql@5 c.ts@25"
            ]
        );
        assert_eq!(page.scenarios[0].files[1].text, "x := \"```\"\n");
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        assert_eq!(
            parse("# X\n").unwrap_err(),
            "rules/race/x.md:1: no scenario; write a `## heading` with files under it"
        );
        assert_eq!(
            parse("## A\n`../x.go`:\n```\n```\n").unwrap_err(),
            "rules/race/x.md:2: `../x.go` is no path inside the scenario's tree"
        );
        assert_eq!(
            parse("## A\n`x.go`:\nprose\n").unwrap_err(),
            "rules/race/x.md:2: no fenced block follows `x.go`"
        );
        assert_eq!(
            parse("## A\n`x.go`:\n```go\nf()\n").unwrap_err(),
            "rules/race/x.md:3: this block is never closed"
        );
    }
}
