//! Our own kinds, which are stored as JSON. Only the fields that are looked at.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::expect_prefix;
use crate::amounts::{Amounts, Kind};

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Meta {
    pub(super) uid: String,
    generation: i64,
    deletion_timestamp: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Raw<S, T = Nothing> {
    pub(super) metadata: Meta,
    pub(super) spec: S,
    #[serde(default)]
    status: Option<T>,
}

#[derive(Deserialize, Default)]
pub(super) struct Nothing {}

pub(super) fn open<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
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
