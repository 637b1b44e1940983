//! Whether a row or a value can come twice: unique keys over what is inserted, names of what is new each time.

use betwixt_program::events::Access;
use betwixt_program::flow::ingredients::{OriginKind, Reach};

use super::Context;

/// Whether a unique key made from given values refuses the same row a second time.
pub(crate) fn insert_is_unique(context: &Context<'_>, access: &Access) -> bool {
    let Some(insert) = &access.statement.insert else {
        return false;
    };
    let Some(target) = access
        .statement
        .tables
        .iter()
        .position(|table| table.is_target)
    else {
        return false;
    };
    let Some(id) = access.tables[target] else {
        return false;
    };
    let table = context.program.schema.table(id);
    if table.engine.is_some() {
        return false;
    }
    let value_of = |column: &betwixt_base::Symbol| {
        let at = insert.columns.iter().position(|known| known == column)?;
        insert.rows.first()?.get(at)
    };
    table
        .indexes
        .iter()
        .filter(|index| index.is_unique && index.predicate.is_none())
        .any(|index| {
            !index.columns.is_empty()
                && index.columns.iter().all(|column| match value_of(column) {
                    None => false,
                    Some(value) => match access.expr_of(value) {
                        None => matches!(value, betwixt_facts::sql::Value::Literal(_)),
                        Some(at) => {
                            let made = context.ingredients(at, Reach::LOCAL);
                            let is_fresh =
                                made.names.iter().any(|name| is_fresh_name(name.as_str()));
                            let from_outside = made.origins.iter().any(|origin| {
                                matches!(
                                    origin.kind,
                                    OriginKind::Param(..)
                                        | OriginKind::Receiver(_)
                                        | OriginKind::Unknown
                                        | OriginKind::Call(_)
                                )
                            });
                            !is_fresh && (from_outside || made.is_constant())
                        }
                    },
                })
        })
}

/// Names of functions that give something new each time.
fn is_fresh_name(name: &str) -> bool {
    let plain = crate::tenant::plain(name);
    [
        "random",
        "uuidv4",
        "newuuid",
        "nanoid",
        "newv4",
        "newstring",
        "newv7",
        "cuid",
        "ulid",
        "generateid",
        "newid",
        "newrandom",
    ]
    .iter()
    .any(|word| plain.contains(word))
        || matches!(plain.as_str(), "now" | "uuid" | "v4" | "v7" | "new")
}
