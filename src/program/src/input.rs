//! What a program is built from.

use betwixt_base::workspace::Workspace;
use betwixt_base::{FileId, LineIndex};
use betwixt_facts::FileFacts;
use betwixt_facts::graphql::GraphqlFile;
use betwixt_facts::proto::ProtoFile;
use betwixt_facts::remark::Remark;
use betwixt_facts::schema::{NamedQuery, SchemaOp};
use betwixt_rules::ModelSet;

/// One file with its facts.
#[derive(Debug, Clone)]
pub struct CodeFile {
    /// Which file.
    pub file: FileId,
    /// Code facts; `None` for schema-only files.
    pub facts: Option<FileFacts>,
    /// Schema changes it makes (DDL, Prisma, ORM schemas).
    pub ops: Vec<SchemaOp>,
    /// Named queries (sqlc).
    pub queries: Vec<NamedQuery>,
    /// What it promises between services (`.proto`).
    pub proto: Option<ProtoFile>,
    /// What it asks for or offers (`.graphql`).
    pub graphql: Option<GraphqlFile>,
    /// Line starts, for files without code facts.
    pub lines: Option<LineIndex>,
    /// What its comments say was decided.
    pub remarks: Vec<Remark>,
}

/// Tenancy as the user set it; inferred where empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TenancyConfig {
    /// Columns that hold the tenant.
    pub columns: Vec<String>,
    /// Tables that belong to nobody.
    pub global_tables: Vec<String>,
}

/// Everything a program is built from.
#[derive(Debug)]
pub struct Input {
    /// The tree.
    pub workspace: Workspace,
    /// Files sorted by id; files that could not be read are absent.
    pub files: Vec<CodeFile>,
    /// What library calls mean.
    pub models: ModelSet,
    /// Tenancy as set by the user.
    pub tenancy: TenancyConfig,
}
