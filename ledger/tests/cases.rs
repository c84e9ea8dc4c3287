//! Examples with the city's own figures, each a story that can be told to a person.

use std::collections::BTreeSet;

use ledger::{
    AllocationKey, Ask, BYTES_MAX, Bundle, Decided, Decision, Department, ENTRIES_MAX, Entry, Ledger, Mix, Position,
    Reason, Request, Resource, Rules, Sequence, Shares, decide, outlook,
};

const G: u64 = 1_000_000_000;
const T: u64 = 1_000 * G;

fn cores(cores: u64) -> Bundle {
    Bundle::new(cores * 1_000, 0, 0)
}

fn cores_and_g(cores: u64, g: u64) -> Bundle {
    Bundle::new(cores * 1_000, g * G, 0)
}

fn key(name: &str) -> AllocationKey {
    AllocationKey::new("dept-civil-affairs", name)
}

/// The whole contract, and one department with this ceiling.
fn city(ceiling: Option<Bundle>) -> Ledger {
    let department = Department { parent: None, ceiling, generation: 1 };
    Ledger {
        capacity: Bundle::new(23_751_000, 31_353 * G, 2_143 * T),
        pool_uid: Some("pool".to_owned()),
        pool_generation: 1,
        departments: std::iter::once(("civil-affairs", department)).collect(),
        ..Ledger::default()
    }
}

/// A department's object: the first one of that name, unless a case makes another.
fn department(name: &str, parent: Option<&str>, ceiling: Option<Bundle>, generation: i64) -> Ask {
    Ask::Department {
        department: name.to_owned(),
        parent: parent.map(str::to_owned),
        ceiling,
        uid: format!("uid-of-{name}"),
        generation,
        accept_overcommit: false,
    }
}

fn by_choice(ask: Ask) -> Ask {
    match ask {
        Ask::Department { department, parent, ceiling, uid, generation, .. } => {
            Ask::Department { department, parent, ceiling, uid, generation, accept_overcommit: true }
        }
        other => other,
    }
}

fn spread(name: &str, generation: i64, shares: &[(&str, Bundle)]) -> Ask {
    Ask::Target {
        allocation: key(name),
        uid: format!("uid-of-{name}"),
        generation,
        shares: shares.iter().map(|(namespace, share)| ((*namespace).to_owned(), *share)).collect(),
        decision: None,
    }
}

fn target(name: &str, generation: i64, share: Bundle) -> Ask {
    spread(name, generation, &[(&format!("app-{name}"), share)])
}

fn decided_by(ask: Ask, by: &str) -> Ask {
    match ask {
        Ask::Target { allocation, uid, generation, shares, .. } => {
            Ask::Target { allocation, uid, generation, shares, decision: Some(by.to_owned()) }
        }
        other => other,
    }
}

fn hold(name: &str, target: Bundle) -> Ask {
    let (request, uid, decision) = ("qr-1".to_owned(), "uid-of-qr-1".to_owned(), "qd-1".to_owned());
    Ask::Hold { allocation: key(name), request, uid, decision, target }
}

fn remove(name: &str) -> Ask {
    Ask::Remove { allocation: key(name), uid: format!("uid-of-{name}") }
}

/// Proof at the entry's own revision: these namespaces use so much, those are gone.
fn release(ledger: &Ledger, name: &str, used: &[(&str, Bundle)], gone: &[&str]) -> Ask {
    Ask::Release {
        allocation: key(name),
        revision: ledger.entries[&key(name)].revision,
        used: used.iter().map(|(namespace, used)| ((*namespace).to_owned(), *used)).collect::<Shares>(),
        gone: gone.iter().map(|namespace| (*namespace).to_owned()).collect::<BTreeSet<_>>(),
    }
}

fn ask(ledger: &mut Ledger, ask: Ask) -> Decision {
    let decided = decide(ledger, &[Request { ask, at_ms: 0 }], Sequence::Unordered);
    *ledger = decided.ledger;
    decided.decisions.into_iter().next().expect("one decision for one request")
}

#[track_caller]
fn granted(ledger: &mut Ledger, asked: Ask) {
    let decision = ask(ledger, asked);
    assert!(decision.is_grant(), "{decision:?}");
}

/// Granted, held and draining of an entry, in whole cores.
#[track_caller]
fn has_cores(ledger: &Ledger, name: &str, expected: (u64, u64, u64)) {
    let Position { granted, held, draining } = ledger.entries[&key(name)].position();
    let cores = |bundle: Bundle| bundle.cpu.get() / 1_000;
    assert_eq!((cores(granted), cores(held), cores(draining)), expected);
}

/// Acceptance case 2: memory is full after 15,676 cores at one core to two G.
#[test]
fn a_full_memory_strands_8075_cores_and_refuses_a_core_with_memory() {
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

/// Acceptance case 17: a ceiling of 100 cores with 60 and 40 granted below it.
#[test]
fn a_ceiling_refuses_what_is_above_it_at_the_time_of_the_grant() {
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

/// Acceptance case 19: 50 more for 20 days, and back again with 120 of 150 in use.
#[test]
fn a_temporary_grant_comes_back_except_for_what_is_in_use() {
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
    let rules = Rules { terminating: true, ..Rules::from(Sequence::Unordered) };
    let going = |ledger: &mut Ledger, ask: Ask| {
        let decided = decide(ledger, &[Request { ask, at_ms: 0 }], rules);
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
    let Decided { ledger, decisions, left } = decide(&city, &batch, rules);
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

fn entry<'a>(ledger: &'a mut Ledger, name: &str) -> &'a mut Entry {
    ledger.entries.get_mut(&key(name)).expect("the case has made it")
}
