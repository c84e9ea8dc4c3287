//! Words that mean input, output or time where there is none, and things with one owner.

use crate::{Finding, Tree};

/// What a pure file must not say.
const IMPURE: [&str; 6] = ["async fn", ".await", "Client", "::now(", "tokio::", "std::fs"];

/// Words, and the only places that may say them: a path, or a folder with its slash.
const OWNERS: [(&str, &[&str], &str); 6] = [
    ("sysinfo::", &["operator/src/host/sample.rs"], "only operator/src/host/sample.rs looks at the machine"),
    (
        "StatusCode",
        &["api/", "operator/src/admin.rs", "tests/"],
        "HTTP status codes are for api/ and the admin pages: return an error of your own",
    ),
    (
        "clippy::disallowed_methods",
        &["operator/src/clock.rs", "api/src/clock.rs", "cli/src/clock.rs", "tests/"],
        "only clock.rs reads the clock: take the time as a parameter",
    ),
    (
        "extranet::engine",
        &["operator/src/link/", "extranet/", "tests/"],
        "links are probed by the operator's link controller alone",
    ),
    ("allow(clippy::", &[], "write #[expect(…, reason = …)], which says so when it is needed no more"),
    ("allow(unsafe", &[], "there is no unsafe code here"),
];

/// The only file that says which Kubernetes version the types are built for.
const VERSION_OWNER: &str = ".cargo/config.toml";

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    // This test names what it forbids.
    for file in tree.ending(&[".rs"]).filter(|file| !file.starts_with("tests/tests/tidy/")) {
        let text = tree.text(file);
        for (number, line) in text.lines().enumerate() {
            let code = code(line);
            let at = || format!("{file}:{}", number + 1);
            if is_pure(file) {
                let said = IMPURE.iter().filter(|word| code.contains(**word));
                findings.extend(said.map(|word| {
                    Finding::new(
                        "pure places",
                        at(),
                        format!("{word:?} is input, output or time: take a value instead"),
                    )
                }));
            }
            for (word, owners, remedy) in OWNERS {
                let owned =
                    owners.iter().any(|owner| file == *owner || (owner.ends_with('/') && file.starts_with(owner)));
                if code.contains(word) && !owned {
                    findings.push(Finding::new("single owners", at(), remedy));
                }
            }
        }
    }
    findings.extend(versions(tree));
    findings
}

/// Whether a file decides without looking: those that a plan is made in.
fn is_pure(file: &str) -> bool {
    let crates = ["ledger/src/", "extranet/src/", "resources/src/"];
    let pure = crates.iter().any(|one| file.starts_with(one)) || file.ends_with("/plan.rs");
    // The one writes the CRDs into files, the other is the prober's thread and its sockets.
    pure && !file.starts_with("resources/src/bin/") && !file.starts_with("extranet/src/engine/")
}

/// A line without its comment.
fn code(line: &str) -> &str {
    match line.trim_start() {
        comment if comment.starts_with("//") => "",
        code => code.split(" // ").next().unwrap_or(code),
    }
}

fn versions(tree: &Tree) -> Vec<Finding> {
    let remedy = format!("{VERSION_OWNER} alone names the Kubernetes version that the types are built for");
    let names_one = |text: &str| {
        // A feature such as `v1_33`, as k8s-openapi calls its versions.
        let feature =
            text.match_indices("\"v1_").any(|(at, _)| text[at + 4..].starts_with(|c: char| c.is_ascii_digit()));
        feature || text.contains("K8S_OPENAPI_ENABLED_VERSION")
    };
    let manifests = tree.ending(&["Cargo.toml", ".rs", "scripts/build", "Dockerfile"]);
    manifests
        .filter(|file| !file.starts_with("tests/tests/tidy/") && names_one(&tree.text(file)))
        .map(|file| Finding::new("single owners", file, remedy.clone()))
        .collect()
}
