//! Everything there is to ask of the ledger, and where each question came from.

use std::collections::HashSet;

use jiff::Timestamp;
use kube::ResourceExt;
use ledger::{AllocationKey, Ask, Ledger, Request};
use resources::v1alpha1::{Allocation, Cause, Department, ResourcePool};
use resources::{condition, term, validate};

use crate::pool::observe::{Observed, key_of};
use crate::pool::verdicts::{Told, Verdict};

/// Where a request came from, so that its decision finds its way back.
pub(super) enum Origin {
    Capacity,
    Department(String),
    Allocation { uid: String, since: Timestamp },
    Ledger,
    Desk,
}

pub(super) struct Item {
    pub(super) request: Request,
    pub(super) cause: Cause,
    pub(super) origin: Origin,
}

/// What is asked, and what those hear who can't be asked about. Only people and allocations have
/// an instant: the rest is what it is, however often it is asked.
pub(super) fn gather(observed: &Observed, now: Timestamp) -> (Vec<Item>, Vec<Told>) {
    let mut items: Vec<Item> = observed
        .asked
        .iter()
        .map(|(request, cause)| Item { request: request.clone(), cause: cause.clone(), origin: Origin::Desk })
        .collect();
    let ledger = &observed.snapshot.ledger;
    items.extend(capacity(&observed.pool, ledger));
    items.extend(departments(observed));
    let mut invalid = Vec::new();
    for allocation in &observed.allocations {
        match target(allocation, observed, now) {
            Ok(item) => items.extend(item),
            Err(told) => invalid.push(*told),
        }
    }
    let from_ledger = |ask: Ask, key: &AllocationKey| Item {
        request: Request { ask, at_ms: 0 },
        cause: cause("PoolLedger", &key.namespace, &key.name),
        origin: Origin::Ledger,
    };
    for (key, uid) in &observed.gone {
        items.push(from_ledger(Ask::Remove { allocation: key.clone(), uid: uid.clone() }, key));
    }
    for (key, uid) in &observed.stale_holds {
        items.push(from_ledger(Ask::Unhold { allocation: key.clone(), uid: uid.clone() }, key));
    }
    (items, invalid)
}

fn capacity(pool: &ResourcePool, ledger: &Ledger) -> Option<Item> {
    let uid = pool.metadata.uid.clone().unwrap_or_default();
    let generation = pool.metadata.generation.unwrap_or_default();
    if ledger.knows_pool(&uid, generation) {
        return None;
    }
    let capacity = validate::capacity(&pool.spec).ok()?;
    let ask = Ask::Capacity { capacity, uid, generation, accept_overcommit: pool.spec.accept_overcommit };
    let cause = cause("ResourcePool", "", &pool.name_any());
    Some(Item { request: Request { ask, at_ms: 0 }, cause, origin: Origin::Capacity })
}

fn departments(observed: &Observed) -> Vec<Item> {
    let ledger = &observed.snapshot.ledger;
    let pool = observed.pool.name_any();
    let item = |name: &str, ask: Ask| Item {
        request: Request { ask, at_ms: 0 },
        cause: cause("Department", "", name),
        origin: Origin::Department(name.to_owned()),
    };
    let mut items = Vec::new();
    for department in &observed.departments {
        let name = department.name_any();
        let uid = department.metadata.uid.clone().unwrap_or_default();
        let generation = department.metadata.generation.unwrap_or_default();
        if !ledger.departments.knows(&name, &uid, generation) {
            items.extend(department_ask(department, &pool, uid, generation).map(|ask| item(&name, ask)));
        }
    }
    let there: HashSet<&str> =
        observed.departments.iter().filter_map(|department| department.metadata.name.as_deref()).collect();
    let removed = ledger.departments.iter().map(|(name, _)| name).filter(|name| !there.contains(name));
    items.extend(removed.map(|name| item(name, Ask::RemoveDepartment { department: name.to_owned() })));
    items
}

/// `None` for a ceiling that can't be read: what is known of the department stays, because a
/// ceiling that is absent would be no ceiling at all.
fn department_ask(department: &Department, pool: &str, uid: String, generation: i64) -> Option<Ask> {
    let spec = &department.spec;
    let ours = spec.ceilings.iter().enumerate().find(|(_, ceiling)| ceiling.pool == pool);
    let ceiling = ours.map(|(index, ceiling)| validate::ceiling(index, ceiling)).transpose().ok()?;
    Some(Ask::Department {
        department: department.name_any(),
        parent: (!spec.parent.is_empty()).then(|| spec.parent.clone()),
        ceiling,
        uid,
        generation,
        accept_overcommit: ours.is_some_and(|(_, ceiling)| ceiling.accept_overcommit),
    })
}

/// What an allocation asks, if it asks anything new.
fn target(allocation: &Allocation, observed: &Observed, now: Timestamp) -> Result<Option<Item>, Box<Told>> {
    let key = key_of(allocation);
    let uid = allocation.metadata.uid.clone().unwrap_or_default();
    let generation = allocation.metadata.generation.unwrap_or_default();
    let entry = observed.snapshot.ledger.entries.get(&key);
    let since = || since(allocation, &key, observed, now);
    let item = |ask: Ask, cause: Cause| Item {
        request: Request { ask, at_ms: since().as_millisecond() },
        cause,
        origin: Origin::Allocation { uid: uid.clone(), since: since() },
    };
    let of_object = || cause("Allocation", &key.namespace, &key.name);
    if allocation.metadata.deletion_timestamp.is_some() {
        let has_it = entry.is_some_and(|entry| entry.uid.as_deref() == Some(&uid) && !entry.leaving);
        return Ok(has_it.then(|| item(Ask::Remove { allocation: key.clone(), uid: uid.clone() }, of_object())));
    }
    if entry.is_some_and(|entry| entry.uid.as_deref() == Some(&uid) && generation <= entry.generation) {
        return Ok(None);
    }
    let told = |verdict| Box::new(Told { key: key.clone(), uid: uid.clone(), verdict: Some(verdict), since: since() });
    // Whoever writes a grant anew whose end has come doesn't get for a moment what is taken back then.
    let returned = term::returned(&allocation.spec, now);
    let spec = returned.as_ref().unwrap_or(&allocation.spec);
    let shares = validate::shares(spec).map_err(|violations| told(Verdict::Invalid(violations)))?;
    let has = entry.map(ledger::Entry::granted).unwrap_or_default();
    let wanted: ledger::Bundle = shares.values().sum();
    if term::is_expired(spec, now) && !wanted.fits_within(has) {
        return Err(told(Verdict::Expired));
    }
    let decision = allocation.spec.decision.clone();
    let decided = decision.as_ref().and_then(|name| observed.decisions.get(&(key.namespace.clone(), name.clone())));
    let cause = decided.cloned().unwrap_or_else(of_object);
    Ok(Some(item(Ask::Target { allocation: key.clone(), uid: uid.clone(), generation, shares, decision }, cause)))
}

/// Since when an allocation asks: as this process knows it, or else as the one before it has told
/// people. Its turn survives a change of leaders.
fn since(allocation: &Allocation, key: &AllocationKey, observed: &Observed, now: Timestamp) -> Timestamp {
    if let Some(waiting) = observed.waiting.get(key) {
        return waiting.since;
    }
    let conditions = allocation.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let told = condition::find(conditions, condition::GRANTED).filter(|granted| granted.status == "False");
    told.map_or(now, |granted| granted.last_transition_time.0.min(now))
}

pub(super) fn cause(kind: &str, namespace: &str, name: &str) -> Cause {
    Cause { kind: kind.to_owned(), namespace: namespace.to_owned(), name: name.to_owned(), ..Cause::default() }
}
