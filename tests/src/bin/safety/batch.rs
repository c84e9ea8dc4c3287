//! Many seeds of one scenario side by side on one stage, then the oracle; stage after stage.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use oracle::Report;
use tests::scenarios::{Scenario, disturb};
use tests::stage::{Setting, Stage, World, play_all};

use crate::table::Table;

/// For how long something is away.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// All operators.
    pub down_for: Duration,
    /// A line to a member cluster.
    pub cut_for: Duration,
}

/// What the seeds of a scenario came to.
#[derive(Default)]
struct Sum {
    seeds: u64,
    revisions: u64,
    commits: u64,
    quota_writes: u64,
    decisions: u64,
    findings: u64,
    failures: u64,
    beyond: BTreeMap<String, u128>,
}

/// Plays all these seeds; `true` if nothing was found.
pub async fn run(scenario: &Scenario, seeds: Range<u64>, times: Times, table: &mut Table) -> bool {
    let begun = Instant::now();
    let mut sum = Sum::default();
    let seeds: Vec<u64> = seeds.collect();
    for chunk in seeds.chunks(scenario.beside) {
        one(scenario, chunk, times, table, &mut sum).await;
    }
    let Sum { seeds, revisions, commits, quota_writes, decisions, findings, failures, beyond } = sum;
    let beyond: Vec<String> = beyond.iter().map(|(resource, amount)| format!("{resource} {amount}")).collect();
    let beyond = if beyond.is_empty() { "none".to_owned() } else { beyond.join(", ") };
    table.line(&format!(
        "{:<10} {seeds:>4} seeds {revisions:>8} revisions {commits:>7} commits {quota_writes:>7} quota writes \
         {decisions:>6} decisions {findings:>3} violations {failures:>3} failed; beyond by the API servers' own race: {beyond}; {} s",
        scenario.name,
        begun.elapsed().as_secs()
    ));
    findings + failures == 0
}

async fn one(scenario: &Scenario, seeds: &[u64], times: Times, table: &mut Table, sum: &mut Sum) {
    let name = |seed: &u64| format!("{}{seed:03}", scenario.name);
    let setting = Setting {
        faults: scenario.faults,
        seed: 1,
        // Every other stage has two that believe to lead; not where one is put to sleep for its lease.
        both_lead: both_lead(scenario, seeds),
        members: scenario.members,
        way: scenario.way,
        flags: seeds.iter().flat_map(|seed| (scenario.flags)(&name(seed), *seed)).collect(),
        ..Setting::default()
    };
    let begun = Instant::now();
    let mut stage = Stage::start("safety", &setting).await;
    let worlds: Vec<World<'_>> =
        seeds.iter().map(|seed| World { cut_for: times.cut_for, ..World::new(&stage, name(seed), *seed) }).collect();
    let playing = play_all(&worlds, scenario.play);
    let failures = tokio::select! {
        failures = playing => failures,
        () = disturb(&stage, scenario.disturbed, times.down_for) => Vec::new(),
    };
    let starts: Vec<u32> = stage.operators.iter().map(tests::stage::UnderFire::starts).collect();
    drop(worlds);
    if failures.is_empty() {
        stage.close().await;
    }
    let report = stage.replay(1, failures.is_empty()).await;
    table.say(&format!(
        "{} {seeds:?}{}: {} revisions, {} decisions, {} findings, operators started {starts:?} times, {:.0} s",
        scenario.name,
        if setting.both_lead { ", both lead" } else { "" },
        report.revisions,
        report.decisions,
        report.counts.values().sum::<u64>(),
        begun.elapsed().as_secs_f64()
    ));
    for (world, failure) in &failures {
        table.line(&format!("FAILED {world}: {failure}; again with: safety --scenario {} --seed N", scenario.name));
    }
    for finding in report.violations().take(10) {
        let oracle::Finding { check, revision, object, message } = finding;
        table.line(&format!(
            "FOUND ({check:?}) in {} {seeds:?} at revision {revision}, {object}: {message}",
            scenario.name
        ));
    }
    sum.add(seeds.len(), &report, failures.len());
}

fn both_lead(scenario: &Scenario, seeds: &[u64]) -> bool {
    let stage = seeds.first().map_or(0, |seed| seed / scenario.beside as u64);
    scenario.disturbed != tests::scenarios::Disturbed::Asleep && stage % 2 == 1
}

impl Sum {
    fn add(&mut self, seeds: usize, report: &Report, failures: usize) {
        self.seeds += seeds as u64;
        self.revisions += report.revisions;
        self.commits += report.commits;
        self.quota_writes += report.quota_writes;
        self.decisions += report.decisions;
        self.findings += report.counts.values().sum::<u64>();
        self.failures += failures as u64;
        for admitted in &report.admitted_beyond {
            let most = self.beyond.entry(admitted.resource.to_string()).or_default();
            *most = (*most).max(admitted.amount);
        }
    }
}
