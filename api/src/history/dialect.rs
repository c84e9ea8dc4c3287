//! Where the history is, and the few points in which the two databases differ.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error as ThisError;

/// A database: a file, or a server.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file of SQLite. One process has it.
    File(PathBuf),
    /// A PostgreSQL server, by its URL. Several processes may share it.
    Server(String),
}

/// Why a text says no place.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
pub enum LocationError {
    #[error("no path and no URL")]
    Empty,
    #[error("unknown kind of store {0:?}: give a path, or a URL that begins with postgres://")]
    Scheme(String),
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        if text.is_empty() {
            return Err(LocationError::Empty);
        }
        match text.split_once("://") {
            Some(("postgres" | "postgresql", _)) => Ok(Self::Server(text.to_owned())),
            Some(("sqlite", path)) => Ok(Self::File(path.into())),
            Some((scheme, _)) => Err(LocationError::Scheme(scheme.to_owned())),
            None => Ok(Self::File(text.into())),
        }
    }
}

/// Without the password of a URL, for logs and messages.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Server(url) => {
                let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
                let rest = rest.split_once('?').map_or(rest, |(before, _)| before);
                let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                write!(f, "{scheme}://{host}")
            }
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Names that every writer of one table takes before it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Drafts = 1,
    Audit = 2,
    Notices = 20,
    Sessions = 30,
}

impl Location {
    /// The URL that the driver takes.
    pub(super) fn url(&self) -> String {
        match self {
            Self::Server(url) => url.clone(),
            Self::File(path) => {
                let escaped = path.to_string_lossy().bytes().fold(String::new(), |mut url, byte| {
                    if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
                        url.push(char::from(byte));
                    } else {
                        url.push_str(&format!("%{byte:02X}"));
                    }
                    url
                });
                format!("sqlite://{escaped}?mode=rwc")
            }
        }
    }

    /// What each new connection is told.
    pub(super) const fn greeting(&self) -> &'static str {
        match self {
            // A commit is on the disk when it returns (FULL), readers don't wait for the writer (WAL).
            Self::File(_) => {
                "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON"
            }
            // A commit is on the disk of the server, whatever its default; nothing waits for ever.
            Self::Server(_) => {
                "SET synchronous_commit = on; SET statement_timeout = '30s'; SET lock_timeout = '5s'; \
                 SET idle_in_transaction_session_timeout = '30s'"
            }
        }
    }

    /// How a transaction that writes begins: with the right to write, rather than asking for it half-way.
    pub(super) const fn begin(&self) -> &'static str {
        match self {
            Self::File(_) => "BEGIN IMMEDIATE",
            Self::Server(_) => "BEGIN",
        }
    }

    /// What makes writers of one table take turns. A file has one writer anyhow.
    pub(super) const fn take_turn(&self) -> Option<&'static str> {
        match self {
            Self::File(_) => None,
            // The first number is ours among whatever else locks in this database ("yunh").
            Self::Server(_) => {
                Some("SELECT 1::bigint FROM (SELECT pg_advisory_xact_lock(2037739112, $1::int)) AS turn")
            }
        }
    }

    /// The type of a column of bytes.
    pub(super) const fn bytes(&self) -> &'static str {
        match self {
            Self::File(_) => "BLOB",
            Self::Server(_) => "BYTEA",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_path_or_a_url() {
        let read = |text: &str| text.parse::<Location>();
        assert_eq!(read("/var/lib/y.db"), Ok(Location::File("/var/lib/y.db".into())));
        assert_eq!(read("y.db"), Ok(Location::File("y.db".into())));
        assert_eq!(read("sqlite:///x/y.db"), Ok(Location::File("/x/y.db".into())));
        assert!(matches!(read("postgres://a@b/c"), Ok(Location::Server(_))));
        assert_eq!(read(""), Err(LocationError::Empty));
        assert_eq!(read("mysql://a"), Err(LocationError::Scheme("mysql".into())));
    }

    #[test]
    fn a_password_is_never_shown() {
        let place = Location::Server("postgresql://yunheng:s3cr@t@db:5432/history?password=s3cret".into());
        assert_eq!(format!("{place} {place:?}"), "postgresql://db:5432/history postgresql://db:5432/history");
    }

    #[test]
    fn a_path_is_written_as_a_url() {
        assert_eq!(Location::File("/a b/历.db".into()).url(), "sqlite:///a%20b/%E5%8E%86.db?mode=rwc");
    }
}
