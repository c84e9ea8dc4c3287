//! What the pool's ledger says to an increase, by the code that decides.

use ledger::{AllocationKey, Ask, Bundle, Decision, Ledger, Reason, Request, Rules, Sequence, decide};

/// Whether it fits, and how full the pool would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Why it doesn't fit the pool, or a ceiling.
    pub refused: Option<Reason>,
    pub capacity: Bundle,
    /// Granted, held and draining once it is held.
    pub out: Bundle,
    /// The revision that was looked at.
    pub revision: u64,
}

/// Asks a copy of the ledger. `closed`: why the pool gives nothing out.
#[must_use]
pub fn room(ledger: &Ledger, key: &AllocationKey, uid: &str, target: Bundle, closed: Option<Reason>) -> Room {
    let ask = Ask::Hold {
        allocation: key.clone(),
        request: String::new(),
        uid: uid.to_owned(),
        decision: "automatic".to_owned(),
        target,
    };
    let rules = Rules { closed, ..Rules::from(Sequence::Unordered) };
    let refused = match decide(ledger, &[Request { ask, at_ms: 0 }], rules).decisions.pop() {
        Some(Decision::Refuse(reason) | Decision::Wait(reason)) => Some(reason),
        _ => None,
    };
    let entry = ledger.entries.get(key);
    let granted = entry.map(ledger::Entry::granted).unwrap_or_default();
    let own = entry.and_then(|entry| entry.hold.as_ref()).filter(|hold| hold.uid == uid);
    let held = own.map(|hold| hold.amount).unwrap_or_default();
    let out = ledger.position().total().minus(held).plus(target.minus(granted));
    Room { refused, capacity: ledger.capacity, out, revision: ledger.revision }
}
