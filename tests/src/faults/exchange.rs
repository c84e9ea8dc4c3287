//! What a request is about, as its method and its path say.

use std::fmt;

use http::{Method, Request};
use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
}

impl Verb {
    const ALL: [Self; 7] = [Self::Get, Self::List, Self::Watch, Self::Create, Self::Update, Self::Patch, Self::Delete];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }

    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.name() == name)
    }

    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Patch | Self::Delete)
    }
}

/// A request by verb, kind and object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    pub verb: Verb,
    /// The plural, such as `resourcequotas`.
    pub resource: String,
    pub subresource: String,
    pub namespace: String,
    /// Also of an object that is created: it is in the body then.
    pub name: String,
    pub path: String,
}

impl Exchange {
    #[must_use]
    pub fn of<B>(request: &Request<B>, body: &[u8]) -> Self {
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default();
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        // `/api/v1/…` or `/apis/GROUP/VERSION/…`
        let skipped = if parts.next() == Some("apis") { 2 } else { 1 };
        let rest: Vec<&str> = parts.skip(skipped).collect();
        let (namespace, rest) = match rest.as_slice() {
            // The namespace itself has parts of its own: its status and its end.
            ["namespaces", _, "status" | "finalize"] | ["namespaces"] | ["namespaces", _] => ("", &rest[..]),
            ["namespaces", namespace, rest @ ..] => (*namespace, rest),
            _ => ("", &rest[..]),
        };
        let part = |index: usize| rest.get(index).copied().unwrap_or_default().to_owned();
        let (resource, mut name, subresource) = (part(0), part(1), part(2));
        let watches = query.split('&').any(|one| one == "watch=true" || one == "watch=1");
        let verb = match *request.method() {
            Method::POST => Verb::Create,
            Method::PUT => Verb::Update,
            Method::PATCH => Verb::Patch,
            Method::DELETE => Verb::Delete,
            _ if watches => Verb::Watch,
            _ if name.is_empty() => Verb::List,
            _ => Verb::Get,
        };
        if verb == Verb::Create && name.is_empty() {
            let body: Value = serde_json::from_slice(body).unwrap_or_default();
            name = body["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        }
        Self { verb, resource, subresource, namespace: namespace.to_owned(), name, path }
    }

    /// `resourcequotas` or `quotarequests/status`.
    #[must_use]
    pub fn kind(&self) -> String {
        if self.subresource.is_empty() {
            self.resource.clone()
        } else {
            format!("{}/{}", self.resource, self.subresource)
        }
    }

    /// `namespace/name` with slashes at both ends, so that a rule can ask for the whole of either.
    #[must_use]
    pub fn object(&self) -> String {
        format!("/{}/{}/", self.namespace, self.name)
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb.name(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_what_it_is_about() {
        let cases = [
            ("GET", "/api/v1/namespaces/app-x/resourcequotas/yunheng", "get resourcequotas /app-x/yunheng/"),
            ("PATCH", "/api/v1/namespaces/app-x", "patch namespaces //app-x/"),
            ("POST", "/api/v1/namespaces", "create namespaces //made/"),
            ("GET", "/api/v1/namespaces/app-x/pods?limit=5", "list pods /app-x//"),
            ("GET", "/api/v1/resourcequotas?watch=true&resourceVersion=1", "watch resourcequotas ///"),
            ("PUT", "/apis/yunheng.io/v1alpha1/poolledgers/p", "update poolledgers //p/"),
            (
                "PATCH",
                "/apis/yunheng.io/v1alpha1/namespaces/dept-a/quotarequests/qr/status",
                "patch quotarequests/status /dept-a/qr/",
            ),
            ("DELETE", "/apis/yunheng.io/v1alpha1/poolledgers/p", "delete poolledgers //p/"),
        ];
        for (method, path, expected) in cases {
            let request = Request::builder().method(method).uri(path).body(()).unwrap();
            let about = Exchange::of(&request, br#"{"metadata": {"name": "made"}}"#);
            assert_eq!(format!("{} {} {}", about.verb.name(), about.kind(), about.object()), expected);
        }
    }
}
