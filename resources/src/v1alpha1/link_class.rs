use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// How often the links of a class are probed, and when they count as lossy, slow or broken, with
/// where the figures come from.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.timeoutMillis <= self.intervalMillis").message("timeoutMillis must not be above intervalMillis"))]
pub struct LinkClass {
    #[schemars(length(min = 1, max = 30))]
    pub name: String,
    /// Time between two probes of a link.
    #[schemars(range(min = 500, max = 300_000))]
    pub interval_millis: i64,
    /// A reply after this is a loss.
    #[schemars(range(min = 50, max = 10_000))]
    pub timeout_millis: i64,
    /// How long a breakage must last to be believed: the shortest outage worth an incident.
    #[schemars(range(min = 1_000, max = 600_000))]
    pub confirm_span_millis: i64,
    /// Further losses within that span that it takes.
    #[schemars(range(min = 1, max = 30))]
    pub confirmations: i32,
    /// The same for a link that lost more than 1.5 % within the last hour.
    #[schemars(range(min = 1, max = 30))]
    pub confirmations_lossy: i32,
    pub loss: LossThresholds,
    /// Round trips above this aren't good time for the error budget.
    #[schemars(range(min = 1, max = 10_000))]
    pub rtt_target_millis: i64,
    /// Availability target in percent, as `"99.9"`.
    #[schemars(length(max = 10))]
    #[x_kube(validation = Rule::new("self.matches('^(100|[0-9]{1,2}([.][0-9]{1,4})?)$')").message("slo is a percentage of 0 to 100 as text: write \"99.9\""))]
    pub slo: String,
    /// Probes a second that the line below a link may carry.
    #[schemars(range(min = 1, max = 20_000))]
    pub uplink_rate: i32,
    #[schemars(length(min = 1, max = 300))]
    pub source: String,
    /// The first day on which it counts, as `2026-01-01`.
    #[schemars(length(max = 10))]
    #[x_kube(validation = Rule::new("self.matches('^([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)$')").message("effectiveFrom must be a date such as 2026-01-01"))]
    pub effective_from: String,
}

/// When a link counts as degraded by loss.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LossThresholds {
    /// Probes in the window that decides on entering.
    #[schemars(range(min = 5, max = 1_000))]
    pub enter_samples: i32,
    /// Entered when the lower bound of the loss (Wilson, z = 3) is above this many percent.
    #[schemars(length(max = 10))]
    #[x_kube(validation = Rule::new("self.matches('^(100|[0-9]{1,2}([.][0-9]{1,4})?)$')").message("is a percentage of 0 to 100 as text: write \"1\" or \"2.5\""))]
    pub enter_above_percent: String,
    /// Probes in the window that decides on leaving.
    #[schemars(range(min = 5, max = 1_000))]
    pub leave_samples: i32,
    /// Left when the plain loss is at most this many percent.
    #[schemars(length(max = 10))]
    #[x_kube(validation = Rule::new("self.matches('^(100|[0-9]{1,2}([.][0-9]{1,4})?)$')").message("is a percentage of 0 to 100 as text: write \"1\" or \"2.5\""))]
    pub leave_at_most_percent: String,
}
