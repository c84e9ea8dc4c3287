//! The one task that adds rows. Whatever waits goes into one commit, and nobody goes on before it
//! is on the disk.

use std::time::Duration;

use sqlx::{Any, Row as _, Transaction};
use tokio::sync::{mpsc, oneshot};

use super::row::{Algorithm, Entry, Kind, Row};
use crate::history::dialect::Turn;
use crate::history::store::{Error, Store, micros};

/// Calls that wait: as many as may be under way, and as many again for what the cluster tells.
const WAITING_MAX: usize = 2_048;
/// Batches in one commit: 256 × some 600 bytes, milliseconds of a disk.
const BATCHES_MAX: usize = 256;
/// A person waits for it, and the act can't begin before.
const WRITE_WITHIN: Duration = Duration::from_secs(5);
/// Attempts with one idempotency key that are told apart.
const ATTEMPTS_MAX: u32 = 100;

/// What became of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is in the chain, under this name of its act.
    Added(String),
    /// It was there already, under this name.
    Known(String),
}

/// What is to be added together.
#[derive(Debug)]
struct Batch {
    entries: Vec<Wanted>,
    reply: oneshot::Sender<Vec<Begun>>,
}

/// An entry, and when it isn't added.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub entry: Entry,
    /// Not if one of these acts was seen.
    pub unless_seen: Vec<String>,
    /// The act may have been tried before: an attempt that lasts isn't recorded twice.
    pub retries: bool,
}

impl From<Entry> for Wanted {
    fn from(entry: Entry) -> Self {
        Self { entry, unless_seen: Vec::new(), retries: false }
    }
}

/// Where rows are handed in.
#[derive(Clone, Debug)]
pub struct Journal {
    sender: mpsc::Sender<Batch>,
}

impl Journal {
    /// Begins to write into the store.
    #[must_use]
    pub fn start(store: Store, algorithm: Algorithm) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        tokio::spawn(write_all(store, algorithm, receiver));
        Self { sender }
    }

    /// Adds one row, and waits until it is on the disk.
    pub async fn add(&self, entry: Entry) -> Result<Begun, Error> {
        let begun = self.add_all(vec![entry.into()]).await?;
        begun.into_iter().next().ok_or(Error::TimedOut)
    }

    /// Adds the intent of an act that may be another attempt of one.
    pub async fn add_attempt(&self, entry: Entry) -> Result<Begun, Error> {
        let begun = self.add_all(vec![Wanted { retries: true, ..entry.into() }]).await?;
        begun.into_iter().next().ok_or(Error::TimedOut)
    }

    pub(super) async fn add_all(&self, entries: Vec<Wanted>) -> Result<Vec<Begun>, Error> {
        let entries = entries.into_iter().map(|wanted| Wanted { entry: wanted.entry.bounded(), ..wanted }).collect();
        let (reply, answer) = oneshot::channel();
        self.sender.try_send(Batch { entries, reply }).map_err(|_| Error::Full)?;
        match tokio::time::timeout(WRITE_WITHIN, answer).await {
            Ok(Ok(begun)) => Ok(begun),
            // The writer has said in the log what went wrong.
            Ok(Err(_)) => Err(Error::Unwritten),
            Err(_) => Err(Error::TimedOut),
        }
    }
}

async fn write_all(store: Store, algorithm: Algorithm, mut receiver: mpsc::Receiver<Batch>) {
    let mut batches = Vec::with_capacity(BATCHES_MAX);
    while receiver.recv_many(&mut batches, BATCHES_MAX).await > 0 {
        // Who has given up has told his caller that nothing is done.
        batches.retain(|batch| !batch.reply.is_closed());
        match write(&store, algorithm, &batches).await {
            Ok(answers) => {
                for (batch, begun) in batches.drain(..).zip(answers) {
                    let _ = batch.reply.send(begun);
                }
            }
            Err(error) => {
                tracing::error!(%error, batches = batches.len(), "failed to write audit rows");
                batches.clear();
            }
        }
    }
}

/// All batches in one commit, or none of them.
async fn write(store: &Store, algorithm: Algorithm, batches: &[Batch]) -> Result<Vec<Vec<Begun>>, Error> {
    let mut transaction = store.begin(Turn::Audit).await?;
    let (mut seq, mut prev) = head(&mut transaction).await?;
    let mut answers = Vec::with_capacity(batches.len());
    for batch in batches {
        let mut begun = Vec::with_capacity(batch.entries.len());
        for wanted in &batch.entries {
            let entry = match to_add(&mut transaction, wanted).await? {
                Ok(entry) => entry,
                Err(known) => {
                    begun.push(Begun::Known(known));
                    continue;
                }
            };
            let row = Row::after(seq, prev, entry, algorithm);
            insert(&mut transaction, &row).await?;
            note_open(&mut transaction, &row).await?;
            begun.push(Begun::Added(row.entry.act));
            (seq, prev) = (row.seq, row.hash);
        }
        answers.push(begun);
    }
    transaction.commit().await?;
    Ok(answers)
}

/// Number and hash of the last row.
async fn head(transaction: &mut Transaction<'static, Any>) -> Result<(i64, String), Error> {
    let row = sqlx::query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetch_optional(&mut **transaction);
    match row.await? {
        Some(row) => Ok((row.try_get("seq")?, row.try_get("hash")?)),
        None => Ok((0, String::new())),
    }
}

/// The entry as it is added, or the name of what is there already.
async fn to_add(transaction: &mut Transaction<'static, Any>, wanted: &Wanted) -> Result<Result<Entry, String>, Error> {
    let Wanted { entry, unless_seen, retries } = wanted;
    for act in unless_seen {
        if find(transaction, act, Kind::Seen).await?.is_some() {
            return Ok(Err(act.clone()));
        }
    }
    if !retries {
        let known = find(transaction, &entry.act, entry.kind).await?.is_some();
        return Ok(if known { Err(entry.act.clone()) } else { Ok(entry.clone()) });
    }
    for attempt in 1..ATTEMPTS_MAX {
        let act = format!("{}/{attempt}", entry.act);
        if find(transaction, &act, entry.kind).await?.is_none() {
            return Ok(Ok(Entry { act, ..entry.clone() }));
        }
        // An attempt that failed may be followed by another. One that is under way, or whose answer
        // lasts, is the same act again.
        let failed = |outcome: &String| outcome == "Failed" || outcome == "Timeout";
        if !find(transaction, &act, Kind::Outcome).await?.as_ref().is_some_and(failed) {
            return Ok(Err(act));
        }
    }
    Ok(Err(format!("{}/{ATTEMPTS_MAX}", entry.act)))
}

/// The outcome that the row of this act and kind names, if there is the row.
async fn find(transaction: &mut Transaction<'static, Any>, act: &str, kind: Kind) -> Result<Option<String>, Error> {
    let row = sqlx::query("SELECT outcome FROM audit WHERE act = $1 AND kind = $2").bind(act).bind(kind.name());
    let row = row.fetch_optional(&mut **transaction).await?;
    Ok(row.map(|row| row.try_get("outcome")).transpose()?)
}

async fn insert(transaction: &mut Transaction<'static, Any>, row: &Row) -> Result<(), Error> {
    let Row { seq, entry, algorithm, prev, hash } = row;
    sqlx::query(
        "INSERT INTO audit (seq, at, kind, act, actor, via, address, department, operation, object, before, after, reason, \
         outcome, code, request_id, detail, algorithm, prev, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
    )
    .bind(*seq)
    .bind(micros(entry.at))
    .bind(entry.kind.name())
    .bind(&entry.act)
    .bind(&entry.actor)
    .bind(&entry.via)
    .bind(&entry.address)
    .bind(&entry.department)
    .bind(&entry.operation)
    .bind(&entry.object)
    .bind(&entry.before)
    .bind(&entry.after)
    .bind(&entry.reason)
    .bind(&entry.outcome)
    .bind(&entry.code)
    .bind(&entry.request_id)
    .bind(&entry.detail)
    .bind(algorithm)
    .bind(prev)
    .bind(hash)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn note_open(transaction: &mut Transaction<'static, Any>, row: &Row) -> Result<(), Error> {
    let entry = &row.entry;
    match entry.kind {
        Kind::Intent => {
            let insert = sqlx::query("INSERT INTO audit_open (act, at) VALUES ($1, $2)");
            insert.bind(&entry.act).bind(micros(entry.at)).execute(&mut **transaction).await?;
        }
        Kind::Outcome => {
            let delete = sqlx::query("DELETE FROM audit_open WHERE act = $1");
            delete.bind(&entry.act).execute(&mut **transaction).await?;
        }
        Kind::Call | Kind::Seen | Kind::Gap => {}
    }
    Ok(())
}
