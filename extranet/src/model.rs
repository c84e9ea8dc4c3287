//! Instants, spans and indices.

use std::fmt;
use std::ops::{Add, Sub};

/// An instant: whole microseconds since 1970-01-01 00:00 UTC on the prober's steady wall clock.
/// Arithmetic saturates; the range covers 292,000 years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(i64);

/// A length of time in whole microseconds. May be negative as a difference of two instants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Stamp {
    /// Before everything that happens; what "never" compares as.
    pub const NEVER: Self = Self(i64::MIN);

    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }
}

impl Span {
    pub const ZERO: Self = Self(0);

    #[must_use]
    pub const fn micros(micros: i64) -> Self {
        Self(micros)
    }

    #[must_use]
    pub const fn millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    #[must_use]
    pub const fn secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    #[must_use]
    pub const fn minutes(minutes: i64) -> Self {
        Self::secs(minutes.saturating_mul(60))
    }

    #[must_use]
    pub const fn hours(hours: i64) -> Self {
        Self::minutes(hours.saturating_mul(60))
    }

    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// For ratios and decay only; durations that are added up stay integers.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// `n` times this span.
    #[must_use]
    pub const fn times(self, n: i64) -> Self {
        Self(self.0.saturating_mul(n))
    }

    /// The `n`-th part, rounded down. A part of nothing (`n` = 0) is the whole.
    #[must_use]
    pub const fn part(self, n: i64) -> Self {
        if n == 0 { self } else { Self(self.0 / n) }
    }
}

impl Add<Span> for Stamp {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Stamp {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Sub for Stamp {
    type Output = Span;
    fn sub(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Span {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// A link's place in the table that [`crate::Tree`] was built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkIx(pub u32);

impl LinkIx {
    #[must_use]
    pub const fn at(self) -> usize {
        self.0 as usize
    }
}

/// A place that is probed from. There is one at first; every sample names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VantageIx(pub u8);

/// What a link connects; also the order in which statuses are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The provincial cloud and the provincial extranet.
    Interconnect,
    /// The site of a cloud provider.
    Provider,
    /// City core to county or district.
    County,
    /// County to township.
    Township,
    /// Township to village.
    Village,
}

impl Level {
    pub const ALL: [Self; 5] = [Self::Interconnect, Self::Provider, Self::County, Self::Township, Self::Village];
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interconnect => "Interconnect",
            Self::Provider => "Provider",
            Self::County => "County",
            Self::Township => "Township",
            Self::Village => "Village",
        })
    }
}

/// FNV-1a over bytes, 64 bits: the stable hash behind phases and jitter. The same object has the
/// same phase on every machine and after every restart.
#[must_use]
pub fn fnv1a(parts: &[&[u8]]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.iter().flat_map(|part| part.iter()) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    // The last bytes reach the high bits only weakly: one round of mixing spreads them.
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ (hash >> 32)
}
