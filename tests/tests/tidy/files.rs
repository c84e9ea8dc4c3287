//! Sizes, marks of what is generated, and names that don't belong into a file.

use crate::{Finding, Tree};

/// A file that is longer does more than one thing.
const LINES_MAX: usize = 600;

/// Longer ones, each with its reason.
const LONGER: &[(&str, &str)] = &[];

/// Generated files that are committed. `.gitattributes` says so too, and reviews fold them.
const GENERATED: [&str; 4] =
    ["charts/yunheng/crds/", "charts/yunheng/rendered/", "api/openapi.json", "dashboards/src/api/generated/"];

/// Lock files name where their packages come from; nothing else does.
const LOCKS: [&str; 4] = ["Cargo.lock", "package-lock.json", "go.sum", "go.mod"];

const REGISTRIES: [&str; 13] = [
    "crates.io",
    "docs.rs",
    "registry.npmjs.org",
    "npmjs.com",
    "proxy.golang.org",
    "sum.golang.org",
    "pypi.org",
    "pythonhosted.org",
    "docker.io",
    "registry.k8s.io",
    "ghcr.io",
    "quay.io",
    "gcr.io",
];

/// Beginnings of paths that exist on one machine.
const MACHINE_PATHS: [&str; 3] = ["/root/", "/work/", "/home/"];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = sizes(tree);
    findings.extend(generated(tree));
    findings.extend(names(tree));
    findings
}

fn is_generated(file: &str) -> bool {
    GENERATED.iter().any(|place| file.starts_with(place))
}

fn sizes(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let code = tree.ending(&[".rs", ".go", ".ts", ".tsx", ".mjs", ".js", ".py", ".sh", ".css"]);
    for file in code.filter(|file| !is_generated(file)) {
        let lines = tree.text(file).lines().count();
        let excepted = LONGER.iter().any(|(name, _)| name == &file);
        if lines > LINES_MAX && !excepted {
            findings.push(Finding::new(
                "file sizes",
                file,
                format!("{lines} lines are more than {LINES_MAX}: split it by what it does"),
            ));
        }
        if lines <= LINES_MAX && excepted {
            findings.push(Finding::new("file sizes", file, "is short again: take it off the list of exceptions"));
        }
    }
    findings
}

fn generated(tree: &Tree) -> Vec<Finding> {
    let attributes = tree.text(".gitattributes");
    let marked: Vec<&str> = attributes
        .lines()
        .filter_map(|line| line.split_once(char::is_whitespace))
        .filter(|(_, attributes)| attributes.split_whitespace().any(|one| one == "linguist-generated"))
        .map(|(pattern, _)| pattern.trim_end_matches("**"))
        .collect();
    let unmarked = GENERATED.iter().filter(|place| !marked.contains(place));
    let mut findings: Vec<Finding> = unmarked
        .map(|place| Finding::new("generated files", ".gitattributes", format!("mark {place} as linguist-generated")))
        .collect();
    let absent = GENERATED.iter().filter(|place| !tree.files.iter().any(|file| file.starts_with(**place)));
    findings.extend(absent.map(|place| Finding::new("generated files", place, "isn't there: run make generate")));
    findings
}

fn names(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        // Locks name where packages come from, generators where they do, and this test what it forbids.
        let lock = LOCKS.iter().any(|lock| file.ends_with(lock));
        if lock || is_generated(file) || file.starts_with("tests/tests/tidy/") {
            continue;
        }
        // Inside an image the paths are the image's.
        let in_image = file.starts_with("images/");
        for (number, line) in tree.text(file).lines().enumerate() {
            let at = format!("{file}:{}", number + 1);
            let host = REGISTRIES.iter().find(|host| is_word(line, host));
            findings
                .extend(host.map(|host| Finding::new("no registries", &at, format!("{host} is for lock files alone"))));
            let path = MACHINE_PATHS.iter().find(|path| !in_image && begins_path(line, path));
            findings.extend(path.map(|path| {
                Finding::new("no machine's paths", &at, format!("{path} is on one machine: build the path"))
            }));
        }
    }
    findings
}

/// Whether the host stands there as itself, not as a part of a longer name.
fn is_word(line: &str, host: &str) -> bool {
    line.match_indices(host).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + host.len()..].chars().next();
        let part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-');
        !part(before) && !part(after)
    })
}

/// Whether a path begins there: not in the middle of another, nor after a variable.
fn begins_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-}/$*>".contains(c))
    })
}
