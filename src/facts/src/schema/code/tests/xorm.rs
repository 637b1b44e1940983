//! XORM models.

use super::{check, of_go};

#[test]
fn tags_say_columns_in_words_of_any_order() {
    let found = of_go(
        r#"package models
        type Invoice struct {
            ID       int64  `xorm:"pk autoincr 'id'" json:"id"`
            TenantID int64  `xorm:"bigint not null UNIQUE(number)"`
            Number   string `xorm:"UNIQUE(number) VARCHAR(40) notnull"`
            Label    string `xorm:"text null default 'a b' 'title'"`
            State    State  `xorm:"INDEX"`
            Price    float64
            Made     time.Time `xorm:"created"`
            Lines    []*Line `xorm:"-"`
            Tags     []string `xorm:"json"`
            cached   bool
        }
        type State int
        func (*Invoice) TableName() string { return "invoices" }
        "#,
    );
    check(
        &found,
        "
        table invoices as Invoice
          id (ID) bigint:Integer not null default
          tenant_id (TenantID) bigint:Integer not null
          number (Number) varchar(40):Text not null
          title (Label) text:Text default
          state (State) bigint:Integer
          price (Price) double precision:Decimal
          made (Made) timestamp:Time default
          tags (Tags) json:Json
          primary (id)
          unique number (tenant_id, number)
          index (state)
        ",
    );
}

#[test]
fn a_struct_without_a_table_name_is_called_like_itself() {
    let found = of_go(
        r#"package models
        type WebHook struct {
            Owner string `xorm:"varchar(100) notnull pk"`
            Name  string `xorm:"varchar(100) notnull pk"`
            Audit `xorm:"extends"`
        }
        type Audit struct { CreatedTime string }
        type Plain struct { Name string `json:"name"` }
        "#,
    );
    check(
        &found,
        "
        table web_hook as WebHook
          owner (Owner) varchar(100):Text not null
          name (Name) varchar(100):Text not null
          created_time (CreatedTime) text:Text
          primary (owner, name)
        ",
    );
}
