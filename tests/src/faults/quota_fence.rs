//! A protocol in which a quota is written only when its amounts change. Its fence then stays old in
//! the API server, while the operator must see the fence that it believes to have written.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::Request;
use resources::names;
use resources::quota;
use serde_json::{Value, json};

use super::exchange::Exchange;
use super::without::FENCE;

/// Fences that were never written, by namespace.
#[derive(Clone, Debug, Default)]
pub struct QuotaFences(Arc<Mutex<HashMap<String, Unwritten>>>);

#[derive(Clone, Debug)]
struct Unwritten {
    uid: Value,
    /// What the quota really carries; what follows is shown only as long as it does.
    real: Value,
    shown: Value,
}

impl QuotaFences {
    /// The patch with the real fence in its test; or, where it would change the fence alone, one
    /// that changes neither.
    #[must_use]
    pub fn before(&self, exchange: &Exchange, request: Request<Bytes>, current: Value) -> Request<Bytes> {
        let Ok(Value::Array(mut operations)) = serde_json::from_slice::<Value>(request.body()) else { return request };
        let (uid, real) =
            (current["metadata"]["uid"].clone(), current["metadata"]["annotations"][names::ANNOTATION_FENCE].clone());
        let mut seen = current.clone();
        self.show(&mut seen);
        let shown = &seen["metadata"]["annotations"][names::ANNOTATION_FENCE];
        let value = |operations: &[Value], op: &str, path: &str| {
            let found = operations.iter().find(|one| one["op"] == op && one["path"] == path);
            found.map(|one| one["value"].clone()).unwrap_or_default()
        };
        // Who hasn't seen yet what is shown goes by what is real.
        let read = value(&operations, "test", FENCE);
        if read != *shown && read != real {
            return request;
        }
        let wanted = serde_json::from_value(value(&operations, "replace", "/spec/hard")).unwrap_or_default();
        let hard = serde_json::from_value(current["spec"]["hard"].clone()).unwrap_or_default();
        if quota::same(&wanted, &hard) {
            let shown = value(&operations, "replace", FENCE);
            let touched = json!([
                {"op": "test", "path": FENCE, "value": real},
                // Whoever watches must hear of it, as of the write that this stands for.
                {"op": "add", "path": "/metadata/annotations/fault-layer~1touched", "value": shown},
            ]);
            tracing::info!(namespace = exchange.namespace, "fault: a fence isn't written");
            let unwritten = Unwritten { uid, real, shown };
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(exchange.namespace.clone(), unwritten);
            return request.map(|_| Bytes::from(touched.to_string()));
        }
        for test in operations.iter_mut().filter(|one| one["op"] == "test" && one["path"] == FENCE) {
            test["value"] = real.clone();
        }
        request.map(|_| Bytes::from(Value::Array(operations).to_string()))
    }

    /// Puts in the fence that the operator believes to have written.
    pub fn show(&self, quota: &mut Value) {
        let namespace = quota["metadata"]["namespace"].as_str().unwrap_or_default();
        let unwritten = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(namespace).cloned();
        let Some(Unwritten { uid, real, shown }) = unwritten else { return };
        let carried = &quota["metadata"]["annotations"][names::ANNOTATION_FENCE];
        if quota["metadata"]["uid"] == uid && *carried == real {
            quota["metadata"]["annotations"][names::ANNOTATION_FENCE] = shown;
        }
    }
}
