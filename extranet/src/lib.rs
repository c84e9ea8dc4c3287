//! Link probing and link arithmetic: what is seen of a city's links, what is broken and whose fault
//! it is, and how much of the month it was there.
//!
//! [`Core::step`] takes a [`sample::Batch`] and an instant and returns [`state::Effect`]s: states,
//! incidents, wishes for faster samples. [`schedule::Scheduler`] says what is probed when. The
//! figures of a month are [`partition`], its rules for people in `docs/extranet.md`.
//!
//! Three promises; where two rules seem to conflict, the earlier promise wins.
//! 1. **Our own fault is never an outage.** What we could not see is unknown, never down, never up.
//! 2. **One cause, one incident**, opened once and resolved once, naming the highest broken link.
//! 3. **Time is partitioned exactly.** For every link and month, six durations add up to the month
//!    to the microsecond.
//!
//! What is deliberately absent outside `engine`: clocks, randomness, sockets, files, threads. Time is
//! a parameter, jitter comes from a hash, probe results are values. Absent everywhere: Kubernetes,
//! an async runtime, `unsafe`.
#![forbid(unsafe_code)]

pub mod budget;
pub mod burn;
pub mod class;
mod core;
#[cfg(feature = "engine")]
pub mod engine;
pub mod flap;
pub mod hops;
pub mod incident;
pub mod log;
pub mod maintenance;
pub mod model;
pub mod month;
pub mod partition;
pub mod rollup;
pub mod sample;
pub mod schedule;
pub mod state;
pub mod tree;
pub mod vantage;
pub mod vote;
pub mod window;

pub use crate::core::{Core, Restored, View};
