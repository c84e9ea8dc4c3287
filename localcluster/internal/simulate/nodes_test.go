package simulate

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

func TestFaultyNodesFilesAreRefused(t *testing.T) {
	good := `groups: [{pool: cec, count: 2, cpu: "256", memory: 340G, pods: 500}]`
	if _, err := parseNodes([]byte(good)); err != nil {
		t.Fatalf("the good file is refused: %v", err)
	}
	changed := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	cases := map[string]string{
		"":                                       "no groups",
		"groups: []":                             "no groups",
		"nodes: 3":                               "unknown field",
		"groups: [":                              "did not find",
		changed("pool: cec", "pool: Cec"):        "groups[0].pool",
		changed("count: 2", "count: -1"):         "must not be negative",
		changed("count: 2", "count: 2001"):       "at most 2000",
		changed(`cpu: "256"`, "cpu: 0"):          "must all be given and positive",
		changed("340G", "-1G"):                   "must all be given and positive",
		changed("340G", "340GB"):                 "quantities must match",
		changed("pods: 500", "pods: 0"):          "must all be given and positive",
		changed("}", ", labels: {a b: c}}"):      "groups[0].labels",
		changed("}", ", colour: red}"):           "unknown field",
		changed("[", "[{pool: cec, count: 1}, "): "another group has this pool",
	}
	for content, want := range cases {
		if _, err := parseNodes([]byte(content)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", content, err, want)
		}
	}
}

// The city's contracts: the simulated hardware must carry them, or every pool would show a physical shortfall.
func TestXiaoganNodesCarryTheContracts(t *testing.T) {
	groups, err := ReadNodes("../../../inventory/xiaogan/nodes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	contracts := map[string]struct{ cpu, memory string }{"cec": {"14251", "18812G"}, "inspur": {"9500", "12541G"}}
	if len(groups) != len(contracts) {
		t.Fatalf("got %d groups, want one for each of %d pools", len(groups), len(contracts))
	}
	for _, group := range groups {
		contract := contracts[group.Pool]
		for name, amount := range map[string]struct {
			each   resource.Quantity
			needed string
		}{"cpu": {group.CPU, contract.cpu}, "memory": {group.Memory, contract.memory}} {
			total := amount.each.DeepCopy()
			total.Mul(int64(group.Count))
			if total.Cmp(resource.MustParse(amount.needed)) < 0 {
				t.Errorf("pool %s: %d nodes have %s of %s, and the contract says %s", group.Pool, group.Count, total.String(), name, amount.needed)
			}
		}
	}
}

func TestWantedNodes(t *testing.T) {
	wanted := wantedNodes([]Group{{
		Pool: "cec", Count: 2, CPU: resource.MustParse("256"), Memory: resource.MustParse("340G"), Pods: 500,
		Labels: map[string]string{"zone": "a", SimulatedLabel: "false"},
	}})
	node, found := wanted["cec-002"]
	if !found || len(wanted) != 2 {
		t.Fatalf("got %d nodes, want cec-001 and cec-002", len(wanted))
	}
	if node.object.Labels["zone"] != "a" || node.object.Labels[PoolLabel] != "cec" || node.object.Labels[SimulatedLabel] != "true" {
		t.Errorf("labels: %v", node.object.Labels)
	}
	if pods := (*node.status.Status.Allocatable)[corev1.ResourcePods]; pods.Value() != 500 {
		t.Errorf("room for %s pods, want 500", pods.String())
	}
}
