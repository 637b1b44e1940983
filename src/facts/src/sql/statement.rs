//! A parsed statement in the form rules ask about.
//!
//! Names are lower case unless they were quoted. A statement is a tree of scopes (query blocks); every table
//! use, predicate and projection says which scope it belongs to.

use betwixt_base::Symbol;
use serde::{Deserialize, Serialize};

/// SQL text with holes where the program inserts something.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct SqlText {
    /// The known pieces; between piece `i` and `i + 1` is hole `i`. Always one more piece than holes.
    pub pieces: Vec<String>,
}

impl SqlText {
    /// Text without holes.
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            pieces: vec![text.into()],
        }
    }
    /// The pieces in one text, each hole a [`HOLE`](super::HOLE).
    #[must_use]
    pub fn flat(&self) -> String {
        self.pieces.join(super::HOLE.encode_utf8(&mut [0; 4]))
    }
    /// Whether every bracket that opens outside of quotes closes: a text that others are appended to (`… FROM (VALUES `) does
    /// not say the whole statement.
    #[must_use]
    pub fn closes(&self) -> bool {
        let (mut depth, mut quote) = (0i32, None);
        for c in self.pieces.iter().flat_map(|piece| piece.chars()) {
            match (quote, c) {
                (None, '\'' | '"') => quote = Some(c),
                (Some(open), c) if open == c => quote = None,
                (None, '(') => depth += 1,
                (None, ')') => depth -= 1,
                _ => {}
            }
        }
        depth <= 0
    }
    /// How many holes there are.
    #[must_use]
    pub fn n_holes(&self) -> usize {
        self.pieces.len().saturating_sub(1)
    }
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the verbs")]
pub enum Verb {
    Select,
    Insert,
    Update,
    Delete,
    Begin,
    Commit,
    Rollback,
    /// `CREATE`, `ALTER`, `DROP`, `TRUNCATE`, `GRANT`, …
    Ddl,
    /// `SET`, `SHOW`, `EXPLAIN`, `LISTEN`, `LOCK`, advisory lock calls alone are still `Select`.
    Other,
}

/// A query block of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ScopeId(pub u16);

/// A table named in a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TableUseId(pub u16);

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// What it does (the outermost verb; `WITH x AS (…) UPDATE` is `Update`).
    pub verb: Verb,
    /// Query blocks; `scopes[0]` is the outermost.
    pub scopes: Vec<Scope>,
    /// Every table use, block by block in the order `FROM` names them; uses of a CTE name are here with `cte` set.
    pub tables: Vec<TableUse>,
    /// Every comparison in `WHERE`, `ON`, `USING`, `HAVING`.
    pub predicates: Vec<Predicate>,
    /// `SET` of an update, and of `ON CONFLICT DO UPDATE` (then with `in_conflict`).
    pub assignments: Vec<Assignment>,
    /// The insert part.
    pub insert: Option<Insert>,
    /// `ON CONFLICT` / `ON DUPLICATE KEY` / `INSERT OR IGNORE|REPLACE`.
    pub conflict: Option<Conflict>,
    /// What the outermost block returns: select list or `RETURNING`.
    pub projection: Vec<Projection>,
    /// Some block takes row locks (`FOR UPDATE`, `FOR NO KEY UPDATE`, `FOR SHARE`).
    pub row_lock: bool,
    /// `SKIP LOCKED`.
    pub skip_locked: bool,
    /// Calls of `pg_advisory_lock`, `pg_advisory_xact_lock`, `GET_LOCK`, ….
    pub advisory_lock: bool,
    /// The outermost block has a `LIMIT`.
    pub limit: Option<Value>,
    /// Highest `$n`, or the number of `?` / named parameters.
    pub n_params: u32,
    /// Named parameters (`:name`, `@name`, `sqlc.arg(name)`) by parameter number - 1; empty for positional ones.
    pub param_names: Vec<Symbol>,
    /// Holes that stand for a clause, a condition or further columns, so that the statement may do more than is known.
    pub clause_holes: Vec<ClauseHole>,
    /// ClickHouse: `FINAL`, `PREWHERE`, `SETTINGS` seen, or other syntax only it has.
    pub is_clickhouse: bool,
}

/// A hole that stands for more than one value or name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ClauseHole {
    /// Number of the hole; the number of holes itself when the text ends where something is still to be appended.
    pub hole: u32,
    /// The block it stands in, the outermost where that is not known.
    pub scope: ScopeId,
}

/// A query block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The block around it.
    pub parent: Option<ScopeId>,
    /// Where it stands in the block around it.
    pub role: ScopeRole,
    /// The CTE's or derived table's name.
    pub name: Option<Symbol>,
    /// Names of its output columns where they are known; `*` for a star.
    pub columns: Vec<Symbol>,
    /// What each of `columns` is, as far as it is known.
    pub values: Vec<Value>,
    /// What it does (a CTE may update).
    pub verb: Verb,
}

/// Where a query block stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ScopeRole {
    /// The statement itself.
    Root,
    /// `WITH name AS (…)`.
    Cte,
    /// `FROM (…) AS name`, and table functions: `FROM unnest($1) AS name(a)`.
    Derived,
    /// `IN (…)`, `EXISTS (…)`, scalar sub-selects; `negated` for `NOT IN` / `NOT EXISTS`.
    Subquery {
        /// `NOT`.
        negated: bool,
    },
    /// A branch of `UNION`, `INTERSECT`, `EXCEPT` after the first.
    SetOperand,
    /// The `SELECT` of an `INSERT … SELECT`.
    InsertSource,
}

/// A table named in a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableUse {
    /// Schema or database, when written.
    pub schema: Option<Symbol>,
    /// Table name; `?` when it is a hole.
    pub name: Symbol,
    /// Its alias, or its own name.
    pub alias: Symbol,
    /// The block it stands in.
    pub scope: ScopeId,
    /// The block it stands for, when the name is a CTE or a derived table.
    pub cte: Option<ScopeId>,
    /// How it got here.
    pub join: Join,
    /// It is the target of the insert, update or delete of its block.
    pub is_target: bool,
}

/// How a table got into its block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Join {
    /// First in `FROM`, `UPDATE`, `INSERT INTO`, `DELETE FROM`; or after a comma.
    From,
    /// Joined.
    Joined(JoinKind),
}

/// The kinds of joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the kinds")]
pub enum JoinKind {
    Inner,
    Left,
    Right,
    Full,
    Cross,
}

/// A column as written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ColumnRef {
    /// The table use it belongs to: by qualifier, or when the block has a single table.
    /// `None` when only the schema can tell.
    pub table: Option<TableUseId>,
    /// The qualifier as written.
    pub qualifier: Option<Symbol>,
    /// The column.
    pub column: Symbol,
}

/// A value in a statement.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Value {
    /// Bound parameter, numbered from 0: `$1` is 0; `?` and named ones in order of first appearance.
    /// [`Value::UNKNOWN_PARAM`] when the program makes the number.
    Param(u32),
    /// The program's text is inserted here: hole number of [`SqlText`].
    Hole(u32),
    /// A literal as written; `NULL`, `TRUE` upper case.
    Literal(Symbol),
    /// A column.
    Column(ColumnRef),
    /// `f(args)`, casts (name `cast`), `CASE`, arithmetic (name is the operator).
    Call(Symbol, Vec<Value>),
    /// A sub-select.
    Subquery(ScopeId),
    /// `(a, b)`, `ARRAY[…]`, the list of `IN`.
    List(Vec<Value>),
    /// `DEFAULT`.
    Default,
    /// Anything else.
    Other,
}

impl Value {
    /// The number of a parameter whose number the program makes (`$` before a hole).
    pub const UNKNOWN_PARAM: u32 = u32::MAX;
}

/// How two sides are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the operators")]
pub enum Comparison {
    Eq,
    NotEq,
    Less,
    Greater,
    /// `IN (…)`, `= ANY(…)`, `has(array, x)`.
    In,
    NotIn,
    /// `LIKE`, `ILIKE`, `~`.
    Like,
    IsNull,
    IsNotNull,
    /// `IS NOT DISTINCT FROM`.
    NotDistinct,
    Other,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predicate {
    /// The block whose `WHERE`, `ON`, … it is in.
    pub scope: ScopeId,
    /// The column side (the left one when both are columns; never a value when one side is a column).
    pub column: ColumnRef,
    /// The comparison, seen from the column.
    pub op: Comparison,
    /// The other side.
    pub value: Value,
    /// It holds for every row that passes: reached through `AND` only (not under `OR` or `NOT`).
    pub is_conjunct: bool,
    /// It stands beside `param IS NULL OR`, `param = '' OR` and so vanishes for an empty value.
    pub is_optional: bool,
    /// In the `ON` of a join; for outer joins it does not filter the other side.
    pub in_join: bool,
    /// `lower(col)`, `col::text`, `date(col)`: the function around the column.
    pub wrapped_by: Option<Symbol>,
}

/// `column = value` of `SET`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// The block (a CTE may update).
    pub scope: ScopeId,
    /// The column.
    pub column: Symbol,
    /// The value.
    pub value: Value,
    /// Part of `ON CONFLICT DO UPDATE`.
    pub in_conflict: bool,
    /// The value uses the column's old value (`n = n + $1`, `n = t.n + excluded.n`).
    pub is_relative: bool,
}

/// The insert part of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Insert {
    /// The block (a CTE may insert).
    pub scope: ScopeId,
    /// Written columns; empty when none are.
    pub columns: Vec<Symbol>,
    /// Rows of `VALUES`, the first fifty; empty for `INSERT … SELECT` and batch inserts (`INSERT INTO t (a, b)` alone).
    pub rows: Vec<Vec<Value>>,
    /// Rows come from a select.
    pub from_select: bool,
}

/// What happens to a row that is there already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// `ON CONFLICT (a, b)`; expressions as written, lower case, without blanks (`lower(email)`).
    pub target: Vec<Symbol>,
    /// `ON CONFLICT ON CONSTRAINT name`.
    pub constraint: Option<Symbol>,
    /// `ON CONFLICT (…) WHERE …` as written, normalised blanks.
    pub target_predicate: Option<Symbol>,
    /// What is done.
    pub action: ConflictAction,
}

/// What a conflict clause does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ConflictAction {
    /// `DO NOTHING`, `INSERT IGNORE`.
    Nothing,
    /// `DO UPDATE`, `ON DUPLICATE KEY UPDATE`, `REPLACE`.
    Update,
}

/// One output column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Projection {
    /// Its name; `*` for a star.
    pub name: Symbol,
    /// What it is.
    pub value: Value,
}
