//! The databases that a history may be in: a file, and a real PostgreSQL server of one's own.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use api::history::Location;
use tempfile::TempDir;

/// A database that goes when this does.
pub struct Database {
    pub location: Location,
    server: Option<Child>,
    folder: TempDir,
}

/// Both kinds, by name.
pub fn both() -> [(&'static str, Database); 2] {
    [("SQLite", Database::file()), ("PostgreSQL", Database::server())]
}

/// PostgreSQL refuses to run as root; this account owns nothing on a Debian system.
const NOBODY: u32 = 65_534;
/// A server is up within a second on an idle machine.
const UP_WITHIN: Duration = Duration::from_secs(60);

impl Database {
    pub fn file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { location: Location::File(folder.path().join("history.db")), server: None, folder }
    }

    /// Where everything is that is kept.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn server() -> Self {
        // A path of a socket has at most 107 characters.
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        if is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let data = folder.path().join("data");
        let made = command("initdb")
            .args(["--auth=trust", "--username=yunheng", "--encoding=UTF8", "--no-locale", "--no-sync", "--pgdata"])
            .arg(&data)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let log = fs::File::create(folder.path().join("log")).unwrap();
        // Only its own socket: no port that somebody else may have taken.
        let mut child = command("postgres")
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(folder.path())
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=40"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let deadline = Instant::now() + UP_WITHIN;
        while !answers(folder.path()) {
            let words = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
            assert!(child.try_wait().unwrap().is_none(), "PostgreSQL ended: {words}");
            assert!(Instant::now() < deadline, "PostgreSQL didn't start: {words}");
            std::thread::sleep(Duration::from_millis(50));
        }
        let url = format!("postgres://yunheng@localhost/postgres?host={}", folder.path().display());
        Self { location: url.parse().unwrap(), server: Some(child), folder }
    }

    /// The file itself.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("history.db")
    }

    /// Ends the server as a power cut would.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Whether it takes calls: it makes this file when it does, and says so in it.
fn answers(folder: &Path) -> bool {
    let state = fs::read_to_string(folder.join("data/postmaster.pid")).unwrap_or_default();
    state.lines().nth(7).is_some_and(|line| line.trim() == "ready")
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

/// A program of PostgreSQL: on the path, or where Debian has them.
fn command(name: &str) -> Command {
    let on_path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders = on_path.unwrap_or_default();
    folders.extend(versions.map(|version| version.path().join("bin")));
    let found = folders.into_iter().map(|folder| folder.join(name)).find(|program| program.is_file());
    let program = found.unwrap_or_else(|| panic!("{name} isn't installed: run scripts/install-test-tools"));
    let mut command = Command::new(program);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}
