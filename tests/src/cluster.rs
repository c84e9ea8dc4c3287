//! A control plane of one's own with the chart on it, people with tokens, and the operator.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::{Value, json};

use crate::control_plane::ControlPlane;
use crate::eventually::{SOON, eventually};
use crate::people::Person;
use crate::process::Process;
use crate::{object, program};

/// How long a policy may take to act after it was made.
const POLICIES_ACT_WITHIN: Duration = Duration::from_secs(60);

/// A throwaway control plane with the kinds, roles and policies of the chart. It stops when this
/// is dropped, and also when the process ends in any other way.
#[derive(Debug)]
pub struct Cluster {
    plane: ControlPlane,
    folder: PathBuf,
    tokens: HashMap<Person, String>,
}

/// What a control plane is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plane {
    /// One API server.
    Single,
    /// Two API servers on one database that keeps every revision, in a folder that can be read
    /// while it runs: see [`Cluster::data`].
    Pair,
}

impl Cluster {
    /// Starts it, in about ten seconds on an idle machine. `name` names the folder of its logs.
    pub async fn start(name: &str) -> Self {
        Self::start_as(name, Plane::Single).await
    }

    pub async fn start_as(name: &str, plane: Plane) -> Self {
        let folder = program::scratch(name);
        let data = data_in(&folder).display().to_string();
        let flags: &[&str] = match plane {
            Plane::Single => &[],
            Plane::Pair => &["--keep-history", "--apiservers", "2", "--data", &data],
        };
        let mut cluster = Self { plane: ControlPlane::start(&folder, flags), folder, tokens: HashMap::new() };
        cluster.install_chart();
        cluster.give_tokens().await;
        cluster.await_policies().await;
        cluster
    }

    /// Kinds, roles, policies and people, as `make up` installs them.
    fn install_chart(&self) {
        let kubeconfig = self.plane.kubeconfig_file();
        let chart = program::root().join("charts/yunheng");
        let (kinds, rest) = (chart.join("crds"), chart.join("rendered/local.yaml"));
        let apply: &[&str] = &["apply", "--server-side", "--force-conflicts"];
        kubectl(kubeconfig, apply, &kinds);
        kubectl(kubeconfig, &["wait", "--for=condition=Established", "--timeout=60s"], &kinds);
        kubectl(kubeconfig, apply, &rest);
    }

    async fn give_tokens(&mut self) {
        let admin = self.admin().await;
        for person in Person::ALL {
            let accounts: Api<ServiceAccount> = Api::namespaced(admin.clone(), person.namespace());
            let request = TokenRequest {
                spec: TokenRequestSpec { expiration_seconds: Some(24 * 3_600), ..TokenRequestSpec::default() },
                ..TokenRequest::default()
            };
            let answer = accounts.create_token_request(person.account(), &PostParams::default(), &request).await;
            let answer = answer.unwrap_or_else(|error| panic!("no token for {}: {error}", person.account()));
            self.tokens.insert(person, answer.status.map(|status| status.token).unwrap_or_default());
        }
    }

    /// A policy acts a moment after it was made: nothing relies on it before it has refused.
    async fn await_policies(&self) {
        for server in 0..self.plane.kubeconfigs().len() {
            self.await_policies_at(client(self.plane.kubeconfigs()[server].clone()).await).await;
        }
    }

    async fn await_policies_at(&self, admin: Client) {
        let marked = json!({"yunheng.io/managed": "true"});
        let amounts = json!({"cpuMillis": 1, "memoryBytes": 1, "storageBytes": 1});
        let probes = [
            (
                "yunheng-ledgers",
                json!({"apiVersion": "yunheng.io/v1alpha1", "kind": "PoolLedger", "metadata": {"name": "probe"},
                "spec": {"revision": 1, "capacity": amounts}}),
            ),
            (
                "yunheng-namespace-marks",
                json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "app-probe", "labels": marked}}),
            ),
            (
                "yunheng-managed-quotas",
                json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"namespace": "default", "name": "probe", "labels": marked},
                "spec": {"hard": {"requests.cpu": "1"}}}),
            ),
            (
                "yunheng-places",
                json!({"apiVersion": "yunheng.io/v1alpha1", "kind": "Application", "metadata": {"namespace": "default", "name": "probe"},
                "spec": {"displayName": "probe", "tier": "Municipal"}}),
            ),
        ];
        for (policy, probe) in probes {
            eventually(POLICIES_ACT_WITHIN, format!("policy {policy} refuses"), async || {
                match object::would_create(&admin, probe.clone()).await {
                    Ok(_) => Err("let through".to_owned()),
                    Err(kube::Error::Api(status)) if status.message.contains(policy) => Ok(()),
                    Err(error) => Err(error.to_string()),
                }
            })
            .await;
        }
    }

    /// A client for the administrator of the cluster, whom the policies bind too.
    pub async fn admin(&self) -> Client {
        client(self.plane.kubeconfigs()[0].clone()).await
    }

    pub async fn client(&self, person: Person) -> Client {
        client(self.kubeconfig_of(person, 0)).await
    }

    /// How to reach one of the API servers, as somebody or as the administrator.
    pub async fn config(&self, person: Option<Person>, server: usize) -> Config {
        config(
            person
                .map_or_else(|| self.plane.kubeconfigs()[server].clone(), |person| self.kubeconfig_of(person, server)),
        )
        .await
    }

    /// Where the history is, of a [`Plane::Pair`].
    #[must_use]
    pub fn data(&self) -> PathBuf {
        data_in(&self.folder)
    }

    /// Sends a signal to a part of the control plane, such as `kube-controller-manager`.
    ///
    /// # Panics
    /// When there is no such part.
    pub fn signal(&self, part: &str, signal: &str) {
        self.plane.signal(part, signal);
    }

    /// Somebody who isn't one of the chart's people: the administrator in his name.
    pub async fn client_as(&self, user: &str) -> Client {
        let mut kubeconfig = self.plane.kubeconfigs()[0].clone();
        kubeconfig["users"][0]["user"]["as"] = json!(user);
        client(kubeconfig).await
    }

    #[must_use]
    pub fn token(&self, person: Person) -> &str {
        &self.tokens[&person]
    }

    /// Where logs and kubeconfigs are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn kubeconfig_of(&self, person: Person, server: usize) -> Value {
        let mut kubeconfig = self.plane.kubeconfigs()[server].clone();
        let cluster = kubeconfig["clusters"][0]["name"].clone();
        kubeconfig["users"] = json!([{"name": "person", "user": {"token": self.token(person)}}]);
        kubeconfig["contexts"] = json!([{"name": "person", "context": {"cluster": cluster, "user": "person"}}]);
        kubeconfig["current-context"] = json!("person");
        kubeconfig
    }

    /// A kubeconfig as a file, for a program.
    #[must_use]
    pub fn kubeconfig_file(&self, person: Person) -> PathBuf {
        self.kubeconfig_file_at(person, 0)
    }

    /// A kubeconfig for one of the API servers.
    #[must_use]
    pub fn kubeconfig_file_at(&self, person: Person, server: usize) -> PathBuf {
        let path = self.folder.join(format!("{}-{server}.kubeconfig", person.account()));
        std::fs::write(&path, self.kubeconfig_of(person, server).to_string()).expect("a kubeconfig can be written");
        path
    }

    /// Starts the REST interface under its own account; the answer holds its address.
    pub async fn start_api(&self) -> (Process, String) {
        let program = program::of_workspace("yunheng-api", "api");
        let kubeconfig = self.kubeconfig_file(Person::Api);
        let address = self.folder.join("api.url");
        let _ = std::fs::remove_file(&address);
        let arguments = ["--listen", "127.0.0.1:0", "--address-file", address.to_str().expect("paths here are text")];
        let store = self.folder.join("history.db");
        let environment = [("KUBECONFIG", kubeconfig.as_path()), ("YUNHENG_API_STORE", store.as_path())];
        let process = Process::start(&program, &arguments, &environment, self.folder.join("api.log"));
        let url = address_in(&address, &process).await;
        eventually(SOON, "the API is ready", async || match reqwest::get(format!("{url}/readyz")).await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            other => Err(format!("{other:?}\n{}", process.last_words())),
        })
        .await;
        (process, url)
    }

    /// Starts the operator under its own account. The identity is its name in the leader's lease: who
    /// starts again under the same name need not wait for the lease to run out.
    pub async fn start_operator(&self, identity: &str) -> Operator {
        let operator = self.launch_operator(identity).await;
        operator.await_leading().await;
        operator
    }

    /// Starts the operator and waits for its admin pages only: it may have to wait to lead.
    pub async fn launch_operator(&self, identity: &str) -> Operator {
        let program = program::of_workspace("yunheng-operator", "operator");
        let kubeconfig = self.kubeconfig_file(Person::Operator);
        let address = self.folder.join(format!("{identity}.url"));
        let _ = std::fs::remove_file(&address);
        let arguments = ["--admin-listen", "127.0.0.1:0", "--identity", identity, "--admin-address-file"];
        let arguments = [&arguments[..], &[address.to_str().expect("paths here are text")]].concat();
        let log = self.folder.join(format!("{identity}.log"));
        let process = Process::start(&program, &arguments, &[("KUBECONFIG", &kubeconfig)], log);
        let url = address_in(&address, &process).await;
        Operator { process, url, http: reqwest::Client::new() }
    }
}

/// The address that a program has written into a file, once it has.
pub async fn address_in(file: &Path, process: &Process) -> String {
    eventually(SOON, format!("an address in {}", file.display()), async || {
        let url = std::fs::read_to_string(file).unwrap_or_default().trim().to_owned();
        if url.starts_with("http") { Ok(url) } else { Err(process.last_words()) }
    })
    .await
}

pub(crate) async fn client(kubeconfig: Value) -> Client {
    Client::try_from(config(kubeconfig).await).expect("a client can be made")
}

async fn config(kubeconfig: Value) -> Config {
    let kubeconfig = Kubeconfig::from_yaml(&kubeconfig.to_string()).expect("a kubeconfig that we wrote");
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await;
    config.expect("a kubeconfig that we wrote")
}

fn data_in(folder: &Path) -> PathBuf {
    folder.join("control-plane")
}

pub(crate) fn kubectl(kubeconfig: &Path, arguments: &[&str], file: &Path) {
    let done = Command::new(program::of_localcluster("kubectl"))
        .args(arguments)
        .arg("-f")
        .arg(file)
        .env("KUBECONFIG", kubeconfig)
        .output()
        .expect("kubectl can be started");
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "kubectl {} -f {}: {said}", arguments.join(" "), file.display());
}

/// A running operator.
#[derive(Debug)]
pub struct Operator {
    pub process: Process,
    url: String,
    http: reqwest::Client,
}

impl Operator {
    /// One of its pages: status and text.
    pub async fn page(&self, path: &str) -> Result<(u16, String), reqwest::Error> {
        let answer = self.http.get(format!("{}{path}", self.url)).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// Waits until it leads and its caches are full.
    pub async fn await_leading(&self) {
        eventually(SOON, "the operator leads and its caches are full", async || {
            let leads = self.metric("yunheng_leading", "").await > 0.0;
            if leads { Ok(()) } else { Err(self.process.last_words()) }
        })
        .await;
    }

    /// The value of a metric: the sum over all its label sets whose text contains `labels`.
    pub async fn metric(&self, name: &str, labels: &str) -> f64 {
        let (_, text) = self.page("/metrics").await.expect("the operator shows its metrics");
        let lines = text.lines().filter(|line| line.starts_with(name) && line.contains(labels));
        // A sum of nothing would be −0.
        lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).fold(0.0, |sum, value| sum + value)
    }
}
