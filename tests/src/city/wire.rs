//! The city on the wire: reads echo requests from a raw socket and answers in the name of each place.
//!
//! It runs in a network namespace in which its addresses are local and the kernel doesn't answer echoes itself
//! (`net.ipv4.icmp_echo_ignore_all=1`). So it needs no device and no driver, and nothing else of the machine changes.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::scenario::{self, Rule};
use super::{Answer, City};

/// How often the scenario's file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Answers that may wait: 10,000 a second that take 2 s each.
const WAITING_MAX: usize = 20_000;
/// Bigger than any echo.
const PACKET_MAX: usize = 2_048;
const IP_HEADER: usize = 20;
const ECHO_REPLY: u8 = 0;
const UNREACHABLE: u8 = 3;
const HOST_UNREACHABLE: u8 = 1;
const ECHO_REQUEST: u8 = 8;
/// What a router that is far away sends with.
const TTL: u8 = 64;

type Waiting = BinaryHeap<Reverse<(Instant, u64, Vec<u8>)>>;

/// Answers for the city until the process ends. Faults come from `file`, which may change at any time; `told` gets a
/// line for each change of it.
///
/// # Errors
/// When a socket can't be made or used.
pub fn serve(city: &City, file: &Path, told: impl Fn(&str)) -> std::io::Result<()> {
    let mut inbox = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))?;
    inbox.set_recv_buffer_size(4 << 20)?;
    let outbox = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))?;
    outbox.set_header_included_v4(true)?;
    let began = Instant::now();
    let mut script = Script { rules: Vec::new(), seen: None, looked: None };
    let mut waiting: Waiting = BinaryHeap::new();
    let mut buffer = [0_u8; PACKET_MAX];
    let mut count = 0_u64;
    told("answering");
    loop {
        script.look(city, file, began, &told);
        while let Some(Reverse((due, _, _))) = waiting.peek()
            && *due <= Instant::now()
        {
            if let Some(Reverse((_, _, packet))) = waiting.pop() {
                send(&outbox, &packet);
            }
        }
        let next =
            waiting.peek().map_or(LOOK_EVERY, |Reverse((due, _, _))| due.saturating_duration_since(Instant::now()));
        // Zero would mean to wait for ever.
        inbox.set_read_timeout(Some(next.clamp(Duration::from_micros(200), LOOK_EVERY)))?;
        let length = match inbox.read(&mut buffer) {
            Ok(length) => length,
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) =>
            {
                continue;
            }
            Err(error) => return Err(error),
        };
        let Some(request) = Request::read(&buffer[..length]) else { continue };
        count += 1;
        let answer = city.answer(request.to, &script.rules, began.elapsed(), count.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let (after, packet) = match answer {
            Answer::Silence => continue,
            Answer::Echo { after, hops } => (after, request.echo(TTL.saturating_sub(hops))),
            Answer::Unreachable { after, from } => (after, request.unreachable(from)),
        };
        if waiting.len() < WAITING_MAX {
            waiting.push(Reverse((Instant::now() + after, count, packet)));
        }
    }
}

/// The faults, as the file has them.
struct Script {
    rules: Vec<Rule>,
    seen: Option<(SystemTime, u64)>,
    looked: Option<Instant>,
}

impl Script {
    fn look(&mut self, city: &City, file: &Path, began: Instant, told: &impl Fn(&str)) {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK_EVERY) {
            return;
        }
        self.looked = Some(Instant::now());
        let state = std::fs::metadata(file).and_then(|found| Ok((found.modified()?, found.len()))).ok();
        if state == self.seen {
            return;
        }
        self.seen = state;
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let now = began.elapsed();
        match scenario::parse(&text, city, now) {
            Ok(rules) => {
                told(&format!("{:.1} s: {}", now.as_secs_f64(), text.trim().replace('\n', "; ")));
                self.rules = rules;
            }
            // Half a line, or a wrong one: what was in force stays.
            Err(wrong) => told(&format!("{}: {wrong}", file.display())),
        }
    }
}

/// Somebody's echo request.
struct Request<'a> {
    packet: &'a [u8],
    from: Ipv4Addr,
    to: Ipv4Addr,
    icmp: &'a [u8],
}

impl<'a> Request<'a> {
    fn read(packet: &'a [u8]) -> Option<Self> {
        let header = usize::from(packet.first()? & 0x0f) * 4;
        let address = |at: usize| Some(Ipv4Addr::from(<[u8; 4]>::try_from(packet.get(at..at + 4)?).ok()?));
        let (from, to, icmp) = (address(12)?, address(16)?, packet.get(header..)?);
        (icmp.len() >= 8 && icmp[0] == ECHO_REQUEST).then_some(Self { packet, from, to, icmp })
    }

    fn echo(&self, ttl: u8) -> Vec<u8> {
        let mut icmp = self.icmp.to_vec();
        icmp[0] = ECHO_REPLY;
        packet(self.to, self.from, ttl, icmp)
    }

    /// Says that the host can't be reached, quoting the request's header and 8 bytes of it.
    fn unreachable(&self, router: Ipv4Addr) -> Vec<u8> {
        let header = self.packet.len() - self.icmp.len();
        let mut icmp = vec![UNREACHABLE, HOST_UNREACHABLE, 0, 0, 0, 0, 0, 0];
        icmp.extend_from_slice(&self.packet[..header + 8]);
        packet(router, self.from, TTL, icmp)
    }
}

fn packet(from: Ipv4Addr, to: Ipv4Addr, ttl: u8, mut icmp: Vec<u8>) -> Vec<u8> {
    icmp[2..4].fill(0);
    let sum = checksum(&icmp);
    icmp[2..4].copy_from_slice(&sum.to_be_bytes());
    let length = u16::try_from(IP_HEADER + icmp.len()).unwrap_or(u16::MAX);
    let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0x40, 0, ttl, 1, 0, 0];
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    packet.extend_from_slice(&from.octets());
    packet.extend_from_slice(&to.octets());
    let sum = checksum(&packet);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend_from_slice(&icmp);
    packet
}

fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

fn send(socket: &Socket, packet: &[u8]) {
    let Some(to) = packet.get(16..20).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()) else { return };
    let to = SockAddr::from(SocketAddrV4::new(Ipv4Addr::from(to), 0));
    // A full queue loses an answer, as a real network would.
    let _ = socket.send_to(packet, &to);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_turns_the_request_round_and_its_sums_are_right() {
        let (from, to) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(127, 65, 1, 1));
        let bytes = packet(from, to, 64, vec![ECHO_REQUEST, 0, 0, 0, 1, 2, 3, 4, 9, 9, 9]);
        let request = Request::read(&bytes).unwrap();
        let echo = request.echo(61);
        assert_eq!(
            (&echo[12..16], &echo[16..20], echo[8], echo[20]),
            (&to.octets()[..], &from.octets()[..], 61, ECHO_REPLY)
        );
        assert_eq!(&echo[24..], &bytes[24..], "identifier, number and payload are the request's");
        assert_eq!((checksum(&echo[..20]), checksum(&echo[20..])), (0, 0));
        let told = request.unreachable(Ipv4Addr::new(127, 65, 0, 254));
        assert_eq!((told[20], told[21], &told[28..48]), (UNREACHABLE, HOST_UNREACHABLE, &bytes[..20]));
        assert!(Request::read(&echo).is_none(), "an answer isn't answered");
    }
}
