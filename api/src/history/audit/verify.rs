//! Whether the chain is as it was written. [`Check`] is pure; the rows are brought to it page by page.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::anchor::Anchor;
use super::row::Row;
use crate::history::store::{Error, Store};

/// Findings that are told: the first says where to look, and behind a rewritten row all others follow.
const FINDINGS_MAX: usize = 100;
/// 1,000 rows × some 1 kB.
const PAGE: i64 = 1_000;

/// What is wrong at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The row isn't what its hash was made of.
    Changed,
    /// The row doesn't follow the one before: either of the two isn't what was written there.
    Unlinked,
    /// Rows are missing before this number.
    Missing,
    /// An anchor that was kept elsewhere says another hash for this row.
    NotAnchored,
    /// An anchor that was kept elsewhere knows this row, and the chain ends before it.
    CutOff,
}

impl Fault {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Changed => "Changed",
            Self::Unlinked => "Unlinked",
            Self::Missing => "Missing",
            Self::NotAnchored => "NotAnchored",
            Self::CutOff => "CutOff",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Number of the row.
    pub seq: i64,
    pub fault: Fault,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    pub rows: u64,
    /// The first hundred.
    pub findings: Vec<Finding>,
    /// The last row: whoever writes it down has an anchor.
    pub head: Option<Anchor>,
    /// Anchors that were compared.
    pub anchors: usize,
}

/// The check, row by row.
#[derive(Debug, Default)]
pub struct Check {
    anchors: BTreeMap<i64, Vec<String>>,
    seq: i64,
    hash: String,
    found: Verification,
}

impl Check {
    #[must_use]
    pub fn new(anchors: &[Anchor]) -> Self {
        let mut by_row: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for Anchor { seq, hash } in anchors {
            by_row.entry(*seq).or_default().push(hash.clone());
        }
        let found = Verification { anchors: anchors.len(), ..Verification::default() };
        Self { anchors: by_row, found, ..Self::default() }
    }

    fn find(&mut self, seq: i64, fault: Fault) {
        if self.found.findings.len() < FINDINGS_MAX {
            self.found.findings.push(Finding { seq, fault });
        }
    }

    /// Takes the next row; nothing where it can't even be read.
    pub fn next(&mut self, seq: i64, row: Option<&Row>) {
        self.found.rows += 1;
        if seq != self.seq + 1 {
            self.find(seq, Fault::Missing);
        }
        let Some(row) = row else {
            self.find(seq, Fault::Changed);
            (self.seq, self.hash) = (seq, String::new());
            return;
        };
        if row.rehashed().as_ref() != Some(&row.hash) {
            self.find(seq, Fault::Changed);
        } else if row.prev != self.hash && seq == self.seq + 1 {
            self.find(seq, Fault::Unlinked);
        }
        if self.anchors.get(&seq).is_some_and(|hashes| hashes.iter().any(|hash| *hash != row.hash)) {
            self.find(seq, Fault::NotAnchored);
        }
        (self.seq, self.hash) = (seq, row.hash.clone());
    }

    /// There are no more rows.
    #[must_use]
    pub fn end(mut self) -> Verification {
        let beyond: Vec<i64> = self.anchors.range(self.seq + 1..).map(|(seq, _)| *seq).collect();
        for seq in beyond {
            self.find(seq, Fault::CutOff);
        }
        self.found.head = (self.seq > 0).then(|| Anchor { seq: self.seq, hash: self.hash.clone() });
        self.found
    }
}

impl Store {
    /// Reads the chain from its first row to its last.
    pub async fn verify(&self, anchors: &[Anchor]) -> Result<Verification, Error> {
        let mut check = Check::new(anchors);
        let mut last = i64::MIN;
        loop {
            let page = sqlx::query("SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2").bind(last).bind(PAGE);
            let page = page.fetch_all(self.pool().await?).await?;
            for row in &page {
                last = row.try_get("seq")?;
                check.next(last, Row::read(row).ok().as_ref());
            }
            if page.len() < PAGE as usize {
                return Ok(check.end());
            }
        }
    }
}
