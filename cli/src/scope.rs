//! Whose objects a command is about: one department's, or everybody's.

use clap::Args;
use kube::core::NamespaceResourceScope;
use kube::{Api, Resource};
use resources::names;

use crate::error::Error;
use crate::session::Session;

/// `--department`, beside the global `-n`.
#[derive(Debug, Default, Args)]
pub struct OneDepartment {
    /// The department; the same as -n dept-<department>
    #[arg(short, long, conflicts_with = "namespace")]
    pub department: Option<String>,
}

/// One department's namespace, or all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    All,
    One(String),
}

impl OneDepartment {
    /// The department's namespace, where one must be named.
    pub fn namespace(&self, session: &Session) -> Result<String, Error> {
        match self.scope(session) {
            Scope::One(namespace) => Ok(namespace),
            Scope::All => Err(Error::NoDepartment { namespace: session.namespace.clone() }),
        }
    }

    /// What is named, else the department whose namespace the kubeconfig's context is in, else all.
    pub fn scope(&self, session: &Session) -> Scope {
        scope(self.department.as_deref(), &session.namespace, session.is_namespace_given)
    }
}

fn scope(department: Option<&str>, namespace: &str, is_given: bool) -> Scope {
    match department {
        Some(department) => Scope::One(names::department_namespace(department)),
        None if is_given || names::department_of(namespace).is_some() => Scope::One(namespace.to_owned()),
        None => Scope::All,
    }
}

impl Scope {
    pub fn api<K>(&self, session: &Session) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        match self {
            Self::All => Api::all(session.client.clone()),
            Self::One(namespace) => Api::namespaced(session.client.clone(), namespace),
        }
    }

    /// For sentences: "in dept-a", "anywhere".
    pub fn place(&self) -> String {
        match self {
            Self::All => "anywhere".to_owned(),
            Self::One(namespace) => format!("in {namespace}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_department_comes_from_what_is_nearest() {
        let one = |namespace: &str| Scope::One(namespace.to_owned());
        let cases = [
            (Some("education"), "default", false, one("dept-education")),
            (None, "dept-education", false, one("dept-education")),
            (None, "elsewhere", true, one("elsewhere")),
            (None, "default", false, Scope::All),
        ];
        for (department, namespace, is_given, expected) in cases {
            assert_eq!(scope(department, namespace, is_given), expected);
        }
    }
}
