//! `policy`: what a request's way goes by, each value with where it comes from and since when.

use clap::Args;
use jiff::civil::Date;
use kube::Api;
use resources::policy::{KEYS, Key};
use resources::v1alpha1::{CloudPolicy, ProcessValue};
use resources::{names, workday};
use serde::Serialize;

use crate::clock;
use crate::error::Error;
use crate::output::{self, Ending, Format, Width};
use crate::session::Session;
use crate::table::{self, Kind};

/// The deadlines and bounds of a request's way: value, source, and since when
///
/// VALUE   what counts today
/// SINCE   its first day; empty where nobody has set it and the product's default counts
/// SOURCE  where it comes from
/// COMING  what has been set for a later day
///
/// Values are set with kubectl in spec.process of the CloudPolicy, or on the dashboard's policy page.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Arguments {
    /// On that day instead of today, such as 2027-01-01
    #[arg(long, value_name = "DAY")]
    on: Option<Date>,
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

pub async fn run(session: &Session, arguments: &Arguments) -> Result<Ending, Error> {
    let policies: Api<CloudPolicy> = Api::all(session.client.clone());
    let policy = policies.get_opt(names::DEFAULT_POLICY).await.map_err(Error::api("read the CloudPolicy"))?;
    let process = policy.map(|policy| policy.spec.process).unwrap_or_default();
    let day = arguments.on.unwrap_or_else(|| workday::day_of(clock::now()));
    let values: Vec<Value> = KEYS.iter().map(|key| Value::of(key, &process, day)).collect();
    output::show(arguments.output, &values, |width| text(&values, width))?;
    Ok(Ending::Done)
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Value {
    key: &'static str,
    value: String,
    default: &'static str,
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_from: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    changed_by: String,
    /// What was set for later days, the next first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    coming: Vec<ProcessValue>,
}

impl Value {
    fn of(key: &Key, process: &[ProcessValue], day: Date) -> Self {
        let later = |value: &&ProcessValue| value.effective_from.parse::<Date>().is_ok_and(|from| from > day);
        let mut coming: Vec<ProcessValue> =
            process.iter().filter(|value| value.key == key.key).filter(later).cloned().collect();
        coming.sort_by(|a, b| a.effective_from.cmp(&b.effective_from));
        let set = key.in_force(process, day);
        Self {
            key: key.key,
            value: set.map_or_else(|| key.default.to_owned(), |set| set.value.clone()),
            default: key.default,
            source: set.map_or_else(|| key.source.to_owned(), |set| set.source.clone()),
            effective_from: set.map(|set| set.effective_from.clone()),
            changed_by: set.map(|set| set.changed_by.clone()).unwrap_or_default(),
            coming,
        }
    }
}

fn text(values: &[Value], width: Width) -> String {
    let columns = [
        ("KEY", Kind::Text),
        ("VALUE", Kind::Text),
        ("SINCE", Kind::Text),
        ("COMING", Kind::Wrap),
        ("SOURCE", Kind::Wrap),
    ];
    let rows: Vec<Vec<String>> = values
        .iter()
        .map(|value| {
            let coming = value.coming.iter().map(|later| format!("{} from {}", later.value, later.effective_from));
            vec![
                value.key.to_owned(),
                value.value.clone(),
                value.effective_from.clone().unwrap_or_default(),
                coming.collect::<Vec<_>>().join(", "),
                value.source.clone(),
            ]
        })
        .collect();
    table::render(&columns, &rows, width)
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    fn set(key: &str, value: &str, from: &str) -> ProcessValue {
        ProcessValue {
            key: key.to_owned(),
            value: value.to_owned(),
            source: "孝数发〔2026〕8号".to_owned(),
            effective_from: from.to_owned(),
            changed_by: "wang".to_owned(),
        }
    }

    #[test]
    fn what_counts_on_the_day_is_told_from_what_is_to_come() {
        let process = [
            set("sla.accept", "5", "2027-01-01"),
            set("sla.accept", "4", "2026-06-01"),
            set("sla.opinion", "never", "2026-01-01"),
        ];
        let key = Key::of("sla.accept").unwrap();
        let of = |day: &str| {
            let Value { value, effective_from, coming, .. } = Value::of(key, &process, day.parse().unwrap());
            (value, effective_from.unwrap_or_default(), coming.len())
        };
        assert_eq!(of("2026-05-31"), ("3".to_owned(), String::new(), 2));
        assert_eq!(of("2026-06-01"), ("4".to_owned(), "2026-06-01".to_owned(), 1));
        assert_eq!(of("2027-01-01"), ("5".to_owned(), "2027-01-01".to_owned(), 0));
        let opinion = Value::of(Key::of("sla.opinion").unwrap(), &process, "2026-11-23".parse().unwrap());
        assert_eq!((opinion.value.as_str(), opinion.effective_from), ("2", None), "what can't be read doesn't count");
    }

    #[test]
    fn the_table_has_every_key_and_fits() {
        let process = [set("sla.accept", "5", "2027-01-01")];
        let day = "2026-11-23".parse().unwrap();
        let values: Vec<Value> = KEYS.iter().map(|key| Value::of(key, &process, day)).collect();
        let text = text(&values, Width::Narrow);
        assert!(text.lines().all(|line| line.width() <= table::COLUMNS), "{text}");
        for key in KEYS {
            assert!(text.contains(key.key), "{text}");
        }
        assert!(text.contains("5 from 2027-01-01"), "{text}");
    }
}
