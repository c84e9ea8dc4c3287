//! Whether a request is approved without a person: rules R1 to R6 and the city's own conditions, asked
//! of values and answered with what was found.
//!
//! The operator asks when a request is submitted, the API while it is typed: the same code, so that
//! nobody is promised what doesn't come. All rules have to hold for an increase, else a person decides
//! and is told why. What a department gives back by itself needs nobody.

pub mod expression;
mod room;
mod rules;
mod values;

use jiff::Timestamp;
use ledger::{Amount, Bundle, Resource};

use crate::policy::Automatic;
use crate::usage::Roll;
use crate::v1alpha1::{
    ApplicationSpec, AutomaticOutcome, Evidence, Phase, QuotaRequest, QuotaRequestSpec, RequestType,
};
use crate::workflow;

pub use room::{Room, room};

/// Who approves where no person does.
pub const AUTOMATIC: &str = "system:automatic";
/// The results that evidence has.
pub const PASSED: &str = "Passed";
pub const FAILED: &str = "Failed";

/// What is known of a request and what it is about.
#[derive(Debug)]
pub struct Situation<'a> {
    pub department: &'a str,
    pub spec: &'a QuotaRequestSpec,
    /// What the allocation shall have; or the code of what is in the way.
    pub target: Result<Bundle, String>,
    /// What it has.
    pub has: Bundle,
    pub application: Option<&'a ApplicationSpec>,
    pub usage: Option<&'a Roll>,
    /// What claims are charged with now; `None` where nobody has counted it.
    pub storage_used: Option<Amount>,
    /// What the pool's ledger says; `None` where it can't be read.
    pub room: Option<Room>,
    /// When something of this application was approved automatically last.
    pub recent: Option<Timestamp>,
    /// Another request for the application that is open.
    pub open: Option<String>,
    pub now: Timestamp,
}

/// What the rules came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Without a person.
    pub approves: bool,
    pub evidence: Vec<Evidence>,
    /// Why a person decides, each once; empty if none has to.
    pub reasons: Vec<Code>,
}

/// Why a person decides. The names are promised to scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// Automatic approval is switched off, all of it or this kind.
    SwitchedOff,
    KindNew,
    KindRelease,
    KindRenew,
    /// It moves to another pool.
    KindMove,
    /// Less for a time: what comes after isn't said.
    KindTemporaryLess,
    /// Nothing would change.
    Unchanged,
    /// It makes no sense beside what exists.
    Unfit,
    /// 无监控数据
    NoData,
    /// Too little of the time was seen.
    CoverageLow,
    UseLow,
    IncreaseLarge,
    StorageUseLow,
    /// It doesn't fit the pool or a ceiling.
    NoRoom,
    /// The pool would reach its warning line.
    PoolFull,
    /// Something of this application was approved automatically a short while ago.
    Recent,
    OtherOpen,
    /// It has nothing yet.
    NewApplication,
    /// A condition of the city doesn't hold.
    Condition,
    /// A condition of the city can't be answered.
    ConditionFaulty,
}

impl Code {
    pub const ALL: [Self; 20] = [
        Self::SwitchedOff,
        Self::KindNew,
        Self::KindRelease,
        Self::KindRenew,
        Self::KindMove,
        Self::KindTemporaryLess,
        Self::Unchanged,
        Self::Unfit,
        Self::NoData,
        Self::CoverageLow,
        Self::UseLow,
        Self::IncreaseLarge,
        Self::StorageUseLow,
        Self::NoRoom,
        Self::PoolFull,
        Self::Recent,
        Self::OtherOpen,
        Self::NewApplication,
        Self::Condition,
        Self::ConditionFaulty,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SwitchedOff => "SwitchedOff",
            Self::KindNew => "KindNew",
            Self::KindRelease => "KindRelease",
            Self::KindRenew => "KindRenew",
            Self::KindMove => "KindMove",
            Self::KindTemporaryLess => "KindTemporaryLess",
            Self::Unchanged => "Unchanged",
            Self::Unfit => "Unfit",
            Self::NoData => "NoData",
            Self::CoverageLow => "CoverageLow",
            Self::UseLow => "UseLow",
            Self::IncreaseLarge => "IncreaseLarge",
            Self::StorageUseLow => "StorageUseLow",
            Self::NoRoom => "NoRoom",
            Self::PoolFull => "PoolFull",
            Self::Recent => "Recent",
            Self::OtherOpen => "OtherOpen",
            Self::NewApplication => "NewApplication",
            Self::Condition => "Condition",
            Self::ConditionFaulty => "ConditionFaulty",
        }
    }

    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }
}

/// Asks all rules.
#[must_use]
pub fn judge(situation: &Situation<'_>, policy: &Automatic) -> Verdict {
    let mut found = Found::default();
    if !policy.is_on {
        found.fail(rules::item("R6", "off", "automatic.enabled = on", "policy"), Code::SwitchedOff);
    }
    match kind(situation) {
        Kind::ByPerson(code) => found.fail(rules::kind(situation.spec.type_), code),
        Kind::Unfit(unfit) => {
            let item = Evidence { message: Some(unfit), ..rules::kind(situation.spec.type_) };
            found.fail(item, Code::Unfit);
        }
        Kind::Less(less) => {
            let item = rules::less(less);
            if policy.decreases { found.pass(item) } else { found.fail(item, Code::SwitchedOff) }
        }
        Kind::More { target, increase } => {
            found.pass(rules::kind(situation.spec.type_));
            rules::increase(situation, policy, target, increase, &mut found);
        }
    }
    found.verdict()
}

/// What a request is to these rules.
enum Kind {
    More { target: Bundle, increase: Bundle },
    Less(Bundle),
    ByPerson(Code),
    Unfit(String),
}

/// R6.
fn kind(situation: &Situation<'_>) -> Kind {
    let spec = situation.spec;
    match spec.type_ {
        RequestType::New => return Kind::ByPerson(Code::KindNew),
        RequestType::Release => return Kind::ByPerson(Code::KindRelease),
        RequestType::Renew => return Kind::ByPerson(Code::KindRenew),
        RequestType::Change if spec.move_from.is_some() => return Kind::ByPerson(Code::KindMove),
        RequestType::Change => {}
    }
    let target = match &situation.target {
        Ok(target) => *target,
        Err(unfit) => return Kind::Unfit(unfit.clone()),
    };
    let (increase, less) = (target.minus(situation.has), situation.has.minus(target));
    let ends = spec.period.as_ref().is_some_and(|period| period.end.is_some());
    match (increase.is_zero(), less.is_zero()) {
        (true, true) => Kind::ByPerson(Code::Unchanged),
        (true, false) if ends => Kind::ByPerson(Code::KindTemporaryLess),
        (true, false) => Kind::Less(less),
        (false, _) => Kind::More { target, increase },
    }
}

/// Which rules passed, for a history and a journal: `R1, R3, R4`.
#[must_use]
pub fn passed(evidence: &[Evidence]) -> String {
    let mut rules: Vec<&str> = Vec::new();
    for one in evidence.iter().filter(|one| one.result == PASSED) {
        if !rules.contains(&one.rule.as_str()) {
            rules.push(&one.rule);
        }
    }
    rules.join(", ")
}

/// When one of these requests was approved without a person last.
pub fn last_approval<'a>(requests: impl IntoIterator<Item = &'a QuotaRequest>) -> Option<Timestamp> {
    let reviews = requests.into_iter().filter_map(|request| request.status.as_ref()?.automatic.as_ref());
    reviews.filter(|review| review.outcome == AutomaticOutcome::Approved).map(|review| review.at.0).max()
}

/// The decision that a request is being approved by without a person, until it is or isn't.
#[must_use]
pub fn pending(request: &QuotaRequest) -> Option<&str> {
    let status = request.status.as_ref()?;
    let review = status.automatic.as_ref()?;
    let waits = status.phase.is_none_or(|phase| phase == Phase::Submitted);
    let is_it = review.outcome == AutomaticOutcome::Pending && review.revision == workflow::revision_of(request);
    review.decision.as_deref().filter(|_| waits && is_it)
}

/// What was found so far.
#[derive(Debug, Default)]
struct Found {
    evidence: Vec<Evidence>,
    reasons: Vec<Code>,
}

impl Found {
    fn pass(&mut self, item: Evidence) {
        self.evidence.push(Evidence { result: PASSED.to_owned(), ..item });
    }

    fn fail(&mut self, item: Evidence, code: Code) {
        self.evidence.push(Evidence { result: FAILED.to_owned(), code: Some(code.name().to_owned()), ..item });
        if !self.reasons.contains(&code) {
            self.reasons.push(code);
        }
    }

    fn result(&mut self, item: Evidence, holds: bool, code: Code) {
        if holds { self.pass(item) } else { self.fail(item, code) }
    }

    fn verdict(self) -> Verdict {
        Verdict { approves: self.reasons.is_empty(), evidence: self.evidence, reasons: self.reasons }
    }
}

/// A share with one decimal, as evidence writes it.
fn percent(part: Amount, whole: Amount) -> String {
    part.per_mille_of(whole)
        .map_or_else(|| "-".to_owned(), |per_mille| format!("{}.{} %", per_mille / 10, per_mille % 10))
}

/// The resources in which something is added.
fn added(increase: Bundle) -> impl Iterator<Item = Resource> {
    Resource::ALL.into_iter().filter(move |resource| !increase.of(*resource).is_zero())
}

#[cfg(test)]
mod tests;
