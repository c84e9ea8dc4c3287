//! Runs a test's body in a process of its own, in a new network namespace.

use std::os::unix::fs::MetadataExt;
use std::process::Command;

const MARK: &str = "YUNHENG_INSIDE";

/// Runs `body` inside a new network namespace in which `lo` is up and the shell lines of `setup` have run. `name` is
/// the full name of the calling test.
///
/// # Panics
/// When the body fails there, or didn't run.
pub fn inside(name: &str, setup: &str, body: impl FnOnce()) {
    if std::env::var(MARK).is_ok_and(|inside| inside == name) {
        body();
        return;
    }
    let this = std::env::current_exe().expect("a running program has a path");
    let script = format!("set -e; ip link set lo up; {setup}\nexec \"$0\" --exact {name} --nocapture --test-threads 1");
    // Who isn't root becomes root of a user namespace, which owns the network namespace and may use raw sockets in it.
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let user: &[&str] = if is_root { &[] } else { &["--user", "--map-root-user"] };
    let output = Command::new("unshare")
        .args(user)
        .args(["--net", "--", "sh", "-c", &script])
        .arg(&this)
        .env(MARK, name)
        .output()
        .expect("unshare (util-linux) is needed to give the test a network of its own");
    let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).join("\n");
    println!("{told}");
    assert!(
        output.status.success(),
        "{name} failed in its namespace (it needs iproute2, procps, util-linux, and root or user namespaces): {}",
        output.status
    );
    assert!(told.contains("1 passed"), "{name} didn't run in its namespace");
}
