//! Rows of applications.

use std::collections::BTreeMap;

use resources::names;
use resources::v1alpha1::Application;
use resources::validate::Cause;
use serde_json::{Map, Value, json};

use super::rows::{Cells, Sheet};
use super::{Planned, step, template};
use crate::export::Line;
use crate::language::Language;
use crate::routes::applications::ApplicationView;
use crate::routes::imports::{ImportFinding, ImportKind};
use crate::sheet::Table;
use crate::sheet::words;
use crate::snapshot::Reading;

/// What has to be written for each row, or everything that is wrong.
pub fn plan(snapshot: &Reading, table: &Table, language: Language) -> Result<Vec<Planned>, Vec<ImportFinding>> {
    let asked = template::asked(ImportKind::Applications);
    let sheet = Sheet::read(table, &asked, &ApplicationView::columns(), language)?;
    // An application's namespace is app-<name>: its name is taken in the whole city.
    let owners: BTreeMap<&str, &str> =
        snapshot.applications.iter().map(|row| (row.name.as_str(), row.department.as_str())).collect();
    let (mut planned, mut findings) = (Vec::new(), Vec::new());
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for row in sheet.rows {
        let mut cells = sheet.cells(row, &mut findings);
        let Some((department, name)) = key(&mut cells, snapshot, &owners, &mut seen) else { continue };
        let existing = snapshot.application_row(&department, &name);
        let said = spec(&mut cells, existing.is_none());
        let spec = existing.map(|row| serde_json::to_value(&row.object.spec).unwrap_or_default());
        let version = existing.and_then(|row| row.object.metadata.resource_version.clone());
        let namespace = Some(names::department_namespace(&department));
        let write = step::<Application>(namespace, &name, spec.as_ref().map(|spec| (spec, version)), said);
        planned.push(Planned { row: row.number, key: format!("{department}/{name}"), write, level: 0 });
    }
    if findings.is_empty() { Ok(planned) } else { Err(findings) }
}

fn key(
    cells: &mut Cells<'_>,
    snapshot: &Reading,
    owners: &BTreeMap<&str, &str>,
    seen: &mut BTreeMap<String, usize>,
) -> Option<(String, String)> {
    let name = cells.name("name", names::APPLICATION_NAME_MAX);
    let department = cells.name("department", names::DEPARTMENT_NAME_MAX);
    if let Some(department) = department.as_ref().filter(|department| !snapshot.departments.contains_key(*department)) {
        let zh = format!("没有使用单位 {department}, 请先导入使用单位");
        let en = format!("there is no department {department}: import departments first");
        cells.say("department", "UnknownDepartment", &zh, &en);
    }
    let (name, department) = (name?, department?);
    if let Some(owner) = owners.get(name.as_str()).filter(|owner| **owner != department) {
        let zh = format!("应用 {name} 已属于使用单位 {owner}");
        let en = format!("{name} is an application of {owner} already");
        cells.say("department", "ApplicationElsewhere", &zh, &en);
    }
    if let Some(earlier) = seen.insert(name.clone(), cells.row.number) {
        let (zh, en) = (format!("与第 {earlier} 行重复"), format!("is in row {earlier} already"));
        cells.say("name", "Twice", &zh, &en);
    }
    Some((department, name))
}

/// What the row says, and nothing else.
fn spec(cells: &mut Cells<'_>, is_new: bool) -> Map<String, Value> {
    let mut said = Map::new();
    let mut put = |field: &str, value: Option<Value>| {
        if let Some(value) = value {
            said.insert(field.to_owned(), value);
        }
    };
    let display_name = cells.text("displayName", 100);
    let tier = cells.word("tier", words::TIERS);
    for (field, missing) in [("displayName", display_name.is_none()), ("tier", tier.is_none())] {
        if is_new && missing && cells.get(field).is_none() {
            cells.rule(field, Cause::Missing);
        }
    }
    put("displayName", display_name.map(Value::from));
    put("tier", tier.map(Value::from));
    put("hosting", cells.word("hosting", words::HOSTINGS).map(Value::from));
    put("zone", cells.word("zone", words::ZONES).map(Value::from));
    put("securityGrade", cells.grade("securityGrade").map(Value::from));
    put("domesticIt", cells.flag("domesticIt").map(Value::from));
    put("keyEvent", cells.flag("keyEvent").map(Value::from));
    put("description", cells.text("description", 1000).map(Value::from));
    match cells.word("sample", words::SAMPLES) {
        Some("true") => put("sample", Some(json!(true))),
        Some("quota") => put("sampleQuota", Some(json!(true))),
        Some(_) => {
            put("sample", Some(json!(false)));
            put("sampleQuota", Some(json!(false)));
        }
        None => {}
    }
    said
}
