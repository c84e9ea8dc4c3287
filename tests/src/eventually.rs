//! Waiting with a deadline that tells, when it passes, what was there instead.

use std::fmt::Display;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How long a thing may take that takes milliseconds on an idle machine. Machines that run tests
/// are busy.
pub const SOON: Duration = Duration::from_secs(30);

/// By how much longer everything may take, where much goes on at once or goes wrong on purpose.
static PATIENCE: AtomicU32 = AtomicU32::new(1);

/// Lets everything in this process take so many times longer before it counts as failed.
pub fn be_patient(times: u32) {
    PATIENCE.store(times.max(1), Ordering::Relaxed);
}

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Looks until `look` finds what it looks for; `Err` is what it found instead.
///
/// # Panics
/// When the time is over, with `what` was waited for and the last state.
pub async fn eventually<T, E: Display>(
    within: Duration,
    what: impl Display,
    mut look: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    let begun = Instant::now();
    let within = within * PATIENCE.load(Ordering::Relaxed);
    loop {
        match look().await {
            Ok(found) => return found,
            Err(last) if begun.elapsed() > within => {
                panic!("not within {} s: {what}\n  last state: {last}", within.as_secs())
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
