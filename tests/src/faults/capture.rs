//! Requests that are caught on their way and sent when a gate opens, long after their sender has
//! given up: what a leader that slept, or a packet that strayed, may still do.
//!
//! In the folder of gates: once `NAME.armed` is there, the next request that fits is caught, and
//! `NAME.caught` says so; `NAME.open` lets it go, `NAME.answer` says what the API server answered.
//! `NAME.shut` blocks all that fit a block.

use std::path::PathBuf;
use std::time::Duration;

use super::args::NamedRule;
use super::exchange::Exchange;
use super::line::Line;

/// How often a gate is looked at, and how long before what was caught is given up.
const LOOK_EVERY: Duration = Duration::from_millis(50);
const LOOKS_MAX: u32 = 12_000;

#[derive(Debug, Default)]
pub struct Gates {
    folder: Option<PathBuf>,
    captures: Vec<NamedRule>,
    blocks: Vec<NamedRule>,
}

impl Gates {
    /// # Errors
    /// When there are rules and no folder, or it can't be made.
    pub fn new(
        folder: Option<PathBuf>,
        captures: Vec<NamedRule>,
        blocks: Vec<NamedRule>,
    ) -> Result<Self, std::io::Error> {
        match &folder {
            Some(folder) => std::fs::create_dir_all(folder)?,
            None if captures.is_empty() && blocks.is_empty() => {}
            None => return Err(std::io::Error::other("captures and blocks need a folder of gates")),
        }
        Ok(Self { folder, captures, blocks })
    }

    /// Whether the connection of such a request breaks now.
    #[must_use]
    pub fn blocks(&self, exchange: &Exchange) -> bool {
        self.blocks.iter().any(|block| block.rule.fits(exchange) && self.file(&block.name, "shut").exists())
    }

    /// The gate that this request is caught at: the first one that fits, by whichever process
    /// comes first.
    #[must_use]
    pub fn catches(&self, exchange: &Exchange) -> Option<Gate> {
        let fitting = self.captures.iter().filter(|capture| capture.rule.fits(exchange));
        let armed = fitting.filter(|capture| self.file(&capture.name, "armed").exists());
        let mut gates = armed.map(|capture| Gate {
            name: capture.name.clone(),
            open: self.file(&capture.name, "open"),
            answer: self.file(&capture.name, "answer"),
            caught: self.file(&capture.name, "caught"),
        });
        gates.find(|gate| std::fs::File::create_new(&gate.caught).is_ok())
    }

    /// A line that is cut by a file in the same folder. The hub's own, whose contexts name no
    /// namespace, never is.
    #[must_use]
    pub fn line(&self, name: &str) -> Line {
        Line::new(self.folder.as_ref().filter(|_| name != "default"), name)
    }

    fn file(&self, name: &str, what: &str) -> PathBuf {
        self.folder.as_deref().unwrap_or(std::path::Path::new(".")).join(format!("{name}.{what}"))
    }
}

/// Where a caught request waits.
#[derive(Debug)]
pub struct Gate {
    pub name: String,
    caught: PathBuf,
    open: PathBuf,
    answer: PathBuf,
}

impl Gate {
    /// Waits until somebody opens it; `false` if nobody does.
    pub async fn opens(&self) -> bool {
        for _ in 0..LOOKS_MAX {
            if self.open.exists() {
                return true;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        tracing::warn!(gate = self.name, "nobody opened the gate");
        false
    }

    /// Writes down what the API server answered: its status and its text.
    pub fn answered(&self, answer: &str) {
        tracing::info!(gate = self.name, answer = answer.get(..3), "fault: what was caught was sent");
        // Whole or not at all: somebody waits for it.
        let part = self.answer.with_extension("part");
        let written = std::fs::write(&part, answer).and_then(|()| std::fs::rename(&part, &self.answer));
        if let Err(error) = written {
            tracing::warn!(%error, gate = self.name, "failed to write down an answer");
        }
    }
}
