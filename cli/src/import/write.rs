//! Carries out a plan: stage by stage, several objects at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use resources::names;

use super::ImportResult;
use super::fault::Fault;
use super::plan::{self, Kind, MANAGER, Plan, Seen, Step, Write};
use crate::error::{self, Error};
use crate::list;
use crate::progress::Progress;
use crate::session::Session;

/// Requests at a time. The API server's fair queueing gives one user 20 or so seats: a few are left
/// for others.
const AT_ONCE: usize = 16;
/// Tries of one write: a conflict or a busy server passes.
const TRIES: u32 = 6;
/// First pause between two tries; it doubles, so that six take 6 seconds.
const PAUSE: Duration = Duration::from_millis(200);
/// How often to look whether the operator has made the departments' namespaces.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Writes everything; stops after a stage in which something was refused.
pub async fn all(
    session: &Session,
    plan: Plan,
    result: &mut ImportResult,
    deadline: Instant,
    seconds: u64,
) -> Result<(), Error> {
    let mut stages: BTreeMap<(Kind, usize), Vec<Write>> = BTreeMap::new();
    for write in plan.writes {
        stages.entry((write.kind, write.level)).or_default().push(write);
    }
    for ((kind, _), writes) in stages {
        if !result.failed.is_empty() {
            writes.iter().for_each(|write| miss(result, write));
            continue;
        }
        let needed: BTreeSet<String> =
            writes.iter().map(|write| write.key.namespace.clone()).filter(|namespace| !namespace.is_empty()).collect();
        if !needed.is_empty() {
            namespaces(session, needed, deadline, seconds).await?;
        }
        stage(session, kind, writes, result).await;
    }
    Ok(())
}

async fn stage(session: &Session, kind: Kind, writes: Vec<Write>, result: &mut ImportResult) {
    let mut progress = Progress::start(kind.name(), writes.len());
    let mut running = stream::iter(writes)
        .map(|write| async move {
            let happened = carry_out(session, &write).await;
            (write, happened)
        })
        .buffer_unordered(AT_ONCE);
    while let Some((write, happened)) = running.next().await {
        match happened {
            Ok(happened) => {
                if let Some(tally) = result.kinds.iter_mut().find(|tally| tally.kind == write.kind) {
                    tally.correct(&write.step, &happened);
                }
                if happened == Step::Kept {
                    result.kept.push(write.key.to_string());
                }
            }
            Err(source) => {
                miss(result, &write);
                result.failed.push(Fault::new(write.row.file, write.row.line, "", error::explain(&source)));
            }
        }
        progress.advance();
    }
    progress.finish();
}

fn miss(result: &mut ImportResult, write: &Write) {
    if let Some(tally) = result.kinds.iter_mut().find(|tally| tally.kind == write.kind) {
        tally.miss(&write.step);
    }
}

/// Writes one object, again where that can help. Says what happened in the end.
async fn carry_out(session: &Session, write: &Write) -> Result<Step, kube::Error> {
    let mut step = write.step.clone();
    let mut pause = PAUSE;
    for _ in 1..TRIES {
        match try_once(session, write, &step).await {
            Ok(()) => return Ok(step),
            // Somebody wrote in between: what is to be done now may be another thing.
            Err(kube::Error::Api(status)) if status.is_conflict() || status.is_already_exists() => {
                step = look_again(session, write).await?;
                if matches!(step, Step::Unchanged | Step::Kept) {
                    return Ok(step);
                }
            }
            Err(kube::Error::Api(status)) if status.code != 429 && status.code < 500 => {
                return Err(kube::Error::Api(status));
            }
            Err(_) => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
    }
    try_once(session, write, &step).await.map(|()| step)
}

async fn try_once(session: &Session, write: &Write, step: &Step) -> Result<(), kube::Error> {
    let api = api(session, write);
    if write.kind == Kind::Allocations {
        // A request may be provisioned at the same time: a new allocation is created, not applied
        // onto one that just came, and a change is one of the version that was looked at.
        if let Step::Change { version } = step {
            let parameters = PatchParams::apply(MANAGER).force();
            let body = plan::body(write, version.as_deref());
            return api.patch(&write.key.name, &parameters, &Patch::Apply(body)).await.map(drop);
        }
        let parameters = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
        let mut object: DynamicObject =
            serde_json::from_value(plan::body(write, None)).map_err(kube::Error::SerdeError)?;
        // The operator would put it on first of all: a write less for each.
        object.finalizers_mut().push(names::FINALIZER_RELEASE.to_owned());
        return api.create(&parameters, &object).await.map(drop);
    }
    let parameters = PatchParams::apply(MANAGER).force();
    api.patch(&write.key.name, &parameters, &Patch::Apply(plan::body(write, None))).await.map(drop)
}

async fn look_again(session: &Session, write: &Write) -> Result<Step, kube::Error> {
    let seen = api(session, write).get_opt(&write.key.name).await?.as_ref().map(Seen::of);
    Ok(plan::step(write.kind, seen.as_ref(), &write.spec))
}

fn api(session: &Session, write: &Write) -> Api<DynamicObject> {
    let resource = write.kind.resource();
    if write.key.namespace.is_empty() {
        Api::all_with(session.writer.clone(), &resource)
    } else {
        Api::namespaced_with(session.writer.clone(), &write.key.namespace, &resource)
    }
}

/// Waits until the operator has made the departments' namespaces.
async fn namespaces(session: &Session, needed: BTreeSet<String>, deadline: Instant, seconds: u64) -> Result<(), Error> {
    let api: Api<Namespace> = Api::all(session.client.clone());
    let mut progress: Option<Progress> = None;
    loop {
        let there: BTreeSet<String> =
            list::all(&api, &ListParams::default()).await?.iter().map(ResourceExt::name_any).collect();
        let missing: Vec<&String> = needed.difference(&there).collect();
        if missing.is_empty() {
            if let Some(mut progress) = progress {
                progress.set(needed.len());
                progress.finish();
            }
            return Ok(());
        }
        if Instant::now() >= deadline {
            if let Some(progress) = progress {
                progress.finish();
            }
            let waited_for = format!(
                "namespace {} and {} more aren't there. The operator makes them: is it running? Then import again, what is written stays",
                missing[0],
                missing.len() - 1
            );
            return Err(Error::Late { waited_for, seconds });
        }
        let shown = progress.get_or_insert_with(|| Progress::start("namespaces of departments", needed.len()));
        shown.set(needed.len() - missing.len());
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
