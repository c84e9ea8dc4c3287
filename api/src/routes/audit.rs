//! The audit chain, for whom RBAC lets list `auditrecords`: auditors and cloud admins.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::documented::ReadRefused;
use crate::extract::Query;
use crate::history::audit::{Act, Filter, Kind};
use crate::identity::Caller;
use crate::problem::{Failure, ParameterCause, Problem};
use crate::state::App;
use crate::{clock, respond};

/// Most rows of one file: some 5 MB.
const EXPORTED_MAX: usize = 10_000;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_audit)).routes(routes!(export_audit)).routes(routes!(verify_audit))
}

/// One act: who did what, and what came of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditView {
    /// Number of the row in the chain; of an act through REST the one of its intent.
    #[schema(minimum = 1)]
    pub seq: i64,
    #[schema(format = DateTime)]
    pub at: String,
    /// When it was over; `null` while it is under way, and where one row says everything.
    #[schema(required, format = DateTime)]
    pub ended_at: Option<String>,
    pub source: AuditSource,
    /// Who, by the name that Kubernetes knows; empty if nobody is known.
    pub actor: String,
    /// The part of the name that people know.
    pub actor_short: String,
    /// How it is known who: by a Token, by a Session, or by what the Cluster says.
    #[schema(example = "Session")]
    pub via: String,
    /// Where the call came from.
    pub address: String,
    #[schema(example = "civil-affairs")]
    pub department: String,
    #[schema(example = "decideRequest")]
    pub operation: String,
    #[schema(example = "requests/civil-affairs/qr-x7f2k/decisions/qd-k3x9p")]
    pub object: String,
    /// Revision of the object before, as far as it is known.
    pub before: String,
    /// Revision of the object afterwards.
    pub after: String,
    pub reason: String,
    /// Done, Pending, Refused, Failed, Timeout (what came of it isn't known), Open (under way), Written, Missing.
    #[schema(example = "Done")]
    pub outcome: String,
    /// The code of the problem, or the status.
    #[schema(example = "200")]
    pub code: String,
    pub request_id: String,
    /// Whatever else there is to say, as JSON.
    pub detail: String,
    pub hash: String,
}

/// What tells of an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum AuditSource {
    /// A call to this interface.
    Rest,
    /// An object of the cluster, whichever way it was written.
    Cluster,
    /// What the cluster no longer tells.
    Gap,
}

/// One page, the newest first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditList {
    pub items: Vec<AuditView>,
    /// For the next page; `null` on the last.
    #[schema(required)]
    pub r#continue: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditParams {
    /// Items per page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<u16>,
    /// Where to go on: the `continue` of the page before.
    #[param(max_length = 1024)]
    #[serde(default, deserialize_with = "crate::page::text::<1024, _>")]
    pub r#continue: Option<String>,
    /// By this person, by the full name.
    #[param(max_length = 253)]
    #[serde(default, deserialize_with = "crate::page::text::<253, _>")]
    pub actor: Option<String>,
    /// About this department.
    #[param(max_length = 253)]
    #[serde(default, deserialize_with = "crate::page::text::<253, _>")]
    pub department: Option<String>,
    /// This operation alone.
    #[param(max_length = 253)]
    #[serde(default, deserialize_with = "crate::page::text::<253, _>")]
    pub operation: Option<String>,
    /// With this outcome.
    #[param(max_length = 30)]
    #[serde(default, deserialize_with = "crate::page::text::<30, _>")]
    pub outcome: Option<String>,
    /// About exactly this object.
    #[param(max_length = 600)]
    #[serde(default, deserialize_with = "crate::page::text::<600, _>")]
    pub object: Option<String>,
    /// From this moment on (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    pub since: Option<Timestamp>,
    /// Before this moment (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
}

impl AuditParams {
    fn filter(&self) -> Result<Filter, Failure> {
        let text = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
        // A place in the chain is the same whatever one filters by.
        let before = text(&self.r#continue).map(|text| text.parse().map_err(|_| Failure::Cursor)).transpose()?;
        Ok(Filter {
            actor: text(&self.actor),
            department: text(&self.department),
            operation: text(&self.operation),
            outcome: text(&self.outcome),
            object: text(&self.object),
            since: self.since,
            until: self.until,
            before,
        })
    }

    fn limit(&self) -> Result<usize, Failure> {
        match self.limit.unwrap_or(50) {
            limit @ 1..=200 => Ok(usize::from(limit)),
            _ => {
                let cause = ParameterCause::OutOfRange { min: 1, max: 200 };
                Err(Failure::Parameter { name: "limit".to_owned(), cause })
            }
        }
    }
}

/// What was found when the whole chain was read.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerificationView {
    #[schema(format = DateTime)]
    pub checked_at: String,
    /// Nothing was changed, removed, inserted or put elsewhere, as far as the anchors reach.
    pub intact: bool,
    #[schema(minimum = 0)]
    pub rows: u64,
    /// The first hundred faults.
    pub findings: Vec<FindingView>,
    /// The last row, as `number:hash`. Kept elsewhere it is an anchor: the end of the chain can't be cut
    /// off, nor all of it be made anew, without that showing against it.
    #[schema(required, example = "1842:9f86d081884c7d65…")]
    pub head: Option<String>,
    /// Anchors of the server's own file that were compared. With none, a missing end isn't found.
    #[schema(minimum = 0)]
    pub anchors: u64,
}

/// One fault.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FindingView {
    /// Number of the row.
    pub seq: i64,
    /// Changed, Unlinked, Missing, NotAnchored or CutOff.
    #[schema(example = "Changed")]
    pub fault: String,
}

/// What was done, by whom, and what came of it: every write through this interface, every sign-in, and
/// what the cluster tells of decisions, requests and ledgers.
#[utoipa::path(
    get,
    path = "/audit",
    tag = "audit",
    params(AuditParams),
    responses(
        (status = 200, description = "One page.", body = AuditList),
        (status = 400, description = "A parameter is wrong, or the cursor isn't one.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The caller may not read the audit chain.", body = Problem, content_type = "application/problem+json"),
        ReadRefused,
    )
)]
pub async fn list_audit(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<AuditParams>,
) -> Result<Response, Failure> {
    check(&caller)?;
    let limit = params.limit()?;
    let mut acts = app.history.store()?.acts(&params.filter()?, limit + 1).await?;
    let more = acts.len() > limit;
    acts.truncate(limit);
    let next = acts.last().filter(|_| more).map(|last| last.row.seq.to_string());
    let items = acts.iter().map(view).collect();
    Ok(respond::fresh(StatusCode::OK, &AuditList { items, r#continue: next }))
}

/// The same as a file for spreadsheets, the newest first: 10,000 acts at most.
///
/// `limit` counts for pages only. Where there are more, `X-Continue` says where to go on.
#[utoipa::path(
    get,
    path = "/audit/export",
    tag = "audit",
    params(AuditParams),
    responses(
        (status = 200, description = "CSV in UTF-8. What a spreadsheet would take for a formula begins with an apostrophe.", body = String, content_type = "text/csv"),
        (status = 400, description = "A parameter is wrong, or the cursor isn't one.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The caller may not read the audit chain.", body = Problem, content_type = "application/problem+json"),
        ReadRefused,
    )
)]
pub async fn export_audit(
    State(app): State<App>,
    caller: Caller,
    Query(params): Query<AuditParams>,
) -> Result<Response, Failure> {
    check(&caller)?;
    params.limit()?;
    let mut acts = app.history.store()?.acts(&params.filter()?, EXPORTED_MAX + 1).await?;
    let more = acts.len() > EXPORTED_MAX;
    acts.truncate(EXPORTED_MAX);
    let mut response = csv(&acts).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"audit.csv\""));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(last) = acts.last().filter(|_| more) {
        headers.insert("x-continue", last.row.seq.into());
    }
    Ok(response)
}

/// Whether the chain is as it was written, by a look at all of it that is at most a minute old.
#[utoipa::path(
    get,
    path = "/audit/verification",
    tag = "audit",
    responses(
        (status = 200, description = "What was found.", body = VerificationView),
        (status = 403, description = "The caller may not read the audit chain.", body = Problem, content_type = "application/problem+json"),
        ReadRefused,
    )
)]
pub async fn verify_audit(State(app): State<App>, caller: Caller) -> Result<Response, Failure> {
    check(&caller)?;
    let (at, found) = app.history.verify().await?;
    let findings = found.findings.iter();
    let view = VerificationView {
        checked_at: clock::text(at),
        intact: found.findings.is_empty(),
        rows: found.rows,
        findings: findings.map(|one| FindingView { seq: one.seq, fault: one.fault.name().to_owned() }).collect(),
        head: found.head.as_ref().map(|head| format!("{}:{}", head.seq, head.hash)),
        anchors: found.anchors as u64,
    };
    Ok(respond::fresh(StatusCode::OK, &view))
}

fn check(caller: &Caller) -> Result<(), Failure> {
    if caller.rights.audits { Ok(()) } else { Err(Failure::Forbidden) }
}

fn view(act: &Act) -> AuditView {
    let row = &act.row;
    let entry = &row.entry;
    let (outcome, code) = act.outcome();
    AuditView {
        seq: row.seq,
        at: clock::text(entry.at),
        ended_at: act.end.as_ref().map(|end| clock::text(end.at)),
        source: match entry.kind {
            Kind::Intent | Kind::Outcome | Kind::Call => AuditSource::Rest,
            Kind::Seen => AuditSource::Cluster,
            Kind::Gap => AuditSource::Gap,
        },
        actor: entry.actor.clone(),
        actor_short: resources::names::short_user(&entry.actor).to_owned(),
        via: entry.via.clone(),
        address: entry.address.clone(),
        department: entry.department.clone(),
        operation: entry.operation.clone(),
        object: act.object().to_owned(),
        before: entry.before.clone(),
        after: act.after().to_owned(),
        reason: entry.reason.clone(),
        outcome: outcome.to_owned(),
        code: code.to_owned(),
        request_id: entry.request_id.clone(),
        detail: entry.detail.clone(),
        hash: row.hash.clone(),
    }
}

fn csv(acts: &[Act]) -> String {
    const HEAD: &str = "seq,at,endedAt,source,actor,via,address,department,operation,object,before,after,reason,outcome,code,\
                        requestId,detail,hash\r\n";
    // The mark tells spreadsheets that it is UTF-8.
    let mut text = format!("\u{feff}{HEAD}");
    for act in acts {
        let view = view(act);
        let source = format!("{:?}", view.source);
        let cells = [
            view.at.as_str(),
            view.ended_at.as_deref().unwrap_or_default(),
            &source,
            &view.actor,
            &view.via,
            &view.address,
            &view.department,
            &view.operation,
            &view.object,
            &view.before,
            &view.after,
            &view.reason,
            &view.outcome,
            &view.code,
            &view.request_id,
            &view.detail,
            &view.hash,
        ];
        let _ = write!(text, "{}", view.seq);
        for value in cells {
            let _ = write!(text, ",{}", cell(value));
        }
        text.push_str("\r\n");
    }
    text
}

/// A cell that a spreadsheet shows and never carries out.
fn cell(value: &str) -> String {
    let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '=', '+', '-', '@']);
    let mark = if formula { "'" } else { "" };
    format!("\"{mark}{}\"", value.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let cases = [
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("-2+3", "\"'-2+3\""),
            ("+1", "\"'+1\""),
            ("\t=1", "\"'\t=1\""),
            ("=1", "\"'=1\""),
            ("say \"hi\", twice\r\n", "\"say \"\"hi\"\", twice\r\n\""),
            ("理由", "\"理由\""),
        ];
        for (value, expected) in cases {
            assert_eq!(cell(value), expected);
        }
    }
}
