package workloads

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

const header = "namespace,name,replicas,cpu,memory,storage,pool\n"

func TestFaultyTablesAreRefused(t *testing.T) {
	cases := map[string]string{
		"":                                                      "read the first line",
		"name,namespace\n":                                      "line 1: the columns are name,namespace",
		header + "app-a,web,1,1,1G,,cec,more\n":                 "wrong number of fields",
		header + "App-a,web,1,1,1G,,cec\n":                      `line 2, column namespace: "App-a"`,
		header + "app-a,,1,1,1G,,cec\n":                         `line 2, column name: ""`,
		header + "app-a,web,1,1,1G,,\n":                         `line 2, column pool: ""`,
		header + "app-a,web,x,1,1G,,cec\n":                      `line 2, column replicas: "x"`,
		header + "app-a,web,-1,1,1G,,cec\n":                     `line 2, column replicas: "-1"`,
		header + "app-a,web,1001,1,1G,,cec\n":                   "0 to 1000",
		header + "app-a,web,1,1,128GB,,cec\n":                   `line 2, column memory: "128GB": must be an amount`,
		header + "app-a,web,1,0,1G,,cec\n":                      `line 2, column cpu: "0": must be more than zero`,
		header + "app-a,web,1,1,,,cec\n":                        `line 2, column memory: ""`,
		header + "app-a,web,1,1,1G,-1G,cec\n":                   `line 2, column storage: "-1G"`,
		header + "app-a,web,1,1,1G,,cec\napp-a,web,1,1,1G,,cec": "line 3: app-a/web is there already, in line 2",
		header + strings.Repeat("A,b,c,d,e,f,g\n", 30):          "more",
	}
	for content, want := range cases {
		if _, err := parse(strings.NewReader(content)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", content, err, want)
		}
	}
}

func TestAllFaultsAreListedAtOnce(t *testing.T) {
	_, err := parse(strings.NewReader(header + "A,b,x,d,e,f,g\napp-a,B,1,1,1G,,cec\n"))
	if err == nil || len(strings.Split(err.Error(), "\n")) != 6 {
		t.Errorf("want five faults of line 2 and one of line 3, got:\n%v", err)
	}
}

func TestRows(t *testing.T) {
	rows, err := parse(strings.NewReader("\ufeff" + header + "app-a,web,3,1500m,2G,0G,cec\napp-a,db,1,8,16G,10T,cec\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || rows[0].Replicas != 3 || rows[0].CPU.MilliValue() != 1500 || rows[0].hasClaim() {
		t.Errorf("first row: %+v", rows[0])
	}
	if rows[1].Line != 3 || !rows[1].hasClaim() || rows[1].Storage.Value() != 10_000_000_000_000 {
		t.Errorf("second row: %+v", rows[1])
	}
}

func TestXiaoganWorkloadsAreReadable(t *testing.T) {
	rows, err := Read("../../../inventory/xiaogan/workloads.csv")
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) == 0 {
		t.Error("the table is empty")
	}
}

func TestWhatIsMissing(t *testing.T) {
	row := Row{Namespace: "app-a", Name: "web", Replicas: 2}
	deployment := func(change func(*appsv1.DeploymentStatus)) observed {
		status := appsv1.DeploymentStatus{ObservedGeneration: 1, UpdatedReplicas: 2, AvailableReplicas: 2}
		change(&status)
		item := appsv1.Deployment{Status: status}
		item.Generation = 1
		return observed{deployments: map[string]appsv1.Deployment{"app-a/web": item}}
	}
	cases := []struct {
		name string
		seen observed
		want string
	}{
		{"all runs", deployment(func(*appsv1.DeploymentStatus) {}), ""},
		{"nothing there", observed{}, "the deployment is gone"},
		{"one pod late", deployment(func(s *appsv1.DeploymentStatus) { s.AvailableReplicas = 1 }), "1 of 2 pods run"},
		{"status is of the old spec", deployment(func(s *appsv1.DeploymentStatus) { s.ObservedGeneration = 0 }), "2 of 2 pods run"},
		{"refused by the quota", deployment(func(s *appsv1.DeploymentStatus) {
			s.AvailableReplicas = 0
			s.Conditions = []appsv1.DeploymentCondition{{
				Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Message: "exceeded quota",
			}}
		}), "0 of 2 pods run: exceeded quota"},
	}
	for _, c := range cases {
		if got := c.seen.missing(row); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
