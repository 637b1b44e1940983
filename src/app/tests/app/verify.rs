//! `betwixt rules verify` against a server of its own, where PostgreSQL is installed.

use crate::server::Server;
use crate::support::{betwixt, write};

const SCHEMA: &str = "CREATE TABLE shop.items (id uuid PRIMARY KEY, kind varchar(9) NOT NULL, note text, at timestamptz);
CREATE UNIQUE INDEX items_kind ON shop.items (kind) WHERE note IS NOT NULL;
";

const CODE: &str = r#"package store

import (
	"context"
	"database/sql"
)

func bad(ctx context.Context, db *sql.DB, kind string) {
	db.ExecContext(ctx, "UPDATE shop.items SET colour = $1", kind)
	db.ExecContext(ctx, "INSERT INTO shop.items (id, kind, note) VALUES (gen_random_uuid(), $1, $1)", kind)
	db.ExecContext(ctx, "INSERT INTO shop.items (id, kind) VALUES (gen_random_uuid(), $1) ON CONFLICT (kind) DO NOTHING", kind)
	db.ExecContext(ctx, "DELETE FROM shop.items WHERE at < now() - $1", kind)
}

func good(ctx context.Context, db *sql.DB, kind string) {
	db.ExecContext(ctx, "UPDATE shop.items SET kind = $1 WHERE kind <> $1", kind)
	db.ExecContext(ctx, "DELETE FROM shop.items WHERE at < now() - $1::interval", kind)
}
"#;

#[test]
fn the_server_agrees_with_what_the_engine_says() {
    let Some(server) = Server::start("`rules verify`") else {
        return;
    };
    let tree = tempfile::tempdir().expect("a folder");
    write(
        tree.path(),
        "go.mod",
        "module example.com/store\n\ngo 1.24\n",
    );
    write(tree.path(), "db/schema.sql", SCHEMA);
    write(tree.path(), "store.go", CODE);
    let url = server.url("postgres");
    let path = tree.path().to_string_lossy().into_owned();
    let run = betwixt(&["rules", "verify", "--postgres", &url, &path]);
    assert!(
        run.out.contains("refused by both: 4\n"),
        "{}{}",
        run.out,
        run.err
    );
    assert!(run.out.contains("taken by the server: 0\n"), "{}", run.out);
    assert!(
        run.out.contains("the engine says nothing: 0\n"),
        "{}",
        run.out
    );
    assert!(run.out.contains("taken by both: 2\n"), "{}", run.out);
    assert_eq!(run.code, 0, "{}", run.err);
}
