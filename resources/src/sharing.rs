//! The total of an allocation, shared out among its namespaces when it changes.

use ledger::{Amount, Bundle, Resource};

use crate::amounts::Resources;
use crate::quantity;
use crate::v1alpha1::NamespaceShare;

/// The namespaces with shares that add up to `total` exactly, as large beside each other as they
/// were. A single namespace takes everything and needs no share. A resource whose total stays keeps
/// its shares as they are written; one that nobody had is shared out evenly.
///
/// `total` is an amount that a spec can write: then every share can be written too.
#[must_use]
pub fn scaled(namespaces: &[NamespaceShare], total: Bundle) -> Vec<NamespaceShare> {
    if let [only] = namespaces {
        return vec![NamespaceShare { name: only.name.clone(), share: None }];
    }
    let before: Vec<Resources> =
        namespaces.iter().map(|namespace| namespace.share.clone().unwrap_or_default()).collect();
    let texts = |resource: Resource| texts(resource, &before, *total.of(resource)).into_iter();
    let after = texts(Resource::Cpu).zip(texts(Resource::Memory)).zip(texts(Resource::Storage));
    namespaces
        .iter()
        .zip(after)
        .map(|(namespace, ((cpu, memory), storage))| NamespaceShare {
            name: namespace.name.clone(),
            share: Some(Resources { cpu, memory, storage }),
        })
        .collect()
}

/// What each namespace shall have of one resource. A share that can't be read counts as nothing.
fn texts(resource: Resource, before: &[Resources], total: Amount) -> Vec<String> {
    let read: Vec<Option<Amount>> =
        before.iter().map(|share| quantity::parse(resource, share.of(resource)).ok()).collect();
    let shares: Vec<Amount> = read.iter().map(|share| share.unwrap_or_default()).collect();
    let sum = shares.iter().copied().fold(Amount::ZERO, Amount::plus);
    if sum == total && read.iter().all(Option::is_some) {
        return before.iter().map(|share| share.of(resource).to_owned()).collect();
    }
    let shares = split(total, &shares, step(resource, total));
    shares.into_iter().map(|share| quantity::format(resource, share)).collect()
}

/// Units that a spec may write, smallest first, each with the most of it that it may write.
const BYTES: [(u64, u64); 4] =
    [(1_000_000, 99_999_999_999), (1 << 20, 9_999_999_999), (1 << 30, 9_999_999), (1 << 40, 9_999)];

/// The finest step in which the total can be shared out so that each share can still be written.
/// Bytes alone can't: an amount of bytes needs its unit, and the smallest are M and Mi.
fn step(resource: Resource, total: Amount) -> u64 {
    if resource == Resource::Cpu {
        return 1;
    }
    let bytes = total.get();
    let fitting = BYTES.iter().find(|(unit, most)| bytes.is_multiple_of(*unit) && bytes / unit <= *most);
    fitting.map_or(1, |(unit, _)| *unit)
}

/// Shares out `total` by largest remainder: each gets its part rounded down to whole steps, and the
/// steps that are left go to those that lost most by it, the first of equals first.
///
/// Raw integers on purpose: a product of two amounts is no amount.
fn split(total: Amount, weights: &[Amount], step: u64) -> Vec<Amount> {
    let steps = u128::from(total.get() / step);
    let mut weights: Vec<u128> = weights.iter().map(|weight| u128::from(weight.get())).collect();
    if weights.iter().all(|weight| *weight == 0) {
        weights.fill(1);
    }
    // Amounts end at 10^17, so their products end at 10^34; u128 goes to 3 × 10^38.
    let whole: u128 = weights.iter().sum();
    let mut parts: Vec<u128> = weights.iter().map(|weight| steps * weight / whole).collect();
    let mut by_loss: Vec<usize> = (0..weights.len()).collect();
    by_loss.sort_by_key(|&index| std::cmp::Reverse(steps * weights[index] % whole));
    let left = steps - parts.iter().sum::<u128>();
    for (index, _) in by_loss.into_iter().zip(0..left) {
        parts[index] += 1;
    }
    let amount = |part: u128| Amount::new(u64::try_from(part).unwrap_or(u64::MAX).saturating_mul(step));
    parts.into_iter().map(amount).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::v1alpha1::AllocationSpec;
    use crate::validate;

    fn resources(cpu: &str, memory: &str, storage: &str) -> Resources {
        Resources { cpu: cpu.into(), memory: memory.into(), storage: storage.into() }
    }

    fn namespaces(shares: &[(&str, &str, &str)]) -> Vec<NamespaceShare> {
        let share = |(index, (cpu, memory, storage)): (usize, &(&str, &str, &str))| NamespaceShare {
            name: format!("app-{index}"),
            share: Some(resources(cpu, memory, storage)),
        };
        shares.iter().enumerate().map(share).collect()
    }

    /// What is written for each namespace, as `cpu/memory/storage`.
    fn written(before: &[(&str, &str, &str)], total: (&str, &str, &str)) -> Vec<String> {
        let total = resources(total.0, total.1, total.2).parse().unwrap();
        let shares = scaled(&namespaces(before), total).into_iter().map(|namespace| namespace.share.unwrap());
        shares.map(|share| format!("{}/{}/{}", share.cpu, share.memory, share.storage)).collect()
    }

    #[test]
    fn shares_follow_the_total_and_add_up() {
        let cases: [(&[_], _, &[&str]); 7] = [
            // Twice as much for each.
            (&[("4", "8G", "1T"), ("2", "4G", "1T")], ("12", "24G", "4T"), &["8/16G/2T", "4/8G/2T"]),
            // Thirds: what is left goes to those that lost most, the first of equals first.
            (
                &[("1", "1G", "1T"); 3],
                ("10", "10G", "1T"),
                &["3334m/3334M/333334M", "3333m/3333M/333333M", "3333m/3333M/333333M"],
            ),
            (&[("1", "0", "0"), ("2", "0", "0")], ("10m", "0", "0"), &["3m/0/0", "7m/0/0"]),
            // Nothing is left: each share is zero, and back from zero it is shared out evenly.
            (&[("4", "8G", "1T"), ("2", "4G", "0")], ("0", "0", "0"), &["0/0G/0T", "0/0G/0T"]),
            (&[("0", "0", "0"), ("0", "0", "0")], ("3", "3G", "3T"), &["1500m/1500M/1500G", "1500m/1500M/1500G"]),
            // Binary units have no whole M: the step is Mi.
            (&[("1", "1Gi", "1Ti"), ("1", "2Gi", "1Ti")], ("2", "1Gi", "3Ti"), &["1/341Mi/1536Gi", "1/683Mi/1536Gi"]),
            // What stays is kept as it is written.
            (&[("4000m", "8192Mi", "1T"), ("2", "8Gi", "1T")], ("6", "16Gi", "4T"), &["4000m/8192Mi/2T", "2/8Gi/2T"]),
        ];
        for (before, total, expected) in cases {
            assert_eq!(written(before, total), expected, "{before:?} to {total:?}");
        }
    }

    #[test]
    fn one_namespace_takes_all_and_none_stay_none() {
        let one = namespaces(&[("4", "8G", "1T")]);
        let total = resources("6", "8G", "1T").parse().unwrap();
        assert_eq!(scaled(&one, total), [NamespaceShare { name: "app-0".into(), share: None }]);
        assert_eq!(scaled(&[], total), []);
    }

    proptest! {
        /// Whatever the spec can say, the new shares pass the rule that shares add up.
        #[test]
        fn the_allocation_stays_valid(
            before in prop::collection::vec((0..200_000_u64, 0..50_000_u64, 0..9_000_u64), 2..8),
            cpu in 0..200_000_u64,
            memory in (0..99_999_u64, prop::sample::select(vec!["M", "G", "Mi", "Gi"])),
            storage in (0..9_999_u64, prop::sample::select(vec!["G", "T", "Gi", "Ti"])),
        ) {
            let before: Vec<_> = before
                .iter()
                .enumerate()
                .map(|(index, (cpu, memory, storage))| NamespaceShare {
                    name: format!("app-{index}"),
                    share: Some(resources(&format!("{cpu}m"), &format!("{memory}M"), &format!("{storage}Gi"))),
                })
                .collect();
            let total = resources(
                &format!("{cpu}m"),
                &format!("{}{}", memory.0, memory.1),
                &format!("{}{}", storage.0, storage.1),
            );
            let spec = AllocationSpec {
                application: "a".into(),
                pool: "p".into(),
                namespaces: scaled(&before, total.parse().unwrap()),
                resources: total,
                lease: None,
                decision: None,
            };
            prop_assert_eq!(validate::shares(&spec).map(|shares| shares.len()), Ok(before.len()));
        }
    }
}
