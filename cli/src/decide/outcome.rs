//! What came of a decision, and what can be done instead where it was refused.

use jiff::Timestamp;
use kube::ResourceExt;
use resources::v1alpha1::{DecisionOutcome, DecisionStatus, Phase, QuotaRequest, Verdict};
use resources::workflow::{self, Refusal};
use serde::Serialize;

use crate::output::Ending;
use crate::stand::{self, Due, Stand};
use crate::table;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    request: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    namespace: String,
    /// Absent where it wasn't written, because what is wrong with it was known before.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<String>,
    verdict: Verdict,
    /// Absent where nothing came of it in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<DecisionOutcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    free: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// What can be done instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ledger_revision: Option<i64>,
    /// Where the request is afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<Phase>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<String>,
    #[serde(skip)]
    due: Option<Due>,
}

impl Outcome {
    pub fn of(request: &QuotaRequest, verdict: Verdict, decision: String, status: Option<&DecisionStatus>) -> Self {
        let status = status.cloned().unwrap_or_default();
        Self {
            request: request.name_any(),
            number: request.status.as_ref().and_then(|status| status.number.clone()),
            namespace: request.namespace().unwrap_or_default(),
            decision: Some(decision),
            verdict,
            outcome: status.outcome,
            code: status.code,
            resource: status.resource,
            asked: status.asked,
            free: status.free,
            message: status.message,
            advice: None,
            ledger_revision: status.ledger_revision,
            phase: None,
            stage: None,
            due_at: None,
            due: None,
        }
    }

    /// Refused before it was written.
    pub fn foreseen(request: &QuotaRequest, verdict: Verdict, refusal: &Refusal) -> Self {
        let status = DecisionStatus {
            outcome: Some(DecisionOutcome::Refused),
            code: Some(refusal.code().to_owned()),
            message: Some(refusal.to_string()),
            ..DecisionStatus::default()
        };
        Self { decision: None, ..Self::of(request, verdict, String::new(), Some(&status)) }
    }

    /// With where the request is now.
    pub fn with_place(mut self, after: &QuotaRequest, now: Timestamp) -> Self {
        let stage = after.status.as_ref().and_then(|status| status.stage.as_ref());
        self.phase = Some(workflow::phase_of(after));
        self.stage = stage.map(|stage| stage.name.clone()).filter(|name| !name.is_empty());
        self.due = stand::due(after, now);
        self.due_at = stage.and_then(|stage| stage.due_at.clone());
        self
    }

    /// With what can be done instead, where it was refused.
    pub fn with_advice(mut self, stand: &Stand) -> Self {
        if self.outcome == Some(DecisionOutcome::Refused) {
            self.advice = self.code.as_deref().map(|code| self.advise(code, stand));
        }
        self
    }

    fn advise(&self, code: &str, stand: &Stand) -> String {
        let write = |verb: &str| format!("`kubectl yunheng {verb} {} -n {}`", self.label(), self.namespace);
        let look = format!("See where it stands: {}", write("show"));
        match code {
            "WrongStage" if stand.is_staged() == Some(false) => {
                format!("This city decides in one step (approval.path is direct). {look}")
            }
            "SelfApproval" => "Ask another approver to decide it".to_owned(),
            "SameReviewer" => "Ask another approver of this stage to decide it".to_owned(),
            "AnotherRequestOpen" => match &stand.standing.facts.behind {
                Some(earlier) => format!(
                    "That one first: `kubectl yunheng show {earlier} -n {}`. Meanwhile this one can be returned, rejected or withdrawn",
                    self.namespace
                ),
                None => look,
            },
            "InsufficientCapacity" | "CeilingExceeded" if stand.is_staged() == Some(true) => {
                format!("Or offer less, where this is the last stage ({}), or return or reject it", write("offer"))
            }
            "InsufficientCapacity" | "CeilingExceeded" => {
                "Reject it, or the department withdraws it and asks for less".to_owned()
            }
            "OfferInvalid" => format!("See what it has and what is asked for: {}", write("show")),
            "OfferRoundsUsed" if self.verdict == Verdict::DeclineOffer => {
                format!("The last offer can be accepted ({}), or the request withdrawn", write("accept-offer"))
            }
            "OfferRoundsUsed" => "Approve, return or reject it".to_owned(),
            "OfferOver" | "UndoOver" => "Ask anew: `kubectl yunheng request --help`".to_owned(),
            "ReasonMissing" => "Add --reason".to_owned(),
            "UrgedToday" => "Wait until then".to_owned(),
            _ => look,
        }
    }

    pub fn ending(&self) -> Ending {
        match self.outcome {
            Some(DecisionOutcome::Applied) => Ending::Done,
            Some(DecisionOutcome::Refused) => Ending::Refused,
            None => Ending::TimedOut,
        }
    }

    pub fn text(&self, seconds: u64) -> String {
        let request = self.label();
        let sentence = match self.outcome {
            Some(DecisionOutcome::Applied) => format!("{request} {}{}", self.applied(), self.due()),
            Some(DecisionOutcome::Refused) => self.refusal(request),
            None => format!(
                "{request}: no outcome within {seconds} s. The decision is written and is carried out when the operator gets to it: \
                 kubectl get quotadecision {} -n {}",
                self.decision.as_deref().unwrap_or_default(),
                self.namespace
            ),
        };
        // On lines of its own, so that a command can be copied from it.
        let advice = self.advice.as_deref().map(|advice| table::wrap(advice, table::COLUMNS));
        let lines = table::wrap(&sentence, table::COLUMNS).into_iter().chain(advice.into_iter().flatten());
        lines.collect::<Vec<_>>().join("\n")
    }

    fn label(&self) -> &str {
        self.number.as_ref().unwrap_or(&self.request)
    }

    fn applied(&self) -> String {
        match self.verdict {
            Verdict::Accept => "accepted: a technical reviewer takes it next".to_owned(),
            Verdict::Take => "taken: it is under technical review".to_owned(),
            Verdict::Approve if self.phase == Some(Phase::TechReview) => {
                let stage = self.stage.as_deref().unwrap_or("the next stage");
                format!("approved at this stage: {stage} decides next, and somebody else there")
            }
            Verdict::Approve => "approved: the quota follows, see `kubectl yunheng requests`".to_owned(),
            Verdict::Return => "returned: the department corrects it and sends it again".to_owned(),
            Verdict::Offer => "offered: it is held until the department's owner has answered".to_owned(),
            Verdict::AcceptOffer => "accepted as offered: the quota follows, see `kubectl yunheng requests`".to_owned(),
            Verdict::DeclineOffer => "declined: nothing is held any more, and it is reviewed again".to_owned(),
            Verdict::Withdraw if self.due.is_some() => {
                format!("withdrawn: nothing was changed. `kubectl yunheng reinstate {}` undoes it", self.label())
            }
            Verdict::Withdraw => "withdrawn: nothing was changed".to_owned(),
            Verdict::Reinstate => "is open again".to_owned(),
            Verdict::Urge => "urged: that is noted on it".to_owned(),
            Verdict::Reject => "rejected: nothing was changed".to_owned(),
            Verdict::Confirm => "confirmed: the rest is opened".to_owned(),
            Verdict::Cancel if self.phase == Some(Phase::Active) => "cancelled: it keeps what it has".to_owned(),
            Verdict::Cancel => "cancelled: it goes back to what was there before".to_owned(),
            Verdict::Reclaim => "is being taken back: what is in use stays counted until it ends".to_owned(),
        }
    }

    /// Until when the next has to do his part.
    fn due(&self) -> String {
        let Some(due) = &self.due else { return String::new() };
        match self.verdict {
            Verdict::Withdraw => format!(" until {}", due.text()),
            _ => format!(" (due {})", due.text()),
        }
    }

    fn refusal(&self, request: &str) -> String {
        let code = self.code.as_deref().unwrap_or("Refused");
        let amounts = match (&self.resource, &self.asked, &self.free) {
            (Some(resource), Some(asked), Some(free)) => format!(" ({resource}: asked {asked}, free {free})"),
            _ => String::new(),
        };
        let when = if self.decision.is_none() { ", and so not sent" } else { "" };
        let message = self.message.as_deref().unwrap_or("nothing was changed");
        format!("{request} refused{when}: {code}{amounts}. {message}")
    }
}
