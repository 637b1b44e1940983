//! The types of a statement's parameters, decided where they are used, in the order the database reads.
//!
//! A use before the type is decided stays open until something asks for a type; two open uses that are asked for
//! different types are the well-known refusal.

use super::types::{Ty, Type};

/// What is known of one parameter.
#[derive(Debug, Clone, Copy, Default)]
struct Param {
    decided: Option<Type>,
    is_used: bool,
    is_unsure: bool,
    /// Uses that were never asked for a type.
    n_open: u32,
}

/// All parameters of a statement.
#[derive(Debug, Clone, Default)]
pub(super) struct Params {
    list: Vec<Param>,
}

/// Why a parameter cannot have a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clash {
    pub(super) before: Type,
    pub(super) now: Type,
}

impl Params {
    fn at(&mut self, number: u32) -> &mut Param {
        let index = number as usize;
        if self.list.len() <= index {
            self.list.resize(index + 1, Param::default());
        }
        &mut self.list[index]
    }

    /// A use of parameter `number`, from 1: its type as far as it is decided.
    pub(super) fn used(&mut self, number: u32) -> Ty {
        let param = self.at(number);
        param.is_used = true;
        match param.decided {
            _ if param.is_unsure => Ty::Any,
            Some(ty) => Ty::Is(ty),
            None => {
                param.n_open += 1;
                Ty::Unknown
            }
        }
    }

    /// An open use is asked to be of a type.
    pub(super) fn decide(&mut self, number: u32, ty: Type) -> Option<Clash> {
        let param = self.at(number);
        param.n_open = param.n_open.saturating_sub(1);
        if param.is_unsure {
            return None;
        }
        match param.decided {
            Some(before) if before != ty => {
                param.is_unsure = true;
                Some(Clash { before, now: ty })
            }
            _ => {
                param.decided = Some(ty);
                None
            }
        }
    }

    /// An open use is asked to be of a type we do not know.
    pub(super) fn give_up(&mut self, number: u32) {
        self.at(number).is_unsure = true;
    }

    /// Parameters no use of which decided the type, or with an open use before it was.
    pub(super) fn undecided(&self) -> impl Iterator<Item = u32> + '_ {
        let is_open = |param: &Param| param.is_used && !param.is_unsure && param.n_open > 0;
        (1..self.list.len())
            .filter(move |index| is_open(&self.list[*index]))
            .map(|index| index as u32)
    }

    /// Numbers below the highest that are never used.
    pub(super) fn gaps(&self) -> impl Iterator<Item = u32> + '_ {
        (1..self.list.len())
            .filter(|index| !self.list[*index].is_used)
            .map(|index| index as u32)
    }
}
