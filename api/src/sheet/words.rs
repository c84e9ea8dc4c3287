//! The words that tables have for the values of fields, as the screens have them.

use serde::Serialize;

use crate::language::Language;

/// A value's name in objects, in Chinese and in English.
pub type Words = &'static [(&'static str, &'static str, &'static str)];

pub const TIERS: Words = &[
    ("NationalProvincial", "国家/省级", "National/provincial"),
    ("Municipal", "市级", "Municipal"),
    ("County", "县级", "County"),
];
pub const HOSTINGS: Words = &[("Hosted", "承载", "Hosted"), ("Connected", "接入", "Connected")];
pub const ZONES: Words = &[
    ("InternetZone", "互联网区", "Internet zone"),
    ("ExtranetZone", "政务外网区", "Extranet zone"),
    ("LeasedLineZone", "专线区", "Leased line zone"),
    ("DMZ", "DMZ", "DMZ"),
];
pub const TYPES: Words =
    &[("New", "新增", "New"), ("Change", "变更", "Change"), ("Renew", "续期", "Renew"), ("Release", "注销", "Cancel")];
pub const GRADES: Words = &[("1", "一级", "Grade 1"), ("2", "二级", "Grade 2"), ("3", "三级", "Grade 3")];
pub const FLAGS: Words = &[("true", "是", "Yes"), ("false", "否", "No")];
pub const SAMPLES: Words = &[("true", "示例", "Sample"), ("quota", "示例配额", "Sample quota"), ("false", "否", "No")];
pub const STATES: Words = &[
    ("Enforced", "已生效", "Enforced"),
    ("Pending", "写入中", "Being written"),
    ("Draining", "回收中占用", "Draining"),
    ("Waiting", "等待余量", "Waiting"),
    ("Expired", "已到期", "Expired"),
    ("NoQuota", "无配额", "No quota"),
];
pub const RESOURCES: Words = &[("cpu", "CPU", "CPU"), ("memory", "内存", "Memory"), ("storage", "存储", "Storage")];
/// Phases, and the review stages that are none.
pub const PHASES: Words = &[
    ("Submitted", "已提交", "Submitted"),
    ("Acceptance", "受理", "Accept"),
    ("Accepted", "已受理", "Accepted"),
    ("TechReview", "技术审核", "Technical review"),
    ("AdminApproval", "行政审批", "Administrative approval"),
    ("Offered", "待确认(调整方案)", "Awaiting your answer (counter-offer)"),
    ("Approved", "已批准", "Approved"),
    ("Provisioning", "开通中", "Provisioning"),
    ("Testing", "测试中", "Testing"),
    ("Active", "使用中", "Active"),
    ("Returned", "退回补正", "Returned for correction"),
    ("Rejected", "不予批准", "Rejected"),
    ("Withdrawn", "已撤回", "Withdrawn"),
    ("Lapsed", "已失效", "Lapsed"),
    ("Expired", "已到期", "Expired"),
    ("Reclaiming", "回收中", "Reclaiming"),
    ("Released", "已释放", "Released"),
];

/// The word for a value; the value itself where there is none.
#[must_use]
pub fn word(words: Words, value: &impl Serialize, language: Language) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    let name = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let found = words.iter().find(|(known, ..)| *known == name);
    found.map_or(name, |(_, zh, en)| if language == Language::Chinese { *zh } else { *en }.to_owned())
}

/// The value that somebody means by a word, in whichever language.
#[must_use]
pub fn meant(words: Words, text: &str) -> Option<&'static str> {
    let text = text.trim();
    let called =
        |(name, zh, en): &&(&str, &str, &str)| [name, zh, en].iter().any(|word| word.eq_ignore_ascii_case(text));
    words.iter().find(called).map(|(name, ..)| *name)
}

/// All words, to choose from.
#[must_use]
pub fn all(words: Words, language: Language) -> Vec<&'static str> {
    words.iter().map(|(_, zh, en)| if language == Language::Chinese { *zh } else { *en }).collect()
}
