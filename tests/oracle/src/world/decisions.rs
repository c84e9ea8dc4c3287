//! Decisions, what they caused, and whether a no was one.

use std::collections::{BTreeSet, HashMap};

use resources::names;

use super::Log;
use super::ledgers::Ledgers;
use crate::amounts::Amounts;
use crate::decode::{Allocation, Answer, Decision, Entry, Key, Ledger, Request};
use crate::report::Check;

#[derive(Debug, Default)]
pub(crate) struct Decisions {
    /// By namespace and name, each of these.
    known: HashMap<String, Decision>,
    requests: HashMap<String, Request>,
    allocations: HashMap<String, Allocation>,
    /// Names of allocations by namespace, application and pool.
    by_application: HashMap<(String, String, String), BTreeSet<String>>,
    /// How often each decision, by namespace and name, was held for and granted.
    holds: HashMap<String, u32>,
    grants: HashMap<String, u32>,
    growths: HashMap<String, u32>,
    /// Which decision was applied to a request, by uid, revision and stage.
    applied: HashMap<(String, i64, String), String>,
    /// Approvals without an answer, by pool.
    waiting: HashMap<String, Vec<Waiting>>,
}

/// An approval that waits for its answer.
#[derive(Debug)]
struct Waiting {
    decision: String,
    namespace: String,
    application: String,
    target: Amounts,
    /// It would have fitted in each state of the ledger so far.
    has_fitted: bool,
}

impl Decisions {
    pub(crate) fn put_request(&mut self, key: Key<'_>, request: Option<Request>) {
        match request {
            Some(request) => drop(self.requests.insert(key.path(), request)),
            None => drop(self.requests.remove(&key.path())),
        }
    }

    pub(crate) fn put_allocation(&mut self, key: Key<'_>, allocation: Option<Allocation>) {
        let place = |allocation: &Allocation| {
            (key.namespace.to_owned(), allocation.application.clone(), allocation.pool.clone())
        };
        let path = key.path();
        if let Some(before) = self.allocations.remove(&path)
            && let Some(names) = self.by_application.get_mut(&place(&before))
        {
            names.remove(key.name);
        }
        if let Some(allocation) = allocation {
            self.by_application.entry(place(&allocation)).or_default().insert(key.name.to_owned());
            self.allocations.insert(path, allocation);
        }
    }

    pub(crate) fn allocation(&self, path: &str) -> Option<&Allocation> {
        self.allocations.get(path)
    }

    pub(crate) fn allocations(&self) -> impl Iterator<Item = (&String, &Allocation)> {
        self.allocations.iter()
    }

    pub(crate) fn requests(&self) -> impl Iterator<Item = &Request> {
        self.requests.values()
    }

    pub(crate) fn put(&mut self, key: Key<'_>, decision: Option<Decision>, ledgers: &Ledgers, log: &mut Log) {
        let path = key.path();
        let Some(decision) = decision else {
            self.known.remove(&path);
            self.forget(&path);
            return;
        };
        let before = self.known.insert(path.clone(), decision.clone()).filter(|before| before.uid == decision.uid);
        let answered_before = before.as_ref().and_then(|before| before.answer.as_ref());
        if let Some(first) = answered_before {
            check_answer(&path, first, decision.answer.as_ref(), log);
            return;
        }
        match &decision.answer {
            Some(_) => self.answered(&path, &decision, log),
            None if before.is_none() && decision.verdict == "Approve" => self.wait(key, &decision, ledgers),
            None => {}
        }
    }

    fn answered(&mut self, path: &str, decision: &Decision, log: &mut Log) {
        let Some(answer) = &decision.answer else { return };
        log.report.decisions += 1;
        let waiting = self.forget(path);
        if answer.outcome == "Applied" && decision.verdict == "Approve" {
            let Decision { request_uid, request_revision, stage, .. } = decision;
            let request = (request_uid.clone(), *request_revision, stage.clone());
            if let Some(first) = self.applied.insert(request, path.to_owned()) {
                let message = format!("request {} was approved by decision {first} already", decision.request);
                log.find(Check::Doubled, format!("decision {path}"), message);
            }
        }
        let is_shortage = matches!(answer.code.as_str(), "InsufficientCapacity" | "CeilingExceeded");
        if answer.outcome == "Refused" && is_shortage && waiting.is_some_and(|waiting| waiting.has_fitted) {
            let message = format!("it was refused with {}, and fitted from its making to its answer", answer.code);
            log.find(Check::FalseDenial, format!("decision {path}"), message);
        }
    }

    /// Begins to look whether it fits, if it is known what is asked.
    fn wait(&mut self, key: Key<'_>, decision: &Decision, ledgers: &Ledgers) {
        let request = self.requests.get(&format!("{}/{}", key.namespace, decision.request));
        let Some(request) = request.filter(|request| request.uid == decision.request_uid) else { return };
        let Some(target) = request.resources else { return };
        let (pool, application) = (request.pool.clone(), request.application.clone());
        let namespace = key.namespace.to_owned();
        let mut waiting = Waiting { decision: key.path(), namespace, application, target, has_fitted: true };
        waiting.has_fitted = self.fits(&pool, &waiting, ledgers);
        self.waiting.entry(pool).or_default().push(waiting);
    }

    fn forget(&mut self, path: &str) -> Option<Waiting> {
        for waiting in self.waiting.values_mut() {
            if let Some(index) = waiting.iter().position(|one| one.decision == path) {
                return Some(waiting.swap_remove(index));
            }
        }
        None
    }

    /// After a commit: counts what decisions caused, and looks again whether those who wait fit.
    pub(crate) fn follow(&mut self, pool: &str, before: Option<&Ledger>, ledgers: &Ledgers, log: &mut Log) {
        if let Some(next) = ledgers.get(pool) {
            let is_new = |line: &String| before.is_none_or(|before| !before.lines.contains_key(line));
            for (_, entry) in next.lines.iter().filter(|(line, _)| is_new(line)) {
                let was = before.and_then(|before| before.entries.get(&entry.allocation));
                self.count(was.map(AsRef::as_ref), entry, log);
            }
        }
        let mut waiting = self.waiting.remove(pool).unwrap_or_default();
        for one in waiting.iter_mut().filter(|one| one.has_fitted) {
            one.has_fitted = self.fits(pool, one, ledgers);
        }
        if !waiting.is_empty() {
            self.waiting.insert(pool.to_owned(), waiting);
        }
    }

    fn count(&mut self, was: Option<&Entry>, is: &Entry, log: &mut Log) {
        let namespace = is.allocation.split('/').next().unwrap_or_default();
        let mut twice = |counts: &mut HashMap<String, u32>, decision: &str, place: &str, verb: &str| {
            let path = format!("{namespace}/{decision}");
            let count = counts.entry(format!("{path} {place}")).or_default();
            *count += 1;
            if *count > 1 {
                let message = format!("it {verb} {} a second time", is.allocation);
                log.find(Check::Doubled, format!("decision {path}"), message);
            }
        };
        let hold = is.hold_decision.as_str();
        if !hold.is_empty() && was.is_none_or(|was| was.hold_decision != hold) {
            twice(&mut self.holds, hold, "", "held for");
        }
        let grant = is.decision.as_str();
        if !grant.is_empty() && was.is_none_or(|was| was.decision != grant) {
            // A move gives to one allocation and takes from another: each is changed once, and one grows.
            twice(&mut self.grants, grant, &is.allocation, "changed");
            let had = was.map(|was| was.granted).unwrap_or_default();
            if !is.granted.beyond(had).is_zero() {
                twice(&mut self.growths, grant, "", "granted to");
            }
        }
    }

    /// Whether holding the target would fit, whichever allocation it is for.
    fn fits(&self, pool: &str, waiting: &Waiting, ledgers: &Ledgers) -> bool {
        let Waiting { namespace, application, target, .. } = waiting;
        let Some(ledger) = ledgers.get(pool) else { return false };
        let key = (namespace.clone(), application.clone(), pool.to_owned());
        let there = self.by_application.get(&key).filter(|names| !names.is_empty());
        let names: Vec<String> = match there {
            Some(names) => names.iter().cloned().collect(),
            None => vec![application.clone(), names::further_allocation(application, pool)],
        };
        names.iter().all(|name| fits(ledger, &format!("{namespace}/{name}"), *target))
    }
}

/// What was answered stays answered.
fn check_answer(path: &str, first: &Answer, now: Option<&Answer>, log: &mut Log) {
    let said = |answer: &Answer| format!("{} {}", answer.outcome, answer.code).trim_end().to_owned();
    let becomes = now.map_or("nothing".to_owned(), said);
    if becomes != said(first) {
        let message = format!("its outcome was {} and became {becomes}", said(first));
        log.find(Check::Doubled, format!("decision {path}"), message);
    } else if now != Some(first) {
        log.report.answered_again += 1;
    }
}

/// The product's rule, in this crate's own arithmetic: what is held is the target without what is
/// granted, and a resource in which nothing is added is never in the way.
fn fits(ledger: &Ledger, allocation: &str, target: Amounts) -> bool {
    let nothing = Entry { allocation: allocation.to_owned(), ..Entry::default() };
    let entry = ledger.entries.get(allocation).map_or(&nothing, AsRef::as_ref);
    let department = entry.department();
    if entry.is_leaving || !ledger.ceilings.contains_key(department) {
        return false;
    }
    let after = entry.granted.plus(target.beyond(entry.granted)).plus(entry.draining);
    let added = after.beyond(entry.out());
    let fits_under = |limit: Amounts, out: Amounts| {
        added.present().all(|(kind, added)| out.of(kind).saturating_add(added) <= limit.of(kind))
    };
    fits_under(ledger.capacity, ledger.out)
        && ledger.above(department).all(|name| {
            let limit = ledger.ceilings.get(name).and_then(|ceiling| ceiling.limit);
            limit.is_none_or(|limit| fits_under(limit, ledger.out_below(name)))
        })
}
