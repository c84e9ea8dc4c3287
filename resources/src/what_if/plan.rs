//! Planned changes as people write them, and the allocations that they mean.

use std::collections::BTreeMap;

use ledger::{AllocationKey, Bundle, Resource};
use serde::{Deserialize, Serialize};

use super::{ANYBODY, Line};
use crate::amounts::Resources;
use crate::v1alpha1::{Allocation, AllocationSpec};
use crate::validate::{self, Cause};
use crate::{judgement, names, quantity};

/// Changes in one plan: a year's budget round of a city has some hundreds.
pub const CHANGES_MAX: usize = 500;
/// Allocations that all changes together may mean, those of `count` included: each is decided three
/// times at some microseconds.
pub const LINES_MAX: usize = 2_000;

/// The columns of a plan in a sheet: the field, and what the head may be called besides.
pub const COLUMNS: [(&str, &str, &str); 8] = [
    ("pool", "资源池", "Pool"),
    ("department", "使用单位", "Department"),
    ("application", "应用系统", "Application"),
    ("mode", "方式", "Mode"),
    ("count", "数量", "Count"),
    ("cpu", "CPU", "CPU"),
    ("memory", "内存", "Memory"),
    ("storage", "存储", "Storage"),
];

/// The field that the head of a column means, in whichever language.
#[must_use]
pub fn field_of(head: &str) -> Option<&'static str> {
    let head = head.trim().trim_end_matches('*').trim();
    let called =
        |(field, zh, en): &&(&str, &str, &str)| [field, zh, en].iter().any(|name| name.eq_ignore_ascii_case(head));
    COLUMNS.iter().find(called).map(|(field, ..)| *field)
}

/// What the amounts of a change are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// What the application shall have afterwards.
    #[default]
    Set,
    /// What it shall have more.
    Add,
}

/// Amounts of which each may be left out: then it stays as it is, and of something new it is zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<String>,
}

impl Written {
    #[must_use]
    pub fn of(&self, resource: Resource) -> Option<&str> {
        match resource {
            Resource::Cpu => self.cpu.as_deref(),
            Resource::Memory => self.memory.as_deref(),
            Resource::Storage => self.storage.as_deref(),
        }
    }
}

/// One planned change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    pub pool: String,
    /// Whose it is; without one the pool alone bounds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// The application that is changed; without one it is something new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    pub mode: Mode,
    /// How many new ones of this size.
    pub count: u32,
    pub resources: Written,
}

/// One allocation that a change means.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// Which change it is of.
    pub change: usize,
    pub line: Line,
    /// What the allocation's object says now; nothing where it isn't there.
    pub before: Bundle,
    pub target: Bundle,
}

/// What is wrong with a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    pub change: usize,
    /// The field, as in [`COLUMNS`].
    pub field: &'static str,
    pub cause: FlawCause,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlawCause {
    #[error(transparent)]
    Rule(#[from] Cause),
    #[error("is {found:?}: write {allowed}")]
    Word { found: String, allowed: &'static str },
    #[error("is {found:?}: write a number from 1 to {max}")]
    Count { found: String, max: usize },
    #[error("goes with something new only: leave the application out")]
    CountOfOne,
    #[error("is needed with an application")]
    DepartmentMissing,
    #[error("is planned twice: row {row} is about it too")]
    Twice { row: usize },
    #[error("has {count} changes: at most {max} are reckoned at once")]
    TooMany { count: usize, max: usize },
}

impl FlawCause {
    /// The name in problems. Promised to scripts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rule(cause) => cause.code(),
            Self::Word { .. } => "Word",
            Self::Count { .. } => "Count",
            Self::CountOfOne => "CountOfOne",
            Self::DepartmentMissing => "Missing",
            Self::Twice { .. } => "Twice",
            Self::TooMany { .. } => "TooMany",
        }
    }
}

/// A row of a sheet as a change: cells by the field of their column, empty ones left out or not.
pub fn from_cells(row: usize, cells: &BTreeMap<&str, String>) -> Result<Change, Vec<Flaw>> {
    let mut flaws = Vec::new();
    let text = |field: &str| cells.get(field).map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty());
    let mut say = |field, cause| flaws.push(Flaw { change: row, field, cause });
    let mode = match text("mode").as_deref() {
        None | Some("Set" | "set" | "设为") => Mode::Set,
        Some("Add" | "add" | "增加") => Mode::Add,
        Some(other) => {
            say("mode", FlawCause::Word { found: short(other), allowed: "Set or Add (设为, 增加)" });
            Mode::Set
        }
    };
    let count = match text("count") {
        None => 1,
        Some(count) => count.parse().unwrap_or_else(|_| {
            say("count", FlawCause::Count { found: short(&count), max: LINES_MAX });
            1
        }),
    };
    let change = Change {
        pool: text("pool").unwrap_or_default(),
        department: text("department"),
        application: text("application"),
        mode,
        count,
        resources: Written { cpu: text("cpu"), memory: text("memory"), storage: text("storage") },
    };
    if flaws.is_empty() { Ok(change) } else { Err(flaws) }
}

/// What a person typed may be long; enough of it to be recognised is shown.
fn short(text: &str) -> String {
    text.chars().take(20).collect()
}

/// `8C16G`, or `8C16G1T`, as people name a size.
#[must_use]
pub fn size(text: &str) -> Option<Written> {
    let text = text.trim().to_ascii_uppercase();
    let (cpu, rest) = text.split_once('C')?;
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    let unit = rest[end..].starts_with('G').then_some(1)?;
    let (memory, storage) = rest.split_at(end + unit);
    let written = Written {
        cpu: Some(cpu.to_owned()),
        memory: Some(memory.to_owned()),
        storage: Some(if storage.is_empty() { "0".to_owned() } else { storage.to_owned() }),
    };
    let fine = Resource::ALL
        .iter()
        .all(|&resource| written.of(resource).is_some_and(|amount| quantity::parse(resource, amount).is_ok()));
    fine.then_some(written)
}

/// The allocations that the changes mean, beside those that exist, or all that is wrong with them.
pub fn lines<'a>(
    changes: &[Change],
    existing: impl Fn(&str, &str) -> Vec<&'a Allocation>,
) -> Result<Vec<Planned>, Vec<Flaw>> {
    let (mut planned, mut flaws) = (Vec::new(), Vec::new());
    let count: usize = changes.iter().map(|change| change.count as usize).fold(0, usize::saturating_add);
    for (count, max) in [(changes.len(), CHANGES_MAX), (count, LINES_MAX)] {
        if count > max {
            return Err(vec![Flaw { change: 0, field: "count", cause: FlawCause::TooMany { count, max } }]);
        }
    }
    let mut seen: BTreeMap<AllocationKey, usize> = BTreeMap::new();
    for (index, change) in changes.iter().enumerate() {
        let mut row = Row { index, change, flaws: &mut flaws };
        for line in row.lines(&existing) {
            if let Some(earlier) = seen.insert(line.line.key.clone(), index) {
                row.say("application", FlawCause::Twice { row: earlier + 1 });
            }
            planned.push(line);
        }
    }
    if flaws.is_empty() { Ok(planned) } else { Err(flaws) }
}

/// One change while it is being read.
struct Row<'a> {
    index: usize,
    change: &'a Change,
    flaws: &'a mut Vec<Flaw>,
}

impl Row<'_> {
    fn say(&mut self, field: &'static str, cause: impl Into<FlawCause>) {
        self.flaws.push(Flaw { change: self.index, field, cause: cause.into() });
    }

    fn lines<'a>(&mut self, existing: &impl Fn(&str, &str) -> Vec<&'a Allocation>) -> Vec<Planned> {
        let before = self.flaws.len();
        let Change { pool, department, application, count, .. } = self.change;
        if pool.is_empty() {
            self.say("pool", Cause::Missing);
        } else if !validate::is_name(pool, names::DEPARTMENT_NAME_MAX) {
            self.say("pool", Cause::Name { max: names::DEPARTMENT_NAME_MAX });
        }
        if department.as_ref().is_some_and(|name| !validate::is_name(name, names::DEPARTMENT_NAME_MAX)) {
            self.say("department", Cause::Name { max: names::DEPARTMENT_NAME_MAX });
        }
        if *count == 0 {
            self.say("count", FlawCause::Count { found: count.to_string(), max: LINES_MAX });
        }
        match (application, department) {
            (Some(_), None) => self.say("department", FlawCause::DepartmentMissing),
            (Some(name), _) if !validate::is_name(name, names::APPLICATION_NAME_MAX) => {
                self.say("application", Cause::Name { max: names::APPLICATION_NAME_MAX });
            }
            (Some(_), _) if *count != 1 => self.say("count", FlawCause::CountOfOne),
            _ => {}
        }
        let Some(amounts) = self.amounts() else { return Vec::new() };
        if self.flaws.len() > before {
            return Vec::new();
        }
        match (application, department) {
            (Some(application), Some(department)) => {
                let own = existing(department, application);
                self.named(application, department, &own, amounts).into_iter().collect()
            }
            _ => (0..*count).map(|number| self.nameless(number, amounts)).collect(),
        }
    }

    /// The amounts that are there, each read alone.
    fn amounts(&mut self) -> Option<ledger::PerResource<Option<ledger::Amount>>> {
        let mut read = |resource: Resource| match self.change.resources.of(resource) {
            None => Some(None),
            Some(text) => match quantity::parse(resource, text) {
                Ok(amount) => Some(Some(amount)),
                Err(error) => {
                    self.say(resource.name(), Cause::from(error));
                    None
                }
            },
        };
        let (cpu, memory, storage) = (read(Resource::Cpu), read(Resource::Memory), read(Resource::Storage));
        let amounts = ledger::PerResource { cpu: cpu?, memory: memory?, storage: storage? };
        if amounts == ledger::PerResource::default() {
            self.say("cpu", Cause::Missing);
            return None;
        }
        Some(amounts)
    }

    fn named(
        &mut self,
        application: &str,
        department: &str,
        own: &[&Allocation],
        amounts: ledger::PerResource<Option<ledger::Amount>>,
    ) -> Option<Planned> {
        let pool = &self.change.pool;
        let place = judgement::place(application, pool, own.iter().copied());
        let base = place.allocation.map(|allocation| &allocation.spec);
        let before = base.and_then(|spec| spec.resources.parse().ok()).unwrap_or_default();
        let adds = self.change.mode == Mode::Add;
        let target = before.zip(amounts, |had, amount| match amount {
            None => had,
            Some(amount) if adds => had.plus(amount),
            Some(amount) => amount,
        });
        // What stays, and what is written as a whole, is kept as it is written.
        let text = |resource: Resource| match self.change.resources.of(resource) {
            Some(text) if !adds => text.to_owned(),
            None if base.is_some() => base.map(|spec| spec.resources.of(resource).to_owned()).unwrap_or_default(),
            _ => quantity::format(resource, *target.of(resource)),
        };
        let resources =
            Resources { cpu: text(Resource::Cpu), memory: text(Resource::Memory), storage: text(Resource::Storage) };
        if let Err((resource, error)) = resources.parse() {
            self.say(resource.name(), Cause::from(error));
            return None;
        }
        let spec = AllocationSpec {
            application: application.to_owned(),
            pool: pool.clone(),
            resources,
            namespaces: judgement::namespaces(&place, target),
            lease: base.and_then(|spec| spec.lease.clone()),
            decision: None,
        };
        let key = AllocationKey::new(names::department_namespace(department), place.name);
        Some(Planned { change: self.index, line: Line { key, spec }, before, target })
    }

    /// Something new that nobody has named yet.
    fn nameless(&self, number: u32, amounts: ledger::PerResource<Option<ledger::Amount>>) -> Planned {
        let target = amounts.map(Option::unwrap_or_default);
        let name = format!("{ANYBODY}{}-{number}", self.index);
        let department = self.change.department.as_deref().unwrap_or(ANYBODY);
        let spec = AllocationSpec {
            application: name.clone(),
            pool: self.change.pool.clone(),
            resources: target.into(),
            namespaces: vec![],
            lease: None,
            decision: None,
        };
        let key = AllocationKey::new(names::department_namespace(department), name);
        Planned { change: self.index, line: Line { key, spec }, before: Bundle::ZERO, target }
    }
}
