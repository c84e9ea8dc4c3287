//! The ledger, which is JSON with lines of JSON in it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::Deserialize;

use super::custom::{Raw, open};
use crate::amounts::Amounts;

/// Departments above one another. The product allows fewer; a chain that is longer is a circle.
const DEPTH_MAX: usize = 64;

/// A PoolLedger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    pub uid: String,
    pub revision: i64,
    pub capacity: Amounts,
    pub pool_uid: String,
    pub pool_generation: i64,
    pub cluster_uid: String,
    pub ceilings: BTreeMap<String, LedgerCeiling>,
    /// By the line that was read, because most lines of a ledger are those of the one before.
    pub lines: HashMap<String, Arc<Entry>>,
    /// By allocation.
    pub entries: HashMap<String, Arc<Entry>>,
    /// What is out of the pool: summed anew from the entries of each ledger that is read.
    pub out: Amounts,
    /// What each department and everything below it has out.
    pub below: HashMap<String, Amounts>,
}

/// A department in a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerCeiling {
    pub parent: String,
    pub uid: String,
    pub generation: i64,
    pub limit: Option<Amounts>,
}

/// What one allocation has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Namespace and name.
    pub allocation: String,
    pub uid: String,
    pub generation: i64,
    pub revision: i64,
    pub decision: String,
    pub granted: Amounts,
    pub held: Amounts,
    pub draining: Amounts,
    pub shares: BTreeMap<String, Amounts>,
    pub dropped: BTreeSet<String>,
    pub hold_uid: String,
    pub hold_decision: String,
    pub is_leaving: bool,
}

impl Entry {
    pub fn out(&self) -> Amounts {
        self.granted.plus(self.held).plus(self.draining)
    }

    /// What its quotas may say together.
    pub fn usable(&self) -> Amounts {
        self.granted.plus(self.draining)
    }

    /// Namespaces whose quotas are its own.
    pub fn places(&self) -> impl Iterator<Item = &String> {
        self.shares.keys().chain(&self.dropped)
    }

    /// The department whose ceiling binds it.
    pub fn department(&self) -> &str {
        let namespace = self.allocation.split('/').next().unwrap_or_default();
        namespace.strip_prefix("dept-").unwrap_or(namespace)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LedgerSpec {
    revision: i64,
    capacity: Exact,
    #[serde(default)]
    pool_generation: i64,
    #[serde(default)]
    pool_uid: String,
    #[serde(default)]
    cluster_uid: String,
    #[serde(default)]
    ceilings: Vec<CeilingLine>,
    #[serde(default)]
    entries: Vec<String>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(rename_all = "camelCase", default)]
struct Exact {
    cpu_millis: Option<i64>,
    memory_bytes: Option<i64>,
    storage_bytes: Option<i64>,
}

impl Exact {
    fn read(self) -> Result<Option<Amounts>, String> {
        match (self.cpu_millis, self.memory_bytes, self.storage_bytes) {
            (None, None, None) => Ok(None),
            (cpu, memory, storage) => amounts([cpu, memory, storage].map(Option::unwrap_or_default)).map(Some),
        }
    }
}

fn amounts(numbers: [i64; 3]) -> Result<Amounts, String> {
    let mut all = Amounts::ZERO;
    for (amount, number) in all.0.iter_mut().zip(numbers) {
        *amount = u128::try_from(number).map_err(|_| format!("{number} is negative"))?;
    }
    Ok(all)
}

#[derive(Deserialize)]
struct CeilingLine {
    department: String,
    #[serde(default)]
    parent: String,
    #[serde(default)]
    uid: String,
    generation: i64,
    #[serde(flatten)]
    limit: Exact,
}

#[derive(Deserialize)]
struct Line {
    allocation: String,
    #[serde(default)]
    uid: String,
    #[serde(default)]
    generation: i64,
    revision: i64,
    #[serde(default)]
    decision: String,
    #[serde(default)]
    granted: [i64; 3],
    #[serde(default)]
    held: [i64; 3],
    #[serde(default)]
    draining: [i64; 3],
    #[serde(default)]
    namespaces: Vec<Place>,
    #[serde(default)]
    hold: Option<Hold>,
    #[serde(default)]
    leaving: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Place {
    Whole(String),
    Part {
        name: String,
        #[serde(flatten)]
        share: Exact,
        #[serde(default)]
        dropped: bool,
    },
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Hold {
    uid: String,
    decision: String,
}

impl Ledger {
    /// Reads a ledger; lines that `before` has too are taken from it.
    pub fn decode(bytes: &[u8], before: Option<&Self>) -> Result<Self, String> {
        let Raw::<LedgerSpec> { metadata, spec, .. } = open(bytes)?;
        let LedgerSpec { revision, capacity, pool_generation, pool_uid, cluster_uid, ceilings, entries: texts } = spec;
        let mut lines = HashMap::with_capacity(texts.len());
        let mut entries = HashMap::with_capacity(texts.len());
        for text in texts {
            let entry = match before.and_then(|before| before.lines.get(&text)) {
                Some(entry) => Arc::clone(entry),
                None => Arc::new(Entry::read(&text).map_err(|error| format!("entry {text}: {error}"))?),
            };
            if entries.insert(entry.allocation.clone(), Arc::clone(&entry)).is_some() {
                return Err(format!("the entry of {} is there twice", entry.allocation));
            }
            lines.insert(text, entry);
        }
        let ceilings = ceilings.into_iter().map(|line| {
            let CeilingLine { department, parent, uid, generation, limit } = line;
            Ok((department, LedgerCeiling { parent, uid, generation, limit: limit.read()? }))
        });
        let ledger = Self {
            uid: metadata.uid,
            revision,
            capacity: capacity.read()?.unwrap_or_default(),
            pool_uid,
            pool_generation,
            cluster_uid,
            ceilings: ceilings.collect::<Result<_, String>>()?,
            lines,
            entries,
            out: Amounts::ZERO,
            below: HashMap::new(),
        };
        Ok(ledger.sum_up())
    }

    fn sum_up(mut self) -> Self {
        let mut below: HashMap<String, Amounts> = HashMap::new();
        for entry in self.entries.values() {
            let out = entry.out();
            self.out = self.out.plus(out);
            for department in self.above(entry.department()) {
                let sum = below.entry(department.to_owned()).or_default();
                *sum = sum.plus(out);
            }
        }
        self.below = below;
        self
    }

    /// A department and those above it.
    pub fn above<'a>(&'a self, department: &'a str) -> impl Iterator<Item = &'a str> {
        let parent = |name: &&'a str| {
            let parent = self.ceilings.get(*name)?.parent.as_str();
            (!parent.is_empty()).then_some(parent)
        };
        std::iter::successors(Some(department), parent).take(DEPTH_MAX)
    }

    pub fn out_below(&self, department: &str) -> Amounts {
        self.below.get(department).copied().unwrap_or_default()
    }
}

impl Entry {
    fn read(text: &str) -> Result<Self, String> {
        let line: Line = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let granted = amounts(line.granted)?;
        let (mut shares, mut dropped) = (BTreeMap::new(), BTreeSet::new());
        for place in line.namespaces {
            match place {
                Place::Whole(name) => drop(shares.insert(name, granted)),
                Place::Part { name, dropped: true, .. } => drop(dropped.insert(name)),
                Place::Part { name, share, .. } => drop(shares.insert(name, share.read()?.unwrap_or(granted))),
            }
        }
        let hold = line.hold.unwrap_or_default();
        Ok(Self {
            allocation: line.allocation,
            uid: line.uid,
            generation: line.generation,
            revision: line.revision,
            decision: line.decision,
            granted,
            held: amounts(line.held)?,
            draining: amounts(line.draining)?,
            shares,
            dropped,
            hold_uid: hold.uid,
            hold_decision: hold.decision,
            is_leaving: line.leaving,
        })
    }
}
