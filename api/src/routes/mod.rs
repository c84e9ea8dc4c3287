//! One file per family: parameters, handlers and what they show.
#![expect(unused_qualifications, reason = "the macro that documents handlers repeats the paths of their parameters")]

pub mod allocations;
pub mod applications;
pub mod audit;
pub mod automatic;
pub mod calendars;
pub mod course;
pub mod decisions;
pub mod departments;
pub mod drafts;
pub mod events;
pub mod health;
pub mod imports;
pub mod incidents;
pub mod invariants;
pub mod links;
pub mod notice_preferences;
pub mod notices;
pub mod overview;
pub mod policy;
pub mod pools;
pub mod requests;
pub mod session;
pub mod sessions;
pub mod sign_in;
pub mod what_if;
