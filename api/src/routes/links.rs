//! The extranet's links, for whoever may list `extranetlinks`: the city's own roles.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use resources::v1alpha1;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::documented::{ItemRefused, ListRefused, ReadRefused};
use crate::extract::{Path, Query};
use crate::identity::Caller;
use crate::network::Network;
use crate::problem::{Failure, Problem};
use crate::respond;
use crate::state::App;
use crate::view::{Condition, list_of};

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_network)).routes(routes!(list_links)).routes(routes!(show_link))
}

/// What a link connects, from the city's core outwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum LinkLevel {
    Interconnect,
    Provider,
    County,
    Township,
    Village,
}

impl From<v1alpha1::LinkLevel> for LinkLevel {
    fn from(level: v1alpha1::LinkLevel) -> Self {
        match level {
            v1alpha1::LinkLevel::Interconnect => Self::Interconnect,
            v1alpha1::LinkLevel::Provider => Self::Provider,
            v1alpha1::LinkLevel::County => Self::County,
            v1alpha1::LinkLevel::Township => Self::Township,
            v1alpha1::LinkLevel::Village => Self::Village,
        }
    }
}

/// What a link is. Unknown is never up and never down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum LinkState {
    Up,
    Degraded,
    Down,
    Unreachable,
    Unknown,
    Maintenance,
}

impl From<v1alpha1::LinkState> for LinkState {
    fn from(state: v1alpha1::LinkState) -> Self {
        match state {
            v1alpha1::LinkState::Up => Self::Up,
            v1alpha1::LinkState::Degraded => Self::Degraded,
            v1alpha1::LinkState::Down => Self::Down,
            v1alpha1::LinkState::Unreachable => Self::Unreachable,
            v1alpha1::LinkState::Unknown => Self::Unknown,
            v1alpha1::LinkState::Maintenance => Self::Maintenance,
        }
    }
}

/// How many links are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct StateCounts {
    pub up: u64,
    pub degraded: u64,
    pub down: u64,
    pub unreachable: u64,
    pub unknown: u64,
    pub maintenance: u64,
    pub total: u64,
}

impl StateCounts {
    pub fn add(&mut self, state: LinkState) {
        let count = match state {
            LinkState::Up => &mut self.up,
            LinkState::Degraded => &mut self.degraded,
            LinkState::Down => &mut self.down,
            LinkState::Unreachable => &mut self.unreachable,
            LinkState::Unknown => &mut self.unknown,
            LinkState::Maintenance => &mut self.maintenance,
        };
        *count += 1;
        self.total += 1;
    }
}

/// The extranet at a glance.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkView {
    /// All links.
    pub states: StateCounts,
    /// The same by level, from the core outwards.
    pub levels: Vec<LevelLinks>,
    pub villages: Villages,
    pub open_incidents: u64,
    /// Open ones that nobody has taken notice of.
    pub unacknowledged_incidents: u64,
    /// From where the links are probed; `null` where no prober has ever run.
    #[schema(required)]
    pub vantage: Option<VantageView>,
    #[schema(format = DateTime)]
    pub as_of: String,
    pub stale: bool,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LevelLinks {
    pub level: LinkLevel,
    pub states: StateCounts,
}

/// The two numbers of villages that a coverage can be of.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Villages {
    /// Village links, by the register of divisions of 2023.
    pub registered: u64,
    /// What the city reported in 2020.
    pub reported: u64,
}

/// The prober, and whether it can see.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VantageView {
    pub name: String,
    pub ready: bool,
    /// None of its anchors answers: it claims nothing of any link.
    pub blind: bool,
    /// Every change until then is shown.
    #[schema(required, format = DateTime)]
    pub flushed_through: Option<String>,
    pub conditions: Vec<Condition>,
}

/// One link, represented by its far end. Percentages are decimal text, truncated.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkView {
    #[schema(example = "county-420923")]
    pub name: String,
    #[schema(example = "云梦县")]
    pub display_name: String,
    pub level: LinkLevel,
    /// Code of the administrative division; empty if it has none.
    pub division: String,
    pub carrier: String,
    /// What is probed; `null` where the state is inferred from below.
    #[schema(required)]
    pub address: Option<String>,
    pub uplinks: Vec<String>,
    /// The links above it, the nearest first.
    pub above: Vec<String>,
    /// Links that hang on it directly.
    pub children: u64,
    /// All links below it.
    pub below: StateCounts,
    pub state: LinkState,
    /// Since when, backdated to the first lost or first answered probe.
    #[schema(required, format = DateTime)]
    pub since: Option<String>,
    /// The highest broken link above it.
    #[schema(required)]
    pub root_cause: Option<String>,
    #[schema(required)]
    pub incident: Option<String>,
    #[schema(required)]
    pub rtt_p50_millis: Option<String>,
    #[schema(required)]
    pub rtt_p95_millis: Option<String>,
    #[schema(required)]
    pub jitter_millis: Option<String>,
    #[schema(required)]
    pub loss_percent: Option<String>,
    #[schema(required)]
    pub hops: Option<i32>,
    /// The instant of the figures.
    #[schema(required, format = DateTime)]
    pub measured_at: Option<String>,
    /// The month so far; `null` before the first answer.
    #[schema(required)]
    pub month: Option<MonthView>,
    pub conditions: Vec<Condition>,
    /// Sample data, such as an address that isn't the real one.
    pub sample: bool,
}

/// A month's availability. A percentage of no time is `null`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MonthView {
    #[schema(example = "2026-11")]
    pub month: String,
    #[schema(required, example = "99.93")]
    pub percent: Option<String>,
    /// Without the time a link above it was broken.
    #[schema(required)]
    pub own_percent: Option<String>,
    /// How much of the month was seen.
    #[schema(required)]
    pub coverage_percent: Option<String>,
    /// If all unknown time had been bad.
    #[schema(required)]
    pub worst_percent: Option<String>,
    /// If all unknown time had been good.
    #[schema(required)]
    pub best_percent: Option<String>,
}

list_of!(LinkView, LinkList);

#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LinkParams {
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u16>,
    /// Where to go on: the `continue` of the page before.
    #[param(max_length = 1024)]
    #[serde(default, deserialize_with = "crate::page::text::<1024, _>")]
    pub r#continue: Option<String>,
    /// Part of the name, or of the name for people.
    #[param(max_length = 100)]
    #[serde(default, deserialize_with = "crate::page::text::<100, _>")]
    pub q: Option<String>,
    #[param(inline)]
    pub level: Option<LinkLevel>,
    #[param(inline)]
    pub state: Option<LinkState>,
    /// This link and all that hangs below it.
    #[param(max_length = 253)]
    #[serde(default, deserialize_with = "crate::page::text::<253, _>")]
    pub under: Option<String>,
    /// Those that hang directly on this link; `city-core` stands above the first ones.
    #[param(max_length = 253)]
    #[serde(default, deserialize_with = "crate::page::text::<253, _>")]
    pub uplink: Option<String>,
    /// Only those that are Down or Unreachable, roots first.
    pub down: Option<bool>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct LinkPath {
    /// Name of the link.
    #[param(max_length = 253, example = "county-420923")]
    pub link: String,
}

/// The extranet at a glance: how many links of each level are in which state.
#[utoipa::path(
    get,
    path = "/network",
    tag = "links",
    responses((status = 200, description = "The counts.", body = NetworkView), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), (status = 403, description = "The caller may not read links.", body = Problem, content_type = "application/problem+json"), ReadRefused)
)]
pub async fn show_network(State(app): State<App>, caller: Caller, headers: HeaderMap) -> Result<Response, Failure> {
    check(&caller)?;
    let age = app.snapshot().await.age;
    Ok(respond::item(&headers, &read(&app).summary(&age)))
}

/// Links, from the core outwards.
#[utoipa::path(
    get,
    path = "/links",
    tag = "links",
    params(LinkParams),
    responses((status = 200, description = "One page.", body = LinkList), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), (status = 403, description = "The caller may not read links.", body = Problem, content_type = "application/problem+json"), ListRefused)
)]
pub async fn list_links(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<LinkParams>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    check(&caller)?;
    let age = app.snapshot().await.age;
    Ok(respond::item(&headers, &LinkList::new(read(&app).links(&params)?, &age)))
}

/// One link.
#[utoipa::path(
    get,
    path = "/links/{link}",
    tag = "links",
    params(LinkPath),
    responses((status = 200, description = "The link.", body = LinkView), (status = 304, description = "Nothing has changed since the `ETag` in `If-None-Match`."), (status = 403, description = "The caller may not read links.", body = Problem, content_type = "application/problem+json"), ItemRefused)
)]
pub async fn show_link(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<LinkPath>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    check(&caller)?;
    let view = read(&app).link(&path.link).ok_or(Failure::NotFound)?;
    Ok(respond::item(&headers, &view))
}

/// The links as they are now.
pub fn read(app: &App) -> Network {
    Network::of(&app.world.read())
}

pub fn check(caller: &Caller) -> Result<(), Failure> {
    if caller.rights.reads_links { Ok(()) } else { Err(Failure::Forbidden) }
}
