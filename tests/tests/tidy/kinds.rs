//! One list of kinds: the CRDs, the chart's roles and the page about them follow it.

use std::collections::BTreeSet;

use resources::{GROUP, KINDS};
use serde_yaml_ng::Value;

use crate::{Finding, Tree};

const RENDERED: &str = "charts/yunheng/rendered/default.yaml";
const PAGE: &str = "docs/kinds.md";
/// Named in rights and no kind: the API asks for the right before it shows the rows of its history.
const RIGHTS_ALONE: [&str; 1] = ["auditrecords"];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let plurals: BTreeSet<String> = KINDS.iter().map(|kind| kind.plural.to_owned()).collect();
    let folder = "charts/yunheng/crds/";
    let files = tree.ending(&[".yaml"]).filter_map(|file| file.strip_prefix(folder)?.strip_suffix(".yaml"));
    let made = files.map(str::to_owned).collect();
    findings.extend(differ(&plurals, &made, folder, "run make generate"));

    let rules = rules(&tree.text(RENDERED));
    let named =
        rules.iter().flat_map(|(_, resources)| resources).map(|one| one.split('/').next().unwrap_or(one).to_owned());
    let kinds = named.filter(|name| !RIGHTS_ALONE.contains(&name.as_str())).collect();
    findings.extend(differ(&plurals, &kinds, RENDERED, "name it in charts/yunheng/templates/rbac"));
    for kind in KINDS {
        let readers = ["yunheng-operator", "yunheng-auditor"];
        let blind = readers
            .iter()
            .filter(|role| !rules.iter().any(|(name, of)| name == *role && of.iter().any(|one| one == kind.plural)));
        findings.extend(blind.map(|role| {
            Finding::new(
                "one list of kinds",
                RENDERED,
                format!("{role} can't read {}: say so in templates/rbac", kind.plural),
            )
        }));
    }

    let page = tree.text(PAGE);
    let headings = page.lines().filter_map(|line| line.strip_prefix("## "));
    let told: BTreeSet<String> = headings.flat_map(|heading| heading.split([',', ' '])).map(str::to_owned).collect();
    let untold = KINDS.iter().filter(|kind| !told.contains(kind.kind));
    findings.extend(
        untold.map(|kind| Finding::new("one list of kinds", PAGE, format!("explain {} under a heading", kind.kind))),
    );
    findings
}

fn differ(ours: &BTreeSet<String>, theirs: &BTreeSet<String>, at: &str, remedy: &str) -> Vec<Finding> {
    let finding = |name: &String, what: &str| Finding::new("one list of kinds", at, format!("{name} {what}: {remedy}"));
    let missing = ours.difference(theirs).map(|name| finding(name, "is missing"));
    let surplus = theirs.difference(ours).map(|name| finding(name, "isn't in resources::KINDS"));
    missing.chain(surplus).collect()
}

/// Role by role, the resources of our group that its rules name.
fn rules(rendered: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for document in serde_yaml_ng::Deserializer::from_str(rendered) {
        let object: Value = serde::Deserialize::deserialize(document).unwrap();
        let is_role = matches!(object["kind"].as_str(), Some("ClusterRole" | "Role"));
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        for rule in object["rules"].as_sequence().filter(|_| is_role).into_iter().flatten() {
            let texts = |key: &str| -> Vec<String> {
                rule[key]
                    .as_sequence()
                    .into_iter()
                    .flatten()
                    .filter_map(|one| one.as_str().map(str::to_owned))
                    .collect()
            };
            if texts("apiGroups").iter().any(|group| group == GROUP) {
                found.push((name.clone(), texts("resources")));
            }
        }
    }
    found
}
