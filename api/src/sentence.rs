//! What people read, in both languages. Each cause says what happened and what to do next.

use ledger::Reason;
use resources::condition;
use resources::judgement::Fault;
use resources::quantity::{self, QuantityError};
use resources::status;
use resources::v1alpha1::Phase;
use resources::validate::Cause;

use crate::flaw;
use crate::language::Language;
use crate::problem::{Failure, ParameterCause, Particulars, Shape, Wrong, WrongCause};
use crate::refused::{self, Code};

/// Chinese first, as the screens have it.
fn choose<'a>(language: Language, zh: &'a str, en: &'a str) -> &'a str {
    match language {
        Language::Chinese => zh,
        Language::English => en,
    }
}

/// A few words for the cause.
#[must_use]
pub fn title(language: Language, failure: &Failure) -> &'static str {
    let (zh, en) = match failure {
        Failure::SignedOut => ("尚未登录", "Not signed in"),
        Failure::TokenRefused => ("令牌无效", "The token isn't valid"),
        Failure::SessionEnded => ("会话已结束", "The session has ended"),
        Failure::ProviderAway => ("身份认证平台暂时无法访问", "The identity provider can't be reached"),
        Failure::LogoutToken => ("注销令牌无效", "The logout token isn't valid"),
        Failure::Forbidden => ("没有权限", "Not allowed"),
        Failure::CsrfToken => ("缺少 CSRF 令牌", "The CSRF token is missing or wrong"),
        Failure::ForeignOrigin => ("请求来自其他网站", "The call comes from another site"),
        Failure::NotFound => ("未找到", "Not found"),
        Failure::MethodNotAllowed => ("不支持此方法", "Method not allowed"),
        Failure::NotJson => ("请求体不是 JSON", "The body isn't declared as JSON"),
        Failure::NotUtf8 => ("请求体不是 UTF-8", "The body isn't UTF-8"),
        Failure::Syntax { .. } => ("JSON 格式错误", "The JSON isn't well formed"),
        Failure::TooDeep => ("JSON 嵌套过深", "The JSON is nested too deeply"),
        Failure::TooLarge { .. } => ("请求体过大", "The body is too large"),
        Failure::Shape { cause, .. } => match cause {
            Shape::UnknownField => ("未知字段", "Unknown field"),
            Shape::MissingField => ("缺少字段", "A field is missing"),
            Shape::WrongType { .. } => ("字段类型错误", "A field has the wrong type"),
        },
        Failure::Parameter { .. } => ("参数错误", "A parameter is wrong"),
        Failure::Invalid(_) => ("填写内容有误", "Some values are wrong"),
        Failure::Cursor => ("翻页标记无效", "The cursor isn't valid"),
        Failure::Refused { code, .. } => return words(language, Code::of(code).title),
        Failure::Bulk(bulk) => bulk.title(),
        Failure::VersionMissing => ("缺少版本", "The version is missing"),
        Failure::VersionOld { .. } => ("内容已有变化", "It has changed meanwhile"),
        Failure::NothingCorrected => ("没有任何修改", "Nothing was corrected"),
        Failure::Duplicate { .. } => ("已有相同的申请", "The same is being asked for already"),
        Failure::Conflict => ("对象已被他人修改", "Somebody else has changed it"),
        Failure::IdempotencyKey => ("Idempotency-Key 无效", "The Idempotency-Key isn't valid"),
        Failure::IdempotencyReuse => {
            ("Idempotency-Key 已用于其他内容", "The Idempotency-Key was used with another body")
        }
        Failure::TooManySignIns { .. } => ("登录尝试过多", "Too many attempts to sign in"),
        Failure::TooManyStreams => ("实时连接过多", "Too many live connections"),
        Failure::Busy => ("服务繁忙", "The server is busy"),
        Failure::TimedOut => ("处理超时", "It took too long"),
        Failure::ClusterAway => ("集群暂时无法访问", "The cluster can't be reached"),
        Failure::HistoryAway => ("历史库暂时无法使用", "The history store can't be reached"),
        Failure::TooManyDrafts { .. } => ("草稿过多", "Too many drafts"),
        Failure::Internal => ("服务内部错误", "Something went wrong in the server"),
    };
    choose(language, zh, en)
}

fn words(language: Language, (zh, en): (&'static str, &'static str)) -> &'static str {
    choose(language, zh, en)
}

/// What happened this time.
#[must_use]
pub fn detail(language: Language, failure: &Failure) -> String {
    let (zh, en) = match failure {
        Failure::Syntax { line, column } => (
            format!("第 {line} 行第 {column} 列附近无法解析。"),
            format!("It can't be read near line {line}, column {column}."),
        ),
        Failure::TooLarge { limit_bytes } => {
            let limit = limit_bytes / 1024;
            (format!("请求体超过 {limit} KiB。"), format!("The body is larger than {limit} KiB."))
        }
        Failure::Shape { field, cause } => return shape(language, field, cause),
        Failure::Parameter { name, cause } => return parameter(language, name, cause),
        Failure::Invalid(all) => return all.iter().map(|one| wrong(language, one)).collect::<Vec<_>>().join(" "),
        Failure::Refused { code, message, refusal, particulars } => {
            return match refusal {
                Some(refusal) if language == Language::Chinese || message.is_none() => {
                    stopped(language, &refused::sentence(language, refusal))
                }
                _ => refused(language, code, message.as_deref(), particulars),
            };
        }
        Failure::Bulk(bulk) => bulk.detail(),
        Failure::VersionOld { version } => (
            format!("已不是您打开的那一版, 现为 {version}。"),
            format!("It isn't the version that was looked at: it is at {version} now."),
        ),
        Failure::Duplicate { existing } => (
            format!("申请 {existing} 内容相同且尚未办结。"),
            format!("Request {existing} asks for the same and is open."),
        ),
        Failure::TooManySignIns { retry_after_s } => (
            format!("失败次数过多, 请在 {retry_after_s} 秒后重试。"),
            format!("Too many attempts have failed; the next is possible in {retry_after_s} s."),
        ),
        Failure::TooManyDrafts { limit } => {
            (format!("您已有 {limit} 份草稿。"), format!("You have {limit} drafts, as many as are kept."))
        }
        other => {
            let (zh, en) = plain(other);
            (zh.to_owned(), en.to_owned())
        }
    };
    if language == Language::Chinese { zh } else { en }
}

/// Causes of which there is only one thing to say.
const fn plain(failure: &Failure) -> (&'static str, &'static str) {
    match failure {
        Failure::SignedOut => ("请求中没有令牌, 也没有会话。", "The call carries neither a token nor a session."),
        Failure::TokenRefused => {
            ("集群不认识此令牌, 或令牌已过期。", "The cluster doesn't know this token, or it has expired.")
        }
        Failure::SessionEnded => (
            "会话因长时间未操作、到期或令牌失效而结束。",
            "The session has ended: nobody used it for a while, its time is over, or its token is.",
        ),
        Failure::ProviderAway => ("身份认证平台没有应答。", "The identity provider doesn't answer."),
        Failure::LogoutToken => (
            "须为身份认证平台发给本系统的有效注销令牌。",
            "It must be a logout token that the identity provider made for this system.",
        ),
        Failure::Forbidden => ("您的角色不允许此操作。", "Your role doesn't allow this."),
        Failure::CsrfToken => {
            ("使用会话写入时必须带上 X-CSRF-Token。", "A write with a session needs its X-CSRF-Token.")
        }
        Failure::ForeignOrigin => ("只接受本系统页面发出的写入。", "Writes are accepted from our own pages only."),
        Failure::NotFound => {
            ("该对象不存在, 或不在您的可见范围内。", "There is no such thing, or it isn't yours to see.")
        }
        Failure::MethodNotAllowed => ("此地址不支持该方法。", "This address doesn't know the method."),
        Failure::NotJson => ("需要 Content-Type: application/json。", "Content-Type must be application/json."),
        Failure::NotUtf8 => ("请求体含有非 UTF-8 字节。", "The body has bytes that aren't UTF-8."),
        Failure::TooDeep => ("嵌套层数超过允许范围。", "It has more levels than anything that is asked for."),
        Failure::Cursor => {
            ("翻页标记不属于当前的筛选和排序。", "The cursor doesn't belong to these filters and this order.")
        }
        Failure::VersionMissing => {
            ("须用 If-Match 写明所依据的版本。", "If-Match has to say which version was looked at.")
        }
        Failure::NothingCorrected => ("提交的内容与退回时相同。", "It is what it was when it was returned."),
        Failure::Conflict => ("同名对象已存在或已被修改。", "An object of that name is there, or it has changed."),
        Failure::IdempotencyKey => {
            ("须为 1 至 255 个可见 ASCII 字符。", "It must have 1 to 255 visible ASCII characters.")
        }
        Failure::IdempotencyReuse => {
            ("此键在 24 小时内已用于另一份内容。", "Within 24 hours the key was used with another body.")
        }
        Failure::TooManyStreams => {
            ("同时打开的实时连接已达上限。", "As many live connections are open as are allowed.")
        }
        Failure::Busy => ("正在处理的请求已达上限。", "As many calls are under way as are allowed."),
        Failure::TimedOut => ("未能在时限内完成。", "It wasn't done in time."),
        Failure::ClusterAway => (
            "Kubernetes API 服务器没有应答, 未写入任何内容。",
            "The Kubernetes API server doesn't answer. Nothing was written.",
        ),
        Failure::HistoryAway => (
            "无法写入审计日志或草稿, 因此未执行任何操作。",
            "Neither audit rows nor drafts can be written or read, so nothing was done.",
        ),
        _ => ("请求未能完成, 原因已记入日志。", "The call came to nothing; the log says why."),
    }
}

/// What to do.
#[must_use]
pub fn next_step(language: Language, failure: &Failure) -> &'static str {
    let (zh, en) = match failure {
        Failure::SignedOut | Failure::SessionEnded => ("请重新登录。", "Sign in again."),
        Failure::TokenRefused => ("请获取新令牌后重新登录。", "Get a new token and sign in again."),
        Failure::LogoutToken => ("请核对身份认证平台的设置。", "Check the identity provider's settings."),
        Failure::Forbidden => ("请由有权限的人员办理, 或联系云管理员。", "Ask somebody who may, or the cloud admin."),
        Failure::CsrfToken => (
            "请从 GET /api/v1/session 取得 csrfToken 后重试。",
            "Take csrfToken from GET /api/v1/session and try again.",
        ),
        Failure::ForeignOrigin => ("请在本系统页面中操作。", "Do it from our own pages."),
        Failure::NotFound => ("请检查名称, 或返回列表查找。", "Check the name, or look for it in the list."),
        Failure::MethodNotAllowed => ("请查阅 /docs。", "See /docs for what is possible."),
        Failure::NotJson | Failure::NotUtf8 | Failure::Syntax { .. } | Failure::TooDeep => {
            ("请发送 UTF-8 编码的合法 JSON, 格式见 /docs。", "Send well-formed JSON in UTF-8; /docs shows its shape.")
        }
        Failure::TooLarge { .. } => ("请缩短内容后重试。", "Shorten it and try again."),
        Failure::Shape { .. } | Failure::Parameter { .. } => {
            ("请按 /docs 更正后重试。", "Correct it as /docs says and try again.")
        }
        Failure::Invalid(_) => ("请更正所列字段后重新提交。", "Correct the fields that are named and send it again."),
        Failure::Cursor => ("请从第一页重新开始。", "Begin again with the first page."),
        Failure::Refused { code, .. } => return words(language, Code::of(code).next),
        Failure::Bulk(bulk) => bulk.next_step(),
        Failure::Duplicate { .. } => ("请查看该申请, 或先撤回它。", "Look at that request, or withdraw it first."),
        Failure::VersionMissing => {
            ("请以所见的 version 作为 If-Match 后重试。", "Send the version that was read, quoted, as If-Match.")
        }
        Failure::NothingCorrected => ("请修改被指出的内容后重新提交。", "Correct what was named, then send it again."),
        Failure::Conflict | Failure::VersionOld { .. } => ("请刷新后重试。", "Look again and retry."),
        Failure::IdempotencyKey | Failure::IdempotencyReuse => {
            ("请为新内容使用新的键。", "Use a new key for a new body.")
        }
        Failure::TooManySignIns { .. } | Failure::Busy | Failure::TimedOut => {
            ("请稍后重试。", "Try again in a moment.")
        }
        Failure::TooManyStreams => ("请关闭不用的页面后重试。", "Close pages that you don't need and try again."),
        Failure::ClusterAway => ("可继续查看数据, 请稍后再提交。", "Go on reading; write again in a moment."),
        Failure::HistoryAway => (
            "可继续查看云资源, 请稍后再提交; 若持续出现, 请告知管理员。",
            "Go on reading what the cloud holds; write again in a moment, or tell the admin if it stays so.",
        ),
        Failure::TooManyDrafts { .. } => ("请提交或删除一份草稿。", "Send or delete one of them."),
        Failure::ProviderAway => ("请稍后重试。", "Try again in a moment."),
        Failure::Internal => {
            ("请重试; 若仍失败, 请把请求编号告知管理员。", "Try again; if it fails, tell the admin the request id.")
        }
    };
    choose(language, zh, en)
}

fn refused(language: Language, code: &str, message: Option<&str>, particulars: &Particulars) -> String {
    let Particulars { resource, asked, free, limit, department, phase, revision, .. } = particulars;
    if language == Language::English
        && let Some(message) = message
    {
        return message.to_owned();
    }
    let resource = resource.map(|resource| match resource {
        crate::view::Resource::Cpu => ("CPU", "cpu"),
        crate::view::Resource::Memory => ("内存", "memory"),
        crate::view::Resource::Storage => ("存储", "storage"),
    });
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "—".to_owned());
    let (asked, free, limit) = (or_dash(asked), or_dash(free), or_dash(limit));
    let (zh, en) = match (code, resource) {
        ("InsufficientCapacity", Some((zh, en))) => (
            format!("{zh}不足: 申请增加 {asked}, 可分配余量 {free}, 资源池容量 {limit}。"),
            format!("{en} doesn't fit the pool: asked {asked} more, free {free}, capacity {limit}."),
        ),
        ("CeilingExceeded", Some((zh, en))) => {
            let department = department.as_deref().unwrap_or_default();
            (
                format!("{zh}超出使用单位 {department} 的上限: 申请增加 {asked}, 剩余 {free}, 上限 {limit}。"),
                format!("{en} passes the ceiling of {department}: asked {asked} more, left {free}, ceiling {limit}."),
            )
        }
        ("SelfApproval", _) => (
            "申请人不能审批自己提交的申请。".to_owned(),
            "You made this request: somebody else has to decide it.".to_owned(),
        ),
        ("Stale" | "WrongStage", _) if phase.is_some() || revision.is_some() => {
            let now = phase.map(|phase| phase_name(language, phase)).unwrap_or_default();
            let revision = revision.map(|revision| revision.to_string()).unwrap_or_default();
            (
                format!("申请当前为「{now}」, 第 {revision} 版。"),
                format!("The request is now {now}, at revision {revision}."),
            )
        }
        _ => {
            let (zh, en) = Code::of(code).title;
            // The operator's own words carry the facts; without a sentence of ours they are better than none.
            let facts = message.map(|message| format!(": {message}")).unwrap_or_default();
            (format!("{zh}({code}){facts}。"), format!("{en} ({code})."))
        }
    };
    if language == Language::Chinese { zh } else { en }
}

fn shape(language: Language, field: &str, cause: &Shape) -> String {
    let zh = language == Language::Chinese;
    match cause {
        Shape::UnknownField if zh => format!("{field} 不是已知字段。"),
        Shape::UnknownField => format!("{field} isn't a known field."),
        Shape::MissingField if zh => format!("缺少 {field}。"),
        Shape::MissingField => format!("{field} is missing."),
        Shape::WrongType { expected } if zh => format!("{field} 应为 {expected}。"),
        Shape::WrongType { expected } => format!("{field} must be {expected}."),
    }
}

fn parameter(language: Language, name: &str, cause: &ParameterCause) -> String {
    let zh = language == Language::Chinese;
    match cause {
        ParameterCause::Unknown if zh => format!("{name} 不是已知参数。"),
        ParameterCause::Unknown => format!("{name} isn't a known parameter."),
        ParameterCause::Twice if zh => format!("{name} 出现了两次。"),
        ParameterCause::Twice => format!("{name} is there twice."),
        ParameterCause::OutOfRange { min, max } if zh => format!("{name} 应在 {min} 到 {max} 之间。"),
        ParameterCause::OutOfRange { min, max } => format!("{name} must be {min} to {max}."),
        ParameterCause::Value if zh => format!("{name} 的取值不在允许范围内。"),
        ParameterCause::Value => format!("{name} isn't one of the values that are allowed."),
    }
}

/// What is wrong with one value.
#[must_use]
pub fn wrong(language: Language, wrong: &Wrong) -> String {
    let Wrong { field, cause } = wrong;
    let (zh, en) = match cause {
        WrongCause::Rule(cause) => {
            return match language {
                Language::Chinese => format!("{field} {}。", rule_zh(cause)),
                Language::English => format!("{field} {cause}."),
            };
        }
        WrongCause::Unfit(fault) => {
            let sentence = self::fault(language, fault);
            return match language {
                Language::Chinese => format!("{field}: {sentence}。"),
                Language::English => format!("{field}: {sentence}."),
            };
        }
        WrongCause::UnknownDepartment => {
            ("使用单位不存在, 或不在您的可见范围内", "names no department, or none of yours")
        }
        WrongCause::NewApplicationMissing => {
            ("新增申请须填写应用信息, 因为该应用尚不存在", "is needed: the application doesn't exist yet")
        }
        WrongCause::ReasonMissing => ("须填写 10 至 2000 个字", "needs 10 to 2000 characters"),
        WrongCause::Flaw(wrong) => return flaw::sentence(language, field, wrong),
        WrongCause::DayOver { today } => {
            return match language {
                Language::Chinese => format!("{field} 早于今天: 请填 {today} 或之后的日期。"),
                Language::English => format!("{field} is over: write {today} or a later day."),
            };
        }
        WrongCause::Fixed => (
            "补正时不能修改: 请撤回后重新申请",
            "stays as it is in a correction: for another one withdraw the request and ask anew",
        ),
        WrongCause::OnlyWith { verdict } => {
            return match language {
                Language::Chinese => format!("{field} 只用于 {verdict}。"),
                Language::English => format!("{field} goes with verdict {verdict} only."),
            };
        }
        WrongCause::Server { message } => (message.as_str(), message.as_str()),
    };
    match language {
        Language::Chinese => format!("{field} {zh}。"),
        Language::English => format!("{field} {en}."),
    }
}

/// Why a request makes no sense beside what exists.
#[must_use]
pub fn fault(language: Language, fault: &Fault) -> String {
    if language == Language::English {
        return fault.to_string();
    }
    match fault {
        Fault::Invalid(violation) => format!("{} {}", violation.field, rule_zh(&violation.cause)),
        Fault::UnknownPool { pool } => format!("没有资源池 {pool}, 请改选已有的资源池"),
        Fault::UnknownApplication { application } => format!("该单位没有应用 {application}, 新应用请提交新增申请"),
        Fault::ApplicationExists { application } => {
            format!("应用 {application} 已存在且显示名称不同, 请改用其他名称或去掉此项")
        }
        Fault::AlreadyAllocated { pool } => format!("该应用在资源池 {pool} 已有配额, 请改提变更申请"),
        Fault::NothingAllocated { pool } => format!("该应用在资源池 {pool} 没有配额, 请改提新增申请"),
        Fault::GrantExpired { pool } => format!("该应用在资源池 {pool} 的配额已到期, 不能扩容: 请先提续期申请"),
        Fault::NothingToMove { pool } => format!("该应用在资源池 {pool} 没有配额, 无可迁移: 请改选其现在所在的资源池"),
        Fault::NameTooLong { namespace } => {
            format!("命名空间将为 {namespace}, 有 {} 个字符, 超过 63 个: 请用较短的名称登记应用", namespace.len())
        }
        Fault::NameTaken { allocation } => {
            format!("分配名称 {allocation} 已被本单位的另一项分配占用: 请用其他名称登记应用")
        }
        Fault::NamespaceTaken { namespace } => {
            format!("命名空间 {namespace} 不属于该应用: 请用其他名称登记应用")
        }
    }
}

fn rule_zh(cause: &Cause) -> String {
    match cause {
        Cause::Amount(error) => amount_zh(error),
        Cause::Missing => "必须填写".to_owned(),
        Cause::Length { length, min, max } => format!("有 {length} 个字, 应为 {min} 至 {max} 个"),
        Cause::TooMany { count, max } => format!("有 {count} 项, 最多 {max} 项"),
        Cause::Name { max } => format!("不是合法名称: 最多 {max} 个小写字母、数字和短横线, 首尾须为字母或数字"),
        Cause::Date => "不是日期, 请写成 2026-12-01".to_owned(),
        Cause::EndBeforeStart => "早于开始日期".to_owned(),
        Cause::AllZero => "全部为零: 只有注销申请可以不要资源".to_owned(),
        Cause::NotZero => "应全部为零: 注销即归还全部资源".to_owned(),
        Cause::OnlyWithNew => "只用于新增申请".to_owned(),
        Cause::OnlyWithChange => "只用于变更申请".to_owned(),
        Cause::SamePool => "与目标资源池相同: 请填写应用现在所在的资源池".to_owned(),
        Cause::GradeTooHigh { grade } => format!("为 {grade} 级: 四级及以上系统不得上本云, 请填 1、2 或 3"),
        Cause::GradeTooLow { grade } => format!("为 {grade}: 请填 1、2 或 3"),
        Cause::SharesDontAddUp => "各部分之和与总量不一致".to_owned(),
        Cause::Twice => "重复".to_owned(),
    }
}

/// What is wrong with an amount.
#[must_use]
pub fn amount_zh(error: &QuantityError) -> String {
    match error {
        QuantityError::Empty { example } => format!("为空, 请填写如 {example}"),
        QuantityError::Negative => "为负数: 数量不能小于零".to_owned(),
        QuantityError::MissingUnit { number } => {
            format!("缺少单位: 请写成 {number}G 或 {number}Gi(G 为 10^9 字节, Gi 为 2^30 字节)")
        }
        QuantityError::Fraction { instead } => format!("有小数: 请改用更小的单位, 如 {instead}"),
        QuantityError::Exponent => "用了科学计数法: 请写出完整数字".to_owned(),
        QuantityError::UnknownUnit { unit, allowed } => {
            let allowed = allowed.replace(" and ", "、").replace(", ", "、");
            format!("的单位 {unit:?} 不可用, 可用: {allowed}")
        }
        QuantityError::NotANumber { example } => format!("不是带单位的数字, 请写成如 {example}"),
        QuantityError::Padded { instead } => format!("有多余的前导零或符号, 请写成 {instead}"),
        QuantityError::TooLarge { max } => format!("超过可申请的最大值 {max}"),
    }
}

/// Why a request wouldn't be granted.
#[must_use]
pub fn reason(language: Language, reason: &Reason) -> String {
    if language == Language::English {
        return status::explain(reason);
    }
    let name = |resource: &ledger::Resource| match resource {
        ledger::Resource::Cpu => "CPU",
        ledger::Resource::Memory => "内存",
        ledger::Resource::Storage => "存储",
    };
    match reason {
        Reason::InsufficientCapacity { resource, limit, asked, free, .. } => format!(
            "{}不足: 申请增加 {}, 可分配余量 {}, 资源池容量 {}",
            name(resource),
            quantity::format(*resource, *asked),
            quantity::format(*resource, *free),
            quantity::format(*resource, *limit)
        ),
        Reason::CeilingExceeded { department, resource, limit, asked, free, .. } => format!(
            "{}超出使用单位 {department} 的上限: 申请增加 {}, 剩余 {}, 上限 {}",
            name(resource),
            quantity::format(*resource, *asked),
            quantity::format(*resource, *free),
            quantity::format(*resource, *limit)
        ),
        Reason::AmountTooLarge { resource } => format!("{}超过可申请的最大值", name(resource)),
        Reason::UnknownDepartment { department } => format!("资源池尚未登记使用单位 {department}, 请稍后再试"),
        Reason::HeldByAnother { request } => format!("该应用已有申请 {request} 获批待开通"),
        Reason::EarlierObjectDraining => "同名应用的旧资源仍在回收中".to_owned(),
        Reason::LedgerFull { limit } => format!("资源池的分配数量已达上限 {limit}"),
        Reason::PoolTerminating => "资源池正在删除: 只收回, 不再批出".to_owned(),
        Reason::PoolHalted { code: condition::CLUSTER_UNREACHABLE, .. } => {
            "资源池所在集群失联: 只收回, 不批出, 恢复连接后再试".to_owned()
        }
        Reason::PoolHalted { code: condition::QUOTAS_ABOVE_LEDGER, .. } => {
            "集群里有配额高于账本批出的数额, 正在压降: 完成后再批出, 请稍后再试".to_owned()
        }
        Reason::PoolHalted { code, .. } => format!("资源池已停止批出({code}), 请联系云管理员"),
        other => format!("暂不能批准({})", other.code()),
    }
}

fn phase_name(language: Language, phase: Phase) -> &'static str {
    let en = match phase {
        Phase::Submitted => "submitted",
        Phase::Accepted => "accepted",
        Phase::TechReview => "in technical review",
        Phase::Offered => "waiting for an answer to a counter-offer",
        Phase::Approved => "approved",
        Phase::Provisioning => "being provisioned",
        Phase::Testing => "being tested",
        Phase::Active => "in force",
        Phase::Returned => "returned for correction",
        Phase::Rejected => "rejected",
        Phase::Withdrawn => "withdrawn",
        Phase::Lapsed => "lapsed",
        Phase::Expired => "expired",
        Phase::Reclaiming => "being reclaimed",
        Phase::Released => "released",
    };
    choose(language, refused::phase_zh(phase), en)
}

/// A sentence with its capital letter and its stop.
fn stopped(language: Language, text: &str) -> String {
    if language == Language::Chinese {
        return format!("{text}。");
    }
    let mut rest = text.chars();
    let first = rest.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", rest.as_str())
}
