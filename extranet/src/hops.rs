//! How many routers lie on the way, and when the way has changed.

use crate::model::{Span, Stamp};

/// In a row at a value that wasn't seen before.
const IN_A_ROW: u8 = 5;
const MEMORY: Span = Span::hours(24);

/// Routers between the target and us, from the time to live of its answer: what is missing to the
/// nearest value that systems start with.
#[must_use]
pub fn hops(ttl: u8) -> u8 {
    let start = [64, 128, 255].into_iter().find(|start| ttl <= *start).unwrap_or(255);
    start - ttl
}

/// The way to another number of routers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathChange {
    pub before: u8,
    pub after: u8,
}

/// The ways one target was seen on. At most 8: one more pushes the oldest out.
#[derive(Clone, Debug, Default)]
pub struct Path {
    known: Vec<(u8, Stamp)>,
    current: Option<u8>,
    candidate: Option<(u8, u8)>,
}

impl Path {
    /// The number of hops now.
    #[must_use]
    pub fn hops(&self) -> Option<u8> {
        self.current
    }

    /// Takes in an answer. Values that alternate and are known (several ways at once) are no change.
    pub fn push(&mut self, at: Stamp, ttl: u8) -> Option<PathChange> {
        let hops = hops(ttl);
        let Some(current) = self.current else {
            self.current = Some(hops);
            self.remember(hops, at);
            return None;
        };
        if self.known.iter().any(|(known, seen)| *known == hops && at - *seen <= MEMORY) {
            self.remember(hops, at);
            self.current = Some(hops);
            self.candidate = None;
            return None;
        }
        let count = match self.candidate {
            Some((candidate, count)) if candidate == hops => count + 1,
            _ => 1,
        };
        if count < IN_A_ROW {
            self.candidate = Some((hops, count));
            return None;
        }
        self.candidate = None;
        self.current = Some(hops);
        self.remember(hops, at);
        Some(PathChange { before: current, after: hops })
    }

    fn remember(&mut self, hops: u8, at: Stamp) {
        self.known.retain(|(known, seen)| *known != hops && at - *seen <= MEMORY);
        if self.known.len() == 8 {
            self.known.remove(0);
        }
        self.known.push((hops, at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops_by_the_value_a_system_starts_with() {
        for (ttl, expected) in [(64, 0), (60, 4), (128, 0), (120, 8), (255, 0), (250, 5), (65, 63), (1, 63)] {
            assert_eq!(hops(ttl), expected, "{ttl}");
        }
    }

    #[test]
    fn five_in_a_row_at_a_new_value_are_one_change() {
        let mut path = Path::default();
        let mut found = Vec::new();
        for n in 0..40 {
            let ttl = if n < 10 { 60 } else { 58 };
            found.extend(path.push(Stamp::from_secs(n), ttl).map(|change| (n, change)));
        }
        assert_eq!(found, [(14, PathChange { before: 4, after: 6 })]);
    }

    #[test]
    fn ways_that_alternate_make_none() {
        let mut path = Path::default();
        let changes = (0..100).filter_map(|n| path.push(Stamp::from_secs(n), if n % 2 == 0 { 60 } else { 58 })).count();
        assert_eq!(changes, 0);
    }
}
