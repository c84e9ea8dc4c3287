//! Whether a request makes sense beside what exists, and which allocation it is about.
//!
//! Asked when a request is written or previewed and again when it is approved, so that each of them
//! says the same. Whether there is room for it is the ledger's to say, and nobody's here.

use std::cmp::Reverse;
use std::fmt;

use ledger::{AllocationKey, Bundle};
use thiserror::Error;

use crate::names;
use crate::sharing;
use crate::term;
use crate::v1alpha1::{Allocation, AllocationSpec, ApplicationSpec, NamespaceShare, QuotaRequestSpec, RequestType};
use crate::validate::{self, Violation};

/// Longest name of a namespace, and of a label's value, which allocations' names become.
const NAMESPACE_MAX: usize = 63;

/// What exists beside a request, as far as it counts.
pub struct Beside<'a> {
    /// The namespace that the request is in: its department's.
    pub namespace: &'a str,
    /// The pool that it names is there, isn't being deleted, and may be seen by whoever asks.
    pub pool_exists: bool,
    /// The application that it names, if it is in this namespace.
    pub application: Option<&'a ApplicationSpec>,
    /// Every allocation of that application in this namespace, in whichever pool.
    pub allocations: &'a [&'a Allocation],
    /// Whether an allocation of this name is in this namespace, whoever's it is.
    pub named: &'a dyn Fn(&str) -> bool,
    /// Whose a workload namespace is; `None` where it is nobody's or isn't there.
    pub owner: &'a dyn Fn(&str) -> Option<Owner>,
}

/// Whose a workload namespace is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    Allocation(AllocationKey),
    /// Somebody's whom we don't know: it is there and carries no mark of ours.
    Stranger,
}

/// The allocation that a request is about.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    /// Its name, existing or to be made.
    pub name: String,
    pub allocation: Option<&'a Allocation>,
    /// It would be made, and the application has one in another pool: it needs a namespace of its
    /// own.
    pub is_further: bool,
}

/// A request that makes sense, and what its approval would bring about.
#[derive(Clone, Debug)]
pub struct Judged<'a> {
    pub place: Place<'a>,
    /// What the allocation shall have.
    pub target: Bundle,
    /// The namespaces of the allocation as it would be written, with their shares.
    pub namespaces: Vec<NamespaceShare>,
}

/// One reason why a request makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    #[error(transparent)]
    Invalid(Violation),
    #[error("there is no pool {pool}: name a pool that exists")]
    UnknownPool { pool: String },
    #[error("there is no application {application}: give spec.newApplication with a New request")]
    UnknownApplication { application: String },
    #[error(
        "application {application} exists under another name for people: leave spec.newApplication out, or choose another name"
    )]
    ApplicationExists { application: String },
    #[error("the application already has quota in pool {pool}: ask for a Change instead")]
    AlreadyAllocated { pool: String },
    #[error("the application has no quota in pool {pool}: ask for New instead")]
    NothingAllocated { pool: String },
    #[error("the application's grant in pool {pool} has ended and can't grow: ask for a Renew first")]
    GrantExpired { pool: String },
    #[error("the application has no quota in pool {pool}: name the pool that it leaves")]
    NothingToMove { pool: String },
    #[error(
        "the allocation's namespace would be {namespace}, which has {} characters and may have {}: register the application under a shorter name",
        namespace.len(), NAMESPACE_MAX
    )]
    NameTooLong { namespace: String },
    #[error(
        "the allocation would be named {allocation}, as another of the department is: register the application under another name"
    )]
    NameTaken { allocation: String },
    /// Whose it is isn't said: it may be another department's, which isn't the caller's to know.
    #[error("namespace {namespace} isn't this application's: register the application under another name")]
    NamespaceTaken { namespace: String },
}

impl Fault {
    /// The name in statuses and problems. Promised to scripts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "Invalid",
            Self::UnknownPool { .. } => "UnknownPool",
            Self::UnknownApplication { .. } => "UnknownApplication",
            Self::ApplicationExists { .. } => "ApplicationExists",
            Self::AlreadyAllocated { .. } => "AlreadyAllocated",
            Self::NothingAllocated { .. } => "NothingAllocated",
            Self::GrantExpired { .. } => "GrantExpired",
            Self::NothingToMove { .. } => "NothingToMove",
            Self::NameTooLong { .. } => "NameTooLong",
            Self::NameTaken { .. } => "NameTaken",
            Self::NamespaceTaken { .. } => "NamespaceTaken",
        }
    }

    /// The field of the request that is to be changed.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::Invalid(violation) => &violation.field,
            Self::UnknownPool { .. } => "spec.pool",
            Self::ApplicationExists { .. } => "spec.newApplication",
            Self::NothingToMove { .. } => "spec.moveFrom",
            Self::AlreadyAllocated { .. } | Self::NothingAllocated { .. } | Self::GrantExpired { .. } => "spec.type",
            Self::UnknownApplication { .. }
            | Self::NameTooLong { .. }
            | Self::NameTaken { .. }
            | Self::NamespaceTaken { .. } => "spec.application",
        }
    }
}

/// Every reason why a request makes no sense: at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    pub faults: Vec<Fault>,
}

impl Unfit {
    /// The code of the first.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.faults.first().map_or("Invalid", Fault::code)
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.faults.iter().map(ToString::to_string).collect();
        f.write_str(&all.join("; "))
    }
}

impl std::error::Error for Unfit {}

/// What the request would bring about, or everything that is in its way.
pub fn judge<'a>(spec: &QuotaRequestSpec, beside: &Beside<'a>) -> Result<Judged<'a>, Unfit> {
    let mut faults: Vec<Fault> = validate::request(spec).into_iter().map(Fault::Invalid).collect();
    let place = place(&spec.application, &spec.pool, beside.allocations.iter().copied());
    // Of what is no name at all it needn't be said that nothing is called so.
    let is_said = |faults: &[Fault], field: &str| faults.iter().any(|fault| fault.field() == field);
    let pool_is_named = !is_said(&faults, "spec.pool");
    let application_is_named = !is_said(&faults, "spec.application");
    if pool_is_named && !beside.pool_exists {
        faults.push(Fault::UnknownPool { pool: spec.pool.clone() });
    }
    if application_is_named {
        faults.extend(application(spec, beside.application));
    }
    // Of what isn't there, or isn't what is meant, it needn't be said what it has.
    if pool_is_named && application_is_named && !faults.iter().any(is_elsewhere) {
        faults.extend(standing(spec, &place, beside.allocations));
    }
    let target = spec.resources.parse().unwrap_or_default();
    let namespaces = namespaces(&place, target);
    if faults.is_empty() {
        faults.extend(writing(spec, beside, &place, &namespaces));
    }
    if faults.is_empty() { Ok(Judged { place, target, namespaces }) } else { Err(Unfit { faults }) }
}

/// The application's allocation in the pool, or the name that it would get. Where there are several
/// in one pool, which nobody but an admin can bring about, it is one that lives, then the first.
pub fn place<'a>(application: &str, pool: &str, allocations: impl IntoIterator<Item = &'a Allocation>) -> Place<'a> {
    let own: Vec<&Allocation> =
        allocations.into_iter().filter(|allocation| allocation.spec.application == application).collect();
    let in_pool = own.iter().copied().filter(|allocation| allocation.spec.pool == pool);
    let found = in_pool.max_by_key(|allocation| (has_quota(allocation), Reverse(allocation.metadata.name.as_ref())));
    let is_further = found.is_none() && !own.is_empty();
    let name = match found.and_then(|allocation| allocation.metadata.name.as_ref()) {
        Some(name) => name.clone(),
        None if is_further => names::further_allocation(application, pool),
        None => application.to_owned(),
    };
    Place { name, allocation: found, is_further }
}

/// Whether it has anything that could be changed or given back.
#[must_use]
pub fn has_quota(allocation: &Allocation) -> bool {
    allocation.metadata.deletion_timestamp.is_none()
        && allocation.spec.resources.parse().is_ok_and(|amounts| !amounts.is_zero())
}

/// The namespaces that an allocation says, so that each is somebody's: its list, or the
/// application's own.
#[must_use]
pub fn namespaces_of(allocation: &AllocationSpec) -> Vec<String> {
    if allocation.namespaces.is_empty() {
        return vec![names::application_namespace(&allocation.application)];
    }
    allocation.namespaces.iter().map(|namespace| namespace.name.clone()).collect()
}

const fn is_elsewhere(fault: &Fault) -> bool {
    matches!(fault, Fault::UnknownPool { .. } | Fault::UnknownApplication { .. } | Fault::ApplicationExists { .. })
}

fn application(spec: &QuotaRequestSpec, existing: Option<&ApplicationSpec>) -> Option<Fault> {
    let described = spec.new_application.as_ref().filter(|_| spec.type_ == RequestType::New);
    let application = spec.application.clone();
    match (existing, described) {
        (None, None) => Some(Fault::UnknownApplication { application }),
        // The same application, which an earlier request has brought about meanwhile, is meant.
        (Some(existing), Some(new)) if existing.display_name != new.display_name => {
            Some(Fault::ApplicationExists { application })
        }
        _ => None,
    }
}

/// Whether the type goes with what the application has in the pool.
fn standing(spec: &QuotaRequestSpec, place: &Place<'_>, allocations: &[&Allocation]) -> Option<Fault> {
    let pool = spec.pool.clone();
    let has_here = place.allocation.is_some_and(has_quota);
    if let Some(left) = &spec.move_from {
        let there = self::place(&spec.application, left, allocations.iter().copied());
        return match (there.allocation.is_some_and(has_quota), has_here) {
            (false, _) => Some(Fault::NothingToMove { pool: left.clone() }),
            (true, true) => Some(Fault::AlreadyAllocated { pool }),
            (true, false) => None,
        };
    }
    match (spec.type_, has_here) {
        (RequestType::New, true) => Some(Fault::AlreadyAllocated { pool }),
        (RequestType::Change | RequestType::Renew | RequestType::Release, false) => {
            Some(Fault::NothingAllocated { pool })
        }
        (RequestType::Change, true)
            if place.allocation.is_some_and(|allocation| term::forbids_growth(allocation, &spec.resources)) =>
        {
            Some(Fault::GrantExpired { pool })
        }
        _ => None,
    }
}

/// The namespaces of the allocation, with their shares of `target`.
#[must_use]
pub fn namespaces(place: &Place<'_>, target: Bundle) -> Vec<NamespaceShare> {
    match place.allocation {
        Some(allocation) => sharing::scaled(&allocation.spec.namespaces, target),
        None if place.is_further => {
            vec![NamespaceShare { name: names::application_namespace(&place.name), share: None }]
        }
        None => Vec::new(),
    }
}

/// Whether the allocation can be written as it would be.
fn writing(
    spec: &QuotaRequestSpec,
    beside: &Beside<'_>,
    place: &Place<'_>,
    namespaces: &[NamespaceShare],
) -> Vec<Fault> {
    let written = AllocationSpec {
        application: spec.application.clone(),
        pool: spec.pool.clone(),
        resources: spec.resources.clone(),
        namespaces: namespaces.to_vec(),
        lease: None,
        decision: None,
    };
    let mut faults: Vec<Fault> = match validate::shares(&written) {
        Ok(_) => Vec::new(),
        Err(violations) => violations.into_iter().map(Fault::Invalid).collect(),
    };
    if place.allocation.is_none() && (beside.named)(&place.name) {
        faults.push(Fault::NameTaken { allocation: place.name.clone() });
    }
    // What an allocation has already it may go on with, and must be able to give back.
    if spec.type_ == RequestType::New || spec.move_from.is_some() {
        let own = Owner::Allocation(AllocationKey::new(beside.namespace, &place.name));
        for namespace in namespaces_of(&written) {
            if namespace.len() > NAMESPACE_MAX {
                faults.push(Fault::NameTooLong { namespace });
            } else if (beside.owner)(&namespace).is_some_and(|owner| owner != own) {
                faults.push(Fault::NamespaceTaken { namespace });
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests;
