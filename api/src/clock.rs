//! The one place that reads the clock, and the one way times are written.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// Now. Everything that decides takes the time as a value instead.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The city's time zone. China has had no daylight saving time since 1991.
const CITY: Offset = Offset::constant(8);

/// RFC 3339 in the city's time zone, to the second.
#[must_use]
pub fn text(at: Timestamp) -> String {
    at.to_zoned(TimeZone::fixed(CITY)).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_written_in_the_citys_zone() {
        let at = "2026-11-23T06:10:00.123Z".parse().unwrap();
        assert_eq!(super::text(at), "2026-11-23T14:10:00+08:00");
    }
}
