//! A request's life: from where it stands and what somebody does, to what follows.
//!
//! [`transition`] is one function over one table ([`table::TABLE`]). It takes values and returns a
//! value: what is held, written, told or counted down is for others to carry out. Who may write a
//! verdict at all is the API server's to say (custom verbs, checked by an admission policy); what
//! the verdict means here and now is said below.
//!
//! An act that is refused changes nothing, and is refused by the first of these that applies: no
//! stage named; not this person's to do; his own request; another revision; not now or not at this
//! stage; another role; the same person at both review stages; too late or too early; another
//! request first; no rounds left; and last what was written with it.
//!
//! The phases, and every pair of phase and verdict, are in `docs/requests.md`.

mod act;
mod capacity;
mod correction;
mod direct;
mod guard;
mod outcome;
pub mod page;
mod queue;
mod record;
mod refusal;
mod role;
mod rules;
mod standing;
pub mod table;
#[cfg(test)]
mod tests;

pub use act::{Act, Action, Actor, Deed, Given, SYSTEM, Seen};
pub use capacity::{Account, Move};
pub use correction::corrections;
pub use direct::{Step, open_directly, step};
pub use guard::open_now;
pub use outcome::{Clock, Limit, Outcome};
pub use queue::{concern_the_same, holds, is_open, is_undecided, turn};
pub use record::{HISTORY_MAX, phase_of, revision_of};
pub use refusal::{Nature, OfferFault, Open, Refusal};
pub use role::{ACCEPTANCE, DEPARTMENT, Role, vouched};
pub use rules::{FourEyes, Rules};
pub use standing::{Facts, Offered, ReturnedFrom, Standing, WithdrawnFrom};

/// What follows when this is done to a request that stands there; or why nothing does.
pub fn transition(standing: &Standing, act: &Act, rules: &Rules) -> Result<Outcome, Refusal> {
    let row = guard::row(standing, act, rules)?;
    guard::content(standing, act, rules)?;
    Ok(outcome::outcome(row, standing, act, rules))
}

/// Why this isn't open to this person now, before what he would write with it is looked at. What a
/// screen needs for its buttons.
#[must_use]
pub fn blocked(standing: &Standing, act: &Act, rules: &Rules) -> Option<Refusal> {
    guard::row(standing, act, rules).err()
}
