//! What goes over the wire, and what counts as an answer to it. Pure, on byte slices.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

const MAGIC: [u8; 8] = *b"yunheng1";
const HEADER: usize = 8;
/// Header and 56 bytes of payload, as `ping` sends: 84 with the IP header.
pub(super) const PACKET: usize = HEADER + 56;

const ECHO_REQUEST: [u8; 2] = [8, 128];
const ECHO_REPLY: [u8; 2] = [0, 129];

/// What a probe says of itself in its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Echo {
    /// Which slot of the prober.
    pub slot: u32,
    /// Which probe of that slot. Its lower half is the ICMP sequence number.
    pub counter: u32,
    /// Nanoseconds of the prober's monotonic clock.
    pub sent: i64,
    pub cookie: u64,
}

/// Makes cookies that nobody without the key can make: a reply that wasn't asked for never counts.
#[derive(Clone, Debug, Default)]
pub(super) struct Cookies(RandomState);

impl Cookies {
    pub fn of(&self, slot: u32, counter: u32, address: IpAddr) -> u64 {
        self.0.hash_one((slot, counter, address))
    }
}

/// An echo request. The kernel fills the checksum in over IPv6 and on datagram sockets.
pub(super) fn request(v6: bool, id: u16, echo: Echo) -> [u8; PACKET] {
    let mut bytes = [0; PACKET];
    let fields: [&[u8]; 9] = [
        &[ECHO_REQUEST[usize::from(v6)], 0, 0, 0],
        &id.to_be_bytes(),
        &(echo.counter as u16).to_be_bytes(),
        &MAGIC,
        &echo.slot.to_be_bytes(),
        &echo.counter.to_be_bytes(),
        &echo.sent.to_be_bytes(),
        &echo.cookie.to_be_bytes(),
        &[],
    ];
    let mut at = 0;
    for field in fields {
        bytes[at..at + field.len()].copy_from_slice(field);
        at += field.len();
    }
    let sum = checksum(&bytes);
    bytes[2..4].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// The echo reply in what a socket gave, with its time to live if the IP header is there.
/// `with_header`: raw IPv4 sockets hand the IP header over, all others don't.
pub(super) fn reply(v6: bool, with_header: bool, bytes: &[u8]) -> Option<(Echo, Option<u8>)> {
    let (icmp, ttl) = if with_header { (after_ip_header(bytes)?, bytes.get(8).copied()) } else { (bytes, None) };
    let body = icmp.get(HEADER..)?;
    let right = icmp.first() == Some(&ECHO_REPLY[usize::from(v6)]) && body.get(..8)? == MAGIC;
    let echo = Echo {
        slot: u32::from_be_bytes(body.get(8..12)?.try_into().ok()?),
        counter: u32::from_be_bytes(body.get(12..16)?.try_into().ok()?),
        sent: i64::from_be_bytes(body.get(16..24)?.try_into().ok()?),
        cookie: u64::from_be_bytes(body.get(24..32)?.try_into().ok()?),
    };
    right.then_some((echo, ttl))
}

/// The sequence number of the request that an ICMP error quotes. No more than its first eight
/// bytes are sure to be there; the id isn't ours on datagram sockets.
pub(super) fn quoted_sequence(v6: bool, icmp: &[u8]) -> Option<u16> {
    let sequence = icmp.get(6..8)?.try_into().ok()?;
    (icmp.first() == Some(&ECHO_REQUEST[usize::from(v6)])).then(|| u16::from_be_bytes(sequence))
}

fn after_ip_header(bytes: &[u8]) -> Option<&[u8]> {
    let words = usize::from(bytes.first()? & 0x0f);
    bytes.get(words * 4..)
}

/// The Internet checksum: ones' complement of the ones' complement sum of 16-bit words.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ECHO: Echo = Echo { slot: 7, counter: 0x0001_0203, sent: -5, cookie: u64::MAX - 1 };

    fn answered(v6: bool) -> Vec<u8> {
        let mut bytes = request(v6, 42, ECHO).to_vec();
        bytes[0] = ECHO_REPLY[usize::from(v6)];
        bytes
    }

    #[test]
    fn what_was_asked_comes_back() {
        for v6 in [false, true] {
            let bytes = answered(v6);
            assert_eq!(reply(v6, false, &bytes), Some((ECHO, None)));
        }
        let mut with_header = vec![0; 24];
        (with_header[0], with_header[8]) = (0x46, 57);
        with_header.extend(answered(false));
        assert_eq!(reply(false, true, &with_header), Some((ECHO, Some(57))));
    }

    #[test]
    fn a_request_is_no_reply_and_what_is_cut_short_is_nothing() {
        let bytes = request(false, 42, ECHO);
        assert_eq!(reply(false, false, &bytes), None);
        assert_eq!(quoted_sequence(false, &bytes[..8]), Some(0x0203));
        assert_eq!(quoted_sequence(false, &bytes[..7]), None);
        let whole = answered(false);
        for length in 0..40 {
            assert_eq!(reply(false, false, &whole[..length]), None, "{length}");
            assert_eq!(reply(false, true, &whole[..length]), None, "{length}");
        }
    }

    #[test]
    fn the_checksum_sums_to_nothing() {
        assert_eq!(checksum(&request(false, 42, ECHO)), 0);
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
    }

    #[test]
    fn cookies_differ_by_each_part_and_by_process() {
        let cookies = Cookies::default();
        let here = IpAddr::from([127, 64, 0, 1]);
        let one = cookies.of(1, 1, here);
        assert_eq!(one, cookies.of(1, 1, here));
        assert_ne!(one, cookies.of(2, 1, here));
        assert_ne!(one, cookies.of(1, 2, here));
        assert_ne!(one, cookies.of(1, 1, IpAddr::from([127, 64, 0, 2])));
        assert_ne!(one, Cookies::default().of(1, 1, here));
    }
}
