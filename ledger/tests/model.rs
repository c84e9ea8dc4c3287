//! The ledger against a naive reference: the same batches, the same answers, the same state.

mod naive;
mod world;

use std::collections::BTreeMap;

use ledger::{Decided, Decision, Ledger, Position, Request, Resource, Sequence, decide};
use naive::{Answer, Naive, Row, Unit, three};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use world::{Move, any_move, founded, request};

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 250, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_does_what_the_reference_does(sequential 1..40 => Compared);
}

/// Several moves that come at once, each with its instant.
#[derive(Clone, Debug)]
struct Batch {
    moves: Vec<(Move, i64)>,
    sequence: Sequence,
}

/// The reference, with the ledger it must equal and what was last asked and answered.
#[derive(Clone, Debug)]
struct Reference {
    naive: Naive,
    ledger: Ledger,
    requests: Vec<Request>,
    answers: Vec<Answer>,
}

struct Compared;

impl ReferenceStateMachine for Reference {
    type State = Self;
    type Transition = Batch;

    fn init_state() -> BoxedStrategy<Self> {
        let (naive, ledger) = (naive_of(&founded()), founded());
        Just(Self { naive, ledger, requests: Vec::new(), answers: Vec::new() }).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Batch> {
        let moves = proptest::collection::vec((any_move(), 0..3_i64), 1..4);
        let sequence = prop_oneof![Just(Sequence::Unordered), Just(Sequence::Ordered)];
        (moves, sequence).prop_map(|(moves, sequence)| Batch { moves, sequence }).boxed()
    }

    fn apply(mut state: Self, batch: &Batch) -> Self {
        // Moves are relative to what the ledger knows; what it knows is compared at every step.
        state.requests = batch.moves.iter().map(|(step, at_ms)| request(step.ask(&state.ledger), *at_ms)).collect();
        state.ledger = decide(&state.ledger, &state.requests, batch.sequence).ledger;
        state.answers = state.naive.decide(&state.requests, batch.sequence);
        state
    }
}

impl StateMachineTest for Compared {
    type SystemUnderTest = Ledger;
    type Reference = Reference;

    fn init_test(_: &Reference) -> Ledger {
        founded()
    }

    fn apply(ledger: Ledger, reference: &Reference, batch: Batch) -> Ledger {
        let Decided { ledger, decisions, left: _ } = decide(&ledger, &reference.requests, batch.sequence);
        let answers: Vec<Answer> = decisions.iter().map(answer).collect();
        assert_eq!(answers, reference.answers, "{:#?}", reference.requests);
        ledger
    }

    fn check_invariants(ledger: &Ledger, reference: &Reference) {
        let (ours, theirs) = (naive_of(ledger), sorted(reference.naive.clone()));
        assert_eq!(ours, theirs);
        for (name, _) in ledger.departments.iter() {
            assert_eq!(three(ledger.department_position(name).total()), theirs.out_below(name), "{name}");
        }
    }
}

/// A decision in the words of the reference. It counts whole totals: how a total is made up of
/// granted, held and draining is compared row by row.
fn answer(decision: &Decision) -> Answer {
    let total = |position: Position| three(position.total());
    let named = |reason: &ledger::Reason| {
        let of_department = reason.code() == "CeilingBelowGranted";
        let place = |resource| Resource::ALL.into_iter().position(|other| other == resource);
        (reason.code(), reason.resource().filter(|_| !of_department).and_then(place))
    };
    match decision {
        Decision::Grant { before, after } => Answer::Grant { before: total(*before), after: total(*after) },
        Decision::Unchanged => Answer::Unchanged,
        Decision::Wait(reason) => Answer::Wait(named(reason).0, named(reason).1),
        Decision::Refuse(reason) => Answer::Refuse(named(reason).0, named(reason).1),
    }
}

fn naive_of(ledger: &Ledger) -> Naive {
    let unit = |name: &str, known: &ledger::Department| Unit {
        parent: known.parent.clone(),
        ceiling: known.ceiling.map(three),
        uid: ledger.departments.uid(name).map(str::to_owned),
        generation: known.generation,
    };
    let row = |(key, entry): (&ledger::AllocationKey, &ledger::Entry)| {
        let shares = entry.shares.iter().map(|(name, share)| (name.clone(), Some(three(*share))));
        let dropped = entry.dropped.iter().map(|name| (name.clone(), None));
        let hold = entry.hold.clone();
        Row {
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            uid: entry.uid.clone(),
            leaving: entry.leaving,
            generation: entry.generation,
            revision: entry.revision,
            decision: entry.decision.clone(),
            namespaces: shares.chain(dropped).collect::<BTreeMap<_, _>>(),
            hold: hold.map(|hold| (hold.request, hold.uid, hold.decision, three(hold.amount))),
            draining: three(entry.draining),
        }
    };
    sorted(Naive {
        revision: ledger.revision,
        capacity: three(ledger.capacity),
        pool_uid: ledger.pool_uid.clone(),
        pool_generation: ledger.pool_generation,
        departments: ledger.departments.iter().map(|(name, known)| (name.to_owned(), unit(name, known))).collect(),
        rows: ledger.entries.iter().map(row).collect(),
    })
}

fn sorted(mut naive: Naive) -> Naive {
    naive.rows.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    naive
}
