//! The city's own rules.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use jiff::civil::Date;
use ledger::Resource;
use resources::names::short_user;
use resources::policy::{Form, KEYS, Key};
use resources::v1alpha1::{CloudPolicy, ProcessValue};
use resources::workday;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::documented::{ItemRefused, WriteRefused};
use crate::extract::{Body, Path};
use crate::identity::{Caller, Writer};
use crate::problem::{Failure, Problem};
use crate::state::App;
use crate::view::Bundle;
use crate::{clock, correcting, idempotency, respond, ruling};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_policy)).routes(routes!(set_process_value))
}

/// The city's own rules.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    pub city_totals: CityTotals,
    /// Thresholds, each with where it comes from.
    pub values: Vec<PolicyValue>,
    /// The deadlines and bounds of a request's way, in its order.
    pub process: Vec<ProcessValueView>,
    /// What `If-Match` names when a value is set.
    #[schema(example = "3.7c9e6679")]
    pub version: String,
    /// Network zones with their names for people.
    pub zones: Vec<ZoneName>,
    /// Codes that the reason of a decision may carry.
    pub reason_codes: Vec<ReasonCode>,
}

/// What the city says it has and runs.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CityTotals {
    pub capacity: Bundle,
    pub applications: TierCounts,
    pub source: String,
    #[schema(example = "2020-07-17")]
    pub as_of: String,
}

#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TierCounts {
    pub national_provincial: i64,
    pub municipal: i64,
    pub county: i64,
}

/// A configurable bound.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyValue {
    #[schema(example = "pool.warn")]
    pub key: String,
    /// A whole number in the unit of `unit`.
    pub value: i64,
    #[schema(example = "percent")]
    pub unit: String,
    pub source: String,
    #[schema(example = "2026-01-01")]
    pub effective_from: String,
}

/// A deadline or bound of a request's way, with everything that was ever set.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessValueView {
    #[schema(example = "sla.accept")]
    pub key: String,
    /// What counts today.
    #[schema(example = "3")]
    pub value: String,
    /// The product's default.
    pub default: String,
    /// Where the value comes from; of a default, where that does.
    pub source: String,
    /// The first day on which the value counts; `null` where it is the default.
    #[schema(required, example = "2026-01-01")]
    pub effective_from: Option<String>,
    /// Who set it; `null` where it is the default or came with the installation.
    #[schema(required)]
    pub changed_by: Option<String>,
    pub form: ValueForm,
    /// The smallest and largest number; `null` where it isn't a number.
    #[schema(required)]
    pub min: Option<u32>,
    #[schema(required)]
    pub max: Option<u32>,
    /// What was set, the latest day first.
    pub history: Vec<ProcessChange>,
}

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum ValueForm {
    Workdays,
    Days,
    Seconds,
    Times,
    /// `on` or `off`.
    Switch,
    /// `staged` or `direct`.
    Path,
    Percent,
    /// `measured` or `charged`.
    Evidence,
    Cpu,
    Memory,
    Storage,
    /// A time of day such as `17:30`.
    Cutoff,
    /// Numbers of days with commas between them.
    ListOfDays,
}

/// What was set for a day.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessChange {
    pub value: String,
    pub source: String,
    #[schema(example = "2026-01-01")]
    pub effective_from: String,
    /// `null` where it came with the installation.
    #[schema(required)]
    pub changed_by: Option<String>,
    /// The short form of the name, for lists.
    #[schema(required)]
    pub changed_by_short: Option<String>,
    pub standing: ChangeStanding,
}

/// Whether what was set counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum ChangeStanding {
    /// Its day hasn't come.
    Coming,
    /// It counts today.
    InForce,
    /// A later one has taken its place.
    Past,
    /// It can't be read, and never counts.
    Unreadable,
}

/// What a value shall be, and from when on.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewProcessValue {
    /// A text, also where it is a number.
    #[schema(min_length = 1, max_length = 60, example = "5")]
    pub value: String,
    /// The document that says so, or the reason.
    #[schema(min_length = 1, max_length = 300)]
    pub source: String,
    /// The first day on which it counts: today or later.
    #[schema(min_length = 10, max_length = 10, example = "2027-01-01")]
    pub effective_from: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct KeyPath {
    #[param(max_length = 60, example = "sla.accept")]
    pub key: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ZoneName {
    pub name: String,
    pub zh: String,
    pub en: String,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReasonCode {
    pub code: String,
    pub zh: String,
    pub en: String,
}

/// The rules in force: totals, thresholds, zones, reason codes. Not found where none are installed,
/// or where the caller may not read them.
#[utoipa::path(
    get,
    path = "/policy",
    tag = "policy",
    responses((status = 200, description = "The rules in force.", body = Policy), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), ItemRefused)
)]
pub async fn show_policy(State(app): State<App>, caller: Caller, headers: HeaderMap) -> Result<Response, Failure> {
    let snapshot = app.snapshot().await;
    let seen = snapshot.policy.as_ref().filter(|_| caller.rights.reads_policy);
    let today = workday::day_of(clock::now());
    let view = seen.map(|policy| Policy::of(policy, today)).ok_or(Failure::NotFound)?;
    Ok(respond::item(&headers, &view))
}

/// Sets a value of a request's way from a day on.
///
/// What was set for the same day gives way; days that are over stay as they were. What began earlier keeps its deadline.
#[utoipa::path(
    put,
    path = "/policy/process/{key}",
    tag = "policy",
    params(KeyPath, ("If-Match" = Option<String>, Header, description = "The `version` of the policy that was looked at, in quotes. It is needed.")),
    request_body(content = NewProcessValue, description = "The value, where it comes from, and from when on."),
    responses(
        (status = 200, description = "Set; the rules as they are now.", body = Policy),
        (status = 404, description = "There is no such value, or no policy is installed.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Somebody else wrote it at the same moment.", body = Problem, content_type = "application/problem+json"),
        (status = 412, description = "It isn't the version that was looked at: what it is now is in `version`.", body = Problem, content_type = "application/problem+json"),
        (status = 428, description = "`If-Match` is missing.", body = Problem, content_type = "application/problem+json"),
        WriteRefused,
    )
)]
pub async fn set_process_value(
    State(app): State<App>,
    Writer(caller): Writer,
    Path(KeyPath { key }): Path<KeyPath>,
    headers: HeaderMap,
    Body(new, _): Body<NewProcessValue>,
) -> Result<Response, Failure> {
    let seen = correcting::version(&headers)?;
    // Carried out to its end, also where the caller goes away meanwhile.
    let work = ruling::set_value(app.clone(), caller, key, new, seen);
    idempotency::once(&app.idempotency, None, clock::now(), work).await
}

impl ProcessValueView {
    fn of(key: &Key, process: &[ProcessValue], today: Date) -> Self {
        let set = key.in_force(process, today);
        let (form, bounds) = form(key.form);
        let mut history: Vec<ProcessChange> = process
            .iter()
            .filter(|value| value.key == key.key)
            .map(|value| {
                let day = value.effective_from.parse::<Date>();
                let standing = match day {
                    _ if key.form.check(&value.value).is_err() => ChangeStanding::Unreadable,
                    Err(_) => ChangeStanding::Unreadable,
                    Ok(day) if day > today => ChangeStanding::Coming,
                    Ok(_) if Some(value) == set => ChangeStanding::InForce,
                    Ok(_) => ChangeStanding::Past,
                };
                let by = Some(value.changed_by.clone()).filter(|by| !by.is_empty());
                ProcessChange {
                    value: value.value.clone(),
                    source: value.source.clone(),
                    effective_from: value.effective_from.clone(),
                    changed_by_short: by.as_deref().map(|by| short_user(by).to_owned()),
                    changed_by: by,
                    standing,
                }
            })
            .collect();
        history.sort_by(|a, b| b.effective_from.cmp(&a.effective_from));
        Self {
            key: key.key.to_owned(),
            value: set.map_or_else(|| key.default.to_owned(), |set| set.value.clone()),
            default: key.default.to_owned(),
            source: set.map_or_else(|| key.source.to_owned(), |set| set.source.clone()),
            effective_from: set.map(|set| set.effective_from.clone()),
            changed_by: set.map(|set| set.changed_by.clone()).filter(|by| !by.is_empty()),
            form,
            min: bounds.map(|(min, _)| min),
            max: bounds.map(|(_, max)| max),
            history,
        }
    }
}

/// What a value looks like, and of a number its bounds.
fn form(form: Form) -> (ValueForm, Option<(u32, u32)>) {
    match form {
        Form::Workdays { min, max } => (ValueForm::Workdays, Some((min, max))),
        Form::Days { min, max } => (ValueForm::Days, Some((min, max))),
        Form::Seconds { min, max } => (ValueForm::Seconds, Some((min, max))),
        Form::Times { min, max } => (ValueForm::Times, Some((min, max))),
        Form::Switch => (ValueForm::Switch, None),
        Form::Path => (ValueForm::Path, None),
        Form::Percent { min, max } => (ValueForm::Percent, Some((min, max))),
        Form::Evidence => (ValueForm::Evidence, None),
        Form::Amount(Resource::Cpu) => (ValueForm::Cpu, None),
        Form::Amount(Resource::Memory) => (ValueForm::Memory, None),
        Form::Amount(Resource::Storage) => (ValueForm::Storage, None),
        Form::Cutoff => (ValueForm::Cutoff, None),
        Form::ListOfDays { .. } => (ValueForm::ListOfDays, None),
    }
}

impl Policy {
    /// The rules as they count on a day.
    #[must_use]
    pub fn of(policy: &CloudPolicy, today: Date) -> Self {
        let spec = &policy.spec;
        let totals = &spec.city_totals;
        let counts = totals.applications;
        let values = spec.thresholds.iter().map(|threshold| PolicyValue {
            key: threshold.key.clone(),
            value: threshold.value,
            unit: threshold.unit.clone(),
            source: threshold.source.clone(),
            effective_from: threshold.effective_from.clone(),
        });
        let zones = spec.zones.iter().map(|zone| ZoneName {
            name: zone.name.clone(),
            zh: zone.zh.clone(),
            en: zone.en.clone(),
        });
        let codes = spec.reason_codes.iter().map(|reason| ReasonCode {
            code: reason.code.clone(),
            zh: reason.zh.clone(),
            en: reason.en.clone(),
        });
        Self {
            city_totals: CityTotals {
                capacity: (&totals.capacity).into(),
                applications: TierCounts {
                    national_provincial: counts.national_provincial,
                    municipal: counts.municipal,
                    county: counts.county,
                },
                source: totals.source.clone(),
                as_of: totals.as_of.clone(),
            },
            values: values.collect(),
            process: KEYS.iter().map(|key| ProcessValueView::of(key, &spec.process, today)).collect(),
            version: ruling::version(Some(&policy.metadata)),
            zones: zones.collect(),
            reason_codes: codes.collect(),
        }
    }
}
