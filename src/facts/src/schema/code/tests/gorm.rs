//! GORM models.

use super::{check, of_go};

#[test]
fn a_model_is_a_table_by_gorms_names() {
    let found = of_go(
        r#"package store
        import "gorm.io/gorm"
        type APIKey struct {
            gorm.Model
            TenantID  uuid.UUID `json:"tenant_id" gorm:"type:uuid;not null;index"`
            Name      string    `gorm:"size:64;not null;default:'key'"`
            SecretURL *string   `gorm:"column:secret"`
            Scopes    []string  `gorm:"serializer:json"`
            UsedAt    *time.Time
            Kind      Kind
            cached    bool
            Skipped   string `gorm:"-"`
        }
        type Kind int32
        "#,
    );
    check(
        &found,
        "
        table api_keys as APIKey
          id (ID) bigint:Integer not null default
          created_at (CreatedAt) timestamp:Time default
          updated_at (UpdatedAt) timestamp:Time default
          deleted_at (DeletedAt) timestamp:Time
          tenant_id (TenantID) uuid:Uuid not null
          name (Name) text:Text not null default
          secret (SecretURL) text:Text
          scopes (Scopes) json:Json
          used_at (UsedAt) timestamp:Time
          kind (Kind) integer:Integer
          primary (id)
          index (deleted_at)
          index (tenant_id)
        ",
    );
}

#[test]
fn equal_names_are_one_index_in_order_of_priority() {
    let found = of_go(
        r#"package store
        type Invoice struct {
            ID     string `gorm:"primaryKey;type:text"`
            Number string `gorm:"uniqueIndex:idx_number,priority:2"`
            Tenant string `gorm:"uniqueIndex:idx_number,priority:1,where:deleted_at IS NULL"`
            Email  string `gorm:"unique"`
        }
        func (Invoice) TableName() string { return "billing.invoices" }
        "#,
    );
    check(
        &found,
        "
        table billing.invoices as Invoice
          id (ID) text:Text not null
          number (Number) text:Text
          tenant (Tenant) text:Text
          email (Email) text:Text
          primary (id)
          unique idx_number (tenant, number) where deleted_at IS NULL
          unique (email)
        ",
    );
}

#[test]
fn relations_are_keys_and_no_columns() {
    let found = of_go(
        r#"package store
        type Order struct {
            ID        uint64 `gorm:"primaryKey"`
            AccountID uint64
            Account   Account
            OwnerRef  string
            Owner     *people.User `gorm:"foreignKey:OwnerRef;references:Email"`
            Items     []Item
            Tags      []Tag `gorm:"many2many:order_tags"`
        }
        type Account struct {
            ID   uint64 `gorm:"primaryKey"`
            Name string
        }
        func (a *Account) TableName() string { return accountTable }
        const accountTable = "crm_accounts"
        "#,
    );
    check(
        &found,
        "
        table orders as Order
          id (ID) bigint:Integer not null default
          account_id (AccountID) bigint:Integer
          owner_ref (OwnerRef) text:Text
          primary (id)
          (account_id) -> crm_accounts as Account
          (owner_ref) -> User(email) as Owner
        table crm_accounts as Account
          id (ID) bigint:Integer not null default
          name (Name) text:Text
          primary (id)
        ",
    );
}

#[test]
fn embedded_structs_add_their_columns() {
    let found = of_go(
        r#"package store
        type Base struct {
            ID       string `gorm:"primaryKey"`
            TenantID string `gorm:"index"`
        }
        type Address struct { City string }
        type Shop struct {
            Base
            shared.Audit
            Home Address `gorm:"embedded;embeddedPrefix:home_"`
        }
        "#,
    );
    check(
        &found,
        "
        mixin as Base
          id (ID) text:Text not null
          tenant_id (TenantID) text:Text
          primary (id)
          index (tenant_id)
        table shops as Shop
          id (ID) text:Text not null
          tenant_id (TenantID) text:Text
          home_city (City) text:Text
          primary (id)
          index (tenant_id)
        include shared.Audit in shops
        ",
    );
}

#[test]
fn other_structs_are_no_tables() {
    let found = of_go("package api\ntype Request struct {\n Name string `json:\"name\"`\n}\n");
    assert_eq!(found, "");
}
