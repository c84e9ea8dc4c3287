//! What can go wrong with tables and plans: many things at once, each with its row and column.

use axum::http::StatusCode;

use crate::problem::FieldError;
use crate::sheet::Unreadable;
use crate::sheet::read::{COLUMNS_MAX, ROWS_MAX};

/// Why a table or a plan came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bulk {
    /// The body isn't declared as CSV or XLSX.
    NotATable,
    Unreadable(Unreadable),
    /// An export would have more rows than are given at once.
    TooManyRows {
        rows: u64,
        max: u64,
    },
    /// Rows of an import are wrong: nothing was written.
    ImportFaulty(Vec<FieldError>),
    /// Rows of a plan are wrong.
    PlanFaulty(Vec<FieldError>),
    /// What was found to fit doesn't any more: nothing was written.
    LedgerMoved(Vec<FieldError>),
}

impl Bulk {
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::NotATable => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooManyRows { .. } => StatusCode::BAD_REQUEST,
            Self::Unreadable(_) | Self::ImportFaulty(_) | Self::PlanFaulty(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::LedgerMoved(_) => StatusCode::CONFLICT,
        }
    }

    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotATable => "NotATable",
            Self::Unreadable(Unreadable::Empty) => "TableEmpty",
            Self::Unreadable(Unreadable::Damaged) => "TableDamaged",
            Self::Unreadable(Unreadable::TooLong) => "TableTooLong",
            Self::Unreadable(Unreadable::Bomb) => "TableTooLarge",
            Self::TooManyRows { .. } => "TooManyRows",
            Self::ImportFaulty(_) => "ImportFaulty",
            Self::PlanFaulty(_) => "PlanFaulty",
            Self::LedgerMoved(_) => "LedgerMoved",
        }
    }

    pub fn errors(&self) -> &[FieldError] {
        match self {
            Self::ImportFaulty(errors) | Self::PlanFaulty(errors) | Self::LedgerMoved(errors) => errors,
            _ => &[],
        }
    }

    pub const fn title(&self) -> (&'static str, &'static str) {
        match self {
            Self::NotATable => ("请求体不是表格文件", "The body isn't declared as a table"),
            Self::Unreadable(_) => ("表格文件无法读取", "The table can't be read"),
            Self::TooManyRows { .. } => ("导出行数过多", "Too many rows to export"),
            Self::ImportFaulty(_) => ("表格内容有误", "Rows of the table are wrong"),
            Self::PlanFaulty(_) => ("预演内容有误", "Rows of the plan are wrong"),
            Self::LedgerMoved(_) => ("账本已有变化", "The ledger has moved"),
        }
    }

    pub fn detail(&self) -> (String, String) {
        match self {
            Self::NotATable => (
                "需要 Content-Type: text/csv 或 XLSX 的类型。".to_owned(),
                "Content-Type must be text/csv or that of XLSX.".to_owned(),
            ),
            Self::Unreadable(cause) => (unreadable_zh(cause), format!("The file can't be taken: {cause}.")),
            Self::TooManyRows { rows, max } => (
                format!("共 {rows} 行, 一次最多导出 {max} 行。"),
                format!("There are {rows} rows; at most {max} are given at once."),
            ),
            Self::ImportFaulty(errors) => (
                format!("发现 {} 处错误, 未写入任何内容。", errors.len()),
                format!("{} things are wrong; nothing was written.", errors.len()),
            ),
            Self::PlanFaulty(errors) => {
                (format!("发现 {} 处错误。", errors.len()), format!("{} things are wrong.", errors.len()))
            }
            Self::LedgerMoved(errors) => (
                format!("有 {} 行的结果与预演时不同, 未写入任何内容。", errors.len()),
                format!("{} rows would come to something else than they did; nothing was written.", errors.len()),
            ),
        }
    }

    pub const fn next_step(&self) -> (&'static str, &'static str) {
        match self {
            Self::NotATable => ("请以 CSV 或 XLSX 文件发送。", "Send a CSV or an XLSX file."),
            Self::Unreadable(_) => {
                ("请下载模板, 按模板填写后重试。", "Download the template, fill it in and try again.")
            }
            Self::TooManyRows { .. } => ("请缩小筛选范围后重试。", "Narrow the filters and try again."),
            Self::ImportFaulty(_) | Self::PlanFaulty(_) => {
                ("请按所列行、列更正后重试。", "Correct the rows and columns that are named and try again.")
            }
            Self::LedgerMoved(_) => ("请重新预演后再应用。", "Reckon the plan once more, then apply it."),
        }
    }
}

fn unreadable_zh(cause: &Unreadable) -> String {
    match cause {
        Unreadable::Empty => "文件是空的。".to_owned(),
        Unreadable::Damaged => "文件既不是可读的 CSV, 也不是可读的 XLSX。".to_owned(),
        Unreadable::TooLong => {
            format!("文件超过 {ROWS_MAX} 行或 {COLUMNS_MAX} 列, 或有过长的单元格。")
        }
        Unreadable::Bomb => "文件解压后过大。".to_owned(),
    }
}
