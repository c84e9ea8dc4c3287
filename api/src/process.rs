//! What the city has set about the life of its requests, as of one moment.

use jiff::Timestamp;
use resources::policy::{ApprovalPath, Policy};
use resources::v1alpha1::CloudPolicySpec;
use resources::workday::day_of;
use resources::workflow::Rules;

/// The rules of the process on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    pub rules: Rules,
    pub path: ApprovalPath,
}

impl Process {
    #[must_use]
    pub fn at(spec: Option<&CloudPolicySpec>, now: Timestamp) -> Self {
        let policy = Policy::on(spec, day_of(now));
        Self { rules: Rules::from(&policy), path: policy.path }
    }
}

#[cfg(test)]
impl Process {
    /// The staged way with the rules as shipped.
    pub fn staged() -> Self {
        Self { path: ApprovalPath::Staged, ..Self::default() }
    }

    /// The short way with the rules as shipped.
    pub fn direct() -> Self {
        Self { path: ApprovalPath::Direct, ..Self::default() }
    }
}
