//! The one list of kinds: the CRDs, the chart's RBAC and the reference in `docs/` follow it.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

use crate::v1alpha1::{
    Allocation, Application, CloudPolicy, Department, ExtranetLink, LinkIncident, MaintenanceWindow, PoolLedger,
    ProbeVantage, QuotaDecision, QuotaRequest, ResourcePool, UsageRecord, WorkCalendar,
};

pub const GROUP: &str = "yunheng.io";
pub const VERSION: &str = "v1alpha1";

/// A kind, as far as others need to list it.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    pub kind: &'static str,
    pub plural: &'static str,
    pub namespaced: bool,
    crd: fn() -> CustomResourceDefinition,
}

/// All kinds, in the order a reader meets them.
pub const KINDS: &[Kind] = &[
    Kind { kind: "ResourcePool", plural: "resourcepools", namespaced: false, crd: ResourcePool::crd },
    Kind { kind: "PoolLedger", plural: "poolledgers", namespaced: false, crd: PoolLedger::crd },
    Kind { kind: "Department", plural: "departments", namespaced: false, crd: Department::crd },
    Kind { kind: "Application", plural: "applications", namespaced: true, crd: Application::crd },
    Kind { kind: "Allocation", plural: "allocations", namespaced: true, crd: Allocation::crd },
    Kind { kind: "QuotaRequest", plural: "quotarequests", namespaced: true, crd: QuotaRequest::crd },
    Kind { kind: "QuotaDecision", plural: "quotadecisions", namespaced: true, crd: QuotaDecision::crd },
    Kind { kind: "UsageRecord", plural: "usagerecords", namespaced: true, crd: UsageRecord::crd },
    Kind { kind: "ExtranetLink", plural: "extranetlinks", namespaced: false, crd: ExtranetLink::crd },
    Kind { kind: "LinkIncident", plural: "linkincidents", namespaced: false, crd: LinkIncident::crd },
    Kind { kind: "MaintenanceWindow", plural: "maintenancewindows", namespaced: false, crd: MaintenanceWindow::crd },
    Kind { kind: "ProbeVantage", plural: "probevantages", namespaced: false, crd: ProbeVantage::crd },
    Kind { kind: "CloudPolicy", plural: "cloudpolicies", namespaced: false, crd: CloudPolicy::crd },
    Kind { kind: "WorkCalendar", plural: "workcalendars", namespaced: false, crd: WorkCalendar::crd },
];

/// The definitions of all kinds, as they are installed.
pub fn crds() -> impl Iterator<Item = CustomResourceDefinition> {
    KINDS.iter().map(|kind| (kind.crd)())
}
