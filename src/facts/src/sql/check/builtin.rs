//! What PostgreSQL has built in: types, casts, operators and functions, read once from the tables in `builtin/`.
//!
//! The tables are data of PostgreSQL 15; what newer versions or extensions add is not known, and so nothing is said of it.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::types::{Scalar, Type};

/// When a cast is applied by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Context {
    /// In any expression.
    Implicit,
    /// When a value is stored in a column.
    Assignment,
    /// When it is written.
    Explicit,
}

/// An operator, or a function with a fixed number of arguments.
#[derive(Debug, Clone)]
pub(crate) struct Signature {
    /// Declared types, possibly polymorphic.
    pub(crate) args: Vec<Type>,
    /// How many of the last ones may be left out.
    pub(crate) n_defaults: usize,
    /// The last one may come any number of times.
    pub(crate) is_variadic: bool,
    /// What it gives.
    pub(crate) result: Type,
    /// Output columns of a function in `FROM`.
    pub(crate) columns: Vec<(&'static str, Option<Type>)>,
}

/// The tables.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    names: Vec<&'static str>,
    categories: Vec<u8>,
    preferred: Vec<bool>,
    numbers: FxHashMap<&'static str, u8>,
    casts: FxHashMap<(u8, u8), Context>,
    operators: FxHashMap<&'static str, Vec<Signature>>,
    functions: FxHashMap<&'static str, Vec<Signature>>,
}

/// The tables, read when they are first asked for.
pub(crate) fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(Catalogue::read)
}

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines()
        .filter(|line| !line.starts_with("# "))
        .map(|line| line.split(' ').collect())
}

impl Catalogue {
    fn read() -> Self {
        let mut read = Self::default();
        for row in rows(include_str!("builtin/types.txt")) {
            if let [name, category, preferred] = row[..] {
                read.numbers.insert(name, read.names.len() as u8);
                read.names.push(name);
                read.categories.push(category.as_bytes()[0]);
                read.preferred.push(preferred == "+");
            }
        }
        for row in rows(include_str!("builtin/casts.txt")) {
            if let [from, to, when] = row[..]
                && let (Some(from), Some(to)) = (read.number(from), read.number(to))
            {
                let when = match when {
                    "i" => Context::Implicit,
                    "a" => Context::Assignment,
                    _ => Context::Explicit,
                };
                read.casts.insert((from, to), when);
            }
        }
        read.read_operators();
        read.read_functions();
        read
    }

    fn read_operators(&mut self) {
        for row in rows(include_str!("builtin/operators.txt")) {
            let [name, left, right, result] = row[..] else {
                continue;
            };
            let mut args: Vec<Type> = Vec::with_capacity(2);
            args.extend(self.ty(left));
            args.extend(self.ty(right));
            if let Some(result) = self.ty(result) {
                self.operators
                    .entry(name)
                    .or_default()
                    .push(signature(args, result));
            }
        }
    }

    fn read_functions(&mut self) {
        for row in rows(include_str!("builtin/functions.txt")) {
            let (&[name, kind, defaults, args, result], columns) = row.split_at(5.min(row.len()))
            else {
                continue;
            };
            let args: Vec<Type> = args.split(',').filter_map(|arg| self.ty(arg)).collect();
            let Some(result) = self.ty(result) else {
                continue;
            };
            let columns = columns
                .iter()
                .flat_map(|columns| columns.split(','))
                .filter_map(|column| column.split_once(':'))
                .map(|(name, ty)| (name, self.ty(ty)))
                .collect();
            let function = Signature {
                n_defaults: defaults.parse().unwrap_or(0),
                is_variadic: kind.contains('v'),
                columns,
                ..signature(args, result)
            };
            self.functions.entry(name).or_default().push(function);
        }
    }

    fn ty(&self, name: &str) -> Option<Type> {
        let (name, is_array) = match name.strip_suffix("[]") {
            Some(element) => (element, true),
            None => (name, false),
        };
        Some(Type {
            scalar: Scalar::Builtin(self.number(name)?),
            is_array,
        })
    }

    /// The number of a type.
    pub(crate) fn number(&self, name: &str) -> Option<u8> {
        self.numbers.get(name).copied()
    }

    /// The name of a type.
    pub(crate) fn name(&self, number: u8) -> &'static str {
        self.names[number as usize]
    }

    /// The category of a type.
    pub(crate) fn category(&self, number: u8) -> u8 {
        self.categories[number as usize]
    }

    /// Whether a type is the one its category prefers.
    pub(crate) fn is_preferred(&self, number: u8) -> bool {
        self.preferred[number as usize]
    }

    /// When a type is turned into another by a cast of its own.
    pub(crate) fn cast(&self, from: u8, to: u8) -> Option<Context> {
        self.casts.get(&(from, to)).copied()
    }

    /// Operators of a name with so many operands.
    pub(crate) fn operators(&self, name: &str, n_operands: usize) -> Vec<&Signature> {
        let all = self.operators.get(name).map_or(&[][..], Vec::as_slice);
        all.iter()
            .filter(|operator| operator.args.len() == n_operands)
            .collect()
    }

    /// Functions of a name.
    pub(crate) fn functions(&self, name: &str) -> &[Signature] {
        self.functions.get(name).map_or(&[], Vec::as_slice)
    }
}

fn signature(args: Vec<Type>, result: Type) -> Signature {
    Signature {
        args,
        n_defaults: 0,
        is_variadic: false,
        result,
        columns: Vec::new(),
    }
}
