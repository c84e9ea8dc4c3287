//! Where the programs are that a test runs, and whether they are those of the sources.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The project's folder.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the folder of tests/ has a parent")
}

/// Where cargo puts the programs of this profile: `target/debug` or `target/release`.
#[must_use]
pub fn built_folder() -> PathBuf {
    let own = std::env::current_exe().expect("a running program has a path");
    let folder = own.parent().expect("a program is in a folder");
    // Tests are one folder deeper than programs.
    if folder.ends_with("deps") { folder.parent().unwrap_or(folder).to_owned() } else { folder.to_owned() }
}

/// A folder for what a run leaves behind: logs, kubeconfigs. Emptied at the next run.
#[must_use]
pub fn scratch(name: &str) -> PathBuf {
    let folder = built_folder().parent().unwrap_or(Path::new(".")).join("tmp").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("the folder of the last run can be removed");
    }
    std::fs::create_dir_all(&folder).expect("a folder can be made in target/tmp");
    folder
}

/// A program of localcluster/bin.
///
/// # Panics
/// When it isn't built, with the command that builds it.
#[must_use]
pub fn of_localcluster(name: &str) -> PathBuf {
    let path = root().join("localcluster/bin").join(name);
    assert!(path.is_file(), "localcluster/bin/{name} isn't there: run localcluster/build first");
    path
}

/// A program of the workspace, from the same profile as the one that asks.
///
/// # Panics
/// When it isn't built, or is older than its sources: a test of an old program proves nothing.
#[must_use]
pub fn of_workspace(name: &str, package: &str) -> PathBuf {
    let path = built_folder().join(name);
    let release = if path.parent().is_some_and(|folder| folder.ends_with("release")) { "--release " } else { "" };
    let command = format!("cargo build {release}-p {package} --bin {name}");
    assert!(path.is_file(), "{} isn't there: run {command} first", path.display());
    let built = modified(&path);
    // Of the tests, only what is in the operator under fire: scenarios change more often.
    let own = if package == "tests" { "tests/src/faults".to_owned() } else { format!("{package}/src") };
    let operator = (package == "tests").then_some("operator/src");
    for folder in [own.as_str(), "resources/src", "ledger/src"].into_iter().chain(operator) {
        let (newest, at) = newest_source(&root().join(folder));
        assert!(at <= built, "{name} is older than {}: run {command} first", newest.display());
    }
    path
}

fn newest_source(folder: &Path) -> (PathBuf, SystemTime) {
    let mut newest = (folder.to_owned(), SystemTime::UNIX_EPOCH);
    for entry in std::fs::read_dir(folder).expect("sources are there").flatten() {
        let path = entry.path();
        let found = if path.is_dir() { newest_source(&path) } else { (path.clone(), modified(&path)) };
        // Tests inside a crate aren't part of its program.
        let is_test = path.file_name().is_some_and(|name| name == "tests" || name == "tests.rs");
        if !is_test && found.1 > newest.1 {
            newest = found;
        }
    }
    newest
}

fn modified(path: &Path) -> SystemTime {
    path.metadata().and_then(|metadata| metadata.modified()).expect("a file has a time of modification")
}
