//! The values of automatic approval.

use jiff::civil::Date;
use ledger::{Bundle, Resource};

use super::{Form, Key, ON, PRODUCT, Values, key};
use crate::quantity;
use crate::v1alpha1::{AutomaticExpression, CloudPolicySpec, UsageSource};

/// What automatic approval goes by on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Automatic {
    /// `automatic.enabled`: off, and a person decides everything.
    pub is_on: bool,
    /// `automatic.decreases`: whether what a department gives back by itself needs nobody.
    pub decreases: bool,
    /// `automatic.cpuMemory`: whether more CPU and memory may be approved by rule R1.
    pub cpu_memory: bool,
    /// `automatic.storage`: whether more storage may be approved by rule R2.
    pub storage: bool,
    /// `automatic.evidence`: which figures of CPU and memory count. Storage isn't measured by clusters:
    /// of it what is charged counts.
    pub evidence: UsageSource,
    /// `automatic.window`
    pub window_days: u32,
    /// `automatic.coverage`
    pub coverage_percent: u32,
    /// `automatic.minUse`
    pub use_percent: u32,
    /// `automatic.maxIncrease`
    pub increase_percent: u32,
    /// `automatic.smallCpu`, `.smallMemory` and `.smallStorage`: so much more is asked no use for.
    pub small: Bundle,
    /// `automatic.storageUsed`
    pub storage_used_percent: u32,
    /// `automatic.calm`; zero: not asked.
    pub calm_days: u32,
    /// The threshold `pool.warn`.
    pub pool_warn_percent: u32,
    /// The city's own conditions, from `spec.automatic.expressions`.
    pub expressions: Vec<AutomaticExpression>,
}

const REGISTRY: &str = "参考加拿大不列颠哥伦比亚省平台服务登记系统";

pub(super) const ENABLED: Key = key("automatic.enabled", ON, PRODUCT, Form::Switch);
pub(super) const DECREASES: Key = key("automatic.decreases", ON, REGISTRY, Form::Switch);
pub(super) const CPU_MEMORY: Key = key("automatic.cpuMemory", ON, REGISTRY, Form::Switch);
pub(super) const STORAGE: Key = key("automatic.storage", ON, REGISTRY, Form::Switch);
pub(super) const EVIDENCE: Key = key("automatic.evidence", MEASURED, PRODUCT, Form::Evidence);
pub(super) const WINDOW: Key = key("automatic.window", "14", REGISTRY, Form::Days { min: 1, max: 30 });
pub(super) const COVERAGE: Key = key("automatic.coverage", "90", PRODUCT, percent(1, 100));
pub(super) const MIN_USE: Key = key("automatic.minUse", "35", REGISTRY, percent(1, 100));
pub(super) const MAX_INCREASE: Key = key("automatic.maxIncrease", "50", REGISTRY, percent(1, 100));
pub(super) const SMALL_CPU: Key = key("automatic.smallCpu", "1", REGISTRY, Form::Amount(Resource::Cpu));
pub(super) const SMALL_MEMORY: Key = key("automatic.smallMemory", "2G", REGISTRY, Form::Amount(Resource::Memory));
pub(super) const SMALL_STORAGE: Key = key("automatic.smallStorage", "32G", REGISTRY, Form::Amount(Resource::Storage));
pub(super) const STORAGE_USED: Key = key("automatic.storageUsed", "80", REGISTRY, percent(1, 100));
pub(super) const CALM: Key = key("automatic.calm", "30", PRODUCT, Form::Days { min: 0, max: 366 });

pub(super) const MEASURED: &str = "measured";
pub(super) const CHARGED: &str = "charged";

/// The threshold that a pool has to stay below, and what it is where nobody has set it.
const POOL_WARN: &str = "pool.warn";
const POOL_WARN_DEFAULT: u32 = 85;

const fn percent(min: u32, max: u32) -> Form {
    Form::Percent { min, max }
}

impl Automatic {
    pub(super) fn read(values: &Values<'_>) -> Self {
        let is_on = |key| values.text(key) == ON;
        let amount = |key, resource| quantity::parse(resource, values.text(key)).unwrap_or_default();
        Self {
            is_on: is_on(ENABLED),
            decreases: is_on(DECREASES),
            cpu_memory: is_on(CPU_MEMORY),
            storage: is_on(STORAGE),
            evidence: if values.text(EVIDENCE) == CHARGED { UsageSource::Charged } else { UsageSource::Measured },
            window_days: values.number(WINDOW),
            coverage_percent: values.number(COVERAGE),
            use_percent: values.number(MIN_USE),
            increase_percent: values.number(MAX_INCREASE),
            small: Bundle {
                cpu: amount(SMALL_CPU, Resource::Cpu),
                memory: amount(SMALL_MEMORY, Resource::Memory),
                storage: amount(SMALL_STORAGE, Resource::Storage),
            },
            storage_used_percent: values.number(STORAGE_USED),
            calm_days: values.number(CALM),
            pool_warn_percent: POOL_WARN_DEFAULT,
            expressions: vec![],
        }
    }

    /// With what stands elsewhere in the CloudPolicy.
    pub(super) fn with(self, spec: Option<&CloudPolicySpec>, day: Date) -> Self {
        let Some(spec) = spec else { return self };
        let begun = |from: &str| from.parse::<Date>().is_ok_and(|from| from <= day);
        let warn = spec.thresholds.iter().find(|one| one.key == POOL_WARN && begun(&one.effective_from));
        let percent = warn.and_then(|one| u32::try_from(one.value).ok());
        let expressions = spec.automatic.as_ref().map(|automatic| automatic.expressions.clone()).unwrap_or_default();
        Self { pool_warn_percent: percent.unwrap_or(self.pool_warn_percent), expressions, ..self }
    }
}
