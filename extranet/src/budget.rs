//! Which statuses are written now: everything that changed, but never a storm.

use std::collections::{BTreeSet, HashMap};

use crate::model::{Level, LinkIx, Span, Stamp, fnv1a};

/// Patches a second. A county cut of 470 links takes 10 s, the whole city 48 s.
const PATCHES_PER_SECOND: i64 = 50;
/// What may be saved up: one second's worth, so that no second sees more than its 50 and the rest.
const BURST: i64 = 1;
/// A status without news is written this often at least in a small city ...
const REFRESH_MIN: Span = Span::secs(300);
/// ... and in a large one so that refreshing alone makes 10 writes a second.
const REFRESHES_PER_SECOND: i64 = 10;

/// Why a status is written; the order in which it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// It is the root of an incident.
    Root,
    /// Its state changed.
    Changed,
    /// Nothing new: figures get older otherwise.
    Refresh,
}

/// The queue of statuses to write, with its token bucket. Changes of one link coalesce.
#[derive(Clone, Debug)]
pub struct WriteBudget {
    queue: BTreeSet<(Rank, Level, LinkIx)>,
    queued: HashMap<LinkIx, (Rank, Level)>,
    /// When the next patch may leave, in the manner of a virtual schedule.
    next: Stamp,
}

impl WriteBudget {
    #[must_use]
    pub fn new(now: Stamp) -> Self {
        Self { queue: BTreeSet::new(), queued: HashMap::new(), next: now }
    }

    /// Asks for a write. A link that waits already keeps its better rank.
    pub fn push(&mut self, link: LinkIx, level: Level, rank: Rank) {
        let rank = match self.queued.get(&link) {
            Some((waiting, _)) if *waiting <= rank => return,
            Some((waiting, level)) => {
                self.queue.remove(&(*waiting, *level, link));
                rank
            }
            None => rank,
        };
        self.queue.insert((rank, level, link));
        self.queued.insert(link, (rank, level));
    }

    /// The next link to write now, if one waits and the budget has room.
    pub fn pop(&mut self, now: Stamp) -> Option<LinkIx> {
        let step = Span::secs(1).part(PATCHES_PER_SECOND);
        let earliest = self.next.max(now - step.times(BURST));
        if earliest > now {
            return None;
        }
        let (_, _, link) = self.queue.pop_first()?;
        self.queued.remove(&link);
        self.next = earliest + step;
        Some(link)
    }

    /// When [`Self::pop`] has something to give; `None` if nothing waits.
    #[must_use]
    pub fn ready_at(&self) -> Option<Stamp> {
        (!self.queue.is_empty()).then_some(self.next)
    }

    #[must_use]
    pub fn pending(&self) -> usize {
        self.queue.len()
    }
}

/// When a link's status is refreshed after `written`, with up to a tenth of jitter by its name:
/// every 300 s, or every N ÷ 10 seconds if that is longer. 2,402 links make 8 writes a second.
#[must_use]
pub fn refresh_at(written: Stamp, name: &str, links: usize) -> Stamp {
    let every = REFRESH_MIN.max(Span::secs(i64::try_from(links).unwrap_or(i64::MAX) / REFRESHES_PER_SECOND));
    let jitter = (fnv1a(&[name.as_bytes()]) % 1_000) as i64;
    written + every + Span::micros(every.as_micros() / 10_000 * jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_county_cut_takes_ten_seconds_and_no_second_more_than_its_share() {
        let start = Stamp::from_secs(100);
        let mut budget = WriteBudget::new(start);
        for n in 0..470 {
            let rank = if n == 300 { Rank::Root } else { Rank::Changed };
            budget.push(LinkIx(n), Level::Village, rank);
        }
        let mut written: Vec<(i64, LinkIx)> = Vec::new();
        for tick in 0..2_000 {
            let now = start + Span::millis(10 * tick);
            while let Some(link) = budget.pop(now) {
                written.push((10 * tick, link));
            }
        }
        assert_eq!(written.len(), 470);
        assert_eq!(written[0].1, LinkIx(300), "the root first");
        let last = written.last().unwrap().0;
        assert!((9_000..10_000).contains(&last), "{last} ms");
        for (at, _) in &written {
            let in_second = written.iter().filter(|(other, _)| (*at..at + 1_000).contains(other)).count();
            assert!(in_second <= 50, "{in_second} from {at} ms");
        }
    }

    #[test]
    fn changes_of_one_link_coalesce_and_keep_the_better_rank() {
        let mut budget = WriteBudget::new(Stamp::from_secs(1));
        budget.push(LinkIx(1), Level::Village, Rank::Refresh);
        budget.push(LinkIx(2), Level::County, Rank::Changed);
        budget.push(LinkIx(1), Level::Village, Rank::Root);
        budget.push(LinkIx(1), Level::Village, Rank::Changed);
        assert_eq!(budget.pending(), 2);
        assert_eq!(budget.pop(Stamp::from_secs(2)), Some(LinkIx(1)));
    }

    #[test]
    fn refreshing_stays_within_ten_writes_a_second() {
        for links in [200, 2_402, 10_000] {
            let total: f64 = (0..links)
                .map(|n| {
                    1.0 / (refresh_at(Stamp::from_secs(0), &format!("link-{n}"), links) - Stamp::from_secs(0))
                        .as_secs_f64()
                })
                .sum();
            assert!(total <= 10.0, "{links} links: {total}");
        }
    }
}
