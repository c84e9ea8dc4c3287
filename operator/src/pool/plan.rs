//! What a pass asks of the ledger, and what comes out. No client, no clock.

use std::collections::HashSet;

use jiff::Timestamp;
use kube::ResourceExt;
use ledger::{AllocationKey, Ask, Decision, Ledger, Reason, Request, Sequence, decide};
use resources::v1alpha1::{Allocation, Cause, Department, PoolLedgerSpec, PoolOrder, ResourcePool};
use resources::{snapshot, validate};

use super::journal::{self, Change};
use super::observe::{Observed, key_of};
use super::verdicts::Verdict;

/// Changes one commit takes at most: a record of them must fit the journal, and a pass must not
/// keep the next one waiting for long.
pub const CHANGES_MAX: usize = 256;

/// What a pass has decided.
#[derive(Debug)]
pub struct Plan {
    /// The ledger after the pass.
    pub ledger: Ledger,
    /// The object to commit, if anything changed.
    pub commit: Option<PoolLedgerSpec>,
    /// Answers to the desk's questions, in their order.
    pub answers: Vec<Decision>,
    /// What allocations hear: the verdict, or that there is none any more.
    pub verdicts: Vec<(AllocationKey, Option<Verdict>)>,
    /// Allocations whose entry this pass changed.
    pub changed: Vec<AllocationKey>,
    /// Why the pool's capacity was not accepted.
    pub capacity_refused: Option<Reason>,
    /// Why a department's ceiling or place was not accepted.
    pub departments_refused: Vec<(String, Reason)>,
    /// There was more to decide than one commit takes.
    pub has_more: bool,
    /// Why nothing may be granted at all.
    pub halted: Option<Halt>,
}

/// A state in which the operator doesn't touch a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The quotas would be written to another cluster than the ledger knows.
    ClusterChanged { known: String, now: String },
    /// A quota carries a fence from the ledger's future: a backup was restored.
    LedgerBehindQuotas { ledger: u64, fence: u64 },
    /// The pool is in a cluster that this version doesn't reach.
    ClusterNotSupported,
}

/// Where a request came from, so that its decision finds its way back.
enum Origin {
    Capacity,
    Department(String),
    Allocation(AllocationKey),
    Ledger,
    Desk,
}

struct Item {
    request: Request,
    cause: Cause,
    origin: Origin,
}

#[must_use]
pub fn plan(observed: &Observed, now: Timestamp) -> Plan {
    let ledger = &observed.snapshot.ledger;
    if let Some(halt) = halt(observed) {
        return Plan {
            ledger: ledger.clone(),
            commit: None,
            answers: Vec::new(),
            verdicts: Vec::new(),
            changed: Vec::new(),
            capacity_refused: None,
            departments_refused: Vec::new(),
            has_more: false,
            halted: Some(halt),
        };
    }
    let (mut items, invalid) = gather(observed, now);
    let has_more = items.len() > CHANGES_MAX;
    items.truncate(CHANGES_MAX);
    let mut plan = settle(observed, items, now);
    plan.verdicts.extend(invalid);
    plan.has_more = has_more;
    plan
}

fn halt(observed: &Observed) -> Option<Halt> {
    let snapshot = &observed.snapshot;
    if observed.pool.spec.cluster.kubeconfig_secret_ref.is_some() {
        return Some(Halt::ClusterNotSupported);
    }
    if snapshot.cluster_uid != observed.cluster_uid {
        return Some(Halt::ClusterChanged { known: snapshot.cluster_uid.clone(), now: observed.cluster_uid.clone() });
    }
    let (ledger, fence) = (snapshot.ledger.revision, observed.highest_fence);
    (fence > ledger).then_some(Halt::LedgerBehindQuotas { ledger, fence })
}

/// Everything there is to ask: what people wait for first, then what the objects say, then what
/// the ledger has too much of.
fn gather(observed: &Observed, now: Timestamp) -> (Vec<Item>, Vec<(AllocationKey, Option<Verdict>)>) {
    let now_ms = now.as_millisecond();
    let mut items: Vec<Item> = observed
        .asked
        .iter()
        .map(|(request, cause)| Item { request: request.clone(), cause: cause.clone(), origin: Origin::Desk })
        .collect();
    let ledger = &observed.snapshot.ledger;
    items.extend(capacity(&observed.pool, ledger, now_ms));
    items.extend(departments(observed, now_ms));
    let mut invalid = Vec::new();
    for allocation in &observed.allocations {
        match target(allocation, observed, now_ms) {
            Ok(item) => items.extend(item),
            Err(verdict) => invalid.push((key_of(allocation), Some(verdict))),
        }
    }
    let from_ledger = |ask: Ask, key: &AllocationKey| Item {
        request: Request { ask, at_ms: now_ms },
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

fn capacity(pool: &ResourcePool, ledger: &Ledger, at_ms: i64) -> Option<Item> {
    let generation = pool.metadata.generation.unwrap_or_default();
    if generation <= ledger.pool_generation {
        return None;
    }
    let capacity = validate::capacity(&pool.spec).ok()?;
    let uid = pool.metadata.uid.clone().unwrap_or_default();
    let ask = Ask::Capacity { capacity, uid, generation, accept_overcommit: pool.spec.accept_overcommit };
    let cause = cause("ResourcePool", "", &pool.name_any());
    Some(Item { request: Request { ask, at_ms }, cause, origin: Origin::Capacity })
}

fn departments(observed: &Observed, at_ms: i64) -> Vec<Item> {
    let ledger = &observed.snapshot.ledger;
    let pool = observed.pool.name_any();
    let item = |name: &str, ask: Ask| Item {
        request: Request { ask, at_ms },
        cause: cause("Department", "", name),
        origin: Origin::Department(name.to_owned()),
    };
    let mut items = Vec::new();
    for department in &observed.departments {
        let name = department.name_any();
        let known = ledger.departments.get(&name);
        let generation = department.metadata.generation.unwrap_or_default();
        if known.is_some_and(|known| generation <= known.generation) {
            continue;
        }
        items.extend(department_ask(department, &pool, generation).map(|ask| item(&name, ask)));
    }
    let there: HashSet<String> = observed.departments.iter().map(|department| department.name_any()).collect();
    let removed = ledger.departments.iter().map(|(name, _)| name).filter(|name| !there.contains(*name));
    items.extend(removed.map(|name| item(name, Ask::RemoveDepartment { department: name.to_owned() })));
    items
}

/// `None` for a ceiling that can't be read: what is known of the department stays, because a
/// ceiling that is absent would be no ceiling at all.
fn department_ask(department: &Department, pool: &str, generation: i64) -> Option<Ask> {
    let spec = &department.spec;
    let ours = spec.ceilings.iter().enumerate().find(|(_, ceiling)| ceiling.pool == pool);
    let ceiling = ours.map(|(index, ceiling)| validate::ceiling(index, ceiling)).transpose().ok()?;
    Some(Ask::Department {
        department: department.name_any(),
        parent: (!spec.parent.is_empty()).then(|| spec.parent.clone()),
        ceiling,
        uid: department.metadata.uid.clone().unwrap_or_default(),
        generation,
        accept_overcommit: ours.is_some_and(|(_, ceiling)| ceiling.accept_overcommit),
    })
}

/// What an allocation asks, if it asks anything new.
fn target(allocation: &Allocation, observed: &Observed, now_ms: i64) -> Result<Option<Item>, Verdict> {
    let key = key_of(allocation);
    let uid = allocation.metadata.uid.clone().unwrap_or_default();
    let generation = allocation.metadata.generation.unwrap_or_default();
    let entry = observed.snapshot.ledger.entries.get(&key);
    let waiting_since = observed.waiting.get(&key).map(|waiting| waiting.since.as_millisecond());
    let item = |ask: Ask, cause: Cause| Item {
        request: Request { ask, at_ms: waiting_since.unwrap_or(now_ms) },
        cause,
        origin: Origin::Allocation(key.clone()),
    };
    let of_object = || cause("Allocation", &key.namespace, &key.name);
    if allocation.metadata.deletion_timestamp.is_some() {
        let has_it = entry.is_some_and(|entry| entry.uid.as_deref() == Some(&uid) && !entry.leaving);
        return Ok(has_it.then(|| item(Ask::Remove { allocation: key.clone(), uid }, of_object())));
    }
    if entry.is_some_and(|entry| entry.uid.as_deref() == Some(&uid) && generation <= entry.generation) {
        return Ok(None);
    }
    let shares = validate::shares(&allocation.spec).map_err(Verdict::Invalid)?;
    let decision = allocation.spec.decision.clone();
    let decided = decision.as_ref().and_then(|name| observed.decisions.get(&(key.namespace.clone(), name.clone())));
    let cause = decided.cloned().unwrap_or_else(of_object);
    Ok(Some(item(Ask::Target { allocation: key.clone(), uid, generation, shares, decision }, cause)))
}

/// Decides on all items in one pass and sorts out what follows from each.
fn settle(observed: &Observed, items: Vec<Item>, now: Timestamp) -> Plan {
    let sequence = match observed.pool.spec.order {
        PoolOrder::Unordered => Sequence::Unordered,
        PoolOrder::Ordered => Sequence::Ordered,
    };
    let before = &observed.snapshot.ledger;
    let requests: Vec<Request> = items.iter().map(|item| item.request.clone()).collect();
    let decided = if requests.is_empty() {
        ledger::Decided { ledger: before.clone(), decisions: Vec::new(), left: std::collections::BTreeSet::new() }
    } else {
        decide(before, &requests, sequence)
    };
    let has_changes = decided.has_changes();
    let mut plan = Plan {
        ledger: decided.ledger,
        commit: None,
        answers: Vec::new(),
        verdicts: Vec::new(),
        changed: Vec::new(),
        capacity_refused: None,
        departments_refused: Vec::new(),
        has_more: false,
        halted: None,
    };
    let mut changes = Vec::new();
    for (item, decision) in items.into_iter().zip(decided.decisions) {
        if let Decision::Grant { before, after } = decision {
            let allocation = item.request.ask.allocation().cloned();
            plan.changed.extend(allocation.clone());
            changes.push(Change { allocation, cause: item.cause, before, after });
        }
        plan.tell(item.origin, decision);
    }
    if has_changes {
        let revision = i64::try_from(plan.ledger.revision).unwrap_or(i64::MAX);
        let journal = journal::append(&observed.snapshot.journal, revision, now, &changes);
        plan.commit = Some(snapshot::spec(&plan.ledger, observed.cluster_uid.clone(), journal));
    }
    plan
}

impl Plan {
    /// Brings a decision back to where its question came from.
    fn tell(&mut self, origin: Origin, decision: Decision) {
        let reason = match &decision {
            Decision::Wait(reason) | Decision::Refuse(reason) => Some(reason.clone()),
            Decision::Grant { .. } | Decision::Unchanged => None,
        };
        match origin {
            Origin::Desk => self.answers.push(decision),
            Origin::Capacity => self.capacity_refused = reason,
            Origin::Department(name) => {
                self.departments_refused.extend(reason.map(|reason| (name, reason)));
            }
            Origin::Allocation(key) => self.verdicts.push((key, reason.map(Verdict::NotGranted))),
            Origin::Ledger => {}
        }
    }
}

fn cause(kind: &str, namespace: &str, name: &str) -> Cause {
    Cause { kind: kind.to_owned(), namespace: namespace.to_owned(), name: name.to_owned(), ..Cause::default() }
}

#[cfg(test)]
mod tests;
