//! What is under way: matched with answers, and judged when its time is up.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::clock::Mono;
use crate::model::Stamp;
use crate::sample::Taint;

/// Answers remembered per slot, to tell a second answer from a late one.
const ANSWERED: usize = 4;

/// One probe that wasn't judged yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Out {
    pub counter: u32,
    pub sent: Stamp,
    pub sent_mono: Mono,
    /// Wall's time when it was sent, in nanoseconds; what the kernel stamps the answer with.
    pub sent_real: i64,
    pub deadline: Mono,
}

/// What an answer is an answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    InTime(Out),
    /// Answered already.
    Again,
    /// Given up already, or never sent.
    Late,
}

#[derive(Clone, Debug, Default)]
struct Lane {
    next: u32,
    out: VecDeque<Out>,
    answered: [u32; ANSWERED],
    turn: usize,
}

/// Everything that is under way. At most as many as the rate times the longest time-out.
#[derive(Clone, Debug, Default)]
pub(super) struct Flight {
    lanes: Vec<Lane>,
    /// Deadline, slot and counter in one number: comparing three took 6 % of the thread's time.
    deadlines: BinaryHeap<Reverse<u128>>,
    count: usize,
}

impl Flight {
    pub fn grow(&mut self, slots: usize) {
        self.lanes.resize_with(self.lanes.len().max(slots), Lane::default);
    }

    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_idle(&self, slot: u32) -> bool {
        self.lanes.get(slot as usize).is_none_or(|lane| lane.out.is_empty())
    }

    /// The number of the next probe of a slot; counted from 1, so that 0 is never one that was answered.
    pub fn next(&mut self, slot: u32) -> u32 {
        let lane = &mut self.lanes[slot as usize];
        lane.next = lane.next.wrapping_add(1).max(1);
        lane.next
    }

    pub fn sent(&mut self, slot: u32, out: Out) {
        self.lanes[slot as usize].out.push_back(out);
        self.deadlines.push(Reverse(pack(out.deadline, slot, out.counter)));
        self.count += 1;
    }

    /// Takes a probe out because its answer has come.
    pub fn answer(&mut self, slot: u32, counter: u32) -> Answer {
        let Some(lane) = self.lanes.get_mut(slot as usize) else { return Answer::Late };
        if lane.answered.contains(&counter) {
            return Answer::Again;
        }
        match self.take(slot, counter) {
            Some(out) => {
                let lane = &mut self.lanes[slot as usize];
                lane.answered[lane.turn % ANSWERED] = counter;
                lane.turn += 1;
                Answer::InTime(out)
            }
            None => Answer::Late,
        }
    }

    /// Takes a probe out by the lower half of its number, for an error that quotes no more.
    pub fn refused(&mut self, slot: u32, sequence: u16) -> Option<Out> {
        let lane = self.lanes.get(slot as usize)?;
        let counter = lane.out.iter().find(|out| out.counter as u16 == sequence)?.counter;
        self.take(slot, counter)
    }

    /// When the next one is due to be judged. Most are answered long before and leave their deadline behind.
    pub fn next_deadline(&mut self) -> Option<Mono> {
        loop {
            let (deadline, slot, counter) = unpack(self.deadlines.peek()?.0);
            // The oldest of a lane nearly always: time-outs of one lane don't differ.
            if self.lanes[slot as usize].out.iter().any(|out| out.counter == counter) {
                return Some(deadline);
            }
            self.deadlines.pop();
        }
    }

    /// Takes out one whose deadline has passed by `looked`, when the queues were emptied last.
    pub fn overdue(&mut self, looked: Mono) -> Option<(u32, Out)> {
        self.next_deadline().filter(|deadline| *deadline <= looked)?;
        let (_, slot, counter) = unpack(self.deadlines.pop()?.0);
        self.take(slot, counter).map(|out| (slot, out))
    }

    pub fn take(&mut self, slot: u32, counter: u32) -> Option<Out> {
        let lane = self.lanes.get_mut(slot as usize)?;
        let at = lane.out.iter().position(|out| out.counter == counter)?;
        self.count -= 1;
        lane.out.remove(at)
    }
}

/// Monotonic time is never negative, so the order of the numbers is the order of the deadlines.
fn pack(deadline: Mono, slot: u32, counter: u32) -> u128 {
    u128::from(deadline.0.unsigned_abs()) << 64 | u128::from(slot) << 32 | u128::from(counter)
}

fn unpack(packed: u128) -> (Mono, u32, u32) {
    (Mono((packed >> 64) as i64), (packed >> 32) as u32, packed as u32)
}

/// Times in which the prober can't vouch for what it didn't see. The latest of each kind is enough:
/// what is judged now was sent at most one time-out ago.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Doubts {
    /// The thread slept from here to there.
    slept: Option<(Mono, Mono)>,
    /// Between these readings the kernel dropped answers.
    dropped: Option<(Mono, Mono)>,
}

impl Doubts {
    pub fn slept(&mut self, from: Mono, to: Mono) {
        self.slept = Some((from, to));
    }

    pub fn dropped(&mut self, from: Mono, to: Mono) {
        let from = self.dropped.filter(|(_, end)| *end >= from).map_or(from, |(start, _)| start);
        self.dropped = Some((from, to));
    }

    /// Why an unanswered probe says nothing, if so.
    pub fn about(&self, out: &Out) -> Option<Taint> {
        let overlaps = |(from, to): (Mono, Mono)| out.sent_mono <= to && out.deadline >= from;
        if self.dropped.is_some_and(overlaps) {
            return Some(Taint::RxOverflow);
        }
        // An answer that waited in the queue would still have been in time; what is gone is gone.
        self.slept.is_some_and(|(from, to)| from < out.deadline && out.deadline <= to).then_some(Taint::Lag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(counter: u32, sent: i64, deadline: i64) -> Out {
        let at = Stamp::from_micros(sent);
        Out { counter, sent: at, sent_mono: Mono(sent), sent_real: sent, deadline: Mono(deadline) }
    }

    #[test]
    fn an_answer_counts_once_and_only_in_time() {
        let mut flight = Flight::default();
        flight.grow(1);
        let first = flight.next(0);
        flight.sent(0, out(first, 0, 10));
        assert!(matches!(flight.answer(0, first), Answer::InTime(_)));
        assert_eq!(flight.answer(0, first), Answer::Again);
        let second = flight.next(0);
        flight.sent(0, out(second, 1, 11));
        assert_eq!(flight.overdue(Mono(10)), None);
        assert_eq!(flight.overdue(Mono(11)).map(|(_, out)| out.counter), Some(second));
        assert_eq!(flight.answer(0, second), Answer::Late);
        assert_eq!(flight.answer(0, 999), Answer::Late);
        assert_eq!((flight.len(), flight.answer(7, 1)), (0, Answer::Late));
    }

    #[test]
    fn what_our_own_fault_explains_is_no_loss() {
        let mut doubts = Doubts::default();
        let probe = out(1, 100, 200);
        assert_eq!(doubts.about(&probe), None);
        doubts.slept(Mono(150), Mono(250));
        assert_eq!(doubts.about(&probe), Some(Taint::Lag));
        doubts.slept(Mono(200), Mono(300));
        assert_eq!(doubts.about(&probe), None, "its time was up before");
        doubts.dropped(Mono(50), Mono(99));
        assert_eq!(doubts.about(&probe), None, "sent after the last reading that moved");
        doubts.dropped(Mono(99), Mono(120));
        assert_eq!(doubts.about(&probe), Some(Taint::RxOverflow));
    }
}
