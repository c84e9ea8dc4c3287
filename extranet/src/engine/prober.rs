//! The prober's loop.

mod send;

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::clock::{Clock, Mono, mono, real};
use super::flight::{Answer, Doubts, Flight, Out};
use super::packet::{Cookies, quoted_sequence, reply};
use super::socket::{IcmpSocket, Received};
use super::table::Table;
use super::tcp::Connects;
use super::{Command, Prefer, Probe, Settings, Stats};
use crate::sample::{Batch, Evidence, IcmpMode, Sample, Verdict};

/// A batch leaves this often.
const FLUSH: i64 = 100_000_000;
/// An empty one leaves this often, to say which sockets there are.
const HEARTBEAT: i64 = 1_000_000_000;
/// Sockets that weren't permitted are tried again.
const REOPEN: i64 = 5_000_000_000;
/// Drops are read at least this often, and before anything is called lost.
const READ_DROPS: i64 = 1_000_000_000;
/// Realtime against monotonic: above this a round trip was measured across a setting of the clock.
const CLOCK_MOVED: i64 = 1_000_000;
/// Samples that may wait for a full channel: 16 s at the highest rate.
const OUTBOX_MAX: usize = 65_536;
/// Reads of 64 packets in one go; more are read at the next tick.
const READS_MAX: usize = 256;

pub(super) struct Prober {
    settings: Settings,
    commands: Receiver<Command>,
    batches: SyncSender<Batch>,
    wake: Arc<OwnedFd>,
    stats: Arc<Stats>,
    clock: Clock,
    table: Table,
    flight: Flight,
    cookies: Cookies,
    doubts: Doubts,
    /// IPv4 and IPv6.
    sockets: [Option<IcmpSocket>; 2],
    mode: IcmpMode,
    connects: Connects,
    outbox: Vec<Sample>,
    has_loss: bool,
    rate_limited: bool,
    ticked: Mono,
    flushed: Mono,
    opened: Mono,
    read_drops: Mono,
}

impl Prober {
    pub fn new(
        settings: Settings,
        commands: Receiver<Command>,
        batches: SyncSender<Batch>,
        wake: Arc<OwnedFd>,
        stats: Arc<Stats>,
    ) -> Self {
        let now = mono();
        let clock = Clock::new(now, real());
        let table = Table::new(settings.rate, clock.stamp(now));
        Self {
            settings,
            commands,
            batches,
            wake,
            stats,
            clock,
            table,
            flight: Flight::default(),
            cookies: Cookies::default(),
            doubts: Doubts::default(),
            sockets: [None, None],
            mode: IcmpMode::Unused,
            connects: Connects::default(),
            outbox: Vec::new(),
            has_loss: false,
            rate_limited: false,
            ticked: now,
            flushed: now,
            opened: Mono(i64::MIN / 2),
            read_drops: now,
        }
    }

    /// Runs until it is told to stop, or nobody listens any more.
    pub fn run(mut self) {
        while self.obey() {
            let now = mono();
            self.clock.slew(now, real());
            self.suspect_sleep(now);
            self.open(now);
            self.receive();
            self.judge(now);
            self.send();
            if !self.flush(mono()) {
                return;
            }
            self.stats.outstanding.store((self.flight.len() + self.connects.len()) as u64, Ordering::Relaxed);
            self.stats.clock_steps.store(self.clock.steps(), Ordering::Relaxed);
            self.rest();
        }
    }

    /// Carries out what waits. False when it is time to end.
    fn obey(&mut self) -> bool {
        loop {
            let now = self.clock.stamp(mono());
            match self.commands.try_recv() {
                Ok(Command::Targets(specs)) => {
                    self.table.replace(specs, &mut self.flight, self.settings.rate, now);
                    self.opened = Mono(i64::MIN / 2);
                }
                Ok(Command::Fast(pace)) => self.table.scheduler.fast(pace, now),
                Ok(Command::Steady(link)) => self.table.scheduler.steady(link, now),
                Ok(Command::Stop) | Err(TryRecvError::Disconnected) => return false,
                Err(TryRecvError::Empty) => return true,
            }
        }
    }

    /// Longer than half the shortest time-out since the thread was last where it should be: it was paused, and
    /// who sleeps that long may have missed a deadline.
    fn suspect_sleep(&mut self, now: Mono) {
        if now.0 - self.ticked.0 > self.table.tick() + self.table.shortest_timeout() / 2 {
            self.doubts.slept(self.ticked, now);
        }
        self.ticked = now;
    }

    /// Opens the sockets that the table needs and that aren't there: datagram, then raw.
    fn open(&mut self, now: Mono) {
        if now.0 - self.opened.0 < REOPEN {
            return;
        }
        self.opened = now;
        let kinds: &[bool] = match self.settings.prefer {
            Prefer::Auto => &[false, true],
            Prefer::Dgram => &[false],
            Prefer::Raw => &[true],
        };
        for v6 in [false, true] {
            let place = &mut self.sockets[usize::from(v6)];
            if place.is_none() && self.table.wants(v6) {
                let open = |raw: &bool| IcmpSocket::open(v6, *raw, self.settings.id, self.settings.receive_buffer).ok();
                *place = kinds.iter().find_map(open);
            }
        }
        let wanted = self.table.wants(false) || self.table.wants(true);
        let mode = match self.sockets.iter().flatten().next() {
            Some(socket) if socket.raw => IcmpMode::Raw,
            Some(_) => IcmpMode::Dgram,
            None if wanted => IcmpMode::Forbidden,
            None => IcmpMode::Unused,
        };
        if mode != self.mode {
            self.mode = mode;
            // Told at once, not with the next heartbeat.
            self.flushed = Mono(now.0 - HEARTBEAT);
        }
    }

    /// Empties all queues.
    fn receive(&mut self) {
        self.receive_icmp(true);
        let mut decided = Vec::new();
        if self.connects.len() > 0 {
            self.connects.look(mono(), |slot, out, outcome| decided.push((slot, out, outcome)));
        }
        for (slot, out, (verdict, evidence)) in decided {
            self.report(slot, &out, verdict, None, evidence);
        }
    }

    fn receive_icmp(&mut self, errors: bool) {
        for n in 0..self.sockets.len() {
            let Some(mut socket) = self.sockets[n].take() else { continue };
            let (v6, raw) = (socket.v6, socket.raw);
            socket.drain(READS_MAX, errors, |received| self.received(v6, raw, &received));
            self.sockets[n] = Some(socket);
        }
    }

    fn received(&mut self, v6: bool, raw: bool, received: &Received<'_>) {
        let Some(address) = received.address else { return };
        if let Some(refusal) = received.refusal {
            // On the error queue `address` is where the request went; an answer to it isn't one of ours.
            let sequence = quoted_sequence(v6, received.bytes);
            let slot = self.table.slot_at(address);
            if let Some((slot, sequence)) = slot.zip(sequence)
                && let Some(out) = self.flight.refused(slot, sequence)
            {
                let evidence = Evidence::Unreachable { from: refusal.from, kind: refusal.kind, code: refusal.code };
                self.report(slot, &out, Verdict::Lost, None, Some(evidence));
            }
            return;
        }
        let Some((echo, ttl)) = reply(v6, raw && !v6, received.bytes) else { return };
        let expected = self.table.spec(echo.slot).map(|spec| spec.probe);
        let genuine =
            expected == Some(Probe::Icmp(address)) && echo.cookie == self.cookies.of(echo.slot, echo.counter, address);
        if !genuine {
            Stats::add(&self.stats.foreign, 1);
            return;
        }
        match self.flight.answer(echo.slot, echo.counter) {
            Answer::InTime(out) => self.answered(echo.slot, &out, received, ttl),
            Answer::Again => Stats::add(&self.stats.duplicate, 1),
            Answer::Late => Stats::add(&self.stats.late, 1),
        }
    }

    /// An answer is in time if it arrived in time, however long it waited to be read.
    fn answered(&mut self, slot: u32, out: &Out, received: &Received<'_>, ttl: Option<u8>) {
        let now = mono();
        let moved = (real() - now.0) - (out.sent_real - out.sent_mono.0);
        let clean = moved.abs() <= CLOCK_MOVED;
        let took = received.arrived.filter(|_| clean).map(|arrived| (arrived - out.sent_real).max(0));
        let timeout = out.deadline.0 - out.sent_mono.0;
        if took.unwrap_or(now.0 - out.sent_mono.0) > timeout {
            Stats::add(&self.stats.late, 1);
            // It stays what it would have been without this answer.
            let verdict = self.doubts.about(out).map_or(Verdict::Lost, Verdict::Tainted);
            self.report(slot, out, verdict, None, None);
            return;
        }
        let rtt = took.map(|nanos| crate::model::Span::micros(nanos / 1_000));
        self.report(slot, out, Verdict::Ok { rtt }, received.ttl.or(ttl), None);
    }

    /// Judges what is overdue. `looked` is from before the queues were emptied: a deadline counts
    /// only if they were emptied after it.
    fn judge(&mut self, looked: Mono) {
        let overdue = self.flight.next_deadline().is_some_and(|deadline| deadline <= looked);
        if overdue || looked.0 - self.read_drops.0 >= READ_DROPS {
            let before = std::mem::replace(&mut self.read_drops, looked);
            let dropped = self.sockets.iter_mut().flatten().map(IcmpSocket::dropped).fold(false, |any, one| any | one);
            if dropped {
                Stats::add(&self.stats.rx_drops, 1);
                self.doubts.dropped(before, mono());
            }
        }
        while let Some((slot, out)) = self.flight.overdue(looked) {
            let verdict = self.doubts.about(&out).map_or(Verdict::Lost, Verdict::Tainted);
            self.report(slot, &out, verdict, None, None);
        }
    }

    fn report(&mut self, slot: u32, out: &Out, verdict: Verdict, ttl: Option<u8>, evidence: Option<Evidence>) {
        let Some(spec) = self.table.spec(slot) else { return };
        let counter = match verdict {
            Verdict::Ok { .. } => &self.stats.ok,
            Verdict::Lost => &self.stats.lost,
            Verdict::Tainted(_) => &self.stats.tainted,
        };
        Stats::add(counter, 1);
        self.has_loss |= verdict == Verdict::Lost;
        let vantage = self.settings.vantage;
        self.outbox.push(Sample { target: spec.target, vantage, sent: out.sent, verdict, ttl, evidence });
    }

    /// Hands the samples over. False if nobody listens any more.
    fn flush(&mut self, now: Mono) -> bool {
        let since = now.0 - self.flushed.0;
        if !(self.has_loss || since >= HEARTBEAT || since >= FLUSH && !self.outbox.is_empty()) {
            return true;
        }
        self.flushed = now;
        let samples = std::mem::take(&mut self.outbox);
        let batch = Batch { version: Batch::VERSION, icmp: self.mode, rate_limited: self.rate_limited, samples };
        match self.batches.try_send(batch) {
            Ok(()) => {
                (self.has_loss, self.rate_limited) = (false, false);
                true
            }
            Err(TrySendError::Disconnected(_)) => false,
            Err(TrySendError::Full(batch)) => {
                self.outbox = batch.samples;
                self.overrun();
                true
            }
        }
    }

    /// Nobody reads: what waits too long says nothing any more, and then isn't kept.
    fn overrun(&mut self) {
        let surplus = self.outbox.len().saturating_sub(OUTBOX_MAX);
        for sample in self.outbox.drain(..surplus) {
            let counter = match sample.verdict {
                Verdict::Ok { .. } => &self.stats.ok,
                Verdict::Lost => &self.stats.lost,
                Verdict::Tainted(_) => continue,
            };
            counter.fetch_sub(1, Ordering::Relaxed);
            Stats::add(&self.stats.tainted, 1);
        }
        self.has_loss = false;
    }

    /// Sleeps until something is due, on the grid of ticks, or until woken.
    fn rest(&mut self) {
        let now = mono();
        self.suspect_sleep(now);
        let slots = self.table.scheduler.next_due().map(|due| self.clock.mono_of(due));
        let judged = [self.flight.next_deadline(), self.connects.next_deadline()];
        let flush = Mono(self.flushed.0 + if self.outbox.is_empty() { HEARTBEAT } else { FLUSH });
        let due = judged.into_iter().flatten().chain(slots).fold(flush, Mono::min);
        // Ends of ticks: whatever falls into one is done together.
        let tick = self.table.tick();
        let until = (due.0.max(now.0 + 1) + tick - 1).div_euclid(tick) * tick;
        let wait = (until - now.0).clamp(0, HEARTBEAT);
        let timeout = Timespec { tv_sec: wait / 1_000_000_000, tv_nsec: wait % 1_000_000_000 };
        let mut fds = vec![PollFd::from_borrowed_fd(self.wake.as_fd(), PollFlags::IN)];
        fds.extend(self.connects.fds().map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::OUT)));
        // Interrupted or woken: the loop looks at everything anyway.
        let _ = poll(&mut fds, Some(&timeout));
        if !fds[0].revents().is_empty() {
            let _ = rustix::io::read(self.wake.as_fd(), &mut [0_u8; 8]);
        }
        let lag = (mono().0 - until).max(0) / 1_000;
        self.stats.tick_lag_max_micros.fetch_max(lag, Ordering::Relaxed);
        // What it was to sleep isn't a gap; what it overslept is.
        self.ticked = Mono(until.max(now.0).min(mono().0));
    }
}
