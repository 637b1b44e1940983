//! Drizzle tables.

use super::{check, of_typescript};

#[test]
fn a_constant_is_a_table() {
    let found = of_typescript(
        r#"
        import { pgTable, pgEnum, text, uuid, timestamp, boolean, integer, uniqueIndex, index, primaryKey } from "drizzle-orm/pg-core";
        import { sql } from "drizzle-orm";
        import { users } from "./users";
        export const kindEnum = pgEnum("kind", ["live", "test"]);
        export const projects = pgTable("projects", { id: uuid("project_id").primaryKey().defaultRandom() });
        export const apiKeys = pgTable("api_keys", {
            id: uuid("id").primaryKey().defaultRandom(),
            projectId: uuid("project_id").notNull().references(() => projects.id, { onDelete: "cascade" }),
            createdBy: uuid("created_by").references(() => users.userId),
            kind: kindEnum("kind").notNull().default("live"),
            email: text("email").notNull().unique(),
            scopes: text("scopes").array(),
            count: integer().notNull(),
            deletedAt: timestamp("deleted_at", { withTimezone: true }),
        }, (t) => ({
            byName: uniqueIndex("by_email").on(t.projectId, sql`lower(${t.email})`).where(sql`${t.deletedAt} is  null`),
            byKind: index("by_kind").on(t.kind, t.deletedAt.desc()),
        }));
        export const members = pgTable("members", {
            projectId: uuid("project_id"),
            userId: uuid("user_id"),
        }, (t) => [primaryKey({ columns: [t.projectId, t.userId] })]);
        "#,
    );
    check(
        &found,
        "
        table projects
          project_id (id) uuid:Uuid not null default
          primary (project_id)
        table api_keys as apiKeys
          id uuid:Uuid not null default
          project_id (projectId) uuid:Uuid not null
          created_by (createdBy) uuid:Uuid
          kind enum:Enum not null default
          email text:Text not null
          scopes text[]:Array
          count integer:Integer not null
          deleted_at (deletedAt) timestamp:Time
          primary (id)
          unique (email)
          unique by_email (project_id, lower(email)) where deleted_at is null
          index by_kind (kind, deleted_at)
          (project_id) -> projects(project_id)
          (created_by) -> users(userId)
        table members
          project_id (projectId) uuid:Uuid not null
          user_id (userId) uuid:Uuid not null
          primary (project_id, user_id)
        ",
    );
}

#[test]
fn shared_columns_creators_and_schemas() {
    let found = of_typescript(
        r#"
        import { pgTableCreator, pgSchema, serial, varchar, timestamp, text, foreignKey, unique, pgPolicy } from "drizzle-orm/pg-core";
        import { sql } from "drizzle-orm";
        import { audited } from "./audited";
        const createTable = pgTableCreator((name) => `shop_${name}`);
        const billing = pgSchema("billing");
        export const timestamps = {
            createdAt: timestamp("created_at").notNull().defaultNow(),
            updatedAt: timestamp("updated_at").$onUpdate(() => new Date()),
        };
        export const orders = createTable("orders", (t) => ({
            id: serial("id").primaryKey(),
            tenant: text("tenant_id").notNull(),
            ...timestamps,
            ...audited,
        }), (t) => [
            unique("one_per_tenant").on(t.tenant, t.id).nullsNotDistinct(),
            pgPolicy("own", { using: sql`${t.tenant} = current_setting('app.tenant')` }),
        ]);
        export const lines = billing.table("lines", {
            id: varchar("id", { length: 26 }).primaryKey(),
            orderId: text("order_id"),
        }, (t) => [foreignKey({ columns: [t.orderId], foreignColumns: [orders.id] })]);
        "#,
    );
    check(
        &found,
        "
        mixin as timestamps
          created_at (createdAt) timestamp:Time not null default
          updated_at (updatedAt) timestamp:Time default
        table shop_orders as orders
          id serial:Integer not null default
          tenant_id (tenant) text:Text not null
          created_at (createdAt) timestamp:Time not null default
          updated_at (updatedAt) timestamp:Time default
          primary (id)
          unique one_per_tenant (tenant_id, id) nulls not distinct
        include audited in shop_orders
        row security on shop_orders
        policy own on shop_orders by tenant_id with app.tenant
        table billing.lines
          id varchar:Text not null
          order_id (orderId) text:Text
          primary (id)
          (order_id) -> shop_orders(id)
        ",
    );
}

#[test]
fn other_dialects_and_other_objects() {
    let found = of_typescript(
        r#"
        import { sqliteTable, integer, text } from "drizzle-orm/sqlite-core";
        export const flags = sqliteTable("flags", {
            id: integer("id").primaryKey({ autoIncrement: true }),
            on: integer("is_on", { mode: "boolean" }),
            at: integer("at", { mode: "timestamp" }),
            data: text("data", { mode: "json" }),
        });
        export const options = { retries: retry("x"), name: "y" };
        "#,
    );
    check(
        &found,
        "
        table flags
          id integer:Integer not null default
          is_on (on) boolean:Bool
          at timestamp:Time
          data json:Json
          primary (id)
        ",
    );
}
