//! The commit, and the answers after it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt};
use ledger::{Ledger, Reason};
use resources::names;
use resources::v1alpha1::{PoolLedger, ResourcePool};
use serde_json::json;

use super::observe::{Observed, Questions};
use super::plan::{Halt, Plan};
use super::{CONTROLLER, Error};
use crate::context::{Context, SAFETY_NET};
use crate::desk::Answer;

/// A pass that has been committed, or had nothing to commit.
#[derive(Debug)]
pub struct Applied {
    pub ledger: Ledger,
    pub capacity_refused: Option<Reason>,
    pub halted: Option<Halt>,
    pub has_more: bool,
}

/// Commits, then answers. If the commit fails nobody gets an answer: those who asked ask again,
/// and what was stored although its answer was lost is then found to be done.
pub async fn apply(
    pool: &str,
    observed: &Observed,
    plan: Plan,
    questions: Questions,
    context: &Context,
    now: Timestamp,
) -> Result<Applied, Error> {
    let Plan { ledger, commit, answers, verdicts, changed, capacity_refused, departments_refused, has_more, halted } =
        plan;
    if let Some(next) = commit {
        context.ledgers.commit(pool, &observed.snapshot, next).await?;
        context.metrics.wrote(CONTROLLER, "poolledger");
        context.metrics.commit_changes.observe(f64::from(u32::try_from(changed.len()).unwrap_or(u32::MAX)));
        tracing::info!(pool, revision = ledger.revision, changes = changed.len(), "committed to the ledger of {pool}");
    }
    let revision = ledger.revision;
    for (question, decision) in questions.into_iter().zip(answers) {
        // Whoever asked may have gone; what was decided stays decided.
        let _ = question.answer.send(Answer { decision, revision });
    }
    for key in changed {
        context.triggers.allocation(&key.namespace, &key.name).await;
    }
    for (key, verdict) in verdicts {
        if context.verdicts.set(&key, verdict, now) {
            context.triggers.allocation(&key.namespace, &key.name).await;
        }
    }
    for department in context.verdicts.set_departments(pool, &departments_refused) {
        context.triggers.department(&department).await;
    }
    drain_orphans(pool, &ledger, context).await;
    Ok(Applied { ledger, capacity_refused, halted, has_more })
}

/// Entries without a living allocation have no reconcile of their own: they are drained from the
/// ledger's own list.
async fn drain_orphans(pool: &str, ledger: &Ledger, context: &Context) {
    for (key, entry) in ledger.entries.iter().filter(|(_, entry)| entry.leaving) {
        let reference = kube::runtime::reflector::ObjectRef::new(&key.name).within(&key.namespace);
        // One that was made again under the same name is another: it waits for this one's drain.
        let owner = context.stores.allocations.get(&reference).and_then(|allocation| allocation.uid());
        if owner.is_none() || owner != entry.uid {
            tracing::debug!(pool, allocation = %key, revision = entry.revision, "drains an entry without an allocation");
            crate::allocation::drain_orphan(pool, key.clone(), context);
        }
    }
}

/// A pool stays until its ledger is empty, so that nothing is out that nobody counts.
pub async fn ensure_finalizer(pool: &ResourcePool, context: &Context) -> Result<(), Error> {
    if pool.finalizers().iter().any(|finalizer| finalizer == names::FINALIZER_RELEASE) {
        return Ok(());
    }
    let api: Api<ResourcePool> = Api::all(context.client.clone());
    let mut finalizers = pool.finalizers().to_vec();
    finalizers.push(names::FINALIZER_RELEASE.to_owned());
    write_finalizers(&api, pool, &finalizers).await
}

/// Removes the ledger of a pool that is being deleted, once nothing of it is out.
pub async fn delete(pool: &Arc<ResourcePool>, context: &Context) -> Result<Action, Error> {
    let name = pool.name_any();
    context.desk.dismiss(&name);
    match context.ledgers.read_after_now(&name).await {
        Err(crate::ledgers::Error::Missing { .. }) => {}
        Err(error) => return Err(error.into()),
        Ok(snapshot) if !snapshot.ledger.entries.is_empty() => {
            let entries = snapshot.ledger.entries.len();
            tracing::warn!(pool = name, entries, "pool {name} is deleted when its {entries} entries are gone");
            return Ok(Action::requeue(Duration::from_secs(30)));
        }
        Ok(snapshot) => {
            let ledgers: Api<PoolLedger> = Api::all(context.client.clone());
            let only_this =
                Preconditions { uid: Some(snapshot.uid.clone()), resource_version: snapshot.resource_version.clone() };
            let parameters = DeleteParams { preconditions: Some(only_this), ..DeleteParams::default() };
            ledgers.delete(&name, &parameters).await.map_err(|source| Error::Finalizer { source })?;
            context.ledgers.forget(&name);
        }
    }
    let kept: Vec<String> =
        pool.finalizers().iter().filter(|finalizer| *finalizer != names::FINALIZER_RELEASE).cloned().collect();
    write_finalizers(&Api::all(context.client.clone()), pool, &kept).await?;
    Ok(Action::requeue(SAFETY_NET))
}

async fn write_finalizers(api: &Api<ResourcePool>, pool: &ResourcePool, finalizers: &[String]) -> Result<(), Error> {
    let patch = json!({"metadata": {"resourceVersion": pool.resource_version(), "finalizers": finalizers}});
    api.patch(&pool.name_any(), &PatchParams::default(), &Patch::Merge(patch))
        .await
        .map(|_| ())
        .map_err(|source| Error::Finalizer { source })
}
