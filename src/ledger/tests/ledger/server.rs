//! A PostgreSQL server for tests, in a folder of its own on a free local port; also used by the tests of the binary.

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A running server; stopped when it goes.
pub(crate) struct Server {
    bin: PathBuf,
    data: PathBuf,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.data.to_string_lossy().into_owned();
        let arguments = ["-D", &data, "-m", "immediate", "stop"];
        run(&self.bin, "pg_ctl", &arguments);
    }
}

impl Server {
    /// Where one of its databases is; `postgres` is always there.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Starts a server; `None` where there is none to start, which is said once on standard error: `what` was not tried.
    pub(crate) fn start(what: &str) -> Option<Self> {
        let server = start();
        if server.is_none() {
            let message = format!(
                "PostgreSQL is not installed or cannot be started here: {what} was not tried\n"
            );
            std::io::stderr()
                .write_all(message.as_bytes())
                .expect("a stream");
        }
        server
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

fn start() -> Option<Server> {
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
