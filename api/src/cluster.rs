//! The calls to the API server: who somebody is, what he may do, and writes in his own name.
//!
//! [`Cluster`] is the seam that router tests put something else behind. Reads don't go through
//! here: they come from the watch caches.

use std::fmt::Debug;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Request, header};
use futures::future::BoxFuture;
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use kube::api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams};
use kube::client::{Body, ClientBuilder};
use kube::core::{ObjectMeta, Status, TypeMeta};
use kube::{Api, Client, Config, Resource};
use resources::names;
use resources::names::MANAGER_API;
use resources::v1alpha1::{CloudPolicy, QuotaDecision, QuotaRequest, WorkCalendar};
use serde_json::Value;
use thiserror::Error as ThisError;

use crate::identity::{Credential, KnownBy, Secret, User};

/// Why a call to the API server came to nothing.
#[derive(Clone, Debug, ThisError)]
pub enum Error {
    /// It wasn't reached, didn't answer in time, or says that it can't at the moment.
    #[error("failed to reach the API server: {0}")]
    Away(String),
    #[error("the API server refused: {0}")]
    Refused(Box<Status>),
}

impl Error {
    /// An object of this name is there already.
    #[must_use]
    pub fn is_already_exists(&self) -> bool {
        matches!(self, Self::Refused(status) if status.is_already_exists())
    }

    /// Somebody else has written the object meanwhile.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused(status) if status.is_conflict())
    }
}

impl From<kube::Error> for Error {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) if !matches!(status.code, 429 | 500 | 502..=504) => Self::Refused(status),
            other => Self::Away(other.to_string()),
        }
    }
}

/// A right to ask about, always in our own group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Right<'a> {
    pub verb: &'static str,
    pub resource: &'static str,
    /// In this namespace; `None` = in all.
    pub namespace: Option<&'a str>,
    /// On the object of this name; `None` = on all.
    pub name: Option<&'a str>,
}

/// What is asked of the API server.
pub trait Cluster: Debug + Send + Sync {
    /// Whose token it is; `None` if the cluster doesn't know it.
    fn review<'a>(&'a self, token: &'a Secret) -> BoxFuture<'a, Result<Option<User>, Error>>;
    fn may<'a>(&'a self, user: &'a User, right: Right<'a>) -> BoxFuture<'a, Result<bool, Error>>;
    fn create_request<'a>(
        &'a self,
        who: &'a Credential,
        request: &'a QuotaRequest,
    ) -> BoxFuture<'a, Result<QuotaRequest, Error>>;
    /// Writes the spec anew, onto the version that the object carries.
    fn update_request<'a>(
        &'a self,
        who: &'a Credential,
        request: &'a QuotaRequest,
    ) -> BoxFuture<'a, Result<QuotaRequest, Error>>;
    /// The request as the cluster has it, as far as the caller may read it.
    fn read_request<'a>(
        &'a self,
        who: &'a Credential,
        namespace: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<QuotaRequest>, Error>>;
    fn create_decision<'a>(
        &'a self,
        who: &'a Credential,
        decision: &'a QuotaDecision,
    ) -> BoxFuture<'a, Result<QuotaDecision, Error>>;
    /// The city's own rules as the cluster has them.
    fn read_policy<'a>(&'a self, who: &'a Credential) -> BoxFuture<'a, Result<Option<CloudPolicy>, Error>>;
    /// Writes the rules anew, onto the version that the object carries.
    fn write_policy<'a>(
        &'a self,
        who: &'a Credential,
        policy: &'a CloudPolicy,
    ) -> BoxFuture<'a, Result<CloudPolicy, Error>>;
    /// A year's calendar as the cluster has it.
    fn read_calendar<'a>(
        &'a self,
        who: &'a Credential,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<WorkCalendar>, Error>>;
    /// Writes it anew, onto the version that the object carries; without one it must not be there yet.
    fn write_calendar<'a>(
        &'a self,
        who: &'a Credential,
        calendar: &'a WorkCalendar,
    ) -> BoxFuture<'a, Result<WorkCalendar, Error>>;
    /// Writes one object of ours.
    fn write<'a>(&'a self, who: &'a Credential, write: &'a Write) -> BoxFuture<'a, Result<(), Error>>;
    fn version(&self) -> BoxFuture<'_, Result<String, Error>>;
}

/// An object to write, as part of many.
#[derive(Clone, Debug)]
pub struct Write {
    pub resource: ApiResource,
    /// All of it, or what changes of it.
    pub object: DynamicObject,
    pub step: Step,
}

impl Write {
    /// An object of this kind, with what `data` says beside its metadata.
    #[must_use]
    pub fn of<K: Resource<DynamicType = ()>>(step: Step, metadata: ObjectMeta, data: Value) -> Self {
        let resource = ApiResource::erase::<K>(&());
        let types = Some(TypeMeta { api_version: resource.api_version.clone(), kind: resource.kind.clone() });
        Self { resource, object: DynamicObject { types, metadata, data }, step }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Create,
    /// Merged into the version that the object carries; what it doesn't mention stays.
    Change,
}

/// How long a write may take. The API server itself gives up after 60 s; a person doesn't wait that
/// long.
const WRITE_TIMEOUT: Duration = Duration::from_secs(8);
/// How long a question may take. Reads wait for it, so it is short.
const ASK_TIMEOUT: Duration = Duration::from_secs(2);

/// A real API server.
pub struct Kubernetes {
    /// In our own name: reviews of tokens and rights. Nothing is written with it.
    own: Client,
    /// One stack of connections for all callers. It carries no identity: whoever calls adds his.
    shared: Client,
    /// The same with our own identity, for callers whom the cluster knows by our word alone. Nothing is
    /// sent through it without the headers that say who is meant.
    vouching: Client,
}

impl Debug for Kubernetes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kubernetes")
    }
}

impl Kubernetes {
    pub fn new(own: Client, mut config: Config) -> Result<Self, kube::Error> {
        // A lost answer of a create must not become a second create.
        config.default_retry = false;
        config.read_timeout = Some(WRITE_TIMEOUT);
        config.connect_timeout = Some(Duration::from_secs(3));
        let vouching = Client::try_from(config.clone())?;
        // Without our own token and certificate, so that a caller's call can't be made in our name.
        config.auth_info = kube::config::AuthInfo::default();
        Ok(Self { own, shared: Client::try_from(config)?, vouching })
    }

    /// A client that speaks as this caller and as nobody else.
    fn client_of(&self, who: &Credential) -> Client {
        let (through, headers) = match who {
            Credential::Token(token) => (&self.shared, bearer(token)),
            Credential::As(person) => (&self.vouching, person.headers()),
        };
        let through = through.clone();
        let as_caller = tower::service_fn(move |mut request: Request<Body>| {
            let (through, headers) = (through.clone(), headers.clone());
            async move {
                // Who can't be named calls nobody: without these headers the call would be made by us.
                let headers = headers.ok_or_else(|| tower::BoxError::from("the caller can't be named in a header"))?;
                for (name, value) in headers {
                    request.headers_mut().append(name, value);
                }
                through.send(request).await.map_err(tower::BoxError::from)
            }
        });
        ClientBuilder::new(as_caller, "default").build()
    }
}

fn bearer(token: &Secret) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose())).ok()?;
    value.set_sensitive(true);
    Some(vec![(header::AUTHORIZATION, value)])
}

async fn within<T>(time: Duration, call: impl Future<Output = Result<T, kube::Error>>) -> Result<T, Error> {
    match tokio::time::timeout(time, call).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Error::Away(format!("no answer within {} s", time.as_secs()))),
    }
}

fn as_us() -> PostParams {
    PostParams { field_manager: Some(MANAGER_API.to_owned()), ..PostParams::default() }
}

impl Cluster for Kubernetes {
    fn review<'a>(&'a self, token: &'a Secret) -> BoxFuture<'a, Result<Option<User>, Error>> {
        Box::pin(async move {
            let review = TokenReview {
                spec: TokenReviewSpec { token: Some(token.expose().to_owned()), ..TokenReviewSpec::default() },
                ..TokenReview::default()
            };
            let api = Api::<TokenReview>::all(self.own.clone());
            let answer = within(ASK_TIMEOUT, api.create(&PostParams::default(), &review)).await?;
            let status = answer.status.unwrap_or_default();
            let user = status.user.filter(|_| status.authenticated == Some(true));
            Ok(user.and_then(|user| {
                Some(User {
                    name: user.username.filter(|name| !name.is_empty())?,
                    uid: user.uid.unwrap_or_default(),
                    groups: user.groups.unwrap_or_default(),
                    extra: user.extra.unwrap_or_default(),
                    known_by: KnownBy::Cluster,
                })
            }))
        })
    }

    fn may<'a>(&'a self, user: &'a User, right: Right<'a>) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            let Right { verb, resource, namespace, name } = right;
            let attributes = ResourceAttributes {
                group: Some(resources::GROUP.to_owned()),
                verb: Some(verb.to_owned()),
                resource: Some(resource.to_owned()),
                namespace: namespace.map(str::to_owned),
                name: name.map(str::to_owned),
                ..ResourceAttributes::default()
            };
            let review = SubjectAccessReview {
                spec: SubjectAccessReviewSpec {
                    user: Some(user.name.clone()),
                    uid: Some(user.uid.clone()),
                    groups: Some(user.groups.clone()),
                    extra: Some(user.extra.clone()),
                    resource_attributes: Some(attributes),
                    ..SubjectAccessReviewSpec::default()
                },
                ..SubjectAccessReview::default()
            };
            let api = Api::<SubjectAccessReview>::all(self.own.clone());
            let answer = within(ASK_TIMEOUT, api.create(&PostParams::default(), &review)).await?;
            Ok(answer.status.is_some_and(|status| status.allowed))
        })
    }

    fn create_request<'a>(
        &'a self,
        who: &'a Credential,
        request: &'a QuotaRequest,
    ) -> BoxFuture<'a, Result<QuotaRequest, Error>> {
        Box::pin(async move {
            let namespace = request.metadata.namespace.as_deref().unwrap_or_default();
            let api = Api::namespaced(self.client_of(who), namespace);
            within(WRITE_TIMEOUT, api.create(&as_us(), request)).await
        })
    }

    fn update_request<'a>(
        &'a self,
        who: &'a Credential,
        request: &'a QuotaRequest,
    ) -> BoxFuture<'a, Result<QuotaRequest, Error>> {
        Box::pin(async move {
            let namespace = request.metadata.namespace.as_deref().unwrap_or_default();
            let name = request.metadata.name.as_deref().unwrap_or_default();
            let api = Api::namespaced(self.client_of(who), namespace);
            within(WRITE_TIMEOUT, api.replace(name, &as_us(), request)).await
        })
    }

    fn read_request<'a>(
        &'a self,
        who: &'a Credential,
        namespace: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<QuotaRequest>, Error>> {
        Box::pin(async move {
            let api = Api::namespaced(self.client_of(who), namespace);
            within(ASK_TIMEOUT, api.get_opt(name)).await
        })
    }

    fn create_decision<'a>(
        &'a self,
        who: &'a Credential,
        decision: &'a QuotaDecision,
    ) -> BoxFuture<'a, Result<QuotaDecision, Error>> {
        Box::pin(async move {
            let namespace = decision.metadata.namespace.as_deref().unwrap_or_default();
            let api = Api::namespaced(self.client_of(who), namespace);
            within(WRITE_TIMEOUT, api.create(&as_us(), decision)).await
        })
    }

    fn read_policy<'a>(&'a self, who: &'a Credential) -> BoxFuture<'a, Result<Option<CloudPolicy>, Error>> {
        Box::pin(async move {
            let api = Api::<CloudPolicy>::all(self.client_of(who));
            within(ASK_TIMEOUT, api.get_opt(names::DEFAULT_POLICY)).await
        })
    }

    fn write_policy<'a>(
        &'a self,
        who: &'a Credential,
        policy: &'a CloudPolicy,
    ) -> BoxFuture<'a, Result<CloudPolicy, Error>> {
        Box::pin(async move {
            let api = Api::all(self.client_of(who));
            within(WRITE_TIMEOUT, api.replace(names::DEFAULT_POLICY, &as_us(), policy)).await
        })
    }

    fn read_calendar<'a>(
        &'a self,
        who: &'a Credential,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<WorkCalendar>, Error>> {
        Box::pin(async move {
            let api = Api::all(self.client_of(who));
            within(ASK_TIMEOUT, api.get_opt(name)).await
        })
    }

    fn write_calendar<'a>(
        &'a self,
        who: &'a Credential,
        calendar: &'a WorkCalendar,
    ) -> BoxFuture<'a, Result<WorkCalendar, Error>> {
        Box::pin(async move {
            let api = Api::all(self.client_of(who));
            let name = calendar.metadata.name.as_deref().unwrap_or_default();
            if calendar.metadata.resource_version.is_none() {
                return within(WRITE_TIMEOUT, api.create(&as_us(), calendar)).await;
            }
            within(WRITE_TIMEOUT, api.replace(name, &as_us(), calendar)).await
        })
    }

    fn write<'a>(&'a self, who: &'a Credential, write: &'a Write) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let Write { resource, object, step } = write;
            let client = self.client_of(who);
            let api: Api<DynamicObject> = match &object.metadata.namespace {
                Some(namespace) => Api::namespaced_with(client, namespace, resource),
                None => Api::all_with(client, resource),
            };
            let name = object.metadata.name.as_deref().unwrap_or_default();
            let written = match step {
                Step::Create => within(WRITE_TIMEOUT, api.create(&as_us(), object)).await,
                Step::Change => {
                    let params = PatchParams { field_manager: Some(MANAGER_API.to_owned()), ..PatchParams::default() };
                    within(WRITE_TIMEOUT, api.patch(name, &params, &Patch::Merge(object))).await
                }
            };
            written.map(drop)
        })
    }

    fn version(&self) -> BoxFuture<'_, Result<String, Error>> {
        Box::pin(async move { Ok(within(ASK_TIMEOUT, self.own.apiserver_version()).await?.git_version) })
    }
}
