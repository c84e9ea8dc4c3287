//! A second control plane that a pool's namespaces are in, with what the chart installs there.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::cluster::{client, kubectl};
use crate::people::Person;
use crate::program;

/// The control plane of a provider. It stops when this is dropped.
#[derive(Debug)]
pub struct Member {
    control_plane: Child,
    data: PathBuf,
    kubeconfig: Value,
    secret: String,
}

impl Member {
    /// Starts it and installs the member's part of the chart. `name` is that of the Secret in the
    /// hub, which the chart's local values let the operator read: `member-cec` or `member-inspur`.
    pub async fn start(secret: &str) -> Self {
        let folder = program::scratch(secret);
        let data = folder.join("data");
        let log = std::fs::File::create(folder.join("control-plane.log")).expect("a log file can be written");
        let mut control_plane = Command::new(program::of_localcluster("localcluster"))
            .args(["run", "--throwaway", "--data"])
            .arg(&data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("localcluster can be started");
        let mut line = String::new();
        let output = control_plane.stdout.take().expect("standard output is a pipe");
        BufReader::new(output).read_line(&mut line).expect("localcluster says that it is ready");
        let path = data.join("kubeconfig");
        let text = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("no member cluster: {error}; see {}", folder.display()));
        let kubeconfig = serde_yaml_ng::from_str(&text).expect("a kubeconfig is YAML");
        let rendered = program::root().join("charts/yunheng/rendered/member.yaml");
        kubectl(&path, &["apply", "--server-side", "--force-conflicts"], &rendered);
        Self { control_plane, data, kubeconfig, secret: secret.to_owned() }
    }

    pub async fn admin(&self) -> Client {
        client(self.kubeconfig.clone()).await
    }

    /// The Secret for the hub: how the operator reaches this cluster, and as whom.
    pub async fn secret(&self) -> Value {
        let accounts: Api<ServiceAccount> = Api::namespaced(self.admin().await, Person::Operator.namespace());
        let spec = TokenRequestSpec { expiration_seconds: Some(24 * 3_600), ..TokenRequestSpec::default() };
        let request = TokenRequest { spec, ..TokenRequest::default() };
        let answer = accounts.create_token_request(Person::Operator.account(), &PostParams::default(), &request).await;
        let token = answer.expect("a token for the operator").status.map(|status| status.token);
        let mut kubeconfig = self.kubeconfig.clone();
        let cluster = kubeconfig["clusters"][0]["name"].clone();
        kubeconfig["users"] = json!([{"name": "operator", "user": {"token": token}}]);
        kubeconfig["contexts"] = json!([{"name": "operator", "context": {"cluster": cluster, "user": "operator"}}]);
        kubeconfig["current-context"] = json!("operator");
        let text = base64::engine::general_purpose::STANDARD.encode(kubeconfig.to_string());
        json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"namespace": Person::Operator.namespace(), "name": self.secret},
            "data": {"kubeconfig": text},
        })
    }

    /// What a pool writes in `spec.cluster` to have its namespaces here.
    #[must_use]
    pub fn reference(&self) -> Value {
        json!({"kubeconfigSecretRef": {
            "namespace": Person::Operator.namespace(), "name": self.secret, "key": "kubeconfig",
        }})
    }

    /// The API server answers nobody until it is thawed: a cut line, seen from outside.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        let said = Command::new(program::of_localcluster("localcluster"))
            .args(["status", "--output", "json", "--data"])
            .arg(&self.data)
            .output()
            .expect("localcluster can be asked");
        let status: Value = serde_json::from_slice(&said.stdout).expect("its status is JSON");
        let processes = status["processes"].as_array().cloned().unwrap_or_default();
        let server = processes.iter().find(|process| process["name"] == "kube-apiserver");
        let pid = server.and_then(|server| server["pid"].as_u64()).expect("the API server has a process");
        let sent = Command::new("sh").args(["-c", "kill -\"$0\" \"$1\"", signal, &pid.to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "SIG{signal} didn't reach process {pid}");
    }

    /// Where its data and logs are.
    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // A process that is stopped doesn't end.
        self.thaw();
        self.control_plane.stdin = None;
        let _ = self.control_plane.wait();
    }
}
