use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, MicroTime, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One link of the e-government extranet (电子政务外网), represented by its far end.
#[derive(CustomResource, Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
#[kube(
    group = "yunheng.io",
    version = "v1alpha1",
    kind = "ExtranetLink",
    plural = "extranetlinks",
    shortname = "xlink",
    category = "yunheng",
    status = "ExtranetLinkStatus",
    derive = "PartialEq",
    cel,
    doc = "One link of the e-government extranet, represented by its far end. The operator probes it and says what it is.",
    validation = Rule::new("self.metadata.name != 'city-core'").message("city-core is reserved: it stands above all first-level links and has no object"),
    validation = Rule::new("!self.spec.uplinks.exists(uplink, uplink == self.metadata.name)").message("spec.uplinks must not name the link itself"),
    printcolumn(name = "Level", type_ = "string", json_path = ".spec.level"),
    printcolumn(name = "State", type_ = "string", json_path = ".status.state"),
    printcolumn(name = "Since", type_ = "date", json_path = ".status.since"),
    printcolumn(name = "RTT", type_ = "string", json_path = ".status.rttMillis.p50", description = "median round trip in milliseconds"),
    printcolumn(name = "Loss", type_ = "string", json_path = ".status.lossPercent", description = "percent of recent probes"),
    printcolumn(name = "Month %", type_ = "string", json_path = ".status.availability.percent", description = "availability of the month so far"),
    printcolumn(name = "Root cause", type_ = "string", json_path = ".status.rootCause", priority = 1),
    printcolumn(name = "Uplinks", type_ = "string", json_path = ".spec.uplinks", priority = 1),
    printcolumn(name = "Address", type_ = "string", json_path = ".spec.probe.icmp.address", priority = 1),
    printcolumn(name = "Carrier", type_ = "string", json_path = ".spec.carrier", priority = 1),
    printcolumn(name = "Coverage", type_ = "string", json_path = ".status.availability.coveragePercent", description = "percent of the month that was seen", priority = 1),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
pub struct ExtranetLinkSpec {
    /// Name for people, such as 孝南区.
    #[schemars(length(min = 1, max = 100))]
    pub display_name: String,
    /// What the link connects.
    pub level: LinkLevel,
    /// Code of the administrative division at the far end, such as 420902.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 12))]
    #[x_kube(validation = Rule::new("self.matches('^[0-9]*$')").message("must be the digits of a division code, such as 420902"))]
    pub division: String,
    /// Names of the links above it, at most two; two are redundant. Empty is the same as
    /// `city-core`, the reserved name above all first-level links.
    #[serde(default)]
    #[schemars(length(max = 2), inner(length(min = 1, max = 63)))]
    pub uplinks: Vec<String>,
    /// How it is probed: exactly one of icmp, tcp and none.
    pub probe: LinkProbe,
    /// A class of CloudPolicy `default`: interval, thresholds, availability target. Where the policy
    /// has no such class, the product's setting for the level counts.
    #[schemars(length(min = 1, max = 30))]
    pub class: String,
    /// Who provides the line, such as 电信.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 60))]
    pub carrier: String,
    /// Contracted bandwidth in Mbit/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub bandwidth_mbps: Option<i64>,
    /// Whether the line carries IPv6.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ipv6: bool,
    /// Accounting begins at the later of this and the first answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_service_since: Option<Time>,
    /// Somebody has ordered not to probe it; its time is unknown meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<LinkPause>,
    /// Sample data, such as an address that isn't the real one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sample: bool,
}

/// What a link connects.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkLevel {
    /// The provincial cloud and the provincial extranet.
    Interconnect,
    /// The site of a cloud provider.
    Provider,
    /// City core to county or district.
    County,
    /// County to township.
    Township,
    /// Township to village.
    Village,
}

impl LinkLevel {
    /// From the city core outwards.
    pub const ALL: [Self; 5] = [Self::Interconnect, Self::Provider, Self::County, Self::Township, Self::Village];

    /// The name as it is written in objects.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interconnect => "Interconnect",
            Self::Provider => "Provider",
            Self::County => "County",
            Self::Township => "Township",
            Self::Village => "Village",
        }
    }
}

/// How a link is probed. Addresses are literals: a name would turn a fault of DNS into an outage.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("[has(self.icmp), has(self.tcp), has(self.none)].filter(one, one).size() == 1").message("name exactly one of icmp, tcp and none"))]
pub struct LinkProbe {
    /// An ICMP echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icmp: Option<IcmpProbe>,
    /// A TCP connect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<TcpProbe>,
    /// It never answers by policy: its state is inferred from what hangs below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub none: Option<NoProbe>,
}

#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct IcmpProbe {
    /// An IPv4 or IPv6 address.
    #[schemars(length(min = 2, max = 45))]
    #[x_kube(validation = Rule::new("isIP(self)").message("must be an IP address such as 10.42.9.1: names aren't probed"))]
    pub address: String,
    /// A reply after this is a loss. Default: the class's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 50, max = 10_000))]
    pub timeout_millis: Option<i64>,
}

#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TcpProbe {
    /// An IPv4 or IPv6 address.
    #[schemars(length(min = 2, max = 45))]
    #[x_kube(validation = Rule::new("isIP(self)").message("must be an IP address such as 10.42.9.1: names aren't probed"))]
    pub address: String,
    #[schemars(range(min = 1, max = 65_535))]
    pub port: i32,
    /// `Open`: the port must be open. `Reachable`: a refusal is an answer too.
    #[serde(default)]
    pub expect: TcpExpect,
    /// An answer after this is a loss. Default: the class's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 50, max = 10_000))]
    pub timeout_millis: Option<i64>,
}

/// What a TCP probe takes for an answer.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TcpExpect {
    #[default]
    Open,
    Reachable,
}

/// It isn't probed. Has no settings.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoProbe {}

/// An order not to probe a link.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct LinkPause {
    /// Who ordered it: your own user name.
    #[schemars(length(min = 1, max = 253))]
    pub by: String,
    #[schemars(length(min = 2, max = 500))]
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
}

/// What a link is.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkState {
    /// Answers, or is inferred from below.
    Up,
    /// Answers, but too much is lost; or only what is below it answers.
    Degraded,
    /// Confirmed broken, and the root of the breakage.
    Down,
    /// Confirmed lost because of a link above it.
    Unreachable,
    /// Nothing valid was seen: never up, never down.
    #[default]
    Unknown,
    /// Inside a maintenance window that was approved before it began.
    Maintenance,
}

impl LinkState {
    pub const ALL: [Self; 6] =
        [Self::Up, Self::Degraded, Self::Down, Self::Unreachable, Self::Unknown, Self::Maintenance];

    /// The name as it is written in objects.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Up => "Up",
            Self::Degraded => "Degraded",
            Self::Down => "Down",
            Self::Unreachable => "Unreachable",
            Self::Unknown => "Unknown",
            Self::Maintenance => "Maintenance",
        }
    }
}

#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ExtranetLinkStatus {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<LinkState>,
    /// Since when, backdated to the first lost or first answered probe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<MicroTime>,
    /// When Unreachable: the highest broken link above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_cause: Option<String>,
    /// All of them where there are two uplinks, the one that broke last first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub root_causes: Vec<String>,
    /// The LinkIncident that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// When it answered for the first time; accounting begins then, or on the day of service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_answer_time: Option<MicroTime>,
    /// The instant of the figures below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<MicroTime>,
    /// Round trips of the latest 60 answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_millis: Option<RoundTripMillis>,
    /// Percent of the probes in the class's window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_percent: Option<String>,
    /// Running jitter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_millis: Option<String>,
    /// Routers on the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hops: Option<i32>,
    /// The month so far. Absent before the first answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<LinkAvailability>,
    #[serde(default)]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,
}

/// Milliseconds as decimal numbers.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct RoundTripMillis {
    pub p50: String,
    pub p95: String,
}

/// Where the time of a month went. Percentages are truncated; one of no time is absent.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LinkAvailability {
    /// A month of UTC+8, as `2026-11`.
    pub month: String,
    /// End to end: unreachable isn't available. Maintenance and unknown time leave both sides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<String>,
    /// Without the time a link above it was broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_percent: Option<String>,
    /// How much of the month was seen, maintenance aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage_percent: Option<String>,
    /// If all unknown time had been bad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst: Option<String>,
    /// If all unknown time had been good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<String>,
    /// The six durations, which add up to the month so far.
    #[serde(default)]
    pub micros: LinkDurations,
}

/// Microseconds of a month by what they count as.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LinkDurations {
    pub up: i64,
    pub degraded: i64,
    pub down: i64,
    pub unreachable: i64,
    pub maintenance: i64,
    pub unknown: i64,
}
