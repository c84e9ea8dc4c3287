//! The columns that imports know, with what to write in them.

use crate::language::Language;
use crate::routes::imports::ImportKind;
use crate::sheet::Column;
use crate::sheet::words::{self, Words};
use crate::sheet::write::Asked;

/// What a file of this kind is called.
#[must_use]
pub fn title(kind: ImportKind, language: Language) -> &'static str {
    let (zh, en) = match kind {
        ImportKind::Applications => ("应用系统导入模板", "Applications template"),
        ImportKind::Departments => ("使用单位导入模板", "Departments template"),
        ImportKind::Requests => ("资源申请导入模板", "Requests template"),
        ImportKind::RequestForm => ("政务云资源申请表", "Cloud resource request"),
    };
    if language == Language::Chinese { zh } else { en }
}

const fn text(
    field: &'static str,
    zh: &'static str,
    en: &'static str,
    needed: bool,
    note: (&'static str, &'static str),
    example: &'static str,
) -> Asked {
    Asked { column: Column::new(field, zh, en), needed, words: &[], note, example }
}

const fn choice(field: &'static str, zh: &'static str, en: &'static str, needed: bool, words: Words) -> Asked {
    let note = ("请从列表中选择", "Choose from the list");
    Asked { column: Column::new(field, zh, en), needed, words, note, example: "" }
}

const NAME: (&str, &str) = (
    "小写字母、数字和短横线, 首尾须为字母或数字; 以此识别, 重复导入不会重复创建",
    "Lower-case letters, digits and dashes; what a row is known by: the same again changes nothing",
);
const OPTIONAL: (&str, &str) = ("可空; 空白不改动已有内容", "May be empty: then what is there stays");
const DEPARTMENT: Asked = text(
    "department",
    "使用单位标识",
    "Department id",
    true,
    ("使用单位的标识, 见使用单位列表的导出", "The department's id: export the departments to see it"),
    "civil-affairs",
);
const TIER: Asked = choice("tier", "层级", "Tier", false, words::TIERS);
const HOSTING: Asked = choice("hosting", "承载方式", "Hosting", false, words::HOSTINGS);
const ZONE: Asked = choice("zone", "网络区域", "Network zone", false, words::ZONES);
const GRADE: Asked = choice("securityGrade", "等保级别", "MLPS grade", false, words::GRADES);
const DOMESTIC: Asked = choice("domesticIt", "信创", "Domestic IT", false, words::FLAGS);
const KEY_EVENT: Asked = choice("keyEvent", "重保", "Key-event protection", false, words::FLAGS);
const SAMPLE: Asked = choice("sample", "数据标记", "Mark", false, words::SAMPLES);
const DESCRIPTION: Asked = text("description", "说明", "Description", false, OPTIONAL, "");
const DAY: (&str, &str) = ("写成 2026-12-01", "Write it as 2026-12-01");
const AMOUNT: (&str, &str) = (
    "变更后应有的总量, 须带单位: G 为 10^9 字节, T 为 10^12",
    "What it shall have afterwards, with its unit: G is 10^9 bytes, T is 10^12",
);

const APPLICATIONS: [Asked; 11] = [
    text("name", "应用标识", "Application id", true, NAME, "marriage-registry"),
    DEPARTMENT,
    text("displayName", "应用系统", "Application", false, ("名称, 新应用必填", "Needed for a new one"), "婚姻登记系统"),
    TIER,
    HOSTING,
    ZONE,
    GRADE,
    DOMESTIC,
    KEY_EVENT,
    SAMPLE,
    DESCRIPTION,
];
const DEPARTMENTS: [Asked; 12] = [
    text("name", "使用单位标识", "Department id", true, NAME, "civil-affairs"),
    text("displayName", "使用单位", "Department", false, ("名称, 新单位必填", "Needed for a new one"), "市民政局"),
    TIER,
    text("division", "行政区划代码", "Division", false, OPTIONAL, "420900"),
    text("parent", "上级单位标识", "Parent id", false, OPTIONAL, ""),
    text("code", "统一社会信用代码", "Unified social credit code", false, OPTIONAL, ""),
    text("contactName", "联系人", "Contact", false, OPTIONAL, ""),
    text("contactPhone", "联系电话", "Phone", false, OPTIONAL, ""),
    text(
        "owners",
        "负责人账号",
        "Owners",
        false,
        ("用分号隔开; 组写作 group:组名", "Separated by ;, groups as group:name"),
        "",
    ),
    text(
        "users",
        "成员账号",
        "Users",
        false,
        ("用分号隔开; 组写作 group:组名", "Separated by ;, groups as group:name"),
        "",
    ),
    text(
        "ceilings",
        "上限",
        "Ceilings",
        false,
        ("资源池:CPU:内存:存储, 多个用分号隔开", "pool:cpu:memory:storage, several separated by ;"),
        "cec:400:800G:60T",
    ),
    SAMPLE,
];
const REQUESTS: [Asked; 22] = [
    DEPARTMENT,
    choice("type", "申请类别", "Type", true, words::TYPES),
    text(
        "application",
        "应用标识",
        "Application id",
        true,
        ("小写字母、数字和短横线", "Lower-case letters, digits and dashes"),
        "marriage-registry",
    ),
    text(
        "applicationName",
        "应用系统",
        "Application",
        false,
        ("新增申请必填", "Needed for a new application"),
        "婚姻登记系统",
    ),
    text("pool", "资源池", "Pool", true, ("资源池标识", "The pool's id"), "cec"),
    text(
        "moveFrom",
        "迁出资源池",
        "Leaves pool",
        false,
        ("仅用于变更: 应用离开的资源池", "With a change: the pool that it leaves"),
        "",
    ),
    text("cpu", "CPU", "CPU", false, ("变更后应有的核数", "Cores that it shall have afterwards"), "8"),
    text("memory", "内存", "Memory", false, AMOUNT, "16G"),
    text("storage", "存储", "Storage", false, AMOUNT, "2T"),
    text("start", "开始日期", "Start", false, DAY, "2026-12-01"),
    text("end", "结束日期", "End", false, ("空白为长期", "Empty: permanent"), "2027-11-30"),
    text(
        "justification",
        "测算依据",
        "Justification",
        true,
        ("10 至 2000 字", "10 to 2000 characters"),
        "高峰期登记量翻倍, 现有 8 核已满",
    ),
    text("users", "用户规模", "Users", false, OPTIONAL, ""),
    text("concurrency", "并发量", "Concurrency", false, OPTIONAL, ""),
    text("dataVolume", "数据量", "Data volume", false, OPTIONAL, ""),
    text("approvalNumber", "立项批复文号", "Approval number", false, OPTIONAL, ""),
    text("funding", "资金来源", "Funding", false, OPTIONAL, ""),
    TIER,
    HOSTING,
    ZONE,
    GRADE,
    DOMESTIC,
];

/// The columns of a kind.
#[must_use]
pub fn asked(kind: ImportKind) -> Vec<Asked> {
    match kind {
        ImportKind::Applications => APPLICATIONS.to_vec(),
        ImportKind::Departments => DEPARTMENTS.to_vec(),
        ImportKind::Requests | ImportKind::RequestForm => {
            let mut asked = REQUESTS.to_vec();
            asked.extend([KEY_EVENT, DESCRIPTION]);
            asked
        }
    }
}
