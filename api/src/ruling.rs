//! Changing the city's own rules: a value of a request's way, or a year's calendar. Written in the
//! caller's name, on the version that he has seen.

use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use kube::core::ObjectMeta;
use resources::policy::Key;
use resources::v1alpha1::{CloudPolicy, ProcessValue, WorkCalendar, WorkCalendarSpec};
use resources::validate::{self, Flaw};
use resources::{names, workday};

use crate::cluster::Right;
use crate::identity::Caller;
use crate::problem::{Failure, Wrong, WrongCause};
use crate::routes::calendars::{CalendarView, NewCalendar};
use crate::routes::policy::{NewProcessValue, Policy};
use crate::state::App;
use crate::world::CACHED_WITHIN;
use crate::{clock, refusal, respond};

/// Times that a write is tried again because the object's status has moved: it isn't what was looked at.
const TRIES: usize = 3;
/// The version of what isn't there yet.
pub const NOTHING: &str = "0";

/// What the caller names as the version that he has seen: moves with the rules alone, and never comes
/// again where the object was made anew.
#[must_use]
pub fn version(metadata: Option<&ObjectMeta>) -> String {
    let Some(metadata) = metadata else { return NOTHING.to_owned() };
    let uid = metadata.uid.as_deref().unwrap_or_default();
    let short: String = uid.chars().take(8).collect();
    format!("{}.{short}", metadata.generation.unwrap_or_default())
}

fn seen_is(seen: &[String], metadata: Option<&ObjectMeta>) -> Result<(), Failure> {
    let version = version(metadata);
    if seen.contains(&version) { Ok(()) } else { Err(Failure::VersionOld { version }) }
}

/// Whether the caller may write such an object, as the cluster says. Asked before the version is
/// compared: whoever may not isn't told to look again.
pub async fn may_write(app: &App, caller: &Caller, verb: &'static str, resource: &'static str) -> Result<(), Failure> {
    let right = Right { verb, resource, namespace: None, name: None };
    if app.cluster.may(&caller.user, right).await.map_err(refusal::of)? { Ok(()) } else { Err(Failure::Forbidden) }
}

/// Sets a value from a day on.
pub async fn set_value(
    app: App,
    caller: Caller,
    key: String,
    new: NewProcessValue,
    seen: Vec<String>,
) -> Result<Response, Failure> {
    let key = Key::of(&key).filter(|_| caller.rights.reads_policy).ok_or(Failure::NotFound)?;
    may_write(&app, &caller, "update", "cloudpolicies").await?;
    let mut tries = 0;
    let written = loop {
        // Read anew: what is written has to follow from what there is, not from what is shown.
        let before =
            app.cluster.read_policy(&caller.credential).await.map_err(refusal::of)?.ok_or(Failure::NotFound)?;
        let found = before.metadata.clone();
        // What is wrong with the value stays wrong on any version: it is said first.
        let changed = with_value(before, key, &new, (&caller.user.name, clock::now()))?;
        seen_is(&seen, Some(&found))?;
        match app.cluster.write_policy(&caller.credential, &changed).await {
            Err(error) if error.is_conflict() && tries < TRIES => tries += 1,
            written => break written.map_err(refusal::of)?,
        }
    };
    let version = version(Some(&written.metadata));
    let shown = app.world.wait_for(CACHED_WITHIN, |kept| {
        let policy = kept.policies.get("", names::DEFAULT_POLICY)?;
        (self::version(Some(&policy.metadata)) == version).then_some(())
    });
    let _ = shown.await;
    // Whoever reads next, reads what was written.
    let _ = app.snapshot_now().await;
    Ok(respond::fresh(StatusCode::OK, &Policy::of(&written, workday::day_of(clock::now()))))
}

/// The policy with the value. What was set for the same day gives way; days that are over stay as
/// they were, because deadlines were reckoned with them.
fn with_value(
    mut policy: CloudPolicy,
    key: &Key,
    new: &NewProcessValue,
    (by, now): (&str, Timestamp),
) -> Result<CloudPolicy, Failure> {
    let NewProcessValue { value, source, effective_from } = new;
    let entry = ProcessValue {
        key: key.key.to_owned(),
        value: value.trim().to_owned(),
        source: source.trim().to_owned(),
        effective_from: effective_from.clone(),
        changed_by: by.to_owned(),
    };
    let process = &mut policy.spec.process;
    let same = |other: &ProcessValue| other.key == entry.key && other.effective_from == entry.effective_from;
    let index = match process.iter().position(same) {
        Some(index) => {
            process[index] = entry;
            index
        }
        None => {
            process.push(entry);
            process.len() - 1
        }
    };
    let mut wrong: Vec<Wrong> = validate::process(process)
        .into_iter()
        .map(|Flaw { field, wrong }| {
            let own = field.strip_prefix(&format!("spec.process[{index}].")).map(str::to_owned);
            Wrong { field: own.unwrap_or_else(|| refusal::body_path(&field)), cause: WrongCause::Flaw(wrong) }
        })
        .collect();
    let today = workday::day_of(now);
    if effective_from.parse::<Date>().is_ok_and(|from| from < today) {
        wrong.push(Wrong { field: "effectiveFrom".to_owned(), cause: WrongCause::DayOver { today } });
    }
    if wrong.is_empty() { Ok(policy) } else { Err(Failure::Invalid(wrong)) }
}

/// Writes a year's calendar, or writes it anew.
pub async fn set_calendar(
    app: App,
    caller: Caller,
    year: i16,
    new: NewCalendar,
    seen: Vec<String>,
) -> Result<Response, Failure> {
    if !caller.rights.reads_policy {
        return Err(Failure::NotFound);
    }
    may_write(&app, &caller, "update", "workcalendars").await?;
    let name = calendar_name(year);
    let before = app.cluster.read_calendar(&caller.credential, &name).await.map_err(refusal::of)?;
    let found = before.as_ref().map(|before| before.metadata.clone());
    let changed = calendar(year, new, before)?;
    seen_is(&seen, found.as_ref())?;
    let written = app.cluster.write_calendar(&caller.credential, &changed).await.map_err(refusal::of)?;
    let version = version(Some(&written.metadata));
    let shown = app.world.wait_for(CACHED_WITHIN, |kept| {
        let calendar = kept.calendars.get("", &name)?;
        (self::version(Some(&calendar.metadata)) == version).then_some(())
    });
    let _ = shown.await;
    // Whoever reads next, reads what was written.
    let _ = app.snapshot_now().await;
    let known = workday::Calendar::new([&written]);
    let view = CalendarView::of(&known, year, Some(&written), caller.language);
    Ok(respond::fresh(StatusCode::OK, &view))
}

#[must_use]
pub fn calendar_name(year: i16) -> String {
    format!("y{year}")
}

fn calendar(year: i16, new: NewCalendar, before: Option<WorkCalendar>) -> Result<WorkCalendar, Failure> {
    let NewCalendar { holidays, makeup_workdays, source_document, published } = new;
    let spec = WorkCalendarSpec {
        year: year.into(),
        holidays,
        makeup_workdays,
        source_document: source_document.trim().to_owned(),
        published,
    };
    let mut changed = WorkCalendar::new(&calendar_name(year), spec);
    if let Some(before) = before {
        changed.metadata = before.metadata;
    }
    let flaws = validate::work_calendar(&changed);
    if flaws.is_empty() {
        return Ok(changed);
    }
    let wrong = flaws.into_iter().map(|Flaw { field, wrong }| Wrong {
        field: match field.as_str() {
            "metadata.name" | "spec.year" => "year".to_owned(),
            other => refusal::body_path(other),
        },
        cause: WrongCause::Flaw(wrong),
    });
    Err(Failure::Invalid(wrong.collect()))
}

#[cfg(test)]
mod tests {
    use resources::amounts::Resources;
    use resources::v1alpha1::{CityTotals, CloudPolicySpec, TierCounts};

    use super::*;

    fn policy(process: &[(&str, &str, &str)]) -> CloudPolicy {
        let process = process.iter().map(|(key, value, from)| ProcessValue {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
            source: "第8号".to_owned(),
            effective_from: (*from).to_owned(),
            changed_by: String::new(),
        });
        let spec = CloudPolicySpec {
            city_totals: CityTotals {
                capacity: Resources::default(),
                applications: TierCounts { national_provincial: 0, municipal: 0, county: 0 },
                source: String::new(),
                as_of: String::new(),
            },
            zones: vec![],
            reason_codes: vec![],
            thresholds: vec![],
            process: process.collect(),
            automatic: None,
            link_classes: vec![],
        };
        CloudPolicy::new("default", spec)
    }

    fn set(before: &[(&str, &str, &str)], value: &str, from: &str) -> Result<Vec<(String, String)>, Vec<String>> {
        let new = NewProcessValue { value: value.into(), source: "第9号".into(), effective_from: from.into() };
        let now = "2026-11-23T15:00:00+08:00".parse().unwrap();
        match with_value(policy(before), Key::of("sla.accept").unwrap(), &new, ("wang", now)) {
            Ok(policy) => Ok(policy.spec.process.into_iter().map(|one| (one.value, one.changed_by)).collect()),
            Err(Failure::Invalid(wrong)) => {
                Err(wrong.into_iter().map(|one| format!("{} {}", one.field, one.cause.code())).collect())
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_value_is_added_or_takes_the_place_of_the_same_days() {
        let five = ("5".to_owned(), "wang".to_owned());
        let four = ("4".to_owned(), String::new());
        assert_eq!(set(&[], "5", "2026-11-23"), Ok(vec![five.clone()]));
        assert_eq!(set(&[("sla.accept", "4", "2026-01-01")], "5", "2027-01-01"), Ok(vec![four, five.clone()]));
        assert_eq!(set(&[("sla.accept", "4", "2027-01-01")], " 5 ", "2027-01-01"), Ok(vec![five]));
    }

    #[test]
    fn what_is_wrong_is_named_by_the_bodys_field() {
        let wrong = |before: &[_], value: &str, from: &str| set(before, value, from).unwrap_err();
        assert_eq!(wrong(&[], "0", "2026-11-23"), ["value Unreadable"]);
        assert_eq!(wrong(&[], "5", "2026-11-22"), ["effectiveFrom DayOver"]);
        assert_eq!(wrong(&[], "soon", "tomorrow"), ["value Unreadable", "effectiveFrom Date"]);
        let old = [("sla.opinion", "never", "2026-01-01")];
        assert_eq!(wrong(&old, "5", "2026-11-23"), ["process[0].value Unreadable"], "another value's fault is its own");
    }

    #[test]
    fn a_calendars_faults_are_named_by_the_bodys_fields() {
        let new = NewCalendar {
            holidays: vec!["2027-01-01".into(), "2028-01-02".into()],
            makeup_workdays: vec!["2027-01-04".into()],
            source_document: " ".into(),
            published: true,
        };
        let Err(Failure::Invalid(wrong)) = calendar(2027, new, None) else { panic!("it isn't right") };
        let fields: Vec<String> = wrong.iter().map(|one| format!("{} {}", one.field, one.cause.code())).collect();
        assert_eq!(fields, ["holidays[1] OtherYear", "makeupWorkdays[0] NotWeekend", "sourceDocument Length"]);
    }
}
