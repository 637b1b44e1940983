//! Sources in; tables, names and tenancy out.

use betwixt_base::{FileId, Symbol};
use betwixt_facts::schema::{SchemaOp, read_prisma, read_sql_file};

use super::{Schema, SchemaSource, TableId, TableModel, Tenancy};
use crate::TenancyConfig;

fn build_with(files: &[(&str, &str)], config: &TenancyConfig) -> Schema {
    let sources = files.iter().enumerate().map(|(index, (path, text))| {
        let ops = if path.ends_with(".prisma") {
            read_prisma(text).0
        } else {
            read_sql_file(path, text).ops
        };
        SchemaSource {
            path: (*path).to_owned(),
            file: FileId(index as u32),
            ops,
        }
    });
    Schema::build(sources.collect(), config)
}

fn build(files: &[(&str, &str)]) -> Schema {
    build_with(files, &TenancyConfig::default())
}

fn id(schema: &Schema, name: &str) -> TableId {
    schema
        .resolve(None, Symbol::new(name), None)
        .unwrap_or_else(|| panic!("{name}"))
}

fn table<'a>(schema: &'a Schema, name: &str) -> &'a TableModel {
    schema.table(id(schema, name))
}

fn columns(table: &TableModel) -> Vec<&'static str> {
    table
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect()
}

/// `table: whose` for every table, in order.
fn tenancies(schema: &Schema) -> Vec<String> {
    let print = |id: TableId| {
        let name = schema.table(id).name;
        match schema.tenancy(id) {
            Tenancy::Scoped { column } => format!("{name}: {column}"),
            Tenancy::Inherited { path } => {
                format!(
                    "{name}: over {}",
                    path.iter()
                        .map(|hop| hop.as_str())
                        .collect::<Vec<_>>()
                        .join(".")
                )
            }
            Tenancy::Global => format!("{name}: nobody"),
            Tenancy::TenantRoot => format!("{name}: tenants"),
        }
    };
    schema.ids().map(print).collect()
}

fn tenant_columns(schema: &Schema) -> Vec<&'static str> {
    schema
        .tenant_columns()
        .iter()
        .map(|column| column.column.as_str())
        .collect()
}

#[test]
fn migrations_are_replayed_by_number() {
    let schema = build(&[
        (
            "db/migrations/10_last.sql",
            "ALTER TABLE t DROP COLUMN c; ALTER TABLE t ALTER COLUMN d SET NOT NULL;",
        ),
        (
            "db/migrations/9_rename.up.sql",
            "ALTER TABLE t RENAME COLUMN b TO d; DROP INDEX t_b_key; CREATE UNIQUE INDEX u ON t (a, d);",
        ),
        ("db/migrations/9_rename.down.sql", "DROP TABLE t;"),
        (
            "db/migrations/1_init.sql",
            "CREATE TABLE t (a int PRIMARY KEY, b int UNIQUE, c int); CREATE TABLE gone (x int);",
        ),
        (
            "db/migrations/2_drop.sql",
            "DROP TABLE gone; ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (c) REFERENCES gone (x);",
        ),
    ]);
    let table = table(&schema, "t");
    assert_eq!(columns(table), ["a", "d"]);
    assert!(
        table
            .column(Symbol::new("d"))
            .is_some_and(|column| column.not_null)
    );
    let uniques: Vec<_> = schema
        .unique_keys(id(&schema, "t"))
        .map(|index| index.columns.len())
        .collect();
    assert_eq!(uniques, [1, 2]);
    assert!(table.foreign_keys.is_empty());
    assert_eq!(schema.tables().len(), 1);
}

#[test]
fn a_constraint_without_a_name_is_dropped_by_the_name_it_got() {
    let schema = build(&[
        (
            "m/1.sql",
            "CREATE TABLE orders (id int PRIMARY KEY, a int, b int, UNIQUE (a, b)); CREATE TABLE x (order_id int REFERENCES orders)",
        ),
        (
            "m/2.sql",
            "ALTER TABLE orders DROP CONSTRAINT orders_a_b_key, DROP CONSTRAINT orders_pkey; ALTER TABLE x DROP CONSTRAINT x_order_id_fkey",
        ),
    ]);
    assert!(table(&schema, "orders").indexes.is_empty());
    assert!(table(&schema, "x").foreign_keys.is_empty());
}

#[test]
fn a_name_that_history_used_before_does_not_confuse() {
    let schema = build(&[
        (
            "p/schema.prisma",
            "model Team {\n id Int @id\n orgId Int\n}\nmodel Organization {\n id Int @id\n name String\n}",
        ),
        (
            "p/migrations/1/migration.sql",
            "CREATE TABLE \"Team\" (id int PRIMARY KEY, name text);",
        ),
        (
            "p/migrations/2/migration.sql",
            "ALTER TABLE \"Team\" RENAME TO \"Organization\";",
        ),
        (
            "p/migrations/3/migration.sql",
            "CREATE TABLE \"Team\" (id int PRIMARY KEY, \"orgId\" int);",
        ),
    ]);
    assert_eq!(columns(table(&schema, "team")), ["id", "orgId"]);
    assert_eq!(columns(table(&schema, "organization")), ["id", "name"]);
}

#[test]
fn what_is_described_twice_is_merged() {
    let schema = build(&[
        (
            "pkg/prisma/schema.prisma",
            "model ApiKey {\n id String @id\n projectId String @map(\"project_id\")\n kind String @unique\n @@map(\"api_keys\")\n}",
        ),
        (
            "pkg/prisma/migrations/1_a/migration.sql",
            "CREATE TABLE \"api_keys\" (\"id\" text PRIMARY KEY, \"project_id\" text NOT NULL, old int);",
        ),
        (
            "pkg/prisma/migrations/2_b/migration.sql",
            "ALTER TABLE api_keys DROP COLUMN old; CREATE UNIQUE INDEX part ON api_keys (project_id) WHERE kind IS NULL;",
        ),
    ]);
    let table = table(&schema, "ApiKey");
    assert_eq!(table.name, "api_keys");
    assert_eq!(columns(table), ["id", "project_id", "kind"]);
    assert_eq!(
        table
            .column(Symbol::new("projectId"))
            .map(|column| column.name),
        Some(Symbol::new("project_id"))
    );
    assert_eq!(
        table.indexes.iter().filter(|index| index.is_unique).count(),
        3
    );
    assert_eq!(schema.databases().len(), 1);
    assert!(schema.is_tenant_column(id(&schema, "api_keys"), Symbol::new("projectId")));
}

#[test]
fn databases_that_share_a_name_stay_apart() {
    let schema = build(&[
        (
            "services/a/migrations/1.sql",
            "CREATE TABLE users (id int, email text); CREATE TABLE carts (id int)",
        ),
        (
            "services/b/migrations/1.sql",
            "CREATE TABLE users (id uuid, login text, tenant_id uuid); CREATE TABLE mails (id int)",
        ),
    ]);
    assert_eq!(schema.databases().len(), 2);
    let users = Symbol::new("users");
    assert_eq!(schema.resolve(None, users, None), None);
    let near_b = schema
        .resolve(None, users, Some("services/b/store/users.go"))
        .map(|id| columns(schema.table(id)));
    assert_eq!(near_b, Some(vec!["id", "login", "tenant_id"]));
    assert!(
        schema
            .resolve(None, Symbol::new("carts"), Some("services/b/x.go"))
            .is_some()
    );
}

#[test]
fn a_folder_that_changes_another_ones_tables_belongs_to_it() {
    let schema = build(&[
        (
            "db/schema/core.sql",
            "CREATE TABLE core.orders (id int, tenant_id int);",
        ),
        (
            "db/migrations/core/v1.2/expand/1.sql",
            "ALTER TABLE core.orders ADD COLUMN note text;",
        ),
        (
            "db/rls/policies.sql",
            "ALTER TABLE core.orders ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON core.orders USING (tenant_id = 1);",
        ),
    ]);
    assert_eq!(schema.databases().len(), 1);
    let orders = table(&schema, "orders");
    assert_eq!(columns(orders), ["id", "tenant_id", "note"]);
    assert!(orders.row_security && orders.policies.len() == 1 && !orders.is_open);
}

#[test]
fn names_resolve_by_schema_case_and_model() {
    let schema = build(&[(
        "schema.sql",
        "CREATE TABLE app.users (id int); CREATE TABLE audit.users (id int); CREATE TABLE public.orders (id int); CREATE TABLE \"LineItem\" (id int);",
    )]);
    let resolve = |schema_name: Option<&str>, name: &str| {
        schema.resolve(schema_name.map(Symbol::new), Symbol::new(name), None)
    };
    assert!(resolve(Some("APP"), "Users").is_some());
    assert_eq!(resolve(None, "users"), None);
    assert_eq!(resolve(Some("other"), "users"), None);
    assert_eq!(resolve(None, "orders"), resolve(Some("public"), "ORDERS"));
    assert!(resolve(None, "lineitem").is_some());
    assert!(resolve(Some("db"), "orders").is_some());
}

#[test]
fn clickhouse_and_relational_tables_of_one_name_are_told_apart() {
    let schema = build(&[
        ("pg/1.sql", "CREATE TABLE traces (id uuid, project_id uuid)"),
        (
            "clickhouse/1.sql",
            "CREATE TABLE traces (id String, project_id String) ENGINE = MergeTree ORDER BY (project_id, id)",
        ),
    ]);
    let engine = |is_clickhouse: bool| {
        let id = schema.resolve_in(None, Symbol::new("traces"), None, Some(is_clickhouse));
        id.map(|id| schema.table(id).engine.is_some())
    };
    assert_eq!((engine(true), engine(false)), (Some(true), Some(false)));
    assert_eq!(
        schema
            .resolve(None, Symbol::new("traces"), None)
            .map(|id| schema.table(id).engine.is_some()),
        Some(false)
    );
}

#[test]
fn the_tenant_column_is_what_most_tables_carry() {
    let schema = build(&[(
        "schema.sql",
        "CREATE TABLE tenants (id uuid PRIMARY KEY, name text);
         CREATE TABLE users (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants (id), account_id uuid);
         CREATE TABLE orders (id uuid PRIMARY KEY, tenant_id uuid NOT NULL, user_id uuid NOT NULL REFERENCES users (id));
         CREATE TABLE order_items (id uuid PRIMARY KEY, order_id uuid NOT NULL REFERENCES orders (id));
         CREATE TABLE item_notes (id uuid PRIMARY KEY, item_id uuid NOT NULL REFERENCES order_items (id));
         CREATE TABLE loose (id uuid PRIMARY KEY, order_id uuid REFERENCES orders (id));
         CREATE TABLE currencies (code text PRIMARY KEY);
         CREATE TABLE clusters (id uuid PRIMARY KEY, owner_tenant_id uuid);
         CREATE TABLE grants (id uuid PRIMARY KEY, owner uuid NOT NULL REFERENCES tenants (id));",
    )]);
    assert_eq!(tenant_columns(&schema), ["tenant_id"]);
    assert_eq!(
        tenancies(&schema),
        [
            "tenants: tenants",
            "users: tenant_id",
            "orders: tenant_id",
            "order_items: over order_id",
            "item_notes: over item_id.order_id",
            "loose: nobody",
            "currencies: nobody",
            "clusters: nobody",
            "grants: owner",
        ]
    );
    assert!(schema.is_tenant_column(id(&schema, "tenants"), Symbol::new("id")));
    assert!(!schema.is_tenant_column(id(&schema, "orders"), Symbol::new("user_id")));
}

#[test]
fn the_chain_of_tenants_counts_as_a_whole() {
    let schema = build(&[(
        "p/schema.prisma",
        r#"
        model Organization { 
          id String @id
          projects Project[]
          members Membership[]
        }
        model Project {
          id String @id
          orgId String @map("org_id")
          org Organization @relation(fields: [orgId], references: [id])
        }
        model Membership {
          id String @id
          orgId String @map("org_id")
          userId String
          org Organization @relation(fields: [orgId], references: [id])
        }
        model Environment {
          id String @id
          projectId String @map("project_id")
        }
        model Trace {
          id String @id
          projectId String @map("project_id")
          @@index([projectId])
        }
        model Event {
          id String @id
          environmentId String
          @@index([environmentId])
        }
        model Score {
          id String @id
          projectId String @map("project_id")
          @@index([projectId])
        }
        "#,
    )]);
    assert_eq!(
        tenancies(&schema),
        [
            "Organization: tenants",
            "Project: tenants",
            "Membership: org_id",
            "Environment: project_id",
            "Trace: project_id",
            "Event: environmentId",
            "Score: project_id",
        ]
    );
    let mut columns = tenant_columns(&schema);
    columns.sort_unstable();
    assert_eq!(columns, ["environmentId", "org_id", "project_id"]);
}

#[test]
fn without_a_tenant_nothing_is_scoped() {
    let schema = build(&[(
        "schema.sql",
        "CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE posts (id int, user_id int NOT NULL REFERENCES users (id), account_id int)",
    )]);
    assert!(schema.tenant_columns().is_empty());
    assert_eq!(tenancies(&schema), ["users: nobody", "posts: nobody"]);
}

#[test]
fn ordinary_names_need_more_than_one_table() {
    let one = build(&[("schema.sql", "CREATE TABLE bills (id int, customer_id int)")]);
    assert!(one.tenant_columns().is_empty());
    let many = build(&[(
        "schema.sql",
        "CREATE TABLE companies (id int PRIMARY KEY); CREATE TABLE bills (id int, company_id int NOT NULL REFERENCES companies); CREATE TABLE users (id int, company_id int)",
    )]);
    assert_eq!(
        tenancies(&many),
        [
            "companies: tenants",
            "bills: company_id",
            "users: company_id"
        ]
    );
}

#[test]
fn a_single_table_with_a_tenant_is_enough() {
    let schema = build(&[("schema.sql", "CREATE TABLE orders (id int, tenant_id int)")]);
    assert_eq!(tenancies(&schema), ["orders: tenant_id"]);
}

#[test]
fn configuration_wins_over_inference() {
    let config = TenancyConfig {
        columns: vec!["realmKey".into()],
        global_tables: vec!["app.flags".into()],
    };
    let schema = build_with(
        &[(
            "schema.sql",
            "CREATE TABLE app.orders (id int, realm_key text, tenant_id int); CREATE TABLE app.flags (id int, realm_key text); CREATE TABLE app.x (tenant_id int)",
        )],
        &config,
    );
    assert_eq!(
        tenancies(&schema),
        ["orders: realm_key", "flags: nobody", "x: nobody"]
    );
}

#[test]
fn tables_in_code_are_found_through_prefixes_and_partitions() {
    let schema = build(&[(
        "schema.sql",
        "CREATE TABLE v1_workspaces (id int PRIMARY KEY); CREATE TABLE v1_task (id int, inserted_at timestamp, workspace_id int NOT NULL, PRIMARY KEY (id, inserted_at));
         CREATE TABLE v1_task_data (task_id int NOT NULL, data text); CREATE TABLE v1_kinds (id int)",
    )]);
    assert_eq!(
        tenancies(&schema),
        [
            "v1_workspaces: tenants",
            "v1_task: workspace_id",
            "v1_task_data: over task_id",
            "v1_kinds: nobody"
        ]
    );
}

#[test]
fn views_carry_the_tenant_when_they_show_it() {
    let schema = build(&[(
        "schema.sql",
        "CREATE TABLE orders (id int, tenant_id int); CREATE VIEW v AS SELECT id, tenant_id FROM orders; CREATE VIEW w AS SELECT count(*) AS n FROM orders",
    )]);
    assert_eq!(
        tenancies(&schema),
        ["orders: tenant_id", "v: tenant_id", "w: nobody"]
    );
}

#[test]
fn the_order_of_sources_does_not_matter() {
    let mut files = vec![
        (
            "m/1.sql",
            "CREATE TABLE a (id int PRIMARY KEY, tenant_id int)",
        ),
        (
            "m/2.sql",
            "CREATE TABLE b (id int, a_id int NOT NULL REFERENCES a)",
        ),
        ("x/schema.sql", "CREATE TABLE c (id int, tenant_id int)"),
    ];
    let first = tenancies(&build(&files));
    files.reverse();
    assert_eq!(tenancies(&build(&files)), first);
}

#[test]
fn models_are_completed_from_mixins() {
    use betwixt_facts::schema::Table;
    let mut ops = read_sql_file(
        "x.sql",
        "CREATE TABLE notes (id int); CREATE TABLE base (tenant_id int NOT NULL)",
    )
    .ops;
    if let Some(SchemaOp::CreateTable(table)) = ops.pop() {
        ops.push(SchemaOp::Mixin(Table {
            name: Symbol::empty(),
            model: Some(Symbol::new("Base")),
            ..table
        }));
    }
    ops.push(SchemaOp::Include {
        table: Symbol::new("notes"),
        model: Symbol::new("Base"),
    });
    ops.push(SchemaOp::Include {
        table: Symbol::new("notes"),
        model: Symbol::new("Elsewhere"),
    });
    let source = SchemaSource {
        path: "models/notes.go".into(),
        file: FileId(0),
        ops,
    };
    let schema = Schema::build(vec![source], &TenancyConfig::default());
    assert_eq!(columns(table(&schema, "notes")), ["id", "tenant_id"]);
    assert!(table(&schema, "notes").is_open);
}

#[test]
fn a_few_tables_apart_take_the_tenant_of_the_others() {
    let found = build(&[
        (
            "store/schema.sql",
            "CREATE TABLE accounts (id text PRIMARY KEY);
             CREATE TABLE peers (id text PRIMARY KEY, account_id text NOT NULL REFERENCES accounts);
             CREATE TABLE keys (id text PRIMARY KEY, account_id text NOT NULL REFERENCES accounts);",
        ),
        (
            "clickhouse/schema.sql",
            "CREATE TABLE flows (account_id String, peer String) ENGINE = MergeTree ORDER BY peer;
             CREATE TABLE cities (name String, client_id String) ENGINE = MergeTree ORDER BY name;",
        ),
    ]);
    let found = tenancies(&found);
    assert!(found.contains(&"flows: account_id".to_owned()), "{found:?}");
    assert!(found.contains(&"cities: nobody".to_owned()), "{found:?}");
}

#[test]
fn a_table_is_found_by_every_name_that_code_has_for_it() {
    let declared = |name: &str| {
        let mut ops = read_sql_file("x.sql", "CREATE TABLE shares (id int PRIMARY KEY);").ops;
        for op in &mut ops {
            if let SchemaOp::CreateTable(table) = op {
                table.model = Some(Symbol::new(name));
            }
        }
        ops
    };
    let sources = [
        ("models/1.go", "shares2021"),
        ("models/share.go", "LinkShare"),
    ];
    let sources = sources
        .iter()
        .enumerate()
        .map(|(index, (path, name))| SchemaSource {
            path: (*path).to_owned(),
            file: FileId(index as u32),
            ops: declared(name),
        });
    let schema = Schema::build(sources.collect(), &TenancyConfig::default());
    for name in ["LinkShare", "shares2021", "shares"] {
        assert_eq!(table(&schema, name).name, "shares");
    }
}

#[test]
fn nonsense_in_any_order_costs_at_most_itself() {
    const STATEMENTS: &[&str] = &[
        "CREATE TABLE a (id int PRIMARY KEY, tenant_id int REFERENCES tenants, b_id int NOT NULL)",
        "CREATE TABLE b (id int, a_id int NOT NULL REFERENCES a (id), UNIQUE (a_id))",
        "CREATE TABLE tenants (id int PRIMARY KEY, tenant_id int NOT NULL)",
        "CREATE TABLE c (LIKE a INCLUDING ALL, LIKE c)",
        "ALTER TABLE a RENAME TO b",
        "ALTER TABLE b RENAME TO a",
        "ALTER TABLE a RENAME COLUMN id TO tenant_id",
        "ALTER TABLE b RENAME COLUMN a_id TO id",
        "DROP TABLE a",
        "DROP INDEX a_pkey",
        "ALTER TABLE x ADD COLUMN y int, ADD UNIQUE (y), DROP COLUMN z",
        "ALTER TABLE b ALTER COLUMN id TYPE text, DROP COLUMN a_id",
        "CREATE VIEW v AS SELECT * FROM a",
    ];
    const PATHS: &[&str] = &[
        "schema.sql",
        "m/1.sql",
        "m/2.sql",
        "clickhouse/1.sql",
        "x/migrations/1/up.sql",
        "models/a.go",
    ];
    let mut state = 5u64;
    let mut below = |bound: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound
    };
    for _ in 0..300 {
        let sources = (0..1 + below(5)).map(|number| {
            let text: Vec<&str> = (0..1 + below(8))
                .map(|_| STATEMENTS[below(STATEMENTS.len())])
                .collect();
            let ops = read_sql_file("x.sql", &text.join(";")).ops;
            SchemaSource {
                path: PATHS[below(PATHS.len())].to_owned(),
                file: FileId(number as u32),
                ops,
            }
        });
        let schema = Schema::build(sources.collect(), &TenancyConfig::default());
        assert_eq!(tenancies(&schema).len(), schema.tables().len());
        assert!(!schema.databases().is_empty() || schema.tables().is_empty());
    }
}
