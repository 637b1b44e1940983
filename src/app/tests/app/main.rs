//! Tests of the whole binary, in one program so that it is linked once.

mod accepted;
mod cache;
mod catalogue;
mod cli;
mod confirm;
mod determinism;
mod diff;
mod fingerprints;
mod ledger;
mod limits;
mod links;
mod lsp;
mod robustness;
#[path = "../../../ledger/tests/ledger/server.rs"]
mod server;
mod shared;
mod support;
mod verify;
