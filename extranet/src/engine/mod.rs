//! The prober: one thread, its sockets and its clocks. It decides nothing: it sends what it is told
//! and says what it saw.
//!
//! Commands go in and batches come out through bounded channels. No async runtime: its timers have
//! a grain of 1 ms, and a probe costs 6 µs.

mod clock;
mod flight;
mod packet;
mod prober;
mod socket;
mod table;
mod tcp;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use rustix::event::{EventfdFlags, eventfd};

use crate::model::{LinkIx, Span, Stamp, VantageIx};
use crate::sample::{Batch, Target};
use crate::schedule::Pace;

/// Commands that may wait: a county cut of 470 links asks for as many paces, and is told to go back.
const COMMANDS_MAX: usize = 4_096;
/// Batches that may wait: 25 s of them.
const BATCHES_MAX: usize = 256;

/// What a TCP probe takes for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The port must be open.
    Open,
    /// A refusal is an answer too: the host is there.
    Reachable,
}

/// How a target is probed. Addresses are literals: a name would turn a fault of DNS into an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Probe {
    Icmp(IpAddr),
    Tcp { address: SocketAddr, expect: Expect },
}

/// One target of the prober.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetSpec {
    pub target: Target,
    /// What its phase is made from; stays the same for the life of its object.
    pub uid: String,
    pub probe: Probe,
    pub interval: Span,
    /// 50 ms to 10 s.
    pub timeout: Span,
    /// Links above it, and how many probes a second each may carry.
    pub lines: Vec<(LinkIx, u32)>,
}

/// Which ICMP sockets to try.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prefer {
    /// Datagram, then raw.
    #[default]
    Auto,
    Dgram,
    Raw,
}

/// How the prober runs.
#[derive(Clone, Debug)]
pub struct Settings {
    pub vantage: VantageIx,
    /// ICMP id, stable for the life of the vantage, and another one for each prober of a node.
    pub id: u16,
    /// Packets a second at most: 2,000 for 2,402 links, 4,000 for 10,000 in the city's mix.
    pub rate: u32,
    /// Bytes to ask for; the kernel may give less, and then fewer probes leave at a time.
    pub receive_buffer: usize,
    pub prefer: Prefer,
}

impl Default for Settings {
    fn default() -> Self {
        Self { vantage: VantageIx(0), id: 0x5948, rate: 2_000, receive_buffer: 4 << 20, prefer: Prefer::Auto }
    }
}

/// What the prober is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// The table of targets, whole. Targets that stay keep what is under way.
    Targets(Vec<TargetSpec>),
    Fast(Pace),
    Steady(LinkIx),
    Stop,
}

/// What the prober says of itself. Totals since its start; `sent` is the sum of what was answered,
/// lost and tainted, and of what is outstanding.
#[derive(Debug, Default)]
pub struct Stats {
    pub sent: AtomicU64,
    pub ok: AtomicU64,
    pub lost: AtomicU64,
    /// Overrun samples included.
    pub tainted: AtomicU64,
    pub outstanding: AtomicU64,
    /// Answers after their time-out.
    pub late: AtomicU64,
    /// Second answers.
    pub duplicate: AtomicU64,
    /// Answers with a false cookie or from a wrong address.
    pub foreign: AtomicU64,
    /// Readings at which the kernel had dropped something.
    pub rx_drops: AtomicU64,
    pub send_errors: AtomicU64,
    /// Steps of the wall's clock above 1 s.
    pub clock_steps: AtomicU64,
    /// The longest time the thread overslept, in microseconds.
    pub tick_lag_max_micros: AtomicI64,
}

impl Stats {
    fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }
}

/// The prober can't be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("failed to make the prober's wake-up call")]
    WakeUp(#[source] io::Error),
    #[error("failed to start the prober's thread")]
    Thread(#[source] io::Error),
}

/// A command didn't get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error("the prober has {COMMANDS_MAX} commands waiting")]
    Full,
    #[error("the prober has ended")]
    Ended,
}

/// The running prober. Dropping it ends the thread.
#[derive(Debug)]
pub struct Engine {
    commands: SyncSender<Command>,
    wake: Arc<OwnedFd>,
    stats: Arc<Stats>,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// Starts the thread with an empty table. Sockets are opened by the thread, and tried again every
    /// 5 s while they aren't permitted; every batch says which kind there is.
    ///
    /// # Errors
    /// If the machine has no file descriptor or thread left.
    pub fn start(settings: Settings) -> Result<(Self, Receiver<Batch>), StartError> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let wake = Arc::new(eventfd(0, flags).map_err(|error| StartError::WakeUp(error.into()))?);
        let (commands, inbox) = sync_channel(COMMANDS_MAX);
        let (batches, outbox) = sync_channel(BATCHES_MAX);
        let stats = Arc::new(Stats::default());
        let (woken, told) = (Arc::clone(&wake), Arc::clone(&stats));
        let thread = std::thread::Builder::new()
            .name("prober".to_owned())
            .spawn(move || prober::Prober::new(settings, inbox, batches, woken, told).run())
            .map_err(StartError::Thread)?;
        Ok((Self { commands, wake, stats, thread: Some(thread) }, outbox))
    }

    /// Hands a command over and wakes the thread up.
    ///
    /// # Errors
    /// If too many wait, or the thread has ended.
    pub fn send(&self, command: Command) -> Result<(), CommandError> {
        self.commands.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) => CommandError::Full,
            TrySendError::Disconnected(_) => CommandError::Ended,
        })?;
        // A wake-up that is pending already is as good.
        let _ = rustix::io::write(self.wake.as_fd(), &1_u64.to_ne_bytes());
        Ok(())
    }

    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }
}

/// The prober's clock, read now: what samples are stamped with, until the wall's clock is set.
/// Whoever steps a [`crate::Core`] without a batch at hand takes this for `now`.
#[must_use]
pub fn now() -> Stamp {
    Stamp::from_micros(clock::real() / 1_000)
}

impl Drop for Engine {
    fn drop(&mut self) {
        // A full channel is emptied at the next tick; the closed one ends the thread just as well.
        let _ = self.send(Command::Stop);
        if let Some(thread) = self.thread.take() {
            let (closed, _) = sync_channel(0);
            drop(std::mem::replace(&mut self.commands, closed));
            let _ = rustix::io::write(self.wake.as_fd(), &1_u64.to_ne_bytes());
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}
