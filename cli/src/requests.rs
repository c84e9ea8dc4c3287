//! `requests`: who asks for what, and where it stands.

use clap::Args;
use jiff::Timestamp;
use kube::ResourceExt;
use kube::api::ListParams;
use resources::amounts::Resources;
use resources::v1alpha1::{Phase, QuotaRequest, RequestType};
use resources::{names, workflow};
use serde::Serialize;

use crate::error::Error;
use crate::output::{self, Ending, Format, Width};
use crate::scope::{OneDepartment, Scope};
use crate::session::Session;
use crate::table::{self, Kind};
use crate::{clock, list};

/// List requests for quota, the newest first
///
/// Without -A or a department: those of the department whose namespace the kubeconfig is in,
/// else all. AMOUNTS is what the application shall have afterwards: cpu/memory/storage.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(flatten)]
    department: OneDepartment,
    /// Of all departments
    #[arg(short = 'A', long, conflicts_with_all = ["department", "namespace"])]
    all_namespaces: bool,
    /// Only in this phase, such as Submitted; several with commas
    #[arg(long, value_delimiter = ',', value_parser = parse_phase, conflicts_with = "open")]
    phase: Vec<Phase>,
    /// Only those that still wait for somebody or something
    #[arg(long)]
    open: bool,
    /// Only those that I made
    #[arg(long)]
    mine: bool,
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

pub async fn run(session: &Session, arguments: &Arguments) -> Result<Ending, Error> {
    let Arguments { department, all_namespaces, phase, open, mine, output } = arguments;
    let scope = if *all_namespaces { Scope::All } else { department.scope(session) };
    let found = match list::all(&scope.api::<QuotaRequest>(session), &ListParams::default()).await {
        Err(error) if scope == Scope::All && error.is_forbidden() => {
            return Err(Error::Malformed(format!("{error}. Name your department: --department <department>")));
        }
        other => other?,
    };
    let requester = if *mine { Some(session.user_name().await?) } else { None };
    let filter = Filter { phases: phase, open: *open, requester: requester.as_deref() };
    let items = lines(found, &filter);
    let list = RequestList { as_of: clock::now(), items };
    output::show(*output, &list, |width| text(&list, width))?;
    Ok(Ending::Done)
}

/// A phase by its name, whatever its case.
fn parse_phase(text: &str) -> Result<Phase, String> {
    PHASES
        .into_iter()
        .find(|phase| format!("{phase:?}").eq_ignore_ascii_case(text))
        .ok_or_else(|| format!("is none of {}", PHASES.map(|phase| format!("{phase:?}")).join(", ")))
}

const PHASES: [Phase; 15] = [
    Phase::Submitted,
    Phase::Accepted,
    Phase::TechReview,
    Phase::Offered,
    Phase::Approved,
    Phase::Provisioning,
    Phase::Testing,
    Phase::Active,
    Phase::Returned,
    Phase::Rejected,
    Phase::Withdrawn,
    Phase::Lapsed,
    Phase::Expired,
    Phase::Reclaiming,
    Phase::Released,
];

struct Filter<'a> {
    phases: &'a [Phase],
    open: bool,
    requester: Option<&'a str>,
}

impl Filter<'_> {
    fn wants(&self, line: &Line) -> bool {
        (self.phases.is_empty() || self.phases.contains(&line.phase))
            && (!self.open || workflow::is_open(line.phase))
            && self.requester.is_none_or(|requester| requester == line.requester)
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestList {
    as_of: Timestamp,
    items: Vec<Line>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    /// Absent until the operator has numbered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    name: String,
    namespace: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    department: Option<String>,
    #[serde(rename = "type")]
    type_: RequestType,
    application: String,
    pool: String,
    resources: Resources,
    phase: Phase,
    requester: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Timestamp>,
    justification: String,
}

fn lines(requests: Vec<QuotaRequest>, filter: &Filter<'_>) -> Vec<Line> {
    let mut lines: Vec<Line> = requests.into_iter().map(line).filter(|line| filter.wants(line)).collect();
    lines.sort_by(|a, b| {
        b.created_at.cmp(&a.created_at).then_with(|| b.number.cmp(&a.number)).then_with(|| a.name.cmp(&b.name))
    });
    lines
}

fn line(request: QuotaRequest) -> Line {
    let namespace = request.namespace().unwrap_or_default();
    let status = request.status.as_ref();
    Line {
        number: status.and_then(|status| status.number.clone()),
        phase: status.and_then(|status| status.phase).unwrap_or_default(),
        name: request.name_any(),
        department: names::department_of(&namespace).map(str::to_owned),
        namespace,
        created_at: request.creation_timestamp().map(|at| at.0),
        type_: request.spec.type_,
        application: request.spec.application,
        pool: request.spec.pool,
        resources: request.spec.resources,
        requester: request.spec.requester,
        justification: request.spec.justification,
    }
}

fn text(list: &RequestList, width: Width) -> String {
    if list.items.is_empty() {
        return "No requests.".to_owned();
    }
    let wide = width == Width::Wide;
    let mut columns = vec![("NUMBER", Kind::Text), ("NAME", Kind::Cut), ("TYPE", Kind::Text)];
    if wide {
        columns.push(("DEPARTMENT", Kind::Text));
    }
    columns.extend([("APPLICATION", Kind::Cut), ("POOL", Kind::Cut)]);
    // What the application shall have afterwards, in one column: three would not leave room for names.
    columns.extend([("AMOUNTS", Kind::Text), ("PHASE", Kind::Text), ("REQUESTER", Kind::Cut), ("AGE", Kind::Text)]);
    if wide {
        columns.push(("JUSTIFICATION", Kind::Text));
    }
    let rows: Vec<Vec<String>> = list.items.iter().map(|line| cells(line, list.as_of, wide)).collect();
    table::render(&columns, &rows, width)
}

fn cells(line: &Line, now: Timestamp, wide: bool) -> Vec<String> {
    let Resources { cpu, memory, storage } = &line.resources;
    let mut row =
        vec![line.number.clone().unwrap_or_else(|| "-".to_owned()), line.name.clone(), format!("{:?}", line.type_)];
    if wide {
        row.push(line.department.clone().unwrap_or_else(|| line.namespace.clone()));
    }
    row.extend([line.application.clone(), line.pool.clone(), format!("{cpu}/{memory}/{storage}")]);
    row.extend([format!("{:?}", line.phase), names::short_user(&line.requester).to_owned()]);
    row.push(line.created_at.map_or_else(|| "-".to_owned(), |at| age(at, now)));
    if wide {
        row.push(line.justification.replace(char::is_control, " "));
    }
    row
}

/// How long ago, in the largest unit that says something: `40s`, `12m`, `5h`, `3d`.
fn age(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(at).as_secs().max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use unicode_width::UnicodeWidthStr;

    use super::*;

    fn request(name: &str, phase: &str, requester: &str, created: &str) -> QuotaRequest {
        serde_json::from_value(json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "QuotaRequest",
            "metadata": {"namespace": "dept-civil-affairs", "name": name, "creationTimestamp": created},
            "spec": {
                "requester": requester, "type": "Change", "application": "province-integrated-platform-of-hubei-2", "pool": "inspur",
                "resources": {"cpu": "1072", "memory": "12128G", "storage": "1010T"}, "justification": "more people ask\nthan before"
            },
            "status": {"number": format!("2026-{:0>6}", name.len()), "phase": phase}
        }))
        .unwrap()
    }

    fn three() -> Vec<QuotaRequest> {
        let zhang = "system:serviceaccount:yunheng-people:zhang";
        vec![
            request("qr-old", "Active", zhang, "2026-11-20T06:10:00Z"),
            request("qr-newest", "Submitted", "wang", "2026-11-23T06:10:00Z"),
            request("qr-middle", "Provisioning", zhang, "2026-11-22T06:10:00Z"),
        ]
    }

    #[test]
    fn filters_and_order() {
        let zhang = "system:serviceaccount:yunheng-people:zhang";
        let cases: [(Filter<'_>, &[&str]); 4] = [
            (Filter { phases: &[], open: false, requester: None }, &["qr-newest", "qr-middle", "qr-old"]),
            (
                Filter { phases: &[Phase::Submitted, Phase::Active], open: false, requester: None },
                &["qr-newest", "qr-old"],
            ),
            (Filter { phases: &[], open: true, requester: None }, &["qr-newest", "qr-middle"]),
            (Filter { phases: &[], open: true, requester: Some(zhang) }, &["qr-middle"]),
        ];
        for (filter, expected) in cases {
            let found: Vec<String> = lines(three(), &filter).into_iter().map(|line| line.name).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn the_table_fits_and_shows_short_names() {
        let items = lines(three(), &Filter { phases: &[], open: false, requester: None });
        let list = RequestList { as_of: "2026-11-23T06:40:00Z".parse().unwrap(), items };
        let narrow = text(&list, Width::Narrow);
        assert!(narrow.lines().all(|line| line.width() <= table::COLUMNS), "{narrow}");
        assert!(narrow.contains("zhang") && !narrow.contains("serviceaccount"), "{narrow}");
        assert!(narrow.contains("30m") && narrow.contains('…'), "{narrow}");
        let wide = text(&list, Width::Wide);
        assert!(
            wide.contains("province-integrated-platform-of-hubei-2") && wide.contains("more people ask than before")
        );
        assert_eq!(wide.lines().count(), 4, "{wide}");
    }

    #[test]
    fn a_phase_is_known_by_its_name() {
        assert_eq!(parse_phase("techreview"), Ok(Phase::TechReview));
        assert!(parse_phase("Done").unwrap_err().contains("Submitted, Accepted"));
    }

    #[test]
    fn ages() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-23T06:10:00Z");
        let cases = [
            ("2026-11-23T06:09:20Z", "40s"),
            ("2026-11-23T05:58:00Z", "12m"),
            ("2026-11-23T01:10:00Z", "5h"),
            ("2026-11-20T06:10:00Z", "3d"),
            ("2026-11-23T06:11:00Z", "0s"),
        ];
        for (from, expected) in cases {
            assert_eq!(age(at(from), now), expected);
        }
    }
}
