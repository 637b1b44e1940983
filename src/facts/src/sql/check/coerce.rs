//! Which type turns into which, and the one type several expressions share.
//!
//! PostgreSQL's own rules: casts by context, through text when stored or written, elementwise for arrays; common types
//! by category and preference.

use super::builtin::{Context, catalogue};
use super::types::{Scalar, Ty, Type};

/// Whether a value of `from` is taken where `to` is declared. What is not known is taken.
pub(crate) fn can_coerce(from: Ty, to: Type, context: Context) -> bool {
    let Ty::Is(from) = from else { return true };
    if from == to {
        return true;
    }
    match to.base_name() {
        "any" => return true,
        "anyelement" | "anycompatible" => return true,
        "anyarray" | "anycompatiblearray" => return from.is_array,
        "anynonarray" | "anycompatiblenonarray" => return !from.is_array,
        "anyenum" => return matches!(from.scalar, Scalar::Enum(_)) && !from.is_array,
        "anyrange" | "anycompatiblerange" => {
            return from.category() == b'R';
        }
        _ => {}
    }
    match (from.element(), to.element()) {
        (Some(from), Some(to)) => return can_coerce(Ty::Is(from), to, context),
        (None, None) => {
            if let (Scalar::Builtin(from), Scalar::Builtin(to)) = (from.scalar, to.scalar)
                && let Some(needed) = catalogue().cast(from, to)
            {
                return needed <= context;
            }
        }
        _ => {}
    }
    // Any type is written as text when stored, and read from it when asked to.
    let is_text = |ty: Type| ty.category() == b'S';
    context >= Context::Assignment && is_text(to) || context == Context::Explicit && is_text(from)
}

/// The type `CASE`, `COALESCE`, `UNION` and the like agree on; `Err` has the two that do not fit.
pub(crate) fn common_type(types: &[Ty]) -> Result<Ty, (Type, Type)> {
    if types.contains(&Ty::Any) {
        return Ok(Ty::Any);
    }
    let mut chosen: Option<Type> = None;
    for ty in types {
        let Ty::Is(next) = *ty else { continue };
        let Some(current) = chosen else {
            chosen = Some(next);
            continue;
        };
        if next == current {
            continue;
        }
        if next.category() != current.category() {
            return Err((current, next));
        }
        let implicit = |from, to| can_coerce(Ty::Is(from), to, Context::Implicit);
        if !current.is_preferred() && implicit(current, next) && !implicit(next, current) {
            chosen = Some(next);
        }
    }
    Ok(match chosen {
        Some(ty) => Ty::Is(ty),
        None => Type::named("text").map_or(Ty::Any, Ty::Is),
    })
}

/// Why a literal is no value of a type; `None` when it is, or that is not known.
pub(crate) fn refuses_literal(ty: Type, text: &str) -> bool {
    if ty.is_array {
        return !text.trim_start().starts_with(['{', '[']);
    }
    let text = text.trim();
    match ty.base_name() {
        "int2" | "int4" | "int8" => text.parse::<i128>().is_err() && !text.starts_with("0x"),
        "uuid" => {
            let digits = text.chars().filter(char::is_ascii_hexdigit).count();
            digits != 32
        }
        "bool" => {
            let lower = text.to_ascii_lowercase();
            let words = ["true", "false", "yes", "no", "on", "off", "1", "0"];
            lower.is_empty() || !words.iter().any(|word| word.starts_with(&lower))
        }
        "timestamptz" | "timestamp" | "date" | "json" | "jsonb" | "interval" | "numeric" => {
            text.is_empty()
        }
        _ => false,
    }
}
