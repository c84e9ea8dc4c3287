//! The engine on real sockets, each case in a network namespace of its own.
//!
//! They need root, or user namespaces that anybody may make, and `unshare`, `ip`, `sysctl`, `setpriv` (iproute2, procps, util-linux). Where one is
//! missing the test fails and says what: a case that silently doesn't run proves nothing.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by failing there")]

mod faults;
mod namespace;
mod states;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use extranet::engine::{Command, Engine, Expect, Prefer, Probe, Settings, TargetSpec};
use extranet::model::{LinkIx, Span};
use extranet::sample::{Batch, Evidence, IcmpMode, Sample, Target, Verdict};

use namespace::inside;

/// A target that is probed every `interval_ms`, with half of that as its time-out.
pub fn target(n: u32, probe: Probe, interval_ms: i64) -> TargetSpec {
    TargetSpec {
        target: Target::Link(LinkIx(n)),
        uid: format!("uid-{n}"),
        probe,
        interval: Span::millis(interval_ms),
        timeout: Span::millis(interval_ms / 2),
        lines: vec![],
    }
}

/// The n-th address of 127.64.0.0/10: all of them answer on `lo`.
pub fn local(n: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(0x7f40_0001 + n))
}

pub fn start(settings: Settings, targets: Vec<TargetSpec>) -> (Engine, Receiver<Batch>) {
    let (engine, batches) = Engine::start(settings).unwrap();
    engine.send(Command::Targets(targets)).unwrap();
    (engine, batches)
}

/// Reads batches for a while.
pub fn listen(batches: &Receiver<Batch>, span: Duration) -> (Vec<Sample>, IcmpMode) {
    let (mut samples, mut mode, end) = (Vec::new(), IcmpMode::Unused, Instant::now() + span);
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        if let Ok(batch) = batches.recv_timeout(left) {
            samples.extend(batch.samples);
            mode = batch.icmp;
        }
    }
    (samples, mode)
}

/// What was sent is what was answered, lost or tainted, or is still under way.
pub fn add_up(engine: &Engine) {
    std::thread::sleep(Duration::from_millis(50));
    let stats = engine.stats();
    let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
    // Read while the thread goes on: one tick's difference may be seen.
    let judged = read(&stats.ok) + read(&stats.lost) + read(&stats.tainted) + read(&stats.outstanding);
    let sent = read(&stats.sent);
    assert!(sent.abs_diff(judged) <= 32, "sent {sent}, accounted for {judged}: {stats:?}");
    assert!(sent > 0);
}

pub fn verdicts(samples: &[Sample], link: u32) -> Vec<Verdict> {
    let of = samples.iter().filter(|sample| sample.target == Target::Link(LinkIx(link)));
    of.map(|sample| sample.verdict).collect()
}

/// Every target answers, in time, with a round trip and a time to live.
fn all_answer(prefer: Prefer, expected: IcmpMode) {
    let settings = Settings { prefer, ..Settings::default() };
    let mut targets: Vec<TargetSpec> = (0..200).map(|n| target(n, Probe::Icmp(local(n)), 500)).collect();
    targets.push(target(200, Probe::Icmp("::1".parse().unwrap()), 500));
    let (engine, batches) = start(settings, targets);
    let (samples, mode) = listen(&batches, Duration::from_secs(3));
    assert_eq!(mode, expected);
    add_up(&engine);
    for n in 0..=200 {
        let found = verdicts(&samples, n);
        assert!((4..=7).contains(&found.len()), "target {n}: {} samples", found.len());
        assert!(found.iter().all(|one| matches!(one, Verdict::Ok { rtt: Some(_) })), "target {n}: {found:?}");
    }
    assert!(
        samples.iter().all(|sample| sample.ttl == Some(64)),
        "{:?}",
        samples.iter().find(|one| one.ttl != Some(64))
    );
    let mut rtts: Vec<i64> = samples.iter().filter_map(rtt).collect();
    rtts.sort_unstable();
    println!("{mode:?}: {} samples, round trip p50 {} µs", samples.len(), rtts[rtts.len() / 2]);
    assert!(rtts[rtts.len() / 2] < 5_000, "on loopback: {} µs", rtts[rtts.len() / 2]);
}

fn rtt(sample: &Sample) -> Option<i64> {
    match sample.verdict {
        Verdict::Ok { rtt } => rtt.map(Span::as_micros),
        _ => None,
    }
}

#[test]
fn raw_sockets_hear_every_answer() {
    inside("raw_sockets_hear_every_answer", "", || all_answer(Prefer::Auto, IcmpMode::Raw));
}

#[test]
fn datagram_sockets_do_too_where_the_group_may() {
    let setup = "sysctl -qw net.ipv4.ping_group_range='0 2147483647'";
    inside("datagram_sockets_do_too_where_the_group_may", setup, || {
        all_answer(Prefer::Auto, IcmpMode::Dgram);
    });
}

#[test]
fn tcp_probes_tell_open_refused_and_our_own_faults() {
    inside("tcp_probes_tell_open_refused_and_our_own_faults", "", || {
        let listener = TcpListener::bind("127.64.0.9:0").unwrap();
        let open = listener.local_addr().unwrap();
        let closed: SocketAddr = "127.64.0.9:1".parse().unwrap();
        let nowhere: SocketAddr = "203.0.113.9:80".parse().unwrap();
        let probe = |address, expect| Probe::Tcp { address, expect };
        let targets = vec![
            target(0, probe(open, Expect::Open), 500),
            target(1, probe(closed, Expect::Reachable), 500),
            target(2, probe(closed, Expect::Open), 500),
            target(3, probe(nowhere, Expect::Open), 500),
        ];
        let (engine, batches) = start(Settings::default(), targets);
        let (samples, mode) = listen(&batches, Duration::from_secs(2));
        assert_eq!(mode, IcmpMode::Unused, "no ICMP target, no ICMP socket");
        add_up(&engine);
        let is = |n: u32, wanted: fn(&Verdict) -> bool| {
            let found = verdicts(&samples, n);
            assert!(found.len() >= 3 && found.iter().all(wanted), "target {n}: {found:?}");
        };
        is(0, |one| matches!(one, Verdict::Ok { rtt: Some(_) }));
        is(1, |one| matches!(one, Verdict::Ok { .. }));
        is(2, |one| matches!(one, Verdict::Lost));
        is(3, |one| matches!(one, Verdict::Tainted(extranet::sample::Taint::SendError)));
        let refused = samples.iter().filter(|sample| sample.evidence == Some(Evidence::TcpRefused)).count();
        assert_eq!(refused, verdicts(&samples, 1).len() + verdicts(&samples, 2).len());
    });
}

#[test]
fn a_table_is_replaced_while_probes_are_under_way() {
    inside("a_table_is_replaced_while_probes_are_under_way", "", || {
        let table = |from: u32, to: u32| (from..to).map(|n| target(n, Probe::Icmp(local(n)), 200)).collect::<Vec<_>>();
        let (engine, batches) = start(Settings::default(), table(0, 100));
        for round in 0..10 {
            engine.send(Command::Targets(table(round * 10, 100 + round * 10))).unwrap();
            let (samples, _) = listen(&batches, Duration::from_millis(230));
            assert!(samples.iter().all(|one| matches!(one.verdict, Verdict::Ok { .. })), "round {round}");
        }
        add_up(&engine);
        assert_eq!(engine.stats().foreign.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn dropping_the_engine_ends_its_thread() {
    inside("dropping_the_engine_ends_its_thread", "", || {
        let begin = Instant::now();
        let (engine, batches) = start(Settings::default(), vec![target(0, Probe::Icmp(local(0)), 500)]);
        drop(engine);
        assert!(begin.elapsed() < Duration::from_secs(2));
        assert!(batches.iter().count() < 10, "the channel is closed");
    });
}
