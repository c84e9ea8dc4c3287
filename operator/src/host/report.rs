//! A host agent's report, as a ConfigMap.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::ObjectMeta;
use ledger::{Amount, Bundle};
use resources::names;
use serde::{Deserialize, Serialize};

use crate::watch::LABEL_HOST_REPORT;

const KEY: &str = "report.json";

/// What a machine has.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub node: String,
    /// The pool it counts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    pub at: Timestamp,
    pub logical_processors: u64,
    pub processor_model: String,
    pub memory_bytes: u64,
    pub memory_available_bytes: u64,
    /// Load over one minute, in thousandths of a processor.
    pub load_millis: u64,
    pub disks: Vec<Disk>,
}

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Disk {
    pub name: String,
    pub mount: String,
    pub total_bytes: u64,
    pub available_bytes: u64,
}

impl Report {
    /// The report in the object; `None` where there is none that can be read.
    #[must_use]
    pub fn read(object: &ConfigMap) -> Option<Self> {
        serde_json::from_str(object.data.as_ref()?.get(KEY)?).ok()
    }

    /// The object that carries the report.
    #[must_use]
    pub fn object(&self, namespace: &str) -> ConfigMap {
        let mut labels = BTreeMap::from([(LABEL_HOST_REPORT.to_owned(), "true".to_owned())]);
        if let Some(pool) = &self.pool {
            labels.insert(names::LABEL_POOL.to_owned(), pool.clone());
        }
        let metadata = ObjectMeta {
            name: Some(format!("host-{}", self.node)),
            namespace: Some(namespace.to_owned()),
            labels: Some(labels),
            ..ObjectMeta::default()
        };
        let json = serde_json::to_string(self).unwrap_or_default();
        ConfigMap { metadata, data: Some(BTreeMap::from([(KEY.to_owned(), json)])), ..ConfigMap::default() }
    }

    #[must_use]
    pub fn amounts(&self) -> Bundle {
        let disks = self.disks.iter().map(|disk| disk.total_bytes).fold(0, u64::saturating_add);
        Bundle {
            cpu: Amount::new(self.logical_processors.saturating_mul(1_000)),
            memory: Amount::new(self.memory_bytes),
            storage: Amount::new(disks),
        }
    }
}
