//! What a caller's calls to the cluster are made with.

use axum::http::{HeaderName, HeaderValue};

use super::{Secret, User};

/// How the cluster is told who calls.
#[derive(Clone, Debug)]
pub enum Credential {
    /// By his own token.
    Token(Secret),
    /// By our word: the identity provider knows him, the cluster doesn't.
    As(Impersonated),
}

/// Somebody whom we speak for. It can't be made of a name that Kubernetes gives to itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impersonated {
    name: String,
    groups: Vec<String>,
}

/// Names of Kubernetes' own: service accounts, nodes, the masters.
const RESERVED: &str = "system:";
/// What Kubernetes adds by itself to whoever is known. It grants nothing that the caller hadn't.
pub const AUTHENTICATED: &str = "system:authenticated";
/// An RFC 5321 address has at most 254 bytes; Chinese names in UTF-8 fit as well.
const NAME_BYTES_MAX: usize = 256;
/// As many headers as go into a call without nearing anybody's bound: 64 × 256 bytes = 16 kB.
pub const GROUPS_MAX: usize = 64;

impl Impersonated {
    /// The person with these names, unless one of them is reserved or can't be written in a header.
    #[must_use]
    pub fn of(user: &User) -> Option<Self> {
        let groups: Vec<_> = user.groups.iter().filter(|group| *group != AUTHENTICATED).cloned().collect();
        let fits = is_nameable(&user.name) && groups.len() <= GROUPS_MAX && groups.iter().all(|one| is_nameable(one));
        fits.then(|| Self { name: user.name.clone(), groups })
    }

    /// The headers that say so to the API server; nothing if they can't be written.
    #[must_use]
    pub fn headers(&self) -> Option<Vec<(HeaderName, HeaderValue)>> {
        let user = (HeaderName::from_static("impersonate-user"), self.name.as_str());
        let groups = self.groups.iter().map(|group| (HeaderName::from_static("impersonate-group"), group.as_str()));
        std::iter::once(user)
            .chain(groups)
            .map(|(name, text)| Some((name, HeaderValue::from_bytes(text.as_bytes()).ok()?)))
            .collect()
    }
}

/// Whether we may speak for a person or a group of this name. Spaces at its ends are refused rather than
/// cut: a header loses them, and what is left could be another name.
#[must_use]
pub fn is_nameable(name: &str) -> bool {
    let reserved = name.get(..RESERVED.len()).is_some_and(|start| start.eq_ignore_ascii_case(RESERVED));
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && !reserved
        && name.trim() == name
        && !name.chars().any(|c| {
            c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str, groups: &[&str]) -> User {
        User { name: name.into(), groups: groups.iter().map(|group| (*group).into()).collect(), ..User::default() }
    }

    /// Whoever made us speak for one of these would be the cluster's master.
    #[test]
    fn nobody_is_made_one_of_kubernetes_own() {
        for name in [
            "system:masters",
            "system:admin",
            "system:serviceaccount:yunheng-system:yunheng-operator",
            "system:node:a",
            "System:masters",
            "SYSTEM:anonymous",
            " system:masters",
            "system:masters ",
            "\tsystem:masters",
            "\u{200b}system:masters",
            "a\r\nImpersonate-Group: system:masters",
            "a\0",
            "",
        ] {
            assert_eq!(Impersonated::of(&user(name, &[])), None, "{name:?}");
            assert_eq!(Impersonated::of(&user("oidc:zhao", &["oidc:staff", name])), None, "group {name:?}");
        }
        assert_eq!(Impersonated::of(&user(&"a".repeat(257), &[])), None);
        let groups: Vec<String> = (0..65).map(|number| format!("oidc:{number}")).collect();
        let many = User { name: "oidc:zhao".into(), groups, ..User::default() };
        assert_eq!(Impersonated::of(&many), None);
    }

    #[test]
    fn a_person_is_named_in_headers() {
        let person =
            Impersonated::of(&user("oidc:赵", &["yunheng:cloud-admins", AUTHENTICATED, "oidc:system:x"])).unwrap();
        let headers = person.headers().unwrap();
        let read: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let expected: [(&str, &[u8]); 3] = [
            ("impersonate-user", "oidc:赵".as_bytes()),
            ("impersonate-group", b"yunheng:cloud-admins"),
            ("impersonate-group", b"oidc:system:x"),
        ];
        assert_eq!(read, expected, "the cluster adds {AUTHENTICATED} itself");
    }
}
