//! `requests`: who asks for what, and where it stands.

use clap::Args;
use jiff::Timestamp;
use kube::ResourceExt;
use kube::api::ListParams;
use resources::amounts::Resources;
use resources::v1alpha1::{Phase, QuotaRequest, RequestType, ReviewStage};
use resources::workflow::{self, ACCEPTANCE, Facts, Standing};
use resources::{names, workday};
use serde::Serialize;

use crate::error::Error;
use crate::output::{self, Ending, Format, Width};
use crate::scope::{OneDepartment, Scope};
use crate::session::Session;
use crate::stand::{self, Due};
use crate::table::{self, Kind};
use crate::{clock, list};

/// List requests for quota: what is due first comes first, then the newest
///
/// AMOUNTS  what the application shall have afterwards: cpu/memory/storage
/// STAGE    the step it waits in: in technical review, which of the two stages
/// DUE      when its step is due, in the city's time; marked overdue, or provisional where the
///          holidays of a year aren't published
///
/// Without -A or a department: those of the department whose namespace the kubeconfig is in,
/// else all.
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
    /// Only at this stage, such as AdminApproval; several with commas
    #[arg(long, value_delimiter = ',', value_parser = parse_stage)]
    stage: Vec<&'static str>,
    /// Only those whose step is overdue
    #[arg(long)]
    overdue: bool,
    /// Only those that I made, or took for review
    #[arg(long)]
    mine: bool,
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

pub async fn run(session: &Session, arguments: &Arguments) -> Result<Ending, Error> {
    let Arguments { department, all_namespaces, phase, open, stage, overdue, mine, output } = arguments;
    let scope = if *all_namespaces { Scope::All } else { department.scope(session) };
    let found = match list::all(&scope.api::<QuotaRequest>(session), &ListParams::default()).await {
        Err(error) if scope == Scope::All && error.is_forbidden() => {
            return Err(Error::Malformed(format!("{error}. Name your department: --department <department>")));
        }
        other => other?,
    };
    let person = if *mine { Some(session.user_name().await?) } else { None };
    let filter = Filter { phases: phase, stages: stage, open: *open, overdue: *overdue, person: person.as_deref() };
    let as_of = clock::now();
    let list = RequestList { as_of, items: lines(found, &filter, as_of) };
    output::show(*output, &list, |width| text(&list, width))?;
    Ok(Ending::Done)
}

/// A phase by its name, whatever its case.
fn parse_phase(text: &str) -> Result<Phase, String> {
    let known = Phase::ALL;
    known
        .into_iter()
        .find(|phase| phase.name().eq_ignore_ascii_case(text))
        .ok_or_else(|| format!("is none of {}", known.map(Phase::name).join(", ")))
}

/// A stage by its name, whatever its case: a review stage, the acceptance, or a phase that is a step
/// by itself.
fn parse_stage(text: &str) -> Result<&'static str, String> {
    let phases = Phase::ALL.into_iter().filter(|phase| !workflow::is_undecided(*phase)).map(Phase::name);
    let reviews = [ReviewStage::TechReview, ReviewStage::AdminApproval].map(ReviewStage::name);
    let known: Vec<&str> = std::iter::once(ACCEPTANCE).chain(reviews).chain(phases).collect();
    let found = known.iter().find(|stage| stage.eq_ignore_ascii_case(text));
    found.copied().ok_or_else(|| format!("is none of {}", known.join(", ")))
}

#[derive(Default)]
struct Filter<'a> {
    phases: &'a [Phase],
    stages: &'a [&'a str],
    open: bool,
    overdue: bool,
    /// Who made it or took it.
    person: Option<&'a str>,
}

impl Filter<'_> {
    fn wants(&self, line: &Line) -> bool {
        (self.phases.is_empty() || self.phases.contains(&line.phase))
            && (!self.open || workflow::is_open(line.phase))
            && (self.stages.is_empty() || self.stages.contains(&line.stage))
            && (!self.overdue || line.overdue)
            && self.person.is_none_or(|person| person == line.requester || line.assignee.as_deref() == Some(person))
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
    /// The step that it waits in; of a review, the stage.
    stage: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<String>,
    overdue: bool,
    provisional: bool,
    /// Who took it for the technical review.
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<String>,
    #[serde(skip)]
    due: Option<Due>,
    requester: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Timestamp>,
    justification: String,
}

fn lines(requests: Vec<QuotaRequest>, filter: &Filter<'_>, now: Timestamp) -> Vec<Line> {
    let mut lines: Vec<Line> =
        requests.into_iter().map(|request| line(request, now)).filter(|line| filter.wants(line)).collect();
    let due = |line: &Line| line.due.as_ref().map_or(Timestamp::MAX, |due| due.at);
    lines.sort_by(|a, b| {
        let newest = b.created_at.cmp(&a.created_at);
        due(a).cmp(&due(b)).then(newest).then_with(|| b.number.cmp(&a.number)).then_with(|| a.name.cmp(&b.name))
    });
    lines
}

fn line(request: QuotaRequest, now: Timestamp) -> Line {
    let namespace = request.namespace().unwrap_or_default();
    let phase = workflow::phase_of(&request);
    let stage = Standing { phase: Some(phase), ..Standing::of(&request, Facts::default()) }.stage();
    // Of one that is over nothing is due: its undo time is no step of anybody's.
    let due = stand::due(&request, now).filter(|_| workflow::is_open(phase));
    let status = request.status.as_ref();
    Line {
        number: status.and_then(|status| status.number.clone()),
        phase,
        stage,
        due_at: due.as_ref().map(|due| workday::written(due.at)),
        overdue: due.as_ref().is_some_and(|due| due.overdue),
        provisional: due.as_ref().is_some_and(|due| due.provisional),
        assignee: status.and_then(|status| status.review.as_ref()?.assignee.clone()),
        due,
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
    let mut columns = vec![("NUMBER", Kind::Text)];
    if wide {
        columns.extend([("NAME", Kind::Text), ("DEPARTMENT", Kind::Text)]);
    }
    // What the application shall have afterwards, in one column: three would not leave room for names.
    columns.extend([("TYPE", Kind::Text), ("APPLICATION", Kind::Cut), ("POOL", Kind::Cut), ("AMOUNTS", Kind::Text)]);
    columns.extend([("STAGE", Kind::Text), ("DUE", Kind::Wrap), ("BY", Kind::Cut), ("AGE", Kind::Text)]);
    if wide {
        columns.extend([("REVIEWER", Kind::Text), ("JUSTIFICATION", Kind::Text)]);
    }
    let rows: Vec<Vec<String>> = list.items.iter().map(|line| cells(line, list.as_of, wide)).collect();
    table::render(&columns, &rows, width)
}

fn cells(line: &Line, now: Timestamp, wide: bool) -> Vec<String> {
    let Resources { cpu, memory, storage } = &line.resources;
    let none = || "-".to_owned();
    // One without a number yet is known by its name.
    let number = line.number.clone().unwrap_or_else(|| if wide { none() } else { line.name.clone() });
    let mut row = vec![number];
    if wide {
        row.extend([line.name.clone(), line.department.clone().unwrap_or_else(|| line.namespace.clone())]);
    }
    row.extend([format!("{:?}", line.type_), line.application.clone(), line.pool.clone()]);
    // The phase, and within the review the stage.
    let step = if line.phase == Phase::TechReview { line.stage } else { line.phase.name() };
    row.extend([format!("{cpu}/{memory}/{storage}"), step.to_owned()]);
    row.push(line.due.as_ref().map_or_else(none, |due| if wide { due.text() } else { due.short() }));
    row.push(names::short_user(&line.requester).to_owned());
    row.push(line.created_at.map_or_else(none, |at| age(at, now)));
    if wide {
        row.push(line.assignee.as_deref().map_or_else(none, |person| names::short_user(person).to_owned()));
        row.push(stand::plain(&line.justification));
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
mod tests;
