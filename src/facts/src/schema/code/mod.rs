//! Schemas that are written in code: models, entities, schema builders, migrations.

mod attributes;
mod classes;
pub mod diesel;
pub mod drizzle;
pub mod ent;
pub mod entity_schema;
pub mod gorm;
pub mod knex;
mod naming;
mod parts;
pub mod query_interface;
pub mod sea_orm;
pub mod sea_query;
pub mod sequelize;
pub mod table_builder;
#[cfg(test)]
mod tests;
pub mod typeorm;
mod view;
pub mod xorm;

use betwixt_base::Language;

pub(super) use parts::UNKNOWN;

use crate::file::FileFacts;
use crate::schema::SchemaOp;

/// What a file of code declares, in the order of its text for each library.
///
/// Files that use none of the libraries cost next to nothing.
#[must_use]
pub fn read_code(facts: &FileFacts) -> Vec<SchemaOp> {
    let mut ops = Vec::new();
    for (languages, may_have, read) in READERS {
        if languages.contains(&facts.language) && may_have(facts) {
            ops.extend(read(facts));
        }
    }
    ops
}

/// The languages a library is used in, whether a file may use it, what such a file declares.
type Reader = (
    &'static [Language],
    fn(&FileFacts) -> bool,
    fn(&FileFacts) -> Vec<SchemaOp>,
);

const GO: &[Language] = &[Language::Go];
const RUST: &[Language] = &[Language::Rust];
const TYPESCRIPT: &[Language] = &[Language::TypeScript, Language::Tsx, Language::JavaScript];

const READERS: [Reader; 13] = [
    (GO, ent::may_have, ent::read),
    (GO, gorm::may_have, gorm::read),
    (GO, xorm::may_have, xorm::read),
    (TYPESCRIPT, drizzle::may_have, drizzle::read),
    (TYPESCRIPT, knex::may_have, knex::read),
    (TYPESCRIPT, sequelize::may_have, sequelize::read),
    (TYPESCRIPT, query_interface::may_have, query_interface::read),
    (TYPESCRIPT, typeorm::may_have, typeorm::read),
    (TYPESCRIPT, entity_schema::may_have, entity_schema::read),
    (TYPESCRIPT, table_builder::may_have, table_builder::read),
    (RUST, diesel::may_have, diesel::read),
    (RUST, sea_orm::may_have, sea_orm::read),
    (RUST, sea_query::may_have, sea_query::read),
];
