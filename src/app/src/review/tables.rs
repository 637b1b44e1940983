//! A table in lines of text: columns, keys, whose its rows are.

use betwixt_program::Questions;
use betwixt_program::schema::{TableId, Tenancy};

/// The definition, in the form of DDL without its noise.
pub(super) fn definition(questions: &Questions<'_>, id: TableId) -> String {
    let schema = &questions.program.schema;
    let model = schema.table(id);
    let mut out: Vec<String> = Vec::new();
    let whose = match schema.tenancy(id) {
        Tenancy::Scoped { column } => format!("each row names its tenant in {column}"),
        Tenancy::Inherited { path } => {
            let path: Vec<&str> = path.iter().map(|column| column.as_str()).collect();
            format!("each row belongs to a tenant over {}", path.join(", "))
        }
        Tenancy::Global => "rows belong to no tenant".to_owned(),
        Tenancy::TenantRoot => "the tenants themselves".to_owned(),
    };
    out.push(format!("-- {whose}"));
    if let Some(place) = model.place {
        let spot = questions.spot_of_place(place);
        out.push(format!("-- {}:{}", questions.path_of(spot.file), spot.line));
    }
    if model.row_security {
        let settings: Vec<&str> = model
            .policies
            .iter()
            .map(|policy| policy.name.as_str())
            .collect();
        out.push(format!(
            "-- row-level security, policies: {}",
            settings.join(", ")
        ));
    }
    for column in &model.columns {
        let null = if column.not_null { " NOT NULL" } else { "" };
        let default = if column.has_default { " DEFAULT" } else { "" };
        out.push(format!(
            "{} {}{null}{default}",
            column.name, column.sql_type
        ));
    }
    for index in &model.indexes {
        let kind = match (index.is_primary, index.is_unique) {
            (true, _) => "PRIMARY KEY",
            (_, true) => "UNIQUE",
            _ => "INDEX",
        };
        let columns: Vec<&str> = index.columns.iter().map(|column| column.as_str()).collect();
        let only = index
            .predicate
            .map_or(String::new(), |text| format!(" WHERE {text}"));
        out.push(format!("{kind} ({}){only}", columns.join(", ")));
    }
    for key in &model.foreign_keys {
        let columns: Vec<&str> = key.columns.iter().map(|column| column.as_str()).collect();
        out.push(format!(
            "FOREIGN KEY ({}) REFERENCES {}",
            columns.join(", "),
            key.foreign_table
        ));
    }
    out.dedup();
    out.join("\n")
}
