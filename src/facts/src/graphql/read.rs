//! The text of a document or schema to its facts, by way of a parser that goes on after errors.

use apollo_parser::Parser;
use apollo_parser::cst::{self, CstNode};
use betwixt_base::{Problem, Span, Symbol};

use super::{
    Argument, FieldSelection, Fragment, GraphqlFile, Operation, OperationKind, RootField, Selection,
};

/// Most nested levels that are read: documents nobody wrote by hand end here.
const MAX_DEPTH: usize = 120;
/// Most tokens of one text.
const MAX_TOKENS: usize = 2_000_000;

/// What a `.graphql` file defines, as far as it can be read. Problems have no file name yet.
#[must_use]
pub fn read_graphql(text: &str) -> (GraphqlFile, Vec<Problem>) {
    let parser = Parser::new(text)
        .recursion_limit(MAX_DEPTH)
        .token_limit(MAX_TOKENS);
    let tree = parser.parse();
    let problem = tree.errors().next().map(|error| {
        let message = error.message().lines().next().unwrap_or_default();
        Problem::warning("", format!("the GraphQL file is broken: {message}"))
    });
    (read(&tree.document()), problem.into_iter().collect())
}

/// What a text in code defines; `None` when it is no sound document.
#[must_use]
pub fn read_document(text: &str) -> Option<GraphqlFile> {
    let tree = Parser::new(text)
        .recursion_limit(MAX_DEPTH)
        .token_limit(MAX_TOKENS)
        .parse();
    if tree.errors().next().is_some() {
        return None;
    }
    let file = read(&tree.document());
    (!file.is_empty()).then_some(file)
}

/// Whether a text begins as an operation or a fragment does; a quick look before [`read_document`].
#[must_use]
pub fn is_document(text: &str) -> bool {
    let mut rest = text.trim_start();
    while let Some(comment) = rest.strip_prefix('#') {
        rest = comment
            .split_once('\n')
            .map_or("", |(_, after)| after.trim_start());
    }
    if let Some(inside) = rest.strip_prefix('{') {
        // `{ me { id } }`: a name first, and something that is asked of it or beside it.
        let inside = inside.trim_start();
        let is_named = inside.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        return is_named && inside.contains('{') && inside.trim_end().ends_with('}');
    }
    let word = rest
        .split(|c: char| !c.is_ascii_alphanumeric())
        .next()
        .unwrap_or_default();
    matches!(word, "query" | "mutation" | "subscription" | "fragment")
        && rest[word.len()..].starts_with(|c: char| c.is_whitespace() || "({@".contains(c))
        && rest.contains('{')
}

fn read(document: &cst::Document) -> GraphqlFile {
    let mut file = GraphqlFile::default();
    let roots = root_names(document);
    for definition in document.definitions() {
        match definition {
            cst::Definition::OperationDefinition(operation) => {
                file.operations.extend(read_operation(&operation));
            }
            cst::Definition::FragmentDefinition(fragment) => {
                file.fragments.extend(read_fragment(&fragment));
            }
            cst::Definition::ObjectTypeDefinition(object) => {
                read_roots(&roots, object.name(), object.fields_definition(), &mut file);
            }
            cst::Definition::ObjectTypeExtension(object) => {
                read_roots(&roots, object.name(), object.fields_definition(), &mut file);
            }
            _ => {}
        }
    }
    file
}

/// The names of the root types.
fn root_names(document: &cst::Document) -> Vec<(Symbol, OperationKind)> {
    let mut named: Vec<(Symbol, OperationKind)> = Vec::new();
    for definition in document.definitions() {
        let roots = match definition {
            cst::Definition::SchemaDefinition(schema) => schema.root_operation_type_definitions(),
            cst::Definition::SchemaExtension(schema) => schema.root_operation_type_definitions(),
            _ => continue,
        };
        for root in roots {
            let name = root.named_type().and_then(|named| named.name());
            let kind = root.operation_type().and_then(|word| kind_of(&word));
            if let (Some(name), Some(kind)) = (name, kind) {
                named.push((symbol(&name), kind));
            }
        }
    }
    for kind in OperationKind::ALL {
        if !named.iter().any(|(_, known)| *known == kind) {
            named.push((Symbol::new(kind.root()), kind));
        }
    }
    named
}

fn read_roots(
    roots: &[(Symbol, OperationKind)],
    name: Option<cst::Name>,
    fields: Option<cst::FieldsDefinition>,
    file: &mut GraphqlFile,
) {
    let Some(name) = name.map(|name| symbol(&name)) else {
        return;
    };
    let Some(&(_, kind)) = roots.iter().find(|(root, _)| *root == name) else {
        return;
    };
    for field in fields
        .iter()
        .flat_map(cst::FieldsDefinition::field_definitions)
    {
        let Some(name) = field.name() else { continue };
        let arguments = field.arguments_definition();
        let arguments = arguments
            .iter()
            .flat_map(cst::ArgumentsDefinition::input_value_definitions)
            .filter_map(|argument| Some(symbol(&argument.name()?)));
        file.roots.push(RootField {
            kind,
            name: symbol(&name),
            arguments: arguments.collect(),
            span: span(&name),
        });
    }
}

fn read_operation(operation: &cst::OperationDefinition) -> Option<Operation> {
    let kind = match operation.operation_type() {
        Some(word) => kind_of(&word)?,
        None => OperationKind::Query,
    };
    let variables = operation.variable_definitions();
    let variables = variables
        .iter()
        .flat_map(cst::VariableDefinitions::variable_definitions)
        .filter_map(|variable| Some(symbol(&variable.variable()?.name()?)));
    let name = operation.name();
    Some(Operation {
        kind,
        name: name.as_ref().map_or_else(Symbol::empty, symbol),
        variables: variables.collect(),
        selections: read_selections(operation.selection_set()?),
        span: name.as_ref().map_or_else(|| span(operation), span),
    })
}

fn read_fragment(fragment: &cst::FragmentDefinition) -> Option<Fragment> {
    let on = fragment.type_condition()?.named_type()?.name()?;
    Some(Fragment {
        name: symbol(&fragment.fragment_name()?.name()?),
        on: symbol(&on),
        selections: read_selections(fragment.selection_set()?),
    })
}

/// The top of a selection, with what inline fragments in it ask for.
fn read_selections(set: cst::SelectionSet) -> Vec<Selection> {
    let mut found = Vec::new();
    for selection in set.selections() {
        match selection {
            cst::Selection::Field(field) => {
                found.extend(read_field(&field).map(Selection::Field));
            }
            cst::Selection::FragmentSpread(spread) => {
                let name = spread.fragment_name().and_then(|name| name.name());
                found.extend(name.map(|name| Selection::Spread(symbol(&name))));
            }
            // As deep as the parser reads, no deeper.
            cst::Selection::InlineFragment(inline) => {
                found.extend(inline.selection_set().into_iter().flat_map(read_selections));
            }
        }
    }
    found
}

fn read_field(field: &cst::Field) -> Option<FieldSelection> {
    let name = symbol(&field.name()?);
    let alias = field.alias().and_then(|alias| alias.name());
    let arguments = field.arguments();
    let arguments = arguments
        .iter()
        .flat_map(cst::Arguments::arguments)
        .filter_map(|argument| {
            let mut variables = Vec::new();
            variables_in(argument.value(), &mut Vec::new(), &mut variables);
            Some(Argument {
                name: symbol(&argument.name()?),
                variables,
            })
        });
    Some(FieldSelection {
        answer: alias.as_ref().map_or(name, symbol),
        name,
        arguments: arguments.collect(),
    })
}

/// The variables in a value, with the fields that lead to them; bounded by the depth the parser reads.
fn variables_in(
    value: Option<cst::Value>,
    path: &mut Vec<Symbol>,
    found: &mut Vec<(Vec<Symbol>, Symbol)>,
) {
    match value {
        Some(cst::Value::Variable(variable)) => {
            found.extend(variable.name().map(|name| (path.clone(), symbol(&name))));
        }
        Some(cst::Value::ListValue(list)) => {
            for value in list.values() {
                variables_in(Some(value), path, found);
            }
        }
        Some(cst::Value::ObjectValue(object)) => {
            for field in object.object_fields() {
                let Some(name) = field.name() else { continue };
                path.push(symbol(&name));
                variables_in(field.value(), path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

fn kind_of(word: &cst::OperationType) -> Option<OperationKind> {
    if word.query_token().is_some() {
        Some(OperationKind::Query)
    } else if word.mutation_token().is_some() {
        Some(OperationKind::Mutation)
    } else if word.subscription_token().is_some() {
        Some(OperationKind::Subscription)
    } else {
        None
    }
}

fn symbol(name: &cst::Name) -> Symbol {
    Symbol::new(&name.text())
}

fn span(node: &impl CstNode) -> Span {
    let range = node.syntax().text_range();
    Span {
        start: range.start().into(),
        end: range.end().into(),
    }
}
