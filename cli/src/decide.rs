//! `approve`, `reject`, `withdraw`: a decision as the caller, and what came of it.

use std::time::Duration;

use clap::Args;
use kube::api::{ListParams, ObjectMeta, PostParams};
use kube::runtime::wait::await_condition;
use kube::{Api, ResourceExt};
use ledger::Resource;
use resources::amounts::Resources;
use resources::v1alpha1::{
    Allocation, DecisionOutcome, DecisionStatus, QuotaDecision, QuotaDecisionSpec, QuotaRequest, RequestRef, Verdict,
};
use resources::{judgement, names, workflow};
use serde::Serialize;

use crate::error::Error;
use crate::output::{self, Ending, Report};
use crate::scope::{OneDepartment, Scope};
use crate::session::Session;
use crate::{find, list, table};

/// Approve a request and wait for what came of it
///
/// The capacity is held first: if it doesn't fit, the approval is refused, nothing changes and the
/// exit code is 1.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Approve {
    #[command(flatten)]
    which: Which,
    /// Why, for the record
    #[arg(long)]
    reason: Option<String>,
}

/// Reject a request, with a reason: nothing that is granted changes
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Reject {
    #[command(flatten)]
    which: Which,
    /// Why: 10 to 2000 characters
    #[arg(long, value_parser = parse_reason)]
    reason: String,
}

/// Withdraw a request of your own department
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Withdraw {
    #[command(flatten)]
    which: Which,
    /// Why, for the record
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Debug, Args)]
struct Which {
    /// The request: its number (2026-000123) or the name of its object (qr-abcde)
    request: String,
    #[command(flatten)]
    department: OneDepartment,
    /// Seconds to wait for the outcome; 0 doesn't wait
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    timeout: u64,
    #[arg(short, long, value_enum, default_value_t)]
    output: Report,
}

pub async fn approve(session: &Session, arguments: &Approve) -> Result<Ending, Error> {
    decide(session, &arguments.which, Verdict::Approve, arguments.reason.clone()).await
}

pub async fn reject(session: &Session, arguments: &Reject) -> Result<Ending, Error> {
    decide(session, &arguments.which, Verdict::Reject, Some(arguments.reason.clone())).await
}

pub async fn withdraw(session: &Session, arguments: &Withdraw) -> Result<Ending, Error> {
    decide(session, &arguments.which, Verdict::Withdraw, arguments.reason.clone()).await
}

/// The rule of the kind, told before anything is sent.
fn parse_reason(text: &str) -> Result<String, String> {
    match text.chars().count() {
        10..=2000 => Ok(text.to_owned()),
        length => Err(format!("has {length} characters: write 10 to 2000")),
    }
}

async fn decide(session: &Session, which: &Which, verdict: Verdict, reason: Option<String>) -> Result<Ending, Error> {
    let scope = which.department.scope(session);
    let request = find_request(session, &scope, &which.request).await?;
    let decided_by = session.user_name().await?;
    if which.output == Report::Text {
        eprintln!("{}", sentence(&request, has_now(session, &request).await.as_ref()));
    }
    let namespace = request.namespace().unwrap_or_default();
    let api: Api<QuotaDecision> = Api::namespaced(session.writer.clone(), &namespace);
    let metadata = ObjectMeta { generate_name: Some("qd-".to_owned()), ..ObjectMeta::default() };
    let spec = decision(&request, verdict, reason, decided_by);
    let written = api
        .create(&PostParams::default(), &QuotaDecision { metadata, spec, status: None })
        .await
        .map_err(Error::api(format!("decide on {}", label(&request))))?;
    let api = Api::namespaced(session.client.clone(), &namespace);
    let status = outcome(&api, &written.name_any(), which.timeout).await?;
    let told = Outcome::of(&request, verdict, written.name_any(), status.as_ref());
    output::show(which.output, &told, |_| told.text(which.timeout))?;
    Ok(told.ending())
}

async fn find_request(session: &Session, scope: &Scope, wanted: &str) -> Result<QuotaRequest, Error> {
    match find::request(session, scope, wanted).await {
        Err(error) if *scope == Scope::All && error.is_forbidden() => {
            Err(Error::Malformed(format!("{error}. Say whose request it is: --department <department>")))
        }
        other => other,
    }
}

/// The decision on what was read, at the revision and stage that it was read at.
fn decision(request: &QuotaRequest, verdict: Verdict, reason: Option<String>, decided_by: String) -> QuotaDecisionSpec {
    QuotaDecisionSpec {
        request: RequestRef { name: request.name_any(), uid: request.uid().unwrap_or_default() },
        request_revision: workflow::revision_of(request),
        stage: request.status.as_ref().and_then(|status| Some(status.stage.as_ref()?.name.clone())),
        verdict,
        resources: None,
        reason_code: None,
        fields: vec![],
        reason,
        decided_by,
    }
}

/// What the application has now, where the caller may see it.
async fn has_now(session: &Session, request: &QuotaRequest) -> Option<Resources> {
    let api: Api<Allocation> = Api::namespaced(session.client.clone(), &request.namespace()?);
    let all = list::all(&api, &ListParams::default()).await.ok()?;
    of_request(request, &all)
}

fn of_request(request: &QuotaRequest, all: &[Allocation]) -> Option<Resources> {
    let place = judgement::place(&request.spec.application, &request.spec.pool, all);
    place.allocation.map(|allocation| allocation.spec.resources.clone())
}

/// `2026-000123 Change of marriage-registry in cec by zhang: cpu 64 -> 72, memory 128G, storage 10T`
fn sentence(request: &QuotaRequest, now: Option<&Resources>) -> String {
    let spec = &request.spec;
    let change = |resource: Resource| {
        let (asked, has) = (spec.resources.of(resource), now.map(|now| now.of(resource)));
        match has {
            Some(has) if has != asked => format!("{resource} {has} -> {asked}"),
            _ => format!("{resource} {asked}"),
        }
    };
    format!(
        "{} {:?} of {} in {} by {}: {}",
        label(request),
        spec.type_,
        spec.application,
        spec.pool,
        names::short_user(&spec.requester),
        Resource::ALL.map(change).join(", ")
    )
}

/// The number if it has one, else the name.
fn label(request: &QuotaRequest) -> String {
    request.status.as_ref().and_then(|status| status.number.clone()).unwrap_or_else(|| request.name_any())
}

/// What came of the decision; `None` if nothing did in time.
async fn outcome(api: &Api<QuotaDecision>, name: &str, seconds: u64) -> Result<Option<DecisionStatus>, Error> {
    let decided = |decision: Option<&QuotaDecision>| {
        decision.is_some_and(|decision| decision.status.as_ref().is_some_and(|status| status.outcome.is_some()))
    };
    let waiting = await_condition(api.clone(), name, decided);
    match tokio::time::timeout(Duration::from_secs(seconds), waiting).await {
        Err(_) => Ok(None),
        Ok(Ok(decision)) => Ok(decision.and_then(|decision| decision.status)),
        Ok(Err(error)) => {
            let kube::runtime::wait::Error::ProbeFailed(source) = error;
            Err(Error::watch(format!("see what came of {name}, which is written"))(source))
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    request: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    namespace: String,
    decision: String,
    verdict: Verdict,
    /// Absent where nothing came of it in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<DecisionOutcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    free: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ledger_revision: Option<i64>,
}

impl Outcome {
    fn of(request: &QuotaRequest, verdict: Verdict, decision: String, status: Option<&DecisionStatus>) -> Self {
        let status = status.cloned().unwrap_or_default();
        Self {
            request: request.name_any(),
            number: request.status.as_ref().and_then(|status| status.number.clone()),
            namespace: request.namespace().unwrap_or_default(),
            decision,
            verdict,
            outcome: status.outcome,
            code: status.code,
            resource: status.resource,
            asked: status.asked,
            free: status.free,
            message: status.message,
            ledger_revision: status.ledger_revision,
        }
    }

    fn ending(&self) -> Ending {
        match self.outcome {
            Some(DecisionOutcome::Applied) => Ending::Done,
            Some(DecisionOutcome::Refused) => Ending::Refused,
            None => Ending::TimedOut,
        }
    }

    fn text(&self, seconds: u64) -> String {
        let request = self.number.as_ref().unwrap_or(&self.request);
        let sentence = match self.outcome {
            Some(DecisionOutcome::Applied) => match self.verdict {
                Verdict::Approve => format!("{request} approved: the quota follows, see `kubectl yunheng requests`"),
                Verdict::Withdraw => format!("{request} withdrawn: nothing was changed"),
                _ => format!("{request} rejected: nothing was changed"),
            },
            Some(DecisionOutcome::Refused) => self.refusal(request),
            None => format!(
                "{request}: no outcome within {seconds} s. The decision is written and is carried out when the operator gets to it: \
                 kubectl get quotadecision {} -n {}",
                self.decision, self.namespace
            ),
        };
        table::wrap(&sentence, table::COLUMNS).join("\n")
    }

    fn refusal(&self, request: &str) -> String {
        let code = self.code.as_deref().unwrap_or("Refused");
        let amounts = match (&self.resource, &self.asked, &self.free) {
            (Some(resource), Some(asked), Some(free)) => format!(" ({resource}: asked {asked}, free {free})"),
            _ => String::new(),
        };
        let message = self.message.as_deref().unwrap_or("nothing was changed");
        format!("{request} refused: {code}{amounts}. {message}")
    }
}

#[cfg(test)]
mod tests;
