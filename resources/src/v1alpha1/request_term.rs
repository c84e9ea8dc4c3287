//! What a request's status says of the end of the grant that it brought about.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::allocation::Lease;
use crate::amounts::Resources;

/// The term of a grant that has an end.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct GrantTerm {
    /// When the grant ends, with its zone.
    pub ends_at: String,
    /// Since when it has been in force. A warning whose day was before that isn't given.
    pub since: Time,
    /// What remains after the end. Absent: nothing is taken back by itself, an approver decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Resources>,
    /// The warnings that were given: days before the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub warned: Vec<i64>,
    /// When the end was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Time>,
    /// More than the base was still in use after the end: the role that this was put before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated_to: Option<String>,
}

/// What an application had before a decision changed it.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct HadBefore {
    pub resources: Resources,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
}

/// A grant that a decision takes back: a Reclaim, or the Cancel of a provisioning.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct TakenBack {
    pub by: String,
    pub at: Time,
    /// What the application keeps.
    pub keeps: HadBefore,
    /// What it had when it was decided; what a Cancel of a Reclaim gives back.
    pub had: HadBefore,
    /// A provisioning was cancelled. Else it is a Reclaim, which can be cancelled itself.
    #[serde(default)]
    pub provisioning: bool,
    /// The Reclaim was cancelled before the quota was lowered.
    #[serde(default)]
    pub undone: bool,
}
