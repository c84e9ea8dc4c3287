//! One process leads. This saves work; safety never depends on it: a commit tests the version it
//! read, a quota write tests the fence it read.

use std::time::{Duration, Instant};

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client, ResourceExt};
use thiserror::Error;

use crate::clock::Clock;

/// Name of the controllers' Lease object.
pub const LEASE: &str = "yunheng-operator";
/// How long a leader that says nothing is believed to live.
const LASTS: Duration = Duration::from_secs(15);
/// How often the leader says that it lives: three tries that get no answer fit into a lease.
const RENEW_EVERY: Duration = Duration::from_secs(2);
/// How often others look whether it still does.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// One exchange with the API server may take this long.
const ANSWER_WITHIN: Duration = Duration::from_millis(2_500);

#[derive(Debug, Error)]
pub enum Error {
    #[error("lost the leader's lease to {holder}")]
    Lost { holder: String },
    #[error("could not renew the leader's lease before it ran out")]
    RanOut,
}

/// What to do about a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nobody holds it, or it has run out, or we hold it: write it with us as holder.
    Take,
    /// Somebody else holds it.
    Wait { holder: String },
}

/// What `me` does about the lease, which has been as it is for so long by our own clock. The time
/// written in it is another machine's, and clocks differ.
#[must_use]
pub fn step(lease: Option<&LeaseSpec>, me: &str, unchanged_for: Duration) -> Step {
    let Some(lease) = lease else { return Step::Take };
    let Some(holder) = lease.holder_identity.as_deref().filter(|holder| !holder.is_empty()) else { return Step::Take };
    if holder == me {
        return Step::Take;
    }
    if unchanged_for > LASTS { Step::Take } else { Step::Wait { holder: holder.to_owned() } }
}

/// A lease in this process's hands.
#[derive(Debug)]
pub struct Leadership {
    name: &'static str,
    api: Api<Lease>,
    me: String,
    clock: Clock,
    lease: Lease,
}

/// Waits until this process leads, by the lease `name`. `on_standby` is called once another is seen to lead.
pub async fn acquire(
    name: &'static str,
    client: Client,
    namespace: &str,
    me: &str,
    clock: Clock,
    on_standby: impl Fn(),
) -> Leadership {
    let api: Api<Lease> = Api::namespaced(client, namespace);
    let mut waiting_for = String::new();
    let mut seen = Seen { version: None, since: Instant::now() };
    loop {
        let attempt = tokio::time::timeout(ANSWER_WITHIN * 2, attempt(name, &api, me, clock, &mut seen)).await;
        let Ok(answer) = attempt else {
            tracing::warn!("reading or taking the leader's lease took too long");
            continue;
        };
        match answer {
            Ok(Ok(lease)) => return Leadership { name, api, me: me.to_owned(), clock, lease },
            Ok(Err(holder)) if holder != waiting_for => {
                tracing::info!(holder, "another process leads; waiting");
                on_standby();
                waiting_for = holder;
            }
            Ok(Err(_)) => {}
            Err(error) => {
                tracing::warn!(error = %crate::telemetry::chain(&error), "failed to read or take the leader's lease")
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Which version of the lease was seen last, and since when.
#[derive(Debug)]
struct Seen {
    version: Option<String>,
    since: Instant,
}

impl Seen {
    fn unchanged_for(&mut self, version: Option<String>) -> Duration {
        if self.version != version {
            *self = Self { version, since: Instant::now() };
        }
        self.since.elapsed()
    }
}

/// The lease in our hands, or the name of who holds it.
async fn attempt(
    name: &str,
    api: &Api<Lease>,
    me: &str,
    clock: Clock,
    seen: &mut Seen,
) -> Result<Result<Lease, String>, kube::Error> {
    let current = api.get_opt(name).await?;
    let unchanged_for = seen.unchanged_for(current.as_ref().and_then(ResourceExt::resource_version));
    match step(current.as_ref().and_then(|lease| lease.spec.as_ref()), me, unchanged_for) {
        Step::Wait { holder } => Ok(Err(holder)),
        Step::Take => match write(name, api, current, me, clock).await {
            Ok(lease) => Ok(Ok(lease)),
            Err(kube::Error::Api(status)) if status.is_conflict() || status.is_already_exists() => {
                Ok(Err(String::new()))
            }
            Err(error) => Err(error),
        },
    }
}

async fn write(
    name: &str,
    api: &Api<Lease>,
    current: Option<Lease>,
    me: &str,
    clock: Clock,
) -> Result<Lease, kube::Error> {
    let now = MicroTime(clock.now());
    let before = current.as_ref().and_then(|lease| lease.spec.clone()).unwrap_or_default();
    let same_holder = before.holder_identity.as_deref() == Some(me);
    let spec = LeaseSpec {
        holder_identity: Some(me.to_owned()),
        lease_duration_seconds: i32::try_from(LASTS.as_secs()).ok(),
        acquire_time: if same_holder { before.acquire_time } else { Some(now.clone()) },
        renew_time: Some(now),
        lease_transitions: Some(before.lease_transitions.unwrap_or(0) + i32::from(!same_holder)),
        ..LeaseSpec::default()
    };
    match current {
        Some(mut lease) => {
            lease.spec = Some(spec);
            api.replace(name, &PostParams::default(), &lease).await
        }
        None => {
            let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
            api.create(&PostParams::default(), &Lease { metadata, spec: Some(spec) }).await
        }
    }
}

impl Leadership {
    /// Renews until it is lost. Whoever calls ends the process then: a restart is the simplest way
    /// to forget everything that was planned as leader.
    pub async fn keep(mut self) -> Error {
        let mut renewed = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            let write = write(self.name, &self.api, Some(self.lease.clone()), &self.me, self.clock);
            match tokio::time::timeout(ANSWER_WITHIN, write).await {
                Ok(Ok(lease)) => {
                    self.lease = lease;
                    renewed = tokio::time::Instant::now();
                }
                Ok(Err(kube::Error::Api(status))) if status.is_conflict() => match self.api.get_opt(self.name).await {
                    Ok(Some(lease)) => {
                        let spec = lease.spec.clone().unwrap_or_default();
                        if let Step::Wait { holder } = step(Some(&spec), &self.me, Duration::ZERO) {
                            return Error::Lost { holder };
                        }
                        self.lease = lease;
                    }
                    Ok(None) => return Error::Lost { holder: "nobody: the lease was deleted".to_owned() },
                    Err(error) => {
                        tracing::warn!(error = %crate::telemetry::chain(&error), "failed to read the leader's lease")
                    }
                },
                Ok(Err(error)) => {
                    tracing::warn!(error = %crate::telemetry::chain(&error), "failed to renew the leader's lease")
                }
                Err(_) => tracing::warn!("renewing the leader's lease took too long"),
            }
            if renewed.elapsed() > LASTS {
                return Error::RanOut;
            }
        }
    }

    /// Gives the lease back, so that another process can lead at once.
    pub async fn give_back(name: &str, api: Api<Lease>, me: &str) {
        let Ok(Some(mut lease)) = api.get_opt(name).await else { return };
        let Some(spec) = lease.spec.as_mut().filter(|spec| spec.holder_identity.as_deref() == Some(me)) else { return };
        spec.holder_identity = Some(String::new());
        if let Err(error) = api.replace(name, &PostParams::default(), &lease).await {
            tracing::warn!(error = %crate::telemetry::chain(&error), "failed to give the leader's lease back");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_taken_when_nobody_lives_who_holds_it() {
        let held = |by: &str, ago: u64| {
            let lease = LeaseSpec { holder_identity: Some(by.to_owned()), ..LeaseSpec::default() };
            (Some(lease), Duration::from_secs(ago))
        };
        let other = Step::Wait { holder: "other".to_owned() };
        let cases = [
            ((None, Duration::ZERO), Step::Take),
            (held("", 0), Step::Take),
            (held("me", 0), Step::Take),
            (held("me", 60), Step::Take),
            (held("other", 0), other.clone()),
            (held("other", 15), other),
            (held("other", 16), Step::Take),
        ];
        for ((lease, unchanged_for), expected) in cases {
            assert_eq!(step(lease.as_ref(), "me", unchanged_for), expected, "{lease:?}");
        }
    }

    #[test]
    fn a_lease_counts_as_unchanged_from_when_we_saw_it() {
        let long_ago = Instant::now().checked_sub(LASTS * 2).unwrap();
        let mut seen = Seen { version: Some("1".to_owned()), since: long_ago };
        assert!(seen.unchanged_for(Some("1".to_owned())) > LASTS);
        assert!(seen.unchanged_for(Some("2".to_owned())) < LASTS, "its holder has just renewed it");
    }
}
