//! The REST interface, sign-in, live events and the dashboard's files.
//!
//! Invariants:
//! - Nothing is written to the cluster but in the caller's name: with his token, or by our word for him
//!   whom the identity provider has named.
//! - Reads come from watch caches; nothing that counts is decided here, only asked of `ledger`.
//! - What a caller may not see looks like what isn't there.
//! - Everything is bounded: bodies, pages, sessions, streams, answers that are kept.
//!
//! Deliberately absent: arithmetic on quotas (in `ledger` and `resources`), the operator, passwords.
#![forbid(unsafe_code)]

mod access;
mod acknowledging;
mod acting;
mod acts;
pub mod args;
mod asking;
mod automatic;
mod bulk;
mod clock;
pub mod cluster;
mod correcting;
mod dashboard;
mod deciding;
mod documented;
mod export;
mod extract;
mod flaw;
pub mod history;
mod idempotency;
pub mod identity;
mod importing;
mod language;
mod latest;
mod live;
mod memo;
mod metrics;
mod middleware;
mod network;
pub mod notices;
mod object;
pub mod openapi;
mod page;
mod planning;
mod preview;
mod problem;
mod process;
mod refusal;
mod refused;
mod respond;
pub mod router;
mod routes;
mod ruling;
pub mod run;
mod sentence;
mod sheet;
mod snapshot;
pub mod state;
pub mod verifying;
mod view;
pub mod world;

pub use dashboard::Files;
