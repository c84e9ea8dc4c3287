//! The invariants of a pool, recomputed from raw objects as anybody can read them.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ResourceQuota;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use ledger::{Bundle, Ledger};
use resources::v1alpha1::{PoolLedger, PoolLedgerSpec};
use resources::{names, quota, snapshot};

/// A pool as it stands in the API server.
#[derive(Debug)]
pub struct Standing {
    pub uid: String,
    pub spec: PoolLedgerSpec,
    pub ledger: Ledger,
    /// The managed quotas of the pool, by namespace.
    pub quotas: BTreeMap<String, quota::Observed>,
}

impl Standing {
    /// Reads the quotas first and the ledger after them: a quota may be lowered after its ledger,
    /// but never raised before it.
    pub async fn read(client: &Client, pool: &str) -> Self {
        Self::read_in(client, client, pool).await
    }

    /// The same of a pool whose quotas are in another cluster than its ledger.
    pub async fn read_in(cluster: &Client, hub: &Client, pool: &str) -> Self {
        let selector = format!("{}=true,{}={pool}", names::LABEL_MANAGED, names::LABEL_POOL);
        let all: Api<ResourceQuota> = Api::all(cluster.clone());
        let quotas = all.list(&ListParams::default().labels(&selector)).await.expect("quotas can be listed");
        let quotas = quotas.items.iter().map(|one| (one.namespace().unwrap_or_default(), one.into())).collect();
        let ledgers: Api<PoolLedger> = Api::all(hub.clone());
        let object = ledgers.get(pool).await.unwrap_or_else(|error| panic!("ledger of {pool}: {error}"));
        let ledger = snapshot::ledger(&object.spec).expect("a ledger that the operator wrote");
        Self { uid: object.metadata.uid.unwrap_or_default(), spec: object.spec, ledger, quotas }
    }

    /// What breaks invariant A or B. Above capacity or a ceiling is a finding here too: the test
    /// knows whether somebody chose it.
    #[must_use]
    pub fn findings(&self) -> Vec<String> {
        let mut findings: Vec<String> = self.ledger.audit().findings.iter().map(ToString::to_string).collect();
        for (key, entry) in &self.ledger.entries {
            // Once granted, always a quota; until then a namespace refuses every pod.
            let bounds: Bundle = entry
                .quotas()
                .filter_map(|(namespace, _)| self.quotas.get(namespace))
                .map(|quota| quota.bound().unwrap_or(Bundle::ZERO))
                .sum();
            let out = entry.granted().plus(entry.draining);
            if !bounds.fits_within(out) {
                findings.push(format!("{key}: quotas allow {bounds:?}, granted and draining are {out:?}"));
            }
        }
        let governed = |namespace: &str| self.ledger.entries.values().any(|entry| entry.governs(namespace));
        for (namespace, quota) in &self.quotas {
            if !governed(namespace) && quota.bound().is_none_or(|bound| !bound.is_zero()) {
                findings.push(format!("namespace {namespace} has a quota that no entry governs"));
            }
        }
        findings
    }

    /// Checks that nothing was decided on any allocation since `before`, and that every quota is as
    /// it was. Departments are known to every pool, so those of other tests come and go.
    ///
    /// # Panics
    /// With the changes that were made since.
    pub fn is_as_it_was(&self, before: &Self) {
        let since = self.spec.journal.iter().filter(|record| record.revision > before.spec.revision);
        let changes: Vec<_> =
            since.flat_map(|record| &record.changes).filter(|change| !change.allocation.is_empty()).collect();
        assert!(changes.is_empty(), "decided since: {changes:#?}");
        assert_eq!((&self.ledger.entries, self.ledger.capacity), (&before.ledger.entries, before.ledger.capacity));
        assert_eq!(self.quotas, before.quotas);
    }

    /// What is still on its way: nothing, once everything has settled.
    #[must_use]
    pub fn unsettled(&self) -> Vec<String> {
        let mut unsettled = Vec::new();
        for (key, entry) in &self.ledger.entries {
            let fence = names::fence(&self.uid, entry.revision);
            if entry.hold.is_some() {
                unsettled.push(format!("{key} still holds for a request"));
            }
            for (namespace, share) in entry.quotas() {
                let enforces = self.quotas.get(namespace).is_some_and(|quota| quota.enforces(share, &fence));
                if !enforces {
                    unsettled
                        .push(format!("{namespace}: {:?} is not {share:?} at {fence}", self.quotas.get(namespace)));
                }
            }
        }
        unsettled
    }
}
