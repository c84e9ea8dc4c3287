//! Three amounts in their smallest units, and the only arithmetic of the oracle.

use std::fmt;

use resources::quantity;
use serde::Serialize;

/// One of the three things that are granted, by its place in [`Amounts`].
#[derive(Serialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Cpu,
    Memory,
    Storage,
}

impl Kind {
    pub const ALL: [Self; 3] = [Self::Cpu, Self::Memory, Self::Storage];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Storage => "storage",
        }
    }

    const fn of_ledger(self) -> ledger::Resource {
        match self {
            Self::Cpu => ledger::Resource::Cpu,
            Self::Memory => ledger::Resource::Memory,
            Self::Storage => ledger::Resource::Storage,
        }
    }

    /// An amount as an API server may write it, rounded up to a whole smallest unit.
    #[must_use]
    pub fn read(self, text: &str) -> Option<u128> {
        quantity::parse_observed(self.of_ledger(), text).map(|amount| u128::from(amount.get()))
    }

    /// An amount for people, with its unit.
    #[must_use]
    pub fn words(self, amount: u128) -> String {
        match u64::try_from(amount) {
            Ok(amount) => quantity::format(self.of_ledger(), ledger::Amount::new(amount)),
            Err(_) => amount.to_string(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Thousandths of a core, bytes of memory, bytes of storage. Objects carry 64 bits at most, so a
/// sum of any number that fits a machine's memory is exact in 128.
#[derive(Serialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amounts(pub [u128; 3]);

impl Amounts {
    pub const ZERO: Self = Self([0; 3]);

    #[must_use]
    pub const fn of(&self, kind: Kind) -> u128 {
        self.0[kind as usize]
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.zip(other, u128::saturating_add)
    }

    /// What of it is beyond `limit`; zero where nothing is.
    #[must_use]
    pub fn beyond(self, limit: Self) -> Self {
        self.zip(limit, u128::saturating_sub)
    }

    #[must_use]
    pub fn max(self, other: Self) -> Self {
        self.zip(other, u128::max)
    }

    #[must_use]
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    /// The resources in which there is something.
    pub fn present(self) -> impl Iterator<Item = (Kind, u128)> {
        Kind::ALL.into_iter().map(move |kind| (kind, self.of(kind))).filter(|(_, amount)| *amount > 0)
    }

    fn zip(self, other: Self, f: impl Fn(u128, u128) -> u128) -> Self {
        Self(std::array::from_fn(|index| f(self.0[index], other.0[index])))
    }
}

impl std::iter::Sum for Amounts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Self::plus)
    }
}

/// All three, such as `cpu 8, memory 16G, storage 1T`.
impl fmt::Display for Amounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |kind: Kind| format!("{kind} {}", kind.words(self.of(kind)));
        f.write_str(&Kind::ALL.map(text).join(", "))
    }
}
