//! The last commits, kept in the ledger so that history can catch up after a pause.

use jiff::Timestamp;
use ledger::{AllocationKey, Position};
use resources::v1alpha1::{Cause, JournalChange, JournalRecord};

/// Records kept at most.
const RECORDS_MAX: usize = 256;
/// Bytes of JSON kept at most: a twentieth of what one object may have; each commit writes them all again.
const BYTES_MAX: usize = 64 * 1024;

/// One change of a commit, before it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub allocation: Option<AllocationKey>,
    pub cause: Cause,
    pub before: Position,
    pub after: Position,
}

/// The journal with one more commit; the oldest records make room for it.
#[must_use]
pub fn append(journal: &[JournalRecord], revision: i64, at: Timestamp, changes: &[Change]) -> Vec<JournalRecord> {
    let mut newest = record(revision, at, changes);
    shorten(&mut newest);
    let mut room = BYTES_MAX.saturating_sub(size(&newest));
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
fn shorten(record: &mut JournalRecord) {
    while size(record) > BYTES_MAX {
        let keep = record.changes.len() / 2;
        record.omitted += i64::try_from(record.changes.len() - keep).unwrap_or(i64::MAX);
        record.changes.truncate(keep);
    }
}

fn size(record: &JournalRecord) -> usize {
    serde_json::to_vec(record).map_or(BYTES_MAX, |json| json.len() + 1)
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
            journal = append(&journal, revision, Timestamp::UNIX_EPOCH, &[change("enough")]);
        }
        assert_eq!(journal.len(), RECORDS_MAX);
        assert_eq!((journal[0].revision, journal[255].revision), (45, 300));
    }

    #[test]
    fn it_is_bounded_in_bytes_and_says_what_is_missing() {
        let long = "x".repeat(2_000);
        let mut journal = Vec::new();
        for revision in 1..=100 {
            journal = append(&journal, revision, Timestamp::UNIX_EPOCH, &[change(&long)]);
        }
        assert!(serde_json::to_vec(&journal).unwrap().len() <= BYTES_MAX + 2);
        assert_eq!(journal.last().map(|record| record.revision), Some(100));
        let many: Vec<Change> = (0..100).map(|_| change(&long)).collect();
        let journal = append(&[], 1, Timestamp::UNIX_EPOCH, &many);
        assert_eq!(journal[0].changes.len() as i64 + journal[0].omitted, 100);
        assert!(journal[0].omitted > 0);
    }
}
