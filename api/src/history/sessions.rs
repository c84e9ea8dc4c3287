//! Sessions that were opened through the identity provider. A row has the digest of the cookie's key:
//! whoever reads the store can use none of them.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::dialect::Turn;
use super::store::{Error, Store, micros, time};

/// Sessions of everybody: 100,000 × about 1 kB = 100 MB.
const ROWS_MAX: i64 = 100_000;

/// A session as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Of the key, in hexadecimal.
    pub digest: String,
    pub id: String,
    pub owner: String,
    pub groups: Vec<String>,
    pub subject: String,
    pub provider_session: String,
    pub address: String,
    pub agent: String,
    pub opened_at: Timestamp,
    pub seen_at: Timestamp,
    pub ends_at: Timestamp,
}

/// Which sessions end by the identity provider's word.
#[derive(Clone, Copy, Debug)]
pub enum Logout<'a> {
    Subject(&'a str),
    Session(&'a str),
}

const COLUMNS: &str =
    "digest, id, owner, groups_of_owner, subject, provider_session, address, agent, opened_at, seen_at, ends_at";

impl Store {
    /// Keeps a new session, and forgets what has ended: by its time, or unused since `idle_since`. Of one
    /// person as many are kept as may be; the oldest go.
    pub async fn save_session(&self, session: &Kept, idle_since: Timestamp, per_owner: usize) -> Result<(), Error> {
        let mut transaction = self.begin(Turn::Sessions).await?;
        sqlx::query("DELETE FROM sessions WHERE ends_at <= $1 OR seen_at <= $2")
            .bind(micros(session.opened_at))
            .bind(micros(idle_since))
            .execute(&mut *transaction)
            .await?;
        let others = i64::try_from(per_owner).unwrap_or(i64::MAX).saturating_sub(1);
        sqlx::query("DELETE FROM sessions WHERE owner = $1 AND digest NOT IN (SELECT digest FROM sessions WHERE owner = $2 ORDER BY seen_at DESC, digest LIMIT $3)")
            .bind(&session.owner)
            .bind(&session.owner)
            .bind(others)
            .execute(&mut *transaction)
            .await?;
        let rows = sqlx::query("SELECT count(*) AS sessions FROM sessions").fetch_one(&mut *transaction).await?;
        if rows.try_get::<i64, _>("sessions")? >= ROWS_MAX {
            return Err(Error::Full);
        }
        let Kept { digest, id, owner, groups, subject, provider_session, address, agent, opened_at, seen_at, ends_at } =
            session;
        let groups = serde_json::to_string(groups).map_err(|error| Error::Understand(error.to_string()))?;
        sqlx::query("INSERT INTO sessions (digest, id, owner, groups_of_owner, subject, provider_session, address, agent, opened_at, seen_at, ends_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
            .bind(digest)
            .bind(id)
            .bind(owner)
            .bind(groups)
            .bind(subject)
            .bind(provider_session)
            .bind(address)
            .bind(agent)
            .bind(micros(*opened_at))
            .bind(micros(*seen_at))
            .bind(micros(*ends_at))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    pub async fn session(&self, digest: &str) -> Result<Option<Kept>, Error> {
        let text = format!("SELECT {COLUMNS} FROM sessions WHERE digest = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(digest).fetch_optional(self.pool().await?).await?;
        row.as_ref().map(read).transpose()
    }

    /// The person's, the newest first.
    pub async fn sessions_of(&self, owner: &str, now: Timestamp) -> Result<Vec<Kept>, Error> {
        let text = format!(
            "SELECT {COLUMNS} FROM sessions WHERE owner = $1 AND ends_at > $2 ORDER BY opened_at DESC, id LIMIT 64"
        );
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(text)).bind(owner).bind(micros(now)).fetch_all(self.pool().await?).await?;
        rows.iter().map(read).collect()
    }

    /// Writes down when it was used; never an earlier moment than another process has written.
    pub async fn touch_session(&self, digest: &str, at: Timestamp) -> Result<(), Error> {
        sqlx::query("UPDATE sessions SET seen_at = $1 WHERE digest = $2 AND seen_at < $3")
            .bind(micros(at))
            .bind(digest)
            .bind(micros(at))
            .execute(self.pool().await?)
            .await?;
        Ok(())
    }

    pub async fn delete_session(&self, digest: &str) -> Result<(), Error> {
        sqlx::query("DELETE FROM sessions WHERE digest = $1").bind(digest).execute(self.pool().await?).await?;
        Ok(())
    }

    /// Whether the person had one of this id.
    pub async fn delete_session_of(&self, owner: &str, id: &str) -> Result<bool, Error> {
        let removed = sqlx::query("DELETE FROM sessions WHERE owner = $1 AND id = $2")
            .bind(owner)
            .bind(id)
            .execute(self.pool().await?)
            .await?;
        Ok(removed.rows_affected() > 0)
    }

    pub async fn delete_sessions(&self, which: Logout<'_>) -> Result<(), Error> {
        let (text, name) = match which {
            Logout::Subject(name) => ("DELETE FROM sessions WHERE subject = $1", name),
            Logout::Session(name) => ("DELETE FROM sessions WHERE provider_session = $1", name),
        };
        sqlx::query(text).bind(name).execute(self.pool().await?).await?;
        Ok(())
    }
}

fn read(row: &AnyRow) -> Result<Kept, Error> {
    let groups: String = row.try_get("groups_of_owner")?;
    Ok(Kept {
        digest: row.try_get("digest")?,
        id: row.try_get("id")?,
        owner: row.try_get("owner")?,
        groups: serde_json::from_str(&groups).map_err(|error| Error::Understand(error.to_string()))?,
        subject: row.try_get("subject")?,
        provider_session: row.try_get("provider_session")?,
        address: row.try_get("address")?,
        agent: row.try_get("agent")?,
        opened_at: time(row.try_get("opened_at")?)?,
        seen_at: time(row.try_get("seen_at")?)?,
        ends_at: time(row.try_get("ends_at")?)?,
    })
}
