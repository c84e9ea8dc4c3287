//! What is read for a verification: everything that promises, grants or enforces.

use std::collections::BTreeMap;
use std::path::PathBuf;

use k8s_openapi::api::core::v1::ResourceQuota;
use kube::Api;
use kube::api::ListParams;
use resources::names;
use resources::v1alpha1::{Allocation, Application, CloudPolicy, Department, PoolLedger, ResourcePool};

use crate::args::Connection;
use crate::error::Error;
use crate::list;
use crate::session::Session;

#[derive(Debug, Default)]
pub struct Observed {
    pub pools: Vec<ResourcePool>,
    pub ledgers: Vec<PoolLedger>,
    pub departments: Vec<Department>,
    pub applications: Vec<Application>,
    pub allocations: Vec<Allocation>,
    pub quotas: Vec<ResourceQuota>,
    pub policy: Option<CloudPolicy>,
    /// The quotas of pools in member clusters that were read, by pool.
    pub elsewhere: BTreeMap<String, Vec<ResourceQuota>>,
}

impl Observed {
    pub async fn read(session: &Session, members: &[(String, PathBuf)]) -> Result<Self, Error> {
        let client = &session.client;
        let everything = ListParams::default();
        let managed = ListParams::default().labels(&format!("{}=true", names::LABEL_MANAGED));
        // Quotas before ledgers: a quota grows only after its ledger did, so growth on its way is
        // never taken for a quota that is too large.
        let quotas = list::all(&Api::<ResourceQuota>::all(client.clone()), &managed).await?;
        let mut elsewhere = BTreeMap::new();
        for (pool, kubeconfig) in members {
            let connection = Connection { kubeconfig: Some(kubeconfig.clone()), ..Connection::default() };
            let there = Session::open(&connection).await?;
            let of_pool = ListParams::default().labels(&format!("{}={pool}", names::LABEL_POOL));
            elsewhere.insert(pool.clone(), list::all(&Api::<ResourceQuota>::all(there.client), &of_pool).await?);
        }
        let policies: Api<CloudPolicy> = Api::all(client.clone());
        Ok(Self {
            quotas,
            elsewhere,
            ledgers: list::all(&Api::all(client.clone()), &everything).await?,
            pools: list::all(&Api::all(client.clone()), &everything).await?,
            departments: list::all(&Api::all(client.clone()), &everything).await?,
            applications: list::all(&Api::all(client.clone()), &everything).await?,
            allocations: list::all(&Api::all(client.clone()), &everything).await?,
            policy: policies.get_opt(names::DEFAULT_POLICY).await.map_err(Error::api("read the CloudPolicy"))?,
        })
    }
}
