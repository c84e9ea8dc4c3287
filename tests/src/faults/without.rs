//! The protocol with one of its steps taken out, on the way to the wire and back. Each must be
//! found by the oracle: a tool that finds nothing proves nothing until it has been seen to find.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use ledger::Bundle;
use resources::v1alpha1::{LimitPolicy, PoolLedger};
use resources::{names, quota, snapshot};
use serde_json::{Value, json};
use tower::BoxError;

use super::exchange::{Exchange, Verb};
use super::quota_fence::QuotaFences;
use super::service::read;
use super::stream::{self, AnswerBody};

pub const FENCE: &str = "/metadata/annotations/yunheng.io~1fence";
const UID: &str = "/metadata/uid";

/// How old an answer is that was read too early.
const TOO_OLD: Duration = Duration::from_secs(20);

/// A step that can be left out.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A quota's patch doesn't test the fence.
    FenceTest,
    /// A quota's patch doesn't test which object it is.
    UidTest,
    /// The ledger that a plan is made from was read long before the fence: once the gate
    /// `POOL-ledger-read` is armed.
    LedgerRead,
    /// A commit is stored whatever was committed since it was planned.
    CompareAndSwap,
    /// What is taken away is free at once.
    Drain,
    /// What a quota asks for is taken for what the API server enforces.
    EnforcedEvidence,
    /// Nobody looks whether pods and claims still use it.
    UseEvidence,
    /// A quota is created with its share instead of zeros.
    ZeroCreate,
    /// A quota whose amounts stay isn't written, so its fence stays too.
    FenceWrite,
}

impl Step {
    pub const ALL: [Self; 9] = [
        Self::FenceTest,
        Self::UidTest,
        Self::LedgerRead,
        Self::CompareAndSwap,
        Self::Drain,
        Self::EnforcedEvidence,
        Self::UseEvidence,
        Self::ZeroCreate,
        Self::FenceWrite,
    ];

    /// As the flag is written.
    #[must_use]
    pub fn name(self) -> String {
        clap::ValueEnum::to_possible_value(&self).map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

#[derive(Debug)]
pub struct Without {
    step: Option<Step>,
    /// Where it is said from when on ledgers are old.
    gates: Option<PathBuf>,
    ledgers: OldAnswers,
    fences: QuotaFences,
}

impl Without {
    #[must_use]
    pub fn new(step: Option<Step>, gates: Option<&PathBuf>) -> Self {
        Self { step, gates: gates.cloned(), ledgers: OldAnswers::default(), fences: QuotaFences::default() }
    }

    fn is_old(&self, pool: &str) -> bool {
        self.gates.as_ref().is_some_and(|gates| gates.join(format!("{pool}-ledger-read.armed")).exists())
    }

    /// Says, at the gate `POOL-ledger-read`, that the ledger was read after the gate was armed.
    fn note_read(&self, exchange: &Exchange) {
        let is_read = (exchange.verb, exchange.resource.as_str()) == (Verb::Get, "poolledgers");
        if let Some(gates) = self.gates.as_ref().filter(|_| is_read && self.is_old(&exchange.name)) {
            let caught = gates.join(format!("{}-ledger-read.caught", exchange.name));
            if let Err(error) = std::fs::write(caught, "") {
                tracing::warn!(%error, "failed to note that a ledger was read");
            }
        }
    }

    /// What is sent instead.
    ///
    /// # Errors
    /// When something had to be read for it and couldn't be.
    pub async fn before(
        &self,
        exchange: &Exchange,
        request: Request<Bytes>,
        client: &Client,
    ) -> Result<Request<Bytes>, BoxError> {
        let Some(step) = self.step else { return Ok(request) };
        let is = |verb: Verb, kind: &str| exchange.verb == verb && exchange.kind() == kind;
        Ok(match step {
            Step::FenceTest if is(Verb::Patch, "resourcequotas") => without_test(request, FENCE),
            Step::UidTest if is(Verb::Patch, "resourcequotas") => without_test(request, UID),
            Step::FenceWrite if is(Verb::Patch, "resourcequotas") => {
                let current = get(client, &exchange.path).await?;
                self.fences.before(exchange, request, current)
            }
            Step::Drain if is(Verb::Update, "poolledgers") => without_draining(request)?,
            Step::ZeroCreate if is(Verb::Create, "resourcequotas") => with_share(exchange, request, client).await?,
            _ => request,
        })
    }

    /// What is sent in the end: it may have waited for long.
    ///
    /// # Errors
    /// When something had to be read for it and couldn't be.
    pub async fn at_last(
        &self,
        exchange: &Exchange,
        request: Request<Bytes>,
        client: &Client,
    ) -> Result<Request<Bytes>, BoxError> {
        if self.step != Some(Step::CompareAndSwap)
            || (exchange.verb, exchange.resource.as_str()) != (Verb::Update, "poolledgers")
        {
            return Ok(request);
        }
        let current = get(client, &exchange.path).await?;
        Ok(edited(request, |ledger| {
            ledger["metadata"]["resourceVersion"] = current["metadata"]["resourceVersion"].clone();
        }))
    }

    /// # Errors
    /// When the connection breaks while the answer is read.
    pub async fn after(
        &self,
        exchange: &Exchange,
        answer: Response<AnswerBody>,
    ) -> Result<Response<AnswerBody>, BoxError> {
        self.note_read(exchange);
        let Some(step) = self.step.filter(|_| answer.status().is_success()) else { return Ok(answer) };
        let reads = !exchange.verb.writes();
        match (step, exchange.resource.as_str()) {
            (Step::LedgerRead, "poolledgers") if exchange.verb == Verb::Get && self.is_old(&exchange.name) => {
                self.ledgers.instead(exchange, answer).await
            }
            (Step::EnforcedEvidence, "resourcequotas") if reads => {
                rewritten(exchange, answer, |quota| {
                    if quota["status"]["hard"].is_object() {
                        quota["status"]["hard"] = quota["spec"]["hard"].clone();
                    }
                })
                .await
            }
            (Step::UseEvidence, "resourcequotas") if reads => {
                rewritten(exchange, answer, |quota| {
                    let used = quota["status"]["used"].as_object_mut();
                    used.into_iter().flat_map(|used| used.values_mut()).for_each(|amount| *amount = json!("0"));
                })
                .await
            }
            (Step::UseEvidence, "pods" | "persistentvolumeclaims") if exchange.verb == Verb::List => {
                let (status, text) = read(answer).await?;
                let mut list: Value = serde_json::from_slice(&text)?;
                list["items"] = json!([]);
                Ok(stream::made_up(status, &list))
            }
            (Step::FenceWrite, "resourcequotas") => {
                let fences = self.fences.clone();
                rewritten(exchange, answer, move |quota| fences.show(quota)).await
            }
            _ => Ok(answer),
        }
    }
}

/// Rewrites each object that the answer holds, now or later.
async fn rewritten(
    exchange: &Exchange,
    answer: Response<AnswerBody>,
    rewrite: impl Fn(&mut Value) + Send + 'static,
) -> Result<Response<AnswerBody>, BoxError> {
    if exchange.verb == Verb::Watch {
        return Ok(stream::rewritten_events(answer, rewrite));
    }
    let (status, text) = read(answer).await?;
    let mut object: Value = serde_json::from_slice(&text)?;
    match object["items"].as_array_mut() {
        Some(items) => items.iter_mut().for_each(rewrite),
        None => rewrite(&mut object),
    }
    Ok(stream::made_up(status, &object))
}

fn edited(request: Request<Bytes>, edit: impl FnOnce(&mut Value)) -> Request<Bytes> {
    request.map(|body| match serde_json::from_slice::<Value>(&body) {
        Ok(mut object) => {
            edit(&mut object);
            Bytes::from(object.to_string())
        }
        Err(_) => body,
    })
}

fn without_test(request: Request<Bytes>, path: &str) -> Request<Bytes> {
    edited(request, |operations| {
        if let Some(operations) = operations.as_array_mut() {
            operations.retain(|operation| operation["op"] != "test" || operation["path"] != path);
        }
    })
}

fn without_draining(request: Request<Bytes>) -> Result<Request<Bytes>, BoxError> {
    let mut ledger: PoolLedger = serde_json::from_slice(request.body())?;
    for entry in &mut ledger.spec.entries {
        entry.draining = Bundle::ZERO.into();
    }
    let text = Bytes::from(serde_json::to_vec(&ledger)?);
    Ok(request.map(|_| text))
}

/// The quota as it would be created if it were raised in the same plan.
async fn with_share(exchange: &Exchange, request: Request<Bytes>, client: &Client) -> Result<Request<Bytes>, BoxError> {
    let quota: Value = serde_json::from_slice(request.body())?;
    let pool = quota["metadata"]["labels"][names::LABEL_POOL].as_str().unwrap_or_default();
    let ledger = get(client, &format!("/apis/yunheng.io/v1alpha1/poolledgers/{pool}")).await?;
    let ledger = snapshot::ledger(&serde_json::from_value::<PoolLedger>(ledger)?.spec)?;
    let mut shares = ledger.entries.values().flat_map(ledger::Entry::quotas);
    let share = shares.find(|(namespace, _)| *namespace == exchange.namespace).map_or(Bundle::ZERO, |(_, share)| share);
    let all = quota::hard(share, LimitPolicy::Guaranteed);
    Ok(edited(request, |quota| {
        let hard = quota["spec"]["hard"].as_object_mut();
        for (key, amount) in hard.into_iter().flatten() {
            *amount = json!(all.get(key));
        }
    }))
}

/// An object as it is now; null where there is none.
async fn get(client: &Client, path: &str) -> Result<Value, BoxError> {
    let answer = client.send(Request::get(path).body(Body::empty())?).await?;
    let is_there = answer.status().is_success();
    let text = answer.into_body().collect().await?.to_bytes();
    Ok(if is_there { serde_json::from_slice(&text)? } else { Value::Null })
}

/// Answers that are kept, to be given again when they are old.
#[derive(Debug, Default)]
struct OldAnswers(Mutex<HashMap<String, Vec<(Instant, Bytes)>>>);

impl OldAnswers {
    /// What was read of it [`TOO_OLD`] ago, or the oldest there is.
    async fn instead(
        &self,
        exchange: &Exchange,
        answer: Response<AnswerBody>,
    ) -> Result<Response<AnswerBody>, BoxError> {
        let (status, text) = read(answer).await?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.entry(exchange.path.clone()).or_default();
        kept.push((Instant::now(), text));
        let newest_old = kept.iter().rposition(|(at, _)| at.elapsed() >= TOO_OLD).unwrap_or(0);
        kept.drain(..newest_old);
        tracing::info!(path = exchange.path, age_ms = kept[0].0.elapsed().as_millis(), "fault: an old ledger");
        Ok(stream::whole(status, kept[0].1.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_loses_one_test_and_nothing_else() {
        let operations = json!([
            {"op": "test", "path": UID, "value": "u"}, {"op": "test", "path": FENCE, "value": "f"},
            {"op": "replace", "path": FENCE, "value": "g"},
        ]);
        for (path, kept) in [(FENCE, [0, 2]), (UID, [1, 2])] {
            let request = Request::new(Bytes::from(operations.to_string()));
            let left: Value = serde_json::from_slice(without_test(request, path).body()).unwrap();
            assert_eq!(left, json!([operations[kept[0]], operations[kept[1]]]));
        }
    }

    #[test]
    fn every_step_has_a_flag() {
        let names: Vec<String> = Step::ALL.iter().map(|step| step.name()).collect();
        assert_eq!(names.len(), <Step as clap::ValueEnum>::value_variants().len());
        assert!(names.contains(&"compare-and-swap".to_owned()), "{names:?}");
    }
}
