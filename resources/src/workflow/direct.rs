//! The short way: one decision on a submitted request. It is what the operator carries out until its
//! controller follows the whole table.

use super::standing::Standing;
use super::{Action, DEPARTMENT, Open, Refusal, Role, Rules};
use crate::v1alpha1::{Phase, QuotaDecisionSpec, Verdict};

/// What a verdict brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The capacity is held first; only if it fits is the request approved.
    HoldThenApprove,
    /// The request moves to this phase; what was held for it is let go.
    Close(Phase),
}

/// What the decision means for a request that stands there.
pub fn step(standing: &Standing, decision: &QuotaDecisionSpec) -> Result<Step, Refusal> {
    let verdict = decision.verdict;
    let rules = Rules::default();
    if decision.request_revision != standing.revision {
        return Err(Refusal::Stale { now: standing.revision, seen: decision.request_revision });
    }
    let decides = matches!(verdict, Verdict::Approve | Verdict::Reject);
    if decides && standing.is_of(&decision.decided_by) {
        return Err(Refusal::SelfApproval);
    }
    match (standing.phase.unwrap_or_default(), verdict) {
        (Phase::Submitted, Verdict::Approve) => match &standing.facts.behind {
            Some(earlier) => Err(Refusal::AnotherRequestOpen { earlier: earlier.clone() }),
            None => Ok(Step::HoldThenApprove),
        },
        (Phase::Submitted, Verdict::Reject) if !rules.is_reason(decision.reason.as_deref()) => {
            Err(Refusal::ReasonMissing { verdict, least: rules.reason_min, most: rules.reason_max })
        }
        (Phase::Submitted, Verdict::Reject) => Ok(Step::Close(Phase::Rejected)),
        (Phase::Submitted, Verdict::Withdraw) => Ok(Step::Close(Phase::Withdrawn)),
        (phase, verdict) => Err(wrong_stage(standing, phase, verdict)),
    }
}

fn wrong_stage(standing: &Standing, phase: Phase, verdict: Verdict) -> Refusal {
    Refusal::WrongStage {
        phase: Some(phase),
        stage: standing.stage(),
        revision: standing.revision,
        action: Action::Verdict(verdict),
        open: open_directly(standing),
    }
}

/// What can be done in the short way, and by whom.
#[must_use]
pub fn open_directly(standing: &Standing) -> Vec<Open> {
    const APPROVERS: &[Role] = &[Role::ApproverAdmin, Role::ApproverTech];
    if standing.phase != Some(Phase::Submitted) {
        return vec![];
    }
    let approve = Open { verdict: Verdict::Approve, by: APPROVERS };
    let others =
        [Open { verdict: Verdict::Reject, by: APPROVERS }, Open { verdict: Verdict::Withdraw, by: DEPARTMENT }];
    // An earlier request is decided first.
    standing.facts.behind.is_none().then_some(approve).into_iter().chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1alpha1::{RequestRef, RequestType};
    use crate::workflow::Facts;

    fn standing(phase: Phase) -> Standing {
        Standing { phase: Some(phase), revision: 2, ..Standing::draft(RequestType::Change, "zhang", Facts::default()) }
    }

    fn decision(verdict: Verdict) -> QuotaDecisionSpec {
        QuotaDecisionSpec {
            request: RequestRef { name: "qr-1".into(), uid: "u".into() },
            request_revision: 2,
            stage: None,
            verdict,
            resources: None,
            reason_code: None,
            fields: vec![],
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
        for phase in Phase::ALL {
            for (verdict, expected) in cases {
                let got = step(&standing(phase), &decision(verdict));
                let want = if phase == Phase::Submitted { Ok(expected) } else { Err("WrongStage") };
                assert_eq!(got.map_err(|refusal| refusal.code()), want);
            }
        }
    }

    #[test]
    fn what_is_wrong_with_a_decision_is_said() {
        let submitted = standing(Phase::Submitted);
        let stale = QuotaDecisionSpec { request_revision: 1, ..decision(Verdict::Approve) };
        let own = QuotaDecisionSpec { decided_by: "zhang".into(), ..decision(Verdict::Approve) };
        let silent = QuotaDecisionSpec { reason: Some("no".into()), ..decision(Verdict::Reject) };
        let facts = Facts { behind: Some("qr-0".into()), ..Facts::default() };
        let behind = Standing { facts, ..submitted.clone() };
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
