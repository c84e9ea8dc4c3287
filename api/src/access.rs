//! What a caller may do. Kubernetes decides it; here it is asked, kept for seconds and used to cut
//! what is shown.
//!
//! Writes are made with the caller's own token, so these answers never let anything happen: they
//! choose what is shown and which buttons are open.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::future::{try_join, try_join_all};
use resources::v1alpha1::{Department, Phase, ReviewStage, Verdict};
use resources::{names, workflow};

use crate::cluster::{self, Right};
use crate::identity::User;
use crate::memo::Memo;
use crate::problem::Failure;
use crate::routes::session::Role;
use crate::state::App;

/// A right that was taken away is gone from the screens this long after.
const FRESH: Duration = Duration::from_secs(5);
/// While the API server is away, reads go on with the rights that were known last.
const STALE: Duration = Duration::from_secs(15 * 60);
/// 4,096 callers × about 1 kB.
const CALLERS_MAX: usize = 4_096;

/// The rights of recent callers.
pub type RightsMemo = Memo<(String, Vec<String>), Arc<Rights>, cluster::Error>;

#[must_use]
pub fn memo() -> RightsMemo {
    Memo::new(FRESH, STALE, CALLERS_MAX)
}

/// Objects that are the same for the whole city, as far as somebody may read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    All,
    Named(BTreeSet<String>),
}

impl Default for Seen {
    fn default() -> Self {
        Self::Named(BTreeSet::new())
    }
}

impl Seen {
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(name),
        }
    }

    #[must_use]
    pub fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    fn is_some(&self) -> bool {
        matches!(self, Self::Named(names) if !names.is_empty())
    }
}

/// What one caller may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// May change pools.
    pub administers: bool,
    /// May approve requests of every department.
    pub approves: bool,
    /// May review requests of every department.
    pub reviews: bool,
    /// May accept requests of every department.
    pub accepts: bool,
    /// May offer less than every department asks for.
    pub offers: bool,
    /// May stop a provisioning in every department.
    pub cancels: bool,
    /// The pools that he may read.
    pub pools: Seen,
    /// The ledgers that he may read, and so every figure of these pools.
    pub ledgers: Seen,
    /// May read the audit chain.
    pub audits: bool,
    /// May read the city's own rules.
    pub reads_policy: bool,
    /// May read the extranet's links and their incidents.
    pub reads_links: bool,
    /// May read the requests of every department, and what is shown beside them.
    pub reads_all: bool,
    /// His departments.
    pub departments: BTreeMap<String, Membership>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    Owner,
    User,
}

impl Rights {
    /// Whether objects of this department are his to see.
    #[must_use]
    pub fn sees(&self, department: &str) -> bool {
        self.reads_all || self.departments.contains_key(department)
    }

    #[must_use]
    pub fn belongs_to(&self, department: &str) -> bool {
        self.departments.contains_key(department)
    }

    /// Whether he may decide requests, as far as his role goes.
    #[must_use]
    pub const fn decides(&self) -> bool {
        self.approves || self.reviews
    }

    /// The roles in which he acts on requests of this department.
    #[must_use]
    pub fn acts_as(&self, department: &str) -> Vec<workflow::Role> {
        let membership = self.departments.get(department);
        [
            (self.administers || self.cancels, workflow::Role::CloudAdmin),
            (self.approves || self.accepts, workflow::Role::ApproverAdmin),
            (self.reviews, workflow::Role::ApproverTech),
            (membership == Some(&Membership::Owner), workflow::Role::DepartmentOwner),
            (membership == Some(&Membership::User), workflow::Role::DepartmentUser),
        ]
        .into_iter()
        .filter_map(|(has, role)| has.then_some(role))
        .collect()
    }

    fn decides_at(&self, stage: &str) -> bool {
        match stage {
            workflow::ACCEPTANCE => self.accepts,
            _ if stage == ReviewStage::AdminApproval.name() => self.approves,
            _ => self.reviews,
        }
    }

    /// Whether the admission policy lets him write this verdict at this stage, by the verbs that it
    /// asks for. A department's own verdicts go with the membership: an owner's role may answer offers.
    #[must_use]
    pub fn may_write(&self, verdict: Verdict, stage: &str) -> bool {
        match verdict {
            Verdict::Accept => self.accepts,
            Verdict::Take | Verdict::Confirm => self.reviews,
            Verdict::Offer => self.offers && self.decides_at(stage),
            Verdict::Approve => self.decides() && self.decides_at(stage),
            Verdict::Return | Verdict::Reject => self.decides_at(stage),
            Verdict::Cancel if stage == Phase::Provisioning.name() => self.cancels,
            Verdict::Cancel => self.approves,
            Verdict::Reclaim => self.approves,
            Verdict::AcceptOffer | Verdict::DeclineOffer | Verdict::Withdraw | Verdict::Reinstate | Verdict::Urge => {
                true
            }
        }
    }

    #[must_use]
    pub fn roles(&self) -> Vec<Role> {
        let serves = self.administers || self.approves || self.reviews;
        let owner = self.departments.values().any(|membership| *membership == Membership::Owner);
        let user = self.departments.values().any(|membership| *membership == Membership::User);
        [
            (self.administers, Role::CloudAdmin),
            (self.approves, Role::ApproverAdmin),
            (self.reviews, Role::ApproverTech),
            (owner, Role::DepartmentOwner),
            (user, Role::DepartmentUser),
            (self.ledgers.is_all() && !serves, Role::Auditor),
            (self.ledgers.is_some() && !serves, Role::Provider),
        ]
        .into_iter()
        .filter_map(|(has, role)| has.then_some(role))
        .collect()
    }
}

/// What the caller may do, by the cluster's word of the last seconds.
pub async fn rights(app: &App, user: &User) -> Result<Arc<Rights>, Failure> {
    let answer = app.rights.get(&key(user), async || ask(app, user).await).await;
    answer.map_err(|error| {
        // An API server that starts refuses everybody for a while, so this may pass as well.
        if matches!(error, cluster::Error::Refused(_)) {
            tracing::error!(%error, "failed to review rights: may the API create subjectaccessreviews?");
        }
        Failure::ClusterAway
    })
}

/// What the caller could do when the cluster was last asked. For reads while it is away: asking
/// once more would only make them wait.
pub async fn last_rights(app: &App, user: &User) -> Result<Arc<Rights>, Failure> {
    app.rights.last(&key(user)).await.ok_or(Failure::ClusterAway)
}

fn key(user: &User) -> (String, Vec<String>) {
    (user.name.clone(), user.groups.clone())
}

/// Questions about single objects that one caller's rights may have under way.
const ASKED_AT_ONCE: usize = 16;

async fn ask(app: &App, user: &User) -> Result<Arc<Rights>, cluster::Error> {
    const EVERYWHERE: [(&str, &str); 12] = [
        ("update", "resourcepools"),
        ("approve", "quotarequests"),
        ("review", "quotarequests"),
        ("accept", "quotarequests"),
        ("offer", "quotarequests"),
        ("cancel", "quotarequests"),
        ("list", "quotarequests"),
        ("list", "resourcepools"),
        ("list", "poolledgers"),
        ("list", "cloudpolicies"),
        // No kind: the rows are in the history store, and the right to read them is one of RBAC.
        ("list", "auditrecords"),
        ("list", "extranetlinks"),
    ];
    let everywhere = try_join_all(
        EVERYWHERE.map(|(verb, resource)| app.cluster.may(user, Right { verb, resource, namespace: None, name: None })),
    );
    let candidates: Vec<(String, Membership)> = app
        .world
        .departments()
        .iter()
        .filter_map(|department| Some((department.metadata.name.clone()?, membership(department, user)?)))
        .collect();
    let namespaces: Vec<String> = candidates.iter().map(|(name, _)| names::department_namespace(name)).collect();
    let in_departments = try_join_all(namespaces.iter().map(|namespace| {
        let right = Right { verb: "list", resource: "quotarequests", namespace: Some(namespace), name: None };
        app.cluster.may(user, right)
    }));
    let (everywhere, in_departments) = try_join(everywhere, in_departments).await?;
    let [
        administers,
        approves,
        reviews,
        accepts,
        offers,
        cancels,
        reads_all,
        lists_pools,
        lists_ledgers,
        lists_policies,
        audits,
        reads_links,
    ] = everywhere[..]
    else {
        return Ok(Arc::default());
    };
    let members = candidates.into_iter().zip(in_departments).filter(|(_, may)| *may).map(|(member, _)| member);
    let pools = app.world.pool_names();
    let policy = [names::DEFAULT_POLICY.to_owned()];
    Ok(Arc::new(Rights {
        administers,
        approves,
        reviews,
        accepts,
        offers,
        cancels,
        pools: seen(app, user, lists_pools, "resourcepools", &pools).await?,
        audits,
        reads_links,
        ledgers: seen(app, user, lists_ledgers, "poolledgers", &pools).await?,
        reads_policy: seen(app, user, lists_policies, "cloudpolicies", &policy).await?.has(names::DEFAULT_POLICY),
        reads_all,
        departments: members.collect(),
    }))
}

/// The objects of a kind that he may read: all that there are, or those that are his by name.
async fn seen(
    app: &App,
    user: &User,
    lists: bool,
    resource: &'static str,
    names: &[String],
) -> Result<Seen, cluster::Error> {
    if lists {
        return Ok(Seen::All);
    }
    let mut seen = BTreeSet::new();
    for some in names.chunks(ASKED_AT_ONCE) {
        let right = |name| Right { verb: "get", resource, namespace: None, name: Some(name) };
        let answers = try_join_all(some.iter().map(|name| app.cluster.may(user, right(name)))).await?;
        seen.extend(some.iter().zip(answers).filter(|(_, may)| *may).map(|(name, _)| name.clone()));
    }
    Ok(Seen::Named(seen))
}

/// Whether the department counts the user among its own, and as what.
fn membership(department: &Department, user: &User) -> Option<Membership> {
    let members = &department.spec.members;
    let named = |list: &[String]| {
        list.iter().any(|member| match member.strip_prefix("group:") {
            Some(group) => user.groups.iter().any(|own| own == group),
            None => *member == user.name,
        })
    };
    if named(&members.owners) {
        return Some(Membership::Owner);
    }
    named(&members.users).then_some(Membership::User)
}

#[cfg(test)]
mod tests {
    use resources::v1alpha1::{Contact, DepartmentSpec, Members, Tier};

    use super::*;

    #[test]
    fn a_member_is_named_himself_or_by_a_group() {
        let members = Members { owners: vec!["zhao".into()], users: vec!["zhang".into(), "group:staff".into()] };
        let spec = DepartmentSpec {
            display_name: "市民政局".into(),
            tier: Tier::Municipal,
            code: String::new(),
            division: String::new(),
            parent: String::new(),
            contact: Contact::default(),
            members,
            ceilings: vec![],
            sample: false,
        };
        let department = Department::new("civil-affairs", spec);
        let user = |name: &str, groups: &[&str]| User {
            name: name.into(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            ..User::default()
        };
        let cases = [
            (user("zhao", &[]), Some(Membership::Owner)),
            (user("zhang", &[]), Some(Membership::User)),
            (user("li", &["staff"]), Some(Membership::User)),
            (user("staff", &[]), None),
            (user("group:staff", &[]), None),
            (user("li", &["zhang"]), None),
        ];
        for (user, expected) in cases {
            assert_eq!(membership(&department, &user), expected, "{user:?}");
        }
    }

    #[test]
    fn roles_follow_from_rights() {
        let auditor = Rights { ledgers: Seen::All, reads_all: true, ..Rights::default() };
        assert_eq!(auditor.roles(), [Role::Auditor]);
        let both = Rights { approves: true, ..auditor };
        assert_eq!(both.roles(), [Role::ApproverAdmin]);
        let own = Seen::Named(BTreeSet::from(["cec".to_owned()]));
        let provider = Rights { pools: own.clone(), ledgers: own, ..Rights::default() };
        assert_eq!(provider.roles(), [Role::Provider]);
        let departments = BTreeMap::from([("a".to_owned(), Membership::Owner), ("b".to_owned(), Membership::User)]);
        let member = Rights { departments, ..Rights::default() };
        assert_eq!(member.roles(), [Role::DepartmentOwner, Role::DepartmentUser]);
        assert!(member.sees("a") && !member.sees("c") && Rights::default().roles().is_empty());
    }
}
