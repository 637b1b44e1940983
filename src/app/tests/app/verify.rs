//! `betwixt rules verify` against a server of its own, where PostgreSQL is installed.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{betwixt, write};

/// A server in a folder of its own; stopped when it goes.
struct Server {
    bin: PathBuf,
    data: PathBuf,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.data.to_string_lossy().into_owned();
        run(
            &self.bin,
            "pg_ctl",
            &["-D", &data, "-m", "immediate", "stop"],
        );
    }
}

/// The folder with `initdb`, in the path or where Debian has it.
fn installed() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let debian = debian.flatten().map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    in_path
        .into_iter()
        .chain(debian)
        .find(|bin| bin.join("initdb").exists() && bin.join("pg_ctl").exists())
}

fn is_root() -> bool {
    let user = Command::new("id").arg("-u").output();
    user.is_ok_and(|user| user.stdout.starts_with(b"0\n"))
}

/// Runs one of the server's programs; it refuses to run as root, so then as its own user.
fn run(bin: &Path, program: &str, arguments: &[&str]) -> bool {
    let program = bin.join(program);
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
        command.arg(program);
        command
    } else {
        Command::new(program)
    };
    let output = command.args(arguments).current_dir("/").output();
    output.is_ok_and(|output| output.status.success())
}

/// A running server; `None` where there is none to run.
fn server() -> Option<Server> {
    let bin = installed()?;
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    if is_root() {
        let owner = Command::new("chown")
            .arg("postgres")
            .arg(folder.path())
            .status();
        owner.ok().filter(std::process::ExitStatus::success)?;
    }
    let port = TcpListener::bind("127.0.0.1:0")
        .ok()?
        .local_addr()
        .ok()?
        .port();
    let path = data.to_string_lossy().into_owned();
    let made = run(
        &bin,
        "initdb",
        &["-D", &path, "-A", "trust", "-U", "postgres", "-E", "UTF8"],
    );
    let options = format!(
        "-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories={}",
        folder.path().display()
    );
    let log = folder.path().join("log").to_string_lossy().into_owned();
    let started = made
        && run(
            &bin,
            "pg_ctl",
            &["-D", &path, "-o", &options, "-l", &log, "-w", "start"],
        );
    started.then_some(Server {
        bin,
        data,
        port,
        _folder: folder,
    })
}

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
    let Some(server) = server() else {
        let message =
            "PostgreSQL is not installed or cannot be started here: `rules verify` was not tried\n";
        std::io::stderr()
            .write_all(message.as_bytes())
            .expect("a stream");
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
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", server.port);
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
