//! One state of the world, small enough that millions of them can be told apart.
//!
//! One resource varies, so an amount is a number of cores. Arrays are as long as the largest world
//! needs; what a world doesn't have stays at its default and costs nothing.

use super::book::{Book, Line};

pub const POOLS: usize = 2;
pub const LINES: usize = 3;
pub const SPACES: usize = 3;
pub const OPERATORS: usize = 3;
/// Namespaces of one allocation.
pub const SPACES_OF_LINE: usize = 2;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// How much of each allocation's script people have written: its generation.
    pub written: [u8; LINES],
    pub request: Phase,
    pub ledgers: [Stored; POOLS],
    pub spaces: [Space; SPACES],
    /// They are alike, so their order means nothing: the model keeps them sorted.
    pub operators: [Plan; OPERATORS],
    pub deletions: u8,
    /// `Ledger::audit` has found something after a commit.
    pub audit_failed: bool,
}

/// A request on its way from approval to allocation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Phase {
    #[default]
    Open,
    Approved,
    /// Its target has been written into the allocation.
    Allocated,
    Withdrawn,
}

/// The ledger object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stored {
    /// Its `resourceVersion`: each write moves it, whatever was written.
    pub version: u8,
    pub book: Book,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Life {
    #[default]
    Absent,
    Live,
    Terminating,
}

/// A namespace, its managed quota and what runs there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Space {
    pub life: Life,
    /// The allocation that it was made for; zero while there is none.
    pub owner: u8,
    /// Quotas made here so far: the identity of the next.
    pub made: u8,
    pub quota: Option<Quota>,
    pub pods: u8,
    /// Pods that are charged to the quota but not stored yet: no list shows them.
    pub landing: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quota {
    pub uid: u8,
    /// Revision of the entry that it was last written for.
    pub fence: u8,
    pub spec: u8,
    /// What the API server enforces: it takes notice of `spec` in a step of its own.
    pub status: u8,
    /// `status.used`: raised when a pod is admitted, counted anew now and then.
    pub used: u8,
}

/// What an operator has in its memory. A crash leaves `Idle`; a pause leaves it as it is, for as
/// long as it likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Plan {
    #[default]
    Idle,
    /// It reads the places, one after the other, and then the ledger.
    Looking { line: u8, looked: u8, seen: [Place; SPACES_OF_LINE], view: Option<View> },
    /// It writes quotas.
    Writing { line: u8, revision: u8, writes: [Write; SPACES_OF_LINE] },
    /// It gathers the evidence that a release needs.
    Gathering { view: View, looked: u8, proof: [Proof; SPACES_OF_LINE] },
    /// It has all of it.
    Proven(Evidence),
    /// It has decided, and is about to store the new ledger.
    Committing { pool: u8, version: u8, next: Book, evidence: Option<Evidence> },
    /// It has seen that the ledger holds for the request, and is about to write the allocation.
    Allocating,
}

/// A namespace as it was when it was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    #[default]
    Absent,
    Terminating,
    /// It belongs to an allocation that is gone and has nothing left.
    Abandoned {
        owner: u8,
    },
    Taken,
    Bare,
    Quota {
        uid: u8,
        fence: u8,
        spec: u8,
    },
}

/// What one read of the ledger says of one allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct View {
    pub line: u8,
    pub entry: Line,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Write {
    #[default]
    Nothing,
    /// Create the namespace, and after that its quota.
    CreateSpace { share: u8 },
    /// Take the namespace over, if it still belongs to that allocation.
    Adopt { from: u8 },
    /// Create the quota: with zeros, unless the rule is broken on purpose.
    CreateQuota { share: u8 },
    /// The JSON Patch: tests identity and fence, and writes the share with the new fence.
    Patch { uid: u8, read: u8, share: u8 },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proof {
    #[default]
    Unknown,
    /// The first of two reads has been made, and this is what it says is used.
    Half(u8),
    Used(u8),
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Evidence {
    pub line: u8,
    /// The entry's revision that the quotas carried when it was gathered.
    pub revision: u8,
    pub proof: [Proof; SPACES_OF_LINE],
}

impl Space {
    /// What runs here or is about to.
    pub fn running(&self) -> u8 {
        self.pods + self.landing
    }

    /// The most that may come to run here.
    pub fn usable(&self) -> u8 {
        self.quota.map_or(0, |quota| quota.spec.max(quota.status))
    }
}
