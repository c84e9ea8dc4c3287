//! What has to be written: the inventory beside what the cluster has. No client.

use std::collections::{BTreeMap, HashMap};

use kube::ResourceExt;
use kube::api::{ApiResource, DynamicObject};
use ledger::AllocationKey;
use resources::names;
use resources::v1alpha1::{Allocation, Application, Department, ExtranetLink, ResourcePool};
use serde::Serialize;
use serde_json::{Value, json};

use super::compare;
use super::fault::Fault;
use super::inventory::{ApplicationRow, Inventory};
use super::sheet::Row;

/// Who the writes are by, in managedFields.
pub const MANAGER: &str = "yunheng-import";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    ResourcePools,
    Departments,
    Applications,
    Allocations,
    ExtranetLinks,
}

impl Kind {
    pub const ALL: [Self; 5] =
        [Self::ResourcePools, Self::Departments, Self::Applications, Self::Allocations, Self::ExtranetLinks];

    pub const fn name(self) -> &'static str {
        match self {
            Self::ResourcePools => "resourcepools",
            Self::Departments => "departments",
            Self::Applications => "applications",
            Self::Allocations => "allocations",
            Self::ExtranetLinks => "extranetlinks",
        }
    }

    pub fn resource(self) -> ApiResource {
        match self {
            Self::ResourcePools => ApiResource::erase::<ResourcePool>(&()),
            Self::Departments => ApiResource::erase::<Department>(&()),
            Self::Applications => ApiResource::erase::<Application>(&()),
            Self::Allocations => ApiResource::erase::<Allocation>(&()),
            Self::ExtranetLinks => ApiResource::erase::<ExtranetLink>(&()),
        }
    }
}

/// Namespace and name; the namespace of what is cluster-wide is empty.
type Key = AllocationKey;

/// What the cluster has of these kinds.
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
    /// Takes note of what the cluster has of one kind.
    pub fn note(&mut self, kind: Kind, objects: &[DynamicObject]) {
        let seen = objects.iter().map(|object| (key_of(object), Seen::of(object))).collect();
        self.objects.insert(kind, seen);
    }

    fn get(&self, kind: Kind, key: &Key) -> Option<&Seen> {
        self.objects.get(&kind)?.get(key)
    }
}

fn key_of(object: &DynamicObject) -> Key {
    Key::new(object.namespace().unwrap_or_default(), object.name_any())
}

impl Seen {
    pub fn of(object: &DynamicObject) -> Self {
        let applied = object.metadata.managed_fields.iter().flatten().find(|entry| {
            entry.manager.as_deref() == Some(MANAGER)
                && entry.operation.as_deref() == Some("Apply")
                && entry.subresource.is_none()
        });
        let managed = applied.and_then(|entry| Some(entry.fields_v1.as_ref()?.0.get("f:spec")?.clone()));
        Self {
            spec: object.data.get("spec").cloned().unwrap_or_default(),
            managed: managed.unwrap_or_default(),
            version: object.resource_version(),
        }
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
    Change {
        version: Option<String>,
    },
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
        let parents: HashMap<&str, &str> = inventory
            .departments
            .iter()
            .map(|department| (department.name.as_str(), department.parent.as_str()))
            .collect();
        for department in &inventory.departments {
            let level =
                std::iter::successors(parents.get(department.name.as_str()), |parent| parents.get(**parent)).count();
            plan.add(
                existing,
                Kind::Departments,
                Key::new("", &department.name),
                &department.spec,
                &department.row,
                level,
            );
        }
        for application in &inventory.applications {
            stays_where_it_is(application, existing, &mut faults);
            let key = Key::new(names::department_namespace(&application.department), &application.name);
            plan.add(existing, Kind::Applications, key.clone(), &application.application, &application.row, 0);
            plan.add(existing, Kind::Allocations, key.clone(), &application.allocation, &application.row, 0);
            plan.allocations.push(key);
        }
        for link in &inventory.links {
            plan.add(existing, Kind::ExtranetLinks, Key::new("", &link.name), &link.spec, &link.row, 0);
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
                    self.writes
                        .iter()
                        .filter(|write| write.kind == kind && (write.step == Step::Create) == is_new)
                        .count()
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
        let reason =
            format!("{name} is an application of {} already: release and delete it there first", key.department());
        faults.push(row.fault("department", reason));
    }
    let Some(seen) = existing.get(Kind::Allocations, &Key::new(namespace, name)) else { return };
    let has = seen.spec.get("pool").and_then(Value::as_str).unwrap_or_default();
    if has != pool {
        let reason = format!(
            "{name} has its quota in {has}: a move to {pool} is a second allocation and the release of the first"
        );
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
    let ApiResource { api_version, kind, .. } = write.kind.resource();
    let mut metadata = json!({"name": write.key.name});
    if !write.key.namespace.is_empty() {
        metadata["namespace"] = json!(write.key.namespace);
    }
    if let Some(version) = version {
        metadata["resourceVersion"] = json!(version);
    }
    json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": write.spec})
}

#[cfg(test)]
mod tests;
