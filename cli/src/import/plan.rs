//! What has to be written: the inventory beside what the cluster has. Reads in one place, decides
//! in the other.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use kube::api::ListParams;
use kube::{Api, Resource, ResourceExt};
use ledger::AllocationKey;
use resources::names;
use resources::v1alpha1::{Allocation, Application, Department, ResourcePool};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::compare;
use super::fault::Fault;
use super::inventory::{ApplicationRow, Inventory};
use super::sheet::Row;
use crate::error::Error;
use crate::list;
use crate::session::Session;

/// Who the writes are by, in managedFields.
pub const MANAGER: &str = "yunheng-import";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    ResourcePools,
    Departments,
    Applications,
    Allocations,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::ResourcePools, Self::Departments, Self::Applications, Self::Allocations];

    pub const fn name(self) -> &'static str {
        match self {
            Self::ResourcePools => "resourcepools",
            Self::Departments => "departments",
            Self::Applications => "applications",
            Self::Allocations => "allocations",
        }
    }
}

/// Namespace and name; the namespace of what is cluster-wide is empty.
type Key = AllocationKey;

/// What the cluster has of the four kinds.
#[derive(Debug, Default)]
pub struct Existing {
    objects: BTreeMap<Kind, HashMap<Key, Seen>>,
}

/// An object, as far as it decides what to write.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub spec: Value,
    /// The fields of the spec that an earlier import wrote.
    pub managed: Value,
    pub version: Option<String>,
}

impl Existing {
    pub async fn read(session: &Session) -> Result<Self, Error> {
        let mut objects = BTreeMap::new();
        objects.insert(Kind::ResourcePools, seen::<ResourcePool>(session).await?);
        objects.insert(Kind::Departments, seen::<Department>(session).await?);
        objects.insert(Kind::Applications, seen::<Application>(session).await?);
        objects.insert(Kind::Allocations, seen::<Allocation>(session).await?);
        Ok(Self { objects })
    }

    fn get(&self, kind: Kind, key: &Key) -> Option<&Seen> {
        self.objects.get(&kind)?.get(key)
    }
}

async fn seen<K>(session: &Session) -> Result<HashMap<Key, Seen>, Error>
where
    K: Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned,
{
    let all = list::all(&Api::<K>::all(session.client.clone()), &ListParams::default()).await?;
    all.iter().map(|object| Ok((key_of(object), Seen::of(object)?))).collect()
}

fn key_of<K: Resource<DynamicType = ()>>(object: &K) -> Key {
    Key::new(object.namespace().unwrap_or_default(), object.name_any())
}

impl Seen {
    pub fn of<K: Resource<DynamicType = ()> + Serialize>(object: &K) -> Result<Self, Error> {
        let whole = serde_json::to_value(object).map_err(|error| Error::Malformed(error.to_string()))?;
        let applied = object.meta().managed_fields.iter().flatten().find(|entry| {
            entry.manager.as_deref() == Some(MANAGER) && entry.operation.as_deref() == Some("Apply") && entry.subresource.is_none()
        });
        let managed = applied.and_then(|entry| Some(entry.fields_v1.as_ref()?.0.get("f:spec")?.clone()));
        Ok(Self {
            spec: whole.get("spec").cloned().unwrap_or_default(),
            managed: managed.unwrap_or_default(),
            version: object.resource_version(),
        })
    }

    fn says(&self, wanted: &Value) -> bool {
        compare::says(&self.spec, wanted) && !compare::gives_up(&self.managed, wanted)
    }

    /// An approved request has set it since: the inventory is older than that.
    fn is_decided(&self) -> bool {
        self.spec.get("decision").is_some_and(|decision| !decision.is_null())
    }
}

/// What becomes of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Create,
    /// From the version that was looked at.
    Change { version: Option<String> },
    Unchanged,
    Kept,
}

/// The step for one object.
#[must_use]
pub fn step(kind: Kind, seen: Option<&Seen>, wanted: &Value) -> Step {
    match seen {
        None => Step::Create,
        Some(seen) if seen.says(wanted) => Step::Unchanged,
        Some(seen) if kind == Kind::Allocations && seen.is_decided() => Step::Kept,
        Some(seen) => Step::Change { version: seen.version.clone() },
    }
}

/// One object to write.
#[derive(Clone, Debug)]
pub struct Write {
    pub kind: Kind,
    pub key: Key,
    pub spec: Value,
    pub step: Step,
    /// Where it comes from, for what the cluster may say against it.
    pub row: Row,
    /// Objects of a lower level are written first: a department after the one above it.
    pub level: usize,
}

#[derive(Debug, Default)]
pub struct Plan {
    pub writes: Vec<Write>,
    unchanged: BTreeMap<Kind, usize>,
    kept: Vec<Key>,
    allocations: Vec<Key>,
}

impl Plan {
    /// Everything that differs, or what of it the cluster would never accept.
    pub fn make(inventory: &Inventory, existing: &Existing) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut plan = Self::default();
        for pool in &inventory.pools {
            plan.add(existing, Kind::ResourcePools, Key::new("", &pool.name), &pool.spec, &pool.row, 0);
        }
        let parents: HashMap<&str, &str> =
            inventory.departments.iter().map(|department| (department.name.as_str(), department.parent.as_str())).collect();
        for department in &inventory.departments {
            let level = std::iter::successors(parents.get(department.name.as_str()), |parent| parents.get(**parent)).count();
            plan.add(existing, Kind::Departments, Key::new("", &department.name), &department.spec, &department.row, level);
        }
        for application in &inventory.applications {
            stays_where_it_is(application, existing, &mut faults);
            let key = Key::new(names::department_namespace(&application.department), &application.name);
            plan.add(existing, Kind::Applications, key.clone(), &application.application, &application.row, 0);
            plan.add(existing, Kind::Allocations, key.clone(), &application.allocation, &application.row, 0);
            plan.allocations.push(key);
        }
        if faults.is_empty() { Ok(plan) } else { Err(faults) }
    }

    fn add(&mut self, existing: &Existing, kind: Kind, key: Key, spec: &Value, row: &Row, level: usize) {
        match step(kind, existing.get(kind, &key), spec) {
            Step::Unchanged => *self.unchanged.entry(kind).or_default() += 1,
            Step::Kept => self.kept.push(key),
            step => self.writes.push(Write { kind, key, spec: spec.clone(), step, row: row.clone(), level }),
        }
    }

    /// Every allocation of the inventory.
    #[must_use]
    pub fn allocations(&self) -> Vec<Key> {
        self.allocations.clone()
    }

    #[must_use]
    pub fn kept(&self) -> Vec<String> {
        self.kept.iter().map(ToString::to_string).collect()
    }

    #[must_use]
    pub fn tallies(&self) -> Vec<KindTally> {
        Kind::ALL
            .into_iter()
            .map(|kind| {
                let count = |is_new: bool| {
                    self.writes.iter().filter(|write| write.kind == kind && (write.step == Step::Create) == is_new).count()
                };
                KindTally {
                    kind,
                    created: count(true),
                    changed: count(false),
                    unchanged: self.unchanged.get(&kind).copied().unwrap_or_default(),
                    kept: if kind == Kind::Allocations { self.kept.len() } else { 0 },
                    not_written: 0,
                }
            })
            .collect()
    }
}

/// What can't change: the pool of an allocation, and which department an application is of (its
/// namespace app-<name> is taken).
fn stays_where_it_is(application: &ApplicationRow, existing: &Existing, faults: &mut Vec<Fault>) {
    let ApplicationRow { row, name, department, pool, .. } = application;
    let namespace = names::department_namespace(department);
    let elsewhere = existing.objects.get(&Kind::Applications).into_iter().flatten();
    for (key, _) in elsewhere.filter(|(key, _)| key.name == *name && key.namespace != namespace) {
        let reason = format!("{name} is an application of {} already: release and delete it there first", key.department());
        faults.push(row.fault("department", reason));
    }
    let Some(seen) = existing.get(Kind::Allocations, &Key::new(namespace, name)) else { return };
    let has = seen.spec.get("pool").and_then(Value::as_str).unwrap_or_default();
    if has != pool {
        let reason = format!("{name} has its quota in {has}: a move to {pool} is a second allocation and the release of the first");
        faults.push(row.fault("pool", reason));
    }
}

/// What came of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KindTally {
    pub kind: Kind,
    pub created: usize,
    pub changed: usize,
    pub unchanged: usize,
    /// Left alone because an approved request has set it since.
    pub kept: usize,
    /// Refused by the cluster, or not reached because something before it was.
    pub not_written: usize,
}

impl KindTally {
    /// A planned write that didn't happen.
    pub fn miss(&mut self, planned: &Step) {
        match planned {
            Step::Create => self.created -= 1,
            _ => self.changed -= 1,
        }
        self.not_written += 1;
    }

    /// A planned write that turned out to be needless: somebody was faster.
    pub fn correct(&mut self, planned: &Step, happened: &Step) {
        match planned {
            Step::Create => self.created -= 1,
            _ => self.changed -= 1,
        }
        match happened {
            Step::Create => self.created += 1,
            Step::Change { .. } => self.changed += 1,
            Step::Unchanged => self.unchanged += 1,
            Step::Kept => self.kept += 1,
        }
    }

    #[must_use]
    pub fn sentence(&self, is_dry_run: bool) -> String {
        let Self { kind, created, changed, unchanged, kept, not_written } = self;
        let name = kind.name();
        let mut sentence = if is_dry_run {
            format!("{name}: {created} would be created, {changed} changed, {unchanged} unchanged")
        } else {
            format!("{name}: {created} created, {changed} changed, {unchanged} unchanged")
        };
        for (count, what) in [(kept, "left alone"), (not_written, "not written")] {
            if *count > 0 {
                sentence.push_str(&format!(", {count} {what}"));
            }
        }
        sentence
    }
}

/// The object as it is written: what the row says and nothing else.
#[must_use]
pub fn body(write: &Write, version: Option<&str>) -> Value {
    let kind = match write.kind {
        Kind::ResourcePools => "ResourcePool",
        Kind::Departments => "Department",
        Kind::Applications => "Application",
        Kind::Allocations => "Allocation",
    };
    let mut metadata = json!({"name": write.key.name});
    if !write.key.namespace.is_empty() {
        metadata["namespace"] = json!(write.key.namespace);
    }
    if let Some(version) = version {
        metadata["resourceVersion"] = json!(version);
    }
    json!({"apiVersion": "yunheng.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": write.spec})
}

#[cfg(test)]
mod tests {
    use super::super::inventory::tests::good;
    use super::*;

    /// The cluster as it is after the inventory was written, with what its defaults add.
    fn after(inventory: &Inventory) -> Existing {
        let plan = Plan::make(inventory, &Existing::default()).unwrap();
        let mut existing = Existing::default();
        for write in plan.writes {
            let mut spec = write.spec.clone();
            spec["addedByTheServer"] = json!({});
            let seen = Seen { spec, managed: json!({}), version: Some("7".into()) };
            existing.objects.entry(write.kind).or_default().insert(write.key, seen);
        }
        existing
    }

    fn marriage() -> Key {
        Key::new("dept-civil-affairs", "marriage-registry")
    }

    fn set(existing: &mut Existing, kind: Kind, key: &Key, field: &str, value: Value) {
        existing.objects.get_mut(&kind).unwrap().get_mut(key).unwrap().spec[field] = value;
    }

    #[test]
    fn the_first_run_writes_all_and_parents_first() {
        let plan = Plan::make(&good(), &Existing::default()).unwrap();
        let counts: Vec<_> = plan.tallies().into_iter().map(|tally| (tally.created, tally.unchanged)).collect();
        assert_eq!(counts, [(1, 0), (2, 0), (2, 0), (2, 0)]);
        let level = |name: &str| plan.writes.iter().find(|write| write.key.name == name).unwrap().level;
        assert!(level("city") < level("civil-affairs"));
    }

    #[test]
    fn the_second_run_writes_nothing() {
        let inventory = good();
        let plan = Plan::make(&inventory, &after(&inventory)).unwrap();
        assert!(plan.writes.is_empty(), "{:?}", plan.writes);
        let sentences: Vec<String> = plan.tallies().iter().map(|tally| tally.sentence(false)).collect();
        assert_eq!(sentences[3], "allocations: 0 created, 0 changed, 2 unchanged");
    }

    #[test]
    fn what_a_request_has_set_is_left_alone() {
        let inventory = good();
        let mut existing = after(&inventory);
        let more = json!({"cpu": "72", "memory": "128G", "storage": "10T"});
        set(&mut existing, Kind::Allocations, &marriage(), "resources", more);
        let plan = Plan::make(&inventory, &existing).unwrap();
        assert_eq!(plan.writes[0].step, Step::Change { version: Some("7".into()) });
        set(&mut existing, Kind::Allocations, &marriage(), "decision", json!("qd-1"));
        let plan = Plan::make(&inventory, &existing).unwrap();
        assert!(plan.writes.is_empty());
        assert_eq!(plan.kept(), ["dept-civil-affairs/marriage-registry"]);
        assert_eq!(plan.tallies()[3].sentence(false), "allocations: 0 created, 0 changed, 1 unchanged, 1 left alone");
    }

    #[test]
    fn what_cant_move_is_a_fault_of_its_row() {
        let inventory = good();
        let mut existing = after(&inventory);
        set(&mut existing, Kind::Allocations, &marriage(), "pool", json!("inspur"));
        let applications = existing.objects.get_mut(&Kind::Applications).unwrap();
        let portal = applications.remove(&Key::new("dept-city", "portal")).unwrap();
        applications.insert(Key::new("dept-elsewhere", "portal"), portal);
        let faults = Plan::make(&inventory, &existing).unwrap_err();
        let told: Vec<_> = faults.iter().map(|fault| (fault.row, fault.column.as_str())).collect();
        assert_eq!(told, [(2, "pool"), (3, "department")]);
    }

    #[test]
    fn the_body_has_only_what_the_row_says() {
        let plan = Plan::make(&good(), &Existing::default()).unwrap();
        let write = plan.writes.iter().find(|write| write.kind == Kind::Allocations).unwrap();
        assert_eq!(
            body(write, Some("7")),
            json!({
                "apiVersion": "yunheng.io/v1alpha1", "kind": "Allocation",
                "metadata": {"name": "marriage-registry", "namespace": "dept-civil-affairs", "resourceVersion": "7"},
                "spec": {"application": "marriage-registry", "pool": "cec", "resources": {"cpu": "64", "memory": "128G", "storage": "10T"}}
            })
        );
    }
}
