//! Whether the prober itself can see: anchors, and sockets that may not be opened.

use crate::model::{Span, Stamp};
use crate::sample::{IcmpMode, Verdict};

/// Lost in a row by every anchor before the vantage is blind. At one probe a second and a time-out
/// of 1 s this is known within 3.3 s; the fastest decision about a link takes 4 s.
const LOST_IN_A_ROW: usize = 2;
/// Answered in a row by any anchor before it sees again.
const OK_IN_A_ROW: u32 = 3;

/// Why a vantage can't claim anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blindness {
    /// Every anchor has lost two samples in a row.
    AnchorsLost,
    /// No ICMP socket may be opened.
    NoIcmpPermission,
}

/// A change of a vantage's sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Blind since the first lost anchor sample: what wasn't answered since then is tainted.
    Lost {
        since: Stamp,
        why: Blindness,
    },
    Regained {
        at: Stamp,
    },
}

#[derive(Clone, Debug, Default)]
struct Anchor {
    /// When the unanswered ones in a row were sent; the first two are enough to judge by.
    lost: Vec<Stamp>,
    ok_in_a_row: u32,
    last_ok: Option<Stamp>,
}

/// One place that is probed from, with its 2 or 3 anchors (none: sight is taken for granted).
#[derive(Clone, Debug, Default)]
pub struct Vantage {
    anchors: Vec<Anchor>,
    blind: Option<(Stamp, Blindness)>,
    /// The last time it was blind: some of what was sent then is judged only now.
    was_blind: Option<(Stamp, Stamp)>,
}

impl Vantage {
    #[must_use]
    pub fn new(anchors: u8) -> Self {
        Self { anchors: vec![Anchor::default(); usize::from(anchors)], blind: None, was_blind: None }
    }

    /// How many anchors it has.
    #[must_use]
    pub fn anchors(&self) -> usize {
        self.anchors.len()
    }

    /// Since when and why it is blind.
    #[must_use]
    pub fn blind(&self) -> Option<(Stamp, Blindness)> {
        self.blind
    }

    /// Whether a link's sample without a reply, sent then, says nothing.
    #[must_use]
    pub fn taints(&self, sent: Stamp) -> bool {
        self.blind.is_some_and(|(since, _)| sent >= since)
            || self.was_blind.is_some_and(|(since, until)| since <= sent && sent < until)
    }

    /// Takes in what the prober says about its sockets.
    pub fn sockets(&mut self, icmp: IcmpMode, now: Stamp) -> Option<Sight> {
        match (icmp, self.blind) {
            (IcmpMode::Forbidden, None | Some((_, Blindness::AnchorsLost))) => {
                let since = self.blind.map_or(now, |(since, _)| since);
                self.blind = Some((since, Blindness::NoIcmpPermission));
                Some(Sight::Lost { since, why: Blindness::NoIcmpPermission })
            }
            (IcmpMode::Dgram | IcmpMode::Raw, Some((_, Blindness::NoIcmpPermission))) => Some(self.regain(now)),
            _ => None,
        }
    }

    /// Takes in an anchor's sample. Samples of one anchor come in the order they were sent.
    pub fn anchor(&mut self, anchor: u8, sent: Stamp, verdict: Verdict) -> Option<Sight> {
        let one = self.anchors.get_mut(usize::from(anchor))?;
        match verdict {
            Verdict::Ok { .. } => {
                one.lost.retain(|lost| *lost > sent);
                one.ok_in_a_row += 1;
                one.last_ok = one.last_ok.max(Some(sent));
                if one.ok_in_a_row >= OK_IN_A_ROW && matches!(self.blind, Some((_, Blindness::AnchorsLost))) {
                    return Some(self.regain(sent));
                }
            }
            Verdict::Lost if one.last_ok.is_none_or(|ok| ok < sent) => {
                one.ok_in_a_row = 0;
                if one.lost.len() < LOST_IN_A_ROW {
                    one.lost.push(sent);
                }
            }
            // A loss older than an answer, or our own fault: says nothing of the anchor.
            Verdict::Lost | Verdict::Tainted(_) => {}
        }
        let every = self.anchors.iter().all(|one| one.lost.len() >= LOST_IN_A_ROW);
        if self.blind.is_none() && every {
            let since = self.anchors.iter().filter_map(|one| one.lost.first().copied()).min()?;
            self.blind = Some((since, Blindness::AnchorsLost));
            return Some(Sight::Lost { since, why: Blindness::AnchorsLost });
        }
        None
    }

    fn regain(&mut self, at: Stamp) -> Sight {
        self.was_blind = self.blind.take().map(|(since, _)| (since, at));
        Sight::Regained { at }
    }
}

/// How many of `seeing` vantages must have lost a link before it is down: more than half.
/// `None` if no vantage sees.
#[must_use]
pub fn quorum(seeing: u8) -> Option<u8> {
    (seeing > 0).then_some(seeing / 2 + 1)
}

/// Time from the loss of sight until it is known, at most: an interval with its jitter twice, and
/// the time-out.
pub const RECOGNISED_WITHIN: Span = Span::millis(3_300);

#[cfg(test)]
mod tests {
    use super::*;

    const OK: Verdict = Verdict::Ok { rtt: None };
    const AT: fn(i64) -> Stamp = Stamp::from_secs;

    #[test]
    fn blind_when_every_anchor_has_lost_two_backdated_to_the_first() {
        let mut vantage = Vantage::new(2);
        assert_eq!(vantage.anchor(0, AT(10), Verdict::Lost), None);
        assert_eq!(vantage.anchor(0, AT(11), Verdict::Lost), None);
        assert_eq!(vantage.anchor(1, AT(11), Verdict::Lost), None);
        let lost = vantage.anchor(1, AT(12), Verdict::Lost);
        assert_eq!(lost, Some(Sight::Lost { since: AT(10), why: Blindness::AnchorsLost }));
        assert!(vantage.taints(AT(10)) && !vantage.taints(AT(9)));
        // Three answers of one anchor are enough.
        assert_eq!(vantage.anchor(1, AT(20), OK), None);
        assert_eq!(vantage.anchor(1, AT(21), OK), None);
        assert_eq!(vantage.anchor(1, AT(22), OK), Some(Sight::Regained { at: AT(22) }));
        // What was sent while it was blind and is judged later says nothing either.
        assert!(vantage.taints(AT(21)) && !vantage.taints(AT(22)));
    }

    #[test]
    fn one_anchor_that_answers_is_sight() {
        let mut vantage = Vantage::new(3);
        for n in 0..50 {
            for anchor in [0, 1] {
                assert_eq!(vantage.anchor(anchor, AT(n), Verdict::Lost), None);
            }
            assert_eq!(vantage.anchor(2, AT(n), if n % 2 == 0 { OK } else { Verdict::Lost }), None);
        }
    }

    #[test]
    fn no_permission_is_blindness_of_its_own_kind() {
        let mut vantage = Vantage::new(0);
        let lost = vantage.sockets(IcmpMode::Forbidden, AT(5));
        assert_eq!(lost, Some(Sight::Lost { since: AT(5), why: Blindness::NoIcmpPermission }));
        assert_eq!(vantage.sockets(IcmpMode::Forbidden, AT(6)), None);
        assert_eq!(vantage.sockets(IcmpMode::Raw, AT(7)), Some(Sight::Regained { at: AT(7) }));
    }

    #[test]
    fn without_anchors_sight_is_taken_for_granted() {
        assert_eq!(Vantage::new(0).anchor(0, AT(1), Verdict::Lost), None);
        assert_eq!((quorum(0), quorum(1), quorum(2), quorum(3)), (None, Some(1), Some(2), Some(2)));
    }
}
