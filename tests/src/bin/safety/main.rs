//! Plays the scenarios against operators under fire, lets the oracle replay the history, takes the
//! steps of the protocol out one by one and demands that each is missed; and kills the operator.
//!
//!     safety [--seeds 200] [--scenario NAME] [--seed N] [--long]
//!     safety --without STEP
//!     safety kills --times 100
#![forbid(unsafe_code)]

mod batch;
mod kills;
mod steps;
mod table;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tests::eventually::be_patient;
use tests::faults::without::Step;
use tests::scenarios::SCENARIOS;

use table::Table;

#[derive(Parser, Debug)]
#[command(name = "safety")]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// How many seeds of each scenario.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// Only this scenario.
    #[arg(long)]
    scenario: Option<String>,
    /// Only this seed, alone: a run that is looked at again.
    #[arg(long)]
    seed: Option<u64>,
    /// Only the protocol without this step.
    #[arg(long, value_enum)]
    without: Option<Step>,
    /// Operators stay away for five minutes instead of twenty seconds.
    #[arg(long)]
    long: bool,
    /// For how many seconds the scenario `cut` cuts a line to a member cluster.
    #[arg(long, default_value_t = 60)]
    cut_s: u64,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Plays the stories of all steps, with each step and without it.
    Steps,
    /// Kills the operator at random under load.
    Kills {
        #[arg(long, default_value_t = 100)]
        times: u32,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    // Many play at once on a machine that plays the control plane too; the stories are told alone.
    let tells_stories = args.without.is_some() || matches!(args.command, Some(Command::Steps));
    be_patient(if tells_stories { 1 } else { 6 });
    let mut table = Table::begin();
    let is_sound = match (&args.command, args.without) {
        (Some(Command::Kills { times }), _) => kills::run(*times, &mut table).await,
        (Some(Command::Steps), _) => steps::run(&Step::ALL, &mut table).await,
        (None, Some(step)) => steps::run(&[step], &mut table).await,
        (None, None) => everything(&args, &mut table).await,
    };
    table.end(is_sound);
    if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The scenarios, and the steps too unless one scenario was asked for.
async fn everything(args: &Args, table: &mut Table) -> bool {
    let asked = |name: &str| args.scenario.as_deref().is_none_or(|asked| asked == name);
    let down_for = Duration::from_secs(if args.long { 300 } else { 20 });
    let times = batch::Times { down_for, cut_for: Duration::from_secs(args.cut_s) };
    let mut is_sound = true;
    let chosen: Vec<_> = SCENARIOS.iter().filter(|scenario| asked(scenario.name)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        table.say(&format!("there is no such scenario; there are {}", names.join(", ")));
        return false;
    }
    for scenario in chosen {
        let seeds = args.seed.map_or(0..args.seeds, |seed| seed..seed + 1);
        is_sound &= batch::run(scenario, seeds, times, table).await;
    }
    if args.scenario.is_none() {
        is_sound &= steps::run(&Step::ALL, table).await;
    }
    is_sound
}
