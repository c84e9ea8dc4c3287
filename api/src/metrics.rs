//! What is counted, for Prometheus.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// One route's answers. Routes are patterns, so there are as many as in the router.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Answered {
    pub method: String,
    pub route: String,
    pub status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Route {
    pub method: String,
    pub route: String,
}

/// All metrics and the registry that prints them.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    pub requests: Family<Answered, Counter>,
    pub duration_s: Family<Route, Histogram>,
    pub sessions: Gauge,
    pub streams: Gauge,
    pub stale: Gauge,
    pub generation: Gauge<u64, AtomicU64>,
}

/// From 1 ms to 10 s: a read takes about one, an approval at most ten thousand.
const BUCKETS_S: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("yunheng_api");
        let requests = Family::default();
        let duration_s = Family::new_with_constructor((|| Histogram::new(BUCKETS_S)) as fn() -> Histogram);
        let (sessions, streams, stale, generation) =
            (Gauge::default(), Gauge::default(), Gauge::default(), Gauge::default());
        registry.register("requests", "Calls answered", requests.clone());
        registry.register("request_duration_seconds", "Time to the head of the answer", duration_s.clone());
        registry.register("sessions", "Sessions that are open", sessions.clone());
        registry.register("streams", "Live streams that are open", streams.clone());
        registry.register("stale", "1 while some kind can't be followed", stale.clone());
        registry.register("generation", "Changes taken in since the start", generation.clone());
        Self { registry, requests, duration_s, sessions, streams, stale, generation }
    }
}

impl Metrics {
    /// The metrics as text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string doesn't fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
