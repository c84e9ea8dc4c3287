//! Faults of our own on real sockets: they taint, and are never loss.

use std::process::Command as Process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use extranet::engine::{Probe, Settings};
use extranet::sample::{Evidence, IcmpMode, Taint, Verdict};
use socket2::{Domain, Protocol, Socket, Type};

use crate::namespace::{inside, run};
use crate::{add_up, listen, local, start, target, verdicts};

#[test]
fn faults_no_permission_claims_nothing() {
    // Root without CAP_NET_RAW, in a namespace whose ping_group_range is "1 0", as in every new one.
    let through = "setpriv --inh-caps=-net_raw --bounding-set=-net_raw";
    run("faults::faults_no_permission_claims_nothing", "", through, || {
        let (engine, batches) = start(Settings::default(), vec![target(0, Probe::Icmp(local(0)), 500)]);
        let (samples, mode) = listen(&batches, Duration::from_secs(2));
        assert_eq!((mode, samples.len()), (IcmpMode::Forbidden, 0));
        assert_eq!(engine.stats().sent.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn what_our_own_stack_refuses_taints_itself_alone() {
    inside("faults::what_our_own_stack_refuses_taints_itself_alone", "", || {
        // No route leads there: ENETUNREACH from our own stack.
        let mut targets = vec![target(0, Probe::Icmp("203.0.113.9".parse().unwrap()), 200)];
        targets.extend((1..60).map(|n| target(n, Probe::Icmp(local(n)), 200)));
        let (engine, batches) = start(Settings::default(), targets);
        let (samples, _) = listen(&batches, Duration::from_secs(3));
        add_up(&engine);
        let own = verdicts(&samples, 0);
        assert!(own.len() > 8 && own.iter().all(|one| *one == Verdict::Tainted(Taint::SendError)), "{own:?}");
        for n in 1..60 {
            let found = verdicts(&samples, n);
            assert!(found.len() > 8 && found.iter().all(|one| matches!(one, Verdict::Ok { .. })), "{n}: {found:?}");
        }
    });
}

#[test]
fn a_router_that_cant_deliver_is_evidence_and_no_harm_to_others() {
    let setup = r#"
        unshare --net sleep 20 & router=$!
        for n in 1 2 3 4 5 6 7 8 9 10; do [ "$(readlink /proc/$router/ns/net)" != "$(readlink /proc/self/ns/net)" ] && break; sleep 0.1; done
        ip link add near type veth peer name far netns $router
        ip addr add 10.9.0.1/24 dev near; ip link set near up
        nsenter -t $router -n sh -ec 'ip link set lo up; ip addr add 10.9.0.2/24 dev far; ip link set far up;
            sysctl -qw net.ipv4.ip_forward=1; ip route add unreachable 10.99.0.0/16'
        ip route add 10.99.0.0/16 via 10.9.0.2
    "#;
    inside("faults::a_router_that_cant_deliver_is_evidence_and_no_harm_to_others", setup, || {
        let router = "10.9.0.2".parse().unwrap();
        let targets = vec![
            target(0, Probe::Icmp("10.99.0.1".parse().unwrap()), 1_000),
            target(1, Probe::Icmp(router), 200),
            target(2, Probe::Icmp(local(2)), 200),
        ];
        let (engine, batches) = start(Settings::default(), targets);
        let (samples, mode) = listen(&batches, Duration::from_secs(5));
        add_up(&engine);
        assert_eq!(mode, IcmpMode::Raw);
        let told = samples.iter().filter_map(|sample| sample.evidence).collect::<Vec<_>>();
        assert!(told.len() >= 3, "{told:?}");
        assert!(
            told.iter().all(|one| matches!(one, Evidence::Unreachable { from, kind: 3, .. } if *from == router)),
            "{told:?}"
        );
        let lost = verdicts(&samples, 0);
        assert!(lost.iter().all(|one| *one == Verdict::Lost), "{lost:?}");
        for n in [1, 2] {
            let found = verdicts(&samples, n);
            assert!(found.len() > 15 && found.iter().all(|one| matches!(one, Verdict::Ok { .. })), "{n}: {found:?}");
        }
    });
}

#[test]
fn case_11_a_flooded_receive_buffer_is_taint_and_forged_answers_count_for_nothing() {
    let name = "faults::case_11_a_flooded_receive_buffer_is_taint_and_forged_answers_count_for_nothing";
    inside(name, "", || {
        // Half of 8 kB: the kernel doubles what is asked for.
        let settings = Settings { receive_buffer: 4_096, ..Settings::default() };
        let id = settings.id;
        let targets = (0..300).map(|n| target(n, Probe::Icmp(local(n)), 500)).collect();
        let (engine, batches) = start(settings, targets);
        let ends = Arc::new(AtomicBool::new(false));
        let flood = {
            let ends = Arc::clone(&ends);
            std::thread::spawn(move || {
                let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).unwrap();
                let to = "127.0.0.1:0".parse::<std::net::SocketAddr>().unwrap().into();
                let mut packet = [0_u8; 64];
                packet[4..6].copy_from_slice(&id.to_be_bytes());
                packet[8..16].copy_from_slice(b"yunheng1");
                let sum = !packet.chunks(2).fold(0_u32, |sum, pair| {
                    let sum = sum + u32::from(u16::from_be_bytes([pair[0], pair[1]]));
                    (sum & 0xffff) + (sum >> 16)
                }) as u16;
                packet[2..4].copy_from_slice(&sum.to_be_bytes());
                while !ends.load(Ordering::Relaxed) {
                    for _ in 0..50 {
                        let _ = socket.send_to(&packet, &to);
                    }
                    std::thread::sleep(Duration::from_micros(200));
                }
            })
        };
        let (samples, _) = listen(&batches, Duration::from_secs(5));
        ends.store(true, Ordering::Relaxed);
        flood.join().unwrap();
        add_up(&engine);
        let count = |wanted: fn(&Verdict) -> bool| samples.iter().filter(|sample| wanted(&sample.verdict)).count();
        let tainted = count(|one| *one == Verdict::Tainted(Taint::RxOverflow));
        let (lost, ok) = (count(|one| *one == Verdict::Lost), count(|one| matches!(one, Verdict::Ok { .. })));
        println!("{ok} answered, {tainted} tainted, {lost} lost: {:?}", engine.stats());
        assert_eq!(lost, 0);
        assert!(tainted > 0, "the flood made nothing overflow");
        assert!(engine.stats().rx_drops.load(Ordering::Relaxed) > 0);
        assert!(engine.stats().foreign.load(Ordering::Relaxed) > 0);
    });
}

#[test]
fn case_11_a_stopped_process_loses_nothing() {
    inside("faults::case_11_a_stopped_process_loses_nothing", "", || {
        let targets = (0..500).map(|n| target(n, Probe::Icmp(local(n)), 1_000)).collect();
        let (engine, batches) = start(Settings::default(), targets);
        let this = std::process::id();
        let signals = format!("sleep 1; kill -STOP {this}; sleep 5; kill -CONT {this}");
        let mut stopper = Process::new("sh").args(["-c", &signals]).spawn().unwrap();
        let (samples, _) = listen(&batches, Duration::from_secs(9));
        stopper.wait().unwrap();
        add_up(&engine);
        let lag = engine.stats().tick_lag_max_micros.load(Ordering::Relaxed);
        assert!(lag > 4_000_000, "it was stopped: {lag} µs");
        assert_eq!(samples.iter().filter(|sample| sample.verdict == Verdict::Lost).count(), 0);
        // Nothing was made up for: 4 s awake, a probe a second each.
        assert!(samples.len() < 500 * 6, "{}", samples.len());
    });
}
