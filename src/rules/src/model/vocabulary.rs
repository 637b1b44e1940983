//! The words of model files: events with their slots, traits, entry kinds, statement words.
//!
//! Each word has its meaning beside it; `grammars/README.md` shows the same tables and a test compares them.

/// Events a model may speak of, with their slots.
pub const EVENTS: &[(&str, &[&str])] = &[
    ("sql.statement", &["text", "params", "param-list", "into"]),
    ("sql.bind", &["value", "statement"]),
    ("sql.scan", &["rows", "into"]),
    ("sql.begin", &["body"]),
    ("sql.commit", &[]),
    ("sql.rollback", &[]),
    ("cache.get", &["key", "field", "loader"]),
    ("cache.set", &["key", "field", "value", "ttl"]),
    ("cache.delete", &["key", "field"]),
    ("cache.load", &["key", "loader", "ttl", "tags"]),
    ("cache.expire", &["key", "ttl"]),
    ("cache.script", &["key", "text", "args"]),
    ("queue.publish", &["topic", "key", "message", "id"]),
    ("queue.consume", &["topic", "handler"]),
    ("queue.ack", &["message"]),
    ("queue.nack", &["message"]),
    ("flush", &["of"]),
    ("rpc.call", &["message", "method"]),
    ("http.call", &["url", "base", "body", "method"]),
    ("lock.acquire", &["key", "body", "ttl"]),
    ("lock.release", &["key"]),
    ("object.put", &["key", "body"]),
    ("object.delete", &["key"]),
    ("remote.object", &["key"]),
    ("file.write", &["path"]),
    ("file.remove", &["path"]),
    ("dns.upsert", &["name"]),
    ("dns.remove", &["name"]),
    ("spawn", &["body"]),
    ("timer", &["body"]),
    ("retry", &["body"]),
    ("limit", &["key", "amount"]),
    ("auth.check", &["subject", "object"]),
    ("tenant.source", &["name"]),
    ("context.set", &["name", "value"]),
    ("request.read", &["name", "into"]),
    ("dedupe", &["key"]),
    ("once", &["key", "body"]),
    ("effect.payment", &["key", "message", "object"]),
    ("effect.mail", &["message", "key"]),
    ("effect.webhook", &["url", "message"]),
    ("effect.increment", &["key", "amount"]),
    ("value.time", &[]),
    ("value.random", &[]),
    ("value.config", &["name", "default"]),
    ("value.hash", &["of"]),
    ("value.join", &["list", "separator"]),
    ("value.same", &["of", "into"]),
];

/// Yes-or-no properties of events and entries, with their meaning.
pub const TRAITS: &[(&str, &str)] = &[
    (
        "absent-only",
        "writes only where nothing was (`SET NX`); the result tells whether it did",
    ),
    (
        "expires",
        "what is written goes away by itself, also without a `ttl` slot",
    ),
    (
        "atomic",
        "reads and writes in one step; nobody can come between",
    ),
    ("repeatable", "doing it twice is the same as doing it once"),
    (
        "idempotent",
        "a repetition with the same `key` or `id` is dropped by the other side",
    ),
    (
        "per-process",
        "lives in this process only; another replica does not see it",
    ),
    ("per-request", "lives as long as one request"),
    ("by-tag", "the key is a tag or prefix of several entries"),
    (
        "shared",
        "others may hold the lock at the same time: a read lock",
    ),
    (
        "async",
        "returns before it is done; the outcome comes later by callback, channel or flush",
    ),
    ("clickhouse", "statements are for ClickHouse"),
    (
        "typed-parameters",
        "parameters are sent with their types, so that the database decides none",
    ),
    (
        "buffered",
        "nothing leaves the process before a `flush`, commit or close",
    ),
    (
        "ack-on-return",
        "the library acknowledges when the handler returns and redelivers when it fails",
    ),
    ("manual-ack", "the handler itself acknowledges"),
    (
        "at-most-once",
        "acknowledged before or regardless of the handler's outcome: a failure loses the message",
    ),
    ("retried", "run again by the library when it fails"),
    (
        "authenticated",
        "comes from a checked credential: verified token, session",
    ),
    (
        "from-caller",
        "as the caller sent it: header, cookie, metadata",
    ),
    (
        "internal",
        "called by other services of the platform, not by users",
    ),
];

/// What functions that are called from outside are, with their meaning.
pub const ENTRIES: &[(&str, &str)] = &[
    ("http", "a route of an HTTP server"),
    (
        "rpc",
        "a method of an RPC server: gRPC, Connect, tRPC, server actions, MCP tools",
    ),
    ("graphql", "a GraphQL resolver"),
    ("consumer", "gets messages of a queue or stream"),
    ("webhook", "gets events another company's system sends"),
    ("job", "run by a scheduler or a workflow engine"),
    ("cli", "a command of a program"),
    ("migration", "changes the schema"),
    ("page", "renders a page on the server"),
    ("middleware", "runs before and after other entries"),
];

/// Which routes of a router a middleware runs before.
pub const APPLIES: &[(&str, &str)] = &[
    ("later", "those registered after it"),
    ("earlier", "those registered before it"),
    ("all", "all of them, wherever they stand"),
    (
        "service",
        "all entries of the library in the service, whatever their router",
    ),
];

/// Forms of statements.
pub const STYLES: &[(&str, &str)] = &[
    (
        "object",
        "one call, what it does is in option objects: `prisma.user.findMany({where})`",
    ),
    (
        "chain",
        "calls after one another: `db.select().from(t).where(…)`",
    ),
];

/// Places of the table's name.
pub const TABLE_PLACES: &[(&str, &str)] = &[
    (
        "accessor",
        "the field before the verb: `x.user.findMany`, `client.User.Query`",
    ),
    (
        "argument",
        "first argument of a `table-calls` call, or the `table` of `arguments`: a string, a table object, or a value whose type is the row",
    ),
    (
        "receiver",
        "what the verb is called on: `User.findOne`, `users::table.filter`",
    ),
    (
        "receiver-type",
        "type argument of the receiver's type: `Repository<User>`",
    ),
    (
        "type",
        "type argument of the call, or the type of its first argument: `First(&user)`",
    ),
    (
        "root-type",
        "the module or type before `Entity`, `ActiveModel`: `user::Entity::find`",
    ),
    (
        "key",
        "an option of the call, named in `table-calls`: `insert({ table: 't' })`",
    ),
];

/// How filters are written.
pub const FILTER_STYLES: &[(&str, &str)] = &[
    ("object", "`{ tenantId }`, `Eq{\"tenant_id\": v}`"),
    ("comparison-call", "`eq(t.c, v)`"),
    (
        "method-comparison",
        "`t.c.eq(v)`, `users::id.eq(v)`, `Column::Id.eq(v)`",
    ),
    (
        "field-function",
        "`user.TenantID(v)`, `where.TenantIDEQ(v)`",
    ),
    ("pair", "`'c', v` or `'c', '=', v`"),
    ("text", "`\"c = ?\", v`"),
];

/// What a statement does.
pub const VERBS: &[(&str, &str)] = &[
    ("select", "reads rows"),
    ("insert", "adds rows"),
    ("update", "changes rows"),
    ("delete", "removes rows"),
    (
        "upsert",
        "adds a row or changes the one that is there, in one statement",
    ),
    (
        "find-or-insert",
        "reads, and adds when nothing was found: two statements",
    ),
];

/// What the arguments of a verb are, by position.
pub const ARGUMENT_ROLES: &[(&str, &str)] = &[
    ("_", "nothing of interest: contexts, connections"),
    ("table", "the table, entity or model"),
    ("key", "the primary key"),
    ("filter", "a filter in one of the `filter-styles`"),
    ("values", "written values"),
    ("columns", "names of the written or selected columns"),
    (
        "target",
        "where the rows go, or the row itself; its type is the table",
    ),
    (
        "options",
        "an object with `filters`, `values`, `joins` keys",
    ),
];
