//! Notices: what a person must hear of.
//!
//! `news` makes them of objects, `route` says to which channels they go, `send` speaks to the
//! receivers, `watch` and `post` are the two loops, and [`crate::history::notices`] keeps all of it.
//!
//! Invariants:
//! - A notice is made of what an object *says*, not of having seen it change: its id follows from the
//!   facts, so that a restart, a replay or a second server makes it again under the same id, and the
//!   store has it once.
//! - What is late is delivered late; nothing is decided or changed because a notice got through or not.
//! - No secret of a channel is in a log, an error or an answer.
//!
//! Deliberately absent: `news`, `route`, `text` and `schedule` have no clock, client or store.

mod news;
mod post;
pub mod route;
mod schedule;
pub mod send;
pub mod settings;
mod text;
mod watch;

pub use news::{City, news};
pub use post::{Post, deliver_for_ever};
pub use text::{Text, name};
pub use watch::{Kept, Owner, look, of_department, of_person, watch_for_ever};

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::access::Rights;

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// 已提交: waits for whoever is first.
    RequestSubmitted,
    /// 已受理
    RequestAccepted,
    /// 技术审核通过: waits for the administrative approval.
    RequestReviewed,
    /// 退回补正
    RequestReturned,
    /// 待确认(调整方案)
    RequestOffered,
    /// 不接受调整方案: waits for the reviewers again.
    OfferDeclined,
    /// 已批准
    RequestApproved,
    /// 使用中
    RequestInForce,
    /// 不予批准
    RequestRejected,
    /// 已撤回
    RequestWithdrawn,
    /// 已失效
    RequestLapsed,
    /// 即将逾期
    AnswerDueSoon,
    /// 逾期: told once, to the next approver too.
    AnswerOverdue,
    /// 催办
    RequestUrged,
    /// A temporary grant ends in some days.
    LeaseEnding,
    /// 已到期
    LeaseEnded,
    /// Less physical capacity than is granted.
    PoolShort,
    /// The pool's books don't agree: nothing is granted.
    PoolHalted,
    /// The pool's cluster isn't reached.
    PoolUnreachable,
}

impl Kind {
    pub const ALL: [Self; 19] = [
        Self::RequestSubmitted,
        Self::RequestAccepted,
        Self::RequestReviewed,
        Self::RequestReturned,
        Self::RequestOffered,
        Self::OfferDeclined,
        Self::RequestApproved,
        Self::RequestInForce,
        Self::RequestRejected,
        Self::RequestWithdrawn,
        Self::RequestLapsed,
        Self::AnswerDueSoon,
        Self::AnswerOverdue,
        Self::RequestUrged,
        Self::LeaseEnding,
        Self::LeaseEnded,
        Self::PoolShort,
        Self::PoolHalted,
        Self::PoolUnreachable,
    ];

    /// As it is written in settings, answers and the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RequestSubmitted => "requestSubmitted",
            Self::RequestAccepted => "requestAccepted",
            Self::RequestReviewed => "requestReviewed",
            Self::RequestReturned => "requestReturned",
            Self::RequestOffered => "requestOffered",
            Self::OfferDeclined => "offerDeclined",
            Self::RequestApproved => "requestApproved",
            Self::RequestInForce => "requestInForce",
            Self::RequestRejected => "requestRejected",
            Self::RequestWithdrawn => "requestWithdrawn",
            Self::RequestLapsed => "requestLapsed",
            Self::AnswerDueSoon => "answerDueSoon",
            Self::AnswerOverdue => "answerOverdue",
            Self::RequestUrged => "requestUrged",
            Self::LeaseEnding => "leaseEnding",
            Self::LeaseEnded => "leaseEnded",
            Self::PoolShort => "poolShort",
            Self::PoolHalted => "poolHalted",
            Self::PoolUnreachable => "poolUnreachable",
        }
    }

    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Whom it concerns. Who that is, is asked when somebody looks, so that who joins a department
/// later finds what it was told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    /// Everybody of a department.
    Department(String),
    /// Who accepts requests.
    Accepters,
    /// Who reviews them technically.
    Reviewers,
    /// Who approves them.
    Approvers,
    /// Who runs the cloud.
    CloudAdmins,
}

impl Audience {
    /// As the store has it.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::Department(name) => format!("department:{name}"),
            Self::Accepters => "role:accepters".to_owned(),
            Self::Reviewers => "role:reviewers".to_owned(),
            Self::Approvers => "role:approvers".to_owned(),
            Self::CloudAdmins => "role:cloudAdmins".to_owned(),
        }
    }

    /// What somebody with these rights belongs to.
    #[must_use]
    pub fn all_of(rights: &Rights) -> Vec<Self> {
        let roles = [
            (rights.accepts, Self::Accepters),
            (rights.reviews, Self::Reviewers),
            (rights.approves, Self::Approvers),
            (rights.administers, Self::CloudAdmins),
        ];
        let roles = roles.into_iter().filter_map(|(has, audience)| has.then_some(audience));
        rights.departments.keys().cloned().map(Self::Department).chain(roles).collect()
    }
}

/// What it is about, as a page of the dashboard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum Subject {
    Request { department: String, name: String },
    Application { department: String, name: String },
    Pool { name: String },
}

impl Subject {
    /// The page, as a path of the dashboard. Names of objects are letters, digits, dots and dashes.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Request { department, name } => format!("/requests/{department}/{name}"),
            Self::Application { department, name } => format!("/applications/{department}/{name}"),
            Self::Pool { .. } => "/capacity".to_owned(),
        }
    }

    /// The department that it belongs to, for channels that serve some departments alone.
    #[must_use]
    pub fn department(&self) -> Option<&str> {
        match self {
            Self::Request { department, .. } | Self::Application { department, .. } => Some(department),
            Self::Pool { .. } => None,
        }
    }
}

/// Something that people must hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The same for the same facts, whoever finds them and however often.
    pub id: String,
    pub kind: Kind,
    /// When it came about.
    pub at: Timestamp,
    pub audiences: Vec<Audience>,
    pub subject: Subject,
    /// What its sentences say: names and figures.
    pub facts: Facts,
}

/// Names and figures by the name that the templates give them.
pub type Facts = BTreeMap<String, String>;

/// The id that follows from these facts.
#[must_use]
pub fn event_id(kind: Kind, facts: &[&str]) -> String {
    let facts: Vec<&str> = std::iter::once(kind.name()).chain(facts.iter().copied()).collect();
    format!("ev-{}", digest(&facts))
}

/// 128 bits of the texts and where each ends.
#[must_use]
pub fn digest(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    hash.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_written_as_they_are_read() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
            assert_eq!(Kind::of(kind.name()), Some(kind));
        }
        assert_eq!(Kind::of("other"), None);
    }

    #[test]
    fn an_id_follows_from_the_facts_and_their_borders() {
        let id = event_id(Kind::RequestAccepted, &["a", "bc"]);
        assert_eq!(id, event_id(Kind::RequestAccepted, &["a", "bc"]));
        assert_ne!(id, event_id(Kind::RequestAccepted, &["ab", "c"]));
        assert_ne!(id, event_id(Kind::RequestReturned, &["a", "bc"]));
    }
}
