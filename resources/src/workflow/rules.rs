//! What a city may set about the life of its requests.

use jiff::SignedDuration;
use ledger::Bundle;

use super::standing::Standing;
use crate::policy::{FourEyes as FourEyesPolicy, Policy};
use crate::v1alpha1::RequestType;

/// The policy's values that a transition depends on. Deadlines aren't among them: they come as
/// instants, with what was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// `approval.fourEyes`; `None`: one review stage is enough for all.
    pub four_eyes: Option<FourEyes>,
    /// `offer.maxRounds`
    pub offer_rounds: u32,
    /// `withdraw.undo`
    pub undo: SignedDuration,
    /// Characters of a reason that is needed.
    pub reason_min: usize,
    pub reason_max: usize,
    /// Whether a new application begins with a test. Without, all is opened at once.
    pub testing: bool,
}

/// What needs a second review stage, by a second person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FourEyes {
    /// All new applications.
    pub new_applications: bool,
    /// Every increase of more than this, of any resource.
    pub above: Bundle,
}

impl Default for Rules {
    fn default() -> Self {
        // 64 cores, 128 G, 10 T
        let above = Bundle::new(64_000, 128_000_000_000, 10_000_000_000_000);
        Self {
            four_eyes: Some(FourEyes { new_applications: true, above }),
            offer_rounds: 2,
            undo: SignedDuration::from_secs(60),
            reason_min: 10,
            reason_max: 2000,
            testing: true,
        }
    }
}

impl From<&Policy> for Rules {
    fn from(policy: &Policy) -> Self {
        let FourEyesPolicy { is_on, for_new_applications, above } = policy.four_eyes;
        Self {
            four_eyes: is_on.then_some(FourEyes { new_applications: for_new_applications, above }),
            offer_rounds: policy.offer_rounds_max,
            undo: SignedDuration::from_secs(i64::from(policy.withdraw_undo_seconds)),
            // Nothing opens a part of a grant for a test yet: all of it is opened at once.
            testing: false,
            ..Self::default()
        }
    }
}

impl Rules {
    /// Whether the request needs review stage 2. Asked anew each time: a correction may bring it
    /// above the threshold.
    #[must_use]
    pub fn needs_four_eyes(&self, standing: &Standing) -> bool {
        self.four_eyes.is_some_and(|four_eyes| {
            let is_new = standing.kind == RequestType::New && four_eyes.new_applications;
            is_new || !standing.growth().fits_within(four_eyes.above)
        })
    }

    /// Whether what is opened first is a test.
    #[must_use]
    pub fn needs_test(&self, standing: &Standing) -> bool {
        self.testing && standing.kind == RequestType::New
    }

    /// A reason is text, not blanks.
    #[must_use]
    pub fn is_reason(&self, reason: Option<&str>) -> bool {
        let length = reason.map_or(0, |reason| reason.trim().chars().count());
        (self.reason_min..=self.reason_max).contains(&length)
    }
}
