//! Imports: rows of a file become objects, in the caller's name.
//!
//! Every row is checked first; while one is wrong nothing is written. What is written is only what
//! differs, so the same file again changes nothing, and after a failure half-way it finishes.

mod applications;
mod departments;
pub mod form;
mod requests;
mod rows;
pub mod template;

use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use futures::{StreamExt, stream};
use kube::Resource;
use kube::core::ObjectMeta;
use serde_json::{Map, Value, json};

use crate::bulk::Bulk;
use crate::cluster::{self, Step, Write};
use crate::export;
use crate::identity::Caller;
use crate::problem::{Failure, FieldError};
use crate::refusal;
use crate::respond;
use crate::routes::imports::{ImportFinding, ImportKind, ImportOutcome, ImportReport, ImportRow};
use crate::sentence;
use crate::sheet::{Format, Table, write};
use crate::snapshot::Reading;
use crate::state::App;

/// Writes under way at once: an import is no reason to make others wait.
const AT_ONCE: usize = 8;
/// Findings that are listed; a file with more is wrong in one way.
const FINDINGS_MAX: usize = 500;

/// What is to be done for one row.
#[derive(Debug)]
pub(crate) struct Planned {
    row: usize,
    /// By what the row is known: department/name, or the name.
    key: String,
    /// Nothing is written where it is so already.
    write: Option<Write>,
    /// Rows of a lower level are written first.
    level: usize,
}

impl Planned {
    const fn outcome(&self) -> ImportOutcome {
        match &self.write {
            None => ImportOutcome::Unchanged,
            Some(write) => match write.step {
                Step::Create => ImportOutcome::Created,
                Step::Change => ImportOutcome::Changed,
            },
        }
    }
}

/// Checks the file and, unless it is a dry run, writes it.
pub async fn run(
    app: App,
    caller: Caller,
    kind: ImportKind,
    table: Table,
    is_dry_run: bool,
) -> Result<Response, Failure> {
    let report = match kind {
        ImportKind::Requests => requests::run(&app, &caller, &table, is_dry_run).await?,
        ImportKind::RequestForm => form::run(&app, &caller, &table, is_dry_run).await?,
        ImportKind::Applications | ImportKind::Departments => objects(&app, &caller, kind, &table, is_dry_run).await?,
    };
    if !is_dry_run && !report.findings.is_empty() {
        return Err(Failure::Bulk(Bulk::ImportFaulty(report.findings.into_iter().map(error).collect())));
    }
    let status = if report.complete { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    Ok(respond::fresh(status, &report))
}

/// A finding as one of a problem's errors.
fn error(finding: ImportFinding) -> FieldError {
    let ImportFinding { row, column, code, message } = finding;
    FieldError { field: format!("rows[{row}].{column}"), code, message }
}

async fn objects(
    app: &App,
    caller: &Caller,
    kind: ImportKind,
    table: &Table,
    is_dry_run: bool,
) -> Result<ImportReport, Failure> {
    // The API server would refuse each row; saying it once is better.
    if !caller.rights.administers {
        return Err(Failure::Forbidden);
    }
    let snapshot = app.snapshot_now().await;
    let planned = match kind {
        ImportKind::Departments => departments::plan(&snapshot, table, caller.language),
        _ => applications::plan(&snapshot, table, caller.language),
    };
    let planned = match planned {
        Ok(planned) => planned,
        Err(findings) => return Ok(faulty(kind, is_dry_run, findings)),
    };
    if is_dry_run {
        let rows = planned.iter().map(|one| row(one.row, &one.key, one.outcome(), String::new())).collect();
        return Ok(report(kind, true, rows));
    }
    Ok(report(kind, false, write_all(app, caller, planned).await))
}

async fn write_all(app: &App, caller: &Caller, mut planned: Vec<Planned>) -> Vec<ImportRow> {
    planned.sort_by_key(|one| one.level);
    let away = AtomicBool::new(false);
    let mut rows = Vec::with_capacity(planned.len());
    while !planned.is_empty() {
        let level = planned[0].level;
        let end = planned.iter().position(|one| one.level != level).unwrap_or(planned.len());
        let of_level: Vec<Planned> = planned.drain(..end).collect();
        let written = stream::iter(of_level).map(|one| write_one(app, caller, one, &away)).buffered(AT_ONCE);
        rows.extend(written.collect::<Vec<_>>().await);
    }
    rows.sort_by_key(|row| row.row);
    rows
}

async fn write_one(app: &App, caller: &Caller, one: Planned, away: &AtomicBool) -> ImportRow {
    let Some(write) = &one.write else { return row(one.row, &one.key, ImportOutcome::Unchanged, String::new()) };
    if away.load(Ordering::SeqCst) {
        return row(one.row, &one.key, ImportOutcome::NotReached, String::new());
    }
    match app.cluster.write(&caller.credential, write).await {
        Ok(()) => row(one.row, &one.key, one.outcome(), String::new()),
        Err(error) => {
            if matches!(error, cluster::Error::Away(_)) {
                away.store(true, Ordering::SeqCst);
            }
            let message = sentence::detail(caller.language, &refusal::of(error));
            row(one.row, &one.key, ImportOutcome::Failed, message)
        }
    }
}

fn row(number: usize, key: &str, outcome: ImportOutcome, message: String) -> ImportRow {
    ImportRow { row: number as u64, key: key.to_owned(), outcome, message, request: None }
}

fn faulty(kind: ImportKind, dry_run: bool, mut findings: Vec<ImportFinding>) -> ImportReport {
    findings.sort_by_key(|finding| finding.row);
    findings.truncate(FINDINGS_MAX);
    ImportReport { findings, ..report(kind, dry_run, vec![]) }
}

fn report(kind: ImportKind, dry_run: bool, rows: Vec<ImportRow>) -> ImportReport {
    let count = |outcome| rows.iter().filter(|row| row.outcome == outcome).count() as u64;
    let missed = count(ImportOutcome::Failed) + count(ImportOutcome::NotReached);
    ImportReport {
        kind,
        dry_run,
        complete: missed == 0,
        created: count(ImportOutcome::Created),
        changed: count(ImportOutcome::Changed),
        unchanged: count(ImportOutcome::Unchanged),
        duplicates: count(ImportOutcome::Duplicate),
        findings: vec![],
        rows,
    }
}

/// What to write for an object, if what the row says isn't so already. A row that leaves a field out
/// leaves the field alone.
fn step<K: Resource<DynamicType = ()>>(
    namespace: Option<String>,
    name: &str,
    existing: Option<(&Value, Option<String>)>,
    said: Map<String, Value>,
) -> Option<Write> {
    let said = Value::Object(said);
    let (step, version) = match existing {
        None => (Step::Create, None),
        Some((spec, _)) if says(spec, &said) => return None,
        Some((_, version)) => (Step::Change, version),
    };
    let metadata =
        ObjectMeta { namespace, name: Some(name.to_owned()), resource_version: version, ..ObjectMeta::default() };
    Some(Write::of::<K>(step, metadata, json!({"spec": said})))
}

/// Whether the object says everything that is said, whatever else it says.
fn says(has: &Value, said: &Value) -> bool {
    match (has, said) {
        (Value::Object(has), Value::Object(said)) => said.iter().all(|(key, value)| match has.get(key) {
            Some(has) => says(has, value),
            // An object leaves out what is empty or false.
            None => value.as_str().is_some_and(str::is_empty) || *value == Value::Bool(false),
        }),
        (has, said) => has == said,
    }
}

/// An empty file to fill in.
pub fn template(kind: ImportKind, format: Format, caller: &Caller, snapshot: &Reading) -> Result<Response, Failure> {
    let language = caller.language;
    if kind == ImportKind::RequestForm {
        return form::blank(caller, snapshot);
    }
    let asked = template::asked(kind);
    let title = template::title(kind, language);
    let body = match format {
        Format::Xlsx | Format::Json => {
            let rows = u32::try_from(crate::sheet::read::ROWS_MAX).unwrap_or(u32::MAX);
            Body::from(write::template(title, &asked, language, rows).map_err(|error| export::unwritten(&error))?)
        }
        Format::Csv => {
            let columns: Vec<_> = asked.iter().map(|one| one.column).collect();
            Body::from(write::csv_head(&columns, language))
        }
    };
    let format = if format == Format::Csv { Format::Csv } else { Format::Xlsx };
    Ok(export::file(format, title, body))
}
