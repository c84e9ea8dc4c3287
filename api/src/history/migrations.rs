//! The tables, step by step. A step that was released is never edited: the next one changes it.

use std::borrow::Cow;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::dialect::Location;

/// Number, name and text. Times are microseconds since 1970 in UTC; a text that isn't there is empty.
const STEPS: [(i64, &str, &str); 4] = [
    (1, "drafts", include_str!("migrations/0001_drafts.sql")),
    (2, "audit", include_str!("migrations/0002_audit.sql")),
    (20, "notices", include_str!("migrations/0020_notices.sql")),
    (30, "sessions", include_str!("migrations/0030_sessions.sql")),
];

pub fn migrator(location: &Location) -> Migrator {
    let steps = STEPS.into_iter().map(|(version, name, text)| {
        let text = AssertSqlSafe(text.replace("BYTES", location.bytes())).into_sql_str();
        Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, text, false)
    });
    Migrator::with_migrations(steps.collect())
}
