//! The only place of the command line that reads the clock.

use jiff::Timestamp;

/// Now, for ages and for the first day of a request.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
