//! `calendar`: which days are worked, and when a deadline ends.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use kube::Api;
use kube::api::ListParams;
use resources::names;
use resources::policy::Policy;
use resources::v1alpha1::{CloudPolicy, WorkCalendar};
use resources::workday::{self, Calendar, Due, Note, Origin, WORKDAYS_MAX, Year};
use serde::Serialize;

use crate::error::Error;
use crate::output::{self, Ending, Format, Report, Width};
use crate::session::Session;
use crate::table::{self, Kind};
use crate::{clock, list};

/// Which days are worked, month by month; and when a deadline ends
///
/// WORKDAYS  days that are worked in the month
/// HOLIDAYS  days off, weekends inside a holiday included
/// MAKE-UP   Saturdays and Sundays that are worked for a holiday
///
/// Without a year it is this one. The cluster's WorkCalendar of the year counts, else the one that
/// is built in (2024 to 2026). A year that isn't published counts Monday to Friday, and what is
/// reckoned with it is provisional.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    /// The year, such as 2026
    #[arg(value_parser = clap::value_parser!(i16).range(2000..=2199))]
    year: Option<i16>,
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

#[derive(Debug, Subcommand)]
enum What {
    Due(DueArguments),
}

/// When a deadline of so many working days ends, and why then
///
/// The day of submission doesn't count. What comes after the cutoff (workday.cutoff of the
/// CloudPolicy) or on a day off counts as of the next working day.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
struct DueArguments {
    /// Time in the city, such as 2026-09-30T10:00, or a day; default now
    #[arg(long, value_name = "WHEN", value_parser = parse_moment)]
    from: Option<Timestamp>,
    /// Working days
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=i64::from(WORKDAYS_MAX)))]
    days: u32,
    #[arg(short, long, value_enum, default_value_t)]
    output: Report,
}

pub async fn run(session: &Session, arguments: &Arguments) -> Result<Ending, Error> {
    let Arguments { what, year, output } = arguments;
    let api: Api<WorkCalendar> = Api::all(session.client.clone());
    let calendar = Calendar::new(&list::all(&api, &ListParams::default()).await?);
    let ignored = ignored(&calendar);
    match what {
        None => {
            let year = year.unwrap_or_else(|| workday::day_of(clock::now()).year());
            let report = YearReport { year: calendar.year(year), ignored };
            output::show(*output, &report, |width| year_text(&report, width))?;
        }
        Some(What::Due(DueArguments { from, days, output })) => {
            let from = from.unwrap_or_else(clock::now);
            let policies: Api<CloudPolicy> = Api::all(session.client.clone());
            let policy = policies.get_opt(names::DEFAULT_POLICY).await.map_err(Error::api("read the CloudPolicy"))?;
            let policy = Policy::on(policy.as_ref().map(|policy| &policy.spec), workday::day_of(from));
            let report = due_report(&calendar, &policy, from, *days, ignored);
            output::show(*output, &report, |_| due_text(&report))?;
        }
    }
    Ok(Ending::Done)
}

fn parse_moment(text: &str) -> Result<Timestamp, String> {
    workday::moment(text).ok_or_else(|| "write it as 2026-09-30T10:00 or 2026-09-30".to_owned())
}

#[derive(Debug, Serialize)]
struct YearReport {
    #[serde(flatten)]
    year: Year,
    /// Objects of the cluster that aren't used, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignored: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DueReport {
    from: String,
    workdays: u32,
    cutoff: String,
    due_at: String,
    provisional: bool,
    notes: Vec<Note>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ignored: Vec<String>,
    #[serde(skip)]
    day: Date,
}

fn due_report(calendar: &Calendar, policy: &Policy, from: Timestamp, workdays: u32, ignored: Vec<String>) -> DueReport {
    let due = calendar.due(from, workdays, policy.cutoff);
    let (due_at, day) = (due.written(), due.day());
    let Due { at: _, provisional, notes } = due;
    let (from, cutoff) = (workday::written(from), policy.cutoff.to_string());
    DueReport { from, workdays, cutoff, due_at, provisional, notes, ignored, day }
}

fn ignored(calendar: &Calendar) -> Vec<String> {
    let told = calendar.ignored().iter().map(|object| {
        let flaws: Vec<String> = object.flaws.iter().map(ToString::to_string).collect();
        format!("WorkCalendar {} isn't used: {}", object.name, flaws.join("; "))
    });
    told.collect()
}

fn year_text(report: &YearReport, width: Width) -> String {
    let YearReport { year, ignored } = report;
    let columns =
        [("MONTH", Kind::Text), ("WORKDAYS", Kind::Number), ("HOLIDAYS", Kind::Wrap), ("MAKE-UP", Kind::Wrap)];
    let mut rows: Vec<Vec<String>> = year
        .months
        .iter()
        .map(|month| {
            let number = format!("{}-{:02}", year.year, month.month);
            vec![number, month.workdays.to_string(), spans(&month.holidays), worked(&month.makeup_workdays)]
        })
        .collect();
    rows.push(vec!["total".to_owned(), year.workdays.to_string(), String::new(), String::new()]);
    let mut sentences = vec![standing(year)];
    sentences.extend(ignored.iter().cloned());
    format!("{}\n{}", table::render(&columns, &rows, width), lines(&sentences, width))
}

/// Where the year's plan comes from.
fn standing(year: &Year) -> String {
    let number = year.year;
    let from = match &year.origin {
        Origin::BuiltIn => "built in".to_owned(),
        Origin::Object { name } => format!("WorkCalendar {name}"),
        Origin::Nowhere => format!("no WorkCalendar y{number}"),
    };
    if year.published {
        format!("{number}: published, {from}: {}", year.source_document)
    } else {
        format!("{number}: provisional (暂定), {from}: not published, Monday to Friday count")
    }
}

/// Days in a row as one: `10-01…10-07, 10-11`.
fn spans(days: &[Date]) -> String {
    let mut spans: Vec<(Date, Date)> = Vec::new();
    for &day in days {
        match spans.last_mut() {
            Some((_, last)) if last.tomorrow().is_ok_and(|next| next == day) => *last = day,
            _ => spans.push((day, day)),
        }
    }
    let short = |day: Date| day.strftime("%m-%d").to_string();
    let texts = spans
        .into_iter()
        .map(|(first, last)| if first == last { short(first) } else { format!("{}…{}", short(first), short(last)) });
    texts.collect::<Vec<_>>().join(", ")
}

/// `10-10 Sat`
fn worked(days: &[Date]) -> String {
    days.iter().map(|day| day.strftime("%m-%d %a").to_string()).collect::<Vec<_>>().join(", ")
}

fn due_text(report: &DueReport) -> String {
    let DueReport { from, workdays, cutoff, provisional, notes, ignored, day, due_at: _ } = report;
    let provisional = if *provisional { ", provisional (暂定)" } else { "" };
    let plural = if *workdays == 1 { "" } else { "s" };
    let mut sentences = vec![
        format!("due {} {cutoff}{provisional}", day.strftime("%Y-%m-%d %a")),
        format!("{workdays} working day{plural} from {from}; cutoff {cutoff}"),
    ];
    sentences.extend(notes.iter().map(|note| format!("- {} ({})", note.en, note.zh)));
    sentences.extend(ignored.iter().cloned());
    lines(&sentences, Width::Narrow)
}

fn lines(sentences: &[String], width: Width) -> String {
    let room = if width == Width::Wide { usize::MAX } else { table::COLUMNS };
    sentences.iter().flat_map(|sentence| table::wrap(sentence, room)).map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests;
