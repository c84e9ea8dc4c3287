//! The ledger once more, as slow and as plain as possible: rows in a list, signed numbers, every
//! total counted anew for every question. Written from the design, not from the ledger.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{Ask, Bundle, Request, Sequence};

/// CPU, memory, storage.
pub type Three = [i128; 3];

const NONE: Three = [0; 3];
const MOST: i128 = 100_000_000_000_000_000;
const ROWS_MAX: usize = 4_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Naive {
    pub revision: u64,
    pub capacity: Three,
    pub pool_uid: Option<String>,
    pub pool_generation: i64,
    pub departments: BTreeMap<String, Unit>,
    pub rows: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    pub parent: Option<String>,
    pub ceiling: Option<Three>,
    pub uid: Option<String>,
    pub generation: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub namespace: String,
    pub name: String,
    pub uid: Option<String>,
    pub leaving: bool,
    pub generation: i64,
    pub revision: u64,
    pub decision: Option<String>,
    /// All namespaces; `None` for those that were dropped.
    pub namespaces: BTreeMap<String, Option<Three>>,
    /// Request, identity of the request, decision, amount.
    pub hold: Option<(String, String, String, Three)>,
    pub draining: Three,
}

/// An answer in a few words: for refusals, the code of the reason and what it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Grant { before: Three, after: Three },
    Unchanged,
    Wait(&'static str, Option<usize>),
    Refuse(&'static str, Option<usize>),
}

type Stop = (&'static str, Option<usize>);

pub fn three(bundle: Bundle) -> Three {
    [bundle.cpu, bundle.memory, bundle.storage].map(|amount| i128::from(amount.get()))
}

fn plus(a: Three, b: Three) -> Three {
    std::array::from_fn(|i| a[i] + b[i])
}

fn above_zero(a: Three) -> Three {
    a.map(|x| x.max(0))
}

fn minus(a: Three, b: Three) -> Three {
    std::array::from_fn(|i| a[i] - b[i])
}

impl Row {
    fn empty(namespace: &str, name: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: None,
            leaving: false,
            generation: 0,
            revision: 0,
            decision: None,
            namespaces: BTreeMap::new(),
            hold: None,
            draining: NONE,
        }
    }

    fn share(&self, namespace: &str) -> Three {
        self.namespaces.get(namespace).copied().flatten().unwrap_or(NONE)
    }

    fn granted(&self) -> Three {
        self.namespaces.values().flatten().fold(NONE, |sum, share| plus(sum, *share))
    }

    pub fn total(&self) -> Three {
        plus(plus(self.granted(), self.draining), self.hold.as_ref().map_or(NONE, |hold| hold.3))
    }

    fn department(&self) -> &str {
        &self.namespace["dept-".len()..]
    }

    fn is_over(&self) -> bool {
        let gone = self.uid.is_none() || self.leaving;
        gone && self.hold.is_none() && self.total() == NONE && self.namespaces.is_empty()
    }
}

impl Naive {
    pub fn decide(&mut self, requests: &[Request], sequence: Sequence) -> Vec<Answer> {
        let start = self.clone();
        let mut places: Vec<usize> = (0..requests.len()).collect();
        places.sort_by_cached_key(|&place| start.turn(&requests[place]));
        let mut answers = vec![Answer::Unchanged; requests.len()];
        let mut somebody_waits = false;
        for place in places {
            let blocked = somebody_waits && sequence == Sequence::Ordered;
            let answer = self.one(&requests[place].ask, blocked, start.revision + 1);
            let shortages = ["InsufficientCapacity", "CeilingExceeded", "LedgerFull"];
            somebody_waits |= matches!(&answer, Answer::Wait(code, _) if shortages.contains(code));
            answers[place] = answer;
        }
        if answers.iter().any(|answer| matches!(answer, Answer::Grant { .. })) {
            self.revision = start.revision + 1;
        }
        answers
    }

    fn turn(&self, request: &Request) -> (u8, i64, Option<(String, String)>, Option<String>) {
        let kind = match &request.ask {
            Ask::Remove { .. } | Ask::Unhold { .. } | Ask::Release { .. } => 1,
            Ask::Capacity { .. } | Ask::Department { .. } | Ask::RemoveDepartment { .. } => 2,
            Ask::Hold { .. } => 3,
            Ask::Target { allocation, shares, .. } => {
                let row = self.row(&allocation.namespace, &allocation.name);
                let more =
                    |(name, share): (&String, &Bundle)| minus(three(*share), row.share(name)).iter().any(|&x| x > 0);
                if shares.iter().any(more) { 3 } else { 1 }
            }
        };
        let allocation = request.ask.allocation().map(|key| (key.namespace.clone(), key.name.clone()));
        (kind, request.at_ms, allocation, request.ask.department().map(str::to_owned))
    }

    fn row(&self, namespace: &str, name: &str) -> Row {
        let found = self.rows.iter().find(|row| row.namespace == namespace && row.name == name);
        found.cloned().unwrap_or_else(|| Row::empty(namespace, name))
    }

    fn one(&mut self, ask: &Ask, blocked: bool, revision: u64) -> Answer {
        match ask {
            Ask::Capacity { capacity, uid, generation, accept_overcommit } => {
                self.set_capacity(three(*capacity), uid, *generation, *accept_overcommit)
            }
            Ask::Department { department, parent, ceiling, uid, generation, accept_overcommit } => {
                let (parent, ceiling, uid) = (parent.clone(), ceiling.map(three), Some(uid.clone()));
                let unit = Unit { parent, ceiling, uid, generation: *generation };
                self.set_department(department, unit, *accept_overcommit)
            }
            Ask::RemoveDepartment { department } => self.remove_department(department),
            Ask::Target { allocation, uid, generation, shares, decision } => {
                let shares: BTreeMap<String, Three> =
                    shares.iter().map(|(name, share)| (name.clone(), three(*share))).collect();
                if let Some(i) = too_large(shares.values()) {
                    return Answer::Refuse("AmountTooLarge", Some(i));
                }
                let row = self.row(&allocation.namespace, &allocation.name);
                match retarget(&row, uid, *generation, &shares, decision.as_deref()) {
                    Ok(Some(row)) => {
                        self.settle(row, blocked, Some(revision)).unwrap_or_else(|(code, i)| Answer::Wait(code, i))
                    }
                    Ok(None) => Answer::Unchanged,
                    Err((code, i)) => Answer::Wait(code, i),
                }
            }
            Ask::Remove { allocation, uid } => {
                let mut row = self.row(&allocation.namespace, &allocation.name);
                if row.leaving || row.uid.as_ref() != Some(uid) {
                    return Answer::Unchanged;
                }
                row.draining = plus(row.draining, row.granted());
                row.namespaces.values_mut().for_each(|share| *share = None);
                (row.leaving, row.hold, row.decision) = (true, None, None);
                self.settle(row, blocked, Some(revision)).expect("what gives back is never stopped")
            }
            Ask::Hold { allocation, request, uid, decision, target } => {
                let row = self.row(&allocation.namespace, &allocation.name);
                match hold(row, request, uid, decision, three(*target)) {
                    Ok(Some(row)) => {
                        self.settle(row, blocked, None).unwrap_or_else(|(code, i)| Answer::Refuse(code, i))
                    }
                    Ok(None) => Answer::Unchanged,
                    Err((code, i)) => Answer::Refuse(code, i),
                }
            }
            Ask::Unhold { allocation, uid } => {
                let mut row = self.row(&allocation.namespace, &allocation.name);
                if row.hold.as_ref().is_none_or(|hold| hold.1 != *uid) {
                    return Answer::Unchanged;
                }
                row.hold = None;
                self.settle(row, blocked, None).expect("what gives back is never stopped")
            }
            Ask::Release { allocation, revision: evidence, used, gone } => {
                let row = self.row(&allocation.namespace, &allocation.name);
                if row.revision != *evidence {
                    return Answer::Refuse("EvidenceOutdated", None);
                }
                let used = used.iter().map(|(name, used)| (name.clone(), three(*used))).collect();
                match release(&row, &used, gone) {
                    Some(row) => self.settle(row, blocked, None).expect("what gives back is never stopped"),
                    None => Answer::Unchanged,
                }
            }
        }
    }

    /// Puts the row in and looks whether anything is worse than it was; if so, puts it back.
    fn settle(&mut self, mut row: Row, blocked: bool, requotas: Option<u64>) -> Result<Answer, Stop> {
        let is_this = |other: &Row| other.namespace == row.namespace && other.name == row.name;
        let before = self.row(&row.namespace, &row.name);
        let (was, is) = (before.total(), row.total());
        let grows = (0..3).any(|i| is[i] > was[i]);
        if grows && blocked {
            return Err(("BehindAnother", None));
        }
        if grows && !self.departments.contains_key(row.department()) {
            return Err(("UnknownDepartment", None));
        }
        let mut next = self.clone();
        next.rows.retain(|other| !is_this(other));
        let others = next.rows.len();
        row.revision = requotas.unwrap_or(row.revision);
        if !row.is_over() {
            next.rows.push(row.clone());
        }
        let everything = (next.out(|_| true), Some(next.capacity), "InsufficientCapacity");
        let mut limits = vec![everything];
        let mut at = Some(row.department());
        while let Some(name) = at {
            let known = self.departments.get(name);
            limits.push((next.out_below(name), known.and_then(|unit| unit.ceiling), "CeilingExceeded"));
            at = known.and_then(|unit| unit.parent.as_deref());
        }
        for (out, limit, code) in limits {
            for i in (0..3).filter(|&i| is[i] > was[i]) {
                if limit.is_some_and(|limit| out[i] > limit[i]) {
                    return Err((code, Some(i)));
                }
            }
        }
        let wanted: Vec<&String> =
            row.namespaces.iter().filter(|(_, share)| share.is_some()).map(|(name, _)| name).collect();
        if self
            .rows
            .iter()
            .any(|other| !is_this(other) && wanted.iter().any(|name| other.namespaces.contains_key(*name)))
        {
            return Err(("NamespaceTaken", None));
        }
        if others >= ROWS_MAX {
            return Err(("LedgerFull", None));
        }
        *self = next;
        Ok(Answer::Grant { before: was, after: is })
    }

    fn set_capacity(&mut self, capacity: Three, uid: &str, generation: i64, accept: bool) -> Answer {
        let another = self.pool_uid.as_ref().is_some_and(|known| known != uid);
        if !another && generation <= self.pool_generation {
            return Answer::Unchanged;
        }
        if let Some(i) = too_large([&capacity].into_iter()) {
            return Answer::Refuse("AmountTooLarge", Some(i));
        }
        let out = self.out(|_| true);
        let broken = (0..3).find(|&i| capacity[i] < self.capacity[i] && capacity[i] < out[i]);
        if let (Some(i), false) = (broken, accept) {
            return Answer::Refuse("CapacityBelowGranted", Some(i));
        }
        (self.capacity, self.pool_generation) = (capacity, generation);
        self.pool_uid = Some(uid.to_owned());
        Answer::Grant { before: NONE, after: NONE }
    }

    /// No ceiling of the new tree may have more below it than it allows, unless it had so before
    /// and isn't any worse off, or the department chooses it for itself.
    fn set_department(&mut self, name: &str, unit: Unit, accept: bool) -> Answer {
        let another = |known: &Unit| known.uid.is_some() && known.uid != unit.uid;
        let done = |known: &Unit| !another(known) && unit.generation <= known.generation;
        if self.departments.get(name).is_some_and(done) {
            return Answer::Unchanged;
        }
        let mut next = self.clone();
        next.departments.insert(name.to_owned(), unit);
        if next.departments.keys().any(|name| next.climb(name).is_none()) {
            return Answer::Refuse("DepartmentCycle", None);
        }
        for (above, after) in &next.departments {
            let Some(limit) = after.ceiling else { continue };
            let was_limit = self.departments.get(above).and_then(|unit| unit.ceiling);
            let (was, is) = (self.out_below(above), next.out_below(above));
            let worse = |i: usize| is[i] > was[i] || was_limit.is_none_or(|was_limit| limit[i] < was_limit[i]);
            let chosen = accept && above == name;
            if (0..3).any(|i| is[i] > limit[i] && worse(i)) && !chosen {
                return Answer::Refuse("CeilingBelowGranted", None);
            }
        }
        *self = next;
        Answer::Grant { before: NONE, after: NONE }
    }

    fn remove_department(&mut self, name: &str) -> Answer {
        if !self.departments.contains_key(name) {
            return Answer::Unchanged;
        }
        let children = self.departments.values().any(|unit| unit.parent.as_deref() == Some(name));
        if children || self.out_below(name) != NONE {
            return Answer::Refuse("DepartmentInUse", None);
        }
        self.departments.remove(name);
        Answer::Grant { before: NONE, after: NONE }
    }

    /// The way up, or nothing if it never ends. The world is too small to be too deep.
    fn climb(&self, name: &str) -> Option<Vec<String>> {
        let (mut way, mut at) = (Vec::new(), Some(name.to_owned()));
        while let Some(name) = at {
            if way.contains(&name) {
                return None;
            }
            at = self.departments.get(&name).and_then(|unit| unit.parent.clone());
            way.push(name);
        }
        Some(way)
    }

    fn out(&self, counts: impl Fn(&Row) -> bool) -> Three {
        self.rows.iter().filter(|row| counts(row)).fold(NONE, |sum, row| plus(sum, row.total()))
    }

    pub fn out_below(&self, department: &str) -> Three {
        let department = department.to_owned();
        self.out(|row| self.climb(row.department()).is_some_and(|way| way.contains(&department)))
    }
}

fn retarget(
    row: &Row,
    uid: &str,
    generation: i64,
    shares: &BTreeMap<String, Three>,
    decision: Option<&str>,
) -> Result<Option<Row>, Stop> {
    if row.uid.as_deref().is_some_and(|known| known != uid) {
        return Err(("EarlierObjectDraining", None));
    }
    if row.uid.is_some() && (row.leaving || generation <= row.generation) {
        return Ok(None);
    }
    let mut next = row.clone();
    let names: BTreeSet<&String> = row.namespaces.keys().chain(shares.keys()).collect();
    let mut given = NONE;
    for &name in &names {
        let after = shares.get(name).copied();
        let change = minus(after.unwrap_or(NONE), row.share(name));
        next.draining = plus(next.draining, above_zero(minus(NONE, change)));
        given = plus(given, above_zero(change));
        next.namespaces.insert(name.clone(), after);
    }
    // Draining may be used again where it can't be in use elsewhere: one namespace, ever.
    if names.len() == 1 && shares.len() == 1 {
        next.draining = above_zero(minus(next.draining, given));
    }
    if row.hold.as_ref().is_some_and(|hold| decision == Some(hold.2.as_str())) {
        next.hold = None;
    }
    (next.uid, next.generation, next.decision) = (Some(uid.to_owned()), generation, decision.map(str::to_owned));
    Ok(Some(next))
}

fn hold(row: Row, request: &str, uid: &str, decision: &str, target: Three) -> Result<Option<Row>, Stop> {
    if let Some(i) = too_large([&target].into_iter()) {
        return Err(("AmountTooLarge", Some(i)));
    }
    if row.leaving {
        return Err(("EarlierObjectDraining", None));
    }
    let hold = (request.to_owned(), uid.to_owned(), decision.to_owned(), above_zero(minus(target, row.granted())));
    if row.decision.as_deref() == Some(decision) || row.hold.as_ref() == Some(&hold) {
        return Ok(None);
    }
    if row.hold.as_ref().is_some_and(|held| held.1 != uid) {
        return Err(("HeldByAnother", None));
    }
    Ok(Some(Row { hold: Some(hold), ..row }))
}

fn release(row: &Row, used: &BTreeMap<String, Three>, gone: &BTreeSet<String>) -> Option<Row> {
    let mut next = row.clone();
    let mut still_in_use = NONE;
    for (name, share) in &row.namespaces {
        let used = match (used.get(name), gone.contains(name)) {
            (Some(used), _) => *used,
            (None, true) => NONE,
            (None, false) => return None,
        };
        still_in_use = plus(still_in_use, above_zero(minus(used, share.unwrap_or(NONE))));
        if share.is_none() && used == NONE {
            next.namespaces.remove(name);
        }
    }
    next.draining = std::array::from_fn(|i| row.draining[i].min(still_in_use[i]));
    (next != *row).then_some(next)
}

fn too_large<'a>(mut amounts: impl Iterator<Item = &'a Three>) -> Option<usize> {
    amounts.find_map(|amount| (0..3).find(|&i| amount[i] > MOST))
}
