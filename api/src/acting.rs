//! What one caller may do with one request now, and why not the rest.
//!
//! Pure: the same table as the operator's, asked with what the caches show. The operator has the
//! last word; this opens buttons and chooses what waits for whom.

use jiff::Timestamp;
use resources::names;
use resources::policy::ApprovalPath;
use resources::v1alpha1::{Phase, QuotaDecisionSpec, QuotaRequest, RequestRef, Verdict};
use resources::workflow::{self, Act, Action, Actor, Deed, Facts, Nature, Refusal, Seen, Standing, table};

use crate::access::Rights;
use crate::process::Process;

/// What brings a request on, as opposed to what sends it away.
const FORWARD: [Verdict; 5] =
    [Verdict::Accept, Verdict::Take, Verdict::Approve, Verdict::AcceptOffer, Verdict::Confirm];
/// What is done in the short way.
const DIRECT: [Verdict; 3] = [Verdict::Approve, Verdict::Reject, Verdict::Withdraw];

/// A caller before a request.
#[derive(Debug)]
pub struct Acting<'a> {
    pub standing: Standing,
    pub way: ApprovalPath,
    process: &'a Process,
    rights: &'a Rights,
    actor: Actor,
    /// Now.
    at: Timestamp,
}

impl<'a> Acting<'a> {
    #[must_use]
    pub fn new(
        request: &QuotaRequest,
        facts: Facts,
        process: &'a Process,
        (name, rights): (&str, &'a Rights),
        at: Timestamp,
    ) -> Self {
        let namespace = request.metadata.namespace.as_deref().unwrap_or_default();
        let department = names::department_of(namespace).unwrap_or_default();
        // What has no status yet waits like others.
        let phase = workflow::phase_of(request);
        Self {
            standing: Standing { phase: Some(phase), ..Standing::of(request, facts) },
            way: process.path.way_from(phase),
            process,
            rights,
            actor: Actor::new(name, rights.acts_as(department)),
            at,
        }
    }

    /// What a decision names as the stage that was looked at; nothing in the short way.
    #[must_use]
    pub fn stage(&self) -> Option<&'static str> {
        (self.way == ApprovalPath::Staged).then(|| self.standing.stage())
    }

    /// The actions on the request as it stands, each with why it isn't the caller's.
    #[must_use]
    pub fn actions(&self) -> Vec<(Verdict, Option<Refusal>)> {
        let open = match self.way {
            ApprovalPath::Staged => table::open(&self.standing, &self.process.rules),
            ApprovalPath::Direct if self.standing.phase == Some(Phase::Submitted) => DIRECT.to_vec(),
            ApprovalPath::Direct => vec![],
        };
        let judged = open.into_iter().map(|verdict| (verdict, self.blocked(verdict)));
        // A withdrawal that can't be undone any more is simply over.
        judged.filter(|(_, blocked)| !matches!(blocked, Some(Refusal::UndoOver { .. }))).collect()
    }

    /// Why the caller may not give this verdict now.
    #[must_use]
    pub fn blocked(&self, verdict: Verdict) -> Option<Refusal> {
        match self.way {
            ApprovalPath::Staged if !self.is_carried_out(verdict) => Some(self.wrong_stage(verdict)),
            ApprovalPath::Staged => {
                let deed = Deed::Verdict(verdict.into());
                workflow::blocked(&self.standing, &self.act(deed), &self.process.rules)
                    .or_else(|| self.unwritable(verdict))
            }
            ApprovalPath::Direct => self.blocked_directly(verdict),
        }
    }

    /// Why the caller may not correct the request now. Whoever made it does: who has corrected
    /// something may not decide it.
    #[must_use]
    pub fn correction_blocked(&self) -> Option<Refusal> {
        let deed = Deed::Resubmit { changes: vec![] };
        let action = deed.action();
        workflow::blocked(&self.standing, &self.act(deed), &self.process.rules).or_else(|| {
            let requester = &self.standing.requester;
            (*requester != self.actor.name).then(|| Refusal::NotYours { action, whose: Some(requester.clone()) })
        })
    }

    /// Whether it is the caller's turn: he may do something that brings it on.
    #[must_use]
    pub fn waits(&self) -> bool {
        let Some(phase) = self.standing.phase.filter(|phase| may_wait(*phase)) else { return false };
        if phase == Phase::Expired {
            return self.way == ApprovalPath::Staged && self.blocked(Verdict::Reclaim).is_none();
        }
        FORWARD.into_iter().any(|verdict| self.blocked(verdict).is_none()) || self.correction_blocked().is_none()
    }

    /// What is wrong with what a decision says, whoever gives it: known before it is written.
    #[must_use]
    pub fn malformed(&self, decision: &QuotaDecisionSpec) -> Option<Refusal> {
        let refusal = match self.way {
            ApprovalPath::Staged => {
                // When an offer has to be answered is the operator's to reckon; that it has time is certain.
                let act = Act::of(decision, self.at, Some(Timestamp::MAX));
                workflow::transition(&self.standing, &act, &self.process.rules).err()?
            }
            ApprovalPath::Direct => workflow::step(&self.standing, decision).err()?,
        };
        (refusal.nature() == Nature::Invalid).then_some(refusal)
    }

    /// The operator's refusal once more, with what it is about, where the request still shows it.
    #[must_use]
    pub fn explain(&self, code: &str, decision: &QuotaDecisionSpec) -> Option<Refusal> {
        let stale = Refusal::Stale { now: self.standing.revision, seen: decision.request_revision };
        let wrong = || Some(self.wrong_stage(decision.verdict));
        let seen = [Some(stale), wrong(), self.malformed(decision), self.blocked(decision.verdict)];
        seen.into_iter().flatten().find(|refusal| refusal.code() == code)
    }

    fn wrong_stage(&self, verdict: Verdict) -> Refusal {
        Refusal::WrongStage {
            phase: self.standing.phase,
            stage: self.standing.stage(),
            revision: self.standing.revision,
            action: Action::Verdict(verdict),
            open: match self.way {
                ApprovalPath::Staged => workflow::open_now(&self.standing, self.at, &self.process.rules),
                ApprovalPath::Direct => workflow::open_directly(&self.standing),
            },
        }
    }

    /// Whether the operator carries out what the verdict means here.
    fn is_carried_out(&self, verdict: Verdict) -> bool {
        let row = table::find(&self.standing, Action::Verdict(verdict), &self.process.rules);
        row.is_none_or(table::Row::is_carried_out)
    }

    fn act(&self, deed: Deed) -> Act {
        let seen = Seen { revision: self.standing.revision, stage: Some(self.standing.stage().to_owned()) };
        Act { by: self.actor.clone(), at: self.at, seen, deed }
    }

    /// His role does this, but the cluster doesn't let him write it.
    fn unwritable(&self, verdict: Verdict) -> Option<Refusal> {
        if self.rights.may_write(verdict, self.standing.stage()) {
            return None;
        }
        let action = Action::Verdict(verdict);
        let row = table::find(&self.standing, action, &self.process.rules);
        let needs = row.map(|row| row.roles(&self.standing).to_vec()).unwrap_or_default();
        Some(Refusal::RoleMissing { action, needs })
    }

    fn blocked_directly(&self, verdict: Verdict) -> Option<Refusal> {
        let action = Action::Verdict(verdict);
        let decision = QuotaDecisionSpec {
            request: RequestRef::default(),
            request_revision: self.standing.revision,
            stage: None,
            verdict,
            resources: None,
            reason_code: None,
            fields: vec![],
            // Whether there is a reason is looked at when there is a decision.
            reason: Some("0123456789".to_owned()),
            decided_by: self.actor.name.clone(),
        };
        let refusal = workflow::step(&self.standing, &decision).err();
        if refusal.as_ref().is_some_and(|refusal| refusal.code() == "WrongStage") {
            return refusal;
        }
        let is_member = self.actor.is_any_of(workflow::DEPARTMENT);
        match verdict {
            Verdict::Withdraw if !is_member => Some(Refusal::NotYours { action, whose: None }),
            Verdict::Withdraw => refusal,
            _ if refusal.as_ref().is_some_and(|refusal| refusal.code() == "SelfApproval") => refusal,
            _ if !self.rights.decides() => Some(Refusal::RoleMissing {
                action,
                needs: vec![workflow::Role::ApproverAdmin, workflow::Role::ApproverTech],
            }),
            _ => refusal,
        }
    }
}

/// Whether somebody's turn can be in this phase. Most requests are over, and nobody looks at them again.
const fn may_wait(phase: Phase) -> bool {
    matches!(
        phase,
        Phase::Submitted
            | Phase::Accepted
            | Phase::TechReview
            | Phase::Returned
            | Phase::Offered
            | Phase::Testing
            | Phase::Expired
    )
}

#[cfg(test)]
mod tests;
