use ledger::{AllocationKey, Department, Entry, Ledger, Shares};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::policy::Policy;
use crate::usage::Sample;
use crate::v1alpha1::AutomaticExpression;

const G: u64 = 1_000_000_000;

/// Midnight in the city, so that fourteen days are whole but for today, which has begun.
fn now() -> Timestamp {
    "2026-11-23T00:00:00+08:00".parse().unwrap()
}

fn policy() -> Automatic {
    Policy::default().automatic
}

fn b(cores: u64, memory: u64, storage: u64) -> Bundle {
    Bundle::new(cores * 1_000, memory * G, storage * G)
}

fn has() -> Bundle {
    b(40, 80, 1_000)
}

/// Fourteen days of use, in percent of what it has, with every n-th sample missing.
fn roll(cpu: u64, memory: u64, missing: i64) -> &'static Roll {
    let mut roll = Roll::default();
    let begin = now().as_second() - 13 * 86_400;
    for slot in 0..13 * 288_i64 {
        if missing > 0 && slot % missing == 0 {
            continue;
        }
        let measured = ledger::PerResource {
            cpu: Some(has().cpu.percent(u32::try_from(cpu).unwrap())),
            memory: Some(has().memory.percent(u32::try_from(memory).unwrap())),
            storage: None,
        };
        let at = Timestamp::from_second(begin + slot * 300).unwrap();
        roll.add(&Sample { at, quota: has(), charged: b(38, 70, 900), measured });
    }
    // For as long as the test runs, so that a situation can be changed to look at another.
    Box::leak(Box::new(roll))
}

fn spec(type_: &str, more: &serde_json::Value) -> QuotaRequestSpec {
    let mut spec = json!({
        "requester": "zhang", "type": type_, "application": "a", "pool": "cec", "justification": "more citizens use it",
        "resources": {"cpu": "0", "memory": "0", "storage": "0"},
    });
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(spec).unwrap()
}

fn ledger() -> Ledger {
    let entry = |bundle: Bundle| Entry { shares: Shares::from([("n".into(), bundle)]), ..Entry::default() };
    let mut ledger = Ledger { revision: 7, capacity: b(1_000, 2_000, 20_000), ..Ledger::default() };
    ledger.entries.insert(AllocationKey::new("dept-d", "a"), entry(has()));
    ledger.departments.insert("d", Department::default());
    ledger
}

/// Asks with a target; the rest is as good as it can be.
fn judged(target: Bundle, change: impl FnOnce(&mut Situation<'_>, &mut Automatic)) -> Verdict {
    let (spec, usage) = (spec("Change", &json!({})), roll(62, 62, 0));
    let key = AllocationKey::new("dept-d", "a");
    let mut policy = policy();
    let mut situation = Situation {
        department: "d",
        spec: &spec,
        target: Ok(target),
        has: has(),
        application: None,
        usage: Some(usage),
        storage_used: Some(b(0, 0, 900).storage),
        room: Some(room(&ledger(), &key, "u", target, None)),
        recent: None,
        open: None,
        now: now(),
    };
    change(&mut situation, &mut policy);
    judge(&situation, &policy)
}

fn check(target: Bundle, change: impl FnOnce(&mut Situation<'_>, &mut Automatic), expected: &[Code]) {
    let verdict = judged(target, change);
    assert_eq!(verdict.reasons, expected, "{:#?}", verdict.evidence);
    assert_eq!(verdict.approves, expected.is_empty());
    let failed: Vec<_> = verdict.evidence.iter().filter(|one| one.result == FAILED).collect();
    assert_eq!(failed.is_empty(), expected.is_empty(), "what stops it is in the evidence");
    assert!(verdict.evidence.len() <= 32, "the kind takes 32");
}

/// Case 5: CPU use 62 % of quota, asks +40 %.
#[test]
fn acceptance_5_forty_percent_more_of_what_is_used_needs_nobody() {
    let verdict = judged(b(56, 80, 1_000), |_, _| {});
    assert!(verdict.approves, "{:#?}", verdict.evidence);
    let of = |rule: &str, threshold: &str| {
        let found = verdict.evidence.iter().find(|one| one.rule == rule && one.threshold.starts_with(threshold));
        found.unwrap_or_else(|| panic!("{rule} {threshold}: {:#?}", verdict.evidence)).clone()
    };
    assert_eq!(of("R1", ">= 35 %").value, "62.0 %");
    assert_eq!(of("R1", "<= 50 %").value, "+40.0 %");
    assert_eq!(of("R1", ">= 35 %").samples.as_deref(), Some("3744/3744"));
    assert_eq!((of("R1", ">= 35 %").window.as_deref(), of("R3", ">= 90 %").value.as_str()), (Some("14 d"), "100.0 %"));
    assert_eq!(of("R4", "< 85 %").source, "PoolLedger revision 7");
    assert!(verdict.evidence.iter().all(|one| one.resource.as_deref().is_none_or(|resource| resource == "cpu")));
}

#[test]
fn each_rule_stops_it() {
    let more = b(56, 80, 1_000);
    check(more, |at, _| at.usage = None, &[Code::NoData]);
    check(b(61, 80, 1_000), |_, _| {}, &[Code::IncreaseLarge]);
    check(b(60, 80, 1_000), |_, _| {}, &[]);
    let low = roll(34, 62, 0);
    check(more, |at, _| at.usage = Some(low), &[Code::UseLow]);
    let edge = roll(35, 62, 0);
    check(more, |at, _| at.usage = Some(edge), &[]);
    check(b(40, 100, 1_000), |at, _| at.usage = Some(low), &[]);
    let gaps = roll(62, 62, 8);
    check(more, |at, _| at.usage = Some(gaps), &[Code::CoverageLow]);
    let few_gaps = roll(62, 62, 11);
    check(more, |at, _| at.usage = Some(few_gaps), &[]);
    check(more, |at, _| at.room = None, &[Code::NoRoom]);
    check(more, |at, _| at.open = Some("qr-0".into()), &[Code::OtherOpen]);
    check(more, |at, _| at.recent = Some("2026-10-25T00:00:00+08:00".parse().unwrap()), &[Code::Recent]);
    check(more, |at, _| at.recent = Some("2026-10-24T00:00:00+08:00".parse().unwrap()), &[]);
    check(
        more,
        |at, policy| {
            at.recent = Some(now());
            policy.calm_days = 0;
        },
        &[],
    );
    check(more, |_, policy| policy.is_on = false, &[Code::SwitchedOff]);
    check(more, |_, policy| policy.cpu_memory = false, &[Code::SwitchedOff]);
    check(more, |_, policy| policy.storage = false, &[]);
    check(more, |at, _| at.target = Err("UnknownPool".into()), &[Code::Unfit]);
}

#[test]
fn storage_goes_by_how_full_it_is() {
    let more = b(40, 80, 1_400);
    check(more, |_, _| {}, &[]);
    check(more, |at, _| at.storage_used = Some(b(0, 0, 800).storage), &[Code::StorageUseLow]);
    check(b(40, 80, 1_501), |_, _| {}, &[Code::IncreaseLarge]);
    check(b(40, 80, 1_032), |at, _| at.storage_used = Some(b(0, 0, 1).storage), &[]);
    check(b(40, 80, 1_033), |at, _| at.storage_used = Some(b(0, 0, 1).storage), &[Code::StorageUseLow]);
    check(more, |at, _| at.usage = None, &[Code::NoData]);
}

#[test]
fn a_little_more_is_asked_no_use_for_but_has_to_be_seen() {
    let low = roll(1, 1, 0);
    let little = b(41, 82, 1_000);
    check(little, |at, _| at.usage = Some(low), &[]);
    check(b(42, 80, 1_000), |at, _| at.usage = Some(low), &[Code::UseLow]);
    check(little, |at, _| at.usage = None, &[Code::NoData]);
}

#[test]
fn a_city_without_metrics_may_go_by_what_is_charged() {
    let charged = |at: &mut Situation<'_>, policy: &mut Automatic| {
        policy.evidence = crate::v1alpha1::UsageSource::Charged;
        at.storage_used = None;
    };
    let verdict = judged(b(56, 80, 1_000), charged);
    let found = verdict.evidence.iter().find(|one| one.threshold == ">= 35 %").unwrap();
    assert_eq!((found.value.as_str(), found.source.as_str(), verdict.approves), ("95.0 %", "ResourceQuota", true));
}

#[test]
fn the_pool_stays_below_its_warning_line() {
    let near = |target: Bundle| {
        let mut ledger = ledger();
        let other = Entry { shares: Shares::from([("o".into(), b(790, 0, 0))]), ..Entry::default() };
        ledger.entries.insert(AllocationKey::new("dept-d", "b"), other);
        room(&ledger, &AllocationKey::new("dept-d", "a"), "u", target, None)
    };
    check(b(59, 80, 1_000), |at, _| at.room = Some(near(b(59, 80, 1_000))), &[]);
    check(b(60, 80, 1_000), |at, _| at.room = Some(near(b(60, 80, 1_000))), &[Code::PoolFull]);
    check(
        b(60, 80, 1_000),
        |at, policy| {
            at.room = Some(near(b(60, 80, 1_000)));
            policy.pool_warn_percent = 86;
        },
        &[],
    );
    let full = |at: &mut Situation<'_>, _: &mut Automatic| {
        let mut ledger = ledger();
        ledger.capacity = b(50, 2_000, 20_000);
        at.room = Some(room(&ledger, &AllocationKey::new("dept-d", "a"), "u", b(56, 80, 1_000), None));
    };
    check(b(56, 80, 1_000), full, &[Code::NoRoom]);
}

#[test]
fn what_is_given_back_needs_nobody_and_no_data() {
    let less = b(30, 80, 1_000);
    let blind = |at: &mut Situation<'_>, _: &mut Automatic| {
        at.usage = None;
        at.room = None;
        at.recent = Some(now());
    };
    check(less, blind, &[]);
    check(less, |_, policy| policy.decreases = false, &[Code::SwitchedOff]);
    check(less, |_, policy| policy.is_on = false, &[Code::SwitchedOff]);
    check(has(), |_, _| {}, &[Code::Unchanged]);
    // One up, one down is an increase, and only that is examined.
    check(b(56, 10, 1_000), |_, _| {}, &[]);
    check(b(56, 10, 1_000), |at, _| at.usage = None, &[Code::NoData]);
}

#[test]
fn other_kinds_are_decided_by_a_person() {
    let period = json!({"period": {"start": "2026-12-01", "end": "2026-12-31"}});
    let less = b(30, 80, 1_000);
    let cases = [
        (spec("New", &json!({})), less, Code::KindNew),
        (spec("Release", &json!({})), Bundle::ZERO, Code::KindRelease),
        (spec("Renew", &json!({})), has(), Code::KindRenew),
        (spec("Change", &json!({"moveFrom": "other"})), less, Code::KindMove),
        (spec("Change", &period), less, Code::KindTemporaryLess),
    ];
    for (spec, target, code) in &cases {
        let key = AllocationKey::new("dept-d", "a");
        let usage = roll(62, 62, 0);
        let situation = Situation {
            department: "d",
            spec,
            target: Ok(*target),
            has: has(),
            application: None,
            usage: Some(usage),
            storage_used: None,
            room: Some(room(&ledger(), &key, "u", *target, None)),
            recent: None,
            open: None,
            now: now(),
        };
        assert_eq!(judge(&situation, &policy()).reasons, [*code]);
    }
}

#[test]
fn an_application_that_has_nothing_is_new() {
    check(b(1, 0, 0), |at, _| at.has = Bundle::ZERO, &[Code::NewApplication]);
}

#[test]
fn the_citys_own_conditions_count_too() {
    let with = |text: &str| {
        let one = AutomaticExpression { name: "own".into(), expression: text.into(), message: "ask us".into() };
        move |_: &mut Situation<'_>, policy: &mut Automatic| policy.expressions = vec![one]
    };
    let more = b(56, 80, 1_000);
    check(more, with("increase.cpu <= 16000 && use.cpu > 60.0 && pool.cpu < 50.0"), &[]);
    check(more, with("increase.cpu < 16000"), &[Code::Condition]);
    check(more, with("application.keyEvent"), &[Code::ConditionFaulty]);
    check(more, with("[1].all(x, x > 0)"), &[Code::ConditionFaulty]);
    check(b(30, 80, 1_000), with("false"), &[]);
    let verdict = judged(more, with("increase.cpu < 16000"));
    let own = verdict.evidence.iter().find(|one| one.rule == "own").unwrap();
    assert_eq!((own.message.as_deref(), own.value.as_str()), (Some("ask us"), "false"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Nothing is ever approved that makes a resource grow without data, or past what fits.
    #[test]
    fn no_increase_without_data_and_room(
        target in (0_u64..80, 0_u64..160, 0_u64..2_000), cpu in 0_u64..100, memory in 0_u64..100,
        seen in any::<bool>(), capacity in 40_u64..2_000,
    ) {
        let target = b(target.0, target.1, target.2);
        let usage = roll(cpu, memory, 0);
        let mut ledger = ledger();
        ledger.capacity.cpu = Amount::new(capacity * 1_000);
        let verdict = judged(target, |at, _| {
            at.usage = seen.then_some(usage);
            at.room = Some(room(&ledger, &AllocationKey::new("dept-d", "a"), "u", target, None));
        });
        if verdict.approves && !target.fits_within(has()) {
            prop_assert!(seen);
            prop_assert!(target.fits_within(ledger.capacity));
            prop_assert!(target.fits_within(has().map(|amount| amount.percent(150)).max(has().plus(policy().small))));
        }
        if target.fits_within(has()) && target != has() {
            prop_assert!(verdict.approves);
        }
    }
}
