//! What went wrong, by category, and how long until the next try.

use std::time::Duration;

/// The category of an error, for metrics and for the delay until the next try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    /// Somebody else wrote in between: look again at once.
    Conflict,
    /// The server or the way to it failed.
    Unavailable,
    /// We may not do it: the roles or policies of the chart aren't what this version needs.
    Forbidden,
    /// An object isn't what it should be; only a change of it helps.
    Malformed,
}

impl Category {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Unavailable => "unavailable",
            Self::Forbidden => "forbidden",
            Self::Malformed => "malformed",
        }
    }

    #[must_use]
    pub fn of(error: &kube::Error) -> Self {
        match error {
            // 422 is the answer to a JSON Patch whose test failed: somebody acted in between.
            kube::Error::Api(status) if status.is_conflict() || status.is_already_exists() || status.code == 422 => {
                Self::Conflict
            }
            kube::Error::Api(status) if status.is_forbidden() => Self::Forbidden,
            kube::Error::Api(status) if status.code == 400 => Self::Malformed,
            kube::Error::SerdeError(_) | kube::Error::BuildRequest(_) => Self::Malformed,
            _ => Self::Unavailable,
        }
    }

    /// How long to wait after `failures` failures in a row: it doubles, up to a bound.
    #[must_use]
    pub fn delay(self, failures: u32) -> Duration {
        let (first_ms, most_ms): (u64, u64) = match self {
            Self::Conflict => (10, 1_000),
            Self::Unavailable => (200, 10_000),
            Self::Forbidden => (2_000, 60_000),
            Self::Malformed => (60_000, 600_000),
        };
        let doubled = first_ms.saturating_mul(1 << failures.saturating_sub(1).min(16));
        Duration::from_millis(doubled.min(most_ms))
    }
}

/// An error that knows its category.
pub trait Categorised: std::error::Error {
    fn category(&self) -> Category;
}

impl Categorised for kube::Error {
    fn category(&self) -> Category {
        Category::of(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_a_bound() {
        let ms = |category: Category, failures| category.delay(failures).as_millis();
        assert_eq!([1, 2, 3, 40].map(|n| ms(Category::Conflict, n)), [10, 20, 40, 1_000]);
        assert_eq!([0, 1, 7, 40].map(|n| ms(Category::Unavailable, n)), [200, 200, 10_000, 10_000]);
    }
}
