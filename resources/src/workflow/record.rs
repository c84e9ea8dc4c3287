//! Between a request's status and where it stands.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::outcome::{Clock, Limit, Outcome};
use super::standing::{Facts, Offered, ReturnedFrom, Standing, WithdrawnFrom};
use crate::v1alpha1::{
    Offer, Phase, QuotaRequest, QuotaRequestStatus, Returned, ReviewRecord, Reviewed, Stage, StoppedClock, Withdrawal,
};

/// Steps of a request's history that are kept.
pub const HISTORY_MAX: usize = 32;

/// The phase; a request that has none yet waits for a decision like others.
#[must_use]
pub fn phase_of(request: &QuotaRequest) -> Phase {
    request.status.as_ref().and_then(|status| status.phase).unwrap_or_default()
}

/// The revision that a decision names as looked at.
#[must_use]
pub fn revision_of(request: &QuotaRequest) -> i64 {
    request.status.as_ref().and_then(|status| status.revision).unwrap_or(1)
}

impl Standing {
    /// Where a request stands by its own status, with the facts that others know.
    #[must_use]
    pub fn of(request: &QuotaRequest, facts: Facts) -> Self {
        let status = request.status.clone().unwrap_or_default();
        let review = status.review.unwrap_or_default();
        let count = |number: i64| u32::try_from(number).unwrap_or_default();
        Self {
            phase: status.phase,
            review: review.stage,
            revision: revision_of(request),
            kind: request.spec.type_,
            requester: request.spec.requester.clone(),
            editors: review.editors.into_iter().collect(),
            assignee: review.assignee,
            acted: review.acted.into_iter().map(|acted| (acted.stage, acted.by)).collect(),
            returned: status.returned.map(|returned| ReturnedFrom {
                phase: returned.from,
                by: returned.by,
                reason: returned.reason,
                fields: returned.fields,
            }),
            withdrawn: status.withdrawn.map(|one| WithdrawnFrom { phase: one.from, by: one.by, at: one.at.0 }),
            offer: status.offer.map(|offer| Offered {
                // An offer that can't be read is none: it can't be accepted for more than nothing.
                amounts: offer.resources.parse().unwrap_or_default(),
                pool: offer.pool,
                by: offer.by,
                reason: offer.reason,
                expires_at: offer.expires_at.parse().unwrap_or(Timestamp::MIN),
                round: count(offer.round),
            }),
            offers: count(review.offers),
            confirmed_by: review.confirmed_by,
            facts,
        }
    }
}

impl Outcome {
    /// The request's status after this act. What a clock that starts or goes on is due is for the
    /// calendar to say, and filled in by whoever has it; conditions and the decision's name likewise.
    #[must_use]
    pub fn status(&self, before: &QuotaRequestStatus) -> QuotaRequestStatus {
        let next = &self.next;
        let mut status = before.clone();
        status.phase = next.phase;
        status.revision = Some(next.revision);
        status.review = review(next);
        status.offer = next.offer.as_ref().map(offer);
        let spec = before.returned.as_ref().and_then(|returned| returned.spec.clone());
        status.returned = next.returned.as_ref().map(|returned| Returned {
            by: returned.by.clone(),
            reason: returned.reason.clone(),
            fields: returned.fields.clone(),
            from: returned.phase,
            spec,
        });
        let left = before.withdrawn.as_ref().map_or(&before.stage, |withdrawn| &withdrawn.stage).clone();
        status.withdrawn = next.withdrawn.as_ref().map(|one| Withdrawal {
            by: one.by.clone(),
            at: Time(one.at),
            from: one.phase,
            stage: left,
        });
        status.stage = Some(Stage { name: next.stage().to_owned(), ..self.stage(before) });
        status.history.push(self.entry.clone());
        let surplus = status.history.len().saturating_sub(HISTORY_MAX);
        status.history.drain(..surplus);
        status
    }

    /// The step that it waits in, but for its name.
    fn stage(&self, before: &QuotaRequestStatus) -> Stage {
        let running = before.stage.clone().unwrap_or_default();
        let begins = |limit: Limit| Stage { limit: Some(limit.key().to_owned()), ..Stage::default() };
        let withdrawn = before.withdrawn.as_ref().and_then(|withdrawn| withdrawn.stage.clone());
        match self.clock {
            Clock::Keep => running,
            Clock::Start(limit) => begins(limit),
            Clock::Stop(limit) => {
                let at = self.entry.at.clone();
                let stopped = running.limit.map(|limit| StoppedClock { limit, due_at: running.due_at, at });
                Stage { stopped, ..begins(limit) }
            }
            Clock::Resume => {
                let stopped = withdrawn.map_or(running.stopped, |stage| stage.stopped);
                let (limit, due_at) = stopped.map(|stopped| (stopped.limit, stopped.due_at)).unzip();
                Stage { limit, due_at: due_at.flatten(), ..Stage::default() }
            }
            Clock::Restore => withdrawn.unwrap_or_default(),
            Clock::End => Stage::default(),
        }
    }
}

/// Nothing is written of a review that hasn't begun.
fn review(next: &Standing) -> Option<ReviewRecord> {
    let record = ReviewRecord {
        stage: next.review,
        assignee: next.assignee.clone(),
        acted: next.acted.iter().map(|(stage, by)| Reviewed { stage: *stage, by: by.clone() }).collect(),
        editors: next.editors.iter().cloned().collect(),
        offers: i64::from(next.offers),
        confirmed_by: next.confirmed_by.clone(),
    };
    (record != ReviewRecord::default()).then_some(record)
}

fn offer(offered: &Offered) -> Offer {
    Offer {
        pool: offered.pool.clone(),
        resources: offered.amounts.into(),
        by: offered.by.clone(),
        reason: offered.reason.clone(),
        expires_at: in_the_city(offered.expires_at),
        round: i64::from(offered.round),
    }
}

/// An instant as people here read it, with its zone.
fn in_the_city(at: Timestamp) -> String {
    let zone = TimeZone::fixed(Offset::constant(8));
    at.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
