// Package simulate makes a cluster believe that it has nodes.
//
// The nodes are real objects with real capacity, so that scheduling, quotas and capacity figures are real; only their kubelets are
// played by kwok. Every simulated node carries the label yunheng.io/simulated=true, so that nobody takes it for hardware.
package simulate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

const (
	// SimulatedLabel marks a node that is no hardware.
	SimulatedLabel = "yunheng.io/simulated"
	// PoolLabel says which provider's pool a node belongs to.
	PoolLabel = "yunheng.io/pool"
	// fieldManager owns what is written here, apart from what kwok and the controllers write.
	fieldManager = "localcluster"
	// maxNodes bounds a typing error: 2,000 nodes are more than this machine's control plane can serve.
	maxNodes = 2000
	// parallelWrites keeps two cores busy without flooding the server.
	parallelWrites = 8
)

// Group is a number of equal nodes, as in the nodes file.
type Group struct {
	// Pool names the group's pool and begins the nodes' names: cec-001.
	Pool   string            `json:"pool"`
	Count  int               `json:"count"`
	CPU    resource.Quantity `json:"cpu"`
	Memory resource.Quantity `json:"memory"`
	Pods   int               `json:"pods"`
	Labels map[string]string `json:"labels"`
}

// nodesFile is the whole file.
type nodesFile struct {
	Groups []Group `json:"groups"`
}

// ReadNodes reads a nodes file and checks it, so that nothing is applied from a faulty one.
func ReadNodes(path string) ([]Group, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read nodes file: %w", err)
	}
	groups, err := parseNodes(content)
	if err != nil {
		return nil, fmt.Errorf("nodes file %s: %w", path, err)
	}
	return groups, nil
}

func parseNodes(content []byte) ([]Group, error) {
	var file nodesFile
	if err := yaml.UnmarshalStrict(bytes.TrimPrefix(content, []byte("\ufeff")), &file); err != nil {
		return nil, err
	}
	if len(file.Groups) == 0 {
		return nil, errors.New("it has no groups: write 'groups:' and a list with pool, count, cpu, memory, pods")
	}
	var errs []error
	total := 0
	pools := map[string]bool{}
	for i, group := range file.Groups {
		where := fmt.Sprintf("groups[%d]", i)
		if problems := validation.IsDNS1123Label(group.Pool); len(problems) > 0 {
			errs = append(errs, fmt.Errorf("%s.pool %q: %s", where, group.Pool, problems[0]))
		}
		if pools[group.Pool] {
			errs = append(errs, fmt.Errorf("%s.pool %q: another group has this pool, and the nodes' names would clash", where, group.Pool))
		}
		pools[group.Pool] = true
		if group.Count < 0 {
			errs = append(errs, fmt.Errorf("%s.count %d: must not be negative", where, group.Count))
		}
		if group.CPU.Sign() <= 0 || group.Memory.Sign() <= 0 || group.Pods <= 0 {
			errs = append(errs, fmt.Errorf("%s: cpu, memory and pods must all be given and positive", where))
		}
		for key, value := range group.Labels {
			for _, problem := range append(validation.IsQualifiedName(key), validation.IsValidLabelValue(value)...) {
				errs = append(errs, fmt.Errorf("%s.labels %s=%s: %s", where, key, value, problem))
			}
		}
		total += group.Count
	}
	if total > maxNodes {
		errs = append(errs, fmt.Errorf("%d nodes in all: at most %d can be simulated", total, maxNodes))
	}
	return file.Groups, errors.Join(errs...)
}

// Changes counts what Apply did.
type Changes struct {
	Nodes   int
	Removed int
}

func (c Changes) String() string {
	if c.Removed == 0 {
		return fmt.Sprintf("%d", c.Nodes)
	}
	return fmt.Sprintf("%d, and %d removed that the file no longer has", c.Nodes, c.Removed)
}

// Apply makes the simulated nodes those of the groups: changed ones are changed, missing ones added, others removed.
func Apply(ctx context.Context, config *rest.Config, groups []Group) (Changes, error) {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return Changes{}, fmt.Errorf("create client: %w", err)
	}
	nodes := client.CoreV1().Nodes()
	existing, err := nodes.List(ctx, metav1.ListOptions{LabelSelector: SimulatedLabel + "=true"})
	if err != nil {
		return Changes{}, fmt.Errorf("list simulated nodes: %w", err)
	}
	wanted := wantedNodes(groups)
	err = inParallel(slices.Sorted(maps.Keys(wanted)), func(name string) error {
		node := wanted[name]
		if _, err := nodes.Apply(ctx, node.object, applyOptions()); err != nil {
			return fmt.Errorf("apply node %s: %w", name, err)
		}
		if _, err := nodes.ApplyStatus(ctx, node.status, applyOptions()); err != nil {
			return fmt.Errorf("apply capacity of node %s: %w", name, err)
		}
		return nil
	})
	if err != nil {
		return Changes{}, err
	}
	var stale []string
	for _, node := range existing.Items {
		if _, found := wanted[node.Name]; !found && isOurs(node) {
			stale = append(stale, node.Name)
		}
	}
	err = inParallel(stale, func(name string) error {
		if err := nodes.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			return fmt.Errorf("remove node %s: %w", name, err)
		}
		return nil
	})
	return Changes{Nodes: len(wanted), Removed: len(stale)}, err
}

// isOurs spares simulated nodes that a test made for itself.
func isOurs(node corev1.Node) bool {
	return slices.ContainsFunc(node.ManagedFields, func(entry metav1.ManagedFieldsEntry) bool { return entry.Manager == fieldManager })
}

// simulatedNode is a node in two parts, because its status is a subresource.
type simulatedNode struct {
	object *applycore.NodeApplyConfiguration
	status *applycore.NodeApplyConfiguration
}

func wantedNodes(groups []Group) map[string]simulatedNode {
	wanted := map[string]simulatedNode{}
	for number, group := range groups {
		for i := 1; i <= group.Count; i++ {
			name := fmt.Sprintf("%s-%03d", group.Pool, i)
			labels := map[string]string{
				corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64", PoolLabel: group.Pool,
			}
			maps.Copy(labels, group.Labels)
			labels[SimulatedLabel] = "true"
			capacity := corev1.ResourceList{
				corev1.ResourceCPU:    group.CPU,
				corev1.ResourceMemory: group.Memory,
				corev1.ResourcePods:   *resource.NewQuantity(int64(group.Pods), resource.DecimalSI),
			}
			// maxNodes keeps the last two numbers below 256.
			address := fmt.Sprintf("10.%d.%d.%d", 64+number%64, i/250, 1+i%250)
			wanted[name] = simulatedNode{
				object: applycore.Node(name).WithLabels(labels),
				status: applycore.Node(name).WithStatus(applycore.NodeStatus().
					WithCapacity(capacity).
					WithAllocatable(capacity).
					WithAddresses(
						applycore.NodeAddress().WithType(corev1.NodeInternalIP).WithAddress(address),
						applycore.NodeAddress().WithType(corev1.NodeHostName).WithAddress(name))),
			}
		}
	}
	return wanted
}

// WaitUntilReady waits for every simulated node. It ends early when alive returns an error.
func WaitUntilReady(ctx context.Context, config *rest.Config, alive func() error, say func(string, ...any)) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("create client: %w", err)
	}
	for {
		list, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: SimulatedLabel + "=true"})
		if err != nil {
			return fmt.Errorf("list simulated nodes: %w", err)
		}
		ready := 0
		for _, node := range list.Items {
			if isReady(node) {
				ready++
			}
		}
		if ready == len(list.Items) {
			say("%d simulated nodes ready", ready)
			return nil
		}
		if err := alive(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d simulated nodes became ready in time: see kwok's log", ready, len(list.Items))
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// isReady also waits for the taints to go: until then the scheduler doesn't use the node.
func isReady(node corev1.Node) bool {
	if len(node.Spec.Taints) > 0 {
		return false
	}
	return slices.ContainsFunc(node.Status.Conditions, func(condition corev1.NodeCondition) bool {
		return condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
	})
}

// inParallel does the work for all names, with a bound, and returns the first few errors.
func inParallel(names []string, work func(string) error) error {
	tickets := make(chan struct{}, parallelWrites)
	results := make(chan error, len(names))
	for _, name := range names {
		tickets <- struct{}{}
		go func() {
			results <- work(name)
			<-tickets
		}()
	}
	var errs []error
	for range names {
		if err := <-results; err != nil && len(errs) < 5 {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// applyOptions takes fields over from others by force: the nodes are simulated, so nobody else can know them better.
func applyOptions() metav1.ApplyOptions {
	return metav1.ApplyOptions{FieldManager: fieldManager, Force: true}
}
