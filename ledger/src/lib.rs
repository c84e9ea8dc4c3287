//! What one pool has promised, and to whom: pure arithmetic and decisions.
//!
//! A [`Ledger`] holds the capacity of a pool, the ceilings of departments and one [`Entry`] per
//! allocation. [`decide`] is the only way to change it: one ordered pass over [`Request`]s that
//! returns the next ledger and a [`Decision`] for each.
//!
//! **Invariant A.** For every resource, Σ(granted + held + draining) ≤ capacity, and for every
//! department's subtree ≤ its ceiling. Where capacity or a ceiling was lowered by explicit choice
//! below what is out, no change may make it worse.
//!
//! What is deliberately absent: Kubernetes, serialisation, clocks, randomness, input and output.
//! Whoever calls passes plain values and carries out what comes back.
#![forbid(unsafe_code)]

mod amount;
mod audit;
mod bundle;
mod change;
mod decide;
mod department;
mod entry;
mod ledger;
mod order;
mod outlook;
mod pass;
mod reason;
mod request;
mod size;
mod subtrees;

pub use amount::Amount;
pub use audit::{Audit, Finding};
pub use bundle::{Bundle, PerResource, Resource};
pub use decide::{Decided, Decision, Rules, decide};
pub use department::{Department, DepartmentTree};
pub use entry::{AllocationKey, Entry, Hold, Position, Shares};
pub use ledger::{ENTRIES_MAX, Ledger};
pub use order::Sequence;
pub use outlook::{Mix, Outlook, outlook};
pub use reason::Reason;
pub use request::{Ask, Request};
pub use size::BYTES_MAX;
