//! Death after a chosen write: nothing is tidied up, as when the machine goes.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use super::args::KillRule;
use super::exchange::Exchange;

/// Counts the writes that each rule is about.
#[derive(Debug)]
pub struct Deaths {
    rules: Vec<(KillRule, AtomicU64)>,
    remembered: Option<PathBuf>,
}

impl Deaths {
    /// Rules that have killed before, by the memory in the folder, are left out.
    #[must_use]
    pub fn new(rules: Vec<KillRule>, gates: Option<&PathBuf>) -> Self {
        let remembered = gates.map(|folder| folder.join("deaths"));
        let died = remembered.as_ref().and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
        let open = rules.into_iter().filter(|rule| !died.lines().any(|line| line == rule.text));
        Self { rules: open.map(|rule| (rule, AtomicU64::new(0))).collect(), remembered }
    }

    /// Called when a write has succeeded and before its caller hears of it.
    pub fn count(&self, exchange: &Exchange) {
        for (rule, count) in self.rules.iter().filter(|(rule, _)| rule.fits(exchange)) {
            if count.fetch_add(1, Ordering::SeqCst) + 1 == rule.number {
                tracing::info!(rule = rule.text, exchange = %exchange, "fault: dies after this write");
                self.remember(&rule.text);
                std::process::abort();
            }
        }
    }

    fn remember(&self, rule: &str) {
        use std::io::Write;
        let Some(file) = &self.remembered else { return };
        let written =
            std::fs::File::options().create(true).append(true).open(file).and_then(|mut file| writeln!(file, "{rule}"));
        if let Err(error) = written {
            tracing::warn!(%error, "failed to remember a death");
        }
    }
}
