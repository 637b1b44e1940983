//! TypeORM entities: decorated classes.
//!
//! ```ts
//! @Entity("invoices")
//! @Index(["projectId", "number"], { unique: true })
//! export class Invoice extends Base {
//!   @PrimaryGeneratedColumn("uuid") id: string;
//!   @Column({ name: "project_id" }) projectId: string;
//!   @ManyToOne(() => Account, { nullable: false }) @JoinColumn({ name: "account_id" }) account: Account;
//! }
//! ```
//!
//! Names follow TypeORM's default strategy. A class with columns that is no entity is a mixin; its parents, and those
//! of entities, are included.

use betwixt_base::Symbol;
use rustc_hash::FxHashMap;

use super::classes::{base_class, class_argument, options, sql_type_of};
use super::naming::snake_case;
use super::parts::{column, empty_table, foreign_key, index, primary_key};
use super::view::{View, attribute, last_part};
use crate::file::{Attribute, Field, FileFacts, Global, TypeDef};
use crate::ir::ExprId;
use crate::schema::{Index, SchemaOp, Table, TypeFamily};

/// Parents that add no columns.
const LIBRARY_BASES: [&str; 2] = ["BaseEntity", "Object"];
/// Functions around each other that make one class, at most.
const MAX_MAKERS: u32 = 16;

/// The tables and mixins of a file.
#[must_use]
pub fn read(facts: &FileFacts) -> Vec<SchemaOp> {
    let view = View::new(facts);
    let mut ops = Vec::new();
    let mut made: FxHashMap<Symbol, Vec<&TypeDef>> = FxHashMap::default();
    for def in facts.types.iter().filter(|def| is_stored(def)) {
        match maker_of(&view, def) {
            Some(maker) => made.entry(maker).or_default().push(def),
            None => read_class(&view, def, &mut ops),
        }
    }
    for global in facts.globals.iter().filter(|_| !made.is_empty()) {
        let Some(init) = global.init else { continue };
        read_made_class(&view, &made, global, init, &mut ops);
    }
    ops
}

/// Whether a file may hold entities; cheap.
pub(super) fn may_have(facts: &FileFacts) -> bool {
    let is_typeorm = |path: &str| path.ends_with("typeorm") || path.contains("typeorm/");
    facts
        .imports
        .iter()
        .any(|import| is_typeorm(import.path.as_str()))
        || facts.types.iter().any(|def| {
            attribute(&def.attributes, "Entity").is_some()
                && def
                    .fields
                    .iter()
                    .any(|field| field.attributes.iter().any(is_column))
        })
}

fn is_column(attribute: &Attribute) -> bool {
    let name = last_part(attribute.name.as_str());
    name.ends_with("Column") && name != "JoinColumn" && name != "ViewColumn"
}

/// Whether a class is an entity, or has columns for others.
fn is_stored(def: &TypeDef) -> bool {
    attribute(&def.attributes, "Entity").is_some()
        || def
            .fields
            .iter()
            .any(|field| field.attributes.iter().any(is_column))
}

fn read_class(view: &View<'_>, def: &TypeDef, ops: &mut Vec<SchemaOp>) {
    let entity = attribute(&def.attributes, "Entity");
    let mut table = match entity {
        Some(entity) => named_table(view, def, entity),
        None => empty_table("", Some(def.name), def.span),
    };
    let mut includes: Vec<Symbol> = base_class(view, def, &LIBRARY_BASES).into_iter().collect();
    add_class(view, def, &mut table, &mut includes);
    let name = if entity.is_some() {
        table.name
    } else {
        def.name
    };
    ops.push(if entity.is_some() {
        SchemaOp::CreateTable(table)
    } else {
        SchemaOp::Mixin(table)
    });
    ops.extend(
        includes
            .into_iter()
            .map(|model| SchemaOp::Include { table: name, model }),
    );
}

/// The columns, keys and indexes of a class itself.
fn add_class(view: &View<'_>, def: &TypeDef, table: &mut Table, includes: &mut Vec<Symbol>) {
    let mut primary = Vec::new();
    for field in &def.fields {
        if let Some(found) = field
            .attributes
            .iter()
            .find(|attribute| is_column(attribute))
        {
            match embedded(view, found) {
                Some(embedded) => includes.push(embedded),
                None => add_column(view, field, found, table, &mut primary),
            }
        }
    }
    for field in &def.fields {
        add_relation(view, field, table);
    }
    if !primary.is_empty() {
        table.indexes.insert(0, primary_key(primary));
    }
    add_class_indexes(view, def, table);
}

/// The function that makes a class, when it is written inside one: `function withId(base) { class D extends base {…} }`.
fn maker_of(view: &View<'_>, def: &TypeDef) -> Option<Symbol> {
    let mut functions = view.facts.functions.iter().skip(1);
    functions
        .find(|function| function.span.contains(def.span))
        .map(|function| function.name)
}

/// `const WithTimestamps = withCreatedAt(withUpdatedAt(Base))`: what the classes of all those functions have.
fn read_made_class(
    view: &View<'_>,
    made: &FxHashMap<Symbol, Vec<&TypeDef>>,
    global: &Global,
    init: ExprId,
    ops: &mut Vec<SchemaOp>,
) {
    let mut table = empty_table("", Some(global.name), global.span);
    let mut includes = Vec::new();
    let mut open = vec![init];
    let mut n_left = MAX_MAKERS;
    while let Some(expr) = open.pop() {
        let Some(chain) = view.chain(expr).filter(|_| n_left > 0) else {
            let base = view
                .last_name(expr)
                .filter(|name| !LIBRARY_BASES.contains(name));
            includes.extend(base.map(Symbol::new));
            continue;
        };
        n_left -= 1;
        for def in made
            .get(&Symbol::new(chain.first().name))
            .into_iter()
            .flatten()
        {
            add_class(view, def, &mut table, &mut Vec::new());
        }
        open.extend(chain.first().args);
    }
    if table.columns.is_empty() {
        return;
    }
    ops.push(SchemaOp::Mixin(table));
    ops.extend(includes.into_iter().map(|model| SchemaOp::Include {
        table: global.name,
        model,
    }));
}

/// `@Entity()`, `@Entity("name")`, `@Entity({ name, schema })`.
fn named_table(view: &View<'_>, def: &TypeDef, entity: &Attribute) -> Table {
    let args = view.ir.expr_list(entity.args);
    let options = options(view, entity);
    let named = args.first().and_then(|&name| view.text(name));
    let named = named.or_else(|| options.and_then(|options| view.text_entry(options, "name")));
    let default = snake_case(def.name.as_str());
    let mut table = empty_table(
        named.map_or(default.as_str(), |name| name.as_str()),
        Some(def.name),
        def.span,
    );
    table.schema = options
        .and_then(|options| view.text_entry(options, "schema"))
        .or(table.schema);
    table
}

/// The class of `@Column(() => Address)`.
fn embedded(view: &View<'_>, attribute: &Attribute) -> Option<Symbol> {
    let argument = *view.ir.expr_list(attribute.args).first()?;
    view.closure(argument)
        .and_then(|_| class_argument(view, attribute))
}

fn add_column(
    view: &View<'_>,
    field: &Field,
    found: &Attribute,
    table: &mut Table,
    primary: &mut Vec<Symbol>,
) {
    let kind = last_part(found.name.as_str());
    let options = options(view, found);
    let text = |name: &str| options.and_then(|options| view.text_entry(options, name));
    let flag = |name: &str| options.and_then(|options| view.bool_entry(options, name));
    let has = |name: &str| options.is_some_and(|options| view.entry(options, name).is_some());
    let name = text("name").unwrap_or(field.name);
    let written = view
        .ir
        .expr_list(found.args)
        .first()
        .and_then(|&first| view.text(first))
        .or_else(|| text("type"));
    let sql_type = match (written.map(Symbol::as_str), kind) {
        (Some("increment" | "identity" | "rowid"), _)
        | (None, "PrimaryGeneratedColumn" | "VersionColumn") => "integer",
        (Some(written), _) => written,
        (None, "CreateDateColumn" | "UpdateDateColumn" | "DeleteDateColumn") => "timestamp",
        (None, _) if has("enum") => "enum",
        (None, _) => match custom_type(kind) {
            "" => sql_type_of(view.ir, field.type_ref),
            known => known,
        },
    };
    let mut column = column(name.as_str(), sql_type, field.span);
    if flag("array") == Some(true) {
        column.family = TypeFamily::Array;
    }
    column.field = Some(field.name).filter(|field| *field != name);
    let is_primary = kind.starts_with("Primary") || flag("primary") == Some(true);
    column.not_null = !flag("nullable").unwrap_or(kind == "DeleteDateColumn");
    column.has_default = has("default")
        || has("generated")
        || matches!(
            kind,
            "PrimaryGeneratedColumn" | "CreateDateColumn" | "UpdateDateColumn" | "VersionColumn"
        )
        || attribute(&field.attributes, "Generated").is_some();
    table.columns.push(column);
    if is_primary {
        primary.push(name);
    }
    if flag("unique") == Some(true) {
        table.indexes.push(index(vec![name], true));
    }
    for attribute in &field.attributes {
        match last_part(attribute.name.as_str()) {
            "Index" => table
                .indexes
                .push(index_with_options(view, attribute, vec![name], false)),
            "Unique" => table.indexes.push(index(vec![name], true)),
            _ => {}
        }
    }
}

/// The type that a decorator of the project's own names: `@JsonColumn()`, `@DateTimeColumn()`.
fn custom_type(kind: &str) -> &'static str {
    match kind.strip_suffix("Column") {
        Some("Json" | "Jsonb") => "json",
        Some("DateTime" | "Timestamp" | "Date") => "timestamp",
        Some("Binary") => "bytea",
        _ => "",
    }
}

/// The key of `@ManyToOne`, and of `@OneToOne` on the side of its `@JoinColumn`.
fn add_relation(view: &View<'_>, field: &Field, table: &mut Table) {
    let join = attribute(&field.attributes, "JoinColumn");
    let relation = attribute(&field.attributes, "ManyToOne")
        .or_else(|| attribute(&field.attributes, "OneToOne").filter(|_| join.is_some()));
    let Some(relation) = relation else { return };
    let Some(there) = class_argument(view, relation) else {
        return;
    };
    let join_options = join.and_then(|join| options(view, join));
    let named = join_options.and_then(|options| view.text_entry(options, "name"));
    let default = format!("{}Id", field.name);
    let name = named.unwrap_or_else(|| Symbol::new(&default));
    let known = table
        .columns
        .iter()
        .find(|column| column.name == name || column.field == Some(name));
    let name = known.map_or(name, |column| column.name);
    if known.is_none() {
        let nullable =
            options(view, relation).and_then(|options| view.bool_entry(options, "nullable"));
        let mut added = column(name.as_str(), "", field.span);
        added.not_null = nullable == Some(false);
        table.columns.push(added);
    }
    let column_there =
        join_options.and_then(|options| view.text_entry(options, "referencedColumnName"));
    let mut key = foreign_key(
        vec![name],
        there.as_str(),
        column_there.into_iter().collect(),
    );
    key.relation = Some(field.name);
    table.foreign_keys.push(key);
    if attribute(&field.attributes, "OneToOne").is_some() {
        table.indexes.push(index(vec![name], true));
    }
}

/// `@Index(["a", "b"], { unique: true })`, `@Index("name", ["a"])`, `@Unique(["a", "b"])`.
fn add_class_indexes(view: &View<'_>, def: &TypeDef, table: &mut Table) {
    for attribute in &def.attributes {
        let is_unique = match last_part(attribute.name.as_str()) {
            "Index" => false,
            "Unique" => true,
            _ => continue,
        };
        let args = view.ir.expr_list(attribute.args);
        let lists = args
            .iter()
            .map(|&argument| view.closure_value(argument).unwrap_or(argument));
        let Some(list) = lists.filter_map(|argument| view.items(argument)).next() else {
            continue;
        };
        let columns = list
            .iter()
            .filter_map(|&item| field_named(view, item))
            .map(|field| column_of(table, field));
        let read = index_with_options(view, attribute, columns.collect(), is_unique);
        if !read.columns.is_empty() {
            table.indexes.push(read);
        }
    }
}

/// `"projectId"`, or `invoice.projectId` in a closure.
fn field_named(view: &View<'_>, item: ExprId) -> Option<Symbol> {
    view.text(item)
        .or_else(|| view.last_name(item).map(Symbol::new))
}

/// The column of a field or relation.
pub(super) fn column_of(table: &Table, field: Symbol) -> Symbol {
    let column = table
        .columns
        .iter()
        .find(|column| column.field.unwrap_or(column.name) == field);
    let relation = || {
        table
            .foreign_keys
            .iter()
            .find(|key| key.relation == Some(field))?
            .columns
            .first()
            .copied()
    };
    column
        .map(|column| column.name)
        .or_else(relation)
        .unwrap_or(field)
}

fn index_with_options(
    view: &View<'_>,
    attribute: &Attribute,
    columns: Vec<Symbol>,
    is_unique: bool,
) -> Index {
    let options = options(view, attribute);
    let mut read = index(columns, is_unique);
    read.is_unique |= options.and_then(|options| view.bool_entry(options, "unique")) == Some(true);
    read.predicate = options.and_then(|options| view.text_entry(options, "where"));
    read.name = view
        .ir
        .expr_list(attribute.args)
        .first()
        .and_then(|&name| view.text(name));
    read
}
