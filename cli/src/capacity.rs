//! `capacity`: what each pool has, has promised and has left, and all of them together.

use clap::Args;
use jiff::Timestamp;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use ledger::{Amount, Bundle, Mix, PerResource, Resource, outlook};
use resources::amounts::{Known, Resources};
use resources::v1alpha1::{ResourcePool, ResourcePoolStatus};
use resources::{condition, quantity, status};
use serde::Serialize;

use crate::error::Error;
use crate::output::{self, Ending, Format, Width};
use crate::session::Session;
use crate::table::{self, Kind};
use crate::{clock, list};

/// What each pool has, has granted and has left; and all together
///
/// CAPACITY   what may be granted: the contract x its grantable percentage
/// PHYSICAL   what the nodes can allocate; storage as the provider declares it
/// GRANTED    in force; +n is taken back but not yet proven free, and still counts
/// %          granted and draining of the capacity
/// HELD       kept for requests that are decided and being written
/// REQUESTED  asked for and undecided; blocks nothing
/// USED       charged to the quotas by what runs
/// FREE       what can still be granted
///
/// A star marks the resource that will be used up first.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Only this pool
    pool: Option<String>,
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

pub async fn run(session: &Session, arguments: &Arguments) -> Result<Ending, Error> {
    let api: Api<ResourcePool> = Api::all(session.client.clone());
    let pools = list::all(&api, &ListParams::default()).await?;
    let report = report(&chosen(pools, arguments.pool.as_deref())?, arguments.pool.is_none(), clock::now());
    output::show(arguments.output, &report, |width| text(&report, width))?;
    Ok(Ending::Done)
}

fn chosen(pools: Vec<ResourcePool>, name: Option<&str>) -> Result<Vec<ResourcePool>, Error> {
    if pools.is_empty() {
        return Err(Error::NoPools);
    }
    let Some(name) = name else { return Ok(pools) };
    let known: Vec<String> = pools.iter().map(ResourceExt::name_any).collect();
    match pools.into_iter().find(|pool| pool.name_any() == name) {
        Some(pool) => Ok(vec![pool]),
        None => Err(Error::UnknownPool { name: name.to_owned(), known: known.join(", ") }),
    }
}

/// All pools at one time.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CapacityReport {
    as_of: Timestamp,
    pools: Vec<PoolReport>,
    /// Absent where one pool was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Numbers>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PoolReport {
    name: String,
    display_name: String,
    provider: String,
    /// The contract's own figures, and its wording.
    contract: Resources,
    contract_text: String,
    #[serde(flatten)]
    numbers: Numbers,
    #[serde(skip_serializing_if = "Option::is_none")]
    physical_observed_at: Option<Timestamp>,
    physical_simulated: bool,
    /// The figures are sample data.
    sample: bool,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ledger_revision: Option<i64>,
}

/// The numbers of a pool or of several. What isn't known is absent, which is not zero.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Numbers {
    capacity: Known,
    physical: Known,
    granted: Known,
    draining: Known,
    held: Known,
    requested: Known,
    used: Known,
    free: Known,
    /// Granted and draining in percent of the capacity.
    allocation_rate: Rates,
    /// Used in percent of what is granted.
    utilisation: Rates,
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_resource: Option<String>,
    /// Free, but not grantable in the mix of what is granted: the binding resource is used up.
    stranded: Known,
}

#[derive(Debug, Default, Serialize)]
struct Rates {
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    memory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage: Option<String>,
}

/// The same as amounts. `None`: nobody has said yet.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    capacity: Option<Bundle>,
    physical: PerResource<Option<Amount>>,
    granted: Option<Bundle>,
    draining: Option<Bundle>,
    held: Option<Bundle>,
    requested: Option<Bundle>,
    used: Option<Bundle>,
    free: Option<Bundle>,
    stranded: Option<Bundle>,
    binding: Option<Resource>,
}

fn report(pools: &[ResourcePool], with_total: bool, as_of: Timestamp) -> CapacityReport {
    let figures: Vec<Figures> = pools.iter().map(|pool| figures(pool.status.as_ref())).collect();
    let total = with_total.then(|| numbers(&total(&figures)));
    let pools = pools.iter().zip(&figures).map(|(pool, figures)| pool_report(pool, figures)).collect();
    CapacityReport { as_of, pools, total }
}

fn figures(status: Option<&ResourcePoolStatus>) -> Figures {
    let Some(status) = status else { return Figures::default() };
    let whole = |known: &Option<Known>| known.as_ref().and_then(|known| whole(known.parse()));
    let physical = status.physical.as_ref().map(|physical| {
        let (cpu, memory, storage) = (physical.cpu.clone(), physical.memory.clone(), physical.storage.clone());
        Known { cpu, memory, storage }.parse()
    });
    let name = status.binding_resource.as_deref();
    Figures {
        capacity: whole(&status.capacity),
        physical: physical.unwrap_or_default(),
        granted: whole(&status.granted),
        draining: whole(&status.draining),
        held: whole(&status.held),
        requested: whole(&status.requested),
        used: whole(&status.used),
        free: whole(&status.free),
        stranded: whole(&status.stranded),
        binding: Resource::ALL.into_iter().find(|resource| Some(resource.name()) == name),
    }
}

fn whole(amounts: PerResource<Option<Amount>>) -> Option<Bundle> {
    Some(Bundle { cpu: amounts.cpu?, memory: amounts.memory?, storage: amounts.storage? })
}

/// Sums over the pools; unknown where one of them is. Stranded capacity is summed pool by pool:
/// what is free in one doesn't help the other.
fn total(pools: &[Figures]) -> Figures {
    let sum = |field: fn(&Figures) -> Option<Bundle>| {
        pools.iter().map(field).try_fold(Bundle::ZERO, |sum, next| Some(sum.plus(next?)))
    };
    let physical = pools.iter().fold(PerResource::<Amount>::default().map(Some), |sum, pool| {
        sum.zip(pool.physical, |sum, next| Some(sum?.plus(next?)))
    });
    let (free, granted) = (sum(|pool| pool.free), sum(|pool| pool.granted));
    Figures {
        capacity: sum(|pool| pool.capacity),
        physical,
        granted,
        draining: sum(|pool| pool.draining),
        held: sum(|pool| pool.held),
        requested: sum(|pool| pool.requested),
        used: sum(|pool| pool.used),
        free,
        stranded: sum(|pool| pool.stranded),
        binding: free.zip(granted).and_then(|(free, granted)| outlook(free, Mix(granted)).binding),
    }
}

fn numbers(figures: &Figures) -> Numbers {
    let known = |bundle: Option<Bundle>| bundle.map(Known::from).unwrap_or_default();
    let rates = |part: Option<Bundle>, of: Option<Bundle>| {
        let Some((part, of)) = part.zip(of) else { return Rates::default() };
        let PerResource { cpu, memory, storage } = status::rates(part, of);
        Rates { cpu, memory, storage }
    };
    let Figures { capacity, physical, granted, draining, held, requested, used, free, stranded, binding } = *figures;
    let allocated = granted.zip(draining).map(|(granted, draining)| granted.plus(draining));
    Numbers {
        capacity: known(capacity),
        physical: physical.into(),
        granted: known(granted),
        draining: known(draining),
        held: known(held),
        requested: known(requested),
        used: known(used),
        free: known(free),
        allocation_rate: rates(allocated, capacity),
        utilisation: rates(used, granted),
        binding_resource: binding.map(|resource| resource.name().to_owned()),
        stranded: known(stranded),
    }
}

fn pool_report(pool: &ResourcePool, figures: &Figures) -> PoolReport {
    let spec = &pool.spec;
    let physical = pool.status.as_ref().and_then(|status| status.physical.as_ref());
    let conditions = pool.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let ready = condition::is_true(conditions, condition::READY);
    let told = condition::find(conditions, condition::READY).map(|condition| condition.message.clone());
    PoolReport {
        name: pool.name_any(),
        display_name: spec.display_name.clone(),
        provider: spec.provider.name.clone(),
        contract: spec.contract.capacity.clone(),
        contract_text: spec.contract.text.clone(),
        numbers: numbers(figures),
        physical_observed_at: physical.and_then(|physical| Some(physical.observed_at.as_ref()?.0)),
        physical_simulated: physical.is_some_and(|physical| physical.simulated),
        sample: spec.sample,
        ready,
        message: if ready { None } else { told.or_else(|| Some("the operator hasn't looked at it yet".to_owned())) },
        ledger_revision: pool.status.as_ref().and_then(|status| status.ledger_revision),
    }
}

fn text(report: &CapacityReport, width: Width) -> String {
    let wide = width == Width::Wide;
    let mut columns = vec![("POOL", Kind::Cut), ("RESOURCE", Kind::Text)];
    if wide {
        columns.push(("CONTRACT", Kind::Number));
    }
    columns.extend([
        ("CAPACITY", Kind::Number),
        ("PHYSICAL", Kind::Number),
        ("GRANTED", Kind::Number),
        ("%", Kind::Number),
    ]);
    columns.extend([
        ("HELD", Kind::Number),
        ("REQUESTED", Kind::Number),
        ("USED", Kind::Number),
        ("FREE", Kind::Number),
    ]);
    if wide {
        columns.push(("STRANDED", Kind::Number));
    }
    let mut rows = Vec::new();
    for pool in &report.pools {
        rows.extend(rows_of(&pool.name, Some(&pool.contract), &pool.numbers, wide));
    }
    if let Some(total) = &report.total
        && report.pools.len() > 1
    {
        rows.extend(rows_of("total", None, total, wide));
    }
    let mut text = table::render(&columns, &rows, width);
    text.push('\n');
    for sentence in report.pools.iter().flat_map(remarks).chain(report.total.iter().filter_map(total_remark)) {
        let room = if wide { usize::MAX } else { table::COLUMNS };
        table::wrap(&sentence, room).iter().for_each(|line| {
            text.push_str(line);
            text.push('\n');
        });
    }
    text
}

fn rows_of(name: &str, contract: Option<&Resources>, numbers: &Numbers, wide: bool) -> Vec<Vec<String>> {
    let of = |known: &Known, resource| field(known, resource).unwrap_or_else(|| "-".to_owned());
    Resource::ALL
        .into_iter()
        .map(|resource| {
            let binds = numbers.binding_resource.as_deref() == Some(resource.name());
            let first = if resource == Resource::Cpu { name } else { "" };
            let mut row = vec![first.to_owned(), format!("{resource}{}", if binds { " *" } else { "" })];
            if wide {
                row.push(contract.map_or_else(|| "-".to_owned(), |contract| contract.of(resource).to_owned()));
            }
            let rate = match resource {
                Resource::Cpu => &numbers.allocation_rate.cpu,
                Resource::Memory => &numbers.allocation_rate.memory,
                Resource::Storage => &numbers.allocation_rate.storage,
            };
            row.extend([of(&numbers.capacity, resource), of(&numbers.physical, resource)]);
            row.extend([granted(numbers, resource), rate.clone().unwrap_or_else(|| "-".to_owned())]);
            row.extend([of(&numbers.held, resource), of(&numbers.requested, resource)]);
            row.extend([of(&numbers.used, resource), of(&numbers.free, resource)]);
            if wide {
                row.push(of(&numbers.stranded, resource));
            }
            row
        })
        .collect()
}

/// What is granted, and what is still draining beside it: `8550` or `8550+64`.
fn granted(numbers: &Numbers, resource: Resource) -> String {
    let Some(granted) = field(&numbers.granted, resource) else { return "-".to_owned() };
    match numbers.draining.parse().of(resource) {
        Some(draining) if !draining.is_zero() => format!("{granted}+{}", quantity::format(resource, *draining)),
        _ => granted,
    }
}

fn field(known: &Known, resource: Resource) -> Option<String> {
    let amount = (*known.parse().of(resource))?;
    Some(shown(resource, amount))
}

/// What runs is counted to the byte, and a share of a mix is seldom whole: a long number is rounded
/// to the unit people know, and says so. The exact ones are in -o json.
fn shown(resource: Resource, amount: Amount) -> String {
    let exact = quantity::format(resource, amount);
    let (unit, size) = match resource {
        Resource::Cpu => ("", 1_000),
        Resource::Memory => ("G", 1_000_000_000),
        Resource::Storage if amount.get() >= 10_000_000_000_000 => ("T", 1_000_000_000_000),
        Resource::Storage => ("G", 1_000_000_000),
    };
    if exact.len() <= 7 { exact } else { format!("~{}{unit}", (amount.get() + size / 2) / size) }
}

fn remarks(pool: &PoolReport) -> Vec<String> {
    let name = &pool.name;
    let mut told = Vec::new();
    if let Some(sentence) = stranded_sentence(name, &pool.numbers) {
        told.push(sentence);
    }
    if let Some(message) = &pool.message {
        told.push(format!("{name}: not ready: {message}"));
    }
    if pool.physical_simulated {
        told.push(format!("{name}: physical figures come from simulated nodes"));
    }
    if pool.sample {
        told.push(format!("{name}: the contract's figures are sample data (示例)"));
    }
    told
}

fn total_remark(total: &Numbers) -> Option<String> {
    stranded_sentence("total", total)
}

/// `cec: memory binds. Free but not grantable in today's mix: cpu 4845, storage 300T`
fn stranded_sentence(name: &str, numbers: &Numbers) -> Option<String> {
    let binding = numbers.binding_resource.as_deref()?;
    let stranded = whole(numbers.stranded.parse()).unwrap_or_default();
    let parts: Vec<String> = Resource::ALL
        .into_iter()
        .filter(|resource| !stranded.of(*resource).is_zero())
        .map(|resource| format!("{resource} {}", shown(resource, *stranded.of(resource))))
        .collect();
    if parts.is_empty() {
        return Some(format!("{name}: {binding} binds"));
    }
    Some(format!("{name}: {binding} binds. Free but not grantable in today's mix: {}", parts.join(", ")))
}

#[cfg(test)]
mod tests;
