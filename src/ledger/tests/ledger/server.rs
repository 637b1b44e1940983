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
    folder: tempfile::TempDir,
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

    /// Lets the server encrypt from now on, with a certificate that only itself vouches for; `None` where none can be made,
    /// which is said.
    #[allow(
        dead_code,
        reason = "one of the two users of this file does not encrypt"
    )]
    pub(crate) fn encrypt(&self) -> Option<PathBuf> {
        let (key, certificate) = (self.data.join("server.key"), self.data.join("server.crt"));
        let config = self.folder.path().join("openssl.cnf");
        let text = "[req]\ndistinguished_name = name\nx509_extensions = own\nprompt = no\n[name]\nCN = localhost\n[own]\n\
            basicConstraints = critical, CA:FALSE\nsubjectAltName = DNS:localhost, IP:127.0.0.1\n";
        std::fs::write(&config, text).ok()?;
        let made = Command::new("openssl")
            .args([
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-config",
            ])
            .arg(&config)
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .output();
        if !made.is_ok_and(|made| made.status.success()) {
            let message = "openssl makes no certificate here: encryption was not tried\n";
            std::io::stderr()
                .write_all(message.as_bytes())
                .expect("a stream");
            return None;
        }
        if is_root() {
            let owned = Command::new("chown")
                .arg("postgres")
                .args([&key, &certificate])
                .status();
            owned.ok().filter(std::process::ExitStatus::success)?;
        }
        let settings = self.data.join("postgresql.auto.conf");
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(settings)
            .ok()?;
        file.write_all(b"ssl = on\n").ok()?;
        let data = self.data.to_string_lossy().into_owned();
        run(&self.bin, "pg_ctl", &["-D", &data, "reload"]).then_some(())?;
        // The signal is on its way.
        std::thread::sleep(std::time::Duration::from_millis(500));
        // Read by whoever runs the test, who may not look into the server's folder.
        let copy = self.folder.path().join("trusted.crt");
        std::fs::copy(&certificate, &copy).ok()?;
        Some(copy)
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
        folder,
    })
}
