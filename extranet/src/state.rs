//! What a link is, why, and what follows from a change.

use crate::hops::PathChange;
use crate::incident::IncidentEffect;
use crate::model::{LinkIx, Stamp};
use crate::partition::Availability;
use crate::schedule::Pace;
use crate::vantage::Sight;

/// The state of a link. Flapping and maintenance stand beside it and never replace it; a suspicion
/// leaves it as it is until it is decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// No valid sample, or never answered yet.
    #[default]
    Unknown,
    /// Answers, or is inferred from below.
    Up,
    /// Answers, but too much is lost; or only what is below it answers.
    Degraded,
    /// Confirmed broken, and the root of the breakage.
    Down,
    /// Confirmed lost because of an ancestor.
    Unreachable,
}

impl State {
    /// What its time counts as.
    #[must_use]
    pub const fn availability(self) -> Availability {
        match self {
            Self::Unknown => Availability::Unknown,
            Self::Up => Availability::Up,
            Self::Degraded => Availability::Degraded,
            Self::Down => Availability::Down,
            Self::Unreachable => Availability::Unreachable,
        }
    }

    /// Down or unreachable.
    #[must_use]
    pub const fn is_lost(self) -> bool {
        matches!(self, Self::Down | Self::Unreachable)
    }
}

/// Why a link is in its state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// It has not answered once since it came into service.
    #[default]
    NeverAnswered,
    /// Nothing valid was seen for three intervals.
    NoValidSample,
    /// The prober itself doesn't see.
    VantageBlind,
    /// The prober may not open a socket.
    NoIcmpPermission,
    /// It was lost, and nothing is known of its nearest ancestor since.
    AncestorUnknown,
    /// Somebody has ordered not to probe it.
    Paused,
    Answering,
    /// It never answers, and something below it does.
    InferredFromChildren,
    LossHigh,
    /// It doesn't answer, but something below it does, which proves that it forwards.
    TargetSilent,
    ConfirmedLost,
    AncestorDown,
    /// Both of its parents are lost.
    AllUplinksDown,
}

/// What the caller has to carry out, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A link changed. `since` is backdated to the first lost or first answered sample; `roots` are
    /// those to blame, the one that broke last first.
    SetState {
        link: LinkIx,
        state: State,
        reason: Reason,
        since: Stamp,
        roots: Vec<LinkIx>,
    },
    Incident(IncidentEffect),
    /// The scheduler shall sample a link faster.
    FastPace(Pace),
    /// The scheduler shall go back to the steady pace.
    SteadyPace(LinkIx),
    /// The prober lost its sight or regained it.
    Sight(Sight),
    /// A link with two uplinks lost one (or none any more).
    Redundancy {
        link: LinkIx,
        lost: Option<LinkIx>,
    },
    /// The way to a link has another number of hops.
    PathChanged {
        link: LinkIx,
        at: Stamp,
        change: PathChange,
    },
    /// A link answered for the first time; its accounting begins.
    FirstAnswer {
        link: LinkIx,
        at: Stamp,
    },
    Flapping {
        link: LinkIx,
        begins: bool,
        at: Stamp,
    },
}
