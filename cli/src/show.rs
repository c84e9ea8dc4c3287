//! `show`: one request, where it stands and how it came there.

use clap::Args;
use jiff::Timestamp;
use kube::ResourceExt;
use ledger::Resource;
use resources::amounts::Resources;
use resources::names;
use resources::v1alpha1::{
    HistoryRecord, Offer, Phase, QuotaRequest, QuotaRequestSpec, QuotaRequestStatus, RefusedDecision, Returned,
    ReviewRecord, Verdict,
};
use resources::workflow::{self, Role};
use serde::Serialize;
use serde_json::Value;

use crate::error::Error;
use crate::output::{self, Ending, Report, Width};
use crate::scope::OneDepartment;
use crate::session::Session;
use crate::stand::{self, Due, Stand, moment, plain};
use crate::table::{self, Kind};
use crate::{clock, decide};

/// Show one request: what it asks, where it stands, what happened to it
///
/// Also whose turn it is and until when, what was offered instead, what the department has to
/// correct, and in the history what it has corrected.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The request: its number (2026-000123) or the name of its object (qr-abcde)
    request: String,
    #[command(flatten)]
    department: OneDepartment,
    #[arg(short, long, value_enum, default_value_t)]
    output: Report,
}

pub async fn run(session: &Session, arguments: &Arguments) -> Result<Ending, Error> {
    let Arguments { request, department, output } = arguments;
    let request = decide::request(session, &department.scope(session), request).await?;
    let now = clock::now();
    let stand = stand::look(session, &request, now).await;
    let shown = Shown::of(request, &stand, now);
    output::show(*output, &shown, |_| shown.text())?;
    for note in &stand.unread {
        eprintln!("note: {note}");
    }
    Ok(Ending::Done)
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    number: Option<String>,
    name: String,
    namespace: String,
    created_at: Option<Timestamp>,
    spec: QuotaRequestSpec,
    /// What the application has in the pool; `null` where that can't be read.
    has: Option<Resources>,
    phase: Phase,
    /// The step that it waits in; of a review, the stage.
    stage: &'static str,
    revision: i64,
    due_at: Option<String>,
    /// The policy's key of the time limit.
    limit: Option<String>,
    overdue: bool,
    provisional: bool,
    /// Whose turn it is.
    awaited: Vec<&'static str>,
    /// The earlier request that comes first.
    behind: Option<String>,
    /// What can be done to it now.
    open: Vec<Verdict>,
    review: Option<ReviewRecord>,
    offer: Option<Offer>,
    returned: Option<Returned>,
    /// The decision that was refused since, with its answer.
    refused: Option<RefusedDecision>,
    history: Vec<HistoryRecord>,
    #[serde(skip)]
    due: Option<Due>,
}

impl Shown {
    fn of(request: QuotaRequest, stand: &Stand, now: Timestamp) -> Self {
        let phase = stand.phase();
        // What was decided is in nobody's hands; a withdrawal can be undone for a while.
        let is_running = workflow::is_open(phase) || phase == Phase::Withdrawn;
        let due = stand::due(&request, now).filter(|_| is_running);
        let (name, namespace) = (request.name_any(), request.namespace().unwrap_or_default());
        let created_at = request.creation_timestamp().map(|at| at.0);
        let QuotaRequestStatus { number, stage, review, offer, returned, refusal, history, .. } =
            request.status.unwrap_or_default();
        // One that something has happened after is of no use any more.
        let last = history.last().map(|record| record.at.0);
        let refused = refusal.filter(|refusal| refusal.answer.at.as_ref().is_none_or(|at| Some(at.0) >= last));
        Self {
            number,
            name,
            namespace,
            created_at,
            spec: request.spec,
            has: stand.has.clone(),
            phase,
            stage: stand.standing.stage(),
            revision: stand.standing.revision,
            due_at: due.as_ref().and_then(|_| stage?.due_at),
            limit: due.as_ref().and_then(|due| due.limit.clone()),
            overdue: due.as_ref().is_some_and(|due| due.overdue),
            provisional: due.as_ref().is_some_and(|due| due.provisional),
            awaited: awaited(stand),
            behind: stand.standing.facts.behind.clone().filter(|_| workflow::is_open(phase)),
            open: stand.open(now).into_iter().map(|open| open.verdict).collect(),
            review,
            offer,
            // The form as it was is for comparing, and what came of that is in the history.
            returned: returned.map(|returned| Returned { spec: None, ..returned }),
            refused,
            history,
            due,
        }
    }

    fn text(&self) -> String {
        let mut parts = vec![self.head(), self.amounts(), self.facts()];
        if let Some(returned) = self.returned.as_ref().filter(|_| self.phase == Phase::Returned) {
            parts.push(self.corrections(returned));
        }
        if !self.history.is_empty() {
            parts.push(history(&self.history));
        }
        parts.join("\n")
    }

    fn head(&self) -> String {
        let QuotaRequestSpec { type_, application, pool, requester, move_from, .. } = &self.spec;
        let from = move_from.as_ref().map(|left| format!(", moving from {left}")).unwrap_or_default();
        let at = self.created_at.map(|at| format!(", {}", moment(at))).unwrap_or_default();
        let by = names::short_user(requester);
        let number = self.number.as_deref().unwrap_or("no number yet");
        let title = format!("{number} ({}) in {}", self.name, self.namespace);
        lines(&[title, format!("{type_:?} of {application} in {pool}{from}, asked by {by}{at}")])
    }

    /// What it has, what is asked for and what was offered instead.
    fn amounts(&self) -> String {
        let mut columns = vec![("RESOURCE", Kind::Text), ("HAS", Kind::Number), ("ASKED", Kind::Number)];
        if self.offer.is_some() {
            columns.push(("OFFERED", Kind::Number));
        }
        let row = |resource: Resource| {
            let has = self.has.as_ref().map_or("?", |has| has.of(resource));
            let mut row = vec![resource.to_string(), has.to_owned(), self.spec.resources.of(resource).to_owned()];
            row.extend(self.offer.as_ref().map(|offer| offer.resources.of(resource).to_owned()));
            row
        };
        table::render(&columns, &Resource::ALL.map(row), Width::Narrow)
    }

    fn facts(&self) -> String {
        let mut rows: Vec<(&str, String)> = vec![("why", plain(&self.spec.justification))];
        let stage = if self.stage == self.phase.name() { String::new() } else { format!(", stage {}", self.stage) };
        rows.push(("stands", format!("{}{stage}, revision {}", self.phase.name(), self.revision)));
        if let Some(due) = &self.due {
            let limit = self.limit.as_ref().map(|limit| format!(" ({limit})")).unwrap_or_default();
            rows.push(("due", format!("{}{limit}", due.text())));
        }
        if !self.awaited.is_empty() {
            rows.push(("waits for", self.awaited.join(" or ")));
        }
        if let Some(earlier) = &self.behind {
            rows.push(("behind", format!("{earlier}, for the same application and pool: that one comes first")));
        }
        rows.extend(self.reviewers().map(|reviewers| ("reviewed", reviewers)));
        if let Some(offer) = &self.offer {
            rows.push(("offer", self.offered(offer)));
        }
        if let Some(RefusedDecision { decision, answer }) = &self.refused {
            let (code, message) = (answer.code.as_deref(), answer.message.as_deref());
            let why = [code, message].into_iter().flatten().collect::<Vec<_>>().join(": ");
            rows.push(("refused", format!("{decision}, {}", plain(&why))));
        }
        let open: Vec<&str> = self.open.iter().copied().filter_map(stand::command).collect();
        if !open.is_empty() {
            rows.push(("can be done", format!("{}, with `kubectl yunheng`", open.join(", "))));
        }
        let rows: Vec<Vec<String>> = rows.into_iter().map(|(head, text)| vec![head.to_owned(), text]).collect();
        untitled(&[Kind::Text, Kind::Wrap], &rows)
    }

    fn reviewers(&self) -> Option<String> {
        let review = self.review.as_ref()?;
        let taken = review.assignee.iter().map(|one| format!("taken by {}", names::short_user(one)));
        let acted = review.acted.iter().map(|one| format!("{} by {}", one.stage.name(), names::short_user(&one.by)));
        let told: Vec<String> = taken.chain(acted).collect();
        (!told.is_empty()).then(|| told.join(", "))
    }

    fn offered(&self, offer: &Offer) -> String {
        let until = offer.expires_at.parse().map_or_else(|_| offer.expires_at.clone(), moment);
        let state = match self.phase {
            Phase::Offered => format!("answer until {until}"),
            Phase::Withdrawn | Phase::Lapsed => "not accepted".to_owned(),
            _ => "accepted".to_owned(),
        };
        let by = names::short_user(&offer.by);
        format!("the {} by {by}, {state}: {}", nth(offer.round), plain(&offer.reason))
    }

    /// What the department has to correct, with what is there now.
    fn corrections(&self, returned: &Returned) -> String {
        let tree = serde_json::json!({"spec": self.spec});
        let mut told = vec![format!("Returned by {}: {}", names::short_user(&returned.by), plain(&returned.reason))];
        told.extend(returned.fields.iter().map(|field| format!("- {field}, now {}", now_in(&tree, field))));
        told.push(format!(
            "{} corrects it: kubectl edit quotarequest {} -n {}",
            names::short_user(&self.spec.requester),
            self.name,
            self.namespace
        ));
        lines(&told)
    }
}

/// Whose turn it is. Where one decision is all, either approver gives it.
fn awaited(stand: &Stand) -> Vec<&'static str> {
    if stand.phase() == Phase::Submitted && stand.is_staged() == Some(false) {
        return vec![Role::ApproverAdmin.name(), Role::ApproverTech.name()];
    }
    stand.standing.whose_turn().iter().map(|role| role.name()).collect()
}

fn nth(round: i64) -> String {
    match round {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        more => format!("{more}th"),
    }
}

/// What a form has in a field that is named as in `spec.resources.memory`.
fn now_in(tree: &Value, field: &str) -> String {
    match tree.pointer(&format!("/{}", field.replace('.', "/"))) {
        None | Some(Value::Null) => "empty".to_owned(),
        Some(Value::String(text)) => table::cut(&plain(text), 60),
        Some(other) => table::cut(&plain(&other.to_string()), 60),
    }
}

/// What happened, oldest first, with what was corrected below its step.
fn history(records: &[HistoryRecord]) -> String {
    let columns = [("AT", Kind::Text), ("BY", Kind::Cut), ("STEP", Kind::Text), ("WHY", Kind::Wrap)];
    let mut rows = Vec::new();
    for record in records {
        let by = names::short_user(&record.by).to_owned();
        let code = record.reason_code.as_ref().map(|code| format!("[{code}] ")).unwrap_or_default();
        let why = format!("{code}{}", plain(&record.reason));
        rows.push(vec![moment(record.at.0), by, step(record), why]);
        for change in &record.changes {
            let or_empty = |text: &str| if text.is_empty() { "(empty)".to_owned() } else { plain(text) };
            let (before, after) = (or_empty(&change.before), or_empty(&change.after));
            let row = |text: String| vec![String::new(), String::new(), String::new(), text];
            rows.extend([row(format!("{}:", change.field)), row(format!("- {before}")), row(format!("+ {after}"))]);
        }
    }
    table::render(&columns, &rows, Width::Narrow)
}

/// `Approve: AdminApproval`: what was done, and where that led.
fn step(record: &HistoryRecord) -> String {
    let to = record.stage.filter(|_| record.to == Phase::TechReview).map_or(record.to.name(), |stage| stage.name());
    match &record.verdict {
        Some(verdict) if record.from == Some(record.to) && record.stage.is_none() => verdict.clone(),
        Some(verdict) => format!("{verdict}: {to}"),
        None if record.from == Some(Phase::Returned) && workflow::is_undecided(record.to) => {
            format!("sent again: {to}")
        }
        None => to.to_owned(),
    }
}

/// A table without heads.
fn untitled(kinds: &[Kind], rows: &[Vec<String>]) -> String {
    let columns: Vec<table::Column> = kinds.iter().map(|kind| ("", *kind)).collect();
    let text = table::render(&columns, rows, Width::Narrow);
    text.trim_start_matches('\n').to_owned()
}

fn lines(sentences: &[String]) -> String {
    sentences.iter().flat_map(|one| table::wrap(one, table::COLUMNS)).map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests;
