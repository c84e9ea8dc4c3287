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
    let mut departments = DepartmentTree::default();
    for line in &spec.ceilings {
        departments.insert_of(&line.department, identity(&line.uid), department(line)?);
    }
    let mut entries = BTreeMap::new();
    for line in &spec.entries {
        let key = AllocationKey::new(&line.allocation.namespace, &line.allocation.name);
        let entry = entry(&key, line)?;
        if entries.insert(key.clone(), entry).is_some() {
            return Err(Error::Twice { allocation: key.to_string() });
        }
    }
    let revision = unsigned(spec.revision, || "revision".to_owned())?;
    let (pool_uid, pool_generation) = (identity(&spec.pool_uid), spec.pool_generation);
    Ok(Ledger { revision, capacity, pool_uid, pool_generation, departments, entries })
}

/// The object that holds the ledger, with what only the object has.
#[must_use]
pub fn spec(ledger: &Ledger, cluster_uid: String, journal: Vec<JournalRecord>) -> PoolLedgerSpec {
    let Ledger { revision, capacity, pool_uid, pool_generation, departments, entries } = ledger;
    PoolLedgerSpec {
        revision: signed(*revision),
        count: i64::try_from(entries.len()).unwrap_or(i64::MAX),
        capacity: (*capacity).into(),
        pool_generation: *pool_generation,
        pool_uid: pool_uid.clone().unwrap_or_default(),
        cluster_uid,
        ceilings: departments.iter().map(|(name, known)| ceiling(name, departments.uid(name), known)).collect(),
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

/// An empty text is how an object leaves an identity out.
fn identity(uid: &str) -> Option<String> {
    (!uid.is_empty()).then(|| uid.to_owned())
}

fn department(line: &LedgerCeiling) -> Result<Department, Error> {
    let LedgerCeiling { department, parent, uid: _, generation, cpu_millis, memory_bytes, storage_bytes } = line;
    let ceiling = Exact::from_parts(*cpu_millis, *memory_bytes, *storage_bytes)
        .map(|limit| bundle(limit, || format!("ceilings of {department}")))
        .transpose()?;
    let parent = (!parent.is_empty()).then(|| parent.clone());
    Ok(Department { parent, ceiling, generation: *generation })
}

fn ceiling(name: &str, uid: Option<&str>, department: &Department) -> LedgerCeiling {
    let Department { parent, ceiling, generation } = department;
    let limit = ceiling.map(Exact::from);
    LedgerCeiling {
        department: name.to_owned(),
        parent: parent.clone().unwrap_or_default(),
        uid: uid.unwrap_or_default().to_owned(),
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
        uid: identity(&allocation.uid),
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
    use ledger::{Ask, Request, Sequence, decide};

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
        let mut departments: DepartmentTree = tree.into_iter().collect();
        let offices = Department { parent: Some("education".into()), ceiling: None, generation: 7 };
        departments.insert_of("offices", Some("d9b0f2c4-1c4f-4f0e-9d0b-5a3f0c8a7e11".into()), offices);
        Ledger {
            revision: 9,
            capacity: Bundle::new(1_000, 2_000, 3_000),
            pool_uid: Some("0d2f6a52-8a9c-4b7e-8f1d-2b7c9e4a6d10".into()),
            pool_generation: 4,
            departments,
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

    /// Room is reckoned before anything is written, as if everything drained: never too little, and
    /// close enough not to refuse what would fit.
    #[test]
    fn the_room_that_is_reckoned_is_the_room_that_is_taken() {
        let mut large = full();
        large.revision = u64::try_from(i64::MAX).unwrap();
        for (key, entry) in &mut large.entries {
            entry.uid = Some("u".repeat(36));
            entry.shares.insert(format!("app-{}", key.name), Bundle::new(99_999_999, 99_999_999_999_999, 1));
            (entry.revision, entry.generation) = (large.revision, i64::MAX);
        }
        for (what, ledger) in [("nothing", Ledger::default()), ("some of each", full()), ("large numbers", large)] {
            let taken =
                |ledger: &Ledger| serde_json::to_string(&spec(ledger, "c".repeat(36), Vec::new())).unwrap().len();
            let removals = ledger.entries.iter().filter_map(|(key, entry)| {
                let ask = Ask::Remove { allocation: key.clone(), uid: entry.uid.clone()? };
                Some(Request { ask, at_ms: 0 })
            });
            let drained = decide(&ledger, &removals.collect::<Vec<_>>(), Sequence::Unordered).ledger;
            let (most, reckoned) = (taken(&ledger).max(taken(&drained)), ledger.stored_bytes());
            let lines = ledger.entries.len() + ledger.departments.iter().count();
            assert!(most <= reckoned, "{what}: {most} bytes, reckoned {reckoned}");
            assert!(reckoned <= most + 250 + 60 * lines, "{what}: {most} bytes, reckoned {reckoned}");
        }
    }

    #[test]
    fn an_object_without_identities_is_read_all_the_same() {
        let mut object = serde_json::to_value(spec(&full(), String::new(), Vec::new())).unwrap();
        object.as_object_mut().unwrap().remove("poolUid");
        for ceiling in object["ceilings"].as_array_mut().unwrap() {
            ceiling.as_object_mut().unwrap().remove("uid");
        }
        let ledger = ledger(&serde_json::from_value(object).unwrap()).unwrap();
        assert_eq!((ledger.pool_uid, ledger.departments.uid("offices")), (None, None));
        assert!(ledger.departments.get("offices").is_some());
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
