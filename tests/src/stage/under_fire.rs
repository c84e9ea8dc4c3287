//! An operator under fire that is started again whenever it ends, as Kubernetes would.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::cluster::Cluster;
use crate::eventually::{SOON, eventually};
use crate::people::Person;
use crate::process::Process;
use crate::program;

/// How often somebody looks whether it still runs.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// An operator, or its successors.
pub struct UnderFire {
    kept: Arc<Kept>,
    keeping: JoinHandle<()>,
}

struct Kept {
    program: PathBuf,
    flags: Vec<String>,
    kubeconfig: PathBuf,
    log: PathBuf,
    address: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    process: Option<Process>,
    /// Somebody wants it to be away for a while.
    is_down: bool,
    starts: u32,
}

impl UnderFire {
    #[must_use]
    pub fn start(cluster: &Cluster, server: usize, flags: Vec<String>) -> Self {
        let identity = format!("fire-{server}");
        let address = cluster.folder().join(format!("{identity}.url"));
        let mut all: Vec<String> = ["--admin-listen", "127.0.0.1:0", "--identity", &identity, "--admin-address-file"]
            .map(str::to_owned)
            .into();
        all.push(address.display().to_string());
        all.extend(flags);
        let kept = Arc::new(Kept {
            program: program::of_workspace("operator-under-fire", "tests"),
            flags: all,
            kubeconfig: cluster.kubeconfig_file_at(Person::Operator, server),
            log: cluster.folder().join(format!("{identity}.log")),
            address,
            state: Mutex::default(),
        });
        kept.keep();
        let keeper = Arc::clone(&kept);
        let keeping = tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                keeper.keep();
            }
        });
        Self { kept, keeping }
    }

    /// Kills it without warning; it is started again at once.
    pub fn kill(&self) {
        self.kept.signal("KILL");
    }

    /// Stops it in the middle of what it does.
    pub fn freeze(&self) {
        self.kept.signal("STOP");
    }

    pub fn thaw(&self) {
        self.kept.signal("CONT");
    }

    /// Kills it, and it stays away until [`Self::up`].
    pub fn down(&self) {
        let mut state = self.kept.state();
        state.is_down = true;
        // A killed process may take a moment to go; nobody starts another meanwhile.
        state.process = None;
    }

    pub fn up(&self) {
        self.kept.state().is_down = false;
    }

    /// How often it was started.
    #[must_use]
    pub fn starts(&self) -> u32 {
        self.kept.state().starts
    }

    /// The end of its log.
    #[must_use]
    pub fn last_words(&self) -> String {
        self.kept.state().process.as_ref().map(Process::last_words).unwrap_or_default()
    }

    /// Whether it leads now; not, if it doesn't answer.
    pub async fn leads(&self) -> bool {
        let url = std::fs::read_to_string(&self.kept.address).unwrap_or_default();
        let Ok(answer) = reqwest::get(format!("{}/metrics", url.trim())).await else { return false };
        let text = answer.text().await.unwrap_or_default();
        text.lines().any(|line| line.starts_with("yunheng_leading 1"))
    }

    /// Asks it to stop and waits until it has.
    pub async fn end(&self) {
        {
            let mut state = self.kept.state();
            state.is_down = true;
            if let Some(process) = state.process.as_ref().filter(|process| process.is_running()) {
                process.signal("CONT");
                process.signal("TERM");
            }
        }
        eventually(SOON, "an operator under fire stops", async || {
            let state = self.kept.state();
            let runs = state.process.as_ref().is_some_and(Process::is_running);
            if runs { Err(state.process.as_ref().map(Process::last_words).unwrap_or_default()) } else { Ok(()) }
        })
        .await;
    }
}

impl Drop for UnderFire {
    fn drop(&mut self) {
        self.keeping.abort();
        // The process is on a leash: it ends with what holds it.
        self.kept.state().is_down = true;
        self.kept.state().process = None;
    }
}

impl Kept {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts it if it has ended.
    fn keep(&self) {
        let mut state = self.state();
        if state.is_down || state.process.as_ref().is_some_and(Process::is_running) {
            return;
        }
        state.process = None;
        let flags: Vec<&str> = self.flags.iter().map(String::as_str).collect();
        let environment = [("KUBECONFIG", self.kubeconfig.as_path())];
        state.process = Some(Process::start(&self.program, &flags, &environment, self.log.clone()));
        state.starts += 1;
    }

    fn signal(&self, name: &str) {
        let state = self.state();
        // One that has ended by itself has nothing to hear.
        if let Some(process) = state.process.as_ref().filter(|process| process.is_running()) {
            process.signal(name);
        }
    }
}
