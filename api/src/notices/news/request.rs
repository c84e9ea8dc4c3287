//! What is said of requests: each step of their history, and the time that is left.

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use resources::names;
use resources::v1alpha1::{HistoryRecord, Phase, QuotaRequest, ReviewStage, Stage, Verdict};
use resources::workday::{CITY, day_of};
use resources::workflow::{self, ACCEPTANCE};

use super::{City, Kind, Notice, facts, minute};
use crate::notices::{Audience, Facts, Subject, event_id};

/// Where a request is told from.
struct Told<'a> {
    request: &'a QuotaRequest,
    department: &'a str,
    uid: String,
    facts: Facts,
}

pub fn notices(request: &QuotaRequest, application: Option<&str>, city: &City) -> Vec<Notice> {
    let namespace = request.namespace().unwrap_or_default();
    let (Some(department), Some(status)) = (names::department_of(&namespace), request.status.as_ref()) else {
        return Vec::new();
    };
    // What has no number yet isn't taken up; it is told with it.
    let Some(number) = &status.number else { return Vec::new() };
    let asked = &request.spec;
    let new = asked.new_application.as_ref().map(|new| new.display_name.as_str());
    let told = Told {
        request,
        department,
        uid: request.uid().unwrap_or_default(),
        facts: facts([
            ("number", number),
            ("department", department),
            ("application", application.or(new).unwrap_or(&asked.application)),
            ("pool", &asked.pool),
            ("cpu", &asked.resources.cpu),
            ("memory", &asked.resources.memory),
            ("storage", &asked.resources.storage),
            ("requester", names::short_user(&asked.requester)),
        ]),
    };
    let mut notices = vec![told.submitted()];
    notices.extend(status.history.iter().filter_map(|record| told.step(record)));
    if let Some(stage) = status.stage.as_ref().filter(|_| workflow::is_open(workflow::phase_of(request))) {
        notices.extend(told.due_soon(stage, city));
        notices.extend(told.overdue(stage, city.now));
        notices.extend(told.urged(stage));
    }
    notices
}

impl Told<'_> {
    fn notice(&self, kind: Kind, at: Timestamp, id: &[&str], audiences: Vec<Audience>, more: Facts) -> Notice {
        let id: Vec<&str> = std::iter::once(self.uid.as_str()).chain(id.iter().copied()).collect();
        Notice {
            id: event_id(kind, &id),
            kind,
            at,
            audiences,
            subject: Subject::Request { department: self.department.to_owned(), name: self.request.name_any() },
            facts: self.facts.clone().into_iter().chain(more).collect(),
        }
    }

    fn submitted(&self) -> Notice {
        let at = self.request.creation_timestamp().map_or(Timestamp::MIN, |at| at.0);
        // In the short way nobody accepts: who approves is first.
        let audiences = vec![Audience::Accepters, Audience::Approvers];
        self.notice(Kind::RequestSubmitted, at, &["first"], audiences, Facts::new())
    }

    fn step(&self, record: &HistoryRecord) -> Option<Notice> {
        let own = || vec![Audience::Department(self.department.to_owned())];
        let (from, to) = (record.from, record.to);
        let verdict = record.verdict.as_deref();
        let (kind, audiences) = match to {
            _ if from == Some(Phase::Returned)
                && matches!(to, Phase::Submitted | Phase::Accepted | Phase::TechReview) =>
            {
                (Kind::RequestSubmitted, turn_of(to, record.stage))
            }
            Phase::TechReview if from == Some(Phase::Offered) && verdict == Some(Verdict::DeclineOffer.name()) => {
                (Kind::OfferDeclined, turn_of(to, record.stage))
            }
            Phase::TechReview if verdict == Some(Verdict::Approve.name()) => {
                (Kind::RequestReviewed, [own(), vec![Audience::Approvers]].concat())
            }
            _ if from == Some(to) => return None,
            Phase::Accepted => (Kind::RequestAccepted, [own(), vec![Audience::Reviewers]].concat()),
            Phase::Returned => (Kind::RequestReturned, own()),
            Phase::Offered => (Kind::RequestOffered, own()),
            Phase::Approved => (Kind::RequestApproved, own()),
            Phase::Active => (Kind::RequestInForce, own()),
            Phase::Rejected => (Kind::RequestRejected, own()),
            Phase::Lapsed => (Kind::RequestLapsed, own()),
            Phase::Withdrawn => (Kind::RequestWithdrawn, turn_of(from.unwrap_or_default(), None)),
            _ => return None,
        };
        let at = record.at.0;
        let more = facts([
            ("by", names::short_user(&record.by)),
            ("reason", if record.reason.is_empty() { "" } else { &record.reason }),
        ]);
        Some(self.notice(kind, at, &[&at.to_string(), &format!("{from:?}-{to:?}")], audiences, more))
    }

    /// In the morning of the working day before it is due, or on the day itself where there was no
    /// such morning.
    fn due_soon(&self, stage: &Stage, city: &City) -> Option<Notice> {
        let due = due(stage)?;
        let since = stage.since.as_ref().map_or(Timestamp::MIN, |since| since.0);
        let last = day_of(due);
        let mornings = [last_workday_before(city, last), last].map(morning);
        let at = mornings.into_iter().flatten().find(|at| *at > since && *at < due)?;
        if city.now < at || city.now >= due {
            return None;
        }
        let more = facts([("due", &minute(due)), ("step", &stage.name)]);
        let id = [stage.name.as_str(), &due.to_string()];
        Some(self.notice(Kind::AnswerDueSoon, at, &id, self.turn(stage), more))
    }

    /// Once per step and time limit, to whoever is late and to the next above him.
    fn overdue(&self, stage: &Stage, now: Timestamp) -> Option<Notice> {
        let due = due(stage)?;
        let limit = stage.limit.as_deref().filter(|limit| limit.starts_with("sla."))?;
        if due > now {
            return None;
        }
        let next =
            if stage.name == ReviewStage::TechReview.name() { Audience::Approvers } else { Audience::CloudAdmins };
        let mut audiences = self.turn(stage);
        audiences.push(next);
        let more = facts([("due", &minute(due)), ("step", &stage.name)]);
        Some(self.notice(Kind::AnswerOverdue, due, &[&stage.name, limit], audiences, more))
    }

    fn urged(&self, stage: &Stage) -> Option<Notice> {
        let at = stage.urged_at.as_ref()?.0;
        let more = facts([("due", &due(stage).map(minute).unwrap_or_default()), ("step", &stage.name)]);
        Some(self.notice(Kind::RequestUrged, at, &[&stage.name, &at.to_string()], self.turn(stage), more))
    }

    /// Who is to act in this step.
    fn turn(&self, stage: &Stage) -> Vec<Audience> {
        let phase = workflow::phase_of(self.request);
        match phase {
            Phase::Offered | Phase::Returned | Phase::Testing => vec![Audience::Department(self.department.to_owned())],
            _ if stage.name == ACCEPTANCE => vec![Audience::Accepters],
            _ if stage.name == ReviewStage::AdminApproval.name() => vec![Audience::Approvers],
            _ => vec![Audience::Reviewers],
        }
    }
}

/// Who is to act on a request in this phase.
fn turn_of(phase: Phase, stage: Option<ReviewStage>) -> Vec<Audience> {
    match (phase, stage) {
        (Phase::TechReview, Some(ReviewStage::AdminApproval)) => vec![Audience::Approvers],
        (Phase::Submitted, _) => vec![Audience::Accepters, Audience::Approvers],
        (Phase::Accepted, _) | (Phase::TechReview, Some(ReviewStage::TechReview)) => vec![Audience::Reviewers],
        _ => vec![Audience::Reviewers, Audience::Approvers],
    }
}

fn due(stage: &Stage) -> Option<Timestamp> {
    stage.due_at.as_ref()?.parse().ok()
}

/// As a day of work begins.
fn morning(day: Date) -> Option<Timestamp> {
    CITY.to_timestamp(day.to_datetime(Time::constant(9, 0, 0, 0))).ok()
}

/// No run of days off is longer than this.
const DAYS_OFF_MAX: i64 = 30;

fn last_workday_before(city: &City, day: Date) -> Date {
    let before = (1..=DAYS_OFF_MAX).filter_map(|back| day.checked_sub(SignedDuration::from_hours(24 * back)).ok());
    before.into_iter().find(|day| city.calendar.kind(*day).is_worked()).unwrap_or(day)
}
