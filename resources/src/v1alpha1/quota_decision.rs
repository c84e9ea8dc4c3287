use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::amounts::Resources;

/// What a person decides on a request. Once written it doesn't change.
#[derive(CustomResource, Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "yunheng.io",
    version = "v1alpha1",
    kind = "QuotaDecision",
    plural = "quotadecisions",
    shortname = "qd",
    category = "yunheng",
    namespaced,
    status = "DecisionStatus",
    derive = "PartialEq",
    cel,
    doc = "What a person decides on a request. Once written it doesn't change; its status says what came of it.",
    printcolumn(name = "Request", type_ = "string", json_path = ".spec.request.name"),
    printcolumn(name = "Verdict", type_ = "string", json_path = ".spec.verdict"),
    printcolumn(name = "By", type_ = "string", json_path = ".spec.decidedBy"),
    printcolumn(name = "Outcome", type_ = "string", json_path = ".status.outcome"),
    printcolumn(name = "Code", type_ = "string", json_path = ".status.code"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(validation = Rule::new("self == oldSelf").message("a decision can't be changed: write another"))]
#[x_kube(validation = Rule::new("!(self.verdict in ['Return', 'Reject', 'Offer', 'DeclineOffer', 'Cancel', 'Reclaim']) || (has(self.reason) && size(self.reason) >= 10)").message("spec.reason is needed for this verdict: write 10 to 2000 characters"))]
#[x_kube(validation = Rule::new("self.verdict == 'Offer' || !has(self.resources)").message("spec.resources goes with verdict Offer only"))]
#[x_kube(validation = Rule::new("self.verdict != 'Offer' || has(self.resources)").message("an Offer says what is offered: write spec.resources"))]
#[x_kube(validation = Rule::new("self.verdict == 'Return' || !has(self.fields)").message("spec.fields goes with verdict Return only"))]
pub struct QuotaDecisionSpec {
    pub request: RequestRef,
    /// The request's revision that was looked at; a stale one is refused.
    #[schemars(range(min = 1))]
    pub request_revision: i64,
    /// The stage that was looked at, as the request's status.stage.name says: Acceptance, TechReview
    /// or AdminApproval. Needed for Approve, Return, Reject and Offer where requests go by stages, and
    /// none where one decision is all (CloudPolicy, approval.path); at another stage than the
    /// request's it is refused, WrongStage. Acceptance takes the verb accept, TechReview the
    /// verb review, AdminApproval the verb approve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 30))]
    pub stage: Option<String>,
    /// What is done. Which verdict leads where, and whose it is, is in docs/requests.md; where one
    /// decision is all, Approve, Reject and Withdraw are. Not carried out yet, and refused with
    /// WrongStage: Confirm, Cancel and Reclaim.
    pub verdict: Verdict,
    /// With verdict Offer: what is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// A code such as those of the CloudPolicy. Recorded, and not compared with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 60))]
    pub reason_code: Option<String>,
    /// With verdict Return: the fields that the department has to correct, such as
    /// `spec.resources.memory`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(min = 1, max = 120)))]
    pub fields: Vec<String>,
    /// Why. Needed for Return, Reject, Offer, DeclineOffer, Cancel and Reclaim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000))]
    pub reason: Option<String>,
    /// Who decides: the caller's own user name.
    #[schemars(length(min = 1, max = 253))]
    pub decided_by: String,
}

/// Which request, by name and identity.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RequestRef {
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    #[schemars(length(min = 1, max = 64))]
    pub uid: String,
}

/// The actions on a request.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    Accept,
    Take,
    Approve,
    Return,
    Reject,
    Offer,
    AcceptOffer,
    DeclineOffer,
    Withdraw,
    Reinstate,
    Confirm,
    Cancel,
    Reclaim,
    Urge,
}

impl Verdict {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "Accept",
            Self::Take => "Take",
            Self::Approve => "Approve",
            Self::Return => "Return",
            Self::Reject => "Reject",
            Self::Offer => "Offer",
            Self::AcceptOffer => "AcceptOffer",
            Self::DeclineOffer => "DeclineOffer",
            Self::Withdraw => "Withdraw",
            Self::Reinstate => "Reinstate",
            Self::Confirm => "Confirm",
            Self::Cancel => "Cancel",
            Self::Reclaim => "Reclaim",
            Self::Urge => "Urge",
        }
    }
}

#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct DecisionStatus {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<DecisionOutcome>,
    /// Why it was refused: one word, promised to scripts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// A sentence for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The resource that stopped it: cpu, memory or storage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// What the change would have added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// What was left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free: Option<String>,
    /// The limit that stopped it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Whose ceiling stopped it, where a ceiling did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// The ledger's revision that the answer comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger_revision: Option<i64>,
    #[serde(default)]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionOutcome {
    Applied,
    Refused,
}
