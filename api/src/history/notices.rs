//! Notices, whom they concern, who has read them, and what people want to hear.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{Any, AssertSqlSafe, Row, Transaction};

use super::dialect::Turn;
use super::store::{Error, Store, micros, time};
use crate::notices::{Kind, Notice};

/// Who wants to know: his name, and what he belongs to.
#[derive(Clone, Debug)]
pub struct Reader {
    pub person: String,
    /// Keys of audiences.
    pub audiences: Vec<String>,
    /// Kinds that he doesn't want to see.
    pub muted: BTreeSet<Kind>,
}

/// A page of somebody's notices.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub unread_only: bool,
    /// Those told before this one.
    pub before: Option<(i64, String)>,
    pub limit: i64,
}

/// A notice on somebody's list.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub notice: Notice,
    /// When it came into the store: the order of the list.
    pub told_at: Timestamp,
    pub read: bool,
}

/// Somebody's audiences that are looked at: nobody is in more departments.
const AUDIENCES_MAX: usize = 300;
/// More unread ones than this are told as this many.
pub const UNREAD_MAX: i64 = 1_000;
const MARK_SINCE: &str = "since";

impl Store {
    /// Since when notices are made: from the first time that anybody asked on.
    pub async fn notices_since(&self, now: Timestamp) -> Result<Timestamp, Error> {
        sqlx::query("INSERT INTO notice_marks (name, at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(MARK_SINCE)
            .bind(micros(now))
            .execute(self.pool().await?)
            .await?;
        let row = sqlx::query("SELECT at FROM notice_marks WHERE name = $1")
            .bind(MARK_SINCE)
            .fetch_one(self.pool().await?)
            .await?;
        time(row.try_get("at")?)
    }

    /// Keeps the notice, with what is to be delivered of it, unless it is there. Whether it is new.
    pub async fn tell(&self, notice: &Notice, deliveries: &[(String, String)], now: Timestamp) -> Result<bool, Error> {
        let mut transaction = self.begin(Turn::Notices).await?;
        let Notice { id, kind, at, audiences, subject, facts } = notice;
        let written = |error: serde_json::Error| Error::Understand(error.to_string());
        let told = sqlx::query("INSERT INTO notices (id, kind, at, told_at, subject, facts) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING")
            .bind(id)
            .bind(kind.name())
            .bind(micros(*at))
            .bind(micros(now))
            .bind(serde_json::to_string(subject).map_err(written)?)
            .bind(serde_json::to_string(facts).map_err(written)?)
            .execute(&mut *transaction)
            .await?;
        if told.rows_affected() == 0 {
            return Ok(false);
        }
        for audience in audiences {
            sqlx::query("INSERT INTO notice_audiences (audience, notice) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(audience.key())
                .bind(id)
                .execute(&mut *transaction)
                .await?;
        }
        self.enqueue(&mut transaction, id, deliveries, now).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Somebody's notices, the newest first.
    pub async fn notices(&self, reader: &Reader, wanted: &Wanted) -> Result<Vec<Told>, Error> {
        let mut sql =
            Sql::new("SELECT n.id, n.kind, n.at, n.told_at, n.subject, n.facts, COALESCE(r.notice, '') AS seen");
        let read_until = self.mark(&reader.person).await?;
        sql.concern(reader);
        if wanted.unread_only {
            sql.unread(read_until);
        }
        if let Some((told_at, id)) = &wanted.before {
            let (a, b) = (sql.number(*told_at), sql.number(*told_at));
            let id = sql.text(id);
            sql.push(&format!(" AND (n.told_at < {a} OR (n.told_at = {b} AND n.id < {id}))"));
        }
        let limit = sql.number(wanted.limit);
        sql.push(&format!(" ORDER BY n.told_at DESC, n.id DESC LIMIT {limit}"));
        let rows = sql.query().fetch_all(self.pool().await?).await?;
        rows.iter().map(|row| read_told(row, read_until)).collect()
    }

    /// How many are unread, as far as it is worth counting.
    pub async fn unread(&self, reader: &Reader) -> Result<i64, Error> {
        let mut sql = Sql::new("SELECT count(*) AS unread FROM (SELECT n.id");
        let read_until = self.mark(&reader.person).await?;
        sql.concern(reader);
        sql.unread(read_until);
        let limit = sql.number(UNREAD_MAX);
        sql.push(&format!(" LIMIT {limit}) AS counted"));
        Ok(sql.query().fetch_one(self.pool().await?).await?.try_get("unread")?)
    }

    /// Notes that somebody has read these. Only what concerns him is noted.
    pub async fn note_read(&self, reader: &Reader, ids: &[String]) -> Result<(), Error> {
        let mut transaction = self.begin(Turn::Notices).await?;
        for id in ids {
            let mut sql = Sql::new("SELECT n.id");
            sql.concern(reader);
            let named = sql.text(id);
            sql.push(&format!(" AND n.id = {named}"));
            if sql.query().fetch_optional(&mut *transaction).await?.is_some() {
                sqlx::query("INSERT INTO notice_reads (person, notice) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                    .bind(&reader.person)
                    .bind(id)
                    .execute(&mut *transaction)
                    .await?;
            }
        }
        Ok(transaction.commit().await?)
    }

    /// Notes that somebody has read everything that was told until now: until the newest there is, whatever
    /// the clocks of several servers say.
    pub async fn note_all_read(&self, person: &str) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO notice_marks (name, at) SELECT $1, COALESCE(MAX(told_at), 0) FROM notices WHERE 1 = 1 \
             ON CONFLICT (name) DO UPDATE SET at = excluded.at",
        )
        .bind(mark_of(person))
        .execute(self.pool().await?)
        .await?;
        Ok(())
    }

    async fn mark(&self, person: &str) -> Result<i64, Error> {
        let row = sqlx::query("SELECT at FROM notice_marks WHERE name = $1")
            .bind(mark_of(person))
            .fetch_optional(self.pool().await?)
            .await?;
        Ok(row.map(|row| row.try_get("at")).transpose()?.unwrap_or(i64::MIN))
    }

    /// What the owner has set, as it was written.
    pub async fn notice_preference(&self, owner: &str) -> Result<Option<String>, Error> {
        let row = sqlx::query("SELECT content FROM notice_preferences WHERE owner = $1")
            .bind(owner)
            .fetch_optional(self.pool().await?)
            .await?;
        Ok(row.map(|row| row.try_get("content")).transpose()?)
    }

    /// Everything that was set since `after`, by owner: at most `limit`, those set last.
    pub async fn notice_preferences(&self, after: Timestamp, limit: i64) -> Result<Vec<(String, String)>, Error> {
        let rows = sqlx::query("SELECT owner, content FROM notice_preferences WHERE updated_at > $1 ORDER BY updated_at DESC, owner LIMIT $2")
            .bind(micros(after))
            .bind(limit)
            .fetch_all(self.pool().await?)
            .await?;
        rows.iter().map(|row| Ok((row.try_get("owner")?, row.try_get("content")?))).collect()
    }

    pub async fn save_notice_preference(&self, owner: &str, content: &str, now: Timestamp) -> Result<(), Error> {
        sqlx::query("INSERT INTO notice_preferences (owner, content, updated_at) VALUES ($1, $2, $3) ON CONFLICT (owner) DO UPDATE SET content = excluded.content, updated_at = excluded.updated_at")
            .bind(owner)
            .bind(content)
            .bind(micros(now))
            .execute(self.pool().await?)
            .await?;
        Ok(())
    }

    /// Forgets what was told before `before`, with everything that belongs to it.
    pub async fn forget_notices(&self, before: Timestamp) -> Result<u64, Error> {
        let mut transaction = self.begin(Turn::Notices).await?;
        for table in ["notice_audiences", "notice_reads", "notice_deliveries"] {
            let text = format!("DELETE FROM {table} WHERE notice IN (SELECT id FROM notices WHERE told_at < $1)");
            sqlx::query(AssertSqlSafe(text)).bind(micros(before)).execute(&mut *transaction).await?;
        }
        let gone = sqlx::query("DELETE FROM notices WHERE told_at < $1")
            .bind(micros(before))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(gone.rows_affected())
    }
}

fn mark_of(person: &str) -> String {
    format!("read:{person}")
}

fn read_told(row: &AnyRow, read_until: i64) -> Result<Told, Error> {
    let (told_at, seen): (i64, String) = (row.try_get("told_at")?, row.try_get("seen")?);
    let read = !seen.is_empty() || told_at <= read_until;
    Ok(Told { notice: read_notice(row)?, told_at: time(told_at)?, read })
}

/// A notice as it was kept; whom it concerned is looked up where it counts.
pub(super) fn read_notice(row: &AnyRow) -> Result<Notice, Error> {
    let understood = |error: serde_json::Error| Error::Understand(error.to_string());
    let (kind, subject, facts): (String, String, String) =
        (row.try_get("kind")?, row.try_get("subject")?, row.try_get("facts")?);
    Ok(Notice {
        id: row.try_get("id")?,
        kind: Kind::of(&kind).ok_or_else(|| Error::Understand(format!("kind {kind}")))?,
        at: time(row.try_get("at")?)?,
        audiences: Vec::new(),
        subject: serde_json::from_str(&subject).map_err(understood)?,
        facts: serde_json::from_str(&facts).map_err(understood)?,
    })
}

/// A query whose number of values isn't known before: its text has placeholders alone.
pub(super) struct Sql {
    text: String,
    values: Vec<Value>,
}

enum Value {
    Text(String),
    Number(i64),
}

impl Sql {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(super) fn text(&mut self, value: &str) -> String {
        self.values.push(Value::Text(value.to_owned()));
        format!("${}", self.values.len())
    }

    pub(super) fn number(&mut self, value: i64) -> String {
        self.values.push(Value::Number(value));
        format!("${}", self.values.len())
    }

    fn texts(&mut self, values: impl IntoIterator<Item = String>) -> String {
        values.into_iter().map(|value| self.text(&value)).collect::<Vec<_>>().join(", ")
    }

    /// From the notices that concern the reader.
    fn concern(&mut self, reader: &Reader) {
        let person = self.text(&reader.person);
        self.push(&format!(" FROM notices n LEFT JOIN notice_reads r ON r.notice = n.id AND r.person = {person}"));
        // An empty list is no SQL; nobody is called this.
        let audiences = reader.audiences.iter().take(AUDIENCES_MAX).cloned().chain(["nobody".to_owned()]);
        let audiences = self.texts(audiences);
        self.push(&format!(" WHERE n.id IN (SELECT notice FROM notice_audiences WHERE audience IN ({audiences}))"));
        if !reader.muted.is_empty() {
            let muted = self.texts(reader.muted.iter().map(|kind| kind.name().to_owned()));
            self.push(&format!(" AND n.kind NOT IN ({muted})"));
        }
    }

    fn unread(&mut self, read_until: i64) {
        let mark = self.number(read_until);
        self.push(&format!(" AND r.notice IS NULL AND n.told_at > {mark}"));
    }

    pub(super) fn query(self) -> sqlx::query::Query<'static, Any, sqlx::any::AnyArguments> {
        let query = sqlx::query(AssertSqlSafe(self.text));
        self.values.into_iter().fold(query, |query, value| match value {
            Value::Text(text) => query.bind(text),
            Value::Number(number) => query.bind(number),
        })
    }
}

/// A transaction of this store.
pub(super) type Writing = Transaction<'static, Any>;
