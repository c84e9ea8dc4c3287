//! Which objects a department needs. No client, no clock.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::ResourceExt;
use kube::api::ObjectMeta;
use resources::names;

use super::observe::{Observed, Site};

const OWNER_ROLE: &str = "yunheng-department-owner";
const USER_ROLE: &str = "yunheng-department-user";
const CATALOGUE_ROLE: &str = "yunheng-catalogue-reader";
/// The built-in role for those who deploy: it has no right to quotas.
const DEPLOY_ROLE: &str = "edit";
const MEMBERS_BINDING: &str = "yunheng-members";
const RBAC_GROUP: &str = "rbac.authorization.k8s.io";

/// The writes that are needed.
#[derive(Debug, Default)]
pub struct Plan {
    pub namespace: Option<Namespace>,
    /// Each with the uid of its cluster.
    pub role_bindings: Vec<(String, RoleBinding)>,
    pub cluster_role_binding: Option<ClusterRoleBinding>,
}

#[must_use]
pub fn plan(observed: &Observed) -> Plan {
    let own = names::department_namespace(&observed.name);
    let namespace = (!observed.has_namespace).then(|| Namespace {
        metadata: ObjectMeta { name: Some(own.clone()), labels: Some(labels(&observed.name)), ..ObjectMeta::default() },
        ..Namespace::default()
    });
    let (owners, users) = (subjects(&observed.members.owners), subjects(&observed.members.users));
    let everybody: Vec<Subject> = owners.iter().chain(&users).cloned().collect();
    let mut role_bindings = Vec::new();
    for site in &observed.sites {
        let mut wanted = Vec::new();
        if site.is_hub {
            wanted.push(binding(observed, site, &own, OWNER_ROLE, OWNER_ROLE, owners.clone()));
            wanted.push(binding(observed, site, &own, USER_ROLE, USER_ROLE, users.clone()));
        }
        for namespace in &site.workload_namespaces {
            wanted.push(binding(observed, site, namespace, MEMBERS_BINDING, DEPLOY_ROLE, everybody.clone()));
        }
        let needed = wanted.into_iter().filter(|wanted| needs_writing(wanted, site));
        role_bindings.extend(needed.map(|binding| (site.cluster.clone(), binding)));
    }
    Plan { namespace, role_bindings, cluster_role_binding: catalogue(observed, everybody) }
}

/// A binding without anybody is made only to empty one that is there.
fn needs_writing(wanted: &RoleBinding, site: &Site) -> bool {
    let there = site
        .role_bindings
        .iter()
        .find(|there| there.name_any() == wanted.name_any() && there.namespace() == wanted.namespace());
    match there {
        Some(there) => {
            there.subjects.as_deref().unwrap_or_default() != wanted.subjects.as_deref().unwrap_or_default()
                || there.role_ref != wanted.role_ref
                || there.labels() != wanted.labels()
                || there.owner_references() != wanted.owner_references()
        }
        None => wanted.subjects.as_ref().is_some_and(|subjects| !subjects.is_empty()),
    }
}

fn catalogue(observed: &Observed, subjects: Vec<Subject>) -> Option<ClusterRoleBinding> {
    let owners = vec![owner(observed)];
    let there = observed.cluster_role_binding.as_ref();
    let is_as_wanted = there.is_some_and(|there| {
        there.subjects.as_deref().unwrap_or_default() == subjects && there.owner_references() == owners
    });
    if is_as_wanted || (there.is_none() && subjects.is_empty()) {
        return None;
    }
    let metadata = ObjectMeta {
        name: Some(format!("yunheng-department-{}", observed.name)),
        labels: Some(labels(&observed.name)),
        owner_references: Some(owners),
        ..ObjectMeta::default()
    };
    Some(ClusterRoleBinding { metadata, role_ref: role(CATALOGUE_ROLE), subjects: Some(subjects) })
}

fn labels(department: &str) -> BTreeMap<String, String> {
    BTreeMap::from([
        (names::LABEL_MANAGED.to_owned(), "true".to_owned()),
        (names::LABEL_DEPARTMENT.to_owned(), department.to_owned()),
    ])
}

/// The department owns its people's rights: with it they go.
fn owner(observed: &Observed) -> OwnerReference {
    OwnerReference {
        api_version: "yunheng.io/v1alpha1".to_owned(),
        kind: "Department".to_owned(),
        name: observed.name.clone(),
        uid: observed.uid.clone(),
        ..OwnerReference::default()
    }
}

fn binding(
    observed: &Observed,
    site: &Site,
    namespace: &str,
    name: &str,
    role_name: &str,
    subjects: Vec<Subject>,
) -> RoleBinding {
    let metadata = ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(namespace.to_owned()),
        labels: Some(labels(&observed.name)),
        // An owner is an object of the same cluster.
        owner_references: site.is_hub.then(|| vec![owner(observed)]),
        ..ObjectMeta::default()
    };
    RoleBinding { metadata, role_ref: role(role_name), subjects: Some(subjects) }
}

fn role(name: &str) -> RoleRef {
    RoleRef { api_group: RBAC_GROUP.to_owned(), kind: "ClusterRole".to_owned(), name: name.to_owned() }
}

/// User names, or groups written `group:<name>`.
fn subjects(members: &[String]) -> Vec<Subject> {
    let subject = |member: &String| {
        let (kind, name) = member.strip_prefix("group:").map_or(("User", member.as_str()), |group| ("Group", group));
        Subject {
            api_group: Some(RBAC_GROUP.to_owned()),
            kind: kind.to_owned(),
            name: name.to_owned(),
            namespace: None,
        }
    };
    members.iter().map(subject).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use resources::v1alpha1::Members;

    use super::*;

    fn observed(users: &[&str]) -> Observed {
        Observed {
            name: "civil-affairs".into(),
            uid: "uid-1".into(),
            members: Members { owners: vec![], users: users.iter().map(ToString::to_string).collect() },
            has_namespace: false,
            sites: vec![Site {
                is_hub: true,
                workload_namespaces: BTreeSet::from(["app-marriage-registry".to_owned()]),
                ..Site::default()
            }],
            cluster_role_binding: None,
            applications: 1,
            ledgers_missing: false,
            pools: BTreeMap::new(),
            over_ceiling: BTreeMap::new(),
            refused: BTreeMap::new(),
            unknown_parent: None,
        }
    }

    #[test]
    fn members_may_deploy_and_ask() {
        let plan = plan(&observed(&["zhang", "group:civil-affairs-staff"]));
        assert_eq!(plan.namespace.map(|namespace| namespace.name_any()).as_deref(), Some("dept-civil-affairs"));
        let roles: Vec<_> = plan
            .role_bindings
            .iter()
            .map(|(_, one)| (one.namespace().unwrap(), one.role_ref.name.clone(), one.subjects.as_ref().unwrap().len()))
            .collect();
        let expected = [
            ("dept-civil-affairs".to_owned(), USER_ROLE.to_owned(), 2),
            ("app-marriage-registry".to_owned(), DEPLOY_ROLE.to_owned(), 2),
        ];
        assert_eq!(roles, expected);
        let kinds: Vec<_> = plan.role_bindings[0].1.subjects.iter().flatten().map(|one| one.kind.as_str()).collect();
        assert_eq!(kinds, ["User", "Group"]);
        assert!(plan.cluster_role_binding.is_some());
    }

    #[test]
    fn a_member_cluster_has_the_workload_namespaces_alone() {
        let mut seen = observed(&["zhang"]);
        let member = Site { cluster: "member".into(), is_hub: false, ..seen.sites[0].clone() };
        seen.sites = vec![member];
        let bindings = plan(&seen).role_bindings;
        let [(cluster, binding)] = bindings.as_slice() else { panic!("{bindings:?}") };
        assert_eq!((cluster.as_str(), binding.role_ref.name.as_str()), ("member", DEPLOY_ROLE));
        assert_eq!(binding.metadata.owner_references, None, "the department isn't there");
    }

    #[test]
    fn what_is_as_it_should_be_is_not_written_again() {
        let mut seen = observed(&["zhang"]);
        let first = plan(&seen);
        seen.has_namespace = true;
        seen.sites[0].role_bindings = first.role_bindings.into_iter().map(|(_, binding)| Arc::new(binding)).collect();
        seen.cluster_role_binding = first.cluster_role_binding.map(Arc::new);
        let second = plan(&seen);
        assert!(second.namespace.is_none() && second.role_bindings.is_empty() && second.cluster_role_binding.is_none());
        let mut strangers = seen.sites[0].role_bindings.last().unwrap().as_ref().clone();
        strangers.labels_mut().insert(names::LABEL_DEPARTMENT.to_owned(), "health".to_owned());
        *seen.sites[0].role_bindings.last_mut().unwrap() = Arc::new(strangers);
        assert_eq!(plan(&seen).role_bindings.len(), 1, "a binding left by another department is taken over");
        seen.members.users.clear();
        assert_eq!(plan(&seen).role_bindings.len(), 2, "bindings that are there are emptied");
    }
}
