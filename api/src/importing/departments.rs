//! Rows of departments.

use std::collections::BTreeMap;

use ledger::Resource;
use resources::v1alpha1::Department;
use resources::validate::Cause;
use resources::{names, quantity};
use serde_json::{Map, Value, json};

use super::rows::{Cells, Sheet};
use super::{Planned, step, template};
use crate::export::Line;
use crate::language::Language;
use crate::routes::departments::DepartmentView;
use crate::routes::imports::{ImportFinding, ImportKind};
use crate::sheet::Table;
use crate::sheet::words;
use crate::snapshot::Reading;

/// People that one cell may name: the bound of the kind.
const PEOPLE_MAX: usize = 100;
/// How deep the tree may be: what the ledger walks.
const DEPTH_MAX: usize = 16;

/// What has to be written for each row, or everything that is wrong.
pub fn plan(snapshot: &Reading, table: &Table, language: Language) -> Result<Vec<Planned>, Vec<ImportFinding>> {
    let asked = template::asked(ImportKind::Departments);
    let sheet = Sheet::read(table, &asked, &DepartmentView::columns(), language)?;
    let (mut planned, mut findings) = (Vec::new(), Vec::new());
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    // Who is above whom when everything is written.
    let mut parents: BTreeMap<String, String> =
        snapshot.departments.iter().map(|(name, department)| (name.clone(), department.spec.parent.clone())).collect();
    for row in sheet.rows {
        let mut cells = sheet.cells(row, &mut findings);
        let Some(name) = cells.name("name", names::DEPARTMENT_NAME_MAX) else { continue };
        if let Some(earlier) = seen.insert(name.clone(), row.number) {
            let (zh, en) = (format!("与第 {earlier} 行重复"), format!("is in row {earlier} already"));
            cells.say("name", "Twice", &zh, &en);
        }
        let existing = snapshot.departments.get(&name);
        let said = spec(&mut cells, snapshot, existing.is_none());
        let parent = said.get("parent").and_then(Value::as_str).map(str::to_owned);
        let above = parents.entry(name.clone()).or_default();
        if let Some(parent) = parent {
            *above = parent;
        }
        let spec = existing.map(|department| serde_json::to_value(&department.spec).unwrap_or_default());
        let version = existing.and_then(|department| department.metadata.resource_version.clone());
        let write = step::<Department>(None, &name, spec.as_ref().map(|spec| (spec, version)), said);
        planned.push(Planned { row: row.number, key: name, write, level: 0 });
    }
    for (one, row) in planned.iter_mut().zip(sheet.rows.iter()) {
        // A row without a readable name has a finding already, and its neighbours' don't matter then.
        if !findings.is_empty() && one.row != row.number {
            break;
        }
        let mut cells = sheet.cells(row, &mut findings);
        one.level = level(&mut cells, &one.key, &parents);
    }
    if findings.is_empty() { Ok(planned) } else { Err(findings) }
}

/// How many are above it; those above are written first.
fn level(cells: &mut Cells<'_>, name: &str, parents: &BTreeMap<String, String>) -> usize {
    let mut at = name;
    for depth in 0..DEPTH_MAX {
        match parents.get(at) {
            Some(parent) if parent.is_empty() => return depth,
            Some(parent) => at = parent,
            None => {
                let zh = format!("没有使用单位 {at}");
                cells.say("parent", "UnknownDepartment", &zh, &format!("there is no department {at}"));
                return depth;
            }
        }
    }
    let (zh, en) = ("上级单位成环, 或层级过多", "the departments above it go in a circle, or are too many");
    cells.say("parent", "DepartmentCycle", zh, en);
    DEPTH_MAX
}

/// What the row says, and nothing else.
fn spec(cells: &mut Cells<'_>, snapshot: &Reading, is_new: bool) -> Map<String, Value> {
    let mut said = Map::new();
    let mut put = |field: &str, value: Option<Value>| {
        if let Some(value) = value {
            said.insert(field.to_owned(), value);
        }
    };
    for field in ["displayName", "tier"] {
        if is_new && cells.get(field).is_none() {
            cells.rule(field, Cause::Missing);
        }
    }
    put("displayName", cells.text("displayName", 100).map(Value::from));
    put("tier", cells.word("tier", words::TIERS).map(Value::from));
    put("code", code(cells).map(Value::from));
    put("division", division(cells).map(Value::from));
    put("parent", cells.text("parent", names::DEPARTMENT_NAME_MAX).map(Value::from));
    let contact: Map<String, Value> = [("name", "contactName", 100), ("phone", "contactPhone", 50)]
        .into_iter()
        .filter_map(|(field, column, max)| Some((field.to_owned(), cells.text(column, max)?.into())))
        .collect();
    put("contact", (!contact.is_empty()).then_some(Value::Object(contact)));
    let members: Map<String, Value> = ["owners", "users"]
        .into_iter()
        .filter_map(|column| Some((column.to_owned(), json!(people(cells, column)?))))
        .collect();
    put("members", (!members.is_empty()).then_some(Value::Object(members)));
    put("ceilings", ceilings(cells, snapshot).map(Value::from));
    put("sample", cells.word("sample", words::SAMPLES).map(|word| json!(word != "false")));
    said
}

/// 统一社会信用代码
fn code(cells: &mut Cells<'_>) -> Option<String> {
    let code = cells.get("code")?;
    let letter = |c: char| c.is_ascii_digit() || (c.is_ascii_uppercase() && !"IOSVZ".contains(c));
    if code.len() != 18 || !code.chars().all(letter) || !code[2..8].chars().all(|c| c.is_ascii_digit()) {
        let en = "isn't a unified social credit code: 18 digits and capitals without I, O, S, V, Z";
        cells.say("code", "Code", "不是 18 位统一社会信用代码", en);
    }
    Some(code)
}

fn division(cells: &mut Cells<'_>) -> Option<String> {
    let division = cells.text("division", 12)?;
    if !division.chars().all(|c| c.is_ascii_digit()) {
        cells.say(
            "division",
            "Division",
            "不是行政区划代码, 请填写数字如 420902",
            "isn't a division code: write its digits",
        );
    }
    Some(division)
}

fn people(cells: &mut Cells<'_>, column: &str) -> Option<Vec<String>> {
    let people = cells.parts(column)?;
    if people.len() > PEOPLE_MAX {
        cells.rule(column, Cause::TooMany { count: people.len(), max: PEOPLE_MAX });
    }
    if people.iter().any(|person| person.chars().count() > 253 || person == "group:") {
        let en = "has what is neither a user name nor group:<name>";
        cells.say(column, "Person", "有不合法的用户名或 group:<组名>", en);
    }
    Some(people)
}

/// `cec:400:800G:60T;inspur:…`
fn ceilings(cells: &mut Cells<'_>, snapshot: &Reading) -> Option<Vec<Value>> {
    let mut ceilings: Vec<Value> = Vec::new();
    for part in cells.parts("ceilings")? {
        let fields: Vec<&str> = part.split(':').map(str::trim).collect();
        let [pool, cpu, memory, storage] = fields.as_slice() else {
            let shown: String = part.chars().take(40).collect();
            let zh = format!("“{shown}”应写成 资源池:CPU:内存:存储, 如 cec:400:800G:60T");
            let en = format!("{shown:?} isn't pool:cpu:memory:storage, such as cec:400:800G:60T");
            cells.say("ceilings", "Ceiling", &zh, &en);
            continue;
        };
        if !snapshot.pools.contains_key(*pool) {
            cells.say("ceilings", "UnknownPool", &format!("没有资源池 {pool}"), &format!("there is no pool {pool}"));
        }
        for (resource, text) in Resource::ALL.into_iter().zip([cpu, memory, storage]) {
            if let Err(error) = quantity::parse(resource, text) {
                cells.rule("ceilings", Cause::Amount(error));
            }
        }
        if ceilings.iter().any(|other| other["pool"] == **pool) {
            cells.rule("ceilings", Cause::Twice);
        }
        ceilings.push(json!({"pool": pool, "cpu": cpu, "memory": memory, "storage": storage}));
    }
    Some(ceilings)
}
