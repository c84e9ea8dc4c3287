//! The ledgers: invariant A, and revisions that only go up.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::limits::Limits;
use super::{Log, Touched};
use crate::amounts::{Amounts, Kind};
use crate::decode::{Entry, Ledger, LedgerCeiling, Limit};
use crate::report::Check;

/// Departments above one another. The product allows 16; a chain that is longer is a circle.
const DEPTH_MAX: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Ledgers {
    /// By pool.
    pools: HashMap<String, Arc<Ledger>>,
    /// Every ledger there ever was, with its pool.
    uids: HashMap<String, String>,
    /// Whose a namespace is: pool and allocation. More than one only between pools.
    owners: HashMap<String, Vec<(String, String)>>,
}

impl Ledgers {
    /// Takes a ledger as it was written and checks it against the one before, which it returns.
    pub(crate) fn put(
        &mut self,
        pool: &str,
        bytes: Option<&[u8]>,
        limits: &Limits,
        touched: &mut Touched,
        log: &mut Log,
    ) -> Option<Arc<Ledger>> {
        let before = self.pools.get(pool).cloned();
        let next = match bytes.map(|bytes| Ledger::decode(bytes, before.as_deref())) {
            None => Ledger::default(),
            Some(Ok(next)) => next,
            Some(Err(why)) => {
                log.find(Check::A, format!("pool {pool}"), format!("its ledger can't be read: {why}"));
                return before;
            }
        };
        let next = Arc::new(next);
        let same = before.as_deref().filter(|before| before.uid == next.uid);
        self.own(pool, before.as_deref(), &next, touched, log);
        if bytes.is_none() {
            self.pools.remove(pool);
            return before;
        }
        if same.is_none_or(|before| before.revision != next.revision) {
            log.report.commits += 1;
        }
        check_revisions(pool, same, &next, log);
        check_limits(pool, same, &next, limits, log);
        self.uids.insert(next.uid.clone(), pool.to_owned());
        self.pools.insert(pool.to_owned(), next);
        before
    }

    /// Marks the entries that changed, and keeps whose each namespace is.
    fn own(&mut self, pool: &str, before: Option<&Ledger>, next: &Ledger, touched: &mut Touched, log: &mut Log) {
        let lines = |ledger: &Ledger, other: Option<&Ledger>| -> Vec<Arc<Entry>> {
            let is_new = |line: &String| other.is_none_or(|other| !other.lines.contains_key(line));
            ledger.lines.iter().filter(|(line, _)| is_new(line)).map(|(_, entry)| Arc::clone(entry)).collect()
        };
        for entry in before.map(|before| lines(before, Some(next))).unwrap_or_default() {
            for namespace in entry.places() {
                if let Some(owners) = self.owners.get_mut(namespace) {
                    owners.retain(|(of, allocation)| of != pool || *allocation != entry.allocation);
                }
                touched.namespaces.insert(namespace.clone());
            }
            touched.entries.insert((pool.to_owned(), entry.allocation.clone()));
        }
        let mut added = lines(next, before);
        added.sort_by(|a, b| a.allocation.cmp(&b.allocation));
        for entry in added {
            for namespace in entry.places() {
                let owners = self.owners.entry(namespace.clone()).or_default();
                if let Some((_, other)) = owners.iter().find(|(of, _)| of == pool) {
                    let message = format!("it is in the entries of {other} and {}", entry.allocation);
                    log.find(Check::B, format!("namespace {namespace}"), message);
                }
                owners.push((pool.to_owned(), entry.allocation.clone()));
                touched.namespaces.insert(namespace.clone());
            }
            let shares: Amounts = entry.shares.values().copied().sum();
            if shares != entry.granted {
                let message = format!("its shares come to {shares}, its grant to {}", entry.granted);
                log.find(Check::B, name_of(pool, &entry.allocation), message);
            }
            touched.entries.insert((pool.to_owned(), entry.allocation.clone()));
        }
    }

    pub(crate) fn get(&self, pool: &str) -> Option<&Ledger> {
        self.pools.get(pool).map(Arc::as_ref)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&String, &Ledger)> {
        self.pools.iter().map(|(pool, ledger)| (pool, ledger.as_ref()))
    }

    /// Whose the quota of a namespace is. Between two pools its fence says whose it is.
    pub(crate) fn owner(&self, namespace: &str, fence: Option<&str>) -> Option<(&str, &str)> {
        let owners = self.owners.get(namespace)?;
        let named = fence.and_then(|uid| self.uids.get(uid));
        let owner = owners.iter().find(|(pool, _)| Some(pool) == named).or_else(|| owners.first())?;
        Some((&owner.0, &owner.1))
    }

    /// The pool of a ledger that is or was.
    pub(crate) fn pool_of(&self, uid: &str) -> Option<&str> {
        self.uids.get(uid).map(String::as_str)
    }

    /// Pools whose quotas are in another cluster than this one.
    pub(crate) fn elsewhere(&self, cluster: Option<&str>) -> Vec<String> {
        let is_elsewhere = |ledger: &Ledger| {
            !ledger.cluster_uid.is_empty() && cluster.is_some_and(|cluster| cluster != ledger.cluster_uid)
        };
        let pools = self.all().filter(|(_, ledger)| is_elsewhere(ledger)).map(|(pool, _)| pool.clone());
        pools.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// How an allocation is named in findings.
pub(crate) fn name_of(pool: &str, allocation: &str) -> String {
    format!("allocation {allocation} of pool {pool}")
}

fn check_revisions(pool: &str, before: Option<&Ledger>, next: &Ledger, log: &mut Log) {
    let of_pool = || format!("pool {pool}");
    if let Some(before) = before {
        let is_other = before.capacity != next.capacity
            || before.ceilings != next.ceilings
            || before.lines.len() != next.lines.len()
            || next.lines.keys().any(|line| !before.lines.contains_key(line));
        let (was, is) = (before.revision, next.revision);
        if is < was {
            log.find(Check::Fence, of_pool(), format!("its ledger went back from revision {was} to {is}"));
        } else if is == was && is_other {
            log.find(Check::Fence, of_pool(), format!("its ledger changed and is still at revision {is}"));
        } else if is > was + 1 {
            log.find(Check::Fence, of_pool(), format!("its ledger leapt from revision {was} to {is}"));
        }
    }
    for (line, entry) in &next.lines {
        if before.is_some_and(|before| before.lines.contains_key(line)) {
            continue;
        }
        let mut find = |message: String| log.find(Check::Fence, name_of(pool, &entry.allocation), message);
        if entry.revision > next.revision {
            find(format!("its revision {} is later than its ledger's, {}", entry.revision, next.revision));
        }
        let was = before.and_then(|before| before.entries.get(&entry.allocation));
        let Some(was) = was.filter(|was| was.uid == entry.uid) else { continue };
        if entry.revision < was.revision {
            find(format!("its revision went back from {} to {}", was.revision, entry.revision));
        }
        if entry.generation < was.generation {
            find(format!("its generation went back from {} to {}", was.generation, entry.generation));
        }
        if entry.revision == was.revision && entry.shares != was.shares {
            find(format!("its shares changed and its revision is still {}", entry.revision));
        }
    }
}

/// Invariant A, for the pool and for each ceiling.
fn check_limits(pool: &str, before: Option<&Ledger>, next: &Ledger, limits: &Limits, log: &mut Log) {
    let taken_from = limits.pool(&next.pool_uid, next.pool_generation);
    let object = format!("pool {pool}");
    let is_new = before.is_none_or(|before| before.capacity != next.capacity || before.pool_uid != next.pool_uid);
    if let Some(Limit { amounts, .. }) = taken_from.filter(|limit| is_new && limit.amounts != next.capacity) {
        log.find(Check::A, &object, format!("its ledger has capacity {}, the pool says {amounts}", next.capacity));
    }
    let sum = |ledger: &Ledger| ledger.entries.values().map(|entry| entry.out()).sum::<Amounts>();
    let was = before.map(|before| (sum(before), Some(before.capacity)));
    let accepts = taken_from.map(|limit| limit.accepts_overcommit);
    check_limit(&object, was, (sum(next), next.capacity), accepts, log);

    if next.ceilings.values().all(|ceiling| ceiling.limit.is_none()) {
        return;
    }
    let (below_before, below) = (before.map(subtrees), subtrees(next));
    for (department, ceiling) in &next.ceilings {
        let LedgerCeiling { uid, generation, limit: Some(limit), .. } = ceiling else { continue };
        let object = format!("department {department} in pool {pool}");
        let said = limits.ceiling(uid, *generation, pool);
        let known = before.and_then(|before| before.ceilings.get(department));
        if let Some(said) = said.filter(|_| known != Some(ceiling))
            && said.map(|said| said.amounts) != Some(*limit)
        {
            let said = said.map_or("none".to_owned(), |said| said.amounts.to_string());
            log.find(Check::A, &object, format!("its ledger has ceiling {limit}, the department says {said}"));
        }
        let was = below_before.as_ref().map(|below| {
            let out = below.get(department.as_str()).copied().unwrap_or_default();
            (out, known.and_then(|known| known.limit))
        });
        let out = below.get(department.as_str()).copied().unwrap_or_default();
        let accepts = said.map(|said| said.is_some_and(|said| said.accepts_overcommit));
        check_limit(&object, was, (out, *limit), accepts, log);
    }
}

/// What is out may be beyond its limit only because the limit was lowered by choice, and from then
/// on it may only shrink.
fn check_limit(
    object: &str,
    before: Option<(Amounts, Option<Amounts>)>,
    (out, limit): (Amounts, Amounts),
    accepts: Option<bool>,
    log: &mut Log,
) {
    // What was found at the beginning of an incomplete history may be by an earlier choice.
    let Some((out_before, limit_before)) = before.or(log.is_whole.then_some((Amounts::ZERO, None))) else { return };
    for (kind, beyond) in out.beyond(limit).present() {
        let has_grown = out.of(kind) > out_before.of(kind);
        let is_lowered = limit_before.is_none_or(|before| limit.of(kind) < before.of(kind));
        let accepted = accepts.unwrap_or(!log.is_whole);
        let why = match (has_grown, is_lowered) {
            (true, _) => "it grew",
            (false, true) if !accepted => "the limit was lowered and nobody accepted that",
            (false, _) => continue,
        };
        let (out, limit) = (kind.words(out.of(kind)), kind.words(limit.of(kind)));
        log.find(Check::A, object, format!("{kind}: {out} is out of {limit}, {why}"));
        log.measure(Check::A, object, only(kind, beyond));
    }
}

fn only(kind: Kind, amount: u128) -> Amounts {
    let mut amounts = Amounts::ZERO;
    amounts.0[kind as usize] = amount;
    amounts
}

/// What each department and everything below it has out.
fn subtrees(ledger: &Ledger) -> HashMap<&str, Amounts> {
    let mut subtrees: HashMap<&str, Amounts> = HashMap::new();
    for entry in ledger.entries.values() {
        let out = entry.out();
        for department in above(ledger, entry.department()) {
            let subtree = subtrees.entry(department).or_default();
            *subtree = subtree.plus(out);
        }
    }
    subtrees
}

/// A department and those above it.
pub(crate) fn above<'a>(ledger: &'a Ledger, department: &'a str) -> impl Iterator<Item = &'a str> {
    let parent = |name: &&'a str| {
        let parent = ledger.ceilings.get(*name)?.parent.as_str();
        (!parent.is_empty()).then_some(parent)
    };
    std::iter::successors(Some(department), parent).take(DEPTH_MAX)
}

/// What a department has out in a ledger, with everything below it.
pub(crate) fn out_below(ledger: &Ledger, department: &str) -> Amounts {
    let is_below = |entry: &&Arc<Entry>| above(ledger, entry.department()).any(|name| name == department);
    ledger.entries.values().filter(is_below).map(|entry| entry.out()).sum()
}
