//! The city's own rules.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::documented::ItemRefused;
use crate::identity::Caller;
use crate::problem::Failure;
use crate::respond;
use crate::state::App;
use crate::view::Bundle;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_policy))
}

/// The city's own rules.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    pub city_totals: CityTotals,
    /// Thresholds, each with where it comes from.
    pub values: Vec<PolicyValue>,
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
    let seen = snapshot.policy().filter(|_| caller.rights.reads_policy);
    let view = seen.map(Policy::from).ok_or(Failure::NotFound)?;
    Ok(respond::item(&headers, &view))
}

impl From<&resources::v1alpha1::CloudPolicySpec> for Policy {
    fn from(spec: &resources::v1alpha1::CloudPolicySpec) -> Self {
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
            zones: zones.collect(),
            reason_codes: codes.collect(),
        }
    }
}
