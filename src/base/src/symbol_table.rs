//! Symbols written as numbers of a table, for forms that only machines read.
//!
//! Facts say the same names many times. Inside [`write_with_table`] each name is written once, into the table that comes
//! back; inside [`read_with_table`] numbers are taken for what that table says. Outside of both, symbols are text.
//! Holds for the calling thread only.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use crate::Symbol;

thread_local! {
    static WRITTEN: RefCell<Option<Written>> = const { RefCell::new(None) };
    static READ: RefCell<Option<Vec<Symbol>>> = const { RefCell::new(None) };
}

/// The names met so far, in the order of their numbers.
#[derive(Default)]
struct Written {
    numbers: FxHashMap<Symbol, u32>,
    symbols: Vec<Symbol>,
}

/// Takes the table away however the work ends.
struct Reset;

impl Drop for Reset {
    fn drop(&mut self) {
        WRITTEN.set(None);
        READ.set(None);
    }
}

/// Runs `work`, in which symbols serialise as numbers, and gives the names in the order of these numbers.
pub fn write_with_table<T>(work: impl FnOnce() -> T) -> (T, Vec<Symbol>) {
    let _reset = Reset;
    WRITTEN.set(Some(Written::default()));
    let result = work();
    let written = WRITTEN.take().unwrap_or_default();
    (result, written.symbols)
}

/// Runs `work`, in which symbols deserialise from numbers of `table`; a number outside of it is an error of the format.
pub fn read_with_table<T>(table: Vec<Symbol>, work: impl FnOnce() -> T) -> T {
    let _reset = Reset;
    READ.set(Some(table));
    work()
}

/// The number to write for a symbol; `None` where symbols are text.
pub(crate) fn number_of(symbol: Symbol) -> Option<u32> {
    WRITTEN.with_borrow_mut(|written| {
        let Written { numbers, symbols } = written.as_mut()?;
        Some(*numbers.entry(symbol).or_insert_with(|| {
            symbols.push(symbol);
            symbols.len() as u32 - 1
        }))
    })
}

/// Whether symbols are read as numbers.
pub(crate) fn is_read() -> bool {
    READ.with_borrow(Option::is_some)
}

/// What a number stands for.
pub(crate) fn symbol_of(number: u32) -> Option<Symbol> {
    READ.with_borrow(|table| table.as_ref()?.get(number as usize).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_number_and_only_inside() {
        let (numbers, table) =
            write_with_table(|| ["a", "b", "a"].map(|name| number_of(Symbol::new(name))));
        assert_eq!(numbers, [Some(0), Some(1), Some(0)]);
        assert_eq!(table, [Symbol::new("a"), Symbol::new("b")]);
        assert_eq!(number_of(Symbol::new("a")), None);
    }

    #[test]
    fn numbers_are_read_back_and_only_those_of_the_table() {
        let table = vec![Symbol::new("a")];
        let read = read_with_table(table, || (is_read(), symbol_of(0), symbol_of(1)));
        assert_eq!(read, (true, Some(Symbol::new("a")), None));
        assert!(!is_read());
    }
}
