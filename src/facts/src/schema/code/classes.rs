//! Classes whose decorated fields are columns, as TypeORM and sequelize-typescript write them.

use betwixt_base::Symbol;

use super::view::View;
use crate::file::{Attribute, TypeDef, TypeKind};
use crate::ir::{ExprId, Ir, TypeRef, TypeRefId};

/// The class a class extends, unless it is one of `libraries` or an interface of the file.
pub(super) fn base_class(view: &View<'_>, def: &TypeDef, libraries: &[&str]) -> Option<Symbol> {
    let base = super::view::type_name(view.ir, *def.bases.first()?)?;
    let is_interface = view
        .facts
        .types
        .iter()
        .any(|other| other.kind == TypeKind::Interface && other.name == base.name);
    (!is_interface && !libraries.contains(&base.name)).then(|| Symbol::new(base.name))
}

/// The class that a decorator's `() => Team`, `Team` or `"Team"` names.
pub(super) fn class_argument(view: &View<'_>, attribute: &Attribute) -> Option<Symbol> {
    let argument = *view.ir.expr_list(attribute.args).first()?;
    if let Some(name) = view.text(argument) {
        return Some(name);
    }
    let value = view.closure_value(argument).unwrap_or(argument);
    // `forwardRef(() => Team)`, `() => Team as any`.
    let value = match view.chain(value) {
        Some(chain) => view.closure_value(*chain.first().args.first()?)?,
        None => value,
    };
    view.last_name(value).map(Symbol::new)
}

/// The argument of a decorator that is an object of options.
pub(super) fn options(view: &View<'_>, attribute: &Attribute) -> Option<ExprId> {
    let args = view.ir.expr_list(attribute.args);
    args.iter()
        .copied()
        .rev()
        .find(|&argument| view.entries(argument).is_some())
}

/// The column type of a written TypeScript type; empty when it says nothing.
pub(super) fn sql_type_of(ir: &Ir, type_ref: TypeRefId) -> &'static str {
    match ir.type_ref(type_ref) {
        TypeRef::Named { name, .. } => match name.as_str() {
            "string" | "String" => "varchar",
            "number" | "Number" => "integer",
            "bigint" => "bigint",
            "boolean" | "Boolean" => "boolean",
            "Date" => "timestamp",
            "Buffer" | "Uint8Array" => "bytea",
            "Record" | "object" => "json",
            _ => "",
        },
        TypeRef::Slice(_) => "array",
        TypeRef::Anonymous(_) => "json",
        TypeRef::Union(members) => {
            let mut known = members.iter().map(|&member| match ir.type_ref(member) {
                TypeRef::Literal(_) => "varchar",
                TypeRef::Named { .. } | TypeRef::Slice(_) => sql_type_of_plain(ir, member),
                _ => "",
            });
            known.find(|known| !known.is_empty()).unwrap_or("")
        }
        _ => "",
    }
}

/// Of a type that is no union, so that this does not recurse.
fn sql_type_of_plain(ir: &Ir, type_ref: TypeRefId) -> &'static str {
    match ir.type_ref(type_ref) {
        TypeRef::Union(_) => "",
        _ => sql_type_of(ir, type_ref),
    }
}
