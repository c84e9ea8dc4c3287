//! JSON Patch: a write that tests what it builds on, and nothing else of the object.

use std::fmt::Debug;

use kube::Api;
use kube::api::{Patch, PatchParams};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Applies the operations, an array, to the object or to its status.
///
/// # Errors
/// What the API server says; 422 where a test failed.
pub async fn patch<K>(
    api: &Api<K>,
    name: &str,
    part: Part,
    operations: Value,
    manager: Option<&str>,
) -> Result<K, kube::Error>
where
    K: Clone + DeserializeOwned + Debug,
{
    let operations: json_patch::Patch = serde_json::from_value(operations).map_err(kube::Error::SerdeError)?;
    let parameters = PatchParams { field_manager: manager.map(str::to_owned), ..PatchParams::default() };
    let patch = Patch::Json::<()>(operations);
    match part {
        Part::Object => api.patch(name, &parameters, &patch).await,
        Part::Status => api.patch_status(name, &parameters, &patch).await,
    }
}

/// What of an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Object,
    Status,
}
