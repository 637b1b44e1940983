//! The server, asked through `psql`: scratch databases, DDL that is loaded, statements that are prepared.
//!
//! One run of `psql` takes all statements of a database; behind each it says the state it left. `psql` knows every way to
//! log in and needs no library of ours.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::failure::Failure;

/// What stands before the answer to a statement.
const MARK: &str = "@betwixt@";

/// A server one may make databases on.
pub(super) struct Server {
    url: String,
    n_made: u32,
}

/// A scratch database.
pub(super) struct Scratch {
    url: String,
}

/// A statement to ask about.
#[derive(Debug)]
pub(super) struct Question {
    /// Its text.
    pub(super) sql: String,
    /// How many parameters it has.
    pub(super) n_params: u32,
}

/// Why a statement was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The code of the state: `42703`.
    pub(super) state: String,
    /// The server's words.
    pub(super) text: String,
}

impl Server {
    /// The server `url` names, once it answers.
    pub(super) fn connect(url: &str) -> Result<Self, Failure> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(Failure::Usage(format!(
                "`--postgres {url}` is no URL; write `postgres://user@host:5432/postgres`"
            )));
        }
        run(url, &["SELECT 1".to_owned()])?;
        Ok(Self {
            url: url.to_owned(),
            n_made: 0,
        })
    }

    /// Runs `work` in a database that is dropped afterwards.
    pub(super) fn scratch<T>(
        &mut self,
        work: impl FnOnce(&mut Scratch) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.n_made += 1;
        let name = format!("betwixt_verify_{}_{}", std::process::id(), self.n_made);
        self.admin(&format!("CREATE DATABASE {name} TEMPLATE template0"))?;
        let result = work(&mut Scratch {
            url: with_database(&self.url, &name),
        });
        let dropped = self.admin(&format!("DROP DATABASE {name} WITH (FORCE)"));
        let value = result?;
        dropped.map(|()| value)
    }

    fn admin(&self, sql: &str) -> Result<(), Failure> {
        match run(&self.url, &[sql.to_owned()])?.pop().flatten() {
            Some(refusal) => Err(Failure::NoInput(format!("`{sql}`: {}", refusal.text))),
            None => Ok(()),
        }
    }
}

impl Scratch {
    /// Runs statements one by one; why each was refused, if it was.
    pub(super) fn execute(&mut self, sql: &[String]) -> Result<Vec<Option<Refusal>>, Failure> {
        run(&self.url, sql)
    }

    /// Prepares statements one by one, and has each planned; why each was refused, if it was.
    ///
    /// A conflict target is looked up only when the statement is planned, which needs values: all are null.
    pub(super) fn prepare(&mut self, asked: &[Question]) -> Result<Vec<Option<Refusal>>, Failure> {
        let mut script = Vec::with_capacity(asked.len() * 2);
        for (number, question) in asked.iter().enumerate() {
            let values = vec!["NULL"; question.n_params as usize].join(", ");
            let values = if values.is_empty() {
                values
            } else {
                format!("({values})")
            };
            script.push(format!("PREPARE betwixt_{number} AS {}", question.sql));
            script.push(format!("EXPLAIN EXECUTE betwixt_{number}{values}"));
        }
        let answers = run(&self.url, &script)?;
        // What planning says counts only where it is about the statement, not about the nulls.
        let is_about_statement = |refusal: &Refusal| refusal.state == "42P10";
        Ok(answers
            .chunks(2)
            .map(|pair| match pair {
                [Some(refused), _] => Some(refused.clone()),
                [None, Some(planned)] if is_about_statement(planned) => Some(planned.clone()),
                _ => None,
            })
            .collect())
    }
}

/// The same server, another database.
fn with_database(url: &str, name: &str) -> String {
    let (main, options) = match url.split_once('?') {
        Some((main, options)) => (main, format!("?{options}")),
        None => (url, String::new()),
    };
    let start = main.find("://").map_or(0, |at| at + 3);
    let server = match main[start..].find('/') {
        Some(at) => &main[..start + at],
        None => main,
    };
    format!("{server}/{name}{options}")
}

/// Gives statements to `psql`; what each came to, in order.
fn run(url: &str, sql: &[String]) -> Result<Vec<Option<Refusal>>, Failure> {
    let mut script = String::from("\\set VERBOSITY terse\n");
    for (number, statement) in sql.iter().enumerate() {
        let statement = statement.trim().trim_end_matches(';');
        // A comment at its end must not swallow the semicolon.
        let _ = write!(
            script,
            "{statement}\n;\n\\echo {MARK} {number} :SQLSTATE :LAST_ERROR_MESSAGE\n"
        );
    }
    let refused =
        |says: String| Failure::NoInput(format!("`psql` on the server after `--postgres`: {says}"));
    let mut child = Command::new("psql")
        .args(["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=0", "-d", url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| refused(error.to_string()))?;
    let stdin = child.stdin.take();
    let writer = std::thread::spawn(move || {
        stdin.is_some_and(|mut stdin| stdin.write_all(script.as_bytes()).is_ok())
    });
    let output = child
        .wait_with_output()
        .map_err(|error| refused(error.to_string()))?;
    let is_written = writer.join().unwrap_or(false);
    let out = String::from_utf8_lossy(&output.stdout);
    let answers = answers(&out, sql.len());
    if !is_written || !output.status.success() || answers.len() < sql.len() {
        let err = String::from_utf8_lossy(&output.stderr);
        let last = err.lines().last().unwrap_or("it stopped early");
        return Err(refused(last.to_owned()));
    }
    Ok(answers)
}

/// The answers in what `psql` printed; shorter than `n` when some are missing.
fn answers(out: &str, n: usize) -> Vec<Option<Refusal>> {
    let mut found = Vec::with_capacity(n);
    for piece in out.split(MARK).skip(1) {
        let mut words = piece.trim().splitn(3, ' ');
        let number = words.next().and_then(|word| word.parse::<usize>().ok());
        let state = words.next().unwrap_or("");
        if number != Some(found.len()) {
            continue;
        }
        let text = words.next().unwrap_or("").trim().to_owned();
        let is_refused = state != "00000";
        found.push(is_refused.then(|| Refusal {
            state: state.to_owned(),
            text,
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scratch_database_is_on_the_same_server() {
        let cases = [
            (
                "postgres://me@host:5432/postgres",
                "postgres://me@host:5432/x",
            ),
            ("postgres://me@host", "postgres://me@host/x"),
            ("postgres:///db?host=/tmp/s", "postgres:///x?host=/tmp/s"),
        ];
        for (url, expected) in cases {
            assert_eq!(with_database(url, "x"), expected);
        }
    }

    #[test]
    fn each_statement_has_its_answer() {
        let out = "1\n@betwixt@ 0 00000 \n@betwixt@ 1 42703 column \"a\" does not exist\n";
        let found = answers(out, 2);
        assert_eq!(found[0], None);
        assert_eq!(
            found[1].as_ref().map(|refusal| refusal.state.as_str()),
            Some("42703")
        );
    }
}
