//! What the operator, the API and the command line say of a bad input: the same, with the field.
//!
//! The API server checks the same rules from the kinds' schema. These sentences are better (they
//! say what was wrong and what to do), and they come all at once. A test compares the verdicts.

use std::collections::BTreeSet;
use std::fmt;

use ledger::{Bundle, Resource, Shares};
use thiserror::Error;

use crate::amounts::Resources;
use crate::names;
use crate::quantity::QuantityError;
use crate::v1alpha1::{
    AllocationSpec, Basis, Ceiling, Contact, NewApplication, Period, QuotaRequestSpec, RequestDetail, RequestType,
    ResourcePoolSpec,
};

mod city;
mod link;

pub use city::{Flaw, Wrong, process, work_calendar};
pub use link::{LinkFlaw, LinkWrong, extranet_link, maintenance_window};

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field} {cause}")]
pub struct Violation {
    /// Path of the field, such as `spec.resources.memory`.
    pub field: String,
    pub cause: Cause,
}

/// What is wrong with a field. The sentence goes after the field's name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Cause {
    #[error(transparent)]
    Amount(#[from] QuantityError),
    #[error("is needed")]
    Missing,
    #[error("has {length} characters: write {min} to {max}")]
    Length { length: usize, min: usize, max: usize },
    #[error("has {count} items: at most {max}")]
    TooMany { count: usize, max: usize },
    #[error(
        "isn't a name: at most {max} lower-case letters, digits and dashes, beginning and ending with a letter or digit"
    )]
    Name { max: usize },
    #[error("isn't a date: write it as 2026-12-01")]
    Date,
    #[error("is before the start")]
    EndBeforeStart,
    #[error("is all zero: only a Release asks for nothing")]
    AllZero,
    #[error("isn't zero: a Release gives everything back, write 0 for each")]
    NotZero,
    #[error("goes with type New only")]
    OnlyWithNew,
    #[error("goes with type Change only")]
    OnlyWithChange,
    #[error("is spec.pool: name the pool that the application leaves")]
    SamePool,
    #[error("is {grade}: grade 4 and above must not be on this cloud, write 1, 2 or 3")]
    GradeTooHigh { grade: i32 },
    #[error("is {grade}: write 1, 2 or 3")]
    GradeTooLow { grade: i32 },
    #[error("doesn't add up to the amounts of the allocation")]
    SharesDontAddUp,
    #[error("is there twice")]
    Twice,
}

impl Cause {
    /// The name in problems. Promised to scripts.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Amount(error) => error.code(),
            Self::Missing => "Missing",
            Self::Length { .. } => "Length",
            Self::TooMany { .. } => "TooMany",
            Self::Name { .. } => "Name",
            Self::Date => "Date",
            Self::EndBeforeStart => "EndBeforeStart",
            Self::AllZero => "AllZero",
            Self::NotZero => "NotZero",
            Self::OnlyWithNew => "OnlyWithNew",
            Self::OnlyWithChange => "OnlyWithChange",
            Self::SamePool => "SamePool",
            Self::GradeTooHigh { .. } => "GradeTooHigh",
            Self::GradeTooLow { .. } => "GradeTooLow",
            Self::SharesDontAddUp => "SharesDontAddUp",
            Self::Twice => "Twice",
        }
    }
}

/// Further lines of a request's form.
const DETAILS_MAX: usize = 50;

/// Everything that is wrong with a request, as far as the request alone tells.
#[must_use]
pub fn request(spec: &QuotaRequestSpec) -> Vec<Violation> {
    let QuotaRequestSpec {
        requester,
        type_,
        application,
        new_application,
        pool,
        move_from,
        resources,
        period,
        justification,
        basis,
        details,
    } = spec;
    let mut found = Found::default();
    found.length("spec.requester", requester, 1, 253);
    found.name("spec.application", application, names::APPLICATION_NAME_MAX);
    found.length("spec.pool", pool, 1, names::DEPARTMENT_NAME_MAX);
    if let Some(left) = move_from {
        found.length("spec.moveFrom", left, 1, names::DEPARTMENT_NAME_MAX);
        if *type_ != RequestType::Change {
            found.add("spec.moveFrom".to_owned(), Cause::OnlyWithChange);
        } else if left == pool {
            found.add("spec.moveFrom".to_owned(), Cause::SamePool);
        }
    }
    found.length("spec.justification", justification, 10, 2000);
    found.amounts_for(*type_, resources);
    if let Some(period) = period {
        found.period(period);
    }
    if let Some(new) = new_application {
        found.new_application(*type_, new);
    }
    found.basis(basis);
    found.details(details);
    found.violations
}

/// What each namespace of an allocation may use, or what is wrong with it.
pub fn shares(spec: &AllocationSpec) -> Result<Shares, Vec<Violation>> {
    let mut found = Found::default();
    let total = found.amounts("spec.resources", &spec.resources);
    let mut shares = Shares::new();
    for (index, namespace) in spec.namespaces.iter().enumerate() {
        let share =
            namespace.share.as_ref().map(|share| found.amounts(&format!("spec.namespaces[{index}].share"), share));
        let share = share.unwrap_or(if spec.namespaces.len() == 1 { total } else { None });
        if share.is_none() && namespace.share.is_none() {
            found.add(format!("spec.namespaces[{index}].share"), Cause::Missing);
        }
        if shares.insert(namespace.name.clone(), share.unwrap_or_default()).is_some() {
            found.add(format!("spec.namespaces[{index}].name"), Cause::Twice);
        }
    }
    if spec.namespaces.is_empty() {
        shares.insert(names::application_namespace(&spec.application), total.unwrap_or_default());
    }
    if found.violations.is_empty() && Some(shares.values().sum::<Bundle>()) != total {
        found.add("spec.namespaces".to_owned(), Cause::SharesDontAddUp);
    }
    if found.violations.is_empty() { Ok(shares) } else { Err(found.violations) }
}

/// What a pool may grant: its contract × its grantable percentage.
pub fn capacity(spec: &ResourcePoolSpec) -> Result<Bundle, Vec<Violation>> {
    let mut found = Found::default();
    let contract = found.amounts("spec.contract.capacity", &spec.contract.capacity);
    let percent = |percent: i32| u32::try_from(percent).unwrap_or_default();
    let Some(contract) = contract else { return Err(found.violations) };
    Ok(Bundle {
        cpu: contract.cpu.percent(percent(spec.grantable_percent.cpu)),
        memory: contract.memory.percent(percent(spec.grantable_percent.memory)),
        storage: contract.storage.percent(percent(spec.grantable_percent.storage)),
    })
}

/// A department's ceiling in a pool.
pub fn ceiling(index: usize, ceiling: &Ceiling) -> Result<Bundle, Vec<Violation>> {
    let mut found = Found::default();
    let amounts = found.amounts(&format!("spec.ceilings[{index}]"), &ceiling.resources());
    amounts.ok_or(found.violations)
}

/// Whether the text can be the name of one of our objects.
#[must_use]
pub fn is_name(text: &str, max: usize) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= max && text.starts_with(word) && text.ends_with(word) && text.chars().all(|c| word(c) || c == '-')
}

/// What was found so far.
#[derive(Default)]
struct Found {
    violations: Vec<Violation>,
}

impl Found {
    fn add(&mut self, field: impl fmt::Display, cause: Cause) {
        self.violations.push(Violation { field: field.to_string(), cause });
    }

    fn length(&mut self, field: &str, text: &str, min: usize, max: usize) {
        let length = text.chars().count();
        if length == 0 && min > 0 {
            self.add(field, Cause::Missing);
        } else if length < min || length > max {
            self.add(field, Cause::Length { length, min, max });
        }
    }

    fn name(&mut self, field: &str, text: &str, max: usize) {
        if text.is_empty() {
            self.add(field, Cause::Missing);
        } else if !is_name(text, max) {
            self.add(field, Cause::Name { max });
        }
    }

    fn date(&mut self, field: &str, text: &str) {
        let well_formed = text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok();
        if !well_formed {
            self.add(field, Cause::Date);
        }
    }

    fn amounts(&mut self, field: &str, resources: &Resources) -> Option<Bundle> {
        let mut read = |resource: Resource| {
            crate::quantity::parse(resource, resources.of(resource))
                .map_err(|error| self.add(format!("{field}.{resource}"), error.into()))
                .ok()
        };
        let (cpu, memory, storage) = (read(Resource::Cpu), read(Resource::Memory), read(Resource::Storage));
        Some(Bundle { cpu: cpu?, memory: memory?, storage: storage? })
    }

    fn amounts_for(&mut self, type_: RequestType, resources: &Resources) {
        let Some(amounts) = self.amounts("spec.resources", resources) else { return };
        match (type_, amounts.is_zero()) {
            (RequestType::Release, false) => self.add("spec.resources", Cause::NotZero),
            (RequestType::New | RequestType::Change | RequestType::Renew, true) => {
                self.add("spec.resources", Cause::AllZero);
            }
            _ => {}
        }
    }

    fn period(&mut self, period: &Period) {
        let Period { start, end } = period;
        self.date("spec.period.start", start);
        if let Some(end) = end {
            self.date("spec.period.end", end);
            if end < start {
                self.add("spec.period.end", Cause::EndBeforeStart);
            }
        }
    }

    fn basis(&mut self, basis: &Basis) {
        let Basis { users, concurrency, data_volume, approval_number, funding } = basis;
        let fields = [
            ("users", users),
            ("concurrency", concurrency),
            ("dataVolume", data_volume),
            ("approvalNumber", approval_number),
            ("funding", funding),
        ];
        for (field, text) in fields {
            self.length(&format!("spec.basis.{field}"), text.as_deref().unwrap_or_default(), 0, 200);
        }
    }

    fn details(&mut self, details: &[RequestDetail]) {
        if details.len() > DETAILS_MAX {
            self.add("spec.details", Cause::TooMany { count: details.len(), max: DETAILS_MAX });
        }
        // What is wrong with those that are too many anyway needn't be said.
        for (index, RequestDetail { label, value }) in details.iter().take(DETAILS_MAX).enumerate() {
            self.length(&format!("spec.details[{index}].label"), label, 1, 100);
            self.length(&format!("spec.details[{index}].value"), value, 0, 1000);
        }
    }

    fn new_application(&mut self, type_: RequestType, new: &NewApplication) {
        if type_ != RequestType::New {
            self.add("spec.newApplication", Cause::OnlyWithNew);
        }
        self.length("spec.newApplication.displayName", &new.display_name, 1, 100);
        self.length("spec.newApplication.description", &new.description, 0, 1000);
        let Contact { name, phone, email } = &new.contact;
        self.length("spec.newApplication.contact.name", name, 0, 100);
        self.length("spec.newApplication.contact.phone", phone, 0, 50);
        self.length("spec.newApplication.contact.email", email, 0, 200);
        let grade = new.security_grade;
        if grade > 3 {
            self.add("spec.newApplication.securityGrade", Cause::GradeTooHigh { grade });
        } else if grade < 1 {
            self.add("spec.newApplication.securityGrade", Cause::GradeTooLow { grade });
        }
    }
}

/// The fields that are wrong, for tests and messages.
#[must_use]
pub fn fields(violations: &[Violation]) -> BTreeSet<&str> {
    violations.iter().map(|violation| violation.field.as_str()).collect()
}

#[cfg(test)]
mod tests;
