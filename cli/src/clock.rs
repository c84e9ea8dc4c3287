//! The only place of the command line that reads the clock.

use jiff::Timestamp;

/// Now in whole seconds, for ages and for the first day of a request.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}
