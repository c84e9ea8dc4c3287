package cluster

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestFullDiskIsRefused(t *testing.T) {
	if err := checkFree("/data", neededBytes-1); err == nil || !strings.Contains(err.Error(), "1023 MB free") {
		t.Errorf("got %v, want an error that says how much is free", err)
	}
	if err := checkFree("/data", neededBytes); err != nil {
		t.Errorf("exactly enough space is refused: %v", err)
	}
}

func TestDataOfOtherVersions(t *testing.T) {
	cases := []struct {
		data, program string
		refused       string
	}{
		{"", "1.37", ""},
		{"1.37", "1.37", ""},
		{"1.36", "1.37", ""},
		{"1.38", "1.37", "newer data"},
		{"1.35", "1.37", "skip a version"},
		{"2.0", "1.37", "isn't a version"},
		{"1.x", "1.37", "isn't a version"},
	}
	for _, c := range cases {
		err := checkVersion(c.data, c.program)
		if (err == nil) != (c.refused == "") || (err != nil && !strings.Contains(err.Error(), c.refused)) {
			t.Errorf("data of %q with program %s: got %v, want %q", c.data, c.program, err, c.refused)
		}
	}
}

func TestDamagedDataAreExplained(t *testing.T) {
	cases := []struct {
		name     string
		state    string
		database bool
		want     string
	}{
		{"state is cut off", `{"layout": 1, "ports`, true, "state.json isn't readable"},
		{"state is missing", "", true, "state.json is missing"},
		{"other layout", `{"layout": 9}`, true, "layout has number 9"},
		{"database is missing", `{"layout": 1, "hasData": true}`, false, "database (folder etcd) is gone"},
		{"newer Kubernetes", `{"layout": 1, "kubernetes": "1.999"}`, true, "newer data"},
		{"good", `{"layout": 1, "hasData": true, "kubernetes": "1.37"}`, true, ""},
		{"start was interrupted before there were data", `{"layout": 1}`, false, ""},
		{"empty folder", "", false, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			folder := Folder{Path: t.TempDir()}
			if c.state != "" {
				write(t, folder.stateFile(), c.state)
			}
			if c.database {
				if err := os.MkdirAll(filepath.Join(folder.etcdData(), "member"), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			_, err := loadState(folder)
			if c.want == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "use another folder") {
				t.Errorf("got %v, want %q and what to do", err, c.want)
			}
		})
	}
}

func TestLockNamesWhoHasIt(t *testing.T) {
	folder := Folder{Path: t.TempDir()}
	silent := func(string, ...any) {}
	held, err := folder.acquire(t.Context(), "run", silent)
	if err != nil {
		t.Fatal(err)
	}
	_, err = folder.acquire(t.Context(), "start", silent)
	var inUse *InUseError
	if !errors.As(err, &inUse) || inUse.PID != os.Getpid() {
		t.Errorf("a run has the folder: got %v, want its process", err)
	}
	held.release()

	held, err = folder.acquire(t.Context(), "stop", silent)
	if err != nil {
		t.Fatalf("the lock was released, but: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	told := 0
	_, err = folder.acquire(ctx, "start", func(string, ...any) { told++ })
	if err == nil || !strings.Contains(err.Error(), "'localcluster stop' (process "+strconv.Itoa(os.Getpid())) {
		t.Errorf("a stop has the folder: got %v, want its name and process", err)
	}
	if told != 1 {
		t.Errorf("said %d times that it waits, want once", told)
	}
	held.release()
}

func TestCredentialsStay(t *testing.T) {
	folder := Folder{Path: t.TempDir()}
	if err := folder.prepare(); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	kept := []string{"ca.crt", "ca.key", "etcd-ca.crt", "service-accounts.key", "service-accounts.pub"}
	var first []string
	for round := range 2 {
		if _, err := ensureCredentials(folder, now); err != nil {
			t.Fatal(err)
		}
		for i, name := range kept {
			content, err := os.ReadFile(folder.pki(name))
			if err != nil {
				t.Fatal(err)
			}
			if round == 0 {
				first = append(first, string(content))
			} else if first[i] != string(content) {
				t.Errorf("%s changed at the second start: tokens and copies of the kubeconfig would be worthless", name)
			}
		}
	}
	if _, err := ensureCredentials(folder, now.Add(certificateLifetime+time.Hour)); err == nil || !strings.Contains(err.Error(), "authority ended") {
		t.Errorf("an authority that has ended: got %v", err)
	}
	write(t, folder.pki("ca.crt"), "no certificate")
	if _, err := ensureCredentials(folder, now); err == nil || !strings.Contains(err.Error(), "isn't PEM") {
		t.Errorf("a damaged authority: got %v", err)
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
