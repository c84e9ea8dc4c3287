//! Rows of requests. Each is asked for as the form on the screen asks, with the same checks.

use resources::validate::Cause;

use super::rows::{Cells, Sheet};
use super::{faulty, report, row, template};
use crate::asking;
use crate::export::Line;
use crate::identity::Caller;
use crate::problem::{Failure, Wrong};
use crate::routes::imports::{ImportFinding, ImportKind, ImportOutcome, ImportReport, ImportRow, RequestRef};
use crate::routes::requests::{Basis, NewApplication, NewRequest, Period, RequestType, RequestView};
use crate::sentence;
use crate::sheet::Table;
use crate::sheet::words::{self, Words};
use crate::snapshot::Reading;
use crate::state::App;
use crate::view::{self, Tier};

/// Requests in one file. Each is asked for alone, at some hundredths of a second.
const REQUESTS_MAX: usize = 200;

/// One request of a file.
pub struct Asked {
    pub row: usize,
    pub new: NewRequest,
}

/// Checks all rows and, unless it is a dry run, asks for each.
pub async fn run(app: &App, caller: &Caller, table: &Table, is_dry_run: bool) -> Result<ImportReport, Failure> {
    let snapshot = app.snapshot_now().await;
    let asked = match read(&snapshot, caller, table) {
        Ok(asked) => asked,
        Err(findings) => return Ok(faulty(ImportKind::Requests, is_dry_run, findings)),
    };
    Ok(Box::pin(carry_out(app, caller, &snapshot, ImportKind::Requests, asked, is_dry_run)).await)
}

/// Says what would become of each, or asks for it. A request that an open one is the same as is left
/// out and named, so that a file can be sent again.
pub async fn carry_out(
    app: &App,
    caller: &Caller,
    snapshot: &Reading,
    kind: ImportKind,
    asked: Vec<Asked>,
    is_dry_run: bool,
) -> ImportReport {
    let (mut rows, mut away) = (Vec::with_capacity(asked.len()), false);
    for Asked { row: number, new } in asked {
        let department = new.department.clone();
        let key = format!("{department}/{}", new.application);
        if away {
            rows.push(row(number, &key, ImportOutcome::NotReached, String::new()));
            continue;
        }
        if is_dry_run {
            let object = asking::object(caller, new, None);
            let same = asking::same(snapshot, &object, &department);
            let outcome = if same.is_some() { ImportOutcome::Duplicate } else { ImportOutcome::Created };
            rows.push(ImportRow { request: of(&department, same), ..row(number, &key, outcome, String::new()) });
            continue;
        }
        let (outcome, request, message) = match Box::pin(asking::create(app.clone(), caller.clone(), new, None)).await {
            Ok(response) => (ImportOutcome::Created, location(&response, &department), String::new()),
            Err(Failure::Duplicate { existing }) => (ImportOutcome::Duplicate, Some(existing), String::new()),
            Err(failure) => {
                away = failure == Failure::ClusterAway;
                (ImportOutcome::Failed, None, sentence::detail(caller.language, &failure))
            }
        };
        rows.push(ImportRow { request: of(&department, request), ..row(number, &key, outcome, message) });
    }
    report(kind, is_dry_run, rows)
}

fn of(department: &str, name: Option<String>) -> Option<RequestRef> {
    name.map(|name| RequestRef { department: department.to_owned(), name })
}

fn location(response: &axum::response::Response, department: &str) -> Option<String> {
    let location = response.headers().get(axum::http::header::LOCATION)?.to_str().ok()?;
    Some(location.strip_prefix(&format!("/api/v1/requests/{department}/"))?.to_owned())
}

fn read(snapshot: &Reading, caller: &Caller, table: &Table) -> Result<Vec<Asked>, Vec<ImportFinding>> {
    let columns = template::asked(ImportKind::Requests);
    let sheet = Sheet::read(table, &columns, &RequestView::columns(), caller.language)?;
    let (mut asked, mut findings): (Vec<Asked>, Vec<ImportFinding>) = (Vec::new(), Vec::new());
    for row in sheet.rows {
        let mut cells = sheet.cells(row, &mut findings);
        if asked.len() == REQUESTS_MAX {
            cells.rule("application", Cause::TooMany { count: sheet.rows.len(), max: REQUESTS_MAX });
            break;
        }
        let Some(new) = request(&mut cells) else { continue };
        if let Some(earlier) = asked.iter().find(|earlier| earlier.new == new) {
            let (zh, en) = (format!("与第 {} 行重复", earlier.row), format!("is in row {} already", earlier.row));
            cells.say("application", "Twice", &zh, &en);
        }
        check(&mut cells, snapshot, caller, &new);
        asked.push(Asked { row: row.number, new });
    }
    if findings.is_empty() { Ok(asked) } else { Err(findings) }
}

/// The same checks as for a request from the screen, told by the column.
pub fn check(cells: &mut Cells<'_>, snapshot: &Reading, caller: &Caller, new: &NewRequest) {
    let department = new.department.clone();
    let object = asking::object(caller, new.clone(), None);
    let Err(failure) = asking::check(snapshot, caller, &object, &department) else { return };
    let Failure::Invalid(wrong) = failure else { return };
    for Wrong { field, cause } in wrong {
        cells.wrong(column_of(&field), cause);
    }
}

/// The column that a path into the body is read from.
fn column_of(field: &str) -> &str {
    match field {
        "resources" => "cpu",
        "newApplication" | "newApplication.displayName" => "applicationName",
        "period" => "start",
        _ => field.rsplit('.').next().unwrap_or(field),
    }
}

/// The request that the row says. What is missing is said, and left empty for the checks.
pub fn request(cells: &mut Cells<'_>) -> Option<NewRequest> {
    for field in ["department", "type", "application", "pool", "justification"] {
        if cells.get(field).is_none() {
            cells.rule(field, Cause::Missing);
        }
    }
    let type_: Option<RequestType> = typed(cells, "type", words::TYPES);
    let text = |cells: &Cells<'_>, field: &str| cells.get(field).unwrap_or_default();
    let is_release = type_ == Some(RequestType::Release);
    // What is given back altogether needs no zeros.
    let amount = |cells: &Cells<'_>, field: &str| match cells.get(field) {
        None if is_release => "0".to_owned(),
        amount => amount.unwrap_or_default(),
    };
    let new = NewRequest {
        department: text(cells, "department"),
        r#type: type_?,
        application: text(cells, "application"),
        new_application: if type_ == Some(RequestType::New) { new_application(cells) } else { None },
        pool: text(cells, "pool"),
        move_from: cells.get("moveFrom"),
        resources: view::Bundle {
            cpu: amount(cells, "cpu"),
            memory: amount(cells, "memory"),
            storage: amount(cells, "storage"),
        },
        period: cells
            .get("start")
            .or_else(|| cells.get("end"))
            .is_some()
            .then(|| Period { start: text(cells, "start"), end: cells.get("end") }),
        justification: text(cells, "justification"),
        basis: basis(cells),
        details: vec![],
    };
    let complete = [&new.department, &new.application, &new.pool, &new.justification];
    complete.iter().all(|text| !text.is_empty()).then_some(new)
}

fn typed<T: serde::de::DeserializeOwned>(cells: &mut Cells<'_>, field: &str, words: Words) -> Option<T> {
    let word = cells.word(field, words)?;
    serde_json::from_value(word.into()).ok()
}

/// What a New request makes, where the row says something of it.
fn new_application(cells: &mut Cells<'_>) -> Option<NewApplication> {
    let tier: Option<Tier> = typed(cells, "tier", words::TIERS);
    let security_grade = cells.grade("securityGrade");
    cells.get("applicationName").filter(|_| cells.get("tier").is_some() || security_grade.is_some())?;
    for (field, missing) in [("tier", tier.is_none()), ("securityGrade", security_grade.is_none())] {
        if missing && cells.get(field).is_none() {
            cells.rule(field, Cause::Missing);
        }
    }
    Some(NewApplication {
        display_name: cells.get("applicationName").unwrap_or_default(),
        tier: tier?,
        hosting: typed(cells, "hosting", words::HOSTINGS).unwrap_or_default(),
        zone: typed(cells, "zone", words::ZONES).unwrap_or_default(),
        security_grade: security_grade?,
        domestic_it: cells.flag("domesticIt").unwrap_or_default(),
        key_event: cells.flag("keyEvent").unwrap_or_default(),
        description: cells.get("description").unwrap_or_default(),
    })
}

fn basis(cells: &Cells<'_>) -> Option<Basis> {
    let basis = Basis {
        users: cells.get("users"),
        concurrency: cells.get("concurrency"),
        data_volume: cells.get("dataVolume"),
        approval_number: cells.get("approvalNumber"),
        funding: cells.get("funding"),
    };
    (basis != Basis::default()).then_some(basis)
}
