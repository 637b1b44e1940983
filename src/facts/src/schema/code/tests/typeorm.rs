//! TypeORM entities and migrations.

use super::{check, of_typescript};

#[test]
fn entities_are_tables() {
    let found = of_typescript(
        r#"
        import { Entity, Column, PrimaryGeneratedColumn, ManyToOne, OneToOne, OneToMany, JoinColumn, Index, Unique, CreateDateColumn, DeleteDateColumn } from "typeorm";
        import { WithTimestamps } from "./base";
        @Entity({ name: "invoice", schema: "billing" })
        @Index(["projectId", "account"], { unique: true, where: "deleted_at IS NULL" })
        @Unique("one_number", ["number"])
        export class Invoice extends WithTimestamps {
            @PrimaryGeneratedColumn("uuid") id: string;
            @Column({ name: "project_id", type: "uuid" }) projectId: string;
            @Column("varchar", { length: 64, nullable: true }) number: string | null;
            @Column({ default: false }) isPaid: boolean;
            @Column({ type: "enum", enum: Kind }) kind: Kind;
            @Column() @Index() total: number;
            @Column({ type: "text", array: true }) labels: string[];
            @DeleteDateColumn({ name: "deleted_at" }) deletedAt?: Date;
            @ManyToOne(() => Account, (account) => account.invoices, { nullable: false }) account: Account;
            @ManyToOne("Project", "invoices") @JoinColumn({ name: "project_id" }) project: Project;
            @OneToOne(() => Receipt) @JoinColumn() receipt: Receipt;
            @OneToMany(() => Line, (line) => line.invoice) lines: Line[];
        }
        export abstract class Base extends BaseEntity {
            @CreateDateColumn() createdAt: Date;
        }
        @Entity() class AuditEntry { @PrimaryColumn() a: string; @PrimaryColumn() b: string; }
        "#,
    );
    check(
        &found,
        "
        table billing.invoice as Invoice
          id uuid:Uuid not null default
          project_id (projectId) uuid:Uuid not null
          number varchar:Text
          isPaid boolean:Bool not null default
          kind enum:Enum not null
          total integer:Integer not null
          labels text:Array not null
          deleted_at (deletedAt) timestamp:Time
          accountId :Other not null
          receiptId :Other
          primary (id)
          index (total)
          unique (receiptId)
          unique (project_id, accountId) where deleted_at IS NULL
          unique one_number (number)
          (accountId) -> Account as account
          (project_id) -> Project as project
          (receiptId) -> Receipt as receipt
        include WithTimestamps in invoice
        mixin as Base
          createdAt timestamp:Time not null default
        table audit_entry as AuditEntry
          a varchar:Text not null
          b varchar:Text not null
          primary (a, b)
        ",
    );
}

#[test]
fn entity_schemas_are_tables() {
    let found = of_typescript(
        r#"
        import { EntitySchema } from "typeorm";
        export const UserSchema = new EntitySchema<User>({
            name: "User", tableName: "users",
            columns: {
                id: { type: Number, primary: true, generated: true },
                tenantId: { name: "tenant_id", type: "uuid" },
                email: { type: String, unique: true, nullable: true },
            },
            indices: [{ name: "by_tenant", columns: ["tenantId", "email"], unique: true }],
        });
        "#,
    );
    check(
        &found,
        "
        table users as User
          id integer:Integer not null default
          tenant_id (tenantId) uuid:Uuid not null
          email varchar:Text
          primary (id)
          unique (email)
          unique by_tenant (tenant_id, email)
        ",
    );
}

#[test]
fn migrations_change_tables_in_order() {
    let found = of_typescript(
        r#"
        import { MigrationInterface, QueryRunner, Table, TableColumn, TableForeignKey, TableIndex } from "typeorm";
        export class Create1 implements MigrationInterface {
            async up(queryRunner: QueryRunner): Promise<void> {
                await queryRunner.createTable(new Table({
                    name: "shares",
                    columns: [
                        { name: "id", type: "uuid", isPrimary: true, default: "uuid_generate_v4()" },
                        new TableColumn({ name: "team_id", type: "uuid", isNullable: true }),
                    ],
                    indices: [{ columnNames: ["team_id"] }],
                }));
                await queryRunner.addColumn("shares", new TableColumn({ name: "n", type: "int", isUnique: true }));
                await queryRunner.createIndex("shares", new TableIndex({ name: "by_n", columnNames: ["n"], isUnique: true }));
                await queryRunner.createForeignKey("shares", new TableForeignKey({ columnNames: ["team_id"], referencedTableName: "teams", referencedColumnNames: ["id"] }));
                await queryRunner.dropColumn("shares", "old");
            }
            async down(queryRunner: QueryRunner): Promise<void> { await queryRunner.dropTable("shares"); }
        }
        "#,
    );
    check(
        &found,
        "
        table shares
          id uuid:Uuid not null default
          team_id uuid:Uuid
          primary (id)
          index (team_id)
        add shares.n int:Integer not null
        add shares: unique by_n (n)
        add shares: (team_id) -> teams(id)
        drop shares.old
        ",
    );
}

#[test]
fn classes_may_be_made_by_functions() {
    let found = of_typescript(
        r#"
        import { Column, CreateDateColumn, PrimaryColumn } from "@acme/typeorm";
        function withId<T extends Class>(base: T) {
            class Derived extends base { @PrimaryColumn("varchar") id: string; }
            return Derived;
        }
        function withDates<T extends Class>(base: T) {
            class Derived extends base { @CreateDateColumn() createdAt: Date; @JsonColumn() extra: Extra; }
            return Derived;
        }
        export const WithAll = withId(withDates(Audited));
        export const other = compute(1);
        "#,
    );
    check(
        &found,
        "
        mixin as WithAll
          id varchar:Text not null
          createdAt timestamp:Time not null default
          extra json:Json not null
          primary (id)
        include Audited in WithAll
        ",
    );
}
