//! Whether what stands at a place of a schema can be the guard of a path: a constraint, of a table it touches, of a kind
//! that can refuse what the candidate is about.

use betwixt_findings::Category;
use betwixt_review::{GuardSight, Place};

use super::answers::Answers;
use super::guard::Steps;

/// Words of a schema that refuse a row because another one is there.
const KEYS: [&str; 5] = ["unique", "primary key", "exclude", "@@id", "@id"];
/// Words that refuse a row because of whose it is.
const POLICIES: [&str; 2] = ["policy", "row level security"];

/// What can keep a bug of that category from happening at all.
fn refusing(category: Category) -> &'static [&'static str] {
    match category {
        Category::TenantIsolation | Category::AuthBypass => &POLICIES,
        Category::SchemaContract | Category::StaleCache | Category::ResourceLifecycle => &[],
        _ => &KEYS,
    }
}

/// Whether a constraint of a table that the statement in question touches stands at the place.
pub(super) fn sight(
    answers: &Answers<'_>,
    place: &Place,
    path: &[Place],
    category: Category,
) -> GuardSight {
    use betwixt_review::Questions as _;
    let (program, Some(text)) = (answers.questions.program, answers.text(&place.file)) else {
        return GuardSight::NotOnPath;
    };
    let statement = match place.file.ends_with(".sql") {
        true => statement_around(&text, place),
        false => block_around(&text, place),
    };
    let statement = statement.to_ascii_lowercase();
    let quoted: String = text
        .lines()
        .skip(place.line as usize - 1)
        .take((place.end_line + 1 - place.line) as usize)
        .map(|line| line.split("--").next().unwrap_or("").to_ascii_lowercase() + "\n")
        .collect();
    if quoted.trim().is_empty() || !refusing(category).iter().any(|word| quoted.contains(word)) {
        return GuardSight::NotCode;
    }
    let steps = Steps::new(program, path);
    let mut touched = steps
        .on_path
        .iter()
        .flat_map(|&id| program.events.accesses_of(id));
    let is_touched = touched.any(|access| {
        access.tables.iter().flatten().any(|&id| {
            let name = program.schema.table(id).name.as_str().to_ascii_lowercase();
            has_word(&statement, &name)
        })
    });
    match is_touched {
        true => GuardSight::Guards,
        false => GuardSight::NotOnPath,
    }
}

/// The statement that holds a place: from the semicolon before it to the one after.
fn statement_around<'t>(text: &'t str, place: &Place) -> &'t str {
    let start_of = |line: u32| -> usize {
        text.split_inclusive('\n')
            .take(line as usize)
            .map(str::len)
            .sum()
    };
    let (from, to) = (start_of(place.line - 1), start_of(place.end_line));
    let start = text[..from].rfind(';').map_or(0, |at| at + 1);
    let last = text[..to].trim_end().len().max(from);
    let end = match text[from..last].ends_with(';') {
        true => last,
        false => text[last..].find(';').map_or(text.len(), |at| last + at),
    };
    &text[start..end]
}

/// The block that holds a place, from the line that opens it: `model Parcel {` … `}`.
fn block_around<'t>(text: &'t str, place: &Place) -> &'t str {
    let mut at = 0;
    let (mut start, mut end) = (0, text.len());
    for (idx, line) in text.split_inclusive('\n').enumerate() {
        let is_outer = !line.starts_with([' ', '\t', '}', '\n', '\r']);
        if is_outer && idx < place.line as usize {
            start = at;
        } else if is_outer && idx >= place.end_line as usize {
            end = at;
            break;
        }
        at += line.len();
    }
    &text[start..end]
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32) -> Place {
        Place {
            file: "schema".into(),
            line,
            end_line: line,
        }
    }

    #[test]
    fn a_place_belongs_to_the_statement_or_block_around_it() {
        let sql = "CREATE TABLE a (\n  id int\n);\nCREATE UNIQUE INDEX x\n  ON b (id);\n";
        assert!(statement_around(sql, &at(5)).contains("INDEX x"));
        assert!(!statement_around(sql, &at(5)).contains("TABLE a"));
        assert!(statement_around(sql, &at(2)).contains("TABLE a"));
        let prisma = "model A {\n  id Int @id\n}\n\nmodel B {\n  id Int @id\n}\n";
        assert_eq!(
            block_around(prisma, &at(6)).trim(),
            "model B {\n  id Int @id\n}"
        );
        assert!(block_around(prisma, &at(2)).starts_with("model A"));
        assert!(!block_around(prisma, &at(2)).contains("model B"));
    }

    #[test]
    fn a_key_keeps_no_tenant_out_and_a_policy_no_duplicate() {
        assert!(!refusing(Category::TenantIsolation).contains(&"unique"));
        assert!(!refusing(Category::Idempotency).contains(&"policy"));
    }
}
