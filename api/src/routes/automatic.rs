//! What the rules of automatic approval found, as it is shown.

use serde::Serialize;
use utoipa::ToSchema;

use crate::view::Resource;

/// Whether a request would be approved without a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Automatic {
    /// 符合自动审批
    pub would: bool,
    /// What each rule found.
    pub evidence: Vec<Evidence>,
    /// 需人工审核: why; empty if it would.
    pub reasons: Vec<AutomaticReason>,
}

/// What the rules came to when a request was submitted.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutomaticReview {
    pub outcome: AutomaticOutcome,
    /// The revision of the request that was looked at.
    pub revision: i64,
    #[schema(format = DateTime)]
    pub at: String,
    /// Generation of the CloudPolicy that it went by.
    pub policy_revision: i64,
    #[schema(required)]
    pub ledger_revision: Option<i64>,
    pub evidence: Vec<Evidence>,
    /// Why a person decides.
    pub reasons: Vec<AutomaticReason>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum AutomaticOutcome {
    /// A person decides.
    Person,
    /// All rules hold; the capacity is being asked for.
    Pending,
    /// 自动批准
    Approved,
}

/// What one rule found.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// R1 to R6, or the name of one of the city's own conditions.
    #[schema(example = "R1")]
    pub rule: String,
    /// What the rule is about, in the caller's language.
    pub title: String,
    #[schema(required)]
    pub resource: Option<Resource>,
    #[schema(example = "62.0 %")]
    pub value: String,
    #[schema(example = ">= 35 %")]
    pub threshold: String,
    /// The time looked at.
    #[schema(required, example = "14 d")]
    pub window: Option<String>,
    /// Samples there are, of those there would be.
    #[schema(required, example = "4030/4032")]
    pub samples: Option<String>,
    pub passed: bool,
    /// Where the value comes from.
    #[schema(example = "metrics.k8s.io")]
    pub source: String,
    /// What the matter is, where it didn't pass.
    #[schema(required)]
    pub reason: Option<AutomaticReason>,
}

/// One reason why a person decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutomaticReason {
    #[schema(example = "NoData")]
    pub code: String,
    /// In the caller's language.
    #[schema(example = "无监控数据")]
    pub message: String,
}
