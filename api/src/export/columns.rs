//! The columns of each list. An amount is there as it is written, with its unit, and as a number in
//! the unit of its column. Heads that imports know are called as imports call them.

use ledger::{Amount, Bundle, Resource};
use resources::quantity;

use super::Line;
use crate::language::Language;
use crate::routes::allocations::AllocationView;
use crate::routes::applications::ApplicationView;
use crate::routes::departments::DepartmentView;
use crate::routes::pools::PoolView;
use crate::routes::requests::RequestView;
use crate::sheet::words::{self, word};
use crate::sheet::{Cell, Column};
use crate::snapshot::Reading;
use crate::view::{self, PartialBundle};

/// The six columns of three amounts.
macro_rules! amounts {
    ($field:literal, $zh:literal, $en:literal) => {
        [
            Column::new(concat!($field, "cpu"), concat!($zh, "CPU"), concat!($en, "CPU")),
            Column::new(concat!($field, "cpuCores"), concat!($zh, "CPU(核)"), concat!($en, "CPU (cores)")),
            Column::new(concat!($field, "memory"), concat!($zh, "内存"), concat!($en, "Memory")),
            Column::new(concat!($field, "memoryG"), concat!($zh, "内存(G)"), concat!($en, "Memory (G)")),
            Column::new(concat!($field, "storage"), concat!($zh, "存储"), concat!($en, "Storage")),
            Column::new(concat!($field, "storageT"), concat!($zh, "存储(T)"), concat!($en, "Storage (T)")),
        ]
    };
}

const DEPARTMENT: Column = Column::new("department", "使用单位标识", "Department id");
const DEPARTMENT_NAME: Column = Column::new("departmentName", "使用单位", "Department");
const POOL: Column = Column::new("pool", "资源池", "Pool");
const SAMPLE: Column = Column::new("sample", "数据标记", "Mark");
const TIER: Column = Column::new("tier", "层级", "Tier");

/// The amount as it is written, and in cores, G or T.
fn amount(cells: &mut Vec<Cell>, resource: Resource, text: Option<&str>) {
    let amount = text.and_then(|text| quantity::parse_observed(resource, text));
    cells.push(text.map_or(Cell::Empty, Cell::from));
    cells.push(amount.map_or(Cell::Empty, |amount| Cell::Number(number(resource, amount))));
}

/// Exact: thousandths of a core, and bytes in G or T, have an end as decimals.
fn number(resource: Resource, amount: Amount) -> String {
    let (unit, digits) = match resource {
        Resource::Cpu => (1_000, 3),
        Resource::Memory => (1_000_000_000, 9),
        Resource::Storage => (1_000_000_000_000, 12),
    };
    let (whole, rest) = (amount.get() / unit, amount.get() % unit);
    if rest == 0 {
        return whole.to_string();
    }
    format!("{whole}.{rest:0digits$}").trim_end_matches('0').to_owned()
}

fn bundle(cells: &mut Vec<Cell>, bundle: &view::Bundle) {
    amount(cells, Resource::Cpu, Some(&bundle.cpu));
    amount(cells, Resource::Memory, Some(&bundle.memory));
    amount(cells, Resource::Storage, Some(&bundle.storage));
}

fn partial(cells: &mut Vec<Cell>, bundle: Option<&PartialBundle>) {
    amount(cells, Resource::Cpu, bundle.and_then(|bundle| bundle.cpu.as_deref()));
    amount(cells, Resource::Memory, bundle.and_then(|bundle| bundle.memory.as_deref()));
    amount(cells, Resource::Storage, bundle.and_then(|bundle| bundle.storage.as_deref()));
}

fn optional(cells: &mut Vec<Cell>, amounts: Option<&view::Bundle>) {
    match amounts {
        Some(amounts) => bundle(cells, amounts),
        None => partial(cells, None),
    }
}

/// 「示例」, so that nobody takes sample data for the city's own.
fn mark(sample: bool, sample_quota: bool, language: Language) -> Cell {
    match (sample, sample_quota) {
        (true, _) => Cell::from(&word(words::SAMPLES, &"true", language)),
        (false, true) => Cell::from(&word(words::SAMPLES, &"quota", language)),
        (false, false) => Cell::Empty,
    }
}

/// The mark of an application's other things.
fn mark_of(reading: &Reading, department: &str, application: &str, language: Language) -> Cell {
    let row = reading.application_row(department, application);
    row.map_or(Cell::Empty, |row| mark(row.object.spec.sample, row.object.spec.sample_quota, language))
}

fn flag(value: bool, language: Language) -> Cell {
    Cell::from(&word(words::FLAGS, &value, language))
}

impl Line for ApplicationView {
    const TITLE: (&'static str, &'static str) = ("应用系统", "Applications");

    fn columns() -> Vec<Column> {
        let mut columns = vec![
            Column::new("name", "应用标识", "Application id"),
            Column::new("displayName", "应用系统", "Application"),
            SAMPLE,
            DEPARTMENT,
            DEPARTMENT_NAME,
            TIER,
            Column::new("hosting", "承载方式", "Hosting"),
            Column::new("zone", "网络区域", "Network zone"),
            Column::new("securityGrade", "等保级别", "MLPS grade"),
            Column::new("domesticIt", "信创", "Domestic IT"),
            Column::new("keyEvent", "重保", "Key-event protection"),
            Column::new("state", "状态", "State"),
            Column::new("pools", "资源池", "Pools"),
        ];
        columns.extend(amounts!("granted.", "已分配 ", "Allocated "));
        columns.extend(amounts!("used.", "实际使用 ", "In use "));
        columns.push(Column::new("description", "说明", "Description"));
        columns
    }

    fn cells(&self, _: &Reading, language: Language) -> Vec<Cell> {
        let pools: Vec<&str> = self.allocations.iter().map(|allocation| allocation.pool.as_str()).collect();
        let mut cells = vec![
            Cell::from(&self.name),
            Cell::from(&self.display_name),
            mark(self.sample, self.sample_quota, language),
            Cell::from(&self.department),
            Cell::from(&self.department_name),
            Cell::from(&word(words::TIERS, &self.tier, language)),
            Cell::from(&word(words::HOSTINGS, &self.hosting, language)),
            Cell::from(&word(words::ZONES, &self.zone, language)),
            Cell::from(&word(words::GRADES, &self.security_grade, language)),
            flag(self.domestic_it, language),
            flag(self.key_event, language),
            Cell::from(&word(words::STATES, &self.state, language)),
            Cell::from(&pools.join(";")),
        ];
        bundle(&mut cells, &self.granted);
        partial(&mut cells, Some(&self.used));
        cells.push(Cell::from(&self.description));
        cells
    }
}

impl Line for DepartmentView {
    const TITLE: (&'static str, &'static str) = ("使用单位", "Departments");

    fn columns() -> Vec<Column> {
        let mut columns = vec![
            Column::new("name", "使用单位标识", "Department id"),
            Column::new("displayName", "使用单位", "Department"),
            SAMPLE,
            TIER,
            Column::new("division", "行政区划代码", "Division"),
            Column::new("parent", "上级单位标识", "Parent id"),
            Column::new("applications", "应用数", "Applications"),
            Column::new("ceilings", "上限", "Ceilings"),
        ];
        columns.extend(amounts!("granted.", "已分配 ", "Allocated "));
        columns
    }

    fn cells(&self, _: &Reading, language: Language) -> Vec<Cell> {
        let ceilings: Vec<String> = self
            .ceilings
            .iter()
            .map(|one| format!("{}:{}:{}:{}", one.pool, one.ceiling.cpu, one.ceiling.memory, one.ceiling.storage))
            .collect();
        let mut cells = vec![
            Cell::from(&self.name),
            Cell::from(&self.display_name),
            mark(self.sample, false, language),
            Cell::from(&word(words::TIERS, &self.tier, language)),
            Cell::from(self.division.as_ref()),
            Cell::from(self.parent.as_ref()),
            Cell::from(self.applications),
            Cell::from(&ceilings.join(";")),
        ];
        let granted: Bundle = self.granted.iter().map(|one| observed(&one.granted)).sum();
        bundle(&mut cells, &crate::snapshot::figures::text(granted));
        cells
    }
}

fn observed(bundle: &view::Bundle) -> Bundle {
    let read = |resource, text: &str| quantity::parse_observed(resource, text).unwrap_or_default();
    Bundle {
        cpu: read(Resource::Cpu, &bundle.cpu),
        memory: read(Resource::Memory, &bundle.memory),
        storage: read(Resource::Storage, &bundle.storage),
    }
}

impl Line for AllocationView {
    const TITLE: (&'static str, &'static str) = ("分配", "Allocations");

    fn columns() -> Vec<Column> {
        let mut columns = vec![
            Column::new("name", "分配标识", "Allocation id"),
            Column::new("application", "应用标识", "Application id"),
            SAMPLE,
            DEPARTMENT,
            DEPARTMENT_NAME,
            POOL,
        ];
        columns.extend(amounts!("", "配额 ", "Quota "));
        columns.extend(amounts!("granted.", "已分配 ", "Allocated "));
        columns.extend(amounts!("held.", "已批待开通 ", "Held "));
        columns.extend(amounts!("draining.", "回收中占用 ", "Draining "));
        columns.extend(amounts!("used.", "实际使用 ", "In use "));
        columns.push(Column::new("enforced", "已生效", "Enforced"));
        columns.push(Column::new("expiresAt", "到期时间", "Expires at"));
        columns
    }

    fn cells(&self, reading: &Reading, language: Language) -> Vec<Cell> {
        let mut cells = vec![
            Cell::from(&self.name),
            Cell::from(&self.application),
            mark_of(reading, &self.department, &self.application, language),
            Cell::from(&self.department),
            Cell::from(&reading.department_name(&self.department)),
            Cell::from(&self.pool),
        ];
        for amounts in [&self.resources, &self.granted, &self.held, &self.draining] {
            bundle(&mut cells, amounts);
        }
        partial(&mut cells, Some(&self.used));
        cells.push(flag(self.enforced, language));
        cells.push(Cell::from(self.expires_at.as_ref()));
        cells
    }
}

impl Line for RequestView {
    const TITLE: (&'static str, &'static str) = ("资源申请", "Requests");

    fn columns() -> Vec<Column> {
        let mut columns = vec![
            Column::new("number", "申请编号", "Number"),
            Column::new("request", "申请标识", "Request id"),
            Column::new("type", "申请类别", "Type"),
            Column::new("application", "应用标识", "Application id"),
            Column::new("applicationName", "应用系统", "Application"),
            SAMPLE,
            DEPARTMENT,
            DEPARTMENT_NAME,
            POOL,
            Column::new("phase", "状态", "Phase"),
            Column::new("stage", "环节", "Stage"),
            Column::new("dueAt", "办理时限", "Due at"),
            Column::new("overdue", "逾期", "Overdue"),
            Column::new("requester", "申请人", "Requester"),
            Column::new("createdAt", "提交时间", "Created at"),
        ];
        columns.extend(amounts!("", "", ""));
        columns.extend(amounts!("current.", "现有 ", "Now "));
        columns.push(Column::new("start", "开始日期", "Start"));
        columns.push(Column::new("end", "结束日期", "End"));
        columns.push(Column::new("justification", "测算依据", "Justification"));
        columns
    }

    fn cells(&self, reading: &Reading, language: Language) -> Vec<Cell> {
        let stage = self.stage.as_ref();
        let mut cells = vec![
            Cell::from(self.number.as_ref()),
            Cell::from(&self.name),
            Cell::from(&word(words::TYPES, &self.r#type, language)),
            Cell::from(&self.application),
            Cell::from(&self.application_name),
            mark_of(reading, &self.department, &self.application, language),
            Cell::from(&self.department),
            Cell::from(&self.department_name),
            Cell::from(&self.pool),
            Cell::from(&word(words::PHASES, &self.phase, language)),
            stage.map_or(Cell::Empty, |stage| Cell::from(&word(words::PHASES, &stage.name, language))),
            Cell::from(stage.and_then(|stage| stage.due_at.as_ref())),
            stage.map_or(Cell::Empty, |stage| flag(stage.overdue, language)),
            Cell::from(&self.requester_short),
            Cell::from(&self.created_at),
        ];
        bundle(&mut cells, &self.resources);
        bundle(&mut cells, &self.current);
        cells.push(Cell::from(self.period.as_ref().map(|period| &period.start)));
        cells.push(Cell::from(self.period.as_ref().and_then(|period| period.end.as_ref())));
        cells.push(Cell::from(&self.justification));
        cells
    }
}

impl Line for PoolView {
    const TITLE: (&'static str, &'static str) = ("资源池", "Pools");

    fn columns() -> Vec<Column> {
        let mut columns = vec![
            Column::new("name", "资源池标识", "Pool id"),
            Column::new("displayName", "资源池", "Pool"),
            SAMPLE,
            Column::new("provider", "云服务商", "Provider"),
            Column::new("contractId", "合同编号", "Contract"),
            Column::new("contractStart", "合同开始", "Contract start"),
            Column::new("contractEnd", "合同结束", "Contract end"),
            Column::new("contractText", "合同原文", "Contract text"),
        ];
        columns.extend(amounts!("contract.", "合同总量 ", "Contract total "));
        columns.extend(amounts!("capacity.", "可分配总量 ", "Grantable "));
        columns.extend(amounts!("physical.", "物理容量 ", "Physical capacity "));
        columns.extend(amounts!("allocated.", "已分配 ", "Allocated "));
        columns.extend(amounts!("held.", "已批待开通 ", "Held "));
        columns.extend(amounts!("requested.", "申请中 ", "Requested "));
        columns.extend(amounts!("free.", "可分配余量 ", "Available "));
        columns.extend(amounts!("used.", "实际使用 ", "In use "));
        columns.extend(amounts!("stranded.", "搁浅资源 ", "Stranded "));
        columns.push(Column::new("bindingResource", "瓶颈资源", "Binding resource"));
        columns.push(Column::new("revision", "账本版本", "Ledger revision"));
        columns
    }

    fn cells(&self, _: &Reading, language: Language) -> Vec<Cell> {
        let sample =
            if self.sample { if language == Language::Chinese { "示例拆分" } else { "Sample split" } } else { "" };
        let mut cells = vec![
            Cell::from(&self.name),
            Cell::from(&self.display_name),
            Cell::from(sample),
            Cell::from(&self.provider.name),
            Cell::from(&self.contract.id),
            Cell::from(&self.contract.start),
            Cell::from(&self.contract.end),
            Cell::from(&self.contract.text),
        ];
        let figures = self.figures.as_ref();
        bundle(&mut cells, &self.contract.capacity);
        bundle(&mut cells, &self.capacity);
        partial(&mut cells, figures.map(|figures| &figures.physical));
        optional(&mut cells, figures.map(|figures| &figures.allocated));
        optional(&mut cells, figures.map(|figures| &figures.held));
        optional(&mut cells, figures.map(|figures| &figures.requested));
        bundle(&mut cells, &self.free);
        partial(&mut cells, figures.map(|figures| &figures.used));
        optional(&mut cells, self.stranded.as_ref());
        cells.push(
            self.binding_resource
                .map_or(Cell::Empty, |binding| Cell::from(&word(words::RESOURCES, &binding, language))),
        );
        cells.push(Cell::from(self.revision));
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_in_the_columns_unit() {
        let cases = [
            (Resource::Cpu, 64_000, "64"),
            (Resource::Cpu, 1_500, "1.5"),
            (Resource::Memory, 128_500_000_000, "128.5"),
            (Resource::Memory, 1, "0.000000001"),
            (Resource::Storage, 10_000_000_000_000, "10"),
            (Resource::Storage, 0, "0"),
        ];
        for (resource, amount, expected) in cases {
            assert_eq!(number(resource, Amount::new(amount)), expected);
        }
    }

    #[test]
    fn no_two_columns_of_a_list_have_one_name() {
        fn check<T: Line>() {
            for title in [|column: &Column| column.field, |column: &Column| column.zh, |column: &Column| column.en] {
                let columns = T::columns();
                let mut titles: Vec<&str> = columns.iter().map(title).collect();
                titles.sort_unstable();
                titles.dedup();
                assert_eq!(titles.len(), columns.len(), "{}", T::TITLE.1);
            }
        }
        check::<ApplicationView>();
        check::<DepartmentView>();
        check::<AllocationView>();
        check::<RequestView>();
        check::<PoolView>();
    }
}
