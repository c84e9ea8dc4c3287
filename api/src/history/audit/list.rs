//! What auditors look through: one item per act, its intent and its outcome together.

use jiff::Timestamp;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::{Arguments as _, AssertSqlSafe, Row as _};

use super::row::Entry;
use super::row::Row;
use crate::history::store::{Error, Store, micros, time};

/// What to show. All that are given hold at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub actor: Option<String>,
    pub department: Option<String>,
    pub operation: Option<String>,
    pub outcome: Option<String>,
    pub object: Option<String>,
    pub since: Option<Timestamp>,
    /// This moment excluded.
    pub until: Option<Timestamp>,
    /// Rows before this one.
    pub before: Option<i64>,
}

/// What somebody did, as far as it is known by now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// The row that it begins with.
    pub row: Row,
    /// What came of it, and when; nothing while it is under way.
    pub end: Option<End>,
}

/// The row that ends an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub at: Timestamp,
    pub outcome: String,
    pub code: String,
    pub object: String,
    pub after: String,
}

impl Act {
    /// What came of it: where one row says everything, it is in there.
    #[must_use]
    pub fn outcome(&self) -> (&str, &str) {
        match &self.end {
            Some(end) => (&end.outcome, &end.code),
            None if self.row.entry.outcome.is_empty() => ("Open", ""),
            None => (&self.row.entry.outcome, &self.row.entry.code),
        }
    }

    #[must_use]
    pub fn object(&self) -> &str {
        let begun: &Entry = &self.row.entry;
        self.end.as_ref().map(|end| end.object.as_str()).filter(|object| !object.is_empty()).unwrap_or(&begun.object)
    }

    #[must_use]
    pub fn after(&self) -> &str {
        let begun: &Entry = &self.row.entry;
        self.end.as_ref().map(|end| end.after.as_str()).filter(|after| !after.is_empty()).unwrap_or(&begun.after)
    }
}

const SELECT: &str = "SELECT b.*, COALESCE(e.at, 0) AS end_at, COALESCE(e.outcome, '') AS end_outcome, \
    COALESCE(e.code, '') AS end_code, COALESCE(e.object, '') AS end_object, COALESCE(e.after, '') AS end_after \
    FROM audit b LEFT JOIN audit e ON b.kind = 'Intent' AND e.act = b.act AND e.kind = 'Outcome' \
    WHERE b.kind <> 'Outcome'";

impl Store {
    /// The newest acts that fit, at most `limit`.
    pub async fn acts(&self, filter: &Filter, limit: usize) -> Result<Vec<Act>, Error> {
        let Filter { actor, department, operation, outcome, object, since, until, before } = filter;
        let texts = [
            (" AND b.actor = ", actor),
            (" AND b.department = ", department),
            (" AND b.operation = ", operation),
            (" AND COALESCE(e.outcome, CASE WHEN b.outcome = '' THEN 'Open' ELSE b.outcome END) = ", outcome),
            (" AND COALESCE(e.object, b.object) = ", object),
        ];
        let numbers = [
            (" AND b.at >= ", since.map(micros)),
            (" AND b.at < ", until.map(micros)),
            (" AND b.seq < ", *before),
            // At the end, since it ends the text.
            (" ORDER BY b.seq DESC LIMIT ", Some(i64::try_from(limit).unwrap_or(i64::MAX))),
        ];
        // Only what is written here goes into the text; what is asked for goes beside it.
        let mut text = SELECT.to_owned();
        let mut arguments = AnyArguments::default();
        let mut add = |condition: &str, number: usize| text.push_str(&format!("{condition}${number}"));
        for (condition, value) in texts {
            if let Some(value) = value {
                arguments.add(value.clone()).map_err(sqlx::Error::Encode)?;
                add(condition, arguments.len());
            }
        }
        for (condition, value) in numbers {
            if let Some(value) = value {
                arguments.add(value).map_err(sqlx::Error::Encode)?;
                add(condition, arguments.len());
            }
        }
        let query = sqlx::query_with(AssertSqlSafe(text), arguments);
        let rows = query.fetch_all(self.pool().await?).await?;
        rows.iter().map(read).collect()
    }

    /// Intents without an outcome that began before this moment, the oldest first.
    pub async fn open_acts(&self, before: Timestamp, limit: i64) -> Result<Vec<String>, Error> {
        let query = sqlx::query("SELECT act FROM audit_open WHERE at < $1 ORDER BY at LIMIT $2");
        let rows = query.bind(micros(before)).bind(limit).fetch_all(self.pool().await?).await?;
        rows.iter().map(|row| Ok(row.try_get("act")?)).collect()
    }
}

fn read(row: &AnyRow) -> Result<Act, Error> {
    let text = |name: &str| row.try_get::<String, _>(name);
    let outcome = text("end_outcome")?;
    let end = if outcome.is_empty() {
        None
    } else {
        let at = time(row.try_get("end_at")?)?;
        Some(End { at, outcome, code: text("end_code")?, object: text("end_object")?, after: text("end_after")? })
    };
    Ok(Act { row: Row::read(row)?, end })
}
