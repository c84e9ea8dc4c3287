use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::{AllocationKey, Bundle, Entry, Ledger, Shares};
use resources::v1alpha1::LimitPolicy;
use resources::{names, quota};

use super::super::observe::{Observed, Place, PlaceState};
use super::*;
use crate::ledgers::Snapshot;

const LEDGER: &str = "ledger-uid";
const NAMESPACE: &str = "app-a";
const OLD: Bundle = Bundle::new(10_000, 20, 30);
const NEW: Bundle = Bundle::new(4_000, 20, 30);

/// A quota as it is seen: asked and enforced, with the fence of that revision.
fn seen(asked: Bundle, enforced: Option<Bundle>, revision: u64) -> Place {
    Place {
        state: PlaceState::Ours,
        quota: Some(quota::Observed {
            uid: "quota-uid".into(),
            fence: Some(names::fence(LEDGER, revision)),
            asked: Some(asked),
            enforced,
            used: Bundle::ZERO,
        }),
        hard: Some(quota::hard(asked, LimitPolicy::Guaranteed)),
        says_pending: false,
    }
}

fn without_quota(state: PlaceState) -> Place {
    Place { state, quota: None, hard: None, says_pending: true }
}

/// An allocation whose entry says `NEW` since revision 7, and its one namespace.
fn observed(place: Place) -> Observed {
    let key = AllocationKey::new("dept-d", "a");
    let entry = Entry {
        uid: Some("owner".into()),
        generation: 2,
        revision: 7,
        shares: Shares::from([(NAMESPACE.into(), NEW)]),
        draining: OLD.minus(NEW),
        ..Entry::default()
    };
    let ledger = Ledger { revision: 9, entries: BTreeMap::from([(key.clone(), entry)]), ..Ledger::default() };
    Observed {
        key,
        pool: "cec".into(),
        department: "d".into(),
        application: "a".into(),
        owner: "owner".into(),
        limit_policy: LimitPolicy::Guaranteed,
        member: None,
        cluster_uid: Some("cluster".into()),
        silence: None,
        fence: None,
        places: BTreeMap::from([(NAMESPACE.to_owned(), place)]),
        snapshot: Some(Arc::new(Snapshot {
            uid: LEDGER.into(),
            resource_version: None,
            cluster_uid: "cluster".into(),
            ledger,
            journal: Vec::new(),
        })),
        fresh: true,
        waiting: None,
        standing: Standing::Open,
    }
}

fn write(read_revision: u64) -> Step {
    Step::WriteQuota {
        namespace: NAMESPACE.into(),
        uid: "quota-uid".into(),
        read_fence: names::fence(LEDGER, read_revision),
        fence: names::fence(LEDGER, 7),
        share: NEW,
    }
}

#[test]
fn a_quota_follows_its_entry() {
    let name = || NAMESPACE.to_owned();
    let fence = names::fence(LEDGER, 7);
    let taken = PlaceState::Taken { owner: "other".into() };
    let left = PlaceState::Left { owner: "other".into() };
    let abandoned = PlaceState::Abandoned { owner: "other".into() };
    let cases = [
        ("lowered and enforced", seen(NEW, Some(NEW), 7), vec![], true),
        ("an earlier amount", seen(OLD, Some(OLD), 5), vec![write(5)], false),
        ("the same amount, an earlier fence", seen(NEW, Some(NEW), 5), vec![write(5)], false),
        ("written, but the server still enforces more", seen(NEW, Some(OLD), 7), vec![], false),
        ("written, not yet counted", seen(NEW, None, 7), vec![], false),
        ("tampered with", seen(OLD, Some(OLD), 7), vec![write(7)], false),
        ("no namespace", without_quota(PlaceState::Absent), vec![Step::CreateNamespace { namespace: name() }], false),
        ("no quota", without_quota(PlaceState::Ours), vec![Step::CreateQuota { namespace: name(), fence }], false),
        (
            "of an allocation that is gone",
            without_quota(abandoned),
            vec![Step::Adopt { namespace: name(), from: "other".into() }],
            false,
        ),
        ("another's", without_quota(taken), vec![], false),
        ("of one that is gone and may use it still", without_quota(left), vec![], false),
        ("being deleted", without_quota(PlaceState::Terminating), vec![], false),
    ];
    for (what, place, steps, lowered) in cases {
        let plan = plan(&observed(place));
        assert_eq!(plan.steps, steps, "{what}");
        assert_eq!(plan.lowered, lowered, "{what}");
    }
}

#[test]
fn nothing_is_written_from_a_ledger_read_before_the_fence() {
    let mut stale = observed(seen(OLD, Some(OLD), 5));
    stale.fresh = false;
    assert_eq!(plan(&stale), Plan::default());
}

#[test]
fn a_fence_from_the_future_stops_everything() {
    let plan = plan(&observed(seen(OLD, Some(OLD), 8)));
    assert_eq!(plan.steps, []);
    let namespace = NAMESPACE.to_owned();
    assert_eq!(plan.blocked, Some(Blocked::LedgerBehindQuota { namespace, ledger: 7, fence: 8 }));
    assert!(!plan.lowered);
}

#[test]
fn a_namespace_that_was_not_looked_at_proves_nothing() {
    let mut late = observed(seen(NEW, Some(NEW), 7));
    late.places.clear();
    assert!(!plan(&late).lowered);
}

#[test]
fn the_label_for_people_follows_the_enforced_quota() {
    let mut place = seen(NEW, Some(NEW), 7);
    place.says_pending = true;
    assert_eq!(plan(&observed(place)).steps, [Step::SayReady { namespace: NAMESPACE.into() }]);
}

#[test]
fn nothing_is_written_to_a_cluster_that_does_not_answer() {
    let silence = Silence { since: jiff::Timestamp::UNIX_EPOCH, error: "no answer".into() };
    let silent = Observed { silence: Some(silence.clone()), ..observed(seen(OLD, Some(OLD), 5)) };
    let expected = Plan { blocked: Some(Blocked::ClusterUnreachable { silence }), ..Plan::default() };
    assert_eq!(plan(&silent), expected);
}

#[test]
fn nothing_is_written_to_another_cluster_than_the_ledger_knows() {
    let moved = Observed { cluster_uid: Some("another".into()), ..observed(seen(OLD, Some(OLD), 5)) };
    let halt = Halt::ClusterChanged { known: "cluster".into(), now: "another".into() };
    assert_eq!(plan(&moved), Plan { blocked: Some(Blocked::PoolHalted { halt }), ..Plan::default() });
}

#[test]
fn nothing_is_written_for_a_pool_that_stands_still() {
    let halted = |standing| plan(&Observed { standing, ..observed(seen(OLD, Some(OLD), 5)) });
    assert!(!halted(Standing::Open).steps.is_empty());
    assert_eq!(halted(Standing::Unknown), Plan::default(), "before the pool's first pass");
    let halt = Halt::LedgerBehindQuotas { ledger: 1, fence: 2 };
    let expected = Plan { blocked: Some(Blocked::PoolHalted { halt: halt.clone() }), ..Plan::default() };
    assert_eq!(halted(Standing::Halted(halt)), expected);
}
