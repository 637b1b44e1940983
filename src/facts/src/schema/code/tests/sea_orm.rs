//! SeaORM entities and migrations.

use super::{check, of_rust};

#[test]
fn a_model_is_a_table() {
    let found = of_rust(
        r#"
        use sea_orm::entity::prelude::*;
        #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
        #[sea_orm(table_name = "invoices", schema_name = "billing")]
        pub struct Model {
            #[sea_orm(primary_key, auto_increment = false)]
            pub id: InvoiceId,
            pub project_id: Uuid,
            #[sea_orm(column_name = "type", column_type = "Text", nullable)]
            pub r#type: String,
            #[sea_orm(unique)]
            pub number: Option<String>,
            #[sea_orm(unique_key = "slot")]
            pub day: i32,
            #[sea_orm(unique_key = "slot")]
            pub hour: i64,
            pub tags: Option<Vec<String>>,
            pub created_at: DateTimeWithTimeZone,
            #[sea_orm(ignore)]
            pub cached: bool,
        }
        #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
        pub enum Relation {
            #[sea_orm(
                belongs_to = "super::project::Entity",
                from = "Column::ProjectId",
                to = "super::project::Column::Id",
                on_delete = "Cascade"
            )]
            Project,
            #[sea_orm(has_many = "super::line::Entity")]
            Lines,
        }
        "#,
    );
    check(
        &found,
        "
        table billing.invoices as Entity
          id :Other not null default
          project_id uuid:Uuid not null default
          type text:Text default
          number varchar:Text default
          day integer:Integer not null default
          hour bigint:Integer not null default
          tags array:Array default
          created_at timestamp:Time not null default
          primary (id)
          unique (number)
          unique slot (day, hour)
          (project_id) -> project(id) as project
        ",
    );
}

#[test]
fn relations_written_as_code() {
    let found = of_rust(
        r#"
        #[derive(DeriveEntityModel)]
        #[sea_orm(table_name = "lines")]
        pub struct Model { #[sea_orm(primary_key)] pub id: i64, pub invoice_id: i64 }
        impl RelationTrait for Relation {
            fn def(&self) -> RelationDef {
                match self {
                    Self::Invoice => Entity::belongs_to(super::invoice::Entity)
                        .from(Column::InvoiceId)
                        .to(super::invoice::Column::Id)
                        .into(),
                }
            }
        }
        "#,
    );
    check(
        &found,
        "
        table lines as Entity
          id bigint:Integer not null default
          invoice_id bigint:Integer not null default
          primary (id)
          (invoice_id) -> invoice(id)
        ",
    );
}

#[test]
fn migrations_change_tables_in_order() {
    let found = of_rust(
        r#"
        use sea_orm_migration::{prelude::*, schema::*};
        pub struct Migration;
        #[async_trait::async_trait]
        impl MigrationTrait for Migration {
            async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
                manager.create_table(
                    Table::create()
                        .table(Invoice::Table)
                        .if_not_exists()
                        .col(ColumnDef::new(Invoice::Id).uuid().not_null().primary_key())
                        .col(ColumnDef::new(Invoice::ProjectId).uuid().not_null())
                        .col(&mut ColumnDef::new(Invoice::Kind).string_len(16).unique_key().default("a"))
                        .col(string_null(Invoice::Note))
                        .foreign_key(
                            ForeignKey::create()
                                .name("fk_project")
                                .from(Invoice::Table, Invoice::ProjectId)
                                .to(Project::Table, Project::Id)
                                .on_delete(ForeignKeyAction::Cascade),
                        )
                        .index(Index::create().unique().name("one").col(Invoice::ProjectId).col(Invoice::Kind))
                        .to_owned(),
                ).await?;
                manager.create_index(
                    Index::create().name("by_note").table(Invoice::Table).col((Invoice::Note, IndexOrder::Desc)).to_owned(),
                ).await?;
                manager.alter_table(
                    Table::alter()
                        .table(Alias::new("projects"))
                        .add_column(ColumnDef::new(Alias::new("size")).integer().not_null().default(0))
                        .drop_column(Project::Old)
                        .rename_column(Project::A, Project::B)
                        .to_owned(),
                ).await
            }
            async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
                manager.drop_table(Table::drop().table(Invoice::Table).to_owned()).await
            }
        }
        #[derive(DeriveIden)]
        enum Invoice {
            #[sea_orm(iden = "billing_invoices")]
            Table,
            Id,
            ProjectId,
            Kind,
            Note,
        }
        "#,
    );
    check(
        &found,
        "
        table billing_invoices
          id uuid:Uuid not null
          project_id uuid:Uuid not null
          kind varchar:Text default
          note varchar:Text
          primary (id)
          unique (kind)
          unique one (project_id, kind)
          (project_id) -> project(id)
        add billing_invoices: index by_note (note)
        add projects.size integer:Integer not null default
        drop projects.old
        rename projects.a to b
        ",
    );
}
