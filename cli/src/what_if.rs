//! `what-if`: what a plan of changes would come to, by the code that decides. Nothing is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use ledger::{Bundle, Ledger, Mix, Reason, outlook};
use resources::amounts::Resources;
use resources::v1alpha1::{Allocation, PoolLedger, ResourcePool};
use resources::what_if::{self, Change, Flaw, Line, Planned, Verdict, Written};
use resources::{names, quantity, snapshot, status};
use serde::Serialize;

use crate::error::Error;
use crate::list;
use crate::output::{self, Ending, Format, Width};
use crate::session::Session;
use crate::table::{self, Kind};

/// Bytes of a plan that are read: the most changes there may be, of 2 kB each.
const FILE_BYTES_MAX: u64 = 1_000_000;

/// Say what a plan of changes would come to; nothing is written
///
/// The plan is a CSV file with the columns pool, department, application, mode (Set or Add), count,
/// cpu, memory and storage; an empty amount stays as it is. A row without an application is
/// something new, count times. What gives back is served first, then the rest in the file's order,
/// on a copy of the ledgers as they are. Exit code 1 if anything doesn't fit.
///
/// Fits           now
/// AfterRelease   when what the plan gives back is proven free
/// Unchanged      it is so already
/// Refused        with the resource, its limit, what is asked and what is free
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// The plan
    #[arg(short, long, value_name = "FILE", conflicts_with = "new", required_unless_present = "new")]
    file: Option<PathBuf>,
    /// Without a file: something new of this size, such as 8C16G
    #[arg(long, value_name = "SIZE", value_parser = size, requires = "pool")]
    new: Option<Written>,
    /// How many of them
    #[arg(long, default_value_t = 1, value_name = "N", requires = "new")]
    count: u32,
    /// The pool it shall come from
    #[arg(long, conflicts_with = "file", requires = "new")]
    pool: Option<String>,
    /// Whose it shall be; without one the pool alone bounds it
    #[arg(long, requires = "new")]
    department: Option<String>,
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

fn size(text: &str) -> Result<Written, String> {
    what_if::size(text)
        .ok_or_else(|| "write cores, C, memory and G, such as 8C16G; storage after it, 8C16G1T".to_owned())
}

pub async fn run(session: &Session, arguments: &Arguments) -> Result<Ending, Error> {
    let changes = match (&arguments.file, &arguments.new) {
        (Some(path), _) => read(path)?,
        (None, new) => vec![Change {
            pool: arguments.pool.clone().unwrap_or_default(),
            department: arguments.department.clone(),
            count: arguments.count,
            resources: new.clone().unwrap_or_default(),
            ..Change::default()
        }],
    };
    let observed = Observed::read(session).await?;
    let report = reckon(&changes, &observed)?;
    output::show(arguments.output, &report, |width| text(&report, width))?;
    Ok(if report.fits { Ending::Done } else { Ending::Refused })
}

/// What is read for a plan.
#[derive(Debug, Default)]
struct Observed {
    pools: Vec<ResourcePool>,
    ledgers: Vec<PoolLedger>,
    allocations: Vec<Allocation>,
}

impl Observed {
    async fn read(session: &Session) -> Result<Self, Error> {
        let (client, everything) = (&session.client, ListParams::default());
        Ok(Self {
            pools: list::all(&Api::all(client.clone()), &everything).await?,
            ledgers: list::all(&Api::all(client.clone()), &everything).await?,
            allocations: list::all(&Api::all(client.clone()), &everything).await?,
        })
    }

    /// The pool with its ledger. One that has none yet grants nothing.
    fn pool(&self, name: &str) -> Result<(&ResourcePool, Ledger), Error> {
        let known = || self.pools.iter().map(ResourceExt::name_any).collect::<Vec<_>>().join(", ");
        let pool = self.pools.iter().find(|pool| pool.name_any() == name);
        let pool = pool.ok_or_else(|| Error::UnknownPool { name: name.to_owned(), known: known() })?;
        let object = self.ledgers.iter().find(|ledger| ledger.name_any() == name);
        let ledger = object.map(|object| snapshot::ledger(&object.spec)).transpose();
        let ledger =
            ledger.map_err(|error| Error::Malformed(format!("the ledger of {name} can't be read: {error}")))?;
        Ok((pool, ledger.unwrap_or_default()))
    }
}

fn read(path: &Path) -> Result<Vec<Change>, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Malformed(format!("{} can't be read: {error}", path.display()));
    let length = std::fs::metadata(path).map_err(|error| failed(&error))?.len();
    if length > FILE_BYTES_MAX {
        return Err(failed(&format!("it has {length} bytes, at most {FILE_BYTES_MAX} are")));
    }
    parse(&std::fs::read(path).map_err(|error| failed(&error))?)
}

fn parse(bytes: &[u8]) -> Result<Vec<Change>, Error> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let malformed = |error: csv::Error| Error::Malformed(format!("the plan can't be read: {error}"));
    let fields: Vec<_> = reader.headers().map_err(malformed)?.iter().map(what_if::field_of).collect();
    if !fields.contains(&Some("pool")) {
        let wanted: Vec<&str> = what_if::COLUMNS.iter().map(|(field, ..)| *field).collect();
        return Err(Error::Malformed(format!("the plan has no column pool. Columns: {}", wanted.join(", "))));
    }
    let (mut changes, mut flaws) = (Vec::new(), Vec::new());
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(malformed)?;
        let cells = fields.iter().zip(&record);
        let cells = cells.filter_map(|(field, cell)| Some(((*field)?, cell.to_owned()))).collect();
        match what_if::from_cells(index, &cells) {
            Ok(change) => changes.push(change),
            Err(more) => flaws.extend(more),
        }
    }
    if flaws.is_empty() { Ok(changes) } else { Err(faulty(&flaws)) }
}

/// Everything that is wrong, row by row.
fn faulty(flaws: &[Flaw]) -> Error {
    let told = flaws.iter().map(|flaw| format!("  row {}, {} {}", flaw.change + 1, flaw.field, flaw.cause));
    Error::Malformed(format!("the plan has faults:\n{}", told.collect::<Vec<_>>().join("\n")))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    fits: bool,
    rows: Vec<Row>,
    pools: Vec<Pool>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(flatten)]
    change: Change,
    verdict: &'static str,
    fitting: usize,
    from: Resources,
    to: Resources,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<Why>,
}

#[derive(Debug, Serialize)]
struct Why {
    code: &'static str,
    message: String,
    /// What there is too little, where that can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Pool {
    name: String,
    ledger_revision: u64,
    now: Stand,
    after: Stand,
}

/// A pool's room, and what it means.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Stand {
    granted: Resources,
    free: Resources,
    #[serde(skip_serializing_if = "Option::is_none")]
    binding_resource: Option<&'static str>,
    stranded: Resources,
}

impl Stand {
    fn of(ledger: &Ledger) -> Self {
        let granted = ledger.position().granted;
        let outlook = outlook(ledger.free(), Mix(granted));
        Self {
            granted: granted.into(),
            free: ledger.free().into(),
            binding_resource: outlook.binding.map(ledger::Resource::name),
            stranded: outlook.stranded.into(),
        }
    }
}

fn reckon(changes: &[Change], observed: &Observed) -> Result<Report, Error> {
    let existing = |department: &str, application: &str| {
        let namespace = names::department_namespace(department);
        let own = observed.allocations.iter().filter(move |one| one.namespace().as_deref() == Some(namespace.as_str()));
        own.filter(|one| one.spec.application == application).collect()
    };
    let planned = what_if::lines(changes, existing).map_err(|flaws| faulty(&flaws))?;
    let mut by_pool: BTreeMap<&str, Vec<&Planned>> = BTreeMap::new();
    for one in &planned {
        by_pool.entry(&one.line.spec.pool).or_default().push(one);
    }
    let mut of_change: BTreeMap<usize, Vec<(&Planned, Verdict)>> = BTreeMap::new();
    let mut pools = Vec::new();
    for (name, planned) in by_pool {
        let (pool, ledger) = observed.pool(name)?;
        let lines: Vec<Line> = planned.iter().map(|one| one.line.clone()).collect();
        let outcome = what_if::evaluate(&ledger, what_if::closed(pool).as_ref(), &lines);
        let outcome = outcome.map_err(|(line, violation)| {
            let row = planned[line].change + 1;
            Error::Malformed(format!("the plan has faults:\n  row {row}, {violation}"))
        })?;
        pools.push(Pool {
            name: name.to_owned(),
            ledger_revision: ledger.revision,
            now: Stand::of(&ledger),
            after: Stand::of(&outcome.after),
        });
        for (one, verdict) in planned.into_iter().zip(outcome.verdicts) {
            of_change.entry(one.change).or_default().push((one, verdict));
        }
    }
    let rows: Vec<Row> = changes
        .iter()
        .enumerate()
        .map(|(index, change)| row(change, of_change.get(&index).map(Vec::as_slice).unwrap_or_default()))
        .collect();
    Ok(Report { fits: rows.iter().all(|row| row.verdict != "Refused"), rows, pools })
}

fn row(change: &Change, own: &[(&Planned, Verdict)]) -> Row {
    let (from, to) = own.first().map_or((Bundle::ZERO, Bundle::ZERO), |(one, _)| (one.before, one.target));
    let refused = own.iter().find_map(|(_, verdict)| match verdict {
        Verdict::Refused(reasons) => Some(reasons),
        _ => None,
    });
    let any = |wanted: &Verdict| own.iter().any(|(_, verdict)| verdict == wanted);
    let verdict = match refused {
        Some(_) => "Refused",
        None if any(&Verdict::AfterRelease) => "AfterRelease",
        None if any(&Verdict::Fits) => "Fits",
        None => "Unchanged",
    };
    Row {
        change: change.clone(),
        verdict,
        fitting: own.iter().filter(|(_, verdict)| verdict.fits()).count(),
        from: from.into(),
        to: to.into(),
        reasons: refused.into_iter().flatten().map(why).collect(),
    }
}

fn why(reason: &Reason) -> Why {
    let missing = match reason {
        Reason::InsufficientCapacity { resource, asked, free, .. }
        | Reason::CeilingExceeded { resource, asked, free, .. } => {
            Some(quantity::format(*resource, asked.minus(*free)))
        }
        _ => None,
    };
    Why { code: reason.code(), message: status::explain(reason), missing }
}

fn text(report: &Report, width: Width) -> String {
    let triple = |amounts: &Resources| format!("{}/{}/{}", amounts.cpu, amounts.memory, amounts.storage);
    let columns = [
        ("ROW", Kind::Number),
        ("POOL", Kind::Text),
        ("WHAT", Kind::Cut),
        ("FROM", Kind::Text),
        ("TO", Kind::Text),
        ("VERDICT", Kind::Text),
        ("WHY", Kind::Wrap),
    ];
    let rows = report.rows.iter().enumerate().map(|(index, row)| {
        let Change { pool, department, application, count, .. } = &row.change;
        let what = match (application, department) {
            (Some(application), Some(department)) => format!("{department}/{application}"),
            (_, Some(department)) => format!("{count} new of {department}"),
            _ => format!("{count} new"),
        };
        let verdict = match row.verdict {
            "Refused" if *count > 1 => format!("{} of {count} fit", row.fitting),
            verdict => verdict.to_owned(),
        };
        let why: Vec<String> = row
            .reasons
            .iter()
            .map(|why| match &why.missing {
                Some(missing) => format!("{missing} missing: {}", why.message),
                None => why.message.clone(),
            })
            .collect();
        vec![(index + 1).to_string(), pool.clone(), what, triple(&row.from), triple(&row.to), verdict, why.join("; ")]
    });
    let mut text = table::render(&columns, &rows.collect::<Vec<_>>(), width);
    let columns = [
        ("POOL", Kind::Text),
        ("REVISION", Kind::Number),
        ("", Kind::Text),
        ("GRANTED", Kind::Text),
        ("FREE", Kind::Text),
        ("BINDING", Kind::Text),
        ("STRANDED", Kind::Text),
    ];
    let stand = |name: &str, revision: String, when: &str, stand: &Stand| {
        let binding = stand.binding_resource.unwrap_or("-").to_owned();
        let amounts = [&stand.granted, &stand.free].map(triple);
        let [granted, free] = amounts;
        vec![name.to_owned(), revision, when.to_owned(), granted, free, binding, triple(&stand.stranded)]
    };
    let rows = report.pools.iter().flat_map(|pool| {
        [
            stand(&pool.name, pool.ledger_revision.to_string(), "now", &pool.now),
            stand("", String::new(), "after", &pool.after),
        ]
    });
    text.push('\n');
    text.push_str(&table::render(&columns, &rows.collect::<Vec<_>>(), width));
    text
}

#[cfg(test)]
mod tests;
