//! Which values of an operation reach a resolver: variables at the call, arguments of the field, parameters.

use betwixt_base::Symbol;
use betwixt_facts::graphql::FieldSelection;
use betwixt_facts::ir::{ExprKind, LocalKind, TypeRef};

use super::sends::Send;
use crate::events::chain::peel;
use crate::events::select::field as part_of;
use crate::ids::{ExprRef, FunctionId};
use crate::link::{LinkContext, Source, Target, ValueMap, same_field};
use crate::proto::spellings;

/// Parameters that hold all arguments of a field.
const ALL_ARGUMENTS: &[&str] = &["args", "input", "params"];

/// The values a call gives a variable; all of the variables where they are no literal.
pub(super) fn given(context: &LinkContext<'_>, send: &Send, variable: Symbol) -> Vec<ExprRef> {
    let own = send.named.iter().filter(|(name, _)| *name == variable);
    let mut found: Vec<ExprRef> = own.map(|(_, value)| *value).collect();
    if let (true, Some(all)) = (found.is_empty(), send.variables) {
        // Generated structs spell variables as their language does.
        let parts = spellings(variable).map(|name| part_of(context.resolver, all, name, 0));
        found = (parts.into_iter().find(|part| !part.is_empty())).unwrap_or_default();
        let ir = context.resolver.code.ir(all.file);
        let is_literal = matches!(ir.kind(peel(ir, all.expr)), ExprKind::Struct(..));
        if found.is_empty() && !is_literal {
            found.push(all);
        }
    }
    found
}

/// Adds what a resolver is given of an argument: the part `below` of it is `value`.
pub(super) fn argument_values(
    context: &LinkContext<'_>,
    resolver: FunctionId,
    argument: Symbol,
    below: &[Symbol],
    value: ExprRef,
    values: &mut Vec<ValueMap>,
) {
    let Some((param, mut path)) = place_of(context, resolver, argument) else {
        return;
    };
    path.extend(below.iter().copied());
    values.push(ValueMap {
        from: Source::Value(value),
        to: Target::Param(resolver, param),
        path: path.into_iter().collect(),
    });
}

/// Whether a resolver may be the one meant, as far as its parameters are written out.
pub(super) fn takes(
    context: &LinkContext<'_>,
    resolver: FunctionId,
    field: &FieldSelection,
) -> bool {
    let mut arguments = field.arguments.iter();
    arguments.all(|argument| place_of(context, resolver, argument.name).is_some())
}

/// Where a resolver gets an argument: the parameter and the part of it.
fn place_of(
    context: &LinkContext<'_>,
    resolver: FunctionId,
    argument: Symbol,
) -> Option<(u16, Vec<Symbol>)> {
    let code = context.resolver.code;
    let (file, _) = code.function_place(resolver);
    let ir = code.ir(file);
    let facts = code.function(resolver);
    let by_name = || {
        let mut params = facts.params.iter();
        let n = params.position(|&param| same_field(ir.local(param).name, argument))?;
        Some((n as u16, Vec::new()))
    };
    let of_all = |n: usize| Some((n as u16, vec![argument]));
    if code.facts(file).language.name() == "typescript" {
        if let Some(n) = decorated(context, resolver, argument) {
            return Some((n, Vec::new()));
        }
        if facts.receiver_type.is_some() && !facts.flags.is_closure && facts.params.len() < 3 {
            return by_name().or_else(|| of_all(facts.params.len().saturating_sub(1)));
        }
        // `(parent, args, context, info)`; without `args` it needs none.
        return of_all(1);
    }
    by_name().or_else(|| {
        let all = facts.params.iter().position(|&param| {
            let local = ir.local(param);
            let is_params = matches!(ir.type_ref(local.type_ref),
                TypeRef::Named { name, .. } if name == "ResolveParams");
            is_params || ALL_ARGUMENTS.contains(&local.name.as_str())
        })?;
        let is_params = matches!(ir.type_ref(ir.local(facts.params[all]).type_ref),
            TypeRef::Named { name, .. } if name == "ResolveParams");
        match is_params {
            true => Some((all as u16, vec![Symbol::new("Args"), argument])),
            false => of_all(all),
        }
    })
}

/// `@Args('id') id`, `@Arg('id') id`: the parameter that is said to be the argument.
fn decorated(context: &LinkContext<'_>, resolver: FunctionId, argument: Symbol) -> Option<u16> {
    let code = context.resolver.code;
    let ir = code.ir(code.file_of(resolver));
    let facts = code.function(resolver);
    facts.attributes.iter().find_map(|attribute| {
        if !matches!(attribute.name.as_str(), "Args" | "Arg") {
            return None;
        }
        let args = ir.expr_list(attribute.args);
        let (ExprKind::Local(local), ExprKind::Str(name)) =
            (ir.kind(*args.first()?), ir.kind(*args.get(1)?))
        else {
            return None;
        };
        let LocalKind::Param(n) = ir.local(local).kind else {
            return None;
        };
        (name == argument).then_some(n)
    })
}
