//! Our own kinds, which are stored as JSON. Only the fields that are looked at.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::expect_prefix;
use crate::amounts::{Amounts, Kind};

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Meta {
    uid: String,
    generation: i64,
    deletion_timestamp: Option<String>,
}

#[derive(Deserialize)]
struct Raw<S, T = Nothing> {
    metadata: Meta,
    spec: S,
    #[serde(default)]
    status: Option<T>,
}

#[derive(Deserialize, Default)]
struct Nothing {}

fn open<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    expect_prefix(bytes, b"{", "JSON")?;
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

/// Three texts, as people write amounts.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Texts {
    cpu: String,
    memory: String,
    storage: String,
}

impl Texts {
    fn read(&self) -> Result<Amounts, String> {
        let mut all = Amounts::ZERO;
        for (kind, text) in Kind::ALL.into_iter().zip([&self.cpu, &self.memory, &self.storage]) {
            all.0[kind as usize] = kind.read(text).ok_or_else(|| format!("{kind}: {text:?} isn't an amount"))?;
        }
        Ok(all)
    }
}

/// What a pool or department says may be out, and whether being above it is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub amounts: Amounts,
    pub accepts_overcommit: bool,
}

/// A ResourcePool at one generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    pub uid: String,
    pub generation: i64,
    /// The contract × the percentage of it that may be granted.
    pub limit: Limit,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PoolSpec {
    contract: Contract,
    #[serde(default)]
    grantable_percent: Percent,
    #[serde(default)]
    accept_overcommit: bool,
}

#[derive(Deserialize)]
struct Contract {
    capacity: Texts,
}

#[derive(Deserialize)]
#[serde(default)]
struct Percent {
    cpu: u32,
    memory: u32,
    storage: u32,
}

impl Default for Percent {
    fn default() -> Self {
        Self { cpu: 100, memory: 100, storage: 100 }
    }
}

impl Pool {
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let Raw::<PoolSpec> { metadata, spec, .. } = open(bytes)?;
        let PoolSpec { contract, grantable_percent: Percent { cpu, memory, storage }, accept_overcommit } = spec;
        let mut amounts = contract.capacity.read()?;
        for (amount, percent) in amounts.0.iter_mut().zip([cpu, memory, storage]) {
            *amount = *amount * u128::from(percent) / 100;
        }
        let limit = Limit { amounts, accepts_overcommit: accept_overcommit };
        Ok(Self { uid: metadata.uid, generation: metadata.generation, limit })
    }
}

/// A Department at one generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Department {
    pub uid: String,
    pub generation: i64,
    /// By pool. One that can't be read isn't there.
    pub ceilings: BTreeMap<String, Limit>,
}

#[derive(Deserialize)]
struct DepartmentSpec {
    #[serde(default)]
    ceilings: Vec<DepartmentCeiling>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DepartmentCeiling {
    pool: String,
    #[serde(flatten)]
    amounts: Texts,
    #[serde(default)]
    accept_overcommit: bool,
}

impl Department {
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let Raw::<DepartmentSpec> { metadata, spec, .. } = open(bytes)?;
        let limit = |ceiling: DepartmentCeiling| {
            let amounts = ceiling.amounts.read().ok()?;
            Some((ceiling.pool, Limit { amounts, accepts_overcommit: ceiling.accept_overcommit }))
        };
        let ceilings = spec.ceilings.into_iter().filter_map(limit).collect();
        Ok(Self { uid: metadata.uid, generation: metadata.generation, ceilings })
    }
}

/// An Allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    pub uid: String,
    pub generation: i64,
    pub is_going: bool,
    pub application: String,
    pub pool: String,
    pub resources: Option<Amounts>,
    /// What its status says it has.
    pub granted: Option<Amounts>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AllocationStatus {
    granted: Option<Texts>,
}

#[derive(Deserialize)]
struct Asked {
    application: String,
    pool: String,
    resources: Texts,
}

impl Allocation {
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let Raw::<Asked, AllocationStatus> { metadata, spec, status } = open(bytes)?;
        let Meta { uid, generation, deletion_timestamp } = metadata;
        let (is_going, resources) = (deletion_timestamp.is_some(), spec.resources.read().ok());
        let granted = status.and_then(|status| status.granted?.read().ok());
        Ok(Self { uid, generation, is_going, application: spec.application, pool: spec.pool, resources, granted })
    }
}

/// A QuotaRequest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub uid: String,
    pub application: String,
    pub pool: String,
    pub resources: Option<Amounts>,
    pub phase: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RequestStatus {
    phase: String,
}

impl Request {
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let Raw::<Asked, RequestStatus> { metadata, spec, status } = open(bytes)?;
        let resources = spec.resources.read().ok();
        let phase = status.unwrap_or_default().phase;
        Ok(Self { uid: metadata.uid, application: spec.application, pool: spec.pool, resources, phase })
    }
}

/// A QuotaDecision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub uid: String,
    pub request: String,
    pub request_uid: String,
    pub request_revision: i64,
    pub stage: String,
    pub verdict: String,
    pub answer: Option<Answer>,
}

/// What came of a decision.
#[derive(Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct Answer {
    pub outcome: String,
    pub code: String,
    pub at: String,
    pub ledger_revision: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DecisionSpec {
    request: RequestRef,
    #[serde(default)]
    request_revision: i64,
    #[serde(default)]
    stage: String,
    verdict: String,
}

#[derive(Deserialize)]
struct RequestRef {
    name: String,
    uid: String,
}

impl Decision {
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let Raw::<DecisionSpec, Answer> { metadata, spec, status } = open(bytes)?;
        let DecisionSpec { request, request_revision, stage, verdict } = spec;
        let answer = status.filter(|answer| !answer.outcome.is_empty());
        let RequestRef { name, uid } = request;
        Ok(Self { uid: metadata.uid, request: name, request_uid: uid, request_revision, stage, verdict, answer })
    }
}

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
        Ok(Self {
            uid: metadata.uid,
            revision,
            capacity: capacity.read()?.unwrap_or_default(),
            pool_uid,
            pool_generation,
            cluster_uid,
            ceilings: ceilings.collect::<Result<_, String>>()?,
            lines,
            entries,
        })
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
