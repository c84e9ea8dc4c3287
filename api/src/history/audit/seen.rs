//! What the cluster tells of acts, whichever way they were done: decisions and what came of them, the
//! steps of requests, the commits of ledgers. Each change has a key of its own, so that it is in the
//! chain once, however often it is seen and by how many processes.
//!
//! Requests keep their last 32 steps and ledgers their last commits. If nobody looked for longer than
//! that, what is missing is a row as well.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt;
use resources::names;
use resources::v1alpha1::{DecisionOutcome, HistoryRecord, JournalRecord, PoolLedger, QuotaDecision, QuotaRequest};
use resources::workflow::HISTORY_MAX;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::row::{Entry, Kind};
use super::writer::Wanted;
use crate::clock;
use crate::history::{Error, History};
use crate::world::World;

/// How soon after a change it is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Rows that are handed in together.
const ROWS_AT_ONCE: usize = 200;

/// Follows the caches for as long as the process lives.
pub async fn follow(world: Arc<World>, history: History) {
    let mut follower = Follower::default();
    loop {
        if let Err(error) = follower.record(&world, &history).await {
            tracing::warn!(%error, "failed to record what the cluster tells; it is tried again");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What was recorded already, by object and version. What is gone from the cluster is forgotten.
#[derive(Debug, Default)]
pub struct Follower {
    done: HashMap<String, String>,
    /// The state that was looked at last.
    generation: Option<u64>,
}

/// An object with what there is to record of it.
#[derive(Debug)]
struct News {
    object: String,
    version: String,
    rows: Vec<Wanted>,
}

impl Follower {
    /// Records what is new, if anything is.
    pub async fn record(&mut self, world: &World, history: &History) -> Result<(), Error> {
        let Some(journal) = history.journal() else { return Ok(()) };
        let generation = world.generation();
        // A list that isn't complete shows less than there is, and what is less isn't news.
        if self.generation == Some(generation) || !world.missing().is_empty() {
            return Ok(());
        }
        for News { object, version, rows } in self.look(world, clock::now()) {
            for some in rows.chunks(ROWS_AT_ONCE) {
                journal.add_all(some.to_vec()).await?;
            }
            self.done.insert(object, version);
        }
        self.generation = Some(generation);
        Ok(())
    }

    fn look(&mut self, world: &World, now: Timestamp) -> Vec<News> {
        let (_, kept) = world.copy();
        let mut news = Vec::new();
        let mut there = HashMap::with_capacity(self.done.len());
        let mut look = |uid: Option<String>, version: Option<String>, rows: &dyn Fn() -> Vec<Wanted>| {
            let (object, version) = (uid.unwrap_or_default(), version.unwrap_or_default());
            match self.done.remove(&object) {
                Some(done) if done == version => {
                    there.insert(object, done);
                }
                _ => news.push(News { object, version, rows: rows() }),
            }
        };
        for (_, decision) in kept.decisions.iter() {
            look(decision.uid(), decision.resource_version(), &|| of_decision(decision, now));
        }
        for (_, request) in kept.requests.iter() {
            look(request.uid(), request.resource_version(), &|| of_request(request, now));
        }
        for (_, ledger) in kept.ledgers.iter() {
            look(ledger.uid(), ledger.resource_version(), &|| of_ledger(ledger, now));
        }
        self.done = there;
        news
    }
}

fn seen(now: Timestamp, act: String) -> Entry {
    Entry { via: "Cluster".to_owned(), ..Entry::new(now, Kind::Seen, act) }
}

fn department(namespace: &str) -> String {
    names::department_of(namespace).unwrap_or_default().to_owned()
}

/// The decision, and the answer to it.
fn of_decision(decision: &QuotaDecision, now: Timestamp) -> Vec<Wanted> {
    let uid = decision.uid().unwrap_or_default();
    let namespace = decision.namespace().unwrap_or_default();
    let spec = &decision.spec;
    let detail = json!({
        "verdict": spec.verdict, "request": spec.request.name, "reasonCode": spec.reason_code, "stage": spec.stage,
        "writtenAt": decision.creation_timestamp(),
    });
    let made = Entry {
        actor: spec.decided_by.clone(),
        department: department(&namespace),
        operation: "QuotaDecision".to_owned(),
        object: format!("{namespace}/{}", decision.name_any()),
        before: spec.request_revision.to_string(),
        reason: spec.reason.clone().unwrap_or_default(),
        outcome: "Written".to_owned(),
        detail: detail.to_string(),
        ..seen(now, format!("decision/{uid}"))
    };
    let answer = decision.status.as_ref().and_then(|status| Some((status, status.outcome?)));
    let answered = answer.map(|(status, outcome)| Entry {
        act: format!("decision/{uid}/answer"),
        operation: "DecisionAnswer".to_owned(),
        after: status.ledger_revision.map(|revision| revision.to_string()).unwrap_or_default(),
        outcome: if outcome == DecisionOutcome::Applied { "Done" } else { "Refused" }.to_owned(),
        code: status.code.clone().unwrap_or_default(),
        ..made.clone()
    });
    [Some(made), answered].into_iter().flatten().map(Wanted::from).collect()
}

/// The steps that the request has gone.
fn of_request(request: &QuotaRequest, now: Timestamp) -> Vec<Wanted> {
    let uid = request.uid().unwrap_or_default();
    let namespace = request.namespace().unwrap_or_default();
    let history = request.status.as_ref().map(|status| status.history.as_slice()).unwrap_or_default();
    let mut alike: HashMap<String, usize> = HashMap::new();
    let keys: Vec<String> = history
        .iter()
        .map(|step| {
            let print = print(step);
            let number = alike.entry(print.clone()).or_default();
            *number += 1;
            format!("request/{uid}/{print}/{number}")
        })
        .collect();
    let object = format!("{namespace}/{}", request.name_any());
    let mut rows = Vec::new();
    if let Some(oldest) = keys.first()
        && history.len() >= HISTORY_MAX
    {
        let entry = Entry {
            kind: Kind::Gap,
            department: department(&namespace),
            operation: "RequestStep".to_owned(),
            object: object.clone(),
            outcome: "Missing".to_owned(),
            ..seen(now, format!("gap/{oldest}"))
        };
        rows.push(Wanted { unless_seen: vec![oldest.clone()], ..entry.into() });
    }
    rows.extend(history.iter().zip(keys).map(|(step, key)| {
        let detail = json!({
            "from": step.from, "to": step.to, "verdict": step.verdict, "reasonCode": step.reason_code,
            "stage": step.stage, "changes": step.changes, "at": step.at,
        });
        let entry = Entry {
            actor: step.by.clone(),
            department: department(&namespace),
            operation: "RequestStep".to_owned(),
            object: object.clone(),
            before: step.from.map(|phase| phase.name().to_owned()).unwrap_or_default(),
            after: step.to.name().to_owned(),
            reason: step.reason.clone(),
            outcome: "Done".to_owned(),
            detail: detail.to_string(),
            ..seen(now, key)
        };
        Wanted::from(entry)
    }));
    rows
}

fn print(step: &HistoryRecord) -> String {
    let text = serde_json::to_vec(step).unwrap_or_default();
    Sha256::digest(text)[..12].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The commits that the ledger's journal still has.
fn of_ledger(ledger: &PoolLedger, now: Timestamp) -> Vec<Wanted> {
    let uid = ledger.uid().unwrap_or_default();
    let pool = ledger.name_any();
    let key = |revision: i64, change: usize| format!("ledger/{uid}/{revision}/{change}");
    let mut rows = Vec::new();
    if let Some(oldest) = ledger.spec.journal.first().map(|record| record.revision)
        && oldest > 1
    {
        let entry = Entry {
            kind: Kind::Gap,
            operation: "LedgerCommit".to_owned(),
            object: pool.clone(),
            // What is missing ends before this commit.
            after: oldest.to_string(),
            outcome: "Missing".to_owned(),
            ..seen(now, format!("gap/{}", key(oldest, 0)))
        };
        rows.push(Wanted { unless_seen: vec![key(oldest, 0), key(oldest - 1, 0)], ..entry.into() });
    }
    for record in &ledger.spec.journal {
        let JournalRecord { revision, at, changes, omitted } = record;
        let commit = |number: usize| Entry {
            operation: "LedgerCommit".to_owned(),
            object: pool.clone(),
            after: revision.to_string(),
            outcome: "Done".to_owned(),
            detail: json!({"at": at, "omitted": omitted}).to_string(),
            ..seen(now, key(*revision, number))
        };
        if changes.is_empty() {
            rows.push(commit(0).into());
        }
        for (number, change) in changes.iter().enumerate() {
            let namespace = change.allocation.split('/').next().unwrap_or_default();
            let detail = json!({
                "at": at, "allocation": change.allocation, "cause": change.cause, "before": change.before,
                "after": change.after, "omitted": omitted,
            });
            let entry = Entry {
                actor: change.cause.by.clone(),
                department: department(namespace),
                reason: change.cause.reason.clone(),
                detail: detail.to_string(),
                ..commit(number)
            };
            rows.push(entry.into());
        }
    }
    rows
}
