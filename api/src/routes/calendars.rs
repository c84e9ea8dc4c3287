//! Which days are worked, and when a deadline ends.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use resources::policy::{Form, KEYS, Key, Policy};
use resources::v1alpha1::{CloudPolicySpec, WorkCalendar};
use resources::workday::{self, Calendar, Due, NoteKind, WORKDAYS_MAX};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::documented::{ItemRefused, ListRefused, ReadRefused, WriteRefused};
use crate::extract::{Body, Path, Query};
use crate::identity::{Caller, Writer};
use crate::language::Language;
use crate::problem::{Failure, ParameterCause, Problem};
use crate::state::App;
use crate::{clock, correcting, flaw, idempotency, respond, ruling};

/// The years that a calendar can be written for.
const YEARS: std::ops::RangeInclusive<i16> = 2000..=2199;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_calendars))
        .routes(routes!(show_calendar, set_calendar))
        .routes(routes!(show_due))
}

/// The years that are known.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CalendarList {
    pub items: Vec<CalendarItem>,
}

/// A year in one line.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalendarItem {
    #[schema(example = 2026)]
    pub year: i16,
    /// False: Monday to Friday count, and each date reckoned with the year is provisional (暂定).
    pub published: bool,
    pub origin: CalendarOrigin,
    /// The notice; empty for a year that nobody has named.
    pub source_document: String,
    /// Days that are worked in the year.
    pub workdays: u32,
}

/// Where a year's plan comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum CalendarOrigin {
    /// The product brings it along.
    BuiltIn,
    /// A WorkCalendar of the cluster.
    Object,
    /// Nobody has named it.
    Nowhere,
}

/// A year, month by month.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalendarView {
    #[serde(flatten)]
    pub item: CalendarItem,
    pub months: Vec<CalendarMonth>,
    /// What is out of the ordinary, as sentences: holidays, and weekends that are worked for them.
    pub notes: Vec<DayNote>,
    /// Days off as they are written, also where the year isn't published yet.
    pub holidays: Vec<String>,
    /// Weekends that are worked, as they are written.
    pub makeup_workdays: Vec<String>,
    /// What `If-Match` names when the year is written; `0` where the cluster has no WorkCalendar of it.
    #[schema(example = "1.7c9e6679")]
    pub version: String,
    /// Why the cluster's WorkCalendar isn't used; empty if it is, or if there is none.
    pub flaws: Vec<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalendarMonth {
    /// 1 to 12.
    pub month: i8,
    pub workdays: u32,
    /// Days off of the notice, weekends inside a holiday included.
    pub holidays: Vec<String>,
    /// Weekends that are worked (调休上班).
    pub makeup_workdays: Vec<String>,
}

/// Something about a day, and the sentence for people in the caller's language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DayNote {
    pub kind: DayNoteKind,
    /// The day, or the first of several.
    #[schema(example = "2026-10-10")]
    pub date: String,
    /// The last of several.
    #[schema(required)]
    pub until: Option<String>,
    #[schema(example = "10月10日(周六)调休上班")]
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum DayNoteKind {
    /// What came after the cutoff counts from `date`.
    AfterCutoff,
    /// What came on a day off counts from `date`.
    OnDayOff,
    Holiday,
    MakeupWorkday,
    /// The year of `date` isn't published: the due date is provisional.
    Unpublished,
}

/// A year's calendar as it shall be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewCalendar {
    /// Days off, weekends inside a holiday included, in order.
    #[schema(max_items = 60, example = json!(["2027-01-01"]))]
    pub holidays: Vec<String>,
    /// Saturdays and Sundays that are worked for a holiday, in order.
    #[schema(max_items = 30, example = json!(["2027-01-03"]))]
    pub makeup_workdays: Vec<String>,
    /// The notice that says so, with its number and date.
    #[schema(min_length = 1, max_length = 300)]
    pub source_document: String,
    /// Whether the notice is out. Until then Monday to Friday count, and the lists don't.
    pub published: bool,
}

/// When a deadline ends.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DueView {
    #[schema(example = "2026-09-30T10:00:00+08:00")]
    pub from: String,
    pub workdays: u32,
    /// What comes later counts as of the next working day.
    #[schema(example = "17:30")]
    pub cutoff: String,
    #[schema(example = "2026-10-10T17:30:00+08:00")]
    pub due_at: String,
    /// It was reckoned with a day of a year that isn't published, and may change.
    pub provisional: bool,
    /// Why it is then.
    pub notes: Vec<DayNote>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct YearPath {
    #[param(minimum = 2000, maximum = 2199, example = 2026)]
    pub year: i16,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DueParams {
    /// From when on, in the city's time; now if it is left out.
    #[param(max_length = 40, example = "2026-09-30T10:00")]
    pub from: Option<String>,
    /// How many working days. Either this or `limit`.
    #[param(maximum = 1000)]
    pub workdays: Option<u32>,
    /// The time limit in working days as the policy has it, by its key.
    #[param(max_length = 60, example = "sla.accept")]
    pub limit: Option<String>,
}

/// The years that are known: those that are built in, those that the cluster names, this one and the next.
#[utoipa::path(
    get,
    path = "/calendars",
    tag = "calendars",
    responses((status = 200, description = "The years, in order.", body = CalendarList), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), (status = 404, description = "It isn't the caller's to see.", body = Problem, content_type = "application/problem+json"), ReadRefused)
)]
pub async fn show_calendars(State(app): State<App>, caller: Caller, headers: HeaderMap) -> Result<Response, Failure> {
    let snapshot = app.snapshot().await;
    may_read(&caller)?;
    let this = workday::day_of(clock::now()).year();
    let years: BTreeSet<i16> = snapshot.calendar.named_years().chain([this, this.saturating_add(1)]).collect();
    let items = years.into_iter().map(|year| CalendarItem::of(&snapshot.calendar, year)).collect();
    Ok(respond::item(&headers, &CalendarList { items }))
}

/// A year's working days, month by month.
#[utoipa::path(
    get,
    path = "/calendars/{year}",
    tag = "calendars",
    params(YearPath),
    responses((status = 200, description = "The year. One that nobody has named is provisional.", body = CalendarView), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), ItemRefused)
)]
pub async fn show_calendar(
    State(app): State<App>,
    caller: Caller,
    Path(YearPath { year }): Path<YearPath>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    may_read(&caller)?;
    writable(year)?;
    let snapshot = app.snapshot().await;
    let object = snapshot.calendars.get(&ruling::calendar_name(year));
    let view = CalendarView::of(&snapshot.calendar, year, object.map(|object| &**object), caller.language);
    Ok(respond::item(&headers, &view))
}

/// Writes a year's calendar.
///
/// It takes the place of the one that is built in. Due dates that were reckoned without it are reckoned anew by the operator.
#[utoipa::path(
    put,
    path = "/calendars/{year}",
    tag = "calendars",
    params(YearPath, ("If-Match" = Option<String>, Header, description = "The `version` of the year that was looked at, in quotes. It is needed.")),
    request_body(content = NewCalendar, description = "The whole year as it shall be."),
    responses(
        (status = 200, description = "Written; the year as it is now.", body = CalendarView),
        (status = 404, description = "There is no such year.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Somebody else wrote it at the same moment.", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "It isn't the version that was looked at: what it is now is in `version`.", body = Problem, content_type = "application/problem+json"),
        (status = 428, description = "`If-Match` is missing.", body = Problem, content_type = "application/problem+json"),
        WriteRefused,
    )
)]
pub async fn set_calendar(
    State(app): State<App>,
    Writer(caller): Writer,
    Path(YearPath { year }): Path<YearPath>,
    headers: HeaderMap,
    Body(new, _): Body<NewCalendar>,
) -> Result<Response, Failure> {
    writable(year)?;
    let seen = correcting::version(&headers)?;
    // Carried out to its end, also where the caller goes away meanwhile.
    let work = ruling::set_calendar(app.clone(), caller, year, new, seen);
    idempotency::once(&app.idempotency, None, clock::now(), work).await
}

/// When a deadline of so many working days ends, and why then.
///
/// The day itself doesn't count. What comes after the cutoff or on a day off counts as of the next working day.
#[utoipa::path(
    get,
    path = "/due",
    tag = "calendars",
    params(DueParams),
    responses((status = 200, description = "When it ends.", body = DueView), (status = 404, description = "It isn't the caller's to see.", body = Problem, content_type = "application/problem+json"), ListRefused)
)]
pub async fn show_due(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<DueParams>,
) -> Result<Response, Failure> {
    may_read(&caller)?;
    let snapshot = app.snapshot().await;
    let view = due(&snapshot.calendar, snapshot.policy(), &params, clock::now(), caller.language)?;
    Ok(respond::fresh(axum::http::StatusCode::OK, &view))
}

/// Each of the city's roles that reads the policy reads the calendars too.
fn may_read(caller: &Caller) -> Result<(), Failure> {
    if caller.rights.reads_policy { Ok(()) } else { Err(Failure::NotFound) }
}

fn writable(year: i16) -> Result<(), Failure> {
    if YEARS.contains(&year) { Ok(()) } else { Err(Failure::NotFound) }
}

fn due(
    calendar: &Calendar,
    policy: Option<&CloudPolicySpec>,
    params: &DueParams,
    now: Timestamp,
    language: Language,
) -> Result<DueView, Failure> {
    let wrong = |name: &str| Failure::Parameter { name: name.to_owned(), cause: ParameterCause::Value };
    let from = match params.from.as_deref() {
        Some(text) => workday::moment(text).ok_or_else(|| wrong("from"))?,
        None => now,
    };
    let day = workday::day_of(from);
    let workdays = match (params.workdays, params.limit.as_deref()) {
        (Some(count), None) if count <= WORKDAYS_MAX => count,
        (Some(_), None) => {
            let cause = ParameterCause::OutOfRange { min: 0, max: WORKDAYS_MAX.into() };
            return Err(Failure::Parameter { name: "workdays".to_owned(), cause });
        }
        (None, Some(name)) => limit(policy, name, day).ok_or_else(|| wrong("limit"))?,
        (Some(_), Some(_)) | (None, None) => return Err(wrong("workdays")),
    };
    let policy = Policy::on(policy, day);
    let due = calendar.due(from, workdays, policy.cutoff);
    let due_at = due.written();
    let Due { at: _, provisional, notes } = due;
    Ok(DueView {
        from: workday::written(from),
        workdays,
        cutoff: policy.cutoff.to_string(),
        due_at,
        provisional,
        notes: notes.into_iter().map(|note| DayNote::of(note, language)).collect(),
    })
}

/// The working days of a limit of the policy on a day.
fn limit(policy: Option<&CloudPolicySpec>, name: &str, day: Date) -> Option<u32> {
    let key: &Key = KEYS.iter().find(|key| key.key == name && matches!(key.form, Form::Workdays { .. }))?;
    let process = policy.map(|policy| policy.process.as_slice()).unwrap_or_default();
    key.in_force(process, day).map_or(key.default, |set| &set.value).parse().ok()
}

impl CalendarItem {
    fn of(calendar: &Calendar, year: i16) -> Self {
        let workday::Year { year, published, origin, source_document, workdays, months: _ } = calendar.year(year);
        let origin = match origin {
            workday::Origin::BuiltIn => CalendarOrigin::BuiltIn,
            workday::Origin::Object { .. } => CalendarOrigin::Object,
            workday::Origin::Nowhere => CalendarOrigin::Nowhere,
        };
        Self { year, published, origin, source_document, workdays }
    }
}

impl CalendarView {
    /// The year as the calendar has it, beside the object that the cluster has of it.
    #[must_use]
    pub fn of(calendar: &Calendar, year: i16, object: Option<&WorkCalendar>, language: Language) -> Self {
        let texts = |days: &[Date]| days.iter().map(ToString::to_string).collect::<Vec<_>>();
        let plan = calendar.year(year);
        let days = |of: fn(&workday::Month) -> &Vec<Date>| plan.months.iter().flat_map(of).copied().collect::<Vec<_>>();
        let (off, worked) = (days(|month| &month.holidays), days(|month| &month.makeup_workdays));
        let written = object.map(|object| (object.spec.holidays.clone(), object.spec.makeup_workdays.clone()));
        let (holidays, makeup_workdays) = written.unwrap_or_else(|| (texts(&off), texts(&worked)));
        let mut notes: Vec<DayNote> = runs(&off)
            .into_iter()
            .map(|(first, last)| workday::Note::holiday(first, last))
            .chain(worked.iter().map(|day| workday::Note::makeup_workday(*day)))
            .map(|note| DayNote::of(note, language))
            .collect();
        notes.sort_by(|a, b| a.date.cmp(&b.date));
        let flaws = object.map(resources::validate::work_calendar).unwrap_or_default();
        Self {
            item: CalendarItem::of(calendar, year),
            months: plan
                .months
                .iter()
                .map(|month| CalendarMonth {
                    month: month.month,
                    workdays: month.workdays,
                    holidays: texts(&month.holidays),
                    makeup_workdays: texts(&month.makeup_workdays),
                })
                .collect(),
            notes,
            holidays,
            makeup_workdays,
            version: ruling::version(object.map(|object| &object.metadata)),
            flaws: flaws.into_iter().map(|one| flaw::sentence(language, &one.field, &one.wrong)).collect(),
        }
    }
}

/// Days in a row, from the first to the last.
fn runs(days: &[Date]) -> Vec<(Date, Date)> {
    let mut runs: Vec<(Date, Date)> = Vec::new();
    for &day in days {
        match runs.last_mut() {
            Some((_, last)) if last.tomorrow().is_ok_and(|next| next == day) => *last = day,
            _ => runs.push((day, day)),
        }
    }
    runs
}

impl DayNote {
    fn of(note: workday::Note, language: Language) -> Self {
        let workday::Note { kind, date, until, zh, en } = note;
        let kind = match kind {
            NoteKind::AfterCutoff => DayNoteKind::AfterCutoff,
            NoteKind::OnDayOff => DayNoteKind::OnDayOff,
            NoteKind::Holiday => DayNoteKind::Holiday,
            NoteKind::MakeupWorkday => DayNoteKind::MakeupWorkday,
            NoteKind::Unpublished => DayNoteKind::Unpublished,
        };
        let text = if language == Language::Chinese { zh } else { en };
        Self { kind, date: date.to_string(), until: until.map(|until| until.to_string()), text }
    }
}
