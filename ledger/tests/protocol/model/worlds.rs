//! The worlds that are walked through, and the rules that are broken one at a time.

use super::Law;
use super::book::Share;
use super::state::{POOLS, SPACES_OF_LINE};

/// What people do at most, and what may go wrong.
#[derive(Clone, Copy, Debug)]
pub struct World {
    pub name: &'static str,
    pub about: &'static str,
    /// Cores of each pool; one with none isn't there.
    pub capacity: [u8; POOLS],
    pub lines: &'static [Allocation],
    pub operators: usize,
    /// Fewer states than this, and something can't happen any more that could.
    pub states_min: usize,
    /// For an optimised build: it takes more than a second or two.
    pub is_large: bool,
    /// How it is before anything goes wrong.
    pub begin: &'static [Setup],
    /// The allocation whose last object is written by the operator, for a request that holds.
    pub request: Option<usize>,
    /// Namespaces in which pods come.
    pub pods: &'static [usize],
    /// A pod is charged in one step and stored in another, and use may be counted too low.
    pub pods_land_later: bool,
    /// A namespace that is deleted once.
    pub deletable: Option<usize>,
    pub answers_get_lost: bool,
    /// A pass may know an object only as it was one generation ago.
    pub stale_objects: bool,
    /// Plans that can do nothing any more are forgotten at once: fewer states, the same writes.
    pub forgets_dead_plans: bool,
}

/// An allocation: where, and what people want of it, one object after the other.
#[derive(Clone, Copy, Debug)]
pub struct Allocation {
    pub name: &'static str,
    pub pool: usize,
    pub spaces: &'static [usize],
    pub script: &'static [Spec],
}

#[derive(Clone, Copy, Debug)]
pub enum Spec {
    /// A share for each of its namespaces; without one it isn't in it.
    Wants([Option<u8>; SPACES_OF_LINE]),
    /// The object is deleted.
    Removed,
}

#[derive(Clone, Copy, Debug)]
pub enum Setup {
    /// The next object of the allocation's script is there.
    Write(usize),
    /// An operator alone does one thing.
    Round,
    /// An operator alone does all there is to do.
    Rest,
}

impl Spec {
    pub fn total(self) -> u8 {
        match self {
            Self::Wants(shares) => shares.into_iter().flatten().sum(),
            Self::Removed => 0,
        }
    }

    /// What it adds to the shares that there are, namespace by namespace.
    pub fn growth(self, granted: Option<[Share; SPACES_OF_LINE]>) -> u8 {
        let Self::Wants(wanted) = self else { return 0 };
        let granted = granted.unwrap_or_default().map(|share| share.of_quota().unwrap_or(0));
        wanted.into_iter().zip(granted).map(|(wanted, granted)| wanted.unwrap_or(0).saturating_sub(granted)).sum()
    }
}

const fn one(share: u8) -> Spec {
    Spec::Wants([Some(share), None])
}

const fn other(share: u8) -> Spec {
    Spec::Wants([None, Some(share)])
}

const fn two(first: u8, second: u8) -> Spec {
    Spec::Wants([Some(first), Some(second)])
}

const fn line(name: &'static str, spaces: &'static [usize], script: &'static [Spec]) -> Allocation {
    Allocation { name, pool: 0, spaces, script }
}

impl World {
    pub fn pools(&self) -> usize {
        self.capacity.iter().filter(|capacity| **capacity > 0).count()
    }

    pub fn spaces(&self) -> usize {
        self.lines.iter().flat_map(|line| line.spaces).max().map_or(0, |last| last + 1)
    }
}

const PLAIN: World = World {
    name: "",
    about: "",
    capacity: [2, 0],
    lines: &[],
    operators: 2,
    states_min: 1,
    is_large: false,
    begin: &[],
    request: None,
    pods: &[],
    pods_land_later: false,
    deletable: None,
    answers_get_lost: true,
    stale_objects: false,
    forgets_dead_plans: true,
};

const GIVE: World = World {
    name: "give",
    about: "1 core: a gives it back, b waits for it",
    capacity: [1, 0],
    lines: &[line("a", &[0], &[one(1), one(0)]), line("b", &[1], &[one(1)])],
    begin: &[Setup::Write(0), Setup::Rest],
    pods: &[0, 1],
    states_min: 800,
    ..PLAIN
};

const AGAIN: World = World {
    name: "again",
    about: "1 core: a goes 1 → 0 → 1 → 0, b waits for it",
    lines: &[line("a", &[0], &[one(1), one(0), one(1), one(0)]), line("b", &[1], &[one(1)])],
    states_min: 10_000,
    ..GIVE
};

const REMOVE: World = World {
    name: "remove",
    about: "1 core, from nothing: a is made and deleted, b waits for it",
    lines: &[line("a", &[0], &[one(1), Spec::Removed]), line("b", &[1], &[one(1)])],
    operators: 3,
    begin: &[Setup::Write(0)],
    states_min: 20_000,
    ..GIVE
};

/// A namespace goes from one allocation to another.
const TAKEOVER: World = World {
    name: "takeover",
    about: "1 core, from nothing: a is made and deleted, b waits for its core and its namespace",
    lines: &[line("a", &[0], &[one(1), Spec::Removed]), line("b", &[0], &[one(1)])],
    pods: &[0],
    states_min: 23_000,
    ..REMOVE
};

/// Admission charges a pod before it is stored, and the controller may count too few.
const LANDING: World = World {
    name: "landing",
    about: "1 core: pods are charged before they are stored, and counted too low at times",
    pods_land_later: true,
    states_min: 2_500,
    ..GIVE
};

const GONE: World = World {
    name: "gone",
    about: "1 core: a gives it back, and its namespace is deleted with pods in it",
    deletable: Some(0),
    states_min: 9_000,
    ..GIVE
};

const HOLD: World = World {
    name: "hold",
    about: "2 cores: a shrinks, b gets one for a request that holds or is withdrawn",
    lines: &[line("a", &[0], &[one(2), one(1)]), line("b", &[1], &[one(1)])],
    begin: &[Setup::Write(0), Setup::Rest],
    request: Some(1),
    pods: &[0, 1],
    states_min: 3_000,
    ..PLAIN
};

const SWITCH: World = World {
    name: "switch",
    about: "2 cores: a moves its core from one namespace to another and back, b wants one",
    lines: &[line("a", &[0, 1], &[one(1), other(1), one(1)]), line("b", &[2], &[one(1)])],
    begin: &[Setup::Write(0), Setup::Rest],
    pods: &[0, 1, 2],
    states_min: 50_000,
    ..PLAIN
};

/// The namespace of a quota that isn't raised yet goes, and may be made again by whoever slept,
/// while its share moves to another.
const VANISH: World = World {
    name: "vanish",
    about: "1 core more than a's: a moves to another namespace, and the first is deleted",
    lines: &[line("a", &[0, 1], &[one(1), other(1)])],
    operators: 3,
    begin: &[Setup::Write(0), Setup::Round, Setup::Round],
    deletable: Some(0),
    answers_get_lost: false,
    states_min: 120_000,
    ..PLAIN
};

/// Two ledgers. The second allocation and the release of the first come in any order.
const MOVE: World = World {
    name: "move",
    about: "two pools of 1 core: a moves to the other one as a2, b takes its place",
    capacity: [1, 1],
    lines: &[
        line("a", &[0], &[one(1), one(0)]),
        Allocation { name: "a2", pool: 1, spaces: &[1], script: &[one(1)] },
        line("b", &[2], &[one(1)]),
    ],
    begin: &[Setup::Write(0), Setup::Rest],
    request: Some(1),
    pods: &[0, 1, 2],
    states_min: 24_000,
    ..PLAIN
};

const SHRINK: World = World {
    name: "shrink",
    about: "2 cores: a goes 2 → 0 → 1, b wants 2 and then 1; objects are stale at times",
    lines: &[line("a", &[0], &[one(2), one(0), one(1)]), line("b", &[1], &[one(2), one(1)])],
    begin: &[Setup::Write(0), Setup::Rest],
    pods: &[0, 1],
    stale_objects: true,
    states_min: 50_000,
    ..PLAIN
};

/// The third stands for whatever else the same process does, and for caches that are older than
/// its own last write.
const SLEEPERS: World = World {
    name: "sleepers",
    about: "shrink, with three operators",
    operators: 3,
    is_large: true,
    states_min: 350_000,
    ..SHRINK
};

const SPREAD: World = World {
    name: "spread",
    about: "3 cores: a spreads 2 over two namespaces in three ways, b wants 1 and then 2",
    capacity: [3, 0],
    lines: &[line("a", &[0, 1], &[two(1, 1), one(2), two(0, 1)]), line("b", &[2], &[one(1), one(2)])],
    begin: &[Setup::Write(0), Setup::Rest],
    pods: &[0, 1, 2],
    is_large: true,
    states_min: 400_000,
    ..PLAIN
};

const VANISH_LARGE: World = World {
    name: "vanish+",
    about: "vanish, with pods, lost answers and b",
    lines: &[line("a", &[0, 1], &[one(1), other(1)]), line("b", &[2], &[one(1)])],
    pods: &[0, 1, 2],
    answers_get_lost: true,
    is_large: true,
    states_min: 2_000_000,
    ..VANISH
};

const MOVE_LARGE: World = World {
    name: "move+",
    about: "move, with three operators",
    operators: 3,
    is_large: true,
    states_min: 140_000,
    ..MOVE
};

/// From small to large.
pub const WORLDS: [World; 15] = [
    GIVE,
    AGAIN,
    REMOVE,
    TAKEOVER,
    LANDING,
    GONE,
    HOLD,
    SWITCH,
    VANISH,
    MOVE,
    SHRINK,
    SLEEPERS,
    SPREAD,
    VANISH_LARGE,
    MOVE_LARGE,
];

/// A rule of the protocol that is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    FenceNotTested,
    UidNotTested,
    LedgerBeforeFence,
    /// The same, and a fence from the ledger's future is overwritten too.
    LedgerBeforeFenceUnguarded,
    NoCompareAndSwap,
    FreesAtOnce,
    LimitNotAwaited,
    UseNotMeasured,
    UseByListAlone,
    UseByStatusAlone,
    UseBeforeLimit,
    MissingQuotaIsZero,
    ReleaseWithoutRevision,
    CreatedAtShare,
    BareStaysTaken,
    RevisionAloneNotWritten,
    /// The same, and evidence looks at amounts only.
    AmountsAreEnough,
}

/// A rule that is broken, where, and the law that falls.
pub struct Case {
    pub mutation: Mutation,
    pub about: &'static str,
    pub world: World,
    pub law: Law,
}

pub const CASES: [Case; 17] = [
    case(Mutation::FenceNotTested, "the patch doesn't test the fence", AGAIN, Law::Allowed),
    case(Mutation::UidNotTested, "the patch doesn't test the quota's identity", VANISH, Law::Allowed),
    case(Mutation::LedgerBeforeFence, "the ledger is read before the fence", VANISH, Law::Allowed),
    case(
        Mutation::LedgerBeforeFenceUnguarded,
        "the same, and a fence above the ledger's is overwritten",
        GIVE,
        Law::Allowed,
    ),
    case(Mutation::NoCompareAndSwap, "the ledger is stored whatever its version", GIVE, Law::Allowed),
    case(Mutation::FreesAtOnce, "what is taken away is free at once", GIVE, Law::Allowed),
    case(Mutation::LimitNotAwaited, "evidence doesn't wait for status.hard", GIVE, Law::Allowed),
    case(Mutation::UseNotMeasured, "evidence doesn't measure use", GIVE, Law::Running),
    case(Mutation::UseByListAlone, "use is what the list of pods shows", LANDING, Law::Running),
    case(Mutation::UseByStatusAlone, "use is what status.used says", LANDING, Law::Running),
    case(Mutation::UseBeforeLimit, "use is measured before the limit is lowered", GIVE, Law::Running),
    case(Mutation::MissingQuotaIsZero, "a missing quota counts as zero", GONE, Law::Running),
    case(Mutation::ReleaseWithoutRevision, "the release doesn't name the entry's revision", AGAIN, Law::Allowed),
    case(Mutation::CreatedAtShare, "a quota is created at its share", REMOVE, Law::Allowed),
    case(
        Mutation::BareStaysTaken,
        "a namespace without a quota, of one that is gone, isn't taken over",
        TAKEOVER,
        Law::ComesToRest,
    ),
    case(Mutation::RevisionAloneNotWritten, "a quota with the right amounts isn't written", REMOVE, Law::ComesToRest),
    case(Mutation::AmountsAreEnough, "the same, and evidence looks at amounts only", REMOVE, Law::Allowed),
];

const fn case(mutation: Mutation, about: &'static str, world: World, law: Law) -> Case {
    Case { mutation, about, world, law }
}
