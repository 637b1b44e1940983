//! The documents of a program: those in `.graphql` files and those written as texts in code.
//!
//! A text counts when it is a sound document of one operation; fragments inserted into it are known by their names.

use betwixt_base::{FileId, Symbol};
use betwixt_facts::graphql::{
    FieldSelection, Fragment, Operation, OperationKind, is_document, read_document,
};
use betwixt_facts::ir::{ExprId, ExprKind, Ir};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::folded;
use crate::graphql::Graphql;
use crate::ids::ExprRef;
use crate::link::LinkContext;

/// Longest text that is read.
const MAX_BYTES: usize = 100_000;

/// One operation and the fragments beside it.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) operation: Operation,
    own: Vec<Fragment>,
}

/// Which of the documents.
pub(super) type DocumentIdx = u32;

/// All documents.
#[derive(Debug)]
pub(super) struct Documents {
    all: Vec<Document>,
    by_text: FxHashMap<ExprRef, DocumentIdx>,
    by_name: FxHashMap<String, DocumentIdx>,
    /// Fragments and schema of files and of texts in code.
    pub(super) graphql: Graphql,
}

impl Documents {
    /// Reads the texts that begin like a document; linear in the expressions of the program.
    pub(super) fn new(context: &LinkContext<'_>) -> Self {
        let mut all = Self {
            all: Vec::new(),
            by_text: FxHashMap::default(),
            by_name: FxHashMap::default(),
            graphql: context.graphql.clone(),
        };
        for operation in context.graphql.operations() {
            all.add(operation.clone(), Vec::new());
        }
        let files: Vec<(FileId, &Ir)> = (context.resolver.code.code_files())
            .filter(|(file, _)| !context.workspace.file(*file).marks.test)
            .map(|(file, facts)| (file, &facts.ir))
            .collect();
        let texts: Vec<Vec<(ExprRef, String)>> = files
            .par_iter()
            .map(|&(file, ir)| {
                let exprs = (0..ir.exprs.len() as u32).map(ExprId);
                let texts =
                    exprs.filter_map(|expr| Some((ExprRef { file, expr }, text_of(ir, expr)?)));
                texts.collect()
            })
            .collect();
        for (at, text) in texts.into_iter().flatten() {
            all.text(at, &text);
        }
        all
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn get(&self, at: DocumentIdx) -> &Document {
        &self.all[at as usize]
    }

    /// The document that is this text.
    pub(super) fn at(&self, at: ExprRef) -> Option<DocumentIdx> {
        self.by_text.get(&at).copied()
    }

    /// The document of an operation's name, however a generator spells it; of one kind, where that is said.
    pub(super) fn named(&self, name: &str, kind: Option<OperationKind>) -> Option<DocumentIdx> {
        let at = *self.by_name.get(&folded(name))?;
        let own = self.get(at).operation.kind;
        kind.is_none_or(|kind| kind == own).then_some(at)
    }

    /// The fields an operation asks for at its top.
    pub(super) fn fields<'a>(&'a self, document: &'a Document) -> Vec<&'a FieldSelection> {
        self.graphql.fields(&document.operation, &document.own)
    }

    fn add(&mut self, operation: Operation, own: Vec<Fragment>) -> DocumentIdx {
        let idx = self.all.len() as DocumentIdx;
        if !operation.name.is_empty() {
            let name = folded(operation.name.as_str());
            self.by_name.entry(name).or_insert(idx);
        }
        self.all.push(Document { operation, own });
        idx
    }

    fn text(&mut self, at: ExprRef, text: &str) {
        let read = [" ", "__typename"]
            .iter()
            .find_map(|inserted| read_document(&text.replace(HOLE, inserted)));
        let Some(found) = read else {
            return;
        };
        self.graphql.offer(found.fragments.clone(), found.roots);
        let mut operations = found.operations.into_iter();
        if let (Some(operation), None) = (operations.next(), operations.next()) {
            let idx = self.add(operation, found.fragments);
            self.by_text.insert(at, idx);
        }
    }
}

/// Stands for what is inserted into a text; no character of a document.
const HOLE: char = '\u{1}';

/// A text that begins like a document or a schema's root, with marks where something is inserted.
fn text_of(ir: &Ir, expr: ExprId) -> Option<String> {
    let text = match ir.kind(expr) {
        ExprKind::Str(text) => {
            let text = text.as_str();
            let is_one = text.len() <= MAX_BYTES && (is_document(text) || is_schema(text));
            return is_one.then(|| text.to_owned());
        }
        ExprKind::Concat(parts) => {
            let parts = ir.expr_list(parts);
            if !may_begin(ir, parts) {
                return None;
            }
            let mut text = String::new();
            for &part in parts {
                match ir.kind(part) {
                    ExprKind::Str(piece) => text.push_str(piece.as_str()),
                    _ => text.push(HOLE),
                }
                if text.len() > MAX_BYTES {
                    return None;
                }
            }
            text
        }
        _ => return None,
    };
    let plain = text.trim_start_matches(|c: char| c == HOLE || c.is_whitespace());
    is_document(plain).then(|| text.clone())
}

/// Whether the first text of several may be the beginning of a document.
fn may_begin(ir: &Ir, parts: &[ExprId]) -> bool {
    let first = parts.iter().find_map(|&part| match ir.kind(part) {
        ExprKind::Str(piece) => piece.as_str().trim_start().bytes().next(),
        _ => None,
    });
    first.is_some_and(|first| b"qmsf{#".contains(&first))
}

fn is_schema(text: &str) -> bool {
    text.contains('\n')
        && ["type Query", "type Mutation", "type Subscription"]
            .iter()
            .any(|root| text.contains(root))
}

/// The name of an operation in what a generator makes of it: `GetUserDocument`.
pub(super) fn of_document_name(name: Symbol) -> Option<&'static str> {
    let rest = name.as_str().strip_suffix("Document")?;
    (!rest.is_empty()).then_some(rest)
}
