//! What a transition does to capacity.

use ledger::Bundle;

/// One move between the capacity states. Amounts are increases over what was granted before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Shown as demand: requested += amount.
    Request(Bundle),
    /// No demand any more: requested −= amount.
    Unrequest(Bundle),
    /// held += amount. It must fit, and the transition stands or falls with it.
    Hold(Bundle),
    /// held −= amount
    Unhold(Bundle),
    /// held → granted, in the ledger; only then is the quota raised.
    Grant(Bundle),
    /// granted → draining
    Drain(Bundle),
    /// held → draining
    DrainHeld(Bundle),
    /// draining → granted: the quota wasn't lowered yet.
    Keep(Bundle),
    /// draining → free, once.
    Free(Bundle),
}

impl Move {
    #[must_use]
    pub const fn amount(self) -> Bundle {
        match self {
            Self::Request(amount)
            | Self::Unrequest(amount)
            | Self::Hold(amount)
            | Self::Unhold(amount)
            | Self::Grant(amount)
            | Self::Drain(amount)
            | Self::DrainHeld(amount)
            | Self::Keep(amount)
            | Self::Free(amount) => amount,
        }
    }
}

/// What a request, and the allocation it is about, have in each capacity state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    pub requested: Bundle,
    pub held: Bundle,
    pub granted: Bundle,
    pub draining: Bundle,
}

impl Account {
    /// The account afterwards; `None` where a move takes more than there is.
    #[must_use]
    pub fn after(self, moves: &[Move]) -> Option<Self> {
        moves.iter().try_fold(self, |account, one| account.moved(*one))
    }

    fn moved(mut self, one: Move) -> Option<Self> {
        let (from, to) = match one {
            Move::Request(_) => (None, Some(&mut self.requested)),
            Move::Unrequest(_) => (Some(&mut self.requested), None),
            Move::Hold(_) => (None, Some(&mut self.held)),
            Move::Unhold(_) => (Some(&mut self.held), None),
            Move::Grant(_) => (Some(&mut self.held), Some(&mut self.granted)),
            Move::Drain(_) => (Some(&mut self.granted), Some(&mut self.draining)),
            Move::DrainHeld(_) => (Some(&mut self.held), Some(&mut self.draining)),
            Move::Keep(_) => (Some(&mut self.draining), Some(&mut self.granted)),
            Move::Free(_) => (Some(&mut self.draining), None),
        };
        let amount = one.amount();
        if let Some(from) = from {
            if !amount.fits_within(*from) {
                return None;
            }
            *from = from.minus(amount);
        }
        if let Some(to) = to {
            *to = to.plus(amount);
        }
        Some(self)
    }

    /// What counts against pool and ceilings.
    #[must_use]
    pub fn out(&self) -> Bundle {
        self.held.plus(self.granted).plus(self.draining)
    }
}
