//! What a caller may do. Kubernetes decides it; here it is asked, kept for seconds and used to cut
//! what is shown.
//!
//! Writes are made with the caller's own token, so these answers never let anything happen: they
//! choose what is shown and which buttons are open.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{try_join, try_join_all};
use resources::names;
use resources::v1alpha1::Department;

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

/// What one caller may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// May change pools.
    pub administers: bool,
    /// May approve requests of every department.
    pub approves: bool,
    /// May review requests of every department.
    pub reviews: bool,
    /// May read the ledgers, and so every figure of the pools.
    pub reads_ledgers: bool,
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
            (self.reads_ledgers && !serves, Role::Auditor),
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

async fn ask(app: &App, user: &User) -> Result<Arc<Rights>, cluster::Error> {
    const EVERYWHERE: [(&str, &str); 5] = [
        ("update", "resourcepools"),
        ("approve", "quotarequests"),
        ("review", "quotarequests"),
        ("list", "poolledgers"),
        ("list", "quotarequests"),
    ];
    let everywhere = try_join_all(
        EVERYWHERE.map(|(verb, resource)| app.cluster.may(user, Right { verb, resource, namespace: None })),
    );
    let candidates: Vec<(String, Membership)> = app
        .world
        .departments()
        .iter()
        .filter_map(|department| Some((department.metadata.name.clone()?, membership(department, user)?)))
        .collect();
    let namespaces: Vec<String> = candidates.iter().map(|(name, _)| names::department_namespace(name)).collect();
    let in_departments = try_join_all(namespaces.iter().map(|namespace| {
        app.cluster.may(user, Right { verb: "list", resource: "quotarequests", namespace: Some(namespace) })
    }));
    let (everywhere, in_departments) = try_join(everywhere, in_departments).await?;
    let members = candidates.into_iter().zip(in_departments).filter(|(_, may)| *may).map(|(member, _)| member);
    Ok(Arc::new(Rights {
        administers: everywhere[0],
        approves: everywhere[1],
        reviews: everywhere[2],
        reads_ledgers: everywhere[3],
        reads_all: everywhere[4],
        departments: members.collect(),
    }))
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
        let auditor = Rights { reads_ledgers: true, reads_all: true, ..Rights::default() };
        assert_eq!(auditor.roles(), [Role::Auditor]);
        let both = Rights { approves: true, ..auditor };
        assert_eq!(both.roles(), [Role::ApproverAdmin]);
        let departments = BTreeMap::from([("a".to_owned(), Membership::Owner), ("b".to_owned(), Membership::User)]);
        let member = Rights { departments, ..Rights::default() };
        assert_eq!(member.roles(), [Role::DepartmentOwner, Role::DepartmentUser]);
        assert!(member.sees("a") && !member.sees("c") && Rights::default().roles().is_empty());
    }
}
