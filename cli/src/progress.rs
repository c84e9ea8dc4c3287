//! How far a long step is, on standard error: a bar in a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// A log isn't a screen: one line in so many seconds is enough to see that it goes on.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// A step of known length.
pub struct Progress {
    what: &'static str,
    total: usize,
    done: usize,
    shown: Shown,
}

enum Shown {
    Bar(ProgressBar),
    Lines { last: Instant },
}

impl Progress {
    #[must_use]
    pub fn start(what: &'static str, total: usize) -> Self {
        let shown = if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX));
            let style = ProgressStyle::with_template("{msg:30} {bar:40} {pos}/{len} {elapsed}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_message(what);
            Shown::Bar(bar)
        } else {
            Shown::Lines { last: Instant::now() }
        };
        Self { what, total, done: 0, shown }
    }

    pub fn set(&mut self, done: usize) {
        self.done = done;
        match &mut self.shown {
            Shown::Bar(bar) => bar.set_position(u64::try_from(done).unwrap_or(u64::MAX)),
            Shown::Lines { last } if last.elapsed() >= LINE_EVERY => {
                *last = Instant::now();
                eprintln!("{}: {done}/{}", self.what, self.total);
            }
            Shown::Lines { .. } => {}
        }
    }

    pub fn advance(&mut self) {
        self.set(self.done + 1);
    }

    /// The step is over, done or not.
    pub fn finish(self) {
        match self.shown {
            Shown::Bar(bar) => bar.finish_and_clear(),
            Shown::Lines { .. } => eprintln!("{}: {}/{}", self.what, self.done, self.total),
        }
    }
}
