//! stub
use betwixt_base::Symbol;
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId(pub u32);
#[derive(Debug, Default)]
pub struct Schema {}
pub struct TableModel { pub indexes: Vec<betwixt_facts::schema::Index> }
impl TableModel { pub fn column(&self, _: Symbol) -> Option<&betwixt_facts::schema::Column> { None } }
impl Schema {
    pub fn resolve(&self, _: Option<Symbol>, _: Symbol, _: Option<&str>) -> Option<TableId> { None }
    pub fn table(&self, _: TableId) -> &TableModel { panic!() }
}
