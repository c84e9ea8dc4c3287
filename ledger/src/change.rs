//! How one entry looks after one ask, before anybody has looked whether it fits.

use std::collections::BTreeSet;

use crate::{Amount, Bundle, Entry, Hold, Reason, Resource, Shares};

/// What an ask makes of an entry.
pub(crate) enum Change {
    /// The entry as it would be; its quotas follow if `requotas`.
    Entry { entry: Entry, requotas: bool },
    /// Applied before, or older than what was applied: nothing to do.
    Nothing,
    /// Not now; the entry stays as it is.
    NotNow(Reason),
    /// It can never be; waiting would not help.
    Never(Reason),
}

pub(crate) fn target(entry: &Entry, uid: &str, generation: i64, shares: &Shares, decision: Option<&str>) -> Change {
    if let Some(resource) = too_large(shares.values()) {
        return Change::Never(Reason::AmountTooLarge { resource });
    }
    match entry.uid.as_deref() {
        Some(known) if known != uid => return Change::NotNow(Reason::EarlierObjectDraining),
        Some(_) if entry.leaving || generation <= entry.generation => return Change::Nothing,
        _ => {}
    }
    let taken_away: Bundle = entry
        .shares
        .iter()
        .map(|(namespace, before)| before.minus(shares.get(namespace).copied().unwrap_or_default()))
        .sum();
    let added: Bundle = shares
        .iter()
        .map(|(namespace, after)| after.minus(entry.shares.get(namespace).copied().unwrap_or_default()))
        .sum();
    let draining = entry.draining.plus(taken_away);
    let takes_hold = entry.hold.as_ref().is_some_and(|hold| Some(hold.decision.as_str()) == decision);
    let governed = entry.dropped.iter().chain(entry.shares.keys());
    let dropped: BTreeSet<String> = governed.filter(|name| !shares.contains_key(*name)).cloned().collect();

    // Growth takes the entry's own draining first. With several namespaces it must not: what
    // drains in one is still usable there while another would already be raised.
    let alone = shares.len() == 1 && dropped.is_empty();
    let entry = Entry {
        uid: Some(uid.to_owned()),
        leaving: false,
        generation,
        revision: entry.revision,
        decision: decision.map(str::to_owned),
        draining: if alone { draining.minus(added) } else { draining },
        shares: shares.clone(),
        dropped,
        hold: if takes_hold { None } else { entry.hold.clone() },
    };
    Change::Entry { entry, requotas: true }
}

pub(crate) fn remove(entry: &Entry, uid: &str) -> Change {
    // A line that only holds has no object yet: what is gone is an earlier one of the same name.
    if entry.leaving || entry.uid.as_deref() != Some(uid) {
        return Change::Nothing;
    }
    let entry = Entry {
        uid: entry.uid.clone(),
        leaving: true,
        generation: entry.generation,
        revision: entry.revision,
        // It isn't what took everything away.
        decision: None,
        draining: entry.draining.plus(entry.granted()),
        shares: Shares::new(),
        dropped: entry.dropped.iter().chain(entry.shares.keys()).cloned().collect(),
        hold: None,
    };
    Change::Entry { entry, requotas: true }
}

pub(crate) fn hold(entry: &Entry, request: &str, uid: &str, decision: &str, target: Bundle) -> Change {
    if let Some(resource) = too_large([&target]) {
        return Change::Never(Reason::AmountTooLarge { resource });
    }
    if entry.leaving {
        return Change::NotNow(Reason::EarlierObjectDraining);
    }
    if entry.decision.as_deref() == Some(decision) {
        return Change::Nothing;
    }
    // The whole increase is held, also where the entry's own draining could cover a part: that
    // part may have gone back to the pool by the time the allocation is written.
    let amount = target.minus(entry.granted());
    let hold = Hold { request: request.to_owned(), uid: uid.to_owned(), decision: decision.to_owned(), amount };
    match &entry.hold {
        Some(held) if *held == hold => return Change::Nothing,
        Some(held) if held.uid != uid => {
            return Change::NotNow(Reason::HeldByAnother { request: held.request.clone() });
        }
        _ => {}
    }
    Change::Entry { entry: Entry { hold: Some(hold), ..entry.clone() }, requotas: false }
}

pub(crate) fn unhold(entry: &Entry, uid: &str) -> Change {
    if entry.hold.as_ref().is_none_or(|hold| hold.uid != uid) {
        return Change::Nothing;
    }
    Change::Entry { entry: Entry { hold: None, ..entry.clone() }, requotas: false }
}

/// `used` and `gone` together must speak of every namespace of the entry: one that isn't
/// mentioned could use anything, so nothing is given back. Where they contradict each other, use
/// counts.
pub(crate) fn release(entry: &Entry, revision: u64, used: &Shares, gone: &BTreeSet<String>) -> Change {
    if entry.revision != revision {
        return Change::NotNow(Reason::EvidenceOutdated { now: entry.revision, evidence: revision });
    }
    if entry.quotas().any(|(namespace, _)| !used.contains_key(namespace) && !gone.contains(namespace)) {
        return Change::Nothing;
    }
    let in_use = |namespace: &str| used.get(namespace).copied().unwrap_or_default();
    let excess: Bundle = entry.quotas().map(|(namespace, share)| in_use(namespace).minus(share)).sum();
    let mut dropped = entry.dropped.clone();
    dropped.retain(|namespace| !in_use(namespace).is_zero());
    let after = Entry { draining: entry.draining.min(excess), dropped, ..entry.clone() };
    if after == *entry { Change::Nothing } else { Change::Entry { entry: after, requotas: false } }
}

/// The first resource that is more than anybody may name, in a share or in a capacity.
pub(crate) fn too_large<'a>(bundles: impl IntoIterator<Item = &'a Bundle>) -> Option<Resource> {
    let most = Bundle { cpu: Amount::MAX_ASKED, memory: Amount::MAX_ASKED, storage: Amount::MAX_ASKED };
    bundles.into_iter().find_map(|bundle| bundle.first_shortfall(most))
}
