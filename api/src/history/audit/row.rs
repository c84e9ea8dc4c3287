//! One row of the chain, and what its hash is made of. Pure.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sm3::Sm3;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::history::store::{Error, micros, time};

/// What a row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Somebody is about to do something through REST.
    Intent,
    /// What came of it.
    Outcome,
    /// A call of which one row says everything: refused before anything was to be done.
    Call,
    /// Something that the cluster tells, whichever way it was done.
    Seen,
    /// The cluster no longer tells everything: what is missing.
    Gap,
}

impl Kind {
    pub const ALL: [Self; 5] = [Self::Intent, Self::Outcome, Self::Call, Self::Seen, Self::Gap];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intent => "Intent",
            Self::Outcome => "Outcome",
            Self::Call => "Call",
            Self::Seen => "Seen",
            Self::Gap => "Gap",
        }
    }
}

/// What the rows are chained with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Algorithm {
    /// SHA-256.
    #[default]
    Sha256,
    /// SM3 (GB/T 32905).
    Sm3,
}

impl Algorithm {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sm3 => "sm3",
        }
    }

    fn read(name: &str) -> Option<Self> {
        [Self::Sha256, Self::Sm3].into_iter().find(|one| one.name() == name)
    }

    fn hash(self, bytes: &[u8]) -> String {
        match self {
            Self::Sha256 => hex(&Sha256::digest(bytes)),
            Self::Sm3 => hex(&Sm3::digest(bytes)),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is said, before it has a place in the chain. A text that isn't known is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub at: Timestamp,
    pub kind: Kind,
    /// Names the act: an intent and its outcome share it, and no two rows of one kind do.
    pub act: String,
    /// Who, by the name that Kubernetes knows.
    pub actor: String,
    /// How it is known who: by a token, by a session, or by what the cluster says.
    pub via: String,
    pub address: String,
    pub department: String,
    pub operation: String,
    pub object: String,
    /// Revision of the object before and after.
    pub before: String,
    pub after: String,
    pub reason: String,
    pub outcome: String,
    pub code: String,
    pub request_id: String,
    /// Whatever else there is to say, as JSON.
    pub detail: String,
}

impl Entry {
    #[must_use]
    pub fn new(at: Timestamp, kind: Kind, act: impl Into<String>) -> Self {
        Self {
            at,
            kind,
            act: act.into(),
            actor: String::new(),
            via: String::new(),
            address: String::new(),
            department: String::new(),
            operation: String::new(),
            object: String::new(),
            before: String::new(),
            after: String::new(),
            reason: String::new(),
            outcome: String::new(),
            code: String::new(),
            request_id: String::new(),
            detail: String::new(),
        }
    }
}

/// Longest text of a column, but for `detail`.
const TEXT_BYTES_MAX: usize = 1_000;
/// 4 kB of JSON; what is longer is cut, and then it is no JSON any more, only a text.
const DETAIL_BYTES_MAX: usize = 4_000;

impl Entry {
    /// As it can be kept by every database: bounded, and without the one character that PostgreSQL
    /// has no place for.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let texts = [
            &mut self.act,
            &mut self.actor,
            &mut self.via,
            &mut self.address,
            &mut self.department,
            &mut self.operation,
            &mut self.object,
            &mut self.before,
            &mut self.after,
            &mut self.reason,
            &mut self.outcome,
            &mut self.code,
            &mut self.request_id,
        ];
        for text in texts {
            bound(text, TEXT_BYTES_MAX);
        }
        bound(&mut self.detail, DETAIL_BYTES_MAX);
        self
    }
}

fn bound(text: &mut String, bytes_max: usize) {
    if text.len() > bytes_max {
        text.truncate(text.floor_char_boundary(bytes_max));
    }
    if text.contains('\0') {
        *text = text.replace('\0', "\u{fffd}");
    }
}

/// A row with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// From 1, without a hole.
    pub seq: i64,
    pub entry: Entry,
    pub algorithm: String,
    /// The hash of the row before; empty in the first.
    pub prev: String,
    pub hash: String,
}

impl Row {
    /// Puts the entry behind the row with this number and hash.
    #[must_use]
    pub fn after(seq: i64, prev: String, entry: Entry, algorithm: Algorithm) -> Self {
        let mut row = Self { seq: seq + 1, entry, algorithm: algorithm.name().to_owned(), prev, hash: String::new() };
        row.hash = algorithm.hash(&row.canonical());
        row
    }

    /// The hash that its content has; nothing if its algorithm isn't one.
    #[must_use]
    pub fn rehashed(&self) -> Option<String> {
        Some(Algorithm::read(&self.algorithm)?.hash(&self.canonical()))
    }

    /// What is hashed: every column by name and length, so that no two rows have the same bytes.
    fn canonical(&self) -> Vec<u8> {
        let Self { seq, entry, algorithm, prev, hash: _ } = self;
        let Entry {
            at,
            kind,
            act,
            actor,
            via,
            address,
            department,
            operation,
            object,
            before,
            after,
            reason,
            outcome,
            code,
            request_id,
            detail,
        } = entry;
        let (seq, at) = (seq.to_string(), micros(*at).to_string());
        let columns: [(&str, &str); 19] = [
            ("seq", &seq),
            ("at", &at),
            ("kind", kind.name()),
            ("act", act),
            ("actor", actor),
            ("via", via),
            ("address", address),
            ("department", department),
            ("operation", operation),
            ("object", object),
            ("before", before),
            ("after", after),
            ("reason", reason),
            ("outcome", outcome),
            ("code", code),
            ("request_id", request_id),
            ("detail", detail),
            ("algorithm", algorithm),
            ("prev", prev),
        ];
        let mut bytes = b"yunheng.audit/1\n".to_vec();
        for (name, value) in columns {
            bytes.extend_from_slice(format!("{name}:{}:{value}\n", value.len()).as_bytes());
        }
        bytes
    }

    /// As it is in the table.
    pub fn read(row: &AnyRow) -> Result<Self, Error> {
        let text = |name: &str| row.try_get::<String, _>(name);
        let kind = text("kind")?;
        let kind = Kind::ALL.into_iter().find(|one| one.name() == kind);
        let kind = kind.ok_or_else(|| Error::Understand("a row of no kind that is known".to_owned()))?;
        Ok(Self {
            seq: row.try_get("seq")?,
            entry: Entry {
                at: time(row.try_get("at")?)?,
                kind,
                act: text("act")?,
                actor: text("actor")?,
                via: text("via")?,
                address: text("address")?,
                department: text("department")?,
                operation: text("operation")?,
                object: text("object")?,
                before: text("before")?,
                after: text("after")?,
                reason: text("reason")?,
                outcome: text("outcome")?,
                code: text("code")?,
                request_id: text("request_id")?,
                detail: text("detail")?,
            },
            algorithm: text("algorithm")?,
            prev: text("prev")?,
            hash: text("hash")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(reason: &str, detail: &str) -> Entry {
        let at = "2026-11-24T00:00:00Z".parse().unwrap();
        Entry { reason: reason.to_owned(), detail: detail.to_owned(), ..Entry::new(at, Kind::Intent, "a") }
    }

    /// The bytes are a promise: whoever checks an old chain makes them again.
    #[test]
    fn the_hash_of_a_row_never_changes() {
        let hash = |algorithm| Row::after(0, String::new(), entry("理由", "{}"), algorithm).hash;
        assert_eq!(hash(Algorithm::Sha256), "04170aa3bc19f98a342af2aa02d2e77299263a02c37ac664295732b631bcb0bf");
        assert_eq!(hash(Algorithm::Sm3), "61c24324a33c41908f54caf9dc3509b712ee117b7456f897ae355b4710384482");
    }

    #[test]
    fn no_text_can_pass_for_another() {
        let hash = |reason, detail| Row::after(0, String::new(), entry(reason, detail), Algorithm::Sha256).hash;
        assert_ne!(hash("a\noutcome:0:\n", ""), hash("a", "outcome:0:\n"));
        assert_ne!(hash("ab", ""), hash("a", "b"));
    }

    #[test]
    fn a_row_tells_its_hash_again() {
        for algorithm in [Algorithm::Sha256, Algorithm::Sm3] {
            let row = Row::after(4, "prev".to_owned(), entry("x", ""), algorithm);
            assert_eq!((row.seq, row.rehashed()), (5, Some(row.hash.clone())));
            let other = Row { prev: "else".to_owned(), ..row.clone() };
            assert_ne!(other.rehashed(), Some(row.hash));
        }
    }
}
