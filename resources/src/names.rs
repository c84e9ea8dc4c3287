//! Labels, annotations, finalizers, managers and the names of managed objects, in one place.
//! They are promised to scripts: changing one is a breaking change.

/// Which department a namespace or an object belongs to.
pub const LABEL_DEPARTMENT: &str = "yunheng.io/department";
/// Which application a namespace belongs to.
pub const LABEL_APPLICATION: &str = "yunheng.io/application";
/// Which pool a namespace's quota comes from; on a node, whose physical capacity it is.
pub const LABEL_POOL: &str = "yunheng.io/pool";
/// On a namespace in its create call, and on the managed quota. The gate for new pods selects by it.
pub const LABEL_MANAGED: &str = "yunheng.io/managed";
/// `pending` or `ready`, for people to read. Nothing decides by it.
pub const LABEL_QUOTA_STATE: &str = "yunheng.io/quota-state";
/// On a node that is not a machine but stands for one.
pub const LABEL_SIMULATED: &str = "yunheng.io/simulated";

/// On a namespace: the uid of the allocation that owns it.
pub const ANNOTATION_ALLOCATION: &str = "yunheng.io/allocation";
/// On an Allocation: the decision that a request wrote into it last. Unlike `spec.decision` it stays
/// when somebody changes the amounts afterwards, so that the request doesn't undo that.
pub const ANNOTATION_DECISION: &str = "yunheng.io/decision";
/// On a managed quota: `<ledger uid>/<entry revision>`, tested and replaced by every write.
pub const ANNOTATION_FENCE: &str = "yunheng.io/fence";

/// Keeps an allocation until nothing of it is out.
pub const FINALIZER_RELEASE: &str = "yunheng.io/release";

/// Name of the managed ResourceQuota and LimitRange in each workload namespace.
pub const MANAGED_QUOTA: &str = "yunheng";
/// Where the operator and the API live.
pub const SYSTEM_NAMESPACE: &str = "yunheng-system";
/// The one CloudPolicy that counts.
pub const DEFAULT_POLICY: &str = "default";

/// The one vantage of this version.
pub const DEFAULT_VANTAGE: &str = "city";
/// The reserved name above all first-level links. It has no object.
pub const CITY_CORE: &str = "city-core";

pub const MANAGER_POOL: &str = "yunheng-operator/pool";
pub const MANAGER_ALLOCATION: &str = "yunheng-operator/allocation";
pub const MANAGER_DEPARTMENT: &str = "yunheng-operator/department";
pub const MANAGER_APPLICATION: &str = "yunheng-operator/application";
pub const MANAGER_REQUEST: &str = "yunheng-operator/request";
pub const MANAGER_POLICY: &str = "yunheng-operator/policy";
pub const MANAGER_USAGE: &str = "yunheng-operator/usage";
pub const MANAGER_HOST: &str = "yunheng-operator/host";
pub const MANAGER_LINK: &str = "yunheng-operator/link";
pub const MANAGER_API: &str = "yunheng-api";

/// Longest name of a department: `dept-` and the name must fit a namespace's 63 characters.
pub const DEPARTMENT_NAME_MAX: usize = 58;
/// Longest name of an application: `app-` and the name must fit a namespace's 63 characters.
pub const APPLICATION_NAME_MAX: usize = 59;
/// Longest name of a link: an incident's name is the link's, a dash and 16 characters of its onset.
pub const LINK_NAME_MAX: usize = 63;

const DEPARTMENT_PREFIX: &str = "dept-";
const APPLICATION_PREFIX: &str = "app-";

/// The namespace of a department's own objects.
#[must_use]
pub fn department_namespace(department: &str) -> String {
    format!("{DEPARTMENT_PREFIX}{department}")
}

/// The department whose namespace this is, if it is one.
#[must_use]
pub fn department_of(namespace: &str) -> Option<&str> {
    namespace.strip_prefix(DEPARTMENT_PREFIX).filter(|department| !department.is_empty())
}

/// The namespace an application's workloads run in, unless its allocation names others.
#[must_use]
pub fn application_namespace(application: &str) -> String {
    format!("{APPLICATION_PREFIX}{application}")
}

/// The name of an application's allocation in a pool: the application's own for its first pool,
/// `<application>-<pool>` for further ones.
#[must_use]
pub fn further_allocation(application: &str, pool: &str) -> String {
    format!("{application}-{pool}")
}

/// What ledger and allocation name as the decision where no person made one. No object can have such
/// a name.
#[must_use]
pub fn automatic_decision(request_uid: &str, revision: i64) -> String {
    format!("automatic:{request_uid}:{revision}")
}

/// Whether it is the name of a decision that no person made.
#[must_use]
pub fn is_automatic(decision: &str) -> bool {
    decision.starts_with("automatic:")
}

/// The value of a quota's fence.
#[must_use]
pub fn fence(ledger_uid: &str, revision: u64) -> String {
    format!("{ledger_uid}/{revision}")
}

/// The parts of a fence; `None` where the text isn't one.
#[must_use]
pub fn parse_fence(text: &str) -> Option<(&str, u64)> {
    let (ledger_uid, revision) = text.split_once('/')?;
    Some((ledger_uid, revision.parse().ok()?))
}

/// A user's name without the part that says that it is a service account.
#[must_use]
pub fn short_user(user: &str) -> &str {
    user.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':')).map_or(user, |(_, name)| name)
}
