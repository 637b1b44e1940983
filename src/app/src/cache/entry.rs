//! What is kept of a file and of a tree, and how it becomes bytes.

use betwixt_base::workspace::Marks;
use betwixt_base::{LineIndex, Problem, Symbol, read_with_table, write_with_table};
use betwixt_facts::FileFacts;
use betwixt_facts::graphql::GraphqlFile;
use betwixt_facts::proto::ProtoFile;
use betwixt_facts::schema::{NamedQuery, SchemaOp};
use betwixt_findings::Candidate;
use serde::{Deserialize, Serialize};

use crate::suppress::{Comment, FileComments};

/// What reading a file gave; where it lies is not part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileEntry {
    /// It has a text.
    pub is_read: bool,
    /// What the text says of it.
    pub marks: Marks,
    /// Its facts, when it has any.
    pub code: Option<CodeEntry>,
    /// Comments that mean to suppress.
    pub comments: Vec<Comment>,
    /// What could not be read; the file's name is filled in by who asks.
    pub problems: Vec<Problem>,
}

/// The facts of a file; the fields are those of `betwixt_program::CodeFile`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CodeEntry {
    /// Facts of code.
    pub facts: Option<FileFacts>,
    /// Changes of the schema.
    pub ops: Vec<SchemaOp>,
    /// Named queries.
    pub queries: Vec<NamedQuery>,
    /// What services promise each other.
    pub proto: Option<ProtoFile>,
    /// What it asks for or offers.
    pub graphql: Option<GraphqlFile>,
    /// Line starts.
    pub lines: Option<LineIndex>,
}

/// What a whole tree gave.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HitsEntry {
    /// What the rules claim, before anything is settled.
    pub hits: Vec<Candidate>,
    /// What was left out on the way, besides what listing the tree says.
    pub problems: Vec<Problem>,
    /// Comments that mean to suppress.
    pub comments: Vec<FileComments>,
    /// Counts for people, by name.
    pub counts: Counts,
}

/// How much there was.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Files that were read.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Functions, closures included.
    pub functions: usize,
    /// Data-access statements.
    pub statements: usize,
    /// Others, by name, in the order they are shown.
    pub other: Vec<(String, usize)>,
}

/// Names first, each once; then everything else, with numbers for names.
pub(super) fn encode(entry: &FileEntry) -> Option<Vec<u8>> {
    let (body, symbols) = write_with_table(|| postcard::to_stdvec(entry).ok());
    let body = body?;
    let names: Vec<&str> = symbols.iter().map(|symbol| symbol.as_str()).collect();
    let mut bytes = postcard::to_stdvec(&names).ok()?;
    bytes.extend(body);
    Some(bytes)
}

pub(super) fn decode(bytes: &[u8]) -> Option<FileEntry> {
    let (names, body): (Vec<&str>, &[u8]) = postcard::take_from_bytes(bytes).ok()?;
    let symbols = names.into_iter().map(Symbol::new).collect();
    read_with_table(symbols, || postcard::from_bytes(body).ok())
}

#[cfg(test)]
mod tests {
    use betwixt_facts::go;
    use betwixt_syntax::Limits;

    use super::*;

    fn entry(text: &str) -> FileEntry {
        FileEntry {
            is_read: true,
            marks: Marks::default(),
            code: Some(CodeEntry {
                facts: Some(go::lower(text, &Limits::default())),
                ops: Vec::new(),
                queries: Vec::new(),
                proto: None,
                graphql: None,
                lines: None,
            }),
            comments: crate::suppress::comments(text),
            problems: vec![Problem::warning("", "something")],
        }
    }

    #[test]
    fn an_entry_comes_back_as_it_was() {
        let text = "package a\nfunc (s *S) F(id string) error { // betwixt: ignore[x] why\n\treturn s.db.Get(id, 1.5, `x`)\n}\n";
        let entry = entry(text);
        let bytes = encode(&entry).unwrap();
        assert_eq!(decode(&bytes).unwrap(), entry);
        assert!(decode(&bytes[..bytes.len() / 2]).is_none());
        assert!(decode(b"").is_none());
    }
}
