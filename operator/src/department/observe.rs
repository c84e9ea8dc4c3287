//! What a department has, from the caches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding};
use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;
use ledger::{Bundle, Reason};
use resources::names;
use resources::v1alpha1::{Department, Members, ResourcePool};

use crate::context::Context;
use crate::member::Member;

/// What the plan and the report look at.
#[derive(Debug)]
pub struct Observed {
    pub name: String,
    pub uid: String,
    pub members: Members,
    pub has_namespace: bool,
    /// The clusters that are reached, the hub first.
    pub sites: Vec<Site>,
    pub cluster_role_binding: Option<Arc<ClusterRoleBinding>>,
    pub applications: usize,
    /// A pool's ledger hasn't been read yet: what is said of amounts would be wrong.
    pub ledgers_missing: bool,
    /// By pool: the department's own grants, and all that counts in its subtree.
    pub pools: BTreeMap<String, (Bundle, Bundle)>,
    /// By pool: what is out above the ceiling.
    pub over_ceiling: BTreeMap<String, Bundle>,
    /// What pools have against the department's ceiling or place.
    pub refused: BTreeMap<String, Reason>,
    pub unknown_parent: Option<String>,
}

/// What the department has in one cluster.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// Uid of the cluster.
    pub cluster: String,
    /// The department itself is in this one.
    pub is_hub: bool,
    /// Workload namespaces of the department's applications.
    pub workload_namespaces: BTreeSet<String>,
    pub role_bindings: Vec<Arc<RoleBinding>>,
}

pub fn observe(department: &Department, context: &Context) -> Observed {
    let name = department.name_any();
    let own_namespace = names::department_namespace(&name);
    let stores = &context.stores;
    let is_ours = |labels: &BTreeMap<String, String>| labels.get(names::LABEL_DEPARTMENT) == Some(&name);
    let parent = Some(department.spec.parent.clone()).filter(|parent| !parent.is_empty());
    let (pools, over_ceiling) = amounts(&name, context);
    let unread = |pool: &ResourcePool| context.ledgers.latest(&pool.name_any()).is_none();
    Observed {
        ledgers_missing: stores.pools.state().iter().any(|pool| unread(pool)),
        uid: department.uid().unwrap_or_default(),
        members: department.spec.members.clone(),
        has_namespace: context.members.hub().places.namespaces.get(&ObjectRef::new(&own_namespace)).is_some(),
        sites: context.members.reached().iter().map(|member| site(member, &own_namespace, is_ours)).collect(),
        cluster_role_binding: stores.cluster_role_bindings.find(|one| is_ours(one.labels())),
        applications: stores
            .applications
            .state_filter(|application| application.metadata.namespace.as_deref() == Some(&own_namespace))
            .len(),
        pools,
        over_ceiling,
        refused: context.verdicts.department(&name),
        unknown_parent: parent.filter(|parent| stores.departments.get(&ObjectRef::new(parent)).is_none()),
        name,
    }
}

fn site(member: &Member, own_namespace: &str, is_ours: impl Fn(&BTreeMap<String, String>) -> bool) -> Site {
    let namespaces = member.places.namespaces.state();
    let workload_namespaces = namespaces.iter().filter(|namespace| {
        is_ours(namespace.labels())
            && namespace.labels().contains_key(names::LABEL_APPLICATION)
            && namespace.metadata.deletion_timestamp.is_none()
    });
    let workload_namespaces: BTreeSet<String> = workload_namespaces.map(|namespace| namespace.name_any()).collect();
    // Whatever their labels say: a namespace may have come from another department.
    let binds_here = |one: &RoleBinding| {
        let place = one.metadata.namespace.as_deref().unwrap_or_default();
        (member.is_hub && place == own_namespace) || workload_namespaces.contains(place)
    };
    let role_bindings = member.places.role_bindings.state_filter(binds_here);
    Site { cluster: member.uid.clone(), is_hub: member.is_hub, workload_namespaces, role_bindings }
}

type Amounts = (BTreeMap<String, (Bundle, Bundle)>, BTreeMap<String, Bundle>);

fn amounts(name: &str, context: &Context) -> Amounts {
    let mut pools = BTreeMap::new();
    let mut over = BTreeMap::new();
    for pool in context.stores.pools.state() {
        let pool = pool.name_any();
        let Some(snapshot) = context.ledgers.latest(&pool) else { continue };
        let ledger = &snapshot.ledger;
        let own: Bundle =
            ledger.entries.iter().filter(|(key, _)| key.department() == name).map(|(_, entry)| entry.granted()).sum();
        let subtree = ledger.department_position(name).total();
        let ceiling = ledger.departments.get(name).and_then(|known| known.ceiling);
        if let Some(excess) = ceiling.map(|ceiling| subtree.minus(ceiling)).filter(|excess| !excess.is_zero()) {
            over.insert(pool.clone(), excess);
        }
        if !subtree.is_zero() {
            pools.insert(pool, (own, subtree));
        }
    }
    (pools, over)
}
