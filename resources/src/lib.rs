//! The Kubernetes kinds of Yunheng, and the pure translation between them and the ledger.
//!
//! Types, rules, texts and conversions; no client, no runtime, no clock. The operator, the API
//! and the command line all use this crate, so a bad input gets the same verdict from each.
#![forbid(unsafe_code)]

pub mod amounts;
pub mod audit;
pub mod automatic;
pub mod condition;
pub mod judgement;
mod kinds;
pub mod links;
pub mod names;
pub mod policy;
pub mod quantity;
pub mod quota;
pub mod sharing;
pub mod snapshot;
pub mod status;
pub mod term;
pub mod usage;
pub mod v1alpha1;
pub mod validate;
pub mod what_if;
pub mod workday;
pub mod workflow;

pub use kinds::{GROUP, KINDS, Kind, VERSION, crds};
