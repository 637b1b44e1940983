//! Knex migrations.

use super::{check, of_typescript};

#[test]
fn a_migration_builds_tables() {
    let found = of_typescript(
        r#"
        import { Knex } from "knex";
        import { TableName } from "../schemas";
        enum Local { Tags = "tags" }
        export async function up(knex: Knex): Promise<void> {
            if (!(await knex.schema.hasTable("invoices"))) {
                await knex.schema.createTable("invoices", (t) => {
                    t.uuid("id", { primaryKey: true }).defaultTo(knex.fn.uuid());
                    t.string("number", 64).notNullable().unique();
                    t.uuid("projectId").notNullable().references("id").inTable(TableName.Project).onDelete("CASCADE");
                    t.foreign("accountId").references("accounts.id");
                    t.specificType("labels", "text[]");
                    t.timestamps(true, true, true);
                    t.unique(["projectId", "number"]);
                    t.index(["number"], "by_number");
                });
            }
            await knex.schema.alterTable(TableName.Users, (table) => {
                table.increments();
                table.boolean("isActive").defaultTo(true);
                table.string("email", 320).notNullable().alter();
                table.dropColumn("old");
                table.renameColumn("a", "b");
                table.dropUnique(["email"]);
            });
            await knex.schema.withSchema("audit").createTable(Local.Tags, function (table) { table.bigInteger("n"); });
            await knex.schema.renameTable("a", "b");
            await knex.schema.dropTableIfExists("gone");
        }
        export async function down(knex: Knex): Promise<void> {
            await knex.schema.dropTable("invoices");
        }
        "#,
    );
    check(
        &found,
        "
        table invoices
          id uuid:Uuid not null default
          number varchar:Text not null
          projectId uuid:Uuid not null
          labels text[]:Array
          createdAt timestamp:Time not null default
          updatedAt timestamp:Time not null default
          primary (id)
          unique invoices_number_unique (number)
          unique invoices_projectid_number_unique (projectId, number)
          index by_number (number)
          (projectId) -> TableName.Project(id)
          (accountId) -> accounts(id)
        add TableName.Users.id integer:Integer not null default
        add TableName.Users: primary (id)
        add TableName.Users.isActive boolean:Bool default
        alter TableName.Users.email varchar not null
        drop TableName.Users.old
        rename TableName.Users.a to b
        drop index tablename.users_email_unique on TableName.Users
        table audit.tags
          n bigint:Integer
        rename a to b
        drop gone
        ",
    );
}

#[test]
fn javascript_exports_are_migrations_too() {
    let found = of_typescript(
        r#"
        exports.up = function (knex) {
            return knex.schema.createTable("a", (t) => { t.text("x"); }).createTable("b", (t) => { t.text("y"); });
        };
        exports.down = (knex) => knex.schema.dropTable("a").dropTable("b");
        "#,
    );
    check(
        &found,
        "
        table a
          x text:Text
        table b
          y text:Text
        ",
    );
}

#[test]
fn computed_columns_leave_the_table_open() {
    let found = of_typescript(
        r#"
        import { Knex } from "knex";
        import { OWNER } from "../names";
        const KIND = "kind";
        export async function up(knex: Knex) {
            await knex.schema.createTable("a", (t) => { t.text(KIND); t.uuid(OWNER); });
        }
        "#,
    );
    check(
        &found,
        "
        table a
          kind text:Text
        include ? in a
        ",
    );
}
