//! What is said of grants that end.

use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use resources::names;
use resources::v1alpha1::Allocation;

use super::{City, Kind, Notice, facts, minute};
use crate::notices::{Audience, Subject, event_id};

pub fn notices(allocation: &Allocation, application: Option<&str>, city: &City) -> Vec<Notice> {
    let Some(ends) = allocation.spec.lease.as_ref().and_then(|lease| lease.expires_at.parse::<Timestamp>().ok()) else {
        return Vec::new();
    };
    let namespace = allocation.namespace().unwrap_or_default();
    let Some(department) = names::department_of(&namespace) else { return Vec::new() };
    let begins = allocation.creation_timestamp().map_or(Timestamp::MIN, |at| at.0);
    let uid = allocation.uid().unwrap_or_default();
    let notice = |kind, at, days: &str, audiences| Notice {
        // With the end in it: who prolongs a term is warned of its new end.
        id: event_id(kind, &[&uid, &ends.to_string(), days]),
        kind,
        at,
        audiences,
        subject: Subject::Application { department: department.to_owned(), name: allocation.spec.application.clone() },
        facts: facts([
            ("application", application.unwrap_or(&allocation.spec.application)),
            ("pool", &allocation.spec.pool),
            ("end", &minute(ends)),
            ("days", days),
        ]),
    };
    let own = || vec![Audience::Department(department.to_owned())];
    let due = |days: &u32| ends.checked_sub(SignedDuration::from_hours(24 * i64::from(*days))).ok();
    // Of several that have come by now only the nearest is news: who hears that a week is left needn't
    // hear that it was a month.
    let warned = city.policy.warn_days.iter().filter_map(|days| Some((*days, due(days)?)));
    let latest = warned.filter(|(_, at)| *at >= begins && *at <= city.now && city.now < ends).max_by_key(|(_, at)| *at);
    let ending = latest.map(|(days, at)| notice(Kind::LeaseEnding, at, &days.to_string(), own()));
    let ended = (ends <= city.now).then(|| {
        let audiences = vec![Audience::Department(department.to_owned()), Audience::Approvers];
        notice(Kind::LeaseEnded, ends, "0", audiences)
    });
    ending.into_iter().chain(ended).collect()
}
