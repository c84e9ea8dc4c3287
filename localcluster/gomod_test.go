package main

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// Kubernetes names its own parts at v0.0.0, so go.mod replaces them. One part of another version would still build, and fail in
// ways that nobody finds.
func TestReplacedModulesBelongToKubernetesVersion(t *testing.T) {
	content, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	file, err := modfile.Parse("go.mod", content, nil)
	if err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for _, require := range file.Require {
		versions[require.Mod.Path] = require.Mod.Version
	}
	kubernetes := versions["k8s.io/kubernetes"]
	want, found := strings.CutPrefix(kubernetes, "v1.")
	if !found {
		t.Fatalf("k8s.io/kubernetes has version %q, which isn't v1", kubernetes)
	}
	want = "v0." + want
	if len(file.Replace) < 25 {
		t.Errorf("%d modules are replaced; Kubernetes has about 30 parts", len(file.Replace))
	}
	for _, replace := range file.Replace {
		if replace.New.Path != replace.Old.Path {
			t.Errorf("%s is replaced by another module, %s", replace.Old.Path, replace.New.Path)
		}
		if replace.New.Version != want {
			t.Errorf("%s is replaced at %s, and Kubernetes %s needs %s", replace.Old.Path, replace.New.Version, kubernetes, want)
		}
	}
	for _, own := range []string{"k8s.io/utils", "k8s.io/kube-openapi", "k8s.io/klog/v2"} {
		for _, replace := range file.Replace {
			if replace.Old.Path == own {
				t.Errorf("%s has versions of its own and must not be replaced", own)
			}
		}
	}
}

func TestToolsAreNamed(t *testing.T) {
	content, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"sigs.k8s.io/kwok/cmd/kwok", "helm.sh/helm/v4/cmd/helm", "k8s.io/kubernetes/cmd/kubectl"} {
		if !strings.Contains(string(content), "\t"+tool+"\n") {
			t.Errorf("go.mod has no tool line for %s, so 'go mod tidy' would drop what the build script builds", tool)
		}
	}
}
