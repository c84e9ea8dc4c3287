//! `import`: an inventory of CSV files becomes pools, departments, applications and allocations.
//!
//! All or nothing up to the first write: every row of every file is checked, alone, against the
//! others and against what the cluster has, and while one is faulty nothing is written. What is
//! written is only what differs, so a second run writes nothing.

mod check;
mod compare;
mod fault;
mod inventory;
mod links;
mod observe;
mod plan;
mod sheet;
mod wait;
mod write;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use resources::names;
use serde::Serialize;
use serde_json::json;

use crate::error::Error;
use crate::output::{self, Ending, Report};
use crate::session::Session;
use fault::Fault;
use inventory::Inventory;
use plan::{KindTally, Plan};
use wait::NotEnforced;

/// Write an inventory of CSV files into the cluster
///
/// Pools, departments, applications with their published figures, what each is granted, and the
/// links of the extranet. Every
/// row is checked first; if any is faulty, all faults are listed with file, row, column and reason,
/// nothing is written and the exit code is 1. Only what differs is written: a second run changes
/// nothing. What an approved request has set since is left alone. Nothing is ever removed.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The folder with the CSV files: pools, departments, applications, facts, links
    dir: PathBuf,
    /// Leave out the applications that are sample data
    #[arg(long)]
    named_only: bool,
    /// Say what would be written and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Only check the files; needs no cluster
    #[arg(long, conflicts_with_all = ["dry_run", "wait"])]
    check_only: bool,
    /// A pool in a member cluster, and the Secret with its kubeconfig
    #[arg(long = "cluster", value_name = "POOL=SECRET", value_parser = elsewhere)]
    clusters: Vec<(String, String)>,
    /// First number of the links' addresses: 100 for the simulator
    #[arg(long, value_name = "NUMBER")]
    link_addresses: Option<u8>,
    /// Wait until every allocation of the inventory is enforced
    #[arg(long, conflicts_with = "dry_run")]
    wait: bool,
    /// Seconds to wait for namespaces, and for --wait
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    timeout: u64,
    #[arg(short, long, value_enum, default_value_t)]
    output: Report,
}

impl Arguments {
    pub fn is_offline(&self) -> bool {
        self.check_only
    }
}

/// Checks the files alone.
pub fn check_only(arguments: &Arguments) -> Result<Ending, Error> {
    check_folder(&arguments.dir)?;
    let inventory = match read(&arguments.dir, arguments.named_only) {
        Ok(inventory) => inventory,
        Err(faults) => return refuse(arguments, faults),
    };
    let result = ImportResult { checked: Some(inventory.counts()), ..ImportResult::default() };
    output::show(arguments.output, &result, |_| {
        format!("{}: no faults in {}", arguments.dir.display(), inventory.counts())
    })?;
    Ok(Ending::Done)
}

pub async fn run(session: &Session, arguments: &Arguments) -> Result<Ending, Error> {
    check_folder(&arguments.dir)?;
    // What the files say, each row and all together. No cluster.
    let mut inventory = match read(&arguments.dir, arguments.named_only) {
        Ok(inventory) => inventory,
        Err(faults) => return refuse(arguments, faults),
    };
    place(&mut inventory, &arguments.clusters)?;
    if let Some(first) = arguments.link_addresses {
        links::renumber(&mut inventory.links, first);
    }
    // What is there, and what has to be written. Reads the cluster.
    let plan = match Plan::make(&inventory, &observe::observe(session).await?) {
        Ok(plan) => plan,
        Err(faults) => return refuse(arguments, faults),
    };
    let mut result = ImportResult {
        kinds: plan.tallies(),
        kept: plan.kept(),
        dry_run: arguments.dry_run,
        ..ImportResult::default()
    };
    let deadline = Instant::now() + Duration::from_secs(arguments.timeout);
    if !arguments.dry_run {
        // Writes.
        let allocations = plan.allocations();
        write::all(session, plan, &mut result, deadline, arguments.timeout).await?;
        if arguments.wait && result.failed.is_empty() {
            result.not_enforced = Some(wait::until_enforced(session, &allocations, deadline).await?);
        }
    }
    output::show(arguments.output, &result, |_| result.text())?;
    Ok(result.ending())
}

/// `POOL=SECRET`, as `--cluster` takes it.
fn elsewhere(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((pool, secret)) if !pool.is_empty() && !secret.is_empty() => Ok((pool.to_owned(), secret.to_owned())),
        _ => Err("write the pool's name, =, and the Secret's name, such as inspur=member-inspur".to_owned()),
    }
}

/// Says of each pool that is named where its namespaces are.
fn place(inventory: &mut Inventory, clusters: &[(String, String)]) -> Result<(), Error> {
    for (pool, secret) in clusters {
        let row = inventory.pools.iter_mut().find(|row| row.name == *pool);
        let row = row.ok_or_else(|| {
            Error::Malformed(format!("--cluster {pool}={secret}: there is no pool {pool} in pools.csv"))
        })?;
        row.spec["cluster"] = json!({"kubeconfigSecretRef": {
            "namespace": names::SYSTEM_NAMESPACE, "name": secret, "key": "kubeconfig",
        }});
    }
    Ok(())
}

fn check_folder(dir: &Path) -> Result<(), Error> {
    if dir.is_dir() {
        return Ok(());
    }
    Err(Error::Malformed(format!("{} isn't a folder: name the one that holds pools.csv", dir.display())))
}

/// The inventory of the folder, or all that is wrong with it.
fn read(dir: &Path, named_only: bool) -> Result<Inventory, Vec<Fault>> {
    let mut faults = Vec::new();
    let inventory = Inventory::read(dir, &mut faults);
    check::all(&inventory, &mut faults);
    if faults.is_empty() { Ok(if named_only { inventory.named_only() } else { inventory }) } else { Err(faults) }
}

fn refuse(arguments: &Arguments, faults: Vec<Fault>) -> Result<Ending, Error> {
    let result = ImportResult { faults, ..ImportResult::default() };
    output::show(arguments.output, &result, |width| fault::text(&result.faults, width))?;
    Ok(Ending::Refused)
}

/// What came of an import.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportResult {
    pub dry_run: bool,
    /// Created, changed, unchanged and kept, kind by kind.
    pub kinds: Vec<KindTally>,
    /// Allocations that an approved request has set since: left alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<String>,
    /// What was faulty: then nothing was written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// What the cluster refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<Fault>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checked: Option<inventory::Counts>,
    /// With --wait: allocations that weren't enforced in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_enforced: Option<Vec<NotEnforced>>,
}

impl ImportResult {
    fn ending(&self) -> Ending {
        if !self.failed.is_empty() {
            return Ending::Refused;
        }
        match &self.not_enforced {
            Some(missing) if !missing.is_empty() => Ending::TimedOut,
            _ => Ending::Done,
        }
    }

    fn text(&self) -> String {
        let mut lines: Vec<String> = self.kinds.iter().map(|kind| kind.sentence(self.dry_run)).collect();
        lines.extend(
            self.kept
                .iter()
                .map(|allocation| format!("{allocation}: left alone, an approved request has set it since")),
        );
        if !self.failed.is_empty() {
            lines.push("Not written; correct it and run the import again:".to_owned());
            lines.push(fault::table(&self.failed, output::Width::Narrow));
        }
        match &self.not_enforced {
            Some(missing) if missing.is_empty() => lines.push("Every allocation is enforced.".to_owned()),
            Some(missing) => lines.push(wait::text(missing)),
            None => {}
        }
        lines.join("\n")
    }
}
