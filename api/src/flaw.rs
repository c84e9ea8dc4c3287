//! What is wrong with the city's own rules, in Chinese. The English sentences are those of the
//! `resources` crate.

use jiff::civil::Weekday;
use resources::policy::Unreadable;
use resources::validate::Wrong;

use crate::language::Language;
use crate::sentence as words;

/// The field and what is wrong with it.
#[must_use]
pub fn sentence(language: Language, field: &str, wrong: &Wrong) -> String {
    match language {
        Language::Chinese => format!("{field} {}。", zh(wrong)),
        Language::English => format!("{field} {wrong}."),
    }
}

/// What is wrong with a field, without its name and its stop.
#[must_use]
pub fn zh(wrong: &Wrong) -> String {
    match wrong {
        Wrong::Name { year } => format!("不是 y{year}, 即该年日历的名称"),
        Wrong::Year { year } => format!("为 {year}: 请填 2000 至 2199 之间的年份"),
        Wrong::Date => "不是日期, 请写成 2026-10-01".to_owned(),
        Wrong::OtherYear { year } => format!("不是 {year} 年的日期"),
        Wrong::Order => "不在前一个日期之后: 请按先后列出, 每天一次".to_owned(),
        Wrong::InBoth => "同时列为放假: 只能是其中之一".to_owned(),
        Wrong::NotWeekend(day) => format!("是{}: 只有周六、周日才调休上班", weekday(*day)),
        Wrong::NoHolidays => "为空: 已公布的年份必有放假".to_owned(),
        Wrong::Length { length, min, max } => format!("有 {length} 个字, 应为 {min} 至 {max} 个"),
        Wrong::TooMany { count, max } => format!("有 {count} 项, 最多 {max} 项"),
        Wrong::UnknownKey(key) => format!("不是已知的参数: {key}"),
        Wrong::Twice(key) => format!("同一生效日期重复: {key}"),
        Wrong::Unreadable { cause, .. } => unreadable(cause),
    }
}

fn unreadable(cause: &Unreadable) -> String {
    match cause {
        Unreadable::Number { min, max, unit } => format!("应为 {min} 至 {max} 的整数({})", unit_zh(unit)),
        Unreadable::Switch => "应为 on(开启)或 off(关闭)".to_owned(),
        Unreadable::Path => "应为 staged(分环节)或 direct(一次决定)".to_owned(),
        Unreadable::Evidence => "应为 measured(实测用量)或 charged(已占用配额)".to_owned(),
        Unreadable::Amount(error) => words::amount_zh(error),
        Unreadable::Cutoff => "应为 12:00 至 23:59 的时刻, 请写成 17:30".to_owned(),
        Unreadable::ListOfDays { max, count_max } => {
            format!("应为至多 {count_max} 个 1 至 {max} 的天数, 请写成 30,7,1")
        }
    }
}

fn unit_zh(unit: &str) -> &str {
    match unit {
        "working days" => "工作日",
        "calendar days" => "日历日",
        "seconds" => "秒",
        "percent" => "百分比",
        "offers" => "次",
        other => other,
    }
}

const fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "周一",
        Weekday::Tuesday => "周二",
        Weekday::Wednesday => "周三",
        Weekday::Thursday => "周四",
        Weekday::Friday => "周五",
        Weekday::Saturday => "周六",
        Weekday::Sunday => "周日",
    }
}

#[cfg(test)]
mod tests {
    use resources::policy::{Form, KEYS};

    use super::*;

    #[test]
    fn what_a_value_should_be_is_said_in_chinese() {
        for key in KEYS {
            let Err(cause) = key.form.check("?") else { panic!("{} takes anything", key.key) };
            let said = zh(&Wrong::Unreadable { key: key.key, cause });
            assert!(!said.is_ascii(), "{}: {said}", key.key);
            if matches!(key.form, Form::Workdays { .. }) {
                assert!(said.ends_with("的整数(工作日)"), "{said}");
            }
        }
        assert_eq!(zh(&Wrong::NotWeekend(Weekday::Monday)), "是周一: 只有周六、周日才调休上班");
    }
}
