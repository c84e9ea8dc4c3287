//! Link classes: how often a link is probed, and when it counts as lossy, slow or broken.

use crate::model::{Level, Span};

/// Samples sent beyond the first lost one before a breakage is believed.
const CONFIRMATIONS: u32 = 4;
/// The same for a link that has lost more than [`Class::LOSSY`] within the last hour: independent
/// loss of 5 % would otherwise make 418 false outages a month in a city of 2,402 links.
const CONFIRMATIONS_LOSSY: u32 = 7;

/// One row of the loss rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossRule {
    /// Samples in the window that decides on entering.
    pub enter_samples: u32,
    /// Entered when the lower Wilson bound (z = 3) of the loss ratio is above this. 0 to 1.
    pub enter_above: f64,
    /// Samples in the window that decides on leaving.
    pub leave_samples: u32,
    /// Left when the plain ratio is at most this. 0 to 1.
    pub leave_at_most: f64,
}

/// The settings of a class of links.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Class {
    /// Time between two probes of a link: 500 ms to 300 s.
    pub interval: Span,
    /// A reply after this is a loss: 50 ms to 10 s, never above the interval.
    pub timeout: Span,
    /// How long a breakage must last to be believed: the shortest outage worth an incident.
    pub confirm_span: Span,
    pub confirmations: u32,
    pub confirmations_lossy: u32,
    pub loss: LossRule,
    /// Round trips above this aren't good time for the error budget.
    pub rtt_target: Span,
    /// Share of time that the link shall be available: 0 to 1, e.g. 0.999.
    pub slo: f64,
    /// Probes per second that the line below this link may carry.
    pub uplink_rate: u32,
}

impl Class {
    /// Loss over the last hour above which a link needs more confirmations.
    pub const LOSSY: f64 = 0.015;

    /// The city's settings for a level, until its policy says otherwise.
    #[must_use]
    pub const fn of(level: Level) -> Self {
        let second = LossRule { enter_samples: 60, enter_above: 0.01, leave_samples: 170, leave_at_most: 0.005 };
        let township = LossRule { enter_samples: 30, enter_above: 0.02, leave_samples: 85, leave_at_most: 0.01 };
        let village = LossRule { enter_samples: 40, enter_above: 0.05, leave_samples: 80, leave_at_most: 0.025 };
        let (interval, loss, rtt_target, slo, uplink_rate) = match level {
            Level::Interconnect | Level::Provider => (1, second, 50, 0.9995, 400),
            Level::County => (1, second, 100, 0.999, 400),
            Level::Township => (2, township, 200, 0.995, 60),
            Level::Village => (5, village, 200, 0.99, 60),
        };
        Self {
            interval: Span::secs(interval),
            timeout: Span::secs(1),
            confirm_span: Span::secs(8),
            confirmations: CONFIRMATIONS,
            confirmations_lossy: CONFIRMATIONS_LOSSY,
            loss,
            rtt_target: Span::millis(rtt_target),
            slo,
            uplink_rate,
        }
    }

    /// How long a sample speaks for its link: three nominal intervals.
    #[must_use]
    pub const fn validity(&self) -> Span {
        self.interval.times(3)
    }

    /// Time between two probes while a suspicion is checked with `confirmations` further samples.
    #[must_use]
    pub fn pace(&self, confirmations: u32) -> Span {
        self.interval.min(self.confirm_span.part(i64::from(confirmations.max(1))))
    }

    /// From the first lost sample to the decision.
    #[must_use]
    pub fn decision_after(&self) -> Span {
        self.confirm_span + self.timeout
    }
}
