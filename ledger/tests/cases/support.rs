//! A small city, and short ways to ask its ledger.

use std::collections::BTreeSet;

use ledger::{
    AllocationKey, Ask, Bundle, Decision, Department, Entry, Ledger, Position, Request, Sequence, Shares, decide,
};

pub const G: u64 = 1_000_000_000;
pub const T: u64 = 1_000 * G;

pub fn cores(cores: u64) -> Bundle {
    Bundle::new(cores * 1_000, 0, 0)
}

pub fn cores_and_g(cores: u64, g: u64) -> Bundle {
    Bundle::new(cores * 1_000, g * G, 0)
}

pub fn key(name: &str) -> AllocationKey {
    AllocationKey::new("dept-civil-affairs", name)
}

/// The whole contract, and one department with this ceiling.
pub fn city(ceiling: Option<Bundle>) -> Ledger {
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
pub fn department(name: &str, parent: Option<&str>, ceiling: Option<Bundle>, generation: i64) -> Ask {
    Ask::Department {
        department: name.to_owned(),
        parent: parent.map(str::to_owned),
        ceiling,
        uid: format!("uid-of-{name}"),
        generation,
        accept_overcommit: false,
    }
}

pub fn by_choice(ask: Ask) -> Ask {
    match ask {
        Ask::Department { department, parent, ceiling, uid, generation, .. } => {
            Ask::Department { department, parent, ceiling, uid, generation, accept_overcommit: true }
        }
        other => other,
    }
}

pub fn spread(name: &str, generation: i64, shares: &[(&str, Bundle)]) -> Ask {
    Ask::Target {
        allocation: key(name),
        uid: format!("uid-of-{name}"),
        generation,
        shares: shares.iter().map(|(namespace, share)| ((*namespace).to_owned(), *share)).collect(),
        decision: None,
    }
}

pub fn target(name: &str, generation: i64, share: Bundle) -> Ask {
    spread(name, generation, &[(&format!("app-{name}"), share)])
}

pub fn decided_by(ask: Ask, by: &str) -> Ask {
    match ask {
        Ask::Target { allocation, uid, generation, shares, .. } => {
            Ask::Target { allocation, uid, generation, shares, decision: Some(by.to_owned()) }
        }
        other => other,
    }
}

pub fn hold(name: &str, target: Bundle) -> Ask {
    let (request, uid, decision) = ("qr-1".to_owned(), "uid-of-qr-1".to_owned(), "qd-1".to_owned());
    Ask::Hold { allocation: key(name), request, uid, decision, target }
}

pub fn remove(name: &str) -> Ask {
    Ask::Remove { allocation: key(name), uid: format!("uid-of-{name}") }
}

/// Proof at the entry's own revision: these namespaces use so much, those are gone.
pub fn release(ledger: &Ledger, name: &str, used: &[(&str, Bundle)], gone: &[&str]) -> Ask {
    Ask::Release {
        allocation: key(name),
        revision: ledger.entries[&key(name)].revision,
        used: used.iter().map(|(namespace, used)| ((*namespace).to_owned(), *used)).collect::<Shares>(),
        gone: gone.iter().map(|namespace| (*namespace).to_owned()).collect::<BTreeSet<_>>(),
    }
}

pub fn ask(ledger: &mut Ledger, ask: Ask) -> Decision {
    let decided = decide(ledger, &[Request { ask, at_ms: 0 }], Sequence::Unordered);
    *ledger = decided.ledger;
    decided.decisions.into_iter().next().expect("one decision for one request")
}

#[track_caller]
pub fn granted(ledger: &mut Ledger, asked: Ask) {
    let decision = ask(ledger, asked);
    assert!(decision.is_grant(), "{decision:?}");
}

/// Granted, held and draining of an entry, in whole cores.
#[track_caller]
pub fn has_cores(ledger: &Ledger, name: &str, expected: (u64, u64, u64)) {
    let Position { granted, held, draining } = ledger.entries[&key(name)].position();
    let cores = |bundle: Bundle| bundle.cpu.get() / 1_000;
    assert_eq!((cores(granted), cores(held), cores(draining)), expected);
}

pub fn entry<'a>(ledger: &'a mut Ledger, name: &str) -> &'a mut Entry {
    ledger.entries.get_mut(&key(name)).expect("the case has made it")
}
