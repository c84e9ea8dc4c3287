//! Probes leave.

use std::net::SocketAddr;

use super::super::clock::{Mono, mono, real};
use super::super::flight::Out;
use super::super::packet::{Echo, PACKET, request};
use super::super::socket::AT_ONCE;
use super::super::{Probe, Stats};
use super::Prober;
use crate::sample::{Taint, Verdict};
use crate::schedule::Slot;

impl Prober {
    /// Sends what is due, at most 64 at a time and as many as the receive buffer holds answers for,
    /// reading in between.
    pub(super) fn send(&mut self) {
        let holds = self.sockets.iter().flatten().map(|socket| socket.holds).min().unwrap_or(AT_ONCE);
        let mut slots: Vec<Slot> = Vec::with_capacity(AT_ONCE);
        loop {
            slots.clear();
            let now = mono();
            self.table.scheduler.due(self.clock.stamp(now), AT_ONCE.min(holds), &mut slots);
            self.rate_limited |= self.table.scheduler.take_limited();
            if slots.is_empty() {
                return;
            }
            let mut packets: [Vec<(SocketAddr, [u8; PACKET], u32)>; 2] = [Vec::new(), Vec::new()];
            for slot in &slots {
                let n = self.table.slot_of_plan(slot.plan);
                let Some(spec) = self.table.spec(n) else { continue };
                let (probe, timeout) = (spec.probe, spec.timeout.as_micros().saturating_mul(1_000));
                let counter = self.flight.next(n);
                let out = Out {
                    counter,
                    sent: self.clock.stamp(now),
                    sent_mono: now,
                    sent_real: real(),
                    deadline: Mono(now.0.saturating_add(timeout)),
                };
                match probe {
                    Probe::Icmp(address) => {
                        let cookie = self.cookies.of(n, counter, address);
                        let echo = Echo { slot: n, counter, sent: now.0, cookie };
                        let v6 = address.is_ipv6();
                        if self.sockets[usize::from(v6)].is_none() {
                            continue;
                        }
                        self.flight.sent(n, out);
                        let packet = request(v6, self.settings.id, echo);
                        packets[usize::from(v6)].push((SocketAddr::new(address, 0), packet, n));
                    }
                    Probe::Tcp { address, expect } => {
                        Stats::add(&self.stats.sent, 1);
                        if let Some((verdict, evidence)) = self.connects.begin(n, out, address, expect, mono()) {
                            self.report(n, &out, verdict, None, evidence);
                        }
                    }
                }
            }
            for (v6, packets) in packets.iter().enumerate() {
                self.send_icmp(v6, packets);
            }
            self.receive_icmp(false);
        }
    }

    fn send_icmp(&mut self, v6: usize, packets: &[(SocketAddr, [u8; PACKET], u32)]) {
        Stats::add(&self.stats.sent, packets.len() as u64);
        let plain: Vec<(SocketAddr, [u8; PACKET])> = packets.iter().map(|(to, bytes, _)| (*to, *bytes)).collect();
        let (mut at, mut retried) = (0, false);
        while at < plain.len() {
            let Some(socket) = &self.sockets[v6] else { return };
            let (sent, error) = socket.send(&plain[at..]);
            at += sent;
            if error.is_none() && sent > 0 {
                retried = false;
                continue;
            }
            if std::mem::replace(&mut retried, true) {
                // Not the target's fault: the second try failed too, with nothing left in the error queue.
                self.unsent(packets[at].2, &plain[at].1);
                (at, retried) = (at + 1, false);
            } else {
                // An error about another target is told by the next call, which then does nothing.
                self.receive();
            }
        }
    }

    fn unsent(&mut self, slot: u32, packet: &[u8; PACKET]) {
        Stats::add(&self.stats.send_errors, 1);
        let counter = u32::from_be_bytes([packet[20], packet[21], packet[22], packet[23]]);
        if let Some(out) = self.flight.take(slot, counter) {
            self.report(slot, &out, Verdict::Tainted(Taint::SendError), None, None);
        }
    }
}
