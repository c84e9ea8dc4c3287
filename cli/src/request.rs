//! `request`: ask for quota. What is asked is what the application shall have afterwards.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use kube::api::{ListParams, ObjectMeta, PostParams};
use kube::runtime::wait::await_condition;
use kube::{Api, ResourceExt};
use ledger::{Bundle, Resource};
use resources::amounts::Resources;
use resources::v1alpha1::{
    Allocation, Basis, Contact, Hosting, NewApplication, Period, QuotaRequest, QuotaRequestSpec, RequestType, Tier,
    Zone,
};
use resources::{names, quantity, validate};
use serde::Serialize;

use crate::error::Error;
use crate::output::{self, Ending, Report};
use crate::scope::OneDepartment;
use crate::session::Session;
use crate::{clock, list};

/// How long to wait for the request's number. Without an operator there is none, and the request
/// is as good without.
const NUMBER_WAIT: Duration = Duration::from_secs(5);

/// Ask for quota: new, change, renew or release
///
/// The amounts are what the application shall have afterwards, not the difference.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// For an application that has none in this pool
    New(New),
    /// More or less for an application that has some
    Change(Change),
    /// The same for longer
    Renew(Renew),
    /// Give everything back
    Release(Release),
}

/// What every request says.
#[derive(Debug, Args)]
struct Common {
    /// The application
    application: String,
    #[command(flatten)]
    department: OneDepartment,
    /// Why it is needed: 10 to 2000 characters
    #[arg(short, long)]
    justification: String,
    #[arg(short, long, value_enum, default_value_t)]
    output: Report,
}

#[derive(Debug, Args)]
#[command(override_usage = "kubectl yunheng request new <APPLICATION> --pool … --cpu … --memory … --storage … -j …")]
struct New {
    #[command(flatten)]
    common: Common,
    /// The pool it shall come from
    #[arg(long)]
    pool: String,
    /// Cores, such as 8
    #[arg(long)]
    cpu: String,
    /// With its unit, such as 16G
    #[arg(long)]
    memory: String,
    /// With its unit, such as 1T
    #[arg(long)]
    storage: String,
    /// The last day, as 2027-11-30; without it permanent
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// Name for people of an application that isn't registered yet
    #[arg(long, value_name = "NAME", requires = "tier")]
    display_name: Option<String>,
    /// Its level: national-provincial, municipal or county
    #[arg(long, value_enum, hide_possible_values = true, requires = "display_name")]
    tier: Option<TierName>,
    /// Its 等保 grade
    #[arg(long, value_name = "1..3", default_value_t = 2)]
    security_grade: i32,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TierName {
    NationalProvincial,
    Municipal,
    County,
}

#[derive(Debug, Args)]
struct Change {
    #[command(flatten)]
    common: Common,
    /// The pool, where the application has quota in several
    #[arg(long)]
    pool: Option<String>,
    /// Move it to this pool
    #[arg(long, value_name = "POOL")]
    move_to: Option<String>,
    /// CPU afterwards; what isn't named stays as it is
    #[arg(long)]
    cpu: Option<String>,
    /// CPU more than now
    #[arg(long, value_name = "CPU", conflicts_with = "cpu")]
    add_cpu: Option<String>,
    /// Memory afterwards
    #[arg(long)]
    memory: Option<String>,
    /// Memory more than now
    #[arg(long, value_name = "MEMORY", conflicts_with = "memory")]
    add_memory: Option<String>,
    /// Storage afterwards
    #[arg(long)]
    storage: Option<String>,
    /// Storage more than now
    #[arg(long, value_name = "STORAGE", conflicts_with = "storage")]
    add_storage: Option<String>,
}

#[derive(Debug, Args)]
struct Renew {
    #[command(flatten)]
    common: Common,
    /// The pool, where the application has quota in several
    #[arg(long)]
    pool: Option<String>,
    /// The new last day, as 2027-11-30; without it permanent
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
}

#[derive(Debug, Args)]
struct Release {
    #[command(flatten)]
    common: Common,
    /// The pool, where the application has quota in several
    #[arg(long)]
    pool: Option<String>,
}

pub async fn run(session: &Session, arguments: &Arguments) -> Result<Ending, Error> {
    let common = arguments.what.common();
    let namespace = common.department.namespace(session)?;
    let requester = session.user_name().await?;
    let today = clock::now().to_zoned(china()).date().to_string();
    let spec = match &arguments.what {
        What::New(new) => new_spec(new, requester, &today),
        What::Change(change) => {
            let has = allocation(session, &namespace, common, change.pool.as_deref()).await?;
            let resources = change.afterwards(&has.spec.resources)?;
            let mut wanted = spec(RequestType::Change, common, requester, has.spec.pool, resources, None);
            if let Some(pool) = &change.move_to {
                wanted.move_from = Some(std::mem::replace(&mut wanted.pool, pool.clone()));
            }
            wanted
        }
        What::Renew(renew) => {
            let has = allocation(session, &namespace, common, renew.pool.as_deref()).await?;
            let period = Period { start: today, end: renew.until.clone() };
            spec(RequestType::Renew, common, requester, has.spec.pool, has.spec.resources, Some(period))
        }
        What::Release(release) => {
            let has = allocation(session, &namespace, common, release.pool.as_deref()).await?;
            spec(RequestType::Release, common, requester, has.spec.pool, Bundle::ZERO.into(), None)
        }
    };
    check(&spec)?;
    let made = create(session, &namespace, spec).await?;
    output::show(common.output, &made, |_| made.text())?;
    Ok(Ending::Done)
}

/// The city's time: a day begins at midnight there. China has no summer time.
fn china() -> jiff::tz::TimeZone {
    jiff::tz::TimeZone::fixed(jiff::tz::offset(8))
}

impl What {
    fn common(&self) -> &Common {
        match self {
            Self::New(new) => &new.common,
            Self::Change(change) => &change.common,
            Self::Renew(renew) => &renew.common,
            Self::Release(release) => &release.common,
        }
    }
}

fn new_spec(new: &New, requester: String, today: &str) -> QuotaRequestSpec {
    let New { common, pool, cpu, memory, storage, until, display_name, tier, security_grade } = new;
    let resources = Resources { cpu: cpu.clone(), memory: memory.clone(), storage: storage.clone() };
    let period = until.clone().map(|end| Period { start: today.to_owned(), end: Some(end) });
    let mut spec = spec(RequestType::New, common, requester, pool.clone(), resources, period);
    spec.new_application = display_name.clone().zip(*tier).map(|(display_name, tier)| NewApplication {
        display_name,
        tier: match tier {
            TierName::NationalProvincial => Tier::NationalProvincial,
            TierName::Municipal => Tier::Municipal,
            TierName::County => Tier::County,
        },
        hosting: Hosting::default(),
        zone: Zone::default(),
        security_grade: *security_grade,
        domestic_it: false,
        key_event: false,
        description: String::new(),
        contact: Contact::default(),
    });
    spec
}

fn spec(
    type_: RequestType,
    common: &Common,
    requester: String,
    pool: String,
    resources: Resources,
    period: Option<Period>,
) -> QuotaRequestSpec {
    QuotaRequestSpec {
        requester,
        type_,
        application: common.application.clone(),
        new_application: None,
        pool,
        move_from: None,
        resources,
        period,
        justification: common.justification.clone(),
        basis: Basis::default(),
        details: Vec::new(),
    }
}

impl Change {
    /// What the application shall have, from what it has.
    fn afterwards(&self, has: &Resources) -> Result<Resources, Error> {
        let now = has.parse().map_err(|(resource, error)| Error::Malformed(format!("its {resource} {error}")))?;
        let after = |resource: Resource, whole: &Option<String>, more: &Option<String>| match (whole, more) {
            (Some(whole), _) => Ok(whole.clone()),
            (None, Some(more)) => {
                let more = quantity::parse(resource, more)
                    .map_err(|error| Error::Malformed(format!("--add-{resource} {more:?} {error}")))?;
                Ok(quantity::format(resource, now.of(resource).plus(more)))
            }
            (None, None) => Ok(has.of(resource).to_owned()),
        };
        let next = Resources {
            cpu: after(Resource::Cpu, &self.cpu, &self.add_cpu)?,
            memory: after(Resource::Memory, &self.memory, &self.add_memory)?,
            storage: after(Resource::Storage, &self.storage, &self.add_storage)?,
        };
        if next == *has && self.move_to.is_none() {
            return Err(Error::Malformed(
                "nothing would change: name what shall, such as --cpu 72 or --add-cpu 8".to_owned(),
            ));
        }
        Ok(next)
    }
}

/// The application's allocation in the pool, or the only one it has.
async fn allocation(
    session: &Session,
    namespace: &str,
    common: &Common,
    pool: Option<&str>,
) -> Result<Allocation, Error> {
    let api: Api<Allocation> = Api::namespaced(session.client.clone(), namespace);
    let all = list::all(&api, &ListParams::default()).await?;
    chosen(all, namespace, &common.application, pool)
}

fn chosen(all: Vec<Allocation>, namespace: &str, application: &str, pool: Option<&str>) -> Result<Allocation, Error> {
    let is_meant = |allocation: &Allocation| {
        allocation.spec.application == application
            && allocation.metadata.deletion_timestamp.is_none()
            && pool.is_none_or(|pool| allocation.spec.pool == pool)
            && allocation.spec.resources.parse().is_ok_and(|amounts| !amounts.is_zero())
    };
    let mut found: Vec<Allocation> = all.into_iter().filter(is_meant).collect();
    if found.len() > 1 {
        let pools = found.iter().map(|allocation| allocation.spec.pool.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Error::SeveralPools { application: application.to_owned(), pools });
    }
    found
        .pop()
        .ok_or_else(|| Error::NothingAllocated { application: application.to_owned(), namespace: namespace.to_owned() })
}

/// All that is wrong with it, before anything is sent.
fn check(spec: &QuotaRequestSpec) -> Result<(), Error> {
    let mut told: Vec<String> = validate::request(spec).iter().map(ToString::to_string).collect();
    if told.is_empty()
        && let Err(broken) = QuotaRequest::new("qr-new", spec.clone()).validate_cel()
    {
        told.extend(broken.into_vec().into_iter().map(|rule| format!("{}: {}", rule.field_path, rule.message)));
    }
    if told.is_empty() { Ok(()) } else { Err(Error::Malformed(format!("the request isn't sent: {}", told.join("; ")))) }
}

async fn create(session: &Session, namespace: &str, spec: QuotaRequestSpec) -> Result<Made, Error> {
    let api: Api<QuotaRequest> = Api::namespaced(session.writer.clone(), namespace);
    let metadata = ObjectMeta { generate_name: Some("qr-".to_owned()), ..ObjectMeta::default() };
    let made = api
        .create(&PostParams::default(), &QuotaRequest { metadata, spec, status: None })
        .await
        .map_err(Error::api("send the request"))?;
    let name = made.name_any();
    let api: Api<QuotaRequest> = Api::namespaced(session.client.clone(), namespace);
    let has_number = |request: Option<&QuotaRequest>| number(request).is_some();
    let numbered = tokio::time::timeout(NUMBER_WAIT, await_condition(api, &name, has_number)).await;
    let number = numbered.ok().and_then(Result::ok).flatten().and_then(|request| number(Some(&request)));
    Ok(Made {
        number,
        name,
        namespace: namespace.to_owned(),
        department: names::department_of(namespace).map(str::to_owned),
        type_: made.spec.type_,
        application: made.spec.application,
        pool: made.spec.pool,
        resources: made.spec.resources,
    })
}

fn number(request: Option<&QuotaRequest>) -> Option<String> {
    request?.status.as_ref()?.number.clone()
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Made {
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
}

impl Made {
    fn text(&self) -> String {
        let Resources { cpu, memory, storage } = &self.resources;
        let number = self.number.as_deref().unwrap_or("No number yet");
        format!(
            "{number} ({}) submitted: {:?} of {} in {}, afterwards cpu {cpu}, memory {memory}, storage {storage}",
            self.name, self.type_, self.application, self.pool
        )
    }
}

#[cfg(test)]
mod tests;
