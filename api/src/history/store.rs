//! The database: one code path for SQLite and PostgreSQL.
//!
//! It is opened when it is first needed, so that a server starts, and shows the cluster's state,
//! while its database is away.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::MigrateError;
use sqlx::{Any, AnyPool, Executor, Transaction};
use thiserror::Error as ThisError;
use tokio::sync::OnceCell;

use super::dialect::{Location, Turn};
use super::migrations;

/// Why the history can't be read or written.
#[derive(Debug, ThisError)]
pub enum Error {
    #[error("failed to reach the history store {location}: {source}")]
    Connect { location: Location, source: sqlx::Error },
    #[error("failed to make or change the tables of the history store {location}: {source}")]
    Migrate { location: Location, source: MigrateError },
    #[error("failed to ask the history store: {0}")]
    Ask(#[from] sqlx::Error),
    #[error("the history store has more to write than it can take")]
    Full,
    #[error("the history store didn't answer in time")]
    TimedOut,
    #[error("failed to understand what the history store has: {0}")]
    Understand(String),
}

/// Readers beside the one writer: a page of audit rows takes milliseconds.
const CONNECTIONS_MAX: u32 = 8;
/// A person waits for it.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// The database.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    location: Location,
    pool: AnyPool,
    migrated: OnceCell<()>,
}

impl Store {
    /// Names the database; nothing is opened yet.
    pub fn new(location: Location) -> Result<Self, Error> {
        sqlx::any::install_default_drivers();
        let connect = |source| Error::Connect { location: location.clone(), source };
        let options: AnyConnectOptions = location.url().parse().map_err(connect)?;
        let greeting = location.greeting();
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(CONNECT_WITHIN)
            .after_connect(move |connection, _| {
                Box::pin(async move { connection.execute(sqlx::raw_sql(greeting)).await.map(|_| ()) })
            })
            .connect_lazy_with(options);
        Ok(Self(Arc::new(Inner { location, pool, migrated: OnceCell::new() })))
    }

    #[must_use]
    pub fn location(&self) -> &Location {
        &self.0.location
    }

    /// The pool, with every table there.
    pub(super) async fn pool(&self) -> Result<&AnyPool, Error> {
        let Inner { location, pool, migrated } = &*self.0;
        let migrate = async || {
            let mut connection =
                pool.acquire().await.map_err(|source| Error::Connect { location: location.clone(), source })?;
            let migrator = migrations::migrator(location);
            migrator
                .run_direct(None, &mut *connection, false)
                .await
                .map_err(|source| Error::Migrate { location: location.clone(), source })
        };
        migrated.get_or_try_init(migrate).await?;
        Ok(pool)
    }

    /// A transaction that writes, when it is its turn. Dropped without a commit it has done nothing.
    pub(super) async fn begin(&self, turn: Turn) -> Result<Transaction<'static, Any>, Error> {
        let location = &self.0.location;
        let mut transaction = self.pool().await?.begin_with(location.begin()).await?;
        if let Some(take_turn) = location.take_turn() {
            sqlx::query(take_turn).bind(turn as i32).execute(&mut *transaction).await?;
        }
        Ok(transaction)
    }

    /// Closes the connections, so that a file has everything in itself.
    pub async fn close(&self) {
        self.0.pool.close().await;
    }
}

/// As times are kept.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// As they were.
pub(super) fn time(micros: i64) -> Result<Timestamp, Error> {
    Timestamp::from_microsecond(micros).map_err(|error| Error::Understand(error.to_string()))
}
