//! The ledger in a form that can be hashed, and the real one made from it for every decision.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{AllocationKey, Ask, Bundle, Department, Entry, Hold, Ledger, Request, Sequence, Shares, decide};

use super::state::{Evidence, LINES, POOLS, Phase, Proof, SPACES_OF_LINE, State};
use super::worlds::{Mutation, Spec, World};

/// What one ledger says. Capacity and departments never change in these worlds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Book {
    pub revision: u8,
    pub lines: [Option<Line>; LINES],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    /// It has an object; a line that only holds has none.
    pub owned: bool,
    pub leaving: bool,
    pub generation: u8,
    pub revision: u8,
    /// The request's decision was the last change.
    pub decided: bool,
    pub shares: [Share; SPACES_OF_LINE],
    pub held: Option<u8>,
    pub draining: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Share {
    #[default]
    NotOurs,
    Wanted(u8),
    Dropped,
}

impl Share {
    /// What the namespace may use, if the entry governs its quota.
    pub fn of_quota(self) -> Option<u8> {
        match self {
            Self::NotOurs => None,
            Self::Wanted(share) => Some(share),
            Self::Dropped => Some(0),
        }
    }
}

impl Line {
    pub fn granted(&self) -> u8 {
        self.shares.iter().filter_map(|share| share.of_quota()).sum()
    }

    /// What the quotas may allow in all. A hold doesn't count.
    pub fn counted(&self) -> u8 {
        self.granted() + self.draining
    }

    pub fn drains(&self) -> bool {
        self.draining > 0 || self.shares.contains(&Share::Dropped)
    }
}

const UID: &str = "uid";
const REQUEST: &str = "qr";
const DECISION: &str = "qd";

fn cores(amount: u8) -> Bundle {
    Bundle::new(u64::from(amount), 0, 0)
}

fn amount(bundle: Bundle) -> u8 {
    u8::try_from(bundle.cpu.get()).expect("a small world has small amounts")
}

fn key(world: &World, line: usize) -> AllocationKey {
    AllocationKey::new("dept-d", world.lines[line].name)
}

fn space_name(space: usize) -> String {
    format!("n{space}")
}

impl Book {
    /// The real ledger.
    pub fn ledger(&self, world: &World, pool: usize) -> Ledger {
        let department = ("d", Department { generation: 1, ..Department::default() });
        let lines = self.lines.iter().enumerate().filter_map(|(index, line)| Some((index, line.as_ref()?)));
        Ledger {
            revision: u64::from(self.revision),
            capacity: cores(world.capacity[pool]),
            departments: std::iter::once(department).collect(),
            entries: lines.map(|(index, line)| (key(world, index), line.entry(world, index))).collect(),
            ..Ledger::default()
        }
    }

    fn of(world: &World, ledger: &Ledger) -> Self {
        let mut book = Self { revision: number(ledger.revision), ..Self::default() };
        for (index, line) in book.lines.iter_mut().enumerate().take(world.lines.len()) {
            *line = ledger.entries.get(&key(world, index)).map(|entry| Line::of(world, index, entry));
        }
        book
    }
}

fn number(number: u64) -> u8 {
    u8::try_from(number).expect("a small world has few revisions")
}

impl Line {
    fn entry(&self, world: &World, index: usize) -> Entry {
        let names = world.lines[index].spaces.iter().map(|space| space_name(*space));
        let shares: Vec<(String, Share)> = names.zip(self.shares).collect();
        let hold = |held: u8| Hold {
            request: REQUEST.to_owned(),
            uid: REQUEST.to_owned(),
            decision: DECISION.to_owned(),
            amount: cores(held),
        };
        Entry {
            uid: self.owned.then(|| UID.to_owned()),
            leaving: self.leaving,
            generation: i64::from(self.generation),
            revision: u64::from(self.revision),
            decision: self.decided.then(|| DECISION.to_owned()),
            shares: shares
                .iter()
                .filter_map(|(name, share)| match share {
                    Share::Wanted(share) => Some((name.clone(), cores(*share))),
                    Share::NotOurs | Share::Dropped => None,
                })
                .collect(),
            dropped: shares
                .iter()
                .filter(|(_, share)| *share == Share::Dropped)
                .map(|(name, _)| name.clone())
                .collect::<BTreeSet<_>>(),
            hold: self.held.map(hold),
            draining: cores(self.draining),
        }
    }

    fn of(world: &World, index: usize, entry: &Entry) -> Self {
        // Taken apart without `..`: what the ledger comes to know must not be lost here.
        let Entry { uid, leaving, generation, revision, decision, shares, dropped, hold, draining } = entry;
        let mut line = Self {
            owned: uid.is_some(),
            leaving: *leaving,
            generation: u8::try_from(*generation).expect("scripts are short"),
            revision: number(*revision),
            decided: decision.is_some(),
            shares: [Share::NotOurs; SPACES_OF_LINE],
            held: hold.as_ref().map(|hold| amount(hold.amount)),
            draining: amount(*draining),
        };
        for (share, space) in line.shares.iter_mut().zip(world.lines[index].spaces) {
            let name = space_name(*space);
            *share = match (shares.get(&name), dropped.contains(&name)) {
                (Some(cores), _) => Share::Wanted(amount(*cores)),
                (None, true) => Share::Dropped,
                (None, false) => Share::NotOurs,
            };
        }
        line
    }
}

/// One pass of a pool by the real `decide`: what all objects say, and the evidence if there is any.
/// `behind` is an allocation whose object the pass knows only as it was one generation ago.
pub fn pass(
    world: &World,
    state: &State,
    mutation: Option<Mutation>,
    pool: usize,
    evidence: Option<Evidence>,
    behind: Option<usize>,
) -> Book {
    let before = state.ledgers[pool].book;
    let mut asks = Vec::new();
    for (index, line) in world.lines.iter().enumerate().filter(|(_, line)| line.pool == pool) {
        let written = state.written[index] - u8::from(behind == Some(index));
        asks.extend(target(world, index, written));
        if world.request == Some(index) {
            asks.extend(of_request(world, index, state.request));
        }
        debug_assert!(line.spaces.len() <= SPACES_OF_LINE && pool < POOLS);
    }
    asks.extend(evidence.map(|evidence| release(world, &before, mutation, evidence)));
    let requests: Vec<Request> = asks.into_iter().map(|ask| Request { ask, at_ms: 0 }).collect();
    let ledger = before.ledger(world, pool);
    debug_assert_eq!(Book::of(world, &ledger), before, "nothing is lost on the way there and back");
    let decided = decide(&ledger, &requests, Sequence::Unordered);
    let mut after = Book::of(world, &decided.ledger);
    if mutation == Some(Mutation::FreesAtOnce) {
        for line in after.lines.iter_mut().flatten() {
            line.draining = 0;
        }
    }
    after
}

fn target(world: &World, index: usize, written: u8) -> Option<Ask> {
    let line = &world.lines[index];
    let allocation = key(world, index);
    let (spec, generation) = (line.script.get(usize::from(written).checked_sub(1)?)?, i64::from(written));
    let Spec::Wants(wanted) = spec else { return Some(Ask::Remove { allocation, uid: UID.to_owned() }) };
    let by_request = world.request == Some(index) && usize::from(written) == line.script.len();
    let shares =
        line.spaces.iter().zip(wanted).filter_map(|(space, share)| Some((space_name(*space), cores((*share)?))));
    Some(Ask::Target {
        allocation,
        uid: UID.to_owned(),
        generation,
        shares: shares.collect(),
        decision: by_request.then(|| DECISION.to_owned()),
    })
}

fn of_request(world: &World, index: usize, phase: Phase) -> Option<Ask> {
    let allocation = key(world, index);
    match phase {
        Phase::Open | Phase::Allocated => None,
        Phase::Withdrawn => Some(Ask::Unhold { allocation, uid: REQUEST.to_owned() }),
        Phase::Approved => Some(Ask::Hold {
            allocation,
            request: REQUEST.to_owned(),
            uid: REQUEST.to_owned(),
            decision: DECISION.to_owned(),
            target: cores(world.lines[index].script.last()?.total()),
        }),
    }
}

fn release(world: &World, before: &Book, mutation: Option<Mutation>, evidence: Evidence) -> Ask {
    let Evidence { line, revision, proof } = evidence;
    let index = usize::from(line);
    let revision = match before.lines[index] {
        Some(now) if mutation == Some(Mutation::ReleaseWithoutRevision) => now.revision,
        _ => revision,
    };
    let (mut used, mut gone): (Shares, BTreeSet<String>) = (BTreeMap::new(), BTreeSet::new());
    for (space, proof) in world.lines[index].spaces.iter().zip(proof) {
        match proof {
            Proof::Used(cpu) => drop(used.insert(space_name(*space), cores(cpu))),
            Proof::Gone => drop(gone.insert(space_name(*space))),
            Proof::Unknown | Proof::Half(_) => {}
        }
    }
    Ask::Release { allocation: key(world, index), revision: u64::from(revision), used, gone }
}

/// Whether the ledger's own audit finds anything.
pub fn audit_fails(world: &World, pool: usize, book: &Book) -> bool {
    !book.ledger(world, pool).audit().findings.is_empty()
}
