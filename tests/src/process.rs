//! Processes that end with the one that started them, however it ends.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::eventually::eventually;

/// Runs "$@" and kills it when standard input ends. It is waited for only then, so until then its
/// id belongs to nobody else.
const LEASH: &str = r#"exec 3<&0
"$@" </dev/null 3<&- >&2 &
echo $!
exec >/dev/null
cat <&3
kill -KILL $! 2>/dev/null
wait $!"#;

/// A running program on a leash.
#[derive(Debug)]
pub struct Process {
    shell: Child,
    leash: Option<ChildStdin>,
    pid: u32,
    log: PathBuf,
}

impl Process {
    /// Starts a program; what it writes goes into `log`.
    #[must_use]
    pub fn start(program: &Path, arguments: &[&str], environment: &[(&str, &Path)], log: PathBuf) -> Self {
        let output = File::options().create(true).append(true).open(&log).expect("a log file can be written");
        let mut shell = Command::new("sh")
            .args(["-c", LEASH, "leash"])
            .arg(program)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(output)
            .spawn()
            .expect("a shell can be started");
        let leash = shell.stdin.take();
        let mut line = String::new();
        let output = shell.stdout.take().expect("standard output is a pipe");
        BufReader::new(output).read_line(&mut line).expect("the shell says the process id");
        let pid = line.trim().parse().expect("a process id is a number");
        Self { shell, leash, pid, log }
    }

    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The end of its log, for messages of failure.
    #[must_use]
    pub fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }

    #[must_use]
    pub fn is_running(&self) -> bool {
        // The state is the first word after the name, which is in brackets and may hold anything.
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().next());
        state.is_some_and(|state| state != "Z")
    }

    /// Resident memory in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kilobytes.unwrap_or_default() * 1_024
    }

    /// Processor time that it has used so far, its own and the kernel's for it.
    #[must_use]
    pub fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        // The name may have blanks: what follows it is counted from its closing bracket.
        let fields = stat.rsplit(") ").next().unwrap_or_default().split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        send(self.pid, name);
    }

    /// Waits until it has ended, and says how.
    pub async fn ended(mut self, within: Duration) -> ExitStatus {
        let what = format!("process {} ends; its log is {}", self.pid, self.log.display());
        eventually(within, what, async || if self.is_running() { Err(self.last_words()) } else { Ok(()) }).await;
        self.leash = None;
        self.shell.wait().expect("a child can be waited for")
    }
}

/// Sends a signal to a process that this one has started.
///
/// # Panics
/// When it isn't there.
pub fn send(pid: u32, signal: &str) {
    let sent = Command::new("sh").args(["-c", "kill -\"$0\" \"$1\"", signal, &pid.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "SIG{signal} didn't reach process {pid}");
}

impl Drop for Process {
    fn drop(&mut self) {
        self.leash = None;
        // The shell kills what still runs and then ends by itself.
        let _ = self.shell.wait();
    }
}
