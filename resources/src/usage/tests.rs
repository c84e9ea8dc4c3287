use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn cpu(millis: u64) -> Bundle {
    Bundle::new(millis, 0, 0)
}

fn sample(at: Timestamp, quota: u64, used: u64) -> Sample {
    let measured = PerResource { cpu: Some(Amount::new(used)), ..PerResource::default() };
    Sample { at, quota: cpu(quota), charged: cpu(used), measured }
}

/// A sample for each of these, from midnight of 2026-11-23 on.
fn roll(quota: u64, used: impl IntoIterator<Item = u64>) -> Roll {
    let begin = at("2026-11-23T00:00:00+08:00").as_second();
    let mut roll = Roll::default();
    for (index, used) in used.into_iter().enumerate() {
        let second = begin + SAMPLE_SECONDS * i64::try_from(index).unwrap();
        roll.add(&sample(Timestamp::from_second(second).unwrap(), quota, used));
    }
    roll
}

fn window(roll: &Roll, days: u32, now: &str) -> Option<Window> {
    roll.window(Resource::Cpu, UsageSource::Measured, days, at(now))
}

#[test]
fn nineteen_of_twenty_samples_dont_pass_the_peak() {
    let end = "2026-11-23T23:59:00+08:00";
    let even = roll(1_000, [100; 95].into_iter().chain([800; 5]));
    let seen = window(&even, 1, end).unwrap();
    assert_eq!((seen.peak.get(), seen.average().get(), seen.samples), (100, 135, 100));
    let more = roll(1_000, [100; 94].into_iter().chain([800; 6]));
    assert_eq!(window(&more, 1, end).unwrap().peak.get(), 800);
    let odd = roll(1_000, [101; 100]);
    assert_eq!(window(&odd, 1, end).unwrap().peak.get(), 150, "rounded up to the next 5 %");
    let over = roll(1_000, [1_200; 100]);
    assert_eq!(window(&over, 1, end).unwrap().peak.get(), 1_050, "above the quota is all that is known");
    assert_eq!(window(&roll(0, [0; 10]), 1, end).unwrap().peak.get(), 0);
}

#[test]
fn what_wasnt_seen_lowers_the_coverage_and_not_the_average() {
    let half = roll(1_000, [400; 144]);
    let seen = window(&half, 1, "2026-11-23T23:55:00+08:00").unwrap();
    assert_eq!((seen.samples, seen.expected, seen.average().get()), (144, 287, 400));
    assert!(seen.covers(50) && !seen.covers(51));
    let over_days = window(&half, 14, "2026-11-23T12:00:00+08:00").unwrap();
    assert_eq!((over_days.samples, over_days.expected), (144, 13 * 288 + 144));
    assert!(seen.reaches(40, Amount::new(1_000)) && !seen.reaches(41, Amount::new(1_000)));
    assert_eq!(window(&half, 14, "2026-12-24T12:00:00+08:00"), None, "no data isn't zero");
    assert_eq!(Roll::default().window(Resource::Memory, UsageSource::Charged, 14, at("2026-11-23T12:00:00Z")), None);
    assert_eq!(half.window(Resource::Memory, UsageSource::Measured, 1, at("2026-11-23T12:00:00Z")), None);
}

#[test]
fn five_minutes_count_once() {
    let mut roll = Roll::default();
    let first = sample(at("2026-11-23T10:00:10+08:00"), 1_000, 100);
    assert!(roll.add(&first));
    let once = roll.clone();
    assert!(!roll.add(&sample(at("2026-11-23T10:04:59+08:00"), 1_000, 900)));
    assert!(!roll.add(&sample(at("2026-11-23T09:00:00+08:00"), 1_000, 900)), "a clock that went back");
    assert_eq!(roll, once);
    assert!(roll.add(&sample(at("2026-11-23T10:05:00+08:00"), 1_000, 900)));
    let read = Roll::read(&once.spec("u"));
    assert_eq!(read.slot, once.slot, "also after a restart");
}

#[test]
fn a_day_on_which_the_quota_changed_has_both() {
    let mut roll = roll(1_000, [500; 10]);
    for index in 10..20 {
        let second = at("2026-11-23T00:00:00+08:00").as_second() + 300 * index;
        roll.add(&sample(Timestamp::from_second(second).unwrap(), 4_000, 500));
    }
    let spec = roll.spec("u");
    let quotas: Vec<i64> =
        spec.days.iter().filter(|day| day.source == UsageSource::Measured).map(|day| day.quota).collect();
    assert_eq!(quotas, [1_000, 4_000]);
    assert_eq!(window(&roll, 1, "2026-11-23T12:00:00+08:00").unwrap().average().get(), 500);
}

#[test]
fn days_that_are_too_old_go() {
    let mut roll = Roll::default();
    let mut day = at("2026-09-01T12:00:00+08:00");
    for _ in 0..80 {
        roll.add(&sample(day, 1_000, 500));
        day += jiff::SignedDuration::from_hours(24);
    }
    let spec = roll.spec("u");
    let first = spec.days.iter().map(|day| day.day.clone()).min().unwrap();
    assert_eq!(first, "2026-10-16", "35 days up to 2026-11-19");
    for minute in 0..2_000 {
        roll.add(&sample(day + jiff::SignedDuration::from_mins(5 * minute), 1_000 + minute.unsigned_abs(), 1));
    }
    assert!(roll.spec("u").days.len() <= 400, "the kind takes no more");
}

#[test]
fn what_cant_be_read_isnt_there() {
    let good = roll(1_000, [500; 10]).spec("u");
    let broken = |change: fn(&mut UsageDay)| {
        let mut spec = good.clone();
        spec.days.iter_mut().for_each(change);
        Roll::read(&spec).lines.len()
    };
    assert_eq!(Roll::read(&good).lines.len(), good.days.len());
    assert_eq!(broken(|day| day.samples = -1), 0);
    assert_eq!(broken(|day| day.samples += 1), 0, "the histogram says another number");
    assert_eq!(broken(|day| day.day = "yesterday".into()), 0);
}

proptest! {
    /// Whatever was seen: average and peak are within what was seen, and a restart changes nothing
    /// but the average's last digit.
    #[test]
    fn a_record_says_what_was_seen(used in prop::collection::vec(0_u64..1_000, 1..600), quota in 1_u64..1_000) {
        let roll = roll(quota, used.clone());
        let now = "2026-11-25T12:00:00+08:00";
        let seen = window(&roll, 3, now).unwrap();
        let (least, most) = (*used.iter().min().unwrap(), *used.iter().max().unwrap());
        prop_assert!((least..=most).contains(&seen.average().get()));
        prop_assert_eq!(seen.samples, used.len() as u64);
        prop_assert!(seen.samples <= seen.expected);
        let mut sorted = used.clone();
        sorted.sort_unstable();
        let exact = sorted[(used.len() * 95).div_ceil(100) - 1];
        prop_assert!(exact > quota || seen.peak.get() >= exact, "never below the exact one");
        prop_assert!(seen.peak.get() <= exact.min(quota) + quota.div_ceil(20) + 1);

        let read = Roll::read(&roll.spec("u"));
        let again = window(&read, 3, now).unwrap();
        prop_assert_eq!((again.samples, again.peak), (seen.samples, seen.peak));
        prop_assert!(again.average().get().abs_diff(seen.average().get()) <= 1);
    }

    #[test]
    fn buckets_are_in_order(quota in 1_u64..1_000_000_000_000_000, a in any::<u64>(), b in any::<u64>()) {
        let (a, b) = (a.min(b) % (quota * 2), a.max(b) % (quota * 2));
        prop_assert!(bucket(a.min(b), quota) <= bucket(a.max(b), quota));
        prop_assert!(bucket(a, quota) < BUCKETS);
    }
}
