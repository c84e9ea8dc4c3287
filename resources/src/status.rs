//! From the ledger and what was observed to what statuses, the API and the command line show.

use std::collections::BTreeMap;

use ledger::{Amount, Bundle, Ledger, Mix, Outlook, PerResource, Position, Reason, Resource, outlook};

use crate::condition::{self, Saying};
use crate::quantity;
use crate::v1alpha1::{QuotaRequest, RequestType};
use crate::workflow;

/// The numbers of a pool, kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// What may be granted.
    pub capacity: Bundle,
    /// Granted, held and draining.
    pub position: Position,
    pub free: Bundle,
    /// Asked for by undecided requests.
    pub requested: Bundle,
    /// Charged to the quotas.
    pub used: Bundle,
    pub outlook: Outlook,
}

impl Figures {
    /// The figures of a ledger. `used` and `requested` are sums over what was observed.
    #[must_use]
    pub fn of(ledger: &Ledger, used: Bundle, requested: Bundle) -> Self {
        let position = ledger.position();
        let free = ledger.free();
        let outlook = outlook(free, Mix(position.granted));
        Self { capacity: ledger.capacity, position, free, requested, used, outlook }
    }

    /// Granted and draining: what counts as allocated.
    #[must_use]
    pub fn allocated(&self) -> Bundle {
        self.position.granted.plus(self.position.draining)
    }
}

/// What an undecided request asks for beyond what its allocation has: never below zero.
/// [`crate::judgement::place`] says which allocation that is.
#[must_use]
pub fn asked_beyond(request: &QuotaRequest, has: Bundle) -> Bundle {
    let phase = request.status.as_ref().and_then(|status| status.phase).unwrap_or_default();
    if !workflow::is_undecided(phase) || request.spec.type_ == RequestType::Release {
        return Bundle::ZERO;
    }
    request.spec.resources.parse().map_or(Bundle::ZERO, |asked| asked.minus(has))
}

/// A rate in percent with one decimal, such as `42.1`; `None` at 0/0.
#[must_use]
pub fn rate(part: Amount, whole: Amount) -> Option<String> {
    part.per_mille_of(whole).map(|per_mille| format!("{}.{}", per_mille / 10, per_mille % 10))
}

#[must_use]
pub fn rates(part: Bundle, whole: Bundle) -> PerResource<Option<String>> {
    part.zip(whole, rate)
}

/// A sentence with units for why something wasn't granted, for conditions and statuses.
#[must_use]
pub fn explain(reason: &Reason) -> String {
    let text = |resource: &Resource, amount: &Amount| quantity::format(*resource, *amount);
    match reason {
        Reason::InsufficientCapacity { resource, limit, out, asked, free } => format!(
            "{resource} doesn't fit the pool: asked {} more, free {} (capacity {}, out {}). Ask for less, or wait until capacity is released",
            text(resource, asked),
            text(resource, free),
            text(resource, limit),
            text(resource, out)
        ),
        Reason::CeilingExceeded { department, resource, limit, out, asked, free } => format!(
            "{resource} passes the ceiling of department {department}: asked {} more, left {} (ceiling {}, out {}). Ask for less, or have the ceiling raised",
            text(resource, asked),
            text(resource, free),
            text(resource, limit),
            text(resource, out)
        ),
        Reason::CapacityBelowGranted { resource, limit, out } => format!(
            "{resource}: the contract's {} is below the {} that is out. Release first, or set spec.acceptOvercommit to accept it",
            text(resource, limit),
            text(resource, out)
        ),
        Reason::CeilingBelowGranted { department, resource, limit, out } => format!(
            "{resource}: the ceiling {} of department {department} is below the {} that is out. Release first, or set acceptOvercommit on the ceiling to accept it",
            text(resource, limit),
            text(resource, out)
        ),
        other => other.to_string(),
    }
}

/// Whether anything is out beyond the capacity, and how much.
#[must_use]
pub fn overcommitted(ledger: &Ledger) -> Saying {
    let over = ledger.overcommitted_by();
    match Resource::ALL.into_iter().find(|&resource| !over.of(resource).is_zero()) {
        None => Saying::no(condition::OVERCOMMITTED, "WithinCapacity", "what is out fits the capacity"),
        Some(_) => {
            let by: Vec<String> = Resource::ALL
                .into_iter()
                .filter(|&resource| !over.of(resource).is_zero())
                .map(|resource| format!("{resource} by {}", quantity::format(resource, *over.of(resource))))
                .collect();
            Saying::yes(
                condition::OVERCOMMITTED,
                "AboveCapacity",
                format!("over: {}; growth is refused", by.join(", ")),
            )
        }
    }
}

/// Sums by some key, such as department or tier.
pub fn sum_by<K: Ord>(amounts: impl IntoIterator<Item = (K, Bundle)>) -> BTreeMap<K, Bundle> {
    let mut sums = BTreeMap::new();
    for (key, amount) in amounts {
        let sum = sums.entry(key).or_insert(Bundle::ZERO);
        *sum = sum.plus(amount);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_one_decimal() {
        let cases = [(10_000, 23_751, Some("42.1")), (0, 5, Some("0.0")), (5, 5, Some("100.0")), (0, 0, None)];
        for (part, whole, expected) in cases {
            assert_eq!(rate(Amount::new(part), Amount::new(whole)).as_deref(), expected);
        }
    }

    #[test]
    fn a_reason_is_told_with_units_and_a_next_step() {
        let amount = |g: u64| Amount::new(g * 1_000_000_000);
        let reason = Reason::InsufficientCapacity {
            resource: Resource::Memory,
            limit: amount(18_812),
            out: amount(15_048),
            asked: amount(4_000),
            free: amount(3_764),
        };
        assert_eq!(
            explain(&reason),
            "memory doesn't fit the pool: asked 4000G more, free 3764G (capacity 18812G, out 15048G). Ask for less, or wait until capacity is released"
        );
    }
}
