//! ent schemas.

use super::{check, of_go};

#[test]
fn a_schema_is_a_table() {
    let found = of_go(
        r#"package schema
        import (
            "entgo.io/ent"
            "entgo.io/ent/dialect/entsql"
            "entgo.io/ent/schema/edge"
            "entgo.io/ent/schema/field"
            "entgo.io/ent/schema/index"
        )
        type APIKey struct { ent.Schema }
        func (APIKey) Annotations() []schema.Annotation {
            return []schema.Annotation{entsql.Annotation{Table: "keys"}, entsql.Schema("auth")}
        }
        func (APIKey) Fields() []ent.Field {
            fields := []ent.Field{
                field.String("id").DefaultFunc(newID).Immutable(),
                field.UUID("tenant_id", uuid.UUID{}),
                field.String("hash").Unique().StorageKey("key_hash"),
                field.Enum("kind").Values("live", "test").Default("live"),
                field.Time("expires_at").Optional().Nillable(),
                field.JSON("scopes", []string{}).Optional(),
            }
            if withAudit {
                fields = append(fields, field.Int("version").Default(0))
            }
            return fields
        }
        func (APIKey) Edges() []ent.Edge {
            return []ent.Edge{
                edge.From("tenant", Tenant.Type).Ref("keys").Field("tenant_id").Required().Unique(),
                edge.From("creator", User.Type).Ref("created_keys").Unique(),
                edge.To("uses", Use.Type),
            }
        }
        func (APIKey) Indexes() []ent.Index {
            return []ent.Index{
                index.Fields("tenant_id", "kind").Unique().Annotations(entsql.IndexWhere("expires_at IS NULL")),
                index.Fields("version").Edges("creator").StorageKey("by_creator"),
            }
        }
        "#,
    );
    check(
        &found,
        "
        table auth.keys as APIKey
          id varchar:Text not null default
          tenant_id uuid:Uuid not null
          key_hash (hash) varchar:Text not null
          kind enum:Enum not null default
          expires_at timestamp:Time
          scopes json:Json
          version bigint:Integer not null default
          user_created_keys :Other
          primary (id)
          unique (key_hash)
          unique (tenant_id, kind) where expires_at IS NULL
          index by_creator (version, user_created_keys)
          (tenant_id) -> Tenant as tenant
          (user_created_keys) -> User as creator
        ",
    );
}

#[test]
fn mixins_of_this_file_ents_own_and_others() {
    let found = of_go(
        r#"package schema
        import (
            "entgo.io/ent"
            "entgo.io/ent/schema/field"
            "entgo.io/ent/schema/mixin"
        )
        type TenantMixin struct { mixin.Schema }
        func (TenantMixin) Fields() []ent.Field { return []ent.Field{field.String("namespace").NotEmpty()} }
        type Category struct { ent.Schema }
        func (Category) Mixin() []ent.Mixin {
            return []ent.Mixin{TenantMixin{}, mixin.Time{}, shared.IDMixin{}, NewSoftDelete(true)}
        }
        type Plain struct { ent.Schema }
        "#,
    );
    check(
        &found,
        "
        mixin as TenantMixin
          namespace varchar:Text not null
        table categories as Category
          id :Other not null default
          namespace varchar:Text not null
          create_time timestamp:Time not null default
          update_time timestamp:Time not null default
          primary (id)
        include shared.IDMixin in categories
        include SoftDelete in categories
        table plains as Plain
          id bigint:Integer not null default
          primary (id)
        ",
    );
}

#[test]
fn mixins_may_be_made_of_mixins_and_computed_names() {
    let found = of_go(
        r#"package entutils
        import (
            "entgo.io/ent"
            "entgo.io/ent/schema/field"
            "entgo.io/ent/schema/mixin"
        )
        type IDMixin struct { mixin.Schema }
        func (IDMixin) Fields() []ent.Field {
            return []ent.Field{field.String("id").Unique().SchemaType(map[string]string{dialect.Postgres: "char(26)"})}
        }
        type ResourceMixin struct { mixin.Schema }
        func (ResourceMixin) Fields() []ent.Field {
            var fields []ent.Field
            fields = append(fields, IDMixin{}.Fields()...)
            fields = append(fields, shared.TimeMixin{}.Fields()...)
            return append(fields, field.String("name"))
        }
        type AddressMixin struct {
            ent.Schema
            Prefix string
        }
        func (m AddressMixin) Fields() []ent.Field {
            return []ent.Field{field.String(m.Prefix + "_city").Optional()}
        }
        type Shop struct { ent.Schema }
        func (Shop) Mixin() []ent.Mixin { return []ent.Mixin{RecursiveMixin[ResourceMixin]{}, AddressMixin{Prefix: "home"}} }
        "#,
    );
    check(
        &found,
        "
        mixin as IDMixin
          id char(26):Text not null
          unique (id)
        mixin as ResourceMixin
          id char(26):Text not null
          name varchar:Text not null
          unique (id)
        include shared.TimeMixin in ResourceMixin
        mixin as AddressMixin
        include ? in AddressMixin
        table shops as Shop
          id char(26):Text not null
          name varchar:Text not null
          primary (id)
          unique (id)
        include shared.TimeMixin in shops
        include ? in shops
        ",
    );
}
