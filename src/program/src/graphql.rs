//! What clients ask for and schemas offer over GraphQL: the `.graphql` files of the tree as one model.
//!
//! Operations and fragments by name, fields of root types by operation and name. Documents in code are added by who
//! finds them there (`link::graphql`). Files that are copied into several folders count once per name, the first by
//! path. Knows nothing of who asks or answers.

use betwixt_base::{FileId, Symbol};
use betwixt_facts::graphql::{
    FieldSelection, Fragment, GraphqlFile, Operation, OperationKind, RootField, Selection,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// Most fragments that are opened for one operation.
const MAX_FRAGMENTS: usize = 64;

/// All `.graphql` files of the tree.
#[derive(Debug, Clone, Default)]
pub struct Graphql {
    operations: Vec<Operation>,
    by_name: FxHashMap<Symbol, u32>,
    fragments: FxHashMap<Symbol, Fragment>,
    roots: FxHashMap<(OperationKind, Symbol), RootField>,
}

impl Graphql {
    /// Joins the files; linear.
    #[must_use]
    pub fn new(files: impl IntoIterator<Item = (FileId, GraphqlFile)>) -> Self {
        let mut all = Self::default();
        for (_, file) in files {
            for operation in file.operations {
                let idx = all.operations.len() as u32;
                if !operation.name.is_empty() && !all.by_name.contains_key(&operation.name) {
                    all.by_name.insert(operation.name, idx);
                    all.operations.push(operation);
                }
            }
            all.offer(file.fragments, file.roots);
        }
        all
    }

    /// Adds what a document in code offers others: its fragments and its schema.
    pub(crate) fn offer(&mut self, fragments: Vec<Fragment>, roots: Vec<RootField>) {
        for fragment in fragments {
            self.fragments.entry(fragment.name).or_insert(fragment);
        }
        for root in roots {
            self.roots.entry((root.kind, root.name)).or_insert(root);
        }
    }

    /// The named operations of files, in order.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation of a name.
    #[must_use]
    pub fn operation(&self, name: Symbol) -> Option<&Operation> {
        let idx = *self.by_name.get(&name)?;
        self.operations.get(idx as usize)
    }

    /// The fragment of a name.
    #[must_use]
    pub fn fragment(&self, name: Symbol) -> Option<&Fragment> {
        self.fragments.get(&name)
    }

    /// The field of a root type, where a schema is known.
    #[must_use]
    pub fn root(&self, kind: OperationKind, name: Symbol) -> Option<&RootField> {
        self.roots.get(&(kind, name))
    }

    /// The fields an operation asks for at its top, those of fragments too; `own` are the fragments written beside it.
    #[must_use]
    pub fn fields<'a>(
        &'a self,
        operation: &'a Operation,
        own: &'a [Fragment],
    ) -> Vec<&'a FieldSelection> {
        let mut found = Vec::new();
        let mut seen: FxHashSet<Symbol> = FxHashSet::default();
        let mut open = vec![&operation.selections];
        while let Some(selections) = open.pop() {
            for selection in selections {
                match selection {
                    Selection::Field(field) => found.push(field),
                    Selection::Spread(name) => {
                        let near = own.iter().find(|fragment| fragment.name == *name);
                        if let Some(fragment) = near.or_else(|| self.fragment(*name))
                            && seen.len() < MAX_FRAGMENTS
                            && seen.insert(*name)
                        {
                            open.push(&fragment.selections);
                        }
                    }
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use betwixt_facts::graphql::read_graphql;

    use super::*;

    fn graphql(texts: &[&str]) -> Graphql {
        let files = texts.iter().zip(0..).map(|(text, at)| {
            let (file, problems) = read_graphql(text);
            assert_eq!(problems, []);
            (FileId(at), file)
        });
        Graphql::new(files)
    }

    #[test]
    fn fields_of_fragments_in_other_files_belong_to_the_operation() {
        let all = graphql(&[
            "query Home { me { id } ...Rest }",
            "fragment Rest on Query { plans { id } ...Rest }",
        ]);
        let home = all.operation(Symbol::new("Home")).expect("it is known");
        let names: Vec<&str> = all
            .fields(home, &[])
            .iter()
            .map(|field| field.name.as_str())
            .collect();
        assert_eq!(names, ["me", "plans"]);
    }

    #[test]
    fn the_first_of_two_operations_of_one_name_counts() {
        let all = graphql(&["query A { one { id } }", "query A { two { id } }"]);
        let found = all.operation(Symbol::new("A")).expect("it is known");
        assert_eq!(all.fields(found, &[])[0].name, "one");
        assert_eq!(all.operations().len(), 1);
    }
}
