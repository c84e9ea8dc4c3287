//! The course of a request as it is shown: the step that it waits in, who has done what, and what
//! the caller may do now.

use serde::Serialize;
use utoipa::ToSchema;

use super::decisions::Verdict;
use super::requests::Phase;
use crate::view::Bundle;

/// The step that a request waits in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stage {
    /// Acceptance, TechReview or AdminApproval; in a phase that is no review, the phase's name. A
    /// decision names it.
    #[schema(example = "AdminApproval")]
    pub name: String,
    /// Which time limit runs: a key of the policy.
    #[schema(required, example = "sla.opinion")]
    pub limit: Option<String>,
    #[schema(required, format = DateTime)]
    pub due_at: Option<String>,
    /// Working days of the city's calendar from today to the last day of the time limit: 0 on that
    /// day, below zero by how many it has passed. Null where nothing runs, or what runs isn't counted
    /// in working days.
    #[schema(required, example = 2)]
    pub workdays_left: Option<i64>,
    /// 暂定: the due date runs through a year whose holidays aren't published.
    pub provisional: bool,
    /// 逾期
    pub overdue: bool,
    /// When it was urged last.
    #[schema(required, format = DateTime)]
    pub urged_at: Option<String>,
    /// The reviewers' own time limit, which stands still while it is the department's turn.
    #[schema(required)]
    pub stopped: Option<StoppedClock>,
}

/// A time limit that stands still.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoppedClock {
    #[schema(example = "sla.opinion")]
    pub limit: String,
    /// When it would have been due.
    #[schema(required, format = DateTime)]
    pub due_at: Option<String>,
    #[schema(format = DateTime)]
    pub at: String,
}

/// 调整方案: less than was asked for, which the department may accept.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OfferView {
    pub pool: String,
    /// What the application would have afterwards.
    pub resources: Bundle,
    pub by: String,
    pub by_short: String,
    pub reason: String,
    /// Until when it can be answered.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// Which offer it is, from 1.
    #[schema(minimum = 0)]
    pub round: i64,
    /// How many may be made for one request.
    #[schema(minimum = 0)]
    pub rounds_max: u32,
}

/// 退回补正: what the department has to correct.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReturnedView {
    pub by: String,
    pub by_short: String,
    pub reason: String,
    /// The fields to correct, as paths into the body of a request.
    #[schema(example = json!(["resources.memory"]))]
    pub fields: Vec<String>,
    /// Where it goes back to when it is sent again.
    pub from: Phase,
}

/// Who has reviewed it, and how far that is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewView {
    /// The review stage that it is in, or was in last.
    #[schema(example = "TechReview")]
    pub stage: String,
    /// Who took it.
    #[schema(required)]
    pub assignee: Option<String>,
    #[schema(required)]
    pub assignee_short: Option<String>,
    /// Who has decided at which stage: nobody does at both.
    pub acted: Vec<ReviewedView>,
    /// Offers that have been made.
    #[schema(minimum = 0)]
    pub offers: i64,
    /// Who confirmed that the test is over.
    #[schema(required)]
    pub confirmed_by: Option<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewedView {
    #[schema(example = "TechReview")]
    pub stage: String,
    pub by: String,
    pub by_short: String,
}

/// 撤回
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WithdrawalView {
    pub by: String,
    pub by_short: String,
    #[schema(format = DateTime)]
    pub at: String,
    pub from: Phase,
    /// Until when whoever did it may undo it.
    #[schema(format = DateTime)]
    pub undo_until: String,
}

/// One step of a request's life.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    #[schema(format = DateTime)]
    pub at: String,
    pub by: String,
    pub by_short: String,
    #[schema(required)]
    pub from: Option<Phase>,
    pub to: Phase,
    /// The review stage afterwards, where the phase alone doesn't say it.
    #[schema(required, example = "AdminApproval")]
    pub stage: Option<String>,
    #[schema(required, example = "Approve")]
    pub verdict: Option<String>,
    #[schema(required)]
    pub reason_code: Option<String>,
    pub reason: String,
    /// Sent again: what was corrected.
    pub changes: Vec<Correction>,
}

/// One corrected field, with both values. Long ones are cut.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Correction {
    /// A path into the body of a request.
    #[schema(example = "resources.memory")]
    pub field: String,
    pub before: String,
    pub after: String,
}

/// Something that can be done with the request now, by somebody.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Action {
    pub verdict: Verdict,
    /// Whether it means nothing without a reason.
    pub needs_reason: bool,
    /// Why it isn't the caller's to do; `null` if he may.
    #[schema(required)]
    pub blocked: Option<Blocked>,
}

/// Why something isn't open to the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Blocked {
    #[schema(example = "SelfApproval")]
    pub code: &'static str,
    /// A sentence in the caller's language.
    pub message: String,
}
