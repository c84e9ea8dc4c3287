//! What somebody, or Yunheng itself, does to a request.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ledger::Bundle;

use super::role::{Role, vouched};
use crate::v1alpha1::{Correction, QuotaDecisionSpec, Verdict};

/// Who the operator is in histories.
pub const SYSTEM: &str = "yunheng-operator";

/// One act, with who does it, when, and what he had before his eyes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    pub by: Actor,
    /// Now.
    pub at: Timestamp,
    pub seen: Seen,
    pub deed: Deed,
}

/// Who acts, in which of his roles. A person's roles are those that he has for this department.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    pub name: String,
    pub roles: BTreeSet<Role>,
}

impl Actor {
    pub fn new(name: impl Into<String>, roles: impl IntoIterator<Item = Role>) -> Self {
        Self { name: name.into(), roles: roles.into_iter().collect() }
    }

    /// Deadlines and rules.
    #[must_use]
    pub fn system() -> Self {
        Self::new(SYSTEM, [Role::System])
    }

    /// What is seen in ledgers and clusters.
    #[must_use]
    pub fn operator() -> Self {
        Self::new(SYSTEM, [Role::Operator])
    }

    #[must_use]
    pub fn is_any_of(&self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }
}

/// What whoever acts has looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub revision: i64,
    /// The stage's name, as the request's status has it.
    pub stage: Option<String>,
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// 提交: a draft becomes a request.
    Submit,
    /// 重新提交: a returned request was corrected.
    Resubmit { changes: Vec<Correction> },
    /// A person's QuotaDecision.
    Verdict(Given),
    /// 自动批准; with the rules that don't hold, which must be none.
    AutoApprove { failed: Vec<String> },
    /// The answer-by date of an offer has passed.
    OfferExpired,
    /// A returned request wasn't corrected in time.
    ReturnLapsed,
    /// 开通: the hold is committed, the allocation is being written.
    ProvisionStarted,
    /// What is granted is in force in the cluster.
    QuotaObserved,
    /// 测试逾期
    TestEnded,
    /// 到期
    TermEnded,
    /// 续期: a renewal of this grant was approved.
    Renewed,
    /// An approved 注销 or 缩容, or the end of a temporary grant, takes back.
    ReclaimStarted,
    /// 缩容完成
    ShrinkDone,
    /// 释放: nothing of it is out any more.
    Freed,
}

/// What a QuotaDecision says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    pub verdict: Verdict,
    pub reason: Option<String>,
    pub reason_code: Option<String>,
    /// Return: the fields to correct.
    pub fields: Vec<String>,
    /// Offer: what the application shall have afterwards.
    pub offered: Option<Bundle>,
    /// Offer: until when it can be answered.
    pub answer_by: Option<Timestamp>,
}

impl From<Verdict> for Given {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, reason: None, reason_code: None, fields: vec![], offered: None, answer_by: None }
    }
}

impl Act {
    /// The act that a decision is, in the roles that admission has proven; `answer_by` is until when
    /// an offer that is made now can be answered.
    #[must_use]
    pub fn of(decision: &QuotaDecisionSpec, at: Timestamp, answer_by: Option<Timestamp>) -> Self {
        let roles = vouched(decision.verdict, decision.stage.as_deref());
        Self {
            by: Actor::new(decision.decided_by.clone(), roles.iter().copied()),
            at,
            seen: Seen { revision: decision.request_revision, stage: decision.stage.clone() },
            deed: Deed::Verdict(Given {
                verdict: decision.verdict,
                reason: decision.reason.clone(),
                reason_code: decision.reason_code.clone(),
                fields: decision.fields.clone(),
                offered: decision.resources.as_ref().and_then(|resources| resources.parse().ok()),
                answer_by,
            }),
        }
    }
}

/// A deed without what goes with it: what the table is looked up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Submit,
    Resubmit,
    Verdict(Verdict),
    AutoApprove,
    OfferExpired,
    ReturnLapsed,
    ProvisionStarted,
    QuotaObserved,
    TestEnded,
    TermEnded,
    Renewed,
    ReclaimStarted,
    ShrinkDone,
    Freed,
}

impl Action {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Submit => "Submit",
            Self::Resubmit => "Resubmit",
            Self::Verdict(verdict) => verdict.name(),
            Self::AutoApprove => "AutoApprove",
            Self::OfferExpired => "OfferExpired",
            Self::ReturnLapsed => "ReturnLapsed",
            Self::ProvisionStarted => "ProvisionStarted",
            Self::QuotaObserved => "QuotaObserved",
            Self::TestEnded => "TestEnded",
            Self::TermEnded => "TermEnded",
            Self::Renewed => "Renewed",
            Self::ReclaimStarted => "ReclaimStarted",
            Self::ShrinkDone => "ShrinkDone",
            Self::Freed => "Freed",
        }
    }

    /// Whether this is an approver's word on the request, which nobody gives on his own.
    #[must_use]
    pub const fn decides(self) -> bool {
        match self {
            Self::Verdict(verdict) => matches!(
                verdict,
                Verdict::Accept
                    | Verdict::Take
                    | Verdict::Approve
                    | Verdict::Return
                    | Verdict::Reject
                    | Verdict::Offer
                    | Verdict::Confirm
                    | Verdict::Cancel
                    | Verdict::Reclaim
            ),
            _ => false,
        }
    }
}

impl Deed {
    #[must_use]
    pub const fn action(&self) -> Action {
        match self {
            Self::Submit => Action::Submit,
            Self::Resubmit { .. } => Action::Resubmit,
            Self::Verdict(given) => Action::Verdict(given.verdict),
            Self::AutoApprove { .. } => Action::AutoApprove,
            Self::OfferExpired => Action::OfferExpired,
            Self::ReturnLapsed => Action::ReturnLapsed,
            Self::ProvisionStarted => Action::ProvisionStarted,
            Self::QuotaObserved => Action::QuotaObserved,
            Self::TestEnded => Action::TestEnded,
            Self::TermEnded => Action::TermEnded,
            Self::Renewed => Action::Renewed,
            Self::ReclaimStarted => Action::ReclaimStarted,
            Self::ShrinkDone => Action::ShrinkDone,
            Self::Freed => Action::Freed,
        }
    }

    /// What a person's verdict says, if this is one.
    #[must_use]
    pub const fn given(&self) -> Option<&Given> {
        match self {
            Self::Verdict(given) => Some(given),
            _ => None,
        }
    }
}

impl Verdict {
    pub const ALL: [Self; 14] = [
        Self::Accept,
        Self::Take,
        Self::Approve,
        Self::Return,
        Self::Reject,
        Self::Offer,
        Self::AcceptOffer,
        Self::DeclineOffer,
        Self::Withdraw,
        Self::Reinstate,
        Self::Confirm,
        Self::Cancel,
        Self::Reclaim,
        Self::Urge,
    ];

    /// Whether it means nothing without a reason.
    #[must_use]
    pub const fn needs_reason(self) -> bool {
        matches!(self, Self::Return | Self::Reject | Self::Offer | Self::DeclineOffer | Self::Cancel | Self::Reclaim)
    }

    /// Whether it has to say for which stage it is: other stages have other people.
    #[must_use]
    pub const fn needs_stage(self) -> bool {
        matches!(self, Self::Approve | Self::Return | Self::Reject | Self::Offer | Self::Cancel)
    }
}
