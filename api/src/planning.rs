//! Plans: what they would come to, and writing those that fit.
//!
//! No arithmetic here: [`resources::what_if`] asks the ledger, on a copy. This gathers what it needs
//! from one snapshot, cuts it to what the caller may see, and writes in his name.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::Response;
use kube::core::ObjectMeta;
use ledger::{Ledger, Reason};
use resources::v1alpha1::Allocation;
use resources::what_if::{self, Change, Flaw, FlawCause, Line, Mode, Planned, Verdict};
use resources::{names, quantity};
use serde_json::json;

use crate::bulk::Bulk;
use crate::clock;
use crate::cluster::{self, Step, Write};
use crate::identity::Caller;
use crate::language::Language;
use crate::problem::{Failure, FieldError, Wrong, WrongCause};
use crate::refusal;
use crate::respond;
use crate::routes::what_if::{
    AppliedOutcome, AppliedRow, PlanApplied, PlanMode, PlanReason, PlanToApply, PlanVerdict, PlannedAmounts,
    PlannedChange, PoolOutlook, RowToApply, WhatIf, WhatIfPool, WhatIfRow,
};
use crate::sentence;
use crate::sheet::Table;
use crate::snapshot::figures::{Numbers, text};
use crate::snapshot::{PoolRow, Reading};
use crate::state::App;

/// What the plan would come to, on the ledgers as they are.
pub fn reckon(snapshot: &Reading, caller: &Caller, changes: Vec<Change>) -> Result<WhatIf, Failure> {
    if changes.is_empty() {
        return Err(nothing("changes", caller.language));
    }
    let planned = planned(snapshot, caller, &changes)?;
    let mut verdicts: Vec<Option<Verdict>> = vec![None; planned.len()];
    let mut pools = Vec::new();
    for (name, places) in by_pool(&planned) {
        let Some(pool) = seen_pool(snapshot, caller, name) else { continue };
        let lines: Vec<Line> = places.iter().map(|&place| planned[place].line.clone()).collect();
        let outcome = evaluate(pool, &lines, |at| planned[places[at]].change, caller.language)?;
        for (place, verdict) in places.into_iter().zip(outcome.verdicts) {
            verdicts[place] = Some(verdict);
        }
        pools.push(outlook(name, pool, &outcome.after, caller));
    }
    let rows: Vec<WhatIfRow> = changes
        .into_iter()
        .enumerate()
        .map(|(index, change)| {
            let own = planned.iter().zip(&verdicts).filter(|(planned, _)| planned.change == index);
            row(change, own.filter_map(|(planned, verdict)| Some((planned, verdict.as_ref()?))), caller)
        })
        .collect();
    let fits = rows.iter().all(|row| row.verdict != PlanVerdict::Refused);
    Ok(WhatIf { fits, rows, pools, as_of: clock::text(snapshot.age.as_of) })
}

/// The allocations that the changes mean, or everything that is wrong with them.
fn planned(snapshot: &Reading, caller: &Caller, changes: &[Change]) -> Result<Vec<Planned>, Failure> {
    let mut errors = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        let known = |name: &String| snapshot.departments.contains_key(name) && caller.rights.sees(name);
        if change.department.as_ref().is_some_and(|name| !known(name)) {
            errors.push(unknown(index, "department", WrongCause::UnknownDepartment, caller.language));
        }
        if !change.pool.is_empty() && seen_pool(snapshot, caller, &change.pool).is_none() {
            let fault = resources::judgement::Fault::UnknownPool { pool: change.pool.clone() };
            errors.push(unknown(index, "pool", WrongCause::Unfit(fault), caller.language));
        }
    }
    let lines = what_if::lines(changes, |department, application| allocations(snapshot, department, application));
    match lines {
        Ok(lines) if errors.is_empty() => Ok(lines),
        Ok(_) => Err(Failure::Bulk(Bulk::PlanFaulty(errors))),
        Err(flaws) => {
            errors.extend(flaws.iter().map(|flaw| flawed(flaw, caller.language)));
            Err(Failure::Bulk(Bulk::PlanFaulty(errors)))
        }
    }
}

fn allocations<'a>(snapshot: &'a Reading, department: &str, application: &str) -> Vec<&'a Allocation> {
    let own = snapshot.allocations.iter().filter(|row| row.department == department);
    own.map(|row| &*row.object).filter(|allocation| allocation.spec.application == application).collect()
}

fn seen_pool<'a>(snapshot: &'a Reading, caller: &Caller, name: &str) -> Option<&'a PoolRow> {
    snapshot.pools.get(name).filter(|_| caller.rights.pools.has(name))
}

/// Where the lines of each pool are among all of them.
fn by_pool(planned: &[Planned]) -> BTreeMap<&str, Vec<usize>> {
    let mut pools: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, one) in planned.iter().enumerate() {
        pools.entry(&one.line.spec.pool).or_default().push(place);
    }
    pools
}

fn evaluate(
    pool: &PoolRow,
    lines: &[Line],
    change: impl Fn(usize) -> usize,
    language: Language,
) -> Result<what_if::Outcome, Failure> {
    what_if::evaluate(&pool.ledger, pool.closed().as_ref(), lines).map_err(|(line, violation)| {
        let flaw = Flaw { change: change(line), field: "cpu", cause: FlawCause::Rule(violation.cause) };
        Failure::Bulk(Bulk::PlanFaulty(vec![flawed(&flaw, language)]))
    })
}

/// The pool now and afterwards. What the caller may not see of one he may not see of the other.
fn outlook(name: &str, pool: &PoolRow, after: &Ledger, caller: &Caller) -> WhatIfPool {
    let all = caller.rights.ledgers.has(name);
    let shown = |numbers: Numbers| {
        let outlook = numbers.outlook();
        PoolOutlook {
            standing: numbers.standing(all),
            binding_resource: outlook.binding.filter(|_| all).map(Into::into),
            stranded: all.then(|| text(outlook.stranded)),
        }
    };
    WhatIfPool {
        pool: name.to_owned(),
        display_name: pool.object.spec.display_name.clone(),
        revision: pool.ledger.revision,
        now: shown(pool.numbers),
        after: shown(Numbers { position: after.position(), ..pool.numbers }),
    }
}

/// All lines of one change together.
fn row<'a>(change: Change, own: impl Iterator<Item = (&'a Planned, &'a Verdict)>, caller: &Caller) -> WhatIfRow {
    let own: Vec<_> = own.collect();
    let (from, to) = own.first().map(|(planned, _)| (planned.before, planned.target)).unwrap_or_default();
    let refused = own.iter().find_map(|(_, verdict)| match verdict {
        Verdict::Refused(reasons) => Some(reasons.as_slice()),
        _ => None,
    });
    let any = |wanted: &Verdict| own.iter().any(|(_, verdict)| *verdict == wanted);
    let verdict = match refused {
        Some(_) => PlanVerdict::Refused,
        None if any(&Verdict::AfterRelease) => PlanVerdict::AfterRelease,
        None if any(&Verdict::Fits) => PlanVerdict::Fits,
        None => PlanVerdict::Unchanged,
    };
    let fitting = own.iter().filter(|(_, verdict)| verdict.fits()).count();
    WhatIfRow {
        change: change.into(),
        verdict,
        fitting: u32::try_from(fitting).unwrap_or(u32::MAX),
        from: text(from),
        to: text(to),
        reasons: refused.unwrap_or_default().iter().map(|reason| reason_view(reason, caller.language)).collect(),
    }
}

fn reason_view(reason: &Reason, language: Language) -> PlanReason {
    let resource = reason.resource();
    let amount = |amount: ledger::Amount| resource.map(|resource| quantity::format(resource, amount));
    let (figures, department) = match reason {
        Reason::InsufficientCapacity { limit, asked, free, .. } => (Some((*limit, *asked, *free)), None),
        Reason::CeilingExceeded { department, limit, asked, free, .. } => {
            (Some((*limit, *asked, *free)), Some(department.clone()))
        }
        _ => (None, None),
    };
    PlanReason {
        code: reason.code().to_owned(),
        resource: resource.map(Into::into),
        limit: figures.and_then(|(limit, ..)| amount(limit)),
        asked: figures.and_then(|(_, asked, _)| amount(asked)),
        free: figures.and_then(|(.., free)| amount(free)),
        missing: figures.and_then(|(_, asked, free)| amount(asked.minus(free))),
        department,
        message: sentence::reason(language, reason),
    }
}

/// The rows of a file as changes.
pub fn changes_of(table: &Table, language: Language) -> Result<Vec<Change>, Failure> {
    let mut rows = table.rows.iter();
    let head = rows.next().map(|row| row.cells.as_slice()).unwrap_or_default();
    let fields: Vec<Option<&str>> = head.iter().map(|cell| what_if::field_of(cell)).collect();
    if !fields.contains(&Some("pool")) {
        let flaw = Flaw { change: 0, field: "pool", cause: FlawCause::Rule(resources::validate::Cause::Missing) };
        return Err(Failure::Bulk(Bulk::PlanFaulty(vec![flawed(&flaw, language)])));
    }
    let (mut changes, mut errors) = (Vec::new(), Vec::new());
    for (index, row) in rows.enumerate() {
        let cells = fields.iter().zip(&row.cells).filter_map(|(field, cell)| Some(((*field)?, cell.clone()))).collect();
        match what_if::from_cells(index, &cells) {
            Ok(change) => changes.push(change),
            Err(flaws) => errors.extend(flaws.iter().map(|flaw| flawed(flaw, language))),
        }
    }
    if errors.is_empty() { Ok(changes) } else { Err(Failure::Bulk(Bulk::PlanFaulty(errors))) }
}

/// A plan of nothing: more likely a mistake of the sender than a question.
fn nothing(field: &str, language: Language) -> Failure {
    let wrong = Wrong { field: field.to_owned(), cause: WrongCause::Rule(resources::validate::Cause::Missing) };
    let message = sentence::wrong(language, &wrong);
    Failure::Bulk(Bulk::PlanFaulty(vec![FieldError {
        code: wrong.cause.code().to_owned(),
        message,
        field: wrong.field,
    }]))
}

fn unknown(index: usize, field: &str, cause: WrongCause, language: Language) -> FieldError {
    let wrong = Wrong { field: format!("changes[{index}].{field}"), cause };
    FieldError { code: wrong.cause.code().to_owned(), message: sentence::wrong(language, &wrong), field: wrong.field }
}

/// What is wrong with a change, with its place in the body.
fn flawed(flaw: &Flaw, language: Language) -> FieldError {
    let Flaw { change, field, cause } = flaw;
    let inside = if matches!(*field, "cpu" | "memory" | "storage") { "resources." } else { "" };
    let field = format!("changes[{change}].{inside}{field}");
    let message = match (cause, language) {
        (FlawCause::Rule(rule), _) => {
            let wrong = Wrong { field: field.clone(), cause: WrongCause::Rule(rule.clone()) };
            return FieldError { message: sentence::wrong(language, &wrong), code: cause.code().to_owned(), field };
        }
        (other, Language::English) => format!("{field} {other}."),
        (FlawCause::Word { found, allowed }, _) => format!("{field} 为 {found:?}, 请填写 {allowed}。"),
        (FlawCause::Count { found, max }, _) => format!("{field} 为 {found:?}, 请填写 1 至 {max} 的整数。"),
        (FlawCause::CountOfOne, _) => format!("{field} 只用于未命名的新系统。"),
        (FlawCause::DepartmentMissing, _) => format!("{field} 必须填写: 已写明应用系统。"),
        (FlawCause::Twice { row }, _) => format!("{field} 与第 {row} 行重复。"),
        (FlawCause::TooMany { count, max }, _) => format!("共 {count} 项, 一次最多 {max} 项。"),
    };
    FieldError { field, code: cause.code().to_owned(), message }
}

/// Writes the rows, if they come to what they came to before.
pub async fn apply(app: App, caller: Caller, plan: PlanToApply) -> Result<Response, Failure> {
    if !caller.rights.administers {
        return Err(Failure::Forbidden);
    }
    let snapshot = app.snapshot_now().await;
    let writes = decided(&snapshot, &caller, &plan)?;
    let mut rows = Vec::with_capacity(writes.len());
    let mut away = false;
    for write in writes {
        let Some(write) = write else {
            rows.push(AppliedRow { outcome: AppliedOutcome::Unchanged, message: String::new() });
            continue;
        };
        if away {
            rows.push(AppliedRow { outcome: AppliedOutcome::NotReached, message: String::new() });
            continue;
        }
        let (outcome, message) = match app.cluster.write(&caller.credential, &write).await {
            Ok(()) => (AppliedOutcome::Written, String::new()),
            Err(error) => {
                away = matches!(error, cluster::Error::Away(_));
                (AppliedOutcome::Failed, sentence::detail(caller.language, &refusal::of(error)))
            }
        };
        rows.push(AppliedRow { outcome, message });
    }
    let complete = rows.iter().all(|row| matches!(row.outcome, AppliedOutcome::Written | AppliedOutcome::Unchanged));
    Ok(respond::fresh(StatusCode::OK, &PlanApplied { complete, rows }))
}

/// What is to be written for each row; nothing for those that are so already. Fails as a whole where
/// the ledgers have moved in a way that matters.
fn decided(snapshot: &Reading, caller: &Caller, plan: &PlanToApply) -> Result<Vec<Option<Write>>, Failure> {
    if plan.rows.is_empty() {
        return Err(nothing("rows", caller.language));
    }
    let changes: Vec<Change> = plan.rows.iter().map(change_to).collect();
    let planned = planned(snapshot, caller, &changes)?;
    let mut moved: Vec<FieldError> = Vec::new();
    for (index, (row, planned)) in plan.rows.iter().zip(&planned).enumerate() {
        let unwritten = snapshot.application_row(&row.department, &row.application).is_none();
        if unwritten {
            let fault = resources::judgement::Fault::UnknownApplication { application: row.application.clone() };
            moved.push(unknown(index, "application", WrongCause::Unfit(fault), caller.language));
        }
        if planned.before != planned.target && read(&row.from) != Some(planned.before) {
            moved.push(changed_meanwhile(index, planned, caller.language));
        }
    }
    for (name, places) in by_pool(&planned) {
        let Some(pool) = seen_pool(snapshot, caller, name) else { continue };
        let seen = plan.revisions.iter().find(|seen| seen.pool == name).map(|seen| seen.revision);
        // A revision that isn't there yet was told by another process, whose caches are ahead of ours.
        if seen.is_none_or(|seen| seen > pool.ledger.revision) {
            moved.push(another_revision(places[0], pool.ledger.revision, caller.language));
        }
        let lines: Vec<Line> = places.iter().map(|&place| planned[place].line.clone()).collect();
        let outcome = evaluate(pool, &lines, |at| places[at], caller.language)?;
        for (&place, verdict) in places.iter().zip(&outcome.verdicts) {
            if let Verdict::Refused(reasons) = verdict {
                moved.extend(reasons.iter().map(|reason| refused(place, reason, caller.language)));
            }
        }
    }
    if !moved.is_empty() {
        return Err(Failure::Bulk(Bulk::LedgerMoved(moved)));
    }
    Ok(planned.iter().map(|planned| write(snapshot, planned)).collect())
}

fn change_to(row: &RowToApply) -> Change {
    Change {
        pool: row.pool.clone(),
        department: Some(row.department.clone()),
        application: Some(row.application.clone()),
        mode: Mode::Set,
        count: 1,
        resources: what_if::Written {
            cpu: Some(row.to.cpu.clone()),
            memory: Some(row.to.memory.clone()),
            storage: Some(row.to.storage.clone()),
        },
    }
}

fn read(bundle: &crate::view::Bundle) -> Option<ledger::Bundle> {
    let (cpu, memory, storage) = (bundle.cpu.clone(), bundle.memory.clone(), bundle.storage.clone());
    resources::amounts::Resources { cpu, memory, storage }.parse().ok()
}

fn changed_meanwhile(index: usize, planned: &Planned, language: Language) -> FieldError {
    let now = text(planned.before);
    let now = format!("{}/{}/{}", now.cpu, now.memory, now.storage);
    let message = match language {
        Language::Chinese => format!("该应用的配额现为 {now}, 与预演时不同。"),
        Language::English => format!("The application has {now} now, not what it had then."),
    };
    FieldError { field: format!("rows[{index}].from"), code: "AllocationMoved".to_owned(), message }
}

fn another_revision(index: usize, revision: u64, language: Language) -> FieldError {
    let message = match language {
        Language::Chinese => format!("账本现为第 {revision} 版。"),
        Language::English => format!("The ledger is at revision {revision}."),
    };
    FieldError { field: format!("rows[{index}].pool"), code: "RevisionUnknown".to_owned(), message }
}

fn refused(index: usize, reason: &Reason, language: Language) -> FieldError {
    let resource = reason.resource().map(|resource| format!(".{}", resource.name())).unwrap_or_default();
    FieldError {
        field: format!("rows[{index}].to{resource}"),
        code: reason.code().to_owned(),
        message: sentence::reason(language, reason),
    }
}

/// The allocation as it is to be written, from the version that was looked at.
fn write(snapshot: &Reading, planned: &Planned) -> Option<Write> {
    let key = &planned.line.key;
    let existing = snapshot
        .allocations
        .iter()
        .find(|row| row.name == key.name && names::department_namespace(&row.department) == key.namespace);
    let spec = &planned.line.spec;
    if existing.is_some_and(|row| row.object.spec.resources.parse().ok() == Some(planned.target)) {
        return None;
    }
    let metadata = ObjectMeta {
        namespace: Some(key.namespace.clone()),
        name: Some(key.name.clone()),
        resource_version: existing.and_then(|row| row.object.metadata.resource_version.clone()),
        ..ObjectMeta::default()
    };
    let (step, data) = match existing {
        None => (Step::Create, json!({"spec": spec})),
        // What a request's decision has set is the admin's own from now on.
        Some(_) if spec.namespaces.is_empty() => {
            (Step::Change, json!({"spec": {"resources": spec.resources, "decision": null}}))
        }
        Some(_) => (
            Step::Change,
            json!({"spec": {"resources": spec.resources, "namespaces": spec.namespaces, "decision": null}}),
        ),
    };
    Some(Write::of::<Allocation>(step, metadata, data))
}

impl From<PlannedChange> for Change {
    fn from(change: PlannedChange) -> Self {
        let PlannedChange { pool, department, application, mode, count, resources } = change;
        let PlannedAmounts { cpu, memory, storage } = resources;
        let mode = match mode {
            PlanMode::Set => Mode::Set,
            PlanMode::Add => Mode::Add,
        };
        Self { pool, department, application, mode, count, resources: what_if::Written { cpu, memory, storage } }
    }
}

impl From<Change> for PlannedChange {
    fn from(change: Change) -> Self {
        let Change { pool, department, application, mode, count, resources } = change;
        let what_if::Written { cpu, memory, storage } = resources;
        let mode = match mode {
            Mode::Set => PlanMode::Set,
            Mode::Add => PlanMode::Add,
        };
        Self { pool, department, application, mode, count, resources: PlannedAmounts { cpu, memory, storage } }
    }
}
