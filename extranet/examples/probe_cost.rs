//! What probing costs: processor time per ICMP probe on loopback, state update included, and false loss.
//!
//! ```text
//! cargo run --release -p extranet --example probe_cost -- 3000 1000 30       3,000 targets, one a second each, 30 s
//! cargo run --release -p extranet --example probe_cost -- 10000 1000 30
//! cargo run --release -p extranet --example probe_cost -- 3000 1000 30 4     and 4 processes that hog the machine
//! ```
//!
//! The kernel answers for all of 127.64.0.0/10 on the machine's own time, and that is counted in: ratios to
//! other probers on the same machine mean something, the figure alone depends on it. It needs root or CAP_NET_RAW.
#![expect(clippy::unwrap_used, reason = "a measurement ends where something is missing")]

use std::net::{IpAddr, Ipv4Addr};
use std::process::{Child, Command as Process};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use extranet::Core;
use extranet::engine::{Command, Engine, Probe, Settings, TargetSpec, now};
use extranet::model::{Level, LinkIx, Span};
use extranet::sample::{Batch, Target, Verdict};
use extranet::state::{Effect, State};
use extranet::tree::{LinkSpec, Tree};
use rustix::time::{ClockId, clock_gettime};

/// Children of one county: a tree of three levels, as a city is.
const TOWNSHIPS: u32 = 20;
const VILLAGES: u32 = 16;

fn main() {
    let arguments: Vec<u32> = std::env::args().skip(1).map(|argument| argument.parse().unwrap()).collect();
    let [links, interval, seconds, hogs] = [(0, 3_000), (1, 1_000), (2, 30), (3, 0)]
        .map(|(at, otherwise)| arguments.get(at).copied().unwrap_or(otherwise));
    let tree = tree(links, i64::from(interval));
    let rate = (u64::from(links) * 2_000 / u64::from(interval)) as u32;
    let (engine, batches) = Engine::start(Settings { rate, ..Settings::default() }).unwrap();
    engine.send(Command::Targets(targets(&tree))).unwrap();
    let mut core = Core::new(tree, 0, now());
    let mut rtts: Vec<i64> = Vec::new();
    let mut step = |span: Duration, rtts: &mut Vec<i64>| {
        let end = Instant::now() + span;
        while Instant::now() < end {
            let batch = batches.recv_timeout(Duration::from_millis(100)).unwrap_or_else(|_| Batch::new(vec![]));
            rtts.extend(batch.samples.iter().filter_map(|sample| match sample.verdict {
                Verdict::Ok { rtt } => rtt.map(Span::as_micros),
                _ => None,
            }));
            for effect in core.step(now(), &batch) {
                match effect {
                    Effect::FastPace(pace) => engine.send(Command::Fast(pace)).unwrap(),
                    Effect::SteadyPace(link) => engine.send(Command::Steady(link)).unwrap(),
                    _ => {}
                }
            }
        }
    };
    // Sockets, first answers and allocations aren't what is measured.
    step(Duration::from_secs(3), &mut rtts);
    rtts.clear();
    let mut hogging: Vec<Child> =
        (0..hogs).map(|_| Process::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap()).collect();
    let sent = || engine.stats().sent.load(Ordering::Relaxed);
    let (began, cpu_before, sent_before) = (Instant::now(), cpu(), sent());
    step(Duration::from_secs(u64::from(seconds)), &mut rtts);
    let (elapsed, spent, probes) = (began.elapsed().as_secs_f64(), cpu() - cpu_before, sent() - sent_before);
    hogging.iter_mut().for_each(|hog| {
        hog.kill().unwrap();
        hog.wait().unwrap();
    });
    rtts.sort_unstable();
    let percentile = |percent: usize| rtts.get(rtts.len() * percent / 100).copied().unwrap_or(0);
    let up = (0..links).filter(|n| core.view(LinkIx(*n), now()).unwrap().state == State::Up).count();
    let stats = engine.stats();
    let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    println!("{links} targets every {interval} ms for {elapsed:.1} s, {hogs} hogs");
    println!("probes            {probes} ({:.0} a second)", probes as f64 / elapsed);
    println!(
        "processor time    {:.2} µs a probe, {:.2} % of a core",
        spent * 1e6 / probes as f64,
        spent / elapsed * 100.0
    );
    println!(
        "lost / tainted    {} / {} of {} since the start",
        read(&stats.lost),
        read(&stats.tainted),
        read(&stats.sent)
    );
    println!("late / dropped    {} / {}", read(&stats.late), read(&stats.rx_drops));
    println!("round trip        p50 {} µs, p99 {} µs", percentile(50), percentile(99));
    println!("tick lag, most    {} µs", stats.tick_lag_max_micros.load(Ordering::Relaxed));
    println!("links up          {up} of {links}");
    println!("memory            {} kB resident", resident());
}

fn tree(links: u32, interval: i64) -> Tree {
    let mut specs: Vec<LinkSpec> = Vec::new();
    let (mut county, mut township) = (String::new(), String::new());
    for n in 0..links {
        let name = format!("link-{n}");
        let of_county = n % (1 + TOWNSHIPS * (1 + VILLAGES));
        let mut spec = if of_county == 0 {
            county.clone_from(&name);
            LinkSpec::new(name, Level::County, &[])
        } else if (of_county - 1).is_multiple_of(1 + VILLAGES) {
            township.clone_from(&name);
            LinkSpec::new(name, Level::Township, &[&county])
        } else {
            LinkSpec::new(name, Level::Village, &[&township])
        };
        spec.class.interval = Span::millis(interval);
        specs.push(spec);
    }
    Tree::new(specs)
}

fn targets(tree: &Tree) -> Vec<TargetSpec> {
    let target = |n: u32| {
        let spec = tree.link(LinkIx(n)).unwrap();
        TargetSpec {
            target: Target::Link(LinkIx(n)),
            uid: spec.name.clone(),
            probe: Probe::Icmp(IpAddr::V4(Ipv4Addr::from(0x7f40_0001 + n))),
            interval: spec.class.interval,
            timeout: spec.class.timeout.min(spec.class.interval),
            lines: vec![],
        }
    };
    (0..tree.len() as u32).map(target).collect()
}

/// Seconds of user and system time of this process.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
