//! What a set of planned changes would come to: the real decision, on a copy of a ledger.
//!
//! Nothing is written, and nothing is reckoned here that [`ledger::decide`] doesn't decide: each
//! planned line is asked as the operator would ask it for the allocation that an admin has written.
//! What a plan gives back counts as free only once it is proven free; so a line that fits with it
//! alone is told apart ([`Verdict::AfterRelease`]).

mod plan;

use ledger::{AllocationKey, Ask, Decision, Ledger, Reason, Request, Resource, Rules, Sequence, Shares, decide};

use crate::condition;
use crate::v1alpha1::{AllocationSpec, ResourcePool};
use crate::validate::{self, Violation};

pub use plan::{
    CHANGES_MAX, COLUMNS, Change, Flaw, FlawCause, LINES_MAX, Mode, Planned, Written, field_of, from_cells, lines, size,
};

/// The department of lines that name none: it has no ceiling, so that the pool alone bounds them.
/// No object can be called so.
pub const ANYBODY: &str = "~";

/// An allocation as it would be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub key: AllocationKey,
    pub spec: AllocationSpec,
}

/// Why a pool gives nothing out now, as the operator says in its conditions.
#[must_use]
pub fn closed(pool: &ResourcePool) -> Option<Reason> {
    let conditions = pool.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let said = condition::find(conditions, condition::READY).filter(|said| said.status != "True")?;
    let codes = [
        condition::CLUSTER_UNREACHABLE,
        condition::QUOTAS_ABOVE_LEDGER,
        condition::CLUSTER_CHANGED,
        condition::LEDGER_BEHIND_QUOTAS,
    ];
    let code = codes.into_iter().find(|code| *code == said.reason)?;
    Some(Reason::PoolHalted { code, message: said.message.clone() })
}

/// What would become of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It fits now.
    Fits,
    /// It fits when what the plan gives back is proven free.
    AfterRelease,
    /// The allocation is as the line says already.
    Unchanged,
    /// It doesn't fit, first for what the decision says.
    Refused(Vec<Reason>),
}

impl Verdict {
    #[must_use]
    pub const fn fits(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}

/// What would become of all lines of one pool.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// In the order of the lines.
    pub verdicts: Vec<Verdict>,
    /// The ledger with everything that fits, when what the plan gives back is proven free.
    pub after: Ledger,
}

/// Refused lines for which every resource that doesn't fit is looked for. A plan that fails by more
/// has other troubles than the second resource of its hundredth line.
const EXPLAINED_MAX: usize = 50;

/// Decides the lines on a copy of the ledger, in their order but for what gives back, which is
/// served first. `closed` says why the pool gives nothing out, where that is so. The failure names
/// the line whose shares can't be read.
pub fn evaluate(ledger: &Ledger, closed: Option<&Reason>, lines: &[Line]) -> Result<Outcome, (usize, Violation)> {
    let mut shares = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let read = validate::shares(&line.spec);
        shares.push(read.map_err(|mut violations| (index, violations.swap_remove(0)))?);
    }
    let known = with_anybody(ledger);
    let rules = || Rules { closed: closed.cloned(), ..Rules::from(Sequence::Unordered) };
    let today = decide(&known, &requests(&known, lines, &shares), rules());
    let freed = freed(&known, lines, &shares);
    let decided = decide(&freed, &requests(&freed, lines, &shares), rules());
    let mut explained = 0;
    let verdicts = lines.iter().enumerate().map(|(index, line)| {
        let entry = known.entries.get(&line.key);
        if entry.is_some_and(|entry| !entry.leaving && entry.shares == shares[index]) {
            return Verdict::Unchanged;
        }
        match (&decided.decisions[index], &today.decisions[index]) {
            (Decision::Grant { .. }, Decision::Grant { .. }) => Verdict::Fits,
            (Decision::Grant { .. }, _) => Verdict::AfterRelease,
            (Decision::Wait(reason) | Decision::Refuse(reason), _) => {
                explained += 1;
                let others = explained <= EXPLAINED_MAX;
                Verdict::Refused(reasons(reason, others, &decided.ledger, line, &shares[index], &rules()))
            }
            // Only what is going already is left as it is.
            (Decision::Unchanged, _) => Verdict::Refused(vec![Reason::EarlierObjectDraining]),
        }
    });
    let verdicts = verdicts.collect();
    Ok(Outcome { verdicts, after: decided.ledger })
}

/// The ledger, with the department of those who name none.
fn with_anybody(ledger: &Ledger) -> Ledger {
    let ask = Ask::Department {
        department: ANYBODY.to_owned(),
        parent: None,
        ceiling: None,
        uid: ANYBODY.to_owned(),
        generation: 1,
        accept_overcommit: false,
    };
    let revision = ledger.revision;
    Ledger { revision, ..decide(ledger, &[Request { ask, at_ms: 0 }], Sequence::Unordered).ledger }
}

fn requests(ledger: &Ledger, lines: &[Line], shares: &[Shares]) -> Vec<Request> {
    let asked = lines.iter().zip(shares).zip(0..);
    asked.map(|((line, shares), at_ms)| Request { ask: ask(ledger, line, shares.clone()), at_ms }).collect()
}

/// As the operator asks for an allocation whose object has been written once more.
fn ask(ledger: &Ledger, line: &Line, shares: Shares) -> Ask {
    let entry = ledger.entries.get(&line.key);
    let known = entry.filter(|entry| !entry.leaving).and_then(|entry| entry.uid.clone());
    Ask::Target {
        allocation: line.key.clone(),
        uid: known.unwrap_or_else(|| ANYBODY.to_owned()),
        generation: entry.map_or(1, |entry| entry.generation + 1),
        shares,
        decision: None,
    }
}

/// The ledger when all that the lines give back is proven free. What drains already stays: nobody
/// knows when that ends.
fn freed(ledger: &Ledger, lines: &[Line], shares: &[Shares]) -> Ledger {
    let mut freed = ledger.clone();
    for (line, target) in lines.iter().zip(shares) {
        let Some(entry) = freed.entries.get_mut(&line.key).filter(|entry| !entry.leaving) else { continue };
        for (namespace, share) in &mut entry.shares {
            *share = share.min(target.get(namespace).copied().unwrap_or_default());
        }
    }
    freed
}

/// The decision names the first resource that doesn't fit; each of the others is asked for alone.
fn reasons(first: &Reason, others: bool, after: &Ledger, line: &Line, shares: &Shares, rules: &Rules) -> Vec<Reason> {
    let mut reasons = vec![first.clone()];
    if !others || !first.is_shortage() {
        return reasons;
    }
    let entry = after.entries.get(&line.key);
    for resource in Resource::ALL.into_iter().filter(|resource| Some(*resource) != first.resource()) {
        let alone: Shares = shares
            .iter()
            .map(|(namespace, share)| {
                let mut now = entry.and_then(|entry| entry.shares.get(namespace)).copied().unwrap_or_default();
                match resource {
                    Resource::Cpu => now.cpu = share.cpu,
                    Resource::Memory => now.memory = share.memory,
                    Resource::Storage => now.storage = share.storage,
                }
                (namespace.clone(), now)
            })
            .collect();
        let request = Request { ask: ask(after, line, alone), at_ms: 0 };
        if let Some(Decision::Wait(reason) | Decision::Refuse(reason)) =
            decide(after, &[request], rules.clone()).decisions.pop()
            && reason.is_shortage()
        {
            reasons.push(reason);
        }
    }
    reasons
}

#[cfg(test)]
mod tests;
