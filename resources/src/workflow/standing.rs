//! Where a request stands.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ledger::Bundle;

use super::capacity::Account;
use super::role::{ACCEPTANCE, DEPARTMENT, Role};
use super::{Rules, is_undecided};
use crate::v1alpha1::{Phase, RequestType, ReviewStage};

/// Where a request stands: what its status keeps, and what is read off everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// `None`: a draft, which is no object yet.
    pub phase: Option<Phase>,
    /// The review stage that it is in, or was in last.
    pub review: ReviewStage,
    pub revision: i64,
    pub kind: RequestType,
    pub requester: String,
    /// Who else has corrected it.
    pub editors: BTreeSet<String>,
    /// Who took it for the technical review.
    pub assignee: Option<String>,
    /// Who has decided at which review stage.
    pub acted: BTreeSet<(ReviewStage, String)>,
    pub returned: Option<ReturnedFrom>,
    pub withdrawn: Option<WithdrawnFrom>,
    /// The offer that waits for an answer; after that, the one that was accepted.
    pub offer: Option<Offered>,
    /// Offers that have been made.
    pub offers: u32,
    /// Who confirmed that the test is over.
    pub confirmed_by: Option<String>,
    pub facts: Facts,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnedFrom {
    pub phase: Phase,
    pub by: String,
    pub reason: String,
    pub fields: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithdrawnFrom {
    pub phase: Phase,
    pub by: String,
    pub at: Timestamp,
}

/// An offer instead of what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    pub pool: String,
    /// What the application shall have afterwards.
    pub amounts: Bundle,
    pub by: String,
    pub reason: String,
    pub expires_at: Timestamp,
    pub round: u32,
}

/// What isn't the request's own to say: read off the ledger, the allocation, other requests and the
/// calendar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub pool: String,
    /// What the application shall have afterwards, as asked for.
    pub target: Bundle,
    /// What it has there.
    pub has: Bundle,
    /// What is held for this request.
    pub held: Bundle,
    /// What drains of it.
    pub draining: Bundle,
    /// What stays when it is taken back or cancelled: the base of a temporary grant, the smaller
    /// size, what was there before the change. Zero where nothing is to remain.
    pub keeps: Bundle,
    /// What a new application gets for its test.
    pub test_part: Bundle,
    /// Another open request for the same application and pool that is served before this one; while
    /// this one is withdrawn, any.
    pub behind: Option<String>,
    /// Fields of the form, or of a test's result, that are still empty.
    pub missing: Vec<String>,
    /// The quota in the cluster is lowered, or is being lowered: that isn't undone.
    pub quota_lowered: bool,
    /// Another request has changed the grant since: this one's is no more.
    pub superseded: bool,
    /// When the test, the term or the time for a correction is over.
    pub due: Option<Timestamp>,
    /// The department was reminded that its test is over.
    pub reminded: bool,
    /// From when on it may be urged again: the working day after the last time.
    pub urge_from: Option<Timestamp>,
}

impl Standing {
    /// A draft of this kind by this person.
    #[must_use]
    pub fn draft(kind: RequestType, requester: &str, facts: Facts) -> Self {
        Self {
            phase: None,
            review: ReviewStage::TechReview,
            revision: 1,
            kind,
            requester: requester.to_owned(),
            editors: BTreeSet::new(),
            assignee: None,
            acted: BTreeSet::new(),
            returned: None,
            withdrawn: None,
            offer: None,
            offers: 0,
            confirmed_by: None,
            facts,
        }
    }

    /// What is asked for beyond what is there: q, never below zero.
    #[must_use]
    pub fn growth(&self) -> Bundle {
        if self.kind == RequestType::Release { Bundle::ZERO } else { self.facts.target.minus(self.facts.has) }
    }

    /// What was agreed on: the offer that was accepted, else what was asked for.
    #[must_use]
    pub fn agreed(&self) -> Bundle {
        self.offer.as_ref().map_or(self.facts.target, |offer| offer.amounts)
    }

    /// The name of the step that it waits in. What a decision names as looked at.
    #[must_use]
    pub fn stage(&self) -> &'static str {
        match self.phase {
            None => "Draft",
            Some(Phase::Submitted) => ACCEPTANCE,
            Some(Phase::Accepted | Phase::TechReview) => self.review.name(),
            Some(phase) => phase.name(),
        }
    }

    /// The review stage whose people look at it now, if any do.
    #[must_use]
    pub fn reviewing(&self) -> Option<ReviewStage> {
        matches!(self.phase, Some(Phase::Accepted | Phase::TechReview)).then_some(self.review)
    }

    /// Whether nobody reviews it after this stage.
    #[must_use]
    pub fn is_last_stage(&self, rules: &Rules) -> bool {
        self.review == ReviewStage::AdminApproval || !rules.needs_four_eyes(self)
    }

    /// Whether this person asked for it or corrected it.
    #[must_use]
    pub fn is_of(&self, person: &str) -> bool {
        self.requester == person || self.editors.contains(person)
    }

    /// Whose turn it is.
    #[must_use]
    pub fn whose_turn(&self) -> &'static [Role] {
        match self.phase {
            None | Some(Phase::Returned | Phase::Testing) => DEPARTMENT,
            Some(Phase::Submitted) => &[Role::ApproverAdmin],
            Some(Phase::Accepted | Phase::TechReview) => match self.review {
                ReviewStage::TechReview => &[Role::ApproverTech],
                ReviewStage::AdminApproval => &[Role::ApproverAdmin],
            },
            Some(Phase::Offered) => &[Role::DepartmentOwner],
            Some(Phase::Approved | Phase::Provisioning | Phase::Reclaiming) => &[Role::Provider],
            Some(Phase::Expired) => &[Role::ApproverAdmin],
            Some(Phase::Active | Phase::Rejected | Phase::Withdrawn | Phase::Lapsed | Phase::Released) => &[],
        }
    }

    /// What it and its allocation have in each capacity state.
    #[must_use]
    pub fn account(&self) -> Account {
        let requested = if self.phase.is_some_and(is_undecided) { self.growth() } else { Bundle::ZERO };
        Account { requested, held: self.facts.held, granted: self.facts.has, draining: self.facts.draining }
    }
}

impl Phase {
    pub const ALL: [Self; 15] = [
        Self::Submitted,
        Self::Accepted,
        Self::TechReview,
        Self::Offered,
        Self::Approved,
        Self::Provisioning,
        Self::Testing,
        Self::Active,
        Self::Returned,
        Self::Rejected,
        Self::Withdrawn,
        Self::Lapsed,
        Self::Expired,
        Self::Reclaiming,
        Self::Released,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submitted => "Submitted",
            Self::Accepted => "Accepted",
            Self::TechReview => "TechReview",
            Self::Offered => "Offered",
            Self::Approved => "Approved",
            Self::Provisioning => "Provisioning",
            Self::Testing => "Testing",
            Self::Active => "Active",
            Self::Returned => "Returned",
            Self::Rejected => "Rejected",
            Self::Withdrawn => "Withdrawn",
            Self::Lapsed => "Lapsed",
            Self::Expired => "Expired",
            Self::Reclaiming => "Reclaiming",
            Self::Released => "Released",
        }
    }
}
