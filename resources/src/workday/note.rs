//! Why a due date is what it is, for people: the days that aren't as a week has them.

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use super::Cutoff;

/// Notes of one due date. A deadline of 60 working days passes over at most 8 holidays and 8 days
/// worked for them; with the two about its start and its years this is enough for a year.
pub const NOTES_MAX: usize = 40;

/// Something about the days that a deadline passes over: what, when, and as a sentence.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    pub kind: NoteKind,
    /// The day, or the first of several.
    pub date: Date,
    /// The last of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    pub zh: String,
    pub en: String,
}

#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoteKind {
    /// What came after the cutoff counts from `date`.
    AfterCutoff,
    /// What came on a day off counts from `date`.
    OnDayOff,
    /// A holiday of the calendar, from `date` to `until`.
    Holiday,
    /// A weekend that is worked.
    MakeupWorkday,
    /// The year of `date` isn't published: the due date is provisional.
    Unpublished,
}

impl Note {
    pub(super) fn after_cutoff(counts_from: Date, cutoff: Cutoff) -> Self {
        let zh = format!("{cutoff}以后提交, 视为{}提交", zh(counts_from));
        let en = format!("It came after {cutoff} and counts as of {}", en(counts_from));
        Self { kind: NoteKind::AfterCutoff, date: counts_from, until: None, zh, en }
    }

    pub(super) fn on_day_off(came: Date, counts_from: Date) -> Self {
        let zh_text = format!("{}不是工作日, 视为{}提交", zh(came), zh(counts_from));
        let en_text = format!("{} is a day off, and it counts as of {}", en(came), en(counts_from));
        Self { kind: NoteKind::OnDayOff, date: counts_from, until: None, zh: zh_text, en: en_text }
    }

    /// 「10月10日(周六)调休上班」
    #[must_use]
    pub fn makeup_workday(day: Date) -> Self {
        let (zh, en) = (format!("{}调休上班", zh(day)), format!("{} is worked for a holiday", en(day)));
        Self { kind: NoteKind::MakeupWorkday, date: day, until: None, zh, en }
    }

    /// 「10月1日至7日放假」
    #[must_use]
    pub fn holiday(first: Date, last: Date) -> Self {
        if first == last {
            let (zh, en) = (format!("{}放假", zh(first)), format!("{} is a holiday", en(first)));
            return Self { kind: NoteKind::Holiday, date: first, until: None, zh, en };
        }
        let until = if first.month() == last.month() {
            format!("{}日", last.day())
        } else {
            format!("{}月{}日", last.month(), last.day())
        };
        let zh = format!("{}月{}日至{until}放假", first.month(), first.day());
        let en = format!("{} to {} are holidays", en(first), en(last));
        Self { kind: NoteKind::Holiday, date: first, until: Some(last), zh, en }
    }

    /// 「2027年放假安排尚未公布, 暂定」
    #[must_use]
    pub fn unpublished(day: Date) -> Self {
        let year = day.year();
        let zh = format!("{year}年放假安排尚未公布, 暂定");
        let en = format!("The holidays of {year} aren't published yet: provisional");
        Self { kind: NoteKind::Unpublished, date: day, until: None, zh, en }
    }
}

/// `10月10日(周六)`
fn zh(day: Date) -> String {
    let weekday = match day.weekday() {
        Weekday::Monday => "周一",
        Weekday::Tuesday => "周二",
        Weekday::Wednesday => "周三",
        Weekday::Thursday => "周四",
        Weekday::Friday => "周五",
        Weekday::Saturday => "周六",
        Weekday::Sunday => "周日",
    };
    format!("{}月{}日({weekday})", day.month(), day.day())
}

/// `Saturday 10 October`
fn en(day: Date) -> String {
    day.strftime("%A %-d %B").to_string()
}
