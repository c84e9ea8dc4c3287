//! What is granted, held, taken back and proven free.

use ledger::{AllocationKey, Ask, Bundle, Decision, Mix, Reason, Request, Resource, Sequence, Shares, decide, outlook};

use crate::support::*;

/// Memory is full after 15,676 cores at one core to two G.
#[test]
fn acceptance_2_a_full_memory_strands_8075_cores_and_refuses_a_core_with_memory() {
    let mut city = city(None);
    granted(&mut city, target("all", 1, cores_and_g(15_676, 31_353)));
    let outlook = outlook(city.free(), Mix(cores_and_g(1, 2)));
    assert_eq!(outlook.binding, Some(Resource::Memory));
    assert_eq!(outlook.stranded.cpu.get(), 8_075_000);

    let decision = ask(&mut city, hold("one-more", cores_and_g(8, 16)));
    let Decision::Refuse(Reason::InsufficientCapacity { resource, limit, out, asked, free }) = decision else {
        panic!("{decision:?}");
    };
    let figures = [limit, out, asked, free].map(|amount| amount.get() / G);
    assert_eq!((resource, figures), (Resource::Memory, [31_353, 31_353, 16, 0]));

    granted(&mut city, target("cores-only", 1, cores(8_075)));
    assert_eq!(city.free().cpu.get(), 0);
}

/// A ceiling of 100 cores with 60 and 40 granted below it.
#[test]
fn acceptance_17_a_ceiling_refuses_what_is_above_it_at_the_time_of_the_grant() {
    let mut full = city(Some(cores(100)));
    granted(&mut full, target("a", 1, cores(60)));
    granted(&mut full, target("b", 1, cores(40)));
    for (what, asked) in [("a third", target("c", 1, cores(1))), ("one more", target("a", 2, cores(61)))] {
        let before = full.clone();
        let Decision::Wait(reason) = ask(&mut full, asked) else { panic!("{what} must not be granted") };
        assert_eq!(reason.code(), "CeilingExceeded");
        let Reason::CeilingExceeded { department, resource, limit, out, asked, free } = reason else { unreachable!() };
        let figures = [limit, out, asked, free].map(ledger::Amount::get);
        assert_eq!((department.as_str(), resource), ("civil-affairs", Resource::Cpu));
        assert_eq!(figures, [100_000, 100_000, 1_000, 0], "{what}");
        assert_eq!(full, before);
    }
    let Decision::Refuse(reason) = ask(&mut full, hold("a", cores(61))) else { panic!("an approval doesn't wait") };
    assert_eq!(reason.code(), "CeilingExceeded");
}

/// 50 more for 20 days, and back again with 120 of 150 in use.
#[test]
fn acceptance_19_a_temporary_grant_comes_back_except_for_what_is_in_use() {
    for (in_use, draining) in [(90, 0), (100, 0), (120, 20), (150, 50)] {
        let mut city = city(Some(cores(150)));
        granted(&mut city, target("a", 1, cores(100)));
        granted(&mut city, target("a", 2, cores(150)));
        granted(&mut city, target("a", 3, cores(100)));
        has_cores(&city, "a", (100, 0, 50));
        assert!(!ask(&mut city, target("b", 1, cores(1))).is_grant(), "nothing is free before the proof");

        let proof = release(&city, "a", &[("app-a", cores(in_use))], &[]);
        ask(&mut city, proof);
        has_cores(&city, "a", (100, 0, draining));
        assert!(!ask(&mut city, target("b", 1, cores(51 - draining))).is_grant());
        if draining < 50 {
            granted(&mut city, target("b", 1, cores(50 - draining)));
        }
    }
}

#[test]
fn growth_takes_its_own_draining_first() {
    let mut city = city(Some(cores(10)));
    granted(&mut city, target("a", 1, cores(10)));
    granted(&mut city, target("a", 2, cores(4)));
    has_cores(&city, "a", (4, 0, 6));
    granted(&mut city, target("a", 3, cores(9)));
    has_cores(&city, "a", (9, 0, 1));
    assert!(!ask(&mut city, target("a", 4, cores(11))).is_grant());
    granted(&mut city, target("a", 4, cores(10)));
    has_cores(&city, "a", (10, 0, 0));
}

#[test]
fn proof_counts_once_and_only_for_the_revision_it_was_gathered_at() {
    let mut city = city(None);
    granted(&mut city, target("a", 1, cores(10)));
    granted(&mut city, target("a", 2, cores(4)));
    let early = release(&city, "a", &[("app-a", cores(4))], &[]);
    granted(&mut city, target("a", 3, cores(2)));
    let refused = ask(&mut city, early);
    assert!(matches!(refused, Decision::Refuse(Reason::EvidenceOutdated { now: 3, evidence: 2 })), "{refused:?}");
    has_cores(&city, "a", (2, 0, 8));

    let silent = release(&city, "a", &[], &[]);
    assert_eq!(ask(&mut city, silent), Decision::Unchanged, "a namespace that isn't mentioned could use anything");
    let both = release(&city, "a", &[("app-a", cores(5))], &["app-a"]);
    granted(&mut city, both);
    has_cores(&city, "a", (2, 0, 3));
    let proof = release(&city, "a", &[("app-a", cores(2))], &[]);
    granted(&mut city, proof.clone());
    has_cores(&city, "a", (2, 0, 0));
    assert_eq!(ask(&mut city, proof), Decision::Unchanged);
}

#[test]
fn an_approval_holds_until_its_allocation_takes_the_hold() {
    let mut city = city(Some(cores(10)));
    granted(&mut city, hold("a", cores(10)));
    has_cores(&city, "a", (0, 10, 0));
    assert!(!ask(&mut city, target("b", 1, cores(1))).is_grant(), "what is held is nobody else's");
    granted(&mut city, decided_by(target("a", 1, cores(10)), "qd-1"));
    has_cores(&city, "a", (10, 0, 0));
    assert_eq!(ask(&mut city, hold("a", cores(10))), Decision::Unchanged, "the decision was carried out");
}

#[test]
fn a_hold_is_taken_by_its_own_decision_only() {
    let mut city = city(Some(cores(10)));
    granted(&mut city, target("a", 1, cores(2)));
    granted(&mut city, hold("a", cores(10)));
    has_cores(&city, "a", (2, 8, 0));
    let other = ask(&mut city, decided_by(target("a", 2, cores(3)), "qd-2"));
    assert!(matches!(other, Decision::Wait(Reason::CeilingExceeded { .. })), "{other:?}");
    let stranger = Ask::Unhold { allocation: key("a"), uid: "uid-of-qr-2".to_owned() };
    assert_eq!(ask(&mut city, stranger), Decision::Unchanged);
    let second = Ask::Hold {
        allocation: key("a"),
        request: "qr-2".to_owned(),
        uid: "uid-of-qr-2".to_owned(),
        decision: "qd-2".to_owned(),
        target: cores(2),
    };
    assert_eq!(ask(&mut city, second), Decision::Refuse(Reason::HeldByAnother { request: "qr-1".to_owned() }));
    granted(&mut city, Ask::Unhold { allocation: key("a"), uid: "uid-of-qr-1".to_owned() });
    has_cores(&city, "a", (2, 0, 0));
}

#[test]
fn more_than_was_held_is_not_covered_by_the_hold() {
    let mut city = city(Some(cores(10)));
    granted(&mut city, hold("a", cores(10)));
    let greedy = ask(&mut city, decided_by(target("a", 1, cores(11)), "qd-1"));
    assert!(matches!(greedy, Decision::Wait(Reason::CeilingExceeded { .. })), "{greedy:?}");
    has_cores(&city, "a", (0, 10, 0));
}

#[test]
fn a_hold_of_nothing_is_remembered_too() {
    let mut city = city(None);
    granted(&mut city, hold("a", Bundle::ZERO));
    let once = city.clone();
    assert_eq!(ask(&mut city, hold("a", Bundle::ZERO)), Decision::Unchanged);
    assert_eq!(city, once);
    granted(&mut city, Ask::Unhold { allocation: key("a"), uid: "uid-of-qr-1".to_owned() });
    assert!(city.entries.is_empty());
}

#[test]
fn an_old_removal_leaves_the_hold_of_a_new_request_alone() {
    let mut city = city(None);
    granted(&mut city, target("a", 1, cores(5)));
    granted(&mut city, remove("a"));
    let gone = release(&city, "a", &[], &["app-a"]);
    granted(&mut city, gone);
    assert!(city.entries.is_empty());
    granted(&mut city, hold("a", cores(5)));
    assert_eq!(ask(&mut city, remove("a")), Decision::Unchanged);
    has_cores(&city, "a", (0, 5, 0));
}

#[test]
fn a_dropped_namespace_stays_until_it_is_empty() {
    let mut city = city(Some(cores(10)));
    granted(&mut city, spread("a", 1, &[("app-a", cores(6)), ("app-a-test", cores(4))]));
    granted(&mut city, spread("a", 2, &[("app-a", cores(6))]));
    has_cores(&city, "a", (6, 0, 4));
    let grown = ask(&mut city, spread("a", 3, &[("app-a", cores(7))]));
    assert!(!grown.is_grant(), "what drains in one namespace isn't free for the other");
    let proof = release(&city, "a", &[("app-a", cores(6)), ("app-a-test", cores(1))], &[]);
    granted(&mut city, proof);
    has_cores(&city, "a", (6, 0, 1));
    assert_eq!(city.entries[&key("a")].dropped.len(), 1);
    let proof = release(&city, "a", &[("app-a", cores(6)), ("app-a-test", Bundle::ZERO)], &[]);
    granted(&mut city, proof);
    assert!(city.entries[&key("a")].dropped.is_empty());
    granted(&mut city, spread("a", 3, &[("app-a", cores(10))]));
    has_cores(&city, "a", (10, 0, 0));
}

#[test]
fn moving_a_share_needs_room_for_both_until_the_first_has_drained() {
    let shares = [("app-a", cores(6)), ("app-b", cores(4))];
    let moved = [("app-a", cores(4)), ("app-b", cores(6))];
    let mut tight = city(Some(cores(11)));
    granted(&mut tight, spread("a", 1, &shares));
    assert!(!ask(&mut tight, spread("a", 2, &moved)).is_grant());
    let mut roomy = city(Some(cores(12)));
    granted(&mut roomy, spread("a", 1, &shares));
    granted(&mut roomy, spread("a", 2, &moved));
    has_cores(&roomy, "a", (10, 0, 2));
    let proof = release(&roomy, "a", &moved, &[]);
    granted(&mut roomy, proof);
    has_cores(&roomy, "a", (10, 0, 0));
}

#[test]
fn a_removed_allocation_drains_before_its_name_is_used_again() {
    let mut city = city(None);
    granted(&mut city, target("a", 1, cores(5)));
    granted(&mut city, remove("a"));
    has_cores(&city, "a", (0, 0, 5));
    let successor = Ask::Target {
        allocation: key("a"),
        uid: "uid-of-the-next".to_owned(),
        generation: 1,
        shares: Shares::from([("app-a".to_owned(), cores(1))]),
        decision: None,
    };
    assert_eq!(ask(&mut city, successor.clone()), Decision::Wait(Reason::EarlierObjectDraining));
    assert_eq!(ask(&mut city, hold("a", cores(1))), Decision::Refuse(Reason::EarlierObjectDraining));
    assert_eq!(ask(&mut city, target("a", 2, cores(9))), Decision::Unchanged, "it is gone for good");
    let proof = release(&city, "a", &[("app-a", Bundle::ZERO)], &[]);
    granted(&mut city, proof);
    assert!(city.entries.is_empty());
    granted(&mut city, successor);
}

#[test]
fn a_line_without_amounts_stays_until_its_namespace_is_proven_empty() {
    let mut city = city(None);
    granted(&mut city, target("a", 1, Bundle::ZERO));
    granted(&mut city, remove("a"));
    assert!(city.entries[&key("a")].dropped.contains("app-a"));
    let proof = release(&city, "a", &[("app-a", Bundle::ZERO)], &[]);
    granted(&mut city, proof);
    assert!(city.entries.is_empty());
}

#[test]
fn a_namespace_belongs_to_one_allocation() {
    let mut city = city(None);
    granted(&mut city, spread("a", 1, &[("app-x", cores(1))]));
    let taken = Decision::Wait(Reason::NamespaceTaken { namespace: "app-x".to_owned(), owner: key("a") });
    assert_eq!(ask(&mut city, spread("b", 1, &[("app-x", cores(1))])), taken);
    granted(&mut city, spread("a", 2, &[("app-y", cores(1))]));
    assert_eq!(ask(&mut city, spread("b", 1, &[("app-x", cores(1))])), taken, "a dropped one is still its own");
    let proof = release(&city, "a", &[("app-y", Bundle::ZERO)], &["app-x"]);
    granted(&mut city, proof);
    granted(&mut city, spread("b", 1, &[("app-x", cores(1))]));
    // The same within one pass.
    let both = ["c", "d"].map(|name| Request { ask: spread(name, 1, &[("app-z", cores(1))]), at_ms: 0 });
    let decided = decide(&city, &both, Sequence::Unordered);
    let owner = key("c");
    assert!(decided.decisions[0].is_grant());
    let taken = Decision::Wait(Reason::NamespaceTaken { namespace: "app-z".to_owned(), owner });
    assert_eq!(decided.decisions[1], taken);
}

#[test]
fn what_gives_back_is_served_first_and_then_the_earliest() {
    let mut city = city(Some(cores(10)));
    granted(&mut city, target("a", 1, cores(10)));
    granted(&mut city, target("a", 2, cores(4)));
    let proof = release(&city, "a", &[("app-a", cores(4))], &[]);
    let at = |ask: Ask, at_ms: i64| Request { ask, at_ms };
    let batch = [at(target("late", 1, cores(4)), 3), at(target("early", 1, cores(4)), 2), at(proof, 9)];
    let decisions = decide(&city, &batch, Sequence::Unordered).decisions;
    assert_eq!(decisions.iter().map(Decision::is_grant).collect::<Vec<_>>(), [false, true, true]);
}

#[test]
fn in_order_nobody_passes_one_that_waits_for_capacity() {
    let at = |ask: Ask, at_ms: i64| Request { ask, at_ms };
    let big_first =
        [at(target("big", 1, cores(11)), 1), at(target("small", 1, cores(1)), 2), at(hold("new", cores(1)), 3)];
    let city = city(Some(cores(10)));
    let grants =
        |sequence| decide(&city, &big_first, sequence).decisions.iter().map(Decision::is_grant).collect::<Vec<_>>();
    assert_eq!(grants(Sequence::Unordered), [false, true, true]);
    assert_eq!(grants(Sequence::Ordered), [false, false, false]);
}

/// What waits for something that nobody could take from it holds nobody up, and what can never be
/// granted doesn't wait at all.
#[test]
fn in_order_only_a_shortage_holds_others_up() {
    let mut city = city(Some(cores(10)));
    granted(&mut city, spread("a", 1, &[("app-x", cores(1))]));
    let stranger = Ask::Target {
        allocation: AllocationKey::new("dept-stranger", "a"),
        uid: "uid".to_owned(),
        generation: 1,
        shares: Shares::from([("app-s".to_owned(), cores(1))]),
        decision: None,
    };
    let endless = target("endless", 1, Bundle::new(0, 0, u64::MAX));
    for (first, waits) in [(spread("b", 1, &[("app-x", cores(1))]), true), (stranger, true), (endless, false)] {
        let batch = [Request { ask: first, at_ms: 1 }, Request { ask: target("next", 1, cores(1)), at_ms: 2 }];
        let decisions = decide(&city, &batch, Sequence::Ordered).decisions;
        assert_eq!(matches!(decisions[0], Decision::Wait(_)), waits, "{:?}", decisions[0]);
        assert!(decisions[1].is_grant(), "behind {:?}: {:?}", decisions[0], decisions[1]);
    }
}

/// In order, a share that moves between namespaces has its turn among those who ask for more: it
/// must not come before them and hold them up.
#[test]
fn in_order_a_moved_share_doesn_t_hold_up_who_came_before() {
    let mut city = city(Some(cores(10)));
    granted(&mut city, spread("a", 1, &[("app-a", cores(6)), ("app-b", cores(2))]));
    let moved = Request { ask: spread("a", 2, &[("app-a", cores(2)), ("app-b", cores(6))]), at_ms: 5 };
    let approval = Request { ask: hold("new", cores(2)), at_ms: 1 };
    let decisions = decide(&city, &[moved, approval], Sequence::Ordered).decisions;
    assert!(matches!(decisions[0], Decision::Wait(Reason::CeilingExceeded { .. })), "{:?}", decisions[0]);
    assert!(decisions[1].is_grant(), "{:?}", decisions[1]);
}
