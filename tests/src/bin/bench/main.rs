//! Benchmarks of the whole system on a control plane of its own: `bench N2`, `N3`, `N5`, `N6` or `N7`.
//! Control plane, operator, API and clients share the machine's cores. Each result is one line of
//! JSON on standard output; what is going on is told on standard error.
//!
//! `FULL=1` also measures how an approval's time grows up to the 4,000 entries a ledger may hold.
#![forbid(unsafe_code)]

mod approvals;
mod estate;
mod grants;
mod idle;
mod lists;
mod measure;
mod restart;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    // Sooner than after a minute of preparations.
    for (name, package) in [("yunheng-operator", "operator"), ("yunheng-api", "api")] {
        let _ = tests::program::of_workspace(name, package);
    }
    let id = std::env::args().nth(1).unwrap_or_default();
    match id.as_str() {
        "N2" => grants::measure().await,
        "N3" => approvals::measure().await,
        "N5" => restart::measure().await,
        "N6" => idle::measure().await,
        "N7" => lists::measure().await,
        _ => {
            eprintln!("usage: bench N2|N3|N5|N6|N7");
            return std::process::ExitCode::from(2);
        }
    }
    std::process::ExitCode::SUCCESS
}
