//! The schema: one text for both databases, the triggers that keep history as it is, and its documentation.
//!
//! The text of `migrations/` is the only source: what differs between the databases is put in here, and
//! `betwixt query --schema` prints the comments of the same text.

use refinery::{Migration, Runner};

use crate::LedgerError;

/// The newest version of the schema this program knows.
pub(crate) const VERSION: i32 = 1;

const HISTORY: &str = include_str!("migrations/V1__history.sql");

/// What stands before the message of a rule of ours, so that it is told from the database's own.
const MARK: &str = "betwixt: ";

/// Which database a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// Tables whose rows are only ever added.
const APPEND_ONLY: [&str; 10] = [
    "runs",
    "run_ends",
    "claims",
    "sightings",
    "conversations",
    "exchanges",
    "verdicts",
    "citations",
    "conclusions",
    "decisions",
];

/// A rule no constraint can say: an insert is refused while the condition holds. `NEW` is the row.
struct InsertRule {
    name: &'static str,
    table: &'static str,
    refused_when: &'static str,
    message: &'static str,
}

const INSERT_RULES: [InsertRule; 3] = [
    InsertRule {
        name: "review_follows_trace",
        table: "verdicts",
        refused_when: "NEW.role = 'reviewer' AND NOT EXISTS (
            SELECT 1 FROM verdicts v WHERE v.project = NEW.project AND v.fingerprint = NEW.fingerprint
            AND v.case_hash = NEW.case_hash AND v.role = 'tracer')",
        message: "a reviewer judges what a tracer wrote, and nothing was traced yet",
    },
    InsertRule {
        name: "agents_keep_their_role",
        table: "conversations",
        refused_when: "EXISTS (
            SELECT 1 FROM conversations c WHERE c.project = NEW.project AND c.fingerprint = NEW.fingerprint
            AND c.conversation = NEW.conversation AND c.role <> NEW.role)",
        message: "this conversation has another role for this finding: whoever traced does not review",
    },
    InsertRule {
        name: "agents_decide_nothing",
        table: "decisions",
        refused_when: "EXISTS (
            SELECT 1 FROM conversations c WHERE c.actor = NEW.person OR c.conversation = NEW.person)",
        message: "only a person accepts, closes or reopens, and this is the name of an agent",
    },
];

/// The migrations for a database.
///
/// # Errors
/// When the text of a migration is none: a bug of ours.
pub(crate) fn migrations(dialect: Dialect) -> Result<Runner, LedgerError> {
    let failed = |error: refinery::Error| LedgerError::Store {
        place: "the schema".to_owned(),
        why: error.to_string(),
    };
    let first = Migration::unapplied("V1__history", &first_version(dialect)).map_err(failed)?;
    // As a whole or not at all: a process may be killed in the middle.
    Ok(Runner::new(&[first]).set_grouped(true))
}

fn first_version(dialect: Dialect) -> String {
    let mut sql = for_dialect(HISTORY, dialect);
    for table in APPEND_ONLY {
        sql.push_str(&append_only(table, dialect));
    }
    for rule in &INSERT_RULES {
        sql.push_str(&insert_rule(rule, dialect));
    }
    sql
}

/// The few words that differ. Text sorts by its bytes in both.
fn for_dialect(sql: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Sqlite => sql.replace("@id@", "INTEGER PRIMARY KEY AUTOINCREMENT"),
        Dialect::Postgres => sql
            .replace("@id@", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY")
            .replace(" TEXT", " TEXT COLLATE \"C\"")
            .replace("AS TEXT COLLATE \"C\")", "AS TEXT)"),
    }
}

fn append_only(table: &str, dialect: Dialect) -> String {
    let message = format!("{MARK}history is only added to, `{table}` cannot be changed");
    match dialect {
        Dialect::Sqlite => ["UPDATE", "DELETE"]
            .iter()
            .map(|verb| {
                let name = format!("{table}_no_{}", verb.to_lowercase());
                format!(
                    "CREATE TRIGGER {name} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{message}'); END;\n"
                )
            })
            .collect(),
        Dialect::Postgres => format!(
            "CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = '23514'; END $$;
             CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
             FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only();\n"
        ),
    }
}

fn insert_rule(rule: &InsertRule, dialect: Dialect) -> String {
    let InsertRule {
        name,
        table,
        refused_when,
        message,
    } = rule;
    match dialect {
        Dialect::Sqlite => format!(
            "CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {refused_when}
             BEGIN SELECT RAISE(ABORT, '{MARK}{message}'); END;\n"
        ),
        Dialect::Postgres => format!(
            "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
               IF {refused_when} THEN RAISE EXCEPTION '{MARK}{message}' USING ERRCODE = '23514'; END IF;
               RETURN NEW;
             END $$;
             CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}();\n"
        ),
    }
}

/// What a refused write is told: the words of a rule of ours, or those of the database.
pub(crate) fn refusal(why: &str) -> String {
    match why.find(MARK) {
        Some(at) => why[at + MARK.len()..].to_owned(),
        None => format!("the store refused it: {why}"),
    }
}

/// The documented schema, as Markdown: tables and views with what their columns mean.
#[must_use]
pub fn documentation() -> String {
    let mut out = String::from(
        "# The ledger\n\nViews are for people and stay as they are; tables may gain columns. \
         Moments are text, UTC, `2026-11-20T13:14:15.123456Z`; they sort like time.\n",
    );
    let pieces: Vec<&str> = HISTORY.split("\n\n").collect();
    for views in [true, false] {
        for piece in &pieces {
            let kind = if views {
                "CREATE VIEW "
            } else {
                "CREATE TABLE "
            };
            if let Some(at) = piece.find(kind) {
                out.push_str(&described(&piece[..at], &piece[at + kind.len()..], kind));
            }
        }
    }
    out
}

/// One table or view: `comments` stand above its name, columns below.
fn described(comments: &str, statement: &str, kind: &str) -> String {
    let name: String = statement
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect();
    let kind = kind.trim_start_matches("CREATE ").trim().to_lowercase();
    let mut out = format!("\n## {kind} `{name}`\n\n");
    for line in comments.lines() {
        let text = line.trim_start_matches("--");
        match text.strip_prefix("   ") {
            Some(columns) => out.push_str(&format!("- {}\n", columns.trim())),
            None => out.push_str(&format!("{}\n\n", text.trim())),
        }
    }
    let columns = statement.lines().filter_map(|line| line.split_once(" -- "));
    for (column, meaning) in columns.filter(|_| kind == "table") {
        let mut words = column.split_whitespace();
        let name = words.next().unwrap_or_default();
        let sql_type = match words.next().unwrap_or_default() {
            "@id@" => "BIGINT",
            other => other.trim_end_matches(','),
        };
        out.push_str(&format!("- `{name}` {sql_type}: {}\n", meaning.trim()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_and_view_and_all_their_columns_are_documented() {
        let text = documentation();
        for word in HISTORY.split("CREATE ").skip(1) {
            let mut words = word.split_whitespace();
            if let (Some("TABLE" | "VIEW"), Some(name)) = (words.next(), words.next()) {
                assert!(text.contains(&format!("`{name}`\n")), "{name}");
            }
        }
        let undocumented: Vec<&str> = HISTORY
            .lines()
            .filter(|line| {
                line.starts_with("    ")
                    && (line.contains(" TEXT") || line.contains(" BIGINT") || line.contains("@id@"))
            })
            .filter(|line| !line.contains(" -- ") && !line.contains("CAST("))
            .collect();
        assert_eq!(undocumented, Vec::<&str>::new());
    }

    #[test]
    fn both_databases_get_the_same_statements() {
        let n_creates = |dialect| first_version(dialect).matches("CREATE TABLE").count();
        assert_eq!(n_creates(Dialect::Sqlite), n_creates(Dialect::Postgres));
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            assert!(!first_version(dialect).contains("@id@"));
        }
    }
}
