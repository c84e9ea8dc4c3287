//! What somebody has begun to write and not sent: his alone, and for one of his departments.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::dialect::Turn;
use super::store::{Error, Store, micros, time};

/// A form with everything filled in is some 8 kB.
pub const CONTENT_BYTES_MAX: usize = 64 * 1024;
/// One person's: 20 × 64 KiB = 1.3 MB at most.
pub const DRAFTS_MAX: usize = 20;
/// What nobody has touched for so long isn't finished any more.
pub const KEPT_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Something that somebody has begun to write.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub id: String,
    pub department: String,
    /// The form as it was left.
    pub content: Value,
    pub updated_at: Timestamp,
    pub expires_at: Timestamp,
}

/// What became of a draft that was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    New,
    Again,
    /// The person has as many as are kept.
    Full,
}

impl Store {
    /// The person's drafts, the newest first.
    pub async fn drafts(&self, owner: &str, now: Timestamp) -> Result<Vec<Draft>, Error> {
        let rows = sqlx::query("SELECT id, department, content, updated_at, expires_at FROM drafts WHERE owner = $1 AND expires_at > $2 ORDER BY updated_at DESC, id LIMIT 20")
            .bind(owner)
            .bind(micros(now))
            .fetch_all(self.pool().await?)
            .await?;
        rows.iter().map(read).collect()
    }

    pub async fn draft(&self, owner: &str, id: &str, now: Timestamp) -> Result<Option<Draft>, Error> {
        let row = sqlx::query("SELECT id, department, content, updated_at, expires_at FROM drafts WHERE owner = $1 AND id = $2 AND expires_at > $3")
            .bind(owner)
            .bind(id)
            .bind(micros(now))
            .fetch_optional(self.pool().await?)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Saves the draft under its id, instead of what was there.
    pub async fn save_draft(&self, owner: &str, draft: &Draft) -> Result<Saved, Error> {
        let mut transaction = self.begin(Turn::Drafts).await?;
        sqlx::query("DELETE FROM drafts WHERE expires_at <= $1")
            .bind(micros(draft.updated_at))
            .execute(&mut *transaction)
            .await?;
        let others = sqlx::query("SELECT count(*) AS others FROM drafts WHERE owner = $1 AND id <> $2")
            .bind(owner)
            .bind(&draft.id)
            .fetch_one(&mut *transaction)
            .await?;
        let others: i64 = others.try_get("others")?;
        if usize::try_from(others).unwrap_or(usize::MAX) >= DRAFTS_MAX {
            return Ok(Saved::Full);
        }
        let removed = sqlx::query("DELETE FROM drafts WHERE owner = $1 AND id = $2")
            .bind(owner)
            .bind(&draft.id)
            .execute(&mut *transaction)
            .await?;
        let Draft { id, department, content, updated_at, expires_at } = draft;
        sqlx::query(
            "INSERT INTO drafts (owner, id, department, content, updated_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(owner)
        .bind(id)
        .bind(department)
        .bind(content.to_string())
        .bind(micros(*updated_at))
        .bind(micros(*expires_at))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(if removed.rows_affected() == 0 { Saved::New } else { Saved::Again })
    }

    /// Whether there was one.
    pub async fn delete_draft(&self, owner: &str, id: &str) -> Result<bool, Error> {
        let removed = sqlx::query("DELETE FROM drafts WHERE owner = $1 AND id = $2")
            .bind(owner)
            .bind(id)
            .execute(self.pool().await?)
            .await?;
        Ok(removed.rows_affected() > 0)
    }
}

fn read(row: &AnyRow) -> Result<Draft, Error> {
    let content: String = row.try_get("content")?;
    Ok(Draft {
        id: row.try_get("id")?,
        department: row.try_get("department")?,
        content: serde_json::from_str(&content).map_err(|error| Error::Understand(error.to_string()))?,
        updated_at: time(row.try_get("updated_at")?)?,
        expires_at: time(row.try_get("expires_at")?)?,
    })
}
