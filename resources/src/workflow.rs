//! A request's life: from where it stands and what somebody decides, to what follows.
//!
//! One function, one table. Who may give a verdict at all is the API server's to say (custom
//! verbs, checked by an admission policy); what the verdict means here and now is said below.

use thiserror::Error;

use crate::v1alpha1::{Phase, QuotaDecisionSpec, QuotaRequest, Verdict};

/// Where a request stands, as far as a verdict asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub phase: Phase,
    pub revision: i64,
    pub requester: String,
    /// An earlier request for the same application and pool is open.
    pub behind: Option<String>,
}

impl Standing {
    #[must_use]
    pub fn of(request: &QuotaRequest, behind: Option<String>) -> Self {
        let status = request.status.as_ref();
        Self {
            phase: status.and_then(|status| status.phase).unwrap_or_default(),
            revision: status.and_then(|status| status.revision).unwrap_or(1),
            requester: request.spec.requester.clone(),
            behind,
        }
    }
}

/// What a verdict brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The capacity is held first; only if it fits is the request approved.
    HoldThenApprove,
    /// The request moves to this phase; what was held for it is let go.
    Close(Phase),
}

/// Why a verdict changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("you made this request: somebody else has to decide it")]
    SelfApproval,
    #[error("the request is {phase:?} and {verdict:?} doesn't apply to it")]
    WrongStage { phase: Phase, verdict: Verdict },
    #[error("the request is at revision {now}, the decision was made on revision {seen}: look again")]
    Stale { now: i64, seen: i64 },
    #[error("an earlier request for the same application and pool is open: decide {earlier} first")]
    AnotherRequestOpen { earlier: String },
    #[error("write at least 10 characters of reason for {verdict:?}")]
    ReasonMissing { verdict: Verdict },
}

impl Refusal {
    /// The name in statuses and problems. Promised to scripts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SelfApproval => "SelfApproval",
            Self::WrongStage { .. } => "WrongStage",
            Self::Stale { .. } => "Stale",
            Self::AnotherRequestOpen { .. } => "AnotherRequestOpen",
            Self::ReasonMissing { .. } => "ReasonMissing",
        }
    }
}

/// What the decision means for a request that stands there.
pub fn step(standing: &Standing, decision: &QuotaDecisionSpec) -> Result<Step, Refusal> {
    let verdict = decision.verdict;
    let Standing { phase, revision, requester, behind } = standing;
    if decision.request_revision != *revision {
        return Err(Refusal::Stale { now: *revision, seen: decision.request_revision });
    }
    let decides = matches!(verdict, Verdict::Approve | Verdict::Reject);
    if decides && decision.decided_by == *requester {
        return Err(Refusal::SelfApproval);
    }
    let reasoned = decision.reason.as_ref().is_some_and(|reason| reason.chars().count() >= 10);
    match (phase, verdict) {
        (Phase::Submitted, Verdict::Approve) => match behind {
            Some(earlier) => Err(Refusal::AnotherRequestOpen { earlier: earlier.clone() }),
            None => Ok(Step::HoldThenApprove),
        },
        (Phase::Submitted, Verdict::Reject) if !reasoned => Err(Refusal::ReasonMissing { verdict }),
        (Phase::Submitted, Verdict::Reject) => Ok(Step::Close(Phase::Rejected)),
        (Phase::Submitted, Verdict::Withdraw) => Ok(Step::Close(Phase::Withdrawn)),
        _ => Err(Refusal::WrongStage { phase: *phase, verdict }),
    }
}

/// Where a request stands in the queue for its application: created earlier comes first, and of one
/// second the lower number. The API server gives times in seconds and names at random; one that
/// has no number yet comes after those that have, because it gets a higher one.
#[must_use]
pub fn turn(request: &QuotaRequest) -> (Option<i64>, bool, String, String) {
    let created = request.metadata.creation_timestamp.as_ref().map(|at| at.0.as_second());
    let number = request.status.as_ref().and_then(|status| status.number.clone());
    (created, number.is_none(), number.unwrap_or_default(), request.metadata.name.clone().unwrap_or_default())
}

/// Whether a request in this phase still waits for somebody or something.
#[must_use]
pub const fn is_open(phase: Phase) -> bool {
    match phase {
        Phase::Submitted
        | Phase::Accepted
        | Phase::TechReview
        | Phase::Offered
        | Phase::Approved
        | Phase::Provisioning
        | Phase::Testing
        | Phase::Returned
        | Phase::Reclaiming => true,
        Phase::Active | Phase::Rejected | Phase::Withdrawn | Phase::Lapsed | Phase::Expired | Phase::Released => false,
    }
}

/// Whether a request in this phase is undecided: its increase counts as requested.
#[must_use]
pub const fn is_undecided(phase: Phase) -> bool {
    matches!(phase, Phase::Submitted | Phase::Accepted | Phase::TechReview)
}

/// Whether two requests are about the same application in the same pool: then one is decided after
/// the other. A move is about both its pools.
#[must_use]
pub fn concern_the_same(one: &QuotaRequest, other: &QuotaRequest) -> bool {
    let pools = |request: &QuotaRequest| [Some(request.spec.pool.clone()), request.spec.move_from.clone()];
    one.metadata.namespace == other.metadata.namespace
        && one.spec.application == other.spec.application
        && pools(one).into_iter().flatten().any(|pool| pools(other).contains(&Some(pool)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1alpha1::RequestRef;

    /// Two requests of one second: names are random, numbers are not.
    #[test]
    fn of_one_second_the_lower_number_comes_first() {
        let request = |name: &str, created: &str, number: Option<&str>| -> QuotaRequest {
            let object = serde_json::json!({
                "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest",
                "metadata": {"name": name, "creationTimestamp": created},
                "spec": {
                    "requester": "zhang", "type": "Release", "application": "a", "pool": "cec",
                    "resources": {"cpu": "0", "memory": "0", "storage": "0"}, "justification": "it isn't needed any more",
                },
                "status": {"number": number, "conditions": []},
            });
            serde_json::from_value(object).unwrap()
        };
        let (one, two) = ("2026-11-23T06:00:00Z", "2026-11-23T06:00:01Z");
        let order = [
            request("qr-z", one, Some("2026-000001")),
            request("qr-b", one, Some("2026-000002")),
            request("qr-a", one, None),
            request("qr-c", two, Some("2026-000000")),
        ];
        assert!(order.is_sorted_by_key(turn));
    }

    const PHASES: [Phase; 15] = [
        Phase::Submitted,
        Phase::Accepted,
        Phase::TechReview,
        Phase::Offered,
        Phase::Approved,
        Phase::Provisioning,
        Phase::Testing,
        Phase::Active,
        Phase::Returned,
        Phase::Rejected,
        Phase::Withdrawn,
        Phase::Lapsed,
        Phase::Expired,
        Phase::Reclaiming,
        Phase::Released,
    ];

    fn standing(phase: Phase) -> Standing {
        Standing { phase, revision: 2, requester: "zhang".into(), behind: None }
    }

    fn decision(verdict: Verdict) -> QuotaDecisionSpec {
        QuotaDecisionSpec {
            request: RequestRef { name: "qr-1".into(), uid: "u".into() },
            request_revision: 2,
            stage: None,
            verdict,
            resources: None,
            reason_code: None,
            reason: Some("the pool has no room for it".into()),
            decided_by: "wang".into(),
        }
    }

    #[test]
    fn a_verdict_moves_a_submitted_request_and_no_other() {
        let cases = [
            (Verdict::Approve, Step::HoldThenApprove),
            (Verdict::Reject, Step::Close(Phase::Rejected)),
            (Verdict::Withdraw, Step::Close(Phase::Withdrawn)),
        ];
        for phase in PHASES {
            for (verdict, expected) in cases {
                let got = step(&standing(phase), &decision(verdict));
                let want =
                    if phase == Phase::Submitted { Ok(expected) } else { Err(Refusal::WrongStage { phase, verdict }) };
                assert_eq!(got, want);
            }
        }
    }

    #[test]
    fn what_is_wrong_with_a_decision_is_said() {
        let submitted = standing(Phase::Submitted);
        let stale = QuotaDecisionSpec { request_revision: 1, ..decision(Verdict::Approve) };
        let own = QuotaDecisionSpec { decided_by: "zhang".into(), ..decision(Verdict::Approve) };
        let silent = QuotaDecisionSpec { reason: Some("no".into()), ..decision(Verdict::Reject) };
        let behind = Standing { behind: Some("qr-0".into()), ..submitted.clone() };
        let cases = [
            (step(&submitted, &stale), "Stale"),
            (step(&submitted, &own), "SelfApproval"),
            (step(&submitted, &silent), "ReasonMissing"),
            (step(&behind, &decision(Verdict::Approve)), "AnotherRequestOpen"),
            (step(&submitted, &decision(Verdict::Offer)), "WrongStage"),
        ];
        for (got, code) in cases {
            assert_eq!(got.unwrap_err().code(), code);
        }
        let withdrawn_by_requester = QuotaDecisionSpec { decided_by: "zhang".into(), ..decision(Verdict::Withdraw) };
        assert_eq!(step(&submitted, &withdrawn_by_requester), Ok(Step::Close(Phase::Withdrawn)));
    }
}
