//! The table of targets: each has a slot that stays its own while it is in the table.

use std::collections::HashMap;
use std::net::IpAddr;

use super::flight::Flight;
use super::{Probe, TargetSpec};
use crate::model::Stamp;
use crate::sample::Target;
use crate::schedule::{Plan, Scheduler};

const NANOS_PER_SECOND: i64 = 1_000_000_000;
/// A tick costs as much as a few probes, so it waits until there are some: 20 ms for the city's 528 probes a
/// second, 5 ms from 3,000 a second on. It moves slots by no more than a fiftieth of the shortest interval.
const PROBES_A_TICK: f64 = 16.0;
const TICK_MIN: i64 = 5_000_000;
const TICK_MAX: i64 = 20_000_000;

/// Targets, their slots, and the schedule made of them.
#[derive(Debug)]
pub(super) struct Table {
    slots: Vec<TargetSpec>,
    /// Slot of each plan of the scheduler.
    planned: Vec<u32>,
    by_target: HashMap<Target, u32>,
    by_address: HashMap<IpAddr, u32>,
    shortest_timeout: i64,
    tick: i64,
    pub scheduler: Scheduler,
}

impl Table {
    pub fn new(rate: u32, now: Stamp) -> Self {
        Self {
            slots: Vec::new(),
            planned: Vec::new(),
            by_target: HashMap::new(),
            by_address: HashMap::new(),
            shortest_timeout: NANOS_PER_SECOND,
            tick: TICK_MAX,
            scheduler: Scheduler::new(&[], rate, now),
        }
    }

    /// Replaces the table. A target whose probe is the same keeps its slot and what is under way in
    /// it; a slot that is free is used again only when nothing is under way there any more.
    pub fn replace(&mut self, specs: Vec<TargetSpec>, flight: &mut Flight, rate: u32, now: Stamp) {
        let plan = |spec: &TargetSpec| Plan {
            target: spec.target,
            uid: spec.uid.clone(),
            interval: spec.interval,
            lines: spec.lines.clone(),
        };
        let plans: Vec<Plan> = specs.iter().map(plan).collect();
        let before = std::mem::take(&mut self.by_target);
        let kept: HashMap<Target, u32> = specs
            .iter()
            .filter_map(|spec| Some((spec, *before.get(&spec.target)?)))
            .filter(|(spec, slot)| self.slots[*slot as usize].probe == spec.probe)
            .map(|(spec, slot)| (spec.target, slot))
            .collect();
        let mut taken = vec![false; self.slots.len()];
        kept.values().for_each(|slot| taken[*slot as usize] = true);
        let mut free: Vec<u32> =
            (0..self.slots.len() as u32).filter(|slot| !taken[*slot as usize] && flight.is_idle(*slot)).collect();
        let shortest = specs.iter().map(|spec| spec.timeout.as_micros().saturating_mul(1_000)).min();
        self.shortest_timeout = shortest.unwrap_or(NANOS_PER_SECOND);
        let rate_of = |spec: &TargetSpec| 1.0 / spec.interval.as_secs_f64().max(1e-3);
        let per_second: f64 = specs.iter().map(rate_of).sum();
        self.tick = ((PROBES_A_TICK * 1e9 / per_second.max(1.0)) as i64).clamp(TICK_MIN, TICK_MAX);
        self.planned.clear();
        self.by_address.clear();
        for spec in specs {
            let slot = kept.get(&spec.target).copied().or_else(|| free.pop()).unwrap_or(self.slots.len() as u32);
            if let Probe::Icmp(address) = spec.probe {
                self.by_address.insert(address, slot);
            }
            self.by_target.insert(spec.target, slot);
            self.planned.push(slot);
            match self.slots.get_mut(slot as usize) {
                Some(place) => *place = spec,
                None => self.slots.push(spec),
            }
        }
        flight.grow(self.slots.len());
        self.scheduler = Scheduler::new(&plans, rate, now);
    }

    pub fn spec(&self, slot: u32) -> Option<&TargetSpec> {
        self.slots.get(slot as usize)
    }

    /// The shortest time-out in the table, in nanoseconds.
    pub fn shortest_timeout(&self) -> i64 {
        self.shortest_timeout
    }

    /// Slots are sent in ticks of this many nanoseconds.
    pub fn tick(&self) -> i64 {
        self.tick
    }

    pub fn slot_of_plan(&self, plan: u32) -> u32 {
        self.planned[plan as usize]
    }

    pub fn slot_at(&self, address: IpAddr) -> Option<u32> {
        self.by_address.get(&address).copied()
    }

    /// Whether any target is probed by ICMP in this family.
    pub fn wants(&self, v6: bool) -> bool {
        self.by_address.keys().any(|address| address.is_ipv6() == v6)
    }
}
