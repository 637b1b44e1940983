//! Schemas that are written in code: models, entities, schema builders, migrations.

pub mod ent;
pub mod gorm;
mod naming;
#[cfg(test)]
mod tests;
mod view;

use betwixt_base::Language;

use crate::file::FileFacts;
use crate::schema::SchemaOp;

/// What a file of code declares, in the order of its text for each library.
///
/// Files that use none of the libraries cost next to nothing.
#[must_use]
pub fn read_code(facts: &FileFacts) -> Vec<SchemaOp> {
    let mut ops = Vec::new();
    if facts.language == Language::Go {
        if ent::may_have(facts) {
            ops.extend(ent::read(facts));
        }
        if gorm::may_have(facts) {
            ops.extend(gorm::read(facts));
        }
    }
    ops
}
