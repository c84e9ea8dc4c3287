//! What the code promises about its own form. All findings are collected; each says which rule it
//! is, where, and what to do.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing there")]

mod acceptance;
mod alerts;
mod crates;
mod files;
mod kinds;
mod markdown;
mod words;

use std::fmt;
use std::path::PathBuf;
use std::process::Command;

#[test]
fn the_project_is_tidy() {
    let tree = Tree::read();
    let mut findings = crates::check();
    findings.extend(words::check(&tree));
    findings.extend(kinds::check(&tree));
    findings.extend(files::check(&tree));
    findings.extend(markdown::check(&tree));
    findings.extend(alerts::check(&tree));
    findings.extend(acceptance::check(&tree));
    let list: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "{} findings:\n{}", list.len(), list.join("\n"));
}

/// Something that isn't as it should be.
#[derive(Debug)]
struct Finding {
    rule: &'static str,
    at: String,
    remedy: String,
}

impl Finding {
    fn new(rule: &'static str, at: impl fmt::Display, remedy: impl Into<String>) -> Self {
        Self { rule, at: at.to_string(), remedy: remedy.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.at, self.rule, self.remedy)
    }
}

/// The files of the project: those that git has or would take.
struct Tree {
    root: PathBuf,
    /// Paths from the root, with slashes.
    files: Vec<String>,
}

impl Tree {
    fn read() -> Self {
        let root = tests::program::root().to_owned();
        let listed = Command::new("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
            .current_dir(&root)
            .output()
            .expect("git can be started");
        let text = String::from_utf8(listed.stdout).expect("paths are text");
        let mut files: Vec<String> = text.split_terminator('\0').map(str::to_owned).collect();
        files.retain(|file| root.join(file).is_file());
        files.sort();
        files.dedup();
        assert!(files.len() > 100, "git lists the files of the project: {}", files.len());
        Self { root, files }
    }

    /// Files with one of these endings.
    fn ending<'a>(&'a self, endings: &'a [&str]) -> impl Iterator<Item = &'a str> {
        self.files.iter().map(String::as_str).filter(|file| endings.iter().any(|ending| file.ends_with(ending)))
    }

    /// A file's text; empty for what isn't text.
    fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.root.join(file)).unwrap_or_default()
    }
}
