//! The overshoot oracle: replays what etcd has kept, revision by revision, and recomputes from the
//! raw objects what must hold at each of them.
//!
//! [`World`] is the core: it takes events and keeps findings, and knows no etcd. [`replay`] feeds it
//! from a running etcd; the program `oracle` is a thin shell around that.
//!
//! **Invariant:** nothing here decides with the product's own arithmetic. Sums are made anew, in
//! integers of 128 bits, from the lines of a ledger and the maps of a quota, so that a fault in
//! `ledger::decide` or `ledger::audit` can't hide itself. Only the reading of an amount's text is shared.

#![forbid(unsafe_code)]

mod amounts;
mod decode;
mod etcd;
mod report;
mod source;
mod stream;
mod world;

pub use amounts::{Amounts, Kind as Resource};
pub use report::{Admitted, Check, Finding, OverGrant, Report};
pub use source::{Error, Source};
pub use stream::{Expect, Range, replay};
pub use world::{Change, Event, World};
