//! The total order in which those who ask are served.

use crate::pass::Pass;
use crate::{AllocationKey, Ask, Bundle, Request};

/// Whether a request may pass an earlier one that has to wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sequence {
    /// A small request may pass a waiting big one: nothing lies idle that somebody could use.
    #[default]
    Unordered,
    /// Nobody passes one that waits for capacity: a big request can't be starved by small ones.
    Ordered,
}

/// What gives back comes first, because it can only help the others; then what the admins say of
/// pools and departments; then what asks for more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    GivesBack,
    SetsLimits,
    AsksForMore,
}

/// The indices of `requests` in the order of their turns: kind, then time, then name. The place in
/// the slice comes last, so the order is total and the same for the same input.
pub(crate) fn order<'a>(pass: &mut Pass<'a>, requests: &'a [Request]) -> Vec<usize> {
    type Key<'a> = (Turn, i64, Option<&'a AllocationKey>, Option<&'a str>, usize);
    let mut turns: Vec<Key<'_>> = Vec::with_capacity(requests.len());
    for (index, Request { ask, at_ms }) in requests.iter().enumerate() {
        turns.push((turn(pass, ask), *at_ms, ask.allocation(), ask.department(), index));
    }
    turns.sort_unstable();
    turns.into_iter().map(|(.., index)| index).collect()
}

fn turn<'a>(pass: &mut Pass<'a>, ask: &'a Ask) -> Turn {
    match ask {
        Ask::Release { .. } | Ask::Remove { .. } | Ask::Unhold { .. } => Turn::GivesBack,
        Ask::Capacity { .. } | Ask::Department { .. } | Ask::RemoveDepartment { .. } => Turn::SetsLimits,
        Ask::Hold { .. } => Turn::AsksForMore,
        // Namespace by namespace: moving a share from one to another needs room for both until the
        // first has drained, so it asks for more although the sum is the same.
        Ask::Target { allocation, shares, .. } => {
            let number = pass.number(allocation);
            let now = &pass.entry(number).shares;
            let fits =
                |(name, after): (&String, &Bundle)| after.fits_within(now.get(name).copied().unwrap_or_default());
            let grows = !shares.iter().all(fits);
            if grows { Turn::AsksForMore } else { Turn::GivesBack }
        }
    }
}
