//! A small world, so that what is generated meets: five departments and a stranger, an allocation
//! in each, three namespaces for each and one that all want, amounts of a few units.

use std::collections::BTreeSet;

use ledger::{AllocationKey, Ask, Bundle, Entry, Ledger, Request, Sequence, decide};
use proptest::prelude::*;

pub const DEPARTMENTS: usize = 5;
pub const ALLOCATIONS: usize = DEPARTMENTS + 1;
/// Of each allocation, besides the one that all want.
const NAMESPACES: usize = 3;

/// What somebody does. Generations and revisions are told relative to what the ledger knows at the
/// time: a history of moves stays meaningful when a part of it is left out, which is what makes
/// failing histories small.
#[derive(Clone, Debug)]
pub enum Move {
    Capacity {
        capacity: Bundle,
        uid: u8,
        newer_by: i64,
        accept_overcommit: bool,
    },
    Department {
        department: usize,
        parent: Option<usize>,
        ceiling: Option<Bundle>,
        uid: u8,
        newer_by: i64,
        accept_overcommit: bool,
    },
    RemoveDepartment {
        department: usize,
    },
    Target {
        allocation: usize,
        uid: u8,
        newer_by: i64,
        shares: Vec<(usize, Bundle)>,
        decision: Option<u8>,
    },
    Remove {
        allocation: usize,
        uid: u8,
    },
    Hold {
        allocation: usize,
        uid: u8,
        decision: u8,
        target: Bundle,
    },
    Unhold {
        allocation: usize,
        uid: u8,
    },
    Release {
        allocation: usize,
        evidence: Evidence,
        used: Vec<Bundle>,
        gone: Vec<bool>,
    },
}

/// How good the proof for a release is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    Sound,
    Outdated,
    /// One namespace isn't spoken of.
    Incomplete,
}

impl Move {
    pub fn ask(&self, ledger: &Ledger) -> Ask {
        match self.clone() {
            Self::Capacity { capacity, uid, newer_by, accept_overcommit } => {
                let (uid, generation) = (format!("pool-uid-{uid}"), ledger.pool_generation + newer_by);
                Ask::Capacity { capacity, uid, generation, accept_overcommit }
            }
            Self::Department { department, parent, ceiling, uid, newer_by, accept_overcommit } => {
                let department = department_name(department);
                let known = ledger.departments.get(&department).map_or(0, |known| known.generation);
                let (parent, generation) = (parent.map(department_name), known + newer_by);
                Ask::Department { department, parent, ceiling, uid: department_uid(uid), generation, accept_overcommit }
            }
            Self::RemoveDepartment { department } => Ask::RemoveDepartment { department: department_name(department) },
            Self::Target { allocation, uid, newer_by, shares, decision } => Ask::Target {
                allocation: key(allocation),
                uid: format!("uid-{uid}"),
                generation: ledger.entries.get(&key(allocation)).map_or(0, |entry| entry.generation) + newer_by,
                shares: shares.into_iter().map(|(n, share)| (namespace(allocation, n), share)).collect(),
                decision: decision.map(|decision| format!("decision-{decision}")),
            },
            Self::Remove { allocation, uid } => Ask::Remove { allocation: key(allocation), uid: format!("uid-{uid}") },
            Self::Hold { allocation, uid, decision, target } => Ask::Hold {
                allocation: key(allocation),
                request: format!("request-{uid}"),
                uid: format!("request-uid-{uid}"),
                decision: format!("decision-{decision}"),
                target,
            },
            Self::Unhold { allocation, uid } => {
                Ask::Unhold { allocation: key(allocation), uid: format!("request-uid-{uid}") }
            }
            Self::Release { allocation, evidence, used, gone } => {
                release(ledger, &key(allocation), evidence, &used, &gone)
            }
        }
    }
}

fn release(ledger: &Ledger, allocation: &AllocationKey, evidence: Evidence, used: &[Bundle], gone: &[bool]) -> Ask {
    let nothing = Entry::default();
    let entry = ledger.entries.get(allocation).unwrap_or(&nothing);
    let skip = usize::from(evidence == Evidence::Incomplete);
    let spoken_of = || entry.quotas().enumerate().skip(skip).map(|(index, (name, _))| (index, name.to_owned()));
    Ask::Release {
        allocation: allocation.clone(),
        revision: entry.revision.wrapping_sub(u64::from(evidence == Evidence::Outdated)),
        used: spoken_of()
            .filter(|(index, _)| !gone[index % NAMESPACES])
            .map(|(index, name)| (name, used[index % NAMESPACES]))
            .collect(),
        gone: spoken_of().filter(|(index, _)| gone[index % NAMESPACES]).map(|(_, name)| name).collect::<BTreeSet<_>>(),
    }
}

/// The sixth is a department that nobody has told the pool about.
pub fn department_name(index: usize) -> String {
    if index < DEPARTMENTS { format!("d{index}") } else { "stranger".to_owned() }
}

pub fn department_uid(uid: u8) -> String {
    format!("department-uid-{uid}")
}

pub fn key(allocation: usize) -> AllocationKey {
    AllocationKey::new(format!("dept-{}", department_name(allocation)), format!("a{allocation}"))
}

/// The last one is wanted by all.
pub fn namespace(allocation: usize, index: usize) -> String {
    if index < NAMESPACES { format!("app-{allocation}-{index}") } else { "app-wanted-by-all".to_owned() }
}

pub fn request(ask: Ask, at_ms: i64) -> Request {
    Request { ask, at_ms }
}

pub fn decide_one(ledger: &Ledger, ask: Ask) -> (Ledger, ledger::Decision) {
    let decided = decide(ledger, &[request(ask, 0)], Sequence::Unordered);
    (decided.ledger, decided.decisions.into_iter().next().expect("one decision for one request"))
}

/// d0 is the root, d1 and d2 are below it, d3 and d4 below d1; d1 and d4 have a ceiling.
pub fn founded() -> Ledger {
    let capacity = Move::Capacity { capacity: Bundle::new(24, 24, 24), uid: 1, newer_by: 1, accept_overcommit: false };
    let tree = [
        (None, None),
        (Some(0), Some(Bundle::new(14, 14, 14))),
        (Some(0), None),
        (Some(1), None),
        (Some(1), Some(Bundle::new(6, 6, 6))),
    ];
    let departments = tree.into_iter().enumerate().map(|(department, (parent, ceiling))| Move::Department {
        department,
        parent,
        ceiling,
        uid: 1,
        newer_by: 1,
        accept_overcommit: false,
    });
    let moves = std::iter::once(capacity).chain(departments);
    moves.fold(Ledger::default(), |ledger, step| decide_one(&ledger, step.ask(&ledger)).0)
}

pub fn any_move() -> impl Strategy<Value = Move> {
    let capacity = (bundle(40), uid(), newer_by(), any::<bool>());
    let department = (0..=DEPARTMENTS, parent(), proptest::option::of(bundle(20)), uid(), newer_by(), any::<bool>());
    prop_oneof![
        1 => capacity.prop_map(|(capacity, uid, newer_by, accept_overcommit)| {
            Move::Capacity { capacity, uid, newer_by, accept_overcommit }
        }),
        2 => department.prop_map(|(department, parent, ceiling, uid, newer_by, accept_overcommit)| {
            Move::Department { department, parent, ceiling, uid, newer_by, accept_overcommit }
        }),
        1 => (0..=DEPARTMENTS).prop_map(|department| Move::RemoveDepartment { department }),
        8 => target(),
        2 => (allocation(), uid()).prop_map(|(allocation, uid)| Move::Remove { allocation, uid }),
        4 => (allocation(), uid(), decision(), bundle(12)).prop_map(|(allocation, uid, decision, target)| {
            Move::Hold { allocation, uid, decision, target }
        }),
        1 => (allocation(), uid()).prop_map(|(allocation, uid)| Move::Unhold { allocation, uid }),
        4 => release_of_any(),
    ]
}

fn target() -> impl Strategy<Value = Move> {
    let amounts = prop_oneof![6 => bundle(8), 1 => Just(Bundle::ZERO)];
    let share = (prop_oneof![12 => 0..NAMESPACES, 1 => Just(NAMESPACES)], amounts);
    let shares = proptest::collection::vec(share, 0..=NAMESPACES);
    let decision = proptest::option::of(decision());
    (allocation(), uid(), newer_by(), shares, decision).prop_map(|(allocation, uid, newer_by, shares, decision)| {
        Move::Target { allocation, uid, newer_by, shares, decision }
    })
}

fn release_of_any() -> impl Strategy<Value = Move> {
    let evidence =
        prop_oneof![6 => Just(Evidence::Sound), 1 => Just(Evidence::Outdated), 1 => Just(Evidence::Incomplete)];
    let used = proptest::collection::vec(prop_oneof![Just(Bundle::ZERO), bundle(6)], NAMESPACES);
    let gone = proptest::collection::vec(proptest::bool::weighted(0.3), NAMESPACES);
    (allocation(), evidence, used, gone).prop_map(|(allocation, evidence, used, gone)| Move::Release {
        allocation,
        evidence,
        used,
        gone,
    })
}

pub fn bundle(most: u64) -> impl Strategy<Value = Bundle> {
    (0..=most, 0..=most, 0..=most).prop_map(|(cpu, memory, storage)| Bundle::new(cpu, memory, storage))
}

fn allocation() -> impl Strategy<Value = usize> {
    0..ALLOCATIONS
}

fn parent() -> impl Strategy<Value = Option<usize>> {
    proptest::option::weighted(0.8, 0..=DEPARTMENTS)
}

fn uid() -> impl Strategy<Value = u8> {
    prop_oneof![5 => Just(1), 1 => Just(2)]
}

fn decision() -> impl Strategy<Value = u8> {
    1..4_u8
}

/// Mostly the next generation, now and then one that was applied already.
fn newer_by() -> impl Strategy<Value = i64> {
    prop_oneof![1 => -1..=0_i64, 6 => 1..=2_i64]
}
