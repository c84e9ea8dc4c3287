package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"k8s.io/component-base/version"
)

// layout counts incompatible changes of the data folder.
const layout = 1

// state is what DIR/state.json keeps between commands.
type state struct {
	Layout int `json:"layout"`
	// Kubernetes is the version (1.37) that wrote the data last.
	Kubernetes  string    `json:"kubernetes"`
	Mode        string    `json:"mode"` // start or run
	Throwaway   bool      `json:"throwaway"`
	KeepHistory bool      `json:"keepHistory"`
	Nodes       string    `json:"nodes,omitempty"`
	StartedAt   time.Time `json:"startedAt"`
	Ports       ports     `json:"ports"`
	// HasData says that the cluster was ready once: from then on missing data are an error, not a new cluster.
	HasData bool `json:"hasData"`
	// Ready says that this start got through: the processes below are all there should be.
	Ready     bool      `json:"ready"`
	Processes []Process `json:"processes"`
}

// loadState returns an empty state for a new folder.
func loadState(folder Folder) (*state, error) {
	content, err := os.ReadFile(folder.stateFile())
	database := exists(filepath.Join(folder.etcdData(), "member"))
	if errors.Is(err, fs.ErrNotExist) {
		if database {
			return nil, damaged(folder, errors.New("there is a database, but state.json is missing, so nobody knows which version wrote it"))
		}
		return &state{Layout: layout}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read state of the cluster: %w", err)
	}
	var loaded state
	if err := json.Unmarshal(content, &loaded); err != nil {
		return nil, damaged(folder, fmt.Errorf("state.json isn't readable (%w)", err))
	}
	if loaded.Layout != layout {
		return nil, damaged(folder, fmt.Errorf("its layout has number %d and this program knows %d", loaded.Layout, layout))
	}
	if loaded.HasData && !database {
		return nil, damaged(folder, errors.New("its database (folder etcd) is gone"))
	}
	if err := checkVersion(loaded.Kubernetes, version.DefaultKubeBinaryVersion); err != nil {
		return nil, damaged(folder, err)
	}
	return &loaded, nil
}

// checkVersion refuses what Kubernetes itself doesn't support: going back, and skipping a minor version.
func checkVersion(data, program string) error {
	if data == "" {
		return nil
	}
	dataMinor, err := minor(data)
	if err != nil {
		return fmt.Errorf("its Kubernetes version %q isn't a version", data)
	}
	programMinor, err := minor(program)
	if err != nil {
		return fmt.Errorf("this program's Kubernetes version %q isn't a version", program)
	}
	switch {
	case dataMinor > programMinor:
		return fmt.Errorf("they were written by Kubernetes %s, and this program is %s, which can't read newer data", data, program)
	case dataMinor+1 < programMinor:
		return fmt.Errorf("they were written by Kubernetes %s, and this program is %s: an update may not skip a version", data, program)
	}
	return nil
}

func minor(version string) (int, error) {
	text, found := strings.CutPrefix(version, "1.")
	if !found {
		return 0, fmt.Errorf("version %q doesn't begin with 1", version)
	}
	return strconv.Atoi(text)
}

func (s *state) save(folder Folder) error {
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode state of the cluster: %w", err)
	}
	return writeFile(folder.stateFile(), append(content, '\n'))
}

// alive returns the processes that still run, in the order in which they were started.
func (s *state) alive() []Process {
	var alive []Process
	for _, process := range s.Processes {
		if process.Alive() {
			alive = append(alive, process)
		}
	}
	return alive
}

// isComplete says whether the whole control plane runs. Kwok isn't counted: it can be started beside the others.
func (s *state) isComplete() bool {
	for _, process := range s.Processes {
		if process.Name != Kwok && !process.Alive() {
			return false
		}
	}
	return s.Ready
}

func (s *state) process(name string) (Process, bool) {
	for _, process := range s.Processes {
		if process.Name == name {
			return process, true
		}
	}
	return Process{}, false
}

// remember replaces the entry of that name.
func (s *state) remember(process Process) {
	for i := range s.Processes {
		if s.Processes[i].Name == process.Name {
			s.Processes[i] = process
			return
		}
	}
	s.Processes = append(s.Processes, process)
}

func (s *state) apiServers() int {
	if _, found := s.process(SecondAPIServer); found {
		return 2
	}
	return 1
}
