//! The numbers of a pool, of several together, and of one as it would be: sums of ledger rows in,
//! texts with units out.

use ledger::{Amount, Bundle, Mix, Outlook, PerResource, Position, Resource, outlook};
use resources::{quantity, status};

use crate::view::{self, Figures, PartialBundle, Percentages, Rates, Standing};

/// Amounts of which each may be unknown.
pub type Known = PerResource<Option<Amount>>;

/// The numbers, exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    pub contract: Bundle,
    pub capacity: Bundle,
    pub physical: Known,
    pub position: Position,
    pub requested: Bundle,
    pub used: Known,
}

impl Numbers {
    #[must_use]
    pub fn free(&self) -> Bundle {
        self.capacity.minus(self.position.total())
    }

    /// How far what is free goes in the mix that is granted.
    #[must_use]
    pub fn outlook(&self) -> Outlook {
        outlook(self.free(), Mix(self.position.granted))
    }

    /// Several pools together. What is unknown of one is unknown of all: a part of a sum would
    /// look like the sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let both = |a: Known, b: Known| a.zip(b, |a, b| Some(a?.plus(b?)));
        Self {
            contract: self.contract.plus(other.contract),
            capacity: self.capacity.plus(other.capacity),
            physical: both(self.physical, other.physical),
            position: self.position.plus(other.position),
            requested: self.requested.plus(other.requested),
            used: both(self.used, other.used),
        }
    }

    /// What everybody may see, and the figures for those who may see all.
    #[must_use]
    pub fn standing(&self, all: bool) -> Standing {
        Standing { capacity: text(self.capacity), free: text(self.free()), figures: all.then(|| self.figures()) }
    }

    #[must_use]
    pub fn figures(&self) -> Figures {
        let Position { granted, held, draining } = self.position;
        let allocated = granted.plus(draining);
        Figures {
            contract: text(self.contract),
            capacity: text(self.capacity),
            physical: known(self.physical),
            granted: text(granted),
            held: text(held),
            draining: text(draining),
            allocated: text(allocated),
            requested: text(self.requested),
            free: text(self.free()),
            overcommitted: text(self.position.total().minus(self.capacity)),
            used: known(self.used),
            rates: Rates {
                allocation: percentages(status::rates(allocated, self.contract)),
                with_reserved: percentages(status::rates(allocated.plus(held).plus(self.requested), self.contract)),
                utilisation: percentages(
                    self.used.zip(granted, |used, granted| used.and_then(|used| status::rate(used, granted))),
                ),
            },
        }
    }
}

/// The sum of what is known; unknown where nothing is.
#[must_use]
pub fn sum(amounts: impl IntoIterator<Item = Bundle>) -> Option<Bundle> {
    amounts.into_iter().reduce(Bundle::plus)
}

/// All three known, or none of them.
#[must_use]
pub fn all_or_none(amounts: Option<Bundle>) -> Known {
    amounts.map_or_else(Known::default, |amounts| amounts.map(Some))
}

#[must_use]
pub fn text(amounts: Bundle) -> view::Bundle {
    let PerResource { cpu, memory, storage } = quantity::format_all(amounts);
    view::Bundle { cpu, memory, storage }
}

#[must_use]
pub fn known(amounts: Known) -> PartialBundle {
    let text = |resource: Resource| amounts.of(resource).map(|amount| quantity::format(resource, amount));
    PartialBundle { cpu: text(Resource::Cpu), memory: text(Resource::Memory), storage: text(Resource::Storage) }
}

fn percentages(rates: PerResource<Option<String>>) -> Percentages {
    let PerResource { cpu, memory, storage } = rates;
    Percentages { cpu, memory, storage }
}

/// `a − b` with its sign; `None` where they are equal.
#[must_use]
pub fn difference(a: Bundle, b: Bundle) -> Option<view::Bundle> {
    let text = |resource: Resource| {
        let (more, less) = (a.of(resource).minus(*b.of(resource)), b.of(resource).minus(*a.of(resource)));
        if less.is_zero() { quantity::format(resource, more) } else { format!("-{}", quantity::format(resource, less)) }
    };
    (a != b).then(|| view::Bundle {
        cpu: text(Resource::Cpu),
        memory: text(Resource::Memory),
        storage: text(Resource::Storage),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const G: u64 = 1_000_000_000;
    const T: u64 = 1_000 * G;

    #[test]
    fn acceptance_1_overview_sums_of_the_citys_contract() {
        let contract = Bundle::new(23_751_000, 31_353 * G, 2_143 * T);
        let position = Position { granted: Bundle::new(10_000_000, 20_000 * G, 900 * T), ..Position::default() };
        let requested = Bundle::new(500_000, 1_000 * G, 20 * T);
        let numbers = Numbers { contract, capacity: contract, position, requested, ..Numbers::default() };
        let figures = numbers.figures();
        let Percentages { cpu, memory, storage } = figures.rates.with_reserved;
        assert_eq!([cpu, memory, storage].map(Option::unwrap), ["44.2", "67.0", "42.9"]);
        let rates = figures.rates.allocation;
        assert_eq!(rates.cpu.as_deref(), Some("42.1"));
        assert_eq!(rates.memory.as_deref(), Some("63.8"));
        assert_eq!(rates.storage.as_deref(), Some("42.0"));
        assert_eq!(
            figures.free,
            view::Bundle { cpu: "13751".into(), memory: "11353G".into(), storage: "1243T".into() }
        );
        assert_eq!(numbers.outlook().binding, Some(Resource::Memory));
        assert_eq!(figures.rates.utilisation, Percentages::default(), "nothing was measured");
    }

    #[test]
    fn acceptance_3_a_contract_of_nothing_has_no_rates() {
        assert_eq!(Numbers::default().figures().rates, Rates::default());
    }

    #[test]
    fn what_one_pool_doesnt_know_no_sum_knows() {
        let measured = Numbers { used: all_or_none(Some(Bundle::new(1, 2, 3))), ..Numbers::default() };
        assert_eq!(measured.plus(measured).used, all_or_none(Some(Bundle::new(2, 4, 6))));
        assert_eq!(measured.plus(Numbers::default()).used, Known::default());
    }

    #[test]
    fn a_difference_has_its_sign() {
        let (a, b) = (Bundle::new(5_000, 3 * G, T), Bundle::new(6_000, G, T));
        let expected = view::Bundle { cpu: "-1".into(), memory: "2G".into(), storage: "0T".into() };
        assert_eq!(difference(a, b), Some(expected));
        assert_eq!(difference(a, a), None);
    }
}
