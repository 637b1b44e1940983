//! Prisma schemas: models are tables, relations are foreign keys.
//!
//! Names are those of the database (`@map`, `@@map`); the names of code are kept beside them. The index of a compound
//! key is called what the client calls it (`id_projectId`). Unknown attributes are stepped over.

use betwixt_base::{Problem, ProblemSeverity, Span, Symbol};

use super::op::{Column, ForeignKey, Index, SchemaOp, Table, TypeFamily};
use super::prisma_text::{Argument, Attribute, Block, Field, blocks};

/// The tables of a Prisma schema, in order. Problems have no file name yet.
#[must_use]
pub fn read_prisma(text: &str) -> (Vec<SchemaOp>, Vec<Problem>) {
    let (blocks, lines) = blocks(text);
    let models: Vec<&Block<'_>> = blocks
        .iter()
        .filter(|block| matches!(block.kind, "model" | "view"))
        .collect();
    let enums: Vec<&str> = blocks
        .iter()
        .filter(|block| block.kind == "enum")
        .map(|block| block.name)
        .collect();
    let schema = Schema {
        models: &models,
        enums: &enums,
    };
    let mut ops: Vec<SchemaOp> = models
        .iter()
        .map(|model| SchemaOp::CreateTable(schema.table(model)))
        .collect();
    ops.extend(schema.join_tables().into_iter().map(SchemaOp::CreateTable));
    let problems = lines.into_iter().map(|(line, message)| Problem {
        file: String::new(),
        line: Some(line),
        severity: ProblemSeverity::Warning,
        message,
    });
    (ops, problems.collect())
}

struct Schema<'a> {
    models: &'a [&'a Block<'a>],
    enums: &'a [&'a str],
}

impl<'a> Schema<'a> {
    fn model(&self, name: &str) -> Option<&'a Block<'a>> {
        self.models.iter().find(|model| model.name == name).copied()
    }

    fn table(&self, model: &Block<'_>) -> Table {
        let mut table = Table {
            schema: model
                .attribute("schema")
                .and_then(Attribute::first_text)
                .map(Symbol::new),
            name: table_name(model),
            model: Some(Symbol::new(model.name)),
            columns: Vec::new(),
            indexes: Vec::new(),
            foreign_keys: Vec::new(),
            is_view: model.kind == "view",
            if_not_exists: false,
            engine: None,
            span: model.span,
        };
        for field in &model.fields {
            if self.model(field.type_name).is_some() || is_relation(field) {
                table.foreign_keys.extend(self.foreign_key(model, field));
            } else {
                table.columns.push(self.column(field));
                table.indexes.extend(single_index(field));
            }
        }
        table.indexes.extend(
            model
                .attributes
                .iter()
                .filter_map(|attribute| compound_index(model, attribute)),
        );
        super::table::apply_keys(&mut table);
        table
    }

    fn column(&self, field: &Field<'_>) -> Column {
        let native = field
            .attributes
            .iter()
            .find_map(|attribute| attribute.name.strip_prefix("db."));
        let sql_type = native.unwrap_or(field.type_name).to_lowercase();
        let has_default = ["default", "updatedAt"]
            .iter()
            .any(|name| field.attribute(name).is_some());
        let name = column_name(field);
        Column {
            name,
            field: Some(Symbol::new(field.name)).filter(|field| *field != name),
            sql_type: Symbol::new(&sql_type),
            family: self.family(field),
            not_null: !field.is_optional,
            has_default: has_default || field.is_list,
            span: field.span,
        }
    }

    fn family(&self, field: &Field<'_>) -> TypeFamily {
        let is_uuid = field
            .attributes
            .iter()
            .any(|attribute| attribute.name == "db.Uuid");
        match field.type_name {
            _ if field.is_list => TypeFamily::Array,
            "String" if is_uuid => TypeFamily::Uuid,
            "String" => TypeFamily::Text,
            "Int" | "BigInt" => TypeFamily::Integer,
            "Float" | "Decimal" => TypeFamily::Decimal,
            "Boolean" => TypeFamily::Bool,
            "DateTime" => TypeFamily::Time,
            "Json" => TypeFamily::Json,
            "Bytes" => TypeFamily::Bytes,
            name if self.enums.contains(&name) => TypeFamily::Enum,
            _ => TypeFamily::Other,
        }
    }

    fn foreign_key(&self, model: &Block<'_>, field: &Field<'_>) -> Option<ForeignKey> {
        let relation = field.attribute("relation")?;
        let own = relation.names("fields");
        if own.is_empty() {
            return None;
        }
        let foreign = relation.names("references");
        let columns = |model: &Block<'_>, names: &[&str]| {
            names.iter().map(|name| db_column(model, name)).collect()
        };
        // A model of another file is named as code names it, its columns too.
        let target = self.model(field.type_name);
        let schema = target.and_then(|target| target.attribute("schema")?.first_text());
        Some(ForeignKey {
            name: relation.text("map").map(Symbol::new),
            columns: columns(model, &own),
            foreign_schema: schema.map(Symbol::new),
            foreign_table: target.map_or_else(|| Symbol::new(field.type_name), table_name),
            foreign_columns: match target {
                Some(target) => columns(target, &foreign),
                None => foreign.iter().map(|name| Symbol::new(name)).collect(),
            },
            relation: Some(Symbol::new(field.name)),
            inverse: target.and_then(|target| self.inverse(model, field, relation, target)),
        })
    }

    /// The field of `target` that leads back: same relation name, or the only one of the type.
    fn inverse(
        &self,
        model: &Block<'_>,
        field: &Field<'_>,
        relation: &Attribute<'_>,
        target: &Block<'_>,
    ) -> Option<Symbol> {
        let name = relation_name(relation);
        let leads_back = |other: &&Field<'_>| {
            let attribute = other.attribute("relation");
            let is_other_side =
                attribute.is_none_or(|attribute| attribute.names("fields").is_empty());
            other.type_name == model.name
                && is_other_side
                && attribute.and_then(relation_name) == name
                && !(std::ptr::eq(model, target) && other.name == field.name)
        };
        target
            .fields
            .iter()
            .find(leads_back)
            .map(|field| Symbol::new(field.name))
    }

    /// Tables Prisma makes for lists on both sides of a relation.
    fn join_tables(&self) -> Vec<Table> {
        let mut tables = Vec::new();
        for model in self.models {
            for field in model.fields.iter().filter(|field| field.is_list) {
                let Some(other) = self
                    .model(field.type_name)
                    .filter(|other| model.name < other.name)
                else {
                    continue;
                };
                let name = field.attribute("relation").and_then(relation_name);
                let is_many = other.fields.iter().any(|back| {
                    back.is_list
                        && back.type_name == model.name
                        && back.attribute("relation").and_then(relation_name) == name
                });
                if is_many {
                    tables.push(join_table(model, other, name, field.span));
                }
            }
        }
        tables
    }
}

fn join_table(model: &Block<'_>, other: &Block<'_>, name: Option<&str>, span: Span) -> Table {
    let name = name.map_or_else(
        || format!("_{}To{}", model.name, other.name),
        |name| format!("_{name}"),
    );
    let side = |column: &str, to: &Block<'_>| {
        let column = Symbol::new(column);
        let key = ForeignKey {
            name: None,
            columns: vec![column],
            foreign_schema: None,
            foreign_table: table_name(to),
            foreign_columns: Vec::new(),
            relation: None,
            inverse: None,
        };
        (column, key)
    };
    let sides = [side("A", model), side("B", other)];
    let index = Index {
        name: None,
        columns: sides.iter().map(|(column, _)| *column).collect(),
        is_unique: true,
        is_primary: false,
        predicate: None,
        nulls_not_distinct: false,
    };
    let column = |name: Symbol| Column {
        name,
        field: None,
        sql_type: Symbol::empty(),
        family: TypeFamily::Other,
        not_null: true,
        has_default: false,
        span,
    };
    Table {
        schema: None,
        name: Symbol::new(&name),
        model: None,
        columns: sides.iter().map(|(name, _)| column(*name)).collect(),
        indexes: vec![index],
        foreign_keys: sides.into_iter().map(|(_, key)| key).collect(),
        is_view: false,
        if_not_exists: false,
        engine: None,
        span,
    }
}

fn is_relation(field: &Field<'_>) -> bool {
    field
        .attribute("relation")
        .is_some_and(|relation| !relation.names("fields").is_empty())
}

fn table_name(model: &Block<'_>) -> Symbol {
    Symbol::new(
        model
            .attribute("map")
            .and_then(Attribute::first_text)
            .unwrap_or(model.name),
    )
}

fn column_name(field: &Field<'_>) -> Symbol {
    Symbol::new(
        field
            .attribute("map")
            .and_then(Attribute::first_text)
            .unwrap_or(field.name),
    )
}

/// The column of the field `name` of a model.
fn db_column(model: &Block<'_>, name: &str) -> Symbol {
    model
        .fields
        .iter()
        .find(|field| field.name == name)
        .map_or_else(|| Symbol::new(name), column_name)
}

fn relation_name<'a>(relation: &Attribute<'a>) -> Option<&'a str> {
    relation.text("name").or_else(|| relation.first_text())
}

fn single_index(field: &Field<'_>) -> Option<Index> {
    let is_primary = field.attribute("id").is_some();
    let attribute = field
        .attribute("id")
        .or_else(|| field.attribute("unique"))?;
    Some(Index {
        name: attribute.text("map").map(Symbol::new),
        columns: vec![column_name(field)],
        is_unique: true,
        is_primary,
        predicate: None,
        nulls_not_distinct: false,
    })
}

/// `@@id([a, b])`, `@@unique([a, b], name: "x")`, `@@index([a])`.
fn compound_index(model: &Block<'_>, attribute: &Attribute<'_>) -> Option<Index> {
    let is_primary = attribute.name == "id";
    let is_unique = is_primary || attribute.name == "unique";
    if !is_unique && attribute.name != "index" {
        return None;
    }
    let fields = match attribute
        .arguments
        .iter()
        .find(|argument| matches!(argument.key, None | Some("fields")))
    {
        Some(Argument { names, .. }) => names,
        None => return None,
    };
    let written = attribute.text("name").or(if is_unique {
        None
    } else {
        attribute.text("map")
    });
    let name = match written {
        Some(name) => Some(Symbol::new(name)),
        None if is_unique => Some(Symbol::new(&fields.join("_"))),
        None => None,
    };
    Some(Index {
        name,
        columns: fields.iter().map(|field| db_column(model, field)).collect(),
        is_unique,
        is_primary,
        predicate: None,
        nulls_not_distinct: false,
    })
}
