//! A bug of ours in one file or one rule costs only that file or rule.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};

thread_local! {
    /// What the last panic of this thread said and where.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Replaces the panic message on standard error: what panics is caught and becomes part of the result.
pub fn install() {
    panic::set_hook(Box::new(|info| {
        let message = info
            .payload()
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| info.payload().downcast_ref::<String>().cloned())
            .unwrap_or_default();
        let place = info
            .location()
            .map(|location| format!(" ({}:{})", location.file(), location.line()))
            .unwrap_or_default();
        let first = message.lines().next().unwrap_or_default();
        LAST.with_borrow_mut(|last| *last = Some(format!("{first}{place}")));
    }));
}

/// Runs `work`; an error is what it panicked with.
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    LAST.with_borrow_mut(|last| *last = None);
    panic::catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        LAST.with_borrow_mut(Option::take).unwrap_or_else(|| {
            let text = payload
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned());
            text.or_else(|| payload.downcast_ref::<String>().cloned())
                .unwrap_or_default()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_message() {
        assert_eq!(catch(|| 1), Ok(1));
        let message = catch(|| panic!("broken {}", 7)).expect_err("it panics");
        assert!(message.starts_with("broken 7"), "{message}");
    }
}
