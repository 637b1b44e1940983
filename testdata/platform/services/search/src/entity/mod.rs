//! Tables as sea-orm sees them.

pub mod parcel;
pub mod saved_search;
