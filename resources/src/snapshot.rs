//! A PoolLedger object to a [`Ledger`] and back: the only way from cluster state to the ledger.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{AllocationKey, Bundle, Department, DepartmentTree, Entry, Hold, Ledger, Position, Shares};
use thiserror::Error;

use crate::amounts::Exact;
use crate::v1alpha1::{
    AllocationRef, EntryAmounts, JournalRecord, LedgerCeiling, LedgerEntry, LedgerHold, LedgerNamespace, PoolLedgerSpec,
};

/// Why an object isn't a ledger. Such an object wasn't written by the operator: nothing is granted
/// from it until a person has looked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    #[error("spec.{field} is negative")]
    Negative { field: String },
    #[error("the entry of {allocation} is there twice")]
    Twice { allocation: String },
    #[error("the shares of {allocation} don't add up to what it is granted")]
    SharesDontAddUp { allocation: String },
}

/// The ledger that the object holds.
pub fn ledger(spec: &PoolLedgerSpec) -> Result<Ledger, Error> {
    let capacity = bundle(spec.capacity, || "capacity".to_owned())?;
    let departments = spec.ceilings.iter().map(department).collect::<Result<DepartmentTree, _>>()?;
    let mut entries = BTreeMap::new();
    for line in &spec.entries {
        let key = AllocationKey::new(&line.allocation.namespace, &line.allocation.name);
        let entry = entry(&key, line)?;
        if entries.insert(key.clone(), entry).is_some() {
            return Err(Error::Twice { allocation: key.to_string() });
        }
    }
    let revision = unsigned(spec.revision, || "revision".to_owned())?;
    Ok(Ledger { revision, capacity, pool_generation: spec.pool_generation, departments, entries })
}

/// The object that holds the ledger, with what only the object has.
#[must_use]
pub fn spec(ledger: &Ledger, cluster_uid: String, journal: Vec<JournalRecord>) -> PoolLedgerSpec {
    let Ledger { revision, capacity, pool_generation, departments, entries } = ledger;
    PoolLedgerSpec {
        revision: signed(*revision),
        count: i64::try_from(entries.len()).unwrap_or(i64::MAX),
        capacity: (*capacity).into(),
        pool_generation: *pool_generation,
        cluster_uid,
        ceilings: departments.iter().map(|(name, department)| ceiling(name, department)).collect(),
        entries: entries.iter().map(|(key, entry)| line(key, entry)).collect(),
        journal,
    }
}

impl From<Position> for EntryAmounts {
    fn from(position: Position) -> Self {
        let Position { granted, held, draining } = position;
        Self { granted: granted.into(), held: held.into(), draining: draining.into() }
    }
}

fn department(line: &LedgerCeiling) -> Result<(String, Department), Error> {
    let LedgerCeiling { department, parent, generation, cpu_millis, memory_bytes, storage_bytes } = line;
    let ceiling = Exact::from_parts(*cpu_millis, *memory_bytes, *storage_bytes)
        .map(|limit| bundle(limit, || format!("ceilings of {department}")))
        .transpose()?;
    let parent = (!parent.is_empty()).then(|| parent.clone());
    Ok((department.clone(), Department { parent, ceiling, generation: *generation }))
}

fn ceiling(name: &str, department: &Department) -> LedgerCeiling {
    let Department { parent, ceiling, generation } = department;
    let limit = ceiling.map(Exact::from);
    LedgerCeiling {
        department: name.to_owned(),
        parent: parent.clone().unwrap_or_default(),
        generation: *generation,
        cpu_millis: limit.map(|limit| limit.cpu_millis),
        memory_bytes: limit.map(|limit| limit.memory_bytes),
        storage_bytes: limit.map(|limit| limit.storage_bytes),
    }
}

fn entry(key: &AllocationKey, line: &LedgerEntry) -> Result<Entry, Error> {
    let LedgerEntry { allocation, revision, decision, leaving, namespaces, hold, granted, held, draining } = line;
    let field = |name: &str| format!("entries of {key}: {name}");
    let granted = bundle(*granted, || field("granted"))?;
    let (dropped, kept): (Vec<_>, Vec<_>) = namespaces.iter().partition(|namespace| namespace.dropped);
    let shares = kept
        .iter()
        .map(|namespace| {
            let LedgerNamespace { name, cpu_millis, memory_bytes, storage_bytes, dropped: _ } = namespace;
            let share = Exact::from_parts(*cpu_millis, *memory_bytes, *storage_bytes)
                .map_or(Ok(granted), |share| bundle(share, || field(name)))?;
            Ok((name.clone(), share))
        })
        .collect::<Result<Shares, Error>>()?;
    if shares.values().sum::<Bundle>() != granted {
        return Err(Error::SharesDontAddUp { allocation: key.to_string() });
    }
    let held = bundle(*held, || field("held"))?;
    Ok(Entry {
        uid: (!allocation.uid.is_empty()).then(|| allocation.uid.clone()),
        leaving: *leaving,
        generation: allocation.generation,
        revision: unsigned(*revision, || field("revision"))?,
        decision: decision.clone(),
        shares,
        dropped: dropped.into_iter().map(|namespace| namespace.name.clone()).collect::<BTreeSet<_>>(),
        hold: hold.as_ref().map(|hold| Hold {
            request: hold.request.clone(),
            uid: hold.uid.clone(),
            decision: hold.decision.clone(),
            amount: held,
        }),
        draining: bundle(*draining, || field("draining"))?,
    })
}

fn line(key: &AllocationKey, entry: &Entry) -> LedgerEntry {
    let Entry { uid, leaving, generation, revision, decision, shares, dropped, hold, draining } = entry;
    let several = shares.len() > 1;
    let kept = shares.iter().map(|(name, share)| {
        let share = several.then(|| Exact::from(*share));
        LedgerNamespace {
            name: name.clone(),
            cpu_millis: share.map(|share| share.cpu_millis),
            memory_bytes: share.map(|share| share.memory_bytes),
            storage_bytes: share.map(|share| share.storage_bytes),
            dropped: false,
        }
    });
    let dropped =
        dropped.iter().map(|name| LedgerNamespace { name: name.clone(), dropped: true, ..LedgerNamespace::default() });
    LedgerEntry {
        allocation: AllocationRef {
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            uid: uid.clone().unwrap_or_default(),
            generation: *generation,
        },
        revision: signed(*revision),
        decision: decision.clone(),
        leaving: *leaving,
        namespaces: kept.chain(dropped).collect(),
        hold: hold.as_ref().map(|hold| LedgerHold {
            request: hold.request.clone(),
            uid: hold.uid.clone(),
            decision: hold.decision.clone(),
        }),
        granted: entry.granted().into(),
        held: entry.held().into(),
        draining: (*draining).into(),
    }
}

fn bundle(exact: Exact, field: impl FnOnce() -> String) -> Result<Bundle, Error> {
    exact.bundle().ok_or_else(|| Error::Negative { field: field() })
}

fn unsigned(number: i64, field: impl FnOnce() -> String) -> Result<u64, Error> {
    u64::try_from(number).map_err(|_| Error::Negative { field: field() })
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Ledger {
        let two = Entry {
            uid: Some("u-1".into()),
            leaving: false,
            generation: 3,
            revision: 7,
            decision: Some("qd-1".into()),
            shares: Shares::from([("app-a".into(), Bundle::new(1, 2, 3)), ("app-b".into(), Bundle::new(10, 20, 30))]),
            dropped: BTreeSet::from(["app-old".to_owned()]),
            hold: Some(Hold {
                request: "qr-1".into(),
                uid: "u-2".into(),
                decision: "qd-2".into(),
                amount: Bundle::new(5, 0, 0),
            }),
            draining: Bundle::new(0, 4, 0),
        };
        let one = Entry {
            uid: Some("u-3".into()),
            shares: Shares::from([("app-c".into(), Bundle::new(9, 9, 9))]),
            ..Entry::default()
        };
        let held_only = Entry {
            hold: Some(Hold {
                request: "qr-2".into(),
                uid: "u-4".into(),
                decision: "qd-3".into(),
                amount: Bundle::new(1, 1, 1),
            }),
            ..Entry::default()
        };
        let tree = [
            ("education", Department { parent: None, ceiling: Some(Bundle::new(100, 100, 100)), generation: 2 }),
            ("schools", Department { parent: Some("education".into()), ceiling: None, generation: 1 }),
        ];
        Ledger {
            revision: 9,
            capacity: Bundle::new(1_000, 2_000, 3_000),
            pool_generation: 4,
            departments: tree.into_iter().collect(),
            entries: BTreeMap::from([
                (AllocationKey::new("dept-education", "two"), two),
                (AllocationKey::new("dept-education", "one"), one),
                (AllocationKey::new("dept-schools", "held"), held_only),
            ]),
        }
    }

    #[test]
    fn a_ledger_survives_its_object() {
        let before = full();
        let object = spec(&before, "cluster".into(), Vec::new());
        let json = serde_json::to_string(&object).unwrap();
        let after = ledger(&serde_json::from_str(&json).unwrap()).unwrap();
        assert_eq!(after, before);
    }

    #[test]
    fn an_object_that_is_no_ledger_is_refused() {
        let good = spec(&full(), String::new(), Vec::new());
        let mut negative = good.clone();
        negative.entries[0].granted.cpu_millis = -1;
        assert!(matches!(ledger(&negative), Err(Error::Negative { .. })));
        let mut twice = good.clone();
        twice.entries.push(twice.entries[0].clone());
        assert!(matches!(ledger(&twice), Err(Error::Twice { .. })));
        let mut more = good;
        let split = more.entries.iter_mut().find(|line| line.namespaces.len() > 2).unwrap();
        split.granted.cpu_millis += 1;
        assert!(matches!(ledger(&more), Err(Error::SharesDontAddUp { .. })));
    }
}
