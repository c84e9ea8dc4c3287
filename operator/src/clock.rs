//! The only place of the operator that reads the clock.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How long something under a moved clock waits at most before it looks again.
const MOVED_LOOK: Duration = Duration::from_secs(1);

/// Where the time comes from: the system, or in tests of rules about time a fixed instant or a clock
/// that is moved. Whoever starts the operator says which; the shipped program has no flag for it.
#[derive(Clone, Copy, Debug, Default)]
pub enum Clock {
    #[default]
    System,
    Fixed(Timestamp),
    /// So many seconds ahead of the system. The number may change while the operator runs.
    Moved(&'static AtomicI64),
}

impl Clock {
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn now(self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Fixed(at) => at,
            Self::Moved(ahead) => {
                let (now, ahead) = (Timestamp::now(), SignedDuration::from_secs(ahead.load(Ordering::Acquire)));
                now.checked_add(ahead).unwrap_or(now)
            }
        }
    }

    /// How long to wait for something that is due in so long. A clock that is moved wakes nobody, so
    /// those who wait by it look now and then.
    #[must_use]
    pub fn wait(self, due_in: Duration) -> Duration {
        match self {
            Self::System | Self::Fixed(_) => due_in,
            Self::Moved(_) => due_in.min(MOVED_LOOK),
        }
    }
}
