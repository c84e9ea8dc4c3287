//! What the kernel alone takes for a probe on loopback: requests sent and answers read in the prober's ticks,
//! with nothing kept, matched or decided. What `probe_cost` measures beyond it is ours.
//!
//! ```text
//! cargo run --release -p extranet --example probe_floor -- 3000 10      3,000 probes a second, 10 s
//! ```
#![expect(clippy::unwrap_used, reason = "a measurement ends where something is missing")]

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, SocketAddrAny, sendmmsg};
use rustix::time::{ClockId, clock_gettime};
use socket2::{Domain, Protocol, Socket, Type};

const TICK: Duration = Duration::from_millis(5);

fn main() {
    let arguments: Vec<u32> = std::env::args().skip(1).map(|argument| argument.parse().unwrap()).collect();
    let (rate, seconds) = (arguments.first().copied().unwrap_or(3_000), arguments.get(1).copied().unwrap_or(10));
    // Where the group may (net.ipv4.ping_group_range), as the prober does.
    let open = |kind| Socket::new(Domain::IPV4, kind, Some(Protocol::ICMPV4));
    let socket = open(Type::DGRAM).or_else(|_| open(Type::RAW)).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.set_recv_buffer_size(4 << 20).unwrap();
    let mut packet = [0_u8; 64];
    packet[0] = 8;
    packet[2..4].copy_from_slice(&(!0x0800_u16).to_be_bytes());
    let a_tick = rate / 200;
    let (mut sent, mut answered, mut next_address) = (0_u32, 0_u32, 0);
    let (began, before) = (Instant::now(), cpu());
    let mut next = began;
    while began.elapsed() < Duration::from_secs(u64::from(seconds)) {
        let addresses: Vec<SocketAddrAny> = (0..a_tick)
            .map(|n| SocketAddr::from((Ipv4Addr::from(0x7f40_0001 + (next_address + n) % rate), 0)).into())
            .collect();
        next_address = (next_address + a_tick) % rate;
        let slice = [IoSlice::new(&packet)];
        let mut controls: Vec<_> = addresses.iter().map(|_| SendAncillaryBuffer::default()).collect();
        let parts = addresses.iter().zip(&mut controls);
        let mut messages: Vec<_> =
            parts.map(|(address, control)| MMsgHdr::new_with_addr(address, &slice, control)).collect();
        sent += sendmmsg(&socket, &mut messages, SendFlags::empty()).unwrap() as u32;
        let mut buffer = [MaybeUninit::<u8>::uninit(); 160];
        // A raw socket hears its own requests on loopback too.
        while socket.recv_from(&mut buffer).is_ok() {
            answered += 1;
        }
        next += TICK;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let spent = cpu() - before;
    println!("{:?} socket, {sent} probes, {answered} packets heard", socket.r#type().unwrap());
    println!("processor time    {:.2} µs a probe", spent * 1e6 / f64::from(sent));
}

/// Seconds of user and system time of this process.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
