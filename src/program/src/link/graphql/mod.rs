//! Calls that send a GraphQL document to the resolvers of the fields it asks for.
//!
//! One link per field of the operation's top level: variables at the call become the field's arguments, what the
//! resolver answers is the part of the answer under the field's alias. A document is a text in code (`gql` templates,
//! string constants) or stands in a file and is named by the call as a code generator names it (`new GetUserStore()`,
//! `useGetUserQuery()`): the latter is likely, not sure. Fields of the types below the top are the resolver's own affair.

mod documents;
mod named;
mod objects;
mod resolvers;
mod sends;
mod values;

use betwixt_base::Symbol;
use betwixt_facts::graphql::{FieldSelection, Operation, OperationKind};

use super::{
    Found, Link, LinkContext, LinkKind, MAX_TARGETS, Source, Sureness, Unlinked, ValueMap,
};
use crate::ids::FunctionId;
use documents::Documents;
use resolvers::Resolvers;
use sends::{Send, sends};
use values::{argument_values, given};

/// Finds the links of operations.
pub(super) fn find(context: &LinkContext<'_>) -> Found {
    let mut found = Found::default();
    let documents = Documents::new(context);
    if documents.is_empty() {
        return found;
    }
    let resolvers = Resolvers::new(context);
    let finder = Finder {
        context,
        documents: &documents,
        resolvers: &resolvers,
    };
    for send in sends(context, &documents) {
        finder.send(&send, &mut found);
    }
    found
}

struct Finder<'a> {
    context: &'a LinkContext<'a>,
    documents: &'a Documents,
    resolvers: &'a Resolvers,
}

impl Finder<'_> {
    fn send(&self, send: &Send, found: &mut Found) {
        let document = self.documents.get(send.document);
        let operation = &document.operation;
        let mut links: Vec<Link> = Vec::new();
        for field in self.documents.fields(document) {
            if field.name.as_str().starts_with("__") {
                continue;
            }
            let meant = self.meant(operation.kind, field, send);
            match meant {
                Ok(functions) => {
                    let is_only = functions.len() == 1;
                    for to in functions {
                        self.add(send, operation, field, to, is_only, &mut links);
                    }
                }
                Err(reason) => found.unlinked.push(Unlinked {
                    kind: LinkKind::Graphql,
                    site: send.site,
                    name: title(operation.kind, field),
                    reason,
                }),
            }
        }
        found.links.extend(links);
    }

    /// The resolvers a field may mean, or why none is known.
    fn meant(
        &self,
        kind: OperationKind,
        field: &FieldSelection,
        send: &Send,
    ) -> Result<Vec<FunctionId>, &'static str> {
        let context = self.context;
        let root = self.documents.graphql.root(kind, field.name);
        let mut functions = self.resolvers.of(kind, field.name);
        if functions.is_empty() {
            return Err("no resolver");
        }
        functions.retain(|&function| match root {
            Some(root) => (field.arguments.iter()).all(|one| root.arguments.contains(&one.name)),
            None => values::takes(context, function, field),
        });
        if functions.is_empty() {
            return Err("the resolver of that name takes other arguments");
        }
        let service = |file| context.workspace.file(file).service;
        let own = service(send.site.file);
        let is_own =
            |&function: &FunctionId| service(context.resolver.code.file_of(function)) == own;
        if functions.iter().any(is_own) {
            functions.retain(is_own);
        }
        if functions.len() > MAX_TARGETS {
            return Err("several resolvers");
        }
        Ok(functions)
    }

    fn add(
        &self,
        send: &Send,
        operation: &Operation,
        field: &FieldSelection,
        to: FunctionId,
        is_only: bool,
        links: &mut Vec<Link>,
    ) {
        let context = self.context;
        // The same field twice under two aliases is one link that carries both.
        let known = links.iter().position(|link| link.to == to);
        let at = known.unwrap_or_else(|| {
            let from = context.function_of(send.site);
            let name = title(operation.kind, field);
            let mut link = Link::new(LinkKind::Graphql, send.site, from, to, name.as_str());
            link.found_by = if send.is_named {
                "operation's name"
            } else {
                "document"
            };
            link.sureness = match (is_only, send.is_named) {
                (false, _) => Sureness::Guess,
                (true, true) => Sureness::Likely,
                (true, false) => Sureness::Sure,
            };
            links.push(link);
            links.len() - 1
        });
        let values = &mut links[at].values;
        for argument in &field.arguments {
            for (below, variable) in &argument.variables {
                for value in given(context, send, *variable) {
                    argument_values(context, to, argument.name, below, value, values);
                }
            }
        }
        let answer = field.answer.as_str();
        for path in [&["data", answer][..], &[answer][..]] {
            values.push(ValueMap::answer(send.site, path, Source::Returned(to)));
        }
    }
}

/// `query user`.
fn title(kind: OperationKind, field: &FieldSelection) -> Symbol {
    Symbol::new(&format!("{} {}", kind.word(), field.name))
}

/// Names that only differ in case and underscores are one: `getUser`, `GetUser`, `get_user`.
fn folded(name: &str) -> String {
    let plain = name.bytes().filter(|byte| *byte != b'_');
    plain
        .map(|byte| byte.to_ascii_lowercase() as char)
        .collect()
}
