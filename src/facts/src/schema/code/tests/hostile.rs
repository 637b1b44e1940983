//! Code that is broken, circular or endless; it may cost its own result, never the run.

use std::time::{Duration, Instant};

use betwixt_base::Language;
use betwixt_syntax::Limits;
use proptest::prelude::*;

use super::{of_go, of_rust, of_typescript};
use crate::schema::read_code;

/// Longest any of these may take, without optimisation.
const PATIENCE: Duration = Duration::from_secs(20);

#[track_caller]
fn in_time(read: impl FnOnce() -> String) -> String {
    let start = Instant::now();
    let found = read();
    assert!(start.elapsed() < PATIENCE, "took {:?}", start.elapsed());
    found
}

#[test]
fn objects_that_spread_each_other_end() {
    let mut text = String::from(
        "import { DataTypes } from 'sequelize'; import { pgTable, text } from 'drizzle-orm/pg-core';",
    );
    for level in 0..12 {
        let spread = format!("...o{}, ", level + 1).repeat(40);
        text.push_str(&format!("const o{level} = {{ {spread} }};\n"));
    }
    text.push_str("const o12 = { ...o0 }; sequelize.define('A', { ...o0 }); const t = pgTable('t', { ...o0 });");
    in_time(|| of_typescript(&text));
    in_time(|| {
        of_typescript(
            "import { text, pgTable } from 'drizzle-orm/pg-core'; const a = b; const b = a; const t = pgTable(a, a, () => a);",
        )
    });
}

#[test]
fn structs_that_embed_each_other_end() {
    let mut text = String::from("package a\nimport \"gorm.io/gorm\"\n");
    for level in 0..12 {
        let fields: String = (0..30)
            .map(|n| format!("F{n} S{} `gorm:\"embedded\"`\n", (level + 1) % 12))
            .collect();
        text.push_str(&format!("type S{level} struct {{\n{fields}}}\n"));
    }
    in_time(|| of_go(&text));
    let mut text = String::from("package a\nimport \"entgo.io/ent\"\n");
    for level in 0..12 {
        let mixins = format!("M{}{{}},", (level + 1) % 12).repeat(30);
        text.push_str(&format!("type M{level} struct {{ mixin.Schema }}\nfunc (M{level}) Mixin() []ent.Mixin {{ return []ent.Mixin{{{mixins}}} }}\n"));
    }
    in_time(|| of_go(&text));
}

#[test]
fn many_tables_take_linear_time() {
    let tables: String = (0..4000)
        .map(|n| {
            format!(
                "knex.schema.createTable('t{n}', (t) => {{ t.text('a'); t.unique(['a']); }});\n"
            )
        })
        .collect();
    let found = in_time(|| of_typescript(&format!("exports.up = (knex) => {{ {tables} }};")));
    assert_eq!(found.matches("table t").count(), 4000);
    let columns: String = (0..4000)
        .map(|n| format!("c{n}: kind('c{n}').notNull(),\n"))
        .collect();
    let text = format!(
        "import {{ pgTable, pgEnum }} from 'drizzle-orm/pg-core'; const kind = pgEnum('k', []); const t = pgTable('t', {{ {columns} }});"
    );
    assert_eq!(
        in_time(|| of_typescript(&text))
            .matches("enum:Enum not null")
            .count(),
        4000
    );
    let fields: String = (0..4000)
        .map(|n| format!("F{n} string `gorm:\"index:one\"`\n"))
        .collect();
    in_time(|| of_go(&format!("package a\ntype A struct {{\n{fields}}}\n")));
    let tables: String = (0..2000)
        .map(|n| format!("diesel::table! {{ t{n} (id) {{ id -> Int4, }} }}\n"))
        .collect();
    assert_eq!(
        in_time(|| of_rust(&tables)).matches("table t").count(),
        2000
    );
}

#[test]
fn long_chains_end() {
    let chain = ".col(Alias::new(\"a\"))".repeat(5000);
    in_time(|| {
        of_rust(&format!(
            "use sea_orm_migration::prelude::*;\nfn up() {{ Table::create().table(A::Table){chain}; }}\n"
        ))
    });
    let chain = ".notNull()".repeat(3000);
    in_time(|| {
        of_typescript(&format!(
            "import {{ pgTable, text }} from 'drizzle-orm/pg-core'; const t = pgTable('t', {{ a: text('a'){chain} }});"
        ))
    });
}

/// Texts of the words these libraries use, in any order.
fn soup(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(words), 0..60).prop_map(|words| words.join(" "))
}

const TYPESCRIPT: &[&str] = &[
    "import { pgTable, Entity, Table } from 'typeorm';",
    "import x from 'sequelize';",
    "import 'drizzle-orm/pg-core';",
    "const a =",
    "const b =",
    "a",
    "b",
    "pgTable(",
    "text(",
    "'t'",
    ",",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "=>",
    "...",
    ":",
    ".references(",
    ".on(",
    "class A extends B {",
    "@Entity()",
    "@Column({ type: a })",
    "@ManyToOne(() => A)",
    "@Index(['a'])",
    "@Table({})",
    "@ForeignKey(() => A)",
    "x: string;",
    "function up(queryInterface, knex) {",
    "queryInterface.createTable(",
    "knex.schema.createTable(",
    "t.text(",
    ".define(",
    ".init(",
    "new EntitySchema(",
    "sql`${a}`",
    "`x${a}`",
    ";",
    "\n",
];
const GO: &[&str] = &[
    "package a\n",
    "import \"entgo.io/ent\"\n",
    "type A struct {",
    "type B struct {",
    "ent.Schema",
    "mixin.Schema",
    "gorm.Model",
    "A",
    "B",
    "`gorm:\"embedded;index:a,where:b;column:\"`",
    "`gorm:\"",
    "`",
    "}",
    "\n",
    "func (A) TableName() string {",
    "return",
    "\"x\"",
    "func (A) Fields() []ent.Field {",
    "func (A) Mixin() []ent.Mixin {",
    "[]ent.Field{",
    "field.String(",
    "index.Fields(",
    "edge.From(",
    "B.Type",
    ")",
    ".Unique()",
    ",",
    "(",
    "{",
    "func (A) Edges() []ent.Edge {",
    "A{}.Fields()...",
];
const RUST: &[&str] = &[
    "use sea_orm_migration::prelude::*;",
    "#[derive(DeriveEntityModel)]",
    "#[sea_orm(table_name = \"a\")]",
    "#[sea_orm(",
    ")]",
    "pub struct Model {",
    "a: Option<i32>,",
    "}",
    "enum Relation {",
    "belongs_to = \"super::b::Entity\",",
    "from = \"Column::A\"",
    "A,",
    "fn up() {",
    "Table::create()",
    ".table(A::Table)",
    ".col(",
    "ColumnDef::new(A::B)",
    ".foreign_key(ForeignKey::create()",
    ".from(A::Table, A::B)",
    ".to(B::Table, (B::A, B::C))",
    ")",
    ";",
    "diesel::table! {",
    "a (id) {",
    "id -> Int4,",
    "joinable!(a -> b (c));",
    "#[sql_name = \"x\"]",
    "Index::create()",
    "(",
    "{",
    ",",
];

proptest! {
    #[test]
    fn no_typescript_makes_it_panic(text in soup(TYPESCRIPT)) {
        let facts = crate::typescript::lower(Language::TypeScript, &text, &Limits::default());
        let _ = read_code(&facts);
    }

    #[test]
    fn no_go_makes_it_panic(text in soup(GO)) {
        let _ = read_code(&crate::go::lower(&text, &Limits::default()));
    }

    #[test]
    fn no_rust_makes_it_panic(text in soup(RUST)) {
        let _ = read_code(&crate::rust::lower(&text, &Limits::default()));
    }
}
