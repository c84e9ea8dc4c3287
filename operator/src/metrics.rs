//! What is counted and measured, in Prometheus terms.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct ControllerLabel {
    pub controller: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct ErrorLabels {
    pub controller: &'static str,
    pub category: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct WriteLabels {
    pub controller: &'static str,
    pub object: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct PoolResource {
    pub pool: String,
    pub resource: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct PoolLabel {
    pub pool: String,
}

/// All metrics of the operator.
#[derive(Clone, Debug)]
pub struct Metrics {
    pub reconcile_seconds: Family<ControllerLabel, Histogram>,
    pub errors: Family<ErrorLabels, Counter>,
    pub writes: Family<WriteLabels, Counter>,
    pub commit_changes: Histogram,
    pub granted: Family<PoolResource, Gauge>,
    pub held: Family<PoolResource, Gauge>,
    pub draining: Family<PoolResource, Gauge>,
    pub capacity: Family<PoolResource, Gauge>,
    pub audit_findings: Family<PoolLabel, Gauge>,
    pub quotas_above: Family<PoolLabel, Gauge>,
    pub cluster_reachable: Family<PoolLabel, Gauge>,
    pub leading: Gauge,
}

impl Metrics {
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            // 1 ms to 16 s: a reconcile is a few round trips.
            reconcile_seconds: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 2.0, 15))),
            errors: Family::default(),
            writes: Family::default(),
            // 1 to 256, the most changes one commit takes.
            commit_changes: Histogram::new(exponential_buckets(1.0, 2.0, 9)),
            granted: Family::default(),
            held: Family::default(),
            draining: Family::default(),
            capacity: Family::default(),
            audit_findings: Family::default(),
            quotas_above: Family::default(),
            cluster_reachable: Family::default(),
            leading: Gauge::default(),
        };
        let registry = registry.sub_registry_with_prefix("yunheng");
        registry.register_with_unit(
            "reconcile_duration",
            "Time one reconcile took",
            Unit::Seconds,
            metrics.reconcile_seconds.clone(),
        );
        registry.register("reconcile_errors", "Reconciles that failed, by category", metrics.errors.clone());
        registry.register("writes", "Writes to the API server, by controller and object", metrics.writes.clone());
        registry.register("ledger_commit_changes", "Changes in one ledger commit", metrics.commit_changes.clone());
        registry.register("pool_granted", "Granted, in thousandths of a core or bytes", metrics.granted.clone());
        registry.register("pool_held", "Held, in thousandths of a core or bytes", metrics.held.clone());
        registry.register("pool_draining", "Draining, in thousandths of a core or bytes", metrics.draining.clone());
        registry.register("pool_capacity", "Capacity, in thousandths of a core or bytes", metrics.capacity.clone());
        registry.register(
            "ledger_audit_findings",
            "Laws of the ledger that don't hold",
            metrics.audit_findings.clone(),
        );
        registry.register(
            "quotas_above_ledger",
            "Quotas that allow more than the ledger grants",
            metrics.quotas_above.clone(),
        );
        registry.register("cluster_reachable", "1 while the pool's cluster answers", metrics.cluster_reachable.clone());
        registry.register("leading", "1 while this process leads", metrics.leading.clone());
        metrics
    }

    pub fn reconciled(&self, controller: &'static str, took: Duration) {
        self.reconcile_seconds.get_or_create(&ControllerLabel { controller }).observe(took.as_secs_f64());
    }

    pub fn failed(&self, controller: &'static str, category: &'static str) {
        self.errors.get_or_create(&ErrorLabels { controller, category }).inc();
    }

    pub fn wrote(&self, controller: &'static str, object: &'static str) {
        self.writes.get_or_create(&WriteLabels { controller, object }).inc();
    }

    /// The totals of a pool's ledger, as gauges.
    pub fn ledger(&self, pool: &str, ledger: &ledger::Ledger) {
        let position = ledger.position();
        let set = |family: &Family<PoolResource, Gauge>, bundle: ledger::Bundle| {
            for resource in ledger::Resource::ALL {
                let labels = PoolResource { pool: pool.to_owned(), resource: resource.name() };
                let value = i64::try_from(bundle.of(resource).get()).unwrap_or(i64::MAX);
                family.get_or_create(&labels).set(value);
            }
        };
        set(&self.granted, position.granted);
        set(&self.held, position.held);
        set(&self.draining, position.draining);
        set(&self.capacity, ledger.capacity);
    }
}
