//! From what the objects say to what people must hear: values in, values out.

mod pool;
mod request;
mod term;

use jiff::Timestamp;
use resources::policy::Policy;
use resources::workday::Calendar;

use super::{Kind, Notice};
use crate::world::Kept;

/// What is looked at beside the objects.
#[derive(Clone, Debug)]
pub struct City {
    pub calendar: Calendar,
    pub policy: Policy,
    pub now: Timestamp,
}

/// Everything that people must hear of and that came about since `since`, the oldest first.
///
/// Nothing depends on what was known before: whoever asks twice gets the same notices, with the same ids.
#[must_use]
pub fn news(kept: &Kept, city: &City, since: Timestamp) -> Vec<Notice> {
    let display = |namespace: &str, name: &str| {
        kept.applications.get(namespace, name).map(|application| application.spec.display_name.clone())
    };
    let mut all = Vec::new();
    for ((namespace, _), request) in kept.requests.iter() {
        let application = display(namespace, &request.spec.application);
        all.extend(request::notices(request, application.as_deref(), city));
    }
    for ((namespace, _), allocation) in kept.allocations.iter() {
        let application = display(namespace, &allocation.spec.application);
        all.extend(term::notices(allocation, application.as_deref(), city));
    }
    for (_, pool) in kept.pools.iter() {
        all.extend(pool::notices(pool));
    }
    all.retain(|notice| (since..=city.now).contains(&notice.at));
    all.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    all.dedup_by(|a, b| a.id == b.id);
    all
}

fn facts<const N: usize>(pairs: [(&str, &str); N]) -> super::Facts {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// As times are read by people.
fn minute(at: Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::fixed(resources::workday::CITY)).strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests;
