//! The course of a request, and what a caller may do with it, as it is shown.

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};
use ledger::Bundle;
use resources::names::short_user;
use resources::policy::{Form, Key};
use resources::v1alpha1::{self as kinds, QuotaRequestStatus, RequestType, ReviewStage};
use resources::workday::{CITY, Calendar, day_of};
use resources::workflow::{Facts, Refusal};

use super::{Reading, RequestRow, Snapshot};
use crate::acting::Acting;
use crate::clock;
use crate::identity::Caller;
use crate::language::Language;
use crate::process::Process;
use crate::refusal::body_path;
use crate::refused;
use crate::routes::course::{
    Action, Blocked, Correction, HistoryEntry, OfferView, ReturnedView, ReviewView, ReviewedView, Stage, StoppedClock,
    WithdrawalView,
};

/// What working days are counted from, and with.
#[derive(Clone, Copy)]
pub struct Today<'a> {
    pub now: Timestamp,
    pub calendar: &'a Calendar,
}

/// What the status says of a request's course.
pub struct Course {
    pub stage: Option<Stage>,
    pub offer: Option<OfferView>,
    pub returned: Option<ReturnedView>,
    pub review: Option<ReviewView>,
    pub withdrawn: Option<WithdrawalView>,
    pub history: Vec<HistoryEntry>,
}

impl Course {
    #[must_use]
    pub fn of(status: Option<&QuotaRequestStatus>, process: &Process, today: Today<'_>) -> Self {
        let Some(status) = status else {
            return Self { stage: None, offer: None, returned: None, review: None, withdrawn: None, history: vec![] };
        };
        Self {
            stage: status.stage.as_ref().map(|one| stage(one, today)),
            offer: status.offer.as_ref().map(|one| offer(one, process.rules.offer_rounds)),
            returned: status.returned.as_ref().map(returned),
            review: status.review.as_ref().map(review),
            withdrawn: status.withdrawn.as_ref().map(|one| withdrawal(one, process.rules.undo)),
            history: status.history.iter().map(step).collect(),
        }
    }
}

impl Snapshot {
    /// The caller before this request.
    pub fn acting<'a>(&self, row: &RequestRow, caller: &'a Caller, process: &'a Process, now: Timestamp) -> Acting<'a> {
        Acting::new(&row.object, self.facts(row), process, (&caller.user.name, &caller.rights), now)
    }

    /// What a screen's question needs to know beside the request.
    fn facts(&self, row: &RequestRow) -> Facts {
        let spec = &row.object.spec;
        let releases = spec.type_ == RequestType::Release;
        let stage = row.object.status.as_ref().and_then(|status| status.stage.as_ref());
        let urged_at = stage.and_then(|stage| stage.urged_at.as_ref()).map(|at| at.0);
        let urge_from = urged_at.and_then(|at| {
            let next = self.calendar.next_workday(day_of(at));
            CITY.to_timestamp(next.at(0, 0, 0, 0)).ok()
        });
        Facts {
            pool: spec.pool.clone(),
            target: if releases { Bundle::ZERO } else { spec.resources.parse().unwrap_or_default() },
            has: row.current,
            behind: row.behind.clone(),
            // What is taken back is on its way at once.
            quota_lowered: true,
            urge_from,
            ..Facts::default()
        }
    }
}

impl Reading {
    /// The city's rules at the time of this reading.
    #[must_use]
    pub fn process(&self) -> Process {
        Process::at(self.policy(), self.age.as_of)
    }
}

/// The actions for the screen.
#[must_use]
pub fn actions(acting: &Acting<'_>, language: Language) -> Vec<Action> {
    let shown = acting.actions().into_iter().map(|(verdict, refusal)| Action {
        verdict: verdict.into(),
        needs_reason: verdict.needs_reason(),
        blocked: refusal.map(|refusal| blocked(language, &refusal)),
    });
    shown.collect()
}

#[must_use]
pub fn blocked(language: Language, refusal: &Refusal) -> Blocked {
    Blocked { code: refusal.code(), message: refused::sentence(language, refusal) }
}

/// What a correction names as looked at: the revision, and whatever was written into the spec since.
#[must_use]
pub fn version(revision: i64, metadata: &kube::core::ObjectMeta) -> String {
    format!("{revision}.{}", metadata.generation.unwrap_or_default())
}

/// Whether a request waits in the step of this name. In the short way steps have none.
#[must_use]
pub fn is_at(row: &RequestRow, name: &str) -> bool {
    let stage = row.object.status.as_ref().and_then(|status| status.stage.as_ref());
    stage.is_some_and(|stage| stage.name == name)
}

/// Working days to the last day of what runs, if that is counted in them.
fn workdays_left(stage: &kinds::Stage, Today { now, calendar }: Today<'_>) -> Option<i64> {
    let key = Key::of(stage.limit.as_deref()?)?;
    let due: Timestamp = stage.due_at.as_ref()?.parse().ok()?;
    let (today, last) = (day_of(now), day_of(due));
    let counted = match today.cmp(&last) {
        Ordering::Greater => -i64::from(calendar.workdays_between(last, today)),
        Ordering::Less | Ordering::Equal => i64::from(calendar.workdays_between(today, last)),
    };
    matches!(key.form, Form::Workdays { .. }).then_some(counted)
}

fn stage(stage: &kinds::Stage, today: Today<'_>) -> Stage {
    Stage {
        name: stage.name.clone(),
        limit: stage.limit.clone(),
        due_at: stage.due_at.clone(),
        workdays_left: workdays_left(stage, today),
        provisional: stage.provisional,
        overdue: stage.overdue,
        urged_at: stage.urged_at.as_ref().map(|at| clock::text(at.0)),
        stopped: stage.stopped.as_ref().map(|stopped| StoppedClock {
            limit: stopped.limit.clone(),
            due_at: stopped.due_at.clone(),
            at: clock::text(stopped.at.0),
        }),
    }
}

fn offer(offer: &kinds::Offer, rounds_max: u32) -> OfferView {
    OfferView {
        pool: offer.pool.clone(),
        resources: (&offer.resources).into(),
        by: offer.by.clone(),
        by_short: short_user(&offer.by).to_owned(),
        reason: offer.reason.clone(),
        expires_at: offer.expires_at.clone(),
        round: offer.round,
        rounds_max,
    }
}

fn returned(returned: &kinds::Returned) -> ReturnedView {
    ReturnedView {
        by: returned.by.clone(),
        by_short: short_user(&returned.by).to_owned(),
        reason: returned.reason.clone(),
        fields: returned.fields.iter().map(|field| body_path(field)).collect(),
        from: returned.from.into(),
    }
}

fn review(review: &kinds::ReviewRecord) -> ReviewView {
    let acted = review.acted.iter().map(|acted| ReviewedView {
        stage: acted.stage.name().to_owned(),
        by: acted.by.clone(),
        by_short: short_user(&acted.by).to_owned(),
    });
    ReviewView {
        stage: review.stage.name().to_owned(),
        assignee: review.assignee.clone(),
        assignee_short: review.assignee.as_deref().map(|name| short_user(name).to_owned()),
        acted: acted.collect(),
        offers: review.offers,
        confirmed_by: review.confirmed_by.clone(),
    }
}

fn withdrawal(withdrawn: &kinds::Withdrawal, undo: SignedDuration) -> WithdrawalView {
    WithdrawalView {
        by: withdrawn.by.clone(),
        by_short: short_user(&withdrawn.by).to_owned(),
        at: clock::text(withdrawn.at.0),
        from: withdrawn.from.into(),
        undo_until: clock::text(withdrawn.at.0.saturating_add(undo).unwrap_or(Timestamp::MAX)),
    }
}

fn step(record: &kinds::HistoryRecord) -> HistoryEntry {
    let changes = record.changes.iter().map(|change| Correction {
        field: body_path(&change.field),
        before: change.before.clone(),
        after: change.after.clone(),
    });
    HistoryEntry {
        at: clock::text(record.at.0),
        by: record.by.clone(),
        by_short: short_user(&record.by).to_owned(),
        from: record.from.map(Into::into),
        to: record.to.into(),
        stage: record.stage.map(ReviewStage::name).map(str::to_owned),
        verdict: record.verdict.clone(),
        reason_code: record.reason_code.clone(),
        reason: record.reason.clone(),
        changes: changes.collect(),
    }
}
