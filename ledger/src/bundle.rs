//! CPU, memory and storage together.

use std::fmt;

use crate::Amount;

/// One of the three things that are granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    Cpu,
    Memory,
    Storage,
}

impl Resource {
    pub const ALL: [Self; 3] = [Self::Cpu, Self::Memory, Self::Storage];

    #[inline]
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Storage => "storage",
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A value for each resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PerResource<T> {
    pub cpu: T,
    pub memory: T,
    pub storage: T,
}

/// An amount of each resource: what is asked, granted, held, draining, free or used.
pub type Bundle = PerResource<Amount>;

impl<T> PerResource<T> {
    #[inline]
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> PerResource<U> {
        PerResource { cpu: f(self.cpu), memory: f(self.memory), storage: f(self.storage) }
    }

    #[inline]
    pub fn zip<U, V>(self, other: PerResource<U>, mut f: impl FnMut(T, U) -> V) -> PerResource<V> {
        PerResource {
            cpu: f(self.cpu, other.cpu),
            memory: f(self.memory, other.memory),
            storage: f(self.storage, other.storage),
        }
    }

    #[inline]
    pub const fn of(&self, resource: Resource) -> &T {
        match resource {
            Resource::Cpu => &self.cpu,
            Resource::Memory => &self.memory,
            Resource::Storage => &self.storage,
        }
    }
}

impl Bundle {
    pub const ZERO: Self = Self { cpu: Amount::ZERO, memory: Amount::ZERO, storage: Amount::ZERO };

    #[inline]
    #[must_use]
    pub const fn new(cpu_millis: u64, memory_bytes: u64, storage_bytes: u64) -> Self {
        Self { cpu: Amount::new(cpu_millis), memory: Amount::new(memory_bytes), storage: Amount::new(storage_bytes) }
    }

    #[inline]
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        self.zip(other, Amount::plus)
    }

    /// What is left after `other` is taken away, zero where `other` is larger.
    #[inline]
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        self.zip(other, Amount::minus)
    }

    #[inline]
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        self.zip(other, Amount::max)
    }

    #[inline]
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        self.zip(other, Amount::min)
    }

    #[inline]
    #[must_use]
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }

    #[inline]
    #[must_use]
    pub fn fits_within(self, limit: Self) -> bool {
        Resource::ALL.iter().all(|&resource| self.of(resource) <= limit.of(resource))
    }

    /// The first resource that is larger than in `limit`, in the order CPU, memory, storage.
    #[inline]
    #[must_use]
    pub fn first_shortfall(self, limit: Self) -> Option<Resource> {
        Resource::ALL.into_iter().find(|&resource| self.of(resource) > limit.of(resource))
    }
}

impl<'a> std::iter::Sum<&'a Bundle> for Bundle {
    fn sum<I: Iterator<Item = &'a Bundle>>(bundles: I) -> Self {
        bundles.fold(Self::ZERO, |sum, bundle| sum.plus(*bundle))
    }
}

impl std::iter::Sum for Bundle {
    fn sum<I: Iterator<Item = Bundle>>(bundles: I) -> Self {
        bundles.fold(Self::ZERO, Self::plus)
    }
}
