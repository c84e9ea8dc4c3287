//! Which target is probed when: a periodic stream with a random start and jitter, that can't lock
//! onto other periods and is the same after every restart.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::model::{LinkIx, Span, Stamp, fnv1a};
use crate::sample::Target;

/// The part of the rate that steady probing may take; the rest is kept for confirmation.
const STEADY_SHARE: f64 = 0.7;
/// What a bucket may save up. Twenty ticks of 5 ms: slots fall unevenly into ticks.
const BURST: Span = Span::millis(100);

/// One target and how often it is probed.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub target: Target,
    /// What phase and jitter are made from; stays the same for the life of the object.
    pub uid: String,
    pub interval: Span,
    /// Links above it whose line the probe goes through, with what each may carry a second.
    pub lines: Vec<(LinkIx, u32)>,
}

/// A wish for faster samples of a link while something is being confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub link: LinkIx,
    /// Samples fall on this instant plus multiples of `every`.
    pub anchor: Stamp,
    pub every: Span,
    pub until: Stamp,
    /// One sample at once, unless one was sent after the anchor.
    pub at_once: bool,
}

/// One probe to be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Index into the plans the scheduler was made of.
    pub plan: u32,
    pub target: Target,
}

/// Virtual scheduling: the bucket is empty while its next theoretical departure lies further ahead
/// than the burst.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    step: Span,
    next: Stamp,
}

impl Bucket {
    fn new(per_second: f64) -> Self {
        Self { step: Span::micros((1e6 / per_second.max(0.001)) as i64), next: Stamp::NEVER }
    }

    /// Until when it is empty; `None` if a probe may leave.
    fn empty_until(&self, now: Stamp) -> Option<Stamp> {
        let ready = self.next - BURST;
        (ready > now).then_some(ready)
    }

    fn take(&mut self, now: Stamp) {
        self.next = self.next.max(now) + self.step;
    }
}

#[derive(Clone, Debug)]
struct Entry {
    target: Target,
    uid: u64,
    interval: Span,
    lines: Vec<u32>,
    phase: Span,
    fast: Option<Pace>,
    last_sent: Stamp,
    due: Stamp,
}

/// The slots of one vantage.
#[derive(Clone, Debug)]
pub struct Scheduler {
    entries: Vec<Entry>,
    by_link: HashMap<LinkIx, u32>,
    /// Due time and entry in one number, which compares faster than two.
    queue: BinaryHeap<Reverse<i128>>,
    total: Bucket,
    steady: Bucket,
    lines: Vec<Bucket>,
    stretch: f64,
    limited: bool,
}

impl Scheduler {
    /// `rate` is the most packets a second; 2,000 is enough for 2,402 links, 10,000 links in the
    /// city's mix want 4,000. Where steady probing alone would pass its share of the rate, all
    /// intervals are stretched by one factor.
    #[must_use]
    pub fn new(plans: &[Plan], rate: u32, now: Stamp) -> Self {
        let rate = f64::from(rate.max(1));
        let demand: f64 = plans.iter().map(|plan| 1.0 / plan.interval.as_secs_f64().max(1e-3)).sum();
        let stretch = (demand / (rate * STEADY_SHARE)).max(1.0);
        let (mut lines, mut line_of) = (Vec::new(), HashMap::new());
        let mut entries = Vec::with_capacity(plans.len());
        for plan in plans {
            let mut through = Vec::with_capacity(plan.lines.len());
            for (link, per_second) in &plan.lines {
                let line = *line_of.entry(*link).or_insert_with(|| {
                    lines.push(Bucket::new(f64::from(*per_second)));
                    lines.len() as u32 - 1
                });
                through.push(line);
            }
            let uid = fnv1a(&[plan.uid.as_bytes()]);
            let interval = Span::micros((plan.interval.as_micros().max(1_000) as f64 * stretch) as i64);
            let phase = Span::micros((uid % interval.as_micros() as u64) as i64);
            let (fast, last_sent) = (None, Stamp::NEVER);
            entries.push(Entry {
                target: plan.target,
                uid,
                interval,
                lines: through,
                phase,
                fast,
                last_sent,
                due: now,
            });
        }
        let by_link = entries.iter().enumerate().filter_map(|(n, entry)| match entry.target {
            Target::Link(link) => Some((link, n as u32)),
            Target::Anchor(_) => None,
        });
        let by_link = by_link.collect();
        let (total, steady) = (Bucket::new(rate), Bucket::new(rate * STEADY_SHARE));
        let queue = BinaryHeap::with_capacity(entries.len());
        let mut made = Self { entries, by_link, queue, total, steady, lines, stretch, limited: stretch > 1.0 };
        (0..made.entries.len() as u32).for_each(|n| made.enqueue(n, now));
        made
    }

    /// By how much intervals are longer than asked for: 1 or more.
    #[must_use]
    pub fn stretch(&self) -> f64 {
        self.stretch
    }

    /// Whether intervals are stretched, or a probe had to wait since the last call.
    pub fn take_limited(&mut self) -> bool {
        std::mem::replace(&mut self.limited, self.stretch > 1.0)
    }

    /// When the next probe is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Stamp> {
        self.queue.peek().map(|Reverse(packed)| unpack(*packed).0)
    }

    /// Samples of a link come faster for a while. A wish that is there already is only prolonged.
    pub fn fast(&mut self, pace: Pace, now: Stamp) {
        let Some(n) = self.by_link.get(&pace.link).copied() else { return };
        let entry = &mut self.entries[n as usize];
        let runs = entry.fast.filter(|running| running.until > now && running.every <= pace.every);
        match runs {
            Some(running) => entry.fast = Some(Pace { until: running.until.max(pace.until), ..running }),
            None => entry.fast = Some(pace),
        }
        if pace.at_once && entry.last_sent < pace.anchor {
            entry.due = now;
            self.queue.push(Reverse(pack(now, n)));
        } else if runs.is_none() {
            self.enqueue(n, now);
        }
    }

    /// Back to the steady pace.
    pub fn steady(&mut self, link: LinkIx, now: Stamp) {
        let Some(n) = self.by_link.get(&link).copied() else { return };
        if self.entries[n as usize].fast.take().is_some() {
            self.enqueue(n, now);
        }
    }

    /// Takes out what is due by `now`, at most `max`, and plans each one's next slot. Slots that
    /// were slept through are left out, not made up for.
    pub fn due(&mut self, now: Stamp, max: usize, out: &mut Vec<Slot>) {
        while out.len() < max {
            let Some((due, n)) = self.queue.peek().map(|Reverse(packed)| unpack(*packed)) else { return };
            if due > now {
                return;
            }
            self.queue.pop();
            // An entry is queued anew whenever its pace changes; older places in the queue are void.
            if self.entries[n as usize].due != due {
                continue;
            }
            if let Some(later) = self.blocked(n, now) {
                self.limited = true;
                self.entries[n as usize].due = later;
                self.queue.push(Reverse(pack(later, n)));
                continue;
            }
            self.take(n, now);
            let entry = &mut self.entries[n as usize];
            entry.last_sent = now;
            out.push(Slot { plan: n, target: entry.target });
            self.enqueue(n, now);
        }
    }

    fn is_fast(&self, n: u32, now: Stamp) -> bool {
        self.entries[n as usize].fast.is_some_and(|pace| pace.until >= now)
    }

    /// Until when a bucket that the probe needs is empty.
    fn blocked(&self, n: u32, now: Stamp) -> Option<Stamp> {
        let entry = &self.entries[n as usize];
        let steady = if self.is_fast(n, now) { None } else { self.steady.empty_until(now) };
        let lines = entry.lines.iter().filter_map(|line| self.lines[*line as usize].empty_until(now));
        lines.chain(self.total.empty_until(now)).chain(steady).max()
    }

    fn take(&mut self, n: u32, now: Stamp) {
        self.total.take(now);
        if !self.is_fast(n, now) {
            self.steady.take(now);
        }
        for line in &self.entries[n as usize].lines {
            self.lines[*line as usize].take(now);
        }
    }

    fn enqueue(&mut self, n: u32, now: Stamp) {
        let entry = &mut self.entries[n as usize];
        entry.due = match entry.fast {
            Some(pace) if pace.until > now => next_multiple(pace.anchor, pace.every, now),
            _ => {
                entry.fast = None;
                entry.next_slot(now)
            }
        };
        self.queue.push(Reverse(pack(entry.due, n)));
    }
}

impl Entry {
    /// The first slot after `now`: phase + n × interval + jitter(n), jitter below a tenth of the interval.
    fn next_slot(&self, now: Stamp) -> Stamp {
        let interval = self.interval.as_micros();
        let elapsed = (now - Stamp::default() - self.phase).as_micros();
        let n = elapsed.div_euclid(interval);
        let at = |n: i64| {
            let jitter = fnv1a(&[&self.uid.to_le_bytes(), &n.to_le_bytes()]) % (interval as u64 / 10).max(1);
            Stamp::default() + self.phase + self.interval.times(n) + Span::micros(jitter as i64)
        };
        let this = at(n);
        // The slot of a period that was already used isn't used again, whatever its jitter.
        if this > now && self.last_sent < Stamp::default() + self.phase + self.interval.times(n) {
            this
        } else {
            at(n + 1)
        }
    }
}

fn pack(due: Stamp, entry: u32) -> i128 {
    i128::from(due.micros()) << 32 | i128::from(entry)
}

fn unpack(packed: i128) -> (Stamp, u32) {
    (Stamp::from_micros((packed >> 32) as i64), packed as u32)
}

fn next_multiple(anchor: Stamp, every: Span, now: Stamp) -> Stamp {
    let every = every.as_micros().max(1_000);
    let passed = (now - anchor).as_micros().div_euclid(every);
    anchor + Span::micros(every * (passed + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Stamp = Stamp::from_secs(1_800_000_000);

    fn plans(n: u32, interval: Span) -> Vec<Plan> {
        let plan = |n| Plan { target: Target::Link(LinkIx(n)), uid: format!("uid-{n}"), interval, lines: vec![] };
        (0..n).map(plan).collect()
    }

    /// Runs 5 ms ticks and returns what was sent when.
    fn run(scheduler: &mut Scheduler, from: Stamp, span: Span) -> Vec<(Stamp, u32)> {
        let mut sent = Vec::new();
        for tick in 0..span.as_micros() / 5_000 {
            let now = from + Span::millis(5 * tick);
            let mut slots = Vec::new();
            scheduler.due(now, usize::MAX, &mut slots);
            sent.extend(slots.iter().map(|slot| (now, slot.plan)));
        }
        sent
    }

    #[test]
    fn gaps_stay_within_a_tenth_of_the_interval() {
        let mut scheduler = Scheduler::new(&plans(50, Span::secs(5)), 2_000, START);
        let sent = run(&mut scheduler, START, Span::secs(60));
        for plan in 0..50 {
            let at: Vec<Stamp> = sent.iter().filter(|(_, n)| *n == plan).map(|(at, _)| *at).collect();
            assert!(at.len() >= 11 && at[0] - START <= Span::millis(5_505), "all start within one interval");
            for pair in at.windows(2) {
                let gap = (pair[1] - pair[0]).as_secs_f64();
                assert!((4.49..=5.51).contains(&gap), "{gap}");
            }
        }
    }

    #[test]
    fn slots_are_the_same_after_a_restart() {
        let after = |start: Stamp| {
            let mut scheduler = Scheduler::new(&plans(5, Span::secs(1)), 2_000, start);
            let sent = run(&mut scheduler, start, START + Span::secs(20) - start);
            sent.into_iter().filter(|(at, _)| *at >= START + Span::secs(10)).collect::<Vec<_>>()
        };
        assert_eq!(after(START), after(START + Span::secs(7)));
    }

    #[test]
    fn a_suspect_is_sampled_at_its_anchor_and_then_as_before() {
        let mut scheduler = Scheduler::new(&plans(1, Span::secs(5)), 2_000, START);
        let pace = Pace {
            link: LinkIx(0),
            anchor: START - Span::secs(1),
            every: Span::secs(2),
            until: START + Span::secs(8),
            at_once: false,
        };
        scheduler.fast(pace, START);
        let sent = run(&mut scheduler, START, Span::secs(30));
        let at: Vec<f64> = sent.iter().map(|(at, _)| (*at - START).as_secs_f64()).collect();
        assert_eq!(at[..4], [1.0, 3.0, 5.0, 7.0]);
        assert!(at[5..].windows(2).all(|pair| pair[1] - pair[0] > 4.4), "{at:?}");
    }

    #[test]
    fn an_ancestor_is_sampled_at_once_unless_it_just_was() {
        let mut scheduler = Scheduler::new(&plans(1, Span::secs(5)), 2_000, START);
        let first = run(&mut scheduler, START, Span::secs(6))[0].0;
        let pace = |anchor| Pace {
            link: LinkIx(0),
            anchor,
            every: Span::secs(2),
            until: START + Span::secs(60),
            at_once: true,
        };
        let mut again = scheduler.clone();
        scheduler.fast(pace(first + Span::secs(5)), START + Span::secs(6));
        assert_eq!(scheduler.next_due(), Some(START + Span::secs(6)));
        again.fast(pace(first - Span::secs(1)), START + Span::secs(6));
        assert!(again.next_due() > Some(START + Span::secs(6)));
    }

    #[test]
    fn too_much_is_stretched_and_said_so() {
        let mut scheduler = Scheduler::new(&plans(1_000, Span::secs(1)), 1_000, START);
        let sent = run(&mut scheduler, START, Span::secs(20));
        assert!((scheduler.stretch() - 1_000.0 / 700.0).abs() < 1e-9);
        let rate = sent.len() as f64 / 20.0;
        assert!((630.0..=735.0).contains(&rate), "{rate}");
        assert!(scheduler.take_limited());
    }

    #[test]
    fn confirmation_has_its_reserve_and_a_line_its_limit() {
        let mut plans = plans(400, Span::secs(5));
        plans.iter_mut().for_each(|plan| plan.lines = vec![(LinkIx(999), 60)]);
        let mut scheduler = Scheduler::new(&plans, 2_000, START);
        for n in 0..400 {
            let until = START + Span::secs(10);
            scheduler.fast(Pace { link: LinkIx(n), anchor: START, every: Span::secs(1), until, at_once: false }, START);
        }
        let sent = run(&mut scheduler, START, Span::secs(10));
        assert!(sent.len() <= 60 * 10 + 10, "{}", sent.len());
        assert!(sent.len() >= 59 * 9, "{}", sent.len());
    }

    #[test]
    fn a_pause_makes_no_burst_of_missed_slots() {
        let mut scheduler = Scheduler::new(&plans(100, Span::secs(1)), 2_000, START);
        run(&mut scheduler, START, Span::secs(2));
        let sent = run(&mut scheduler, START + Span::secs(12), Span::millis(900));
        assert!(sent.len() <= 200, "{}", sent.len());
    }
}
