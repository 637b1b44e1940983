//! Diesel schemas.

use super::{check, of_rust};

#[test]
fn macros_are_tables_and_keys() {
    let found = of_rust(
        r#"
        // @generated automatically by Diesel CLI.
        diesel::table! {
            use diesel::sql_types::*;
            use crate::enums::sql_exports::*;

            /// Invoices of an account.
            billing.invoices (id, project_id) {
                /// The key.
                id -> Uuid,
                #[max_length = 64]
                project_id -> Varchar,
                #[sql_name = "type"]
                type_ -> Nullable<Varchar>,
                labels -> Nullable<Array<Nullable<Text>>>,
                amount -> Numeric,
                created_at -> Timestamptz, // when
            }
        }
        table! { accounts { id -> Integer, } }
        diesel::joinable!(invoices -> accounts (account_id));
        diesel::allow_tables_to_appear_in_same_query!(invoices, accounts,);
        "#,
    );
    check(
        &found,
        "
        table billing.invoices
          id uuid:Uuid not null default
          project_id varchar:Text not null default
          type (type_) varchar:Text default
          labels text[]:Array default
          amount numeric:Decimal not null default
          created_at timestamptz:Time not null default
          primary (id, project_id)
        table accounts
          id integer:Integer not null default
          primary (id)
        add invoices: (account_id) -> accounts
        ",
    );
}
