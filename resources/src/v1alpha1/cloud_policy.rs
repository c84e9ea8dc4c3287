use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::LinkClass;
use crate::amounts::Resources;

/// The city's own rules. The one named `default` counts.
#[derive(CustomResource, Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "yunheng.io",
    version = "v1alpha1",
    kind = "CloudPolicy",
    plural = "cloudpolicies",
    category = "yunheng",
    status = "CloudPolicyStatus",
    derive = "PartialEq",
    cel,
    doc = "The city's own rules: totals, zones, thresholds, deadlines, reason codes. The one named default counts.",
    validation = Rule::new("self.metadata.name == 'default'").message("there is one CloudPolicy and its name is default"),
    printcolumn(name = "Matches", type_ = "string", json_path = ".status.conditions[?(@.type=='ContractMatches')].status", description = "whether the pools' contracts add up to the city's totals"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
pub struct CloudPolicySpec {
    /// What the city says it has. Condition ContractMatches says whether the pools' contracts add
    /// up to it.
    pub city_totals: CityTotals,
    /// Network zones, with their names for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub zones: Vec<ZoneName>,
    /// Codes for a decision's reason, with their names for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["code".into()]))]
    pub reason_codes: Vec<ReasonCode>,
    /// Thresholds. The overview's bars are marked at `pool.warn` and `pool.critical`, in percent of
    /// the contract; the others are listed, and nothing acts on any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["key".into()]))]
    pub thresholds: Vec<Threshold>,
    /// Deadlines and bounds of a request's way, each with where it comes from. What isn't named here
    /// has the product's default. A key may be there several times, from different days on: the one
    /// with the latest day that has come counts.
    ///
    /// sla.accept, sla.opinion, sla.testOpen, offer.answerWithin, returned.lapseAfter: working days.
    /// test.period: calendar days. offer.maxRounds: offers per request. withdraw.undo: seconds.
    /// approval.path: `staged` (acceptance, technical review, administrative approval) or `direct`
    /// (one decision on what was submitted). approval.fourEyes: `on` or `off`, whether a second review stage exists. It is needed for new
    /// applications if approval.fourEyes.newApplications is `on`, and for an increase above
    /// approval.fourEyes.cpu, .memory or .storage. workday.cutoff: what comes later counts as of the
    /// next working day, and deadlines end at it. temporary.warnDays: days before a grant ends.
    ///
    /// automatic.enabled: `on` or `off`, whether anything is approved without a person.
    /// automatic.decreases, .cpuMemory, .storage: `on` or `off`, the same for what a department gives
    /// back, for more CPU and memory (rule R1) and for more storage (rule R2). automatic.evidence:
    /// `measured` (the cluster's metrics) or `charged` (requests of pods), what counts as use of CPU and
    /// memory. automatic.window: days looked at. automatic.coverage, .minUse, .maxIncrease, .storageUsed:
    /// percent. automatic.smallCpu, .smallMemory, .smallStorage: more than this needs use or a fill to
    /// justify it. automatic.calm: days since the last automatic approval.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["key".into(), "effectiveFrom".into()]))]
    pub process: Vec<ProcessValue>,
    /// Automatic approval beyond the values above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub automatic: Option<AutomaticPolicy>,
    /// Classes of extranet links: how often they are probed, and when they count as broken. A class
    /// may be there several times, from different days on: the one with the latest day that has come counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 40))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into(), "effectiveFrom".into()]))]
    pub link_classes: Vec<LinkClass>,
}

/// What a city asks beyond the built-in rules before anything is approved without a person.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AutomaticPolicy {
    /// Conditions that have to hold for an increase beside rules R1 to R6. One that is false, or can't
    /// be answered, leaves the request to a person. Condition ExpressionsValid says whether they can be
    /// read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub expressions: Vec<AutomaticExpression>,
}

/// One condition in CEL.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AutomaticExpression {
    /// What evidence calls it.
    #[schemars(length(min = 1, max = 40))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')").message("name must be lower-case letters, digits and dashes"))]
    pub name: String,
    /// CEL that is true or false, over request, application, current, increase, target (CPU in
    /// thousandths of a core, memory and storage in bytes), use (percent) and pool (percent afterwards).
    /// Without all, exists, map, filter and matches, at most 150 parts.
    #[schemars(length(min = 1, max = 500))]
    pub expression: String,
    /// What people are told where it is false.
    #[schemars(length(min = 1, max = 200))]
    pub message: String,
}

/// What the city says it has and runs.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CityTotals {
    pub capacity: Resources,
    pub applications: TierCounts,
    /// Where the figures were published.
    #[schemars(length(max = 300))]
    pub source: String,
    /// The day they are of, as `2020-07-17`.
    #[schemars(length(max = 10))]
    pub as_of: String,
}

#[derive(Serialize, Deserialize, KubeSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TierCounts {
    #[schemars(range(min = 0))]
    pub national_provincial: i64,
    #[schemars(range(min = 0))]
    pub municipal: i64,
    #[schemars(range(min = 0))]
    pub county: i64,
}

#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ZoneName {
    #[schemars(length(min = 1, max = 30))]
    pub name: String,
    #[schemars(length(min = 1, max = 60))]
    pub zh: String,
    #[schemars(length(min = 1, max = 60))]
    pub en: String,
}

#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ReasonCode {
    #[schemars(length(min = 1, max = 60))]
    pub code: String,
    #[schemars(length(min = 1, max = 100))]
    pub zh: String,
    #[schemars(length(min = 1, max = 100))]
    pub en: String,
}

/// A configurable bound, with where it comes from.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Threshold {
    #[schemars(length(min = 1, max = 60))]
    pub key: String,
    /// A whole number in the unit of `unit`.
    pub value: i64,
    #[schemars(length(max = 20))]
    pub unit: String,
    #[schemars(length(max = 300))]
    pub source: String,
    #[schemars(length(max = 10))]
    pub effective_from: String,
}

/// A deadline or bound of a request's way, with where it comes from.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!(self.key in ['sla.accept', 'sla.opinion', 'sla.testOpen', 'offer.answerWithin']) || (self.value.matches('^[1-9][0-9]{0,3}$') && int(self.value) <= 60)").message("sla.accept, sla.opinion, sla.testOpen and offer.answerWithin are 1 to 60 working days: write value: \"3\""))]
#[x_kube(validation = Rule::new("self.key != 'returned.lapseAfter' || (self.value.matches('^[1-9][0-9]{0,3}$') && int(self.value) <= 250)").message("returned.lapseAfter is 1 to 250 working days: write value: \"15\""))]
#[x_kube(validation = Rule::new("self.key != 'test.period' || (self.value.matches('^[1-9][0-9]{0,3}$') && int(self.value) <= 366)").message("test.period is 1 to 366 calendar days: write value: \"15\""))]
#[x_kube(validation = Rule::new("self.key != 'offer.maxRounds' || (self.value.matches('^[1-9][0-9]{0,3}$') && int(self.value) <= 10)").message("offer.maxRounds is 1 to 10 offers: write value: \"2\""))]
#[x_kube(validation = Rule::new("self.key != 'withdraw.undo' || (self.value.matches('^(0|[1-9][0-9]{0,3})$') && int(self.value) <= 3600)").message("withdraw.undo is 0 to 3600 seconds: write value: \"60\""))]
#[x_kube(validation = Rule::new("self.key != 'approval.path' || self.value in ['staged', 'direct']").message("approval.path is staged or direct: write value: \"staged\""))]
#[x_kube(validation = Rule::new("!(self.key in ['approval.fourEyes', 'approval.fourEyes.newApplications']) || self.value in ['on', 'off']").message("approval.fourEyes and approval.fourEyes.newApplications are on or off: write value: \"on\""))]
#[x_kube(validation = Rule::new("self.key != 'approval.fourEyes.cpu' || self.value.matches('^(0|[1-9][0-9]{0,10})$|^(0|[1-9][0-9]{0,13})m$')").message("approval.fourEyes.cpu is whole cores or thousandths: write value: \"64\" or \"500m\""))]
#[x_kube(validation = Rule::new("!(self.key in ['approval.fourEyes.memory', 'approval.fourEyes.storage']) || self.value.matches('^(0|(0|[1-9][0-9]{0,10})M|(0|[1-9][0-9]{0,7})G|(0|[1-9][0-9]{0,4})T|(0|[1-9][0-9]{0,9})Mi|(0|[1-9][0-9]{0,6})Gi|(0|[1-9][0-9]{0,3})Ti)$')").message("approval.fourEyes.memory and approval.fourEyes.storage are whole numbers with one of the units M, G, T, Mi, Gi, Ti: write value: 128G"))]
#[x_kube(validation = Rule::new("self.key != 'workday.cutoff' || self.value.matches('^(1[2-9]|2[0-3]):[0-5][0-9]$')").message("workday.cutoff is a time from 12:00 to 23:59: write value: \"17:30\""))]
#[x_kube(validation = Rule::new("self.key != 'temporary.warnDays' || (self.value.matches('^[1-9][0-9]{0,2}(,[1-9][0-9]{0,2}){0,9}$') && self.value.split(',').all(day, int(day) <= 366))").message("temporary.warnDays are up to ten numbers of days, 1 to 366: write value: \"30,7,1\""))]
#[x_kube(validation = Rule::new("!(self.key in ['automatic.enabled', 'automatic.decreases', 'automatic.cpuMemory', 'automatic.storage']) || self.value in ['on', 'off']").message("automatic.enabled, .decreases, .cpuMemory and .storage are on or off: write value: \"on\""))]
#[x_kube(validation = Rule::new("self.key != 'automatic.evidence' || self.value in ['measured', 'charged']").message("automatic.evidence is measured or charged: write value: \"measured\""))]
#[x_kube(validation = Rule::new("!(self.key in ['automatic.coverage', 'automatic.minUse', 'automatic.maxIncrease', 'automatic.storageUsed']) || self.value.matches('^([1-9][0-9]?|100)$')").message("automatic.coverage, .minUse, .maxIncrease and .storageUsed are 1 to 100 percent: write value: \"35\""))]
#[x_kube(validation = Rule::new("self.key != 'automatic.window' || self.value.matches('^([1-9]|[12][0-9]|30)$')").message("automatic.window is 1 to 30 calendar days: write value: \"14\""))]
#[x_kube(validation = Rule::new("self.key != 'automatic.calm' || (self.value.matches('^(0|[1-9][0-9]{0,2})$') && int(self.value) <= 366)").message("automatic.calm is 0 to 366 calendar days: write value: \"30\""))]
#[x_kube(validation = Rule::new("self.key != 'automatic.smallCpu' || self.value.matches('^(0|[1-9][0-9]{0,10})$|^(0|[1-9][0-9]{0,13})m$')").message("automatic.smallCpu is whole cores or thousandths: write value: \"1\""))]
#[x_kube(validation = Rule::new("!(self.key in ['automatic.smallMemory', 'automatic.smallStorage']) || self.value.matches('^(0|(0|[1-9][0-9]{0,10})M|(0|[1-9][0-9]{0,7})G|(0|[1-9][0-9]{0,4})T|(0|[1-9][0-9]{0,9})Mi|(0|[1-9][0-9]{0,6})Gi|(0|[1-9][0-9]{0,3})Ti)$')").message("automatic.smallMemory and .smallStorage are whole numbers with one of the units M, G, T, Mi, Gi, Ti: write value: 2G"))]
pub struct ProcessValue {
    #[schemars(length(min = 1, max = 60))]
    #[x_kube(validation = Rule::new("self in ['sla.accept', 'sla.opinion', 'sla.testOpen', 'test.period', 'offer.answerWithin', 'offer.maxRounds', 'returned.lapseAfter', 'withdraw.undo', 'approval.path', 'approval.fourEyes', 'approval.fourEyes.newApplications', 'approval.fourEyes.cpu', 'approval.fourEyes.memory', 'approval.fourEyes.storage', 'workday.cutoff', 'temporary.warnDays', 'automatic.enabled', 'automatic.decreases', 'automatic.cpuMemory', 'automatic.storage', 'automatic.evidence', 'automatic.window', 'automatic.coverage', 'automatic.minUse', 'automatic.maxIncrease', 'automatic.smallCpu', 'automatic.smallMemory', 'automatic.smallStorage', 'automatic.storageUsed', 'automatic.calm']").message("key isn't known: kubectl explain cloudpolicy.spec.process lists them"))]
    pub key: String,
    /// A text, also where it is a number: `"3"`.
    #[schemars(length(min = 1, max = 60))]
    pub value: String,
    #[schemars(length(min = 1, max = 300))]
    pub source: String,
    /// The first day on which it counts, as `2026-01-01`. What began before that day keeps its deadline.
    #[schemars(length(max = 10))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)$')").message("effectiveFrom must be a date such as 2026-01-01"))]
    pub effective_from: String,
    /// Who set it, for the record. Empty: as shipped.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 253))]
    pub changed_by: String,
}

#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct CloudPolicyStatus {
    #[serde(default)]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}
