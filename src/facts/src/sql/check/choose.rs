//! Which operator or function of a name is meant for arguments of given types.
//!
//! The steps of PostgreSQL's manual, chapter "Type Conversion": exact match, an undecided operand taken to be like the
//! other, then candidates narrowed by exact and preferred matches and by category.

use super::builtin::{Context, Signature};
use super::coerce::can_coerce;
use super::types::{Ty, Type};

/// What the choice came to.
#[derive(Debug, Clone)]
pub(crate) enum Choice {
    /// This one, with the argument types it declares (polymorphic ones replaced where they are known).
    One {
        /// Per argument; `None` for `any`.
        args: Vec<Option<Type>>,
        /// What it gives; `None` when that is not known.
        result: Option<Type>,
        /// Which of the candidates.
        index: usize,
    },
    /// None takes these arguments.
    None,
    /// Several do.
    Several,
    /// Arguments whose type we do not know decide.
    Unsure {
        /// What all of them give, when they agree.
        result: Option<Type>,
    },
    /// A polymorphic argument has no type.
    Undecided,
}

/// Chooses among operators of one name.
pub(crate) fn operator(candidates: &[&Signature], args: &[Ty]) -> Choice {
    if args.contains(&Ty::Any) {
        return unsure(candidates, args);
    }
    if let &[left, right] = args {
        let like = match (left, right) {
            (Ty::Unknown, other) | (other, Ty::Unknown) => (other, other),
            pair => pair,
        };
        if let (Ty::Is(left), Ty::Is(right)) = like
            && let Some(index) = candidates
                .iter()
                .position(|known| known.args == [left, right])
        {
            return chosen(candidates, index, args);
        }
    } else if let Some(index) = exact(candidates, args) {
        return chosen(candidates, index, args);
    }
    select(candidates, args)
}

/// Chooses among functions of one name; candidates take this number of arguments.
pub(crate) fn function(candidates: &[&Signature], args: &[Ty]) -> Choice {
    if args.contains(&Ty::Any) {
        return unsure(candidates, args);
    }
    match exact(candidates, args) {
        Some(index) => chosen(candidates, index, args),
        None => select(candidates, args),
    }
}

fn exact(candidates: &[&Signature], args: &[Ty]) -> Option<usize> {
    candidates.iter().position(|known| {
        known.args.len() == args.len()
            && known
                .args
                .iter()
                .zip(args)
                .all(|(declared, arg)| Ty::Is(*declared) == *arg)
    })
}

/// The type declared for argument `n`, the last one again for variadic functions.
fn declared(signature: &Signature, n: usize) -> Option<Type> {
    match signature.args.get(n) {
        Some(ty) => Some(*ty),
        None if signature.is_variadic => signature.args.last().copied(),
        None => None,
    }
    .map(|ty| {
        let is_last = n + 1 >= signature.args.len();
        match ty.element() {
            Some(element) if signature.is_variadic && is_last => element,
            _ => ty,
        }
    })
}

fn takes(signature: &Signature, args: &[Ty]) -> bool {
    let fits = args.iter().enumerate().all(|(n, arg)| {
        declared(signature, n).is_some_and(|to| can_coerce(*arg, to, Context::Implicit))
    });
    fits && polymorphic(signature, args).is_ok()
}

fn unsure(candidates: &[&Signature], args: &[Ty]) -> Choice {
    let mut fitting = candidates
        .iter()
        .filter(|known| takes(known, args))
        .map(|known| known.result);
    let result = fitting
        .next()
        .filter(|first| !is_polymorphic(*first) && fitting.all(|other| other == *first));
    Choice::Unsure { result }
}

fn select(candidates: &[&Signature], args: &[Ty]) -> Choice {
    let mut left: Vec<usize> = (0..candidates.len())
        .filter(|index| takes(candidates[*index], args))
        .collect();
    match left.as_slice() {
        [] => return Choice::None,
        [only] => return chosen(candidates, *only, args),
        _ => {}
    }
    let at = |index: usize, n: usize| declared(candidates[index], n);
    keep_best(&mut left, |index| {
        let is_exact = |(n, arg): (usize, &Ty)| at(index, n).map(Ty::Is) == Some(*arg);
        args.iter().enumerate().filter(|arg| is_exact(*arg)).count()
    });
    if let [only] = left[..] {
        return chosen(candidates, only, args);
    }
    keep_best(&mut left, |index| {
        let is_good = |(n, arg): (usize, &Ty)| match (at(index, n), arg) {
            (Some(to), Ty::Is(from)) => {
                to == *from || to.is_preferred() && to.category() == from.category()
            }
            _ => false,
        };
        args.iter().enumerate().filter(|arg| is_good(*arg)).count()
    });
    if let [only] = left[..] {
        return chosen(candidates, only, args);
    }
    if !args.contains(&Ty::Unknown) {
        return Choice::Several;
    }
    by_category(candidates, &mut left, args);
    if let [only] = left[..] {
        return chosen(candidates, only, args);
    }
    like_the_known(candidates, &left, args)
}

fn keep_best(left: &mut Vec<usize>, score: impl Fn(usize) -> usize) {
    let best = left.iter().map(|index| score(*index)).max().unwrap_or(0);
    if best > 0 {
        left.retain(|index| score(*index) == best);
    }
}

/// Undecided arguments are text where that is possible, else of the one category all candidates want.
fn by_category(candidates: &[&Signature], left: &mut Vec<usize>, args: &[Ty]) {
    let mut wanted: Vec<(usize, u8, bool)> = Vec::new();
    for (n, arg) in args.iter().enumerate() {
        if *arg != Ty::Unknown {
            continue;
        }
        let types: Vec<Type> = left
            .iter()
            .filter_map(|index| declared(candidates[*index], n))
            .collect();
        let Some(first) = types.first().map(|ty| ty.category()) else {
            return;
        };
        let category = if types.iter().any(|ty| ty.category() == b'S') {
            b'S'
        } else if types.iter().all(|ty| ty.category() == first) {
            first
        } else {
            return;
        };
        let has_preferred = types
            .iter()
            .any(|ty| ty.category() == category && ty.is_preferred());
        wanted.push((n, category, has_preferred));
    }
    let fits = |index: &usize| {
        wanted.iter().all(|(n, category, preferred)| {
            declared(candidates[*index], *n)
                .is_some_and(|ty| ty.category() == *category && (!preferred || ty.is_preferred()))
        })
    };
    if left.iter().any(fits) {
        left.retain(fits);
    }
}

/// The last resort: undecided arguments are like the known ones when those are all alike.
fn like_the_known(candidates: &[&Signature], left: &[usize], args: &[Ty]) -> Choice {
    let mut known = args.iter().filter(|arg| **arg != Ty::Unknown);
    let Some(first) = known.next() else {
        return Choice::Several;
    };
    if known.any(|other| other != first) {
        return Choice::Several;
    }
    let same = vec![*first; args.len()];
    let mut fitting = left
        .iter()
        .filter(|index| takes(candidates[**index], &same));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => chosen(candidates, *only, args),
        _ => Choice::Several,
    }
}

fn is_polymorphic(ty: Type) -> bool {
    ty.base_name().starts_with("any")
}

/// The types a polymorphic signature's words stand for; `Err` when the arguments disagree.
fn polymorphic(signature: &Signature, args: &[Ty]) -> Result<Option<Type>, ()> {
    let mut element: Option<Type> = None;
    for (n, arg) in args.iter().enumerate() {
        let (Some(to), Ty::Is(from)) = (declared(signature, n), *arg) else {
            continue;
        };
        let found = match to.base_name() {
            "anyelement" | "anynonarray" | "anyenum" => from,
            "anyarray" => from.element().ok_or(())?,
            "anycompatible" | "anycompatiblenonarray" => from,
            "anycompatiblearray" => from.element().ok_or(())?,
            _ => continue,
        };
        match element {
            None => element = Some(found),
            Some(known) if known == found => {}
            Some(known) if to.base_name().starts_with("anycompatible") => {
                let common = super::coerce::common_type(&[Ty::Is(known), Ty::Is(found)]);
                match common {
                    Ok(Ty::Is(common)) => element = Some(common),
                    _ => return Err(()),
                }
            }
            Some(_) => return Err(()),
        }
    }
    Ok(element)
}

fn chosen(candidates: &[&Signature], index: usize, args: &[Ty]) -> Choice {
    let signature = candidates[index];
    let element = polymorphic(signature, args).ok().flatten();
    let replace = |ty: Type| match ty.base_name() {
        "any" => None,
        "anyelement" | "anynonarray" | "anyenum" | "anycompatible" | "anycompatiblenonarray" => {
            element
        }
        "anyarray" | "anycompatiblearray" => element.map(Type::array),
        name if name.starts_with("any") => None,
        _ => Some(ty),
    };
    let wanted: Vec<Option<Type>> = (0..args.len())
        .map(|n| declared(signature, n).and_then(replace))
        .collect();
    let is_undecided = args.iter().enumerate().any(|(n, arg)| {
        let is_open = declared(signature, n)
            .is_some_and(|ty| is_polymorphic(ty) && !ty.is("any") && ty.category() == b'P');
        *arg == Ty::Unknown && is_open && element.is_none()
    });
    if is_undecided {
        return Choice::Undecided;
    }
    Choice::One {
        args: wanted,
        result: replace(signature.result),
        index,
    }
}
