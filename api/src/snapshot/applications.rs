//! Applications and their allocations.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::{AllocationKey, Bundle, Position};
use resources::quota::Observed;
use resources::v1alpha1::{Allocation, Application, Department};
use resources::{condition, names};

use super::figures::{self, all_or_none, known, text};
use super::{PoolRow, Reading, Snapshot, department_name, department_of, used};
use crate::access::Rights;
use crate::routes::allocations::AllocationView;
use crate::routes::applications::{ApplicationState, ApplicationView, Fact, Hosting, Zone};
use crate::view;
use crate::world::Kept;

/// One allocation, with what the ledger says of it.
#[derive(Clone, Debug)]
pub struct AllocationRow {
    pub department: String,
    pub name: String,
    pub object: Arc<Allocation>,
    pub position: Position,
    pub used: Option<Bundle>,
    pub namespaces: Vec<String>,
    pub enforced: bool,
    pub state: ApplicationState,
}

/// One application, with the sums over its allocations.
#[derive(Clone, Debug)]
pub struct ApplicationRow {
    pub department: String,
    pub name: String,
    pub department_name: String,
    pub object: Arc<Application>,
    /// Where its allocations are among the rows.
    allocations: Vec<usize>,
    pub pools: Vec<String>,
    pub granted: Bundle,
    pub used: Option<Bundle>,
    pub enforced: bool,
    pub state: ApplicationState,
    /// Everything that a search looks at, in lower case.
    pub haystack: String,
}

pub(super) fn allocation_rows(
    kept: &Kept,
    pools: &BTreeMap<String, PoolRow>,
    quotas: &BTreeMap<String, Observed>,
) -> Vec<AllocationRow> {
    let rows = kept.allocations.iter().filter_map(|((namespace, name), object)| {
        let department = department_of(namespace)?;
        let key = AllocationKey::new(namespace, name);
        let ledger = pools.get(&object.spec.pool).map(|pool| &pool.ledger);
        let entry = ledger.and_then(|ledger| ledger.entries.get(&key));
        let conditions = object.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        let enforced = condition::is_true(conditions, condition::ENFORCED);
        let position = entry.map(ledger::Entry::position).unwrap_or_default();
        // The quotas of a pool in another cluster aren't in our caches; its status is.
        let reported = || object.status.as_ref()?.used.as_ref().map(|used| used.parse().map(Option::unwrap_or_default));
        Some(AllocationRow {
            department,
            name: name.clone(),
            object: Arc::clone(object),
            position,
            used: ledger.and_then(|ledger| used(ledger, &key, quotas)).or_else(reported),
            namespaces: namespaces(object),
            enforced,
            state: state(conditions, enforced, position),
        })
    });
    rows.collect()
}

fn namespaces(allocation: &Allocation) -> Vec<String> {
    if allocation.spec.namespaces.is_empty() {
        return vec![names::application_namespace(&allocation.spec.application)];
    }
    allocation.spec.namespaces.iter().map(|namespace| namespace.name.clone()).collect()
}

fn state(
    conditions: &[k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition],
    enforced: bool,
    position: Position,
) -> ApplicationState {
    let says = |type_, status| condition::find(conditions, type_).is_some_and(|found| found.status == status);
    if says(condition::EXPIRED, "True") {
        ApplicationState::Expired
    } else if says(condition::GRANTED, "False") {
        ApplicationState::Waiting
    } else if !position.draining.is_zero() {
        ApplicationState::Draining
    } else if enforced {
        ApplicationState::Enforced
    } else {
        ApplicationState::Pending
    }
}

pub(super) fn rows(
    kept: &Kept,
    departments: &BTreeMap<String, Arc<Department>>,
    allocations: &[AllocationRow],
) -> Vec<ApplicationRow> {
    let mut of_application: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (index, row) in allocations.iter().enumerate() {
        of_application.entry((&row.department, &row.object.spec.application)).or_default().push(index);
    }
    let rows = kept.applications.iter().filter_map(|((namespace, name), object)| {
        let department = department_of(namespace)?;
        let own = of_application.get(&(department.as_str(), name.as_str())).cloned().unwrap_or_default();
        let rows = || own.iter().map(|&index| &allocations[index]);
        let department_name = department_name(departments, &department);
        let haystack = format!("{name} {} {department_name}", object.spec.display_name).to_lowercase();
        Some(ApplicationRow {
            name: name.clone(),
            department_name,
            object: Arc::clone(object),
            pools: rows().map(|row| row.object.spec.pool.clone()).collect(),
            granted: rows().map(|row| row.position.granted).sum(),
            used: figures::sum(rows().filter_map(|row| row.used)),
            enforced: rows().all(|row| row.enforced) && !own.is_empty(),
            // The states are in the order from good to bad.
            state: rows().map(|row| row.state).max().unwrap_or(ApplicationState::NoQuota),
            haystack,
            department,
            allocations: own,
        })
    });
    let mut rows: Vec<ApplicationRow> = rows.collect();
    // By department and name, not by namespace and name: "dept-a" < "dept-a-b" < "dept-a.x" differ.
    rows.sort_by(|a, b| (&a.department, &a.name).cmp(&(&b.department, &b.name)));
    rows
}

impl Reading {
    #[must_use]
    pub fn application(&self, rights: &Rights, department: &str, name: &str) -> Option<ApplicationView> {
        self.application_row(department, name).filter(|_| rights.sees(department)).map(|row| self.application_view(row))
    }

    #[must_use]
    pub fn allocation(&self, rights: &Rights, department: &str, name: &str) -> Option<AllocationView> {
        let found = self.allocations.iter().find(|row| row.department == department && row.name == name);
        found.filter(|_| rights.sees(department)).map(allocation_view)
    }
}

impl Snapshot {
    #[must_use]
    pub fn application_row(&self, department: &str, name: &str) -> Option<&ApplicationRow> {
        let place = self
            .applications
            .binary_search_by(|row| (row.department.as_str(), row.name.as_str()).cmp(&(department, name)));
        place.ok().map(|index| &self.applications[index])
    }

    pub(super) fn application_view(&self, row: &ApplicationRow) -> ApplicationView {
        let spec = &row.object.spec;
        let facts = spec.facts.iter().map(|fact| Fact {
            label: fact.label.clone(),
            value: fact.value.clone(),
            unit: fact.unit.clone(),
            as_of: fact.as_of.clone(),
            source: fact.source.clone(),
        });
        let status = row.object.status.as_ref();
        ApplicationView {
            department: row.department.clone(),
            department_name: row.department_name.clone(),
            name: row.name.clone(),
            display_name: spec.display_name.clone(),
            description: spec.description.clone(),
            tier: spec.tier.into(),
            hosting: spec.hosting.into(),
            zone: spec.zone.into(),
            security_grade: spec.security_grade,
            domestic_it: spec.domestic_it,
            key_event: spec.key_event,
            sample: spec.sample,
            sample_quota: spec.sample_quota,
            facts: facts.collect(),
            allocations: row.allocations.iter().map(|&index| allocation_view(&self.allocations[index])).collect(),
            granted: text(row.granted),
            used: known(all_or_none(row.used)),
            enforced: row.enforced,
            state: row.state,
            conditions: status.map(|status| view::conditions(&status.conditions)).unwrap_or_default(),
        }
    }
}

pub(super) fn allocation_view(row: &AllocationRow) -> AllocationView {
    let spec = &row.object.spec;
    let lease = spec.lease.as_ref();
    let status = row.object.status.as_ref();
    AllocationView {
        department: row.department.clone(),
        name: row.name.clone(),
        application: spec.application.clone(),
        pool: spec.pool.clone(),
        resources: (&spec.resources).into(),
        granted: text(row.position.granted),
        held: text(row.position.held),
        draining: text(row.position.draining),
        enforced: row.enforced,
        used: known(all_or_none(row.used)),
        namespaces: row.namespaces.clone(),
        expires_at: lease.map(|lease| lease.expires_at.clone()),
        base: lease.and_then(|lease| lease.base.as_ref()).map(Into::into),
        conditions: status.map(|status| view::conditions(&status.conditions)).unwrap_or_default(),
    }
}

impl From<resources::v1alpha1::Hosting> for Hosting {
    fn from(hosting: resources::v1alpha1::Hosting) -> Self {
        match hosting {
            resources::v1alpha1::Hosting::Hosted => Self::Hosted,
            resources::v1alpha1::Hosting::Connected => Self::Connected,
        }
    }
}

impl From<Hosting> for resources::v1alpha1::Hosting {
    fn from(hosting: Hosting) -> Self {
        match hosting {
            Hosting::Hosted => Self::Hosted,
            Hosting::Connected => Self::Connected,
        }
    }
}

impl From<resources::v1alpha1::Zone> for Zone {
    fn from(zone: resources::v1alpha1::Zone) -> Self {
        match zone {
            resources::v1alpha1::Zone::InternetZone => Self::Internet,
            resources::v1alpha1::Zone::ExtranetZone => Self::Extranet,
            resources::v1alpha1::Zone::LeasedLineZone => Self::LeasedLine,
            resources::v1alpha1::Zone::Dmz => Self::Dmz,
        }
    }
}

impl From<Zone> for resources::v1alpha1::Zone {
    fn from(zone: Zone) -> Self {
        match zone {
            Zone::Internet => Self::InternetZone,
            Zone::Extranet => Self::ExtranetZone,
            Zone::LeasedLine => Self::LeasedLineZone,
            Zone::Dmz => Self::Dmz,
        }
    }
}
