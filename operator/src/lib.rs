//! The controllers that grant, enforce and take back quota.
//!
//! Each kind has a folder; each reconcile reads as observe → plan → apply → report. `plan` takes
//! values and returns a value. Only `apply` and `report` write to a cluster. Only the pool
//! controller writes a ledger; the others ask it, through [`desk`].
//!
//! Never here: knowledge of HTTP requests by people, sign-in or screens.
#![forbid(unsafe_code)]

pub mod admin;
pub mod allocation;
pub mod application;
pub mod args;
pub mod clock;
pub mod context;
pub mod department;
pub mod desk;
pub mod error;
pub mod host;
pub mod leader;
pub mod ledgers;
pub mod link;
pub mod member;
pub mod metrics;
pub mod newest;
pub mod pace;
pub mod patch;
pub mod policy;
pub mod pool;
pub mod request;
pub mod run;
pub mod statuses;
pub mod telemetry;
pub mod usage;
pub mod watch;

pub(crate) use pool::key_of as pool_key;
