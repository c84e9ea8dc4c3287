package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"yunheng.io/localcluster/internal/cluster"
)

// actAsProgram makes the test's own file the program under test: the tests run its real commands in processes of their own, and
// those find the components in the same file.
const actAsProgram = "LOCALCLUSTER_TEST_ACT_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(actAsProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// command is one call of the program.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, args...)
	command.Env = append(os.Environ(), actAsProgram+"=yes")
	return command
}

// call runs the program to its end; its two outputs come back together.
func call(t *testing.T, args ...string) (string, error) {
	t.Helper()
	output, err := command(t, args...).CombinedOutput()
	return string(output), err
}

func mustCall(t *testing.T, args ...string) string {
	t.Helper()
	output, err := call(t, args...)
	if err != nil {
		t.Fatalf("localcluster %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return output
}

func status(t *testing.T, data string) cluster.Status {
	t.Helper()
	output, err := command(t, "status", "--data", data, "-o", "json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var status cluster.Status
	if err := json.Unmarshal(output, &status); err != nil {
		t.Fatalf("%v in %s", err, output)
	}
	return status
}

// startedCluster stops the cluster at the end of the test, whatever happens in between.
func startedCluster(t *testing.T, args ...string) string {
	t.Helper()
	data := t.TempDir()
	t.Cleanup(func() {
		if output, err := call(t, "stop", "--data", data); err != nil {
			t.Errorf("stop: %v\n%s", err, output)
		}
	})
	mustCall(t, append([]string{"start", "--throwaway", "--data", data}, args...)...)
	return data
}

// kwok is built by the build script, because it can't be part of this program.
func kwok(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("bin/kwok")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%v: build it with 'localcluster/build kwok'", err)
	}
	return path
}

// runningCluster is a `localcluster run` with the line it wrote.
type runningCluster struct {
	command *exec.Cmd
	stdin   interface{ Close() error }
	status  cluster.Status
}

func runCluster(t *testing.T, args ...string) runningCluster {
	t.Helper()
	command := command(t, append([]string{"run", "--throwaway"}, args...)...)
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var progress bytes.Buffer
	command.Stderr = &progress
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close() })
	running := runningCluster{command: command, stdin: stdin}
	if err := json.NewDecoder(stdout).Decode(&running.status); err != nil {
		t.Fatalf("no line of JSON: %v\n%s", err, progress.String())
	}
	return running
}

// requireGone fails if a process of the cluster is left, or if a port still answers.
func requireGone(t *testing.T, status cluster.Status) {
	t.Helper()
	if len(status.Processes) < 4 {
		t.Errorf("the status names %d processes, a control plane has at least 4", len(status.Processes))
	}
	for _, process := range status.Processes {
		for end := time.Now().Add(20 * time.Second); process.Alive(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Errorf("%s (process %d) is left", process.Name, process.PID)
				break
			}
		}
		if process.Port == 0 {
			continue
		}
		if connection, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", process.Port)); err == nil {
			connection.Close()
			t.Errorf("port %d of %s still answers", process.Port, process.Name)
		}
	}
}

func killProcess(t *testing.T, status cluster.Status, name string) {
	t.Helper()
	for _, process := range status.Processes {
		if process.Name != name {
			continue
		}
		if err := syscall.Kill(process.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		for process.Alive() {
			time.Sleep(10 * time.Millisecond)
		}
		return
	}
	t.Fatalf("no process %s in %+v", name, status.Processes)
}
