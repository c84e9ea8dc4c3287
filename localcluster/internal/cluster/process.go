package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is a process that we started, with what is needed to know it again: a pid alone may belong to somebody else by now.
type Process struct {
	Name string `json:"name"`
	PID  int    `json:"pid"`
	// StartTicks is when the process started, in the kernel's ticks since Boot.
	StartTicks uint64    `json:"startTicks"`
	Boot       string    `json:"boot"`
	StartedAt  time.Time `json:"startedAt"`
	Port       int       `json:"port,omitempty"`
	Log        string    `json:"log"`
}

// launch is how a process is to be started.
type launch struct {
	name    string
	port    int
	program string
	args    []string
	log     string
	// tied processes die with this one, however it ends; the others stay when it ends.
	tied bool
}

// start runs the program in a session of its own, with its output in a file.
func (l launch) start(now time.Time) (Process, error) {
	output, err := openLog(l.log)
	if err != nil {
		return Process{}, err
	}
	defer output.Close()
	command := exec.Command(l.program, l.args...)
	command.Stdout, command.Stderr = output, output
	command.Env = environment()
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if l.tied {
		command.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
	started := make(chan error)
	go func() {
		// The kernel sends the death signal when the *thread* that started the child ends, so this thread waits for the
		// child. Waiting also reaps it; a zombie would look alive.
		runtime.LockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait()
		}
	}()
	if err := <-started; err != nil {
		return Process{}, fmt.Errorf("start %s: %w", l.name, err)
	}
	process := Process{
		Name: l.name, PID: command.Process.Pid, Boot: bootID(), StartedAt: now.Truncate(time.Second), Port: l.port, Log: l.log,
	}
	// A process that has ended already keeps 0 ticks, and so counts as dead.
	if stat, err := readStat(process.PID); err == nil {
		process.StartTicks = stat.startTicks
	}
	return process, nil
}

// openLog keeps the log of the start before under another name: two files per process bound what logs take.
func openLog(path string) (*os.File, error) {
	if exists(path) {
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, fmt.Errorf("set old log aside: %w", err)
		}
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return file, nil
}

// environment leaves out what would change the components behind our back: etcd reads each flag from a variable too.
func environment() []string {
	// The heaps are small beside the machine's memory, and collecting them took a third of the API server's time under load.
	// The last of a name counts: whoever sets GOGC has his way.
	kept := []string{"GOGC=300"}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "ETCD_") && !strings.HasPrefix(variable, "KUBE") {
			kept = append(kept, variable)
		}
	}
	return kept
}

// Alive says whether exactly this process still runs.
func (p Process) Alive() bool {
	stat, err := readStat(p.PID)
	return err == nil && p.StartTicks != 0 && stat.startTicks == p.StartTicks && p.Boot == bootID() && !stat.ended
}

// signal sends to the process only if it is still ours.
func (p Process) signal(signal syscall.Signal) {
	if p.Alive() {
		_ = syscall.Kill(p.PID, signal)
	}
}

// stop asks the processes to end, all at once, and kills those that haven't ended at the deadline.
func stop(processes []Process, deadline time.Duration) error {
	for _, process := range processes {
		process.signal(syscall.SIGTERM)
	}
	if waitUntilDead(processes, deadline) {
		return nil
	}
	for _, process := range processes {
		process.signal(syscall.SIGKILL)
	}
	if waitUntilDead(processes, 10*time.Second) {
		return nil
	}
	var errs []error
	for _, process := range processes {
		if process.Alive() {
			errs = append(errs, fmt.Errorf("%s (process %d) doesn't end, not even when killed", process.Name, process.PID))
		}
	}
	return errors.Join(errs...)
}

func waitUntilDead(processes []Process, deadline time.Duration) bool {
	for end := time.Now().Add(deadline); ; time.Sleep(20 * time.Millisecond) {
		anyAlive := false
		for _, process := range processes {
			anyAlive = anyAlive || process.Alive()
		}
		if !anyAlive || time.Now().After(end) {
			return !anyAlive
		}
	}
}

// processStat is what we need of /proc/PID/stat.
type processStat struct {
	ended      bool
	startTicks uint64
	cpuTicks   uint64
	pages      uint64
}

func readStat(pid int) (processStat, error) {
	content, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return processStat{}, err
	}
	return parseStat(string(content))
}

// parseStat begins after the last parenthesis: the second field is the program's name, which may hold anything.
func parseStat(content string) (processStat, error) {
	fields := strings.Fields(content[strings.LastIndexByte(content, ')')+1:])
	// Numbered as in proc(5), where the field after the name is the third.
	number := func(field int) (uint64, error) { return strconv.ParseUint(fields[field-3], 10, 64) }
	if len(fields) < 22 {
		return processStat{}, errors.New("/proc/PID/stat has too few fields")
	}
	user, err1 := number(14)
	system, err2 := number(15)
	start, err3 := number(22)
	pages, err4 := number(24)
	threads, err5 := number(20)
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return processStat{}, err
	}
	// A process shows as a zombie as soon as its first thread has ended, while others may still hold its ports.
	ended := (fields[0] == "Z" || fields[0] == "X") && threads <= 1
	return processStat{ended: ended, startTicks: start, cpuTicks: user + system, pages: pages}, nil
}

// bootID tells one boot of the machine from another: after a reboot pids and ticks begin again.
func bootID() string {
	content, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}
