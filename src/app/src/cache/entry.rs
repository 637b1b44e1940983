//! What is kept of a file and of a tree, and how it becomes bytes.

use betwixt_base::workspace::Marks;
use betwixt_base::{
    Layout, LineIndex, Problem, Symbol, read_apart, read_with_table, write_apart, write_with_table,
};
use betwixt_facts::FileFacts;
use betwixt_facts::graphql::GraphqlFile;
use betwixt_facts::proto::ProtoFile;
use betwixt_facts::remark::Remark;
use betwixt_facts::schema::{NamedQuery, SchemaOp};
use betwixt_files::ContentId;
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
    /// What its comments say was decided.
    pub remarks: Vec<Remark>,
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
    /// Which content each file had, and how many bytes; the places above are places in these texts.
    pub texts: Vec<(ContentId, u64)>,
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

/// What a text says, wherever in it that stands: a hash over its facts without their places. Texts of the same shape give
/// the same hits, at other places.
pub type Shape = [u8; 16];

/// What of an entry is not part of the shape.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Aside {
    /// The places of the facts.
    pub layout: Layout,
    /// Comments that mean to suppress.
    pub comments: Vec<Comment>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// What its comments say was decided.
    pub remarks: Vec<Remark>,
}

/// The rest of an entry: what its shape is a hash of.
#[derive(Serialize, Deserialize)]
struct Body {
    is_read: bool,
    marks: Marks,
    code: Option<CodeEntry>,
}

/// First what is no part of the shape; then names, each once; then everything else, with numbers for names.
pub(super) fn encode(entry: FileEntry) -> (FileEntry, Option<(Vec<u8>, Shape)>) {
    let mut body = Body {
        is_read: entry.is_read,
        marks: entry.marks,
        code: entry.code,
    };
    let remarks = body.code.as_mut().map(|code| &mut code.remarks);
    let remarks = remarks.map(std::mem::take).unwrap_or_default();
    let (written, layout) = without_places(&body);
    let aside = Aside {
        layout,
        comments: entry.comments,
        problems: entry.problems,
        remarks,
    };
    let bytes = written.and_then(|written| {
        let mut bytes = postcard::to_stdvec(&aside).ok()?;
        let shape = shape(&written);
        bytes.extend(written);
        Some((bytes, shape))
    });
    (whole(body, aside), bytes)
}

/// An entry from its parts; the layout has gone where it came from.
fn whole(mut body: Body, aside: Aside) -> FileEntry {
    if let Some(code) = &mut body.code {
        code.remarks = aside.remarks;
    }
    FileEntry {
        is_read: body.is_read,
        marks: body.marks,
        code: body.code,
        comments: aside.comments,
        problems: aside.problems,
    }
}

/// Names, then the rest, with numbers for names; and the places, which are in neither.
pub(crate) fn without_places<T: Serialize>(body: &T) -> (Option<Vec<u8>>, Layout) {
    let ((written, symbols), layout) =
        write_apart(|| write_with_table(|| postcard::to_stdvec(body).ok()));
    let names: Vec<&str> = symbols.iter().map(|symbol| symbol.as_str()).collect();
    let all = written.and_then(|written| {
        let mut bytes = postcard::to_stdvec(&names).ok()?;
        bytes.extend(written);
        Some(bytes)
    });
    (all, layout)
}

fn shape(bytes: &[u8]) -> Shape {
    super::first_half(&blake3::hash(bytes))
}

pub(super) fn decode(bytes: &[u8]) -> Option<FileEntry> {
    let (mut aside, bytes): (Aside, &[u8]) = postcard::take_from_bytes(bytes).ok()?;
    let layout = std::mem::take(&mut aside.layout);
    let (names, body): (Vec<&str>, &[u8]) = postcard::take_from_bytes(bytes).ok()?;
    let symbols = names.into_iter().map(Symbol::new).collect();
    let read = || postcard::from_bytes::<Body>(body).ok();
    let body = read_apart(layout, || read_with_table(symbols, read))?;
    Some(whole(body, aside))
}

/// As [`decode`], without the facts.
pub(super) fn decode_aside(bytes: &[u8]) -> Option<Aside> {
    let (aside, _) = postcard::take_from_bytes(bytes).ok()?;
    Some(aside)
}

#[cfg(test)]
mod tests {
    use betwixt_facts::go;
    use betwixt_facts::remark::Claim;
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
                remarks: vec![Remark {
                    claim: Claim::Meant,
                    line: text.lines().count() as u32,
                    first: 1,
                    last: 2,
                }],
            }),
            comments: crate::suppress::comments(text),
            problems: vec![Problem::warning("", "something")],
        }
    }

    #[test]
    fn an_entry_comes_back_as_it_was() {
        let text = "package a\nfunc (s *S) F(id string) error { // betwixt: ignore[x] why\n\treturn s.db.Get(id, 1.5, `x`)\n}\n";
        let (entry, bytes) = encode(entry(text));
        let (bytes, _) = bytes.unwrap();
        assert_eq!(decode(&bytes).unwrap(), entry);
        assert!(decode(&bytes[..bytes.len() / 2]).is_none());
        assert!(decode(b"").is_none());
    }
    #[test]
    fn a_shape_is_the_same_wherever_it_stands() {
        let shape = |text: &str| encode(entry(text)).1.unwrap().1;
        let text = "package a\n\nfunc F(id string) error {\n\treturn load(id, \"x\")\n}\n";
        let moved = text.replace("\n\n", "\n// Why.\n\n");
        let wrapped = text.replace("id, ", "\n\t\tid, // The one.\n\t\t");
        assert_eq!(shape(text), shape(&moved));
        assert_eq!(shape(text), shape(&wrapped));
        assert_ne!(shape(text), shape(&text.replace("\"x\"", "\"y\"")));
        assert_ne!(shape(text), shape(&text.replace("load", "store")));
    }
}
