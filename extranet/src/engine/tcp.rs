//! TCP probes: connects that are under way, at most 256 at a time.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use super::Expect;
use super::clock::Mono;
use super::flight::Out;
use crate::model::Span;
use crate::sample::{Evidence, Taint, Verdict};

/// Each takes a file descriptor, of which a process has 1,024 by default.
const CONNECTS_MAX: usize = 256;

/// One connect under way.
#[derive(Debug)]
pub(super) struct Connect {
    socket: Socket,
    pub slot: u32,
    pub out: Out,
    expect: Expect,
}

/// How one ended.
pub(super) type Outcome = (Verdict, Option<Evidence>);

/// All connects under way.
#[derive(Debug, Default)]
pub(super) struct Connects {
    running: Vec<Connect>,
}

impl Connects {
    pub fn len(&self) -> usize {
        self.running.len()
    }

    /// What to wait on: writable means decided.
    pub fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.running.iter().map(|connect| connect.socket.as_fd())
    }

    pub fn next_deadline(&self) -> Option<Mono> {
        self.running.iter().map(|connect| connect.out.deadline).min()
    }

    /// Begins a connect. `Some` if it is decided at once.
    pub fn begin(&mut self, slot: u32, out: Out, address: SocketAddr, expect: Expect, now: Mono) -> Option<Outcome> {
        if self.running.len() >= CONNECTS_MAX {
            return Some((Verdict::Tainted(Taint::SendError), None));
        }
        let opened = open(address).and_then(|socket| match socket.connect(&address.into()) {
            Ok(()) => Ok((socket, true)),
            Err(error) if error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error()) => Ok((socket, false)),
            Err(error) => Err(error),
        });
        match opened {
            Ok((_, true)) => Some(answered(&out, now)),
            Ok((socket, false)) => {
                self.running.push(Connect { socket, slot, out, expect });
                None
            }
            Err(error) => Some(failed(&error, expect, &out, now)),
        }
    }

    /// Looks at all connects under way and hands out those that are decided by `now`.
    pub fn look(&mut self, now: Mono, mut each: impl FnMut(u32, Out, Outcome)) {
        self.running.retain(|connect| {
            let outcome = match connect.socket.take_error() {
                Ok(Some(error)) | Err(error) => Some(failed(&error, connect.expect, &connect.out, now)),
                // Without a peer it is still under way.
                Ok(None) if connect.socket.peer_addr().is_ok() => Some(answered(&connect.out, now)),
                Ok(None) => None,
            };
            let late = outcome.is_none() && connect.out.deadline <= now;
            let outcome = if late { Some((Verdict::Lost, Some(Evidence::TcpTimeout))) } else { outcome };
            outcome.map(|outcome| each(connect.slot, connect.out, outcome)).is_none()
        });
    }
}

fn open(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    // Closed by a reset, so that no connection lingers in TIME_WAIT on either side.
    socket.set_linger(Some(Duration::ZERO))?;
    Ok(socket)
}

/// The round trip is read in user space when the prober wakes up, so it is an upper bound.
fn answered(out: &Out, now: Mono) -> Outcome {
    (Verdict::Ok { rtt: Some(Span::micros((now.0 - out.sent_mono.0) / 1_000)) }, None)
}

fn failed(error: &io::Error, expect: Expect, out: &Out, now: Mono) -> Outcome {
    let code = error.raw_os_error().map(Errno::from_raw_os_error);
    match (code, expect) {
        // Somebody is there and says no: the link works.
        (Some(Errno::CONNREFUSED), Expect::Reachable) => (answered(out, now).0, Some(Evidence::TcpRefused)),
        (Some(Errno::CONNREFUSED), Expect::Open) => (Verdict::Lost, Some(Evidence::TcpRefused)),
        (Some(Errno::TIMEDOUT), _) => (Verdict::Lost, Some(Evidence::TcpTimeout)),
        (Some(Errno::HOSTUNREACH | Errno::CONNRESET | Errno::CONNABORTED), _) => (Verdict::Lost, None),
        // EMFILE, EADDRNOTAVAIL, ENETUNREACH, EPERM, ENOBUFS and what else our own stack says.
        _ => (Verdict::Tainted(Taint::SendError), None),
    }
}
