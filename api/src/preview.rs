//! Whether a request makes sense and fits: the code that decides, asked on a copy of the ledger.

use ledger::{Ask, Bundle, Decision, Entry, Ledger, Reason, Request, Resource, Rules, Sequence, decide};
use resources::judgement::Fault;
use resources::quantity;
use resources::v1alpha1::QuotaRequest;

use crate::identity::Caller;
use crate::routes::automatic::Automatic;
use crate::routes::requests::{Preview, PreviewReason};
use crate::sentence;
use crate::snapshot::Snapshot;
use crate::snapshot::figures::{Numbers, text};

/// What would come of an approval now. `counted` is what the request adds to the pool's demand
/// already. Nothing where the pool or the amounts can't be read.
#[must_use]
pub fn of(
    snapshot: &Snapshot,
    department: &str,
    request: &QuotaRequest,
    counted: Bundle,
    caller: &Caller,
    automatic: Option<Automatic>,
) -> Option<Preview> {
    let spec = &request.spec;
    let pool = snapshot.pools.get(&spec.pool).filter(|_| caller.rights.pools.has(&spec.pool))?;
    let target = spec.resources.parse().ok()?;
    let key = snapshot.place(department, spec);
    let entry = pool.ledger.entries.get(&key).cloned().unwrap_or_default();
    let current = entry.granted();
    let uid = request.metadata.uid.as_deref().unwrap_or("preview");
    let hold = |target: Bundle| Ask::Hold {
        allocation: key.clone(),
        request: request.metadata.name.clone().unwrap_or_default(),
        uid: uid.to_owned(),
        decision: "preview".to_owned(),
        target,
    };
    let reasons: Vec<PreviewReason> = match snapshot.judge(department, spec, &caller.rights.pools) {
        Ok(_) => {
            let reasons = reasons(&pool.ledger, pool.closed().as_ref(), hold, current, target);
            reasons.iter().map(|reason| view(reason, caller)).collect()
        }
        Err(unfit) => unfit.faults.iter().map(|fault| of_fault(fault, caller)).collect(),
    };
    let all = caller.rights.ledgers.has(&spec.pool);
    Some(Preview {
        fits: reasons.is_empty(),
        reasons,
        automatic,
        current: text(current),
        request: text(target.minus(current)),
        returned: text(current.minus(target)),
        pool_now: pool.numbers.standing(all),
        after: after(pool.numbers, &entry, uid, target, counted).standing(all),
    })
}

/// Everything that stops it. The decision names the first resource that doesn't fit; each is asked
/// for alone to find the others.
fn reasons(
    ledger: &Ledger,
    closed: Option<&Reason>,
    hold: impl Fn(Bundle) -> Ask,
    current: Bundle,
    target: Bundle,
) -> Vec<Reason> {
    let refused = |target: Bundle| {
        let request = Request { ask: hold(target), at_ms: 0 };
        let rules = Rules { closed: closed.cloned(), ..Rules::from(Sequence::Unordered) };
        match decide(ledger, &[request], rules).decisions.pop() {
            Some(Decision::Refuse(reason) | Decision::Wait(reason)) => Some(reason),
            _ => None,
        }
    };
    let Some(first) = refused(target) else { return Vec::new() };
    let mut reasons = vec![first];
    for resource in Resource::ALL {
        let alone = current.zip(only(resource, target), |now, then| then.unwrap_or(now));
        let again = refused(alone).filter(|reason| reason.is_shortage() && !reasons.contains(reason));
        reasons.extend(again);
    }
    reasons
}

fn only(resource: Resource, target: Bundle) -> ledger::PerResource<Option<ledger::Amount>> {
    let value = |at: Resource| (at == resource).then(|| *target.of(at));
    ledger::PerResource {
        cpu: value(Resource::Cpu),
        memory: value(Resource::Memory),
        storage: value(Resource::Storage),
    }
}

/// The pool once the request is in force and what it gave back is free.
fn after(now: Numbers, entry: &Entry, uid: &str, target: Bundle, counted: Bundle) -> Numbers {
    let mut after = now;
    after.position.granted = now.position.granted.minus(entry.granted()).plus(target);
    if entry.hold.as_ref().is_some_and(|hold| hold.uid == uid) {
        after.position.held = now.position.held.minus(entry.held());
    }
    after.requested = now.requested.minus(counted);
    after
}

fn of_fault(fault: &Fault, caller: &Caller) -> PreviewReason {
    PreviewReason {
        code: fault.code().to_owned(),
        resource: None,
        limit: None,
        asked: None,
        free: None,
        department: None,
        message: sentence::fault(caller.language, fault),
    }
}

fn view(reason: &Reason, caller: &Caller) -> PreviewReason {
    let resource = reason.resource();
    let amount = |amount: ledger::Amount| resource.map(|resource| quantity::format(resource, amount));
    let (limit, asked, free, department) = match reason {
        Reason::InsufficientCapacity { limit, asked, free, .. } => (Some(*limit), Some(*asked), Some(*free), None),
        Reason::CeilingExceeded { department, limit, asked, free, .. } => {
            (Some(*limit), Some(*asked), Some(*free), Some(department.clone()))
        }
        _ => (None, None, None, None),
    };
    PreviewReason {
        code: reason.code().to_owned(),
        resource: resource.map(Into::into),
        limit: limit.and_then(amount),
        asked: asked.and_then(amount),
        free: free.and_then(amount),
        department,
        message: sentence::reason(caller.language, reason),
    }
}
