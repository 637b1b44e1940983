//! Sequelize models and migrations.

use super::{check, of_typescript};

#[test]
fn models_by_define_and_init() {
    let found = of_typescript(
        r#"
        import { DataTypes, Model, Sequelize } from "sequelize";
        export const Category = sequelize.define("Category", { title: DataTypes.STRING, draft: DataTypes.VIRTUAL }, { timestamps: false });
        class Invoice extends Model {}
        Invoice.init({
            id: { type: DataTypes.UUID, primaryKey: true, defaultValue: DataTypes.UUIDV4 },
            projectId: { type: DataTypes.UUID, allowNull: false, references: { model: "projects", key: "id" }, unique: "number" },
            number: { type: DataTypes.STRING(64), field: "no", unique: "number" },
            labels: DataTypes.ARRAY(DataTypes.STRING),
            size: DataTypes.INTEGER.UNSIGNED,
        }, {
            sequelize, tableName: "invoices", underscored: true, paranoid: true,
            indexes: [{ unique: true, fields: ["projectId", "size"], name: "by_size" }, { fields: ["number"], where: { x: 1 } }],
        });
        "#,
    );
    check(
        &found,
        "
        table Categories as Category
          id integer:Integer not null default
          title varchar:Text
          primary (id)
        table invoices as Invoice
          id uuid:Uuid not null default
          project_id (projectId) uuid:Uuid not null
          no (number) varchar:Text
          labels array:Array
          size integer:Integer
          created_at (createdAt) timestamp:Time not null default
          updated_at (updatedAt) timestamp:Time not null default
          deleted_at (deletedAt) timestamp:Time
          primary (id)
          unique number (project_id, no)
          unique by_size (project_id, size)
          index (no) where ?
          (project_id) -> projects(id)
        ",
    );
}

#[test]
fn decorated_classes_are_tables_or_mixins() {
    let found = of_typescript(
        r#"
        import { Table, Column, DataType, BelongsTo, ForeignKey, AllowNull, Default, PrimaryKey, Unique, CreatedAt } from "sequelize-typescript";
        import ParanoidModel from "./base/ParanoidModel";
        @Table({ tableName: "documents", modelName: "document" })
        class Document extends ParanoidModel<Document> {
            @Unique @Column(DataType.STRING) urlId: string;
            @AllowNull(false) @Default(true) @Column(DataType.BOOLEAN) isOpen: boolean;
            @Column({ type: DataType.JSONB, field: "meta_data" }) metaData: object | null;
            @Column size: number;
            @ForeignKey(() => Team) @Column(DataType.UUID) teamId: string;
            @BelongsTo(() => Team, "teamId") team: Team;
            @BelongsTo(() => User, "createdById") createdBy: User;
        }
        class IdModel extends Model {
            @PrimaryKey @Default(DataType.UUIDV4) @Column(DataType.UUID) id: string;
            @CreatedAt createdAt: Date;
        }
        class Helper { x: string }
        "#,
    );
    check(
        &found,
        "
        table documents as Document
          urlId varchar:Text
          isOpen boolean:Bool not null default
          meta_data (metaData) jsonb:Json
          size integer:Integer
          teamId uuid:Uuid
          createdAt timestamp:Time not null default
          updatedAt timestamp:Time not null default
          unique (urlId)
          (teamId) -> Team as team
          (createdById) -> User as createdBy
        include ParanoidModel in documents
        mixin as IdModel
          id uuid:Uuid not null default
          createdAt timestamp:Time default
          primary (id)
        ",
    );
}

#[test]
fn migrations_change_tables_in_order() {
    let found = of_typescript(
        r#"
        "use strict";
        module.exports = {
            async up(queryInterface, Sequelize) {
                await queryInterface.sequelize.transaction(async (transaction) => {
                    await queryInterface.createTable("shares", {
                        id: { type: Sequelize.UUID, allowNull: false, primaryKey: true },
                        teamId: { type: Sequelize.UUID, references: { model: "teams" } },
                    }, { transaction });
                    await queryInterface.addColumn("shares", "views", { type: Sequelize.INTEGER, defaultValue: 0 });
                    await queryInterface.changeColumn("shares", "views", { type: Sequelize.BIGINT, allowNull: false });
                    await queryInterface.addIndex("shares", ["teamId", "id"], { unique: true });
                    await queryInterface.addIndex("shares", { fields: ["views"], name: "v" });
                    await queryInterface.removeIndex("shares", ["oldId"]);
                    await queryInterface.addConstraint("shares", { fields: ["teamId"], type: "foreign key", name: "fk", references: { table: "teams", field: "id" } });
                    await queryInterface.renameColumn("shares", "a", "b");
                });
            },
            async down(queryInterface) { await queryInterface.dropTable("shares"); },
        };
        "#,
    );
    check(
        &found,
        "
        table shares
          id uuid:Uuid not null
          teamId uuid:Uuid
          primary (id)
          (teamId) -> teams
        add shares.views integer:Integer default
        alter shares.views bigint not null
        add shares: unique shares_team_id_id (teamId, id)
        add shares: index v (views)
        drop index shares_old_id on shares
        add shares: (teamId) -> teams(id)
        rename shares.a to b
        ",
    );
}

#[test]
fn spread_attributes_are_followed_or_included() {
    let found = of_typescript(
        r#"
        import { DataTypes } from "sequelize";
        import { audit } from "./audit";
        const owned = { tenantId: { type: DataTypes.UUID, allowNull: false } };
        sequelize.define("Note", { ...owned, ...audit, text: DataTypes.TEXT, [computed]: DataTypes.TEXT }, { timestamps: false });
        "#,
    );
    check(
        &found,
        "
        table Notes as Note
          id integer:Integer not null default
          tenantId uuid:Uuid not null
          text text:Text
          primary (id)
        include audit in Notes
        include ? in Notes
        ",
    );
}
