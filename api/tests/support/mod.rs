//! A small city in memory, and a cluster that knows its people.
//!
//! The seam is [`Cluster`]: who somebody is, what he may do, and writes. What a write brings about
//! is put into the caches as the watches would, so that everything behind the seam is the real thing.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod databases;
mod objects;
mod wire;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use api::cluster::{Cluster, Error, Right, Step, Write};
use api::history::audit::Algorithm;
use api::history::{History, Location, Store};
use api::identity::oidc::Provider;
use api::identity::{Credential, Limits, Secret, User};
use api::state::{App, SignIn};
use api::world::{Kept, Shelf, Watched, World};
use api::{Files, router};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::ResourceQuota;
use kube::core::Status;
use kube::runtime::watcher::Event;
use resources::v1alpha1::{
    Allocation, Application, CloudPolicy, Department, ExtranetLink, LinkIncident, PoolLedger, ProbeVantage,
    QuotaDecision, QuotaRequest, ResourcePool, UsageRecord, WorkCalendar,
};
use serde_json::{Value, json};
use tower::ServiceExt;

pub use objects::*;
pub use wire::*;

pub const G: u64 = 1_000_000_000;
pub const T: u64 = 1_000 * G;

/// What the operator would answer to the next decision.
#[derive(Clone, Debug)]
pub enum Says {
    /// The request moves to this phase.
    Applied(&'static str),
    /// With this status.
    Refused(Value),
    /// Nothing, for as long as anybody waits.
    Nothing,
}

/// The cluster behind the seam.
#[derive(Debug)]
pub struct Fake {
    world: Arc<World>,
    pub away: AtomicBool,
    /// What the API server says to the next write instead of storing it.
    pub refuses: Mutex<Option<Status>>,
    pub says: Mutex<Says>,
    /// Requests that the watches haven't brought yet.
    pub stored: Mutex<Vec<QuotaRequest>>,
    /// Tokens that are no longer good.
    pub revoked: Mutex<Vec<String>>,
    /// Groups that the cluster says everybody is in.
    pub groups: Mutex<Vec<String>>,
    pub writes: AtomicUsize,
    /// What each write was made with.
    pub credentials: Mutex<Vec<Credential>>,
    /// So many writes more, then the cluster is away.
    pub writes_left: Mutex<Option<usize>>,
    /// What was written as part of many, in turn.
    pub objects: Mutex<Vec<(Step, Value)>>,
    pub reviews: AtomicUsize,
}

/// A city, its server and its cluster.
pub struct City {
    pub app: App,
    pub router: Router,
    pub world: Arc<World>,
    pub cluster: Arc<Fake>,
}

/// The people: token, name, and what they may do in every namespace.
const PEOPLE: [(&str, &[(&str, &str)]); 8] = [
    (
        "admin",
        &[
            LINKS,
            ("patch", "linkincidents"),
            RULES[0],
            RULES[1],
            ("update", "resourcepools"),
            AUDIT,
            CATALOGUE[0],
            CATALOGUE[1],
            CITY[0],
            CITY[1],
        ],
    ),
    ("approver", &[APPROVER[0], APPROVER[1], APPROVER[2], CATALOGUE[0], CATALOGUE[1], CITY[0], CITY[1]]),
    ("reviewer", &[REVIEWER[0], REVIEWER[1], CATALOGUE[0], CATALOGUE[1], CITY[0], CITY[1]]),
    ("auditor", &[LINKS, AUDIT, CATALOGUE[0], CATALOGUE[1], CITY[0], CITY[1]]),
    ("zhang", &CATALOGUE),
    ("li", &CATALOGUE),
    // The staff of a provider: its own pool alone, by name.
    ("provider", &[("list", "cloudpolicies"), ("get", "resourcepools/cec"), ("get", "poolledgers/cec")]),
    ("nobody", &[]),
];
const APPROVER: [(&str, &str); 3] =
    [("accept", "quotarequests"), ("approve", "quotarequests"), ("offer", "quotarequests")];
const REVIEWER: [(&str, &str); 2] = [("review", "quotarequests"), ("offer", "quotarequests")];
const RULES: [(&str, &str); 2] = [("update", "cloudpolicies"), ("update", "workcalendars")];
const LINKS: (&str, &str) = ("list", "extranetlinks");
const AUDIT: (&str, &str) = ("list", "auditrecords");
const CATALOGUE: [(&str, &str); 2] = [("list", "resourcepools"), ("list", "cloudpolicies")];
const CITY: [(&str, &str); 2] = [("list", "poolledgers"), ("list", "quotarequests")];

fn user_name(short: &str) -> String {
    format!("system:serviceaccount:yunheng-people:{short}")
}

struct Handle(Arc<Fake>);

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Fake {
    fn reach(&self) -> Result<(), Error> {
        if self.away.load(Ordering::SeqCst) { Err(Error::Away("switched off".into())) } else { Ok(()) }
    }

    fn write(&self, who: &Credential) -> Result<usize, Error> {
        self.credentials.lock().unwrap().push(who.clone());
        if let Some(left) = &mut *self.writes_left.lock().unwrap() {
            match left.checked_sub(1) {
                Some(fewer) => *left = fewer,
                None => self.away.store(true, Ordering::SeqCst),
            }
        }
        self.reach()?;
        if let Some(status) = self.refuses.lock().unwrap().take() {
            return Err(Error::Refused(Box::new(status)));
        }
        Ok(self.writes.fetch_add(1, Ordering::SeqCst))
    }
}

impl Cluster for Handle {
    fn review<'a>(&'a self, token: &'a Secret) -> BoxFuture<'a, Result<Option<User>, Error>> {
        Box::pin(async move {
            self.0.reach()?;
            self.0.reviews.fetch_add(1, Ordering::SeqCst);
            let token = token.expose();
            let known = PEOPLE.iter().any(|(name, _)| *name == token);
            let revoked = self.0.revoked.lock().unwrap().iter().any(|revoked| revoked == token);
            let groups = self.0.groups.lock().unwrap().clone();
            Ok((known && !revoked).then(|| User { name: user_name(token), groups, ..User::default() }))
        })
    }

    fn may<'a>(&'a self, user: &'a User, right: Right<'a>) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(async move {
            self.0.reach()?;
            if right.namespace.is_some() {
                // The members' role binding, which the operator makes for each department.
                return Ok(true);
            }
            // The identity provider knows the same people, by names of its own.
            let is_named = |name: &str| user_name(name) == user.name || format!("oidc:{name}") == user.name;
            let rights = PEOPLE.iter().find(|(name, _)| is_named(name)).map(|(_, rights)| *rights);
            let resource = match right.name {
                Some(name) => format!("{}/{name}", right.resource),
                None => right.resource.to_owned(),
            };
            Ok(rights.unwrap_or_default().contains(&(right.verb, resource.as_str())))
        })
    }

    fn create_request<'a>(
        &'a self,
        who: &'a Credential,
        request: &'a QuotaRequest,
    ) -> BoxFuture<'a, Result<QuotaRequest, Error>> {
        Box::pin(async move {
            let there = |name: &String| {
                let namespace = request.metadata.namespace.as_deref().unwrap_or_default();
                self.0.world.read().requests.get(namespace, name).is_some()
            };
            if request.metadata.name.as_ref().is_some_and(there) {
                return Err(already_exists());
            }
            let number = self.0.write(who)?;
            let mut written = request.clone();
            written.metadata.name.get_or_insert_with(|| format!("qr-new-{number}"));
            // Some time passes, as between any call and its answer.
            tokio::task::yield_now().await;
            written.metadata.uid = Some(format!("uid-{number}"));
            written.metadata.creation_timestamp = Some(serde_json::from_value(json!("2026-11-23T07:00:00Z")).unwrap());
            self.0.world.apply(Event::Apply(written.clone()));
            Ok(written)
        })
    }

    fn update_request<'a>(
        &'a self,
        who: &'a Credential,
        request: &'a QuotaRequest,
    ) -> BoxFuture<'a, Result<QuotaRequest, Error>> {
        Box::pin(async move {
            self.0.write(who)?;
            let mut written = request.clone();
            let (namespace, name) =
                (written.metadata.namespace.clone().unwrap(), written.metadata.name.clone().unwrap());
            let before = self.0.world.read().requests.get(&namespace, &name).cloned().unwrap();
            written.metadata.generation = before.metadata.generation.map(|generation| generation + 1);
            written.status.clone_from(&before.status);
            self.0.world.apply(Event::Apply(written.clone()));
            if let Says::Applied(phase) = &*self.0.says.lock().unwrap() {
                // What the operator makes of a correction.
                let mut taken_up = written.clone();
                let revision = written.status.as_ref().and_then(|status| status.revision).unwrap_or(1) + 1;
                let status = json!({"phase": phase, "revision": revision, "stage": {"name": "Acceptance"}});
                taken_up.status = Some(serde_json::from_value(status).unwrap());
                self.0.world.apply(Event::Apply(taken_up));
            }
            Ok(written)
        })
    }

    fn read_request<'a>(
        &'a self,
        _: &'a Credential,
        namespace: &'a str,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<QuotaRequest>, Error>> {
        Box::pin(async move {
            self.0.reach()?;
            let stored = self.0.stored.lock().unwrap();
            let found = stored.iter().find(|one| {
                one.metadata.namespace.as_deref() == Some(namespace) && one.metadata.name.as_deref() == Some(name)
            });
            let watched = || self.0.world.read().requests.get(namespace, name).map(|request| (**request).clone());
            Ok(found.cloned().or_else(watched))
        })
    }

    fn create_decision<'a>(
        &'a self,
        who: &'a Credential,
        decision: &'a QuotaDecision,
    ) -> BoxFuture<'a, Result<QuotaDecision, Error>> {
        Box::pin(async move {
            let there = |name: &String| {
                let namespace = decision.metadata.namespace.as_deref().unwrap_or_default();
                self.0.world.read().decisions.get(namespace, name).is_some()
            };
            if decision.metadata.name.as_ref().is_some_and(there) {
                return Err(already_exists());
            }
            let number = self.0.write(who)?;
            let mut written = decision.clone();
            let name = written.metadata.name.get_or_insert_with(|| format!("qd-new-{number}")).clone();
            self.0.world.apply(Event::Apply(written.clone()));
            let status = match &*self.0.says.lock().unwrap() {
                Says::Nothing => return Ok(written),
                Says::Applied(phase) => {
                    let namespace = written.metadata.namespace.clone().unwrap_or_default();
                    let request = self.0.world.read().requests.get(&namespace, &written.spec.request.name).cloned();
                    let stored = || self.0.stored.lock().unwrap()[0].clone();
                    let mut request = request.map_or_else(stored, |request| (*request).clone());
                    let status = json!({"phase": phase, "revision": 1, "decision": name});
                    request.status = Some(serde_json::from_value(status).unwrap());
                    self.0.world.apply(Event::Apply(request));
                    json!({"outcome": "Applied", "ledgerRevision": 8})
                }
                Says::Refused(status) => status.clone(),
            };
            let mut answered = written.clone();
            answered.status = Some(serde_json::from_value(status).unwrap());
            self.0.world.apply(Event::Apply(answered));
            Ok(written)
        })
    }

    fn read_policy<'a>(&'a self, _: &'a Credential) -> BoxFuture<'a, Result<Option<CloudPolicy>, Error>> {
        Box::pin(async move {
            self.0.reach()?;
            Ok(self.0.world.read().policies.get("", "default").map(|policy| (**policy).clone()))
        })
    }

    fn write_policy<'a>(
        &'a self,
        who: &'a Credential,
        policy: &'a CloudPolicy,
    ) -> BoxFuture<'a, Result<CloudPolicy, Error>> {
        Box::pin(async move {
            self.0.write(who)?;
            let mut written = policy.clone();
            written.metadata.generation = Some(written.metadata.generation.unwrap_or_default() + 1);
            self.0.world.apply(Event::Apply(written.clone()));
            Ok(written)
        })
    }

    fn read_calendar<'a>(
        &'a self,
        _: &'a Credential,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<WorkCalendar>, Error>> {
        Box::pin(async move {
            self.0.reach()?;
            Ok(self.0.world.read().calendars.get("", name).map(|calendar| (**calendar).clone()))
        })
    }

    fn write_calendar<'a>(
        &'a self,
        who: &'a Credential,
        calendar: &'a WorkCalendar,
    ) -> BoxFuture<'a, Result<WorkCalendar, Error>> {
        Box::pin(async move {
            let number = self.0.write(who)?;
            let mut written = calendar.clone();
            written.metadata.generation = Some(written.metadata.generation.unwrap_or_default() + 1);
            written.metadata.uid.get_or_insert_with(|| format!("uid-{number}"));
            self.0.world.apply(Event::Apply(written.clone()));
            Ok(written)
        })
    }

    fn write<'a>(&'a self, who: &'a Credential, write: &'a Write) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            self.0.write(who)?;
            let object = serde_json::to_value(&write.object).unwrap();
            self.0.objects.lock().unwrap().push((write.step, object.clone()));
            let kind = write.resource.kind.as_str();
            match kind {
                "Allocation" => merge::<Allocation>(&self.0.world, write.step, object, |kept| &kept.allocations),
                "Application" => merge::<Application>(&self.0.world, write.step, object, |kept| &kept.applications),
                "LinkIncident" => merge::<LinkIncident>(&self.0.world, write.step, object, |kept| &kept.incidents),
                "Department" => merge::<Department>(&self.0.world, write.step, object, |kept| &kept.departments),
                other => panic!("nobody writes {other} by this way"),
            }
        })
    }

    fn version(&self) -> BoxFuture<'_, Result<String, Error>> {
        Box::pin(async { Ok("v1.37.2".to_owned()) })
    }
}

/// What the API server makes of a create or a merge, with its version.
fn merge<K: Watched + Clone + serde::Serialize>(
    world: &World,
    step: Step,
    object: Value,
    shelf: impl Fn(&Kept) -> &Shelf<K>,
) -> Result<(), Error> {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    let (namespace, name) = (text("namespace"), text("name"));
    let before = shelf(&world.read()).get(&namespace, &name).map(|object| serde_json::to_value(&**object).unwrap());
    let written = match (step, before) {
        (Step::Create, Some(_)) => return Err(already_exists()),
        (Step::Create, None) => {
            let mut written = object;
            written["metadata"]["uid"] = json!(format!("uid-{name}"));
            written["metadata"]["resourceVersion"] = json!("1");
            written
        }
        (Step::Change, None) => return Err(refused(404, "NotFound")),
        (Step::Change, Some(mut before)) => {
            if object["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"] {
                return Err(refused(409, "Conflict"));
            }
            let patch: Value = json!({"spec": object["spec"]});
            merged(&mut before, &patch);
            let version: u64 = text("resourceVersion").parse().unwrap();
            before["metadata"]["resourceVersion"] = json!((version + 1).to_string());
            before
        }
    };
    world.apply(Event::Apply(read::<K>(written)));
    Ok(())
}

/// RFC 7396.
fn merged(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    for (key, value) in fields {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(key);
        } else {
            merged(&mut target[key], value);
        }
    }
}

fn refused(code: u16, reason: &str) -> Error {
    Error::Refused(Box::new(Status::failure(reason, reason).with_code(code)))
}

fn already_exists() -> Error {
    Error::Refused(Box::new(Status::failure("it is there", "AlreadyExists").with_code(409)))
}

impl City {
    pub fn new() -> Self {
        Self::with_files(Files::Embedded, false)
    }

    /// A city whose requests go the staged way.
    pub fn staged() -> Self {
        let city = Self::new();
        city.put::<CloudPolicy>(policy("staged"));
        city
    }

    pub fn with_files(files: Files, behind_tls: bool) -> Self {
        Self::with(files, behind_tls, History::default())
    }

    /// A city that keeps its history in this database.
    pub fn with_history(location: &Location) -> Self {
        Self::with(Files::Embedded, false, History::new(Store::new(location.clone()).unwrap(), Algorithm::Sha256, None))
    }

    /// A city whose people sign in through this provider too.
    pub fn with_provider(location: &Location, provider: Provider, limits: Limits) -> Self {
        let history = History::new(Store::new(location.clone()).unwrap(), Algorithm::Sha256, None);
        Self::made(Files::Embedded, false, history, SignIn { limits, provider: Some(provider) })
    }

    fn with(files: Files, behind_tls: bool, history: History) -> Self {
        Self::made(files, behind_tls, history, SignIn::default())
    }

    fn made(files: Files, behind_tls: bool, history: History, sign_in: SignIn) -> Self {
        let world = Arc::new(World::default());
        let cluster = Arc::new(Fake {
            world: Arc::clone(&world),
            away: AtomicBool::new(false),
            refuses: Mutex::new(None),
            says: Mutex::new(Says::Applied("Active")),
            stored: Mutex::new(Vec::new()),
            revoked: Mutex::new(Vec::new()),
            groups: Mutex::new(Vec::new()),
            writes: AtomicUsize::new(0),
            credentials: Mutex::default(),
            writes_left: Mutex::new(None),
            objects: Mutex::new(Vec::new()),
            reviews: AtomicUsize::new(0),
        });
        let handle = Box::new(Handle(Arc::clone(&cluster)));
        let app = App::with_sign_in(Arc::clone(&world), handle, files, behind_tls, history, sign_in);
        let city = Self { router: router::router(app.clone()), app, world, cluster };
        city.fill();
        city
    }

    /// Another server on the same cluster, which remembers nothing.
    pub fn beside(&self) -> Self {
        let cluster = Arc::clone(&self.cluster);
        let app = App::new(Arc::clone(&self.world), Box::new(Handle(Arc::clone(&cluster))), Files::Embedded, false);
        Self { router: router::router(app.clone()), app, world: Arc::clone(&self.world), cluster }
    }

    /// Another server on the same cluster and the same history.
    pub fn beside_with(&self, location: &Location) -> Self {
        let cluster = Arc::clone(&self.cluster);
        let history = History::new(Store::new(location.clone()).unwrap(), Algorithm::Sha256, None);
        let handle = Box::new(Handle(Arc::clone(&cluster)));
        let app = App::with_history(Arc::clone(&self.world), handle, Files::Embedded, false, history);
        Self { router: router::router(app.clone()), app, world: Arc::clone(&self.world), cluster }
    }

    /// What has changed is shown from now on. Otherwise it is within a moment.
    pub async fn settle(&self) {
        self.app.shown().await;
    }

    fn fill(&self) {
        self.list::<ResourcePool>(vec![
            pool("cec", "14251", "18812G", "1286T"),
            pool("inspur", "9500", "12541G", "857T"),
        ]);
        self.list::<PoolLedger>(vec![cec_ledger(), empty_ledger("inspur", 9_500_000, 12_541 * G, 857 * T)]);
        self.list::<Department>(vec![
            department("civil-affairs", "市民政局", &["zhang"], "Municipal"),
            department("education", "市教育局", &["li"], "County"),
        ]);
        let mut applications = vec![application("civil-affairs", "marriage-registry", "婚姻登记系统", "Municipal")];
        for number in 0..120 {
            let name = format!("school-{number:03}");
            applications.push(application("education", &name, &format!("学校管理系统 {}", number % 7), "County"));
        }
        self.list::<Application>(applications);
        self.list::<Allocation>(vec![
            allocation("civil-affairs", "marriage-registry", ("64", "128G", "10T")),
            allocation("education", "school-000", ("100", "200G", "1T")),
        ]);
        self.list::<QuotaRequest>(vec![
            request("civil-affairs", "qr-1", "zhang", "marriage-registry", ("72", "128G", "10T")),
            request("education", "qr-2", "li", "school-000", ("120", "20000G", "1T")),
        ]);
        self.list::<QuotaDecision>(vec![]);
        self.list::<CloudPolicy>(vec![policy("direct")]);
        self.list::<WorkCalendar>(vec![]);
        self.list::<ExtranetLink>(links());
        self.list::<LinkIncident>(vec![]);
        self.list::<ProbeVantage>(vec![]);
        self.list::<UsageRecord>(vec![]);
        self.list::<ResourceQuota>(vec![
            quota("app-marriage-registry", ("64", "128G", "10T"), ("32", "64G", "5T")),
            quota("app-school-000", ("100", "200G", "1T"), ("10", "20G", "0")),
        ]);
    }

    /// A whole list, as a watch begins.
    pub fn list<K: Watched>(&self, objects: Vec<Value>) {
        self.world.apply(Event::<K>::Init);
        for object in objects {
            self.world.apply(Event::InitApply(read::<K>(object)));
        }
        self.world.apply(Event::<K>::InitDone);
    }

    pub fn put<K: Watched>(&self, object: Value) {
        self.world.apply(Event::Apply(read::<K>(object)));
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        self.send(call("GET", path).bearer(token).empty()).await
    }

    pub async fn post(&self, token: &str, path: &str, body: Value) -> Answer {
        self.send(call("POST", path).bearer(token).json(&body)).await
    }

    /// Signs in; the cookie and the CSRF token.
    pub async fn sign_in(&self, token: &str) -> (String, String) {
        let answer = self.send(call("POST", "/api/v1/session").json(&json!({"token": token}))).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        let csrf = answer.json()["csrfToken"].as_str().unwrap().to_owned();
        (cookie, csrf)
    }
}
