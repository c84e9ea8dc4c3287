//! Whether the pools' contracts add up to what the city says it has.

use std::sync::Arc;

use futures::StreamExt;
use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::runtime::controller::{Action, Config, Controller};
use kube::runtime::reflector::ObjectRef;
use kube::{Api, ResourceExt};
use ledger::{Bundle, Resource};
use resources::automatic::expression;
use resources::condition::{self, Saying};
use resources::v1alpha1::{CloudPolicy, CloudPolicyStatus, ResourcePool};
use resources::{names, quantity};
use serde_json::json;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::context::{Context, SAFETY_NET};
use crate::error::{Categorised, Category};

const CONTROLLER: &str = "policy";

#[derive(Debug, Error)]
#[error("failed to report the policy's status")]
pub struct Error {
    source: kube::Error,
}

impl Categorised for Error {
    fn category(&self) -> Category {
        self.source.category()
    }
}

/// Runs the controller until `stop` resolves.
pub async fn run(
    context: Context,
    triggered: mpsc::Receiver<ObjectRef<CloudPolicy>>,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let store = context.stores.policies.clone();
    Controller::for_stream(futures::stream::pending(), store)
        .reconcile_on(ReceiverStream::new(triggered))
        .with_config(Config::default().concurrency(1))
        .graceful_shutdown_on(stop)
        .run(entry, |_, _, _| Action::requeue(SAFETY_NET), Arc::new(context))
        .for_each(|_| std::future::ready(()))
        .await;
}

async fn entry(policy: Arc<CloudPolicy>, context: Arc<Context>) -> Result<Action, std::convert::Infallible> {
    let name = policy.name_any();
    Ok(context.measured(CONTROLLER, name, reconcile(&policy, &context)).await)
}

async fn reconcile(policy: &CloudPolicy, context: &Context) -> Result<Action, Error> {
    let before = policy.status.clone().unwrap_or_default();
    let sayings = vec![saying(policy, &context.stores.pools.state()), expressions(policy)];
    let status = status(policy, &before, sayings, context.clock.now());
    if status != before {
        let name = policy.name_any();
        let api: Api<CloudPolicy> = Api::all(context.client.clone());
        let body = json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "CloudPolicy", "metadata": {"name": name}, "status": status,
        });
        let parameters = PatchParams::apply(names::MANAGER_POLICY).force();
        api.patch_status(&name, &parameters, &Patch::Apply(body)).await.map_err(|source| Error { source })?;
        context.metrics.wrote(CONTROLLER, "cloudpolicy/status");
    }
    Ok(Action::requeue(SAFETY_NET))
}

fn status(policy: &CloudPolicy, before: &CloudPolicyStatus, sayings: Vec<Saying>, now: Timestamp) -> CloudPolicyStatus {
    let generation = policy.metadata.generation.unwrap_or_default();
    CloudPolicyStatus { conditions: condition::conditions(&before.conditions, sayings, generation, now) }
}

/// The sum of the contracts beside the city's totals, to the last unit.
fn saying(policy: &CloudPolicy, pools: &[Arc<ResourcePool>]) -> Saying {
    let Ok(city) = policy.spec.city_totals.capacity.parse() else {
        return Saying::no(condition::CONTRACT_MATCHES, "TotalsUnreadable", "spec.cityTotals.capacity can't be read");
    };
    let contracts: Bundle = pools.iter().filter_map(|pool| pool.spec.contract.capacity.parse().ok()).sum();
    let differences: Vec<String> = Resource::ALL
        .into_iter()
        .filter(|resource| contracts.of(*resource) != city.of(*resource))
        .map(|resource| {
            let text = |bundle: Bundle| quantity::format(resource, *bundle.of(resource));
            format!("{resource}: the contracts say {}, the city {}", text(contracts), text(city))
        })
        .collect();
    if differences.is_empty() {
        Saying::yes(condition::CONTRACT_MATCHES, "Matches", "the pools' contracts add up to the city's totals")
    } else {
        Saying::no(condition::CONTRACT_MATCHES, "ContractMismatch", differences.join("; "))
    }
}

/// Whether the city's conditions of automatic approval can be read. Whether they can be answered shows
/// only with a request: one may ask for a figure that isn't known of every application.
fn expressions(policy: &CloudPolicy) -> Saying {
    let all = policy.spec.automatic.as_ref().map(|automatic| automatic.expressions.as_slice()).unwrap_or_default();
    if all.is_empty() {
        return Saying::yes(condition::EXPRESSIONS_VALID, "NoExpressions", "the built-in rules alone count");
    }
    let faults: Vec<String> = all
        .iter()
        .filter_map(|one| Some(format!("{} {}", one.name, expression::check(&one.expression).err()?)))
        .collect();
    if faults.is_empty() {
        Saying::yes(condition::EXPRESSIONS_VALID, "Readable", "spec.automatic.expressions can be read")
    } else {
        let message = format!("a person decides on every increase until it is mended: {}", faults.join("; "));
        Saying::no(condition::EXPRESSIONS_VALID, "ExpressionFaulty", message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> CloudPolicy {
        serde_json::from_value(json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "CloudPolicy", "metadata": {"name": "default"},
            "spec": {"cityTotals": {
                "capacity": {"cpu": "23751", "memory": "31353G", "storage": "2143T"},
                "applications": {"nationalProvincial": 31, "municipal": 129, "county": 48},
                "source": "interview", "asOf": "2020-07-17"
            }}
        }))
        .unwrap()
    }

    fn pool(cpu: &str, memory: &str, storage: &str) -> Arc<ResourcePool> {
        let object = json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "ResourcePool", "metadata": {"name": "p"},
            "spec": {"displayName": "p", "provider": {"name": "p", "code": "p"}, "contract": {
                "id": "x", "start": "2020-01-01", "end": "2026-12-31",
                "capacity": {"cpu": cpu, "memory": memory, "storage": storage}
            }}
        });
        Arc::new(serde_json::from_value(object).unwrap())
    }

    #[test]
    fn the_citys_two_pools_add_up() {
        let cec = pool("14251", "18812G", "1286T");
        let matches = saying(&policy(), &[cec.clone(), pool("9500", "12541G", "857T")]);
        assert_eq!((matches.status, matches.reason), (true, "Matches"));
        let short = saying(&policy(), &[cec, pool("9500", "12540G", "857T")]);
        assert_eq!(short.reason, "ContractMismatch");
        assert_eq!(short.message, "memory: the contracts say 31352G, the city 31353G");
    }

    #[test]
    fn an_expression_that_cant_be_read_is_named() {
        let with = |text: &str| {
            let mut policy = policy();
            let one = json!({"name": "own", "expression": text, "message": "ask us"});
            policy.spec.automatic = serde_json::from_value(json!({"expressions": [one]})).unwrap();
            expressions(&policy)
        };
        assert_eq!(expressions(&policy()).reason, "NoExpressions");
        assert_eq!(with("increase.cpu < 8000").reason, "Readable");
        let faulty = with("increase.cpu <");
        assert_eq!((faulty.status, faulty.reason), (false, "ExpressionFaulty"));
        assert!(faulty.message.contains("own can't be read"), "{}", faulty.message);
    }
}
