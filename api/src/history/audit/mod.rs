//! The audit chain: who did what, in rows that each carry the hash of the one before.
//!
//! Rows are only ever added. An act through REST is two of them: its intent, on the disk before
//! anything is done, and its outcome, on the disk before the answer goes out. So completing an act
//! changes no row that is there.

pub mod anchor;
mod list;
mod row;
pub mod seen;
mod verify;
mod writer;

pub use list::{Act, Filter};
pub use row::{Algorithm, Entry, Kind, Row};
pub use verify::{Fault, Finding, Verification};
pub use writer::{Begun, Journal};
