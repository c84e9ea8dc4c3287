//! Condition types and reasons, and how conditions change.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

pub const READY: &str = "Ready";
pub const OVERCOMMITTED: &str = "Overcommitted";
pub const PHYSICAL_SHORTFALL: &str = "PhysicalShortfall";
pub const CLUSTER_REACHABLE: &str = "ClusterReachable";
pub const LEDGER_CONSISTENT: &str = "LedgerConsistent";

/// Reasons why a pool takes back and gives nothing out. Its conditions, refusals and previews name
/// them alike.
pub const CLUSTER_UNREACHABLE: &str = "ClusterUnreachable";
/// It isn't reached, and two people have declared it lost.
pub const FENCED_OFF: &str = "FencedOff";
pub const CLUSTER_CHANGED: &str = "ClusterChanged";
pub const LEDGER_BEHIND_QUOTAS: &str = "LedgerBehindQuotas";
/// Quotas of the pool allow more than its ledger grants.
pub const QUOTAS_ABOVE_LEDGER: &str = "QuotasAboveLedger";
pub const OVER_CEILING: &str = "OverCeiling";
pub const REACHABLE: &str = "Reachable";
pub const GRANTED: &str = "Granted";
pub const ENFORCED: &str = "Enforced";
pub const DRAINING: &str = "Draining";
pub const WITHIN_GRANT: &str = "WithinGrant";
pub const EXPIRED: &str = "Expired";
pub const OVERDUE: &str = "Overdue";
/// A grant with an end has been warned of it, or its end has come.
pub const ENDING: &str = "Ending";
pub const CAPACITY_HELD: &str = "CapacityHeld";
pub const CONTRACT_MATCHES: &str = "ContractMatches";
pub const EXPRESSIONS_VALID: &str = "ExpressionsValid";

/// What a condition says: the parts that its author decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    pub type_: &'static str,
    pub status: bool,
    /// One word in CamelCase, promised to scripts.
    pub reason: &'static str,
    /// A sentence for people.
    pub message: String,
}

impl Saying {
    #[must_use]
    pub fn yes(type_: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self { type_, status: true, reason, message: message.into() }
    }

    #[must_use]
    pub fn no(type_: &'static str, reason: &'static str, message: impl Into<String>) -> Self {
        Self { type_, status: false, reason, message: message.into() }
    }
}

/// Messages are cut at this length: what holds a drain may be thousands of pods.
const MESSAGE_MAX: usize = 1024;

/// The conditions as they are after `sayings`. The time of transition is kept where the status
/// hasn't changed, so that writing the same twice is writing nothing.
#[must_use]
pub fn conditions(before: &[Condition], sayings: Vec<Saying>, generation: i64, now: Timestamp) -> Vec<Condition> {
    sayings.into_iter().map(|saying| condition(before, saying, generation, now)).collect()
}

fn condition(before: &[Condition], saying: Saying, generation: i64, now: Timestamp) -> Condition {
    let Saying { type_, status, reason, message } = saying;
    let status = if status { "True" } else { "False" };
    let since = before
        .iter()
        .find(|earlier| earlier.type_ == type_ && earlier.status == status)
        .map_or_else(|| Time(whole_seconds(now)), |earlier| earlier.last_transition_time.clone());
    Condition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        message: shortened(message),
        observed_generation: Some(generation),
        last_transition_time: since,
    }
}

/// Kubernetes keeps times of conditions in whole seconds: a finer one would differ on each read.
fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn shortened(message: String) -> String {
    match message.char_indices().nth(MESSAGE_MAX) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message,
    }
}

/// The condition of that type, if it is there.
#[must_use]
pub fn find<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == type_)
}

#[must_use]
pub fn is_true(conditions: &[Condition], type_: &str) -> bool {
    find(conditions, type_).is_some_and(|condition| condition.status == "True")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_transition_moves_with_the_status_alone() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let first = conditions(&[], vec![Saying::no(READY, "Waiting", "one")], 1, at(100));
        let same = conditions(&first, vec![Saying::no(READY, "Waiting", "two")], 2, at(200));
        assert_eq!(same[0].last_transition_time.0, at(100));
        assert_eq!((same[0].message.as_str(), same[0].observed_generation), ("two", Some(2)));
        let turned = conditions(&same, vec![Saying::yes(READY, "Done", "three")], 2, at(300));
        assert_eq!(turned[0].last_transition_time.0, at(300));
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let cut = conditions(&[], vec![Saying::yes(READY, "Long", "核".repeat(5_000))], 1, Timestamp::UNIX_EPOCH);
        assert_eq!(cut[0].message.chars().count(), MESSAGE_MAX + 1);
    }
}
