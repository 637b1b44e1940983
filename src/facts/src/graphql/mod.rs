//! GraphQL: what a document asks for, and what a schema offers at its roots.
//!
//! One text (a `.graphql` file, a template in code) to its operations, fragments and the fields of its root types. Only
//! the top level of each is kept: fields below are answered by whatever the top one gave. Variables are followed to the
//! arguments they are put into. Broken documents give what could be read of them. Knows nothing of who asks or answers.

mod read;

use betwixt_base::{Span, Symbol};
use serde::{Deserialize, Serialize};

pub use read::{is_document, read_document, read_graphql};

/// What one text defines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphqlFile {
    /// Operations in order.
    pub operations: Vec<Operation>,
    /// Fragments in order.
    pub fragments: Vec<Fragment>,
    /// Fields of the root types, extensions too.
    pub roots: Vec<RootField>,
}

impl GraphqlFile {
    /// Whether it defines nothing we know.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty() && self.fragments.is_empty() && self.roots.is_empty()
    }
}

/// What an operation does.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub enum OperationKind {
    /// Reads; what is meant when nothing is said.
    #[default]
    Query,
    /// Changes.
    Mutation,
    /// Listens.
    Subscription,
}

impl OperationKind {
    /// All kinds, in order.
    pub const ALL: [Self; 3] = [Self::Query, Self::Mutation, Self::Subscription];

    /// As a document says it: `query`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }

    /// The type whose fields it asks for, unless a schema says otherwise: `Query`.
    #[must_use]
    pub fn root(self) -> &'static str {
        match self {
            Self::Query => "Query",
            Self::Mutation => "Mutation",
            Self::Subscription => "Subscription",
        }
    }
}

/// `query GetUser($id: ID!) { user(id: $id) { name } }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// What it does.
    pub kind: OperationKind,
    /// Its name, empty when it has none.
    pub name: Symbol,
    /// Its variables in order, without the `$`.
    pub variables: Vec<Symbol>,
    /// What it asks for at the top; inline fragments are opened.
    pub selections: Vec<Selection>,
    /// The name's place, or the operation's.
    pub span: Span,
}

/// `fragment Parts on Query { … }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fragment {
    /// Its name.
    pub name: Symbol,
    /// The type it is a part of.
    pub on: Symbol,
    /// What it asks for at its top.
    pub selections: Vec<Selection>,
}

/// A part of a selection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Selection {
    /// A field.
    Field(FieldSelection),
    /// `...Parts`: the selection of a fragment.
    Spread(Symbol),
}

/// `first: user(id: $id) { … }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldSelection {
    /// The name in the answer: the alias, or the field's own.
    pub answer: Symbol,
    /// The field.
    pub name: Symbol,
    /// Its arguments in order.
    pub arguments: Vec<Argument>,
}

/// `input: { id: $id, tags: [$tag] }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Argument {
    /// Its name.
    pub name: Symbol,
    /// The variables in it, each with the fields of the argument that lead there.
    pub variables: Vec<(Vec<Symbol>, Symbol)>,
}

/// A field of a root type: `type Query { user(id: ID!): User }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootField {
    /// By which operations it is asked for.
    pub kind: OperationKind,
    /// Its name.
    pub name: Symbol,
    /// Its arguments in order.
    pub arguments: Vec<Symbol>,
    /// The name's place.
    pub span: Span,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> GraphqlFile {
        let (file, problems) = read_graphql(text);
        assert_eq!(problems, []);
        file
    }

    fn fields(selections: &[Selection]) -> Vec<String> {
        let field = |selection: &Selection| match selection {
            Selection::Spread(name) => format!("...{name}"),
            Selection::Field(field) => {
                let argument = |argument: &Argument| {
                    let variables = argument.variables.iter().map(|(path, variable)| {
                        let path: Vec<&str> = path.iter().map(|part| part.as_str()).collect();
                        format!("{}={variable}", path.join("."))
                    });
                    let variables: Vec<String> = variables.collect();
                    format!("{}[{}]", argument.name, variables.join(" "))
                };
                let arguments: Vec<String> = field.arguments.iter().map(argument).collect();
                format!("{}:{}({})", field.answer, field.name, arguments.join(","))
            }
        };
        selections.iter().map(field).collect()
    }

    #[test]
    fn variables_are_followed_into_the_arguments() {
        let file = read(
            "mutation Save($id: ID!, $tag: String) { done: save(id: $id, input: { by: { user: $id }, tags: [$tag], n: 1 }) { id } }",
        );
        let [operation] = &file.operations[..] else {
            panic!("one operation")
        };
        assert_eq!(operation.kind, OperationKind::Mutation);
        assert_eq!(operation.name, "Save");
        assert_eq!(operation.variables.len(), 2);
        assert_eq!(
            fields(&operation.selections),
            ["done:save(id[=id],input[by.user=id tags=tag])"]
        );
    }

    #[test]
    fn fragments_at_the_top_are_kept_and_inline_ones_are_opened() {
        let file = read(
            "{ me { id } ... on Query { teams { id } } ...Rest } fragment Rest on Query { plans { id } }",
        );
        assert_eq!(file.operations[0].kind, OperationKind::Query);
        assert!(file.operations[0].name.is_empty());
        assert_eq!(
            fields(&file.operations[0].selections),
            ["me:me()", "teams:teams()", "...Rest"]
        );
        assert_eq!(file.fragments[0].on, "Query");
        assert_eq!(fields(&file.fragments[0].selections), ["plans:plans()"]);
    }

    #[test]
    fn root_types_are_those_the_schema_names() {
        let file = read(
            "schema { query: Reads } type Reads { user(id: ID!, deep: Boolean): User } type User { id: ID! } extend type Mutation { drop(id: ID!): Boolean }",
        );
        let found: Vec<(OperationKind, &str, usize)> = file
            .roots
            .iter()
            .map(|root| (root.kind, root.name.as_str(), root.arguments.len()))
            .collect();
        assert_eq!(
            found,
            [
                (OperationKind::Query, "user", 2),
                (OperationKind::Mutation, "drop", 1)
            ]
        );
    }

    #[test]
    fn a_broken_document_gives_what_can_be_read() {
        let (file, problems) = read_graphql("query A { me { id } } query B { you( } fragment");
        assert_eq!(problems.len(), 1);
        assert_eq!(file.operations[0].name, "A");
    }

    #[test]
    fn only_texts_that_begin_like_one_are_documents() {
        for text in [
            "query A { me { id } }",
            "\n  # why\n  mutation($id: ID!) { drop(id: $id) }",
            "{ me { id } }",
            "fragment F on User { id }",
        ] {
            assert!(is_document(text), "{text}");
        }
        for text in [
            "query failed",
            "queries { }",
            "{\"query\": 1}",
            "{}",
            "subscription",
            "{ \"a\": { } }",
            "{id}",
        ] {
            assert!(!is_document(text), "{text}");
        }
    }
}
