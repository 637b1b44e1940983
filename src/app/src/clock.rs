//! The day it is.

use time::OffsetDateTime;

use crate::suppress::Day;

/// Today, in UTC.
#[must_use]
pub fn today() -> Day {
    let date = OffsetDateTime::now_utc().date();
    (date.year(), u8::from(date.month()), date.day())
}
