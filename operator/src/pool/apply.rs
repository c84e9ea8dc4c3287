//! The commit, and the answers after it.

use std::sync::Arc;

use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube::{Api, ResourceExt};
use ledger::{Decision, Ledger};
use resources::names;
use resources::v1alpha1::{PoolLedger, ResourcePool};
use serde_json::json;

use super::drift;
use super::halt::Halt;
use super::observe::{Observed, Questions, key_of};
use super::plan::{Outcome, Plan};
use super::{CONTROLLER, Error};
use crate::context::Context;
use crate::desk::Answer;
use crate::ledgers::Snapshot;
use crate::member::Reach;

/// A pass that has been committed, or had nothing to commit.
#[derive(Debug)]
pub struct Applied {
    /// The ledger after the pass.
    pub snapshot: Arc<Snapshot>,
    pub outcome: Arc<Outcome>,
    pub halted: Option<Halt>,
    /// There is more to decide: the next pass follows at once.
    pub has_more: bool,
    /// Nothing was decided and nobody heard anything new.
    pub is_quiet: bool,
}

/// Commits, then answers. If the commit fails nobody gets an answer: those who asked ask again,
/// and what was stored although its answer was lost is then found to be done. Leaves the questions
/// that the pass didn't come to.
pub async fn apply(
    pool: &str,
    observed: &Observed,
    plan: Plan,
    questions: &mut Questions,
    context: &Context,
) -> Result<Applied, Error> {
    let Plan { next, answers, told, changed, changes, has_more, halted, outcome } = plan;
    let mut is_quiet = next.is_none() && questions.is_empty();
    // Before anything else: whoever acts by it must not go on.
    if context.verdicts.set_halt(pool, halted.clone()) {
        is_quiet = false;
        for allocation in &observed.allocations {
            let key = key_of(allocation);
            context.triggers.allocation(&key.namespace, &key.name).await;
        }
    }
    let has_committed = next.is_some();
    let snapshot = match next {
        Some((_, spec)) => {
            let stored = context.ledgers.commit(pool, &observed.snapshot, spec).await?;
            context.metrics.wrote(CONTROLLER, "poolledger");
            context.metrics.commit_changes.observe(f64::from(u32::try_from(changes).unwrap_or(u32::MAX)));
            let revision = stored.ledger.revision;
            tracing::info!(pool, revision, changes, "committed to the ledger of {pool}");
            stored
        }
        None => Arc::clone(&observed.snapshot),
    };
    answer(questions, answers, snapshot.ledger.revision);
    for key in changed {
        context.triggers.allocation(&key.namespace, &key.name).await;
    }
    context.verdicts.forget_gone(pool, |key| observed.waiting.contains_key(key));
    for told in told {
        let key = told.key.clone();
        if context.verdicts.set(pool, told) {
            is_quiet = false;
            context.triggers.allocation(&key.namespace, &key.name).await;
        }
    }
    if halted.is_none() {
        for department in context.verdicts.set_departments(pool, &outcome.departments_refused) {
            context.triggers.department(&department).await;
        }
        context.verdicts.passes.keep(pool, Arc::clone(&outcome));
        drain_orphans(pool, &snapshot.ledger, context).await;
    }
    // At once only after a commit: what changed nothing would change nothing again.
    let has_more = has_committed && (has_more || observed.more_gone);
    Ok(Applied { snapshot, outcome, halted, has_more, is_quiet })
}

/// Lowers the quotas that allow more than is granted; not in a pool that stands still, whose quotas
/// may be the proof of why.
pub async fn mend(observed: &Observed, applied: &Applied, context: &Context) -> Result<(), Error> {
    match context.members.of(&observed.pool) {
        Reach::Reached(member) if !observed.drifts.is_empty() && applied.halted.is_none() => {
            drift::mend(&observed.pool, &observed.drifts, &member, context).await
        }
        Reach::Reached(_) | Reach::Unreachable(_) => Ok(()),
    }
}

/// Answers the questions that were decided, and leaves the others.
fn answer(questions: &mut Questions, answers: Vec<Option<Decision>>, revision: u64) {
    let mut left = Vec::new();
    for (question, decision) in questions.drain(..).zip(answers) {
        match decision {
            // Whoever asked may have gone; what was decided stays decided.
            Some(decision) => drop(question.answer.send(Answer { decision, revision })),
            None => left.push(question),
        }
    }
    *questions = left;
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

/// Lets a pool go that is being deleted, once nothing of it is out: its ledger, then itself. Says
/// whether it is done.
pub async fn finish(pool: &ResourcePool, context: &Context) -> Result<bool, Error> {
    let name = pool.name_any();
    match context.ledgers.read_after_now(&name).await {
        Err(crate::ledgers::Error::Missing { .. }) => {}
        Err(error) => return Err(error.into()),
        Ok(snapshot) if !snapshot.ledger.entries.is_empty() => return Ok(false),
        Ok(snapshot) => {
            let ledgers: Api<PoolLedger> = Api::all(context.client.clone());
            let only_this =
                Preconditions { uid: Some(snapshot.uid.clone()), resource_version: snapshot.resource_version.clone() };
            let parameters = DeleteParams { preconditions: Some(only_this), ..DeleteParams::default() };
            ledgers.delete(&name, &parameters).await.map_err(|source| Error::DeleteLedger { source })?;
            context.ledgers.forget(&name);
            tracing::info!(pool = name, "deleted the empty ledger of {name}, which is being deleted");
        }
    }
    context.desk.dismiss(&name);
    context.verdicts.forget(&name);
    if pool.finalizers().iter().any(|finalizer| finalizer == names::FINALIZER_RELEASE) {
        let kept = pool.finalizers().iter().filter(|finalizer| *finalizer != names::FINALIZER_RELEASE);
        let kept: Vec<String> = kept.cloned().collect();
        write_finalizers(&Api::all(context.client.clone()), pool, &kept).await?;
    }
    Ok(true)
}

async fn write_finalizers(api: &Api<ResourcePool>, pool: &ResourcePool, finalizers: &[String]) -> Result<(), Error> {
    let patch = json!({"metadata": {"resourceVersion": pool.resource_version(), "finalizers": finalizers}});
    api.patch(&pool.name_any(), &PatchParams::default(), &Patch::Merge(patch))
        .await
        .map(|_| ())
        .map_err(|source| Error::Finalizer { source })
}

#[cfg(test)]
mod tests {
    use ledger::{AllocationKey, Ask, Request};
    use resources::v1alpha1::Cause;
    use tokio::sync::oneshot;

    use super::*;
    use crate::desk::Question;

    #[test]
    fn each_hears_his_own_answer_and_who_has_none_stays() {
        let ask = |name: &str| {
            let ask = Ask::Unhold { allocation: AllocationKey::new("dept-a", name), uid: String::new() };
            let (answer, heard) = oneshot::channel();
            (Question { request: Request { ask, at_ms: 0 }, cause: Cause::default(), answer }, heard)
        };
        let (mut questions, mut heard): (Questions, Vec<_>) = ["a", "b", "c"].map(ask).into_iter().unzip();
        let refused = Decision::Refuse(ledger::Reason::PoolTerminating);
        answer(&mut questions, vec![Some(Decision::Unchanged), None, Some(refused.clone())], 7);
        let names: Vec<_> = questions.iter().filter_map(|question| question.request.ask.allocation()).collect();
        assert_eq!(names, [&AllocationKey::new("dept-a", "b")]);
        let answers: Vec<_> = heard.iter_mut().map(|heard| heard.try_recv().ok()).collect();
        let said = |answer: &Option<Answer>| answer.as_ref().map(|one| (one.decision.clone(), one.revision));
        let said: Vec<_> = answers.iter().map(said).collect();
        assert_eq!(said, [Some((Decision::Unchanged, 7)), None, Some((refused, 7))]);
    }
}
