//! What the city has set about the life of its requests, as of one moment.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use resources::policy::Policy;
use resources::v1alpha1::{CloudPolicySpec, Phase, QuotaRequest};
use resources::workday::day_of;
use resources::workflow::{self, FourEyes, Rules};

/// How a request is approved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// Accepted, taken, and decided at one review stage or two.
    #[default]
    Staged,
    /// One decision on what was submitted, which names no stage.
    Direct,
}

/// The rules of the process on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    pub rules: Rules,
    way: Way,
}

const WAY: &str = "approval.path";
const DIRECT: &str = "direct";

impl Process {
    #[must_use]
    pub fn at(spec: Option<&CloudPolicySpec>, now: Timestamp) -> Self {
        let day = day_of(now);
        Self { rules: rules(&Policy::on(spec, day)), way: way(spec, day) }
    }

    /// The way of one request. One without a named step is looked after by an operator that knows
    /// the short way alone; one that is in the middle of the long way goes on there.
    #[must_use]
    pub fn way_of(&self, request: &QuotaRequest) -> Way {
        let on_the_long_way = matches!(
            workflow::phase_of(request),
            Phase::Accepted | Phase::TechReview | Phase::Offered | Phase::Returned | Phase::Testing
        );
        let has_step = request.status.as_ref().is_some_and(|status| status.stage.is_some());
        if on_the_long_way || (has_step && self.way == Way::Staged) { Way::Staged } else { Way::Direct }
    }
}

fn rules(policy: &Policy) -> Rules {
    let four_eyes = policy.four_eyes;
    Rules {
        four_eyes: four_eyes
            .is_on
            .then_some(FourEyes { new_applications: four_eyes.for_new_applications, above: four_eyes.above }),
        offer_rounds: policy.offer_rounds_max,
        undo: SignedDuration::from_secs(policy.withdraw_undo_seconds.into()),
        ..Rules::default()
    }
}

fn way(spec: Option<&CloudPolicySpec>, day: Date) -> Way {
    let values = spec.map(|spec| spec.process.as_slice()).unwrap_or_default();
    let begun = values
        .iter()
        .filter(|value| value.key == WAY && value.effective_from.parse().is_ok_and(|from: Date| from <= day));
    match begun.max_by_key(|value| &value.effective_from) {
        Some(value) if value.value == DIRECT => Way::Direct,
        _ => Way::Staged,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(values: &[(&str, &str, &str)]) -> CloudPolicySpec {
        let process: Vec<_> = values
            .iter()
            .map(|(key, value, from)| {
                serde_json::json!({"key": key, "value": value, "source": "test", "effectiveFrom": from})
            })
            .collect();
        let amounts = serde_json::json!({"cpu": "1", "memory": "1G", "storage": "1T"});
        let applications = serde_json::json!({"nationalProvincial": 0, "municipal": 0, "county": 0});
        serde_json::from_value(serde_json::json!({
            "process": process,
            "cityTotals": {"capacity": amounts, "source": "", "asOf": "2026-01-01", "applications": applications},
        }))
        .unwrap()
    }

    fn request(status: &serde_json::Value) -> QuotaRequest {
        serde_json::from_value(serde_json::json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest", "metadata": {"name": "qr-1"},
            "spec": {
                "requester": "zhang", "type": "Change", "application": "a", "pool": "cec",
                "resources": {"cpu": "8", "memory": "8G", "storage": "1T"}, "justification": "more people come",
            },
            "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn the_way_is_the_policys_from_its_day_on() {
        let now: Timestamp = "2026-11-23T06:00:00Z".parse().unwrap();
        let at = |values: &[_]| Process::at(Some(&policy(values)), now);
        let submitted = request(&serde_json::json!({"phase": "Submitted", "stage": {"name": "Acceptance"}}));
        assert_eq!(Process::at(None, now).way_of(&submitted), Way::Staged);
        assert_eq!(at(&[("approval.path", "direct", "2026-11-23")]).way_of(&submitted), Way::Direct);
        assert_eq!(at(&[("approval.path", "direct", "2026-11-24")]).way_of(&submitted), Way::Staged);
        let back = [("approval.path", "direct", "2026-01-01"), ("approval.path", "staged", "2026-06-01")];
        assert_eq!(at(&back).way_of(&submitted), Way::Staged);
        let direct = at(&[("approval.path", "direct", "2026-01-01")]);
        assert_eq!(direct.way_of(&request(&serde_json::json!({"phase": "Offered"}))), Way::Staged);
        let unnamed = request(&serde_json::json!({"phase": "Submitted"}));
        assert_eq!(Process::at(None, now).way_of(&unnamed), Way::Direct);
    }

    #[test]
    fn the_rules_are_those_of_the_policy() {
        let now: Timestamp = "2026-11-23T06:00:00Z".parse().unwrap();
        assert_eq!(Process::at(None, now).rules, Rules::default());
        let spec = policy(&[
            ("offer.maxRounds", "3", "2026-01-01"),
            ("withdraw.undo", "0", "2026-01-01"),
            ("approval.fourEyes", "off", "2026-01-01"),
        ]);
        let Rules { four_eyes, offer_rounds, undo, .. } = Process::at(Some(&spec), now).rules;
        assert_eq!((four_eyes, offer_rounds, undo), (None, 3, SignedDuration::ZERO));
    }
}
