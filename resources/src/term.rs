//! What the end of a grant means for its amounts and for the request that brought it about.
//!
//! Pure: now is a value. A grant with a base returns to it at its end; one without keeps its size,
//! may not grow, and waits for an approver.

use jiff::{SignedDuration, Timestamp};
use ledger::{Bundle, Resource};

use crate::amounts::{Known, Resources};
use crate::v1alpha1::{Allocation, AllocationSpec, GrantTerm, HadBefore, Phase, QuotaRequest};
use crate::workflow::Facts;
use crate::{condition, names, quantity, sharing};

/// When the grant ends. `None`: never, or nobody can read when.
#[must_use]
pub fn ends_at(spec: &AllocationSpec) -> Option<Timestamp> {
    spec.lease.as_ref()?.expires_at.parse().ok()
}

/// Whether the end has come.
#[must_use]
pub fn is_over(spec: &AllocationSpec, now: Timestamp) -> bool {
    ends_at(spec).is_some_and(|end| end <= now)
}

/// Whether the end has come and there is no base to return to: an approver decides.
#[must_use]
pub fn is_expired(spec: &AllocationSpec, now: Timestamp) -> bool {
    is_over(spec, now) && spec.lease.as_ref().is_some_and(|lease| lease.base.is_none())
}

/// The allocation after its end, where that differs from what it says: back to its base, and never
/// to more than it has. The lease stays, so that whoever looks sees what has happened.
#[must_use]
pub fn returned(spec: &AllocationSpec, now: Timestamp) -> Option<AllocationSpec> {
    if !is_over(spec, now) {
        return None;
    }
    let written = spec.lease.as_ref()?.base.as_ref()?;
    let base = written.parse().ok()?;
    let has = spec.resources.parse().ok()?;
    let target = base.min(has);
    if target == has {
        return None;
    }
    let resources = if target == base { written.clone() } else { target.into() };
    Some(AllocationSpec { namespaces: sharing::scaled(&spec.namespaces, target), resources, ..spec.clone() })
}

/// Whether this decision is the last one that was written into the allocation: the grant is what its
/// request brought about. What an admin has changed since doesn't alter that.
#[must_use]
pub fn carries(allocation: &Allocation, decision: Option<&str>) -> bool {
    let annotations = allocation.metadata.annotations.as_ref();
    let noted = annotations.and_then(|all| all.get(names::ANNOTATION_DECISION)).map(String::as_str);
    decision.is_some() && (allocation.spec.decision.as_deref() == decision || noted == decision)
}

/// Adds to a request's facts what the end of its grant decides. `allocation` is the one that the
/// request is about.
#[must_use]
pub fn facts(request: &QuotaRequest, allocation: Option<&Allocation>, facts: Facts) -> Facts {
    let Some(status) = &request.status else { return facts };
    let in_force = matches!(status.phase, Some(Phase::Active | Phase::Expired));
    let carried = allocation.filter(|allocation| carries(allocation, status.decision.as_deref()));
    let facts = Facts { superseded: in_force && carried.is_none(), ..facts };
    if let Some(taken) = &status.taken_back
        && status.phase == Some(Phase::Reclaiming)
    {
        let keeps = taken.keeps.resources.parse().unwrap_or_default();
        let had = taken.had.resources.parse().unwrap_or_default();
        let lowered = taken.provisioning || taken.undone || carried.is_some_and(|one| is_lowered(one, had));
        return Facts { keeps, quota_lowered: lowered, ..facts };
    }
    match carried.filter(|_| in_force) {
        Some(allocation) => Facts { keeps: kept(&allocation.spec), due: ends_at(&allocation.spec), ..facts },
        None => facts,
    }
}

/// What an application keeps when its grant is taken back: the base of a temporary one, else nothing.
#[must_use]
pub fn kept(spec: &AllocationSpec) -> Bundle {
    let base = spec.lease.as_ref().and_then(|lease| lease.base.as_ref()).and_then(|base| base.parse().ok());
    base.unwrap_or(Bundle::ZERO).min(spec.resources.parse().unwrap_or_default())
}

/// What an allocation says, to be given back later.
#[must_use]
pub fn had(allocation: Option<&Allocation>) -> HadBefore {
    match allocation {
        Some(allocation) => {
            HadBefore { resources: allocation.spec.resources.clone(), lease: allocation.spec.lease.clone() }
        }
        None => HadBefore { resources: Bundle::ZERO.into(), lease: None },
    }
}

/// Whether the API server enforces less than this.
fn is_lowered(allocation: &Allocation, had: Bundle) -> bool {
    let enforced = allocation.status.as_ref().and_then(|status| status.enforced.as_ref());
    enforced.is_none_or(|enforced| !had.fits_within(amounts(enforced)))
}

fn amounts(known: &Known) -> Bundle {
    let read = |resource, text: &Option<String>| {
        text.as_deref().and_then(|text| quantity::parse_observed(resource, text)).unwrap_or_default()
    };
    Bundle {
        cpu: read(Resource::Cpu, &known.cpu),
        memory: read(Resource::Memory, &known.memory),
        storage: read(Resource::Storage, &known.storage),
    }
}

/// Whether a change of this allocation to `wanted` is refused because its grant has ended. By what the
/// allocation says of itself, so that whoever has no clock hears the same.
#[must_use]
pub fn forbids_growth(allocation: &Allocation, wanted: &Resources) -> bool {
    let conditions = allocation.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let (Ok(wanted), Ok(has)) = (wanted.parse(), allocation.spec.resources.parse()) else { return false };
    condition::is_true(conditions, condition::EXPIRED) && !wanted.fits_within(has)
}

/// The warnings whose day has come, of those that weren't given and that fall inside the term.
#[must_use]
pub fn warnings_due(term: &GrantTerm, days: &[u32], now: Timestamp) -> Vec<u32> {
    let Some(end) = end_of(term).filter(|end| now < *end) else { return vec![] };
    open_warnings(term, days, end).filter(|(_, at)| *at <= now).map(|(day, _)| day).collect()
}

/// The next instant at which the term has something to say.
#[must_use]
pub fn next_instant(term: &GrantTerm, days: &[u32], now: Timestamp) -> Option<Timestamp> {
    let end = end_of(term)?;
    let warnings = open_warnings(term, days, end).map(|(_, at)| at);
    warnings.chain([end]).filter(|at| *at > now).min()
}

fn end_of(term: &GrantTerm) -> Option<Timestamp> {
    term.ends_at.parse().ok()
}

fn open_warnings(term: &GrantTerm, days: &[u32], end: Timestamp) -> impl Iterator<Item = (u32, Timestamp)> {
    days.iter().filter(|day| !term.warned.contains(&i64::from(**day))).filter_map(move |day| {
        // The city has no summer time: its days have 24 hours.
        let at = end.checked_sub(SignedDuration::from_hours(24 * i64::from(*day))).ok()?;
        (at >= term.since.0).then_some((*day, at))
    })
}

#[cfg(test)]
mod tests;
