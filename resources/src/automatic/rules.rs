//! Rules R1 to R5 and the city's own conditions, for an increase.

use jiff::SignedDuration;
use ledger::{Bundle, Resource};

use super::expression::{self, Fault};
use super::{Code, Found, Situation, added, percent, values};
use crate::policy::Automatic;
use crate::quantity;
use crate::status;
use crate::usage::Window;
use crate::v1alpha1::{Evidence, RequestType, UsageSource};

const MEASURED: &str = "metrics.k8s.io";
const CHARGED: &str = "ResourceQuota";
const REQUEST: &str = "QuotaRequest";

pub(super) fn item(rule: &str, value: impl Into<String>, threshold: impl Into<String>, source: &str) -> Evidence {
    Evidence {
        rule: rule.to_owned(),
        value: value.into(),
        threshold: threshold.into(),
        source: source.to_owned(),
        ..Evidence::default()
    }
}

/// R6, of the kind alone.
pub(super) fn kind(type_: RequestType) -> Evidence {
    item("R6", format!("{type_:?}"), "Change", REQUEST)
}

/// R6, of what a department gives back.
pub(super) fn less(less: Bundle) -> Evidence {
    let text = added(less).map(|resource| format!("{resource} -{}", quantity::format(resource, *less.of(resource))));
    item("R6", text.collect::<Vec<_>>().join(", "), "only less", REQUEST)
}

pub(super) fn increase(
    situation: &Situation<'_>,
    policy: &Automatic,
    target: Bundle,
    increase: Bundle,
    found: &mut Found,
) {
    for resource in added(increase) {
        let window = seen(situation, policy, resource);
        used(situation, policy, resource, increase, window.as_ref(), found);
        evidence(policy, resource, window.as_ref(), found);
    }
    room(situation, policy, increase, found);
    calm(situation, policy, found);
    conditions(situation, policy, target, increase, found);
}

fn source_of(policy: &Automatic, resource: Resource) -> UsageSource {
    if resource == Resource::Storage { UsageSource::Charged } else { policy.evidence }
}

fn seen(situation: &Situation<'_>, policy: &Automatic, resource: Resource) -> Option<Window> {
    situation.usage?.window(resource, source_of(policy, resource), policy.window_days, situation.now)
}

fn about(resource: Resource, item: Evidence) -> Evidence {
    Evidence { resource: Some(resource.name().to_owned()), ..item }
}

const fn written(source: UsageSource) -> &'static str {
    match source {
        UsageSource::Measured => MEASURED,
        UsageSource::Charged => CHARGED,
    }
}

/// R1 of CPU and memory, R2 of storage: what is there is used, and not much more is asked for; or so
/// little is asked for that nobody asks why.
fn used(
    situation: &Situation<'_>,
    policy: &Automatic,
    resource: Resource,
    increase: Bundle,
    window: Option<&Window>,
    found: &mut Found,
) {
    let (rule, is_on) = match resource {
        Resource::Storage => ("R2", policy.storage),
        Resource::Cpu | Resource::Memory => ("R1", policy.cpu_memory),
    };
    let (more, has) = (*increase.of(resource), *situation.has.of(resource));
    let text = |amount| quantity::format(resource, amount);
    if !is_on {
        found.fail(about(resource, item(rule, "off", "on", "CloudPolicy")), Code::SwitchedOff);
        return;
    }
    let small = *policy.small.of(resource);
    if more <= small {
        found.pass(about(resource, item(rule, format!("+{}", text(more)), format!("<= {}", text(small)), REQUEST)));
        return;
    }
    let share = item(rule, format!("+{}", percent(more, has)), format!("<= {} %", policy.increase_percent), REQUEST);
    found.result(about(resource, share), more <= has.percent(policy.increase_percent), Code::IncreaseLarge);
    if resource == Resource::Storage {
        // Storage fills up: what counts is how full it is now.
        let Some(used) = situation.storage_used else { return };
        let full = item(rule, percent(used, has), format!("> {} %", policy.storage_used_percent), CHARGED);
        let holds = used > has.percent(policy.storage_used_percent);
        found.result(about(resource, full), holds, Code::StorageUseLow);
    } else if let Some(window) = window {
        let use_ = item(
            rule,
            percent(window.average(), has),
            format!(">= {} %", policy.use_percent),
            written(source_of(policy, resource)),
        );
        let use_ = about(resource, timed(use_, window));
        found.result(use_, window.reaches(policy.use_percent, has), Code::UseLow);
    }
}

fn timed(item: Evidence, window: &Window) -> Evidence {
    Evidence {
        window: Some(format!("{} d", window.days)),
        samples: Some(format!("{}/{}", window.samples, window.expected)),
        ..item
    }
}

/// R3: it was seen at all, and most of the time. No data is never taken for no use.
fn evidence(policy: &Automatic, resource: Resource, window: Option<&Window>, found: &mut Found) {
    let threshold = format!(">= {} %", policy.coverage_percent);
    let source = written(source_of(policy, resource));
    let Some(window) = window else {
        let none = Evidence { window: Some(format!("{} d", policy.window_days)), ..item("R3", "-", threshold, source) };
        found.fail(about(resource, none), Code::NoData);
        return;
    };
    let share = percent(ledger::Amount::new(window.samples), ledger::Amount::new(window.expected));
    let item = about(resource, timed(item("R3", share, threshold, source), window));
    found.result(item, window.covers(policy.coverage_percent), Code::CoverageLow);
}

/// R4: it fits, and the pool stays below its warning line.
fn room(situation: &Situation<'_>, policy: &Automatic, increase: Bundle, found: &mut Found) {
    let threshold = format!("< {} %", policy.pool_warn_percent);
    let Some(room) = &situation.room else {
        found.fail(item("R4", "-", threshold, "PoolLedger"), Code::NoRoom);
        return;
    };
    let source = format!("PoolLedger revision {}", room.revision);
    if let Some(reason) = &room.refused {
        let refused = item("R4", reason.code(), "fits", &source);
        found.fail(Evidence { message: Some(status::explain(reason)), ..refused }, Code::NoRoom);
        return;
    }
    for resource in added(increase) {
        let (out, capacity) = (*room.out.of(resource), *room.capacity.of(resource));
        let item = about(resource, item("R4", percent(out, capacity), threshold.clone(), &source));
        let below = u128::from(out.get()) * 100 < u128::from(capacity.get()) * u128::from(policy.pool_warn_percent);
        found.result(item, below, Code::PoolFull);
    }
}

/// R5: nothing else is under way, and nothing was approved by itself a short while ago.
fn calm(situation: &Situation<'_>, policy: &Automatic, found: &mut Found) {
    let days = policy.calm_days;
    if days > 0 {
        let since = situation.recent.map(|recent| situation.now.duration_since(recent));
        let value = since.map_or_else(|| "-".to_owned(), |since| format!("{} d", since.as_hours().max(0) / 24));
        let is_calm = since.is_none_or(|since| since >= SignedDuration::from_hours(24 * i64::from(days)));
        found.result(item("R5", value, format!(">= {days} d"), "history"), is_calm, Code::Recent);
    }
    let open = situation.open.clone().unwrap_or_else(|| "-".to_owned());
    found.result(item("R5", open, "no open request", "requests"), situation.open.is_none(), Code::OtherOpen);
    if situation.has.is_zero() {
        found.fail(item("R5", "0", "has quota", "PoolLedger"), Code::NewApplication);
    }
}

/// What the city asks beyond these.
fn conditions(situation: &Situation<'_>, policy: &Automatic, target: Bundle, increase: Bundle, found: &mut Found) {
    if policy.expressions.is_empty() {
        return;
    }
    let windows = Resource::ALL.map(|resource| (resource, seen(situation, policy, resource)));
    let values = values::of(situation, target, increase, &windows);
    for one in policy.expressions.iter().take(expression::EXPRESSIONS_MAX) {
        let item = Evidence {
            message: Some(one.message.clone()),
            ..item(&one.name, "-", one.expression.clone(), "CloudPolicy")
        };
        match expression::holds(&one.expression, &values) {
            Ok(truth) => {
                let item = Evidence { value: truth.to_string(), ..item };
                found.result(item, truth, Code::Condition);
            }
            Err(fault) => found.fail(faulty(item, &fault), Code::ConditionFaulty),
        }
    }
}

fn faulty(item: Evidence, fault: &Fault) -> Evidence {
    Evidence { message: Some(fault.to_string()), ..item }
}
