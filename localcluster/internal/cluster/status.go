package cluster

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// ticksPerSecond is USER_HZ, which is 100 on every Linux that Go supports.
const ticksPerSecond = 100

// Status is what a cluster looks like from outside, in words or as JSON.
type Status struct {
	// State is running, incomplete (a process is missing, or it is just being started) or stopped.
	State        string          `json:"state"`
	Mode         string          `json:"mode,omitempty"`
	Folder       string          `json:"folder"`
	Kubernetes   string          `json:"kubernetes,omitempty"`
	Kubeconfig   string          `json:"kubeconfig"`
	Kubeconfig2  string          `json:"kubeconfig2,omitempty"`
	StartedAt    *time.Time      `json:"startedAt,omitempty"`
	Throwaway    bool            `json:"throwaway"`
	KeepHistory  bool            `json:"keepHistory"`
	Nodes        string          `json:"nodes,omitempty"`
	DatabaseSize int64           `json:"databaseBytes"`
	Etcd         EtcdAccess      `json:"etcd"`
	Processes    []ProcessStatus `json:"processes"`
	Logs         string          `json:"logs"`
}

// EtcdAccess is how to read the database itself, for tests that check what was ever written.
type EtcdAccess struct {
	Endpoint    string `json:"endpoint,omitempty"`
	Authority   string `json:"ca"`
	Certificate string `json:"cert"`
	Key         string `json:"key"`
}

// ProcessStatus is a process with what it uses right now.
type ProcessStatus struct {
	Process
	Running     bool    `json:"running"`
	MemoryBytes uint64  `json:"memoryBytes"`
	CPUSeconds  float64 `json:"cpuSeconds"`
}

// Inspect only reads: it works while another command changes the cluster.
func Inspect(folder Folder) (*Status, error) {
	state, err := loadState(folder)
	if err != nil {
		return nil, err
	}
	status := &Status{
		State: "stopped", Folder: folder.Path, Kubernetes: state.Kubernetes, Kubeconfig: folder.Kubeconfig(), Logs: folder.Logs(),
		Throwaway: state.Throwaway, KeepHistory: state.KeepHistory, Nodes: state.Nodes, Processes: []ProcessStatus{},
		Etcd: EtcdAccess{
			Authority: folder.pki("etcd-ca.crt"), Certificate: folder.pki("etcd-client.crt"), Key: folder.pki("etcd-client.key"),
		},
	}
	if info, err := os.Stat(folder.etcdData() + "/member/snap/db"); err == nil {
		status.DatabaseSize = info.Size()
	}
	running := 0
	for _, process := range state.Processes {
		shown := inspectProcess(process)
		if shown.Running {
			running++
		}
		status.Processes = append(status.Processes, shown)
	}
	if running == 0 {
		return status, nil
	}
	status.State = "incomplete"
	if running == len(state.Processes) && state.Ready {
		status.State = "running"
	}
	status.Mode = state.Mode
	status.StartedAt = &state.StartedAt
	status.Etcd.Endpoint = fmt.Sprintf("https://%s:%d", loopback, state.Ports.EtcdClient)
	if state.apiServers() == 2 {
		status.Kubeconfig2 = folder.SecondKubeconfig()
	}
	return status, nil
}

func inspectProcess(process Process) ProcessStatus {
	shown := ProcessStatus{Process: process}
	if !process.Alive() {
		return shown
	}
	stat, err := readStat(process.PID)
	if err != nil {
		return shown
	}
	shown.Running = true
	shown.MemoryBytes = stat.pages * uint64(os.Getpagesize())
	shown.CPUSeconds = float64(stat.cpuTicks) / ticksPerSecond
	return shown
}

// Words says it for people.
func (s *Status) Words(now time.Time) string {
	var text strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&text, format+"\n", args...) }
	if s.State == "stopped" {
		say("No cluster runs on %s.", s.Folder)
		if s.DatabaseSize > 0 {
			say("Its data (%d MB, Kubernetes %s) are kept; 'localcluster start --data %s' brings them back.", megabytes(s.DatabaseSize), s.Kubernetes, s.Folder)
		}
		return text.String()
	}
	since := fmt.Sprintf("since %s (%s)", s.StartedAt.Local().Format("2006-01-02 15:04:05"), now.Sub(*s.StartedAt).Round(time.Second))
	if s.State == "running" {
		say("Kubernetes %s runs on %s, %s.", s.Kubernetes, s.Folder, since)
	} else {
		say("Kubernetes %s on %s is INCOMPLETE, %s: 'localcluster start --data %s' mends it.", s.Kubernetes, s.Folder, since, s.Folder)
	}
	if s.Mode == "run" {
		say("It belongs to a 'localcluster run' and ends with it.")
	}
	var memory uint64
	for _, process := range s.Processes {
		memory += process.MemoryBytes
		where := ""
		if process.Port != 0 {
			where = fmt.Sprintf("  %s:%d", loopback, process.Port)
		}
		if process.Running {
			say("  %-24s process %-8d %5d MB %8.1f s CPU%s", process.Name, process.PID, process.MemoryBytes>>20, process.CPUSeconds, where)
		} else {
			say("  %-24s ENDED: see %s", process.Name, process.Log)
		}
	}
	say("Memory: %d MB in all. Database: %d MB%s.", memory>>20, megabytes(s.DatabaseSize), s.durability())
	if s.Nodes != "" {
		say("Simulated nodes: %s", s.Nodes)
	}
	say("Kubeconfig: %s", s.Kubeconfig)
	if s.Kubeconfig2 != "" {
		say("            %s (the second API server)", s.Kubeconfig2)
	}
	say("Logs: %s/*.log (of the start before: *.log.old)", s.Logs)
	return text.String()
}

func (s *Status) durability() string {
	if s.Throwaway {
		return ", throw-away: a crash of the machine may lose it"
	}
	return ""
}

func megabytes(bytes int64) int64 { return bytes >> 20 }
