//! Who may do what: the matrix that the product promises, written down once. `docs/permissions.md`
//! is made from it, and the test `permissions` tries each cell.

pub mod kubernetes;
mod page;
pub mod rest;

pub use page::page;

use crate::people::Person;

/// A column: somebody in a role, as the test knows him.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Stands for him in the cells.
    pub letter: char,
    pub who: Person,
    pub title: &'static str,
}

/// What is asked for belongs to department `civil`, in pool `cec`.
pub const COLUMNS: [Column; 9] = [
    column('C', Person::CloudAdmin, "cloud admin"),
    column('A', Person::ApproverAdmin, "administrative approver"),
    column('T', Person::ApproverTech, "technical approver"),
    column('O', Person::Li, "department owner"),
    column('U', Person::Zhang, "department user"),
    column('P', Person::Provider, "provider of the pool"),
    column('I', Person::Auditor, "auditor"),
    column('X', Person::Chen, "user of another department"),
    column('N', Person::Nobody, "somebody without a role"),
];

const fn column(letter: char, who: Person, title: &'static str) -> Column {
    Column { letter, who, title }
}

/// Whether the cell of a column is set in a line such as `"CATO"`.
#[must_use]
pub fn has(line: &str, column: &Column) -> bool {
    line.contains(column.letter)
}
