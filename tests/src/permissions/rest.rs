//! Operations of REST, by the names that `api/openapi.json` gives them.

use super::{COLUMNS, Column, has};

/// What somebody gets who calls an operation about the department's things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done or shown; or refused for what was asked, not for who asked.
    Open,
    /// A list without anything of the department.
    Empty,
    /// 404, as for what isn't there.
    Hidden,
    /// 422, the same as for a department that isn't there.
    Unknown,
    /// 403.
    Refused,
}

impl Answer {
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Open => "yes",
            Self::Empty => "empty",
            Self::Hidden => "404",
            Self::Unknown => "422 unknown",
            Self::Refused => "403",
        }
    }
}

/// Each column's letter stands in exactly one of these.
#[derive(Clone, Copy, Debug)]
pub struct OperationLine {
    pub operation: &'static str,
    pub open: &'static str,
    pub empty: &'static str,
    pub hidden: &'static str,
    pub unknown: &'static str,
    pub refused: &'static str,
}

impl OperationLine {
    pub fn cells(&self) -> impl Iterator<Item = (&'static Column, Answer)> {
        let line = *self;
        COLUMNS.iter().map(move |column| (column, line.answer(column)))
    }

    fn answer(&self, column: &Column) -> Answer {
        let columns = [
            (self.open, Answer::Open),
            (self.empty, Answer::Empty),
            (self.hidden, Answer::Hidden),
            (self.unknown, Answer::Unknown),
            (self.refused, Answer::Refused),
        ];
        let mut found = columns.into_iter().filter(|(letters, _)| has(letters, column));
        match (found.next(), found.next()) {
            (Some((_, answer)), None) => answer,
            _ => panic!("{}: column {} isn't in exactly one of its answers", self.operation, column.letter),
        }
    }
}

const EVERYBODY: &str = "CATOUPIXN";

const fn blank(operation: &'static str) -> OperationLine {
    OperationLine { operation, open: "", empty: "", hidden: "", unknown: "", refused: "" }
}

const fn everybody(operation: &'static str) -> OperationLine {
    OperationLine { open: EVERYBODY, ..blank(operation) }
}

/// A list: those who see nothing of the department get none of its things.
const fn list(operation: &'static str, open: &'static str, empty: &'static str) -> OperationLine {
    OperationLine { open, empty, ..blank(operation) }
}

/// One object: for those who may not see it it isn't there.
const fn one(operation: &'static str, open: &'static str, hidden: &'static str) -> OperationLine {
    OperationLine { open, hidden, ..blank(operation) }
}

const fn act(
    operation: &'static str,
    open: &'static str,
    hidden: &'static str,
    refused: &'static str,
) -> OperationLine {
    OperationLine { open, hidden, refused, ..blank(operation) }
}

/// One that names the department in its body.
const fn naming(
    operation: &'static str,
    open: &'static str,
    unknown: &'static str,
    refused: &'static str,
) -> OperationLine {
    OperationLine { open, unknown, refused, ..blank(operation) }
}

pub const OPERATIONS: &[OperationLine] = &[
    list("list_allocations", "CATOUI", "PXN"),
    one("show_allocation", "CATOUI", "PXN"),
    list("list_applications", "CATOUI", "PXN"),
    one("show_application", "CATOUI", "PXN"),
    // Those who may list auditrecords.
    act("list_audit", "CI", "", "ATOUPXN"),
    act("export_audit", "CI", "", "ATOUPXN"),
    act("verify_audit", "CI", "", "ATOUPXN"),
    // Those who may list extranetlinks; there is no such link and no such incident.
    act("show_network", "CATI", "", "OUPXN"),
    act("list_links", "CATI", "", "OUPXN"),
    act("show_link", "", "CATI", "OUPXN"),
    act("list_incidents", "CATI", "", "OUPXN"),
    act("show_incident", "", "CATI", "OUPXN"),
    act("acknowledge_incident", "", "C", "ATOUPIXN"),
    list("list_departments", "CATOUI", "PXN"),
    one("show_department", "CATOUI", "PXN"),
    everybody("follow_events"),
    // Of departments, in rows that write nothing.
    act("import_file", "C", "", "ATOUPIXN"),
    everybody("show_template"),
    act("show_invariants", "CATI", "", "OUPXN"),
    // What concerns the caller; one without a part in it has none.
    list("list_notices", "CATOUI", "PXN"),
    act("list_deliveries", "CATI", "", "OUPXN"),
    // There is none of that name.
    act("retry_delivery", "", "C", "ATOUPIXN"),
    everybody("read_notices"),
    everybody("show_notice_preferences"),
    // A department's, which its owners may say.
    OperationLine { open: "O", unknown: "CATIPXN", refused: "U", ..blank("save_notice_preferences") },
    everybody("show_overview"),
    one("show_policy", "CATOUPIX", "N"),
    act("set_process_value", "C", "N", "ATOUPIX"),
    one("show_calendars", "CATOUPIX", "N"),
    one("show_calendar", "CATOUPIX", "N"),
    act("set_calendar", "C", "N", "ATOUPIX"),
    one("show_due", "CATOUPIX", "N"),
    // Drafts are their writer's alone, and nobody has written one yet.
    list("list_drafts", "", EVERYBODY),
    one("show_draft", "", EVERYBODY),
    naming("save_draft", "OU", "CATIPXN", ""),
    one("delete_draft", "", EVERYBODY),
    list("list_pools", "CATOUPIX", "N"),
    one("show_pool", "CATOUPIX", "N"),
    list("list_requests", "CATOUI", "PXN"),
    naming("create_request", "OU", "PXN", "CATI"),
    naming("preview_request", "CATOUI", "PXN", ""),
    one("show_request", "CATOUI", "PXN"),
    act("correct_request", "OU", "PXN", "CATI"),
    act("decide_request", "CATOU", "PXN", "I"),
    one("show_request_form", "CATOUI", "PXN"),
    naming("reckon_plan", "CATOUI", "PXN", ""),
    naming("reckon_sheet", "CATOUI", "PXN", ""),
    // Refused to those who may, because the ledger isn't at that revision.
    act("apply_plan", "C", "", "ATOUPIXN"),
    one("show_decision", "CATOUI", "PXN"),
    everybody("show_session"),
    everybody("create_session"),
    everybody("delete_session"),
    // One's own alone; nobody has the one that is asked for.
    everybody("list_sessions"),
    one("end_session", "", EVERYBODY),
    everybody("show_sign_in"),
    // Where no identity provider is set there is nothing.
    one("begin_sign_in", "", EVERYBODY),
    one("end_sign_in", "", EVERYBODY),
    one("log_out", "", EVERYBODY),
    everybody("show_version"),
    everybody("show_health"),
    everybody("show_readiness"),
];
