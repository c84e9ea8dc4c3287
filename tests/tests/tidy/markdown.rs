//! Paths that Markdown names are there.

use crate::{Finding, Tree};

/// Beginnings of what is made on the machine and not committed.
const MADE: [&str; 7] = [
    "target/",
    ".run/",
    "localcluster/bin/",
    "dashboards/dist/",
    "dashboards/node_modules/",
    "bin/",
    "docs/benchmarks.md",
];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.ending(&[".md"]) {
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut in_block = false;
        for (number, line) in tree.text(file).lines().enumerate() {
            in_block ^= line.trim_start().starts_with("```");
            let words: String = line.split('`').step_by(2).collect();
            let links = links(&words).into_iter().filter(|_| !in_block);
            let quoted = quoted(line).into_iter().filter(|text| looks_like_a_path(tree, text) && !in_block);
            for path in links.chain(quoted) {
                if !is_there(tree, folder, path) {
                    let at = format!("{file}:{}", number + 1);
                    findings.push(Finding::new("paths in Markdown", at, format!("there is no {path}: mend the text")));
                }
            }
        }
    }
    findings
}

/// Targets of links to files.
fn links(line: &str) -> Vec<&str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    targets
        .map(|target| target.split(['#', ' ']).next().unwrap_or_default())
        .filter(|target| !target.is_empty() && !target.contains(':') && !target.starts_with('/'))
        .collect()
}

/// What stands between backticks.
fn quoted(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

/// One word that begins with a folder of the project.
fn looks_like_a_path(tree: &Tree, text: &str) -> bool {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-*".contains(c));
    let Some((first, _)) = text.split_once('/') else { return false };
    plain
        && !first.is_empty()
        && tree.files.iter().any(|file| file.split_once('/').is_some_and(|(top, _)| top == first))
}

fn is_there(tree: &Tree, folder: &str, path: &str) -> bool {
    let beside = if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
    [normal(path), normal(&beside)].iter().any(|path| {
        let path = path.split('*').next().unwrap_or(path).trim_end_matches('/');
        let made = MADE.iter().any(|place| format!("{path}/").starts_with(place) || path == *place);
        made || tree
            .files
            .iter()
            .any(|file| file == path || file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
            || tree.root.join(path).exists() && path.contains('*')
    })
}

/// The path without `.` and `..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
