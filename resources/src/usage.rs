//! What is kept of an allocation's use: from samples to daily lines, and from those to averages,
//! peaks and how much of a time was seen at all.
//!
//! A sample is taken every five minutes. Of each day there is kept how many there were, their average
//! and how they spread over the quota, which is enough for an average and a 95th percentile over any
//! number of days. What wasn't seen is no data: it lowers the coverage and never the average.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use ledger::{Amount, Bundle, PerResource, Resource};

use crate::v1alpha1::{UsageDay, UsageRecordSpec, UsageSource, UsedResource};
use crate::workday;

/// One sample in this time.
pub const SAMPLE_SECONDS: i64 = 300;
/// 24 × 60 ÷ 5.
pub const SAMPLES_A_DAY: u64 = 288;
/// A month and some days: the longest time that anything asks for is 30 days.
pub const DAYS_KEPT: i64 = 35;
/// 35 days × 5 series, and as many again for days on which the quota changed: under the kind's 400.
const LINES_MAX: usize = 350;
/// Twenty of 5 % each, and what is above the quota.
const BUCKETS: usize = 21;
const BUCKET_PERCENT: u64 = 5;

/// What was seen at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    pub at: Timestamp,
    pub quota: Bundle,
    /// What the quota is charged with.
    pub charged: Bundle,
    /// What is really used, resource by resource where it is measured.
    pub measured: PerResource<Option<Amount>>,
}

/// The lines of one allocation, to be added to and asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roll {
    lines: BTreeMap<Key, Line>,
    /// The last five minutes that a sample was taken in, counted from 1970.
    slot: Option<i64>,
    through: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    day: Date,
    resource: UsedResource,
    source: UsageSource,
    quota: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Line {
    samples: u64,
    sum: u128,
    histogram: [u64; BUCKETS],
}

impl Roll {
    /// The lines of a record. What can't be read isn't there.
    #[must_use]
    pub fn read(spec: &UsageRecordSpec) -> Self {
        let lines = spec.days.iter().filter_map(read_line).collect();
        let through = spec.through.as_ref().map(|through| through.0);
        Self { lines, slot: through.map(slot_of), through }
    }

    /// Takes in a sample. One of five minutes that have been seen changes nothing and says so.
    pub fn add(&mut self, sample: &Sample) -> bool {
        let slot = slot_of(sample.at);
        if self.slot.is_some_and(|seen| slot <= seen) {
            return false;
        }
        self.slot = Some(slot);
        self.through = Some(sample.at);
        let day = workday::day_of(sample.at);
        for resource in Resource::ALL {
            let quota = sample.quota.of(resource).get();
            self.count(
                Key { day, resource: resource.into(), source: UsageSource::Charged, quota },
                *sample.charged.of(resource),
            );
            if let Some(measured) = sample.measured.of(resource) {
                self.count(Key { day, resource: resource.into(), source: UsageSource::Measured, quota }, *measured);
            }
        }
        let oldest = first_day(day, DAYS_KEPT);
        self.lines.retain(|key, _| key.day >= oldest);
        while self.lines.len() > LINES_MAX {
            self.lines.pop_first();
        }
        true
    }

    fn count(&mut self, key: Key, used: Amount) {
        let line = self.lines.entry(key).or_default();
        line.samples += 1;
        line.sum += u128::from(used.get());
        line.histogram[bucket(used.get(), key.quota)] += 1;
    }

    /// As a record of the allocation with this uid.
    #[must_use]
    pub fn spec(&self, allocation: &str) -> UsageRecordSpec {
        UsageRecordSpec {
            allocation: allocation.to_owned(),
            through: self.through.map(|at| Time(Timestamp::from_second(at.as_second()).unwrap_or(at))),
            days: self.lines.iter().map(|(key, line)| written(key, line)).collect(),
        }
    }

    /// What was seen of a resource in the last `days` days, today's part included. `None`: nothing.
    #[must_use]
    pub fn window(&self, resource: Resource, source: UsageSource, days: u32, now: Timestamp) -> Option<Window> {
        let today = workday::day_of(now);
        let first = first_day(today, i64::from(days));
        let wanted =
            |key: &Key| key.day >= first && key.day <= today && key.resource == resource.into() && key.source == source;
        let lines: Vec<(&Key, &Line)> = self.lines.iter().filter(|(key, _)| wanted(key)).collect();
        let samples = lines.iter().map(|(_, line)| line.samples).sum();
        if samples == 0 {
            return None;
        }
        let sum = lines.iter().map(|(_, line)| line.sum).sum();
        let full_days = u64::from(days.saturating_sub(1));
        let expected = full_days * SAMPLES_A_DAY + samples_since_midnight(now);
        Some(Window { days, samples, expected, sum, peak: peak(&lines, samples) })
    }

    /// When the last sample was taken.
    #[must_use]
    pub const fn through(&self) -> Option<Timestamp> {
        self.through
    }
}

/// What was seen of one resource in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub days: u32,
    pub samples: u64,
    /// Samples that there would be without gaps.
    pub expected: u64,
    sum: u128,
    /// The 95th percentile of the samples, rounded up to the next 5 % of the quota of its day.
    pub peak: Amount,
}

impl Window {
    #[must_use]
    pub fn average(&self) -> Amount {
        let average = self.sum / u128::from(self.samples.max(1));
        Amount::new(u64::try_from(average).unwrap_or(u64::MAX))
    }

    /// Whether the average is at least this share of an amount. Exact: nothing is rounded.
    #[must_use]
    pub fn reaches(&self, percent: u32, of: Amount) -> bool {
        self.sum * 100 >= u128::from(percent) * u128::from(of.get()) * u128::from(self.samples)
    }

    /// Whether at least this share of the samples is there.
    #[must_use]
    pub const fn covers(&self, percent: u32) -> bool {
        self.samples as u128 * 100 >= percent as u128 * self.expected as u128
    }
}

/// The samples in the order of what they say, up to the one that 95 % don't pass.
fn peak(lines: &[(&Key, &Line)], samples: u64) -> Amount {
    let upper = |quota: u64, bucket: usize| {
        let percent = u128::from(BUCKET_PERCENT) * (bucket as u128 + 1);
        u64::try_from((u128::from(quota) * percent).div_ceil(100)).unwrap_or(u64::MAX)
    };
    let counted = lines.iter().flat_map(|(key, line)| {
        line.histogram.iter().enumerate().map(|(bucket, count)| (upper(key.quota, bucket), *count))
    });
    let mut counted: Vec<(u64, u64)> = counted.filter(|(_, count)| *count > 0).collect();
    counted.sort_unstable();
    let rank = (samples * 95).div_ceil(100);
    let mut seen = 0;
    for (amount, count) in counted {
        seen += count;
        if seen >= rank {
            return Amount::new(amount);
        }
    }
    Amount::ZERO
}

/// Exactly 5 % is in the first bucket; nothing of nothing too.
fn bucket(used: u64, quota: u64) -> usize {
    if used == 0 {
        return 0;
    }
    if used > quota {
        return BUCKETS - 1;
    }
    let step = u128::from(quota) * u128::from(BUCKET_PERCENT);
    let bucket = (u128::from(used) * 100).div_ceil(step) - 1;
    usize::try_from(bucket).unwrap_or(BUCKETS - 1).min(BUCKETS - 2)
}

fn slot_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(SAMPLE_SECONDS)
}

/// The first of this many days of which `last` is the last.
fn first_day(last: Date, days: i64) -> Date {
    last.checked_sub(Span::new().try_days(days.saturating_sub(1)).unwrap_or_default()).unwrap_or(Date::MIN)
}

fn samples_since_midnight(now: Timestamp) -> u64 {
    let time = workday::CITY.to_datetime(now).time();
    let minutes = u64::from(time.hour().unsigned_abs()) * 60 + u64::from(time.minute().unsigned_abs());
    minutes / 5
}

fn read_line(day: &UsageDay) -> Option<(Key, Line)> {
    let UsageDay { day, resource, source, quota, samples, average, histogram } = day;
    let whole = |number: i64| u64::try_from(number).ok();
    let key = Key { day: day.parse().ok()?, resource: *resource, source: *source, quota: whole(*quota)? };
    let mut line = Line { samples: whole(*samples)?, ..Line::default() };
    line.sum = u128::from(whole(*average)?) * u128::from(line.samples);
    for (bucket, count) in line.histogram.iter_mut().zip(histogram) {
        *bucket = whole(*count)?;
    }
    (line.histogram.iter().sum::<u64>() == line.samples && line.samples <= SAMPLES_A_DAY).then_some((key, line))
}

fn written(key: &Key, line: &Line) -> UsageDay {
    let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut histogram: Vec<i64> = line.histogram.iter().map(|count| number(*count)).collect();
    while histogram.last() == Some(&0) {
        histogram.pop();
    }
    let average = line.sum / u128::from(line.samples.max(1));
    UsageDay {
        day: key.day.to_string(),
        resource: key.resource,
        source: key.source,
        quota: number(key.quota),
        samples: number(line.samples),
        average: i64::try_from(average).unwrap_or(i64::MAX),
        histogram,
    }
}

impl From<Resource> for UsedResource {
    fn from(resource: Resource) -> Self {
        match resource {
            Resource::Cpu => Self::Cpu,
            Resource::Memory => Self::Memory,
            Resource::Storage => Self::Storage,
        }
    }
}

#[cfg(test)]
mod tests;
