//! Whether a request would be approved without a person, by the code that does it; and what that code
//! said, in both languages.

use jiff::Timestamp;
use resources::automatic::{self, Code, PASSED, Situation};
use resources::policy::Policy;
use resources::usage::Roll;
use resources::v1alpha1::{AutomaticOutcome as Outcome, Evidence, QuotaRequest, QuotaRequestStatus};
use resources::{workday, workflow};

use crate::clock;
use crate::identity::Caller;
use crate::language::Language;
use crate::routes::automatic::{
    Automatic, AutomaticOutcome, AutomaticReason, AutomaticReview, Evidence as EvidenceView,
};
use crate::snapshot::Snapshot;
use crate::view::Resource;

/// Asks the rules of a request that isn't written yet. Nothing where the pool isn't there for the
/// caller.
#[must_use]
pub fn of(
    snapshot: &Snapshot,
    department: &str,
    request: &QuotaRequest,
    caller: &Caller,
    now: Timestamp,
) -> Option<Automatic> {
    let spec = &request.spec;
    let pool = snapshot.pools.get(&spec.pool).filter(|_| caller.rights.pools.has(&spec.pool))?;
    let key = snapshot.place(department, spec);
    let judged = snapshot.judge(department, spec, &caller.rights.pools);
    let room = judged.as_ref().ok();
    let room = room.map(|target| automatic::room(&pool.ledger, &key, "preview", *target, pool.closed()));
    let allocation = snapshot.allocations.iter().find(|row| row.department == department && row.name == key.name);
    let uid = allocation.and_then(|row| row.object.metadata.uid.as_ref());
    let record = snapshot.usage.get(&(key.namespace.clone(), key.name.clone()));
    let record = record.filter(|record| Some(&record.spec.allocation) == uid);
    let usage = record.map(|record| Roll::read(&record.spec));
    let own = snapshot
        .requests
        .iter()
        .filter(|row| row.department == department && row.object.spec.application == spec.application);
    let used = allocation.and_then(|row| row.object.status.as_ref()?.used.as_ref());
    let open = own.clone().find(|row| workflow::is_open(row.phase) && workflow::concern_the_same(&row.object, request));
    let application = snapshot.application_row(department, &spec.application);
    let situation = Situation {
        department,
        spec,
        target: judged.map_err(|unfit| unfit.code().to_owned()),
        has: pool.ledger.entries.get(&key).map(ledger::Entry::granted).unwrap_or_default(),
        application: application.map(|row| &row.object.spec),
        usage: usage.as_ref(),
        storage_used: used.and_then(|used| used.parse().storage),
        room,
        recent: automatic::last_approval(own.map(|row| &*row.object)),
        open: open.map(|row| row.name.clone()),
        now,
    };
    let policy = Policy::on(snapshot.policy(), workday::day_of(now));
    let verdict = automatic::judge(&situation, &policy.automatic);
    let language = caller.language;
    Some(Automatic {
        would: verdict.approves,
        evidence: verdict.evidence.iter().map(|one| evidence(one, language)).collect(),
        reasons: verdict.reasons.iter().map(|code| reason(code.name(), None, language)).collect(),
    })
}

/// What the rules said of a request when it came.
#[must_use]
pub fn review(status: &QuotaRequestStatus, language: Language) -> Option<AutomaticReview> {
    let review = status.automatic.as_ref()?;
    Some(AutomaticReview {
        outcome: match review.outcome {
            Outcome::Person => AutomaticOutcome::Person,
            Outcome::Pending => AutomaticOutcome::Pending,
            Outcome::Approved => AutomaticOutcome::Approved,
        },
        revision: review.revision,
        at: clock::text(review.at.0),
        policy_revision: review.policy_revision,
        ledger_revision: review.ledger_revision,
        evidence: status.evidence.iter().map(|one| evidence(one, language)).collect(),
        reasons: review.reasons.iter().map(|code| reason(code, None, language)).collect(),
    })
}

fn evidence(one: &Evidence, language: Language) -> EvidenceView {
    let Evidence { rule, value, threshold, result, source, resource, window, samples, code, message } = one;
    EvidenceView {
        rule: rule.clone(),
        title: title(rule, language),
        resource: resource.as_deref().and_then(named),
        value: value.clone(),
        threshold: threshold.clone(),
        window: window.clone(),
        samples: samples.clone(),
        passed: result == PASSED,
        source: source.clone(),
        reason: code.as_ref().map(|code| reason(code, message.as_deref(), language)),
    }
}

fn named(resource: &str) -> Option<Resource> {
    match resource {
        "cpu" => Some(Resource::Cpu),
        "memory" => Some(Resource::Memory),
        "storage" => Some(Resource::Storage),
        _ => None,
    }
}

/// What is said of a code, with what was written beside it.
fn reason(code: &str, message: Option<&str>, language: Language) -> AutomaticReason {
    let known = Code::of(code).map(|code| words(code, language));
    let text = match (known, message) {
        (Some(known), Some(message)) if language == Language::Chinese => format!("{known}:{message}"),
        (Some(known), Some(message)) => format!("{known}: {message}"),
        (Some(known), None) => known.to_owned(),
        (None, message) => message.unwrap_or(code).to_owned(),
    };
    AutomaticReason { code: code.to_owned(), message: text }
}

fn title(rule: &str, language: Language) -> String {
    let (zh, en) = match rule {
        "R1" => ("使用率与增幅", "use and increase"),
        "R2" => ("存储使用率与增幅", "storage use and increase"),
        "R3" => ("监控数据", "monitoring data"),
        "R4" => ("资源池余量", "room in the pool"),
        "R5" => ("间隔与在办申请", "calm and open requests"),
        "R6" => ("申请类别", "kind of request"),
        own => return own.to_owned(),
    };
    if language == Language::Chinese { zh } else { en }.to_owned()
}

const fn words(code: Code, language: Language) -> &'static str {
    let (zh, en) = match code {
        Code::SwitchedOff => ("自动审批已关闭", "automatic approval is switched off"),
        Code::KindNew => ("新增须由人工审批", "a new application is decided by a person"),
        Code::KindRelease => ("注销须由人工审批", "a release is decided by a person"),
        Code::KindRenew => ("续期须由人工审批", "a renewal is decided by a person"),
        Code::KindMove => ("更换资源池须由人工审批", "a move to another pool is decided by a person"),
        Code::KindTemporaryLess => ("临时缩容须由人工审批", "a temporary reduction is decided by a person"),
        Code::Unchanged => ("资源数量没有变化", "no amount changes"),
        Code::Unfit => ("申请与现状不符", "it doesn't make sense beside what exists"),
        Code::NoData => ("无监控数据", "no monitoring data"),
        Code::CoverageLow => ("监控数据不足", "too little monitoring data"),
        Code::UseLow => ("使用率偏低", "too little of the quota is used"),
        Code::IncreaseLarge => ("增幅过大", "the increase is large"),
        Code::StorageUseLow => ("存储使用率偏低", "too little of the storage is used"),
        Code::NoRoom => ("资源池余量或上限不足", "it doesn't fit the pool or a ceiling"),
        Code::PoolFull => ("资源池将达到预警线", "the pool would reach its warning line"),
        Code::Recent => ("近期已自动批准过", "it was approved automatically a short while ago"),
        Code::OtherOpen => ("另有未办结的申请", "another request is open"),
        Code::NewApplication => ("该应用系统尚无配额", "the application has no quota yet"),
        Code::Condition => ("不满足本市附加条件", "a condition of the city doesn't hold"),
        Code::ConditionFaulty => ("本市附加条件无法判断", "a condition of the city can't be answered"),
    };
    match language {
        Language::Chinese => zh,
        Language::English => en,
    }
}
