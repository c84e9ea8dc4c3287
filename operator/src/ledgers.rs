//! The ledgers as they are read and written: through to the API server, with the version.
//!
//! Two kinds of reading, and the difference is safety. A *commit* may start from what this process
//! wrote last, because the version in the PUT proves that nobody wrote since. A *projection* must
//! read the ledger after it has read the quota's fence, or a leader that slept could write what
//! was decided before it fell asleep. [`Ledgers::read_after_now`] does that, once for all who ask
//! at the same time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use kube::api::PostParams;
use kube::{Api, Client};
use ledger::Ledger;
use resources::snapshot;
use resources::v1alpha1::{JournalRecord, PoolLedger, PoolLedgerSpec};
use thiserror::Error;

use crate::error::{Categorised, Category};

#[derive(Debug, Error)]
pub enum Error {
    #[error("failed to read the ledger of pool {pool}")]
    Read { pool: String, source: kube::Error },
    #[error("the ledger of pool {pool} isn't one that the operator wrote")]
    Understand { pool: String, source: snapshot::Error },
    #[error("failed to commit to the ledger of pool {pool}")]
    Commit { pool: String, source: kube::Error },
    #[error("pool {pool} has no ledger yet")]
    Missing { pool: String },
}

impl Categorised for Error {
    fn category(&self) -> Category {
        match self {
            Self::Read { source, .. } | Self::Commit { source, .. } => source.category(),
            Self::Understand { .. } => Category::Malformed,
            Self::Missing { .. } => Category::Unavailable,
        }
    }
}

/// A ledger as the API server has it; the default is that of a pool that has none yet.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub uid: String,
    pub resource_version: Option<String>,
    pub cluster_uid: String,
    pub ledger: Ledger,
    pub journal: Vec<JournalRecord>,
}

/// All pools' ledgers.
#[derive(Clone, Debug)]
pub struct Ledgers {
    /// Has no retries of its own: a repeated PUT whose first answer was lost looks like a conflict.
    api: Api<PoolLedger>,
    pools: Arc<Mutex<HashMap<String, Arc<Reader>>>>,
}

/// One pool's latest snapshot, and the gate through which reads go.
#[derive(Debug, Default)]
struct Reader {
    gate: tokio::sync::Mutex<()>,
    /// Reads begun so far; the n-th read has number n.
    begun: AtomicU64,
    /// Number of the last read that succeeded. A caller may use a read that began after he came.
    succeeded: AtomicU64,
    latest: Mutex<Option<Arc<Snapshot>>>,
    /// The last read found that the pool has no ledger.
    is_missing: AtomicBool,
}

impl Ledgers {
    #[must_use]
    pub fn new(client_without_retries: Client) -> Self {
        Self { api: Api::all(client_without_retries), pools: Arc::default() }
    }

    /// What this process read or wrote last; fit for a commit and for showing, not for projecting.
    #[must_use]
    pub fn latest(&self, pool: &str) -> Option<Arc<Snapshot>> {
        self.reader(pool).latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the pool's ledger counts anything of the allocation with this uid. One that wasn't
    /// read, or whose last commit had no answer, may count anything: `None`.
    #[must_use]
    pub fn counts(&self, pool: &str, uid: &str) -> Option<bool> {
        let reader = self.reader(pool);
        match reader.current() {
            Some(snapshot) => Some(snapshot.ledger.entries.values().any(|entry| entry.uid.as_deref() == Some(uid))),
            None => reader.is_missing.load(Ordering::SeqCst).then_some(false),
        }
    }

    /// Forgets what was read: the next commit reads first.
    pub fn forget(&self, pool: &str) {
        self.reader(pool).keep(None);
    }

    /// The ledger as it is at some instant after this call. Calls that wait at the same time share
    /// one read.
    pub async fn read_after_now(&self, pool: &str) -> Result<Arc<Snapshot>, Error> {
        let reader = self.reader(pool);
        let came = reader.begun.load(Ordering::SeqCst);
        let _turn = reader.gate.lock().await;
        if reader.succeeded.load(Ordering::SeqCst) > came
            && let Some(snapshot) = reader.current()
        {
            return Ok(snapshot);
        }
        let number = reader.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let object = self.api.get_opt(pool).await.map_err(|source| Error::Read { pool: pool.to_owned(), source })?;
        let Some(object) = object else {
            reader.is_missing.store(true, Ordering::SeqCst);
            return Err(Error::Missing { pool: pool.to_owned() });
        };
        let snapshot = Arc::new(understand(pool, object)?);
        reader.keep(Some(Arc::clone(&snapshot)));
        reader.succeeded.store(number, Ordering::SeqCst);
        Ok(snapshot)
    }

    /// Makes the pool's first, empty ledger.
    pub async fn create(&self, pool: &str, cluster_uid: &str) -> Result<Arc<Snapshot>, Error> {
        let spec = snapshot::spec(&Ledger::default(), cluster_uid.to_owned(), Vec::new());
        let object = PoolLedger::new(pool, spec);
        let commit = |source| Error::Commit { pool: pool.to_owned(), source };
        let created = self.api.create(&PostParams::default(), &object).await.map_err(commit)?;
        self.keep(pool, created)
    }

    /// Compare and swap: stored only if nobody wrote since `read`. After any error the caller must
    /// read before it believes anything: a lost answer may hide a commit that was stored.
    pub async fn commit(&self, pool: &str, read: &Snapshot, next: PoolLedgerSpec) -> Result<Arc<Snapshot>, Error> {
        let mut object = PoolLedger::new(pool, next);
        object.metadata.uid = Some(read.uid.clone());
        object.metadata.resource_version.clone_from(&read.resource_version);
        match self.api.replace(pool, &PostParams::default(), &object).await {
            Ok(stored) => self.keep(pool, stored),
            Err(source) => {
                self.forget(pool);
                Err(Error::Commit { pool: pool.to_owned(), source })
            }
        }
    }

    fn keep(&self, pool: &str, object: PoolLedger) -> Result<Arc<Snapshot>, Error> {
        let snapshot = Arc::new(understand(pool, object)?);
        self.reader(pool).keep(Some(Arc::clone(&snapshot)));
        Ok(snapshot)
    }

    fn reader(&self, pool: &str) -> Arc<Reader> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(pools.entry(pool.to_owned()).or_default())
    }
}

impl Reader {
    fn current(&self) -> Option<Arc<Snapshot>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Keeps the newer of two: a read that began before a commit may come back after it.
    fn keep(&self, snapshot: Option<Arc<Snapshot>>) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = match (&*latest, &snapshot) {
            (Some(known), Some(read)) => known.uid != read.uid || read.ledger.revision >= known.ledger.revision,
            _ => true,
        };
        if newer {
            self.is_missing.store(false, Ordering::SeqCst);
            *latest = snapshot;
        }
    }
}

fn understand(pool: &str, object: PoolLedger) -> Result<Snapshot, Error> {
    let PoolLedger { metadata, spec } = object;
    let ledger = snapshot::ledger(&spec).map_err(|source| Error::Understand { pool: pool.to_owned(), source })?;
    Ok(Snapshot {
        uid: metadata.uid.unwrap_or_default(),
        resource_version: metadata.resource_version,
        cluster_uid: spec.cluster_uid,
        ledger,
        journal: spec.journal,
    })
}
