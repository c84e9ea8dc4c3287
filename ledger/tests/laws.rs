//! What holds for every ledger and every request.

mod world;

use std::collections::BTreeSet;

use ledger::{
    Amount, Ask, Bundle, Decision, Finding, Ledger, Position, Reason, Request, Resource, Rules, Sequence, Shares,
    decide,
};
use proptest::prelude::*;
use world::{ALLOCATIONS, Move, any_move, bundle, decide_one, founded, key, request};

/// The name of the pool's limit among those of departments.
const POOL: &str = "the pool";

/// Long enough for most entries to have been granted, shrunk, dropped and released.
const HISTORY: usize = 32;

fn history() -> impl Strategy<Value = Vec<Move>> {
    proptest::collection::vec(any_move(), 0..=HISTORY)
}

/// A ledger that only decisions have made.
fn any_ledger() -> impl Strategy<Value = Ledger> {
    let next = |ledger: Ledger, step: &Move| decide_one(&ledger, step.ask(&ledger)).0;
    history().prop_map(move |moves| moves.iter().fold(founded(), next))
}

/// Requests as they come in one batch, at a handful of instants.
fn any_batch() -> impl Strategy<Value = (Ledger, Vec<Request>)> {
    let moves = proptest::collection::vec((any_move(), 0..5_i64), 0..12);
    (any_ledger(), moves).prop_map(|(ledger, moves)| {
        let requests = moves.iter().map(|(step, at_ms)| request(step.ask(&ledger), *at_ms)).collect();
        (ledger, requests)
    })
}

/// What each limit is exceeded by: the pool's, then every department's, by name.
fn excess(ledger: &Ledger) -> Vec<(String, Bundle)> {
    let of_pool = sum(ledger, |_| true).minus(ledger.capacity);
    let of_department = |(name, known): (&str, &ledger::Department)| {
        let out = sum(ledger, |department| climbs_to(ledger, department, name));
        known.ceiling.map(|ceiling| (name.to_owned(), out.minus(ceiling)))
    };
    let departments = ledger.departments.iter().filter_map(of_department);
    std::iter::once((POOL.to_owned(), of_pool)).chain(departments).collect()
}

fn sum(ledger: &Ledger, counts: impl Fn(&str) -> bool) -> Bundle {
    let mut sum = Bundle::ZERO;
    for (key, entry) in ledger.entries.iter().filter(|(key, _)| counts(key.department())) {
        assert_eq!(key.namespace, format!("dept-{}", key.department()));
        for share in entry.shares.values() {
            sum = sum.plus(*share);
        }
        sum = sum.plus(entry.draining).plus(entry.hold.as_ref().map_or(Bundle::ZERO, |hold| hold.amount));
    }
    sum
}

fn climbs_to(ledger: &Ledger, department: &str, ancestor: &str) -> bool {
    let mut at = Some(department.to_owned());
    while let Some(name) = at {
        if name == ancestor {
            return true;
        }
        at = ledger.departments.get(&name).and_then(|known| known.parent.clone());
    }
    false
}

fn accepts_overcommit(ask: &Ask) -> bool {
    matches!(ask, Ask::Capacity { accept_overcommit: true, .. } | Ask::Department { accept_overcommit: true, .. })
}

/// Whether the ask chooses that this limit may be exceeded: only whose limit it is can.
fn chooses(ask: &Ask, limit: &str) -> bool {
    accepts_overcommit(ask) && ask.department().unwrap_or(POOL) == limit
}

/// The order in which a batch is served, told again in the words of the design.
fn served_order(ledger: &Ledger, requests: &[Request]) -> Vec<usize> {
    let turn = |ask: &Ask| match ask {
        Ask::Target { allocation, shares, .. } => {
            let had = ledger.entries.get(allocation).map(|entry| entry.shares.clone()).unwrap_or_default();
            let grows =
                |(name, share): (&String, &Bundle)| !share.fits_within(had.get(name).copied().unwrap_or_default());
            if shares.iter().any(grows) { 2 } else { 0 }
        }
        Ask::Hold { .. } => 2,
        Ask::Capacity { .. } | Ask::Department { .. } | Ask::RemoveDepartment { .. } => 1,
        Ask::Release { .. } | Ask::Remove { .. } | Ask::Unhold { .. } => 0,
    };
    let mut order: Vec<usize> = (0..requests.len()).collect();
    order.sort_by_key(|&index| {
        let Request { ask, at_ms } = &requests[index];
        (turn(ask), *at_ms, ask.allocation().cloned(), ask.department().map(str::to_owned))
    });
    order
}

/// Batches and single requests move the revision by different steps; nothing else may differ.
fn without_revisions(mut ledger: Ledger) -> Ledger {
    ledger.revision = 0;
    ledger.entries.values_mut().for_each(|entry| entry.revision = 0);
    ledger
}

fn scaled(shares: &Shares, quarters: u64) -> Shares {
    let scale = |share: &Bundle| share.map(|amount| Amount::new(amount.get() * quarters / 4));
    shares.iter().map(|(name, share)| (name.clone(), scale(share))).collect()
}

fn new_target(allocation: usize, share: Bundle) -> Ask {
    let shares = Shares::from([("app-of-its-own".to_owned(), share)]);
    Ask::Target { allocation: key(allocation), uid: "uid-new".to_owned(), generation: 1, shares, decision: None }
}

fn one(resource: Resource) -> Bundle {
    let of = |which| Amount::new(u64::from(which == resource));
    Bundle { cpu: of(Resource::Cpu), memory: of(Resource::Memory), storage: of(Resource::Storage) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn sums_don_t_depend_on_their_order(a: u64, b: u64, c: u64) {
        let (a, b, c) = (Amount::new(a), Amount::new(b), Amount::new(c));
        prop_assert_eq!(a.plus(b), b.plus(a));
        prop_assert_eq!(a.plus(b).plus(c), a.plus(b.plus(c)));
        prop_assert_eq!(a.minus(b).minus(c), a.minus(c).minus(b));
        prop_assert!(a.plus(b) >= a && a.minus(b) <= a);
    }

    #[test]
    fn what_is_added_can_be_taken_away_again(a in 0..=u64::MAX / 2, b in 0..=u64::MAX / 2) {
        let (a, b) = (Amount::new(a), Amount::new(b));
        prop_assert_eq!(a.plus(b).minus(b), a);
        prop_assert_eq!(a.minus(b).plus(b), a.max(b));
    }

    #[test]
    fn a_bundle_fits_where_nothing_falls_short(a in bundle(3), b in bundle(3)) {
        prop_assert_eq!(a.fits_within(b), a.first_shortfall(b).is_none());
        prop_assert_eq!(a.fits_within(b), a.minus(b).is_zero());
        prop_assert!(a.min(b).fits_within(a) && a.fits_within(a.max(b)));
        for resource in Resource::ALL {
            prop_assert!(a.first_shortfall(b) != Some(resource) || a.of(resource) > b.of(resource));
        }
    }

    /// Invariant A, and "may not get worse": no limit is exceeded by more than before, unless
    /// that very request lowered it by choice.
    #[test]
    fn no_limit_is_ever_exceeded_by_more(moves in history()) {
        let mut ledger = founded();
        for step in moves {
            let ask = step.ask(&ledger);
            let (after, _) = decide_one(&ledger, ask.clone());
            let before = excess(&ledger);
            for (limit, now) in excess(&after).into_iter().filter(|(limit, _)| !chooses(&ask, limit)) {
                let then = before.iter().find(|(name, _)| *name == limit).map_or(Bundle::ZERO, |(_, then)| *then);
                prop_assert!(now.fits_within(then), "{limit}: exceeded by {then:?}, now {now:?}, by {ask:?}");
            }
            ledger = after;
        }
    }

    /// Without any choice to overcommit an audit finds nothing, whatever happened, batch or not.
    #[test]
    fn an_audit_is_clean((ledger, requests) in any_batch(), sequence in any_sequence()) {
        let within = excess(&ledger).iter().all(|(_, by)| by.is_zero());
        let chosen = requests.iter().any(|request| accepts_overcommit(&request.ask));
        let findings = decide(&ledger, &requests, sequence).ledger.audit().findings;
        let is_chosen = |finding: &Finding| matches!(finding, Finding::OverCapacity { .. } | Finding::OverCeiling { .. });
        let unexplained = |finding: &&Finding| !(is_chosen(finding) && (chosen || !within));
        prop_assert_eq!(findings.iter().find(unexplained), None);
    }

    #[test]
    fn totals_are_sums(ledger in any_ledger()) {
        let all = sum(&ledger, |_| true);
        prop_assert_eq!(ledger.position().total(), all);
        prop_assert_eq!(ledger.free(), ledger.capacity.minus(all));
        prop_assert_eq!(ledger.audit().position, ledger.position());
        prop_assert_eq!(ledger.overcommitted_by(), ledger.audit().overcommitted_by);
        for (name, _) in ledger.departments.iter() {
            let below = sum(&ledger, |department| climbs_to(&ledger, department, name));
            prop_assert_eq!(ledger.department_position(name).total(), below, "{}", name);
        }
    }

    #[test]
    fn a_decrease_is_always_possible(ledger in any_ledger(), quarters in 0..4_u64) {
        for (allocation, entry) in ledger.entries.iter().filter(|(_, entry)| entry.uid.is_some() && !entry.leaving) {
            let uid = entry.uid.clone().expect("only those with an object");
            let (shares, generation) = (scaled(&entry.shares, quarters), entry.generation + 1);
            let ask = Ask::Target { allocation: allocation.clone(), uid: uid.clone(), generation, shares: shares.clone(), decision: None };
            let (after, decision) = decide_one(&ledger, ask);
            prop_assert!(decision.is_grant(), "{:?}", decision);
            prop_assert_eq!(&after.entries[allocation].shares, &shares);
            prop_assert_eq!(after.position().total(), ledger.position().total(), "what is taken away still counts");
            let (_, decision) = decide_one(&ledger, Ask::Remove { allocation: allocation.clone(), uid });
            prop_assert!(decision.is_grant(), "{:?}", decision);
        }
    }

    /// The last unit can be granted and no unit more, in each resource by itself.
    #[test]
    fn the_last_unit_can_be_granted(ledger in any_ledger(), allocation in 0..ALLOCATIONS) {
        let key = key(allocation);
        prop_assume!(!ledger.entries.contains_key(&key) && ledger.departments.get(key.department()).is_some());
        let mut left = ledger.free();
        for (name, known) in ledger.departments.iter().filter(|(name, _)| climbs_to(&ledger, key.department(), name)) {
            left = left.min(known.ceiling.map_or(left, |ceiling| ceiling.minus(ledger.department_position(name).total())));
        }
        let (after, decision) = decide_one(&ledger, new_target(allocation, left));
        prop_assert!(decision.is_grant(), "{:?} of {:?}", decision, left);
        prop_assert_eq!(after.entries[&key].granted(), left);
        for resource in Resource::ALL {
            let (after, decision) = decide_one(&ledger, new_target(allocation, left.plus(one(resource))));
            let Decision::Wait(reason) = decision else { panic!("one {resource} too many: {decision:?}") };
            prop_assert_eq!(reason.resource(), Some(resource));
            prop_assert_eq!(after, ledger.clone());
        }
    }

    /// A change that leaves a resource alone isn't refused because of it.
    #[test]
    fn only_what_grows_is_looked_at(moves in history()) {
        let mut ledger = founded();
        for step in moves {
            let ask = step.ask(&ledger);
            let (after, decision) = decide_one(&ledger, ask.clone());
            if let Decision::Wait(reason) | Decision::Refuse(reason) = &decision
                && let (Reason::InsufficientCapacity { .. } | Reason::CeilingExceeded { .. }, Some(resource)) = (reason, reason.resource())
            {
                let entry = ask.allocation().and_then(|key| ledger.entries.get(key)).cloned().unwrap_or_default();
                let asked = match &ask {
                    Ask::Hold { target, .. } => *target,
                    Ask::Target { shares, .. } => shares.iter().map(|(name, share)| {
                        share.max(entry.shares.get(name).copied().unwrap_or_default())
                    }).sum::<Bundle>().plus(entry.shares.iter().filter(|(name, _)| !shares.contains_key(*name)).map(|(_, share)| *share).sum()),
                    _ => Bundle::ZERO,
                };
                prop_assert!(asked.of(resource) > entry.granted().of(resource), "{reason} for {ask:?}");
            }
            ledger = after;
        }
    }

    #[test]
    fn old_generations_change_nothing(ledger in any_ledger(), back in 0..3_i64) {
        let mut old: Vec<Ask> = vec![
            Ask::Capacity {
                capacity: Bundle::new(1, 1, 1),
                uid: ledger.pool_uid.clone().expect("founded by its object"),
                generation: ledger.pool_generation - back,
                accept_overcommit: true,
            },
        ];
        old.extend(ledger.departments.iter().map(|(name, known)| Ask::Department {
            department: name.to_owned(),
            parent: None,
            ceiling: None,
            uid: ledger.departments.uid(name).expect("known by its object").to_owned(),
            generation: known.generation - back,
            accept_overcommit: true,
        }));
        old.extend(ledger.entries.iter().filter_map(|(allocation, entry)| Some(Ask::Target {
            allocation: allocation.clone(), uid: entry.uid.clone()?, generation: entry.generation - back, shares: Shares::new(), decision: None,
        })));
        // What is about objects that are gone is old too.
        old.extend(ledger.entries.keys().map(|allocation| Ask::Remove { allocation: allocation.clone(), uid: "uid-gone".to_owned() }));
        old.extend(ledger.entries.keys().map(|allocation| Ask::Unhold { allocation: allocation.clone(), uid: "uid-gone".to_owned() }));
        for ask in old {
            prop_assert_eq!(decide_one(&ledger, ask), (ledger.clone(), Decision::Unchanged));
        }
    }

    /// A request that is delivered twice changes nothing the second time.
    #[test]
    fn delivered_twice_is_delivered_once(ledger in any_ledger(), step in any_move()) {
        let ask = step.ask(&ledger);
        let (once, first) = decide_one(&ledger, ask.clone());
        let (twice, second) = decide_one(&once, ask.clone());
        prop_assert_eq!(&twice, &once, "{:?}", ask);
        let done = matches!(first, Decision::Grant { .. } | Decision::Unchanged);
        let outdated = matches!(second, Decision::Refuse(Reason::EvidenceOutdated { .. }));
        prop_assert!(!done || second == Decision::Unchanged || outdated, "{:?}, then {:?}", first, second);
    }

    #[test]
    fn who_isn_t_granted_changes_nothing(ledger in any_ledger(), step in any_move(), sequence in any_sequence()) {
        let decided = decide(&ledger, &[request(step.ask(&ledger), 0)], sequence);
        prop_assert_eq!(decided.has_changes(), decided.decisions[0].is_grant());
        if decided.has_changes() {
            prop_assert_eq!(decided.ledger.revision, ledger.revision + 1);
        } else {
            prop_assert_eq!(decided.ledger, ledger);
        }
    }

    /// An approval fits or it doesn't: it is never queued. Only what an admin wrote may wait.
    #[test]
    fn only_targets_wait((ledger, requests) in any_batch(), sequence in any_sequence()) {
        let decided = decide(&ledger, &requests, sequence);
        for (request, decision) in requests.iter().zip(&decided.decisions) {
            let may_wait = matches!(request.ask, Ask::Target { .. });
            prop_assert!(may_wait || !matches!(decision, Decision::Wait(_)), "{:?}", request);
        }
    }

    #[test]
    fn a_grant_says_what_was_and_what_is(ledger in any_ledger(), step in any_move()) {
        let ask = step.ask(&ledger);
        let (after, decision) = decide_one(&ledger, ask.clone());
        if let (Decision::Grant { before: was, after: is }, Some(key)) = (decision, ask.allocation()) {
            let position = |ledger: &Ledger| ledger.entries.get(key).map_or(Position::default(), ledger::Entry::position);
            prop_assert_eq!((was, is), (position(&ledger), position(&after)));
        }
    }

    #[test]
    fn nothing_that_grows_is_granted_to_a_stranger((ledger, requests) in any_batch()) {
        let decided = decide(&ledger, &requests, Sequence::Unordered);
        let known_then = |department: &str| ledger.departments.get(department).is_some();
        let known_now = |department: &str| decided.ledger.departments.get(department).is_some();
        for (key, entry) in &decided.ledger.entries {
            if !known_then(key.department()) && !known_now(key.department()) {
                prop_assert_eq!(entry.position().total(), Bundle::ZERO, "{}", key);
            }
        }
    }

    /// What one department has doesn't change by its place in the tree, and neither does the sum.
    #[test]
    fn a_new_parent_takes_nothing_along_and_leaves_nothing_behind(
        ledger in any_ledger(), department in 0..5_usize, parent in proptest::option::of(0..6_usize),
    ) {
        let name = world::department_name(department);
        let generation = ledger.departments.get(&name).map_or(0, |known| known.generation) + 1;
        let parent = parent.map(world::department_name);
        let uid = world::department_uid(1);
        let ask = Ask::Department { department: name.clone(), parent: parent.clone(), ceiling: None, uid, generation, accept_overcommit: true };
        let (after, decision) = decide_one(&ledger, ask);
        prop_assert_eq!(&after.entries, &ledger.entries);
        prop_assert_eq!(after.department_position(&name), ledger.department_position(&name));
        if decision.is_grant() && let Some(parent) = parent {
            let both = after.department_position(&parent).total();
            prop_assert!(after.department_position(&name).total().fits_within(both));
        }
        for (name, _) in after.departments.iter() {
            prop_assert!(after.departments.path(name).count() <= 6, "{} is its own ancestor", name);
        }
    }

    #[test]
    fn the_same_input_gives_the_same_answer((ledger, requests) in any_batch(), sequence in any_sequence()) {
        prop_assert_eq!(decide(&ledger, &requests, sequence), decide(&ledger, &requests, sequence));
    }

    /// Where time and name tell requests apart, their place in the slice means nothing.
    #[test]
    fn the_order_of_arrival_means_nothing((ledger, requests) in any_batch(), sequence in any_sequence(), turn in 0..12_usize) {
        let subject = |request: &Request| (request.at_ms, request.ask.allocation().cloned(), request.ask.department().map(str::to_owned));
        let mut seen = Vec::new();
        let requests: Vec<Request> = requests.into_iter().filter(|request| {
            let new = !seen.contains(&subject(request));
            seen.push(subject(request));
            new
        }).collect();
        let mut shuffled: Vec<usize> = (0..requests.len()).rev().collect();
        shuffled.rotate_left(turn % requests.len().max(1));
        let decided = decide(&ledger, &requests, sequence);
        let other = decide(&ledger, &shuffled.iter().map(|&index| requests[index].clone()).collect::<Vec<_>>(), sequence);
        prop_assert_eq!(&other.ledger, &decided.ledger);
        for (place, &index) in shuffled.iter().enumerate() {
            prop_assert_eq!(&other.decisions[place], &decided.decisions[index]);
        }
    }

    #[test]
    fn a_batch_is_its_requests_one_after_another((ledger, requests) in any_batch()) {
        let decided = decide(&ledger, &requests, Sequence::Unordered);
        let mut one_by_one = ledger.clone();
        for index in served_order(&ledger, &requests) {
            let (after, decision) = decide_one(&one_by_one, requests[index].ask.clone());
            // Evidence that an earlier request of the batch outdated says so with other revisions.
            let outdated = |decision: &Decision| matches!(decision, Decision::Refuse(Reason::EvidenceOutdated { .. }));
            if !outdated(&decision) || !outdated(&decided.decisions[index]) {
                prop_assert_eq!(&decision, &decided.decisions[index]);
            }
            one_by_one = after;
        }
        prop_assert_eq!(without_revisions(decided.ledger), without_revisions(one_by_one));
    }

    /// Whom a pass doesn't come to hears nothing; the others hear what they would have heard.
    #[test]
    fn a_pass_that_is_cut_short_is_the_beginning_of_the_whole(
        (ledger, requests) in any_batch(), sequence in any_sequence(), changes_max in 0..6_usize,
    ) {
        let whole = decide(&ledger, &requests, sequence);
        let cut = decide(&ledger, &requests, Rules { changes_max, ..Rules::from(sequence) });
        let granted = cut.decisions.iter().filter(|decision| decision.is_grant()).count();
        prop_assert!(granted <= changes_max && (granted == changes_max || cut.left.is_empty()));
        let order = served_order(&ledger, &requests);
        let (come_to, left) = order.split_at(order.len() - cut.left.len());
        prop_assert_eq!(&left.iter().copied().collect::<BTreeSet<_>>(), &cut.left);
        for &index in come_to {
            prop_assert_eq!(&cut.decisions[index], &whole.decisions[index]);
        }
        let alone: Vec<Request> = come_to.iter().map(|&index| requests[index].clone()).collect();
        prop_assert_eq!(decide(&ledger, &alone, sequence).ledger, cut.ledger);
    }

    /// A pool that is being deleted promises nothing more, to nobody, and takes everything back.
    #[test]
    fn a_pool_that_goes_promises_nothing_more((ledger, requests) in any_batch(), sequence in any_sequence()) {
        let after = decide(&ledger, &requests, Rules { closed: Some(Reason::PoolTerminating), ..Rules::from(sequence) }).ledger;
        let promised = |position: Position| position.granted.plus(position.held);
        for (key, entry) in &after.entries {
            let was = ledger.entries.get(key).map(ledger::Entry::position);
            prop_assert!(was.is_some(), "{key} is new");
            let (was, is) = (was.unwrap_or_default(), entry.position());
            prop_assert!(promised(is).fits_within(promised(was)) && is.total().fits_within(was.total()), "{key}");
        }
        for (allocation, entry) in ledger.entries.iter().filter(|(_, entry)| !entry.leaving) {
            let Some(uid) = entry.uid.clone() else { continue };
            let remove = request(Ask::Remove { allocation: allocation.clone(), uid }, 0);
            let decided = decide(&ledger, &[remove], Rules { closed: Some(Reason::PoolTerminating), ..Rules::from(sequence) });
            prop_assert!(decided.has_changes());
        }
    }

    #[test]
    fn nobody_passes_one_that_waits_for_capacity((ledger, requests) in any_batch()) {
        let decided = decide(&ledger, &requests, Sequence::Ordered);
        let mut ahead = None;
        for index in served_order(&ledger, &requests) {
            match (&decided.decisions[index], &ahead) {
                (Decision::Wait(Reason::BehindAnother { ahead: named }) | Decision::Refuse(Reason::BehindAnother { ahead: named }), ahead) => {
                    prop_assert_eq!(Some(named), ahead.as_ref());
                }
                (Decision::Wait(reason), None) if reason.is_shortage() => ahead = requests[index].ask.allocation().cloned(),
                (Decision::Grant { before, after }, Some(_)) => {
                    prop_assert!(after.total().fits_within(before.total()), "{:?} passed", requests[index]);
                }
                _ => {}
            }
        }
    }

    /// Order only ever costs: whoever isn't stopped by another is decided on its own merits.
    #[test]
    fn without_anyone_waiting_order_changes_nothing((ledger, requests) in any_batch()) {
        let unordered = decide(&ledger, &requests, Sequence::Unordered);
        let waits = |decision: &Decision| matches!(decision, Decision::Wait(reason) if reason.is_shortage());
        prop_assume!(!unordered.decisions.iter().any(waits));
        prop_assert_eq!(decide(&ledger, &requests, Sequence::Ordered), unordered);
    }
}

fn any_sequence() -> impl Strategy<Value = Sequence> {
    prop_oneof![Just(Sequence::Unordered), Just(Sequence::Ordered)]
}
