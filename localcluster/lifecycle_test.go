package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"yunheng.io/localcluster/internal/cluster"
)

func connect(t *testing.T, kubeconfig string) kubernetes.Interface {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// eventually polls until check has nothing to complain about, and else prints its last complaint.
func eventually(t *testing.T, what string, check func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		err := check(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within 30 s: %v", what, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// The life of a cluster: started, used, found, mended, stopped, started again with its data.
func TestLifecycle(t *testing.T) {
	data := startedCluster(t, "--nodes", "testdata/nodes.yaml", "--kwok", kwok(t))
	first := status(t, data)
	if first.State != "running" || first.Mode != "start" {
		t.Fatalf("after the start: %+v", first)
	}
	client := connect(t, first.Kubeconfig)
	quotaHoldsWorkloads(t, client, data)
	token := mintToken(t, client)

	output := mustCall(t, "start", "--throwaway", "--data", data, "--kwok", kwok(t))
	if !strings.Contains(output, "runs already") {
		t.Errorf("the second start doesn't find the first:\n%s", output)
	}
	if second := status(t, data); !slices.Equal(pids(first), pids(second)) {
		t.Errorf("the second start changed the processes from %v to %v", pids(first), pids(second))
	}

	killProcess(t, first, cluster.Scheduler)
	if incomplete := status(t, data); incomplete.State != "incomplete" {
		t.Errorf("without its scheduler the cluster is %q", incomplete.State)
	}
	mustCall(t, "start", "--throwaway", "--data", data, "--kwok", kwok(t))
	mended := status(t, data)
	if mended.State != "running" {
		t.Errorf("start didn't mend the cluster: %+v", mended)
	}
	if !slices.ContainsFunc(mended.Processes, func(p cluster.ProcessStatus) bool { return p.Name == cluster.Kwok && p.Running }) {
		t.Error("start forgot the simulated nodes")
	}
	// The kubeconfig that a person has open stays good, because ports and authorities are kept.
	requireReview(t, client, token)

	mustCall(t, "stop", "--data", data)
	requireGone(t, first)
	requireGone(t, mended)
	if output := mustCall(t, "status", "--data", data); !strings.Contains(output, "No cluster runs") || !strings.Contains(output, "are kept") {
		t.Errorf("status of a stopped cluster:\n%s", output)
	}
	if output := mustCall(t, "stop", "--data", data); !strings.Contains(output, "No cluster runs") {
		t.Errorf("second stop:\n%s", output)
	}
}

// quotaHoldsWorkloads shows that quota, controllers, scheduler, binder and simulated nodes are real: with 3 cores to spend, a pod of 2
// runs, one of 4 doesn't, and the quota counts the first alone.
//
// The second workload is refused whatever the quota counts at that moment, because a recount may lower a charge: Kubernetes starts one at
// every update of a claim (RequiresQuotaReplenish compares pointers), and a recount from a cache that hasn't the newest pod forgets it.
func quotaHoldsWorkloads(t *testing.T, client kubernetes.Interface, data string) {
	t.Helper()
	const namespace = "app-lifecycle"
	core := client.CoreV1()
	_, err := core.Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	limit := corev1.ResourceList{
		corev1.ResourceRequestsCPU: resource.MustParse("3"), corev1.ResourceRequestsStorage: resource.MustParse("100G"),
	}
	_, err = core.ResourceQuotas(namespace).Create(t.Context(), &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "grant"}, Spec: corev1.ResourceQuotaSpec{Hard: limit},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the quota is in force", func(ctx context.Context) error {
		quota, err := core.ResourceQuotas(namespace).Get(ctx, "grant", metav1.GetOptions{})
		if err == nil && len(quota.Status.Hard) != len(limit) {
			err = fmt.Errorf("its status is %v", quota.Status)
		}
		return err
	})
	// Row by row, so that it is certain which workload finds the quota used up.
	table := []string{"workloads", "--kubeconfig", filepath.Join(data, "kubeconfig"), "--wait", "--timeout", "20s", "--file"}
	mustCall(t, append(table, partOfTable(t, 1))...)
	output, err := call(t, append(table[:len(table)-2], "4s", "--file", "testdata/workloads.csv")...)
	for _, want := range []string{
		"workloads.csv:3: app-lifecycle/web: 0 of 2 pods run", "exceeded quota: grant",
		`workloads.csv:4: app-absent/web: namespaces "app-absent" not found`, "2 of 3 workloads failed",
	} {
		if err == nil || !strings.Contains(output, want) {
			t.Fatalf("workloads: %v, want %q in\n%s", err, want, output)
		}
	}
	// Any update of the claim makes the quota controller count anew, now that everything it counts is in its cache.
	recount := []byte(`{"metadata":{"annotations":{"test.yunheng.io/recount":"1"}}}`)
	claims, err := core.PersistentVolumeClaims(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(claims.Items) != 1 {
		t.Fatalf("claims of %s: %v, %d of them", namespace, err, len(claims.Items))
	}
	_, err = core.PersistentVolumeClaims(namespace).Patch(t.Context(), claims.Items[0].Name, types.MergePatchType, recount, metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the quota counts what runs", func(ctx context.Context) error {
		quota, err := core.ResourceQuotas(namespace).Get(ctx, "grant", metav1.GetOptions{})
		if err != nil {
			return err
		}
		cpu, storage := quota.Status.Used[corev1.ResourceRequestsCPU], quota.Status.Used[corev1.ResourceRequestsStorage]
		if cpu.String() != "2" || storage.String() != "100G" {
			return fmt.Errorf("used %s cores and %s, want 2 and 100G", cpu.String(), storage.String())
		}
		return nil
	})
	if output := mustCall(t, append(table, partOfTable(t, 1))...); !strings.Contains(output, "0 changed") {
		t.Errorf("applying again:\n%s", output)
	}
	pods, err := core.Pods(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, pod := range pods.Items {
		if !strings.HasPrefix(pod.Spec.NodeName, "cec-") {
			t.Errorf("pod %s of pool cec runs on %s", pod.Name, pod.Spec.NodeName)
		}
	}
}

// partOfTable writes the first rows of the table into a file of their own.
func partOfTable(t *testing.T, rows int) string {
	t.Helper()
	content, err := os.ReadFile("testdata/workloads.csv")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "part.csv")
	part := strings.Join(strings.SplitAfter(string(content), "\n")[:rows+1], "")
	if err := os.WriteFile(path, []byte(part), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// mintToken asks for a week, as the sign-in links do, and wants it to end then and not in a year.
func mintToken(t *testing.T, client kubernetes.Interface) string {
	t.Helper()
	week := int64(7 * 24 * time.Hour / time.Second)
	request, err := client.CoreV1().ServiceAccounts("default").CreateToken(t.Context(), "default",
		&authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &week}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	lifetime := time.Until(request.Status.ExpirationTimestamp.Time)
	if lifetime < 167*time.Hour || lifetime > 169*time.Hour {
		t.Errorf("a token for 168 h lives %s", lifetime)
	}
	return request.Status.Token
}

func requireReview(t *testing.T, client kubernetes.Interface, token string) {
	t.Helper()
	review, err := client.AuthenticationV1().TokenReviews().Create(t.Context(),
		&authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !review.Status.Authenticated || review.Status.User.Username != "system:serviceaccount:default:default" {
		t.Errorf("a token from before the restart is worth nothing now: %+v", review.Status)
	}
}

func pids(status cluster.Status) []int {
	var pids []int
	for _, process := range status.Processes {
		pids = append(pids, process.PID)
	}
	return pids
}

func TestRunEndsWithItsInput(t *testing.T) {
	running := runCluster(t, "--apiservers", "2")
	one, two := connect(t, running.status.Kubeconfig), connect(t, running.status.Kubeconfig2)
	_, err := one.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "pair"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := two.CoreV1().Namespaces().Get(t.Context(), "pair", metav1.GetOptions{}); err != nil {
		t.Errorf("written through one API server, read through the other: %v", err)
	}
	if output, err := call(t, "start", "--data", running.status.Folder); err == nil || !strings.Contains(output, "in use by 'localcluster run'") {
		t.Errorf("start on the folder of a run: %v\n%s", err, output)
	}
	running.stdin.Close()
	if err := running.command.Wait(); err != nil {
		t.Errorf("run ended with %v", err)
	}
	requireGone(t, running.status)
	if _, err := os.Stat(running.status.Folder); !os.IsNotExist(err) {
		t.Errorf("the temporary folder %s is left (%v)", running.status.Folder, err)
	}
}

// A test binary may be killed, and `run` with it: nothing may be left then.
func TestNothingIsLeftOfAKilledRun(t *testing.T) {
	data := t.TempDir()
	running := runCluster(t, "--data", data)
	if err := running.command.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = running.command.Wait()
	requireGone(t, running.status)
	if after := status(t, data); after.State != "stopped" {
		t.Errorf("status after the kill: %+v", after)
	}
}

// A start that is killed half-way leaves processes. The next start must not take them for a whole cluster.
func TestStartAfterAKilledStart(t *testing.T) {
	data := t.TempDir()
	t.Cleanup(func() { mustCall(t, "stop", "--data", data) })
	start := command(t, "start", "--throwaway", "--data", data)
	if err := start.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the API server's process is there", func(context.Context) error {
		if left := status(t, data); len(left.Processes) < 2 {
			return fmt.Errorf("processes %v", pids(left))
		}
		return nil
	})
	if err := start.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = start.Wait()
	if left := status(t, data); left.State != "incomplete" {
		t.Errorf("half a cluster is %q", left.State)
	}
	if output := mustCall(t, "start", "--throwaway", "--data", data); !strings.Contains(output, "stopping 2 processes") {
		t.Errorf("start after a killed start:\n%s", output)
	}
	if whole := status(t, data); whole.State != "running" || len(whole.Processes) != 4 {
		t.Errorf("start after a killed start: %+v", whole)
	}
}

func TestStopEndsARun(t *testing.T) {
	data := t.TempDir()
	running := runCluster(t, "--data", data)
	if output := mustCall(t, "stop", "--data", data); !strings.Contains(output, "Stopped 4 processes") {
		t.Errorf("stop:\n%s", output)
	}
	if err := running.command.Wait(); err != nil {
		t.Errorf("run ended with %v", err)
	}
	requireGone(t, running.status)

	// The same folder, with a database that a crash of the machine has torn.
	database := filepath.Join(data, "etcd", "member", "snap", "db")
	if err := os.WriteFile(database, []byte(strings.Repeat("torn", 20_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	output, err := call(t, "start", "--data", data)
	for _, want := range []string{"etcd ended by itself", "logs/etcd.log", "database looks damaged"} {
		if err == nil || !strings.Contains(output, want) {
			t.Errorf("start on a torn database: %v, want %q in\n%s", err, want, output)
		}
	}
	if after := status(t, data); after.State != "stopped" {
		t.Errorf("a failed start leaves processes: %+v", after.Processes)
	}
}

func TestWrongCallsAreExplained(t *testing.T) {
	cases := map[string][]string{
		"no data folder given":          {"start"},
		"--apiservers is 3":             {"start", "--data", t.TempDir(), "--apiservers", "3"},
		"--port is 70000":               {"start", "--data", t.TempDir(), "--port", "70000"},
		"--output is \"xml\"":           {"status", "--data", t.TempDir(), "-o", "xml"},
		"both --kubeconfig and --nodes": {"simulate"},
		"both --kubeconfig and --file":  {"workloads"},
		"unknown command":               {"begin"},
		"unknown flag":                  {"start", "--folder", "x"},
		"read workloads":                {"workloads", "--kubeconfig", "x", "--file", "/absent.csv"},
		"nodes file":                    {"start", "--data", t.TempDir(), "--nodes", "/absent.yaml"},
		"create data folder":            {"start", "--data", "/proc/nowhere"},
	}
	for want, args := range cases {
		if output, err := call(t, args...); err == nil || !strings.Contains(output, want) {
			t.Errorf("localcluster %s: %v, want %q in\n%s", strings.Join(args, " "), err, want, output)
		}
	}
}
