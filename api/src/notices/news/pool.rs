//! What is said of pools.

use kube::ResourceExt;
use resources::condition;
use resources::v1alpha1::ResourcePool;

use super::{Kind, Notice, facts};
use crate::notices::{Audience, Subject, event_id};

/// A condition, the status in which people must hear of it, and as what.
const HEARD: [(&str, &str, Kind); 3] = [
    (condition::PHYSICAL_SHORTFALL, "True", Kind::PoolShort),
    (condition::LEDGER_CONSISTENT, "False", Kind::PoolHalted),
    (condition::CLUSTER_REACHABLE, "False", Kind::PoolUnreachable),
];

pub fn notices(pool: &ResourcePool) -> Vec<Notice> {
    let conditions = pool.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let heard = HEARD.into_iter().filter_map(|(type_, status, kind)| {
        let condition = condition::find(conditions, type_).filter(|condition| condition.status == status)?;
        let since = condition.last_transition_time.0;
        Some(Notice {
            id: event_id(kind, &[&pool.uid().unwrap_or_default(), &since.to_string()]),
            kind,
            at: since,
            audiences: vec![Audience::CloudAdmins],
            subject: Subject::Pool { name: pool.name_any() },
            facts: facts([
                ("pool", &pool.spec.display_name),
                ("reason", &condition.reason),
                ("message", &condition.message),
            ]),
        })
    });
    heard.collect()
}
