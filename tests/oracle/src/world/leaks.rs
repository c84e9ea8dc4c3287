//! What is kept for nobody, when nothing is under way any more.

use std::collections::HashSet;

use super::Log;
use super::decisions::Decisions;
use super::ledgers::{Ledgers, name_of};
use super::places::Places;
use crate::amounts::Amounts;
use crate::decode::Entry;
use crate::report::Check;

/// Phases of a request whose hold has a reason.
const ON_THE_WAY: [&str; 2] = ["Approved", "Provisioning"];

pub(crate) fn look(ledgers: &Ledgers, places: &Places, decisions: &Decisions, log: &mut Log) {
    // Found by looking at everything, not by what was written last.
    "the last revision".clone_into(&mut log.culprit);
    let holders: HashSet<&str> = decisions
        .requests()
        .filter(|request| ON_THE_WAY.contains(&request.phase.as_str()))
        .map(|request| request.uid.as_str())
        .collect();
    let mut all: Vec<_> = ledgers.all().collect();
    all.sort_by_key(|(pool, _)| *pool);
    for (pool, ledger) in all {
        let mut entries: Vec<&Entry> = ledger.entries.values().map(AsRef::as_ref).collect();
        entries.sort_by(|a, b| a.allocation.cmp(&b.allocation));
        for entry in entries {
            let mut find = |message: String| log.find(Check::Leak, name_of(pool, &entry.allocation), message);
            look_at(entry, places, decisions, &holders, &mut find);
        }
    }
    look_for_grants(ledgers, decisions, log);
}

fn look_at(
    entry: &Entry,
    places: &Places,
    decisions: &Decisions,
    holders: &HashSet<&str>,
    find: &mut impl FnMut(String),
) {
    let living = decisions.allocation(&entry.allocation).filter(|object| object.uid == entry.uid && !object.is_going);
    match living {
        None if !entry.granted.is_zero() => find(format!("{} is granted to nobody", entry.granted)),
        Some(object) if object.generation == entry.generation => {
            let target = object.resources.unwrap_or_default();
            if target != entry.granted {
                find(format!("{} is granted, and it asks for {target} at the same generation", entry.granted));
            }
        }
        _ => {}
    }
    if !entry.held.is_zero() && !holders.contains(entry.hold_uid.as_str()) {
        find(format!("{} is held for no request that is on its way", entry.held));
    }
    let in_use = entry.places().map(|namespace| {
        let used = places.used(namespace).max(places.counted(namespace));
        used.beyond(entry.shares.get(namespace).copied().unwrap_or_default())
    });
    let for_nobody = entry.draining.beyond(in_use.sum::<Amounts>());
    if !for_nobody.is_zero() {
        find(format!("{for_nobody} is draining, and nothing uses it"));
    }
    if entry.is_leaving && entry.out().is_zero() {
        find("its entry is still there, although it has nothing".to_owned());
    }
}

/// Living allocations whose grant is nowhere.
fn look_for_grants(ledgers: &Ledgers, decisions: &Decisions, log: &mut Log) {
    let mut lost: Vec<String> = Vec::new();
    for (path, object) in decisions.allocations().filter(|(_, object)| !object.is_going) {
        let Some(granted) = object.granted.filter(|granted| !granted.is_zero()) else { continue };
        let entry = ledgers.get(&object.pool).and_then(|ledger| ledger.entries.get(path));
        if entry.is_none_or(|entry| entry.uid != object.uid || entry.granted != granted) {
            lost.push(name_of(&object.pool, path));
        }
    }
    lost.sort();
    for object in lost {
        log.find(Check::Leak, object, "its status says that it is granted, and no ledger's entry says so");
    }
}
