//! From what etcd keeps to the few fields that are looked at.

mod custom;
mod proto;

pub use custom::{Allocation, Decision, Department, Entry, Ledger, LedgerCeiling, Limit, Pool, Request};
pub use proto::{Charge, Namespace, Quota};

/// Where Kubernetes keeps its objects.
pub const ROOT: &str = "/registry/";

/// What kind of object a key is for, as far as it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Ledger,
    Pool,
    Department,
    Allocation,
    Request,
    Decision,
    Quota,
    Namespace,
    Pod,
    Claim,
}

impl Kind {
    /// Each kind with the folder of its keys.
    pub const FOLDERS: [(Self, &str); 10] = [
        (Self::Ledger, "yunheng.io/poolledgers/"),
        (Self::Pool, "yunheng.io/resourcepools/"),
        (Self::Department, "yunheng.io/departments/"),
        (Self::Allocation, "yunheng.io/allocations/"),
        (Self::Request, "yunheng.io/quotarequests/"),
        (Self::Decision, "yunheng.io/quotadecisions/"),
        (Self::Quota, "resourcequotas/"),
        (Self::Namespace, "namespaces/"),
        (Self::Pod, "pods/"),
        (Self::Claim, "persistentvolumeclaims/"),
    ];
}

/// A key, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    pub kind: Kind,
    /// Empty where the kind has none.
    pub namespace: &'a str,
    pub name: &'a str,
}

impl<'a> Key<'a> {
    /// `None` for what isn't looked at.
    pub fn parse(key: &'a str) -> Option<Self> {
        let rest = key.strip_prefix(ROOT)?;
        let (kind, rest) = Kind::FOLDERS.iter().find_map(|(kind, folder)| Some((*kind, rest.strip_prefix(folder)?)))?;
        let (namespace, name) = rest.rsplit_once('/').unwrap_or(("", rest));
        Some(Self { kind, namespace, name })
    }

    /// Namespace and name.
    pub fn path(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// Turns down what is encrypted or of another form, saying so.
fn expect_prefix<'a>(bytes: &'a [u8], prefix: &[u8], form: &str) -> Result<&'a [u8], String> {
    match bytes.strip_prefix(prefix) {
        Some(rest) => Ok(rest),
        None if bytes.starts_with(b"k8s:enc:") => Err("it is encrypted at rest".to_owned()),
        None => Err(format!("it isn't stored as {form}")),
    }
}
