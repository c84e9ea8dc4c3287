//! Anchors: what the chain ended with at some moment, kept where whoever can write into the database
//! can't. A chain that was cut off, or made anew from some row on, is consistent in itself; only an
//! anchor shows it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::Row as _;

use crate::history::store::{Error, Store};

/// What happened since the last anchor isn't protected by one.
const EVERY: Duration = Duration::from_secs(60);
/// A file of anchors: 40 years of one a minute would be 2 GB, so that only its end is read.
const READ_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Number and hash of a row, written `number:hash`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    pub seq: i64,
    pub hash: String,
}

impl FromStr for Anchor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (seq, hash) = text.trim().split_once(':').ok_or_else(|| format!("no anchor (number:hash): {text:?}"))?;
        let seq = seq.parse().map_err(|_| format!("no number of a row: {seq:?}"))?;
        Ok(Self { seq, hash: hash.to_owned() })
    }
}

/// The anchors of a file, one in each line.
pub fn read(path: &Path) -> io::Result<Vec<Anchor>> {
    use std::io::{Seek, SeekFrom};
    let mut file = File::open(path)?;
    let from = file.metadata()?.len().saturating_sub(READ_BYTES_MAX);
    file.seek(SeekFrom::Start(from))?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let lines = text.lines().skip(usize::from(from > 0)).filter(|line| !line.trim().is_empty());
    // A line that a power cut left half-written says nothing; the one before still does.
    Ok(lines.filter_map(|line| line.parse().ok()).collect())
}

fn append(path: &Path, anchor: &Anchor) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    writeln!(file, "{}:{}", anchor.seq, anchor.hash)?;
    file.sync_data()
}

impl Store {
    /// What the chain ends with now.
    pub async fn head(&self) -> Result<Option<Anchor>, Error> {
        let row = sqlx::query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1");
        let row = row.fetch_optional(self.pool().await?).await?;
        row.map(|row| Ok(Anchor { seq: row.try_get("seq")?, hash: row.try_get("hash")? })).transpose()
    }
}

/// Writes an anchor now and then, into the log and into the file, for as long as the process lives.
pub async fn keep(store: Store, file: Option<PathBuf>) {
    let mut last = None;
    loop {
        match store.head().await {
            Ok(Some(head)) if last.as_ref() != Some(&head) => {
                tracing::info!(seq = head.seq, hash = head.hash, "audit anchor {}:{}", head.seq, head.hash);
                let written = file.as_deref().map_or(Ok(()), |path| append(path, &head));
                if let Err(error) = written {
                    tracing::error!(%error, "failed to write an audit anchor into its file");
                }
                last = Some(head);
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "failed to read the end of the audit chain"),
        }
        tokio::time::sleep(EVERY).await;
    }
}
