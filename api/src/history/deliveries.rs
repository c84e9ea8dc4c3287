//! The outbox: what is to be delivered to whom, until it is, or until nobody tries any more.

use jiff::{SignedDuration, Timestamp};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::notices::{Sql, Writing, read_notice};
use super::store::{Error, Store, micros, time};
use crate::notices::{Notice, digest};

/// How far a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Waits for its turn, or for the next one.
    Pending,
    Sent,
    /// Nobody tries any more, unless somebody says so.
    Dead,
}

impl State {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Dead => "dead",
        }
    }

    fn of(name: &str) -> Result<Self, Error> {
        let known = [Self::Pending, Self::Sent, Self::Dead].into_iter().find(|state| state.name() == name);
        known.ok_or_else(|| Error::Understand(format!("state {name}")))
    }
}

/// One notice on its way to one address of one channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    pub id: String,
    pub notice: Notice,
    pub channel: String,
    /// Empty where the channel has one receiver.
    pub address: String,
    pub state: State,
    pub attempts: u32,
    pub next_at: Timestamp,
    /// Why the last attempt came to nothing.
    pub error: String,
    pub updated_at: Timestamp,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum After {
    Sent,
    Again { at: Timestamp, error: String },
    Dead { error: String },
}

/// Deliveries that wait at most: 50,000 rows of some 300 bytes are 15 MB. What comes beyond is kept as
/// dead, where somebody sees it.
pub const PENDING_MAX: i64 = 50_000;
const QUEUE_FULL: &str = "QueueFull";

impl Store {
    pub(super) async fn enqueue(
        &self,
        transaction: &mut Writing,
        notice: &str,
        deliveries: &[(String, String)],
        now: Timestamp,
    ) -> Result<(), Error> {
        if deliveries.is_empty() {
            return Ok(());
        }
        let row = sqlx::query("SELECT count(*) AS pending FROM notice_deliveries WHERE state = 'pending'")
            .fetch_one(&mut **transaction)
            .await?;
        let pending: i64 = row.try_get("pending")?;
        for (pending, (channel, address)) in (pending..).zip(deliveries) {
            let full = pending >= PENDING_MAX;
            let (state, error) = if full { (State::Dead, QUEUE_FULL) } else { (State::Pending, "") };
            sqlx::query("INSERT INTO notice_deliveries (id, notice, channel, address, state, attempts, next_at, taken_until, error, updated_at) VALUES ($1, $2, $3, $4, $5, 0, $6, 0, $7, $8) ON CONFLICT (id) DO NOTHING")
                .bind(delivery_id(notice, channel, address))
                .bind(notice)
                .bind(channel)
                .bind(address)
                .bind(state.name())
                .bind(micros(now))
                .bind(error)
                .bind(micros(now))
                .execute(&mut **transaction)
                .await?;
        }
        Ok(())
    }

    /// Takes deliveries whose time has come. Whoever took them has them for `lease`; who dies meanwhile
    /// leaves them to the next.
    pub async fn take_deliveries(
        &self,
        channel: &str,
        limit: i64,
        lease: SignedDuration,
        now: Timestamp,
    ) -> Result<Vec<Delivery>, Error> {
        let rows = sqlx::query("SELECT d.id AS delivery, d.channel, d.address, d.state, d.attempts, d.next_at, d.error, d.updated_at, n.id, n.kind, n.at, n.subject, n.facts FROM notice_deliveries d JOIN notices n ON n.id = d.notice WHERE d.state = 'pending' AND d.next_at <= $1 AND d.taken_until <= $2 AND d.channel = $3 ORDER BY d.next_at, d.id LIMIT $4")
            .bind(micros(now))
            .bind(micros(now))
            .bind(channel)
            .bind(limit)
            .fetch_all(self.pool().await?)
            .await?;
        let mut taken = Vec::new();
        for row in &rows {
            let delivery = read(row)?;
            let ours = sqlx::query("UPDATE notice_deliveries SET taken_until = $1 WHERE id = $2 AND state = 'pending' AND taken_until <= $3")
                .bind(micros(now.saturating_add(lease).unwrap_or(Timestamp::MAX)))
                .bind(&delivery.id)
                .bind(micros(now))
                .execute(self.pool().await?)
                .await?;
            if ours.rows_affected() == 1 {
                taken.push(delivery);
            }
        }
        Ok(taken)
    }

    /// Notes what became of an attempt.
    pub async fn note_attempt(&self, id: &str, after: &After, now: Timestamp) -> Result<(), Error> {
        let (state, next_at, error) = match after {
            After::Sent => (State::Sent, now, ""),
            After::Again { at, error } => (State::Pending, *at, error.as_str()),
            After::Dead { error } => (State::Dead, now, error.as_str()),
        };
        sqlx::query("UPDATE notice_deliveries SET state = $1, attempts = attempts + 1, next_at = $2, taken_until = 0, error = $3, updated_at = $4 WHERE id = $5 AND state = 'pending'")
            .bind(state.name())
            .bind(micros(next_at))
            .bind(error)
            .bind(micros(now))
            .bind(id)
            .execute(self.pool().await?)
            .await?;
        Ok(())
    }

    /// The deliveries, those that changed last first.
    pub async fn deliveries(
        &self,
        state: Option<State>,
        before: Option<(i64, String)>,
        limit: i64,
    ) -> Result<Vec<Delivery>, Error> {
        let mut sql = Sql::new(
            "SELECT d.id AS delivery, d.channel, d.address, d.state, d.attempts, d.next_at, d.error, d.updated_at, n.id, n.kind, n.at, n.subject, n.facts FROM notice_deliveries d JOIN notices n ON n.id = d.notice WHERE 1 = 1",
        );
        if let Some(state) = state {
            let state = sql.text(state.name());
            sql.push(&format!(" AND d.state = {state}"));
        }
        if let Some((at, id)) = before {
            let (a, b, id) = (sql.number(at), sql.number(at), sql.text(&id));
            sql.push(&format!(" AND (d.updated_at < {a} OR (d.updated_at = {b} AND d.id < {id}))"));
        }
        let limit = sql.number(limit);
        sql.push(&format!(" ORDER BY d.updated_at DESC, d.id DESC LIMIT {limit}"));
        let rows = sql.query().fetch_all(self.pool().await?).await?;
        rows.iter().map(read).collect()
    }

    pub async fn delivery(&self, id: &str) -> Result<Option<Delivery>, Error> {
        let row = sqlx::query("SELECT d.id AS delivery, d.channel, d.address, d.state, d.attempts, d.next_at, d.error, d.updated_at, n.id, n.kind, n.at, n.subject, n.facts FROM notice_deliveries d JOIN notices n ON n.id = d.notice WHERE d.id = $1")
            .bind(id)
            .fetch_optional(self.pool().await?)
            .await?;
        row.as_ref().map(read).transpose()
    }

    /// Tries a dead delivery anew, from the first attempt on. Whether it was dead.
    pub async fn retry_delivery(&self, id: &str, now: Timestamp) -> Result<bool, Error> {
        let retried = sqlx::query("UPDATE notice_deliveries SET state = 'pending', attempts = 0, next_at = $1, taken_until = 0, updated_at = $2 WHERE id = $3 AND state = 'dead'")
            .bind(micros(now))
            .bind(micros(now))
            .bind(id)
            .execute(self.pool().await?)
            .await?;
        Ok(retried.rows_affected() == 1)
    }

    /// What waits for a channel that isn't set any more waits no longer.
    pub async fn bury_orphans(&self, channels: &[&str], now: Timestamp) -> Result<u64, Error> {
        let mut sql = Sql::new("UPDATE notice_deliveries SET state = 'dead', error = 'ChannelGone'");
        let at = sql.number(micros(now));
        sql.push(&format!(", updated_at = {at} WHERE state = 'pending'"));
        for channel in channels {
            let channel = sql.text(channel);
            sql.push(&format!(" AND channel <> {channel}"));
        }
        Ok(sql.query().execute(self.pool().await?).await?.rows_affected())
    }

    /// How many there are in each state.
    pub async fn count_deliveries(&self) -> Result<(i64, i64), Error> {
        let rows =
            sqlx::query("SELECT state, count(*) AS number FROM notice_deliveries WHERE state <> 'sent' GROUP BY state")
                .fetch_all(self.pool().await?)
                .await?;
        let mut counted = (0, 0);
        for row in rows {
            let (state, number): (String, i64) = (row.try_get("state")?, row.try_get("number")?);
            match State::of(&state)? {
                State::Pending => counted.0 = number,
                State::Dead => counted.1 = number,
                State::Sent => {}
            }
        }
        Ok(counted)
    }
}

/// One notice goes to one address of one channel once.
fn delivery_id(notice: &str, channel: &str, address: &str) -> String {
    format!("dl-{}", digest(&[notice, channel, address]))
}

fn read(row: &AnyRow) -> Result<Delivery, Error> {
    let state: String = row.try_get("state")?;
    let attempts: i64 = row.try_get("attempts")?;
    Ok(Delivery {
        id: row.try_get("delivery")?,
        notice: read_notice(row)?,
        channel: row.try_get("channel")?,
        address: row.try_get("address")?,
        state: State::of(&state)?,
        attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        next_at: time(row.try_get("next_at")?)?,
        error: row.try_get("error")?,
        updated_at: time(row.try_get("updated_at")?)?,
    })
}
