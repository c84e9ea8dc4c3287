//! On a real control plane: the history is read as etcd has it, and an over-grant is named.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use oracle::{Check, Error, Expect, Range, Report, Source, replay};
use prost::Message;
use serde_json::{Value, json};
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn program(name: &str) -> PathBuf {
    let path = root().join("localcluster/bin").join(name);
    assert!(path.is_file(), "localcluster/bin/{name} isn't there: run localcluster/build first");
    path
}

/// A control plane that keeps its history. It ends with its standard input.
struct Cluster {
    process: Child,
    data: tempfile::TempDir,
    kubeconfig: String,
}

impl Cluster {
    fn start() -> Self {
        let data = tempfile::tempdir().expect("a folder can be made");
        let mut process = Command::new(program("localcluster"))
            .args(["run", "--throwaway", "--keep-history", "--data"])
            .arg(data.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("localcluster can be started");
        let mut line = String::new();
        let output = process.stdout.take().expect("standard output is a pipe");
        BufReader::new(output).read_line(&mut line).expect("localcluster says where the cluster is");
        let said: Value = serde_json::from_str(&line).expect("it says so as JSON");
        Self { process, data, kubeconfig: said["kubeconfig"].as_str().expect("it names the kubeconfig").to_owned() }
    }

    fn source(&self) -> Source {
        Source::of_localcluster(self.data.path()).expect("the cluster runs")
    }

    #[track_caller]
    fn kubectl(&self, args: &[&str]) -> String {
        let output = Command::new(program("kubectl"))
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .args(args)
            .output()
            .expect("kubectl can be started");
        assert!(output.status.success(), "kubectl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("kubectl writes text")
    }

    /// Makes or changes an object and returns it.
    #[track_caller]
    fn apply(&self, object: &Value) -> Value {
        let file = self.data.path().join("object.json");
        std::fs::write(&file, object.to_string()).expect("a file can be written");
        let apply = [
            "apply",
            "--server-side",
            "--force-conflicts",
            "-o",
            "json",
            "-f",
            file.to_str().expect("paths here are text"),
        ];
        serde_json::from_str(&self.kubectl(&apply)).expect("kubectl writes JSON")
    }

    /// Changes a part of an object and returns the revision of that.
    #[track_caller]
    fn patch(&self, what: &[&str], patch: &Value) -> i64 {
        let patch = patch.to_string();
        let args = [&["patch", "--type", "merge", "-o", "jsonpath={.metadata.resourceVersion}", "-p", &patch], what];
        self.kubectl(&args.concat()).parse().expect("a revision is a number")
    }

    async fn read(&self, from: i64) -> Result<Report, Error> {
        replay(&self.source(), Range { from, until: None }, Expect { quiet: false }).await
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn ledger(revision: i64, cpu_millis: i64) -> Value {
    let line = json!({"allocation": "dept-a/x", "uid": "x", "generation": 1, "revision": revision,
        "granted": [cpu_millis, 0, 1_000_000_000], "namespaces": ["app-x"]});
    json!({
        "apiVersion": "yunheng.io/v1alpha1", "kind": "PoolLedger", "metadata": {"name": "cec"},
        "spec": {
            "revision": revision, "capacity": {"cpuMillis": 10_000, "memoryBytes": 0, "storageBytes": 1_000_000_000},
            "entries": [line.to_string()],
        },
    })
}

fn quota(fence: &str, cpu: &str) -> Value {
    let hard = json!({"requests.cpu": cpu, "requests.memory": "0", "requests.storage": "1G"});
    json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "spec": {"hard": hard},
        "metadata": {"namespace": "app-x", "name": "yunheng", "labels": {"yunheng.io/managed": "true"},
            "annotations": {"yunheng.io/fence": fence}},
    })
}

/// A ledger of ten cores of which eight are granted, and their quota in force.
fn prepare(cluster: &Cluster) {
    let crds = root().join("charts/yunheng/crds");
    let crds = crds.to_str().expect("paths here are text");
    cluster.kubectl(&["apply", "--server-side", "-f", crds]);
    cluster.kubectl(&["wait", "--for=condition=Established", "--timeout=30s", "-f", crds]);
    cluster.apply(&json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "app-x", "labels": {"yunheng.io/managed": "true"}}}));
    let uid = cluster.apply(&ledger(1, 8_000))["metadata"]["uid"].as_str().expect("an object has a uid").to_owned();
    cluster.apply(&quota(&format!("{uid}/1"), "8"));
    let enforced = r"--for=jsonpath={.status.hard.requests\.cpu}=8";
    cluster.kubectl(&["wait", "-n", "app-x", "quota/yunheng", enforced, "--timeout=20s"]);
    cluster.apply(&json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"namespace": "app-x", "name": "c"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1G"}}, "storageClassName": ""},
    }));
}

#[tokio::test]
async fn an_over_grant_is_named() {
    let cluster = Cluster::start();
    prepare(&cluster);
    let report = cluster.read(1).await.expect("the history can be read");
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.commits, report.quota_writes), (1, 1), "{report}");

    let quota = ["quota/yunheng", "-n", "app-x"];
    let raised = cluster.patch(&quota, &json!({"spec": {"hard": {"requests.cpu": "8500m"}}}));
    let over = cluster.patch(&["poolledger/cec"], &json!({"spec": ledger(2, 10_001)["spec"]}));
    let report = cluster.read(1).await.expect("the history can be read");
    let found: Vec<_> = report.violations().map(|one| (one.check, one.revision, one.object.as_str())).collect();
    let expected = [(Check::B, raised, "allocation dept-a/x of pool cec"), (Check::A, over, "pool cec")];
    assert_eq!(found, expected, "{report}");
    let amounts: Vec<_> = report.greatest.iter().map(|one| (one.check, one.amount, one.culprit.as_str())).collect();
    let keys = ["/registry/resourcequotas/app-x/yunheng", "/registry/yunheng.io/poolledgers/cec"];
    assert_eq!(amounts, [(Check::B, 500, keys[0]), (Check::A, 1, keys[1])], "{report}");

    // From later on, what is there is read whole: the ledger has caught up with the quota.
    let later = cluster.read(over).await.expect("the history can be read");
    assert!(later.is_clean(), "{later}");
    assert_eq!((later.from, later.quota_writes), (over, 1), "{later}");
    assert!(matches!(cluster.read(1 << 40).await, Err(Error::Future { .. })));

    // A history that is no longer whole says so, and where it begins.
    compact(&cluster.source(), over).await;
    for from in [1, over - 1] {
        let error = cluster.read(from).await.expect_err("it is gone");
        assert!(matches!(error, Error::Compacted { oldest } if oldest == over), "{error}");
    }
    assert!(cluster.read(over).await.expect("the history can be read").is_clean());
}

#[derive(Clone, PartialEq, Message)]
struct Compaction {
    #[prost(int64, tag = "1")]
    revision: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Answer {}

/// Makes etcd forget what was before a revision.
async fn compact(source: &Source, revision: i64) {
    let read = |path: &PathBuf| std::fs::read(path).expect("the certificates are there");
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(read(&source.ca)))
        .identity(Identity::from_pem(read(&source.cert), read(&source.key)));
    let endpoint =
        Endpoint::from_shared(source.endpoint.clone()).and_then(|one| one.tls_config(tls)).expect("an address");
    let mut grpc = Grpc::new(endpoint.connect().await.expect("etcd answers"));
    grpc.ready().await.expect("etcd answers");
    let path = PathAndQuery::from_static("/etcdserverpb.KV/Compact");
    let codec = tonic_prost::ProstCodec::<Compaction, Answer>::default();
    grpc.unary(tonic::Request::new(Compaction { revision }), path, codec).await.expect("etcd compacts");
}
