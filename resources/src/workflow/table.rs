//! Which act leads from where to where, and who does it. The numbers are those of the process as it
//! is agreed with the city; an act that is in no row is refused.

use super::act::Action;
use super::role::{DEPARTMENT, Role};
use super::{Rules, Standing};
use crate::v1alpha1::{Phase, RequestType, ReviewStage, Verdict};

/// One line of the table.
#[derive(Debug)]
pub struct Row {
    /// Number in the process; 0 for what moves nothing.
    pub number: u8,
    /// Empty: from a draft.
    pub from: &'static [Phase],
    pub action: Action,
    pub who: Who,
    pub to: To,
    /// What else has to be so.
    pub when: When,
}

/// Who may do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    These(&'static [Role]),
    /// The approver of the step that it is in.
    OfThatStep,
    /// The approver of the last review stage, which it is in.
    OfLastStage,
}

/// Where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    Phase(Phase),
    /// It stays where it is.
    Same,
    /// Where it was before it was returned or withdrawn.
    Before,
}

/// What has to be so beside the phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Always,
    /// A second stage comes after this one.
    NotLastStage,
    LastStage,
    /// What is opened is a test.
    ForTest,
    /// What is opened is all there is, and something is.
    ForGood,
    /// The test isn't confirmed.
    Unconfirmed,
    Confirmed,
    /// It gives everything back.
    Releases,
    /// Something of the application has to be taken back: it becomes smaller, or leaves a pool.
    TakesBack,
    /// The application remains.
    Keeps,
    /// Nothing of the application remains.
    KeepsNothing,
    /// The quota isn't lowered yet.
    NotLowered,
}

/// The last line whose verdicts are carried out. What is in force already is changed by another
/// request, in this version.
pub const CARRIED_OUT: u8 = 16;

const ADMIN: &[Role] = &[Role::ApproverAdmin];
const TECH: &[Role] = &[Role::ApproverTech];
const OWNER: &[Role] = &[Role::DepartmentOwner];
const CLOUD: &[Role] = &[Role::CloudAdmin];
const SYSTEM: &[Role] = &[Role::System];
const OPERATOR: &[Role] = &[Role::Operator];
/// Whoever waits for it, and those who answer for the process.
const URGING: &[Role] = &[Role::DepartmentUser, Role::DepartmentOwner, Role::CloudAdmin, Role::ApproverAdmin];
const ENDING_TESTS: &[Role] = &[Role::System, Role::DepartmentUser, Role::DepartmentOwner];
const TAKING_BACK: &[Role] = &[Role::Operator, Role::System];

const IN_REVIEW: &[Phase] = &[Phase::Submitted, Phase::Accepted, Phase::TechReview];
const WITHDRAWABLE: &[Phase] =
    &[Phase::Submitted, Phase::Accepted, Phase::TechReview, Phase::Returned, Phase::Offered, Phase::Approved];
const IN_FORCE: &[Phase] = &[Phase::Active, Phase::Expired];
/// Where somebody's turn has come and hasn't passed.
const URGENT: &[Phase] = &[
    Phase::Submitted,
    Phase::Accepted,
    Phase::TechReview,
    Phase::Offered,
    Phase::Approved,
    Phase::Provisioning,
    Phase::Testing,
    Phase::Returned,
    Phase::Reclaiming,
];

/// The whole table.
pub const TABLE: &[Row] = &[
    row(1, &[], Action::Submit, Who::These(DEPARTMENT), To::Phase(Phase::Submitted), When::Always),
    by(2, &[Phase::Submitted], Verdict::Accept, ADMIN, To::Phase(Phase::Accepted), When::Always),
    row(3, &[Phase::Submitted], Action::AutoApprove, Who::These(SYSTEM), To::Phase(Phase::Approved), When::Always),
    by(4, &[Phase::Accepted], Verdict::Take, TECH, To::Phase(Phase::TechReview), When::Always),
    by(5, &[Phase::TechReview], Verdict::Approve, TECH, To::Same, When::NotLastStage),
    last(6, Verdict::Approve, Phase::Approved),
    last(7, Verdict::Offer, Phase::Offered),
    by(8, &[Phase::Offered], Verdict::AcceptOffer, OWNER, To::Phase(Phase::Approved), When::Always),
    by(9, &[Phase::Offered], Verdict::DeclineOffer, OWNER, To::Phase(Phase::TechReview), When::Always),
    row(10, &[Phase::Offered], Action::OfferExpired, Who::These(SYSTEM), To::Phase(Phase::Lapsed), When::Always),
    step(11, Verdict::Return, Phase::Returned),
    row(12, &[Phase::Returned], Action::Resubmit, Who::These(DEPARTMENT), To::Before, When::Always),
    row(13, &[Phase::Returned], Action::ReturnLapsed, Who::These(SYSTEM), To::Phase(Phase::Lapsed), When::Always),
    step(14, Verdict::Reject, Phase::Rejected),
    by(15, WITHDRAWABLE, Verdict::Withdraw, DEPARTMENT, To::Phase(Phase::Withdrawn), When::Always),
    by(16, &[Phase::Withdrawn], Verdict::Reinstate, DEPARTMENT, To::Before, When::Always),
    auto(17, &[Phase::Approved], Action::ProvisionStarted, Phase::Provisioning, When::Always),
    auto(18, &[Phase::Provisioning], Action::QuotaObserved, Phase::Testing, When::ForTest),
    auto(19, &[Phase::Provisioning], Action::QuotaObserved, Phase::Active, When::ForGood),
    // The rest is granted by the confirmation; in force it is when the cluster shows it.
    by(20, &[Phase::Testing], Verdict::Confirm, TECH, To::Same, When::Unconfirmed),
    auto(20, &[Phase::Testing], Action::QuotaObserved, Phase::Active, When::Confirmed),
    row(
        21,
        &[Phase::Testing],
        Action::TestEnded,
        Who::These(ENDING_TESTS),
        To::Phase(Phase::Reclaiming),
        When::Unconfirmed,
    ),
    by(22, &[Phase::Provisioning], Verdict::Cancel, CLOUD, To::Phase(Phase::Reclaiming), When::Always),
    row(23, &[Phase::Active], Action::TermEnded, Who::These(SYSTEM), To::Phase(Phase::Expired), When::Always),
    auto(24, &[Phase::Expired], Action::Renewed, Phase::Active, When::Always),
    by(25, IN_FORCE, Verdict::Reclaim, ADMIN, To::Phase(Phase::Reclaiming), When::Always),
    back(IN_FORCE, When::Always),
    // The request that takes back goes the same way as the grant that it is about.
    back(&[Phase::Approved], When::Releases),
    back(&[Phase::Provisioning], When::TakesBack),
    auto(26, &[Phase::Reclaiming], Action::ShrinkDone, Phase::Active, When::Keeps),
    by(26, &[Phase::Reclaiming], Verdict::Cancel, ADMIN, To::Phase(Phase::Active), When::NotLowered),
    auto(27, &[Phase::Reclaiming], Action::Freed, Phase::Released, When::KeepsNothing),
    by(0, URGENT, Verdict::Urge, URGING, To::Same, When::Always),
];

const fn row(number: u8, from: &'static [Phase], action: Action, who: Who, to: To, when: When) -> Row {
    Row { number, from, action, who, to, when }
}

/// A verdict of people with these roles.
const fn by(number: u8, from: &'static [Phase], verdict: Verdict, roles: &'static [Role], to: To, when: When) -> Row {
    row(number, from, Action::Verdict(verdict), Who::These(roles), to, when)
}

/// A verdict of the last review stage's approver.
const fn last(number: u8, verdict: Verdict, to: Phase) -> Row {
    let action = Action::Verdict(verdict);
    row(number, &[Phase::TechReview], action, Who::OfLastStage, To::Phase(to), When::LastStage)
}

/// A verdict of the approver of whichever step it is in.
const fn step(number: u8, verdict: Verdict, to: Phase) -> Row {
    row(number, IN_REVIEW, Action::Verdict(verdict), Who::OfThatStep, To::Phase(to), When::Always)
}

/// What the operator sees in ledgers and clusters.
const fn auto(number: u8, from: &'static [Phase], action: Action, to: Phase, when: When) -> Row {
    row(number, from, action, Who::These(OPERATOR), To::Phase(to), when)
}

/// What was decided elsewhere is taken back.
const fn back(from: &'static [Phase], when: When) -> Row {
    row(25, from, Action::ReclaimStarted, Who::These(TAKING_BACK), To::Phase(Phase::Reclaiming), when)
}

impl Row {
    /// Whether this line is about an action on a request that stands there.
    #[must_use]
    pub fn applies(&self, standing: &Standing, action: Action, rules: &Rules) -> bool {
        let from = standing.phase.map_or(self.from.is_empty(), |phase| self.from.contains(&phase));
        from && self.action == action && self.when.holds(standing, rules)
    }

    /// Whether the operator does what follows, where it is a verdict.
    #[must_use]
    pub const fn is_carried_out(&self) -> bool {
        self.number <= CARRIED_OUT
    }

    /// Whose it is, for a request that stands there.
    #[must_use]
    pub fn roles(&self, standing: &Standing) -> &'static [Role] {
        match self.who {
            Who::These(roles) => roles,
            Who::OfThatStep | Who::OfLastStage => match standing.reviewing() {
                Some(ReviewStage::TechReview) => TECH,
                Some(ReviewStage::AdminApproval) | None => ADMIN,
            },
        }
    }

    /// The phase afterwards.
    #[must_use]
    pub fn leads_to(&self, standing: &Standing) -> Option<Phase> {
        match self.to {
            To::Phase(phase) => Some(phase),
            To::Same => standing.phase,
            To::Before => before(standing),
        }
    }
}

impl When {
    fn holds(self, standing: &Standing, rules: &Rules) -> bool {
        let facts = &standing.facts;
        match self {
            Self::Always => true,
            Self::NotLastStage => !standing.is_last_stage(rules),
            Self::LastStage => standing.is_last_stage(rules),
            Self::ForTest => rules.needs_test(standing),
            Self::ForGood => !rules.needs_test(standing) && standing.kind != RequestType::Release,
            Self::Unconfirmed => standing.confirmed_by.is_none(),
            Self::Confirmed => standing.confirmed_by.is_some(),
            Self::Releases => standing.kind == RequestType::Release,
            Self::TakesBack => {
                let smaller = !facts.has.fits_within(standing.agreed()) || !facts.draining.is_zero();
                smaller && standing.kind != RequestType::New
            }
            Self::Keeps => !facts.keeps.is_zero(),
            Self::KeepsNothing => facts.keeps.is_zero(),
            Self::NotLowered => !facts.quota_lowered,
        }
    }
}

/// Where a returned or withdrawn request goes back to. What was held for an offer or an approval is
/// gone: those are decided again.
fn before(standing: &Standing) -> Option<Phase> {
    if standing.phase == Some(Phase::Returned) {
        return standing.returned.as_ref().map(|returned| returned.phase);
    }
    match standing.withdrawn.as_ref()?.phase {
        Phase::Offered | Phase::Approved => Some(Phase::TechReview),
        phase => Some(phase),
    }
}

/// The line for this action on a request that stands there, if there is one.
#[must_use]
pub fn find(standing: &Standing, action: Action, rules: &Rules) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.applies(standing, action, rules))
}

/// The verdicts that there are for a request that stands there. Some may be too late or too early:
/// [`super::open_now`].
#[must_use]
pub fn open(standing: &Standing, rules: &Rules) -> Vec<Verdict> {
    let row = |verdict: Verdict| find(standing, Action::Verdict(verdict), rules);
    Verdict::ALL.into_iter().filter(|verdict| row(*verdict).is_some_and(Row::is_carried_out)).collect()
}

/// Everybody who ever does this, wherever the request stands.
pub fn ever(action: Action) -> impl Iterator<Item = Role> {
    TABLE
        .iter()
        .filter(move |row| row.action == action)
        .flat_map(|row| match row.who {
            Who::These(roles) => roles,
            Who::OfThatStep | Who::OfLastStage => &[Role::ApproverAdmin, Role::ApproverTech],
        })
        .copied()
}
