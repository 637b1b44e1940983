//! The ledger in a database of PostgreSQL.
//!
//! A connection that was lost is made again before the next transaction; one that is lost inside of it fails that
//! transaction as a whole. Connections are encrypted where the URL says `sslmode=require`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use postgres::config::SslMode;
use postgres::error::SqlState;
use postgres::types::{FromSql, ToSql, Type};
use postgres::{Client, Config, NoTls, SimpleQueryMessage, Statement};

use super::tls::Encrypted;
use super::{Store, VERSION, is_outdated};
use crate::LedgerError;
use crate::clock::Moment;
use crate::schema::{self, Dialect};
use crate::select::{Table, Value};

/// How long a server may take to answer at all.
const CONNECT: Duration = Duration::from_secs(10);
/// How long our own clock is trusted to run like the server's.
const CLOCK: Duration = Duration::from_secs(30);
/// Held while the schema is made, so that two processes do not make it at once.
const MAKING: &str = "SELECT pg_advisory_lock(7214602151)";
const MADE: &str = "SELECT pg_advisory_unlock(7214602151)";
/// Now, as the ledger writes it.
const NOW: &str =
    "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";

/// A connection to a server.
pub(crate) struct PostgresStore {
    client: Client,
    config: Config,
    place: String,
    is_reading: bool,
    is_writing: bool,
    /// How far the server's clock is ahead of ours, and when that was asked.
    ahead: Option<(time::Duration, Instant)>,
    /// Statements the server knows already, by their text; they go with the connection.
    statements: BTreeMap<String, Statement>,
}

impl PostgresStore {
    /// Connects and brings the schema up to date.
    pub(crate) fn open(url: &str, place: String) -> Result<Self, LedgerError> {
        let mut store = Self::connect(url, place)?;
        let found = store.version()?;
        if is_outdated(&store.place, found)? {
            store.bring_up_to_date()?;
        }
        Ok(store)
    }

    /// Connects to a ledger that is there, for reading only.
    pub(crate) fn open_to_read(url: &str, place: String) -> Result<Self, LedgerError> {
        let mut store = Self::connect(url, place)?;
        store.is_reading = true;
        store.client = store.connected()?;
        match store.version()? {
            None => Err(LedgerError::Missing(store.place)),
            found => is_outdated(&store.place, found).map(|_| store),
        }
    }

    fn connect(url: &str, place: String) -> Result<Self, LedgerError> {
        let mut config: Config = url.parse().map_err(|error: postgres::Error| {
            let why = format!(
                "{}; write `postgres://user@host:5432/database`",
                deepest(&error)
            );
            LedgerError::Open {
                place: place.clone(),
                why,
            }
        })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        config.application_name("betwixt");
        let client = dial(&config, &place)?;
        Ok(Self {
            client,
            config,
            place,
            is_reading: false,
            is_writing: false,
            ahead: None,
            statements: BTreeMap::new(),
        })
    }

    fn connected(&self) -> Result<Client, LedgerError> {
        let mut client = dial(&self.config, &self.place)?;
        if self.is_reading {
            client
                .batch_execute("SET default_transaction_read_only = on")
                .map_err(|error| told(&self.place, &error))?;
        }
        Ok(client)
    }

    /// The version of the schema; `None` when there is none.
    fn version(&mut self) -> Result<Option<i64>, LedgerError> {
        match self.client.query_one(VERSION, &[]) {
            Ok(row) => Ok(row.get::<_, Option<i32>>(0).map(i64::from)),
            Err(error) if error.code() == Some(&SqlState::UNDEFINED_TABLE) => Ok(None),
            Err(error) => Err(told(&self.place, &error)),
        }
    }

    fn bring_up_to_date(&mut self) -> Result<(), LedgerError> {
        let runner = schema::migrations(Dialect::Postgres)?;
        self.client
            .batch_execute(MAKING)
            .map_err(|error| told(&self.place, &error))?;
        let result = runner.run(&mut self.client);
        // The lock goes with the connection when this fails.
        let _ = self.client.batch_execute(MADE);
        match result {
            Ok(_) => Ok(()),
            Err(error) => match error.kind() {
                refinery::error::Kind::Connection(_, source) => {
                    Err(match source.downcast_ref::<postgres::Error>() {
                        Some(error) => told(&self.place, error),
                        None => self.failed(&error.to_string()),
                    })
                }
                _ => Err(LedgerError::Corrupt {
                    place: self.place.clone(),
                    why: error.to_string(),
                }),
            },
        }
    }

    /// A lost connection is made again, unless a transaction went with it.
    fn reconnect(&mut self) -> Result<(), LedgerError> {
        if self.client.is_closed() && !self.is_writing {
            self.client = self.connected()?;
            self.statements.clear();
        }
        Ok(())
    }

    fn prepared(&mut self, sql: &str) -> Result<Statement, LedgerError> {
        self.reconnect()?;
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self
            .client
            .prepare(sql)
            .map_err(|error| told(&self.place, &error))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn failed(&self, why: &str) -> LedgerError {
        LedgerError::Store {
            place: self.place.clone(),
            why: why.to_owned(),
        }
    }

    fn batch(&mut self, sql: &str) -> Result<(), LedgerError> {
        self.client
            .batch_execute(sql)
            .map_err(|error| told(&self.place, &error))
    }

    fn table(&mut self, sql: &str, limit: usize, seconds: u64) -> Result<Table, postgres::Error> {
        self.client.batch_execute("BEGIN TRANSACTION READ ONLY")?;
        self.client
            .batch_execute(&format!("SET LOCAL statement_timeout = '{seconds}s'"))?;
        // One statement is all that can be prepared, and a cursor takes nothing that writes.
        let columns: Vec<(String, Type)> = self
            .client
            .prepare(sql)?
            .columns()
            .iter()
            .map(|column| (column.name().to_owned(), column.type_().clone()))
            .collect();
        let cursor = format!("DECLARE betwixt_answer NO SCROLL CURSOR FOR {sql}");
        self.client.execute(&cursor, &[])?;
        let fetch = format!("FETCH {} FROM betwixt_answer", limit.saturating_add(1));
        let answers = self.client.simple_query(&fetch)?;
        let mut rows: Vec<Vec<Value>> = answers
            .iter()
            .filter_map(|answer| match answer {
                SimpleQueryMessage::Row(row) => Some(row),
                _ => None,
            })
            .map(|row| {
                let cells = columns.iter().enumerate();
                cells
                    .map(|(idx, (_, kind))| cell(row.get(idx), kind))
                    .collect()
            })
            .collect();
        let is_cut = rows.len() > limit;
        rows.truncate(limit);
        Ok(Table {
            columns: columns.into_iter().map(|(name, _)| name).collect(),
            rows,
            is_cut,
        })
    }
}

impl Store for PostgresStore {
    fn place(&self) -> &str {
        &self.place
    }

    fn skip_locked(&self) -> &'static str {
        "FOR UPDATE SKIP LOCKED"
    }

    /// The server is asked once in a while; in between our own clock runs.
    fn now(&mut self) -> Result<Moment, LedgerError> {
        if let Some((ahead, asked)) = self.ahead
            && asked.elapsed() < CLOCK
        {
            return Ok(Moment::now().moved(ahead));
        }
        let rows = self.rows(NOW, &[])?;
        let text = rows
            .first()
            .and_then(|row| row.first())
            .and_then(Value::as_text);
        let now = text
            .and_then(Moment::parse)
            .ok_or_else(|| self.failed("the server does not know what time it is"))?;
        self.ahead = Some((now.since(Moment::now()), Instant::now()));
        Ok(now)
    }

    fn begin(&mut self) -> Result<(), LedgerError> {
        self.reconnect()?;
        self.batch("BEGIN")?;
        self.is_writing = true;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), LedgerError> {
        self.batch("COMMIT")?;
        self.is_writing = false;
        Ok(())
    }

    fn roll_back(&mut self) -> Result<(), LedgerError> {
        self.is_writing = false;
        self.batch("ROLLBACK")
    }

    fn take_turns(&mut self, name: &str) -> Result<(), LedgerError> {
        let name = Value::Text(name.to_owned());
        let sql = "SELECT CAST(pg_advisory_xact_lock(hashtextextended($1, 0)) AS TEXT)";
        self.rows(sql, &[name]).map(drop)
    }

    fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, LedgerError> {
        let statement = self.prepared(sql)?;
        let parameters = converted(parameters, &statement);
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(AsRef::as_ref).collect();
        self.client
            .execute(&statement, &parameters)
            .map_err(|error| told(&self.place, &error))
    }

    fn rows(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Vec<Value>>, LedgerError> {
        let statement = self.prepared(sql)?;
        let parameters = converted(parameters, &statement);
        let parameters: Vec<&(dyn ToSql + Sync)> = parameters.iter().map(AsRef::as_ref).collect();
        let rows = self
            .client
            .query(&statement, &parameters)
            .map_err(|error| told(&self.place, &error))?;
        let mut all = Vec::with_capacity(rows.len());
        for row in &rows {
            let values = (0..row.len()).map(|idx| row.try_get::<_, Value>(idx));
            let values: Result<Vec<Value>, _> = values.collect();
            all.push(values.map_err(|error| told(&self.place, &error))?);
        }
        Ok(all)
    }

    fn select(&mut self, sql: &str, limit: usize, seconds: u64) -> Result<Table, LedgerError> {
        let sql = sql.trim().trim_end_matches(';');
        let result = self.table(sql, limit, seconds);
        let _ = self.client.batch_execute("ROLLBACK");
        result.map_err(|error| match error.code() {
            Some(&SqlState::QUERY_CANCELED) => LedgerError::TooSlow(seconds),
            Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => {
                LedgerError::Query("the statement would write; only reading is allowed".to_owned())
            }
            Some(_) => LedgerError::Query(deepest(&error)),
            None => told(&self.place, &error),
        })
    }
}

/// A cell as the server prints it, as a number where its column holds numbers.
fn cell(text: Option<&str>, kind: &Type) -> Value {
    let Some(text) = text else {
        return Value::Null;
    };
    let as_text = || Value::Text(text.to_owned());
    match *kind {
        Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => {
            text.parse().map_or_else(|_| as_text(), Value::Integer)
        }
        Type::FLOAT4 | Type::FLOAT8 | Type::NUMERIC => {
            text.parse().map_or_else(|_| as_text(), Value::Real)
        }
        _ => as_text(),
    }
}

fn converted<'v>(values: &'v [Value], statement: &Statement) -> Vec<Box<dyn ToSql + Sync + 'v>> {
    let kinds = statement.params().iter();
    values
        .iter()
        .zip(kinds)
        .map(|(value, kind)| parameter(value, kind))
        .collect()
}

/// A parameter as the statement wants it: its column says how wide a number is, and of what type nothing is.
fn parameter<'v>(value: &'v Value, kind: &Type) -> Box<dyn ToSql + Sync + 'v> {
    match value {
        Value::Null if *kind == Type::INT8 => Box::new(None::<i64>),
        Value::Null => Box::new(None::<&str>),
        Value::Integer(integer) if *kind == Type::INT4 => {
            Box::new(i32::try_from(*integer).unwrap_or(i32::MAX))
        }
        Value::Integer(integer) => Box::new(*integer),
        Value::Real(real) => Box::new(*real),
        Value::Text(text) => Box::new(text.as_str()),
    }
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(
        kind: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *kind {
            Type::INT4 => Self::Integer(i64::from(i32::from_sql(kind, raw)?)),
            Type::INT8 => Self::Integer(i64::from_sql(kind, raw)?),
            Type::FLOAT8 => Self::Real(f64::from_sql(kind, raw)?),
            _ => Self::Text(String::from_sql(kind, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        let is_number = matches!(*kind, Type::INT4 | Type::INT8 | Type::FLOAT8);
        is_number || <String as FromSql<'a>>::accepts(kind)
    }
}

/// The innermost reason, in the server's own words where there are some.
fn deepest(error: &postgres::Error) -> String {
    if let Some(error) = error.as_db_error() {
        return error.message().to_owned();
    }
    let mut reason: &dyn std::error::Error = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason.to_string()
}

/// A new connection. One that need not be encrypted is not: servers often have certificates nobody signed.
fn dial(config: &Config, place: &str) -> Result<Client, LedgerError> {
    let dialled = match config.get_ssl_mode() {
        SslMode::Require => {
            let encrypted = Encrypted::new().map_err(|why| LedgerError::Open {
                place: place.to_owned(),
                why,
            })?;
            config.connect(encrypted)
        }
        _ => config.connect(NoTls),
    };
    dialled.map_err(|error| unreachable(place, &error))
}

fn unreachable(place: &str, error: &postgres::Error) -> LedgerError {
    LedgerError::Unreachable {
        place: place.to_owned(),
        why: deepest(error),
    }
}

fn told(place: &str, error: &postgres::Error) -> LedgerError {
    let owned = || place.to_owned();
    let Some(code) = error.code() else {
        return unreachable(place, error);
    };
    let why = deepest(error);
    match code.code() {
        "53100" => LedgerError::Full(owned()),
        "25006" | "42501" => LedgerError::ReadOnly(owned()),
        "40001" | "40P01" | "55P03" => LedgerError::Busy(owned()),
        "57P01" | "57P02" | "57P03" | "53300" => unreachable(place, error),
        state if state.starts_with("23") => LedgerError::Refused(schema::refusal(&why)),
        state => LedgerError::Store {
            place: owned(),
            why: format!("{why} ({state})"),
        },
    }
}
