//! The rows as what they stand for. Each row is read alone here; what they are to each other is
//! checked in `check`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use ledger::{Bundle, Resource};
use resources::names;
use resources::v1alpha1::{Hosting, Tier, Zone};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::fault::Fault;
use super::links::{self, LinkRow};
use super::sheet::{Cells, Row, Sheet};

pub const POOLS: &str = "pools.csv";
pub const DEPARTMENTS: &str = "departments.csv";
pub const APPLICATIONS: &str = "applications.csv";
pub const FACTS: &str = "facts.csv";

const POOL_COLUMNS: &[&str] = &[
    "name",
    "displayName",
    "providerName",
    "providerCode",
    "contractId",
    "contractStart",
    "contractEnd",
    "cpu",
    "memory",
    "storage",
    "text",
    "declaredStorage",
    "sample",
];
const DEPARTMENT_COLUMNS: &[&str] = &[
    "name",
    "displayName",
    "tier",
    "division",
    "parent",
    "code",
    "contactName",
    "contactPhone",
    "owners",
    "users",
    "ceilings",
    "sample",
];
const APPLICATION_COLUMNS: &[&str] = &[
    "department",
    "name",
    "displayName",
    "tier",
    "hosting",
    "zone",
    "securityGrade",
    "domesticIt",
    "keyEvent",
    "sample",
    "sampleQuota",
    "pool",
    "cpu",
    "memory",
    "storage",
    "description",
];
const FACT_COLUMNS: &[&str] = &["application", "label", "value", "unit", "asOf", "source"];

const TIERS: &[&str] = &["NationalProvincial", "Municipal", "County"];
const HOSTINGS: &[&str] = &["Hosted", "Connected"];
const ZONES: &[&str] = &["InternetZone", "ExtranetZone", "LeasedLineZone", "DMZ"];

/// Facts that one application may carry: the bound of its kind.
const FACTS_MAX: usize = 50;

/// All rows of the files.
#[derive(Debug, Default)]
pub struct Inventory {
    pub pools: Vec<PoolRow>,
    pub departments: Vec<DepartmentRow>,
    pub applications: Vec<ApplicationRow>,
    /// Empty where there is no file of links.
    pub links: Vec<LinkRow>,
}

#[derive(Debug)]
pub struct PoolRow {
    pub row: Row,
    pub name: String,
    /// The object's spec, with only what the row says: the rest stays who else wrote it.
    pub spec: Value,
    pub capacity: Bundle,
}

#[derive(Debug)]
pub struct DepartmentRow {
    pub row: Row,
    pub name: String,
    /// Empty at the top.
    pub parent: String,
    pub spec: Value,
    pub ceilings: BTreeMap<String, Bundle>,
}

#[derive(Debug)]
pub struct ApplicationRow {
    pub row: Row,
    pub name: String,
    pub department: String,
    pub pool: String,
    pub sample: bool,
    pub application: Value,
    pub allocation: Value,
    pub amounts: Bundle,
}

/// How many there are of each.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Counts {
    pub pools: usize,
    pub departments: usize,
    pub applications: usize,
    pub links: usize,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pools, departments, applications, links } = self;
        write!(f, "{pools} pools, {departments} departments, {applications} applications, {links} links")
    }
}

impl Inventory {
    pub fn read(dir: &Path, faults: &mut Vec<Fault>) -> Self {
        let pools = Sheet::read(dir, POOLS, POOL_COLUMNS, faults);
        let departments = Sheet::read(dir, DEPARTMENTS, DEPARTMENT_COLUMNS, faults);
        let applications = Sheet::read(dir, APPLICATIONS, APPLICATION_COLUMNS, faults);
        let facts = Sheet::read(dir, FACTS, FACT_COLUMNS, faults);
        let links = links::read(dir, faults);
        Self { links, ..Self::of(pools, departments, applications, &facts, faults) }
    }

    fn of(pools: Sheet, departments: Sheet, applications: Sheet, facts: &Sheet, faults: &mut Vec<Fault>) -> Self {
        let mut figures = facts_by_application(facts, &applications, faults);
        Self {
            pools: pools.rows.into_iter().map(|row| pool(row, faults)).collect(),
            departments: departments.rows.into_iter().map(|row| department(row, faults)).collect(),
            applications: applications
                .rows
                .into_iter()
                .map(|row| {
                    let facts = figures.remove(row.cell("name")).unwrap_or_default();
                    application(row, &facts, faults)
                })
                .collect(),
            links: Vec::new(),
        }
    }

    /// Without the applications that are sample data. Departments and pools stay: people belong to
    /// departments, and the contract is the contract.
    #[must_use]
    pub fn named_only(mut self) -> Self {
        self.applications.retain(|application| !application.sample);
        self
    }

    pub fn counts(&self) -> Counts {
        Counts {
            pools: self.pools.len(),
            departments: self.departments.len(),
            applications: self.applications.len(),
            links: self.links.len(),
        }
    }
}

fn pool(row: Row, faults: &mut Vec<Fault>) -> PoolRow {
    let mut cells = Cells { row: &row, faults };
    let name = cells.name("name", names::DEPARTMENT_NAME_MAX);
    let capacity = amounts(&mut cells);
    if capacity.is_zero() {
        cells.say("cpu", "cpu, memory and storage are all zero: a pool without capacity can't grant anything");
    }
    cells.amount("declaredStorage", Resource::Storage);
    let (start, end) = (cells.date("contractStart"), cells.date("contractEnd"));
    if end < start {
        cells.say("contractEnd", format!("{end} is before contractStart {start}"));
    }
    let spec = json!({
        "displayName": cells.text("displayName", 1, 100),
        "provider": {"name": cells.text("providerName", 1, 100), "code": cells.text("providerCode", 1, 30)},
        "contract": {
            "id": cells.text("contractId", 1, 100), "start": start, "end": end, "capacity": resources_of(&row),
            "text": cells.text("text", 0, 500),
        },
        "cluster": {"local": {}},
        "nodeSelector": {names::LABEL_POOL: name},
        "declaredPhysical": {"storage": row.cell("declaredStorage")},
        "sample": cells.flag("sample"),
    });
    PoolRow { name, spec, capacity, row }
}

fn department(row: Row, faults: &mut Vec<Fault>) -> DepartmentRow {
    let mut cells = Cells { row: &row, faults };
    let name = cells.name("name", names::DEPARTMENT_NAME_MAX);
    let tier: Option<Tier> = cells.word("tier", TIERS);
    let division = cells.text("division", 0, 12);
    if !division.chars().all(|character| character.is_ascii_digit()) {
        cells.say("division", format!("{division:?} isn't a division code: write its digits, such as 420902"));
    }
    let parent = row.cell("parent").to_owned();
    let (ceiling_specs, ceilings) = ceilings(&mut cells);
    let mut spec = Map::new();
    let mut put = |key: &str, value: Value| spec.insert(key.to_owned(), value);
    put("displayName", json!(cells.text("displayName", 1, 100)));
    put("tier", json!(tier));
    put(
        "contact",
        json!(filled([("name", cells.text("contactName", 0, 100)), ("phone", cells.text("contactPhone", 0, 50))])),
    );
    put("sample", json!(cells.flag("sample")));
    for (key, value) in
        filled([("division", division), ("parent", parent.clone()), ("code", cells.text("code", 0, 18))])
    {
        spec.insert(key, value);
    }
    let members: Map<String, Value> = ["owners", "users"]
        .into_iter()
        .map(|column| (column.to_owned(), members(&mut cells, column)))
        .filter(|(_, people)| !people.is_empty())
        .map(|(column, people)| (column, json!(people)))
        .collect();
    if !members.is_empty() {
        spec.insert("members".to_owned(), Value::Object(members));
    }
    if !ceiling_specs.is_empty() {
        spec.insert("ceilings".to_owned(), Value::Array(ceiling_specs));
    }
    DepartmentRow { name, parent, spec: Value::Object(spec), ceilings, row }
}

/// `cec:400:800G:60T;inspur:…`
fn ceilings(cells: &mut Cells<'_>) -> (Vec<Value>, BTreeMap<String, Bundle>) {
    let (mut specs, mut ceilings) = (Vec::new(), BTreeMap::new());
    for part in cells.parts("ceilings") {
        let fields: Vec<&str> = part.split(':').collect();
        let [pool, cpu, memory, storage] = fields.as_slice() else {
            cells.say("ceilings", format!("{part:?} isn't pool:cpu:memory:storage, such as cec:400:800G:60T"));
            continue;
        };
        let bundle = Bundle {
            cpu: cells.amount_of("ceilings", Resource::Cpu, cpu),
            memory: cells.amount_of("ceilings", Resource::Memory, memory),
            storage: cells.amount_of("ceilings", Resource::Storage, storage),
        };
        if ceilings.insert((*pool).to_owned(), bundle).is_some() {
            cells.say("ceilings", format!("pool {pool} is there twice"));
        }
        specs.push(json!({"pool": pool, "cpu": cpu, "memory": memory, "storage": storage}));
    }
    (specs, ceilings)
}

fn members(cells: &mut Cells<'_>, column: &str) -> Vec<String> {
    let people = cells.parts(column);
    for person in &people {
        if person.chars().count() > 253 || person == "group:" {
            cells.say(column, format!("{person:?} is neither a user name nor group:<name>"));
        }
    }
    people
}

fn application(row: Row, facts: &[Value], faults: &mut Vec<Fault>) -> ApplicationRow {
    let mut cells = Cells { row: &row, faults };
    let name = cells.name("name", names::APPLICATION_NAME_MAX);
    let (department, pool) = (row.cell("department").to_owned(), row.cell("pool").to_owned());
    let amounts = amounts(&mut cells);
    if amounts.is_zero() {
        cells.say("cpu", "cpu, memory and storage are all zero: an application without quota isn't in the inventory");
    }
    let (tier, hosting, zone): (Option<Tier>, Option<Hosting>, Option<Zone>) =
        (cells.word("tier", TIERS), cells.word("hosting", HOSTINGS), cells.word("zone", ZONES));
    let sample = cells.flag("sample");
    let mut spec = json!({
        "displayName": cells.text("displayName", 1, 100),
        "tier": tier, "hosting": hosting, "zone": zone,
        "securityGrade": cells.grade("securityGrade"),
        "domesticIt": cells.flag("domesticIt"), "keyEvent": cells.flag("keyEvent"),
        "sample": sample, "sampleQuota": cells.flag("sampleQuota"),
    });
    let description = cells.text("description", 0, 1000);
    if !description.is_empty() {
        spec["description"] = json!(description);
    }
    if !facts.is_empty() {
        spec["facts"] = json!(facts);
    }
    let allocation = json!({"application": name, "pool": pool, "resources": resources_of(&row)});
    ApplicationRow { name, department, pool, sample, application: spec, allocation, amounts, row }
}

/// The published figures of each application, in the order of the file.
fn facts_by_application(facts: &Sheet, applications: &Sheet, faults: &mut Vec<Fault>) -> BTreeMap<String, Vec<Value>> {
    let known: BTreeSet<&str> = applications.rows.iter().map(|row| row.cell("name")).collect();
    let mut by_application: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in &facts.rows {
        let mut cells = Cells { row, faults };
        let name = row.cell("application").to_owned();
        // Without a readable applications.csv every row would be told of, for one fault.
        if !known.is_empty() && !known.contains(name.as_str()) {
            cells.say("application", format!("{name:?} isn't in {APPLICATIONS}"));
        }
        let as_of = cells.date("asOf");
        let texts = [
            ("label", cells.text("label", 1, 100)),
            ("value", cells.text("value", 1, 500)),
            ("unit", cells.text("unit", 0, 30)),
            ("asOf", as_of),
            ("source", cells.text("source", 0, 300)),
        ];
        let list = by_application.entry(name).or_default();
        list.push(Value::Object(filled(texts)));
        if list.len() == FACTS_MAX + 1 {
            cells.say("application", format!("has more than {FACTS_MAX} facts"));
        }
    }
    by_application
}

fn amounts(cells: &mut Cells<'_>) -> Bundle {
    Bundle {
        cpu: cells.amount("cpu", Resource::Cpu),
        memory: cells.amount("memory", Resource::Memory),
        storage: cells.amount("storage", Resource::Storage),
    }
}

/// The amounts as they are written.
fn resources_of(row: &Row) -> Value {
    json!({"cpu": row.cell("cpu"), "memory": row.cell("memory"), "storage": row.cell("storage")})
}

/// The fields that say something: an empty cell says nothing, and nothing is written for it.
pub(super) fn filled<const N: usize>(fields: [(&str, String); N]) -> Map<String, Value> {
    let said = fields.into_iter().filter(|(_, text)| !text.is_empty());
    said.map(|(key, text)| (key.to_owned(), Value::String(text))).collect()
}

#[cfg(test)]
pub mod tests;
