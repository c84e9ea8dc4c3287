//! The time of day at which a working day ends for deadlines.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Time;
use thiserror::Error;

/// The time of day after which a submission counts as of the next working day, and at which a
/// deadline ends. From 12:00 to 23:59, by default 17:30. Exactly at the cutoff is in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cutoff(Time);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("isn't a time from 12:00 to 23:59: write it as 17:30")]
pub struct NotACutoff;

impl Cutoff {
    #[must_use]
    pub const fn time(self) -> Time {
        self.0
    }
}

impl Default for Cutoff {
    fn default() -> Self {
        Self(Time::constant(17, 30, 0, 0))
    }
}

impl FromStr for Cutoff {
    type Err = NotACutoff;

    fn from_str(text: &str) -> Result<Self, NotACutoff> {
        let (hours, minutes) = text.split_once(':').ok_or(NotACutoff)?;
        let two_digits = |text: &str| match text.as_bytes() {
            [a, b] if a.is_ascii_digit() && b.is_ascii_digit() => text.parse::<i8>().ok(),
            _ => None,
        };
        let (hours, minutes) = two_digits(hours).zip(two_digits(minutes)).ok_or(NotACutoff)?;
        if hours < 12 {
            return Err(NotACutoff);
        }
        Time::new(hours, minutes, 0, 0).map(Self).map_err(|_| NotACutoff)
    }
}

impl fmt::Display for Cutoff {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}
