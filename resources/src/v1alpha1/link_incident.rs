use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, MicroTime};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One breakage of the extranet: opened once, resolved once, naming the highest broken link.
#[derive(CustomResource, Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "yunheng.io",
    version = "v1alpha1",
    kind = "LinkIncident",
    plural = "linkincidents",
    shortname = "incident",
    shortname = "incidents",
    category = "yunheng",
    status = "LinkIncidentStatus",
    derive = "PartialEq",
    cel,
    doc = "One breakage of the extranet: opened once, resolved once, naming the highest broken link. The operator opens it; people acknowledge it.",
    printcolumn(name = "Root", type_ = "string", json_path = ".spec.root"),
    printcolumn(name = "State", type_ = "string", json_path = ".status.state"),
    printcolumn(name = "Cause", type_ = "string", json_path = ".spec.cause"),
    printcolumn(name = "Started", type_ = "date", json_path = ".spec.startedAt"),
    printcolumn(name = "Ended", type_ = "date", json_path = ".status.endedAt"),
    printcolumn(name = "Links", type_ = "integer", json_path = ".status.affected.total"),
    printcolumn(name = "Acknowledged", type_ = "string", json_path = ".spec.acknowledgedBy"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
pub struct LinkIncidentSpec {
    /// The highest broken link, or `city-core`.
    #[schemars(length(min = 1, max = 63))]
    pub root: String,
    /// When the root's first lost probe was sent.
    pub started_at: MicroTime,
    /// Why it was opened.
    #[serde(default)]
    pub cause: IncidentCause,
    /// Further roots that share it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500), inner(length(max = 63)))]
    pub other_roots: Vec<String>,
    /// With cause FollowUp: the incident whose recovery these links have outlasted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub after: Option<String>,
    /// Who has taken notice: your own user name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 253))]
    pub acknowledged_by: String,
    /// What is being done about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 2000))]
    pub note: String,
}

/// Why an incident was opened.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IncidentCause {
    /// The root was confirmed down.
    #[default]
    RootDown,
    /// The root never answers; so many below it were lost that it must be the root.
    InferredFromChildren,
    /// Two siblings below a link that never answers, too few to tell.
    SharedParentSuspected,
    /// Still lost after a root above has recovered.
    FollowUp,
    /// Still down when its maintenance should have been over.
    MaintenanceOverrun,
}

#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IncidentState {
    #[default]
    Open,
    Resolved,
}

#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct LinkIncidentStatus {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<IncidentState>,
    /// Backdated to the first answer of the last root that recovered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<MicroTime>,
    /// Links that it ever hit, by level; the roots included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affected: Option<AffectedLinks>,
    /// How often it was down: more than one if it came back within 10 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episodes: Option<i64>,
    /// Names of the links it hit, the first 500.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub links: Vec<String>,
    /// What was told to people, the latest 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub notices: Vec<IncidentNotice>,
    #[serde(default)]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

/// How many links of each level.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AffectedLinks {
    #[serde(default)]
    pub interconnect: i64,
    #[serde(default)]
    pub provider: i64,
    #[serde(default)]
    pub county: i64,
    #[serde(default)]
    pub township: i64,
    #[serde(default)]
    pub village: i64,
    #[serde(default)]
    pub total: i64,
}

/// One notice. Told once.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct IncidentNotice {
    /// Opened, Resolved, FlappingStarted, FlappingEnded or MaintenanceOverrun.
    #[schemars(length(max = 40))]
    pub kind: String,
    pub at: MicroTime,
}
