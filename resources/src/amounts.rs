//! The three amounts as objects carry them, and their translation to the ledger's.

use kube::KubeSchema;
use ledger::{Amount, Bundle, PerResource, Resource};
use serde::{Deserialize, Serialize};

use crate::quantity::{self, QuantityError};

/// CPU, memory and storage as a spec writes them. The texts are kept as written.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// Cores, `8`, or thousandths of a core, `500m`.
    #[schemars(length(max = 24))]
    #[x_kube(validation = Rule::new("self.matches('^(0|[1-9][0-9]{0,10})$|^(0|[1-9][0-9]{0,13})m$')").message("cpu must be whole cores or thousandths: write 8 or 500m, not 1.5, 1e3 or a negative number"))]
    pub cpu: String,
    /// Memory with its unit: `128G` (10^9 bytes each) or `128Gi` (2^30). Units: M, G, T, Mi, Gi, Ti.
    #[schemars(length(max = 24))]
    #[x_kube(validation = Rule::new("self.matches('^(0|(0|[1-9][0-9]{0,10})M|(0|[1-9][0-9]{0,7})G|(0|[1-9][0-9]{0,4})T|(0|[1-9][0-9]{0,9})Mi|(0|[1-9][0-9]{0,6})Gi|(0|[1-9][0-9]{0,3})Ti)$')").message("memory must be a whole number with one of the units M, G, T, Mi, Gi, Ti: write 128G, not 128, 128GB or 1.5T (write 1500G)"))]
    pub memory: String,
    /// Storage with its unit: `10T` (10^12 bytes each) or `10Ti` (2^40). Units: M, G, T, Mi, Gi, Ti.
    #[schemars(length(max = 24))]
    #[x_kube(validation = Rule::new("self.matches('^(0|(0|[1-9][0-9]{0,10})M|(0|[1-9][0-9]{0,7})G|(0|[1-9][0-9]{0,4})T|(0|[1-9][0-9]{0,9})Mi|(0|[1-9][0-9]{0,6})Gi|(0|[1-9][0-9]{0,3})Ti)$')").message("storage must be a whole number with one of the units M, G, T, Mi, Gi, Ti: write 10T, not 10, 10TB or 1.5T (write 1500G)"))]
    pub storage: String,
}

impl Resources {
    #[must_use]
    pub fn of(&self, resource: Resource) -> &str {
        match resource {
            Resource::Cpu => &self.cpu,
            Resource::Memory => &self.memory,
            Resource::Storage => &self.storage,
        }
    }

    /// The amounts as integers, or the first text that isn't one, with its resource.
    pub fn parse(&self) -> Result<Bundle, (Resource, QuantityError)> {
        let read = |resource| quantity::parse(resource, self.of(resource)).map_err(|error| (resource, error));
        Ok(Bundle { cpu: read(Resource::Cpu)?, memory: read(Resource::Memory)?, storage: read(Resource::Storage)? })
    }

    /// Whether any amount is written in a binary unit (Mi, Gi, Ti).
    #[must_use]
    pub fn has_binary_units(&self) -> bool {
        Resource::ALL.into_iter().any(|resource| self.of(resource).ends_with('i'))
    }
}

impl From<Bundle> for Resources {
    fn from(bundle: Bundle) -> Self {
        let PerResource { cpu, memory, storage } = quantity::format_all(bundle);
        Self { cpu, memory, storage }
    }
}

/// Amounts that a status reports. Each may be unknown, which is not zero.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Known {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<String>,
}

impl From<PerResource<Option<Amount>>> for Known {
    fn from(amounts: PerResource<Option<Amount>>) -> Self {
        let text = |resource: Resource| amounts.of(resource).map(|amount| quantity::format(resource, amount));
        Self { cpu: text(Resource::Cpu), memory: text(Resource::Memory), storage: text(Resource::Storage) }
    }
}

impl From<Bundle> for Known {
    fn from(bundle: Bundle) -> Self {
        bundle.map(Some).into()
    }
}

impl Known {
    /// The amounts as integers; `None` where one is unknown or isn't readable.
    #[must_use]
    pub fn parse(&self) -> PerResource<Option<Amount>> {
        let read =
            |resource, text: &Option<String>| text.as_deref().and_then(|text| quantity::parse_observed(resource, text));
        PerResource {
            cpu: read(Resource::Cpu, &self.cpu),
            memory: read(Resource::Memory, &self.memory),
            storage: read(Resource::Storage, &self.storage),
        }
    }
}

/// Amounts in their smallest units, as the ledger keeps them.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Exact {
    /// Thousandths of a core.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub cpu_millis: i64,
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub memory_bytes: i64,
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub storage_bytes: i64,
}

impl From<Bundle> for Exact {
    fn from(bundle: Bundle) -> Self {
        // Kubernetes integers are signed; amounts end at 10^17, sums of a ledger at its capacity.
        let signed = |amount: Amount| i64::try_from(amount.get()).unwrap_or(i64::MAX);
        Self {
            cpu_millis: signed(bundle.cpu),
            memory_bytes: signed(bundle.memory),
            storage_bytes: signed(bundle.storage),
        }
    }
}

impl Exact {
    /// The amounts, or `None` where one is negative: such an object wasn't written by us.
    #[must_use]
    pub fn bundle(self) -> Option<Bundle> {
        let amount = |number: i64| u64::try_from(number).ok().map(Amount::new);
        Some(Bundle {
            cpu: amount(self.cpu_millis)?,
            memory: amount(self.memory_bytes)?,
            storage: amount(self.storage_bytes)?,
        })
    }

    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    /// From three fields of which either all are there or none.
    #[must_use]
    pub fn from_parts(cpu_millis: Option<i64>, memory_bytes: Option<i64>, storage_bytes: Option<i64>) -> Option<Self> {
        Some(Self { cpu_millis: cpu_millis?, memory_bytes: memory_bytes?, storage_bytes: storage_bytes? })
    }
}
