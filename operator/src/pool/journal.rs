//! The last commits, kept in the ledger so that history can catch up after a pause.

use jiff::Timestamp;
use ledger::{AllocationKey, Position};
use resources::v1alpha1::{Cause, JournalChange, JournalRecord};
use serde::Serialize;

/// Records kept at most.
const RECORDS_MAX: usize = 256;
/// Bytes kept at most: a twentieth of what one object may have; each commit writes them all again.
const BYTES_MAX: usize = 64 * 1024;
/// Bytes that the newest record may have, however little room there is: who changed what must be
/// found somewhere.
const BYTES_MIN: usize = 16 * 1024;
/// Bytes that ledger and journal have together, unless so much drains that the ledger alone has
/// more: etcd takes 1.5 MiB, and the ledger's own limit leaves room for the newest record.
const OBJECT_MAX: usize = 1_400_000;

/// One change of a commit, before it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub allocation: Option<AllocationKey>,
    pub cause: Cause,
    pub before: Position,
    pub after: Position,
}

/// The room that an object of this size, without its journal, leaves for the journal.
#[must_use]
pub fn room(taken: usize) -> usize {
    OBJECT_MAX.saturating_sub(taken).clamp(BYTES_MIN, BYTES_MAX)
}

/// Bytes of a value where it is stored. The API server writes some characters in six.
#[must_use]
pub fn stored(value: &impl Serialize) -> usize {
    let mut counter = Counter(0);
    // Nothing in a ledger fails to be written, and counting doesn't fail.
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

struct Counter(usize);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let long = bytes.iter().filter(|byte| matches!(byte, b'<' | b'>' | b'&')).count();
        self.0 += bytes.len() + 5 * long;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The journal with one more commit in so much room; the oldest records make way for it.
#[must_use]
pub fn append(
    journal: &[JournalRecord],
    revision: i64,
    at: Timestamp,
    changes: &[Change],
    room: usize,
) -> Vec<JournalRecord> {
    let mut newest = record(revision, at, changes);
    shorten(&mut newest, room);
    let mut room = room.saturating_sub(size(&newest));
    let kept = journal.iter().rev().take(RECORDS_MAX - 1).take_while(|record| {
        let size = size(record);
        let fits = size <= room;
        room = room.saturating_sub(size);
        fits
    });
    let mut journal: Vec<JournalRecord> = std::iter::once(newest).chain(kept.cloned()).collect();
    journal.reverse();
    journal
}

fn record(revision: i64, at: Timestamp, changes: &[Change]) -> JournalRecord {
    let changes = changes.iter().map(|change| {
        let Change { allocation, cause, before, after } = change;
        JournalChange {
            allocation: allocation.as_ref().map(ToString::to_string).unwrap_or_default(),
            cause: cause.clone(),
            before: (*before).into(),
            after: (*after).into(),
        }
    });
    JournalRecord { revision, at: at.to_string(), changes: changes.collect(), omitted: 0 }
}

/// A commit that alone is too large for the journal says how many of its changes are missing.
fn shorten(record: &mut JournalRecord, room: usize) {
    while size(record) > room && !record.changes.is_empty() {
        let keep = record.changes.len() / 2;
        record.omitted += i64::try_from(record.changes.len() - keep).unwrap_or(i64::MAX);
        record.changes.truncate(keep);
    }
}

/// A record is a line of JSON, which is a text within a text.
fn size(record: &JournalRecord) -> usize {
    stored(&serde_json::to_string(record).unwrap_or_default()) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(reason: &str) -> Change {
        let cause =
            Cause { kind: "QuotaDecision".into(), name: "qd".into(), reason: reason.into(), ..Cause::default() };
        let allocation = Some(AllocationKey::new("dept-a", "b"));
        Change { allocation, cause, before: Position::default(), after: Position::default() }
    }

    #[test]
    fn the_oldest_make_room() {
        let mut journal = Vec::new();
        for revision in 1..=300 {
            journal = append(&journal, revision, Timestamp::UNIX_EPOCH, &[change("enough")], BYTES_MAX);
        }
        assert_eq!(journal.len(), RECORDS_MAX);
        assert_eq!((journal[0].revision, journal[255].revision), (45, 300));
    }

    #[test]
    fn it_is_bounded_in_bytes_and_says_what_is_missing() {
        let long = "x".repeat(2_000);
        let mut journal = Vec::new();
        for revision in 1..=100 {
            journal = append(&journal, revision, Timestamp::UNIX_EPOCH, &[change(&long)], BYTES_MAX);
        }
        let lines: Vec<String> = journal.iter().map(|record| serde_json::to_string(record).unwrap()).collect();
        assert!(serde_json::to_vec(&lines).unwrap().len() <= BYTES_MAX + 2);
        assert_eq!(journal.last().map(|record| record.revision), Some(100));
        let many: Vec<Change> = (0..100).map(|_| change(&long)).collect();
        let journal = append(&[], 1, Timestamp::UNIX_EPOCH, &many, BYTES_MAX);
        assert_eq!(journal[0].changes.len() as i64 + journal[0].omitted, 100);
        assert!(journal[0].omitted > 0);
    }
    #[test]
    fn a_large_ledger_leaves_it_less_room() {
        assert_eq!([0, 1_300_000, 1_350_000, 1_390_000, 1_600_000].map(room), [65_536, 65_536, 50_000, 16_384, 16_384]);
        let long = "x".repeat(2_000);
        let mut journal = Vec::new();
        for revision in 1..=100 {
            journal = append(&journal, revision, Timestamp::UNIX_EPOCH, &[change(&long)], BYTES_MAX);
        }
        let shorter = append(&journal, 101, Timestamp::UNIX_EPOCH, &[change(&long)], BYTES_MIN);
        assert!(shorter.iter().map(size).sum::<usize>() <= BYTES_MIN);
        assert_eq!(shorter.last().map(|record| record.revision), Some(101));
    }

    #[test]
    fn what_the_api_server_writes_longer_counts_as_it_is_stored() {
        assert_eq!(stored(&"核<&>\""), r#""核\u003c\u0026\u003e\"""#.len());
    }
}
