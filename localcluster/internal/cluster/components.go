package cluster

import (
	"fmt"
	"path/filepath"
	"strconv"
	"time"
)

// Names of the processes of a cluster: in the state file, in the names of the log files, and as the argument that turns this
// program into that component.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	SecondAPIServer   = "kube-apiserver-2"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Kwok              = "kwok"
)

// ComponentCommand is the hidden subcommand under which this program runs a component in its own process.
const ComponentCommand = "component"

const (
	// maxTokenLifetime bounds TokenRequest. Sign-in links ask for 168 h; the rest is room for whoever asks for more.
	maxTokenLifetime = 30 * 24 * time.Hour
	// nodeGracePeriod is how long a node stays Ready without a heartbeat. Simulated nodes report every 5 to 6 minutes
	// (simulate/stages.yaml), so that 94 nodes cost one small write in 3 s; three missed reports make a node NotReady.
	nodeGracePeriod = 20 * time.Minute
	// maxDatabaseBytes is etcd's quota. Its default of 2 GiB fills up in long benchmarks that keep every revision.
	maxDatabaseBytes = 4 << 30
)

// component is one process that runs this program's own file.
type component struct {
	name string // unique in the cluster
	runs string // which component the program becomes
	port int
	args []string
}

func (c *plan) etcd() component {
	client := "https://" + c.address(c.ports.EtcdClient)
	peer := "https://" + c.address(c.ports.EtcdPeer)
	args := []string{
		"--name=localcluster",
		"--data-dir=" + c.folder.etcdData(),
		"--listen-client-urls=" + client,
		"--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=localcluster=" + peer,
		"--cert-file=" + c.folder.pki("etcd.crt"),
		"--key-file=" + c.folder.pki("etcd.key"),
		"--client-cert-auth=true",
		"--trusted-ca-file=" + c.folder.pki("etcd-ca.crt"),
		"--peer-cert-file=" + c.folder.pki("etcd.crt"),
		"--peer-key-file=" + c.folder.pki("etcd.key"),
		"--peer-client-cert-auth=true",
		"--peer-trusted-ca-file=" + c.folder.pki("etcd-ca.crt"),
		"--quota-backend-bytes=" + strconv.Itoa(maxDatabaseBytes),
		// The one member elects itself after an election timeout: the smallest makes the start short. (Etcd wants at
		// least five heartbeats in it.)
		"--heartbeat-interval=100",
		"--election-timeout=500",
		"--log-level=warn",
		"--log-outputs=stderr",
	}
	if c.options.Throwaway {
		args = append(args, "--unsafe-no-fsync")
	}
	return component{name: Etcd, runs: Etcd, port: c.ports.EtcdClient, args: args}
}

func (c *plan) apiServer(name string, port int) component {
	args := []string{
		"--bind-address=" + loopback,
		"--advertise-address=" + loopback,
		"--secure-port=" + strconv.Itoa(port),
		"--tls-cert-file=" + c.folder.pki("apiserver.crt"),
		"--tls-private-key-file=" + c.folder.pki("apiserver.key"),
		"--client-ca-file=" + c.folder.pki("ca.crt"),
		"--etcd-servers=https://" + c.address(c.ports.EtcdClient),
		"--etcd-cafile=" + c.folder.pki("etcd-ca.crt"),
		"--etcd-certfile=" + c.folder.pki("etcd-client.crt"),
		"--etcd-keyfile=" + c.folder.pki("etcd-client.key"),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--service-cluster-ip-range=" + serviceRange,
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + c.folder.pki("service-accounts.pub"),
		"--service-account-signing-key-file=" + c.folder.pki("service-accounts.key"),
		// A token ends when it says so: the product's own handling of expiry is tried out here.
		"--service-account-extend-token-expiration=false",
		"--service-account-max-token-expiration=" + maxTokenLifetime.String(),
		// Endpoints may not name a loopback address: the reconciler would fail every 10 s for ever.
		"--endpoint-reconciler-type=none",
		// The identity is made from the host's name: two API servers of one machine would fight over one lease. The proxy
		// between servers of different versions builds on it.
		"--feature-gates=APIServerIdentity=false,UnknownVersionInteroperabilityProxy=false",
		"--profiling=false",
	}
	if c.options.KeepHistory {
		args = append(args, "--etcd-compaction-interval=0")
	}
	return component{name: name, runs: APIServer, port: port, args: args}
}

func (c *plan) controllerManager() component {
	return component{name: ControllerManager, runs: ControllerManager, args: []string{
		"--kubeconfig=" + c.folder.config("controller-manager.kubeconfig"),
		"--leader-elect=false",
		"--secure-port=0",
		"--profiling=false",
		"--root-ca-file=" + c.folder.pki("ca.crt"),
		"--service-account-private-key-file=" + c.folder.pki("service-accounts.key"),
		"--cluster-signing-cert-file=" + c.folder.pki("ca.crt"),
		"--cluster-signing-key-file=" + c.folder.pki("ca.key"),
		// Each controller has its own account, so that an admission policy can tell the quota controller from others.
		"--use-service-account-credentials=true",
		// 208 namespaces with their accounts, quotas and workloads settle in seconds, not minutes.
		"--kube-api-qps=300",
		"--kube-api-burst=600",
		"--concurrent-namespace-syncs=20",
		"--concurrent-resource-quota-syncs=10",
		"--concurrent-serviceaccount-token-syncs=10",
		"--concurrent-deployment-syncs=10",
		"--concurrent-replicaset-syncs=10",
		"--node-monitor-period=30s",
		"--node-monitor-grace-period=" + nodeGracePeriod.String(),
		"--node-startup-grace-period=" + nodeGracePeriod.String(),
		// Its default is a system folder, which would be created.
		"--flex-volume-plugin-dir=" + c.folder.config("volume-plugins"),
		// Nothing is ever attached to a simulated node; that controller would look ten times a second all the same.
		"--controllers=*,-persistentvolume-attach-detach-controller",
	}}
}

func (c *plan) scheduler() component {
	return component{name: Scheduler, runs: Scheduler, args: []string{
		"--config=" + c.folder.config("scheduler.yaml"),
		"--secure-port=0",
	}}
}

// schedulerConfig is a file because the flags for the request rate are deprecated.
func (c *plan) schedulerConfig() string {
	return fmt.Sprintf(`apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection:
  leaderElect: false
enableProfiling: false
clientConnection:
  kubeconfig: %s
  qps: 300
  burst: 600
`, strconv.Quote(c.folder.config("scheduler.kubeconfig")))
}

func (c *plan) address(port int) string {
	return loopback + ":" + strconv.Itoa(port)
}

func (f Folder) etcdData() string          { return filepath.Join(f.Path, "etcd") }
func (f Folder) pki(name string) string    { return filepath.Join(f.Path, "pki", name) }
func (f Folder) config(name string) string { return filepath.Join(f.Path, "config", name) }
