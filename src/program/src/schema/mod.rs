//! stub
use betwixt_base::{Place, Symbol};
use betwixt_facts::schema::*;
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId(pub u32);
#[derive(Debug, Default)]
pub struct Schema {}
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tenancy {
    Scoped { column: Symbol },
    Inherited { path: Vec<Symbol> },
    Global,
    TenantRoot,
}
pub struct TableModel {
    pub name: Symbol,
    pub indexes: Vec<Index>,
    pub foreign_keys: Vec<ForeignKey>,
    pub row_security: bool,
    pub policies: Vec<Policy>,
    pub engine: Option<Engine>,
    pub place: Option<Place>,
}
impl TableModel {
    pub fn column(&self, _: Symbol) -> Option<&Column> {
        None
    }
}
pub struct TenantColumn {
    pub column: Symbol,
}
pub struct SchemaSource {
    pub path: String,
    pub ops: Vec<SchemaOp>,
}
impl Schema {
    pub fn build(_: Vec<SchemaSource>, _: &crate::TenancyConfig) -> Self {
        Self {}
    }
    pub fn tables(&self) -> &[TableModel] {
        &[]
    }
    pub fn tenancy(&self, _: TableId) -> Tenancy {
        Tenancy::Global
    }
    pub fn tenant_columns(&self) -> &[TenantColumn] {
        &[]
    }
    pub fn is_tenant_column(&self, _: TableId, _: Symbol) -> bool {
        false
    }
    pub fn unique_columns(&self) -> impl Iterator<Item = Symbol> {
        std::iter::empty()
    }
    pub fn resolve(&self, _: Option<Symbol>, _: Symbol, _: Option<&str>) -> Option<TableId> {
        None
    }
    pub fn table(&self, _: TableId) -> &TableModel {
        panic!()
    }
}
