//! What the city has published about itself, beside what there is.

use ledger::{Bundle, Resource};

use super::{Check, Finding, Meaning};
use crate::quantity;
use crate::v1alpha1::{CityTotals, ResourcePool, Tier};

/// The pools' contracts beside what the city says it has.
#[must_use]
pub fn contract<'a>(pools: impl IntoIterator<Item = &'a ResourcePool>, totals: &CityTotals) -> Vec<Finding> {
    let Ok(city) = totals.capacity.parse() else {
        return vec![finding(Check::CityTotals, "spec.cityTotals.capacity isn't readable".to_owned())];
    };
    let sum: Bundle = pools.into_iter().filter_map(|pool| pool.spec.contract.capacity.parse().ok()).sum();
    let differing = Resource::ALL.into_iter().filter(|&resource| sum.of(resource) != city.of(resource));
    let sentence = |resource| {
        let text = |amounts: Bundle| quantity::format(resource, *amounts.of(resource));
        format!("{resource}: the pools' contracts add up to {}, the city says {}", text(sum), text(city))
    };
    differing.map(|resource| finding(Check::CityTotals, sentence(resource))).collect()
}

/// How many applications of a level of government there are, and how many the city has published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TierCount {
    pub tier: Tier,
    pub applications: usize,
    /// `None` where no policy is installed.
    pub published: Option<i64>,
}

impl TierCount {
    /// That the two differ, if they do.
    #[must_use]
    pub fn finding(&self) -> Option<Finding> {
        let Self { tier, applications, published } = self;
        let published = published.filter(|published| i64::try_from(*applications) != Ok(*published))?;
        Some(finding(
            Check::CityTiers,
            format!("{applications} applications of tier {tier:?}, the city published {published}"),
        ))
    }
}

/// Applications by level of government, beside what the city has published.
#[must_use]
pub fn tiers(applications: impl IntoIterator<Item = Tier>, totals: Option<&CityTotals>) -> [TierCount; 3] {
    let published = totals.map(|totals| totals.applications);
    let mut counts = [
        (Tier::NationalProvincial, published.map(|counts| counts.national_provincial)),
        (Tier::Municipal, published.map(|counts| counts.municipal)),
        (Tier::County, published.map(|counts| counts.county)),
    ]
    .map(|(tier, published)| TierCount { tier, applications: 0, published });
    for tier in applications {
        counts.iter_mut().filter(|count| count.tier == tier).for_each(|count| count.applications += 1);
    }
    counts
}

fn finding(check: Check, message: String) -> Finding {
    Finding { check, means: Meaning::Differs, pool: None, object: "cloudpolicy/default".to_owned(), message }
}
