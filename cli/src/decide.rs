//! `accept` to `urge`: a decision as the caller, and what came of it.

mod outcome;

use std::time::Duration;

use clap::{Args, Subcommand};
use kube::api::{ObjectMeta, PostParams};
use kube::runtime::wait::await_condition;
use kube::{Api, ResourceExt};
use ledger::Resource;
use resources::amounts::Resources;
use resources::v1alpha1::{DecisionStatus, QuotaDecision, QuotaDecisionSpec, QuotaRequest, RequestRef, Verdict};
use resources::workflow::Refusal;
use resources::{names, workflow};

use crate::error::Error;
use crate::output::{self, Ending, Report};
use crate::scope::{OneDepartment, Scope};
use crate::session::Session;
use crate::stand::{self, Stand, label};
use crate::{clock, find};
use outcome::Outcome;

/// Characters of a field's name, as the kind has them.
const FIELD_MAX: usize = 120;
/// What a department may correct in a returned request. Application, pool and type stay.
const CORRECTABLE: [&str; 6] = ["resources", "period", "justification", "newApplication", "basis", "details"];

/// Each writes one decision, on the request as it is now, and waits for what came of it.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Accept a submitted request: it is complete, and goes to review
    Accept(Plain),
    /// Take an accepted request for the technical review
    Take(Plain),
    /// Approve a request and wait for what came of it
    ///
    /// The capacity is held first: if it doesn't fit, the approval is refused, nothing changes and the
    /// exit code is 1. Where two people decide, the first approval passes it on to the second.
    #[command(verbatim_doc_comment)]
    Approve(Plain),
    /// Return a request to its department, which has to correct it
    ///
    /// It keeps its number. Your own time limit stands still until it is sent again.
    #[command(verbatim_doc_comment)]
    Return(Return),
    /// Reject a request, with a reason: nothing that is granted changes
    Reject(Reasoned),
    /// Offer a department less than it asks for
    ///
    /// The amounts are what the application shall have afterwards; what isn't named is as it was asked
    /// for. What is offered is held until the department's owner has answered or the time is over.
    #[command(
        verbatim_doc_comment,
        override_usage = "kubectl yunheng offer <REQUEST> --cpu … --memory … --storage … --reason …"
    )]
    Offer(Offer),
    /// Accept what was offered instead: it is approved with that
    AcceptOffer(Plain),
    /// Decline what was offered instead: the request is reviewed again
    DeclineOffer(Reasoned),
    /// Withdraw a request of your own department
    Withdraw(Plain),
    /// Undo your withdrawal, shortly after it
    Reinstate(Plain),
    /// Confirm that a test is over: the rest is opened
    Confirm(Plain),
    /// Cancel a provisioning, or a reclaim before the quota is lowered
    ///
    /// Of a provisioning the application keeps what it had before; of a reclaim, all that it has.
    #[command(verbatim_doc_comment)]
    Cancel(Reasoned),
    /// Take back a grant that is in force or has expired
    ///
    /// A temporary grant goes back to what was there before it, any other to nothing. Nothing that
    /// runs is evicted: what is in use stays counted until it ends.
    #[command(verbatim_doc_comment)]
    Reclaim(Reclaim),
    /// Urge whoever's turn it is, at most once a working day
    Urge(Plain),
}

#[derive(Debug, Args)]
pub struct Plain {
    #[command(flatten)]
    which: Which,
    /// Why, for the record
    #[arg(long)]
    reason: Option<String>,
    /// The reason's code, of those in the CloudPolicy
    #[arg(long, value_name = "CODE")]
    reason_code: Option<String>,
}

#[derive(Debug, Args)]
pub struct Reasoned {
    #[command(flatten)]
    which: Which,
    /// Why: 10 to 2000 characters
    #[arg(long, value_parser = parse_reason)]
    reason: String,
    /// The reason's code, of those in the CloudPolicy
    #[arg(long, value_name = "CODE")]
    reason_code: Option<String>,
}

#[derive(Debug, Args)]
pub struct Return {
    #[command(flatten)]
    reasoned: Reasoned,
    /// A field to correct, such as spec.resources.memory; may be repeated
    #[arg(long = "field", value_name = "FIELD", value_parser = parse_field)]
    fields: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Reclaim {
    #[command(flatten)]
    reasoned: Reasoned,
    /// The application's name once more: no other is taken back
    #[arg(long, value_name = "NAME")]
    application: String,
}

#[derive(Debug, Args)]
pub struct Offer {
    #[command(flatten)]
    reasoned: Reasoned,
    #[command(flatten)]
    amounts: Amounts,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Amounts {
    /// Cores afterwards, such as 70
    #[arg(long, value_parser = |text: &str| stand::parse_amount(Resource::Cpu, text))]
    cpu: Option<String>,
    /// Memory afterwards, such as 140G
    #[arg(long, value_parser = |text: &str| stand::parse_amount(Resource::Memory, text))]
    memory: Option<String>,
    /// Storage afterwards, such as 12T
    #[arg(long, value_parser = |text: &str| stand::parse_amount(Resource::Storage, text))]
    storage: Option<String>,
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

/// What is said, apart from what it is said of.
#[derive(Debug, Default)]
struct Said<'a> {
    reason: Option<&'a str>,
    reason_code: Option<&'a str>,
    fields: &'a [String],
    amounts: Option<&'a Amounts>,
    /// The application as it was typed, where that is asked for.
    application: Option<&'a str>,
}

impl Verb {
    fn parts(&self) -> (Verdict, &Which, Said<'_>) {
        match self {
            Self::Accept(plain) => plain.parts(Verdict::Accept),
            Self::Take(plain) => plain.parts(Verdict::Take),
            Self::Approve(plain) => plain.parts(Verdict::Approve),
            Self::Return(Return { reasoned, fields }) => {
                let (verdict, which, said) = reasoned.parts(Verdict::Return);
                (verdict, which, Said { fields, ..said })
            }
            Self::Reject(reasoned) => reasoned.parts(Verdict::Reject),
            Self::Offer(Offer { reasoned, amounts }) => {
                let (verdict, which, said) = reasoned.parts(Verdict::Offer);
                (verdict, which, Said { amounts: Some(amounts), ..said })
            }
            Self::AcceptOffer(plain) => plain.parts(Verdict::AcceptOffer),
            Self::DeclineOffer(reasoned) => reasoned.parts(Verdict::DeclineOffer),
            Self::Withdraw(plain) => plain.parts(Verdict::Withdraw),
            Self::Reinstate(plain) => plain.parts(Verdict::Reinstate),
            Self::Confirm(plain) => plain.parts(Verdict::Confirm),
            Self::Cancel(reasoned) => reasoned.parts(Verdict::Cancel),
            Self::Reclaim(Reclaim { reasoned, application }) => {
                let (verdict, which, said) = reasoned.parts(Verdict::Reclaim);
                (verdict, which, Said { application: Some(application), ..said })
            }
            Self::Urge(plain) => plain.parts(Verdict::Urge),
        }
    }
}

impl Plain {
    fn parts(&self, verdict: Verdict) -> (Verdict, &Which, Said<'_>) {
        let Self { which, reason, reason_code } = self;
        let said = Said { reason: reason.as_deref(), reason_code: reason_code.as_deref(), ..Said::default() };
        (verdict, which, said)
    }
}

impl Reasoned {
    fn parts(&self, verdict: Verdict) -> (Verdict, &Which, Said<'_>) {
        let Self { which, reason, reason_code } = self;
        let said = Said { reason: Some(reason), reason_code: reason_code.as_deref(), ..Said::default() };
        (verdict, which, said)
    }
}

/// The rule of the kind, told before anything is sent.
fn parse_reason(text: &str) -> Result<String, String> {
    match text.trim().chars().count() {
        10..=2000 => Ok(text.to_owned()),
        length => Err(format!("has {length} characters: write 10 to 2000")),
    }
}

/// A field of a request, with `spec.` in front whether it was typed or not.
fn parse_field(text: &str) -> Result<String, String> {
    let path = text.strip_prefix("spec.").unwrap_or(text);
    let first = path.split(['.', '[']).next().unwrap_or_default();
    if !CORRECTABLE.contains(&first) {
        return Err(format!(
            "isn't a field that can be corrected: begin it with spec. and one of {}",
            CORRECTABLE.join(", ")
        ));
    }
    let field = format!("spec.{path}");
    match field.chars().count() {
        ..=FIELD_MAX => Ok(field),
        length => Err(format!("has {length} characters: at most {FIELD_MAX}")),
    }
}

pub async fn run(session: &Session, verb: &Verb) -> Result<Ending, Error> {
    let (verdict, which, said) = verb.parts();
    let scope = which.department.scope(session);
    let request = request(session, &scope, &which.request).await?;
    if let Some(typed) = said.application.filter(|typed| *typed != request.spec.application) {
        let meant = &request.spec.application;
        return Err(Error::Malformed(format!("{} is about {meant}, not about {typed}", label(&request))));
    }
    let decided_by = session.user_name().await?;
    let now = clock::now();
    let stand = stand::look(session, &request, now).await;
    if which.output == Report::Text {
        eprintln!("{}", sentence(&request, stand.has.as_ref()));
    }
    let spec = decision(&request, &stand, verdict, &said, decided_by)?;
    let foreseen = stand.foresee(&spec, now);
    for note in notes(&stand, &said, foreseen.as_ref()) {
        eprintln!("note: {note}");
    }
    let told = match foreseen {
        Some(refusal) if !stand::is_by_clock(&refusal) => Outcome::foreseen(&request, verdict, &refusal),
        _ => written(session, &request, spec, which.timeout).await?,
    };
    let told = told.with_advice(&stand);
    output::show(which.output, &told, |_| told.text(which.timeout))?;
    Ok(told.ending())
}

/// What is worth knowing before a decision is written, and doesn't keep it from being written.
fn notes(stand: &Stand, said: &Said<'_>, foreseen: Option<&Refusal>) -> Vec<String> {
    let mut notes: Vec<String> =
        stand.unread.iter().map(|reason| format!("{reason}. So not all is checked beforehand")).collect();
    if let Some(code) = said.reason_code
        && !stand.codes.is_empty()
        && !stand.codes.iter().any(|known| known == code)
    {
        notes.push(format!("{code} is none of the city's codes for reasons: {}", stand.codes.join(", ")));
    }
    if let Some(refusal) = foreseen.filter(|refusal| stand::is_by_clock(refusal)) {
        notes.push(format!("by the clock of this machine {refusal}. It is sent all the same"));
    }
    notes
}

async fn written(
    session: &Session,
    request: &QuotaRequest,
    spec: QuotaDecisionSpec,
    timeout: u64,
) -> Result<Outcome, Error> {
    let namespace = request.namespace().unwrap_or_default();
    let verdict = spec.verdict;
    let api: Api<QuotaDecision> = Api::namespaced(session.writer.clone(), &namespace);
    let metadata = ObjectMeta { generate_name: Some("qd-".to_owned()), ..ObjectMeta::default() };
    let written = api
        .create(&PostParams::default(), &QuotaDecision { metadata, spec, status: None })
        .await
        .map_err(Error::api(format!("decide on {}", label(request))))?;
    let api = Api::namespaced(session.client.clone(), &namespace);
    let status = outcome(&api, &written.name_any(), timeout).await?;
    let told = Outcome::of(request, verdict, written.name_any(), status.as_ref());
    let requests: Api<QuotaRequest> = Api::namespaced(session.client.clone(), &namespace);
    // The answer is what counts; where the request is now is only told beside it.
    Ok(match requests.get_opt(&request.name_any()).await {
        Ok(Some(after)) => told.with_place(&after, clock::now()),
        Ok(None) | Err(_) => told,
    })
}

/// The request that is meant.
pub async fn request(session: &Session, scope: &Scope, wanted: &str) -> Result<QuotaRequest, Error> {
    match find::request(session, scope, wanted).await {
        Err(error) if *scope == Scope::All && error.is_forbidden() => {
            Err(Error::Malformed(format!("{error}. Say whose request it is: --department <department>")))
        }
        other => other,
    }
}

/// The decision on what was read, at the revision and stage that it was read at.
fn decision(
    request: &QuotaRequest,
    stand: &Stand,
    verdict: Verdict,
    said: &Said<'_>,
    decided_by: String,
) -> Result<QuotaDecisionSpec, Error> {
    Ok(QuotaDecisionSpec {
        request: RequestRef { name: request.name_any(), uid: request.uid().unwrap_or_default() },
        request_revision: workflow::revision_of(request),
        stage: stand.stage_to_name(verdict)?,
        verdict,
        resources: said.amounts.map(|amounts| amounts.instead_of(&request.spec.resources)),
        reason_code: said.reason_code.map(str::to_owned),
        fields: said.fields.to_vec(),
        reason: said.reason.map(str::to_owned),
        decided_by,
    })
}

impl Amounts {
    fn instead_of(&self, asked: &Resources) -> Resources {
        let Self { cpu, memory, storage } = self;
        let or = |named: &Option<String>, asked: &String| named.as_ref().unwrap_or(asked).clone();
        Resources { cpu: or(cpu, &asked.cpu), memory: or(memory, &asked.memory), storage: or(storage, &asked.storage) }
    }
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

#[cfg(test)]
mod tests;
