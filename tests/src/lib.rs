//! What whole-system tests and benchmarks stand on: a control plane of their own, people with
//! real tokens, the real operator as a process, and the invariants recomputed from raw objects.
//!
//! Nothing here ships and nobody imports it. There is no imitation of the API server.
#![forbid(unsafe_code)]
#![expect(clippy::needless_pass_by_value, reason = "objects are written down where they are sent")]

pub mod city;
pub mod cluster;
pub mod control_plane;
pub mod eventually;
pub mod faults;
pub mod invariants;
pub mod member;
pub mod namespace;
pub mod object;
pub mod people;
pub mod permissions;
pub mod process;
pub mod program;
pub mod rest;
pub mod scenarios;
pub mod stage;
pub mod town;
