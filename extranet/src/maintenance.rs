//! Which instants an announced window really covers.

use crate::model::{LinkIx, Stamp};

/// An announced piece of work, as people entered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The links it names, and those below them if it says so, resolved by the caller.
    pub links: Vec<LinkIx>,
    pub start: Stamp,
    /// After `start`.
    pub end: Stamp,
    /// When it was approved; `None` while it isn't.
    pub approved_at: Option<Stamp>,
    pub finished_early_at: Option<Stamp>,
}

/// Half-open stretch of time, `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub start: Stamp,
    pub end: Stamp,
}

impl Window {
    /// What it covers in the accounts: nothing unless it was approved before its start. An early
    /// finish ends it. What lasts longer is an overrun and counts as down; an extension is another
    /// window, approved before *its* start.
    #[must_use]
    pub fn covers(&self) -> Option<Stretch> {
        let approved = self.approved_at.is_some_and(|at| at < self.start);
        let end = self.finished_early_at.map_or(self.end, |early| early.min(self.end));
        (approved && end > self.start).then_some(Stretch { start: self.start, end })
    }
}

/// Stretches of one link, ordered and without overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Covered(Vec<Stretch>);

impl Covered {
    /// Joins what overlaps or touches: two windows of the same hour count it once.
    #[must_use]
    pub fn of(stretches: impl IntoIterator<Item = Stretch>) -> Self {
        let mut all: Vec<Stretch> = stretches.into_iter().filter(|one| one.end > one.start).collect();
        all.sort_by_key(|one| (one.start, one.end));
        let mut joined: Vec<Stretch> = Vec::with_capacity(all.len());
        for one in all {
            match joined.last_mut() {
                Some(last) if one.start <= last.end => last.end = last.end.max(one.end),
                _ => joined.push(one),
            }
        }
        Self(joined)
    }

    #[must_use]
    pub fn stretches(&self) -> &[Stretch] {
        &self.0
    }

    /// The stretch that covers an instant.
    #[must_use]
    pub fn at(&self, at: Stamp) -> Option<Stretch> {
        self.0.iter().find(|one| one.start <= at && at < one.end).copied()
    }

    /// Where the last stretch ends that had begun by `now` and ended after `from`.
    #[must_use]
    pub fn ended_between(&self, from: Stamp, now: Stamp) -> Option<Stamp> {
        self.0.iter().rev().find(|one| one.end > from && one.end <= now).map(|one| one.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: fn(i64) -> Stamp = Stamp::from_secs;

    fn window(approved: Option<i64>, early: Option<i64>) -> Window {
        let (start, end) = (AT(100), AT(200));
        Window { links: vec![], start, end, approved_at: approved.map(AT), finished_early_at: early.map(AT) }
    }

    #[test]
    fn what_a_window_covers() {
        let cases = [
            ("approved before its start", Some(99), None, Some((100, 200))),
            ("approved at its start", Some(100), None, None),
            ("approved one second late", Some(101), None, None),
            ("never approved", None, None, None),
            ("finished early", Some(1), Some(150), Some((100, 150))),
            ("finished before it began", Some(1), Some(90), None),
            ("finished after its end", Some(1), Some(250), Some((100, 200))),
        ];
        for (name, approved, early, expected) in cases {
            let expected = expected.map(|(start, end)| Stretch { start: AT(start), end: AT(end) });
            assert_eq!(window(approved, early).covers(), expected, "{name}");
        }
    }

    #[test]
    fn overlapping_windows_count_once() {
        let one = |start, end| Stretch { start: AT(start), end: AT(end) };
        let covered = Covered::of([one(50, 60), one(10, 20), one(15, 30), one(30, 35), one(40, 40)]);
        assert_eq!(covered.stretches(), [one(10, 35), one(50, 60)]);
        assert_eq!(covered.at(AT(34)), Some(one(10, 35)));
        assert_eq!(covered.at(AT(35)), None);
        assert_eq!(covered.ended_between(AT(12), AT(40)), Some(AT(35)));
    }
}
