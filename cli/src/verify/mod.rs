//! `verify`: recomputes what is granted and enforced from the objects themselves, believing no
//! total that somebody wrote down.

mod findings;
mod observe;

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use resources::audit::{self, Finding, Meaning};
use serde::Serialize;

use crate::clock;
use crate::error::Error;
use crate::output::{self, Ending, Format, Width};
use crate::session::Session;
use crate::table::{self, Kind};
use findings::Summary;
use observe::Observed;

/// Recompute what is granted and enforced, and say what doesn't agree
///
/// Audits the ledger of each pool, compares each quota with what the ledger grants (what quotas ask
/// for or enforce is no more than granted and draining; the fence each carries), and the pools'
/// contracts and the applications by tier with the CloudPolicy. While things change, objects are a
/// moment apart: what doesn't agree is read again, and told if it stays. Exit code 1 if so.
///
/// For a pool in a member cluster the operator's word is taken, unless --member names a kubeconfig
/// of that cluster.
///
/// A finding is Broken (more may be used than is granted, or something says what isn't so), Behind
/// (decided, not carried out yet) or Differs (from the city's own published figures).
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// Take another count by tier than the published one for a finding
    #[arg(long)]
    exact: bool,
    /// A pool in a member cluster, and how to look at its quotas there
    #[arg(long = "member", value_name = "POOL=FILE", value_parser = member)]
    members: Vec<(String, PathBuf)>,
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

fn member(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((pool, file)) if !pool.is_empty() && !file.is_empty() => Ok((pool.to_owned(), PathBuf::from(file))),
        _ => Err("write the pool's name, =, and a kubeconfig's path, such as inspur=inspur.kubeconfig".to_owned()),
    }
}

pub async fn run(session: &Session, arguments: &Arguments) -> Result<Ending, Error> {
    let mut report = read(session, arguments).await?;
    for _ in 1..audit::READINGS {
        if report.findings.is_empty() {
            break;
        }
        tokio::time::sleep(audit::PAUSE).await;
        let next = read(session, arguments).await?;
        let findings = audit::lasting(&report.findings, next.findings);
        report = Verification::new(next.as_of, next.summary, findings);
    }
    output::show(arguments.output, &report, |width| text(&report, width))?;
    Ok(if report.findings.is_empty() { Ending::Done } else { Ending::Refused })
}

async fn read(session: &Session, arguments: &Arguments) -> Result<Verification, Error> {
    let observed = match Observed::read(session, &arguments.members).await {
        Err(error) if error.is_forbidden() => {
            let roles = "yunheng-auditor, yunheng-cloud-admin, yunheng-approver-admin, yunheng-approver-tech";
            return Err(Error::Malformed(format!(
                "{error}. This reads the whole city and needs one of the roles {roles}"
            )));
        }
        other => other?,
    };
    let (summary, findings) = findings::all(&observed, arguments.exact);
    Ok(Verification::new(clock::now(), summary, findings))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    as_of: Timestamp,
    /// No promise is broken: `holds` of `GET /api/v1/invariants`.
    holds: bool,
    /// Everything that is decided is carried out: `settled` there.
    settled: bool,
    #[serde(flatten)]
    summary: Summary,
    findings: Vec<Finding>,
}

impl Verification {
    fn new(as_of: Timestamp, summary: Summary, findings: Vec<Finding>) -> Self {
        let none = |means| findings.iter().all(|finding| finding.means != means);
        Self { as_of, holds: none(Meaning::Broken), settled: none(Meaning::Behind), summary, findings }
    }
}

fn text(report: &Verification, width: Width) -> String {
    let Summary { pools, tiers, allocations, enforced, quotas, remarks } = &report.summary;
    let columns = [
        ("POOL", Kind::Text),
        ("REVISION", Kind::Number),
        ("ENTRIES", Kind::Number),
        ("CAPACITY", Kind::Cut),
        ("GRANTED", Kind::Cut),
        ("DRAINING", Kind::Cut),
        ("HELD", Kind::Cut),
    ];
    let triple =
        |amounts: &resources::amounts::Resources| format!("{}/{}/{}", amounts.cpu, amounts.memory, amounts.storage);
    let rows: Vec<Vec<String>> = pools
        .iter()
        .map(|pool| {
            let numbers = [pool.ledger_revision.to_string(), pool.entries.to_string()];
            let amounts = [&pool.capacity, &pool.granted, &pool.draining, &pool.held].map(triple);
            std::iter::once(pool.name.clone()).chain(numbers).chain(amounts).collect()
        })
        .collect();
    let mut text = table::render(&columns, &rows, width);
    text.push_str(&format!("\n{enforced} of {allocations} allocations enforced, by {quotas} quotas\n"));
    let counts: Vec<String> = tiers.iter().map(|tier| format!("{} {}", tier.tier, tier.applications)).collect();
    text.push_str(&format!("applications by tier: {}\n", counts.join(", ")));
    for remark in remarks {
        text.push_str(&format!("{}\n", table::wrap(remark, table::COLUMNS).join("\n")));
    }
    if report.findings.is_empty() {
        text.push_str("Everything agrees.\n");
        return text;
    }
    let columns = [("CHECK", Kind::Text), ("MEANS", Kind::Text), ("OBJECT", Kind::Cut), ("FINDING", Kind::Wrap)];
    let rows: Vec<Vec<String>> = report
        .findings
        .iter()
        .map(|finding| {
            let (check, means) = (finding.check.name().to_owned(), format!("{:?}", finding.means));
            vec![check, means, finding.object.clone(), finding.message.clone()]
        })
        .collect();
    let counts = [Meaning::Broken, Meaning::Behind, Meaning::Differs].map(|means| {
        let count = report.findings.iter().filter(|finding| finding.means == means).count();
        format!("{count} {means:?}")
    });
    text.push_str(&format!(
        "\n{}{} findings: {}.\n",
        table::render(&columns, &rows, width),
        rows.len(),
        counts.join(", ")
    ));
    text
}
