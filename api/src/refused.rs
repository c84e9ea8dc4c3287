//! What a decision is refused with, on one page: each code with its status, its field, its words and
//! what to do next.

use jiff::Timestamp;
use resources::names::short_user;
use resources::v1alpha1::{Phase, ReviewStage, Verdict};
use resources::workflow::{Action, OfferFault, Open, Refusal, Role};

use crate::clock;
use crate::language::Language;

/// A text in Chinese and in English.
type Words = (&'static str, &'static str);

/// One code.
#[derive(Debug)]
pub struct Code {
    pub code: &'static str,
    pub status: u16,
    /// The field of the body that it is about.
    pub field: Option<&'static str>,
    pub title: Words,
    pub next: Words,
}

const ASK_OTHERS: Words = ("请由其他有权限的人员办理。", "Somebody else who may has to do it.");
const LOOK_AGAIN: Words = ("请查看申请的最新状态后再决定。", "Look at the request as it is now, then decide.");

/// The codes that have words of their own. Any other is a 409 with the operator's sentence.
pub const CODES: &[Code] = &[
    code(
        409,
        "InsufficientCapacity",
        ("可分配余量不足", "Not enough is free in the pool"),
        (
            "请减少申请量、改用其他资源池, 或待资源释放后再批。",
            "Ask for less, choose another pool, or wait until capacity is released.",
        ),
    ),
    code(
        409,
        "CeilingExceeded",
        ("超出使用单位上限", "It passes the department's ceiling"),
        ("请减少申请量, 或由云管理员调整使用单位上限。", "Ask for less, or have the cloud admin raise the ceiling."),
    ),
    code(403, "Forbidden", ("没有权限", "Not allowed"), ASK_OTHERS),
    code(403, "RoleMissing", ("您的角色不办理此事项", "It is for other roles"), ASK_OTHERS),
    code(
        403,
        "NotYours",
        ("不由您办理", "It isn't yours to say"),
        (
            "请由申请单位的相应人员办理。",
            "It is for the department's own people, or for whoever did what is to be undone.",
        ),
    ),
    code(403, "SelfApproval", ("不能审批自己的申请", "Nobody decides his own request"), ASK_OTHERS),
    code(
        403,
        "SameReviewer",
        ("双人审批须由两人办理", "Four eyes need two people"),
        ("请由另一位审批人办理本环节。", "Another approver has to decide at this stage."),
    ),
    code(409, "Stale", ("申请已被修改", "The request has changed"), LOOK_AGAIN),
    code(409, "WrongStage", ("申请当前环节不支持此操作", "The request isn't at that step"), LOOK_AGAIN),
    code(
        409,
        "OfferOver",
        ("调整方案的答复期限已过", "The offer could be answered only until then"),
        ("申请将失效; 如仍需要, 请重新申请。", "The request lapses: ask anew if it is still needed."),
    ),
    code(
        409,
        "UndoOver",
        ("撤销撤回的时限已过", "The withdrawal can't be undone any more"),
        ("请重新提交申请。", "Make a new request."),
    ),
    code(
        409,
        "TooEarly",
        ("时限未到", "The time isn't over"),
        ("请在时限届满后再办理。", "Wait until the time is over."),
    ),
    code(
        409,
        "UrgedToday",
        ("今日已催办", "It has been urged today"),
        ("每个工作日最多催办一次。", "Once a working day is enough; try again on the next."),
    ),
    code(
        409,
        "AnotherRequestOpen",
        ("同一应用有更早的申请在办", "An earlier request is open"),
        ("请先办理更早的申请。", "Decide the earlier request first."),
    ),
    code(
        409,
        "OfferRoundsUsed",
        ("调整方案次数已用完", "All offers have been made"),
        (
            "请批准、退回补正或不予批准; 使用单位可以接受或撤回。",
            "Approve, return or reject it; the department may accept or withdraw.",
        ),
    ),
    code(409, "RulesNotMet", ("须由人工审批", "A person has to decide"), LOOK_AGAIN),
    about(
        "reason",
        "ReasonMissing",
        ("缺少理由", "A reason is needed"),
        ("请填写至少 10 个字的理由。", "Write a reason of at least 10 characters."),
    ),
    about(
        "stage",
        "StageMissing",
        ("未写明所办环节", "The stage is missing"),
        ("请以申请的 decisionStage 作为 stage 后重试。", "Send the request's decisionStage as stage."),
    ),
    about(
        "resources",
        "OfferInvalid",
        ("调整方案无效", "This can't be offered"),
        ("请填写大于现有、不超过申请的数量。", "Offer more than there is and no more than was asked for."),
    ),
    code(
        422,
        "Incomplete",
        ("尚有未填内容", "Something is still empty"),
        ("请补齐所列内容后重试。", "Fill in what is named and try again."),
    ),
];

const OTHER: Code =
    code(409, "Refused", ("未予办理", "It was refused"), ("请根据原因处理后重试。", "Mend the cause and try again."));

const fn code(status: u16, code: &'static str, title: Words, next: Words) -> Code {
    Code { code, status, field: None, title, next }
}

/// What is wrong with a field of the body.
const fn about(field: &'static str, code: &'static str, title: Words, next: Words) -> Code {
    Code { code, status: 422, field: Some(field), title, next }
}

impl Code {
    #[must_use]
    pub fn of(code: &str) -> &'static Self {
        CODES.iter().find(|known| known.code == code).unwrap_or(&OTHER)
    }
}

/// Why an act changes nothing, as one sentence without its stop.
#[must_use]
pub fn sentence(language: Language, refusal: &Refusal) -> String {
    if language == Language::English {
        return refusal.to_string();
    }
    match refusal {
        Refusal::RoleMissing { action, needs } => match list(needs, role) {
            roles if roles.is_empty() => format!("「{}」不由人办理", action_name(*action)),
            roles => format!("「{}」由{roles}办理", action_name(*action)),
        },
        Refusal::NotYours { action, whose: None } => format!("「{}」只能由申请单位办理", action_name(*action)),
        Refusal::NotYours { action, whose: Some(one) } => {
            format!("「{}」只能由 {} 本人办理", action_name(*action), short_user(one))
        }
        Refusal::SelfApproval => "这是您提交或补正的申请, 须由他人办理".to_owned(),
        Refusal::SameReviewer { before } => {
            format!("您已在「{}」环节办理过, 双人审批须由另一人办理", stage(before.name()))
        }
        Refusal::Stale { now, seen } => format!("申请已是第 {now} 版, 您看到的是第 {seen} 版"),
        Refusal::WrongStage { phase, stage: at, revision, action, open } => {
            let now = phase.map_or("草稿", phase_zh);
            let at =
                if *at == phase.map_or("", Phase::name) { String::new() } else { format!("「{}」环节", stage(at)) };
            let open = if open.is_empty() { String::new() } else { format!("; 可办理: {}", open_list(open)) };
            format!("申请当前为「{now}」{at}, 第 {revision} 版, 不支持「{}」{open}", action_name(*action))
        }
        Refusal::StageMissing { stage: at, .. } => format!("须写明所办环节: 申请当前在「{}」({at})", stage(at)),
        Refusal::OfferOver { expired_at } => format!("答复期限已于 {} 截止", time(*expired_at)),
        Refusal::UndoOver { until } => format!("撤销撤回的时限已于 {} 截止", time(*until)),
        Refusal::TooEarly { until: Some(at) } => format!("时限未到, {} 届满", time(*at)),
        Refusal::TooEarly { until: None } => "时限未到".to_owned(),
        Refusal::UrgedToday { from } => format!("今日已催办, {} 起可再次催办", time(*from)),
        Refusal::AnotherRequestOpen { earlier } => format!("同一应用的申请 {earlier} 更早, 请先办理"),
        Refusal::ReasonMissing { verdict: which, least, most } => {
            format!("「{}」须填写 {least} 至 {most} 个字的理由", verdict(*which))
        }
        Refusal::OfferInvalid { fault } => format!("调整方案无效: {}", fault_zh(*fault)),
        Refusal::OfferRoundsUsed { rounds } => format!("此申请的 {rounds} 次调整方案已用完"),
        Refusal::Incomplete { missing } => format!("尚未填写: {}", missing.join("、")),
        Refusal::RulesNotMet { rules } => format!("不符合自动批准条件({}), 须人工审批", rules.join("、")),
    }
}

/// The phase, as the screens call it.
#[must_use]
pub const fn phase_zh(phase: Phase) -> &'static str {
    match phase {
        Phase::Submitted => "已提交",
        Phase::Accepted => "已受理",
        Phase::TechReview => "技术审核",
        Phase::Offered => "待确认(调整方案)",
        Phase::Approved => "已批准",
        Phase::Provisioning => "开通中",
        Phase::Testing => "测试中",
        Phase::Active => "使用中",
        Phase::Returned => "退回补正",
        Phase::Rejected => "不予批准",
        Phase::Withdrawn => "已撤回",
        Phase::Lapsed => "已失效",
        Phase::Expired => "已到期",
        Phase::Reclaiming => "回收中",
        Phase::Released => "已释放",
    }
}

fn action_name(action: Action) -> &'static str {
    match action {
        Action::Verdict(which) => verdict(which),
        Action::Submit => "提交",
        Action::Resubmit => "补正",
        other => other.name(),
    }
}

const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accept => "受理",
        Verdict::Take => "领取",
        Verdict::Approve => "批准",
        Verdict::Return => "退回补正",
        Verdict::Reject => "不予批准",
        Verdict::Offer => "提出调整方案",
        Verdict::AcceptOffer => "接受方案",
        Verdict::DeclineOffer => "不接受方案",
        Verdict::Withdraw => "撤回",
        Verdict::Reinstate => "撤销撤回",
        Verdict::Confirm => "转正式",
        Verdict::Cancel => "取消",
        Verdict::Reclaim => "回收",
        Verdict::Urge => "催办",
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::CloudAdmin => "云管理员",
        Role::ApproverAdmin => "行政审批人",
        Role::ApproverTech => "技术审核人",
        Role::DepartmentUser => "使用单位用户",
        Role::DepartmentOwner => "使用单位负责人",
        Role::Provider => "云服务商",
        Role::Auditor => "审计",
        Role::System | Role::Operator => "系统",
    }
}

/// A step's name: of a review stage its own, elsewhere the phase's.
fn stage(name: &str) -> &'static str {
    let stages = [ReviewStage::TechReview, ReviewStage::AdminApproval];
    match stages.into_iter().find(|stage| stage.name() == name) {
        Some(ReviewStage::TechReview) => "技术审核",
        Some(ReviewStage::AdminApproval) => "行政审批",
        None if name == resources::workflow::ACCEPTANCE => "受理",
        None => Phase::ALL.into_iter().find(|phase| phase.name() == name).map_or("草稿", phase_zh),
    }
}

const fn fault_zh(fault: OfferFault) -> &'static str {
    match fault {
        OfferFault::Nothing => "没有比现有配额多给任何资源",
        OfferFault::AllThatWasAsked => "与申请数量相同, 请直接批准",
        OfferFault::Outside => "有数量不在现有与申请之间",
        OfferFault::NoTime => "答复期限不在将来",
    }
}

fn list<T: Copy>(items: &[T], name: impl Fn(T) -> &'static str) -> String {
    items.iter().map(|item| name(*item)).collect::<Vec<_>>().join("、")
}

/// 「批准(行政审批人)」 each.
fn open_list(open: &[Open]) -> String {
    let by = |roles: &[Role]| roles.iter().map(|one| role(*one)).collect::<Vec<_>>().join("或");
    let one = |open: &Open| format!("{}({})", verdict(open.verdict), by(open.by));
    open.iter().map(one).collect::<Vec<_>>().join("、")
}

fn time(at: Timestamp) -> String {
    clock::text(at).replace('T', " ").chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use resources::workflow::{DEPARTMENT, Nature};

    use super::*;

    /// One of each.
    fn all() -> Vec<Refusal> {
        let action = Action::Verdict(Verdict::Approve);
        let at = Timestamp::UNIX_EPOCH;
        vec![
            Refusal::RoleMissing { action, needs: vec![Role::ApproverTech] },
            Refusal::NotYours { action, whose: None },
            Refusal::SelfApproval,
            Refusal::SameReviewer { before: ReviewStage::TechReview },
            Refusal::Stale { now: 2, seen: 1 },
            Refusal::WrongStage {
                phase: Some(Phase::TechReview),
                stage: "AdminApproval",
                revision: 2,
                action,
                open: vec![
                    Open { verdict: Verdict::Approve, by: &[Role::ApproverAdmin] },
                    Open { verdict: Verdict::Withdraw, by: DEPARTMENT },
                ],
            },
            Refusal::StageMissing { verdict: Verdict::Approve, stage: "Acceptance" },
            Refusal::OfferOver { expired_at: at },
            Refusal::UndoOver { until: at },
            Refusal::TooEarly { until: Some(at) },
            Refusal::UrgedToday { from: at },
            Refusal::AnotherRequestOpen { earlier: "qr-1".into() },
            Refusal::ReasonMissing { verdict: Verdict::Return, least: 10, most: 2000 },
            Refusal::OfferInvalid { fault: OfferFault::Outside },
            Refusal::OfferRoundsUsed { rounds: 2 },
            Refusal::Incomplete { missing: vec!["x".into()] },
            Refusal::RulesNotMet { rules: vec!["R6".into()] },
        ]
    }

    #[test]
    fn every_refusal_has_its_code_status_and_words() {
        for refusal in all() {
            let code = Code::of(refusal.code());
            assert_eq!(code.code, refusal.code(), "it isn't on the page");
            let status = match refusal.nature() {
                Nature::Forbidden => 403,
                Nature::Conflict => 409,
                Nature::Invalid => 422,
            };
            assert_eq!(code.status, status, "{}", code.code);
            assert!(!sentence(Language::Chinese, &refusal).is_ascii(), "{}", code.code);
        }
        assert_eq!(Code::of("NoSuchCode").status, 409);
    }

    #[test]
    fn a_refusal_says_what_it_is_about() {
        let zh: Vec<String> = all().iter().map(|refusal| sentence(Language::Chinese, refusal)).collect();
        assert_eq!(zh[0], "「批准」由技术审核人办理");
        assert_eq!(
            zh[5],
            "申请当前为「技术审核」「行政审批」环节, 第 2 版, 不支持「批准」; 可办理: 批准(行政审批人)、撤回(使用单位用户或使用单位负责人)"
        );
        assert_eq!(zh[7], "答复期限已于 1970-01-01 08:00 截止");
    }
}
