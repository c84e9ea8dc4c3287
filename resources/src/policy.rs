//! The deadlines and bounds of a request's way as values, with their defaults: CloudPolicy's
//! `spec.process`, read for a day.
//!
//! Each default is in [`KEYS`] and nowhere else. A value that is missing, that can't be read or whose
//! day hasn't come leaves the one before it in force, in the end the default: a policy never lacks a
//! value. The API server refuses what can't be read, and `validate::process` says it with the field.

use std::collections::BTreeMap;

use jiff::civil::Date;
use ledger::{Bundle, Resource};
use thiserror::Error;

mod automatic;

pub use automatic::Automatic;

use crate::quantity::{self, QuantityError};
use crate::v1alpha1::{CloudPolicySpec, Phase, ProcessValue};
use crate::workday::Cutoff;

/// What a request's way goes by on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `sla.accept`: from submission to acceptance.
    pub accept_workdays: u32,
    /// `sla.opinion`: from acceptance to the review's opinion, for each stage.
    pub opinion_workdays: u32,
    /// `sla.testOpen`: from the opinion to open test resources.
    pub test_open_workdays: u32,
    /// `test.period`.
    pub test_period_days: u32,
    /// `offer.answerWithin`: what a department has to answer a counter-offer.
    pub offer_answer_workdays: u32,
    /// `offer.maxRounds`: offers per request.
    pub offer_rounds_max: u32,
    /// `returned.lapseAfter`: what a department has to resubmit.
    pub returned_lapse_workdays: u32,
    /// `withdraw.undo`; zero: no undo.
    pub withdraw_undo_seconds: u32,
    /// `approval.path`.
    pub path: ApprovalPath,
    /// `approval.fourEyes` and what is below it.
    pub four_eyes: FourEyes,
    /// `workday.cutoff`.
    pub cutoff: Cutoff,
    /// `temporary.warnDays`, the longest first, each once.
    pub warn_days: Vec<u32>,
    /// `automatic.…`
    pub automatic: Automatic,
}

impl Default for Policy {
    fn default() -> Self {
        Self::read(&Values::default())
    }
}

impl Policy {
    /// What is in force on `day`, a day in the city. Without a CloudPolicy it is the defaults.
    #[must_use]
    pub fn on(spec: Option<&CloudPolicySpec>, day: Date) -> Self {
        let policy = Self::read(&Values::on(spec.map(|spec| spec.process.as_slice()).unwrap_or_default(), day));
        Self { automatic: policy.automatic.with(spec, day), ..policy }
    }

    fn read(values: &Values<'_>) -> Self {
        Self {
            accept_workdays: values.number(ACCEPT),
            opinion_workdays: values.number(OPINION),
            test_open_workdays: values.number(TEST_OPEN),
            test_period_days: values.number(TEST_PERIOD),
            offer_answer_workdays: values.number(OFFER_ANSWER),
            offer_rounds_max: values.number(OFFER_ROUNDS),
            returned_lapse_workdays: values.number(RETURNED_LAPSE),
            withdraw_undo_seconds: values.number(WITHDRAW_UNDO),
            path: if values.text(PATH) == DIRECT { ApprovalPath::Direct } else { ApprovalPath::Staged },
            four_eyes: FourEyes {
                is_on: values.text(FOUR_EYES) == ON,
                for_new_applications: values.text(FOUR_EYES_NEW) == ON,
                above: values.above(),
            },
            cutoff: values.text(CUTOFF).parse().unwrap_or_default(),
            warn_days: values.days(WARN_DAYS),
            automatic: Automatic::read(values),
        }
    }
}

/// The way that requests of the city go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApprovalPath {
    /// Acceptance, technical review, and administrative approval where four eyes are needed.
    #[default]
    Staged,
    /// One decision of an approver on what was submitted, without stages, deadlines and offers.
    Direct,
}

impl ApprovalPath {
    /// The way that a request in this phase goes on, where the city has set this one. What has begun
    /// on the staged way ends on it.
    #[must_use]
    pub const fn way_from(self, phase: Phase) -> Self {
        match (self, phase) {
            (Self::Staged, _) | (_, Phase::Accepted | Phase::TechReview | Phase::Offered | Phase::Returned) => {
                Self::Staged
            }
            (Self::Direct, _) => Self::Direct,
        }
    }
}

/// When the second review stage is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FourEyes {
    pub is_on: bool,
    pub for_new_applications: bool,
    /// An increase of more than any of these needs it.
    pub above: Bundle,
}

impl FourEyes {
    /// Whether a request needs it. `increase` is what it asks for beyond what is granted; exactly the
    /// bound isn't above it.
    #[must_use]
    pub fn is_needed(&self, is_new_application: bool, increase: Bundle) -> bool {
        let above = Resource::ALL.into_iter().any(|resource| increase.of(resource) > self.above.of(resource));
        self.is_on && (above || (is_new_application && self.for_new_applications))
    }
}

/// A value's key, with what it is when nobody has set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    pub key: &'static str,
    pub default: &'static str,
    /// Where the default comes from.
    pub source: &'static str,
    pub form: Form,
}

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Workdays {
        min: u32,
        max: u32,
    },
    Days {
        min: u32,
        max: u32,
    },
    Seconds {
        min: u32,
        max: u32,
    },
    Times {
        min: u32,
        max: u32,
    },
    Switch,
    Path,
    Percent {
        min: u32,
        max: u32,
    },
    /// Which figures of use count.
    Evidence,
    Amount(Resource),
    Cutoff,
    ListOfDays {
        max: u32,
        count_max: usize,
    },
}

/// Why a value can't be read. The sentence goes after the field's name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unreadable {
    #[error("isn't a whole number of {min} to {max} {unit}")]
    Number { min: u32, max: u32, unit: &'static str },
    #[error("is neither on nor off")]
    Switch,
    #[error("is neither staged nor direct")]
    Path,
    #[error("is neither measured nor charged")]
    Evidence,
    #[error(transparent)]
    Amount(#[from] QuantityError),
    #[error("isn't a time from 12:00 to 23:59: write it as 17:30")]
    Cutoff,
    #[error("isn't a list of at most {count_max} numbers of days from 1 to {max}: write it as 30,7,1")]
    ListOfDays { max: u32, count_max: usize },
}

const ON: &str = "on";
const DIRECT: &str = "direct";
const STAGED: &str = "staged";
const HUANGSHAN: &str = "参考黄山市政务云管理规定(市数据局网站)";
const PRODUCT: &str = "产品默认";

const ACCEPT: Key = workdays("sla.accept", "3", HUANGSHAN, 60);
const OPINION: Key = workdays("sla.opinion", "2", HUANGSHAN, 60);
const TEST_OPEN: Key = workdays("sla.testOpen", "2", HUANGSHAN, 60);
const TEST_PERIOD: Key = key("test.period", "15", HUANGSHAN, Form::Days { min: 1, max: 366 });
const OFFER_ANSWER: Key = workdays("offer.answerWithin", "5", PRODUCT, 60);
const OFFER_ROUNDS: Key = key("offer.maxRounds", "2", PRODUCT, Form::Times { min: 1, max: 10 });
const RETURNED_LAPSE: Key = workdays("returned.lapseAfter", "15", PRODUCT, 250);
const WITHDRAW_UNDO: Key = key("withdraw.undo", "60", PRODUCT, Form::Seconds { min: 0, max: 3600 });
const PATH: Key = key("approval.path", STAGED, PRODUCT, Form::Path);
const FOUR_EYES: Key = key("approval.fourEyes", ON, PRODUCT, Form::Switch);
const FOUR_EYES_NEW: Key = key("approval.fourEyes.newApplications", ON, PRODUCT, Form::Switch);
const FOUR_EYES_CPU: Key = key("approval.fourEyes.cpu", "64", PRODUCT, Form::Amount(Resource::Cpu));
const FOUR_EYES_MEMORY: Key = key("approval.fourEyes.memory", "128G", PRODUCT, Form::Amount(Resource::Memory));
const FOUR_EYES_STORAGE: Key = key("approval.fourEyes.storage", "10T", PRODUCT, Form::Amount(Resource::Storage));
const CUTOFF: Key = key("workday.cutoff", "17:30", PRODUCT, Form::Cutoff);
const WARN_DAYS: Key = key("temporary.warnDays", "30,7,1", PRODUCT, Form::ListOfDays { max: 366, count_max: 10 });

/// All keys, in the order of a request's way.
pub const KEYS: [Key; 30] = [
    ACCEPT,
    OPINION,
    TEST_OPEN,
    TEST_PERIOD,
    OFFER_ANSWER,
    OFFER_ROUNDS,
    RETURNED_LAPSE,
    WITHDRAW_UNDO,
    PATH,
    FOUR_EYES,
    FOUR_EYES_NEW,
    FOUR_EYES_CPU,
    FOUR_EYES_MEMORY,
    FOUR_EYES_STORAGE,
    CUTOFF,
    WARN_DAYS,
    automatic::ENABLED,
    automatic::DECREASES,
    automatic::CPU_MEMORY,
    automatic::STORAGE,
    automatic::EVIDENCE,
    automatic::WINDOW,
    automatic::COVERAGE,
    automatic::MIN_USE,
    automatic::MAX_INCREASE,
    automatic::SMALL_CPU,
    automatic::SMALL_MEMORY,
    automatic::SMALL_STORAGE,
    automatic::STORAGE_USED,
    automatic::CALM,
];

const fn key(key: &'static str, default: &'static str, source: &'static str, form: Form) -> Key {
    Key { key, default, source, form }
}

const fn workdays(name: &'static str, default: &'static str, source: &'static str, max: u32) -> Key {
    key(name, default, source, Form::Workdays { min: 1, max })
}

impl Key {
    /// The key of that name, if there is one.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.key == name)
    }

    /// The value of the key that counts on `day`; none: its default does.
    #[must_use]
    pub fn in_force<'a>(&self, process: &'a [ProcessValue], day: Date) -> Option<&'a ProcessValue> {
        let begun = |value: &&ProcessValue| value.effective_from.parse::<Date>().is_ok_and(|from| from <= day);
        let readable = |value: &&ProcessValue| value.key == self.key && self.form.check(&value.value).is_ok();
        // A date of ten characters sorts as text as it does as a day.
        process.iter().filter(readable).filter(begun).max_by_key(|value| &value.effective_from)
    }
}

impl Form {
    /// Whether the text can be read so.
    pub fn check(self, text: &str) -> Result<(), Unreadable> {
        match self {
            Self::Workdays { min, max } => number(text, min, max, "working days"),
            Self::Days { min, max } => number(text, min, max, "calendar days"),
            Self::Seconds { min, max } => number(text, min, max, "seconds"),
            Self::Times { min, max } => number(text, min, max, "offers"),
            Self::Switch => ["on", "off"].contains(&text).then_some(()).ok_or(Unreadable::Switch),
            Self::Percent { min, max } => number(text, min, max, "percent"),
            Self::Evidence => {
                [automatic::MEASURED, automatic::CHARGED].contains(&text).then_some(()).ok_or(Unreadable::Evidence)
            }
            Self::Path => [STAGED, DIRECT].contains(&text).then_some(()).ok_or(Unreadable::Path),
            Self::Amount(resource) => Ok(quantity::parse(resource, text).map(|_| ())?),
            Self::Cutoff => text.parse::<Cutoff>().map(|_| ()).map_err(|_| Unreadable::Cutoff),
            Self::ListOfDays { max, count_max } => {
                let good = text.split(',').all(|day| plain(day).is_some_and(|day| (1..=max).contains(&day)));
                let short = text.split(',').count() <= count_max;
                (good && short).then_some(()).ok_or(Unreadable::ListOfDays { max, count_max })
            }
        }
    }
}

fn number(text: &str, min: u32, max: u32, unit: &'static str) -> Result<(), Unreadable> {
    let good = plain(text).is_some_and(|number| (min..=max).contains(&number));
    good.then_some(()).ok_or(Unreadable::Number { min, max, unit })
}

/// A number in digits alone, without a sign and leading zeros.
fn plain(text: &str) -> Option<u32> {
    let number: u32 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// Key by key, the text in force.
struct Values<'a>(BTreeMap<&'static str, &'a str>);

impl Default for Values<'_> {
    fn default() -> Self {
        Self(KEYS.iter().map(|key| (key.key, key.default)).collect())
    }
}

impl<'a> Values<'a> {
    fn on(process: &'a [ProcessValue], day: Date) -> Self {
        let Self(mut values) = Self::default();
        for key in &KEYS {
            if let Some(value) = key.in_force(process, day) {
                values.insert(key.key, &value.value);
            }
        }
        Self(values)
    }

    fn text(&self, key: Key) -> &str {
        self.0.get(key.key).copied().unwrap_or(key.default)
    }

    fn number(&self, key: Key) -> u32 {
        plain(self.text(key)).unwrap_or_default()
    }

    fn above(&self) -> Bundle {
        let amount = |key: Key, resource| quantity::parse(resource, self.text(key)).unwrap_or_default();
        Bundle {
            cpu: amount(FOUR_EYES_CPU, Resource::Cpu),
            memory: amount(FOUR_EYES_MEMORY, Resource::Memory),
            storage: amount(FOUR_EYES_STORAGE, Resource::Storage),
        }
    }

    fn days(&self, key: Key) -> Vec<u32> {
        let mut days: Vec<u32> = self.text(key).split(',').filter_map(plain).collect();
        days.sort_unstable_by(|a, b| b.cmp(a));
        days.dedup();
        days
    }
}

#[cfg(test)]
mod tests;
