//! Capacity, ceilings, the tree of departments, and the bounds of a ledger.

use ledger::{
    AllocationKey, Ask, BYTES_MAX, Bundle, Decided, Decision, Department, ENTRIES_MAX, Entry, Ledger, Reason, Request,
    Resource, Rules, Sequence, Shares, decide,
};

use crate::support::*;

#[test]
fn a_limit_goes_below_what_is_out_by_choice_only() {
    let mut city = city(None);
    granted(&mut city, target("a", 1, cores_and_g(100, 10)));
    let capacity = Bundle::new(50_000, 31_353 * G, 2_143 * T);
    let lower =
        |accept_overcommit| Ask::Capacity { capacity, uid: "pool".to_owned(), generation: 2, accept_overcommit };
    let refused = ask(&mut city, lower(false));
    assert!(matches!(refused, Decision::Refuse(Reason::CapacityBelowGranted { resource: Resource::Cpu, .. })));
    assert_eq!(city.pool_generation, 1, "the choice can be made later for the same generation");
    granted(&mut city, lower(true));
    assert_eq!(city.overcommitted_by(), cores(50));
    // While CPU is over, memory still grows, CPU shrinks, and CPU doesn't grow.
    granted(&mut city, target("b", 1, cores_and_g(0, 20)));
    assert!(!ask(&mut city, target("a", 2, cores_and_g(101, 10))).is_grant());
    granted(&mut city, target("a", 2, cores_and_g(99, 30)));
    let capacity = Bundle::new(u64::MAX, 0, 0);
    let endless = Ask::Capacity { capacity, uid: "pool".to_owned(), generation: 3, accept_overcommit: true };
    assert_eq!(ask(&mut city, endless), Decision::Refuse(Reason::AmountTooLarge { resource: Resource::Cpu }));
}

/// A department that moves takes what it has under the ceilings of its new place, and isn't
/// counted twice under one that it was below already.
#[test]
fn a_department_moves_only_where_it_fits() {
    let mut ledger = city(None);
    let mut place = |name: &str, parent: Option<&str>, ceiling: Option<u64>, generation: i64| {
        ask(&mut ledger, department(name, parent, ceiling.map(cores), generation))
    };
    for (name, parent, ceiling) in [
        ("city", None, Some(12)),
        ("east", Some("city"), Some(8)),
        ("west", Some("city"), Some(20)),
        ("civil-affairs-office", Some("civil-affairs"), None),
    ] {
        assert!(place(name, parent, ceiling, 1).is_grant());
    }
    assert!(place("civil-affairs", Some("west"), None, 2).is_grant());
    let office = |shares: Bundle| Ask::Target {
        allocation: AllocationKey::new("dept-civil-affairs-office", "a"),
        uid: "uid".to_owned(),
        generation: 1,
        shares: Shares::from([("app-o".to_owned(), shares)]),
        decision: None,
    };
    let Decision::Wait(Reason::CeilingExceeded { department: at, .. }) = ask(&mut ledger, office(cores(13))) else {
        panic!("the city's ceiling binds three levels below it");
    };
    assert_eq!(at, "city");
    granted(&mut ledger, office(cores(9)));
    let mut moves = |name: &str, parent: Option<&str>, generation: i64| {
        ask(&mut ledger, department(name, parent, None, generation))
    };
    let Decision::Refuse(reason) = moves("civil-affairs", Some("east"), 3) else { panic!("9 don't fit under 8") };
    assert!(matches!(&reason, Reason::CeilingBelowGranted { department, .. } if department == "east"), "{reason}");
    assert!(moves("civil-affairs", Some("city"), 3).is_grant(), "the 9 are below the city's 12 already");
    for parent in ["civil-affairs", "civil-affairs-office"] {
        let cycle = moves("civil-affairs", Some(parent), 4);
        assert!(matches!(cycle, Decision::Refuse(Reason::DepartmentCycle { .. })), "below {parent}: {cycle:?}");
    }
    let in_use = ask(&mut ledger, Ask::RemoveDepartment { department: "civil-affairs-office".to_owned() });
    assert!(matches!(in_use, Decision::Refuse(Reason::DepartmentInUse { .. })), "{in_use:?}");
}

/// Sixteen levels fit, whichever end the tree is built from; a seventeenth doesn't.
#[test]
fn a_tree_is_at_most_sixteen_levels_deep() {
    let below = |child: usize| {
        let parent = child.checked_sub(1).map(|parent| format!("level-{parent}"));
        department(&format!("level-{child}"), parent.as_deref(), None, 1)
    };
    let top_down: Vec<usize> = (0..17).collect();
    let bottom_up: Vec<usize> = (0..17).rev().collect();
    let halves: Vec<usize> = (8..17).chain(0..8).collect();
    for levels in [top_down, bottom_up, halves] {
        let mut ledger = city(None);
        let decisions: Vec<bool> = levels.iter().map(|&level| ask(&mut ledger, below(level)).is_grant()).collect();
        assert_eq!(decisions.iter().filter(|&&granted| !granted).count(), 1, "{levels:?}: {decisions:?}");
        assert!(ledger.departments.iter().all(|(name, _)| ledger.departments.path(name).count() <= 16));
    }
}

#[test]
fn a_full_ledger_takes_no_new_line_but_changes_the_old_ones() {
    let mut city = city(None);
    let all: Vec<Request> =
        (0..=ENTRIES_MAX).map(|index| Request { ask: target(&format!("a{index}"), 1, cores(1)), at_ms: 0 }).collect();
    let decided = decide(&city, &all, Sequence::Unordered);
    assert_eq!(decided.decisions.iter().filter(|decision| !decision.is_grant()).count(), 1);
    city = decided.ledger;
    let full = Reason::LedgerFull { limit: ENTRIES_MAX };
    assert_eq!(ask(&mut city, target("new", 1, cores(1))), Decision::Wait(full.clone()));
    assert_eq!(ask(&mut city, hold("new", cores(1))), Decision::Refuse(full));
    granted(&mut city, target("a0", 2, cores(2)));
    // One goes, and another takes its line in the same pass.
    granted(&mut city, remove("a0"));
    let gone = release(&city, "a0", &[], &["app-a0"]);
    let batch = [target("new", 1, cores(1)), gone].map(|ask| Request { ask, at_ms: 0 });
    let decided = decide(&city, &batch, Sequence::Unordered);
    assert!(decided.decisions.iter().all(Decision::is_grant), "{:?}", decided.decisions);
    assert_eq!(decided.ledger.entries.len(), ENTRIES_MAX);
}

/// A department that is deleted and made anew is another one: its first generation counts, though
/// the ledger knows the fifth of the one before it. So it is with a pool.
#[test]
fn an_object_that_was_made_anew_begins_again() {
    let mut city = city(None);
    granted(&mut city, department("east", None, Some(cores(100)), 5));
    assert_eq!(ask(&mut city, department("east", None, None, 5)), Decision::Unchanged);
    let anew = |generation| Ask::Department {
        department: "east".to_owned(),
        parent: Some("civil-affairs".to_owned()),
        ceiling: Some(cores(10)),
        uid: "uid-of-the-next".to_owned(),
        generation,
        accept_overcommit: false,
    };
    granted(&mut city, anew(1));
    let known = city.departments.get("east").expect("it is there").clone();
    assert_eq!((known.ceiling, known.parent.as_deref(), known.generation), (Some(cores(10)), Some("civil-affairs"), 1));
    assert_eq!(ask(&mut city, anew(1)), Decision::Unchanged);

    let pool =
        |uid: &str| Ask::Capacity { capacity: cores(7), uid: uid.to_owned(), generation: 1, accept_overcommit: false };
    assert_eq!(ask(&mut city, pool("pool")), Decision::Unchanged);
    granted(&mut city, pool("next-pool"));
    assert_eq!((city.capacity, city.pool_uid.as_deref()), (cores(7), Some("next-pool")));
}

/// What was written before identities were kept gets one with the next change, not by itself:
/// where the kind's schema is older than the operator the API server would drop it each time.
#[test]
fn an_identity_is_written_down_with_the_next_change() {
    let mut city = city(None);
    assert_eq!(city.departments.uid("civil-affairs"), None);
    assert_eq!(ask(&mut city, department("civil-affairs", None, Some(cores(5)), 1)), Decision::Unchanged);
    granted(&mut city, department("civil-affairs", None, Some(cores(5)), 2));
    assert_eq!(city.departments.uid("civil-affairs"), Some("uid-of-civil-affairs"));
}

/// A department may choose to be above its own ceiling. That says nothing of those above it.
#[test]
fn a_choice_is_for_ones_own_ceiling_alone() {
    let mut city = city(None);
    granted(&mut city, department("east", None, Some(cores(10)), 1));
    granted(&mut city, target("a", 1, cores(11)));
    let moved = by_choice(department("civil-affairs", Some("east"), Some(cores(5)), 2));
    let Decision::Refuse(reason) = ask(&mut city, moved) else { panic!("11 don't fit below the 10 of another") };
    assert!(matches!(&reason, Reason::CeilingBelowGranted { department, .. } if department == "east"), "{reason}");
    assert!(!ask(&mut city, department("civil-affairs", None, Some(cores(5)), 2)).is_grant());
    granted(&mut city, by_choice(department("civil-affairs", None, Some(cores(5)), 2)));
}

/// A pool that is being deleted: whoever has something may have less, and what was approved before
/// may still come into force, so that it can be given back. Nobody gets anything.
#[test]
fn a_pool_that_is_being_deleted_takes_back_and_gives_nothing_out() {
    let mut city = city(None);
    granted(&mut city, spread("a", 1, &[("app-a", cores(6)), ("app-b", cores(4))]));
    granted(&mut city, target("draining", 1, cores(6)));
    granted(&mut city, target("draining", 2, cores(2)));
    granted(&mut city, hold("approved", cores(3)));
    let rules = Rules { closed: Some(Reason::PoolTerminating), ..Rules::from(Sequence::Unordered) };
    let going = |ledger: &mut Ledger, ask: Ask| {
        let decided = decide(ledger, &[Request { ask, at_ms: 0 }], rules.clone());
        *ledger = decided.ledger;
        decided.decisions.into_iter().next().expect("one decision for one request")
    };
    let before = city.clone();
    for (what, asked) in [
        ("a new one", target("new", 1, cores(1))),
        ("a new one of nothing", target("new", 1, Bundle::ZERO)),
        ("growth", spread("a", 2, &[("app-a", cores(7)), ("app-b", cores(4))])),
        ("a move between namespaces", spread("a", 2, &[("app-a", cores(5)), ("app-b", cores(5))])),
        ("what drains", target("draining", 3, cores(3))),
    ] {
        assert_eq!(going(&mut city, asked), Decision::Wait(Reason::PoolTerminating), "{what}");
    }
    for (what, asked) in [("for a new one", hold("new", Bundle::ZERO)), ("for more", hold("a", cores(11)))] {
        assert_eq!(going(&mut city, asked), Decision::Refuse(Reason::PoolTerminating), "{what}");
    }
    assert_eq!(city, before);

    let give_back = hold("draining", Bundle::ZERO);
    let proof = release(&city, "draining", &[("app-draining", cores(2))], &[]);
    let approved = decided_by(target("approved", 1, cores(3)), "qd-1");
    for asked in [spread("a", 2, &[("app-a", cores(1)), ("app-b", cores(4))]), give_back, proof, approved] {
        let decision = going(&mut city, asked.clone());
        assert!(decision.is_grant(), "{decision:?} for {asked:?}");
    }
    for name in ["a", "draining", "approved"] {
        assert!(going(&mut city, remove(name)).is_grant());
        let namespaces: Vec<String> = city.entries[&key(name)].dropped.iter().cloned().collect();
        let namespaces: Vec<&str> = namespaces.iter().map(String::as_str).collect();
        let gone = release(&city, name, &[], &namespaces);
        assert!(going(&mut city, gone).is_grant());
    }
    assert!(city.entries.is_empty());
}

/// What waits doesn't count: however many wait in front, those who give back have their turn.
#[test]
fn a_pass_makes_so_many_changes_and_leaves_the_rest() {
    let mut city = city(Some(cores(2)));
    granted(&mut city, target("a", 1, cores(2)));
    let at = |ask: Ask, at_ms: i64| Request { ask, at_ms };
    let mut batch: Vec<Request> = (0..50).map(|index| at(target(&format!("w{index}"), 1, cores(1)), 1)).collect();
    batch.extend([at(target("b", 1, Bundle::ZERO), 9), at(target("c", 1, Bundle::ZERO), 8)]);
    batch.push(at(target("a", 2, cores(1)), 7));
    let rules = Rules { changes_max: 2, ..Rules::from(Sequence::Unordered) };
    let Decided { ledger, decisions, left } = decide(&city, &batch, rules.clone());
    let granted: Vec<usize> = (0..batch.len()).filter(|&index| decisions[index].is_grant()).collect();
    assert_eq!(granted, [51, 52], "who gives back or asks for nothing comes first, by time");
    assert_eq!(left, (0..51).collect(), "what was asked and not come to");
    let Decided { decisions, left, .. } = decide(&ledger, &batch, rules);
    assert!(decisions[50].is_grant() && left.is_empty(), "those who wait are asked and change nothing");
}

/// With names as the city has them there is room for all 4,000 lines and for the departments.
#[test]
fn a_city_s_names_leave_room_for_every_line() {
    let mut city = city(None);
    let decision = Some("qd-x7k2p".to_owned());
    for index in 0..ENTRIES_MAX {
        let name = format!("elderly-care-{index}");
        let shares = Shares::from([(format!("app-{name}"), Bundle::new(64_000, 128 * G, 10 * T))]);
        let uid = Some("5f0c6f0e-3c35-4c3f-8a39-0a4e2f6f5d11".to_owned());
        let line = Entry { uid, decision: decision.clone(), shares, ..Entry::default() };
        city.entries.insert(key(&name), line);
    }
    for index in 0..200 {
        let (parent, ceiling) = (Some("city".to_owned()), Some(cores_and_g(1_000, 2_000)));
        let department = Department { parent, ceiling, generation: 1 };
        city.departments.insert(format!("department-{index}"), department);
    }
    assert!(city.stored_bytes() < BYTES_MAX, "{} bytes", city.stored_bytes());
}

/// Names so long that the object is full before it has its 4,000 lines: what makes it larger is
/// refused, and all that it has can still drain and go.
#[test]
fn a_ledger_that_is_full_by_size_gives_back_all_the_same() {
    let long = |index: usize| format!("a{index:04}-{}", "x".repeat(120));
    let mut city = city(None);
    for index in 0.. {
        let shares = Shares::from([(format!("app-{}", long(index)), Bundle::new(1_000, G, G))]);
        let uid = Some(format!("uid-of-{}", long(index)));
        let line = Entry { uid, generation: 1, revision: 1, shares, ..Entry::default() };
        city.entries.insert(key(&long(index)), line);
        if city.stored_bytes() > BYTES_MAX {
            city.entries.remove(&key(&long(index)));
            break;
        }
    }
    let room = BYTES_MAX - city.stored_bytes();
    entry(&mut city, &long(0)).decision = Some("d".repeat(room.saturating_sub(20)));
    let entries = city.entries.len();
    assert!(entries < ENTRIES_MAX && city.stored_bytes() <= BYTES_MAX);
    let full = Reason::LedgerFull { limit: entries };
    assert_eq!(ask(&mut city, target(&long(9_999), 1, cores(1))), Decision::Wait(full.clone()));
    assert_eq!(ask(&mut city, hold(&long(2), cores(90))), Decision::Refuse(full.clone()));
    let Decision::Refuse(reason) = ask(&mut city, department(&long(1), None, None, 1)) else { panic!("no room") };
    assert_eq!(reason, full);

    granted(&mut city, target(&long(1), 2, Bundle::new(2_000, G, G)));
    granted(&mut city, hold(&long(1), Bundle::ZERO));
    let at_once = |city: &mut Ledger, asks: Vec<Ask>| {
        let requests: Vec<Request> = asks.into_iter().map(|ask| Request { ask, at_ms: 0 }).collect();
        let decided = decide(city, &requests, Sequence::Unordered);
        assert!(decided.decisions.iter().all(Decision::is_grant));
        *city = decided.ledger;
    };
    at_once(&mut city, (0..entries).map(|index| target(&long(index), 3, Bundle::new(500, 1, 1))).collect());
    at_once(&mut city, (0..entries).map(|index| remove(&long(index))).collect());
    assert!(city.stored_bytes() <= BYTES_MAX + 1_000, "what drains has its room before it does");
    let proofs = (0..entries).map(|index| release(&city, &long(index), &[], &[&format!("app-{}", long(index))]));
    let proofs = proofs.collect();
    at_once(&mut city, proofs);
    assert!(city.entries.is_empty());
}

/// Ledgers that no decision makes, but a wrong restore or a hand could.
#[test]
fn an_audit_names_what_must_not_be() {
    let mut sound = city(Some(cores(10)));
    granted(&mut sound, spread("a", 1, &[("app-a", cores(6)), ("app-a-test", cores(1))]));
    granted(&mut sound, target("b", 1, cores(3)));
    assert_eq!(sound.audit().findings, []);

    let check = |spoil: fn(&mut Ledger), expected: &str| {
        let mut ledger = sound.clone();
        spoil(&mut ledger);
        let findings: Vec<String> = ledger.audit().findings.iter().map(ToString::to_string).collect();
        assert_eq!(findings, [expected]);
    };
    check(|ledger| ledger.capacity = cores(9), "cpu: 10000 is out of a capacity of 9000");
    check(
        |ledger| {
            let ceiling = Some(Bundle::new(9_999, 0, 0));
            ledger.departments.insert("civil-affairs", Department { parent: None, ceiling, generation: 2 });
        },
        "cpu: civil-affairs has 10000 out under a ceiling of 9999",
    );
    check(|ledger| entry(ledger, "a").revision = 9, "dept-civil-affairs/a has revision 9, later than the ledger's 2");
    check(|ledger| entry(ledger, "a").leaving = true, "dept-civil-affairs/a has a grant although its object is gone");
    check(|ledger| entry(ledger, "b").uid = None, "dept-civil-affairs/b has a grant although its object is gone");
    check(
        |ledger| {
            entry(ledger, "b").dropped.insert("app-a-test".to_owned());
        },
        "namespace app-a-test is in the entries of dept-civil-affairs/a and dept-civil-affairs/b",
    );
    check(
        |ledger| {
            let empty = Entry { uid: Some("uid".to_owned()), ..Entry::default() };
            ledger.entries.extend((0..ENTRIES_MAX - 1).map(|index| (key(&format!("e{index}")), empty.clone())));
        },
        "4001 entries are more than the 4000 a ledger may hold",
    );
}
