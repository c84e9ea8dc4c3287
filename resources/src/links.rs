//! What the conditions of links, incidents, windows and vantages are called. Promised to scripts.

/// Condition types of a link, in the order they are shown.
pub const PROBED: &str = "Probed";
pub const UP: &str = "Up";
pub const DEGRADED: &str = "Degraded";
/// Only where there are two uplinks.
pub const REDUNDANT: &str = "Redundant";
pub const FLAPPING: &str = "Flapping";
pub const IN_MAINTENANCE: &str = "InMaintenance";

/// Condition types of a maintenance window.
pub const APPROVED: &str = "Approved";
pub const ACTIVE: &str = "Active";
pub const OVERRUN: &str = "Overrun";

/// Condition type of an incident: its roots answer again, and it may still come back.
pub const RECOVERING: &str = "Recovering";

/// Condition types of a vantage.
pub const BLIND: &str = "Blind";
pub const ICMP_AVAILABLE: &str = "IcmpAvailable";
pub const PROBE_RATE_LIMITED: &str = "ProbeRateLimited";
pub const RECEIVE_OVERFLOW: &str = "ReceiveOverflow";

/// Reasons of conditions.
pub mod reason {
    pub const MEASURED: &str = "Measured";
    pub const ICMP: &str = "Icmp";
    pub const TCP: &str = "Tcp";
    pub const TARGET_SILENT: &str = "TargetSilent";
    pub const NEVER_ANSWERED: &str = "NeverAnswered";
    pub const NO_ICMP_PERMISSION: &str = "NoIcmpPermission";
    pub const VANTAGE_BLIND: &str = "VantageBlind";
    pub const PAUSED: &str = "Paused";
    pub const TOPOLOGY_INVALID: &str = "TopologyInvalid";
    pub const UPLINK_MISSING: &str = "UplinkMissing";
    pub const ANSWERING: &str = "Answering";
    pub const INFERRED_FROM_CHILDREN: &str = "InferredFromChildren";
    pub const CONFIRMING: &str = "Confirming";
    pub const CONFIRMED_LOST: &str = "ConfirmedLost";
    pub const HELD: &str = "Held";
    pub const NO_VALID_SAMPLE: &str = "NoValidSample";
    pub const WITHIN_BOUNDS: &str = "WithinBounds";
    pub const LOSS_HIGH: &str = "LossHigh";
    pub const PATH_UP: &str = "PathUp";
    pub const ANCESTOR_DOWN: &str = "AncestorDown";
    pub const ALL_UPLINKS_DOWN: &str = "AllUplinksDown";
    pub const ANCESTOR_UNKNOWN: &str = "AncestorUnknown";
    pub const BOTH_UPLINKS_UP: &str = "BothUplinksUp";
    pub const UPLINK_LOST: &str = "UplinkLost";
    pub const STABLE: &str = "Stable";
    pub const PENALTY_HIGH: &str = "PenaltyHigh";
    pub const WINDOW_ACTIVE: &str = "WindowActive";
    pub const NO_WINDOW: &str = "NoWindow";
    pub const APPROVED_LATE: &str = "ApprovedLate";
    pub const OVERRUN: &str = "Overrun";
}
