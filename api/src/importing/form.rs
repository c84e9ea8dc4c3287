//! 政务云资源申请表: the form as departments know it, blank, filled from a request, and read back.

use axum::body::Body;
use axum::response::Response;
use resources::workflow::ACCEPTANCE;
use rust_xlsxwriter::{Format as Style, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError};

use super::requests::{self, Asked};
use super::rows::Sheet;
use super::{faulty, template};
use crate::clock;
use crate::export;
use crate::identity::Caller;
use crate::language::Language;
use crate::problem::Failure;
use crate::routes::imports::{ImportFinding, ImportKind, ImportReport};
use crate::routes::requests::{RequestDetail, RequestType, RequestView};
use crate::sheet::read::Row;
use crate::sheet::words::{self, Words, word};
use crate::sheet::{Format, Table, write};
use crate::snapshot::Reading;
use crate::state::App;

/// One line of the form.
#[derive(Clone, Copy)]
struct Line {
    /// What it is in a request: a column of the requests' import, [`DETAIL`] or [`PROCESS`].
    field: &'static str,
    zh: &'static str,
    en: &'static str,
    needed: bool,
    words: Words,
    hint: (&'static str, &'static str),
}

/// A line for people: it becomes one of the request's details, under its Chinese name.
const DETAIL: &str = "";
/// A line that the platform and the process fill; what is written there isn't read.
const PROCESS: &str = "-";

const fn line(field: &'static str, zh: &'static str, en: &'static str) -> Line {
    Line { field, zh, en, needed: false, words: &[], hint: ("", "") }
}

const fn needed(field: &'static str, zh: &'static str, en: &'static str) -> Line {
    Line { needed: true, ..line(field, zh, en) }
}

const fn chosen(needed: bool, field: &'static str, zh: &'static str, en: &'static str, words: Words) -> Line {
    Line { needed, words, ..line(field, zh, en) }
}

const fn hinted(base: Line, zh: &'static str, en: &'static str) -> Line {
    Line { hint: (zh, en), ..base }
}

/// A block of the form with its lines.
type Block = (&'static str, &'static str, &'static [Line]);

const UNIT: &[Line] = &[
    hinted(needed("department", "使用单位", "Department"), "单位名称或标识", "Its name or id"),
    line(DETAIL, "统一社会信用代码", "Unified social credit code"),
    line(DETAIL, "项目负责人", "Project lead"),
    line(DETAIL, "项目负责人电话", "Project lead's phone"),
    line(DETAIL, "技术联系人", "Technical contact"),
    line(DETAIL, "技术联系人电话", "Technical contact's phone"),
    line(DETAIL, "承建单位", "Built by"),
    line(DETAIL, "运维单位", "Operated by"),
];
const PROJECT: &[Line] = &[
    line(DETAIL, "项目名称", "Project"),
    line("approvalNumber", "立项批复文号/审批结论", "Approval number"),
    line("funding", "资金来源", "Funding"),
    line(DETAIL, "建设内容概况", "What is built"),
    line(DETAIL, "建设周期", "Time of building"),
    line(DETAIL, "预计上线日期", "Goes live on"),
];
const SYSTEM: &[Line] = &[
    needed("applicationName", "系统名称", "Application"),
    hinted(
        line("application", "应用标识", "Application id"),
        "小写字母、数字和短横线; 新增必填, 其余可按名称查得",
        "Lower-case letters, digits and dashes; needed for a new one",
    ),
    chosen(false, "tier", "层级", "Tier", words::TIERS),
    line("description", "业务描述", "What it does"),
    line(DETAIL, "服务对象", "Who is served"),
    line("users", "用户规模", "Users"),
    chosen(false, "securityGrade", "等保级别", "MLPS grade", words::GRADES),
    line(DETAIL, "密评", "Cryptography assessment"),
    chosen(false, "domesticIt", "信创", "Domestic IT", words::FLAGS),
    line(DETAIL, "数据分级", "Data class"),
    chosen(false, "keyEvent", "重保", "Key-event protection", words::FLAGS),
    chosen(false, DETAIL, "支持 IPv6", "IPv6", words::FLAGS),
];
const RESOURCES: &[Line] = &[
    chosen(true, "type", "申请类别", "Type", words::TYPES),
    hinted(needed("pool", "服务商/资源池", "Pool"), "资源池名称或标识", "Its name or id"),
    hinted(line("moveFrom", "迁出资源池", "Leaves pool"), "仅用于变更", "With a change only"),
    chosen(false, "zone", "网络区域", "Network zone", words::ZONES),
    line(DETAIL, "CPU 架构", "CPU architecture"),
    hinted(needed("cpu", "CPU(核)", "CPU (cores)"), "批准后应有的总量", "What it shall have afterwards"),
    hinted(needed("memory", "内存(G)", "Memory (G)"), "批准后应有的总量", "What it shall have afterwards"),
    hinted(needed("storage", "存储", "Storage"), "须带单位, 如 500G、2T", "With its unit, such as 500G or 2T"),
    line(DETAIL, "存储类型", "Kind of storage"),
    line(DETAIL, "系统盘/数据盘", "System and data disks"),
    line(DETAIL, "操作系统/镜像", "Operating system"),
    line(DETAIL, "数量", "Count"),
    line(DETAIL, "公网 IP/VPN/带宽/端口", "Public IP, VPN, bandwidth, ports"),
    line(DETAIL, "备份", "Backup"),
    hinted(line("start", "使用期限(起)", "From"), "写成 2026-12-01", "Write it as 2026-12-01"),
    hinted(line("end", "使用期限(止)", "To"), "空白为长期", "Empty: permanent"),
];
const BASIS: &[Line] = &[
    hinted(needed("justification", "测算依据", "Justification"), "10 至 2000 字", "10 to 2000 characters"),
    line("concurrency", "并发量", "Concurrency"),
    line("dataVolume", "数据量", "Data volume"),
    hinted(line(PROCESS, "现有配额", "Quota now"), "由平台填写", "Filled by the platform"),
];
const OPINIONS: &[Line] = &[
    hinted(line(PROCESS, "申请编号", "Number"), "由平台填写", "Filled by the platform"),
    line(PROCESS, "申请单位意见", "The department's opinion"),
    line(PROCESS, "受理意见", "Acceptance"),
    line(PROCESS, "技术审核意见", "Technical opinion"),
    line(PROCESS, "行政审批意见", "Administrative opinion"),
];

const FORM: [Block; 6] = [
    ("一、单位", "1. Unit", UNIT),
    ("二、项目", "2. Project", PROJECT),
    ("三、系统", "3. System", SYSTEM),
    ("四、资源", "4. Resources", RESOURCES),
    ("五、依据", "5. Basis", BASIS),
    ("六、意见", "6. Opinions", OPINIONS),
];

fn lines() -> impl Iterator<Item = &'static Line> {
    FORM.iter().flat_map(|(.., lines)| lines.iter())
}

impl Line {
    fn title(&self, language: Language) -> &'static str {
        if language == Language::Chinese { self.zh } else { self.en }
    }

    fn is_called(&self, label: &str) -> bool {
        let label = label.trim().trim_end_matches('*').trim();
        label == self.zh || label.eq_ignore_ascii_case(self.en)
    }
}

/// The form, with nothing in it but whose it is, where that is certain.
pub fn blank(caller: &Caller, snapshot: &Reading) -> Result<Response, Failure> {
    let own: Vec<String> = caller.rights.departments.keys().map(|name| snapshot.department_name(name)).collect();
    let value = |line: &Line| match (line.field, own.as_slice()) {
        ("department", [only]) => only.clone(),
        _ => String::new(),
    };
    made(caller.language, value)
}

/// The form of a request, filled.
pub fn filled(caller: &Caller, snapshot: &Reading, view: &RequestView) -> Result<Response, Failure> {
    let language = caller.language;
    let opinions = opinions(snapshot, view, language);
    made(language, |line| value(line, view, &opinions, snapshot, language))
}

/// What people said at each step, in their words.
struct Opinions {
    accepted: String,
    technical: String,
    administrative: String,
}

fn opinions(snapshot: &Reading, view: &RequestView, language: Language) -> Opinions {
    let said = |stages: &[Option<&str>]| {
        let namespace = resources::names::department_namespace(&view.department);
        let own = snapshot.decisions.iter().filter(|((place, _), decision)| {
            *place == namespace
                && decision.spec.request.name == view.name
                && stages.contains(&decision.spec.stage.as_deref())
        });
        let texts = own.map(|(_, decision)| {
            let day = decision.metadata.creation_timestamp.as_ref().map(|at| clock::text(at.0)).unwrap_or_default();
            let by = resources::names::short_user(&decision.spec.decided_by);
            let reason = decision.spec.reason.clone().unwrap_or_default();
            let verdict = match (decision.spec.verdict.name(), language) {
                ("Approve", Language::Chinese) => "同意",
                ("Accept", Language::Chinese) => "受理",
                ("Reject", Language::Chinese) => "不予批准",
                ("Return", Language::Chinese) => "退回补正",
                ("Offer", Language::Chinese) => "调整方案",
                (other, _) => other,
            };
            format!("{verdict} {reason} ({by}, {})", day.chars().take(10).collect::<String>())
        });
        texts.collect::<Vec<_>>().join("\n")
    };
    Opinions {
        accepted: said(&[Some(ACCEPTANCE)]),
        technical: said(&[Some("TechReview")]),
        // In the short way there is one decision, which is the administration's.
        administrative: said(&[Some("AdminApproval"), None]),
    }
}

fn value(line: &Line, view: &RequestView, opinions: &Opinions, snapshot: &Reading, language: Language) -> String {
    let RequestView { new_application, basis, period, .. } = view;
    let application = snapshot.application_row(&view.department, &view.application).map(|row| &row.object.spec);
    let of = |new: Option<String>, existing: Option<String>| new.or(existing).unwrap_or_default();
    let new = new_application.as_ref();
    let flag = |value: bool| word(words::FLAGS, &value, language);
    match line.field {
        "department" => view.department_name.clone(),
        "approvalNumber" => basis.approval_number.clone().unwrap_or_default(),
        "funding" => basis.funding.clone().unwrap_or_default(),
        "applicationName" => view.application_name.clone(),
        "application" => view.application.clone(),
        "tier" => of(
            new.map(|new| word(words::TIERS, &new.tier, language)),
            application.map(|spec| word(words::TIERS, &spec.tier, language)),
        ),
        "description" => of(new.map(|new| new.description.clone()), application.map(|spec| spec.description.clone())),
        "users" => basis.users.clone().unwrap_or_default(),
        "securityGrade" => {
            let grade = new.map(|new| new.security_grade).or(application.map(|spec| spec.security_grade));
            grade.map(|grade| word(words::GRADES, &grade, language)).unwrap_or_default()
        }
        "domesticIt" => of(new.map(|new| flag(new.domestic_it)), application.map(|spec| flag(spec.domestic_it))),
        "keyEvent" => of(new.map(|new| flag(new.key_event)), application.map(|spec| flag(spec.key_event))),
        "type" => word(words::TYPES, &view.r#type, language),
        "pool" => pool_name(snapshot, &view.pool),
        "moveFrom" => view.move_from.as_deref().map(|pool| pool_name(snapshot, pool)).unwrap_or_default(),
        "zone" => of(
            new.map(|new| word(words::ZONES, &new.zone, language)),
            application.map(|spec| word(words::ZONES, &spec.zone, language)),
        ),
        "cpu" => view.resources.cpu.clone(),
        "memory" => view.resources.memory.clone(),
        "storage" => view.resources.storage.clone(),
        "start" => period.as_ref().map(|period| period.start.clone()).unwrap_or_default(),
        "end" => period.as_ref().and_then(|period| period.end.clone()).unwrap_or_default(),
        "justification" => view.justification.clone(),
        "concurrency" => basis.concurrency.clone().unwrap_or_default(),
        "dataVolume" => basis.data_volume.clone().unwrap_or_default(),
        _ if line.zh == "现有配额" => {
            let current = &view.current;
            format!(
                "CPU {} / {} {} / {} {}",
                current.cpu,
                words::RESOURCES[1].1,
                current.memory,
                words::RESOURCES[2].1,
                current.storage
            )
        }
        _ if line.zh == "申请编号" => view.number.clone().unwrap_or_else(|| view.name.clone()),
        _ if line.zh == "受理意见" => opinions.accepted.clone(),
        _ if line.zh == "技术审核意见" => opinions.technical.clone(),
        _ if line.zh == "行政审批意见" => opinions.administrative.clone(),
        _ => view.details.iter().find(|detail| detail.label == line.zh).map(|d| d.value.clone()).unwrap_or_default(),
    }
}

fn pool_name(snapshot: &Reading, pool: &str) -> String {
    snapshot.pools.get(pool).map_or_else(|| pool.to_owned(), |row| row.object.spec.display_name.clone())
}

fn made(language: Language, value: impl Fn(&Line) -> String) -> Result<Response, Failure> {
    let title = template::title(ImportKind::RequestForm, language);
    let bytes = book(title, language, value).map_err(|error| export::unwritten(&error))?;
    Ok(export::file(Format::Xlsx, title, Body::from(bytes)))
}

/// Columns: block, label, value, hint. The label is what is read back.
fn book(title: &str, language: Language, value: impl Fn(&Line) -> String) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name(title)?;
    for (column, width) in [(0, 12), (1, 24), (2, 56), (3, 40)] {
        sheet.set_column_width(column, width)?;
    }
    let big = Style::new().set_bold().set_font_size(16).set_align(FormatAlign::Center);
    sheet.merge_range(0, 0, 0, 3, title, &big)?;
    let mut row = 1;
    for (zh, en, lines) in FORM {
        let block = if language == Language::Chinese { zh } else { en };
        let first = row;
        for one in lines {
            write_line(sheet, row, one, &value(one), language)?;
            row += 1;
        }
        let style = Style::new()
            .set_bold()
            .set_border(FormatBorder::Thin)
            .set_align(FormatAlign::Center)
            .set_align(FormatAlign::VerticalCenter)
            .set_text_wrap();
        sheet.merge_range(first, 0, row - 1, 0, block, &style)?;
    }
    sheet.set_print_fit_to_pages(1, 0);
    book.save_to_buffer()
}

fn write_line(sheet: &mut Worksheet, row: u32, one: &Line, value: &str, language: Language) -> Result<(), XlsxError> {
    let cell = Style::new().set_border(FormatBorder::Thin).set_text_wrap().set_align(FormatAlign::VerticalCenter);
    let star = if one.needed { "*" } else { "" };
    sheet.write_string_with_format(row, 1, format!("{}{star}", one.title(language)), &cell)?;
    let text = if crate::sheet::is_dangerous(value) { cell.clone().set_quote_prefix() } else { cell };
    // Kept as typed: 2T is no word that Excel should mend, and a day no number.
    sheet.write_string_with_format(row, 2, value, &text.set_num_format("@"))?;
    let hint = if language == Language::Chinese { one.hint.0 } else { one.hint.1 };
    sheet.write_string_with_format(row, 3, hint, &Style::new().set_font_color("595959").set_text_wrap())?;
    write::choose(sheet, (row, row), 2, &words::all(one.words, language))
}

/// Reads a filled form and, unless it is a dry run, asks for what it says.
pub async fn run(app: &App, caller: &Caller, table: &Table, is_dry_run: bool) -> Result<ImportReport, Failure> {
    let snapshot = app.snapshot_now().await;
    match read(&snapshot, caller, table) {
        Ok(asked) => {
            let kind = ImportKind::RequestForm;
            Ok(Box::pin(requests::carry_out(app, caller, &snapshot, kind, vec![asked], is_dry_run)).await)
        }
        Err(findings) => Ok(faulty(ImportKind::RequestForm, is_dry_run, findings)),
    }
}

/// What the form says: line, value, and the row of the file.
fn said(table: &Table) -> Vec<(&'static Line, String, usize)> {
    let rows = table.rows.iter().filter_map(|row| {
        let line = lines().find(|line| line.is_called(row.cell(1)))?;
        Some((line, row.cell(2).trim().to_owned(), row.number))
    });
    rows.collect()
}

fn read(snapshot: &Reading, caller: &Caller, table: &Table) -> Result<Asked, Vec<ImportFinding>> {
    let said = said(table);
    let language = caller.language;
    if said.len() < lines().count() / 2 {
        let (zh, en) =
            ("不是政务云资源申请表, 请下载空白表填写。", "This isn't the request form: download a blank one.");
        let message = if language == Language::Chinese { zh } else { en }.to_owned();
        return Err(vec![ImportFinding { row: 1, column: String::new(), code: "NotTheForm".to_owned(), message }]);
    }
    // As one row of the requests' import, so that both are read and checked alike.
    let asked = template::asked(ImportKind::RequestForm);
    let text = |field: &str| {
        said.iter().find(|(line, ..)| line.field == field).map(|(_, text, _)| text.as_str()).unwrap_or_default()
    };
    let department = department_of(snapshot, caller, text("department"));
    let cells = asked.iter().map(|one| match one.column.field {
        "department" => department.clone(),
        "pool" => pool_of(snapshot, caller, text("pool")),
        "moveFrom" => pool_of(snapshot, caller, text("moveFrom")),
        "application" if text("application").is_empty() => {
            application_of(snapshot, &department, text("applicationName"))
        }
        "memory" => in_g(text("memory")),
        field => text(field).to_owned(),
    });
    let row = Row { number: 2, cells: cells.collect() };
    let head = Row { number: 1, cells: asked.iter().map(|one| one.column.field.to_owned()).collect() };
    let one = Table { rows: vec![head, row] };
    let mut findings = Vec::new();
    let sheet = Sheet::read(&one, &asked, &[], language)?;
    let mut cells = sheet.cells(&sheet.rows[0], &mut findings);
    let mut new = requests::request(&mut cells);
    if let Some(new) = &mut new {
        new.details = details(&said);
        // The form names the system also where it exists already.
        if new.r#type != RequestType::New {
            new.new_application = None;
        }
        requests::check(&mut cells, snapshot, caller, new);
    }
    match new {
        Some(new) if findings.is_empty() => Ok(Asked { row: 1, new }),
        _ => Err(findings.into_iter().map(|finding| placed(finding, &said, &asked, language)).collect()),
    }
}

/// The lines for people.
fn details(said: &[(&'static Line, String, usize)]) -> Vec<RequestDetail> {
    let filled = said.iter().filter(|(line, text, _)| line.field == DETAIL && !text.is_empty());
    filled.map(|(line, text, _)| RequestDetail { label: line.zh.to_owned(), value: text.clone() }).collect()
}

/// The finding at the form's own row and label.
fn placed(
    finding: ImportFinding,
    said: &[(&'static Line, String, usize)],
    asked: &[write::Asked],
    language: Language,
) -> ImportFinding {
    let column = asked.iter().find(|one| one.column.title(language) == finding.column);
    let line = column.and_then(|one| said.iter().find(|(line, ..)| line.field == one.column.field));
    match line {
        Some((line, _, row)) => ImportFinding { row: *row as u64, column: line.title(language).to_owned(), ..finding },
        None => finding,
    }
}

/// By its id or by its name for people, as far as the caller sees it.
fn department_of(snapshot: &Reading, caller: &Caller, text: &str) -> String {
    let mut seen = snapshot.departments.iter().filter(|(name, _)| caller.rights.sees(name));
    let found = seen.find(|(name, department)| *name == text || department.spec.display_name == text);
    found.map_or_else(|| text.to_owned(), |(name, _)| name.clone())
}

fn pool_of(snapshot: &Reading, caller: &Caller, text: &str) -> String {
    let mut seen = snapshot.pools.iter().filter(|(name, _)| caller.rights.pools.has(name));
    let found = seen.find(|(name, pool)| *name == text || pool.object.spec.display_name == text);
    found.map_or_else(|| text.to_owned(), |(name, _)| name.clone())
}

fn application_of(snapshot: &Reading, department: &str, display_name: &str) -> String {
    let mut own = snapshot.applications.iter().filter(|row| row.department == department);
    own.find(|row| row.object.spec.display_name == display_name).map(|row| row.name.clone()).unwrap_or_default()
}

/// The label says the unit, so a bare number has it.
fn in_g(text: &str) -> String {
    let bare = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    if bare { format!("{text}G") } else { text.to_owned() }
}
