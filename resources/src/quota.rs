//! The API server's own ResourceQuota: what ours says, and what one that is there enforces.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ResourceQuota;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use ledger::{Amount, Bundle, PerResource, Resource};

use crate::names;
use crate::quantity;
use crate::v1alpha1::LimitPolicy;

/// `spec.hard` for a share. All keys are always there: a missing one is unlimited.
#[must_use]
pub fn hard(share: Bundle, policy: LimitPolicy) -> BTreeMap<String, Quantity> {
    let text = |resource: Resource| Quantity(quantity::format(resource, *share.of(resource)));
    let mut hard = BTreeMap::from([
        ("requests.cpu".to_owned(), text(Resource::Cpu)),
        ("requests.memory".to_owned(), text(Resource::Memory)),
        ("requests.storage".to_owned(), text(Resource::Storage)),
        ("limits.memory".to_owned(), text(Resource::Memory)),
    ]);
    if policy == LimitPolicy::Guaranteed {
        hard.insert("limits.cpu".to_owned(), text(Resource::Cpu));
    }
    hard
}

/// Whether two maps of amounts say the same: the API server writes `2000G` as `2T`.
#[must_use]
pub fn same(a: &BTreeMap<String, Quantity>, b: &BTreeMap<String, Quantity>) -> bool {
    a.len() == b.len() && a.iter().all(|(key, text)| b.get(key).is_some_and(|other| same_amount(key, text, other)))
}

fn same_amount(key: &str, a: &Quantity, b: &Quantity) -> bool {
    let resource = resource_of(key);
    let amount = |text: &Quantity| quantity::parse_observed(resource, &text.0);
    a == b || amount(a).is_some() && amount(a) == amount(b)
}

fn resource_of(key: &str) -> Resource {
    match key.rsplit('.').next() {
        Some("memory") => Resource::Memory,
        Some("storage") => Resource::Storage,
        _ => Resource::Cpu,
    }
}

/// A managed quota, cut down to what decides anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Identity of the object: a quota that was made again is another one.
    pub uid: String,
    /// The fence as written; `None` where there is none.
    pub fence: Option<String>,
    /// What it asks for; `None` where a key is missing, which is unlimited.
    pub asked: Option<Bundle>,
    /// What the API server enforces; `None` while it hasn't filled every key. Until then the gate
    /// lets no pod in.
    pub enforced: Option<Bundle>,
    /// Charged to it by pods and claims.
    pub used: Bundle,
}

impl Observed {
    /// The quota carries this fence and the API server enforces no more than `share`.
    #[must_use]
    pub fn is_lowered_to(&self, share: Bundle, fence: &str) -> bool {
        self.fence.as_deref() == Some(fence) && self.enforced.is_some_and(|enforced| enforced.fits_within(share))
    }

    /// The quota carries this fence and the API server enforces exactly `share`.
    #[must_use]
    pub fn enforces(&self, share: Bundle, fence: &str) -> bool {
        self.fence.as_deref() == Some(fence) && self.enforced == Some(share)
    }

    /// The most that may be used under it: what it asks for or still enforces, whichever is more.
    #[must_use]
    pub fn bound(&self) -> Option<Bundle> {
        Some(self.asked?.max(self.enforced?))
    }
}

impl From<&ResourceQuota> for Observed {
    fn from(quota: &ResourceQuota) -> Self {
        let fence = quota.metadata.annotations.as_ref().and_then(|all| all.get(names::ANNOTATION_FENCE)).cloned();
        let spec = quota.spec.as_ref().and_then(|spec| spec.hard.as_ref());
        let status = quota.status.as_ref();
        Self {
            uid: quota.metadata.uid.clone().unwrap_or_default(),
            fence,
            asked: spec.and_then(requests),
            enforced: status.and_then(|status| status.hard.as_ref()).and_then(requests),
            used: status.and_then(|status| status.used.as_ref()).map(used).unwrap_or_default(),
        }
    }
}

/// The managed quotas by namespace. One of another name isn't ours, whatever its labels say.
pub fn managed<'a>(objects: impl IntoIterator<Item = &'a ResourceQuota>) -> BTreeMap<String, Observed> {
    let ours = objects.into_iter().filter(|quota| quota.metadata.name.as_deref() == Some(names::MANAGED_QUOTA));
    ours.map(|quota| (quota.metadata.namespace.clone().unwrap_or_default(), Observed::from(quota))).collect()
}

/// The three amounts of a map in which all of them are there.
fn requests(map: &BTreeMap<String, Quantity>) -> Option<Bundle> {
    let amounts = amounts(map);
    Some(Bundle { cpu: amounts.cpu?, memory: amounts.memory?, storage: amounts.storage? })
}

fn used(map: &BTreeMap<String, Quantity>) -> Bundle {
    amounts(map).map(Option::unwrap_or_default)
}

fn amounts(map: &BTreeMap<String, Quantity>) -> PerResource<Option<Amount>> {
    let read =
        |resource: Resource| quantity::parse_observed(resource, &map.get(&format!("requests.{}", resource.name()))?.0);
    PerResource { cpu: read(Resource::Cpu), memory: read(Resource::Memory), storage: read(Resource::Storage) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_there_also_at_zero() {
        let keys = |policy| hard(Bundle::ZERO, policy).into_keys().collect::<Vec<_>>();
        let burstable = ["limits.memory", "requests.cpu", "requests.memory", "requests.storage"];
        assert_eq!(keys(LimitPolicy::Burstable), burstable);
        assert_eq!(keys(LimitPolicy::Guaranteed).len(), burstable.len() + 1);
        assert!(hard(Bundle::ZERO, LimitPolicy::Guaranteed).values().all(|text| text.0.starts_with('0')));
    }

    #[test]
    fn amounts_compare_by_value() {
        let one = hard(Bundle::new(1_500, 2_000_000_000_000, 1 << 40), LimitPolicy::Guaranteed);
        let mut other = one.clone();
        other.insert("requests.memory".into(), Quantity("2T".into()));
        other.insert("requests.cpu".into(), Quantity("1.5".into()));
        assert!(same(&one, &other));
        other.insert("limits.cpu".into(), Quantity("1".into()));
        assert!(!same(&one, &other));
        other.remove("limits.cpu");
        assert!(!same(&one, &other));
    }

    #[test]
    fn a_missing_key_is_unlimited() {
        let mut quota = ResourceQuota::default();
        let mut map = hard(Bundle::new(1, 2, 3), LimitPolicy::Guaranteed);
        quota.spec.get_or_insert_default().hard = Some(map.clone());
        assert_eq!(Observed::from(&quota).asked, Some(Bundle::new(1, 2, 3)));
        assert_eq!(Observed::from(&quota).bound(), None);
        map.remove("requests.storage");
        quota.spec.get_or_insert_default().hard = Some(map);
        assert_eq!(Observed::from(&quota).asked, None);
    }
}
