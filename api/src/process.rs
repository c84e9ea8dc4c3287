//! What the city has set about the life of its requests, as of one moment.

use jiff::Timestamp;
use resources::policy::{ApprovalPath, Policy};
use resources::v1alpha1::{CloudPolicySpec, Phase};
use resources::workday::day_of;
use resources::workflow::Rules;

/// The rules of the process on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    pub rules: Rules,
    path: ApprovalPath,
}

impl Process {
    #[must_use]
    pub fn at(spec: Option<&CloudPolicySpec>, now: Timestamp) -> Self {
        let policy = Policy::on(spec, day_of(now));
        Self { rules: Rules::from(&policy), path: policy.path }
    }

    /// The way that a request in this phase goes on. What has begun on the staged way ends on it.
    #[must_use]
    pub const fn way_from(&self, phase: Phase) -> ApprovalPath {
        match (self.path, phase) {
            (ApprovalPath::Staged, _) | (_, Phase::Accepted | Phase::TechReview | Phase::Offered | Phase::Returned) => {
                ApprovalPath::Staged
            }
            (ApprovalPath::Direct, _) => ApprovalPath::Direct,
        }
    }
}

#[cfg(test)]
impl Process {
    /// The staged way with the rules as shipped.
    pub fn staged() -> Self {
        Self { path: ApprovalPath::Staged, ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_begun_on_the_staged_way_ends_on_it() {
        let direct = Process::at(None, Timestamp::UNIX_EPOCH);
        for phase in Phase::ALL {
            assert_eq!(Process::staged().way_from(phase), ApprovalPath::Staged, "{phase:?}");
            let begun = matches!(phase, Phase::Accepted | Phase::TechReview | Phase::Offered | Phase::Returned);
            let expected = if begun { ApprovalPath::Staged } else { ApprovalPath::Direct };
            assert_eq!(direct.way_from(phase), expected, "{phase:?}");
        }
    }
}
