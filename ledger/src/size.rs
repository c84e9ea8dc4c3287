//! How much room a ledger takes where it is kept: in one object, which has a limit.
//!
//! Nothing is written here. But whoever asks for a line must hear whether there is room for it
//! before anybody tries to store it, so the room is reckoned from names and numbers: never too
//! little, and for each line as much as it takes when all of it drains, which is when it is
//! longest. So what is taken away always has room.

use crate::{AllocationKey, Bundle, Department, DepartmentTree, Entry, Ledger, Position};

/// Bytes up to which a ledger takes what makes it larger. One object of etcd takes 1.5 MiB
/// (1,572,864 bytes); while little drains, a ledger that is full has 1.2 to 1.3 MB.
pub const BYTES_MAX: usize = 1_440_000;

/// Bytes for what asks for nothing more and takes more room all the same: a request to give
/// something back has a name, and so has its decision. With the journal's 64 kB and the object's
/// head, of less than 4 kB, it stays below etcd's limit.
pub(crate) const BYTES_IN_ALL_MAX: usize = 1_500_000;
const _: () = assert!(BYTES_IN_ALL_MAX + 64 * 1024 + 4_096 < 1_572_864);

// The texts as they are stored, without what is in them. A line is a text within a text, so its
// quotes are escaped.
const HEAD: usize = len(
    r#"{"revision":,"count":,"capacity":{"cpuMillis":,"memoryBytes":,"storageBytes":},"poolGeneration":,"poolUid":"","clusterUid":"","ceilings":[],"entries":[],"journal":[]}"#,
);
const CEILING: usize = len(r#"{"department":"","parent":"","uid":"","generation":},"#);
const CEILING_AMOUNTS: usize = len(r#","cpuMillis":,"memoryBytes":,"storageBytes":"#);
const LINE: usize = len(
    r#""{\"allocation\":\"/\",\"generation\":,\"revision\":,\"granted\":[,,],\"draining\":[,,],\"namespaces\":[]}","#,
);
const ENTRY_UID: usize = len(r#"\"uid\":\"\","#);
const DECISION: usize = len(r#"\"decision\":\"\","#);
const LEAVING: usize = len(r#"\"leaving\":true,"#);
const NAMESPACE: usize = len(r#"\"\","#);
const DROPPED: usize = len(r#"{\"name\":,\"dropped\":true}"#);
const PART: usize = len(r#"{\"name\":,\"cpuMillis\":,\"memoryBytes\":,\"storageBytes\":}"#);
const HOLD: usize = len(r#",\"hold\":{\"request\":\"\",\"uid\":\"\",\"decision\":\"\"},\"held\":[,,]"#);
/// An identity: Kubernetes makes them with 36 characters.
const UID: usize = 36;
/// The longest number, with its sign.
const NUMBER: usize = 20;
/// A revision after a year of ten commits a second.
const LATE_REVISION: u64 = 315_360_000;

const fn len(text: &str) -> usize {
    text.len()
}

impl Ledger {
    /// Bytes that the ledger may come to take where it is kept, its journal apart.
    #[must_use]
    pub fn stored_bytes(&self) -> usize {
        let lines: usize = self.entries.iter().map(|(key, entry)| line(key, entry, entry.position())).sum();
        head(&self.departments) + lines
    }
}

/// All but the entries.
pub(crate) fn head(departments: &DepartmentTree) -> usize {
    let ceilings: usize = departments.iter().map(|(name, department)| ceiling(name, department)).sum();
    HEAD + 6 * NUMBER + 2 * UID + ceilings
}

/// One department.
pub(crate) fn ceiling(name: &str, department: &Department) -> usize {
    let parent = department.parent.as_ref().map_or(0, String::len);
    let limit = department.ceiling.map_or(0, |ceiling| CEILING_AMOUNTS + digits(ceiling));
    CEILING + name.len() + parent + UID + NUMBER + limit
}

/// One entry, at its longest: as it is with a part of it draining, or with all of it gone. A spent
/// one isn't kept.
pub(crate) fn line(key: &AllocationKey, entry: &Entry, position: Position) -> usize {
    if entry.is_spent() {
        return 0;
    }
    let Entry { uid, leaving: _, generation, revision, decision, shares, dropped, hold, draining: _ } = entry;
    let Position { granted, held, draining } = position;
    let names: usize = shares.keys().chain(dropped).map(|name| NAMESPACE + name.len()).sum();
    let names = names + key.namespace.len() + key.name.len() + uid.as_ref().map_or(0, |uid| ENTRY_UID + uid.len());
    let numbers = number(generation.unsigned_abs()) + 1 + number((*revision).max(LATE_REVISION));
    let always = LINE + names + numbers + digits(granted.plus(draining));

    let hold =
        hold.as_ref().map_or(0, |hold| HOLD + hold.request.len() + hold.uid.len() + hold.decision.len() + digits(held));
    let decision = decision.as_ref().map_or(0, |decision| DECISION + decision.len());
    let parts = if shares.len() > 1 { shares.values().map(|share| PART + digits(*share)).sum() } else { 0 };
    let kept = hold + decision + parts + dropped.len() * DROPPED + digits(granted);
    let gone = LEAVING + (shares.len() + dropped.len()) * DROPPED + digits(Bundle::ZERO);
    always + kept.max(gone)
}

fn digits(bundle: Bundle) -> usize {
    number(bundle.cpu.get()) + number(bundle.memory.get()) + number(bundle.storage.get())
}

/// Digits of a number, at times one too many: 1,233 / 4,096 is a little more than log10 of 2.
const fn number(number: u64) -> usize {
    (((u64::BITS - number.leading_zeros()) as usize * 1_233) >> 12) + 1
}
