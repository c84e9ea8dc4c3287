//! What follows from the numbers: which resource binds, and what is stranded behind it.

use crate::{Amount, Bundle, PerResource, Resource};

/// A shape of demand: the proportions in which the three resources are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix(pub Bundle);

/// What a pool's free amounts mean for a mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// The resource that will be used up first; `None` where the mix asks for nothing.
    pub binding: Option<Resource>,
    /// What can still be granted in exactly this mix.
    pub grantable: Bundle,
    /// What is free but can't be granted in this mix, because the binding resource is used up.
    pub stranded: Bundle,
}

/// How far `free` goes for demand of the shape `mix`.
///
/// n = min over resources of free ÷ mix; the resource that gives n binds, and of every other
/// resource free − ⌊n × mix⌋ is stranded. Exact: n stays a fraction until the end.
#[must_use]
pub fn outlook(free: Bundle, mix: Mix) -> Outlook {
    let shares = mix.0;
    let binding = Resource::ALL
        .into_iter()
        .filter(|&resource| !shares.of(resource).is_zero())
        .min_by(|&a, &b| cross(free.of(a), shares.of(b)).cmp(&cross(free.of(b), shares.of(a))));
    let Some(tightest) = binding else {
        return Outlook { binding: None, grantable: Bundle::ZERO, stranded: free };
    };
    let (numerator, denominator) = (*free.of(tightest), *shares.of(tightest));
    let grantable = shares.map(|share| scale(share, numerator, denominator));
    let stranded: PerResource<Amount> = free.minus(grantable);
    Outlook { binding, grantable, stranded }
}

fn cross(a: &Amount, b: &Amount) -> u128 {
    u128::from(a.get()) * u128::from(b.get())
}

/// ⌊share × numerator ÷ denominator⌋.
fn scale(share: Amount, numerator: Amount, denominator: Amount) -> Amount {
    let exact = cross(&share, &numerator) / u128::from(denominator.get());
    Amount::new(u64::try_from(exact).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const G: u64 = 1_000_000_000;
    const T: u64 = 1_000 * G;

    /// The contract's own figures, from `docs/units.md`: at one core to two G, memory is full
    /// after 15,676 cores and 8,075 cores can't be granted.
    #[test]
    fn the_citys_contract_runs_out_of_memory_first() {
        let contract = Bundle::new(23_751_000, 31_353 * G, 2_143 * T);
        let cases = [(2, 15_676, 8_075), (4, 7_838, 15_913)];
        for (memory_per_core, usable, stranded) in cases {
            let got = outlook(contract, Mix(Bundle::new(1_000, memory_per_core * G, 0)));
            assert_eq!(got.binding, Some(Resource::Memory));
            // Half a core more is grantable than the whole cores that the figures name.
            assert_eq!(got.grantable.cpu.get() / 1_000, usable, "1:{memory_per_core}");
            assert_eq!(got.stranded.cpu.get().div_ceil(1_000), stranded, "1:{memory_per_core}");
        }
    }

    #[test]
    fn nothing_binds_when_nothing_is_asked() {
        let free = Bundle::new(1, 2, 3);
        let got = outlook(free, Mix(Bundle::ZERO));
        assert_eq!(got, Outlook { binding: None, grantable: Bundle::ZERO, stranded: free });
    }

    #[test]
    fn a_full_resource_strands_all_of_the_others() {
        let got = outlook(Bundle::new(500, 0, 7), Mix(Bundle::new(1, 2, 3)));
        assert_eq!(got.binding, Some(Resource::Memory));
        assert_eq!(got.grantable, Bundle::ZERO);
        assert_eq!(got.stranded, Bundle::new(500, 0, 7));
    }
}
