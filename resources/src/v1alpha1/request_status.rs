//! What the operator says of a request.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quota_decision::DecisionStatus;
use super::request_term::{GrantTerm, HadBefore, TakenBack};
use crate::amounts::Resources;

/// Where the case stands. Technical health is in the conditions.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Phase {
    /// 已提交: waits for a decision.
    #[default]
    Submitted,
    /// 已受理
    Accepted,
    /// 技术审核
    TechReview,
    /// 待确认(调整方案)
    Offered,
    /// 已批准: decided, capacity held.
    Approved,
    /// 开通中: the quota is being written.
    Provisioning,
    /// 测试中
    Testing,
    /// 使用中: in force.
    Active,
    /// 退回补正
    Returned,
    /// 不予批准
    Rejected,
    /// 已撤回
    Withdrawn,
    /// 已失效
    Lapsed,
    /// 已到期
    Expired,
    /// 回收中: the quota is being lowered, the capacity still counted.
    Reclaiming,
    /// 已释放: the capacity is back.
    Released,
}

#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct QuotaRequestStatus {
    /// What people quote, such as 2026-000123.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// What a decision names as looked at: one more each time a returned request is sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// Who has reviewed it, and how far that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewRecord>,
    /// What is offered instead of what was asked for. It stays when the department accepts: then it
    /// is what was approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
    /// While it is returned: what the department has to correct.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Returned>,
    /// When it was withdrawn, and from where: for the undo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Withdrawal>,
    /// The decision that was applied last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// The decision that was refused last, with the answer to it. It is noted here before it is
    /// answered, so that of two operators that see different things only one is heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<RefusedDecision>,
    /// The allocation it brought about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocation: Option<String>,
    /// The end of the grant that it brought about, where that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<GrantTerm>,
    /// What the application had in the pool before the approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<HadBefore>,
    /// The decision that takes the grant back, or stopped its provisioning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back: Option<TakenBack>,
    /// Whether it was approved without a person, or why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic: Option<AutomaticReview>,
    /// What the rules of automatic approval found, with the values they looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub evidence: Vec<Evidence>,
    /// The last 32 steps, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<HistoryRecord>,
    #[serde(default)]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

/// A decision that changed nothing, and why.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct RefusedDecision {
    /// Name of the QuotaDecision.
    pub decision: String,
    /// What it is answered with.
    pub answer: DecisionStatus,
}

/// The step that a request waits in.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Stage {
    /// Acceptance, TechReview or AdminApproval; in a phase that is no review, the phase's name.
    pub name: String,
    /// Which time limit runs: a key of the CloudPolicy such as `sla.accept`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// When the time limit began to run, or went on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// Working days that it had then. Absent where the limit isn't in working days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub workdays: Option<i64>,
    /// When it is due, with its zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<String>,
    /// The due date runs through a year whose holidays aren't published.
    #[serde(default)]
    pub provisional: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminded_at: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urged_at: Option<Time>,
    #[serde(default)]
    pub overdue: bool,
    /// It is overdue: the role that this was put before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated_to: Option<String>,
    /// The reviewers' own time limit, while it is the department's turn: it goes on with what was left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<StoppedClock>,
}

/// A time limit that doesn't run at present.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct StoppedClock {
    /// Which time limit: a key of the CloudPolicy.
    pub limit: String,
    /// When it would have been due, with its zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<String>,
    /// When it was stopped.
    pub at: Time,
}

/// The review stages, in their order.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReviewStage {
    /// 技术审核
    #[default]
    TechReview,
    /// 行政审批
    AdminApproval,
}

/// Who has reviewed a request, and how far that is.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ReviewRecord {
    /// The review stage that it is in, or was in last.
    #[serde(default)]
    pub stage: ReviewStage,
    /// Who took it for the technical review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// Who has decided at which stage. Nobody does so at both.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acted: Vec<Reviewed>,
    /// Who corrected it after it was returned, beside the requester: they don't decide it either.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub editors: Vec<String>,
    /// Offers that have been made.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub offers: i64,
    /// Who confirmed that a test is over and the rest may be opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<String>,
}

/// Somebody has decided at a review stage.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Reviewed {
    pub stage: ReviewStage,
    pub by: String,
}

/// A smaller amount that a reviewer offers: what the application shall have afterwards.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Offer {
    pub pool: String,
    pub resources: Resources,
    pub by: String,
    pub reason: String,
    pub expires_at: String,
    /// Which offer it is: the first, the second.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub round: i64,
}

/// What the department has to correct.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Returned {
    /// Who returned it.
    pub by: String,
    pub reason: String,
    /// The fields to correct, such as `spec.resources.memory`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// The phase that it goes back to when it is sent again.
    pub from: Phase,
    /// The spec as it was returned, as JSON: what the correction is compared with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<String>,
}

/// A withdrawal, which whoever made it may undo for a short time.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Withdrawal {
    pub by: String,
    pub at: Time,
    /// The phase that it was in.
    pub from: Phase,
    /// The step that it was in, with its time limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
}

/// What the rules of automatic approval came to, once for each revision.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct AutomaticReview {
    /// The request's revision that was looked at.
    pub revision: i64,
    pub at: Time,
    pub outcome: AutomaticOutcome,
    /// What ledger and allocation name as the decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// Generation of the CloudPolicy that it went by; 0 where there was none.
    #[serde(default)]
    pub policy_revision: i64,
    /// Revision of the ledger that the rules looked at, then the one that holds the capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger_revision: Option<i64>,
    /// Why a person decides: codes such as NoData, UseLow, IncreaseLarge, PoolFull.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub reasons: Vec<String>,
}

#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AutomaticOutcome {
    /// A person decides.
    #[default]
    Person,
    /// All rules hold; the capacity is being asked for.
    Pending,
    /// Approved without a person.
    Approved,
}

/// What one rule found.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// R1 to R6, or the name of an expression.
    pub rule: String,
    /// What was found, such as `62.0 %`; `-` where there is nothing to find.
    pub value: String,
    /// What it was held against, such as `>= 35 %`.
    pub threshold: String,
    /// Passed or Failed.
    pub result: String,
    /// Where the value comes from.
    pub source: String,
    /// cpu, memory or storage, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The time looked at, such as `14 d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// Samples there are, of those there would be: `4030/4032`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<String>,
    /// What the matter is, where it failed. Promised to scripts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What is said of it where no code says enough: an expression's message, a refusal's sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// One step of a request's life.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct HistoryRecord {
    pub at: Time,
    pub by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Phase>,
    pub to: Phase,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// The code of the reason, of those in the CloudPolicy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The step that it is in afterwards, where the phase alone doesn't say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<ReviewStage>,
    /// Sent again: what was corrected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Correction>,
}

/// One corrected field.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Correction {
    /// Such as `spec.resources.memory`.
    pub field: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub before: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub after: String,
}
