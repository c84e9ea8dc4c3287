//! The calendars that the product brings along: the State Council's yearly notices.
//!
//! The chart ships the same as WorkCalendar objects; a test compares them.

/// Month and day.
type MonthDay = (i8, i8);

/// A year as its notice says it.
pub(super) struct BuiltIn {
    pub year: i16,
    pub source_document: &'static str,
    /// First and last day.
    pub holidays: &'static [(MonthDay, MonthDay)],
    pub makeup_workdays: &'static [MonthDay],
}

pub(super) const YEARS: [BuiltIn; 3] = [
    BuiltIn {
        year: 2024,
        source_document: "国务院办公厅关于2024年部分节假日安排的通知(国办发明电〔2023〕7号, 2023-10-25)",
        holidays: &[
            ((1, 1), (1, 1)),
            ((2, 10), (2, 17)),
            ((4, 4), (4, 6)),
            ((5, 1), (5, 5)),
            ((6, 10), (6, 10)),
            ((9, 15), (9, 17)),
            ((10, 1), (10, 7)),
        ],
        makeup_workdays: &[(2, 4), (2, 18), (4, 7), (4, 28), (5, 11), (9, 14), (9, 29), (10, 12)],
    },
    BuiltIn {
        year: 2025,
        source_document: "国务院办公厅关于2025年部分节假日安排的通知(国办发明电〔2024〕12号, 2024-11-12)",
        holidays: &[
            ((1, 1), (1, 1)),
            ((1, 28), (2, 4)),
            ((4, 4), (4, 6)),
            ((5, 1), (5, 5)),
            ((5, 31), (6, 2)),
            ((10, 1), (10, 8)),
        ],
        makeup_workdays: &[(1, 26), (2, 8), (4, 27), (9, 28), (10, 11)],
    },
    BuiltIn {
        year: 2026,
        source_document: "国务院办公厅关于2026年部分节假日安排的通知(国办发明电〔2025〕7号, 2025-11-04)",
        holidays: &[
            ((1, 1), (1, 3)),
            ((2, 15), (2, 23)),
            ((4, 4), (4, 6)),
            ((5, 1), (5, 5)),
            ((6, 19), (6, 21)),
            ((9, 25), (9, 27)),
            ((10, 1), (10, 7)),
        ],
        makeup_workdays: &[(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)],
    },
];
