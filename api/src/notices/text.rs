//! The sentences of every notice, in both languages: one table.

use super::{Kind, Notice};
use crate::language::Language;

/// A notice as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    pub title: String,
    pub body: String,
}

/// Title and body, Chinese and English. `{name}` stands for a fact.
struct Template {
    zh: [&'static str; 2],
    en: [&'static str; 2],
}

impl Text {
    /// What the notice says in a language.
    #[must_use]
    pub fn of(notice: &Notice, language: Language) -> Self {
        let Template { zh, en } = template(notice.kind);
        let [title, body] = match language {
            Language::Chinese => zh,
            Language::English => en,
        };
        let fill = |template: &str| filled(template, notice, language);
        Self { title: fill(title), body: fill(body) }
    }
}

/// The kind as people call it.
#[must_use]
pub const fn name(kind: Kind, language: Language) -> &'static str {
    let (zh, en) = match kind {
        Kind::RequestSubmitted => ("申请提交", "Request submitted"),
        Kind::RequestAccepted => ("申请受理", "Request accepted"),
        Kind::RequestReviewed => ("技术审核通过", "Technical review passed"),
        Kind::RequestReturned => ("退回补正", "Returned for correction"),
        Kind::RequestOffered => ("调整方案待确认", "Counter-offer awaiting your answer"),
        Kind::OfferDeclined => ("不接受调整方案", "Counter-offer declined"),
        Kind::RequestApproved => ("申请批准", "Request approved"),
        Kind::RequestInForce => ("配额生效", "Quota in force"),
        Kind::RequestRejected => ("不予批准", "Request rejected"),
        Kind::RequestWithdrawn => ("申请撤回", "Request withdrawn"),
        Kind::RequestLapsed => ("申请失效", "Request lapsed"),
        Kind::AnswerDueSoon => ("即将逾期", "Due soon"),
        Kind::AnswerOverdue => ("逾期", "Overdue"),
        Kind::RequestUrged => ("催办", "Reminder"),
        Kind::LeaseEnding => ("临时配额即将到期", "Temporary quota about to end"),
        Kind::LeaseEnded => ("临时配额已到期", "Temporary quota expired"),
        Kind::PoolShort => ("物理容量不足", "Physical capacity short"),
        Kind::PoolHalted => ("资源池暂停分配", "Pool halted"),
        Kind::PoolUnreachable => ("资源池集群无法访问", "Pool's cluster unreachable"),
    };
    match language {
        Language::Chinese => zh,
        Language::English => en,
    }
}

const fn template(kind: Kind) -> Template {
    let (zh, en) = match kind {
        Kind::RequestSubmitted => (
            [
                "申请 {number} 待处理",
                "{application}: {requester} 申请 CPU {cpu} 核, 内存 {memory}, 存储 {storage}(资源池 {pool})。",
            ],
            [
                "Request {number} waits",
                "{application}: {requester} asks for {cpu} cores, {memory} of memory and {storage} of storage from pool {pool}.",
            ],
        ),
        Kind::RequestAccepted => (
            ["申请 {number} 已受理", "{application} 的申请已受理, 待技术审核。"],
            [
                "Request {number} accepted",
                "The request for {application} is accepted and waits for the technical review.",
            ],
        ),
        Kind::RequestReviewed => (
            ["申请 {number} 技术审核通过", "{application} 的申请待行政审批。{reason}"],
            [
                "Request {number} passed the technical review",
                "The request for {application} waits for the administrative approval. {reason}",
            ],
        ),
        Kind::RequestReturned => (
            ["申请 {number} 退回补正", "{application} 的申请需要补正: {reason}"],
            ["Request {number} returned for correction", "The request for {application} needs correction: {reason}"],
        ),
        Kind::RequestOffered => (
            ["申请 {number} 有调整方案待确认", "{application} 的申请有调整方案, 请答复。{reason}"],
            [
                "Request {number}: counter-offer awaiting your answer",
                "There is a counter-offer for {application}: please answer. {reason}",
            ],
        ),
        Kind::OfferDeclined => (
            ["申请 {number} 不接受调整方案", "{application} 的申请重新待审核。{reason}"],
            [
                "Request {number}: counter-offer declined",
                "The request for {application} waits for review again. {reason}",
            ],
        ),
        Kind::RequestApproved => (
            ["申请 {number} 已批准", "{application} 的申请已批准, 正在开通。{reason}"],
            ["Request {number} approved", "The request for {application} is approved and being provisioned. {reason}"],
        ),
        Kind::RequestInForce => (
            [
                "申请 {number} 已生效",
                "{application} 的配额已生效: CPU {cpu} 核, 内存 {memory}, 存储 {storage}(以批准为准)。",
            ],
            [
                "Request {number} in force",
                "The quota of {application} is in force: {cpu} cores, {memory}, {storage} asked for; what was approved counts.",
            ],
        ),
        Kind::RequestRejected => (
            ["申请 {number} 不予批准", "{application} 的申请不予批准: {reason}"],
            ["Request {number} rejected", "The request for {application} was rejected: {reason}"],
        ),
        Kind::RequestWithdrawn => (
            ["申请 {number} 已撤回", "{application} 的申请已由 {by} 撤回。"],
            ["Request {number} withdrawn", "{by} has withdrawn the request for {application}."],
        ),
        Kind::RequestLapsed => (
            ["申请 {number} 已失效", "{application} 的申请因未按期答复而失效, 原有配额不变。"],
            [
                "Request {number} lapsed",
                "The request for {application} lapsed without an answer in time. What the application has is unchanged.",
            ],
        ),
        Kind::AnswerDueSoon => (
            ["申请 {number} 即将逾期", "{application} 的申请({step})须于 {due} 前处理。"],
            ["Request {number} is due soon", "The request for {application} ({step}) is due by {due}."],
        ),
        Kind::AnswerOverdue => (
            ["申请 {number} 已逾期", "{application} 的申请({step})应于 {due} 前处理, 已逾期。"],
            ["Request {number} is overdue", "The request for {application} ({step}) was due by {due}."],
        ),
        Kind::RequestUrged => (
            ["申请 {number} 催办", "{application} 的申请({step})被催办, 请尽快处理。"],
            [
                "Reminder: request {number}",
                "Please look at the request for {application} ({step}): its answer was urged.",
            ],
        ),
        Kind::LeaseEnding => (
            ["临时配额 {days} 天内到期", "{application} 在资源池 {pool} 的配额将于 {end} 到期。"],
            ["Temporary quota ends within {days} days", "The quota of {application} in pool {pool} ends at {end}."],
        ),
        Kind::LeaseEnded => (
            ["临时配额已到期", "{application} 在资源池 {pool} 的配额已于 {end} 到期。"],
            ["Temporary quota expired", "The quota of {application} in pool {pool} ended at {end}."],
        ),
        Kind::PoolShort => (
            ["{pool}: 物理容量不足", "已分配超过物理容量: {message}"],
            ["{pool}: physical capacity short", "More is granted than there is: {message}"],
        ),
        Kind::PoolHalted => (
            ["{pool}: 暂停分配", "账本核对不一致({reason}): {message}"],
            ["{pool}: halted", "The ledger doesn't agree ({reason}): {message}"],
        ),
        Kind::PoolUnreachable => (
            ["{pool}: 集群无法访问", "暂不分配, 回收中的配额继续占用({reason}): {message}"],
            [
                "{pool}: cluster unreachable",
                "Nothing is granted and what is taken back stays counted ({reason}): {message}",
            ],
        ),
    };
    Template { zh, en }
}

/// Facts are filled in once: braces in them stand for themselves.
fn filled(template: &str, notice: &Notice, language: Language) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let (name, further) = after.split_once('}').unwrap_or((after, ""));
        let value = notice.facts.get(name).map(String::as_str).unwrap_or_default();
        text.push_str(if name == "step" { step(value, language) } else { value });
        rest = further;
    }
    text.push_str(rest);
    text.trim_end().to_owned()
}

/// A step as people call it.
fn step(name: &str, language: Language) -> &str {
    let (zh, en) = match name {
        "Acceptance" => ("受理", "acceptance"),
        "TechReview" => ("技术审核", "technical review"),
        "AdminApproval" => ("行政审批", "administrative approval"),
        "Offered" => ("待确认", "counter-offer"),
        "Returned" => ("退回补正", "correction"),
        other => (other, other),
    };
    match language {
        Language::Chinese => zh,
        Language::English => en,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn both_languages_say_the_same_facts() {
        let named = |template: &str| -> BTreeSet<String> {
            template.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0.to_owned())).collect()
        };
        for kind in Kind::ALL {
            let Template { zh, en } = template(kind);
            for (zh, en) in zh.into_iter().zip(en) {
                let differ: Vec<_> = named(zh).symmetric_difference(&named(en)).cloned().collect();
                assert_eq!(differ, Vec::<String>::new(), "{kind:?}");
                assert!(zh.chars().any(|one| one as u32 > 0x2e80) && en.is_ascii(), "{kind:?}");
            }
        }
    }
}
