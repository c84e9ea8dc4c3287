package cluster

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestStopEndsAProcessThatRefuses(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	process := startShell(t, log, `trap "" TERM; echo ready; while :; do sleep 1; done`)
	waitFor(t, "the process to be ready", func() bool {
		content, _ := os.ReadFile(log)
		return strings.Contains(string(content), "ready")
	})
	if err := stop([]Process{process}, 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if process.Alive() {
		t.Error("it still runs")
	}
}

func TestForeignProcessIsLeftAlone(t *testing.T) {
	process := startShell(t, filepath.Join(t.TempDir(), "log"), "sleep 60")
	for name, foreign := range map[string]Process{
		"same pid, started at another time": {PID: process.PID, StartTicks: process.StartTicks + 1, Boot: process.Boot},
		"same pid, other boot":              {PID: process.PID, StartTicks: process.StartTicks, Boot: "another"},
		"never started":                     {PID: process.PID, Boot: process.Boot},
	} {
		if foreign.Alive() {
			t.Errorf("%s: counts as ours", name)
		}
		foreign.signal(syscall.SIGKILL)
	}
	if !process.Alive() {
		t.Error("a process that isn't ours was killed")
	}
}

func TestLogOfTheStartBeforeIsKept(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	for _, text := range []string{"first", "second", "third"} {
		process := startShell(t, log, "echo "+text)
		waitFor(t, text+" to end", func() bool { return !process.Alive() })
	}
	for path, want := range map[string]string{log: "third\n", log + ".old": "second\n"} {
		content, err := os.ReadFile(path)
		if err != nil || string(content) != want {
			t.Errorf("%s holds %q (%v), want %q", path, content, err, want)
		}
	}
}

func TestStatOfAProgramWithAStrangeName(t *testing.T) {
	stat, err := parseStat("7 (a) Z (b) S 1 7 7 0 -1 4194560 1 0 0 0 11 22 0 0 20 0 1 0 4242 1000 99 1 0")
	if err != nil {
		t.Fatal(err)
	}
	if want := (processStat{startTicks: 4242, cpuTicks: 33, pages: 99}); stat != want {
		t.Errorf("got %+v, want %+v", stat, want)
	}
	for line, ended := range map[string]bool{
		"7 (x) S 1 7 7 0 -1 0 1 0 0 0 1 1 0 0 20 0 1 0 42 1000 99 1 0": false,
		"7 (x) Z 1 7 7 0 -1 0 1 0 0 0 1 1 0 0 20 0 8 0 42 1000 99 1 0": false,
		"7 (x) Z 1 7 7 0 -1 0 1 0 0 0 1 1 0 0 20 0 1 0 42 1000 99 1 0": true,
	} {
		if stat, err := parseStat(line); err != nil || stat.ended != ended {
			t.Errorf("%s: got %+v (%v), want ended to be %v", line, stat, err, ended)
		}
	}
	if _, err := parseStat("7 (short) S 1"); err == nil {
		t.Error("a cut off line is accepted")
	}
}

func TestCausesAreFoundInLogs(t *testing.T) {
	log := "I1123 10:00:00.0 1 a.go:1] starting\nE1123 10:00:01.0 1 run.go:72] \"command failed\" err=\"listen tcp: address already in use\"\nI1123 10:00:02.0 1 a.go:1] done\n"
	lines := tellingLines(log)
	if len(lines) != 1 || !strings.Contains(lines[0], "command failed") {
		t.Errorf("the error is what tells: got %q", lines)
	}
	ended := &EndedError{Process: Process{Name: APIServer, Log: "/logs/x.log"}, LastLines: lines}
	if !ended.portTaken() || !strings.Contains(ended.Error(), "Another program has taken the port") {
		t.Errorf("the taken port isn't named: %v", ended)
	}
	full := &EndedError{Process: Process{Name: Etcd}, LastLines: tellingLines(`{"level":"fatal","msg":"write: no space left on device"}`)}
	if !strings.Contains(full.Error(), "disk is full") {
		t.Errorf("the full disk isn't named: %v", full)
	}
	long := tellingLines(strings.Repeat("just a line\n", 100))
	if len(long) != logLines {
		t.Errorf("without errors the last %d lines are shown, got %d", logLines, len(long))
	}
	if report := failedChecks("[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed\n"); report != "etcd failed: reason withheld" {
		t.Errorf("got %q, want only the failed check", report)
	}
}

func TestSettingsOfTheCallerStayOut(t *testing.T) {
	t.Setenv("ETCD_NAME", "intruder")
	t.Setenv("KUBECONFIG", "/elsewhere")
	t.Setenv("KEPT", "yes")
	all := strings.Join(environment(), "\n")
	if strings.Contains(all, "intruder") || strings.Contains(all, "/elsewhere") || !strings.Contains(all, "KEPT=yes") {
		t.Errorf("environment of components:\n%s", all)
	}
}

func startShell(t *testing.T, log, script string) Process {
	t.Helper()
	process, err := launch{name: "shell", program: "/bin/sh", args: []string{"-c", script}, log: log, tied: true}.start(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { process.signal(syscall.SIGKILL) })
	return process
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited 10 s for %s", what)
		}
	}
}
