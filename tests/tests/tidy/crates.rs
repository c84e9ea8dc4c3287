//! What each crate may use, and that none of them has `unsafe` in it.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use crate::Finding;

/// One crate of the workspace.
struct Row {
    name: &'static str,
    /// Crates of the workspace that it may use.
    ours: &'static [&'static str],
    outside: Outside,
    /// Features of kube that it may name. Clients and runtimes are for those who talk to a cluster.
    kube: &'static [&'static str],
}

enum Outside {
    /// Nothing but these.
    Only(&'static [&'static str]),
    /// Anything but these.
    AllBut(&'static [&'static str]),
}

/// The one table of who may use whom. A new edge is an edit here, with its reason in the commit.
const TABLE: &[Row] = &[
    Row { name: "ledger", ours: &[], outside: Outside::Only(&["thiserror"]), kube: &[] },
    Row { name: "extranet", ours: &[], outside: Outside::Only(&["nix", "rustix", "socket2", "thiserror"]), kube: &[] },
    Row {
        name: "resources",
        ours: &["ledger"],
        outside: Outside::Only(&[
            "cel",
            "jiff",
            "k8s-openapi",
            "kube",
            "schemars",
            "serde",
            "serde_json",
            "serde_yaml_ng",
            "thiserror",
        ]),
        kube: &["derive", "cel"],
    },
    Row {
        name: "operator",
        ours: &["extranet", "ledger", "resources"],
        outside: Outside::AllBut(&["utoipa", "utoipa-axum", "rust-embed", "sqlx", "reqwest"]),
        kube: &["client", "rustls-tls", "ring", "runtime", "derive", "cel", "jsonpatch", "unstable-runtime"],
    },
    Row {
        name: "api",
        // Of extranet its arithmetic alone: links are probed by the operator.
        ours: &["extranet", "ledger", "resources"],
        outside: Outside::AllBut(&["sysinfo", "json-patch", "reqwest"]),
        kube: &["client", "rustls-tls", "ring", "runtime"],
    },
    Row {
        name: "cli",
        ours: &["ledger", "resources"],
        outside: Outside::AllBut(&["axum", "utoipa", "prometheus-client", "sysinfo", "reqwest"]),
        kube: &["client", "rustls-tls", "ring", "runtime", "cel"],
    },
    // It recomputes with arithmetic of its own; of the ledger it has the names of resources alone.
    Row { name: "oracle", ours: &["ledger", "resources"], outside: Outside::AllBut(&[]), kube: &[] },
    Row {
        name: "tests",
        // The operator, to run it with faults around its clients; what ships never sees them.
        ours: &["ledger", "operator", "oracle", "resources"],
        outside: Outside::AllBut(&[]),
        kube: &["client", "rustls-tls", "ring", "runtime", "cel", "jsonpatch"],
    },
];

pub fn check() -> Vec<Finding> {
    let metadata = MetadataCommand::new().no_deps().exec().expect("cargo knows the workspace");
    let packages = metadata.workspace_packages();
    let names: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut findings = Vec::new();
    for package in &packages {
        let manifest = format!("{}/Cargo.toml", package.name);
        match TABLE.iter().find(|row| row.name == package.name.as_str()) {
            Some(row) => findings.extend(edges(package, row, &names, &manifest)),
            None => findings.push(Finding::new(
                "crates",
                &manifest,
                "give it a row in the table of tests/tests/tidy/crates.rs",
            )),
        }
        findings.extend(roots(package));
    }
    let gone = TABLE.iter().filter(|row| !names.contains(row.name));
    findings.extend(
        gone.map(|row| Finding::new("crates", row.name, "has a row in the table and isn't there: remove the row")),
    );
    findings
}

fn edges(package: &Package, row: &Row, names: &BTreeSet<&str>, manifest: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |remedy: String| findings.push(Finding::new("import rule", manifest, remedy));
    for dependency in &package.dependencies {
        let name = dependency.name.as_str();
        if names.contains(name) {
            // A crate's own tests are bound too: what they need of another belongs into tests/.
            if !row.ours.contains(&name) {
                add(format!("{} must not use {name}: move what is shared down, or ask through the cluster", row.name));
            }
            continue;
        }
        // What builds and tests a crate isn't in it.
        if dependency.kind != DependencyKind::Normal {
            continue;
        }
        let allowed = match row.outside {
            Outside::Only(list) => list.contains(&name),
            Outside::AllBut(list) => !list.contains(&name),
        };
        if !allowed {
            add(format!("{} must not see {name}", row.name));
        }
        if name == "kube" {
            let surplus: Vec<_> = dependency.features.iter().filter(|one| !row.kube.contains(&one.as_str())).collect();
            if dependency.uses_default_features || !surplus.is_empty() {
                add(format!("kube's default features and {surplus:?} are not for {}", row.name));
            }
        }
    }
    findings
}

/// What ships says it itself; tests and build scripts are bound by the workspace's lints, if the
/// crate takes them over.
fn roots(package: &Package) -> Vec<Finding> {
    let mut findings = Vec::new();
    let manifest = std::fs::read_to_string(&package.manifest_path).unwrap_or_default();
    if !manifest.contains("[lints]\nworkspace = true") {
        let at = format!("{}/Cargo.toml", package.name);
        findings.push(Finding::new("no unsafe code", at, "take over the workspace's lints: [lints] workspace = true"));
    }
    for target in package.targets.iter().filter(|target| target.is_lib() || target.is_bin()) {
        let text = std::fs::read_to_string(&target.src_path).unwrap_or_default();
        if !text.lines().any(|line| line.trim() == "#![forbid(unsafe_code)]") {
            let at = target.src_path.strip_prefix(tests::program::root()).unwrap_or(&target.src_path);
            findings.push(Finding::new("no unsafe code", at, "write #![forbid(unsafe_code)] at the top of this root"));
        }
    }
    findings
}
