//! What allocations use, sampled every five minutes and kept in UsageRecords.
//!
//! What a quota is charged with comes from the caches and costs nothing. What is really used is asked of
//! the metrics API of the pool's cluster, where there is one. Samples are gathered in memory and written
//! about once an hour, each record at its own minute: a process that ends takes an hour's samples with
//! it at most, which lowers the coverage and nothing else.

mod metrics;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{ObjectMeta, PostParams};
use kube::runtime::reflector::ObjectRef;
use kube::{Api, Resource, ResourceExt};
use ledger::{Amount, Bundle, PerResource};
use resources::usage::{Roll, SAMPLE_SECONDS, Sample};
use resources::v1alpha1::{Allocation, UsageRecord};
use resources::{judgement, names, quota};
use thiserror::Error;

use crate::context::Context;
use crate::error::{Categorised, Category};
use crate::member::Member;
use metrics::Measured;

const CONTROLLER: &str = "usage";
/// Questions to metrics APIs, and writes, that are under way at a time: beside the pods of a city of
/// hundreds of applications they are noise, one after the other they might not end within the interval.
const AT_A_TIME: usize = 8;
/// An hour has twelve samples; a record is written at one of them.
const SAMPLES_A_WRITE: u64 = 12;

#[derive(Debug, Error)]
#[error("failed to write usage record {record}")]
struct Error {
    record: String,
    source: kube::Error,
}

impl Categorised for Error {
    fn category(&self) -> Category {
        self.source.category()
    }
}

/// The rolls of all allocations, by uid.
type Rolls = HashMap<String, Roll>;

/// Samples until `stop` resolves.
pub async fn run(context: Context, stop: impl Future<Output = ()> + Send) {
    let sampling = async {
        context.filled.clone().await;
        let mut rolls = Rolls::new();
        loop {
            let now = context.clock.now();
            round(&context, &mut rolls, now).await;
            tokio::time::sleep(until_next(context.clock.now())).await;
        }
    };
    tokio::select! {
        () = sampling => {}
        () = stop => {}
    }
}

/// To the middle of the next five minutes: a clock that is a little off doesn't miss or double one.
fn until_next(now: Timestamp) -> Duration {
    let into = now.as_second().rem_euclid(SAMPLE_SECONDS);
    let wait = SAMPLE_SECONDS + SAMPLE_SECONDS / 2 - into;
    Duration::from_secs(wait.unsigned_abs())
}

/// One sample of every allocation, and the writes whose turn it is.
async fn round(context: &Context, rolls: &mut Rolls, now: Timestamp) {
    // no client: quotas as the caches have them
    let seen: Vec<Seen> = context.stores.allocations.state().iter().filter_map(|one| see(one, context)).collect();
    // client: the metrics APIs
    let measured = measure(&seen).await;
    let present: HashSet<String> = seen.iter().map(|one| one.uid.clone()).collect();
    let mut due = Vec::new();
    for one in seen {
        let roll = rolls.entry(one.uid.clone()).or_insert_with(|| known(&one, context));
        let measured = measured.get(&one.uid).copied().unwrap_or_default();
        roll.add(&Sample { at: now, quota: one.quota, charged: one.charged, measured });
        if is_due(&one.uid, now) {
            due.push((one, roll.clone()));
        }
    }
    // Of those that aren't reached for a while nothing is lost: their record is read again.
    rolls.retain(|uid, _| present.contains(uid));
    // client: the records
    futures::stream::iter(due)
        .for_each_concurrent(AT_A_TIME, |(one, roll)| async move {
            if let Err(error) = write(&one, &roll, context).await {
                context.metrics.failed(CONTROLLER, error.category().name());
                // It is written again in an hour; a conflict is a leader that came after this one.
                if error.category() != Category::Conflict {
                    let error = crate::telemetry::chain(&error);
                    tracing::warn!(record = one.name, error, "failed to write the usage record of {}", one.name);
                }
            }
        })
        .await;
}

/// An allocation and the quotas it is enforced by.
#[derive(Debug)]
struct Seen {
    allocation: Arc<Allocation>,
    namespace: String,
    name: String,
    uid: String,
    member: Arc<Member>,
    namespaces: Vec<String>,
    quota: Bundle,
    charged: Bundle,
}

/// `None` where anything of it isn't seen: a part would be taken for the whole.
fn see(allocation: &Arc<Allocation>, context: &Context) -> Option<Seen> {
    let pool = context.stores.pools.get(&ObjectRef::new(&allocation.spec.pool))?;
    let member = Arc::clone(context.members.of(&pool).member()?);
    let namespaces = judgement::namespaces_of(&allocation.spec);
    let (mut quota, mut charged) = (Bundle::ZERO, Bundle::ZERO);
    for namespace in &namespaces {
        let object = member.places.quotas.get(&ObjectRef::new(names::MANAGED_QUOTA).within(namespace))?;
        let observed = quota::Observed::from(object.as_ref());
        quota = quota.plus(observed.enforced?);
        charged = charged.plus(observed.used);
    }
    Some(Seen {
        namespace: allocation.namespace()?,
        name: allocation.name_any(),
        uid: allocation.uid()?,
        allocation: Arc::clone(allocation),
        member,
        namespaces,
        quota,
        charged,
    })
}

/// What was kept before this process.
fn known(one: &Seen, context: &Context) -> Roll {
    let record = context.stores.usage.get(&ObjectRef::new(&one.name).within(&one.namespace));
    record.filter(|record| record.spec.allocation == one.uid).map(|record| Roll::read(&record.spec)).unwrap_or_default()
}

/// What is really used, by the allocation's uid. What isn't there isn't known.
async fn measure(seen: &[Seen]) -> HashMap<String, PerResource<Option<Amount>>> {
    let mut members: BTreeMap<&str, &Arc<Member>> = BTreeMap::new();
    for one in seen {
        members.entry(&one.member.uid).or_insert(&one.member);
    }
    let mut able: HashSet<&str> = HashSet::new();
    for (uid, member) in members {
        if metrics::are_served(&member.client).await {
            able.insert(uid);
        }
    }
    let asked = seen.iter().filter(|one| able.contains(one.member.uid.as_str()));
    futures::stream::iter(asked)
        .map(|one| async move { (one.uid.clone(), measured(one).await) })
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await
}

async fn measured(one: &Seen) -> PerResource<Option<Amount>> {
    let mut sum = Bundle::ZERO;
    for namespace in &one.namespaces {
        match metrics::of(&one.member.client, namespace).await {
            Some(Measured::Used(used)) => sum = sum.plus(used),
            // Nothing is measured: so it is where nothing runs, else the figures are missing.
            Some(Measured::Nothing) if one.charged.cpu.is_zero() && one.charged.memory.is_zero() => {}
            Some(Measured::Nothing) | None => return PerResource::default(),
        }
    }
    PerResource { cpu: Some(sum.cpu), memory: Some(sum.memory), storage: None }
}

/// Each record at its own sample of an hour, so that they aren't all written at once.
fn is_due(uid: &str, now: Timestamp) -> bool {
    let mut hasher = DefaultHasher::new();
    uid.hash(&mut hasher);
    let slot = now.as_second().div_euclid(SAMPLE_SECONDS).unsigned_abs();
    hasher.finish() % SAMPLES_A_WRITE == slot % SAMPLES_A_WRITE
}

/// With the version that the cache has: of two leaders one is heard.
async fn write(one: &Seen, roll: &Roll, context: &Context) -> Result<(), Error> {
    let api: Api<UsageRecord> = Api::namespaced(context.client.clone(), &one.namespace);
    let known = context.stores.usage.get(&ObjectRef::new(&one.name).within(&one.namespace));
    let metadata = ObjectMeta {
        name: Some(one.name.clone()),
        namespace: Some(one.namespace.clone()),
        resource_version: known.as_ref().and_then(|known| known.resource_version()),
        owner_references: Some(vec![owner(&one.allocation)]),
        ..ObjectMeta::default()
    };
    let record = UsageRecord { metadata, spec: roll.spec(&one.uid) };
    let parameters = PostParams { field_manager: Some(names::MANAGER_USAGE.to_owned()), ..PostParams::default() };
    let written = match known {
        Some(_) => api.replace(&one.name, &parameters, &record).await,
        None => api.create(&parameters, &record).await,
    };
    written.map_err(|source| Error { record: format!("{}/{}", one.namespace, one.name), source })?;
    context.metrics.wrote(CONTROLLER, "usagerecord");
    Ok(())
}

/// It goes with its allocation.
fn owner(allocation: &Allocation) -> OwnerReference {
    OwnerReference {
        api_version: Allocation::api_version(&()).into_owned(),
        kind: Allocation::kind(&()).into_owned(),
        name: allocation.name_any(),
        uid: allocation.uid().unwrap_or_default(),
        ..OwnerReference::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_written_once_in_twelve_samples_and_not_all_at_once() {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let turns = |uid: &str| -> Vec<i64> {
            (0..12).filter(|slot| is_due(uid, now + jiff::SignedDuration::from_secs(300 * slot))).collect()
        };
        let first: HashSet<i64> = (0..200)
            .map(|number| {
                let turns = turns(&format!("uid-{number}"));
                assert_eq!(turns.len(), 1);
                turns[0]
            })
            .collect();
        assert_eq!(first.len(), 12, "two hundred of them use every turn");
    }

    #[test]
    fn the_next_sample_is_in_the_middle_of_the_next_five_minutes() {
        for (now, seconds) in [("10:00:00", 450), ("10:02:30", 300), ("10:04:59", 151)] {
            let now: Timestamp = format!("2026-11-23T{now}Z").parse().unwrap();
            assert_eq!(until_next(now).as_secs(), seconds, "{now}");
        }
    }
}
