//! Version v1alpha1 of the group `yunheng.io`: types only, one file per kind.

mod allocation;
mod application;
mod cloud_policy;
mod department;
mod extranet_link;
mod ledger_lines;
mod link_class;
mod link_incident;
mod maintenance_window;
mod pool_ledger;
mod probe_vantage;
mod quota_decision;
mod quota_request;
mod request_status;
mod request_term;
mod resource_pool;
mod shared;
mod usage_record;
mod work_calendar;

pub use allocation::{Allocation, AllocationSpec, AllocationStatus, Lease, NamespaceShare};
pub use application::{Application, ApplicationSpec, ApplicationStatus, DependsOn, Fact, Hosting, Zone};
pub use cloud_policy::{
    AutomaticExpression, AutomaticPolicy, CityTotals, CloudPolicy, CloudPolicySpec, CloudPolicyStatus, ProcessValue,
    ReasonCode, Threshold, TierCounts, ZoneName,
};
pub use department::{Ceiling, Department, DepartmentSpec, DepartmentStatus, Members, PoolGrant};
pub use extranet_link::{
    ExtranetLink, ExtranetLinkSpec, ExtranetLinkStatus, IcmpProbe, LinkAvailability, LinkDurations, LinkLevel,
    LinkPause, LinkProbe, LinkState, NoProbe, RoundTripMillis, TcpExpect, TcpProbe,
};
pub use link_class::{LinkClass, LossThresholds};
pub use link_incident::{
    AffectedLinks, IncidentCause, IncidentNotice, IncidentState, LinkIncident, LinkIncidentSpec, LinkIncidentStatus,
};
pub use maintenance_window::{MaintenanceWindow, MaintenanceWindowSpec, MaintenanceWindowStatus};
pub use pool_ledger::{
    AllocationRef, Cause, EntryAmounts, JournalChange, JournalRecord, LedgerCeiling, LedgerEntry, LedgerHold,
    LedgerNamespace, PoolLedger, PoolLedgerSpec,
};
pub use probe_vantage::{LinkCounts, ProbeVantage, ProbeVantageSpec, ProbeVantageStatus};
pub use quota_decision::{DecisionOutcome, DecisionStatus, QuotaDecision, QuotaDecisionSpec, RequestRef, Verdict};
pub use quota_request::{Basis, NewApplication, Period, QuotaRequest, QuotaRequestSpec, RequestDetail, RequestType};
pub use request_status::{
    AutomaticOutcome, AutomaticReview, Correction, Evidence, HistoryRecord, Offer, Phase, QuotaRequestStatus,
    RefusedDecision, Returned, ReviewRecord, ReviewStage, Reviewed, Stage, StoppedClock, Withdrawal,
};
pub use request_term::{GrantTerm, HadBefore, TakenBack};
pub use resource_pool::{
    ClusterRef, Contract, GrantablePercent, KubeconfigSecretRef, LimitPolicy, LocalCluster, PhysicalGuard,
    PhysicalStatus, PoolFence, PoolOrder, PoolSummary, Provider, ResourcePool, ResourcePoolSpec, ResourcePoolStatus,
};
pub use shared::{Contact, Tier};
pub use usage_record::{UsageDay, UsageRecord, UsageRecordSpec, UsageSource, UsedResource};
pub use work_calendar::{WorkCalendar, WorkCalendarSpec};
