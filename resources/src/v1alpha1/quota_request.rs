use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::application::{ApplicationSpec, Hosting, Zone};
use super::request_status::QuotaRequestStatus;
use super::{Contact, Tier};
use crate::amounts::Resources;

/// What a department asks for: the amounts an application shall have afterwards.
#[derive(CustomResource, Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "yunheng.io",
    version = "v1alpha1",
    kind = "QuotaRequest",
    plural = "quotarequests",
    shortname = "qr",
    category = "yunheng",
    namespaced,
    status = "QuotaRequestStatus",
    derive = "PartialEq",
    cel,
    doc = "What a department asks for: the amounts an application shall have afterwards.",
    validation = Rule::new("self.spec == oldSelf.spec || (has(oldSelf.status) && has(oldSelf.status.phase) && oldSelf.status.phase == 'Returned')").message("spec can't change while the request is in review: withdraw it and ask anew"),
    printcolumn(name = "Type", type_ = "string", json_path = ".spec.type"),
    printcolumn(name = "Application", type_ = "string", json_path = ".spec.application"),
    printcolumn(name = "Pool", type_ = "string", json_path = ".spec.pool"),
    printcolumn(name = "CPU", type_ = "string", json_path = ".spec.resources.cpu"),
    printcolumn(name = "Memory", type_ = "string", json_path = ".spec.resources.memory"),
    printcolumn(name = "Storage", type_ = "string", json_path = ".spec.resources.storage"),
    printcolumn(name = "Phase", type_ = "string", json_path = ".status.phase"),
    printcolumn(name = "Due", type_ = "string", json_path = ".status.stage.dueAt"),
    printcolumn(name = "Requester", type_ = "string", json_path = ".spec.requester"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[x_kube(validation = Rule::new("self.type == 'New' || !has(self.newApplication)").message("spec.newApplication goes with type New only"))]
#[x_kube(validation = Rule::new("self.type == 'Release' || !(self.resources.cpu.matches('^0m?$') && self.resources.memory.matches('^0[A-Za-z]*$') && self.resources.storage.matches('^0[A-Za-z]*$'))").message("spec.resources are all zero: only a Release asks for nothing"))]
#[x_kube(validation = Rule::new("self.type != 'Release' || (self.resources.cpu.matches('^0m?$') && self.resources.memory.matches('^0[A-Za-z]*$') && self.resources.storage.matches('^0[A-Za-z]*$'))").message("a Release gives everything back: write 0 for each of spec.resources"))]
#[x_kube(validation = Rule::new("!has(self.moveFrom) || self.type == 'Change'").message("spec.moveFrom goes with type Change only"))]
#[x_kube(validation = Rule::new("!has(self.moveFrom) || self.moveFrom != self.pool").message("spec.moveFrom is spec.pool: name the pool that the application leaves"))]
#[x_kube(validation = Rule::new("!has(self.period) || !has(self.period.end) || self.period.end >= self.period.start").message("spec.period.end must not be before spec.period.start"))]
pub struct QuotaRequestSpec {
    /// Who asks: the caller's own user name.
    #[schemars(length(min = 1, max = 253))]
    pub requester: String,
    /// 新增 New, 变更 Change, 续期 Renew, 注销 Release.
    #[serde(rename = "type")]
    pub type_: RequestType,
    /// The application, in the same namespace.
    #[schemars(length(min = 1, max = 59))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')").message("must be an application's name: at most 59 lower-case letters, digits and dashes"))]
    pub application: String,
    /// With type New: the application to make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_application: Option<NewApplication>,
    /// The pool it shall come from.
    #[schemars(length(min = 1, max = 58))]
    pub pool: String,
    /// With type Change: the pool that the application leaves. What it has there is given back as soon
    /// as what it asks for in `pool` is in force; until then it has both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 58))]
    pub move_from: Option<String>,
    /// What the application shall have afterwards, not the difference.
    pub resources: Resources,
    /// For how long. Without an end it is permanent. A Change with an end is a temporary grant: after
    /// its last day the application returns to what it had before. What ends otherwise keeps its size
    /// until an approver renews it or takes it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// Why it is needed.
    #[schemars(length(min = 10, max = 2000))]
    pub justification: String,
    #[serde(default)]
    pub basis: Basis,
    /// Further lines of the form, for people. Only pool and resources are granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub details: Vec<RequestDetail>,
}

#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestType {
    New,
    Change,
    Renew,
    Release,
}

/// The application that a New request brings about.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct NewApplication {
    #[schemars(length(min = 1, max = 100))]
    pub display_name: String,
    pub tier: Tier,
    #[serde(default)]
    pub hosting: Hosting,
    #[serde(default)]
    pub zone: Zone,
    /// 等保 grade, 1 to 3.
    #[schemars(range(min = 1, max = 5))]
    #[x_kube(validation = Rule::new("self <= 3").message("grade 4 and above must not be on this cloud: securityGrade is 1, 2 or 3"))]
    pub security_grade: i32,
    #[serde(default)]
    pub domestic_it: bool,
    #[serde(default)]
    pub key_event: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 1000))]
    pub description: String,
    #[serde(default)]
    pub contact: Contact,
}

impl From<NewApplication> for ApplicationSpec {
    fn from(new: NewApplication) -> Self {
        let NewApplication {
            display_name,
            tier,
            hosting,
            zone,
            security_grade,
            domestic_it,
            key_event,
            description,
            contact,
        } = new;
        Self {
            display_name,
            tier,
            hosting,
            zone,
            security_grade,
            domestic_it,
            key_event,
            sample: false,
            sample_quota: false,
            description,
            facts: Vec::new(),
            contact,
            depends_on: super::DependsOn::default(),
        }
    }
}

/// First and last day.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Period {
    #[schemars(length(max = 10))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)$')").message("must be a date such as 2026-12-01"))]
    pub start: String,
    /// The last day included; absent = permanent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)$')").message("must be a date such as 2027-11-30"))]
    pub end: Option<String>,
}

/// What the amounts are reckoned from.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Basis {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub users: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub concurrency: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub data_volume: Option<String>,
    /// 立项批复文号.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub approval_number: Option<String>,
    /// 资金来源.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub funding: Option<String>,
}

/// A further line of the form.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RequestDetail {
    #[schemars(length(min = 1, max = 100))]
    pub label: String,
    #[schemars(length(max = 1000))]
    pub value: String,
}
