//! What one probe has told: an answer, a loss, or nothing because of ourselves.

use std::net::IpAddr;

use crate::model::{LinkIx, Span, Stamp, VantageIx};

/// What was probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// One of the 2 or 3 addresses near the prober that tell whether it can see at all.
    Anchor(u8),
    Link(LinkIx),
}

/// Why a missing answer says nothing about the link: the fault was ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Taint {
    /// The socket's receive queue overflowed.
    RxOverflow,
    /// Our own stack didn't send it: ENOBUFS, EPERM, ENETUNREACH, EMFILE, EADDRNOTAVAIL.
    SendError,
    /// The probing thread was paused for more than half a time-out.
    Lag,
    /// No anchor answered either.
    VantageBlind,
    /// The channel of results was full.
    ResultsOverrun,
}

impl Taint {
    pub const ALL: [Self; 5] = [Self::RxOverflow, Self::SendError, Self::Lag, Self::VantageBlind, Self::ResultsOverrun];
}

/// What a sample says about its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It answered in time. The round trip is absent if the clock was set meanwhile.
    Ok { rtt: Option<Span> },
    /// No answer within the time-out, and we would have seen one.
    Lost,
    /// No answer, and that is no wonder.
    Tainted(Taint),
}

/// What a sample tells beside its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// A router said that it can't deliver. ICMP type and code, and who said so.
    Unreachable {
        from: IpAddr,
        kind: u8,
        code: u8,
    },
    TcpRefused,
    TcpTimeout,
}

/// One probe and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    pub target: Target,
    pub vantage: VantageIx,
    pub sent: Stamp,
    pub verdict: Verdict,
    /// Time to live of the reply, as it arrived.
    pub ttl: Option<u8>,
    pub evidence: Option<Evidence>,
}

/// How the prober can speak ICMP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IcmpMode {
    /// Nothing tried yet, or no ICMP target.
    #[default]
    Unused,
    Dgram,
    Raw,
    /// Neither socket may be opened: nothing is claimed about any link.
    Forbidden,
}

/// What a vantage hands over at a time. Plain data, so that it can come from another process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Layout of this type. Receivers refuse what they don't know.
    pub version: u16,
    pub icmp: IcmpMode,
    /// The token bucket ran dry and intervals are stretched.
    pub rate_limited: bool,
    pub samples: Vec<Sample>,
}

impl Batch {
    pub const VERSION: u16 = 1;

    #[must_use]
    pub fn new(samples: Vec<Sample>) -> Self {
        Self { version: Self::VERSION, icmp: IcmpMode::Unused, rate_limited: false, samples }
    }
}

/// Everything that was sent, by what became of it. `sent = ok + lost + tainted + outstanding`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub ok: u64,
    pub lost: u64,
    /// By cause, in the order of [`Taint::ALL`].
    pub tainted: [u64; 5],
}

impl Counters {
    pub fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Ok { .. } => self.ok += 1,
            Verdict::Lost => self.lost += 1,
            Verdict::Tainted(cause) => self.tainted[cause as usize] += 1,
        }
    }

    /// A loss turns out to have been our own fault.
    pub fn retract(&mut self, cause: Taint, losses: u64) {
        let moved = losses.min(self.lost);
        self.lost -= moved;
        self.tainted[cause as usize] += moved;
    }

    #[must_use]
    pub fn judged(&self) -> u64 {
        self.ok + self.lost + self.tainted.iter().sum::<u64>()
    }

    /// Lost ÷ (ok + lost); `None` before the first valid sample.
    #[must_use]
    pub fn loss(&self) -> Option<f64> {
        let valid = self.ok + self.lost;
        (valid > 0).then(|| self.lost as f64 / valid as f64)
    }
}
