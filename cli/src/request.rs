//! `request`: ask for quota. What is asked is what the application shall have afterwards.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use kube::api::{ListParams, ObjectMeta, PostParams};
use kube::runtime::wait::await_condition;
use kube::{Api, ResourceExt};
use ledger::{Bundle, Resource};
use resources::amounts::Resources;
use resources::v1alpha1::{
    Allocation, Basis, Contact, Hosting, NewApplication, Period, QuotaRequest, QuotaRequestSpec, RequestType, Tier, Zone,
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

/// Ask for quota. The amounts are what the application shall have afterwards, not the difference.
#[derive(Debug, Args)]
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
struct New {
    #[command(flatten)]
    common: Common,
    /// The pool it shall come from
    #[arg(long)]
    pool: String,
    #[arg(long)]
    cpu: String,
    #[arg(long)]
    memory: String,
    #[arg(long)]
    storage: String,
    /// The last day, as 2027-11-30; without it the grant is permanent
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// The application isn't registered yet: its name for people, such as 婚姻登记系统
    #[arg(long, value_name = "NAME", requires = "tier")]
    display_name: Option<String>,
    /// Level of government of the new application
    #[arg(long, value_enum, requires = "display_name")]
    tier: Option<TierName>,
    /// 等保 grade of the new application
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
    /// The new last day, as 2027-11-30; without it the grant becomes permanent
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
            spec(RequestType::Change, common, requester, has.spec.pool, resources, None)
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
        if next == *has {
            return Err(Error::Malformed("nothing would change: name what shall, such as --cpu 72 or --add-cpu 8".to_owned()));
        }
        Ok(next)
    }
}

/// The application's allocation in the pool, or the only one it has.
async fn allocation(session: &Session, namespace: &str, common: &Common, pool: Option<&str>) -> Result<Allocation, Error> {
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
    found.pop().ok_or_else(|| Error::NothingAllocated { application: application.to_owned(), namespace: namespace.to_owned() })
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
    let api: Api<QuotaRequest> = Api::namespaced(session.client.clone(), namespace);
    let metadata = ObjectMeta { generate_name: Some("qr-".to_owned()), ..ObjectMeta::default() };
    let made = api
        .create(&PostParams::default(), &QuotaRequest { metadata, spec, status: None })
        .await
        .map_err(Error::api("send the request"))?;
    let name = made.name_any();
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
mod tests {
    use serde_json::json;

    use super::*;

    fn allocation(name: &str, application: &str, pool: &str, cpu: &str) -> Allocation {
        serde_json::from_value(json!({
            "apiVersion": "yunheng.io/v1alpha1", "kind": "Allocation", "metadata": {"namespace": "dept-a", "name": name},
            "spec": {"application": application, "pool": pool, "resources": {"cpu": cpu, "memory": "128G", "storage": "10T"}}
        }))
        .unwrap()
    }

    fn change(cpu: Option<&str>, add_cpu: Option<&str>, add_storage: Option<&str>) -> Change {
        Change {
            common: common(),
            pool: None,
            cpu: cpu.map(str::to_owned),
            add_cpu: add_cpu.map(str::to_owned),
            memory: None,
            add_memory: None,
            storage: None,
            add_storage: add_storage.map(str::to_owned),
        }
    }

    fn common() -> Common {
        Common {
            application: "marriage-registry".into(),
            department: OneDepartment::default(),
            justification: "more couples register in May".into(),
            output: Report::Text,
        }
    }

    #[test]
    fn an_amount_is_named_whole_or_as_what_is_added() {
        let has = allocation("a", "a", "cec", "64").spec.resources;
        let cases = [
            (change(Some("72"), None, None), ["72", "128G", "10T"]),
            (change(None, Some("8"), None), ["72", "128G", "10T"]),
            (change(None, Some("500m"), Some("1500G")), ["64500m", "128G", "11500G"]),
        ];
        for (change, [cpu, memory, storage]) in cases {
            let after = change.afterwards(&has).unwrap();
            assert_eq!((&*after.cpu, &*after.memory, &*after.storage), (cpu, memory, storage));
        }
        let wrong = change(None, None, Some("5")).afterwards(&has).unwrap_err().to_string();
        assert!(wrong.starts_with("--add-storage \"5\" has no unit"), "{wrong}");
        assert!(change(None, None, None).afterwards(&has).is_err());
    }

    #[test]
    fn the_allocation_is_the_only_one_or_that_of_the_pool() {
        let all = || {
            vec![
                allocation("one", "one", "cec", "8"),
                allocation("two", "two", "cec", "8"),
                allocation("two-inspur", "two", "inspur", "8"),
                allocation("released", "released", "cec", "0"),
            ]
        };
        let mut zero = all();
        zero[3].spec.resources = Bundle::ZERO.into();
        let name = |application, pool| chosen(zero.clone(), "dept-a", application, pool).map(|found| found.name_any());
        assert_eq!(name("one", None).unwrap(), "one");
        assert_eq!(name("two", Some("inspur")).unwrap(), "two-inspur");
        assert!(matches!(name("two", None), Err(Error::SeveralPools { .. })));
        assert!(matches!(name("one", Some("inspur")), Err(Error::NothingAllocated { .. })));
        assert!(matches!(name("released", None), Err(Error::NothingAllocated { .. })));
    }

    #[test]
    fn all_that_is_wrong_is_told_before_anything_is_sent() {
        let resources = Resources { cpu: "-8".into(), memory: "128".into(), storage: "1.5T".into() };
        let wrong = check(&spec(RequestType::Change, &common(), "zhang".into(), "cec".into(), resources, None));
        let told = wrong.unwrap_err().to_string();
        for part in ["spec.resources.cpu is negative", "spec.resources.memory has no unit", "such as 1500G"] {
            assert!(told.contains(part), "{told}");
        }
        let release = spec(RequestType::Release, &common(), "zhang".into(), "cec".into(), Bundle::ZERO.into(), None);
        assert!(check(&release).is_ok());
    }
}
