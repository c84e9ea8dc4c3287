//! ICMP sockets: opened as the machine permits, written and read many packets at a time.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::sockopt::{
    Ipv4RecvErr, Ipv4RecvTtl, Ipv6RecvErr, Ipv6RecvHopLimit, RcvBuf, RcvBufForce, ReceiveTimestampns, RxqOvfl,
};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrStorage, getsockopt, recvmmsg, setsockopt,
};
use nix::sys::time::TimeSpec;
use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, SocketAddrAny, sendmmsg};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use super::packet::PACKET;

/// Packets written or read with one call.
pub(super) const AT_ONCE: usize = 64;
/// Room that is made for packets where few are expected: making it costs more than the call.
const FEW: usize = 8;
/// What one answer takes of the receive buffer: the default of 212,992 bytes holds 277.
const ANSWER_BYTES: usize = 769;
/// An answer with its IP header of at most 60 bytes, and a little more: longer ones aren't ours.
const BUFFER: usize = 160;

/// Something read from a socket or its error queue.
pub(super) struct Received<'a> {
    pub bytes: &'a [u8],
    /// Where an answer comes from; for an error, where the request went.
    pub address: Option<IpAddr>,
    /// Wall's time of arrival by the kernel, in nanoseconds.
    pub arrived: Option<i64>,
    pub ttl: Option<u8>,
    pub refusal: Option<Refusal>,
}

/// A router's word that it can't deliver.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    pub from: IpAddr,
    pub kind: u8,
    pub code: u8,
}

/// One open ICMP socket.
#[derive(Debug)]
pub(super) struct IcmpSocket {
    socket: Socket,
    pub v6: bool,
    pub raw: bool,
    /// Answers that its receive buffer is sure to hold.
    pub holds: usize,
    /// The line of this socket in procfs.
    inode: String,
    drops: u64,
    overflow: u32,
    /// Packets to make room for in the next call: a tick's answers, as a rule.
    width: usize,
    buffers: Vec<[u8; BUFFER]>,
}

impl IcmpSocket {
    /// Opens a raw or a datagram socket.
    ///
    /// # Errors
    /// Whatever the kernel says: EPERM or EACCES where it isn't permitted.
    pub fn open(v6: bool, raw: bool, id: u16, receive_buffer: usize) -> io::Result<Self> {
        let (domain, protocol) = if v6 { (Domain::IPV6, Protocol::ICMPV6) } else { (Domain::IPV4, Protocol::ICMPV4) };
        let socket = Socket::new(domain, if raw { Type::RAW } else { Type::DGRAM }, Some(protocol))?;
        socket.set_nonblocking(true)?;
        if raw {
            // A raw socket gets a copy of all ICMP of its namespace: keep replies to our id alone.
            socket.attach_filter(&filter(v6, id))?;
        }
        setsockopt(&socket, ReceiveTimestampns, &true)?;
        setsockopt(&socket, RxqOvfl, &1)?;
        if v6 {
            setsockopt(&socket, Ipv6RecvErr, &true)?;
            setsockopt(&socket, Ipv6RecvHopLimit, &true)?;
        } else {
            setsockopt(&socket, Ipv4RecvErr, &true)?;
            setsockopt(&socket, Ipv4RecvTtl, &true)?;
        }
        if setsockopt(&socket, RcvBufForce, &receive_buffer).is_err() {
            socket.set_recv_buffer_size(receive_buffer)?;
        }
        // What is got is read back: the kernel doubles it, and may have clamped it before.
        let got = getsockopt(&socket, RcvBuf)?;
        let link = std::fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd()))?;
        let text = link.to_string_lossy();
        let inode = text.trim_start_matches("socket:[").trim_end_matches(']').to_owned();
        let holds = (got / ANSWER_BYTES).max(1);
        let buffers = vec![[0; BUFFER]; AT_ONCE];
        Ok(Self { socket, v6, raw, holds, inode, drops: 0, overflow: 0, width: FEW, buffers })
    }

    /// Sends packets in order. Returns how many left, and why the next one didn't, if so.
    pub fn send(&self, packets: &[(SocketAddr, [u8; PACKET])]) -> (usize, Option<io::Error>) {
        let addresses: Vec<SocketAddrAny> = packets.iter().map(|(address, _)| SocketAddrAny::from(*address)).collect();
        let slices: Vec<[IoSlice<'_>; 1]> = packets.iter().map(|(_, bytes)| [IoSlice::new(bytes)]).collect();
        let mut controls: Vec<SendAncillaryBuffer<'_, '_, '_>> =
            packets.iter().map(|_| SendAncillaryBuffer::default()).collect();
        let parts = addresses.iter().zip(&slices).zip(&mut controls);
        let mut messages: Vec<MMsgHdr<'_>> =
            parts.map(|((address, slice), control)| MMsgHdr::new_with_addr(address, slice, control)).collect();
        match sendmmsg(self.socket.as_fd(), &mut messages, SendFlags::DONTWAIT) {
            Ok(sent) => (sent, None),
            Err(error) => (0, Some(error.into())),
        }
    }

    /// Empties the receive queue, and the error queue before it, as far as `most` calls go. What waits in the
    /// error queue is told by the next call too, so that between two batches of a tick it may be left for later.
    pub fn drain(&mut self, most: usize, errors: bool, mut each: impl FnMut(Received<'_>)) {
        let queues: &[MsgFlags] =
            if errors { &[MsgFlags::MSG_ERRQUEUE, MsgFlags::empty()] } else { &[MsgFlags::empty()] };
        for flags in queues {
            for _ in 0..most {
                match self.read(*flags, &mut each) {
                    Err(Errno::EAGAIN) => break,
                    Ok(some) if some < self.width => {
                        self.width = (some * 2).next_power_of_two().clamp(FEW, self.width);
                        break;
                    }
                    Ok(_) => self.width = AT_ONCE,
                    // An error that waits is told by the next call, whatever it was about; what it says is in the error queue.
                    Err(_) => {}
                }
            }
        }
    }

    fn read(&mut self, flags: MsgFlags, each: &mut impl FnMut(Received<'_>)) -> Result<usize, Errno> {
        let fd = self.socket.as_raw_fd();
        // Made anew for each call: the kernel writes lengths back into the headers, and a shorter one would cut
        // off the control messages of the next.
        let space = cmsg_space!(TimeSpec, i32, u32, [u8; 48]);
        let mut headers = MultiHeaders::<SockaddrStorage>::preallocate(self.width, Some(space));
        let mut slices: Vec<[IoSliceMut<'_>; 1]> =
            self.buffers.iter_mut().take(self.width).map(|buffer| [IoSliceMut::new(buffer)]).collect();
        let received = recvmmsg(fd, &mut headers, slices.iter_mut(), flags | MsgFlags::MSG_DONTWAIT, None)?;
        let (mut count, mut overflow) = (0, self.overflow);
        for message in received {
            count += 1;
            let bytes = message.iovs().next().unwrap_or_default();
            let address = message.address.and_then(|address| ip(&address));
            let mut one = Received { bytes, address, arrived: None, ttl: None, refusal: None };
            for control in message.cmsgs().into_iter().flatten() {
                match control {
                    ControlMessageOwned::ScmTimestampns(at) => {
                        one.arrived = Some(at.tv_sec() * 1_000_000_000 + at.tv_nsec());
                    }
                    ControlMessageOwned::Ipv4Ttl(ttl) | ControlMessageOwned::Ipv6HopLimit(ttl) => {
                        one.ttl = u8::try_from(ttl).ok();
                    }
                    ControlMessageOwned::RxqOvfl(drops) => overflow = drops,
                    ControlMessageOwned::Ipv4RecvErr(error, from) => {
                        let from = from.map(|from| IpAddr::from(from.sin_addr.s_addr.to_ne_bytes()));
                        one.refusal = from.map(|from| Refusal { from, kind: error.ee_type, code: error.ee_code });
                    }
                    ControlMessageOwned::Ipv6RecvErr(error, from) => {
                        let from = from.map(|from| IpAddr::from(from.sin6_addr.s6_addr));
                        one.refusal = from.map(|from| Refusal { from, kind: error.ee_type, code: error.ee_code });
                    }
                    _ => {}
                }
            }
            each(one);
        }
        if overflow != self.overflow {
            self.overflow = overflow;
            // Told to `dropped` by a count of its own, so that it is noticed even where procfs can't be read.
            self.drops = u64::MAX;
        }
        Ok(count)
    }

    /// Whether the kernel has dropped anything for this socket since the last call. Yes or no only: a raw socket's
    /// own counter counts twice, and a datagram ICMP socket has none but the one in procfs.
    pub fn dropped(&mut self) -> bool {
        let name = match (self.raw, self.v6) {
            (true, false) => "raw",
            (true, true) => "raw6",
            (false, false) => "icmp",
            (false, true) => "icmp6",
        };
        let table = std::fs::read_to_string(format!("/proc/self/net/{name}")).unwrap_or_default();
        let drops = drops_of(&table, &self.inode);
        match drops {
            Some(drops) => std::mem::replace(&mut self.drops, drops) != drops,
            None => std::mem::replace(&mut self.drops, 0) == u64::MAX,
        }
    }
}

/// The last column of the socket's line; its inode is three columns before.
fn drops_of(table: &str, inode: &str) -> Option<u64> {
    table.lines().find_map(|line| {
        let mut columns = line.split_whitespace().rev();
        let drops = columns.next()?;
        (columns.nth(2)? == inode).then(|| drops.parse().ok()).flatten()
    })
}

fn ip(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
}

/// Classic BPF: echo replies with our id pass, nothing else. IPv4 begins at the IP header, IPv6 at the ICMP header.
fn filter(v6: bool, id: u16) -> Vec<SockFilter> {
    const LOAD_HEADER_LENGTH: u16 = 0xb1;
    const LOAD_BYTE: u16 = 0x50;
    const LOAD_HALF: u16 = 0x48;
    const LOAD_BYTE_ABS: u16 = 0x30;
    const LOAD_HALF_ABS: u16 = 0x28;
    const JUMP_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    let step = SockFilter::new;
    let id = u32::from(id);
    let ends = [step(RETURN, 0, 0, 0xffff), step(RETURN, 0, 0, 0)];
    let tests = if v6 {
        vec![
            step(LOAD_BYTE_ABS, 0, 0, 0),
            step(JUMP_EQUAL, 0, 3, 129),
            step(LOAD_HALF_ABS, 0, 0, 4),
            step(JUMP_EQUAL, 0, 1, id),
        ]
    } else {
        vec![
            step(LOAD_HEADER_LENGTH, 0, 0, 0),
            step(LOAD_BYTE, 0, 0, 0),
            step(JUMP_EQUAL, 0, 3, 0),
            step(LOAD_HALF, 0, 0, 4),
            step(JUMP_EQUAL, 0, 1, id),
        ]
    };
    tests.into_iter().chain(ends).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_in_the_last_column_of_the_sockets_line() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
            \x20  1: 00000000:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0000000000000000 7\n\
            \x20  1: 00000000:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4712 2 0000000000000000 0\n";
        assert_eq!(drops_of(table, "4711"), Some(7));
        assert_eq!(drops_of(table, "4712"), Some(0));
        assert_eq!(drops_of(table, "1"), None);
    }
}
