//! An alert on a metric that nobody exports never fires.

use std::collections::BTreeSet;

use crate::{Finding, Tree};

const RULES: &str = "charts/yunheng/files/alerts.yaml";
/// Where metrics are registered: the file, and what their names begin with there.
const SOURCES: [(&str, &str); 2] = [("operator/src/metrics.rs", "yunheng_"), ("api/src/metrics.rs", "yunheng_api_")];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let exported: BTreeSet<String> =
        SOURCES.into_iter().flat_map(|(file, prefix)| registered(tree, file, prefix)).collect();
    let named = names(&tree.text(RULES));
    let mut findings: Vec<Finding> = named
        .iter()
        .filter(|name| !exported.contains(name.trim_end_matches("_total")))
        .map(|name| Finding::new("alerts", RULES, format!("nobody exports {name}: name a metric of {}", SOURCES[0].0)))
        .collect();
    if named.len() < 4 {
        findings.push(Finding::new("alerts", RULES, "has hardly any rules: the check looks at nothing"));
    }
    findings
}

/// The metrics that expressions name.
fn names(rules: &str) -> BTreeSet<String> {
    let expressions = rules.lines().filter_map(|line| line.trim().strip_prefix("expr:"));
    let words = expressions.flat_map(|text| text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')));
    words.filter(|word| word.starts_with("yunheng_")).map(str::to_owned).collect()
}

/// The names in the calls of `register` and `register_with_unit`.
fn registered(tree: &Tree, file: &str, prefix: &str) -> Vec<String> {
    let text = tree.text(file);
    let calls = text.split("register").skip(1).filter_map(|call| call.split_once('"'));
    calls.filter_map(|(_, rest)| Some(format!("{prefix}{}", rest.split_once('"')?.0))).collect()
}
